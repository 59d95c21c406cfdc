package session

import (
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
)

// authorise notes who charges and who ended it. A token that we refuse leaves
// the session what it is: the station decides what becomes of the transaction.
// Source: OCPP 2.0.1 part 2, C01, C09, E05, E07, F01, F02; 1.6 section 4.8.
func (d *decision) authorise() {
	s, r, remote := &d.s, &d.r, d.k.Remote
	if r.ReservationID >= 0 {
		s.ReservationID = r.ReservationID
	}
	switch {
	case r.RemoteStartID >= 0:
		s.RemoteStartID = r.RemoteStartID
	case remote != nil: // 1.6 stations do not repeat it
		s.RemoteStartID = remote.ID
	}
	switch {
	case r.Token == nil && remote != nil && s.Token == "":
		s.Token, s.Method = remote.Token, MethodRemote
	case r.Token == nil:
	case r.Kind == Ended || r.Trigger == triggerStopAuthorized:
		d.endedBy(&d.k.Verdict)
	default:
		d.startedBy(&d.k.Verdict)
	}
}

// startedBy takes a token that was presented to charge. Of several that we
// accept the first pays, but a card of the same group may take over; one that
// we refuse takes nothing from who charges already.
func (d *decision) startedBy(v *token.Decision) {
	s := &d.s
	settled := s.accepted() && s.Method != MethodNone && s.Method != MethodNoneGiven
	again, group := v.Token == s.Token, token.SameGroup(v.Group, s.Group)
	earlier := d.r.OccurredAt.Before(s.TokenAt)
	switch {
	case !v.OK() && s.accepted():
		if !again && !group {
			d.differ()
		}
		return
	case !v.OK():
	case settled && again:
		if earlier {
			s.TokenAt = d.r.OccurredAt
		}
		s.Group, s.Answer = v.Group, v.Verdict
		return
	case settled && v.Token == "":
		return
	case settled:
		if !group {
			d.differ()
		}
		if group == earlier { // of one group the last, of strangers the first
			return
		}
		s.Method = d.method(v, group)
	default:
		if s.StoppedBy != "" && s.Token == s.StoppedBy && !again && !group {
			d.differ() // the stop was heard first
		}
		s.Method = d.method(v, false)
	}
	s.Token, s.Group, s.Answer, s.TokenAt = v.Token, v.Group, v.Verdict, d.r.OccurredAt
}

// differ notes that two tokens were presented that have nothing in common.
func (d *decision) differ() {
	d.raise(&d.s, station.TokensDiffer, "two tokens of different groups were presented; who was authorised first pays")
}

// method is how the token of v comes to charge; takes over says from another.
func (d *decision) method(v *token.Decision, takesOver bool) Method {
	switch {
	case takesOver && token.SameGroup(v.Group, d.s.Group):
		return MethodGroup
	case d.k.Remote != nil || d.r.RemoteStartID >= 0 || d.r.Trigger == triggerRemoteStart:
		return MethodRemote
	case v.Token == "":
		return MethodNoneGiven
	}
	return MethodToken
}

// endedBy takes a token that was presented to stop. While nobody else is known
// it is the best that we have: the driver who ends it is the one who began.
func (d *decision) endedBy(v *token.Decision) {
	s := &d.s
	if v.Token != "" {
		s.StoppedBy = v.Token
	}
	if s.Token != "" && v.Token != s.Token && s.accepted() && !token.SameGroup(v.Group, s.Group) {
		d.differ()
	}
	if s.Token == "" && s.Answer == "" && s.Method == MethodNone {
		s.Token, s.Group, s.Answer = v.Token, v.Group, v.Verdict
	}
}

// Ask is the situation in which a token, t when somebody knows it, is presented
// as p. A report is about a session, of, when it does not begin one. An
// Authorize names none: who has a session at the station, or whose group has,
// may have come to end it, so it passes all that run there.
func Ask(p token.Presented, t *token.Token, of *Session, open []Session) token.Ask {
	ask := token.Ask{Presented: p}
	if of != nil {
		ask.Holder, ask.Group = of.Token, of.Group
		return ask
	}
	for i := range open {
		if s := &open[i]; t != nil && s.accepted() && (s.Token == t.ID || token.SameGroup(s.Group, t.Group)) {
			ask.Holder, ask.Group = s.Token, s.Group
			return ask
		}
	}
	return ask
}
