package fill_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/fill"
	"pylon/internal/domain/power/solve/limit"
)

func solver(t interface{ Fatal(...any) }, s *limit.Set) *fill.Solver {
	f, err := fill.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Both ways of filling find what halving intervals finds.
func TestAgainstHalving(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) *limit.Set{"nested": nested, "crossing": crossed} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := draw(t)
				ask := leaves(t, s.Outlets)
				for i := range ask {
					if ask[i].Slope < 0.1 {
						ask[i].Slope = 0.1 // halving has an end
					}
				}
				got := solver(t, s).Fill(nil, ask)
				if !minimaFit(s, ask) {
					return
				}
				want := slowly(s, ask)
				for i := range want {
					if math.Abs(got.Currents[i]-want[i]) > 1e-4 {
						t.Fatalf("outlet %d: got %v, want %v", i, got.Currents, want)
					}
				}
			})
		})
	}
}

// One pass in a tree finds what freezing row by row finds, minima that do not fit included.
func TestTreeAgainstRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := nested(t)
		ask := leaves(t, s.Outlets)
		tree, err := fill.TreeOf(s)
		if err != nil {
			t.Fatal(err)
		}
		a, b := fill.OnTree(tree).Fill(nil, ask), fill.OnRows(s).Fill(nil, ask)
		if a.Short != b.Short {
			t.Fatalf("got %d short of their minimum, want %d", a.Short, b.Short)
		}
		for i := range ask {
			if math.Abs(a.Currents[i]-b.Currents[i]) > within {
				t.Fatalf("got %v, want %v", a.Currents, b.Currents)
			}
		}
	})
}

// No row is filled above its limit, no outlet above its maximum, and whoever has less
// than he could is stopped by a full row of his in which nobody of his tier or a later
// one stands higher without need: that is what max-min fair means.
func TestFairAndSafe(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) *limit.Set{"nested": nested, "crossing": crossed} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := draw(t)
				ask := leaves(t, s.Outlets)
				got := solver(t, s).Fill(nil, ask)
				if row, ratio := s.Worst(got.Currents, nil); ratio > 1+limit.Slack {
					t.Fatalf("row %d is filled to %v of its limit", row, ratio)
				}
				for i := range ask {
					stopped(t, s, ask, got, i)
				}
			})
		})
	}
}

func stopped(t *rapid.T, s *limit.Set, ask []fill.Leaf, got fill.Answer, i int) {
	x, l := got.Currents, ask[i]
	least := math.Min(l.Min, l.Max)
	switch {
	case x[i] < 0 || x[i] > l.Max || got.Short == 0 && x[i] < least-within:
		t.Fatalf("outlet %d has %v A of %v to %v", i, x[i], least, l.Max)
	case got.Bound[i] == fill.Own:
		if x[i] < l.Max-within && (l.Slope > flat || x[i] < least-within) {
			t.Fatalf("outlet %d has %v A of %v, and nothing stops it", i, x[i], l.Max)
		}
		return
	}
	r := &s.Rows[got.Bound[i]]
	if r.Current(x) < r.Limit-within || !slices.ContainsFunc(r.Terms, func(t limit.Term) bool { return t.Outlet == i }) {
		t.Fatalf("outlet %d is stopped by row %d, which is not full, or not its own", i, got.Bound[i])
	}
	if x[i] < least-within || l.Slope <= flat {
		return // the minima do not fit: ranks decide
	}
	for _, term := range r.Terms {
		j := ask[term.Outlet]
		if j.Tier < l.Tier || j.Slope <= flat || x[term.Outlet] <= math.Min(j.Min, j.Max)+within {
			continue
		}
		mine, other := l.Start+x[i]/l.Slope, j.Start+x[term.Outlet]/j.Slope
		if j.Tier > l.Tier || (other-mine)*math.Min(j.Slope, l.Slope) > within {
			t.Fatalf("outlet %d (level %v) is stopped by row %d while %d stands at %v: %v", i, mine, got.Bound[i], term.Outlet, other, x)
		}
	}
}

// An ampere more never makes the sum smaller in a tree, and each tier gets all that it
// could get if the later ones had but their minima.
func TestTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := nested(t)
		ask := leaves(t, s.Outlets)
		for i := range ask {
			ask[i].Slope = max(ask[i].Slope, 0.1)
		}
		limits := make([]float64, len(s.Rows))
		for r := range limits {
			limits[r] = s.Rows[r].Limit
		}
		f := solver(t, s)
		x := slices.Clone(f.Fill(limits, ask).Currents)
		if minimaFit(s, ask) {
			for tier := -1; tier <= 1; tier++ {
				got := 0.0
				want := make([]float64, len(ask))
				for i, l := range ask {
					if want[i] = l.Max; l.Tier > tier {
						want[i] = math.Min(l.Min, l.Max)
						got += want[i]
					} else {
						got += x[i]
					}
				}
				if most := capacity(s, want); math.Abs(got-most) > within {
					t.Fatalf("tiers to %d: got %v A, want %v", tier, got, most)
				}
			}
		}
		if len(limits) > 0 {
			limits[rapid.IntRange(0, len(limits)-1).Draw(t, "row")]++
			if more := sum(f.Fill(limits, ask).Currents); more < sum(x)-within {
				t.Fatalf("an ampere more makes %v A of %v", more, sum(x))
			}
		}
	})
}

