package main

import (
	"context"
	"math"

	"pylon/internal/domain/power/solve"
	"pylon/internal/domain/power/solve/discrete"
	"pylon/internal/sim/powerlab"
)

const (
	leastAmps = 6    // below which a car does not charge. Source: IEC 61851-1
	lines     = 3.0  // of a connection
	turnHours = 0.25 // for which an outlet stays on or off
	tightFrom = 1e-6 // of a limit: what is left of it in a row that is full
)

// wholeScore is what becomes of the engine's currents when stations take whole amperes
// and 6 A at least.
type wholeScore struct {
	*powerlab.Score
	idle     float64 // A that full rows lose by it, on average
	idleMost float64
}

// wholes is the engine with its currents made whole.
type wholes struct {
	site    *powerlab.Scenario
	engine  *solve.Engine
	rounder *discrete.Rounder
	step    discrete.Step

	full     int // rows that were full
	idle     float64
	idleMost float64
}

// playWhole plays a scenario with whole currents.
func playWhole(ctx context.Context, l *lab, site *powerlab.Scenario) (*wholeScore, error) {
	engine, err := solve.New(site.Limits, site.Hours)
	if err != nil {
		return nil, err
	}
	turn := int(math.Ceil(turnHours/site.Hours - tightFrom))
	w := &wholes{site: site, engine: engine, rounder: discrete.New(site.Limits, discrete.Hold{On: turn, Off: turn}), step: discrete.Step{
		Limits:  make([]float64, len(site.Limits.Rows)),
		Outlets: make([]discrete.Outlet, site.Limits.Outlets), States: make([]discrete.State, site.Limits.Outlets),
	}}
	score, err := powerlab.Replay(ctx, site, w, l.clock)
	if err != nil {
		return nil, err
	}
	return &wholeScore{Score: score, idle: w.idle / float64(max(1, w.full)), idleMost: w.idleMost}, nil
}

// Step implements [powerlab.Policy].
func (w *wholes) Step(step *solve.Step) (solve.Decision, error) {
	d, err := w.engine.Step(step)
	if err != nil {
		return d, err
	}
	limitsAt(w.site, step, w.step.Limits)
	clear(w.step.Outlets)
	for i := range step.Cars {
		c := &step.Cars[i]
		rank := float64(c.Until) - c.Energy/(c.Max*c.KW*w.site.Hours)
		w.step.Outlets[c.Outlet] = discrete.Outlet{Min: leastAmps, Max: c.Max, Tier: c.Tier, Rank: rank}
		if c.Max < leastAmps {
			w.step.Outlets[c.Outlet].Min, w.step.Outlets[c.Outlet].Steps = leastAmps/lines, oneLine(c.Max)
		}
	}
	w.step.Currents = d.Amps
	amps := w.rounder.Round(&w.step)
	for i, most := range w.step.Limits {
		row := &w.site.Limits.Rows[i]
		if row.Current(d.Amps) < most*(1-tightFrom) {
			continue
		}
		idle := max(0, most-row.Current(amps))
		w.full++
		w.idle += idle
		w.idleMost = max(w.idleMost, idle)
	}
	d.Amps = amps
	return d, nil
}

// oneLine returns what a car can be set to that takes less than the least on three lines:
// it charges on one, where each whole ampere is a third of one on three.
func oneLine(most float64) []float64 {
	var steps []float64
	for amps := leastAmps; float64(amps) <= most*lines; amps++ {
		steps = append(steps, float64(amps)/lines)
	}
	return steps
}

// limitsAt writes the limits of a step, by row.
func limitsAt(site *powerlab.Scenario, step *solve.Step, into []float64) {
	for i := range into {
		into[i] = site.Limits.Rows[i].Limit
	}
	for _, o := range step.Overrides {
		if o.From <= 0 {
			into[o.Row] = o.Limit
		}
	}
}
