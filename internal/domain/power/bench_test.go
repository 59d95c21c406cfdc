package power_test

import (
	"fmt"
	"testing"

	"pylon/internal/domain/power"
	"pylon/internal/kernel/unit"
)

// depot is a site of n three-phase outlets, ten to a panel, ten panels to a feeder.
func depot(n int) *power.Site {
	s := &power.Site{Nodes: []power.Node{panel("grid", "", min(unit.MilliAmpere(n)*5000, 10_000_000))}}
	for i := range n {
		feeder, box := power.NodeID(fmt.Sprintf("F%d", i/100)), power.NodeID(fmt.Sprintf("P%d", i/10))
		if i%100 == 0 {
			s.Nodes = append(s.Nodes, panel(feeder, "grid", 800_000))
		}
		if i%10 == 0 {
			s.Nodes = append(s.Nodes, panel(box, feeder, 125_000))
		}
		s.Outlets = append(s.Outlets, outlet(power.OutletID(fmt.Sprintf("E%d", i)), box))
	}
	return s
}

func BenchmarkSite(b *testing.B) {
	for _, n := range []int{60, 10_000} {
		s := depot(n)
		c := compile(b, s, nil)
		in := c.At(noon(), nil)
		decided := make([]power.Given, n)
		for i := range decided {
			decided[i] = power.Given{Current: min(5000, 10_000_000/unit.MilliAmpere(n)), Wants: 32_000, Order: i + 1}
		}
		for _, k := range []struct {
			name string
			run  func()
		}{
			{"Compile", func() { compile(b, s, nil) }},
			{"At", func() { c.At(noon(), nil) }},
			{"Explain", func() { c.Explain(&power.Decision{At: noon(), In: in, Given: decided, Grain: 1000}) }},
			{"Fallbacks", func() { c.Fallbacks(in, indices(n)) }},
			{"Silence", func() { c.Silence(in, noon(), make([]power.Promise, n)) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", k.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					k.run()
				}
			})
		}
	}
}
