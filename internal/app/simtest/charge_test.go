package simtest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// visit is a driver who comes, charges and leaves.
func (s *charger) visit(p *plug) {
	s.in(s.between(2*time.Second, 60*time.Second), "has a visitor", func() { s.visit(p) })
	if s.dark || p.charge != nil || s.world.calm {
		return
	}
	uid := s.world.uids[s.dice.IntN(len(s.world.uids))]
	s.become(p, "Preparing")
	if s.line != nil && s.accepted && s.chance(60) {
		body := fmt.Sprintf(`{"idTag":%q}`, uid)
		if s.two() {
			body = fmt.Sprintf(`{"idToken":{"idToken":%q,"type":"ISO14443"}}`, uid)
		}
		s.passing = append(s.passing, &parcel{action: "Authorize", build: func() string { return body }})
		s.pump()
	}
	s.start(p, uid, 0)
}

// start begins a transaction.
func (s *charger) start(p *plug, uid string, remote int64) {
	c := &charge{plug: p, uid: uid, begin: p.register, end: p.register, remote: remote}
	if s.two() {
		c.id = fmt.Sprintf("%s-%d", s.name, len(s.charges)+1)
	}
	p.charge = c
	s.charges = append(s.charges, c)
	s.report(c, "Started", "")
	s.become(p, "Charging")
	s.in(s.between(3*time.Second, 15*time.Second), "reads its meter", func() { s.meter(c) })
	s.in(s.between(10*time.Second, 90*time.Second), "ends a charge", func() { s.stop(c, "Local") })
}

// meter reads the register while the charge goes on.
func (s *charger) meter(c *charge) {
	if c.over {
		return
	}
	s.in(s.between(3*time.Second, 15*time.Second), "reads its meter", func() { s.meter(c) })
	if s.dark {
		return
	}
	s.flow(c)
	s.report(c, "Updated", "")
}

func (s *charger) flow(c *charge) {
	c.plug.register += s.dice.Int64N(400)
	c.end = c.plug.register
}

// stop ends a transaction.
func (s *charger) stop(c *charge, reason string) {
	if c.over || s.dark {
		return
	}
	s.flow(c)
	c.over, c.plug.charge = true, nil
	s.report(c, "Ended", reason)
	s.become(c.plug, "Finishing")
	s.become(c.plug, "Available")
}

// report puts a message about a transaction into the queue, as it is now.
func (s *charger) report(c *charge, event, reason string) {
	p := &parcel{charge: c, reading: c.plug.register, final: event == "Ended"}
	at, seq, offline := s.now(), len(c.events), s.line == nil || !s.accepted
	if s.two() {
		p.action = "TransactionEvent"
		body := s.event2(c, event, reason, at)
		p.build = func() string { return fmt.Sprintf(body, seq, offline) }
	} else {
		s.event16(p, event, reason, at)
	}
	c.events = append(c.events, p)
	s.kept = append(s.kept, p)
	s.pump()
}

func (s *charger) event2(c *charge, event, reason, at string) string {
	trigger, context, info, more := "MeterValuePeriodic", "Sample.Periodic", `"chargingState":"Charging"`, ""
	switch event {
	case "Started":
		trigger, context = "Authorized", "Transaction.Begin"
		more = fmt.Sprintf(`,"evse":{"id":%d,"connectorId":1},"idToken":{"idToken":%q,"type":"ISO14443"}`, c.plug.id, c.uid)
		if c.remote != 0 {
			trigger = "RemoteStart"
		}
	case "Ended":
		trigger, context, info = "StopAuthorized", "Transaction.End", fmt.Sprintf(`"chargingState":"Idle","stoppedReason":%q`, reason)
	}
	if c.remote != 0 {
		info += fmt.Sprintf(`,"remoteStartId":%d`, c.remote)
	}
	return fmt.Sprintf(`{"eventType":%q,"timestamp":%q,"triggerReason":%q,"seqNo":%%d,"offline":%%t,`+
		`"transactionInfo":{"transactionId":%q,%s}%s,"meterValue":[{"timestamp":%q,"sampledValue":[`+
		`{"value":%d,"context":%q,"measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"}}]}]}`,
		event, at, trigger, c.id, info, more, at, c.plug.register, context)
}

