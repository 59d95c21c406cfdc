package metering

import (
	"slices"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/kernel/unit"
)

// Shown is a value as people are shown it.
type Shown struct {
	Value  int       // its index
	Reason Reason    // [Begin], [End] or [During]
	At     time.Time // zero: not known
	Energy unit.MilliWattHour
}

// Shown returns what people are shown of the values that the certificate is about: a line
// for each, in their order, and two for one that has begin and end in it. What came
// twice is shown once.
func (c *Certificate) Shown(values []Value) []Shown {
	var lines []Shown
	seen := map[meter.SignedValue]bool{}
	for i := range values {
		v := &values[i]
		if seen[v.Carried] {
			continue
		}
		seen[v.Carried] = true
		lines = append(lines, c.show(i, v)...)
	}
	return lines
}

func (c *Certificate) show(i int, v *Value) []Shown {
	if v.Set == nil {
		return []Shown{{Value: i, Reason: reasonOf(v.Context)}}
	}
	var ends []Shown
	rest := Shown{Value: i, Reason: During}
	for n := range v.Set.Readings {
		r := &v.Set.Readings[n]
		_, known := rank(r.Register)
		if r.Value == nil || c.Register != "" && r.Register != c.Register || !known {
			continue
		}
		e, wrong := r.energy()
		if wrong != "" {
			continue
		}
		line := Shown{Value: i, Reason: r.Reason, At: r.At, Energy: e}
		switch {
		case r.Reason != Begin && r.Reason != End:
			rest.At, rest.Energy = line.At, line.Energy
		case !slices.ContainsFunc(ends, func(s Shown) bool { return s.Reason == r.Reason }):
			ends = append(ends, line)
		}
	}
	if len(ends) == 0 {
		ends = append(ends, rest)
	}
	return ends
}

// reasonOf tells what a value is by the context of its sample.
func reasonOf(context string) Reason {
	switch context {
	case meter.ContextBegin:
		return Begin
	case meter.ContextEnd:
		return End
	}
	return During
}
