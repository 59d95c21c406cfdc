package running

import (
	"slices"
	"strings"
	"time"

	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// horizon is how far we look for a change of prices: what comes after a day is told
// by then.
const horizon = 24 * time.Hour

// pricePlaces is how exact prices are told: OCPP 2.1 has as many digits for a price
// per minute.
const pricePlaces = 6

// outlook finds what a running session is priced by now, and when that changes if it
// goes on charging as it does. It is no second way to price: it asks the rater about
// sessions that only exist to be asked about.
type outlook struct {
	ask   func(*rating.Question) (*rating.Answer, error)
	by    *tariff.Snapshot
	extra []rating.Adjustment // that have a price of their own
	grace time.Duration
	of    *session.Session
	at    time.Time
}

// outlook returns nil prices when the rater does not answer.
func (s *Service) outlook(c *Cost) (*screen.Prices, *screen.Change) {
	o := &outlook{ask: s.Rate, by: c.by, of: &c.view.Session, at: c.AsOf}
	for _, a := range c.adjusted {
		if a.Idle != nil {
			idle := *a.Idle
			idle.Grace, idle.Most = 0, nil
			a.Idle = &idle
			o.grace = c.graceOf()
		}
		if a.Idle != nil || a.Spot != nil {
			o.extra = append(o.extra, a)
		}
	}
	now, ok := o.prices(o.at, o.of.Energy)
	if !ok {
		return nil, nil
	}
	then, ok := o.change()
	if !ok {
		return now, nil
	}
	next, ok := o.prices(then, o.of.Energy+o.of.PowerW.Over(then.Sub(o.at)))
	if !ok || next.Same(now) {
		return now, nil
	}
	return now, &screen.Change{At: then, Prices: *next}
}

// graceOf returns how long the tariff lets a car stand before its idle fee begins.
func (c *Cost) graceOf() time.Duration {
	for i := range c.adjusted {
		if idle := c.adjusted[i].Idle; idle != nil {
			return idle.Grace.Duration()
		}
	}
	return 0
}

// sample is how much of each dimension is asked about: an hour, in which nothing but
// its beginning counts, and more energy than any session has, so that the line that
// has it is told from others.
const (
	sampleKWh   = 1_000_000
	secondsHour = 3600
)

// prices asks about a session that had so much energy by a moment, and has the
// sample from then on: the last line of each dimension has the price that holds then.
func (o *outlook) prices(at time.Time, energy unit.MilliWattHour) (*screen.Prices, bool) {
	const kilowattHour = 6 // as the power of ten of milliwatt-hours
	before, much, hour := decimal.FromInt(int64(energy), kilowattHour), decimal.FromInt(sampleKWh, 0), decimal.FromInt(secondsHour, 0)
	power := decimal.FromInt(int64(o.of.PowerW), 3)
	sample := rating.Period{Start: at, Energy: &much, Charging: &hour, Parking: &hour}
	if o.of.PowerW > 0 {
		sample.MinPower, sample.MaxPower = &power, &power
	}
	asked := rating.Session{Start: o.of.StartedAt, End: at.Add(time.Second), Periods: []rating.Period{sample}}
	if at.After(o.of.StartedAt) {
		asked.Periods = []rating.Period{{Start: o.of.StartedAt, Energy: &before}, sample}
	} else {
		asked.Start = at
	}
	a, err := o.ask(o.question(asked))
	if err != nil {
		return nil, false
	}
	p := new(screen.Prices)
	for i := range a.Lines {
		l := &a.Lines[i]
		switch {
		case l.Sum.Incl == nil, l.Quantity.Sign() == 0:
		case l.Dimension == rating.Energy && l.Quantity.Cmp(exact.Int(sampleKWh)) >= 0:
			p.Energy = per(l, 1)
		case l.Dimension == rating.Time:
			p.Time = per(l, secondsHour)
		case l.Dimension == rating.ParkingTime:
			p.Parking = per(l, secondsHour)
		}
	}
	return p, o.fees(p, at)
}

// question asks about a session without steps and limits: a single unit is priced.
func (o *outlook) question(s rating.Session, extra ...rating.Adjustment) *rating.Question {
	t := o.by.Terms.Priced
	t.MinPrice, t.MaxPrice = rating.Limit{}, rating.Limit{}
	t.Elements = slices.Clone(t.Elements)
	for i := range t.Elements {
		t.Elements[i].Components = slices.Clone(t.Elements[i].Components)
		for j := range t.Elements[i].Components {
			t.Elements[i].Components[j].StepSize = 1
		}
	}
	return &rating.Question{Tariff: t, Zone: o.by.Zone, DefaultVAT: o.by.Terms.DefaultVAT, Session: s, Adjustments: extra}
}

// per returns what a line comes to for so many of its units.
func per(l *rating.Line, units int64) *decimal.Decimal {
	return plus(nil, l.Sum.Incl.Mul(exact.Int(units)).Quo(l.Quantity))
}

// fees adds what adjustments ask for at a moment, by asking about a kilowatt-hour
// and a second of parking.
func (o *outlook) fees(p *screen.Prices, at time.Time) bool {
	if len(o.extra) == 0 {
		return true
	}
	one := decimal.FromInt(1, 0)
	a, err := o.ask(o.question(rating.Session{
		Start: at, End: at.Add(time.Second), Periods: []rating.Period{{Start: at, Energy: &one, Parking: &one}},
	}, o.extra...))
	if err != nil {
		return false
	}
	for i := range a.Extras {
		switch l := &a.Extras[i]; {
		case l.Sum.Incl == nil:
		case l.Dimension == rating.Idle:
			p.Parking = plus(p.Parking, l.Sum.Incl.Mul(exact.Int(secondsHour)))
		case l.Dimension == rating.Energy:
			p.Energy = plus(p.Energy, *l.Sum.Incl)
		}
	}
	p.Grace = o.grace
	return true
}

// plus adds to a price that may not be there, and writes it without zeros that say
// nothing.
func plus(p *decimal.Decimal, more exact.Number) *decimal.Decimal {
	if p != nil {
		more = more.Add(exact.Of(*p))
	}
	d, err := money.Digits(more, pricePlaces)
	if err == nil {
		d, err = decimal.Parse(strings.TrimSuffix(strings.TrimRight(d.String(), "0"), ".")) // it has a point
	}
	if err != nil {
		return p
	}
	return &d
}

// change returns the first moment after now at which other prices apply, if the
// session goes on as it does: the rater splits it there.
func (o *outlook) change() (time.Time, bool) {
	start := o.of.StartedAt
	if start.After(o.at) {
		start = o.at
	}
	end := o.at.Add(horizon)
	var zero unit.MilliWattHour
	reached := o.of.Energy
	then := reached + o.of.PowerW.Over(horizon)
	readings := []rating.Reading{{At: o.at, Energy: &reached, Power: &o.of.PowerW}, {At: end, Energy: &then, Power: &o.of.PowerW}}
	if start.Before(o.at) {
		readings = append([]rating.Reading{{At: start, Energy: &zero}}, readings...)
	}
	a, err := o.ask(o.question(rating.Session{Start: start, End: end, Timeline: &rating.Timeline{
		Spans: []rating.Span{{State: rating.Charging, From: start, To: end}}, Readings: readings,
	}}))
	if err != nil {
		return time.Time{}, false
	}
	var next time.Time
	sooner := func(at time.Time) {
		if at.After(o.at) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for i := range a.Periods {
		sooner(a.Periods[i].Start)
	}
	for i := range o.extra {
		if spot := o.extra[i].Spot; spot != nil {
			for _, p := range spot.Points {
				sooner(p.From)
			}
		}
	}
	return next, !next.IsZero()
}
