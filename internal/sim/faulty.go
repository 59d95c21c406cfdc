package sim

import (
	"fmt"
	"strconv"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/wire/schema"
)

// What the faults do. The station's lock is held throughout.

// injectLoss is for what takes the connection.
func (s *Station) injectLoss(at *struck, d time.Duration) {
	until := s.clock.Now().Add(d)
	at.To = until
	switch at.Fault {
	case LinkCut:
		s.cut(until)
	case PowerCut:
		s.countAll()
		s.darkUntil = latest(s.darkUntil, until)
		for _, e := range s.evses {
			if e.tx != nil {
				s.mark(at, e)
			}
			s.loseThePower(e)
		}
		s.powerCycle(bootPowerUp, d)
		s.later(d, s.resume)
	default: // Swapped
		for _, e := range s.evses {
			if e.tx != nil {
				s.mark(at, e)
			}
		}
		s.swap()
		s.powerCycle(bootPowerUp, max(d, s.config.Hand))
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// cut ends the connection; there is none to be had before a time.
func (s *Station) cut(until time.Time) {
	s.restingTo = latest(s.restingTo, until)
	if s.link != nil {
		s.link.Close()
	}
}

// powerCycle switches the station off, and on again after a time.
func (s *Station) powerCycle(why bootReason, d time.Duration) {
	s.settings.restart()
	s.profiles.Reboot()
	s.accepted, s.bootWhy = false, why
	if why == bootPowerUp && !s.astray {
		s.skew = s.config.ClockSkew // no battery keeps the time
	}
	s.unknown()
	s.joinNetwork()
	s.cut(s.clock.Now().Add(d))
}

// joinNetwork makes the first of the networks that were set the one to connect to.
func (s *Station) joinNetwork() {
	order := s.settings.list(networkPriority)
	if len(order) == 0 {
		return
	}
	first, _ := strconv.Atoi(order[0])
	at, ok := s.networks[first]
	if !ok {
		return
	}
	s.config.URL = at.url
	s.settings.values[securityProfile] = strconv.Itoa(at.securityProfile)
	if at.password != "" {
		s.settings.values[password] = at.password
	}
}

// loseThePower is what becomes of what runs on an EVSE.
func (s *Station) loseThePower(e *evse) {
	if e.visit == nil {
		return
	}
	if e.tx == nil { // the driver's card was for nothing
		e.visit.end(endForgotten)
		return
	}
	switch s.config.AfterPowerCut {
	case Stops:
		s.finish(e, endPowerLoss)
		e.phase = preparing
		e.visit.end(endPowerLoss)
	case Forgets:
		s.lose(e, endPowerLoss)
		e.phase = preparing
		e.visit.end(endPowerLoss)
	case Resumes:
	}
}

// resume says that what ran before the power was cut goes on.
func (s *Station) resume() {
	for _, e := range s.evses {
		if e.tx != nil && !s.dark() {
			s.count(e)
			s.tell(e, happening{event: updated, trigger: s.speak.resumed()})
		}
	}
}

// swap puts another station in the place of this one: same make, same URL and
// password, and nothing else.
func (s *Station) swap() {
	now := s.clock.Now()
	for _, e := range s.evses {
		if e.tx != nil {
			s.lose(e, endForgotten)
		}
		if e.visit != nil {
			e.visit.end(endForgotten)
			e.phase = preparing
		}
		e.operative, e.reservation = true, nil
		e.meter = newMeter(unit.WattHour(1000+s.rand.Int64N(100_000)), now)
	}
	for _, p := range s.outbox.drop(func(p *parcel) bool { return p.kept }) {
		p.note(func(m *Sent) { m.Withheld = m.Tries == 0 })
		p.discard()
	}
	secret := s.settings.text(password)
	s.settings = newSettings(s.config)
	s.settings.values[password] = secret
	s.tokens, s.profiles = tokens{}, s.newProfiles()
	s.speak = dialectOf(s)
	s.calls, s.swaps = 0, s.swaps+1
	s.config.Serial = drawnSerial(s.config.Seed, s.swaps)
}

// injectTime is for the clock.
func (s *Station) injectTime(at *struck, d time.Duration) {
	s.countAll()
	s.skew, s.astray = d, at.Fault == ClockWrong
	if at.Fault == ClockWrong {
		return
	}
	at.To = at.From
	for _, other := range s.injected { // what was wrong is right again
		if other.Fault == ClockWrong && other.To.IsZero() {
			other.To = at.From
		}
	}
}

const (
	stepBack  unit.WattHour = 250
	leapAhead unit.WattHour = 1_000_000
)

// injectMeter is for the register of one EVSE: the one that is busy.
func (s *Station) injectMeter(at *struck) {
	e := s.victim()
	s.count(e)
	switch at.Fault {
	case MeterBackwards:
		e.meter.astray -= min(stepBack, e.meter.register())
	case MeterReset:
		e.meter.astray = -e.meter.counted()
	default: // MeterJump
		e.meter.astray += leapAhead
	}
	s.hit(at, e)
}

// victim returns the EVSE that a fault strikes: one where a transaction runs, if there
// is one.
func (s *Station) victim() *evse {
	for _, e := range s.evses {
		if e.tx != nil {
			return e
		}
	}
	return s.evses[0]
}

const (
	stormUsual = 10 * time.Second // when no length is said
	stormEvery = 100 * time.Millisecond
)

// injectStatus is for what connectors show.
func (s *Station) injectStatus(at *struck, d time.Duration) {
	e := s.victim()
	s.mark(at, e)
	if at.Fault == StuckConnector {
		e.stuck = true
		s.report(e)
		s.end(at, d, func() { e.stuck = false })
		return
	}
	if d == 0 {
		d = stormUsual
	}
	at.To = at.From.Add(d)
	s.flap(e, at.To)
}

// flap shows a fault that comes and goes, until a time.
func (s *Station) flap(e *evse, until time.Time) {
	e.flapping = !e.flapping && s.clock.Now().Before(until)
	s.report(e)
	if e.flapping || s.clock.Now().Before(until) {
		s.later(stormEvery, func() { s.flap(e, until) })
	}
}

// injectTransaction is for what needs a transaction that runs, or waits for one.
func (s *Station) injectTransaction(at *struck) {
	e := s.victim()
	switch {
	case at.Fault == UnknownStop:
		s.stopUnknown(at, e)
	case e.tx == nil || !e.phase.powered():
		s.arm(at, 0)
	case at.Fault == SecondToken:
		s.showSecondToken(e)
		s.hit(at, e)
	default: // DoubleStart
		s.hit(at, e)
		s.startAgain(e)
	}
}

// onStart is the chance of the faults that wait for a transaction to run.
func (s *Station) onStart(e *evse) {
	if s.strike(SecondToken, e) {
		s.showSecondToken(e)
	}
	if s.strike(DoubleStart, e) {
		s.startAgain(e)
	}
}

// showSecondToken holds up another card while a transaction runs.
func (s *Station) showSecondToken(e *evse) {
	second := Token{UID: fmt.Sprintf("04%012X", s.rand.Int64N(1<<48)), Type: e.tx.token.Type}
	e.tx.session.SecondToken = second.UID
	s.tell(e, happening{event: updated, trigger: "Authorized", token: &second})
}

// startAgain forgets the transaction of an EVSE and begins another for the same
// driver.
func (s *Station) startAgain(e *evse) {
	token := e.visit.Token
	s.lose(e, endForgotten)
	s.begin(e, "Authorized", &token)
	e.tx.since = s.time()
}

// stopUnknown sends a stop for a transaction that was never begun.
func (s *Station) stopUnknown(at *struck, e *evse) {
	r := s.read(e)
	ghost := &evse{id: e.id, phase: finishing, meter: e.meter}
	ghost.tx = &transaction{
		id:      fmt.Sprintf("ghost-%d", s.rand.IntN(1_000_000)),
		session: &Session{Station: s.config.Identity, EVSE: e.id},
		number:  900_000_000 + s.rand.IntN(1_000_000),
		named:   true,
		seqNo:   7,
	}
	ghost.tx.session.TransactionID = ghost.tx.id
	h := happening{event: ended, trigger: triggerOf(endLocal), reading: &r, register: r.Register, context: contextEnd, why: endLocal}
	h.at, h.phase, h.seqNo, h.offline = s.time(), finishing, ghost.tx.seqNo, s.link == nil
	message, ready := s.speak.transaction(ghost, h)
	s.put(&parcel{message: message, ready: ready, kept: true})
	at.To, at.EVSE = at.From, e.id
	at.TransactionID = ghost.tx.id
	if s.is16() {
		at.TransactionID = fmt.Sprint(ghost.tx.number)
	}
}

// deaf fills the answer of a station that says yes and does nothing; false when the
// action has no such answer, or only asks. Of 1.6, two answers say nothing at all.
func (s *Station) deaf(action string, response schema.Message) bool {
	yes := `{"status":"Accepted"}`
	switch {
	case action == "UnlockConnector":
		yes = `{"status":"Unlocked"}`
	case s.is16() && (action == "UpdateFirmware" || action == "GetDiagnostics"):
		yes = `{}`
	}
	return schema.Decode([]byte(yes), response) == nil
}
