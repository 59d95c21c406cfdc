package powerlab_test

import (
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/power/solve"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim/powerlab"
)

// small is a scenario with everything that a file can have: two outlets of 1 kW an
// ampere under 10 A, which are 4 A in the second of four hours.
const small = `{"schema": "evload-scenario/1", "name": "small", "description": {"for": ["people"]},
	"time": {"step_s": 3600, "steps": 4},
	"network": {
		"evses": [{"id": "A", "max_a": 8, "min_a": 6, "volts_per_amp_kw": 1}, {"id": "B/1", "max_a": 16, "volts_per_amp_kw": 1}],
		"constraints": [{"name": "fuse", "limit_a": 10, "phasor": false, "coef": {"B/1": [1, 0], "A": [1, 0]}},
			{"name": "line", "limit_a": 20, "phasor": true, "coef": {"A": [0.5, 0.5], "B/1": [-0.5, 0.25]}}]},
	"limit_overrides": [{"constraint": "fuse", "from": 1, "to": 2, "limit_a": 4}],
	"sessions": [
		{"id": "two", "evse": "B/1", "arrival": 1, "departure": 3, "energy_kwh": 6, "max_kw": 7, "weight": 2, "klass": "fleet"},
		{"id": "one", "evse": "A", "arrival": 0, "departure": 2, "energy_kwh": 9, "max_kw": 22}],
	"signals": {"price_per_kwh": [0.5, 0.25, -0.125, 1], "solar_kw": [0, 1, 0, 9], "demand_charge_per_kw": 2, "unmet_energy_penalty_per_kwh": 10}}`

func scenario(t testing.TB, text string) *powerlab.Scenario {
	t.Helper()
	f, err := powerlab.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return f.Scenario
}

func TestRead(t *testing.T) {
	got := scenario(t, small)
	want := &powerlab.Scenario{
		Name: "small", Hours: 1, Steps: 4,
		Limits: &limit.Set{Outlets: 2, Rows: []limit.Row{
			{Name: "fuse", Limit: 10, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 1}}},
			{Name: "line", Limit: 20, Terms: []limit.Term{{Outlet: 0, Re: 0.5, Im: 0.5}, {Outlet: 1, Re: -0.5, Im: 0.25}}},
		}},
		Sessions: []powerlab.Session{
			{ID: "one", Outlet: 0, Arrival: 0, Departure: 2, Energy: 9, Max: 8, KW: 1, Weight: 1},
			{ID: "two", Outlet: 1, Arrival: 1, Departure: 3, Energy: 6, Max: 7, KW: 1, Weight: 2},
		},
		Overrides: []solve.Override{{Row: 0, From: 1, To: 2, Limit: 4}},
		Signals:   &solve.Money{Price: []float64{0.5, 0.25, -0.125, 1}, Solar: []float64{0, 1, 0, 9}, Demand: 2, Penalty: 10},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// script is a policy that says what it is told to, and keeps what it was asked.
type script struct {
	site  *powerlab.Scenario
	says  [][]float64
	asked []solve.Step
}

