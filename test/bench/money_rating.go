package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
	"pylon/internal/sim/load"
)

// periodsAsked is how many charging periods the priced session has.
const periodsAsked = 200

// measureRating tells how long one price takes. It needs no database.
func measureRating(ctx context.Context, l *lab) (rows []row, err error) {
	if l.database != l.databases[0] {
		return nil, nil
	}
	l.say("rating")
	given, measured := ofPeriods(), ofReadings()
	asked := []struct {
		name string
		q    *rating.Question
		rate func(*rating.Question) (*rating.Answer, error)
	}{
		{"swift", given, swift.Rate},
		{"swift with every step told", given, swift.Explain},
		{"plain", given, plain.Rate},
		{"swift, from raw readings", measured, swift.Rate},
		{"plain, from raw readings", measured, plain.Rate},
	}
	err = l.profiled(ctx, "rating", func() error {
		for _, a := range asked {
			latencies, periods, err := l.askedAgain(ctx, func() (*rating.Answer, error) { return a.rate(a.q) })
			if err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			rows = append(rows, row{
				figure: figure{name: fmt.Sprintf("price of a session of %d periods, %s", periodsAsked, a.name), unit: "ms", target: 1},
				value:  millis(latencies.At(500)), broken: tooFew(periods),
				detail: fmt.Sprintf("median of %d answers of %d periods: %s; five elements: fee, power, night, day, parking",
					len(latencies), periods, quantiles(latencies)),
			})
		}
		return nil
	})
	return rows, err
}

func tooFew(periods int) string {
	if periods >= periodsAsked {
		return ""
	}
	return fmt.Sprintf("%d periods", periods)
}

// askedAgain asks for a while, and returns how long each answer took.
func (l *lab) askedAgain(ctx context.Context, ask func() (*rating.Answer, error)) (load.Latencies, int, error) {
	var latencies load.Latencies
	periods := 0
	for end := l.clock.Steady().Add(l.size.money.rate); len(latencies) == 0 || l.clock.Steady().Before(end) && ctx.Err() == nil; {
		took, err := l.took(func() error {
			a, err := ask()
			if err == nil {
				periods = len(a.Periods)
			}
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		latencies = append(latencies, took)
	}
	slices.Sort(latencies)
	return latencies, periods, nil
}

// dayTariff has a start fee, energy by clock and power, and parking after an hour.
func dayTariff() rating.Tariff {
	vat, lower, power := decimal.FromInt(19, 0), decimal.FromInt(7, 0), decimal.FromInt(50, 0)
	hour := int64(3600)
	energy := func(cents int64, r rating.Restrictions) rating.Element {
		return rating.Element{
			Components: []rating.Component{{Dimension: rating.Energy, Price: decimal.FromInt(cents, 2), VAT: &vat, StepSize: 1}}, Restrictions: r,
		}
	}
	return rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo, Elements: []rating.Element{
		{Components: []rating.Component{{Dimension: rating.Flat, Price: decimal.FromInt(50, 2), VAT: &vat}}},
		energy(59, rating.Restrictions{MinPower: &power}),
		energy(29, rating.Restrictions{StartTime: "22:00", EndTime: "06:00"}),
		energy(45, rating.Restrictions{}),
		{
			Components:   []rating.Component{{Dimension: rating.ParkingTime, Price: decimal.FromInt(6, 0), VAT: &lower, StepSize: 60}},
			Restrictions: rating.Restrictions{MinDuration: &hour},
		},
	}}
}

// benchDay is when measured sessions begin.
func benchDay() time.Time { return time.Date(2026, 5, 4, 17, 0, 13, 0, time.UTC) }

// ofPeriods asks about a session as a partner tells it: its periods are known.
func ofPeriods() *rating.Question {
	s := rating.Session{Start: benchDay(), End: benchDay().Add(periodsAsked * 5 * time.Minute)}
	seconds, kW := decimal.FromInt(300, 0), decimal.FromInt(11, 0)
	for i := range periodsAsked {
		p := rating.Period{Start: s.Start.Add(time.Duration(i) * 5 * time.Minute), MinPower: &kW, MaxPower: &kW}
		if i < periodsAsked*9/10 {
			p.Energy, p.Charging = new(decimal.FromInt(int64(400+i%100), 3)), &seconds
		} else {
			p.Parking = &seconds
		}
		s.Periods = append(s.Periods, p)
	}
	return &rating.Question{Tariff: dayTariff(), Zone: "Europe/Berlin", Session: s}
}

// ofReadings asks about a session as a station tells it: register and power every
// two minutes, the power now above a threshold and now below, so that it is split
// at each second reading.
func ofReadings() *rating.Question {
	const readings, each = 2*periodsAsked + 1, 2 * time.Minute
	s := rating.Session{Start: benchDay(), End: benchDay().Add((readings - 1) * each)}
	t := &rating.Timeline{Spans: []rating.Span{{State: rating.Charging, From: s.Start, To: s.End}}}
	for i := range readings {
		energy, power := unit.MilliWattHour(1_000_000_000+2_412_345*int64(i)), unit.Watt(40_000)
		if i%4 < 2 { // the least of two neighbours counts
			power = 60_000
		}
		t.Readings = append(t.Readings, rating.Reading{At: s.Start.Add(time.Duration(i) * each), Energy: &energy, Power: &power})
	}
	s.Timeline = t
	return &rating.Question{Tariff: dayTariff(), Zone: "Europe/Berlin", Session: s}
}
