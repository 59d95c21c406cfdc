package simplex_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pylon/internal/domain/power/solve/simplex"
)

// plan is a program of the shape of a plan: cars times blocks of time. A car has a row for
// its energy; each block has rows for the lines and the panels of the site.
type plan struct {
	program
	cars, blocks int
}

func newPlan(cars, blocks, panels int) *plan {
	random := rand.New(rand.NewPCG(1, 2))
	p := &plan{cars: cars, blocks: blocks}
	n := cars * blocks
	p.cost, p.lower, p.upper = make([]float64, n), make([]float64, n), make([]float64, n)
	p.rows = make([]row, cars+blocks*(3+panels))
	for i := range cars {
		from, to := random.IntN(blocks/2), blocks/2+random.IntN(blocks/2)
		lines := 1 + random.IntN(3)
		for b := range blocks {
			j, length := i*blocks+b, float64(1+b/4)
			p.cost[j] = length * (1 + float64(blocks-b)/1000)
			if b >= from && b <= to {
				p.upper[j] = 32
			}
			p.rows[i].terms = append(p.rows[i].terms, simplex.Term{Column: j, Factor: length})
			for line := range 3 {
				if lines == 3 || line == i%3 || lines == 2 && line == (i+1)%3 {
					k := cars + b*(3+panels) + line
					p.rows[k].terms = append(p.rows[k].terms, simplex.Term{Column: j, Factor: 1})
				}
			}
			if panels > 0 {
				k := cars + b*(3+panels) + 3 + i%panels
				p.rows[k].terms = append(p.rows[k].terms, simplex.Term{Column: j, Factor: 1})
			}
		}
	}
	p.want(random)
	for b := range blocks {
		for k := range 3 + panels {
			r := &p.rows[cars+b*(3+panels)+k]
			r.lower, r.upper = math.Inf(-1), 6*float64(cars)
			if k >= 3 {
				r.upper = 14 * float64(cars) / float64(panels)
			}
		}
	}
	return p
}

// want draws what the cars still want.
func (p *plan) want(random *rand.Rand) {
	for i := range p.cars {
		r := &p.rows[i]
		r.lower, r.upper = math.Inf(-1), 100+random.Float64()*900
	}
}

// TestPlan solves a plan through changes as they come, and one that is all corners.
func TestPlan(t *testing.T) {
	p := newPlan(60, 24, 6)
	s := p.solver()
	random := rand.New(rand.NewPCG(5, 6))
	for n, change := range []func(){
		func() {},
		func() { p.want(random) },
		func() { // a feeder at a third of its limit, for two blocks
			p.rows[60+9*4].upper /= 3
			p.rows[60+9*5].upper /= 3
		},
		func() { // prices
			for j := range p.cost {
				p.cost[j] -= 0.9 * math.Sin(float64(j%24))
			}
		},
		func() { // five cars leave, five are told to wait
			for j := range 240 {
				p.upper[j] = 0
			}
		},
		func() { // all worth the same
			for j := range p.cost {
				p.cost[j] = 1
			}
		},
		func() { // everything at once
			p.want(random)
			for j := range p.cost {
				p.cost[j], p.upper[j] = random.Float64()-0.2, float64(random.IntN(2)*32)
			}
		},
	} {
		change()
		p.set(s)
		if got := s.Solve(); got != simplex.Optimal {
			t.Fatalf("change %d: got status %v after %d exchanges", n, got, s.Pivots())
		}
		if err := p.proven(s); err != nil {
			t.Fatalf("change %d: %v", n, err)
		}
		t.Logf("change %d: %d exchanges", n, s.Pivots())
	}
}

