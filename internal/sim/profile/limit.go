package profile

import (
	"slices"
	"time"

	"pylon/internal/kernel/unit"
)

// Limit is what an EVSE, or the station, may take at most. On DC, Phases and Current
// are 0 and Power rules; on AC, Current of each phase rules and Power is what all
// phases come to.
type Limit struct {
	Current unit.MilliAmpere // of each phase
	Phases  int
	Phase   int // to use when Phases is 1; 0: the station chooses
	Power   unit.Watt
}

// Situation is what a limit depends on beside the profiles and the time.
type Situation struct {
	EVSE         int            // 0: the station as a whole
	Tx           string         // that runs on it; "" for none
	Since        time.Time      // when it was ready to deliver energy; zero: not yet
	Local        Limit          // what the hardware can; no limit is above it. Power 0 on AC: what the current comes to
	Tension      unit.MilliVolt // between phase and neutral, as the grid is rated
	Sharing      int            // EVSEs that share what the station may take, 0 is 1
	Priority     bool           // priority charging is on for the transaction (2.1)
	Charge       unit.Permille  // of the car, when Known
	ChargeKnown  bool
	OfflineSince time.Time // zero while there is a connection
}

func (s Situation) cut() Situation {
	s.Since, s.OfflineSince = whole(s.Since), whole(s.OfflineSince)
	return s
}

// Limit returns what the profiles allow at a moment, and the next moment at which that
// may change; zero when it never does. Without a profile it is what the hardware can.
//
// Of each purpose the highest level that has a period now leads; TxProfile stands
// before TxDefaultProfile, and PriorityCharging before both. The lowest of the leaders
// is the limit, on top of which comes what is generated locally. What the station as a
// whole may take is shared equally.
// Source: OCPP 1.6 section 3.13; 2.1 part 2, K sections 3.5 to 3.8, SC.01, K08.FR.04.
func (s *Set) Limit(now time.Time, in Situation) (Limit, time.Time) {
	in = in.cut()
	limit, until := s.limit(whole(now).Unix(), in)
	if until == never {
		return limit, time.Time{}
	}
	return limit, time.Unix(until, 0).UTC()
}

func (s *Set) limit(at int64, in Situation) (Limit, int64) {
	if in.Local.Phases > 0 && in.Local.Power == 0 {
		in.Local.Power = unit.Watt(rateMax) // settled below
	}
	m := merger{set: s, at: at, in: in, until: never, limit: in.Local}
	m.settle()
	m.cap(m.lead(StationMax, 0), max(in.Sharing, 1))
	m.cap(m.lead(External, 0), max(in.Sharing, 1))
	if in.EVSE != 0 {
		m.cap(m.lead(External, in.EVSE), 1)
		m.cap(m.leadOfTransaction(), 1)
	}
	m.add(m.lead(LocalGeneration, 0), max(in.Sharing, 1))
	if in.EVSE != 0 {
		m.add(m.lead(LocalGeneration, in.EVSE), 1)
	}
	return m.limit, m.until
}

// merger makes one limit of many profiles.
type merger struct {
	set   *Set
	at    int64
	in    Situation
	until int64
	limit Limit
}

// leader is a period that leads its purpose; none has no period.
type leader struct {
	*Period
	schedule *Schedule
}

// lead returns the period of the highest level among the profiles of a purpose. Those
// for one place are merged apart from those for another, except defaults, priorities
// and those of a transaction, for which the station's are every EVSE's.
func (m *merger) lead(purpose Purpose, evse int) leader {
	var found leader
	best, own := -1, false
	for i := range m.set.profiles {
		p := &m.set.profiles[i]
		everywhere := p.EVSE == 0 && (purpose == TxDefault || purpose == Priority)
		if p.Purpose != purpose || p.EVSE != evse && !everywhere || p.Transaction != "" && p.Transaction != m.in.Tx {
			continue
		}
		period, until := p.active(m.at, m.in)
		if until > m.at {
			m.until = min(m.until, until)
		}
		// In 1.6 a default of one connector replaces that of all on its level.
		if period != nil && (p.Stack > best || p.Stack == best && p.EVSE != 0 && !own) {
			found, best, own = leader{period, &p.Schedules[0]}, p.Stack, p.EVSE != 0
		}
	}
	return found
}

// leadOfTransaction returns what rules a transaction, or one that could be. All are
// asked: each may end the time for which the answer holds.
func (m *merger) leadOfTransaction() leader {
	standard, own := m.lead(TxDefault, m.in.EVSE), m.lead(Tx, m.in.EVSE)
	if m.in.Priority {
		if priority := m.lead(Priority, m.in.EVSE); priority.Period != nil {
			return priority // K21.FR.04
		}
	}
	if own.Period != nil {
		return own // K02.FR.04
	}
	return standard // K02.FR.08
}

// cap lowers the limit to a leader's.
func (m *merger) cap(l leader, sharing int) {
	if l.Period == nil {
		return
	}
	most, limited := m.read(l, sharing)
	if m.limit.Phases > 0 && most.Phases < m.limit.Phases {
		m.limit.Phases = most.Phases
	}
	if m.limit.Phase == 0 {
		m.limit.Phase = l.Phase
	}
	if limited {
		m.limit.Current = min(m.limit.Current, most.Current)
		m.limit.Power = min(m.limit.Power, most.Power)
	}
	m.settle()
}

