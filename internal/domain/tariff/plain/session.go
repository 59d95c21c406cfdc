package plain

import (
	"maps"
	"slices"
	"sort"
	"strconv"
	"time"

	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// session is a question as read, with all that several steps ask of it.
type session struct {
	question *rating.Question
	tariff   *tariff
	calendar calendar     // moment 0 is the session's start
	length   exact.Number // seconds
	energy   series       // registers, kWh; none when the periods are given
	current  series       // A
	power    series       // kW
}

// period is a stretch in which the same components are active.
type period struct {
	from, to  exact.Number
	state     rating.State // of a timeline
	situation situation    // at its first instant
	active    active

	energy, charging, parking exact.Number
}

// volume returns how much of a dimension a period has; a FLAT fee has no measure and is taken once.
func (p *period) volume(dimension rating.Dimension) exact.Number {
	switch dimension {
	case rating.Flat:
		return exact.Int(1)
	case rating.Energy:
		return p.energy
	case rating.Time:
		return p.charging
	case rating.ParkingTime:
		return p.parking
	case rating.Idle, rating.Total: // no component has them
	}
	return exact.Number{}
}

func (s *session) expired() bool {
	reservation := s.question.Session.Reservation
	return reservation != nil && reservation.Expired
}

// periods returns the charging periods: the question's, or what its timeline is split into.
func (s *session) periods() ([]period, error) {
	timeline := s.question.Session.Timeline
	switch {
	case s.expired():
		return nil, nil
	case timeline == nil:
		return s.given(), nil
	}
	periods := s.calendar.split(s.length, s.tariff, &phase{
		order: s.tariff.order(rating.ReservedNot), spans: timeline.Spans, energy: s.energy, current: s.current, power: s.power,
	})
	if len(periods) > rating.PeriodsMost {
		return nil, tooMany("/session/timeline", rating.PeriodsMost)
	}
	for i := range periods {
		p := &periods[i]
		p.energy = s.energy.register(p.to).Sub(s.energy.register(p.from))
		switch p.state {
		case rating.Charging:
			p.charging = p.to.Sub(p.from)
		case rating.Parking:
			p.parking = p.to.Sub(p.from)
		case rating.Paused: // held back: neither of both
		}
	}
	return periods, nil
}

// given returns the question's periods: what is active is looked for at their first instant.
func (s *session) given() []period {
	order := s.tariff.order(rating.ReservedNot)
	periods := make([]period, len(s.question.Session.Periods))
	var consumed exact.Number
	for i := range periods {
		given, p := &s.question.Session.Periods[i], &periods[i]
		p.from, p.to = s.calendar.moment(given.Start), s.length
		if i+1 < len(periods) {
			p.to = s.calendar.moment(s.question.Session.Periods[i+1].Start)
		}
		p.energy, p.charging, p.parking = reported(given.Energy), reported(given.Charging), reported(given.Parking)
		p.situation = situation{
			wall: s.calendar.wall(p.from), elapsed: p.from, consumed: consumed,
			current: bounds{number(given.MinCurrent), number(given.MaxCurrent)},
			power:   bounds{number(given.MinPower), number(given.MaxPower)},
		}
		p.active = s.tariff.active(order, &p.situation)
		consumed = consumed.Add(p.energy)
	}
	return periods
}

// reserved returns the periods of the reservation: "TIME is for the duration of the reservation".
func (s *session) reserved() []period {
	reservation := s.question.Session.Reservation
	if reservation == nil {
		return nil
	}
	kinds := []rating.Reserved{rating.ReservedUsed}
	if reservation.Expired {
		kinds = []rating.Reserved{rating.ReservedExpired, rating.ReservedUsed}
	}
	c := calendar{s.calendar.zone, reservation.Start}
	periods := c.split(c.moment(reservation.End), s.tariff, &phase{order: s.tariff.order(kinds...)})
	for i := range periods {
		periods[i].charging = periods[i].to.Sub(periods[i].from)
	}
	return periods
}

// phase is what a split looks at, besides the calendar.
type phase struct {
	order                  order
	spans                  []rating.Span
	energy, current, power series
}

// split finds the stretches from moment 0 up to length in which the same components are active
// and the state is the same. It looks at every instant where any of these could change.
func (c calendar) split(length exact.Number, t *tariff, of *phase) []period {
	instants := c.instants(length, t, of)
	var periods []period
	for i, from := range instants {
		to := length
		if i+1 < len(instants) {
			to = instants[i+1]
		}
		p := period{from: from, to: to, state: of.state(c.before(from)), situation: situation{
			wall: c.wall(from), elapsed: from, consumed: of.energy.register(from).Sub(of.energy.register(exact.Number{})),
			current: of.current.bounds(from), power: of.power.bounds(from),
		}}
		p.active = t.active(of.order, &p.situation)
		if last := len(periods) - 1; last >= 0 && periods[last].state == p.state && maps.Equal(periods[last].active, p.active) {
			periods[last].join(&p)
			continue
		}
		periods = append(periods, p)
	}
	return periods
}

// join lengthens a period by the one after it. What was not reported in both is not reported.
func (p *period) join(next *period) {
	p.to = next.to
	p.situation.current = p.situation.current.join(next.situation.current)
	p.situation.power = p.situation.power.join(next.situation.power)
}

func (b bounds) join(c bounds) bounds {
	if b.least == nil || c.least == nil {
		return bounds{}
	}
	least, greatest := b.least.Min(*c.least), b.greatest.Max(*c.greatest)
	return bounds{&least, &greatest}
}

// state returns the state at a moment; a phase without spans has none.
func (p *phase) state(at time.Time) rating.State {
	i := sort.Search(len(p.spans), func(i int) bool { return p.spans[i].From.After(at) })
	if i == 0 {
		return ""
	}
	return p.spans[i-1].State
}

// instants returns, in order and each once, moment 0 and all moments before length at which anything that a
// restriction asks for, or the state, may become another.
func (c calendar) instants(length exact.Number, t *tariff, of *phase) []exact.Number {
	instants := []exact.Number{{}}
	for _, span := range of.spans {
		instants = append(instants, c.moment(span.From))
	}
	for _, series := range []series{of.current, of.power} {
		for _, reading := range series {
			instants = append(instants, reading.at)
		}
	}
	minutes := map[int]bool{0: true} // at midnight the calendar turns
	began := of.energy.register(exact.Number{})
	for _, i := range slices.Concat(slices.Collect(maps.Values(of.order))...) {
		r := &t.rules[i]
		minutes[r.window.start], minutes[r.window.end] = true, true
		for _, edge := range []*exact.Number{r.duration.min, r.duration.max} {
			if edge != nil {
				instants = append(instants, *edge)
			}
		}
		for _, threshold := range []*exact.Number{r.kWh.min, r.kWh.max} {
			if threshold == nil {
				continue
			}
			if reached, ok := of.energy.reaches(began.Add(*threshold)); ok {
				instants = append(instants, reached)
			}
		}
	}
	instants = append(instants, c.edges(length, slices.Collect(maps.Keys(minutes)))...)
	return inside(instants, length)
}

// inside returns what lies from 0 on and before length (0 always), in order, each once.
func inside(moments []exact.Number, length exact.Number) []exact.Number {
	moments = slices.DeleteFunc(moments, func(m exact.Number) bool {
		return m.Sign() < 0 || m.Sign() > 0 && m.Cmp(length) >= 0
	})
	slices.SortFunc(moments, exact.Number.Cmp)
	return slices.CompactFunc(moments, exact.Number.Equal)
}

// splits tells the periods.
func (s *session) splits(periods []period) []rating.Split {
	splits := make([]rating.Split, len(periods))
	for i, p := range periods {
		splits[i] = rating.Split{
			Start: s.calendar.after(p.from).UTC(), End: s.calendar.after(p.to).UTC(),
			Energy: p.energy, Charging: p.charging, Parking: p.parking,
			MinCurrent: p.situation.current.least, MaxCurrent: p.situation.current.greatest,
			MinPower: p.situation.power.least, MaxPower: p.situation.power.greatest,
			Interpolated: s.energy.stretch(p.from).Sign() > 0 || s.energy.stretch(p.to).Sign() > 0,
		}
	}
	return splits
}

// flags tells what a person should know of the periods.
func (s *session) flags(periods []period) []rating.Flag {
	var flags []rating.Flag
	var gapMost exact.Number
	if timeline := s.question.Session.Timeline; timeline != nil {
		gapMost = seconds(timeline.GapMost.Duration())
	}
	order, billed := s.tariff.order(rating.ReservedNot), false // FLAT
	for i, p := range periods {
		at := s.calendar.after(p.from).UTC()
		if i > 0 && gapMost.Sign() > 0 && s.energy.stretch(p.from).Cmp(gapMost) > 0 {
			flags = append(flags, rating.Flag{Code: rating.FlagGap, At: at})
		}
		if slices.ContainsFunc(dimensions(), func(dimension rating.Dimension) bool {
			asked := p.volume(dimension).Sign() > 0 && !(dimension == rating.Flat && billed)
			return asked && s.tariff.passedOver(order[dimension], &p.situation)
		}) {
			flags = append(flags, rating.Flag{Code: rating.FlagUnreported, At: at})
		}
		if _, active := p.active[rating.Flat]; active {
			billed = true
		}
	}
	return flags
}

func tooMany(pointer string, most int) error {
	return fault.InvalidField(pointer, "too_many", "has more than "+strconv.Itoa(most))
}

// kilo turns thousandths into whole ones: mA into A, W into kW.
func kilo[N ~int64](thousandths N) exact.Number {
	return exact.Int(int64(thousandths)).Quo(exact.Int(1_000))
}

// kiloWattHours turns mWh into kWh.
func kiloWattHours(e unit.MilliWattHour) exact.Number {
	return exact.Int(int64(e)).Quo(exact.Int(1_000_000))
}
