package powerlab_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/sim/powerlab"
)

// files returns the scenario files that are here and those of others, which only
// PYLON_SHARED has.
func files(t testing.TB) []string {
	t.Helper()
	shared := os.Getenv("PYLON_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	var all []string
	for _, pattern := range []string{"testdata/*.json", filepath.Join(shared, "vectors", "power", "[acj]*.json")} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no scenarios at %s; PYLON_SHARED names the folder that has vectors/power", pattern)
		}
		all = append(all, names...)
	}
	return all
}

// read returns what a file has.
func read(t testing.TB, name string) *powerlab.File {
	t.Helper()
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	f, err := powerlab.Read(in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

// stored is what a policy came to when others ran it.
type stored struct {
	DemandMet     float64  `json:"demand_met_pct"`
	WeightedMet   *float64 `json:"weighted_met_pct"`
	Delivered     float64  `json:"energy_delivered_kwh"`
	FullyMet      int      `json:"sessions_fully_met"`
	Satisfaction  *float64 `json:"min_satisfaction"`
	Peak          float64  `json:"peak_kw"`
	MaxLimitRatio *float64 `json:"max_limit_ratio"`
	TotalCost     *float64 `json:"total_cost"`
	EnergyCost    *float64 `json:"energy_cost"`
	GridPeak      *float64 `json:"grid_peak_kw"`
}

// results returns those that are stored beside a scenario, by policy; none when there
// is no file of that kind.
func results(t testing.TB, scenario, kind string) map[string]stored {
	t.Helper()
	name := filepath.Join(filepath.Dir(scenario), "results", strings.TrimSuffix(filepath.Base(scenario), "json")+kind+".json")
	text, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Results map[string]stored `json:"results"`
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f.Results
}