func (s *charger) event16(p *parcel, event, reason, at string) {
	c, reading := p.charge, p.reading
	switch event {
	case "Started":
		p.action = "StartTransaction"
		p.build = func() string {
			return fmt.Sprintf(`{"connectorId":%d,"idTag":%q,"meterStart":%d,"timestamp":%q}`, c.plug.id, c.uid, reading, at)
		}
		p.done = c.told
	case "Updated":
		p.action = "MeterValues"
		p.build = func() string {
			return fmt.Sprintf(`{"connectorId":%d,"transactionId":%s,"meterValue":[{"timestamp":%q,"sampledValue":[{"value":"%d"}]}]}`,
				c.plug.id, c.id, at, reading)
		}
	case "Ended":
		p.action = "StopTransaction"
		p.build = func() string {
			return fmt.Sprintf(`{"transactionId":%s,"meterStop":%d,"timestamp":%q,"reason":%q}`, c.id, reading, at, reason)
		}
	}
}

// told takes in the id that a node gave to a transaction.
func (c *charge) told(answer jsontext.Value) {
	var a struct {
		ID int `json:"transactionId"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		panic(err)
	}
	c.id = strconv.Itoa(a.ID)
}

// obey does what a node asks for and returns the answer: an object, or the code
// of an error.
func (s *charger) obey(action string, payload jsontext.Value) string {
	var q struct {
		IDTag       string `json:"idTag"`
		ConnectorID int    `json:"connectorId"`
		EVSE        int    `json:"evseId"`
		RemoteStart int64  `json:"remoteStartId"`
		IDToken     struct {
			IDToken string `json:"idToken"`
		} `json:"idToken"`
		Transaction jsontext.Value `json:"transactionId"`
		Request     int            `json:"requestId"`
	}
	if err := json.Unmarshal(payload, &q); err != nil {
		panic(err)
	}
	switch action {
	case "RemoteStartTransaction", "RequestStartTransaction":
		return s.startFor(q.IDTag+q.IDToken.IDToken, q.ConnectorID+q.EVSE, q.RemoteStart)
	case "RemoteStopTransaction", "RequestStopTransaction":
		id := string(q.Transaction)
		if s.two() {
			id = unquote(q.Transaction)
		}
		for _, p := range s.plugs {
			if c := p.charge; c != nil && c.id == id {
				s.in(time.Second, "ends a charge remotely", func() { s.stop(c, "Remote") })
				return `{"status":"Accepted"}`
			}
		}
		return `{"status":"Rejected"}`
	case "Reset":
		s.in(time.Second, "resets", func() {
			for _, p := range s.plugs {
				if p.charge != nil {
					s.stop(p.charge, map[bool]string{true: "ImmediateReset", false: "SoftReset"}[s.two()])
				}
			}
			s.darken(3*time.Second, "PowerLoss")
		})
		return `{"status":"Accepted"}`
	case "GetConfiguration":
		return `{"configurationKey":[],"unknownKey":[]}`
	case "GetBaseReport", "GetReport", "GetMonitoringReport":
		return `{"status":"NotSupported"}`
	}
	return "NotImplemented"
}

// startFor begins the charge that a node asks for, where there is room.
func (s *charger) startFor(uid string, place int, remote int64) string {
	for _, p := range s.plugs {
		if p.charge == nil && (place == 0 || place == p.id) {
			s.in(time.Second, "starts remotely", func() {
				if p.charge == nil && !s.dark {
					s.start(p, uid, remote)
				}
			})
			return `{"status":"Accepted"}`
		}
	}
	return `{"status":"Rejected"}`
}
