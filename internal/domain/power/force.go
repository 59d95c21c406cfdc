package power

import (
	"math/big"
	"slices"
	"time"

	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/unit"
)

// Quantity is what a row limits at its node.
type Quantity string

// The quantities.
const (
	LineCurrent    Quantity = "line"
	NeutralCurrent Quantity = "neutral"
	Unbalance      Quantity = "unbalance" // between the line and the next
	TotalPower     Quantity = "power"
)

// Place is one limit of a site: a quantity at a node.
type Place struct {
	Node     NodeID   `json:"node"`
	Kind     Kind     `json:"kind"`
	Quantity Quantity `json:"quantity"`
	Line     Line     `json:"line"` // that one, or the first of two; L1 where all lines are meant

	node int
}

// String returns how people call a place: F2/L1, F2/L1-L2, F2/N, F2.
func (p Place) String() string {
	switch p.Quantity {
	case LineCurrent:
		return string(p.Node) + "/" + p.Line.String()
	case Unbalance:
		return string(p.Node) + "/" + p.Line.String() + "-" + ((p.Line + 1) % lineCount).String()
	case NeutralCurrent:
		return string(p.Node) + "/N"
	case TotalPower:
	}
	return string(p.Node)
}

// force is a limit that holds: how much, in amperes or watts, by whom and until when.
type force struct {
	most   *big.Rat
	source Source
	until  time.Time
}

// InForce is the limits of a time.
type InForce struct {
	Amperes wiring.Amperes // by row, as the kernels want them
	holds   []held         // by row, which of its places says so
}

type held struct {
	place int
	force force
}

// At returns the limits that hold at a time. own is what else each node draws now, by
// node, where it is measured; nil, and for nodes that are not [Node.Metered], the
// reserve counts.
func (c *Compiled) At(at time.Time, own []Currents) *InForce {
	return c.During(at, at.Add(1), own)
}

// During returns the lowest limits of a time from one instant to another: what fits
// them fits all along.
func (c *Compiled) During(from, until time.Time, own []Currents) *InForce {
	return c.holding(c.site.drawn(c.tree, own), func(w *Window) bool { return w.From.Before(until) && w.Until.After(from) })
}

// withoutWindows returns the limits that hold while no window is open.
func (c *Compiled) withoutWindows() *InForce {
	return c.holding(c.site.drawn(c.tree, nil), func(*Window) bool { return false })
}

// holding returns the lowest limits of all windows that are open.
func (c *Compiled) holding(drawn []flows, open func(*Window) bool) *InForce {
	in := &InForce{Amperes: wiring.Unlimited(len(c.Rows)), holds: make([]held, len(c.Rows))}
	for i := range c.Rows {
		for j, place := range c.Rows[i].Places {
			f, limited := c.site.force(place, drawn[place.node], open)
			if limited && in.Amperes.Lower(i, f.most, c.Rows[i].units[j]) {
				in.holds[i] = held{j, f}
			}
		}
	}
	in.Amperes.Cap(&c.Set, c.most)
	return in
}

// Edges returns the instants within a time at which limits change, ascending.
func (s *Site) Edges(from, until time.Time) []time.Time {
	var edges []time.Time
	for i := range s.Nodes {
		for _, w := range s.Nodes[i].Windows {
			for _, t := range []time.Time{w.From, w.Until} {
				if t.After(from) && t.Before(until) {
					edges = append(edges, t.UTC())
				}
			}
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	return slices.CompactFunc(edges, time.Time.Equal)
}

// force returns the lowest limit at a place while some windows are open, less what
// else is drawn there; false when there is none.
func (s *Site) force(p Place, drawn flows, open func(*Window) bool) (force, bool) {
	node := &s.Nodes[p.node]
	lowest := force{most: node.Limits.most(p, node.Tension)}
	for i := range node.Windows {
		w := &node.Windows[i]
		if !open(w) {
			continue
		}
		most := w.Limits.most(p, node.Tension)
		if most != nil && (lowest.most == nil || most.Cmp(lowest.most) < 0) {
			lowest = force{most, w.Source, w.Until}
		}
	}
	if lowest.most == nil {
		return lowest, false
	}
	lowest.most = remaining(lowest.most, p, drawn)
	return lowest, true
}

// remaining returns what is left of a limit for those who charge. The own load's
// currents are counted in phase with them, which is the worst.
func remaining(most *big.Rat, p Place, drawn flows) *big.Rat {
	left := new(big.Rat).Set(most)
	switch p.Quantity {
	case LineCurrent:
		left.Sub(left, drawn.line[p.Line])
	case TotalPower:
		left.Sub(left, drawn.watt)
	case Unbalance, NeutralCurrent:
	}
	if left.Sign() < 0 {
		left.SetInt64(0)
	}
	return left
}

// most returns a limit in amperes or watts; nil when there is none.
func (l *Limits) most(p Place, tension unit.MilliVolt) *big.Rat {
	var most *big.Rat
	switch p.Quantity {
	case LineCurrent:
		if l.Current != nil {
			most = amperes(l.Current[p.Line])
		}
		if l.Rating != nil {
			rated := big.NewRat(1000*int64(*l.Rating), int64(lineCount)*int64(tension))
			if most == nil || rated.Cmp(most) < 0 {
				most = rated
			}
		}
	case NeutralCurrent:
		if l.Neutral != nil {
			most = amperes(*l.Neutral)
		}
	case Unbalance:
		if l.Unbalance != nil {
			most = amperes(*l.Unbalance)
		}
	case TotalPower:
		if l.Power != nil {
			most = big.NewRat(int64(*l.Power), 1)
		}
	}
	return most
}

func amperes(current unit.MilliAmpere) *big.Rat { return big.NewRat(int64(current), 1000) }

// limits tells whether a node has a limit at a place at any time.
func (n *Node) limits(p Place) bool {
	if n.Limits.most(p, n.Tension) != nil {
		return true
	}
	return slices.ContainsFunc(n.Windows, func(w Window) bool { return w.Limits.most(p, n.Tension) != nil })
}
