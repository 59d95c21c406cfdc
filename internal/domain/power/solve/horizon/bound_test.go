package horizon

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/limit"
)

// TestAnyPrices: whatever the prices, the bound they prove is no less than what a plan
// is worth.
func TestAnyPrices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		angle := rapid.Float64Range(-math.Pi, math.Pi).Draw(t, "angle")
		set := &limit.Set{Outlets: 2, Rows: []limit.Row{
			{Limit: rapid.Float64Range(0, 60).Draw(t, "limit"), Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: math.Cos(angle), Im: math.Sin(angle)}}},
			{Limit: 30, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 1}}},
		}}
		problem := &Problem{Money: &Money{Price: []float64{0.3, 0.1, 0.2}, Solar: []float64{1}, Demand: 4, Peak: 3, Penalty: 10}}
		for o := range 2 {
			energy := rapid.Float64Range(0.1, 10).Draw(t, "energy")
			problem.Cars = append(problem.Cars, Car{Outlet: o, Max: 32, KW: 0.23, Energy: energy, Until: 6, Weight: 1})
		}
		planner := NewPlanner(Wire(set), 0.25)
		plan := planner.Plan(problem)
		m := &planner.market
		any := rapid.Float64Range(-3, 3)
		for i := range m.price {
			m.price[i], m.turned[i] = any.Draw(t, "price"), any.Draw(t, "turned")
		}
		for b := range m.energyPrice {
			m.energyPrice[b] = any.Draw(t, "energy price")
		}
		m.bill.charge(m.energyPrice, 1)
		if bound := m.bound(m.price, m.turned, m.energyPrice); bound < plan.Value*(1-1e-9)-1e-9 {
			t.Fatalf("a plan is worth %v, and its bound is %v", plan.Value, bound)
		}
	})
}

// TestProject: a wish within what there is stays; else all that is not at an end gives
// up the same.
func TestProject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "blocks")
		wish, most := make([]float64, n), make([]float64, n)
		for b := range n {
			wish[b], most[b] = rapid.Float64Range(-5, 5).Draw(t, "wish"), rapid.Float64Range(0, 3).Draw(t, "most")
		}
		energy := rapid.Float64Range(0, 6).Draw(t, "energy")
		got := append([]float64(nil), wish...)
		level := project(got, most, energy, rapid.Float64Range(0, 5).Draw(t, "guess"))
		sum := 0.0
		for b, q := range got {
			sum += q
			if want := clip(wish[b]-level, most[b]); math.Abs(q-want) > 1e-9 {
				t.Fatalf("block %d: got %v, want %v", b, q, want)
			}
		}
		if sum > energy+1e-9 || level > 0 && sum < energy-1e-6 {
			t.Fatalf("takes %v of %v, %v off", sum, energy, level)
		}
	})
}
