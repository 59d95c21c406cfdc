package rating_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/roaming"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/kernel/unit"
)

// An operator makes a CDR of what he has measured, and a provider reckons it anew from
// what the CDR tells. Here both are ours.

// shortened makes what a CDR can tell of a number: four digits.
func shortened(d *decimal.Decimal) *decimal.Decimal {
	if d == nil {
		return nil
	}
	short, err := money.Digits(exact.Of(*d), 4)
	if err != nil {
		return d
	}
	return &short
}

func moment(t time.Time) time.Time { return t.Truncate(time.Millisecond) }

// tellable makes of a question one whose tariff and session a CDR can tell. What is
// between a provider and his driver is no part of it.
func tellable(q *rating.Question) {
	q.Adjustments, q.DefaultVAT = nil, shortened(q.DefaultVAT)
	t := &q.Tariff
	t.MinPrice, t.MaxPrice = rating.Limit{Excl: shortened(t.MinPrice.Excl), Incl: shortened(t.MinPrice.Incl)}, rating.Limit{Excl: shortened(t.MaxPrice.Excl), Incl: shortened(t.MaxPrice.Incl)}
	for i := range t.Elements {
		e := &t.Elements[i]
		for j := range e.Components {
			c := &e.Components[j]
			c.Price, c.VAT = *shortened(&c.Price), shortened(c.VAT)
		}
		r := &e.Restrictions
		for _, d := range []**decimal.Decimal{&r.MinKWh, &r.MaxKWh, &r.MinCurrent, &r.MaxCurrent, &r.MinPower, &r.MaxPower} {
			*d = shortened(*d)
		}
	}
	s := &q.Session
	s.Start, s.End = moment(s.Start), moment(s.End)
	if s.Reservation != nil {
		s.Reservation.Start, s.Reservation.End = moment(s.Reservation.Start), moment(s.Reservation.End)
		if !s.Reservation.Expired { // it ends when the session begins: of a hole between the two a CDR tells no more than four digits of an hour
			s.Reservation.End = s.Start
		}
	}
	for i := range s.Periods {
		p := &s.Periods[i]
		p.Start, p.Energy = moment(p.Start), shortened(p.Energy)
	}
	for i := range s.Periods { // by the clock, as stations tell of it
		p, end := &s.Periods[i], s.End
		if i+1 < len(s.Periods) {
			end = s.Periods[i+1].Start
		}
		long := new(decimal.FromInt(int64(end.Sub(p.Start)), 9))
		switch {
		case p.Parking != nil && p.Charging == nil:
			p.Parking = long
		default:
			p.Charging, p.Parking = long, nil
		}
	}
	if s.Timeline == nil {
		return
	}
	for i := range s.Timeline.Spans {
		s.Timeline.Spans[i].From, s.Timeline.Spans[i].To = moment(s.Timeline.Spans[i].From), moment(s.Timeline.Spans[i].To)
	}
	for i := range s.Timeline.Readings {
		r := &s.Timeline.Readings[i]
		r.At = moment(r.At)
		if r.Energy != nil {
			*r.Energy -= *r.Energy % unit.WattHour(1).Milli()
		}
	}
}

// whole reports whether a CDR tells the periods of an answer as they are.
func whole(a *rating.Answer) bool {
	for i := range a.Periods {
		p := &a.Periods[i]
		energy, err := money.Digits(p.Energy, 4)
		if err != nil || !exact.Of(energy).Equal(p.Energy) || !moment(p.Start).Equal(p.Start) || !moment(p.End).Equal(p.End) {
			return false
		}
		long := exact.Fraction(int64(p.End.Sub(p.Start)), int64(time.Second))
		for _, part := range []exact.Number{p.Charging, p.Parking} {
			if part.Sign() != 0 && !part.Equal(long) {
				return false
			}
		}
		for _, n := range []*exact.Number{p.MinCurrent, p.MaxCurrent, p.MinPower, p.MaxPower} {
			if n == nil {
				continue
			}
			if d, err := money.Digits(*n, 4); err != nil || !exact.Of(d).Equal(*n) {
				return false
			}
		}
	}
	return true
}

// record makes the CDR of an answer; nil when there is none.
func record(q *rating.Question, a *rating.Answer) *trade.CDR {
	made, err := roaming.NewCDR(&roaming.Facts{
		Party: trade.Party{CountryCode: "NL", ID: "PYL"}, ID: "cdr", Session: "ses", Tariff: trade.Tariff{ID: "trf"}, At: q.Session.End,
	}, q, a)
	if err != nil {
		return nil // a total before taxes that nobody knows
	}
	return made
}

