package running_test

import (
	"testing"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// charged gives the session a reading every five minutes.
func (w *world) charged(readings int) {
	w.s.StartedAt = now().Add(-time.Duration(readings) * 5 * time.Minute)
	w.s.Begin.At = w.s.StartedAt
	for i := range readings {
		at := w.s.StartedAt.Add(time.Duration(i+1) * 5 * time.Minute)
		w.s.Energy = unit.WattHour((i + 1) * 500).Milli()
		w.s.Last = session.Register{Known: true, Energy: w.s.Begin.Energy + w.s.Energy, At: at}
		w.frames = append(w.frames, meter.Frame{
			Station: w.s.Station, Session: w.s.ID, Number: int64(i + 1), OccurredAt: at, ReceivedAt: at, SeqNo: -1,
			Samples: []meter.Sample{
				{Measurand: meter.EnergyImportRegister, Unit: "Wh", Value: decimal.FromInt(int64(w.s.Last.Energy), 3)},
				{Measurand: meter.PowerImport, Unit: "W", Value: decimal.FromInt(6000, 0)},
			},
		})
	}
}

// BenchmarkCost reckons what a session of 200 readings costs, without the database.
func BenchmarkCost(b *testing.B) {
	w := newWorld(b)
	w.charged(200)
	b.ReportAllocs()
	for b.Loop() {
		if c, err := w.service.Of(b.Context(), org, ses); err != nil || c.Total == 0 {
			b.Fatal(c, err)
		}
	}
}

// BenchmarkScreen does the same for the answer to a station.
func BenchmarkScreen(b *testing.B) {
	w, d := newWorld(b), newDisplay()
	w.terms.Priced.Elements = append(w.terms.Priced.Elements, rating.Element{Components: []rating.Component{component(b, rating.Time, "1.20")}})
	w.charged(200)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := w.service.Answer(b.Context(), d, org, ses, true); !ok {
			b.Fatal("no cost")
		}
	}
}

// BenchmarkChanged is what a report of a station costs whose session nothing prices.
func BenchmarkChanged(b *testing.B) {
	w, d := newWorld(b), newDisplay()
	w.priced = false
	if _, ok := w.service.Words(b.Context(), d, session.View{Session: w.s}); ok {
		b.Fatal("it is priced")
	}
	s := w.s
	b.ReportAllocs()
	for b.Loop() {
		w.service.Changed(d, &s, true)
	}
}
