package rating_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// law checks something of each rater's answers to drawn questions.
func law(t *testing.T, holds func(*rapid.T, rater)) {
	for _, r := range raters() {
		t.Run(r.name, func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { holds(t, r) }) })
	}
}

func (r rater) must(t *rapid.T, q *rating.Question) *rating.Answer {
	a, err := r.rate(q)
	if err != nil {
		t.Fatalf("%v\n%s", err, written(q))
	}
	return a
}

// same fails unless both answers are one.
func same(t *rapid.T, q *rating.Question, got, want *rating.Answer) {
	if found := rating.Differ(got, want); len(found) > 0 {
		t.Fatalf("%s\n%s", strings.Join(found, "\n"), written(q))
	}
}

// PROP-8: the answer depends on nothing but the question: not on who asked before, nor on the zone in which times are written.
func TestSameQuestionSameAnswer(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		before := written(q)
		first := r.must(t, q)
		same(t, q, r.must(t, q), first)
		if after := written(q); after != before {
			t.Fatalf("the question was changed:\n%s\n%s", before, after)
		}
		elsewhere := time.FixedZone("", -11*3600-1800)
		moved := *q
		s := &moved.Session
		s.Start, s.End = s.Start.In(elsewhere), s.End.In(elsewhere)
		if s.Timeline != nil {
			timeline := *s.Timeline
			timeline.Spans = nil
			for _, span := range s.Timeline.Spans {
				timeline.Spans = append(timeline.Spans, rating.Span{State: span.State, From: span.From.In(elsewhere), To: span.To.In(elsewhere)})
			}
			s.Timeline = &timeline
		}
		same(t, q, r.must(t, &moved), first)
	})
}

// PROP-8: telling a state in two spans instead of one changes nothing.
func TestSpanInTwo(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		if q.Session.Timeline == nil || q.Session.End.Equal(q.Session.Start) {
			return
		}
		want := r.must(t, q)
		spans := q.Session.Timeline.Spans
		i := rapid.IntRange(0, len(spans)-1).Draw(t, "which")
		middle := spans[i].From.Add(spans[i].To.Sub(spans[i].From) / 3)
		if !middle.After(spans[i].From) {
			return
		}
		two := append([]rating.Span{}, spans[:i]...)
		two = append(two, rating.Span{State: spans[i].State, From: spans[i].From, To: middle}, rating.Span{State: spans[i].State, From: middle, To: spans[i].To})
		timeline := *q.Session.Timeline
		timeline.Spans = append(two, spans[i+1:]...)
		q.Session.Timeline = &timeline
		same(t, q, r.must(t, q), want)
	})
}

// PROP-8: the periods that a timeline was split into price as the timeline did, and so they do with any of them cut in two.
func TestPeriodsOfTimeline(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		if q.Session.Timeline == nil {
			return
		}
		q.Adjustments = nil // some depend on when in a period energy flowed, which the periods do not tell any more
		want := r.must(t, q)
		periods, ok := given(want.Periods)
		if !ok {
			return
		}
		again := *q
		again.Session.Timeline, again.Session.Periods = nil, periods
		same(t, &again, bare(r.must(t, &again)), bare(want))

		if slices.ContainsFunc(q.Tariff.Elements, func(e rating.Element) bool { return e.Restrictions.MinKWh != nil || e.Restrictions.MaxKWh != nil }) {
			return // energy that came late in a period does not reach a threshold in its middle, but half of it may
		}
		i := rapid.IntRange(0, len(periods)-1).Draw(t, "which")
		if again.Session.Periods, ok = cut(periods, i, want.Periods[i].End); ok {
			same(t, &again, bare(r.must(t, &again)), bare(want))
		}
	})
}

// bare returns an answer without its periods and what is said of them.
func bare(a *rating.Answer) *rating.Answer {
	b := *a
	b.Periods, b.Flags = nil, nil
	return &b
}

