package wiring_test

import (
	"math"
	"math/big"
	"math/cmplx"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/wiring"
)

const near = 1e-12

// single returns the row of one outlet whose ampere is a flow.
func single(f wiring.Flow) wiring.Row {
	return wiring.Rows([]wiring.Part{{Outlet: 0, May: []wiring.Flow{f}}})[0]
}

// lone returns what an ampere of a load is in the lines, as lengths.
func lone(l wiring.Lines) [3]float64 {
	var lengths [3]float64
	for i := range lengths {
		if f := l.Line(i); !f.Zero() {
			lengths[i] = single(f).Terms[0].Re
		}
	}
	return lengths
}

func TestLoads(t *testing.T) {
	third := 1 / math.Sqrt(3)
	for _, c := range []struct {
		name string
		load wiring.Lines
		want [3]float64
	}{
		{"one line to neutral", wiring.Star(1), [3]float64{0, 1, 0}},
		{"two lines to neutral", wiring.Star(0, 2), [3]float64{1, 0, 1}},
		{"between two lines", wiring.Between(0, 1), [3]float64{1, 1, 0}},
		{"between them the other way", wiring.Between(1, 0), [3]float64{1, 1, 0}},
		{"star to star", wiring.Star(0).Through(wiring.YNyn0, 400, 100), [3]float64{0.25, 0, 0}},
		{"one line below a delta loads two", wiring.Star(0).Through(wiring.Dyn11, 480, 120), [3]float64{0.25, 0.25, 0}},
		{"two others in a delta of the other sense", wiring.Star(0).Through(wiring.Dyn1, 480, 120), [3]float64{0.25, 0, 0.25}},
		{"between two lines, one carries both", wiring.Between(0, 1).Through(wiring.Dyn11, 480, 120), [3]float64{0.25, 0.5, 0.25}},
		{"balanced by the ratio of tensions between lines", wiring.Star(0, 1, 2).Through(wiring.Dyn11, 400, 400), [3]float64{1 / third, 1 / third, 1 / third}},
		{"twice through", wiring.Star(2).Through(wiring.YNyn0, 400, 200).Through(wiring.YNyn0, 300, 100), [3]float64{0, 0, 1. / 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := lone(c.load)
			for i := range got {
				if math.Abs(got[i]-c.want[i]) > near {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestNeutralAndUnbalance(t *testing.T) {
	if !wiring.Star(0, 1, 2).Neutral().Zero() || !wiring.Between(0, 2).Neutral().Zero() {
		t.Error("balanced loads and loads between lines have a current in the neutral")
	}
	if got := single(wiring.Star(0, 1).Neutral()).Terms[0].Re; got != 1 {
		t.Errorf("two lines: got %v in the neutral, want 1", got)
	}
	if !wiring.Star(0, 1, 2).Unbalance(0, 1).Zero() || !wiring.Star(0, 1, 2).Through(wiring.Dyn1, 20_000, 230).Unbalance(2, 0).Zero() {
		t.Error("a balanced load is unbalanced")
	}
	row := wiring.Rows([]wiring.Part{
		{Outlet: 0, May: []wiring.Flow{wiring.Star(0).Unbalance(0, 1)}},
		{Outlet: 1, May: []wiring.Flow{wiring.Star(1).Unbalance(0, 1)}},
	})[0]
	if row.Terms[0] != (limit.Term{Outlet: 0, Re: 1}) || row.Terms[1] != (limit.Term{Outlet: 1, Re: -1}) {
		t.Errorf("a load on each of two lines: got %v, want their difference", row.Terms)
	}
}

// The neutral and the unbalance of loads to neutral are those of complex numbers.
func TestSum(t *testing.T) {
	row := wiring.Sum([]wiring.Part{
		{Outlet: 0, May: []wiring.Flow{wiring.Power(230_000, 1000, false)}},
		{Outlet: 2, May: []wiring.Flow{wiring.Power(690_000, 1000, false)}},
	})
	if row.Terms[0].Re != 1./3 || row.Terms[1].Re != 1 {
		t.Errorf("got %v, want a third beside 1", row.Terms)
	}
	alike := wiring.Sum([]wiring.Part{
		{Outlet: 0, May: []wiring.Flow{wiring.Power(208_000, 1000, true)}},
		{Outlet: 1, May: []wiring.Flow{wiring.Power(208_000, 1000, true)}},
	})
	if alike.Terms[0].Re != 1 || alike.Terms[1].Re != 1 {
		t.Errorf("outlets alike: got %v, want a sum of amperes", alike.Terms)
	}
}

// loads draws some ways in which an ampere of one outlet can flow in the lines.
func loads(t *rapid.T, ways int) []wiring.Lines {
	kinds := []wiring.Lines{
		wiring.Star(0), wiring.Star(1), wiring.Star(2), wiring.Star(0, 1), wiring.Star(0, 1, 2),
		wiring.Between(0, 1), wiring.Between(1, 2), wiring.Between(2, 0),
	}
	all := make([]wiring.Lines, ways)
	for i := range all {
		all[i] = rapid.SampledFrom(kinds).Draw(t, "load")
	}
	if rapid.Bool().Draw(t, "below a transformer") {
		group := rapid.SampledFrom([]wiring.Group{wiring.YNyn0, wiring.Dyn1, wiring.Dyn11}).Draw(t, "group")
		for i := range all {
			all[i] = all[i].Through(group, 400, 230)
		}
	}
	return all
}

// view draws what a row looks at.
func view(t *rapid.T) func(wiring.Lines) wiring.Flow {
	line := rapid.IntRange(0, 2).Draw(t, "line")
	return rapid.SampledFrom([]func(wiring.Lines) wiring.Flow{
		func(l wiring.Lines) wiring.Flow { return l.Line(line) },
		func(l wiring.Lines) wiring.Flow { return l.Unbalance(line, (line+1)%3) },
		wiring.Lines.Neutral,
	}).Draw(t, "view")
}

// number returns what an ampere of a flow is, by way of a row in which a second outlet
// fixes the angle at 0 and one at 90 degrees keeps it from being straightened.
func number(f wiring.Flow) complex128 {
	terms := wiring.Rows([]wiring.Part{
		{Outlet: 0, May: []wiring.Flow{wiring.Star(0).Line(0)}},
		{Outlet: 1, May: []wiring.Flow{wiring.Star(1).Line(1)}},
		{Outlet: 2, May: []wiring.Flow{f}},
	})[0].Terms
	if len(terms) < 3 {
		return 0
	}
	return complex(terms[2].Re, terms[2].Im)
}

// Whatever each part turns out to be, currents that keep the rows keep the limit.
func TestRowsHoldForEveryChoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		look := view(t)
		parts := make([]wiring.Part, rapid.IntRange(1, 5).Draw(t, "parts"))
		for i := range parts {
			parts[i].Outlet = i
			for _, load := range loads(t, rapid.IntRange(1, 4).Draw(t, "choices")) {
				parts[i].May = append(parts[i].May, look(load))
			}
		}
		x := make([]float64, len(parts))
		for i := range x {
			x[i] = rapid.Float64Range(0, 32).Draw(t, "A")
		}
		bound := 0.0 // what the rows hold to a limit of
		for _, row := range wiring.Rows(parts) {
			set := &limit.Row{Terms: row.Terms}
			limits := wiring.Unlimited(1)
			unit(limits, row)
			bound = max(bound, set.Current(x)/limits[0])
		}
		worst := worstChoice(parts, x, 0)
		if worst > bound*(1+1e-9)+1e-9 {
			t.Errorf("some choice has %v A where the rows say at most %v", worst, bound)
		}
	})
}

// unit makes limits what a limit of 1 A is in a row's own amperes.
func unit(limits wiring.Amperes, row wiring.Row) { limits.Lower(0, one(), row.Unit) }

func worstChoice(parts []wiring.Part, x []float64, sum complex128) float64 {
	if len(parts) == 0 {
		return cmplx.Abs(sum)
	}
	worst := 0.0
	for _, f := range parts[0].May {
		worst = max(worst, worstChoice(parts[1:], x[1:], sum+number(f)*complex(x[0], 0)))
	}
	return worst
}

// The most of a box is the longest of all its corners.
func TestBoxIsTheLongestCorner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		look := view(t)
		var row limit.Row
		n := rapid.IntRange(1, 8).Draw(t, "outlets")
		for i := range n {
			if z := number(look(loads(t, 1)[0])); z != 0 {
				row.Terms = append(row.Terms, limit.Term{Outlet: i, Re: real(z), Im: imag(z)})
			}
		}
		most := make([]int64, n)
		for i := range most {
			most[i] = rapid.Int64Range(0, 32_000).Draw(t, "mA")
		}
		longest := 0.0
		for corner := range 1 << n {
			x := make([]float64, n)
			for i := range x {
				if corner&(1<<i) != 0 {
					x[i] = float64(most[i]) / 1000
				}
			}
			longest = max(longest, row.Current(x))
		}
		box := wiring.NewBox(&row)
		box.Draw(most)
		got := box.Most(ones(t))
		if want := 1000 * longest; float64(got) < want-1e-4 || float64(got) > want+1.001 {
			t.Errorf("got %d mA, want %v rounded up", got, want)
		}
	})
}

