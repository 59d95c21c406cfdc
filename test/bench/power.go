package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/power/solve"
	"pylon/internal/sim/powerlab"
)

// powerFolders returns where scenarios are: our own, those of others, and those that
// nothing may be tuned on.
func powerFolders() []string {
	shared := cmp.Or(os.Getenv("PYLON_SHARED"), filepath.Join("..", "shared"))
	others := filepath.Join(shared, "vectors", "power")
	return []string{filepath.Join("internal", "sim", "powerlab", "testdata"), others, filepath.Join(others, "heldout")}
}

// outcome is what some way to share came to on a scenario: one of ours, or one that is
// stored beside it.
type outcome struct {
	DemandMet   float64  `json:"demand_met_pct"`
	WeightedMet *float64 `json:"weighted_met_pct"` // nil: as DemandMet
	TotalCost   *float64 `json:"total_cost"`
}

// met is the part of the weighted energy, in per cent.
func (o *outcome) met() float64 {
	if o.WeightedMet != nil {
		return *o.WeightedMet
	}
	return o.DemandMet
}

// played is a scenario and what ways to share came to on it.
type played struct {
	name   string
	site   *powerlab.Scenario
	ours   *powerlab.Score
	whole  *wholeScore
	stored map[string]*outcome // limit and prototypes
	acn    map[string]*outcome // ACN-Sim
}

// ratio is what part of the limit we reach; false when no limit is stored.
func (p *played) ratio() (float64, bool) {
	most := p.stored["offline_lp"]
	if most == nil || most.met() == 0 {
		return 0, false
	}
	return p.ours.WeightedMet / most.met(), true
}

// acnBest is the best that ACN-Sim's algorithms which keep the limits came to.
func (p *played) acnBest() *outcome {
	var best *outcome
	for name, o := range p.acn {
		if name != "Uncontrolled" && (best == nil || o.met() > best.met()) {
			best = o
		}
	}
	return best
}

// runPower plays all scenarios, measures the kernels, and writes the report.
func runPower(ctx context.Context, l *lab) error {
	report := powerReport{machine: readMachine(os.TempDir()), at: l.clock.Now()}
	before, err := l.readOthers()
	if err != nil {
		return err
	}
	names, err := powerFiles(powerFolders())
	if err != nil {
		return err
	}
	for _, name := range names {
		l.say("%s", name)
		if err := report.play(ctx, l, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	after, err := l.readOthers()
	if err != nil {
		return err
	}
	report.others = after.since(before)
	text := report.markdown()
	if _, err := os.Stdout.Write(text); err != nil {
		return err
	}
	if l.out == "" {
		return nil
	}
	return os.WriteFile(l.out, text, 0o644)
}

// powerFiles returns the scenario files of folders; of two with the same name, the first.
// Folders that are not there have none.
func powerFiles(folders []string) ([]string, error) {
	var all []string
	seen := map[string]bool{}
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !seen[filepath.Base(name)] {
				seen[filepath.Base(name)] = true
				all = append(all, name)
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no scenarios in %s; PYLON_SHARED names the folder that has vectors/power", strings.Join(folders, ", "))
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(filepath.Base(a), filepath.Base(b)) })
	return all, nil
}

// play plays one file.
func (r *powerReport) play(ctx context.Context, l *lab, name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := powerlab.Read(in)
	if err != nil {
		return err
	}
	if f.Snapshot != nil {
		score, err := f.Snapshot.Solve(l.clock)
		if err == nil {
			r.snapshots = append(r.snapshots, score)
			err = r.timeFill(l, f.Snapshot)
		}
		return err
	}
	p := played{name: f.Scenario.Name, site: f.Scenario}
	if p.stored, err = storedOutcomes(name, "results"); err != nil {
		return err
	}
	if p.acn, err = storedOutcomes(name, "acnsim"); err != nil {
		return err
	}
	engine, err := solve.New(p.site.Limits, p.site.Hours)
	if err != nil {
		return err
	}
	asked := &recorder{Policy: engine}
	if p.ours, err = powerlab.Replay(ctx, p.site, asked, l.clock); err != nil {
		return err
	}
	if strings.HasPrefix(p.name, "acn3p-") {
		r.timeStep(l, p.site, asked.steps)
	}
	if strings.HasPrefix(p.name, "eu3p-") {
		if err := r.timeSites(l, p.site, asked.steps); err != nil {
			return err
		}
	}
	if p.whole, err = playWhole(ctx, l, p.site); err != nil {
		return err
	}
	r.played = append(r.played, p)
	return nil
}

// recorder keeps what a policy is asked.
type recorder struct {
	powerlab.Policy
	steps []solve.Step
}

func (r *recorder) Step(step *solve.Step) (solve.Decision, error) {
	kept := *step
	kept.Cars, kept.Overrides = slices.Clone(step.Cars), slices.Clone(step.Overrides)
	r.steps = append(r.steps, kept)
	return r.Policy.Step(step)
}

// storedOutcomes returns the outcomes of one kind that are stored beside a scenario, by
// policy; none when there is no such file.
func storedOutcomes(scenario, kind string) (map[string]*outcome, error) {
	name := filepath.Join(filepath.Dir(scenario), "results", strings.TrimSuffix(filepath.Base(scenario), "json")+kind+".json")
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var f struct {
		Results map[string]*outcome `json:"results"`
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f.Results, nil
}
