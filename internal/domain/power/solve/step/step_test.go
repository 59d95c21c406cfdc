package step_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/step"
)

// turned is a term whose current is so many degrees behind.
func turned(outlet int, size, degrees float64) limit.Term {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return limit.Term{Outlet: outlet, Re: size * cos, Im: size * sin}
}

func sum(name string, most float64, outlets ...int) limit.Row {
	r := limit.Row{Name: name, Limit: most}
	for _, o := range outlets {
		r.Terms = append(r.Terms, limit.Term{Outlet: o, Re: 1})
	}
	return r
}

func TestStep(t *testing.T) {
	root3 := math.Sqrt(3)
	for _, c := range []struct {
		name    string
		rows    []limit.Row
		weights []float64 // of outlets that take 32 A
		limits  []float64
		want    []float64
		duals   []float64
	}{
		{"no limits", nil, []float64{1, 2}, nil, []float64{32, 32}, nil},
		{"the heaviest first", []limit.Row{sum("root", 40, 0, 1)}, []float64{1, 2}, nil, []float64{8, 32}, []float64{1}},
		{"the step's own limit", []limit.Row{sum("root", 40, 0, 1)}, []float64{1, 2}, []float64{20}, []float64{0, 20}, []float64{2}},
		{"a limit of nothing", []limit.Row{sum("root", 40, 0, 1), sum("panel", 32, 1)}, []float64{1, 2}, []float64{40, 0}, []float64{32, 0}, nil},
		{
			"two equal ones 60 degrees apart share a line", // x² + xy + y² = 30²
			[]limit.Row{{Limit: 30, Terms: []limit.Term{turned(0, 1, 0), turned(1, 1, 60)}}},
			[]float64{1, 1},
			nil,
			[]float64{30 / root3, 30 / root3},
			[]float64{2 / root3},
		},
		{
			"turned alike, a sum after all",
			[]limit.Row{{Limit: 30, Terms: []limit.Term{turned(0, 1, 30), turned(1, 0.5, 30)}}},
			[]float64{1, 1},
			nil,
			[]float64{14, 32},
			[]float64{1},
		},
		{
			"more for one makes room for the other", // lines that may be 10 A apart, one of them full at 20
			[]limit.Row{{Limit: 10, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: -1}}}, sum("line", 20, 1)},
			[]float64{1, 0},
			nil,
			[]float64{30, 20},
			[]float64{1, 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := step.New(&limit.Set{Outlets: 2, Rows: c.rows})
			a := s.Step([]float64{32, 32}, c.weights, c.limits)
			if !a.Converged {
				t.Errorf("it did not converge: %+v", a)
			}
			for j, want := range c.want {
				if got := a.X[j]; math.Abs(got-want) > 0.02 {
					t.Errorf("outlet %d: got %v, want %v", j, got, want)
				}
			}
			for i, want := range c.duals {
				if got := a.Duals[i]; math.Abs(got-want) > 1e-3 {
					t.Errorf("row %d: got dual %v, want %v", i, got, want)
				}
			}
		})
	}
}

// TestNobody shares among no outlets, and among some that want nothing.
func TestNobody(t *testing.T) {
	a := step.New(&limit.Set{Rows: []limit.Row{sum("root", 40)}}).Step(nil, nil, nil)
	if !a.Converged || a.Bound != 0 || len(a.X) != 0 || len(a.Duals) != 1 {
		t.Errorf("no outlets: got %+v", a)
	}
	a = step.New(&limit.Set{Outlets: 2, Rows: []limit.Row{sum("root", 40, 0, 1)}}).Step([]float64{0, -3}, []float64{1, 1}, []float64{-1})
	if !a.Converged || a.Bound != 0 || a.X[0] != 0 || a.X[1] != 0 {
		t.Errorf("nobody wants any: got %+v", a)
	}
}

// site draws a site: sums, differences and turned rows over some outlets.
func site(t *rapid.T, outlets, rows int, round bool) *limit.Set {
	set := &limit.Set{Outlets: outlets}
	for i := range rows {
		r := limit.Row{Name: fmt.Sprint(i), Limit: rapid.SampledFrom([]float64{0, 10, 25, 40, 63.5}).Draw(t, "limit")}
		angle := round && rapid.Bool().Draw(t, "round")
		for j := range outlets {
			size := rapid.SampledFrom([]float64{0, 1, 1, 0.5, -1, -0.25}).Draw(t, "size")
			switch {
			case size == 0:
			case angle:
				r.Terms = append(r.Terms, turned(j, size, rapid.SampledFrom([]float64{0, 30, 90, 120, 240}).Draw(t, "angle")))
			default:
				r.Terms = append(r.Terms, limit.Term{Outlet: j, Re: size})
			}
		}
		set.Rows = append(set.Rows, r)
	}
	return set
}

// wants draws what outlets take and what that is worth.
func wants(t *rapid.T, outlets int) (most, weights []float64) {
	for range outlets {
		most = append(most, rapid.SampledFrom([]float64{0, 6, 16, 32, 32}).Draw(t, "most"))
		weights = append(weights, rapid.SampledFrom([]float64{0, 0.1, 1, 1, 2.5, 7}).Draw(t, "weight"))
	}
	return most, weights
}

// kept fails unless an answer keeps to its site.
func kept(t *rapid.T, set *limit.Set, most []float64, a *step.Answer) {
	if row, ratio := set.Worst(a.X, nil); ratio > 1+limit.Slack {
		t.Fatalf("row %d is filled to %v", row, ratio)
	}
	for j, x := range a.X {
		if !(x >= 0 && x <= most[j]) {
			t.Fatalf("outlet %d gets %v of %v", j, x, most[j])
		}
	}
	if gap := a.Bound - a.Objective; gap < -1e-6 || a.Converged && gap > 1e-5*max(1, a.Bound) {
		t.Fatalf("objective %v, bound %v: %+v", a.Objective, a.Bound, a)
	}
	if !a.Converged {
		t.Fatalf("it did not converge: %+v", a)
	}
}

