package plain_test

import (
	"testing"
	"time"

	"pylon/internal/domain/tariff/plain"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// BenchmarkRate prices a session of 200 periods: four hours and ten minutes, read each minute, of a
// tariff that changes its price each quarter of an hour and with the power.
func BenchmarkRate(b *testing.B) {
	start := time.Date(2024, 1, 15, 8, 0, 0, 0, time.UTC)
	const minutes, quarters = 250, 20
	power := decimal.FromInt(11, 0)
	q := &rating.Question{Zone: "Europe/Berlin", Tariff: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo}}
	for i := range 2 * quarters {
		from := start.Add(time.Duration(i/2*15)*time.Minute + time.Hour)
		e := rating.Element{
			Components:   []rating.Component{{Dimension: rating.Energy, Price: decimal.FromInt(int64(300+i), 3), StepSize: 1}},
			Restrictions: rating.Restrictions{StartTime: from.Format("15:04"), EndTime: from.Add(15 * time.Minute).Format("15:04")},
		}
		if i%2 == 0 {
			e.Restrictions.MinPower = &power
		}
		q.Tariff.Elements = append(q.Tariff.Elements, e)
	}
	q.Session = rating.Session{Start: start, End: start.Add(minutes * time.Minute), Timeline: &rating.Timeline{
		Spans: []rating.Span{{State: rating.Charging, From: start, To: start.Add(minutes * time.Minute)}},
	}}
	for i := range minutes + 1 {
		energy, watts := unit.MilliWattHour(i*183_333), unit.Watt(7_000+i%5/3*5_000)
		q.Session.Timeline.Readings = append(q.Session.Timeline.Readings, rating.Reading{At: start.Add(time.Duration(i) * time.Minute), Energy: &energy, Power: &watts})
	}
	periods := 0
	for b.Loop() {
		a, err := plain.Rate(q)
		if err != nil {
			b.Fatal(err)
		}
		periods = len(a.Periods)
	}
	b.ReportMetric(float64(periods), "periods")
}
