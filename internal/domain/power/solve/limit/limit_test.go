package limit_test

import (
	"math"
	"testing"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/fault"
)

// delta is the line of a delta transformer: two groups of outlets whose currents are
// 60 degrees apart in it.
func delta(most float64) limit.Row {
	return limit.Row{Name: "line A", Limit: most, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 0.5, Im: math.Sqrt(3) / 2}}}
}

func TestCurrent(t *testing.T) {
	r := delta(100)
	for _, c := range []struct {
		name string
		x    []float64
		want float64
	}{
		{"nobody charges", []float64{0, 0}, 0},
		{"one group", []float64{10, 0}, 10},
		{"the other", []float64{0, 10}, 10},
		{"both, a third of each other's square more", []float64{10, 10}, 10 * math.Sqrt(3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := r.Current(c.x); math.Abs(got-c.want) > 1e-12 {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if r.Plain() {
		t.Error("a line of turned currents passes for a sum")
	}
}

func TestWorst(t *testing.T) {
	sum := limit.Row{Name: "panel", Limit: 40, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 1}}}
	s := limit.Set{Outlets: 2, Rows: []limit.Row{delta(100), sum}}
	for _, c := range []struct {
		name   string
		limits []float64
		row    int
		ratio  float64
	}{
		{"the rows' own limits", nil, 1, 0.5},
		{"those of the step", []float64{10, 40}, 0, math.Sqrt(3)},
		{"nothing may flow", []float64{100, 0}, 1, math.Inf(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			row, ratio := s.Worst([]float64{10, 10}, c.limits)
			if row != c.row || math.Abs(ratio-c.ratio) > 1e-12 && ratio != c.ratio {
				t.Errorf("got row %d at %v, want %d at %v", row, ratio, c.row, c.ratio)
			}
		})
	}
	if row, ratio := (&limit.Set{}).Worst(nil, nil); row != -1 || ratio != 0 {
		t.Errorf("without rows: got %d, %v", row, ratio)
	}
}

func TestCheck(t *testing.T) {
	of := func(most float64, terms ...limit.Term) *limit.Set {
		return &limit.Set{Outlets: 2, Rows: []limit.Row{{Limit: most, Terms: terms}}}
	}
	for _, c := range []struct {
		name string
		set  *limit.Set
		good bool
	}{
		{"a sum", of(1, limit.Term{Outlet: 0, Re: 1}, limit.Term{Outlet: 1, Re: 1}), true},
		{"of nothing", of(0), true},
		{"a limit below 0", of(-1), false},
		{"a limit without end", of(math.Inf(1)), false},
		{"an outlet that is not there", of(1, limit.Term{Outlet: 2, Re: 1}), false},
		{"an outlet twice", of(1, limit.Term{Outlet: 1, Re: 1}, limit.Term{Outlet: 1, Re: 1}), false},
		{"an outlet before the first", of(1, limit.Term{Outlet: -1, Re: 1}), false},
		{"a factor that is none", of(1, limit.Term{Outlet: 0, Re: math.NaN()}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.set.Check(); (err == nil) != c.good || err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want good: %t", err, c.good)
			}
		})
	}
}
