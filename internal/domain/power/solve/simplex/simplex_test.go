package simplex_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/simplex"
)

// program is a linear program as it is written down.
type program struct {
	cost, lower, upper []float64
	rows               []row
}

type row struct {
	terms        []simplex.Term
	lower, upper float64
}

func (p *program) solver() *simplex.Solver {
	s := simplex.New(len(p.cost))
	p.set(s)
	for _, r := range p.rows {
		s.AddRow(r.terms, r.lower, r.upper)
	}
	return s
}

// set gives a solver the numbers that may change between solves.
func (p *program) set(s *simplex.Solver) {
	for j, c := range p.cost {
		s.SetCost(j, c)
		s.SetBounds(j, p.lower[j], p.upper[j])
	}
	for i := range s.Duals() {
		s.SetLimits(i, p.rows[i].lower, p.rows[i].upper)
	}
}

// scale is what tolerances of the objective are a part of.
func (p *program) scale() float64 {
	cost, sizes := 1.0, 1.0
	for j, c := range p.cost {
		cost = max(cost, math.Abs(c))
		sizes += max(math.Abs(p.lower[j]), math.Abs(p.upper[j]))
	}
	return cost * sizes
}

// proven says what is wrong with a solver's answer: x must keep all bounds and limits, the
// duals must have the signs of what binds, and objective and bound must meet. That proves
// the optimum without another solver: weak duality puts it between the two.
func (p *program) proven(s *simplex.Solver) error {
	x := s.X()
	for j := range x {
		if !(x[j] >= p.lower[j] && x[j] <= p.upper[j]) {
			return fmt.Errorf("column %d is %v, not in [%v, %v]", j, x[j], p.lower[j], p.upper[j])
		}
	}
	for i, r := range p.rows {
		sum := 0.0
		for _, t := range r.terms {
			sum += t.Factor * x[t.Column]
		}
		if off := max(sum-r.upper, r.lower-sum); off > 1e-7*max(1, math.Abs(sum)) {
			return fmt.Errorf("row %d is %v, not in [%v, %v]", i, sum, r.lower, r.upper)
		}
		if math.Abs(sum-s.Row(i)) > 1e-7*max(1, math.Abs(sum)) {
			return fmt.Errorf("row %d is said to be %v, is %v", i, s.Row(i), sum)
		}
	}
	if gap := s.Bound() - s.Objective(); math.Abs(gap) > 1e-7*p.scale() {
		return fmt.Errorf("objective %v, bound %v", s.Objective(), s.Bound())
	}
	return nil
}

func TestSolve(t *testing.T) {
	inf := math.Inf(1)
	all := []simplex.Term{{Column: 0, Factor: 1}, {Column: 1, Factor: 1}}
	apart := []simplex.Term{{Column: 0, Factor: 1}, {Column: 1, Factor: -1}}
	for _, c := range []struct {
		name  string
		rows  []row
		want  float64 // with costs 2 and 1 and bounds 0..10
		duals []float64
	}{
		{"no rows", nil, 30, nil},
		{"one limit for both", []row{{all, -inf, 12}}, 22, []float64{1}},
		{"a limit that does not bind", []row{{all, -inf, 25}}, 30, []float64{0}},
		{"two that cannot be apart", []row{{apart, -4, 4}, {all, -inf, 10}}, 17, []float64{0.5, 1.5}},
		{"exactly so much", []row{{all, 7, 7}}, 14, []float64{2}},
		{"a least difference", []row{{apart, -inf, -6}}, 18, []float64{2}},
		{"a row without terms", []row{{nil, -1, 1}, {all, -inf, 12}}, 22, []float64{0, 1}},
		{"the same limit three times", []row{{all, -inf, 12}, {all, -inf, 12}, {all, -inf, 12}}, 22, nil},
		{"nothing may flow", []row{{all, -inf, 0}}, 0, nil},
		{"a row that limits nothing", []row{{all, -inf, inf}}, 30, []float64{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := program{cost: []float64{2, 1}, lower: []float64{0, 0}, upper: []float64{10, 10}, rows: c.rows}
			s := p.solver()
			if got := s.Solve(); got != simplex.Optimal {
				t.Fatalf("got status %v", got)
			}
			if err := p.proven(s); err != nil {
				t.Fatal(err)
			}
			if got := s.Objective(); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("got objective %v, want %v", got, c.want)
			}
			for i, want := range c.duals {
				if got := s.Duals()[i]; math.Abs(got-want) > 1e-9 {
					t.Errorf("row %d: got dual %v, want %v", i, got, want)
				}
			}
		})
	}
}

