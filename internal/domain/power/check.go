package power

import (
	"fmt"
	"slices"

	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/unit"
)

// Limits of a site.
const (
	nodesMost    = 20_000      // twice a site of 10,000 outlets with a feeder each
	outletsMost  = 20_000      // the largest car park there is has half of it
	windowsMost  = 500         // of a node: half-hourly signals for ten days
	nameMost     = 64          // as people write on a panel
	stepsMost    = 100         // whole amperes up to 100
	currentMost  = 10_000_000  // 10 kA: a large transformer's secondary
	tensionLeast = 50_000      // 50 V: below, it is not the mains
	tensionMost  = 500_000_000 // 500 kV: the highest grid
	outletLeast  = 90_000      // 100 V in Japan, less a tenth
	outletMost   = 1_000_000   // 1000 V: the end of low voltage
	powerMost    = 10_000_000_000
)

// tree is the shape of a site's nodes.
type tree struct {
	parent      []int // of each node, -1: a root
	leavesFirst []int // nodes, each before its parent
	at          map[NodeID]int
}

// Check returns the first broken rule of a site, as [fault.Invalid] with a pointer.
func (s *Site) Check() error {
	_, err := s.shape()
	return err
}

func (s *Site) shape() (tree, error) {
	switch {
	case len(s.Nodes) == 0 || len(s.Nodes) > nodesMost:
		return tree{}, fault.InvalidField("/nodes", "out_of_range", "are 1 to 20,000")
	case len(s.Outlets) > outletsMost:
		return tree{}, fault.InvalidField("/outlets", "too_many", "are 20,000 at most")
	}
	t, err := s.grow()
	if err != nil {
		return tree{}, err
	}
	for i := range s.Nodes {
		if err := s.checkNode(i, t.parent[i]); err != nil {
			return tree{}, fault.Below(fmt.Sprintf("/nodes/%d", i), err)
		}
	}
	seen := make(map[OutletID]bool, len(s.Outlets))
	for i := range s.Outlets {
		o := &s.Outlets[i]
		at, known := t.at[o.Node]
		err := o.check()
		switch {
		case err != nil:
		case seen[o.ID]:
			err = fault.InvalidField("/id", "duplicate", "names another outlet, too")
		case !known || s.Nodes[at].Kind == Portfolio:
			err = fault.InvalidField("/node", "unknown_value", "must be a node of the site, and no portfolio")
		case o.lines()&^s.Nodes[at].Lines != 0:
			err = fault.InvalidField("/rotation", "line_missing", "names a line that the node does not have")
		}
		if err != nil {
			return tree{}, fault.Below(fmt.Sprintf("/outlets/%d", i), err)
		}
		seen[o.ID] = true
	}
	return t, nil
}

// grow finds each node's parent and an order from the leaves up.
func (s *Site) grow() (tree, error) {
	t := tree{parent: make([]int, len(s.Nodes)), at: make(map[NodeID]int, len(s.Nodes))}
	for i := range s.Nodes {
		id := s.Nodes[i].ID
		if _, twice := t.at[id]; twice || id == "" || len(id) > nameMost {
			return tree{}, fault.InvalidField(fmt.Sprintf("/nodes/%d/id", i), "duplicate", "must have 1 to 64 bytes and be unique")
		}
		t.at[id] = i
	}
	children := make([]int, len(s.Nodes))
	for i := range s.Nodes {
		up, known := -1, true
		if id := s.Nodes[i].Parent; id != "" {
			up, known = t.at[id]
		}
		if !known {
			return tree{}, fault.InvalidField(fmt.Sprintf("/nodes/%d/parent", i), "unknown_value", "must be a node of the site")
		}
		t.parent[i] = up
		if up >= 0 {
			children[up]++
		}
	}
	for i, n := range children {
		if n == 0 {
			t.leavesFirst = append(t.leavesFirst, i)
		}
	}
	for next := 0; next < len(t.leavesFirst); next++ {
		if up := t.parent[t.leavesFirst[next]]; up >= 0 {
			if children[up]--; children[up] == 0 {
				t.leavesFirst = append(t.leavesFirst, up)
			}
		}
	}
	if i := slices.IndexFunc(children, func(n int) bool { return n > 0 }); i >= 0 {
		return tree{}, fault.InvalidField(fmt.Sprintf("/nodes/%d/parent", i), "cycle", "must not lead back to the node")
	}
	return t, nil
}

