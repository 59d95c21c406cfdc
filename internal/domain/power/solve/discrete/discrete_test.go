package discrete_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/discrete"
	"pylon/internal/domain/power/solve/fill"
	"pylon/internal/domain/power/solve/limit"
)

// lines draws rows of every kind: sums, turned currents, differences of two lines.
func lines(t *rapid.T, outlets int) *limit.Set {
	s := &limit.Set{Outlets: outlets}
	for range rapid.IntRange(1, 5).Draw(t, "rows") {
		r := limit.Row{Limit: rapid.SampledFrom([]float64{0, 5, 10, 16.5, 20, 32, 63, 1e-5}).Draw(t, "limit")}
		kind := rapid.SampledFrom([]string{"sum", "sum", "turned", "difference"}).Draw(t, "kind")
		for i := range outlets {
			term := limit.Term{Outlet: i, Re: rapid.SampledFrom([]float64{0, 1, 1, 0.5}).Draw(t, "re")}
			switch {
			case kind == "turned" && rapid.Bool().Draw(t, "is turned"):
				term.Re, term.Im = 0.25, 0.75
			case kind == "difference" && rapid.Bool().Draw(t, "is taken off"):
				term.Re = -term.Re
			}
			r.Terms = append(r.Terms, term)
		}
		s.Rows = append(s.Rows, r)
	}
	return s
}

func outlets(t *rapid.T, n int) []discrete.Outlet {
	all := make([]discrete.Outlet, n)
	for i := range all {
		all[i] = discrete.Outlet{
			Steps: rapid.SampledFrom([][]float64{nil, nil, {8, 16, 24, 32}, {6.1, 12.7, 19.3}}).Draw(t, "steps"),
			Min:   rapid.SampledFrom([]float64{0, 6, 6}).Draw(t, "min"),
			Max:   rapid.SampledFrom([]float64{0, 5, 16, 32}).Draw(t, "max"),
			Tier:  rapid.IntRange(0, 1).Draw(t, "tier"),
			Rank:  float64(rapid.IntRange(0, 3).Draw(t, "rank")),
		}
	}
	return all
}

// However wishes, limits and turns go, step after step: no row is above its limit, and
// each outlet has 0 or a step between its minimum and its maximum.
func TestSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "outlets")
		s, all, states := lines(t, n), outlets(t, n), make([]discrete.State, n)
		r := discrete.New(s, discrete.Hold{On: 2, Off: 2})
		limits := make([]float64, len(s.Rows))
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			for i := range limits {
				limits[i] = s.Rows[i].Limit * rapid.SampledFrom([]float64{0, 0.6, 1, 1}).Draw(t, "factor")
			}
			wish := rapid.SliceOfN(rapid.Float64Range(0, 40), n, n).Draw(t, "wish")
			got := r.Round(&discrete.Step{Limits: limits, Currents: wish, Outlets: all, States: states})
			if row, ratio := s.Worst(got, limits); ratio > 1+limit.Slack {
				t.Fatalf("row %d is filled to %v: %v", row, ratio, got)
			}
			for i, amps := range got {
				o := all[i]
				whole := o.Steps == nil && amps == math.Floor(amps) || slices.Contains(o.Steps, amps)
				if amps != 0 && (!whole || amps < o.Min || amps > o.Max) || states[i].On != (amps > 0) {
					t.Fatalf("outlet %d of %+v got %v, state %+v", i, o, amps, states[i])
				}
			}
		}
	})
}

// best returns the largest sum of currents that keep to plain rows, by trying all.
func best(s *limit.Set, all []discrete.Outlet) (most float64) {
	x := make([]float64, len(all))
	var try func(i int, total float64)
	try = func(i int, total float64) {
		if _, ratio := s.Worst(x, nil); ratio > 1+limit.Slack {
			return
		}
		if i == len(all) {
			most = math.Max(most, total)
			return
		}
		for amps := 0.0; amps <= all[i].Max; amps++ {
			if x[i] = amps; amps == 0 || amps >= all[i].Min {
				try(i+1, total+amps)
			}
		}
		x[i] = 0
	}
	try(0, 0)
	return most
}

// nested is a tree of two panels with whole limits, and wishes that fill it.
func nested(t *rapid.T, least float64) (*limit.Set, []discrete.Outlet, []float64) {
	n := rapid.IntRange(1, 5).Draw(t, "outlets")
	middle := rapid.IntRange(0, n).Draw(t, "middle")
	s := &limit.Set{Outlets: n, Rows: make([]limit.Row, 3)}
	for i := range n {
		term := limit.Term{Outlet: i, Re: 1}
		s.Rows[0].Terms = append(s.Rows[0].Terms, term)
		panel := 1
		if i >= middle {
			panel = 2
		}
		s.Rows[panel].Terms = append(s.Rows[panel].Terms, term)
	}
	for r := range s.Rows {
		s.Rows[r].Limit = float64(rapid.IntRange(0, 24).Draw(t, "limit"))
	}
	all := make([]discrete.Outlet, n)
	for i := range all {
		all[i] = discrete.Outlet{Min: least, Max: float64(rapid.IntRange(6, 9).Draw(t, "max"))}
	}
	leaves := make([]fill.Leaf, n)
	for i := range leaves {
		leaves[i] = fill.Fair(all[i].Max, rapid.Float64Range(0.1, 10).Draw(t, "weight"))
	}
	solver, err := fill.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return s, all, solver.Fill(nil, leaves).Currents
}

