package power_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/power"
	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/unit"
)

// noon is when the tests take place.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// three returns the same current for each line.
func three(current unit.MilliAmpere) *power.Currents {
	return &power.Currents{current, current, current}
}

// panel returns a three-phase node at 230 V with a limit on each line.
func panel(id, parent power.NodeID, current unit.MilliAmpere) power.Node {
	return power.Node{
		ID: id, Parent: parent, Kind: power.Panel, Lines: power.AllLines, Tension: 230_000,
		Limits: power.Limits{Current: three(current)},
	}
}

// outlet returns one of three phases, 6 to 32 A.
func outlet(id power.OutletID, node power.NodeID) power.Outlet {
	return power.Outlet{ID: id, Node: node, Joint: power.Star, Rotation: "RST", Tension: 230_000, Most: 32_000, Least: 6000}
}

// car is what a test knows of a car: the contacts that it loads.
func cars(t *rapid.T, s *power.Site) []power.Pins {
	pins := make([]power.Pins, len(s.Outlets))
	for i := range pins {
		pins[i] = rapid.SampledFrom(ways(&s.Outlets[i])).Draw(t, "pins")
	}
	return pins
}

// ways returns the sets of contacts that a car can load at an outlet.
func ways(o *power.Outlet) []power.Pins {
	var possible []power.Pins
	for pins := power.Pin1; pins <= power.AllPins; pins++ {
		between := o.Joint != power.Delta || pins.Count() > 1
		if pins&^o.Rotation.Pins() == 0 && between && (o.Joint != power.DC || pins == power.AllPins) {
			possible = append(possible, pins)
		}
	}
	return possible
}

// sites draws a site of a few nodes and outlets of every kind.
func sites(t *rapid.T) *power.Site {
	s := &power.Site{Nodes: []power.Node{{ID: "n0", Kind: power.Grid, Lines: power.AllLines, Tension: 400_000}}}
	groups := []wiring.Group{wiring.YNyn0, wiring.Dyn1, wiring.Dyn11}
	for i := 1; i <= rapid.IntRange(0, 4).Draw(t, "nodes"); i++ {
		n := power.Node{ID: power.NodeID(fmt.Sprintf("n%d", i)), Kind: power.Feeder, Lines: power.AllLines, Tension: 230_000}
		n.Parent = s.Nodes[rapid.IntRange(0, i-1).Draw(t, "parent")].ID
		if rapid.IntRange(0, 2).Draw(t, "kind") == 0 {
			n.Kind = power.Transformer
			n.Windings = &power.Windings{Group: rapid.SampledFrom(groups).Draw(t, "group"), Primary: 400_000, Secondary: 230_000}
		}
		s.Nodes = append(s.Nodes, n)
	}
	for i := range s.Nodes {
		s.Nodes[i].Limits = limits(t)
		if rapid.Bool().Draw(t, "window") {
			from := noon().Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "from")) * time.Hour)
			s.Nodes[i].Windows = []power.Window{{From: from, Until: from.Add(time.Hour), Limits: limits(t)}}
		}
		if rapid.Bool().Draw(t, "reserve") {
			s.Nodes[i].Reserve = *three(unit.MilliAmpere(rapid.Int64Range(0, 5000).Draw(t, "mA")))
		}
	}
	rotations := []power.Rotation{"RST", "STR", "TRS", "RTS", "SRT", "TSR"}
	joints := []power.Joint{power.Star, power.Star, power.Delta, power.DC}
	for i := range rapid.IntRange(1, 6).Draw(t, "outlets") {
		o := outlet(power.OutletID(fmt.Sprintf("o%d", i)), rapid.SampledFrom(s.Nodes).Draw(t, "node").ID)
		o.Joint = rapid.SampledFrom(joints).Draw(t, "joint")
		o.Rotation = rapid.SampledFrom(rotations).Draw(t, "rotation")
		switch {
		case o.Joint == power.DC:
			o.Efficiency = 950
		case rapid.Bool().Draw(t, "two contacts"):
			o.Rotation = o.Rotation[:2] + "x"
		}
		s.Outlets = append(s.Outlets, o)
	}
	return s
}

