// Package solve decides what the cars of a site draw, step by step.
//
// It composes the kernels below it. The plan of the hours ahead ([horizon]) says what each
// car gets now so that most energy arrives in time, and then at the lowest cost; what the
// plan leaves over is handed out to those who can wait least. Every answer keeps every row
// exactly, whatever a kernel made of it, and says how far from the best its plan can be at
// most.
package solve

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pylon/internal/domain/power/solve/fill"
	"pylon/internal/domain/power/solve/horizon"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/fault"
)

// The words of a step are those of the plan.
type (
	// Car is what charges at an outlet now.
	Car = horizon.Car
	// Override is a limit that holds for some of the steps ahead.
	Override = horizon.Override
	// Money is what energy costs in the steps ahead.
	Money = horizon.Money
)

// Step is what is known when the currents of a step are decided.
type Step struct {
	Number    int        // of the step; one more than the last time, or some more
	Cars      []Car      // those plugged in now, at most one for each outlet, in any order
	Overrides []Override // that hold now or later; the last of several for a row wins
	Money     *Money     // nil: energy costs nothing
}

// Decision is what a step gets.
type Decision struct {
	Amps    []float64 // by outlet; belongs to the engine, until its next step
	Value   float64   // of the plan: weighted kWh, the sooner the better, less what they cost
	Bound   float64   // no plan for what was known has a higher value
	Gap     float64   // (Bound - Value) / Bound, never below 0
	Duals   []float64 // by row: what one more ampere is worth for an hour now; belongs to the engine
	Planned bool      // whether there was anything to plan
}

// Engine decides for one site. It is used by one goroutine at a time.
type Engine struct {
	set     *limit.Set
	planner *horizon.Planner
	load    *horizon.Load
	hours   float64
	nested  bool  // the rows are a tree: no current makes room for another
	kinds   []int // by outlet: the same for those with the same terms in the same rows

	cars    []Car // those that can draw
	order   []int // of cars: who can wait least first
	urgency []float64
	limits  []float64 // A now, by row
	amps    []float64
	duals   []float64
}

// New prepares an engine for a site whose steps last so many hours. A set that fails
// [limit.Set.Check] or steps of no length are [fault.Invalid].
func New(set *limit.Set, hours float64) (*Engine, error) {
	if err := set.Check(); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	if !(hours > 0) || math.IsInf(hours, 1) {
		return nil, fault.InvalidField("/hours", "out_of_range", "is a number of hours above 0")
	}
	wiring := horizon.Wire(set)
	_, err := fill.TreeOf(set)
	return &Engine{
		set:     set,
		planner: horizon.NewPlanner(wiring, hours),
		load:    wiring.NewLoad(),
		hours:   hours,
		nested:  err == nil,
		kinds:   wiring.Kinds(),
		limits:  make([]float64, len(set.Rows)),
		amps:    make([]float64, set.Outlets),
		duals:   make([]float64, len(set.Rows)),
	}, nil
}

// Step decides one step. What it answers keeps every row ([limit.Set.Worst] is at most
// 1 + [limit.Slack]) and gives no car more than it can take in the step. A car at an
// outlet that is not there or taken, a row that is not there, or a number that is none or
// out of range is [fault.Invalid].
func (e *Engine) Step(step *Step) (Decision, error) {
	if err := e.check(step); err != nil {
		return Decision{}, fmt.Errorf("step %d: %w", step.Number, err)
	}
	e.now(step)
	clear(e.amps)
	clear(e.duals)
	if len(e.cars) == 0 {
		return Decision{Amps: e.amps, Duals: e.duals}, nil
	}
	problem := horizon.Problem{Step: step.Number, Cars: e.cars, Overrides: step.Overrides, Money: step.Money}
	if step.Money == nil && !e.nested {
		problem.Urgency = e.urgencies()
	}
	plan := e.planner.Plan(&problem)
	copy(e.duals, plan.Duals)
	if !e.alike() || step.Money != nil {
		e.follow(plan)
	}
	if step.Money == nil {
		e.handOut()
	}
	e.settle()
	return Decision{Amps: e.amps, Value: plan.Value, Bound: plan.Bound, Gap: plan.Gap(), Duals: e.duals, Planned: true}, nil
}