func (s *script) Step(step *solve.Step) (solve.Decision, error) {
	kept := *step
	kept.Cars = append([]solve.Car(nil), step.Cars...)
	kept.Overrides = append([]solve.Override(nil), step.Overrides...)
	kept.Money = new(*step.Money)
	s.asked = append(s.asked, kept)
	time.Sleep(time.Duration(step.Number+1) * time.Millisecond) // of a bubble
	return solve.Decision{Amps: s.says[step.Number], Bound: 4, Value: 3, Gap: 0.25, Planned: step.Number == 1}, nil
}

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := scenario(t, small)
		// The first car gets 8, then what it lacks, 1, of 2 that it is given. The second gets 3, of 6 A that it is given it takes 3.
		p := &script{site: site, says: [][]float64{{8, 0}, {2, 3}, {0, 6}, {0, 0}}}
		got, err := powerlab.Replay(t.Context(), site, p, clock.System{})
		if err != nil {
			t.Fatal(err)
		}
		money := func(step int, peak float64) *solve.Money {
			return &solve.Money{Price: site.Signals.Price[step:], Solar: site.Signals.Solar[step:], Demand: 2, Peak: peak, Penalty: 10}
		}
		asked := []solve.Step{
			{Number: 0, Cars: []solve.Car{{Outlet: 0, Max: 8, KW: 1, Energy: 9, Until: 2, Weight: 1}}, Overrides: []solve.Override{{From: 1, To: 2, Limit: 4}}, Money: money(0, 0)},
			{Number: 1, Cars: []solve.Car{{Outlet: 0, Max: 8, KW: 1, Energy: 1, Until: 1, Weight: 1}, {Outlet: 1, Max: 7, KW: 1, Energy: 6, Until: 2, Weight: 2}}, Overrides: []solve.Override{{From: 0, To: 1, Limit: 4}}, Money: money(1, 8)},
			{Number: 2, Cars: []solve.Car{{Outlet: 1, Max: 7, KW: 1, Energy: 3, Until: 1, Weight: 2}}, Money: money(2, 8)},
			{Number: 3, Money: money(3, 8)},
		}
		if !reflect.DeepEqual(p.asked, asked) {
			t.Errorf("asked: got %+v, want %+v", p.asked, asked)
		}
		want := &powerlab.Score{
			Scenario: "small", Sessions: 2, Requested: 15, Delivered: 15, DemandMet: 100, WeightedMet: 100, FullyMet: 2, MinSatisfaction: 1,
			Peak: 8, MaxLimitRatio: 1.25, // 5 of 4 A are given
			EnergyCost: new(8*0.5 + 3*0.25 - 3*0.125), GridPeak: new(8.0), TotalCost: new(8*0.5 + 3*0.25 - 3*0.125 + 2*8),
			Steps: 3, StepMSMean: 2, StepMSP99: 3, GapMean: new(0.25), GapMin: new(0.25), GapMax: new(0.25),
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// What a turned row carries can grow when a car takes less than it is given.
func TestReplayJudgesWhatIsDrawn(t *testing.T) {
	site := scenario(t, strings.NewReplacer(`"limit_a": 20`, `"limit_a": 1`, `[0.5, 0.5]`, `[1, 0]`, `[-0.5, 0.25]`, `[-1, 0]`).Replace(small))
	got, err := powerlab.Replay(t.Context(), site, &script{site: site, says: [][]float64{{0, 0}, {2, 2}, {6, 6}, {0, 0}}}, clock.System{})
	if err != nil || got.MaxLimitRatio != 4 { // in step 2 the first car has left: 6 A are given there, 4 are drawn by the second
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReplayRefuses(t *testing.T) {
	site := scenario(t, small)
	for _, c := range []struct {
		name string
		says []float64
		want string
	}{
		{"less than nothing", []float64{0, -1e-9}, "outlet 1"},
		{"no number", []float64{math.NaN(), 0}, "outlet 0"},
		{"without end", []float64{0, math.Inf(1)}, "outlet 1"},
		{"for some outlets", []float64{0}, "1 outlets of 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := powerlab.Replay(t.Context(), site, &script{site: site, says: [][]float64{{0, 0}, c.says}}, clock.System{})
			if err == nil || !strings.Contains(err.Error(), "step 1: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("the policy fails", func(t *testing.T) {
		if _, err := powerlab.Replay(t.Context(), site, failing{}, clock.System{}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
}

type failing struct{}

func (failing) Step(*solve.Step) (solve.Decision, error) {
	return solve.Decision{}, errors.ErrUnsupported
}

// The engine keeps every limit, is never better than what knows all in advance, and
// no plan of its has more value than its own bound.
func TestEngine(t *testing.T) {
	for _, name := range files(t) {
		base := filepath.Base(name)
		if week := strings.HasPrefix(base, "acn") || strings.HasPrefix(base, "jpl"); week || strings.HasPrefix(base, "snap") {
			continue // as cost3p, which has prices besides
		}
		t.Run(base, func(t *testing.T) {
			got, err := powerlab.ReplayEngine(t.Context(), read(t, name).Scenario, clock.System{})
			if err != nil {
				t.Fatal(err)
			}
			if got.MaxLimitRatio > 1+limit.Slack {
				t.Errorf("the fullest row: got %v", got.MaxLimitRatio)
			}
			if most := results(t, name, "results")["offline_lp"].WeightedMet; got.WeightedMet > *most+0.5e-4 {
				t.Errorf("demand met: got %v, no schedule has more than %v", got.WeightedMet, *most)
			}
			if got.GapMin == nil || *got.GapMin < -limit.Slack {
				t.Errorf("gap: got %v", got.GapMin)
			}
		})
	}
}

// The same days are shared the same way, to the last bit.
func TestEngineRepeats(t *testing.T) {
	site := read(t, "testdata/eu3p-s1.json").Scenario
	var scores [2]string
	for i := range scores {
		got, err := powerlab.ReplayEngine(t.Context(), site, clock.System{})
		if err != nil {
			t.Fatal(err)
		}
		got.StepMSMean, got.StepMSP99 = 0, 0
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		scores[i] = string(text)
	}
	if scores[0] != scores[1] {
		t.Errorf("got %s, then %s", scores[0], scores[1])
	}
}

func TestSnapshot(t *testing.T) {
	got, err := read(t, "testdata/snap10k-s11.json").Snapshot.Solve(clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Leaves != 10_000 || got.Nodes != 1111 || !(got.MaxError <= 1e-5) || got.MaxLimitRatio > 1+limit.Slack || math.Abs(got.Sum-61677.98) > 1e-6 {
		t.Errorf("got %+v", got)
	}
}
