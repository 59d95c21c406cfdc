package session

import (
	"bytes"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/unit"
)

// locate returns the session that the report is about, nil when there is none.
func (d *decision) locate() *Session {
	r := &d.r
	for i := range d.k.Open {
		if s := &d.k.Open[i]; d.isOf(s) {
			return s
		}
	}
	if p := d.k.Prior; p != nil && d.isOf(p) && !r.reuses(p) {
		return p
	}
	if r.Version == station.OCPP16 && (r.TransactionID == "" || r.Kind == Updated) {
		return d.guess()
	}
	return nil
}

// isOf reports whether the report names s: by its transaction, or by the key of
// a 1.6 start.
func (d *decision) isOf(s *Session) bool {
	if d.r.TransactionID != "" || d.r.Version != station.OCPP16 {
		return s.TransactionID == d.r.TransactionID
	}
	d.byKey = d.r.StartKey != "" && s.StartKey == d.r.StartKey
	return d.byKey
}

// reuses reports whether a start names a transaction that has ended long since,
// against E01.FR.08. It begins after all that was said of the old one, so it is
// another.
func (r *Report) reuses(ended *Session) bool {
	return r.Kind == Started && r.TransactionID != "" && !ended.EndedAt.IsZero() && r.OccurredAt.After(ended.LastEventAt)
}

// guess finds the session of a 1.6 report whose transaction nobody knows.
// Meter values belong to what runs at their connector, whatever they call it; a
// stop, which names no connector, to the one running session that it fits.
func (d *decision) guess() *Session {
	r := &d.r
	var fit *Session
	for i := range d.k.Open {
		s := &d.k.Open[i]
		switch r.Kind {
		case Updated:
			if s.EVSE != r.EVSE || s.Connector != r.Connector {
				continue
			}
		case Ended:
			if !d.fits(s) {
				continue
			}
		case Started:
			continue
		}
		if fit != nil {
			return nil // it may be of either: nobody knows
		}
		fit = s
	}
	d.guessed = fit != nil
	return fit
}

// fits reports whether a stop without transaction may be that of s: of its
// token, if one is named, not before its start and not below its register, of
// which a stop tells whole watt-hours.
func (d *decision) fits(s *Session) bool {
	r := &d.r
	if r.Token != nil && d.k.Verdict.Token != s.Token || r.OccurredAt.Before(s.StartedAt.Add(-ClockTolerance)) {
		return false
	}
	var stop unit.MilliWattHour
	for i := range r.Samples {
		if m := &r.Samples[i]; m.Context == meter.ContextEnd && isRegister(m) {
			e, _ := scaled(m, &d.k.Station.Quirks)
			stop = max(stop, unit.MilliWattHour(e))
		}
	}
	return stop+unit.WattHour(1).Milli() > s.Last.Energy
}

// repeated reports whether what the report says has been heard before. It does
// not hang on message ids, which OCPP 2.0.1 wants to be new for a retry: a
// start of 1.6 is the same by its key, a stop by its transaction, everything
// else by its number and its content.
func (d *decision) repeated() bool {
	r, s := &d.r, &d.s
	if d.byKey || r.Version == station.OCPP16 && r.Kind == Ended && s.StopKey != "" {
		return true
	}
	f := d.k.PriorFrame
	switch {
	case f == nil:
		return false
	case len(f.Digest) > 0 && len(r.Digest) > 0:
		return bytes.Equal(f.Digest, r.Digest)
	}
	return f.SeqNo == r.SeqNo && f.OccurredAt.Equal(r.OccurredAt) && f.Source == r.source()
}

// again answers what was heard before as it was answered then.
func (d *decision) again() Outcome {
	answer := Answer{TransactionID: d.s.TransactionID, Session: d.s.ID, Repeat: true}
	if d.r.Token != nil {
		verdict := d.k.Verdict
		var first token.Verdict
		if f := d.k.PriorFrame; f != nil {
			first = token.Verdict(f.Answer)
		}
		if first == "" && d.r.Kind == Started {
			first = d.s.Answer
		}
		if first != "" && first != verdict.Verdict {
			verdict.Verdict, verdict.Reason = first, ""
		}
		answer.Token = &verdict
	}
	return Outcome{Answer: answer}
}

// ofStation reports whether the report is about the station's own meter:
// connector 0 of a 1.6 station, whatever transaction is named with it.
func (r *Report) ofStation() bool {
	return r.Version == station.OCPP16 && r.Kind == Updated && r.EVSE == 0
}

// stray reports whether the report is about no transaction at all: meter
// values of a 1.6 station at a connector where none runs.
func (r *Report) stray() bool {
	return r.Version == station.OCPP16 && r.Kind == Updated && r.TransactionID == ""
}
