package powerlab

import (
	"math"
	"slices"
	"time"

	"pylon/internal/domain/power/solve"
	"pylon/internal/sim/load"
)

// Score says how a scenario went. Amounts of money are in the file's currency.
type Score struct {
	Scenario  string  `json:"scenario"`
	Sessions  int     `json:"sessions"`
	Requested float64 `json:"energy_requested_kwh"`
	Delivered float64 `json:"energy_delivered_kwh"`

	DemandMet       float64 `json:"demand_met_pct"`   // 100 × delivered / requested
	WeightedMet     float64 `json:"weighted_met_pct"` // the same, each kWh times its session's weight
	FullyMet        int     `json:"sessions_fully_met"`
	MinSatisfaction float64 `json:"min_satisfaction"` // the least part of what it wanted that a session got

	Peak          float64 `json:"peak_kw"`
	MaxLimitRatio float64 `json:"max_limit_ratio"` // 1: the fullest row was ever just full

	// What the energy cost: nil without signals.
	EnergyCost *float64 `json:"energy_cost,omitzero"`
	GridPeak   *float64 `json:"grid_peak_kw,omitzero"` // the highest draw from the grid
	TotalCost  *float64 `json:"total_cost,omitzero"`   // with the demand charge, without what was not delivered

	Steps      int      `json:"steps"` // that were decided: those with cars
	StepMSMean float64  `json:"step_ms_mean"`
	StepMSP99  float64  `json:"step_ms_p99"`
	GapMean    *float64 `json:"gap_mean"` // of the plans, as a part of their bounds; nil: there were none
	GapMin     *float64 `json:"gap_min"`  // below 0: a bound was none
	GapMax     *float64 `json:"gap_max"`
}

// fullyMet is the part of what it wanted that a session may lack and still count as
// fully met.
const fullyMet = 1e-3

// tally is what a replay adds up.
type tally struct {
	hours   float64
	signals *solve.Money

	at         int     // step
	peak       float64 // kW
	importPeak float64 // kW from the grid
	cost       float64 // of energy
	ratio      float64
	took       load.Latencies
	gaps       []float64
}

// decided notes a decision and how long it took.
func (t *tally) decided(d *solve.Decision, took time.Duration) {
	t.took = append(t.took, took)
	if !d.Planned {
		return
	}
	gap := d.Gap
	if d.Bound < d.Value {
		gap = (d.Bound - d.Value) / max(math.Abs(d.Bound), math.Abs(d.Value))
	}
	t.gaps = append(t.gaps, gap)
}

// drawn notes what all cars together draw in the next step.
func (t *tally) drawn(kw float64) {
	t.peak = max(t.peak, kw)
	if t.signals != nil {
		grid := max(0, kw-t.signals.Solar[t.at])
		t.importPeak = max(t.importPeak, grid)
		t.cost += t.signals.Price[t.at] * grid * t.hours
	}
	t.at++
}

// score sums up. wanted is what each session lacks at the end.
func (t *tally) score(s *Scenario, wanted []float64) *Score {
	out := &Score{
		Scenario: s.Name, Sessions: len(s.Sessions), MinSatisfaction: 1,
		Peak: t.peak, MaxLimitRatio: t.ratio, Steps: len(t.took),
	}
	var worth, weighted float64
	for i := range s.Sessions {
		one, got := &s.Sessions[i], s.Sessions[i].Energy-wanted[i]
		out.Requested += one.Energy
		out.Delivered += got
		worth += one.Weight * one.Energy
		weighted += one.Weight * got
		out.MinSatisfaction = min(out.MinSatisfaction, got/one.Energy)
		if wanted[i] <= fullyMet*one.Energy {
			out.FullyMet++
		}
	}
	out.DemandMet, out.WeightedMet = percent(out.Delivered, out.Requested), percent(weighted, worth)
	if t.signals != nil {
		out.EnergyCost, out.GridPeak = &t.cost, &t.importPeak
		out.TotalCost = new(t.cost + t.signals.Demand*t.importPeak)
	}
	out.StepMSMean, out.StepMSP99 = times(t.took)
	if len(t.gaps) > 0 {
		out.GapMean, out.GapMin, out.GapMax = new(mean(t.gaps)), new(slices.Min(t.gaps)), new(slices.Max(t.gaps))
	}
	return out
}

// percent of nothing is all of it.
func percent(part, whole float64) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * part / whole
}

// times returns mean and 99th percentile in milliseconds, and sorts.
func times(took load.Latencies) (average, p99 float64) {
	slices.Sort(took)
	of := make([]float64, len(took))
	for i, d := range took {
		of[i] = d.Seconds() * 1e3
	}
	return mean(of), took.At(990).Seconds() * 1e3
}

// mean of nothing is 0.
func mean(of []float64) float64 {
	sum := 0.0
	for _, v := range of {
		sum += v
	}
	return sum / float64(max(1, len(of)))
}