func one() *big.Rat { return big.NewRat(1, 1) }

// ones returns the unit of a row in amperes.
func ones(t *rapid.T) wiring.Unit {
	t.Helper()
	return single(wiring.Star(0).Line(0)).Unit
}

func TestLimits(t *testing.T) {
	set := &limit.Set{Outlets: 2, Rows: []limit.Row{
		{Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 1}}},
		{Terms: []limit.Term{{Outlet: 1, Re: 1}}},
	}}
	limits := wiring.Unlimited(2)
	amps := single(wiring.Star(0).Line(0)).Unit
	if !limits.Lower(0, big.NewRat(25, 2), amps) || limits.Lower(0, big.NewRat(13, 1), amps) {
		t.Error("the lower of two does not hold")
	}
	limits.Cap(set, []int64{6000, 7000})
	limits.Into(set)
	if set.Rows[0].Limit != 12.5 || set.Rows[1].Limit != 8 {
		t.Errorf("got %v and %v, want 12.5, and 8 where nothing limits 7 A", set.Rows[0].Limit, set.Rows[1].Limit)
	}
	judge := wiring.NewJudge(set, limits, []int64{6000, 5500})
	for _, c := range []struct {
		name    string
		outlet  int
		current int64
		want    bool
	}{
		{"up to the limit", 0, 7000, false},
		{"a milliampere beyond", 0, 7001, true},
		{"less", 0, 0, false},
		{"an outlet that is there, too", 1, 6501, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := judge.Breaks(0, c.outlet, c.current); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
	if judge.Breaks(1, 0, 99_000) {
		t.Error("an outlet breaks a row that it is not in")
	}
	if got := judge.Flows(0, amps); got != 11_500 {
		t.Errorf("flows: got %d mA, want 11500", got)
	}
	if got := judge.Full(0); got != 920_000 {
		t.Errorf("full: got %d, want 920000 millionths", got)
	}
}
