package sim

import (
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/sim/profile"
	"pylon/internal/sim/vehicle"
	"pylon/internal/wire/ocppj"
)

// mains is the tension between a phase and neutral.
const mains unit.MilliVolt = 230_000

// Hardware is what a station is built of. All its EVSEs are alike and have one
// connector each.
type Hardware struct {
	Vendor, Model string
	EVSEs         int
	Phases        int              // AC; 0 for DC
	MaxCurrent    unit.MilliAmpere // per phase, AC
	MaxPower      unit.Watt        // per EVSE
	Connector     string           // type, as OCPP 2.x names it
}

// AC11 is a wall box with one socket of 3 × 16 A.
func AC11() Hardware {
	return Hardware{Vendor: "Simulated", Model: "AC11", EVSEs: 1, Phases: 3, MaxCurrent: 16_000, MaxPower: 11_040, Connector: "sType2"}
}

// AC22 is a post with two sockets of 3 × 32 A.
func AC22() Hardware {
	return Hardware{Vendor: "Simulated", Model: "AC22", EVSEs: 2, Phases: 3, MaxCurrent: 32_000, MaxPower: 22_080, Connector: "sType2"}
}

// DC150 is a fast charger with two cables of 150 kW.
func DC150() Hardware {
	return Hardware{Vendor: "Simulated", Model: "DC150", EVSEs: 2, MaxPower: 150_000, Connector: "cCCS2"}
}

// DC says whether the station delivers direct current.
func (h Hardware) DC() bool { return h.Phases == 0 }

// rules say which charging profiles a station takes.
func (c Config) rules() profile.Rules {
	rules := profile.Rules{
		OCPP16:         c.Version == ocppj.V16,
		EVSEs:          c.Hardware.EVSEs,
		Phases:         c.Hardware.Phases,
		Units:          []profile.Unit{profile.Amperes, profile.Watts},
		MaxStack:       stackLevelMax,
		MaxPeriods:     periodsMax,
		MaxProfiles:    profilesMax,
		SwitchesPhases: !c.Hardware.DC(),
	}
	if c.Version == ocppj.V21 {
		rules.Purposes = []profile.Purpose{profile.Priority, profile.LocalGeneration}
		rules.Dynamic, rules.RandomDelay, rules.AtCharge = true, true, true
	}
	return rules
}

// count brings the meter of an EVSE up to now. What flows changes with the charge and
// with the limits, so energy is counted in steps.
func (s *Station) count(e *evse) {
	const step = 10 * time.Second
	now := s.clock.Now()
	for e.meter.until.Before(now) {
		from := e.meter.until
		draw, until := s.draw(e, from)
		to := from.Add(step)
		if draw.Power == 0 {
			to = now
		}
		if !until.IsZero() && until.After(from) && until.Before(to) {
			to = until
		}
		if to.After(now) {
			to = now
		}
		e.meter.count(draw.Power, to)
		if !e.meter.until.After(from) { // less than the meter counts
			break
		}
	}
	if e.tx != nil {
		e.tx.session.End, e.tx.session.Delivered = e.meter.register(), e.meter.counted()-e.tx.from
	}
}

// countAll brings all meters up to now: what flows is about to change, or somebody
// wants to know.
func (s *Station) countAll() {
	for _, e := range s.evses {
		s.count(e)
	}
}

// read returns what the meter of an EVSE measures now.
func (s *Station) read(e *evse) Reading {
	s.count(e)
	draw, _ := s.draw(e, s.clock.Now())
	r := Reading{
		At:       s.time(),
		Register: e.meter.register(),
		Power:    draw.Power,
		Phases:   draw.Phases,
		Current:  draw.Current,
		Charge:   s.charge(e),
	}
	limit, _ := s.profiles.Limit(r.At, s.situation(e))
	r.Offered, r.OfferedCurrent = limit.Power, limit.Current
	for i := range r.Tension {
		r.Tension[i] = draw.Tension
		if draw.Phases > 0 { // the grid is never quite still
			r.Tension[i] += unit.MilliVolt(s.rand.Int64N(4000) - 2000)
		}
	}
	return r
}

// idlePower is what a meter counts that runs while nobody charges.
const idlePower unit.Watt = 400

// draw returns what runs through an EVSE at a moment of the true clock, and the next
// at which something else than the car may change it; zero when there is none.
func (s *Station) draw(e *evse, at time.Time) (vehicle.Draw, time.Time) {
	still := vehicle.Draw{Phases: s.config.Hardware.Phases, Tension: mains}
	if at.Before(s.darkUntil) {
		return still, s.darkUntil
	}
	if e.tx == nil && s.lasting(IdleEnergy) {
		still.Power = idlePower
	}
	if e.visit == nil || e.tx == nil || !e.phase.powered() {
		return still, time.Time{}
	}
	limit, until := s.profiles.Limit(at.Add(s.skew), s.situation(e))
	if !until.IsZero() {
		until = until.Add(-s.skew)
	}
	return e.visit.Car.Draw(s.charge(e), vehicle.Offer{Phases: limit.Phases, Current: limit.Current, Tension: mains, Power: limit.Power}), until
}

// charge returns the state of charge of the car at an EVSE.
func (s *Station) charge(e *evse) unit.Permille {
	switch {
	case e.visit == nil:
		return 0
	case e.tx == nil:
		return e.visit.Car.Charge
	}
	return e.visit.Car.Charged(e.visit.Car.Charge, (e.meter.counted() - e.tx.from).Milli())
}

// situation is what the charging profiles must know of an EVSE.
func (s *Station) situation(e *evse) profile.Situation {
	in := profile.Situation{
		EVSE:    e.id,
		Local:   s.config.Hardware.limit(),
		Tension: mains,
		Sharing: s.sharing(),
	}
	if e.tx != nil {
		in.Tx, in.Since, in.Priority = e.tx.id, e.tx.since, e.tx.priority
		in.Charge, in.ChargeKnown = s.charge(e), s.config.Hardware.DC()
	}
	if s.link == nil {
		in.OfflineSince = s.offlineSince
	}
	return in
}

// sharing returns how many EVSEs share what the station may take.
func (s *Station) sharing() int {
	n := 0
	for _, e := range s.evses {
		if e.tx != nil && e.phase.powered() {
			n++
		}
	}
	return max(n, 1)
}

// limit is what the hardware can give at one EVSE.
func (h Hardware) limit() profile.Limit {
	return profile.Limit{Current: h.MaxCurrent, Phases: h.Phases, Power: h.MaxPower}
}

// regulate takes note that the limits, or what the cars ask for, may have changed:
// each EVSE that charges is in the phase that fits.
func (s *Station) regulate() {
	for _, e := range s.evses {
		if e.tx == nil || !e.phase.powered() {
			continue
		}
		s.count(e)
		draw, _ := s.draw(e, s.clock.Now())
		next := charging
		switch {
		case draw.Sated:
			next = suspendedEV
		case draw.Power == 0:
			next = suspendedEVSE
		}
		if next != e.phase {
			s.enter(e, next)
			s.tell(e, happening{event: updated, trigger: "ChargingStateChanged"})
		}
	}
}
