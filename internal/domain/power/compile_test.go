package power_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/power"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/unit"
)

// compile returns a site's rows, whatever else is wrong with the test.
func compile(t rapid.TB, s *power.Site, pins []power.Pins) *power.Compiled {
	t.Helper()
	c, err := s.Compile(pins)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set.Check(); err != nil {
		t.Fatalf("the rows are none: %v", err)
	}
	return c
}

// Rows say what flows at their places, as phasors computed directly do.
func TestRowsAreThePhasors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sites(t)
		pins := cars(t, s)
		c := compile(t, s, pins)
		x := make([]float64, len(s.Outlets))
		given := make([]power.Given, len(x))
		for i := range x {
			given[i].Current = unit.MilliAmpere(rapid.Int64Range(0, 32_000).Draw(t, "mA"))
			x[i] = float64(given[i].Current) / 1000
		}
		d := flowsOf(s, pins, x)
		for i, row := range c.Rows {
			// Places of one row are the same sum, each in its own unit.
			flows := c.Set.Rows[i].Current(x)
			for _, p := range row.Places {
				want := d.at(s, p)
				if p.Quantity == power.TotalPower {
					want /= perAmpere(s, pins, c.Set.Rows[i].Terms)
				}
				if math.Abs(flows-want) > 1e-9*(1+want) {
					t.Errorf("%s: got %v A, want %v", p, flows, want)
				}
			}
		}
	})
}

// perAmpere returns the watts of an ampere at the outlet of a row that has the most.
func perAmpere(s *power.Site, pins []power.Pins, terms []limit.Term) float64 {
	most := 0.0
	for _, term := range terms {
		x := make([]float64, len(s.Outlets))
		x[term.Outlet] = 1
		d := flowsOf(s, pins, x)
		most = max(most, slices.Max(d.watt))
	}
	return most
}

// building draws what each node's own load takes of its reserve.
func building(t *rapid.T, s *power.Site) []power.Currents {
	own := make([]power.Currents, len(s.Nodes))
	for i := range own {
		for l, most := range s.Nodes[i].Reserve {
			own[i][l] = unit.MilliAmpere(rapid.Int64Range(0, int64(most)).Draw(t, "own"))
		}
	}
	return own
}

// spare is allowed for what a building's load counts in, and has no end elsewhere.
func spare(n *power.Node, p power.Place, at time.Time) float64 {
	if p.Quantity == power.Unbalance || p.Quantity == power.NeutralCurrent {
		return math.Inf(1)
	}
	return allowed(n, p, at)
}

// allowed returns what a node limits at a place at a time, computed apart: the lowest
// of what is configured and the windows, without reserves.
func allowed(n *power.Node, p power.Place, at time.Time) float64 {
	lowest := of(&n.Limits, p, n.Tension)
	for i := range n.Windows {
		if w := &n.Windows[i]; !at.Before(w.From) && at.Before(w.Until) {
			lowest = min(lowest, of(&w.Limits, p, n.Tension))
		}
	}
	return lowest
}

func of(l *power.Limits, p power.Place, tension unit.MilliVolt) float64 {
	most := math.Inf(1)
	switch {
	case p.Quantity == power.LineCurrent:
		if l.Current != nil {
			most = float64(l.Current[p.Line]) / 1000
		}
		if l.Rating != nil {
			most = min(most, float64(*l.Rating)/3/(float64(tension)/1000))
		}
	case p.Quantity == power.TotalPower && l.Power != nil:
		most = float64(*l.Power)
	case p.Quantity == power.Unbalance && l.Unbalance != nil:
		most = float64(*l.Unbalance) / 1000
	case p.Quantity == power.NeutralCurrent && l.Neutral != nil:
		most = float64(*l.Neutral) / 1000
	}
	return most
}

// everywhere returns each place that a node may limit.
func everywhere(n *power.Node) []power.Place {
	places := []power.Place{{Node: n.ID, Quantity: power.NeutralCurrent}, {Node: n.ID, Quantity: power.TotalPower}}
	for l := range power.Line(3) {
		places = append(places, power.Place{Node: n.ID, Quantity: power.LineCurrent, Line: l}, power.Place{Node: n.ID, Quantity: power.Unbalance, Line: l})
	}
	return places
}

// Currents that keep the rows keep every limit of the site, those without a row, too,
// at any time, whatever cars that are not known load and however much of its reserve a
// building draws.
func TestRowsKeepEveryLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sites(t)
		known := cars(t, s)
		actual := slices.Clone(known)
		for i := range known {
			if rapid.Bool().Draw(t, "unknown") {
				known[i] = power.UnknownPins
			}
		}
		c := compile(t, s, known)
		at := noon().Add(time.Duration(rapid.IntRange(-150, 150).Draw(t, "minutes")) * time.Minute)
		in := c.At(at, nil)
		x := amounts(t, c, in, s)
		own := building(t, s)
		d, alone, beside := flowsOf(s, actual, x), flowsBeside(s, actual, make([]float64, len(x)), own), flowsBeside(s, actual, x, own)
		for i := range s.Nodes {
			for _, p := range everywhere(&s.Nodes[i]) {
				if beside.at(s, p) > max(alone.at(s, p), spare(&s.Nodes[i], p, at))*(1+2e-9)+1e-6 {
					t.Errorf("%s %s: %v with the building", p.Quantity, p, beside.at(s, p))
				}
				if flows, most := d.at(s, p), allowed(&s.Nodes[i], p, at); flows > most*(1+2e-9)+1e-6 {
					t.Errorf("%s %s: %v of %v", p.Quantity, p, flows, most)
				}
			}
		}
	})
}

