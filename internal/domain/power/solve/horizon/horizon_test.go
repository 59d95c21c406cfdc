package horizon_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/horizon"
	"pylon/internal/domain/power/solve/limit"
)

// site draws a small site: sums over some outlets, and now and then turned currents.
func site(t *rapid.T) *limit.Set {
	set := &limit.Set{Outlets: rapid.IntRange(1, 5).Draw(t, "outlets")}
	for range rapid.IntRange(0, 4).Draw(t, "rows") {
		row := limit.Row{Limit: rapid.Float64Range(0, 80).Draw(t, "limit")}
		turned := rapid.Bool().Draw(t, "turned")
		for o := range set.Outlets {
			if rapid.Bool().Draw(t, "in") {
				term := limit.Term{Outlet: o, Re: 1}
				if turned {
					angle := rapid.Float64Range(-math.Pi, math.Pi).Draw(t, "angle")
					term.Re, term.Im = math.Cos(angle), math.Sin(angle)
				}
				row.Terms = append(row.Terms, term)
			}
		}
		set.Rows = append(set.Rows, row)
	}
	return set
}

// problem draws cars, limits and prices for a site.
func problem(t *rapid.T, set *limit.Set) *horizon.Problem {
	p := &horizon.Problem{Step: 7}
	for o := range set.Outlets {
		p.Cars = append(p.Cars, horizon.Car{
			Outlet: o,
			Max:    rapid.Float64Range(6, 32).Draw(t, "max"),
			KW:     0.23,
			Energy: rapid.Float64Range(0.1, 30).Draw(t, "energy"),
			Until:  rapid.IntRange(1, 40).Draw(t, "until"),
			Weight: rapid.SampledFrom([]float64{1, 1, 5}).Draw(t, "weight"),
			Tier:   rapid.IntRange(0, 1).Draw(t, "tier"),
		})
	}
	if len(set.Rows) > 0 && rapid.Bool().Draw(t, "event") {
		from := rapid.IntRange(-3, 20).Draw(t, "from")
		p.Overrides = []horizon.Override{{Row: 0, From: from, To: from + 5, Limit: 5}}
	}
	if rapid.Bool().Draw(t, "money") {
		price := rapid.SliceOfN(rapid.Float64Range(-0.1, 0.5), 1, 8)
		solar := rapid.SliceOfN(rapid.Float64Range(0, 8), 0, 8)
		p.Money = &horizon.Money{Price: price.Draw(t, "price"), Solar: solar.Draw(t, "solar"), Demand: 4, Peak: 2, Penalty: 10}
	}
	return p
}

const quarter = 0.25 // h

// limitsOf returns the limits of a step.
func limitsOf(set *limit.Set, p *horizon.Problem, step int) []float64 {
	limits := make([]float64, len(set.Rows))
	for i := range limits {
		limits[i] = set.Rows[i].Limit
	}
	for _, o := range p.Overrides {
		if o.From <= step && step < o.To {
			limits[o.Row] = o.Limit
		}
	}
	return limits
}

// TestPlan: a plan keeps every row in every block, gives nobody more than he wants or
// can take, and has no more value than its bound, which is the same for the same input.
func TestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := site(t)
		p := problem(t, set)
		plan := horizon.NewPlanner(horizon.Wire(set), quarter).Plan(p)
		if plan.Value > plan.Bound*(1+1e-9)+1e-9 || math.IsNaN(plan.Value) || plan.Gap() < 0 {
			t.Fatalf("value %v above bound %v", plan.Value, plan.Bound)
		}
		n := plan.Blocks()
		got := make([]float64, set.Outlets)
		for b := range n {
			for i := range p.Cars {
				got[p.Cars[i].Outlet] = plan.Amps[i*n+b]
				if a := plan.Amps[i*n+b]; a < 0 || a > p.Cars[i].Max*(1+1e-9) || plan.Starts[b] >= p.Cars[i].Until && a > 0 {
					t.Fatalf("car %d draws %v of %v in block %d", i, a, p.Cars[i].Max, b)
				}
			}
			for r, most := range limitsOf(set, p, plan.Starts[b]) {
				if flows := set.Rows[r].Current(got); flows > most+1e-9 {
					t.Fatalf("block %d: row %d has %v A of %v", b, r, flows, most)
				}
			}
		}
		for i := range p.Cars {
			kwh := 0.0
			for b := range n {
				kwh += plan.Amps[i*n+b] * p.Cars[i].KW * quarter * float64(plan.Starts[b+1]-plan.Starts[b])
			}
			if kwh > p.Cars[i].Energy*(1+1e-9) {
				t.Fatalf("car %d gets %v kWh of %v", i, kwh, p.Cars[i].Energy)
			}
		}
		again := horizon.NewPlanner(horizon.Wire(set), quarter).Plan(p)
		if again.Bound != plan.Bound || !slices.Equal(again.Amps, plan.Amps) {
			t.Fatal("the same input has another plan")
		}
	})
}

