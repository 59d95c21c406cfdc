package session

import (
	"time"

	"pylon/internal/domain/station"
)

const (
	// ClockTolerance is how far a station's clock may be from ours before its
	// times are corrected. Within it lies a message that was sent again after
	// the usual waits (OCPP 2.0.1 E13, 1.6 section 3.7.1: 60 s and 120 s).
	ClockTolerance = 5 * time.Minute

	// queueMax is the oldest that a queued report may be. A station may be out
	// of reach for a winter; what claims to be older comes from a clock that
	// lost its battery.
	queueMax = 365 * 24 * time.Hour
)

// readClock finds out by how much the times of the report are to be corrected.
//
// A queued report of a session that began under a wrong clock is corrected like
// its start, where that gives a time that can be. Otherwise clearly wrong is a
// time in the future, one older than any queue, and one in the past of a
// message that was not queued: then it happened when we received it. OCPP 2.x
// marks what was queued; of 1.6, where nothing is marked, the past is believed
// unless the station was connected then.
func (d *decision) readClock() {
	r, s := &d.r, &d.s
	offset := r.ReceivedAt.Sub(r.OccurredAt)
	near := offset.Abs() <= ClockTolerance
	queued := d.queued()
	d.at = r.OccurredAt
	switch {
	case near:
	case queued && s.ClockOffset.Abs() > ClockTolerance && d.possible(r.OccurredAt.Add(s.ClockOffset)):
		d.shift = s.ClockOffset
		d.at = r.OccurredAt.Add(d.shift)
	case offset < 0 || offset > queueMax || !queued:
		d.shift, d.at = offset, r.ReceivedAt
		d.raise(s, station.ClockWrong, "the station's time differs from ours by "+offset.Round(time.Second).String())
	}
	if d.born && (d.shift != 0 || near && !r.Offline) {
		s.ClockOffset = offset
	}
}

// queued reports whether the report may have waited in the station.
func (d *decision) queued() bool {
	if d.r.Version != station.OCPP16 {
		return d.r.Offline
	}
	return d.k.OnlineSince.IsZero() || d.r.OccurredAt.Before(d.k.OnlineSince)
}

// possible reports whether something of the session can have happened at t.
func (d *decision) possible(t time.Time) bool {
	return !t.Before(d.s.StartedAt) && !t.After(d.r.ReceivedAt)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
