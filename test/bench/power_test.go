package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/sim/load"
	"pylon/internal/sim/powerlab"
)

// scored is a scenario as it was played: so much of the energy, of so much that is possible.
func scored(name string, met, most float64) played {
	return played{
		name: name, stored: map[string]*outcome{"offline_lp": {DemandMet: most}},
		ours:  &powerlab.Score{DemandMet: met, WeightedMet: met, MaxLimitRatio: 1, GapMean: new(0.004), GapMin: new(0.0), GapMax: new(0.01)},
		whole: &wholeScore{Score: &powerlab.Score{WeightedMet: met - 0.5}, idle: 1},
	}
}

// good is a report in which every target is just met.
func good() *powerReport {
	cost := scored("cost3p-x", 99.85, 99.85)
	cost.ours.TotalCost, cost.stored["offline_lp_cost"] = new(112.0), &outcome{TotalCost: new(100.0)}
	ms := time.Millisecond
	return &powerReport{
		played: []played{
			scored("acn1p-20kW-x", 99.95, 100), scored("acn3p-20kW-x", 79.2, 80), scored("acn3p-40kW-x", 99.95, 100), scored("jpl3p-x", 99.95, 100),
			scored("eu3p-x", 99.7, 100), scored("tree1k-x", 99.851, 100), scored("treedr1k-x", 79.961, 80), cost,
		},
		snapshots: []*powerlab.SnapshotScore{{Scenario: "snap", MaxError: 1e-5, MaxLimitRatio: 1}},
		fill:      &kernel{took: load.Latencies{ms, ms, 3 * ms}}, step: &kernel{took: load.Latencies{100 * time.Microsecond}},
		sites: &siteTimes{count: 200, cars: 10_000, all: 800 * ms, one: 10 * ms},
	}
}

// verdicts are those of a report, by target: "misses" when one of its lines does.
func verdicts(r *powerReport) map[string]string {
	all := map[string]string{}
	for _, t := range r.targets() {
		if all[t.id] == "" || t.verdict() == "misses" {
			all[t.id] = t.verdict()
		}
	}
	return all
}

func TestTargetsAreMet(t *testing.T) {
	got := verdicts(good())
	for id := range strings.FieldsSeq("T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13 T14") {
		if got[id] != "met" {
			t.Errorf("%s: got %q, want met", id, got[id])
		}
	}
	if len(got) != 14 {
		t.Errorf("got %v", got)
	}
}

func TestTargetsAreMissed(t *testing.T) {
	named := func(r *powerReport, name string) *played {
		return &r.played[slices.IndexFunc(r.played, func(p played) bool { return strings.HasPrefix(p.name, name) })]
	}
	less := func(name string) func(*powerReport) {
		return func(r *powerReport) { named(r, name).ours.WeightedMet -= 0.01 }
	}
	for _, c := range []struct {
		name, ids string // of the targets that miss
		spoil     func(*powerReport)
	}{
		{"one limit", "T1", less("acn1p")},
		{"a tight garage", "T2", less("acn3p-20kW")},
		{"a roomy garage", "T3", less("acn3p-40kW")},
		{"another garage", "T3", less("jpl3p")},
		{"mixed phases", "T4", less("eu3p")},
		{"a tree", "T5", less("tree1k")},
		{"weights", "T6", less("treedr1k")},
		{"an event that breaks a limit", "T6", func(r *powerReport) { named(r, "treedr1k").ours.MaxLimitRatio = 1 + 1e-8 }},
		{"dear", "T7", func(r *powerReport) { *named(r, "cost3p").ours.TotalCost = 112.1 }},
		{"cheap, but without the energy", "T7", func(r *powerReport) { named(r, "cost3p").ours.DemandMet = 99.84 }},
		{"inexact", "T8", func(r *powerReport) { r.snapshots[0].MaxError = 1.1e-5 }},
		{"exact, but above a limit", "T8", func(r *powerReport) { r.snapshots[0].MaxLimitRatio = 1 + 1e-8 }},
		{"K1 is slow", "T9", func(r *powerReport) { r.fill.took[1] += time.Microsecond }},
		{"K1 is slow at times", "T9", func(r *powerReport) { r.fill.took[2] += time.Microsecond }},
		{"K1 takes memory", "T9", func(r *powerReport) { r.fill.allocations = 1 }},
		{"K2 is slow", "T10", func(r *powerReport) { r.step.took[0] += time.Microsecond }},
		{"K3 is slow", "T11", func(r *powerReport) { named(r, "tree1k").ours.StepMSMean = 20.1 }},
		{"K3 is fast and bad", "T11 T13", func(r *powerReport) { *named(r, "tree1k").ours.GapMean = 0.0051 }},
		{"many sites are slow", "T12", func(r *powerReport) { r.sites.all += 8 * time.Microsecond }},
		{"one site is slow", "T12", func(r *powerReport) { r.sites.one += time.Microsecond }},
		{"plans are far from their bound", "T13", func(r *powerReport) { *named(r, "eu3p").ours.GapMean = 0.0051 }},
		{"a bound is none", "T13", func(r *powerReport) { *named(r, "eu3p").ours.GapMin = -1e-8 }},
		{"whole amperes cost too much", "T14", func(r *powerReport) { named(r, "eu3p").whole.WeightedMet -= 0.01 }},
		{"whole amperes leave too much", "T14", func(r *powerReport) { named(r, "eu3p").whole.idle = 1.01 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good()
			c.spoil(r)
			for id, got := range verdicts(r) {
				if want := map[bool]string{true: "misses", false: "met"}[slices.Contains(strings.Fields(c.ids), id)]; got != want {
					t.Errorf("%s: got %q, want %q", id, got, want)
				}
			}
		})
	}
}

// What was not measured is not met.
func TestTargetsWithoutFigures(t *testing.T) {
	for _, target := range (&powerReport{}).targets() {
		if target.verdict() != "not measured" || target.figure != "" || target.why == "" {
			t.Errorf("got %+v", target)
		}
	}
}

func TestPowerReport(t *testing.T) {
	r := good()
	r.played[0].acn = map[string]*outcome{"Uncontrolled": {DemandMet: 100}, "EDF": {DemandMet: 61.25}, "LLF": {DemandMet: 62.5}}
	text := string(r.markdown())
	for _, want := range []string{"| T14 |", "| acn1p-20kW-x | 100.00 | 99.95 | 0.9995 | 62.50 |", "| cost3p-x | **ours** | 112.00 | 1.120 | 99.85 |", "| snap |"} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwithout %q", text, want)
		}
	}
}

func TestPowerFiles(t *testing.T) {
	got, err := powerFiles([]string{"../../internal/sim/powerlab/testdata", "nowhere", "../../internal/sim/powerlab/testdata"})
	if err != nil || len(got) != 4 || !strings.HasSuffix(got[1], "snap10k-s11.json") {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := powerFiles([]string{"nowhere"}); err == nil {
		t.Error("no scenarios, and no error")
	}
}