// TestCorners compares with the best corner of all there are.
func TestCorners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "outlets")
		set := site(t, n, rapid.IntRange(0, 9-n).Draw(t, "rows"), false)
		most, weights := wants(t, n)
		a := step.New(set).Step(most, weights, nil)
		kept(t, set, most, &a)
		if want := bestCorner(set, most, weights); math.Abs(a.Objective-want) > 1e-6*max(1, want) {
			t.Fatalf("got %v, want %v", a.Objective, want)
		}
	})
}

// bestCorner returns the best Σ weight·x over the corners of plain rows: each is where as many
// bounds and limits meet as there are outlets.
func bestCorner(set *limit.Set, most, weights []float64) float64 {
	n := set.Outlets
	var planes [][]float64 // a·x = b, as a and b
	for j := range n {
		at := make([]float64, n+1)
		at[j] = 1
		full := append([]float64(nil), at...)
		full[n] = most[j]
		planes = append(planes, at, full)
	}
	for _, r := range set.Rows {
		up, down := make([]float64, n+1), make([]float64, n+1)
		for _, t := range r.Terms {
			up[t.Outlet], down[t.Outlet] = t.Re, t.Re
		}
		up[n], down[n] = r.Limit, -r.Limit
		planes = append(planes, up, down)
	}
	best := 0.0 // nobody charges
	var choose func(from int, chosen [][]float64)
	choose = func(from int, chosen [][]float64) {
		if len(chosen) == n {
			if x, ok := meet(chosen); ok && keeps(set, most, x) {
				value := 0.0
				for j := range x {
					value += weights[j] * x[j]
				}
				best = max(best, value)
			}
			return
		}
		for i := from; i <= len(planes)-(n-len(chosen)); i++ {
			choose(i+1, append(slices.Clip(chosen), planes[i]))
		}
	}
	choose(0, nil)
	return best
}

func keeps(set *limit.Set, most, x []float64) bool {
	for j := range x {
		if x[j] < -1e-7 || x[j] > most[j]+1e-7 {
			return false
		}
	}
	for i := range set.Rows {
		if set.Rows[i].Current(x) > set.Rows[i].Limit+1e-7 {
			return false
		}
	}
	return true
}

// meet returns where planes meet, if that is one point (Gauss, largest pivot first).
func meet(planes [][]float64) ([]float64, bool) {
	n := len(planes)
	m := make([][]float64, n)
	for i := range m {
		m[i] = append([]float64(nil), planes[i]...)
	}
	for c := range n {
		p := c
		for i := c; i < n; i++ {
			if math.Abs(m[i][c]) > math.Abs(m[p][c]) {
				p = i
			}
		}
		if math.Abs(m[p][c]) < 1e-9 {
			return nil, false
		}
		m[c], m[p] = m[p], m[c]
		for i := range n {
			if f := m[i][c] / m[c][c]; i != c && f != 0 {
				for k := c; k <= n; k++ {
					m[i][k] -= f * m[c][k]
				}
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = m[i][n] / m[i][i]
	}
	return x, true
}

// TestRound checks answers under turned rows: they keep the limits exactly, come near
// their bound, and no point that keeps the limits passes that bound.
func TestRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "outlets")
		set := site(t, n, rapid.IntRange(0, 8).Draw(t, "rows"), true)
		most, weights := wants(t, n)
		a := step.New(set).Step(most, weights, nil)
		kept(t, set, most, &a)
		other, value := make([]float64, n), 0.0
		for j := range other {
			other[j] = most[j] * rapid.Float64Range(0, 1).Draw(t, "part")
		}
		if _, ratio := set.Worst(other, nil); ratio <= 1 {
			for j := range other {
				value += weights[j] * other[j]
			}
		} else if !math.IsInf(ratio, 1) {
			for j := range other {
				value += weights[j] * other[j] / ratio
			}
		}
		if value > a.Bound+1e-6 {
			t.Fatalf("%v is worth %v, above the bound %v", other, value, a.Bound)
		}
	})
}

// TestWarm runs a site through steps and compares each with a solver that has seen none,
// and with one whose outlets are numbered the other way round.
func TestWarm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 10).Draw(t, "outlets")
		set := site(t, n, rapid.IntRange(1, 6).Draw(t, "rows"), true)
		back := mirrored(set)
		s := step.New(set)
		for range rapid.IntRange(2, 8).Draw(t, "steps") {
			most, weights := wants(t, n)
			a := s.Step(most, weights, nil)
			kept(t, set, most, &a)
			cold := step.New(set).Step(most, weights, nil)
			mirror := step.New(back).Step(reversed(most), reversed(weights), nil)
			for _, b := range []step.Answer{cold, mirror} {
				if math.Abs(a.Objective-b.Objective) > 1e-5*max(1, b.Objective) {
					t.Fatalf("got %v, want %v", a.Objective, b.Objective)
				}
			}
		}
	})
}

func mirrored(set *limit.Set) *limit.Set {
	m := &limit.Set{Outlets: set.Outlets}
	for _, r := range set.Rows {
		terms := reversed(r.Terms)
		for k := range terms {
			terms[k].Outlet = set.Outlets - 1 - terms[k].Outlet
		}
		m.Rows = append(m.Rows, limit.Row{Limit: r.Limit, Terms: terms})
	}
	return m
}

func reversed[T any](s []T) []T {
	out := slices.Clone(s)
	slices.Reverse(out)
	return out
}