// add puts what is generated locally on top, as far as the hardware can.
func (m *merger) add(l leader, sharing int) {
	if l.Period == nil {
		return
	}
	if more, limited := m.read(l, sharing); limited {
		m.limit.Current = min(m.limit.Current+more.Current, m.in.Local.Current)
		m.limit.Power = min(m.limit.Power+more.Power, m.in.Local.Power)
		m.settle()
	}
}

// settle keeps the power at what the currents can come to, to the watt above.
func (m *merger) settle() {
	if m.limit.Phases > 0 {
		m.limit.Power = min(m.limit.Power, unit.Watt((int64(m.limit.Phases)*int64(m.limit.Current)*m.tension()+microwatts-1)/microwatts))
	}
}

func (m *merger) tension() int64 { return min(max(int64(m.in.Tension), 1), tensionMax) }

const (
	microwatts  = 1_000_000      // that milliamperes times millivolts come to
	phasesUsual = 3              // when a period names none, K01.FR.49; and of the grid before a DC station
	rateMax     = Rate(1 << 40)  // a gigawatt, or a gigaampere: no sum or product of such overflows
	tensionMax  = int64(1 << 20) // a kilovolt
)

// read returns the limit of a period, and whether it has one. A limit in watts is that
// of all its phases together: each phase of the car gets its share, however many the
// car uses. Source: K01.FR.50 with errata; 1.6 section 7.12 and errata 3.34.
func (m *merger) read(l leader, sharing int) (Limit, bool) {
	phases := l.Phases
	if phases == 0 {
		phases = phasesUsual
	}
	rate, limited := l.rate()
	if soc := l.schedule.AtCharge; soc != nil && m.in.ChargeKnown && m.in.Charge >= soc.Charge {
		rate, limited = min(rate, soc.Limit), true // K01.FR.100
	}
	rate = min(rate, rateMax) / Rate(sharing)
	limit := Limit{Phases: phases, Phase: l.Phase}
	if l.schedule.Unit == Amperes {
		limit.Current = unit.MilliAmpere(rate)
		limit.Power = unit.Watt((int64(rate)*m.tension()/1000*int64(phases) + 999) / 1000)
		return limit, limited
	}
	split := phases
	if l.LimitL2 != nil || l.LimitL3 != nil {
		split = 1 // the rate is that of one phase already
	}
	limit.Current = unit.MilliAmpere(int64(rate) * 1000 / (m.tension() * int64(split)))
	limit.Power = unit.Watt(rate / 1000 * Rate(phases/split))
	return limit, limited
}

// rate returns the lowest that a period names, and whether it names any.
func (p *Period) rate() (Rate, bool) {
	lowest, limited := rateMax, false
	for _, rate := range []*Rate{p.Limit, p.LimitL2, p.LimitL3, p.Setpoint} {
		if rate != nil {
			lowest, limited = min(lowest, *rate), true
		}
	}
	return lowest, limited
}

// Slot is a stretch of a composite schedule, from Start to the next one's.
type Slot struct {
	Start  time.Duration // whole seconds from the schedule's start
	Limit  Rate
	Phases int // 0 for DC
	Phase  int
}

const (
	slotsMax = 1024   // that a message can hold
	turnsMax = 20_000 // changes that are looked at: the worst profile for a year, and no more
)

// Composite returns the limits from now, in whole seconds, for a time. Neighbours
// differ. On an EVSE without a transaction it is as if one began now. False says that
// there is none: the unit is not supported, the EVSE unknown, the time not positive.
// A schedule of more than 1024 slots ends early.
// Source: OCPP 2.x part 2, K08; 1.6 section 5.7.
func (s *Set) Composite(now time.Time, duration time.Duration, u Unit, in Situation) ([]Slot, bool) {
	if in.EVSE < 0 || in.EVSE > s.rules.EVSEs || duration < time.Second || !slices.Contains(s.rules.Units, u) {
		return nil, false
	}
	in = in.cut()
	begin := whole(now).Unix()
	if in.Tx == "" || in.Since.IsZero() {
		in.Since = time.Unix(begin, 0) // K08.FR.06
	}
	end := begin + int64(duration/time.Second)
	var slots []Slot
	at := begin
	for range turnsMax {
		if at >= end || len(slots) == slotsMax {
			break
		}
		limit, until := s.limit(at, in)
		slot := Slot{Start: time.Duration(at-begin) * time.Second, Limit: limit.rate(u, in), Phases: limit.Phases, Phase: limit.Phase}
		if last := len(slots) - 1; last < 0 || slots[last].differs(slot) {
			slots = append(slots, slot)
		}
		at = until
	}
	return slots, true
}

func (a Slot) differs(b Slot) bool {
	return a.Limit != b.Limit || a.Phases != b.Phases || a.Phase != b.Phase
}

// rate returns the limit in a unit. On DC, amperes are those of the grid's phases.
func (l Limit) rate(u Unit, in Situation) Rate {
	switch {
	case u == Watts:
		return Rate(l.Power) * 1000
	case l.Phases > 0:
		return Rate(l.Current)
	}
	return Rate(int64(l.Power) * microwatts / (phasesUsual * min(max(int64(in.Tension), 1), tensionMax)))
}