// With what else is drawn, limits still hold: the reserves flow through all that is
// above them.
func TestReserve(t *testing.T) {
	s := &power.Site{
		Nodes: []power.Node{panel("grid", "", 100_000), panel("p1", "grid", 63_000), panel("p2", "grid", 80_000)},
	}
	for _, node := range []power.NodeID{"p1", "p1", "p1", "p2", "p2", "p2", "p2"} {
		s.Outlets = append(s.Outlets, outlet(power.OutletID(rune('a'+len(s.Outlets))), node))
	}
	s.Nodes[1].Reserve = power.Currents{10_000, 20_000, 0}
	s.Nodes[0].Reserve = power.Currents{5000, 0, 0}
	s.Nodes[2].Metered = true
	c := compile(t, s, nil)
	for _, k := range []struct {
		name string
		own  []power.Currents
		want map[string]float64
	}{
		{"reserves", nil, map[string]float64{"grid": 80, "p1": 43, "p2": 80}},
		{"one is measured", []power.Currents{{}, {}, {90_000, 0, 0}}, map[string]float64{"grid": 0, "p1": 43, "p2": 0}},
		{"what is not metered does not count", []power.Currents{{}, {50_000}, {}}, map[string]float64{"grid": 80, "p1": 43, "p2": 80}},
	} {
		t.Run(k.name, func(t *testing.T) {
			in := c.At(noon(), k.own)
			for i := range c.Rows {
				place := c.Rows[i].Places[0]
				if got, want := in.Amperes[i], k.want[string(place.Node)]; got != want {
					t.Errorf("%s: got %v A, want %v", c.Set.Rows[i].Name, got, want)
				}
			}
			if len(c.Rows) != 3 {
				t.Errorf("got %d rows, want one for each node: lines alike are one", len(c.Rows))
			}
		})
	}
}

// What is measured has no bound, so the rows above it stay although the outlets alone
// could never fill them.
func TestRowsAboveAMeterStay(t *testing.T) {
	s := &power.Site{Nodes: []power.Node{panel("grid", "", 100_000), panel("shop", "grid", 0)}, Outlets: []power.Outlet{outlet("a", "grid")}}
	s.Nodes[1].Limits.Current = nil
	if c := compile(t, s, nil); len(c.Rows) != 0 {
		t.Errorf("without a meter: got %d rows, want none", len(c.Rows))
	}
	s.Nodes[1].Metered = true
	c := compile(t, s, nil)
	if len(c.Rows) != 1 {
		t.Fatalf("got %d rows, want that of the grid", len(c.Rows))
	}
	if got := c.At(noon(), []power.Currents{{}, {85_000, 90_000, 0}}).Amperes[0]; got != 10 {
		t.Errorf("got %v A beside 90 A, want 10", got)
	}
}

// A load on one line of the low side is on two of a delta's.
func TestReserveBelowATransformer(t *testing.T) {
	for _, c := range []struct {
		group wiring.Group
		want  []float64 // left on L1, L2, L3 of 100 A
	}{
		{wiring.YNyn0, []float64{90, 100, 100}},
		{wiring.Dyn11, []float64{90, 90, 100}},
		{wiring.Dyn1, []float64{90, 100, 90}},
	} {
		t.Run(string(c.group), func(t *testing.T) {
			s := small()
			s.Nodes[0].Limits.Current = three(100_000)
			s.Nodes[1].Limits.Current = nil
			s.Nodes[1].Windings = &power.Windings{Group: c.group, Primary: 230_000, Secondary: 230_000}
			s.Nodes[2].Limits.Current = nil
			s.Nodes[2].Reserve = power.Currents{10_000, 0, 0}
			for i := range s.Outlets {
				s.Outlets[i].Most = 300_000
			}
			compiled := compile(t, s, []power.Pins{power.Pin1, power.TwoPins, power.AllPins})
			in := compiled.At(noon(), nil)
			for i, row := range compiled.Rows {
				p := row.Places[0]
				if got := in.Amperes[i]; math.Abs(got-c.want[p.Line]) > 1e-9 {
					t.Errorf("%s: got %v A, want %v", p, got, c.want[p.Line])
				}
			}
			if len(compiled.Rows) != 3 {
				t.Errorf("got %d rows, want one for each line", len(compiled.Rows))
			}
		})
	}
}