// limits draws limits of a node, most of them none.
func limits(t *rapid.T) power.Limits {
	var l power.Limits
	if rapid.Bool().Draw(t, "current") {
		for line := range 3 {
			if l.Current == nil {
				l.Current = three(0)
			}
			l.Current[line] = unit.MilliAmpere(rapid.Int64Range(10_000, 120_000).Draw(t, "mA"))
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "power") == 0 {
		l.Power = new(unit.Watt(rapid.Int64Range(4000, 60_000).Draw(t, "W")))
	}
	if rapid.IntRange(0, 2).Draw(t, "rating") == 0 {
		l.Rating = new(unit.VoltAmpere(rapid.Int64Range(4000, 60_000).Draw(t, "VA")))
	}
	if rapid.IntRange(0, 2).Draw(t, "unbalance") == 0 {
		l.Unbalance = new(unit.MilliAmpere(rapid.Int64Range(5000, 40_000).Draw(t, "mA")))
	}
	if rapid.IntRange(0, 2).Draw(t, "neutral") == 0 {
		l.Neutral = new(unit.MilliAmpere(rapid.Int64Range(5000, 40_000).Draw(t, "mA")))
	}
	return l
}

// amounts draws currents in mA that keep the rows of a compiled site, by outlet: at
// random, and then taken down until they do.
func amounts(t *rapid.T, c *power.Compiled, in *power.InForce, s *power.Site) []float64 {
	x := make([]float64, len(s.Outlets))
	for i := range x {
		x[i] = float64(rapid.Int64Range(0, int64(s.Outlets[i].Most)).Draw(t, "given")) / 1000
	}
	if _, ratio := c.Set.Worst(x, in.Amperes); ratio > 1 {
		for i := range x {
			x[i] = x[i] / ratio * (1 - 1e-12)
		}
	}
	return x
}

// direct is what flows in a site by complex numbers and the tensions of its nodes,
// computed apart from the code that makes rows.
type direct struct {
	line [][3]complex128 // by node
	volt [][3]complex128 // by node, of length 1
	watt []float64
}

// flowsOf returns what flows at each node for currents in A. Parents stand before
// their children.
func flowsOf(s *power.Site, pins []power.Pins, x []float64) direct {
	return flowsBeside(s, pins, x, make([]power.Currents, len(s.Nodes)))
}

// flowsBeside is flowsOf with what else each node draws, in phase with its tensions.
func flowsBeside(s *power.Site, pins []power.Pins, x []float64, own []power.Currents) direct {
	n := len(s.Nodes)
	d := direct{make([][3]complex128, n), make([][3]complex128, n), make([]float64, n)}
	at := map[power.NodeID]int{}
	for i := range s.Nodes {
		at[s.Nodes[i].ID] = i
		d.volt[i] = [3]complex128{1, cmplx.Rect(1, -2*math.Pi/3), cmplx.Rect(1, 2*math.Pi/3)}
		if s.Nodes[i].Parent != "" {
			d.volt[i] = below(&s.Nodes[i], d.volt[at[s.Nodes[i].Parent]])
		}
		for l, current := range own[i] {
			d.line[i][l] += complex(float64(current)/1000, 0) * d.volt[i][l]
			d.watt[i] += float64(current) / 1000 * float64(s.Nodes[i].Tension) / 1000
		}
	}
	for i := range s.Outlets {
		node := at[s.Outlets[i].Node]
		line, watt := draw(&s.Outlets[i], pins[i], x[i], d.volt[node])
		for l := range line {
			d.line[node][l] += line[l]
		}
		d.watt[node] += watt
	}
	for i := n - 1; i > 0; i-- {
		up, ok := at[s.Nodes[i].Parent]
		if !ok {
			continue
		}
		for l, current := range above(&s.Nodes[i], d.line[i]) {
			d.line[up][l] += current
		}
		d.watt[up] += d.watt[i]
	}
	return d
}

// ends returns between which lines of the primary side a delta's winding lies.
func ends(group wiring.Group, winding int) (from, to int) {
	if group == wiring.Dyn11 {
		return winding, (winding + 1) % 3
	}
	return winding, (winding + 2) % 3
}

// below returns the tensions of a node whose parent has others.
func below(n *power.Node, parent [3]complex128) [3]complex128 {
	if n.Windings == nil || n.Windings.Group == wiring.YNyn0 {
		return parent
	}
	var volt [3]complex128
	for i := range volt {
		from, to := ends(n.Windings.Group, i)
		volt[i] = (parent[from] - parent[to]) / complex(math.Sqrt(3), 0)
	}
	return volt
}

// above returns the currents in the lines above a node.
func above(n *power.Node, line [3]complex128) [3]complex128 {
	if n.Windings == nil {
		return line
	}
	ratio := complex(float64(n.Windings.Secondary)/float64(n.Windings.Primary), 0)
	var up [3]complex128
	for i := range line {
		if n.Windings.Group == wiring.YNyn0 {
			up[i] = line[i] * ratio
			continue
		}
		from, to := ends(n.Windings.Group, i)
		up[from] += line[i] * ratio
		up[to] -= line[i] * ratio
	}
	return up
}

// draw returns the currents and the power of an outlet.
func draw(o *power.Outlet, pins power.Pins, x float64, volt [3]complex128) (line [3]complex128, watt float64) {
	var used []int
	for l := range 3 {
		if o.Joint == power.DC || o.Rotation.Lines(pins).Has(power.Line(l)) {
			used = append(used, l)
		}
	}
	tension := float64(o.Tension) / 1000
	if o.Joint != power.Delta {
		for _, l := range used {
			line[l] = complex(x, 0) * volt[l]
		}
		return line, x * tension * float64(len(used))
	}
	// Branches between the lines; with three, each has 1/√3 of the line's current.
	branch, pairs := x, [][2]int{{used[0], used[1]}}
	if len(used) == 3 {
		branch, pairs = x/math.Sqrt(3), [][2]int{{0, 1}, {1, 2}, {2, 0}}
	}
	for _, p := range pairs {
		across := volt[p[0]] - volt[p[1]]
		current := across * complex(branch/cmplx.Abs(across), 0)
		line[p[0]] += current
		line[p[1]] -= current
		watt += branch * tension
	}
	return line, watt
}

// at returns what flows at a place, in A or W.
func (d direct) at(s *power.Site, p power.Place) float64 {
	node := 0
	for i := range s.Nodes {
		if s.Nodes[i].ID == p.Node {
			node = i
		}
	}
	line, volt, next := d.line[node], d.volt[node], (p.Line+1)%3
	switch p.Quantity {
	case power.NeutralCurrent:
		return cmplx.Abs(line[0] + line[1] + line[2])
	case power.TotalPower:
		return d.watt[node]
	case power.Unbalance:
		return cmplx.Abs(line[p.Line]/volt[p.Line] - line[next]/volt[next])
	case power.LineCurrent:
	}
	return cmplx.Abs(line[p.Line])
}
