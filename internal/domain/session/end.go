package session

import (
	"encoding/hex"
	"strconv"

	"pylon/internal/domain/station"
)

// end closes the session by the station's own word. An end is never before the
// start, nor, in OCPP 2.x, before the last state that a transaction event told. A
// 1.6 station's states come from its connector: one that was told after an outage,
// before the queued stop, is of the time after the end, and no reason to bill it.
func (d *decision) end() {
	s, r := &d.s, &d.r
	if d.over { // it has ended already: the first end holds
		return
	}
	if s.EndedAt = later(d.at, s.StartedAt); r.Version != station.OCPP16 {
		s.EndedAt = later(s.EndedAt, s.StateSince)
	}
	s.EndedAsSent, s.EndReceivedAt = r.AsSent, r.ReceivedAt
	s.EndedBy, s.Evidence = ByStation, NoEvidence
	if s.StopKey = hex.EncodeToString(r.Digest); s.StopKey == "" {
		s.StopKey = "at " + strconv.FormatInt(r.OccurredAt.UnixMicro(), 10)
	}
	if s.StopReason = r.StopReason; s.StopReason == "" {
		s.StopReason = StoppedLocally
	}
	s.PowerW = 0
	if s.Method == MethodNone && s.Token == "" && s.Answer == "" {
		s.Method = MethodNoneGiven
	}
	if s.EVSE == 0 {
		d.raise(s, station.EVSEUnreported, "the station never said on which EVSE")
	}
	d.accounted()
	d.close()
}

// Stop reasons that the station did not say.
const (
	StoppedLocally = "Local"    // what a stop without a reason means (2.0.1 E06.FR.09, 1.6 section 4.10)
	StopReplaced   = "Replaced" // ours: another transaction began in its place, and its stop never came
	StopLost       = "Lost"     // ours: it could no longer end by itself, and its stop never came
)

// settled returns the status that the session has, by its end and by whether
// anybody was accepted.
func (s *Session) settled() Status {
	switch running := s.EndedAt.IsZero(); {
	case running && s.accepted():
		return Active
	case running:
		return Pending
	case s.accepted():
		return Completed
	}
	return Failed
}