// checkNode returns the first broken rule of a node with a parent, or none (-1).
func (s *Site) checkNode(i, parent int) error {
	n := &s.Nodes[i]
	known := []Kind{Grid, Transformer, Panel, Feeder, Portfolio}
	switch {
	case !slices.Contains(known, n.Kind):
		return fault.InvalidField("/kind", "unknown_value", "must be grid, transformer, panel, feeder or portfolio")
	case n.Kind == Portfolio:
		return s.checkPortfolio(n, parent)
	case n.Lines == NoLines || n.Lines&^AllLines != 0:
		return fault.InvalidField("/lines", "required", "must be some of L1, L2, L3")
	case n.Tension < tensionLeast || n.Tension > tensionMost:
		return fault.InvalidField("/tension_mv", "out_of_range", "is 50 V to 500 kV")
	case (n.Kind == Transformer) != (n.Windings != nil):
		return fault.InvalidField("/windings", "of_transformer", "a transformer has windings, and nothing else")
	}
	if n.Windings != nil {
		if err := n.Windings.check(n, parent); err != nil {
			return fault.Below("/windings", err)
		}
	}
	if parent >= 0 && s.Nodes[parent].Kind != Portfolio && n.Lines&^s.Nodes[parent].Lines != 0 {
		return fault.InvalidField("/lines", "line_missing", "the node above does not have them all")
	}
	for l, current := range n.Reserve {
		if current < 0 || current > currentMost {
			return fault.InvalidField(fmt.Sprintf("/reserve_ma/%d", l), "out_of_range", "is 0 to 10,000 A")
		}
	}
	return n.checkLimits()
}

func (s *Site) checkPortfolio(n *Node, parent int) error {
	current := func(l *Limits) bool {
		return l.Current != nil || l.Rating != nil || l.Unbalance != nil || l.Neutral != nil
	}
	switch {
	case parent >= 0 && s.Nodes[parent].Kind != Portfolio:
		return fault.InvalidField("/parent", "portfolio", "only a portfolio is above a portfolio")
	case n.Lines != NoLines || n.Windings != nil || n.Reserve != Currents{} || n.Metered:
		return fault.InvalidField("/lines", "portfolio", "a portfolio has no lines, windings, load of its own")
	case current(&n.Limits) || slices.ContainsFunc(n.Windows, func(w Window) bool { return current(&w.Limits) }):
		return fault.InvalidField("/limits", "portfolio", "a portfolio limits power only")
	}
	return n.checkLimits()
}

func (n *Node) checkLimits() error {
	if err := n.Limits.check(n.Lines); err != nil {
		return fault.Below("/limits", err)
	}
	if len(n.Windows) > windowsMost {
		return fault.InvalidField("/windows", "too_many", "are 500 at most")
	}
	for i := range n.Windows {
		w := &n.Windows[i]
		err := w.Limits.check(n.Lines)
		switch {
		case err != nil:
			err = fault.Below("/limits", err)
		case !w.Until.After(w.From):
			err = fault.InvalidField("/until", "order", "must be after its beginning")
		case !slices.Contains([]SourceKind{Configured, Planned, Manual, DemandResponse}, w.Source.Kind):
			err = fault.InvalidField("/source/kind", "unknown_value", "must be planned, manual or demand_response")
		}
		if err != nil {
			return fault.Below(fmt.Sprintf("/windows/%d", i), err)
		}
	}
	return nil
}

func (l *Limits) check(lines Lines) error {
	if l.Current != nil {
		for line, current := range l.Current {
			if current < 0 || current > currentMost {
				return fault.InvalidField(fmt.Sprintf("/current_ma/%d", line), "out_of_range", "is 0 to 10,000 A")
			}
		}
	}
	among := func(most *unit.MilliAmpere) bool { return most == nil || *most >= 0 && *most <= currentMost }
	switch {
	case l.Rating != nil && (*l.Rating < 0 || *l.Rating > powerMost):
		return fault.InvalidField("/rating_va", "out_of_range", "is 0 to 10 GVA")
	case l.Rating != nil && lines != AllLines:
		return fault.InvalidField("/rating_va", "line_missing", "is of three lines")
	case l.Power != nil && (*l.Power < 0 || *l.Power > powerMost):
		return fault.InvalidField("/power_w", "out_of_range", "is 0 to 10 GW")
	case !among(l.Unbalance):
		return fault.InvalidField("/unbalance_ma", "out_of_range", "is 0 to 10,000 A")
	case !among(l.Neutral):
		return fault.InvalidField("/neutral_ma", "out_of_range", "is 0 to 10,000 A")
	case l.Unbalance != nil && lines.Count() < 2:
		return fault.InvalidField("/unbalance_ma", "line_missing", "is between lines, of which there is one")
	}
	return nil
}