// capacity returns the largest sum of currents below most: rows of few outlets first,
// each lets no more through than its limit.
func capacity(s *limit.Set, most []float64) float64 {
	through := slices.Clone(most)
	rows := slices.Clone(s.Rows)
	slices.SortStableFunc(rows, func(a, b limit.Row) int { return len(a.Terms) - len(b.Terms) })
	for _, r := range rows {
		if over := r.Current(through) - r.Limit; over > 0 {
			// Which of its outlets carry what is let through is the same to the rows that hold it.
			for _, term := range r.Terms {
				less := math.Min(over/term.Re, through[term.Outlet])
				through[term.Outlet] -= less
				over -= less * term.Re
			}
		}
	}
	return sum(through)
}

// Who sits where in the list changes nothing.
func TestOrderOfOutlets(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) *limit.Set{"nested": nested, "crossing": crossed} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := draw(t)
				ask := leaves(t, s.Outlets)
				if !minimaFit(s, ask) {
					return // equal ranks go by number
				}
				numbers := make([]int, s.Outlets)
				for i := range numbers {
					numbers[i] = i
				}
				numbers = rapid.Permutation(numbers).Draw(t, "numbers")
				other, moved := &limit.Set{Outlets: s.Outlets}, make([]fill.Leaf, len(ask))
				for i := range ask {
					moved[numbers[i]] = ask[i]
				}
				for _, r := range s.Rows {
					r.Terms = slices.Clone(r.Terms)
					for i := range r.Terms {
						r.Terms[i].Outlet = numbers[r.Terms[i].Outlet]
					}
					slices.SortFunc(r.Terms, func(a, b limit.Term) int { return a.Outlet - b.Outlet })
					other.Rows = append(other.Rows, r)
				}
				a, b := solver(t, s).Fill(nil, ask), solver(t, other).Fill(nil, moved)
				for i, n := range numbers {
					if math.Abs(a.Currents[i]-b.Currents[n]) > within {
						t.Fatalf("outlet %d as %d: got %v A, want %v", i, n, b.Currents[n], a.Currents[i])
					}
				}
			})
		})
	}
}

func TestMinima(t *testing.T) {
	s := &limit.Set{Outlets: 3, Rows: []limit.Row{row(0, 16, 1, 0, 3), row(1, 10, 1, 1, 3)}}
	leaf := func(least float64, tier int, rank float64) fill.Leaf {
		return fill.Leaf{Min: least, Max: 32, Slope: 1, Tier: tier, Rank: rank}
	}
	for _, c := range []struct {
		name  string
		ask   []fill.Leaf
		want  []float64
		bound []int
		short int
	}{
		{"none", []fill.Leaf{leaf(0, 0, 0), leaf(0, 0, 0), leaf(0, 0, 0)}, []float64{6, 5, 5}, []int{0, 1, 1}, 0},
		{"one above the others' level", []fill.Leaf{leaf(8, 0, 0), leaf(0, 0, 0), leaf(0, 0, 0)}, []float64{8, 4, 4}, []int{0, 0, 0}, 0},
		{"of a later tier come first, too", []fill.Leaf{leaf(6, 1, 0), leaf(0, 0, 0), leaf(2, 1, 0)}, []float64{6, 8, 2}, []int{0, 1, 1}, 0},
		{"that do not fit: the later tier gives up", []fill.Leaf{leaf(6, 1, 0), leaf(6, 0, 0), leaf(6, 0, 0)}, []float64{6, 6, 4}, []int{0, 1, 1}, 1},
		{"that do not fit: the greater rank gives up", []fill.Leaf{leaf(6, 0, 3), leaf(6, 0, 2), leaf(4, 0, 1)}, []float64{6, 6, 4}, []int{0, 1, 1}, 0},
		{"above the maximum", []fill.Leaf{{Min: 6, Max: 4, Slope: 1}, leaf(0, 0, 0), leaf(0, 0, 0)}, []float64{4, 5, 5}, []int{fill.Own, 1, 1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := solver(t, s).Fill(nil, c.ask)
			for i := range c.want {
				if math.Abs(got.Currents[i]-c.want[i]) > 1e-9 {
					t.Fatalf("got %v, want %v", got.Currents, c.want)
				}
			}
			if !slices.Equal(got.Bound, c.bound) || got.Short != c.short {
				t.Errorf("got bounds %v and %d short, want %v and %d", got.Bound, got.Short, c.bound, c.short)
			}
		})
	}
}

func TestNotNested(t *testing.T) {
	turned := limit.Row{Name: "turned", Limit: 1, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Im: 1}}}
	uneven := limit.Row{Name: "uneven", Limit: 1, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 2}}}
	for _, c := range []struct {
		name       string
		rows       []limit.Row
		row, other int
	}{
		{"two that share one", []limit.Row{row(0, 9, 1, 0, 4), row(1, 1, 1, 0, 2), row(2, 1, 1, 1, 3)}, 2, 1},
		{"one across two", []limit.Row{row(0, 1, 1, 0, 2), row(1, 1, 1, 2, 4), row(2, 1, 1, 1, 3)}, 2, 0},
		{"one over the edge", []limit.Row{row(0, 1, 1, 1, 3), row(1, 1, 1, 0, 2)}, 1, 0},
		{"a small one across the smaller of two", []limit.Row{row(0, 1, 1, 0, 4), row(1, 1, 1, 1, 3), row(2, 1, 1, 2, 4)}, 2, 1},
		{"turned currents", []limit.Row{row(0, 1, 1, 0, 2), turned}, 1, 1},
		{"factors that differ", []limit.Row{uneven}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := fill.TreeOf(&limit.Set{Outlets: 4, Rows: c.rows})
			var not *fill.NotNested
			if !errors.As(err, &not) || not.Row != c.row || not.Other != c.other {
				t.Errorf("got %v, want rows %d and %d", err, c.row, c.other)
			}
		})
	}
	if _, err := fill.New(&limit.Set{Outlets: 2, Rows: []limit.Row{turned}}); err == nil {
		t.Error("turned currents have a solver")
	}
}
