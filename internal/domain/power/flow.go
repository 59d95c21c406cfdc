package power

import (
	"math/big"

	"pylon/internal/domain/power/solve/wiring"
)

// flows is what flows at a node: amperes in each line, and watts.
type flows struct {
	line [lineCount]*big.Rat
	watt *big.Rat
}

func still() flows {
	return flows{[lineCount]*big.Rat{new(big.Rat), new(big.Rat), new(big.Rat)}, new(big.Rat)}
}

func (f flows) add(g flows) {
	for l := range f.line {
		f.line[l].Add(f.line[l], g.line[l])
	}
	f.watt.Add(f.watt, g.watt)
}

// above returns what flows becomes in the node above a node: no more than the sum of
// the magnitudes that meet in each line.
func (f flows) above(n *Node) flows {
	if n.Windings == nil {
		return f
	}
	up := still()
	up.watt.Set(f.watt)
	turns := big.NewRat(int64(n.Windings.Secondary), int64(n.Windings.Primary))
	for l := range f.line {
		up.line[l].Set(f.line[l])
		switch n.Windings.Group {
		case wiring.Dyn1:
			up.line[l].Add(up.line[l], f.line[(l+1)%len(f.line)])
		case wiring.Dyn11:
			up.line[l].Add(up.line[l], f.line[(l+2)%len(f.line)])
		case wiring.YNyn0:
		}
		up.line[l].Mul(up.line[l], turns)
	}
	return up
}

// drawn returns what else flows at each node: its own load and those below.
func (s *Site) drawn(t tree, own []Currents) []flows {
	drawn := make([]flows, len(s.Nodes))
	for i := range drawn {
		drawn[i] = still()
		node := &s.Nodes[i]
		draw := node.Reserve
		if node.Metered && own != nil {
			draw = own[i]
		}
		for l, current := range draw {
			drawn[i].line[l].Set(amperes(current))
			watt := big.NewRat(int64(current)*int64(node.Tension), microwatts)
			drawn[i].watt.Add(drawn[i].watt, watt)
		}
	}
	for _, i := range t.leavesFirst {
		if up := t.parent[i]; up >= 0 {
			drawn[up].add(drawn[i].above(&s.Nodes[i]))
		}
	}
	return drawn
}

// bounds returns what can flow at each node at most: what its outlets and the nodes
// below can take, each of these not above its own limits. Windows only lower limits,
// so those without them bound all along.
func (s *Site) bounds(t tree, pins []Pins) []flows {
	bounds := make([]flows, len(s.Nodes))
	for i := range bounds {
		bounds[i] = still()
	}
	for i := range s.Outlets {
		o := &s.Outlets[i]
		at := bounds[t.at[o.Node]]
		used := o.Used(pins[i])
		for _, l := range o.Rotation.Lines(used).each() {
			at.line[l].Add(at.line[l], amperes(o.Most))
		}
		over, linked := o.perAmpere(used)
		watt := new(big.Rat).Mul(big.NewRat(over, 1000), amperes(o.Most))
		if linked {
			watt.Mul(watt, big.NewRat(17_320_508_076, 10_000_000_000)) // √3, from above
		}
		at.watt.Add(at.watt, watt)
	}
	for _, i := range t.leavesFirst {
		if up := t.parent[i]; up >= 0 {
			bounds[up].add(s.limited(bounds[i], i).above(&s.Nodes[i]))
		}
	}
	return bounds
}

// limited returns flows at a node, none above its limit.
func (s *Site) limited(f flows, i int) flows {
	n := &s.Nodes[i]
	g := still()
	g.add(f)
	lower := func(flow *big.Rat, p Place) {
		if most := n.Limits.most(p, n.Tension); most != nil && most.Cmp(flow) < 0 {
			flow.Set(most)
		}
	}
	for l := range lineCount {
		if n.Lines.Has(l) {
			lower(g.line[l], Place{Quantity: LineCurrent, Line: l})
		}
	}
	lower(g.watt, Place{Quantity: TotalPower})
	return g
}

// metered tells of each node whether something at it or below is measured, so that
// what else is drawn there has no bound.
func (s *Site) metered(t tree) []bool {
	metered := make([]bool, len(s.Nodes))
	for _, i := range t.leavesFirst {
		metered[i] = metered[i] || s.Nodes[i].Metered
		if up := t.parent[i]; up >= 0 {
			metered[up] = metered[up] || metered[i]
		}
	}
	return metered
}

// hold tells whether flows never come above a limit at a place.
func (f flows) hold(lowest *big.Rat, p Place) bool {
	switch p.Quantity {
	case LineCurrent:
		return f.line[p.Line].Cmp(lowest) <= 0
	case TotalPower:
		return f.watt.Cmp(lowest) <= 0
	case Unbalance, NeutralCurrent:
	}
	return false
}
