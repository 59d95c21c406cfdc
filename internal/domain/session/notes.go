package session

import "pylon/internal/domain/station"

// Notes is a set of kinds of finding that a session has raised, and of those
// among them that are resolved. A session raises each kind once: a meter that
// fell back to zero would raise one with every reading. What is resolved and
// is so again opens the same finding anew.
type Notes int64

// resolvedBits is where the resolved kinds stand: as far above the raised ones
// as there can be kinds.
const resolvedBits = 32

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
	case station.StopMissing:
		return 1 << 10
	case station.ClosedFromEvidence:
		return 1 << 11
	case station.MeterReset:
		return 1 << 12
	case station.MeterJumped:
		return 1 << 13
	case station.MeterSilent:
		return 1 << 14
	case station.ClockChanged:
		return 1 << 15
	case station.TokensDiffer:
		return 1 << 16
	case station.EnergyUnaccounted:
		return 1 << 17
	case station.MessageInvalid, station.MessageTolerated, station.FrameDropped, station.TokensTooMany,
		station.StationReplaced, station.StatusStorm, station.TokenReversed, station.CommandIgnored,
		station.SettingRefused, station.SettingDrifted, station.DeviceAlert: // about messages and stations, not sessions
	}
	return 0
}

// Raises reports whether sessions raise findings of a kind.
func Raises(code station.FindingCode) bool { return note(code) != 0 }

// Has reports whether the kind was raised.
func (n Notes) Has(code station.FindingCode) bool { return n&note(code) != 0 }

// Open reports whether the kind was raised and is not resolved.
func (n Notes) Open(code station.FindingCode) bool {
	return n&note(code) != 0 && n&(note(code)<<resolvedBits) == 0
}

// raise makes a finding about s, unless s has an open one of its kind.
func (d *decision) raise(s *Session, code station.FindingCode, detail string) {
	switch {
	case s.Noted.Open(code):
		return
	case s.Noted.Has(code):
		s.Noted &^= note(code) << resolvedBits
		d.out.Resolved = append(d.out.Resolved, station.Resolution{Session: s.ID, Code: code})
		return
	}
	s.Noted |= note(code)
	d.out.Findings = append(d.out.Findings, station.Finding{
		Session: s.ID, Code: code, Detail: detail, Action: d.r.action(), At: d.r.ReceivedAt,
	})
}

// resolve says that findings about s are explained, as far as they are open.
func (d *decision) resolve(s *Session, codes ...station.FindingCode) {
	for _, code := range codes {
		if s.Noted.Open(code) {
			s.Noted |= note(code) << resolvedBits
			d.out.Resolved = append(d.out.Resolved, station.Resolution{Session: s.ID, Code: code, At: d.r.ReceivedAt})
		}
	}
}

// action is the OCPP message that the report came in; "" for what is decided
// without one.
func (r *Report) action() string {
	switch {
	case r.Version == "":
		return ""
	case r.Version != station.OCPP16:
		return "TransactionEvent"
	case r.Kind == Started:
		return "StartTransaction"
	case r.Kind == Ended:
		return "StopTransaction"
	}
	return "MeterValues"
}