// TestBound: what a plan could be at best is found by trying: two cars, one row, blocks
// of one step, currents in tenths of what there is.
func TestBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.Float64Range(5, 60).Draw(t, "limit")
		angle := rapid.Float64Range(-math.Pi, math.Pi).Draw(t, "angle")
		set := &limit.Set{Outlets: 2, Rows: []limit.Row{{Limit: most, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: math.Cos(angle), Im: math.Sin(angle)}}}}}
		p := &horizon.Problem{}
		for o := range 2 {
			p.Cars = append(p.Cars, horizon.Car{Outlet: o, Max: 32, KW: 0.23, Energy: rapid.Float64Range(0.1, 4).Draw(t, "energy"), Until: 2, Weight: 1})
		}
		plan := horizon.NewPlanner(horizon.Wire(set), quarter).Plan(p)
		best := 0.0
		const tries = 10
		x := make([]float64, 2)
		reach := func(o, part int) float64 { return 32 * float64(part) / tries }
		for c := range (tries + 1) * (tries + 1) * (tries + 1) * (tries + 1) {
			d := [4]int{c % (tries + 1), c / (tries + 1) % (tries + 1), c / (tries + 1) / (tries + 1) % (tries + 1), c / (tries + 1) / (tries + 1) / (tries + 1)}
			sum, good := 0.0, true
			for o := range 2 {
				kwh := (reach(o, d[o]) + reach(o, d[o+2])) * 0.23 * quarter
				good = good && kwh <= p.Cars[o].Energy
				sum += kwh
			}
			for b := range 2 {
				x[0], x[1] = reach(0, d[b*2]), reach(1, d[b*2+1])
				_, ratio := set.Worst(x, nil)
				good = good && ratio <= 1
			}
			if good {
				best = max(best, sum)
			}
		}
		if best > plan.Bound*(1+1e-9) {
			t.Fatalf("%v kWh can be had, and the bound is %v", best, plan.Bound)
		}
	})
}

// TestMoreCapacity: with a higher limit the value does not fall, but for the gap.
func TestMoreCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := site(t)
		p := problem(t, set)
		if p.Money = nil; len(set.Rows) == 0 {
			return
		}
		less := horizon.NewPlanner(horizon.Wire(set), quarter).Plan(p).Value
		set.Rows[0].Limit += rapid.Float64Range(0, 20).Draw(t, "more")
		more := horizon.NewPlanner(horizon.Wire(set), quarter).Plan(p)
		if more.Bound < less*(1-1e-9) {
			t.Fatalf("with more capacity at most %v instead of %v", more.Bound, less)
		}
	})
}

// TestCost: a car that can wait waits for the cheap hour, and a charge for the peak
// spreads what it takes.
func TestCost(t *testing.T) {
	set := &limit.Set{Outlets: 1}
	car := horizon.Car{Max: 32, KW: 0.25, Energy: 4, Until: 4, Weight: 1} // 8 kW: two quarters
	for _, c := range []struct {
		name  string
		money horizon.Money
		want  []float64
	}{
		{"cheap later", horizon.Money{Price: []float64{0.3, 0.3, 0.1, 0.1}, Penalty: 10}, []float64{0, 0, 32, 32}},
		{"the sun shines later", horizon.Money{Price: []float64{0.3}, Solar: []float64{0, 0, 9, 9}, Penalty: 10}, []float64{0, 0, 32, 32}},
		{"each kW costs", horizon.Money{Price: []float64{0.3}, Demand: 4, Penalty: 10}, []float64{16, 16, 16, 16}},
		{"half is paid", horizon.Money{Price: []float64{0.3}, Demand: 4, Peak: 8, Penalty: 10}, []float64{32, 32, 0, 0}},
		{"the price is below nothing", horizon.Money{Price: []float64{0.1, -0.1, 0.1, -0.1}, Penalty: 10}, []float64{0, 32, 0, 32}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := horizon.NewPlanner(horizon.Wire(set), quarter).Plan(&horizon.Problem{Cars: []horizon.Car{car}, Money: &c.money})
			for b, want := range c.want {
				if got := plan.Amps[b]; math.Abs(got-want) > 1 {
					t.Errorf("quarter %d: got %v A, want %v", b, got, want)
				}
			}
		})
	}
}

// BenchmarkPlan plans a day of a thousand outlets under a tree, again and again, an
// ampere-hour having gone to each car between two plans.
func BenchmarkPlan(b *testing.B) {
	set := &limit.Set{Outlets: 1000}
	for _, size := range []int{10, 50, 1000} {
		for first := 0; first < 1000; first += size {
			row := limit.Row{Limit: 20 * math.Pow(float64(size), 0.8)}
			for o := range size {
				row.Terms = append(row.Terms, limit.Term{Outlet: first + o, Re: 1})
			}
			set.Rows = append(set.Rows, row)
		}
	}
	p := &horizon.Problem{}
	for o := range 1000 {
		p.Cars = append(p.Cars, horizon.Car{Outlet: o, Max: 16, KW: 0.69, Energy: float64(5 + o*7%40), Until: 10 + o*13%200, Weight: 1})
	}
	planner := horizon.NewPlanner(horizon.Wire(set), 1.0/12)
	plan := planner.Plan(p)
	rounds, gap := 0, 0.0
	for b.Loop() {
		p.Step++
		for i := range p.Cars {
			c := &p.Cars[i]
			c.Energy, c.Until = max(c.Energy-plan.Amps[i*plan.Blocks()]*c.KW/12, 0.5), max(c.Until-1, 10)
		}
		plan = planner.Plan(p)
		rounds, gap = rounds+plan.Rounds, gap+plan.Gap()
	}
	b.ReportMetric(float64(rounds)/float64(b.N), "rounds/op")
	b.ReportMetric(gap/float64(b.N), "gap/op")
}
