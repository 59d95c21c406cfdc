package powerlab_test

import (
	"cmp"
	"math"
	"slices"

	"pylon/internal/domain/power/solve"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/sim/powerlab"
)

// policy is a way to share that others have published: what it comes to is known, so
// it shows that scenarios are read and scored as theirs are. None looks ahead.
type policy func(site *powerlab.Scenario, step *solve.Step) []float64

// Step implements [powerlab.Policy].
type simple struct {
	site   *powerlab.Scenario
	decide policy
}

func (s simple) Step(step *solve.Step) (solve.Decision, error) {
	return solve.Decision{Amps: s.decide(s.site, step)}, nil
}

// most is what a car can take in a step.
func most(site *powerlab.Scenario, c *solve.Car) float64 {
	return min(c.Max, c.Energy/(c.KW*site.Hours))
}

// uncontrolled gives each car what it can take, whatever the limits.
func uncontrolled(site *powerlab.Scenario, step *solve.Step) []float64 {
	x := make([]float64, site.Limits.Outlets)
	for i := range step.Cars {
		x[step.Cars[i].Outlet] = most(site, &step.Cars[i])
	}
	return x
}

// sorted gives one car after the other all that there is room for.
func sorted(before func(site *powerlab.Scenario, step *solve.Step, a, b *solve.Car) int) policy {
	return func(site *powerlab.Scenario, step *solve.Step) []float64 {
		x, limits, rows := make([]float64, site.Limits.Outlets), limitsOf(site, step), rowsOf(site.Limits)
		cars := slices.Clone(step.Cars)
		slices.SortStableFunc(cars, func(a, b solve.Car) int { return before(site, step, &a, &b) })
		for i := range cars {
			c := &cars[i]
			amps := most(site, c)
			for _, r := range rows[c.Outlet] {
				amps = min(amps, room(&site.Limits.Rows[r], limits[r], x, c.Outlet))
			}
			x[c.Outlet] = amps
		}
		return x
	}
}

// fcfs serves cars in the order in which they came, which is the order of the scenario.
func fcfs(*powerlab.Scenario, *solve.Step, *solve.Car, *solve.Car) int { return 0 }

// edf serves who leaves first.
func edf(_ *powerlab.Scenario, _ *solve.Step, a, b *solve.Car) int {
	return cmp.Compare(a.Until, b.Until)
}

// llf serves who can wait least.
func llf(site *powerlab.Scenario, _ *solve.Step, a, b *solve.Car) int {
	laxity := func(c *solve.Car) float64 { return float64(c.Until) - c.Energy/(c.Max*c.KW*site.Hours) }
	return cmp.Compare(laxity(a), laxity(b))
}

// fair raises all cars alike until a row is full, and goes on with those that are in
// none. It is for rows that are sums.
func fair(site *powerlab.Scenario, step *solve.Step) []float64 {
	x, limits := make([]float64, site.Limits.Outlets), limitsOf(site, step)
	rising := map[int]float64{} // by outlet: the most it can take
	for i := range step.Cars {
		rising[step.Cars[i].Outlet] = most(site, &step.Cars[i])
	}
	for len(rising) > 0 {
		by := math.Inf(1)
		for outlet, most := range rising {
			by = min(by, most-x[outlet])
		}
		for r := range site.Limits.Rows {
			row, slope := &site.Limits.Rows[r], 0.0
			for _, t := range row.Terms {
				if _, rises := rising[t.Outlet]; rises {
					slope += t.Re
				}
			}
			if slope > 0 {
				by = min(by, (limits[r]-row.Current(x))/slope)
			}
		}
		for outlet := range rising {
			x[outlet] += max(0, by)
		}
		settle(site, limits, x, rising)
	}
	return x
}

// settle takes out of rising who has all or is in a row that is full.
func settle(site *powerlab.Scenario, limits, x []float64, rising map[int]float64) {
	const near = 1e-9
	for outlet, most := range rising {
		if x[outlet] >= most-near {
			delete(rising, outlet)
		}
	}
	for r := range site.Limits.Rows {
		row := &site.Limits.Rows[r]
		if row.Current(x) < limits[r]-near {
			continue
		}
		for _, t := range row.Terms {
			if t.Re > 0 {
				delete(rising, t.Outlet)
			}
		}
	}
}

// limitsOf returns the limits of a step.
func limitsOf(site *powerlab.Scenario, step *solve.Step) []float64 {
	limits := make([]float64, len(site.Limits.Rows))
	for i := range limits {
		limits[i] = site.Limits.Rows[i].Limit
	}
	for _, o := range step.Overrides {
		if o.From <= 0 {
			limits[o.Row] = o.Limit
		}
	}
	return limits
}

// rowsOf returns the rows that each outlet is in.
func rowsOf(set *limit.Set) [][]int {
	rows := make([][]int, set.Outlets)
	for r := range set.Rows {
		for _, t := range set.Rows[r].Terms {
			rows[t.Outlet] = append(rows[t.Outlet], r)
		}
	}
	return rows
}

// room is how much more a row has for an outlet that has nothing yet: the greater root
// of |s + z·a| = limit.
func room(row *limit.Row, most float64, x []float64, outlet int) float64 {
	var s, z complex128
	for _, t := range row.Terms {
		s += complex(t.Re, t.Im) * complex(x[t.Outlet], 0)
		if t.Outlet == outlet {
			z = complex(t.Re, t.Im)
		}
	}
	a := real(z)*real(z) + imag(z)*imag(z)
	if a == 0 {
		return math.Inf(1)
	}
	b := real(s)*real(z) + imag(s)*imag(z)
	c := real(s)*real(s) + imag(s)*imag(s) - most*most
	return max(0, (-b+math.Sqrt(max(0, b*b-a*c)))/a)
}
