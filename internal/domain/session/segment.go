package session

import (
	"pylon/internal/domain/station"
)

// The triggers by which OCPP 2.x says who is behind a charging state.
const (
	triggerStopAuthorized    = "StopAuthorized"
	triggerAbnormalCondition = "AbnormalCondition"
	triggerRemoteStart       = "RemoteStart"
)

// follow keeps the history of charging states: segments without gaps from the
// start to the end. A state that is older than the one we know changes nothing.
func (d *decision) follow() {
	s, r := &d.s, &d.r
	switch {
	case d.born:
		d.openFirst()
	case d.over || r.Kind == Ended:
	case !s.EndedAt.IsZero(): // we closed it, and it is still alive
		d.goOn()
	case r.State != "" && r.State != StateUnknown && !d.at.Before(s.StateSince):
		d.enter(r.State, causeOf(r.State, r.Trigger), r.Trigger)
	}
}

// goOn takes in what the station says of a session that we have closed. It runs
// again, unless another has taken its place; then it has ended later than we
// knew.
func (d *decision) goOn() {
	s, r := &d.s, &d.r
	if d.at.After(s.EndedAt) {
		next := d.next()
		if next != nil && d.at.After(next.StartedAt) {
			d.raise(s, station.TransactionsInOne, "it went on after transaction "+next.TransactionID+" began in the same place; energy may be on both")
		}
		if next == nil && s.EndedBy == ByEvidence {
			d.reopen()
		} else {
			s.EndedAt = d.at
		}
	}
	if r.State != "" && r.State != StateUnknown && !d.at.Before(s.StateSince) {
		d.enter(r.State, causeOf(r.State, r.Trigger), r.Trigger)
	}
	d.put(s.segment())
}

// openFirst begins the first segment. What an end says is no state to begin
// with; a 1.6 station has told the state by the status of its connector.
func (d *decision) openFirst() {
	s, r := &d.s, &d.r
	s.StateSince, s.SegmentNo = s.StartedAt, 1
	switch {
	case r.Kind == Ended:
		return
	case r.State != "" && r.State != StateUnknown:
		s.ChargingState, s.StateCause, s.StateTrigger = r.State, s.blame(r.State, causeOf(r.State, r.Trigger)), r.Trigger
	case r.Version == station.OCPP16:
		if c := d.connector(); c != nil {
			if state, cause, status := stateOf(*c); state != "" {
				s.ChargingState, s.StateCause, s.StateTrigger = state, s.blame(state, cause), status
			}
		}
	}
	d.put(s.segment())
}

// enter lets the session be in another state from now on.
func (d *decision) enter(state ChargingState, cause Cause, trigger string) {
	s := &d.s
	if state == s.ChargingState {
		return
	}
	if d.at.After(s.StateSince) { // else the state takes the place of one that held for no time
		ended := s.segment()
		ended.To = d.at
		d.put(ended)
		s.SegmentNo++
		s.StateSince = d.at
	}
	s.ChargingState, s.StateCause, s.StateTrigger = state, s.blame(state, cause), trigger
	d.put(s.segment())
	if state != StateCharging && !d.power && !d.at.Before(s.PowerAt) {
		s.PowerW, s.PowerAt = 0, d.at
	}
}

// reachBack lets the session begin earlier, when what the report tells of lies
// before all that we know of it. A state that was not known then was this one;
// else the stretch is a segment of its own, with a number below all others.
func (d *decision) reachBack() {
	s, r := &d.s, &d.r
	if !d.at.Before(s.StartedAt) {
		return
	}
	state := r.State
	if state == "" {
		state = StateUnknown
	}
	if s.ChargingState == StateUnknown { // so it is still the first
		s.ChargingState, s.StateCause, s.StateTrigger = state, causeOf(state, r.Trigger), r.Trigger
	}
	if s.ChargingState == state && s.StateSince.Equal(s.StartedAt) {
		s.StateSince = d.at
		d.put(s.segment())
	} else {
		d.put(Segment{
			Station: s.Station, Session: s.ID, Number: -1 - int(s.Frames), State: state, Cause: causeOf(state, r.Trigger),
			From: d.at, To: s.StartedAt, Trigger: r.Trigger,
		})
	}
	s.StartedAt = d.at
}

// close ends the last segment with the session. One that never was, because the
// session is born with its end, is not kept.
func (d *decision) close() {
	if last := d.s.segment(); !d.born || last.To.After(last.From) {
		d.put(last)
	}
}