func (w *Windings) check(n *Node, parent int) error {
	among := func(v unit.MilliVolt) bool { return v >= tensionLeast && v <= tensionMost }
	switch {
	case w.Group != wiring.YNyn0 && w.Group != wiring.Dyn1 && w.Group != wiring.Dyn11:
		return fault.InvalidField("/group", "unknown_value", "must be YNyn0, Dyn1 or Dyn11")
	case !among(w.Primary):
		return fault.InvalidField("/primary_mv", "out_of_range", "is 50 V to 500 kV")
	case !among(w.Secondary):
		return fault.InvalidField("/secondary_mv", "out_of_range", "is 50 V to 500 kV")
	case n.Lines != AllLines:
		return fault.InvalidField("/group", "line_missing", "is of three lines")
	case parent < 0:
		return fault.InvalidField("/primary_mv", "parent_missing", "the primary side is the node above, which is not there")
	}
	return nil
}

// lines returns the lines that an outlet may load.
func (o *Outlet) lines() Lines { return o.Rotation.Lines(o.Rotation.Pins()) }

// check returns the first broken rule of an outlet by itself.
func (o *Outlet) check() error {
	if _, err := ParseRotation(string(o.Rotation)); err != nil {
		return fault.Below("/rotation", err)
	}
	switch {
	case o.ID == "" || len(o.ID) > nameMost:
		return fault.InvalidField("/id", "required", "must have 1 to 64 bytes")
	case o.Joint != Star && o.Joint != Delta && o.Joint != DC:
		return fault.InvalidField("/joint", "unknown_value", "must be star, delta or dc")
	case o.Joint == Delta && o.lines().Count() < 2:
		return fault.InvalidField("/rotation", "line_missing", "a load between lines has two or three")
	case o.Joint == DC && o.lines() != AllLines:
		return fault.InvalidField("/rotation", "line_missing", "a rectifier has three lines")
	case o.Tension < outletLeast || o.Tension > outletMost:
		return fault.InvalidField("/tension_mv", "out_of_range", "is 90 to 1000 V")
	case o.Most <= 0 || o.Most > currentMost:
		return fault.InvalidField("/most_ma", "out_of_range", "is above 0, and 10,000 A at most")
	case o.Least < 0 || o.Least > o.Most:
		return fault.InvalidField("/least_ma", "out_of_range", "is 0 to the most")
	case o.Joint == DC && (o.Efficiency <= 0 || o.Efficiency > 1000):
		return fault.InvalidField("/efficiency", "out_of_range", "is above 0, and 1000 at most")
	case len(o.Steps) > stepsMost:
		return fault.InvalidField("/steps_ma", "too_many", "are 100 at most")
	}
	last := max(o.Least-1, 0)
	for i, step := range o.Steps {
		if step <= last || step > o.Most {
			return fault.InvalidField(fmt.Sprintf("/steps_ma/%d", i), "order", "must ascend, from the least to the most")
		}
		last = step
	}
	return nil
}

// Warnings returns what is allowed and of no use, a field for each node: limits, with
// no window open, in which the least that some outlet charges with has no room even
// alone. An error is that of [Site.Check].
func (s *Site) Warnings() ([]fault.Field, error) {
	pins := make([]Pins, len(s.Outlets))
	for i := range pins {
		pins[i] = s.Outlets[i].Rotation.Pins()
	}
	c, err := s.Compile(pins)
	if err != nil {
		return nil, err
	}
	var warnings []fault.Field
	in := c.withoutWindows()
	for i := range c.Set.Rows {
		place, _ := c.holder(in, i)
		at := fmt.Sprintf("/nodes/%d/limits", place.node)
		outlet, found := c.homeless(in, i)
		if !found || slices.ContainsFunc(warnings, func(f fault.Field) bool { return f.Pointer == at }) {
			continue
		}
		o := &s.Outlets[outlet]
		detail := fmt.Sprintf("%s has no room for the least of outlet %s, %s", place, o.ID, amps(o.least()))
		warnings = append(warnings, fault.Field{Pointer: at, Code: "below_least", Detail: detail})
	}
	return warnings, nil
}

// homeless returns the first outlet whose least has no room in a row.
func (c *Compiled) homeless(in *InForce, row int) (outlet int, found bool) {
	box := wiring.NewBox(&c.Set.Rows[row])
	for _, t := range c.Set.Rows[row].Terms {
		least := int64(c.site.Outlets[t.Outlet].least())
		box.More(t.Outlet, least)
		if !box.Fits(in.Amperes, row) {
			return t.Outlet, true
		}
		box.More(t.Outlet, -least)
	}
	return 0, false
}