// given turns periods of an answer into those of a question, if their volumes can be written and they last.
func given(splits []rating.Split) (periods []rating.Period, ok bool) {
	ok = true
	write := func(n *exact.Number) *decimal.Decimal {
		if n == nil {
			return nil
		}
		const billion = 1_000_000_000
		p, q := n.Mul(exact.Int(billion)).Ratio()
		if !q.IsInt64() || q.Int64() != 1 || !p.IsInt64() {
			ok = false
			return nil
		}
		d := decimal.FromInt(p.Int64(), 9)
		return &d
	}
	for i := range splits {
		s := &splits[i]
		periods = append(periods, rating.Period{
			Start: s.Start, Energy: write(&s.Energy), Charging: write(&s.Charging), Parking: write(&s.Parking),
			MinCurrent: write(s.MinCurrent), MaxCurrent: write(s.MaxCurrent), MinPower: write(s.MinPower), MaxPower: write(s.MaxPower),
		})
		if i > 0 && !s.Start.After(splits[i-1].Start) {
			ok = false
		}
	}
	return periods, ok
}

// cut divides a period in its middle, if it can be.
func cut(periods []rating.Period, i int, end time.Time) (cut []rating.Period, ok bool) {
	whole := periods[i]
	middle := whole.Start.Add(end.Sub(whole.Start) / 2)
	if !middle.After(whole.Start) {
		return nil, false
	}
	first, second := whole, whole
	second.Start = middle
	ok = true
	for _, volume := range []struct{ first, second **decimal.Decimal }{
		{&first.Energy, &second.Energy}, {&first.Charging, &second.Charging}, {&first.Parking, &second.Parking},
	} {
		n, exactly, err := (*volume.first).Scaled(9)
		if err != nil || !exactly || n == 1 { // a billionth cannot be halved, and nothing must not come first
			return nil, false
		}
		a, b := decimal.FromInt(n/2, 9), decimal.FromInt(n-n/2, 9)
		*volume.first, *volume.second = &a, &b
	}
	cut = append(cut, periods[:i]...)
	cut = append(cut, first, second)
	return append(cut, periods[i+1:]...), ok
}

// PROP-9: a session costs no less than the least price and no more than the greatest.
func TestBetweenLeastAndGreatest(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		if q.Session.Reservation != nil && q.Session.Reservation.Expired {
			return
		}
		a := r.must(t, q)
		for _, side := range []struct {
			total     *exact.Number
			min, max  *decimal.Decimal
			isLimited string
		}{
			{a.Total.Excl, q.Tariff.MinPrice.Excl, q.Tariff.MaxPrice.Excl, "excluding"},
			{a.Total.Incl, q.Tariff.MinPrice.Incl, q.Tariff.MaxPrice.Incl, "including"},
		} {
			if side.total == nil {
				continue
			}
			if q.Tariff.TaxIncluded == rating.TaxNone {
				side.min = nil // it may be above the greatest price of the other side, which has the last word
			}
			if side.min != nil && side.total.Cmp(exact.Of(*side.min)) < 0 || side.max != nil && side.total.Cmp(exact.Of(*side.max)) > 0 {
				t.Fatalf("%s tax: got %s\n%s", side.isLimited, side.total, written(q))
			}
		}
	})
}

// PROP-13: what is due adds up: lines and extras, the invoice's lines and its taxes. No rate of tax is below nothing.
func TestDueAddsUp(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		a := r.must(t, q)
		if a.Invoice == nil {
			return
		}
		i := a.Invoice
		var lines, net, tax int64
		for _, amount := range i.Lines {
			lines += amount
		}
		for _, at := range i.Taxes {
			net, tax = net+at.Taxable, tax+at.Tax
			if at.Taxable < -int64(len(i.Lines)) || at.Tax < -int64(len(i.Lines)) { // each line may be rounded down
				t.Errorf("at %s per cent: got %d and %d", at.Rate, at.Taxable, at.Tax)
			}
		}
		total := net
		if i.Gross {
			total = net + tax
		}
		if len(i.Lines) != len(a.Lines)+len(a.Extras) || lines != total || net != i.Net || tax != i.Tax || net+tax != i.Total {
			t.Fatalf("got %+v\n%s", i, written(q))
		}
	})
}

