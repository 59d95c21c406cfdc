package step_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/step"
)

// scenario is what these tests need of a file of evload-scenario/1.
type scenario struct {
	Time struct {
		Steps int     `json:"steps"`
		StepS float64 `json:"step_s"`
	} `json:"time"`
	Network struct {
		EVSEs       []evse       `json:"evses"`
		Constraints []constraint `json:"constraints"`
	} `json:"network"`
	Sessions []*session `json:"sessions"`
}

type evse struct {
	ID   string  `json:"id"`
	Max  float64 `json:"max_a"`
	Rate float64 `json:"volts_per_amp_kw"`
}

type constraint struct {
	Name  string                `json:"name"`
	Limit float64               `json:"limit_a"`
	Coef  map[string][2]float64 `json:"coef"`
}

type session struct {
	EVSE      string  `json:"evse"`
	Arrival   int     `json:"arrival"`
	Departure int     `json:"departure"`
	Energy    float64 `json:"energy_kwh"`
	Max       float64 `json:"max_kw"`
	outlet    int
}

// week is a site and the demands of all its steps.
type week struct {
	set           *limit.Set
	most, weights [][]float64 // by step, by outlet
	requested     float64
	delivered     float64
}

// played plays the sessions of a file: each step is shared by laxity, and what was charged
// is no longer wanted in the next.
func played(tb testing.TB, name string) *week {
	folder := os.Getenv("PYLON_SHARED")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(folder, "vectors", "power", name))
	if err != nil {
		tb.Fatalf("PYLON_SHARED has no such file: %v", err)
	}
	var file scenario
	if err := json.Unmarshal(text, &file); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	w := &week{set: file.set()}
	for _, s := range file.Sessions {
		w.requested += s.Energy
		s.outlet = slices.IndexFunc(file.Network.EVSEs, func(e evse) bool { return e.ID == s.EVSE })
	}
	w.play(&file)
	return w
}

func (f *scenario) set() *limit.Set {
	set := &limit.Set{Outlets: len(f.Network.EVSEs)}
	for _, c := range f.Network.Constraints {
		row := limit.Row{Name: c.Name, Limit: c.Limit}
		for j, e := range f.Network.EVSEs {
			if turn, ok := c.Coef[e.ID]; ok {
				row.Terms = append(row.Terms, limit.Term{Outlet: j, Re: turn[0], Im: turn[1]})
			}
		}
		set.Rows = append(set.Rows, row)
	}
	return set
}

func (w *week) play(f *scenario) {
	hours := f.Time.StepS / 3600
	solver := step.New(w.set)
	for now := range f.Time.Steps {
		most, weights := make([]float64, w.set.Outlets), make([]float64, w.set.Outlets)
		busy := false
		for _, s := range f.Sessions {
			if now < s.Arrival || now >= s.Departure || s.Energy <= 0 {
				continue
			}
			evse := f.Network.EVSEs[s.outlet]
			full := min(evse.Max, s.Max/evse.Rate)
			laxity := float64(s.Departure-now)*hours - s.Energy/(full*evse.Rate)
			most[s.outlet] = min(full, s.Energy/(evse.Rate*hours))
			weights[s.outlet] = evse.Rate / (max(laxity, 0) + 1)
			busy = true
		}
		if !busy {
			continue
		}
		w.most, w.weights = append(w.most, most), append(w.weights, weights)
		a := solver.Step(most, weights, nil)
		for _, s := range f.Sessions {
			if now >= s.Arrival && now < s.Departure {
				got := min(a.X[s.outlet]*f.Network.EVSEs[s.outlet].Rate*hours, s.Energy)
				s.Energy -= got
				w.delivered += got
			}
		}
	}
}

// BenchmarkWeek shares the busy steps of a week, one after the other.
func BenchmarkWeek(b *testing.B) {
	for _, name := range []string{"acn3p-20kW-w1.json", "acn3p-30kW-w1.json", "acn3p-40kW-w1.json", "acn3p-50kW-w1.json", "jpl3p-w37.json", "eu3p-s1.json", "tree1k-s1.json", "treedr1k-s3.json"} {
		b.Run(name, func(b *testing.B) {
			w := played(b, name)
			s := step.New(w.set)
			rounds, pivots, most, lost, n := 0, 0, 0, 1.0, 0
			b.ReportAllocs()
			for b.Loop() {
				a := s.Step(w.most[n%len(w.most)], w.weights[n%len(w.most)], nil)
				rounds += a.Rounds
				pivots += a.Pivots
				most = max(most, a.Pivots)
				lost = min(lost, a.Scale)
				n++
			}
			b.ReportMetric(float64(rounds)/float64(n), "rounds/step")
			b.ReportMetric(float64(pivots)/float64(n), "pivots/step")
			b.ReportMetric(float64(most), "pivots_most")
			b.ReportMetric(1-lost, "scaled_most")
			b.ReportMetric(100*w.delivered/w.requested, "%met")
		})
	}
}

// TestWeek shares each step of weeks at sites of three kinds: the limits hold exactly, and
// the answer is proven to be the best within what nobody could measure.
func TestWeek(t *testing.T) {
	for _, name := range []string{"acn3p-20kW-w1.json", "jpl3p-w37.json", "eu3p-s1.json", "tree1k-s1.json", "treedr1k-s3.json"} {
		t.Run(name, func(t *testing.T) {
			w := played(t, name)
			s := step.New(w.set)
			for n := range w.most {
				a := s.Step(w.most[n], w.weights[n], nil)
				if row, ratio := w.set.Worst(a.X, nil); ratio > 1+limit.Slack {
					t.Fatalf("step %d: row %d is filled to %v", n, row, ratio)
				}
				gap := (a.Bound - a.Objective) / a.Bound
				if !a.Converged || gap < -1e-9 || gap > 1e-6 || a.Scale < 1-1e-6 {
					t.Fatalf("step %d: %+v", n, a)
				}
			}
		})
	}
}

func TestNoAllocations(t *testing.T) {
	w := played(t, "acn3p-20kW-w1.json")
	s := step.New(w.set)
	n := 0
	again := func() {
		if a := s.Step(w.most[n%len(w.most)], w.weights[n%len(w.most)], nil); !a.Converged {
			t.Fatalf("step %d: %+v", n, a)
		}
		n++
	}
	for range w.most { // the first time round, memory may grow
		again()
	}
	if got := testing.AllocsPerRun(len(w.most), again); got != 0 {
		t.Errorf("got %v allocations each step", got)
	}
}
