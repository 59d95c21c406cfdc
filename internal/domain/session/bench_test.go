package session

import (
	"testing"

	"pylon/internal/domain/meter"
)

// BenchmarkDecide is the usual report: meter values of a running session.
func BenchmarkDecide(b *testing.B) {
	w := newWorld(b)
	w.report(event2(Started, 0, 0, by("A"), wh(1000), in(StateCharging)))
	current := func(phase string) with { return reg(1, "16.1", "A", measurand("Current.Import"), on(phase)) }
	r := event2(Updated, 1, 1, reg(1, "1.2345", "kWh", measurand(meter.EnergyImportRegister)), watts(11000),
		current("L1"), current("L2"), current("L3"), trigger("MeterValuePeriodic"), in(StateCharging)).Seal()
	k := w.know(&r)
	b.ReportAllocs()
	for b.Loop() {
		if out := Decide(k, r); !out.Progress {
			b.Fatal("not the usual report")
		}
	}
}

// BenchmarkSeal is the digest of the same report.
func BenchmarkSeal(b *testing.B) {
	r := event2(Updated, 1, 1, wh(1200), watts(11000), trigger("MeterValuePeriodic"))
	b.ReportAllocs()
	for b.Loop() {
		if len(r.Seal().Digest) != digestSize {
			b.Fatal("no digest")
		}
	}
}

// BenchmarkDecideStart is a 1.6 start.
func BenchmarkDecideStart(b *testing.B) {
	w := newWorld(b)
	r := start16(1, 0, "A", 1000).Seal()
	k := w.know(&r)
	b.ReportAllocs()
	for b.Loop() {
		if out := Decide(k, r); out.LastTransaction != 1 {
			b.Fatal("not a start")
		}
	}
}
