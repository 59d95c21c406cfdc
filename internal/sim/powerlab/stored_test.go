package powerlab_test

import (
	"math"
	"path/filepath"
	"testing"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/powerlab"
)

// near tells whether a score is what is stored; both are percents, kW or amounts.
func near(t *testing.T, what string, got float64, want *float64, by float64) {
	t.Helper()
	if want != nil && !(math.Abs(got-*want) <= by) {
		t.Errorf("%s: got %v, want %v", what, got, *want)
	}
}

// The simple policies come to what they came to elsewhere: so the same is read, and the
// same is counted.
func TestStoredResults(t *testing.T) {
	policies := []struct {
		name, kind string
		decide     policy
		digit      float64 // half of the last that agrees
		sums       bool    // only where all rows are sums
	}{
		{"uncontrolled", "results", uncontrolled, 0.5e-4, false},
		{"Uncontrolled", "acnsim", uncontrolled, 0.5e-4, false},
		{"fcfs", "results", sorted(fcfs), 0.5e-4, false},
		{"edf", "results", sorted(edf), 0.5e-4, false},
		{"llf", "results", sorted(llf), 0.5e-4, false},
		{"maxmin_fair", "results", fair, 1e-3, true}, // found there by bisection
	}
	compared := map[string]int{}
	for _, name := range files(t) {
		site := read(t, name).Scenario
		if site == nil {
			continue
		}
		for _, p := range policies {
			want, there := results(t, name, p.kind)[p.name]
			if !there || p.sums && !plain(site) {
				continue
			}
			compared[p.name]++
			t.Run(filepath.Base(name)+" "+p.name, func(t *testing.T) {
				got, err := powerlab.Replay(t.Context(), site, simple{site, p.decide}, clock.System{})
				if err != nil {
					t.Fatal(err)
				}
				compare(t, got, &want, p.digit*1.01)
			})
		}
	}
	for _, p := range policies {
		if compared[p.name] == 0 {
			t.Errorf("%s: no result is stored", p.name)
		}
	}
}

func compare(t *testing.T, got *powerlab.Score, want *stored, by float64) {
	t.Helper()
	near(t, "demand met", got.DemandMet, &want.DemandMet, by)
	near(t, "weighted", got.WeightedMet, want.WeightedMet, 1e-3) // who goes first among equals shows here
	near(t, "delivered", got.Delivered, &want.Delivered, by*got.Requested/100+by)
	near(t, "peak", got.Peak, &want.Peak, by)
	near(t, "least satisfaction", got.MinSatisfaction, want.Satisfaction, by)
	near(t, "fullest row", got.MaxLimitRatio, want.MaxLimitRatio, 1e-6)
	if off := got.FullyMet - want.FullyMet; off < -1 || off > 1 { // one stands just at the border
		t.Errorf("fully met: got %d, want %d", got.FullyMet, want.FullyMet)
	}
	if (got.TotalCost == nil) != (want.TotalCost == nil) {
		t.Fatalf("cost: got %v, want %v", got.TotalCost, want.TotalCost)
	}
	if got.TotalCost != nil {
		near(t, "cost of energy", *got.EnergyCost, want.EnergyCost, 1e-3)
		near(t, "peak from the grid", *got.GridPeak, want.GridPeak, 1e-3)
		near(t, "cost", *got.TotalCost, want.TotalCost, 1e-3)
	}
}

// plain tells whether all rows of a site are sums.
func plain(site *powerlab.Scenario) bool {
	for i := range site.Limits.Rows {
		if !site.Limits.Rows[i].Plain() {
			return false
		}
	}
	return true
}
