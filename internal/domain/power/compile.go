package power

import (
	"fmt"
	"slices"
	"strings"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/fault"
)

// Compiled is a site as rows for the kernels of power sharing, for cars that load
// certain contacts. Outlets keep their numbers.
//
// Rows of loads to neutral are plain sums, and those of one line are nested as the
// nodes are: a subtree's terms are among its parent's.
type Compiled struct {
	Set  limit.Set // with the limits that hold without windows
	Rows []Row     // what each row of the set means

	site *Site
	tree tree
	pins []Pins
	most []int64 // mA of each outlet
	of   [][]int // of each outlet, the rows that it is in
}

// Row is what a row of a set means: the places whose currents it is. They are several
// where two limits are of the very same sum, such as a panel's whose one feeder has
// all its outlets; the lowest holds.
type Row struct {
	Places []Place
	units  []wiring.Unit
}

// Compile returns the rows of a site whose cars load the contacts in pins, by outlet;
// nil when none is known. What is not known is thought of as the worst that it may be:
// all contacts, and where fewer would be worse, all ways to load some, which costs up
// to 3.4 % of that limit. Limits that can never bind, whatever window is open, have no
// row. An error is [fault.Invalid].
func (s *Site) Compile(pins []Pins) (*Compiled, error) {
	shape, err := s.shape()
	if err != nil {
		return nil, err
	}
	if pins == nil {
		pins = make([]Pins, len(s.Outlets))
	}
	c := &Compiled{site: s, tree: shape, pins: pins, most: make([]int64, len(s.Outlets)), of: make([][]int, len(s.Outlets))}
	c.Set.Outlets = len(s.Outlets)
	for i := range s.Outlets {
		c.most[i] = int64(s.Outlets[i].Most)
	}
	loads, err := c.loads()
	if err != nil {
		return nil, err
	}
	c.write(loads)
	c.withoutWindows().Amperes.Into(&c.Set)
	return c, nil
}

// load is what an outlet is at a node: one possibility where its car is known.
type load struct {
	outlet int
	may    []wiring.Lines
}

// loads returns what flows through each node.
func (c *Compiled) loads() ([][]load, error) {
	loads := make([][]load, len(c.site.Nodes))
	if len(c.pins) != len(c.site.Outlets) {
		return nil, fault.InvalidField("/pins", "length", "has one for each outlet")
	}
	for i := range c.site.Outlets {
		may, err := c.site.Outlets[i].may(c.pins[i])
		if err != nil {
			return nil, fault.Below(fmt.Sprintf("/pins/%d", i), err)
		}
		for at := c.tree.at[c.site.Outlets[i].Node]; at >= 0; at = c.tree.parent[at] {
			loads[at] = append(loads[at], load{i, may})
			if w := c.site.Nodes[at].Windings; w != nil {
				may = slices.Clone(may)
				for j := range may {
					may[j] = may[j].Through(w.Group, int64(w.Primary), int64(w.Secondary))
				}
			}
		}
	}
	return loads, nil
}

// may returns what one ampere of a car can be in the lines at an outlet, the most of
// it first.
func (o *Outlet) may(pins Pins) ([]wiring.Lines, error) {
	if pins != UnknownPins && pins&^o.Rotation.Pins() != 0 {
		return nil, fault.InvalidField("", "line_missing", "loads a contact that is joined to no line")
	}
	switch o.Joint {
	case DC:
		return []wiring.Lines{wiring.Star(AllLines.each()...)}, nil
	case Delta:
		return o.mayBetween(pins)
	case Star:
	}
	if pins != UnknownPins {
		return []wiring.Lines{wiring.Star(o.Rotation.Lines(pins).each()...)}, nil
	}
	var may []wiring.Lines
	for some := AllPins; some > 0; some-- {
		if some&^o.Rotation.Pins() == 0 {
			may = append(may, wiring.Star(o.Rotation.Lines(some).each()...))
		}
	}
	return may, nil
}