func TestInfeasible(t *testing.T) {
	all := []simplex.Term{{Column: 0, Factor: 1}, {Column: 1, Factor: 1}}
	p := program{cost: []float64{1, -1}, lower: []float64{0, 0}, upper: []float64{10, 10}, rows: []row{{all, 20.5, 30}}}
	s := p.solver()
	if got := s.Solve(); got != simplex.Infeasible {
		t.Fatalf("got status %v", got)
	}
	s.SetLimits(0, 19.5, 30)
	p.rows[0].lower = 19.5
	if got := s.Solve(); got != simplex.Optimal {
		t.Fatalf("within reach: got status %v", got)
	}
	if err := p.proven(s); err != nil {
		t.Error(err)
	}
}

// TestCycles solves the programs by which Beale and Kuhn showed that careless choices
// among equal corners go round for ever, and one with every corner the same.
func TestCycles(t *testing.T) {
	inf := math.Inf(1)
	terms := func(f ...float64) []simplex.Term {
		out := make([]simplex.Term, 0, len(f))
		for j, v := range f {
			out = append(out, simplex.Term{Column: j, Factor: v})
		}
		return out
	}
	const wide = 1e6
	for _, c := range []struct {
		name string
		cost []float64
		rows []row
		want float64
	}{
		{"Beale", []float64{0.75, -150, 0.02, -6}, []row{
			{terms(0.25, -60, -0.04, 9), -inf, 0},
			{terms(0.5, -90, -0.02, 3), -inf, 0},
			{terms(0, 0, 1, 0), -inf, 1},
		}, 0.05},
		{"Kuhn", []float64{2, 3, -1, -12}, []row{
			{terms(-2, -9, 1, 9), -inf, 0},
			{terms(1.0/3, 1, -1.0/3, -2), -inf, 0},
			{terms(2, 3, -1, -12), -inf, 2},
		}, 2},
		{"no room in any direction", []float64{1, 1, 1, 1}, []row{
			{terms(1, 1, 0, 0), -inf, 0},
			{terms(0, 1, 1, 0), -inf, 0},
			{terms(0, 0, 1, 1), -inf, 0},
			{terms(1, -1, 1, -1), 0, 0},
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := program{cost: c.cost, lower: make([]float64, 4), upper: []float64{wide, wide, wide, wide}, rows: c.rows}
			s := p.solver()
			if got := s.Solve(); got != simplex.Optimal {
				t.Fatalf("got status %v", got)
			}
			if got := s.Objective(); math.Abs(got-c.want) > 1e-6 {
				t.Errorf("got objective %v, want %v", got, c.want)
			}
		})
	}
}

// drawn makes a program that x = lower bounds keep, with many equal numbers in it, as sites have.
func drawn(t *rapid.T) *program {
	n, m := rapid.IntRange(1, 12).Draw(t, "columns"), rapid.IntRange(0, 12).Draw(t, "rows")
	p := &program{cost: make([]float64, n), lower: make([]float64, n), upper: make([]float64, n)}
	p.draw(t)
	for i := range m {
		r := row{lower: math.Inf(-1)}
		for j := range n {
			if f := rapid.SampledFrom([]float64{0, 0, 1, 1, 1, -1, 0.5, -0.25, 2}).Draw(t, fmt.Sprintf("a%d,%d", i, j)); f != 0 {
				r.terms = append(r.terms, simplex.Term{Column: j, Factor: f})
			}
		}
		p.rows = append(p.rows, r)
	}
	p.limit(t)
	return p
}

