package step

import (
	"testing"

	"pylon/internal/domain/power/solve/limit"
)

// TestStopped does not let the program come to its end: what comes out is less, but within
// all limits, and it says so.
func TestStopped(t *testing.T) {
	set := &limit.Set{Outlets: 4, Rows: []limit.Row{
		{Limit: 40, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 1}, {Outlet: 2, Re: 1}}},
		{Limit: 10, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 3, Re: -1}}},
		{Limit: 30, Terms: []limit.Term{{Outlet: 1, Re: 1}, {Outlet: 2, Im: 1}, {Outlet: 3, Re: 1}}},
	}}
	most, weights := []float64{32, 32, 32, 32}, []float64{4, 3, 2, 1}
	s := New(set)
	s.lp.SetPivotsMost(1)
	a := s.Step(most, weights, nil)
	if _, ratio := set.Worst(a.X, nil); ratio > 1+limit.Slack {
		t.Errorf("filled to %v", ratio)
	}
	if a.Converged || a.Scale >= 1 {
		t.Errorf("got %+v of a program that was stopped", a)
	}
	stopped, bound := a.Objective, a.Bound
	s.lp.SetPivotsMost(0)
	a = s.Step(most, weights, nil)
	if !a.Converged || a.Objective < stopped || a.Objective > bound {
		t.Errorf("after %v of at most %v: got %+v", stopped, bound, a)
	}
}
