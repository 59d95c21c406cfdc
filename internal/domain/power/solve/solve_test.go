package solve_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/fault"
)

const quarter = 0.25 // h

// garage is six outlets behind a delta transformer: two between each pair of lines, the
// outlets of a pair on a breaker of their own.
func garage(most float64) *limit.Set {
	set := &limit.Set{Outlets: 6}
	turn := func(degrees float64) (re, im float64) {
		return math.Cos(degrees * math.Pi / 180), math.Sin(degrees * math.Pi / 180)
	}
	for line := range 3 {
		row := limit.Row{Limit: most}
		for o := range 6 {
			pair := o / 2
			re, im := turn(120 * float64(pair))
			switch pair {
			case line:
				row.Terms = append(row.Terms, limit.Term{Outlet: o, Re: re, Im: im})
			case (line + 2) % 3:
				row.Terms = append(row.Terms, limit.Term{Outlet: o, Re: -re, Im: -im})
			}
		}
		set.Rows = append(set.Rows, row)
	}
	for pair := range 3 {
		set.Rows = append(set.Rows, limit.Row{Limit: 40, Terms: []limit.Term{{Outlet: 2 * pair, Re: 1}, {Outlet: 2*pair + 1, Re: 1}}})
	}
	return set
}

// cars draws cars for some outlets.
func cars(t *rapid.T, outlets int) []solve.Car {
	var cars []solve.Car
	for o := range outlets {
		if rapid.Bool().Draw(t, "there") {
			cars = append(cars, solve.Car{
				Outlet: o, Max: rapid.Float64Range(0, 32).Draw(t, "max"), KW: 0.23,
				Energy: rapid.Float64Range(0, 20).Draw(t, "energy"), Until: rapid.IntRange(0, 30).Draw(t, "until"),
				Weight: rapid.Float64Range(0, 5).Draw(t, "weight"), Tier: rapid.IntRange(0, 2).Draw(t, "tier"),
			})
		}
	}
	return cars
}

// TestSteps: over some steps with limits that fall and rise, every answer keeps the
// limits of its step, at once, gives nobody more than he can take, comes with a gap that
// is none below 0, and is the same the second time.
func TestSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := garage(rapid.Float64Range(10, 120).Draw(t, "most"))
		engines := make([]*solve.Engine, 2)
		for i := range engines {
			var err error
			if engines[i], err = solve.New(set, quarter); err != nil {
				t.Fatal(err)
			}
		}
		for number := range 6 {
			step := &solve.Step{Number: number, Cars: cars(t, set.Outlets)}
			limits := make([]float64, len(set.Rows))
			for r := range limits {
				limits[r] = set.Rows[r].Limit
			}
			if rapid.Bool().Draw(t, "event") {
				row, most := rapid.IntRange(0, len(set.Rows)-1).Draw(t, "row"), rapid.Float64Range(0, 50).Draw(t, "event's limit")
				step.Overrides = []solve.Override{{Row: row, From: 0, To: 3, Limit: most}}
				limits[row] = most
			}
			if rapid.Bool().Draw(t, "money") {
				step.Money = &solve.Money{Price: []float64{0.3, 0.1}, Solar: []float64{0, 5}, Demand: 4, Penalty: 10}
			}
			got, err := engines[0].Step(step)
			if err != nil {
				t.Fatal(err)
			}
			if row, ratio := set.Worst(got.Amps, limits); ratio > 1+limit.Slack {
				t.Fatalf("step %d: row %d is filled to %v", number, row, ratio)
			}
			if got.Gap < 0 || math.IsNaN(got.Gap) || got.Value > got.Bound*(1+1e-9)+1e-9 {
				t.Fatalf("step %d: value %v, bound %v, gap %v", number, got.Value, got.Bound, got.Gap)
			}
			most := make([]float64, set.Outlets)
			for _, c := range step.Cars {
				if c.Until > 0 {
					most[c.Outlet] = min(c.Max, c.Energy/c.KW/quarter)
				}
			}
			for o, a := range got.Amps {
				if a < 0 || a > most[o]*(1+1e-9) {
					t.Fatalf("step %d: outlet %d gets %v of %v", number, o, a, most[o])
				}
			}
			again, err := engines[1].Step(step)
			if err != nil || !slices.Equal(again.Amps, got.Amps) || again.Bound != got.Bound {
				t.Fatalf("step %d: the same steps have other answers (%v)", number, err)
			}
		}
	})
}