// Periods follow one another from the start to the end, and hold all energy and all time.
func TestNothingIsLost(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		timeline := q.Session.Timeline
		if timeline == nil {
			return
		}
		a := r.must(t, q)
		var charging, parking time.Duration
		for _, span := range timeline.Spans {
			switch span.State {
			case rating.Charging:
				charging += span.To.Sub(span.From)
			case rating.Parking:
				parking += span.To.Sub(span.From)
			case rating.Paused:
			}
		}
		end := q.Session.Start
		var got [3]exact.Number
		for _, p := range a.Periods {
			if !p.Start.Equal(end) {
				t.Errorf("a period starts at %s, want %s", p.Start, end)
			}
			end = p.End
			got[0], got[1], got[2] = got[0].Add(p.Energy), got[1].Add(p.Charging), got[2].Add(p.Parking)
		}
		want := [3]exact.Number{energy(q), exact.Fraction(charging.Nanoseconds(), 1e9), exact.Fraction(parking.Nanoseconds(), 1e9)}
		if !end.Equal(q.Session.End) || !got[0].Equal(want[0]) || !got[1].Equal(want[1]) || !got[2].Equal(want[2]) {
			t.Fatalf("until %s got %v, want %v\n%s", end, got, want, written(q))
		}
	})
}

// energy adds up what the register rose in the session, reading by reading.
func energy(q *rating.Question) exact.Number {
	var sum exact.Number
	var last *rating.Reading
	for i := range q.Session.Timeline.Readings {
		next := &q.Session.Timeline.Readings[i]
		if next.Energy == nil {
			continue
		}
		if last != nil {
			from, to := last.At, next.At
			if from.Before(q.Session.Start) {
				from = q.Session.Start
			}
			if to.After(q.Session.End) {
				to = q.Session.End
			}
			if from.Before(to) {
				within := exact.Fraction(to.Sub(from).Nanoseconds(), next.At.Sub(last.At).Nanoseconds())
				sum = sum.Add(exact.Fraction(int64(*next.Energy-*last.Energy), 1_000_000).Mul(within))
			}
		}
		last = next
	}
	return sum
}

// PROP-9: what is billed is no less than what was measured, and less than a step more.
func TestBilledWithinStep(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		q.Tariff.Elements = nil
		steps := map[rating.Dimension]int64{}
		for _, dimension := range []rating.Dimension{rating.Energy, rating.Time, rating.ParkingTime} {
			steps[dimension] = rapid.Int64Range(1, 1000).Draw(t, "step")
			q.Tariff.Elements = append(q.Tariff.Elements, rating.Element{
				Components: []rating.Component{{Dimension: dimension, Price: dec("1"), StepSize: steps[dimension]}},
			})
		}
		a := r.must(t, q)
		var energy, charging, parking exact.Number
		for _, p := range a.Periods {
			energy, charging, parking = energy.Add(p.Energy), charging.Add(p.Charging), parking.Add(p.Parking)
		}
		within := func(what string, billed, measured, step exact.Number) {
			if billed.Cmp(measured) < 0 || billed.Cmp(measured.Add(step)) >= 0 {
				t.Fatalf("%s: got %s of %s with steps of %s\n%s", what, billed, measured, step, written(q))
			}
		}
		within("energy", a.Billed.Energy, energy, exact.Fraction(steps[rating.Energy], 1000))
		within("parking", a.Billed.Parking, parking, exact.Int(steps[rating.ParkingTime]))
		if parking.Sign() > 0 {
			within("charging before parking", a.Billed.Charging, charging, exact.Fraction(1, 1_000_000_000_000))
		} else {
			within("charging", a.Billed.Charging, charging, exact.Int(steps[rating.Time]))
		}
	})
}

// smooth makes a tariff that rounds nothing: each step is one, and all volumes are whole.
func smooth(q *rating.Question) {
	for i := range q.Tariff.Elements {
		for j := range q.Tariff.Elements[i].Components {
			q.Tariff.Elements[i].Components[j].StepSize = 1
		}
	}
	q.Session.Start, q.Session.End = q.Session.Start.Truncate(time.Second), q.Session.End.Truncate(time.Second)
}