// PROP-12: our provider comes to our operator's costs, to the last digit, and accepts
// his CDR; whichever of the raters each of them has.
func TestProperty12ProviderAgrees(t *testing.T) {
	agreed := 0
	rapid.Check(t, func(t *rapid.T) {
		q := draw(t)
		tellable(q)
		a, err := swift.Rate(q)
		if err != nil {
			return // what was shortened is no session any more
		}
		c := record(q, a)
		if c == nil || !whole(a) {
			return
		}
		ours, err := roaming.Recompute(c, q.Zone, plain.Rate)
		if err != nil {
			t.Fatalf("recompute: %v", err)
		}
		agreed++
		sameCosts(t, c, ours)
		j := roaming.Judge(c, ours, decimal.Decimal{})
		if len(j.Apart) > 0 || j.Verdict != roaming.Accept && len(j.Doubts) == 0 { // some draw more energy than there is
			t.Errorf("got %+v, want it accepted", j)
		}
	})
	if agreed < 20 {
		t.Errorf("%d CDRs were compared: too few to say anything", agreed)
	}
}

// sameCosts holds all costs of two CDRs against one another.
func sameCosts(t *rapid.T, theirs, ours *trade.CDR) {
	t.Helper()
	for name, costs := range map[string][2]*trade.Price{
		"total": {&theirs.Total, &ours.Total}, "fixed": {theirs.FixedCost, ours.FixedCost}, "energy": {theirs.EnergyCost, ours.EnergyCost},
		"time": {theirs.TimeCost, ours.TimeCost}, "parking": {theirs.ParkingCost, ours.ParkingCost}, "reservation": {theirs.ReservationCost, ours.ReservationCost},
	} {
		if got, want := cost(costs[1]), cost(costs[0]); got != want {
			t.Errorf("%s: we come to %s, they to %s", name, got, want)
		}
	}
}

func cost(p *trade.Price) string {
	switch {
	case p == nil:
		return "none"
	case p.Incl == nil:
		return p.Excl.String()
	}
	return p.Excl.String() + " and " + p.Incl.String()
}

// PROP-12: a day at a station: energy in watt-hours, seconds, a tariff as they are, and prices that change between two
// readings. What is split there is finer than a CDR tells: the provider may come to a minor unit more or less, and accepts it.
func TestProperty12BetweenReadings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := ordinary(t)
		a, err := swift.Rate(q)
		if err != nil {
			t.Fatal(err)
		}
		c := record(q, a)
		ours, err := roaming.Recompute(c, q.Zone, plain.Rate)
		if err != nil {
			t.Fatalf("recompute: %v", err)
		}
		if j := roaming.Judge(c, ours, decimal.Decimal{}); j.Verdict != roaming.Accept {
			t.Errorf("got %+v, want it accepted\n%+v\n%+v", j, c, ours)
		}
	})
}

// ordinary draws a session with readings of watt-hours each quarter of an hour or so, by a tariff with prices by time of
// day, energy and duration.
func ordinary(t *rapid.T) *rating.Question {
	price := func(dimension rating.Dimension, most int64) rating.Component {
		return rating.Component{Dimension: dimension, Price: decimal.FromInt(rapid.Int64Range(0, most).Draw(t, "price"), 4), VAT: new(decimal.FromInt(19, 0)), StepSize: 1}
	}
	q := &rating.Question{Zone: "Europe/Berlin", Tariff: rating.Tariff{Currency: "EUR", TaxIncluded: rapid.SampledFrom([]rating.TaxIncluded{rating.TaxNo, rating.TaxYes}).Draw(t, "basis")}}
	first := rating.Element{Components: []rating.Component{price(rating.Energy, 8000), price(rating.Time, 60000)}}
	switch rapid.IntRange(0, 2).Draw(t, "restricted") {
	case 0:
		first.Restrictions.MaxKWh = new(decimal.FromInt(rapid.Int64Range(1, 200).Draw(t, "kWh"), 1))
	case 1:
		first.Restrictions.StartTime, first.Restrictions.EndTime = "08:00", "18:30"
	case 2:
		first.Restrictions.MaxDuration = new(rapid.Int64Range(60, 20_000).Draw(t, "seconds"))
	}
	q.Tariff.Elements = []rating.Element{first, {Components: []rating.Component{price(rating.Energy, 8000), price(rating.ParkingTime, 120_000), price(rating.Flat, 20_000)}}}
	start := time.Date(2026, 5, 4, rapid.IntRange(0, 23).Draw(t, "hour"), 0, rapid.IntRange(0, 59).Draw(t, "second"), 0, time.UTC)
	at, register := start, unit.MilliWattHour(0)
	line := &rating.Timeline{}
	for range rapid.IntRange(1, 12).Draw(t, "stretches") {
		until := at.Add(time.Duration(rapid.IntRange(1, 1800).Draw(t, "long")) * time.Second)
		state := rapid.SampledFrom([]rating.State{rating.Charging, rating.Charging, rating.Charging, rating.Parking, rating.Paused}).Draw(t, "state")
		line.Readings = append(line.Readings, rating.Reading{At: at, Energy: new(register)})
		if state == rating.Charging {
			register += unit.WattHour(rapid.IntRange(0, 20_000).Draw(t, "Wh")).Milli()
		}
		line.Spans = append(line.Spans, rating.Span{State: state, From: at, To: until})
		at = until
	}
	line.Readings = append(line.Readings, rating.Reading{At: at, Energy: new(register)})
	q.Session = rating.Session{Start: start, End: at, Timeline: line}
	return q
}
