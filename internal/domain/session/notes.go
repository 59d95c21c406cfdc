package session

import "pylon/internal/domain/station"

// Notes is a set of kinds of finding. A session raises each kind once: a meter
// that fell back to zero would raise one with every reading.
type Notes int64

// note returns the set with the one kind; empty for kinds that no session
// raises. The bits are stored: they never change.
func note(code station.FindingCode) Notes {
	switch code {
	case station.TransactionUnknown:
		return 1 << 0
	case station.TransactionReplaced:
		return 1 << 1
	case station.SequenceRestarted:
		return 1 << 2
	case station.SequenceGap:
		return 1 << 3
	case station.EventAfterEnd:
		return 1 << 4
	case station.MeterBackwards:
		return 1 << 5
	case station.ClockWrong:
		return 1 << 6
	case station.EVSEUnreported:
		return 1 << 7
	case station.TokenNotAccepted:
		return 1 << 8
	case station.TransactionsInOne:
		return 1 << 9
	case station.MessageInvalid, station.MessageTolerated, station.FrameDropped, station.TokensTooMany: // about messages, not sessions
	}
	return 0
}

// Has reports whether the kind is in the set.
func (n Notes) Has(code station.FindingCode) bool { return n&note(code) != 0 }

// raise makes a finding about s, unless s has raised one of its kind.
func (d *decision) raise(s *Session, code station.FindingCode, detail string) {
	if s.Noted.Has(code) {
		return
	}
	s.Noted |= note(code)
	d.out.Findings = append(d.out.Findings, station.Finding{
		Session: s.ID, Code: code, Detail: detail, Action: d.r.action(), At: d.r.ReceivedAt,
	})
}

// action is the OCPP message that the report came in.
func (r *Report) action() string {
	switch {
	case r.Version != station.OCPP16:
		return "TransactionEvent"
	case r.Kind == Started:
		return "StartTransaction"
	case r.Kind == Ended:
		return "StopTransaction"
	}
	return "MeterValues"
}