// segment is the one that the session is in, or was in at its end. It has no
// length when it began after that, see [Session.Told].
func (s *Session) segment() Segment {
	g := Segment{
		Station: s.Station, Session: s.ID, Number: s.SegmentNo, State: s.ChargingState, Cause: s.StateCause,
		From: s.StateSince, Trigger: s.StateTrigger,
	}
	if !s.EndedAt.IsZero() {
		g.To = later(s.EndedAt, g.From)
	}
	return g
}

// Told returns the session's segments as far as they are of its time. Those that
// are kept may go on after its end: a stop that was queued during an outage
// comes after states of the connector that are younger than it.
func (s *Session) Told(kept []Segment) []Segment {
	if s.EndedAt.IsZero() {
		return kept
	}
	var told []Segment
	for _, g := range kept {
		if g.To.IsZero() || g.To.After(s.EndedAt) {
			g.To = s.EndedAt
		}
		if g.From.Before(g.To) {
			told = append(told, g)
		}
	}
	return told
}

// put writes a segment; what the decision wrote under its number before goes.
func (d *decision) put(g Segment) {
	for i := range d.out.Segments {
		if o := &d.out.Segments[i]; o.Session == g.Session && o.Number == g.Number {
			*o = g
			return
		}
	}
	d.out.Segments = append(d.out.Segments, g)
}

// causeOf says who is behind a charging state of an OCPP 2.x station.
func causeOf(state ChargingState, trigger string) Cause {
	if trigger == triggerAbnormalCondition {
		return CauseFault
	}
	switch state {
	case StateCharging, StateSuspendedEV, StateIdle:
		return CauseCar
	case StateSuspendedEVSE, StateEVConnected:
		switch trigger {
		case "LimitSet", "EnergyLimitReached", "TimeLimitReached", "SoCLimitReached", "CostLimitReached",
			"ChargingRateChanged", "Deauthorized", "RemoteStop": // what we set, or said
			return CauseLimit
		}
		if state == StateSuspendedEVSE {
			return CauseStation
		}
	case StateUnknown:
	}
	return CauseUnknown
}

// blame returns who is behind a state of s: a station that holds back from a
// token that we refused does as we said.
func (s *Session) blame(state ChargingState, c Cause) Cause {
	if state == StateSuspendedEVSE && c == CauseStation && s.Answer != "" && !s.accepted() {
		return CauseLimit
	}
	return c
}

// stateOf says what the status of a 1.6 connector means for the transaction at
// it, and who is behind it. "" is a status that says nothing.
func stateOf(c station.Connector) (state ChargingState, cause Cause, trigger string) {
	trigger = string(c.Status)
	switch c.Status {
	case station.Charging:
		return StateCharging, CauseCar, trigger
	case station.SuspendedEV:
		return StateSuspendedEV, CauseCar, trigger
	case station.SuspendedEVSE:
		if c.ErrorCode != "" {
			return StateSuspendedEVSE, CauseFault, trigger
		}
		return StateSuspendedEVSE, CauseStation, trigger
	case station.Faulted:
		return StateSuspendedEVSE, CauseFault, trigger
	case station.Preparing, station.Finishing:
		return StateEVConnected, CauseUnknown, trigger
	case station.Available, station.Reserved:
		return StateIdle, CauseCar, trigger
	case station.Occupied, station.Unavailable, station.Unknown, station.Online, station.Offline:
	}
	return "", "", ""
}

// followConnectors lets a 1.6 session be in the charging state that its
// connector has come to; OCPP 2.x tells it with the transaction. A connector
// that is free is no state of a session but evidence against it.
func (d *decision) followConnectors(c *Scene) {
	s := &d.s
	if c.Link.OCPP != station.OCPP16 {
		return
	}
	for i := range c.Changed {
		of := &c.Changed[i]
		if s.EVSE != of.EVSE || s.Connector != of.Connector || of.Status.Free() {
			continue
		}
		doubtful := s.doubt(c.Station.BootedAt, d.connector()).kind != NoEvidence
		switch {
		case doubtful && !of.Status.Transacts():
			continue // it is the next car's
		case doubtful:
			s.AliveAt = c.Now // so it goes on
		}
		if state, cause, trigger := stateOf(*of); state != "" && state != s.ChargingState {
			d.at = later(of.Since, s.StateSince)
			d.enter(state, cause, trigger)
		}
	}
}
