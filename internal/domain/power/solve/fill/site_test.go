package fill_test

import (
	"fmt"
	"math"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/fill"
	"pylon/internal/domain/power/solve/limit"
)

// within is how far answers may lie apart that were found in different ways, in A.
const within = 1e-6

// flat is a slope that counts as none.
const flat = 1e-9

// nested draws a set of rows that form a tree, some of them twice, some with a factor.
func nested(t *rapid.T) *limit.Set {
	s := &limit.Set{Outlets: rapid.IntRange(1, 9).Draw(t, "outlets")}
	var split func(first, end, depth int)
	split = func(first, end, depth int) {
		if first == end {
			return
		}
		for range rapid.IntRange(0, 2).Draw(t, "rows") {
			factor := rapid.SampledFrom([]float64{1, 1, 0.5, 3}).Draw(t, "factor")
			s.Rows = append(s.Rows, row(len(s.Rows), amps(t, "limit")*factor, factor, first, end))
		}
		if depth == 0 || end-first < 2 {
			return
		}
		middle := rapid.IntRange(first, end).Draw(t, "middle")
		split(first, middle, depth-1)
		split(middle, rapid.IntRange(middle, end).Draw(t, "end"), depth-1)
	}
	split(0, s.Outlets, 3)
	return s
}

func row(number int, most, factor float64, first, end int) limit.Row {
	r := limit.Row{Name: fmt.Sprintf("row %d", number), Limit: most}
	for i := first; i < end; i++ {
		r.Terms = append(r.Terms, limit.Term{Outlet: i, Re: factor})
	}
	return r
}

// crossed draws a set of plain rows of any kind.
func crossed(t *rapid.T) *limit.Set {
	s := &limit.Set{Outlets: rapid.IntRange(1, 8).Draw(t, "outlets")}
	for n := range rapid.IntRange(0, 6).Draw(t, "rows") {
		r := limit.Row{Name: fmt.Sprintf("row %d", n), Limit: amps(t, "limit")}
		for i := range s.Outlets {
			if re := rapid.SampledFrom([]float64{0, 0, 1, 1, 0.5}).Draw(t, "factor"); re > 0 {
				r.Terms = append(r.Terms, limit.Term{Outlet: i, Re: re})
			}
		}
		s.Rows = append(s.Rows, r)
	}
	return s
}

func amps(t *rapid.T, name string) float64 {
	if rapid.Bool().Draw(t, name+" is whole") {
		return float64(rapid.IntRange(0, 40).Draw(t, name))
	}
	return rapid.Float64Range(0, 40).Draw(t, name)
}

// leaves draws what outlets ask for.
func leaves(t *rapid.T, n int) []fill.Leaf {
	all := make([]fill.Leaf, n)
	for i := range all {
		if rapid.Bool().Draw(t, "urgent") {
			all[i] = fill.Urgent(amps(t, "max"), rapid.Float64Range(-5, 200).Draw(t, "laxity"))
		} else {
			all[i] = fill.Fair(amps(t, "max"), rapid.SampledFrom([]float64{0, 0.25, 1, 1, 2, 100}).Draw(t, "weight"))
		}
		all[i].Min = rapid.SampledFrom([]float64{0, 0, 1, 6}).Draw(t, "min")
		all[i].Tier = rapid.IntRange(-1, 1).Draw(t, "tier")
	}
	return all
}

// at returns what an outlet takes at a level.
func at(l fill.Leaf, level float64) float64 {
	return math.Min(math.Max(l.Slope*(level-l.Start), math.Min(l.Min, l.Max)), l.Max)
}

// slowly lets the level rise by halving intervals, tier by tier, and freezes what
// stands under a full row: what the kernels do, in the plainest way. The minima fit.
func slowly(s *limit.Set, leaves []fill.Leaf) []float64 {
	x := make([]float64, s.Outlets)
	for i, l := range leaves {
		x[i] = math.Min(l.Min, l.Max)
	}
	for tier := -1; tier <= 1; tier++ {
		open := map[int]bool{}
		for i, l := range leaves {
			if l.Tier == tier && l.Slope > 0 {
				open[i] = true
			}
		}
		for len(open) > 0 {
			rise := func(level float64) []float64 {
				y := append([]float64(nil), x...)
				for i := range open {
					y[i] = at(leaves[i], level)
				}
				return y
			}
			low, high := -1e3, 1e4
			for range 100 {
				if middle := (low + high) / 2; fits(s, rise(middle)) {
					low = middle
				} else {
					high = middle
				}
			}
			x = rise(low)
			// Whoever would break a row by a little more stays; at the top all do.
			more := rise(low + 1e-7)
			for i := range open {
				alone := append([]float64(nil), x...)
				if alone[i] = more[i]; alone[i] == x[i] && more[i] == leaves[i].Max || low > 9e3 || !fits(s, alone) {
					delete(open, i)
				}
			}
		}
	}
	return x
}

func fits(s *limit.Set, x []float64) bool {
	for i := range s.Rows {
		if r := &s.Rows[i]; r.Current(x) > r.Limit*(1+1e-12)+1e-12 {
			return false
		}
	}
	return true
}

// minimaFit tells whether all minima can be had at once.
func minimaFit(s *limit.Set, leaves []fill.Leaf) bool {
	x := make([]float64, len(leaves))
	for i, l := range leaves {
		x[i] = math.Min(l.Min, l.Max)
	}
	return fits(s, x)
}

func sum(x []float64) (total float64) {
	for _, a := range x {
		total += a
	}
	return total
}
