package powerlab

import (
	"context"
	"fmt"
	"math"
	"slices"

	"pylon/internal/domain/power/solve"
	"pylon/internal/kernel/clock"
)

// Policy decides what flows in each step. [*solve.Engine] is one.
type Policy interface {
	// Step decides one step. What it answers belongs to the policy until the next.
	Step(*solve.Step) (solve.Decision, error)
}

// ReplayEngine is [Replay] with the engine of power sharing, new for the scenario.
func ReplayEngine(ctx context.Context, s *Scenario, c clock.Clock) (*Score, error) {
	engine, err := solve.New(s.Limits, s.Hours)
	if err != nil {
		return nil, err
	}
	return Replay(ctx, s, engine, c)
}

// Replay plays a scenario from its first step to its last. Steps without cars are played,
// too, so that a policy may learn from them, and not measured. A car draws what it is given, but never more than it can or
// still wants. A policy that gives less than 0 or what is no number is an error, and so
// is one that fails; one that breaks a limit is told by [Score.MaxLimitRatio].
func Replay(ctx context.Context, s *Scenario, p Policy, c clock.Clock) (*Score, error) {
	r := newRun(s)
	for r.step = range s.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.comeAndGo()
		asked := r.ask()
		began := c.Steady()
		d, err := p.Step(asked)
		took := c.Steady().Sub(began)
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", r.step, err)
		}
		if err := r.judge(d.Amps); err != nil {
			return nil, fmt.Errorf("step %d: %w", r.step, err)
		}
		if len(r.present) > 0 {
			r.tally.decided(&d, took)
		}
		r.deliver()
	}
	return r.tally.score(s, r.wanted), nil
}

// run is a scenario at one of its steps.
type run struct {
	*Scenario
	step    int
	next    int       // session that comes next
	present []int     // sessions whose cars are there and want something
	wanted  []float64 // kWh, by session: what has not been delivered
	limits  []float64 // A, by row, in this step
	drawn   []float64 // A, by outlet, in this step
	asked   solve.Step
	tally   tally
}

func newRun(s *Scenario) *run {
	r := &run{
		Scenario: s,
		wanted:   make([]float64, len(s.Sessions)),
		limits:   make([]float64, len(s.Limits.Rows)),
		drawn:    make([]float64, s.Limits.Outlets),
	}
	for i := range s.Sessions {
		r.wanted[i] = s.Sessions[i].Energy
	}
	r.tally.signals = s.Signals
	r.tally.hours = s.Hours
	if s.Signals != nil {
		r.asked.Money = &solve.Money{Demand: s.Signals.Demand, Penalty: s.Signals.Penalty}
	}
	return r
}

// crumb is how many kWh are left by roundings only: a few thousandths of a joule.
const crumb = 1e-9

// comeAndGo lets in who arrives in this step, and out who leaves or has all.
func (r *run) comeAndGo() {
	for ; r.next < len(r.Sessions) && r.Sessions[r.next].Arrival == r.step; r.next++ {
		r.present = append(r.present, r.next)
	}
	r.present = slices.DeleteFunc(r.present, func(i int) bool {
		return r.Sessions[i].Departure <= r.step || r.wanted[i] <= 0
	})
}

// ask puts together what may be known in this step.
func (r *run) ask() *solve.Step {
	r.asked.Number = r.step
	r.asked.Cars = r.asked.Cars[:0]
	for _, i := range r.present {
		s := &r.Sessions[i]
		r.asked.Cars = append(r.asked.Cars, solve.Car{
			Outlet: s.Outlet, Max: s.Max, KW: s.KW, Energy: r.wanted[i], Until: s.Departure - r.step, Weight: s.Weight,
		})
	}
	r.asked.Overrides = r.asked.Overrides[:0]
	for row := range r.limits {
		r.limits[row] = r.Limits.Rows[row].Limit
	}
	for _, o := range r.Overrides {
		if o.From <= r.step && r.step < o.To {
			r.limits[o.Row] = o.Limit
		}
		if o.To > r.step {
			o.From, o.To = max(0, o.From-r.step), o.To-r.step
			r.asked.Overrides = append(r.asked.Overrides, o)
		}
	}
	if m := r.asked.Money; m != nil {
		m.Price, m.Solar, m.Peak = r.Signals.Price[r.step:], r.Signals.Solar[r.step:], r.tally.importPeak
	}
	return &r.asked
}

// judge holds what is given against the limits. A row that is not a sum can be filled
// by a car that draws less than it is given, so what is drawn is judged as well.
func (r *run) judge(given []float64) error {
	if len(given) != len(r.drawn) {
		return fmt.Errorf("the policy has decided for %d outlets of %d", len(given), len(r.drawn))
	}
	for outlet, amps := range given {
		if !(amps >= 0) || math.IsInf(amps, 1) {
			return fmt.Errorf("the policy gives outlet %d %v A", outlet, amps)
		}
	}
	clear(r.drawn)
	for _, i := range r.present {
		s := &r.Sessions[i]
		r.drawn[s.Outlet] = min(given[s.Outlet], s.Max, r.wanted[i]/(s.KW*r.Hours))
	}
	for _, amps := range [][]float64{given, r.drawn} {
		_, ratio := r.Limits.Worst(amps, r.limits)
		r.tally.ratio = max(r.tally.ratio, ratio)
	}
	return nil
}

// deliver gives the cars what they draw in this step.
func (r *run) deliver() {
	kw := 0.0
	for _, i := range r.present {
		s := &r.Sessions[i]
		power := r.drawn[s.Outlet] * s.KW
		kw += power
		if r.wanted[i] -= power * r.Hours; r.wanted[i] < crumb {
			r.wanted[i] = 0
		}
	}
	r.tally.drawn(kw)
}
