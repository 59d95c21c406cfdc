package main

import (
	"runtime"
	"slices"
	"time"

	"pylon/internal/domain/power/solve"
	"pylon/internal/domain/power/solve/fill"
	"pylon/internal/domain/power/solve/step"
	"pylon/internal/sim/load"
	"pylon/internal/sim/powerlab"
)

// kernelRuns is how often a kernel is asked: so often that its 99th percentile means
// something.
const kernelRuns = 1000

// kernel is how long a kernel takes, and how often it asks for memory.
type kernel struct {
	took        load.Latencies
	allocations float64 // a call
}

// timed calls do so often and notes each.
func timed(l *lab, n int, do func(i int)) kernel {
	k := kernel{took: make(load.Latencies, n)}
	do(0) // what is made once
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		began := l.clock.Steady()
		do(i)
		k.took[i] = l.clock.Steady().Sub(began)
	}
	runtime.ReadMemStats(&after)
	k.allocations = float64(after.Mallocs-before.Mallocs) / float64(n)
	slices.Sort(k.took)
	return k
}

func (k *kernel) mean() time.Duration {
	var sum time.Duration
	for _, d := range k.took {
		sum += d
	}
	return sum / time.Duration(max(1, len(k.took)))
}

// timeFill measures K1 on a snapshot.
func (r *powerReport) timeFill(l *lab, s *powerlab.Snapshot) error {
	solver, err := fill.New(s.Limits())
	if err != nil {
		return err
	}
	leaves := make([]fill.Leaf, len(s.Leaves))
	for i, leaf := range s.Leaves {
		leaves[i] = fill.Fair(leaf.Max, leaf.Weight)
	}
	k := timed(l, kernelRuns, func(int) { solver.Fill(nil, leaves) })
	r.fill = &k
	return nil
}

// timeStep measures K2 on the steps of a scenario that have cars, one after the other as
// they came.
func (r *powerReport) timeStep(l *lab, site *powerlab.Scenario, steps []solve.Step) {
	steps = slices.DeleteFunc(steps, func(s solve.Step) bool { return len(s.Cars) == 0 })
	if len(steps) == 0 {
		return
	}
	most, weights, limits := make([]float64, site.Limits.Outlets), make([]float64, site.Limits.Outlets), make([]float64, len(site.Limits.Rows))
	solver := step.New(site.Limits)
	k := timed(l, len(steps), func(i int) {
		clear(most)
		clear(weights)
		for _, c := range steps[i].Cars {
			most[c.Outlet] = min(c.Max, c.Energy/(c.KW*site.Hours))
			laxity := float64(c.Until)*site.Hours - c.Energy/(c.KW*c.Max)
			weights[c.Outlet] = c.Weight * c.KW / (max(laxity, 0) + 1)
		}
		limitsAt(site, &steps[i], limits)
		solver.Step(most, weights, limits)
	})
	if r.step == nil || k.mean() > r.step.mean() {
		r.step, r.stepOf = &k, site.Name
	}
}

// siteTimes is how long many sites take to plan anew, one after the other on one core.
type siteTimes struct {
	count, cars int
	all, one    time.Duration // one: the slowest
}

// evsesOfAll is how many EVSEs many sites have together.
const evsesOfAll = 10_000

// timeSites measures so many sites alike as have ten thousand EVSEs in their busiest
// step, each with an engine that has seen the steps of an hour before.
func (r *powerReport) timeSites(l *lab, site *powerlab.Scenario, steps []solve.Step) error {
	busiest := 0
	for i := range steps {
		if len(steps[i].Cars) > len(steps[busiest].Cars) {
			busiest = i
		}
	}
	before := steps[max(0, busiest-int(1/site.Hours)):busiest]
	s := &siteTimes{count: (evsesOfAll + site.Limits.Outlets - 1) / site.Limits.Outlets}
	for range s.count {
		engine, err := solve.New(site.Limits, site.Hours)
		if err != nil {
			return err
		}
		for i := range before {
			if _, err := engine.Step(&before[i]); err != nil {
				return err
			}
		}
		began := l.clock.Steady()
		if _, err := engine.Step(&steps[busiest]); err != nil {
			return err
		}
		took := l.clock.Steady().Sub(began)
		s.all += took
		s.one = max(s.one, took)
		s.cars += len(steps[busiest].Cars)
	}
	if r.sites == nil || s.all > r.sites.all {
		r.sites = s
	}
	return nil
}