// PROP-9: more energy is never cheaper when no price depends on energy or power.
func TestMoreEnergyNeverCheaper(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		q.Session.Timeline, q.Adjustments = nil, nil
		if q.Session.Reservation != nil {
			q.Session.Reservation.Expired = false
		}
		for i := range q.Tariff.Elements {
			restrictions := &q.Tariff.Elements[i].Restrictions
			restrictions.MinKWh, restrictions.MaxKWh = nil, nil
		}
		smooth(q)
		q.Session.Periods = []rating.Period{{Start: q.Session.Start}}
		if middle := q.Session.Start.Add(q.Session.End.Sub(q.Session.Start) / 2); middle.After(q.Session.Start) {
			q.Session.Periods = append(q.Session.Periods, rating.Period{Start: middle})
		}
		if q.Session.Reservation != nil && q.Session.Reservation.End.After(q.Session.Start) {
			q.Session.Reservation = nil
		}
		wattHours := rapid.Int64Range(0, 20_000)
		cost := func(add bool) *rating.Answer {
			for i := range q.Session.Periods {
				e := wattHours.Draw(t, "Wh")
				if before := q.Session.Periods[i].Energy; add {
					n, _, _ := before.Scaled(3)
					e += n
				}
				d := decimal.FromInt(e, 3)
				q.Session.Periods[i].Energy = &d
			}
			return r.must(t, q)
		}
		less := cost(false).Total
		more := cost(true).Total
		if less.Excl != nil && more.Excl != nil && more.Excl.Cmp(*less.Excl) < 0 || less.Incl != nil && more.Incl != nil && more.Incl.Cmp(*less.Incl) < 0 {
			t.Fatalf("got %v after %v\n%s", more, less, written(q))
		}
	})
}

// PROP-9: two sessions, one after the other, cost together what one costs, when nothing is rounded and no price depends on what was before.
func TestSessionInTwo(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		q.Adjustments, q.Session.Reservation, q.Session.Periods = nil, nil, nil
		known := dec("20")
		q.DefaultVAT = &known
		q.Tariff.MinPrice, q.Tariff.MaxPrice = rating.Limit{}, rating.Limit{}
		for i := range q.Tariff.Elements {
			e := &q.Tariff.Elements[i]
			e.Restrictions.MinKWh, e.Restrictions.MaxKWh, e.Restrictions.MinDuration, e.Restrictions.MaxDuration = nil, nil, nil, nil
			for j := range e.Components {
				if e.Components[j].Dimension == rating.Flat {
					e.Components[j].Price = decimal.Decimal{}
				}
			}
		}
		smooth(q)
		seconds := int64(q.Session.End.Sub(q.Session.Start) / time.Second)
		if seconds < 2 {
			return
		}
		// A whole number of watt-hours flows each minute, so that wherever the wall clock cuts, whole ones are on either side.
		part := rapid.Int64Range(1, seconds-1).Draw(t, "seconds")
		middle := q.Session.Start.Add(time.Duration(part) * time.Second)
		each := rapid.Int64Range(0, 3).Draw(t, "Wh a second")
		register := func(at time.Time) rating.Reading {
			shown := unit.MilliWattHour(each * 1000 * int64(at.Sub(q.Session.Start)/time.Second))
			return rating.Reading{At: at, Energy: &shown}
		}
		state := rapid.SampledFrom([]rating.State{rating.Charging, rating.Parking, rating.Paused}).Draw(t, "state")
		piece := func(from, to time.Time) *rating.Answer {
			p := *q
			p.Session = rating.Session{Start: from, End: to, Timeline: &rating.Timeline{
				Spans: []rating.Span{{State: state, From: from, To: to}}, Readings: []rating.Reading{register(from), register(to)},
			}}
			return r.must(t, &p)
		}
		whole, first, second := piece(q.Session.Start, q.Session.End), piece(q.Session.Start, middle), piece(middle, q.Session.End)
		if !whole.Total.Excl.Equal(first.Total.Excl.Add(*second.Total.Excl)) || !whole.Total.Incl.Equal(first.Total.Incl.Add(*second.Total.Incl)) {
			t.Fatalf("got %v for both, %v and %v for each\n%s", whole.Total, first.Total, second.Total, written(q))
		}
	})
}
