// Package horizon plans the charging of a site over the hours ahead.
//
// The time ahead is cut into blocks that grow ([Planner] says how). What each car takes
// in each block is found by prices: every row has, in every block, a price for an
// ampere-hour; each car buys where it is cheapest to it, and the prices follow what is
// asked for (a primal-dual gradient method, with restarts). Any prices, however bad,
// prove what no plan can exceed, so each plan comes with how far from the best it can
// be at most. Nothing needs a row to be a plain sum: the price of a row of turned
// currents is turned itself, and its magnitude is what the row earns.
package horizon

import (
	"math"

	"pylon/internal/domain/power/solve/limit"
)

// Car is what charges at an outlet now.
type Car struct {
	Outlet int
	Max    float64 // A, the least of the outlet's and the car's
	KW     float64 // kW for each ampere; above 0
	Energy float64 // kWh still wanted
	From   int     // steps from now on in which it may draw: [From, Until); 0 for who is there,
	Until  int     // more for who is expected
	Weight float64 // of a kWh against one of others of its tier; above 0
	Tier   int     // a lower tier goes before all higher ones
}

// Override is a limit that holds from one step to before another, both from now on.
type Override struct {
	Row      int
	From, To int
	Limit    float64 // A
}

// Money is what energy costs, as far as it is known; by step, from now on. A series
// that ends goes on with its last value.
type Money struct {
	Price   []float64 // per kWh from the grid
	Solar   []float64 // kW that cost nothing
	Demand  float64   // for each kW of the highest draw from the grid
	Peak    float64   // kW, the highest draw that is paid already
	Penalty float64   // for each kWh that is wanted and not delivered
}

// Problem is what a plan is made for.
type Problem struct {
	Step      int // number of the first step, so that a plan can go on from the last
	Cars      []Car
	Overrides []Override // the last of several for a row and step wins
	Money     *Money     // nil: energy costs nothing
	Urgency   []float64  // by car: what more a kWh is worth in the first step, as a part of its value; nil: nothing
}

// Plan is what the cars draw over the hours ahead. It belongs to its [Planner] and
// holds until the next.
type Plan struct {
	Starts []int     // first step of each block, and behind them the end of the last
	Amps   []float64 // by car, then by block
	Value  float64   // of the plan
	Bound  float64   // no plan has a higher value
	Duals  []float64 // by row: value of one more ampere for one hour of the first block
	Rounds int       // of prices that it took
}

// Gap returns how far the plan is from the best at most, as a part of it; never below 0.
func (p *Plan) Gap() float64 {
	if p.Bound <= 0 || p.Value >= p.Bound {
		return 0
	}
	return (p.Bound - p.Value) / p.Bound
}

// Blocks returns how many blocks a plan has.
func (p *Plan) Blocks() int { return len(p.Starts) - 1 }

// Limits of the search.
const (
	roundsMax = 600   // where the prices of hard cases have settled to below a percent
	look      = 25    // rounds between two looks at bound and plan: a look costs as much as five rounds
	gapGood   = 0.001 // less is lost by what nobody knows: who plugs in next
	gapOfBill = 0.005 // the same where only the bill is left to save

)

// Planner plans for one site. It is used by one goroutine at a time.
type Planner struct {
	wiring *Wiring
	set    *limit.Set
	hours  float64 // of a step
	grid   grid
	market market
	draft  draft
	best   Plan
	memory memory
	bill   float64 // of the best plan
}

// NewPlanner returns a planner for a site whose steps last so many hours.
func NewPlanner(wiring *Wiring, hours float64) *Planner {
	return &Planner{wiring: wiring, set: wiring.set, hours: hours}
}

// Plan plans. Cars without time, energy or current get nothing.
func (p *Planner) Plan(problem *Problem) *Plan {
	p.grid.cut(problem, p.set, p.hours)
	p.market.open(p.wiring, &p.grid, problem)
	p.memory.recall(&p.market, &p.grid, problem, p.set.Outlets)
	p.draft.begin(p.wiring, &p.grid, problem, &p.market)
	p.search()
	p.memory.keep(&p.market, &p.best, problem)
	return &p.best
}

// search lets the prices follow the demand until the plan is good or the time is up.
func (p *Planner) search() {
	m := &p.market
	best := &p.best
	best.Starts = append(best.Starts[:0], p.grid.starts...)
	best.Value, best.Bound, best.Rounds = math.Inf(-1), m.bound(m.price, m.turned, m.energyPrice), 0
	p.consider(m.taken)
	best.Duals = append(best.Duals[:0], p.duals(m.price, m.turned)...)
	for !p.good() && best.Rounds < roundsMax {
		for range look {
			m.round()
		}
		best.Rounds += look
		m.average()
		now := m.bound(m.price, m.turned, m.energyPrice)
		mean := m.bound(m.meanPrice, m.meanTurned, m.meanEnergyPrice)
		if now < best.Bound {
			best.Bound = now
			best.Duals = append(best.Duals[:0], p.duals(m.price, m.turned)...)
		}
		if mean < best.Bound {
			best.Bound = mean
			best.Duals = append(best.Duals[:0], p.duals(m.meanPrice, m.meanTurned)...)
		}
		// Of the two ends, what proves more is also the nearer to a good plan.
		if mean < now {
			m.restart(mean-p.consider(m.meanTaken), true)
		} else {
			m.restart(now-p.consider(m.taken), false)
		}
	}
}

// consider makes a plan that keeps every row out of what was taken at some prices, and
// keeps it when it is the best so far. It returns its value.
func (p *Planner) consider(taken []float64) float64 {
	value, bill := p.draft.plan(taken)
	if value > p.best.Value {
		p.bill = bill
		p.best.Value = value
		p.best.Amps = append(p.best.Amps[:0], p.draft.amps...)
	}
	return value
}

// duals returns what an ampere more for an hour of the first block is worth, by row.
func (p *Planner) duals(price, turned []float64) []float64 {
	duals := make([]float64, len(p.set.Rows))
	for r, row := range p.market.rows {
		duals[row] = magnitude(price[r*p.market.blocks], turned[r*p.market.blocks])
	}
	return duals
}

// good tells whether the plan is near enough to the best: by its value, or with money
// by its bill, which is a small part of what energy is worth.
func (p *Planner) good() bool {
	best := &p.best
	if len(p.market.energyPrice) > 0 {
		return best.Bound-best.Value <= gapOfBill*p.bill
	}
	return best.Gap() <= gapGood
}