// TestPivotsMost stops a solve: its bound still holds, and it can go on.
func TestPivotsMost(t *testing.T) {
	p := newPlan(20, 24, 0)
	s := p.solver()
	s.SetPivotsMost(10)
	if got := s.Solve(); got != simplex.Stopped || s.Pivots() != 10 {
		t.Fatalf("got status %v after %d exchanges", got, s.Pivots())
	}
	bound := s.Bound()
	for j, x := range s.X() {
		if !(x >= p.lower[j] && x <= p.upper[j]) {
			t.Fatalf("column %d is %v, not in [%v, %v]", j, x, p.lower[j], p.upper[j])
		}
	}
	for i, r := range p.rows {
		sum := 0.0
		for _, term := range r.terms {
			sum += term.Factor * s.X()[term.Column]
		}
		if got := s.Row(i); math.Abs(got-sum) > 1e-9*max(1, sum) {
			t.Fatalf("row %d is said to be %v, is %v", i, got, sum)
		}
	}
	s.SetPivotsMost(0)
	if got := s.Solve(); got != simplex.Optimal {
		t.Fatalf("got status %v", got)
	}
	if err := p.proven(s); err != nil {
		t.Fatal(err)
	}
	if best := s.Objective(); best > bound || math.IsInf(bound, 0) {
		t.Errorf("stopped, the bound was %v; the optimum is %v", bound, best)
	}
}

func TestNoAllocations(t *testing.T) {
	p := newPlan(20, 24, 0)
	s := p.solver()
	n := 0
	again := func() {
		n++
		for i := range p.cars {
			s.SetLimits(i, math.Inf(-1), p.rows[i].upper*(1-0.05*float64((n+i)%4)))
		}
		for j, c := range p.cost {
			s.SetCost(j, c*(1+0.01*float64((n+j)%4)))
		}
		if status := s.Solve(); status != simplex.Optimal {
			t.Fatalf("got status %v", status)
		}
	}
	for range 20 { // the first time round, memory may grow
		again()
	}
	if got := testing.AllocsPerRun(20, again); got != 0 {
		t.Errorf("got %v allocations each solve", got)
	}
}

// TestSameBits solves one program twice.
func TestSameBits(t *testing.T) {
	p := newPlan(30, 24, 3)
	a, b := p.solver(), p.solver()
	a.Solve()
	b.Solve()
	if a.Pivots() != b.Pivots() || !slices.Equal(a.X(), b.X()) || !slices.Equal(a.Duals(), b.Duals()) {
		t.Error("the same program has two answers")
	}
}

// BenchmarkPlan solves plans afresh, and again after costs and energies moved a little,
// as they do from one step to the next.
func BenchmarkPlan(b *testing.B) {
	for _, size := range [][3]int{{20, 24, 0}, {60, 24, 0}, {60, 24, 6}, {100, 24, 20}, {250, 24, 12}} {
		p := newPlan(size[0], size[1], size[2])
		for _, kind := range []string{"cold", "warm"} {
			b.Run(fmt.Sprintf("%dx%d/%s", len(p.rows), len(p.cost), kind), func(b *testing.B) {
				random := rand.New(rand.NewPCG(3, 4))
				s, pivots, n := p.solver(), 0, 0
				if status := s.Solve(); status != simplex.Optimal {
					b.Fatalf("status %v after %d", status, s.Pivots())
				}
				b.ReportAllocs()
				for b.Loop() {
					for i := range p.cars {
						s.SetLimits(i, math.Inf(-1), p.rows[i].upper*(1-0.01*random.Float64()))
					}
					for j, c := range p.cost {
						s.SetCost(j, c*(1+0.001*random.Float64()))
					}
					if kind == "cold" {
						s.Reset()
					}
					if status := s.Solve(); status != simplex.Optimal {
						b.Fatalf("status %v after %d", status, s.Pivots())
					}
					pivots += s.Pivots()
					n++
				}
				b.ReportMetric(float64(pivots)/float64(n), "pivots/op")
				if gap := (s.Bound() - s.Objective()) / s.Bound(); math.Abs(gap) > 1e-7 {
					b.Errorf("gap %v", gap)
				}
			})
		}
	}
}