// Whole amperes under nested whole limits carry as much as any could.
func TestWholeAmperesAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, all, wish := nested(t, 1)
		got := 0.0
		for _, amps := range discrete.New(s, discrete.Hold{}).Round(&discrete.Step{Currents: wish, Outlets: all, States: make([]discrete.State, len(all))}) {
			got += amps
		}
		if want := best(s, all); got != want {
			t.Fatalf("got %v A, want %v", got, want)
		}
	})
}

// Who does not get six amperes costs a full row no more than six.
func TestMinimumCosts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, all, wish := nested(t, 6)
		got := 0.0
		for _, amps := range discrete.New(s, discrete.Hold{}).Round(&discrete.Step{Currents: wish, Outlets: all, States: make([]discrete.State, len(all))}) {
			got += amps
		}
		if want := best(s, all); got < want-6*float64(len(s.Rows)-1) {
			t.Fatalf("got %v A, want nearly %v", got, want)
		}
	})
}

// What can be had at once is rounded to a neighbour, up for the largest remainders.
func TestLargestRemainder(t *testing.T) {
	three := func(most float64) *limit.Set {
		return &limit.Set{Outlets: 3, Rows: []limit.Row{{Limit: most, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 1}, {Outlet: 2, Re: 1}}}}}
	}
	car := discrete.Outlet{Min: 6, Max: 32}
	stepped := discrete.Outlet{Min: 6, Max: 32, Steps: []float64{8, 16, 24, 32}}
	later := discrete.Outlet{Min: 6, Max: 32, Tier: 1}
	urgent := discrete.Outlet{Min: 6, Max: 32, Rank: -1}
	for _, c := range []struct {
		name string
		set  *limit.Set
		wish []float64
		all  []discrete.Outlet
		want []float64
	}{
		{"the largest is raised", three(30), []float64{10.3, 9.6, 10.1}, []discrete.Outlet{car, car, car}, []float64{10, 10, 10}},
		{"all but the smallest are", three(32), []float64{10.5, 11.6, 9.9}, []discrete.Outlet{car, car, car}, []float64{10, 12, 10}},
		{"the earlier tier first", three(30), []float64{10.3, 9.8, 9.9}, []discrete.Outlet{car, later, later}, []float64{11, 9, 10}},
		{"in steps of a list", three(40), []float64{15, 9, 16}, []discrete.Outlet{stepped, stepped, stepped}, []float64{16, 8, 16}},
		{"what a solver lacks", three(32), []float64{15.9999999, 7, 9}, []discrete.Outlet{car, car, car}, []float64{16, 7, 9}},
		{"too little for all: rank decides", three(14), []float64{14. / 3, 14. / 3, 14. / 3}, []discrete.Outlet{car, car, urgent}, []float64{7, 0, 7}},
		{"too little for all: the tier decides before rank", three(7), []float64{3, 3, 1}, []discrete.Outlet{later, car, {Min: 6, Max: 32, Tier: 1, Rank: -1}}, []float64{0, 7, 0}},
		{"who could have six goes first", three(20), []float64{1, 13, 6}, []discrete.Outlet{urgent, car, car}, []float64{6, 8, 6}},
		{"a wish is meant where there is room", three(20), []float64{0, 6.4, 0}, []discrete.Outlet{car, car, car}, []float64{0, 7, 0}},
		{"what a full row leaves idle goes to whoever can take it", three(20), []float64{0, 20, 0}, []discrete.Outlet{car, {Min: 6, Max: 32, Steps: []float64{8, 12}}, car}, []float64{8, 12, 0}},
		{"nobody there", three(20), []float64{9, 5, 9}, []discrete.Outlet{{Min: 6, Max: 5}, {Min: 6, Max: 9}, {}}, []float64{0, 9, 0}},
		{"a limit of nothing", three(0), []float64{9, 5, 9}, []discrete.Outlet{car, car, car}, []float64{0, 0, 0}},
		{
			"two lines that balance each other go on together",
			&limit.Set{Outlets: 3, Rows: []limit.Row{{Limit: 5, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: -1}}}}},
			[]float64{14.5, 10, 3},
			[]discrete.Outlet{car, {Min: 6, Max: 12}, {Min: 6, Max: 6}},
			[]float64{15, 10, 6},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := discrete.New(c.set, discrete.Hold{}).Round(&discrete.Step{Currents: c.wish, Outlets: c.all, States: make([]discrete.State, len(c.all))})
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
