package power

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/unit"
)

// Explanation is why an outlet has its current and no more. It is all that [Words]
// needs.
type Explanation struct {
	Outlet  OutletID         `json:"outlet"`
	At      time.Time        `json:"at"`
	Current unit.MilliAmpere `json:"current_ma"`
	Next    unit.MilliAmpere `json:"next_ma,omitzero"` // the least more, which did not fit; 0: there is none
	Least   bool             `json:"least,omitzero"`   // Next is the least that charges a car
	Causes  []Cause          `json:"causes"`           // the fullest limit first
	Rank    int              `json:"rank,omitzero"`    // among those who want current from the first limit, from 1
	Of      int              `json:"of,omitzero"`
	Later   *Later           `json:"later,omitzero"`
}

// CauseKind is a kind of cause.
type CauseKind string

// The kinds of cause.
const (
	ByNobody CauseKind = "idle"   // no car wants anything
	ByCar    CauseKind = "car"    // it takes no more
	ByOutlet CauseKind = "outlet" // or its cable
	ByLimit  CauseKind = "limit"  // a row would break
	ByPlan   CauseKind = "plan"   // it would fit, and comes later
)

// Cause is one thing that keeps an outlet from more.
type Cause struct {
	Kind   CauseKind `json:"kind"`
	Place  Place     `json:"place,omitzero"`
	Flows  Amount    `json:"flows,omitzero"`
	Most   Amount    `json:"most,omitzero"`
	Source Source    `json:"source,omitzero"` // of a limit that is not the site's own
	Until  time.Time `json:"until,omitzero"`  // when that is over
}

// Amount is a current or a power: of the two, the one that its place limits.
type Amount struct {
	Current unit.MilliAmpere `json:"current_ma,omitzero"`
	Power   unit.Watt        `json:"power_w,omitzero"`
}

// Later is when a plan gives more.
type Later struct {
	At      time.Time        `json:"at"`
	Current unit.MilliAmpere `json:"current_ma"`
}

// Given is what was decided for an outlet.
type Given struct {
	Current unit.MilliAmpere
	Wants   unit.MilliAmpere // the most that its car takes; 0: nobody wants anything
	Order   int              // in which cars were served, from 1; 0: it was not asked
	Later   *Later           // what the plan has for it, if it is more
}

// Decision is what was decided for a site, and under which limits.
type Decision struct {
	At    time.Time
	In    *InForce
	Given []Given          // by outlet
	Grain unit.MilliAmpere // the smallest difference that is sent
}

// Explain returns why each outlet has no more, by outlet; nil for one that could have.
// What would fit is found by exact loads: with the next current that may be sent, some
// row on the outlet's path would be above its limit. The same decision has the same
// explanation.
func (c *Compiled) Explain(d *Decision) []*Explanation {
	currents := make([]int64, len(d.Given))
	for i := range d.Given {
		currents[i] = int64(d.Given[i].Current)
	}
	judge := wiring.NewJudge(&c.Set, d.In.Amperes, currents)
	explained := make([]*Explanation, len(d.Given))
	for i := range explained {
		if e := c.explain(d, judge, i); len(e.Causes) > 0 {
			explained[i] = e
		}
	}
	return explained
}

func (c *Compiled) explain(d *Decision, judge *wiring.Judge, outlet int) *Explanation {
	o, given := &c.site.Outlets[outlet], &d.Given[outlet]
	e := &Explanation{Outlet: o.ID, At: d.At.UTC(), Current: given.Current}
	next, possible := o.Next(given.Current, d.Grain, given.Wants)
	switch {
	case given.Wants == 0:
		e.Causes = []Cause{{Kind: ByNobody}}
		return e
	case !possible && given.Wants <= o.Most:
		e.Causes = []Cause{{Kind: ByCar, Most: Amount{Current: given.Wants}}}
		return e
	case !possible:
		e.Causes = []Cause{{Kind: ByOutlet, Most: Amount{Current: o.Most}}}
		return e
	}
	e.Later = given.Later
	rows := c.binding(judge, outlet, int64(next))
	for _, row := range rows {
		cause := c.cause(d.In, judge, row)
		if !slices.ContainsFunc(e.Causes, func(known Cause) bool { return known.Place == cause.Place }) {
			e.Causes = append(e.Causes, cause)
		}
	}
	switch {
	case len(rows) > 0:
		e.Next, e.Least = next, given.Current < o.least()
		e.Rank, e.Of = c.rank(d, rows[0], outlet)
	case given.Later != nil:
		e.Causes = []Cause{{Kind: ByPlan}}
	}
	return e
}

// binding returns the rows that would break if an outlet had its next current, the
// fullest first.
func (c *Compiled) binding(judge *wiring.Judge, outlet int, next int64) []int {
	var rows []int
	for _, row := range c.of[outlet] {
		if judge.Breaks(row, outlet, next) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(judge.Full(b), judge.Full(a)) })
	return rows
}

// cause tells of a row what flows and what may.
func (c *Compiled) cause(in *InForce, judge *wiring.Judge, row int) Cause {
	place, per := c.holder(in, row)
	force := in.holds[row].force
	cause := Cause{Kind: ByLimit, Place: place, Flows: amountOf(place, judge.Flows(row, per)), Most: c.limit(in, row), Source: force.source}
	if !force.until.IsZero() {
		cause.Until = force.until.UTC()
	}
	return cause
}

// rank returns an outlet's place among those who want current from a row.
func (c *Compiled) rank(d *Decision, row, outlet int) (rank, of int) {
	own := d.Given[outlet].Order
	if own == 0 {
		return 0, 0
	}
	rank = 1
	for _, t := range c.Set.Rows[row].Terms {
		other := d.Given[t.Outlet].Order
		if other == 0 {
			continue
		}
		of++
		if other < own {
			rank++
		}
	}
	return rank, of
}

// holder returns the place that limits a row, and the unit of its limit.
func (c *Compiled) holder(in *InForce, row int) (Place, wiring.Unit) {
	at := in.holds[row].place
	return c.Rows[row].Places[at], c.Rows[row].units[at]
}

// limit returns the limit of a row as its place has it, rounded down; nothing where
// none holds.
func (c *Compiled) limit(in *InForce, row int) Amount {
	most := in.holds[row].force.most
	if most == nil {
		return Amount{}
	}
	milli := new(big.Int).Mul(most.Num(), big.NewInt(1000))
	place, _ := c.holder(in, row)
	return amountOf(place, milli.Quo(milli, most.Denom()).Int64())
}

// amountOf returns thousandths of what a place limits.
func amountOf(p Place, milli int64) Amount {
	if p.Quantity == TotalPower {
		return Amount{Power: unit.Watt(milli / 1000)}
	}
	return Amount{Current: unit.MilliAmpere(milli)}
}
