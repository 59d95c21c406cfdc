package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"pylon/internal/sim/powerlab"
)

// powerReport is what was found of load management.
type powerReport struct {
	machine   machine
	at        time.Time
	others    int // per cent of the machine that other programs had meanwhile
	played    []played
	snapshots []*powerlab.SnapshotScore
	fill      *kernel
	step      *kernel
	stepOf    string // scenario
	sites     *siteTimes
	planned   time.Duration // mean of the slowest tree
}

// markdown returns the report as a document.
func (r *powerReport) markdown() []byte {
	var b bytes.Buffer
	b.WriteString("# Benchmarks of load management\n\n" +
		"How well the grid connection is shared, against its targets. Made by `make bench-power`; do not edit.\n\n" +
		"A scenario is some days of a site; the engine sees a car from its arrival on. The LP limit is what a linear program that knows " +
		"everything in advance reaches at most (HiGHS); for turned currents it allows up to 0.2 % too much. ACN-Sim and the prototypes " +
		"ran on the same sessions elsewhere: their figures are stored beside the files. All in per cent of the energy that was wanted, each kWh times its " +
		"session's weight.\n\n## Targets\n\n")
	rows := [][]string{{"", "what", "target", "figure", "", "of"}}
	for _, t := range r.targets() {
		rows = append(rows, []string{t.id, t.what, t.goal, t.figure, t.verdict(), t.why})
	}
	table(&b, rows)
	b.WriteString("\n## Energy\n\n")
	table(&b, r.energy())
	b.WriteString("\nFullest row: 1 is its limit. Gap: how far from the best plan for what is known each plan may be at most, by its own proof. " +
		"Whole: the same with whole amperes and 6 A or nothing, in turns.\n")
	if rows := r.cost(); len(rows) > 1 {
		b.WriteString("\n## Cost\n\n")
		table(&b, rows)
		b.WriteString("\nEnergy from the grid and the demand charge; the bound is a linear program's that knows every car in advance.\n")
	}
	b.WriteString("\n## One step of a tree\n\n")
	table(&b, r.steps())
	fmt.Fprintf(&b, "\nMeasured %s on %s, one core at a time; other programs had %d %% of the machine meanwhile. Times are those of the whole step, plan included.\n",
		r.at.Format(time.DateOnly), r.machine.String(), r.others)
	return b.Bytes()
}

// table writes rows, the first of which is the heading.
func table(b *bytes.Buffer, rows [][]string) {
	for i, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString("|" + strings.Repeat("---|", len(row)) + "\n")
		}
	}
}

// told writes an outcome's energy; nothing for none.
func told(o *outcome) string {
	if o == nil {
		return ""
	}
	return fmt.Sprintf("%.2f", o.met())
}

// energy has a line for each scenario.
func (r *powerReport) energy() [][]string {
	rows := [][]string{{
		"scenario", "LP limit", "ours", "ours / limit", "ACN-Sim, best", "LLF", "weighted LP", "MPC", "MPC, laxity",
		"fullest row", "mean gap", "ms, mean", "ms, p99", "whole",
	}}
	for i := range r.played {
		p := &r.played[i]
		ratio, gap := "", ""
		if part, there := p.ratio(); there {
			ratio = fmt.Sprintf("%.4f", part)
		}
		if p.ours.GapMean != nil {
			gap = fmt.Sprintf("%.3f %%", 100**p.ours.GapMean)
		}
		rows = append(rows, []string{
			p.name, told(p.stored["offline_lp"]), fmt.Sprintf("%.2f", p.ours.WeightedMet), ratio, told(p.acnBest()),
			told(p.stored["llf"]), told(p.stored["laxity_weighted_lp"]), told(p.stored["mpc_lp"]), told(p.stored["mpc_lp_laxity"]),
			fmt.Sprintf("%.6f", p.ours.MaxLimitRatio), gap, number(p.ours.StepMSMean), number(p.ours.StepMSP99), fmt.Sprintf("%.2f", p.whole.WeightedMet),
		})
	}
	return rows
}

// costRatio is what our cost is to its bound; false when there is none.
func (p *played) costRatio() (float64, bool) {
	bound := p.stored["offline_lp_cost"]
	if p.ours.TotalCost == nil || bound == nil || bound.TotalCost == nil || *bound.TotalCost <= 0 {
		return 0, false
	}
	return *p.ours.TotalCost / *bound.TotalCost, true
}

// cost has a line for each way to share of each scenario that has prices.
func (r *powerReport) cost() [][]string {
	rows := [][]string{{"scenario", "way", "cost", "cost / bound", "energy, %"}}
	for i := range r.played {
		p := &r.played[i]
		bound, there := p.stored["offline_lp_cost"], p.ours.TotalCost != nil
		if !there {
			continue
		}
		ours := &outcome{DemandMet: p.ours.DemandMet, TotalCost: p.ours.TotalCost}
		for _, way := range []struct {
			name string
			of   *outcome
		}{
			{"bound", bound},
			{"**ours**", ours},
			{"MPC with cost", p.stored["mpc_lp_cost"]},
			{"EDF", p.stored["edf"]},
			{"LLF", p.stored["llf"]},
			{"max-min", p.stored["maxmin_fair"]},
			{"uncontrolled", p.stored["uncontrolled"]},
		} {
			if way.of == nil || way.of.TotalCost == nil {
				continue
			}
			part := ""
			if bound != nil && bound.TotalCost != nil && *bound.TotalCost > 0 {
				part = fmt.Sprintf("%.3f", *way.of.TotalCost / *bound.TotalCost)
			}
			rows = append(rows, []string{p.name, way.name, fmt.Sprintf("%.2f", *way.of.TotalCost), part, fmt.Sprintf("%.2f", way.of.DemandMet)})
		}
	}
	return rows
}

// steps has a line for each snapshot.
func (r *powerReport) steps() [][]string {
	rows := [][]string{{"snapshot", "leaves", "nodes", "most error, A", "sum, A", "expected, A", "fullest row", "ms, mean", "ms, p99"}}
	for _, s := range r.snapshots {
		rows = append(rows, []string{
			s.Scenario, number(float64(s.Leaves)), number(float64(s.Nodes)), fmt.Sprintf("%.1e", s.MaxError), fmt.Sprintf("%.3f", s.Sum),
			fmt.Sprintf("%.3f", s.ExpectedSum), fmt.Sprintf("%.9f", s.MaxLimitRatio), number(s.StepMSMean), number(s.StepMSP99),
		})
	}
	return rows
}
