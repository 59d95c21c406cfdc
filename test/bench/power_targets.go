package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"pylon/internal/domain/power/solve/limit"
)

// target is one promise of load management, and how it stands.
type target struct {
	id, what, goal string
	figure         string // "" : not measured
	met            bool
	busy           bool   // a time that was taken while others had much of the machine
	why            string // of which file the figure is, or why there is none
}

func (t *target) verdict() string {
	switch {
	case t.figure == "":
		return "not measured"
	case t.met:
		return "met"
	case t.busy:
		return "misses, on a busy machine"
	}
	return "misses"
}

// targets are all of them. Files count by the beginning of their names, those that
// nothing was tuned on included; a target holds when it holds for each of its files.
func (r *powerReport) targets() []target {
	all := []target{
		r.ratioTarget("T1", "one limit, demand met / LP limit", 0.9995, prefixed("acn1p-")),
		r.ratioTarget("T2", "delta-wye garage below 40 kW, demand met / LP limit", 0.990, garage(0, 40)),
		r.ratioTarget("T3", "delta-wye garages with more room, demand met / LP limit", 0.9995, garage(40, math.MaxInt)),
		r.ratioTarget("T4", "mixed phases, demand met / LP limit", 0.997, prefixed("eu3p-")),
		r.ratioTarget("T5", "1,000 EVSEs on a tree, demand met / LP limit", 0.9985, prefixed("tree1k-")),
		r.eventTarget(), r.costTarget(), r.snapshotTarget(),
	}
	all = append(all, r.fillTargets()...)
	all = append(all, r.stepTargets()...)
	all = append(all, r.planTargets()...)
	all = append(all, r.siteTargets()...)
	return append(all, r.certificateTarget(), r.wholeTarget())
}

func prefixed(prefix string) func(name string) bool {
	return func(name string) bool { return strings.HasPrefix(name, prefix) }
}

// garage tells the files of the garages with at least so much power and less than so much;
// those that do not say how much they have count as roomy.
func garage(least, below int) func(name string) bool {
	return func(name string) bool {
		if strings.HasPrefix(name, "jpl3p-") {
			return below == math.MaxInt
		}
		kw := 0
		_, err := fmt.Sscanf(name, "acn3p-%dkW", &kw)
		return err == nil && kw >= least && kw < below
	}
}

// ratioTarget wants a part of the LP limit in each of some files.
func (r *powerReport) ratioTarget(id, what string, least float64, of func(name string) bool) target {
	t := target{id: id, what: what, goal: fmt.Sprintf("≥ %.4f", least), why: "no such scenario has a limit stored"}
	worst := math.Inf(1)
	for i := range r.played {
		p := &r.played[i]
		if ratio, there := p.ratio(); there && of(p.name) && ratio < worst {
			worst = ratio
			t.figure, t.why, t.met = fmt.Sprintf("%.4f", ratio), "least: "+p.name, ratio >= least
		}
	}
	return t
}

// eventTarget is T6: the limits of an event hold from its first step on, which
// max_limit_ratio tells.
func (r *powerReport) eventTarget() target {
	t := r.ratioTarget("T6", "weights and an event of the grid, weighted demand met / LP limit; no limit broken", 0.9995, prefixed("treedr1k-"))
	for i := range r.played {
		if p := &r.played[i]; strings.HasPrefix(p.name, "treedr1k-") && p.ours.MaxLimitRatio > 1+limit.Slack {
			t.met = false
			t.why += fmt.Sprintf("; %s breaks a limit: %.6f", p.name, p.ours.MaxLimitRatio)
		}
	}
	return t
}

func (r *powerReport) costTarget() target {
	const most, energy = 1.12, 99.85
	t := target{id: "T7", what: "cost / LP bound, with 99.85 % of the energy", goal: "≤ 1.12", why: "no such scenario has a bound stored"}
	worst := 0.0
	for i := range r.played {
		p := &r.played[i]
		if ratio, there := p.costRatio(); there && ratio > worst {
			worst = ratio
			t.figure, t.met = fmt.Sprintf("%.4f", ratio), ratio <= most && p.ours.DemandMet >= energy
			t.why = fmt.Sprintf("most: %s, with %.2f %% of the energy", p.name, p.ours.DemandMet)
		}
	}
	return t
}

func (r *powerReport) snapshotTarget() target {
	const most = 1e-5
	t := target{id: "T8", what: "10,000 leaves at once, most that one is wrong; no limit broken", goal: "≤ 1e-5 A", why: "no snapshot"}
	worst := -1.0
	for _, s := range r.snapshots {
		if s.MaxError > worst {
			worst = s.MaxError
			t.figure, t.met = fmt.Sprintf("%.1e A", worst), worst <= most && s.MaxLimitRatio <= 1+limit.Slack
			t.why = fmt.Sprintf("%s, fullest row %.9f", s.Scenario, s.MaxLimitRatio)
		}
	}
	return t
}

// timeTarget wants something done in time.
func (r *powerReport) timeTarget(of target, got, most time.Duration) target {
	of.goal, of.figure = fmt.Sprintf("≤ %g ms", millis(most)), number(millis(got))+" ms"
	of.met, of.busy = got <= most, r.others > busyFrom
	return of
}

func unmeasured(id, what, goal, why string) target {
	return target{id: id, what: what, goal: goal, why: why}
}