// now puts together the limits of the step and the cars that can draw, those that can
// wait least first.
func (e *Engine) now(step *Step) {
	for i := range e.limits {
		e.limits[i] = e.set.Rows[i].Limit
	}
	for _, o := range step.Overrides {
		if o.From <= 0 && o.To > 0 {
			e.limits[o.Row] = o.Limit
		}
	}
	e.load.Reset(e.limits)
	e.cars, e.order = e.cars[:0], e.order[:0]
	for _, c := range step.Cars {
		if c.Max > 0 && c.KW > 0 && c.Energy > 0 && c.Until > 0 {
			e.order = append(e.order, len(e.cars))
			e.cars = append(e.cars, c)
		}
	}
	slices.SortFunc(e.order, func(i, j int) int {
		a, b := &e.cars[i], &e.cars[j]
		return cmp.Or(a.Tier-b.Tier, cmp.Compare(e.laxity(a), e.laxity(b)), a.Outlet-b.Outlet)
	})
}

// laxity is how many hours a car could wait and still get all it wants.
func (e *Engine) laxity(c *Car) float64 {
	return float64(c.Until)*e.hours - c.Energy/(c.KW*c.Max)
}

// Where phases are coupled a kWh now is worth more to a car that cannot wait: by this
// part of its value when it cannot wait at all, by half of that when it can wait an hour.
// Whom an hour's plan serves first is else an accident, and whoever plugs in next finds
// those left over who must all be served at once.
const (
	urgent    = 0.3
	unhurried = 1.0 // h
)

// urgencies returns what more a kWh is worth now, by car.
func (e *Engine) urgencies() []float64 {
	e.urgency = e.urgency[:0]
	for i := range e.cars {
		wait := max(e.laxity(&e.cars[i]), 0)
		e.urgency = append(e.urgency, urgent*unhurried/(wait+unhurried))
	}
	return e.urgency
}

// alike tells whether the cars differ in nothing but what they want and when: then only
// their order matters, and no order is better than that of least laxity.
func (e *Engine) alike() bool {
	first := &e.cars[0]
	return !slices.ContainsFunc(e.cars, func(c Car) bool {
		return e.kinds[c.Outlet] != e.kinds[first.Outlet] || c.KW != first.KW || c.Weight != first.Weight || c.Tier != first.Tier
	})
}

// follow gives the cars what the plan has for them now.
func (e *Engine) follow(plan *horizon.Plan) {
	for _, i := range e.order {
		e.give(&e.cars[i], plan.Amps[i*plan.Blocks()])
	}
}

// handOut gives the cars what is left. Where one current makes room for another, who
// came too early may find some the second time.
func (e *Engine) handOut() {
	for range 2 {
		for _, i := range e.order {
			e.give(&e.cars[i], e.cars[i].Max)
		}
	}
}

// give lets a car draw so many amperes more, as far as it can take them and the rows
// allow.
func (e *Engine) give(c *Car, amps float64) {
	most := min(c.Max, c.Energy/(c.KW*e.hours)) - e.amps[c.Outlet]
	amps = e.load.Room(c.Outlet, min(amps, most))
	e.amps[c.Outlet] += amps
	e.load.Add(c.Outlet, amps)
}

// settle takes off what the roundings of sums came to: where large currents cancel, next
// to a small limit, that can be more than [limit.Slack] of it.
func (e *Engine) settle() {
	_, ratio := e.set.Worst(e.amps, e.limits)
	if ratio <= 1+limit.Slack {
		return
	}
	factor := 0.0 // no rounding: nothing is safe
	if ratio < 1.01 {
		factor = (1 - limit.Slack) / ratio
	}
	for i := range e.amps {
		e.amps[i] *= factor
	}
}
