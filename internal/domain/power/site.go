package power

import (
	"slices"
	"time"

	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// Site is what limits power at one place: a forest of nodes whose roots are its grid
// connections, and the outlets below them.
type Site struct {
	ID      ident.SiteID
	Nodes   []Node
	Outlets []Outlet
}

// NodeID names a node at its site, in the words of who runs it: "F2".
type NodeID string

// Kind is what a node is. Only a transformer and a portfolio behave differently.
type Kind string

// The kinds.
const (
	Grid        Kind = "grid"
	Transformer Kind = "transformer"
	Panel       Kind = "panel"
	Feeder      Kind = "feeder"
	Portfolio   Kind = "portfolio" // several sites together, above their roots: it limits power only
)

// Node is a place where current is limited: all that the outlets below draw flows
// through it. Of a transformer the node is the secondary side; its primary side is the
// node above.
type Node struct {
	ID       NodeID
	Parent   NodeID // "": a root
	Kind     Kind
	Lines    Lines          // that it has
	Tension  unit.MilliVolt // between line and neutral, as rated
	Limits   Limits
	Windows  []Window
	Reserve  Currents // for what else is joined here: the building's own load
	Metered  bool     // the own load is measured; Reserve counts while no reading is there
	Windings *Windings
}

// Currents are those of L1, L2 and L3.
type Currents [lineCount]unit.MilliAmpere

// Limits are those of a node; nil is none. Unbalance and Neutral are about what
// charges: the building's own load is in neither.
type Limits struct {
	Current   *Currents         // per line
	Rating    *unit.VoltAmpere  // of all three lines, a third on each at the node's tension
	Power     *unit.Watt        // of all lines together
	Unbalance *unit.MilliAmpere // between every two lines
	Neutral   *unit.MilliAmpere
}

// Window is a time in which limits are lower: a planned shutdown, a signal of the
// grid, a limit by hand. It never lifts a limit: of all that hold, the lowest counts,
// so a limit that is higher by night is written as one that is lower by day.
type Window struct {
	From   time.Time
	Until  time.Time // exclusive
	Limits Limits
	Source Source
}

// Source is where a limit comes from.
type Source struct {
	Kind SourceKind `json:"kind,omitzero"`
	Name string     `json:"name,omitzero"` // who or which, as told
}

// SourceKind is a kind of source.
type SourceKind string

// The kinds of source. The zero kind is the site's own configuration.
const (
	Configured     SourceKind = ""
	Planned        SourceKind = "planned"
	Manual         SourceKind = "manual"
	DemandResponse SourceKind = "demand_response"
)

// Windings are those of a transformer, with the tension across each as rated: between
// lines where they are joined in delta, to neutral where in star.
type Windings struct {
	Group     wiring.Group
	Primary   unit.MilliVolt
	Secondary unit.MilliVolt
}

// Joint is how an outlet is joined to the lines.
type Joint string

// The joints.
const (
	Star  Joint = "star"  // each contact to neutral, as in Europe
	Delta Joint = "delta" // between contacts: two of them at 208 V, or all three
	DC    Joint = "dc"    // a rectifier on three lines, balanced; its current is that of each line
)

// OutletID names an outlet at its site, in the words of who runs it.
type OutletID string

// Outlet is what cars are joined to: an EVSE. Its currents are those in a line.
type Outlet struct {
	ID         OutletID
	Node       NodeID
	Station    ident.StationID // "" when none is known yet
	EVSE       int
	Joint      Joint
	Rotation   Rotation
	Tension    unit.MilliVolt     // to neutral; between lines where in delta
	Most       unit.MilliAmpere   // of the outlet and its cable
	Least      unit.MilliAmpere   // that cars charge with, 6 A by IEC 61851-1; below, nothing flows
	Steps      []unit.MilliAmpere // what may be offered beside 0, ascending; none: anything between
	Efficiency unit.Permille      // of a rectifier
}

// Used returns the contacts that a car loads: those it is known for, or all that are
// joined.
func (o *Outlet) Used(known Pins) Pins {
	joined := o.Rotation.Pins()
	if known == UnknownPins || o.Joint == DC {
		return joined
	}
	return known & joined
}

// Next returns the lowest current above one that may be offered, grain apart where
// there are no steps, and false where there is none up to most.
func (o *Outlet) Next(above, grain, most unit.MilliAmpere) (unit.MilliAmpere, bool) {
	next := max(above+max(grain, 1), o.Least)
	if len(o.Steps) > 0 {
		i := slices.IndexFunc(o.Steps, func(step unit.MilliAmpere) bool { return step > above })
		if i < 0 {
			return 0, false
		}
		next = o.Steps[i]
	}
	return next, next <= min(most, o.Most)
}