// draw draws costs and bounds.
func (p *program) draw(t *rapid.T) {
	for j := range p.cost {
		p.cost[j] = rapid.SampledFrom([]float64{-1, 0, 0.5, 1, 1, 2, 3.7}).Draw(t, "cost")
		p.upper[j] = rapid.SampledFrom([]float64{0, 6, 16, 32, 32, 1e5}).Draw(t, "upper")
		p.lower[j] = min(p.upper[j], rapid.SampledFrom([]float64{0, 0, 0, -5, 6}).Draw(t, "lower"))
	}
}

// limit draws limits that the lower bounds keep.
func (p *program) limit(t *rapid.T) {
	for i := range p.rows {
		at := 0.0
		for _, t := range p.rows[i].terms {
			at += t.Factor * p.lower[t.Column]
		}
		p.rows[i].upper = at + rapid.SampledFrom([]float64{0, 0, 10, 40, 40, math.Inf(1)}).Draw(t, "limit")
		p.rows[i].lower = at - rapid.SampledFrom([]float64{0, 5, math.Inf(1), math.Inf(1)}).Draw(t, "floor")
	}
}

func TestDuality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawn(t)
		s := p.solver()
		if got := s.Solve(); got != simplex.Optimal {
			t.Fatalf("got status %v after %d exchanges", got, s.Pivots())
		}
		if err := p.proven(s); err != nil {
			t.Fatal(err)
		}
	})
}

// TestWide solves programs whose numbers are far apart, as weights of tiers are, and rows nearly
// alike, as tangents are.
func TestWide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		n, m := 5+random.IntN(60), 1+random.IntN(40)
		p := &program{cost: make([]float64, n), lower: make([]float64, n), upper: make([]float64, n)}
		for j := range n {
			p.cost[j], p.upper[j] = math.Pow(10, float64(random.IntN(5)-2))*(1+random.Float64()), 32*random.Float64()
		}
		for i := range m {
			r := row{lower: math.Inf(-1), upper: 100 * random.Float64()}
			if i > 0 && random.IntN(3) == 0 {
				r.upper = p.rows[i-1].upper
				for _, t := range p.rows[i-1].terms {
					r.terms = append(r.terms, simplex.Term{Column: t.Column, Factor: t.Factor * (1 + 1e-5*random.Float64())})
				}
			} else {
				for j := range n {
					if random.IntN(4) == 0 {
						r.terms = append(r.terms, simplex.Term{Column: j, Factor: math.Sin(6.3 * random.Float64())})
					}
				}
			}
			p.rows = append(p.rows, r)
		}
		s := p.solver()
		if got := s.Solve(); got != simplex.Optimal {
			t.Fatalf("got status %v after %d exchanges", got, s.Pivots())
		}
		if err := p.proven(s); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAgain changes a program in every way there is and solves it from where it was: what
// comes out is what a solver comes to that begins afresh.
func TestAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawn(t)
		rows := p.rows
		p.rows = rows[:rapid.IntRange(0, len(rows)).Draw(t, "rows at first")]
		s := p.solver()
		for range rapid.IntRange(1, 5).Draw(t, "changes") {
			s.Solve()
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				if len(p.rows) < len(rows) {
					r := rows[len(p.rows)]
					p.rows = rows[:len(p.rows)+1]
					s.AddRow(r.terms, r.lower, r.upper)
				}
			case 1:
				p.draw(t)
				p.limit(t)
			case 2:
				p.limit(t)
			case 3:
				for j := range p.cost {
					p.cost[j] += rapid.Float64Range(-0.5, 0.5).Draw(t, "more")
				}
			}
			p.limit(t) // what is feasible moves with the bounds
			p.set(s)
			if got := s.Solve(); got != simplex.Optimal {
				t.Fatalf("got status %v after %d exchanges", got, s.Pivots())
			}
			if err := p.proven(s); err != nil {
				t.Fatal(err)
			}
			fresh := p.solver()
			fresh.Solve()
			if got, want := s.Objective(), fresh.Objective(); math.Abs(got-want) > 1e-7*p.scale() {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}
