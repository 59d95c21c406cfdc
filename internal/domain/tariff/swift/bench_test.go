package swift_test

import (
	"fmt"
	"testing"
	"time"

	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// dayTariff has a start fee, two prices of energy by the clock, a dearer one above a power, time and parking after an hour.
func dayTariff() rating.Tariff {
	return rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo, Elements: []rating.Element{
		{Components: []rating.Component{{Dimension: rating.Flat, Price: dec("0.50"), VAT: new(dec("19"))}}},
		{
			Components:   []rating.Component{{Dimension: rating.Energy, Price: dec("0.29"), VAT: new(dec("19")), StepSize: 1}},
			Restrictions: rating.Restrictions{StartTime: "22:00", EndTime: "06:00"},
		},
		{Components: []rating.Component{{Dimension: rating.Energy, Price: dec("0.45"), VAT: new(dec("19")), StepSize: 1}}},
		{
			Components:   []rating.Component{{Dimension: rating.ParkingTime, Price: dec("6"), VAT: new(dec("7")), StepSize: 60}},
			Restrictions: rating.Restrictions{MinDuration: new(int64(3600)), Days: []time.Weekday{1, 2, 3, 4, 5}},
		},
	}}
}

// splitSession has n periods of five minutes, the last tenth parking.
func splitSession(n int) rating.Session {
	s := rating.Session{Start: instant("2026-03-02T17:00:00Z")}
	for i := range n {
		p := rating.Period{Start: s.Start.Add(time.Duration(i) * 5 * time.Minute)}
		if i < n*9/10 {
			p.Energy, p.Charging = new(dec(fmt.Sprintf("0.%03d", 400+i%100))), new(dec("300"))
		} else {
			p.Parking = new(dec("300"))
		}
		s.Periods = append(s.Periods, p)
	}
	s.End = s.Start.Add(time.Duration(n) * 5 * time.Minute)
	return s
}

// readSession has n readings of all three, five minutes apart, and parks at the end.
func readSession(n int) rating.Session {
	s := rating.Session{Start: instant("2026-03-02T17:00:13Z"), Timeline: &rating.Timeline{}}
	at := func(i int) time.Time { return s.Start.Add(time.Duration(i) * 5 * time.Minute) }
	for i := range n {
		s.Timeline.Readings = append(s.Timeline.Readings, rating.Reading{
			At: at(i), Energy: new(unit.MilliWattHour(1_000_000_000 + 412_345*min(i, n*9/10))),
			Current: new(unit.MilliAmpere(16_000)), Power: new(unit.Watt(11_000)),
		})
	}
	s.End = at(n - 1)
	parks := at(n * 9 / 10)
	s.Timeline.Spans = []rating.Span{{State: rating.Charging, From: s.Start, To: parks}, {State: rating.Parking, From: parks, To: s.End}}
	return s
}

func BenchmarkRate200Periods(b *testing.B) {
	q := rating.Question{Tariff: dayTariff(), Zone: "Europe/Berlin", Session: splitSession(200)}
	bench(b, func() (*rating.Answer, error) { return swift.Rate(&q) })
}

func BenchmarkExplain200Periods(b *testing.B) {
	q := rating.Question{Tariff: dayTariff(), Zone: "Europe/Berlin", Session: splitSession(200)}
	bench(b, func() (*rating.Answer, error) { return swift.Explain(&q) })
}

func BenchmarkCompiled200Periods(b *testing.B) { compiled(b, splitSession(200)) }

func BenchmarkCompiled5Periods(b *testing.B) { compiled(b, splitSession(5)) }

func BenchmarkCompiledTimeline30Readings(b *testing.B) { compiled(b, readSession(30)) }

func BenchmarkCompiledTimeline200Readings(b *testing.B) { compiled(b, readSession(200)) }

func BenchmarkSpotTimeline200Readings(b *testing.B) {
	s := readSession(200)
	spot := rating.Spot{Until: s.Start.Add(48 * time.Hour), Fallback: dec("0.40")}
	for i := range 192 {
		spot.Points = append(spot.Points, rating.Point{From: s.Start.Truncate(time.Hour).Add(time.Duration(i) * 15 * time.Minute), Value: dec("0.08412")})
	}
	compiled(b, s, rating.Adjustment{ID: "spot", VAT: new(dec("19")), Spot: &spot})
}

func compiled(b *testing.B, s rating.Session, adjustments ...rating.Adjustment) {
	b.Helper()
	tariff := dayTariff()
	c, err := swift.Compile(&tariff, "Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	q := rating.Question{Session: s, Adjustments: adjustments}
	bench(b, func() (*rating.Answer, error) { return c.Rate(&q) })
}

func bench(b *testing.B, rate func() (*rating.Answer, error)) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if a, err := rate(); err != nil || a.Invoice.Total == 0 {
			b.Fatal(a, err)
		}
	}
}

func dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}
