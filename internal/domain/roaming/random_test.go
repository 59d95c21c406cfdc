package roaming_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/roaming"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// number draws a decimal of at most four digits after the point.
func number(t *rapid.T, name string, most int64) *decimal.Decimal {
	scale := rapid.IntRange(0, 4).Draw(t, name+" scale")
	d := decimal.FromInt(rapid.Int64Range(0, most).Draw(t, name), scale)
	return &d
}

// maybe draws a value or nil.
func maybe[T any](t *rapid.T, name string, draw func() *T) *T {
	if rapid.Bool().Draw(t, name+"?") {
		return draw()
	}
	return nil
}

func randomTariff(t *rapid.T) rating.Tariff {
	tariff := rating.Tariff{
		Currency:    "EUR",
		TaxIncluded: rapid.SampledFrom([]rating.TaxIncluded{rating.TaxNo, rating.TaxYes, rating.TaxNone}).Draw(t, "basis"),
	}
	for range rapid.IntRange(1, 4).Draw(t, "elements") {
		tariff.Elements = append(tariff.Elements, randomElement(t))
	}
	limit := rating.Limit{
		Excl: number(t, "limit", 100_000),
		Incl: maybe(t, "limit", func() *decimal.Decimal { return number(t, "limit", 100_000) }),
	}
	switch rapid.IntRange(0, 2).Draw(t, "limited") {
	case 0:
		tariff.MinPrice = limit
	case 1:
		tariff.MaxPrice = limit
	}
	return tariff
}

func randomElement(t *rapid.T) rating.Element {
	var e rating.Element
	dimensions := []rating.Dimension{rating.Flat, rating.Energy, rating.Time, rating.ParkingTime}
	r := &e.Restrictions
	if rapid.IntRange(0, 3).Draw(t, "reserved") == 0 {
		r.Reservation = rapid.SampledFrom([]rating.Reserved{rating.ReservedUsed, rating.ReservedExpired}).Draw(t, "reservation")
		dimensions = []rating.Dimension{rating.Flat, rating.Time}
	}
	rates := []decimal.Decimal{decimal.FromInt(0, 0), decimal.FromInt(7, 0), decimal.FromInt(190, 1), decimal.FromInt(21, 0)}
	for _, dimension := range rapid.SliceOfNDistinct(rapid.SampledFrom(dimensions), 1, len(dimensions), rapid.ID).Draw(t, "dimensions") {
		e.Components = append(e.Components, rating.Component{
			Dimension: dimension,
			Price:     *number(t, "price", 30_000),
			VAT: maybe(t, "vat", func() *decimal.Decimal {
				rate := rapid.SampledFrom(rates).Draw(t, "vat")
				return &rate
			}),
			StepSize: rapid.SampledFrom([]int64{1, 60, 300, 1000}).Draw(t, "step"),
		})
	}
	if rapid.IntRange(0, 2).Draw(t, "restricted") == 0 {
		r.StartTime, r.EndTime = "08:00", rapid.SampledFrom([]string{"", "00:00", "06:30", "20:00"}).Draw(t, "end")
		if day := rapid.IntRange(0, 7).Draw(t, "day"); day < 7 {
			r.Days = []time.Weekday{time.Weekday(day)}
		}
		r.MinKWh = maybe(t, "kwh", func() *decimal.Decimal { return number(t, "kwh", 200) })
	}
	return e
}

func randomSession(t *rapid.T) rating.Session {
	s := rating.Session{Start: time.Date(2024, 3, 30, 22, 0, 0, 0, time.UTC).Add(randomTime(t, "start", 72*time.Hour))}
	if rapid.IntRange(0, 2).Draw(t, "reserved") == 0 {
		s.Reservation = &rating.Reservation{Start: s.Start.Add(-randomTime(t, "reserved", 5*time.Hour)), End: s.Start}
		if rapid.Bool().Draw(t, "expired") {
			s.Reservation.Expired = true
			s.End = s.Start
			return s
		}
	}
	s.End = s.Start
	for range rapid.IntRange(1, 8).Draw(t, "periods") {
		long := time.Second + randomTime(t, "period", 3*time.Hour)
		p := rating.Period{Start: s.End, Energy: maybe(t, "energy", func() *decimal.Decimal { return number(t, "energy", 10) })}
		seconds := decimal.FromInt(long.Milliseconds(), 3)
		switch rapid.IntRange(0, 2).Draw(t, "state") {
		case 0:
			p.Charging = &seconds
		case 1:
			p.Parking = &seconds
		}
		p.MinPower, p.MaxPower = number(t, "least power", 10), number(t, "greatest power", 100)
		s.Periods = append(s.Periods, p)
		s.End = s.End.Add(long)
	}
	return s
}

// randomTime draws a duration in milliseconds.
func randomTime(t *rapid.T, name string, most time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(0, most.Milliseconds()).Draw(t, name)) * time.Millisecond
}

// PROP-11: our CDR → 2.2.1 → 2.3.0 → internal has the same totals, and adds up.
func TestProperty11RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := decimal.FromInt(19, 0)
		q := &rating.Question{Tariff: randomTariff(t), Zone: "Europe/Berlin", DefaultVAT: &rate, Session: randomSession(t)}
		c, _ := cdrOf(t, q)
		back := through(t, c)
		sameTotals(t, back, c)
		if got, want := text(t, throughNewer(t, c)), text(t, c); got != want {
			t.Errorf("2.3.0: got:\n%s\nwant:\n%s", got, want)
		}
		if doubts := roaming.Doubts(c); len(doubts) > 0 {
			t.Errorf("our own CDR does not add up: %v\n%s", doubts, text(t, c))
		}
		energy, hours := exact.Number{}, exact.Number{}
		for _, p := range c.Periods {
			for _, v := range p.Volumes {
				switch v.Dimension {
				case trade.Energy:
					energy = energy.Add(exact.Of(v.Amount))
				case trade.ParkingTime:
					hours = hours.Add(exact.Of(v.Amount))
				}
			}
		}
		if !energy.Equal(exact.Of(c.Energy)) || c.ParkingTime != nil && !hours.Equal(exact.Of(*c.ParkingTime)) {
			t.Errorf("volumes come to %s kWh and %s h of parking: %s", energy, hours, text(t, c))
		}
		credit, err := roaming.Credit(c, c.UpdatedAt)
		if err != nil {
			t.Fatalf("credit: %v", err)
		}
		sameTotals(t, through(t, credit), credit)
		if doubts := roaming.Doubts(credit); len(doubts) > 0 {
			t.Errorf("our own credit does not add up: %v", doubts)
		}
	})
}