// turn returns a rotation whose lines are one further.
func turn(r power.Rotation) power.Rotation {
	next := map[rune]rune{'R': 'S', 'S': 'T', 'T': 'R', 'x': 'x'}
	turned := ""
	for _, letter := range string(r) {
		turned += string(next[letter])
	}
	return power.Rotation(turned)
}

// Outlets that are all turned by one line have what they had, one line further.
func TestRotationPermutesLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sites(t)
		for i := range s.Nodes { // alike on all lines
			if l := s.Nodes[i].Limits.Current; l != nil {
				s.Nodes[i].Limits.Current = three(l[0])
			}
			s.Nodes[i].Windows = nil
		}
		pins := cars(t, s)
		turned := *s
		turned.Outlets = slices.Clone(s.Outlets)
		for i := range turned.Outlets {
			turned.Outlets[i].Rotation = turn(turned.Outlets[i].Rotation)
		}
		a, b := compile(t, s, pins), compile(t, &turned, pins)
		x := make([]float64, len(s.Outlets))
		for i := range x {
			x[i] = float64(rapid.IntRange(0, 32).Draw(t, "A"))
		}
		loads := map[power.Place]float64{}
		for i, row := range b.Rows {
			for _, p := range row.Places {
				loads[power.Place{Node: p.Node, Quantity: p.Quantity, Line: p.Line}] = b.Set.Rows[i].Current(x)
			}
		}
		for i, row := range a.Rows {
			for _, p := range row.Places {
				further := power.Place{Node: p.Node, Quantity: p.Quantity, Line: p.Line}
				if p.Quantity == power.LineCurrent || p.Quantity == power.Unbalance {
					further.Line = (p.Line + 1) % 3
				}
				got, there := loads[further]
				if want := a.Set.Rows[i].Current(x); !there || math.Abs(got-want) > 1e-9*(1+want) {
					t.Errorf("%s: %v A; one further %v, %t", p, want, got, there)
				}
			}
		}
	})
}

// Whichever way outlets are counted, the rows are the same.
func TestPermutingOutletsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sites(t)
		pins := cars(t, s)
		order := rapid.Permutation(indices(len(s.Outlets))).Draw(t, "order")
		other := *s
		other.Outlets = nil
		otherPins := make([]power.Pins, 0, len(order))
		for _, i := range order {
			other.Outlets = append(other.Outlets, s.Outlets[i])
			otherPins = append(otherPins, pins[i])
		}
		a, b := compile(t, s, pins), compile(t, &other, otherPins)
		if len(a.Rows) != len(b.Rows) {
			t.Fatalf("got %d rows, then %d", len(a.Rows), len(b.Rows))
		}
		x, y := make([]float64, len(order)), make([]float64, len(order))
		for to, from := range order {
			x[from] = float64(rapid.IntRange(0, 32).Draw(t, "A"))
			y[to] = x[from]
		}
		for i := range a.Rows {
			if a.Set.Rows[i].Name != b.Set.Rows[i].Name || math.Abs(a.Set.Rows[i].Limit-b.Set.Rows[i].Limit) > 1e-9 {
				t.Errorf("row %d: got %s, then %s", i, a.Set.Rows[i].Name, b.Set.Rows[i].Name)
			}
			if got, want := b.Set.Rows[i].Current(y), a.Set.Rows[i].Current(x); math.Abs(got-want) > 1e-9*(1+want) {
				t.Errorf("%s: got %v A, then %v", a.Set.Rows[i].Name, want, got)
			}
		}
	})
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// Rows of loads to neutral are nested as the nodes are, and what children imply is out.
func TestRowsAreATree(t *testing.T) {
	s := &power.Site{Nodes: []power.Node{panel("grid", "", 100_000), panel("p1", "grid", 63_000), panel("p2", "grid", 32_000), panel("p3", "grid", 31_000), panel("f", "p3", 40_000)}}
	s.Outlets = []power.Outlet{outlet("a", "p1"), outlet("b", "p1"), outlet("c", "p2"), outlet("d", "f")}
	c := compile(t, s, nil)
	var names []string
	for _, row := range c.Set.Rows {
		names = append(names, row.Name)
		if !row.Plain() {
			t.Errorf("%s is no plain sum", row.Name)
		}
	}
	// p2 and f have room for all below them; of the lines, all have the same outlets.
	if want := []string{"grid/L1 grid/L2 grid/L3", "p1/L1 p1/L2 p1/L3", "p3/L1 p3/L2 p3/L3"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	s.Nodes[0].Limits.Current = three(126_000) // 63 + 32 + 31
	if got := compile(t, s, nil).Rows; len(got) != 2 || got[0].Places[0].Node != "p1" {
		t.Errorf("a limit that its children imply: got %v", got)
	}
	s.Nodes[0].Limits.Current = three(125_999)
	if got := compile(t, s, nil).Rows; len(got) != 3 {
		t.Errorf("one mA less: got %d rows, want 3", len(got))
	}
}