// TestNothingLeftOver: without money nobody who wants more is refused what there is.
func TestNothingLeftOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum := limit.Row{Limit: rapid.Float64Range(1, 100).Draw(t, "limit")}
		for o := range 4 {
			sum.Terms = append(sum.Terms, limit.Term{Outlet: o, Re: 1})
		}
		set := &limit.Set{Outlets: 4, Rows: []limit.Row{sum}}
		engine, err := solve.New(set, quarter)
		if err != nil {
			t.Fatal(err)
		}
		step := &solve.Step{Cars: cars(t, 4)}
		got, err := engine.Step(step)
		if err != nil {
			t.Fatal(err)
		}
		want, given := 0.0, 0.0
		for _, c := range step.Cars {
			if c.Until > 0 {
				want += min(c.Max, c.Energy/c.KW/quarter)
			}
			given += got.Amps[c.Outlet]
		}
		if want = min(want, sum.Limit); math.Abs(given-want) > 1e-6 {
			t.Fatalf("got %v A, want %v", given, want)
		}
	})
}

// TestCapacityThatMoves: a limit that will fall is used before it does, and the car that
// leaves before comes first, though it could wait longer in hours than the other.
func TestCapacityThatMoves(t *testing.T) {
	row := limit.Row{Limit: 32, Terms: []limit.Term{{Outlet: 0, Re: 1}, {Outlet: 1, Re: 1}}}
	engine, err := solve.New(&limit.Set{Outlets: 2, Rows: []limit.Row{row}}, quarter)
	if err != nil {
		t.Fatal(err)
	}
	left := []float64{8, 8} // kWh; 8 kW: an hour each
	for number := range 8 {
		step := &solve.Step{Number: number, Overrides: []solve.Override{{Row: 0, From: 6 - number, To: 8 - number, Limit: 16}}}
		for o, until := range []int{7, 8} {
			step.Cars = append(step.Cars, solve.Car{Outlet: o, Max: 32, KW: 0.25, Energy: left[o], Until: until - number, Weight: 1})
		}
		got, err := engine.Step(step)
		if err != nil {
			t.Fatal(err)
		}
		for o := range left {
			left[o] -= got.Amps[o] * 0.25 * quarter
		}
	}
	if missing := left[0] + left[1]; math.Abs(missing-2) > 0.05 { // 16 kWh, and 14 there are
		t.Errorf("got %v kWh that are missing, want 2", missing)
	}
}

func TestWhatIsWrong(t *testing.T) {
	set := garage(50)
	if _, err := solve.New(set, 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("steps without length: got %v", err)
	}
	engine, err := solve.New(set, quarter)
	if err != nil {
		t.Fatal(err)
	}
	good := solve.Car{Max: 32, KW: 0.23, Energy: 1, Until: 1, Weight: 1}
	for _, c := range []struct {
		name string
		step solve.Step
	}{
		{"an outlet that is not there", solve.Step{Cars: []solve.Car{{Outlet: 6}}}},
		{"two cars at one", solve.Step{Cars: []solve.Car{good, good}}},
		{"energy that is no number", solve.Step{Cars: []solve.Car{{Energy: math.NaN()}}}},
		{"a weight below 0", solve.Step{Cars: []solve.Car{{Weight: -1}}}},
		{"a row that is not there", solve.Step{Overrides: []solve.Override{{Row: 6}}}},
		{"a limit below 0", solve.Step{Overrides: []solve.Override{{Limit: -1}}}},
		{"a price without end", solve.Step{Money: &solve.Money{Price: []float64{math.Inf(1)}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := engine.Step(&c.step); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}