func (r *powerReport) fillTargets() []target {
	const what = "K1 on 10,000 EVSEs and 1,111 nodes, "
	if r.fill == nil {
		return []target{unmeasured("T9", what+"median", "≤ 1 ms", "no snapshot")}
	}
	why := fmt.Sprintf("%d calls on one core", len(r.fill.took))
	return []target{
		r.timeTarget(target{id: "T9", what: what + "median", why: why}, r.fill.took.At(500), time.Millisecond),
		r.timeTarget(target{id: "T9", what: what + "p99", why: why}, r.fill.took.At(990), 3*time.Millisecond),
		{id: "T9", what: what + "allocations a call", goal: "0", figure: fmt.Sprintf("%.3g", r.fill.allocations), met: r.fill.allocations < 0.5, why: why},
	}
}

func (r *powerReport) stepTargets() []target {
	const what = "K2 on the 54 EVSEs of the delta-wye garage, "
	if r.step == nil {
		return []target{unmeasured("T10", what+"mean", "≤ 0.1 ms", "no such scenario")}
	}
	why := fmt.Sprintf("slowest: %s, its %d steps with cars in their order", r.stepOf, len(r.step.took))
	return []target{
		r.timeTarget(target{id: "T10", what: what + "mean", why: why}, r.step.mean(), 100*time.Microsecond),
		r.timeTarget(target{id: "T10", what: what + "p99", why: why}, r.step.took.At(990), 500*time.Microsecond),
	}
}

// planTargets are those of the plan of the hours ahead.
func (r *powerReport) planTargets() []target {
	const what, gap = "K3 on 1,000 EVSEs, 125 rows, a day: a step's plan", 0.005
	out := unmeasured("T11", what, "≤ 20 ms at a gap ≤ 0.5 %", "no such scenario")
	for i := range r.played {
		p := &r.played[i]
		if !strings.HasPrefix(p.name, "tree1k-") || p.ours.GapMean == nil {
			continue
		}
		took := time.Duration(p.ours.StepMSMean * float64(time.Millisecond))
		if out.figure != "" && took <= r.planned {
			continue
		}
		why := fmt.Sprintf("%s, mean of the whole step; mean gap %.3f %%", p.name, 100**p.ours.GapMean)
		goal := out.goal
		out = r.timeTarget(target{id: "T11", what: what, why: why}, took, 20*time.Millisecond)
		out.goal, out.met, r.planned = goal, out.met && *p.ours.GapMean <= gap, took
	}
	return []target{
		out,
		unmeasured("T11", "K3 on the same, the whole day at once, all sessions known", "≤ 1 s at a gap ≤ 0.2 %", "the plan begins with the cars that are there"),
	}
}

// siteTargets are those of many sites at once. Sites share nothing, so that cores take
// an even part of them each.
func (r *powerReport) siteTargets() []target {
	const all, one, cores = "K3 on 10,000 EVSEs as many sites: all of them, by 8 cores", "K3, one of these sites", 8
	s := r.sites
	if s == nil {
		return []target{unmeasured("T12", all, "≤ 100 ms", "no such scenario"), unmeasured("T12", one, "≤ 10 ms", "no such scenario")}
	}
	why := fmt.Sprintf("%d sites, %d cars, in the busiest step", s.count, s.cars)
	return []target{
		r.timeTarget(target{id: "T12", what: all, why: why + fmt.Sprintf("; an eighth of the %s that one core takes", s.all.Round(time.Millisecond))}, s.all/cores, 100*time.Millisecond),
		r.timeTarget(target{id: "T12", what: one, why: why + "; the slowest of them"}, s.one, 10*time.Millisecond),
	}
}

func (r *powerReport) certificateTarget() target {
	const most, roundings = 0.005, -1e-9
	t := target{id: "T13", what: "gap of the plans, as they tell it: mean in each scenario; never negative", goal: "≤ 0.5 %", why: "no plan was made"}
	worst := math.Inf(-1)
	for i := range r.played {
		p := &r.played[i]
		switch s := p.ours; {
		case s.GapMean == nil:
		case *s.GapMin < roundings:
			t.figure, t.met, t.why = fmt.Sprintf("%.2e", *s.GapMin), false, "negative: "+p.name
			return t
		case *s.GapMean > worst:
			worst = *s.GapMean
			t.figure, t.met = fmt.Sprintf("%.3f %%", 100*worst), worst <= most
			t.why = fmt.Sprintf("most: %s, where the greatest is %.2f %%", p.name, 100**s.GapMax)
		}
	}
	return t
}

func (r *powerReport) wholeTarget() target {
	const most, idleMost = 0.5, 1.0
	t := target{id: "T14", what: "whole amperes, 6 A or nothing: what it costs, in points of demand met; a full row's idle amperes", goal: "≤ 0.5, ≤ 1 A", why: "no scenario"}
	worst, idle := math.Inf(-1), 0.0
	name, idleName := "", ""
	for i := range r.played {
		p := &r.played[i]
		if loss := p.ours.WeightedMet - p.whole.WeightedMet; loss > worst {
			worst, name = loss, p.name
		}
		if p.whole.idle >= idle {
			idle, idleName = p.whole.idle, p.name
		}
	}
	if name != "" {
		t.figure, t.met = fmt.Sprintf("%.3f, %.2f A", worst, idle), worst <= most && idle <= idleMost
		t.why = fmt.Sprintf("most: %s; a scenario's mean, most: %s", name, idleName)
	}
	return t
}