// mayBetween is may for loads between lines. One on all three draws in its lines what
// a balanced load to neutral does.
func (o *Outlet) mayBetween(pins Pins) ([]wiring.Lines, error) {
	used := o.Rotation.Lines(o.Used(pins)).each()
	between := func(i, j int) wiring.Lines { return wiring.Between(used[i], used[j]) }
	switch {
	case len(used) < 2:
		return nil, fault.InvalidField("", "line_missing", "a load between lines has two contacts or three")
	case len(used) == 2:
		return []wiring.Lines{between(0, 1)}, nil
	case pins != UnknownPins:
		return []wiring.Lines{wiring.Star(used...)}, nil
	}
	return []wiring.Lines{wiring.Star(used...), between(0, 1), between(1, 2), between(2, 0)}, nil
}

// places returns the limits of a node that may bind, with those rows' parts.
func (s *Site) places(i int) []Place {
	n := &s.Nodes[i]
	var found []Place
	add := func(q Quantity, l Line) {
		if p := (Place{n.ID, n.Kind, q, l, i}); n.limits(p) {
			found = append(found, p)
		}
	}
	for l := range lineCount {
		if n.Lines.Has(l) {
			add(LineCurrent, l)
		}
	}
	for l := range lineCount {
		if n.Lines.Has(l) && n.Lines.Has((l+1)%lineCount) {
			add(Unbalance, l)
		}
	}
	add(NeutralCurrent, L1)
	add(TotalPower, L1)
	return found
}

// flow returns what one of a load's possibilities is at a place.
func (p Place) flow(l wiring.Lines) wiring.Flow {
	switch p.Quantity {
	case Unbalance:
		return l.Unbalance(int(p.Line), int((p.Line+1)%lineCount))
	case NeutralCurrent:
		return l.Neutral()
	case LineCurrent, TotalPower:
	}
	return l.Line(int(p.Line))
}

// rows returns the rows of a place.
func (c *Compiled) rows(p Place, loads []load) []wiring.Row {
	parts := make([]wiring.Part, 0, len(loads))
	for _, load := range loads {
		part := wiring.Part{Outlet: load.outlet}
		if p.Quantity == TotalPower {
			o := &c.site.Outlets[load.outlet]
			over, linked := o.perAmpere(o.Used(c.pins[load.outlet]))
			part.May = []wiring.Flow{wiring.Power(over, 1000, linked)}
		} else {
			part.May = make([]wiring.Flow, 0, len(load.may))
			for _, l := range load.may {
				part.May = append(part.May, p.flow(l))
			}
		}
		if slices.ContainsFunc(part.May, func(f wiring.Flow) bool { return !f.Zero() }) {
			parts = append(parts, part)
		}
	}
	if p.Quantity == TotalPower {
		return []wiring.Row{wiring.Sum(parts)}
	}
	return wiring.Rows(parts)
}

// write makes the rows of all limits that can bind; limits of one sum share a row.
func (c *Compiled) write(loads [][]load) {
	known := map[string]int{}
	bounds, drawn, metered := c.site.bounds(c.tree, c.pins), c.site.drawn(c.tree, nil), c.site.metered(c.tree)
	for i := range c.site.Nodes {
		for _, p := range c.site.places(i) {
			lowest, _ := c.site.force(p, drawn[i], func(*Window) bool { return true })
			if !metered[i] && bounds[i].hold(lowest.most, p) {
				continue
			}
			rows := c.rows(p, loads[i])
			for _, row := range rows {
				if len(row.Terms) == 0 {
					continue
				}
				key := fmt.Sprint(row.Terms)
				at, same := known[key]
				if !same || len(rows) > 1 { // facets stay with their place: only together they bound it
					at = len(c.Rows)
					c.append(row)
				}
				if len(rows) == 1 {
					known[key] = at
				}
				c.Rows[at].Places = append(c.Rows[at].Places, p)
				c.Rows[at].units = append(c.Rows[at].units, row.Unit)
			}
		}
	}
	for i := range c.Rows {
		names := make([]string, 0, len(c.Rows[i].Places))
		for _, p := range c.Rows[i].Places {
			names = append(names, p.String())
		}
		c.Set.Rows[i].Name = strings.Join(names, " ")
	}
}

func (c *Compiled) append(row wiring.Row) {
	for _, t := range row.Terms {
		c.of[t.Outlet] = append(c.of[t.Outlet], len(c.Rows))
	}
	c.Rows = append(c.Rows, Row{})
	c.Set.Rows = append(c.Set.Rows, limit.Row{Terms: row.Terms})
}
