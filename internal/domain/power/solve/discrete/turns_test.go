package discrete_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/discrete"
	"pylon/internal/domain/power/solve/limit"
)

// crowd is one row with cars that all want the same, and their states.
type crowd struct {
	rounder *discrete.Rounder
	step    discrete.Step
}

func newCrowd(n int, most float64, hold discrete.Hold) *crowd {
	s := &limit.Set{Outlets: n, Rows: []limit.Row{{Limit: most}}}
	c := &crowd{step: discrete.Step{Limits: []float64{most}, Currents: make([]float64, n), Outlets: make([]discrete.Outlet, n), States: make([]discrete.State, n)}}
	for i := range n {
		s.Rows[0].Terms = append(s.Rows[0].Terms, limit.Term{Outlet: i, Re: 1})
		c.step.Outlets[i] = discrete.Outlet{Min: 6, Max: 32}
		c.step.Currents[i] = most / float64(n)
	}
	c.rounder = discrete.New(s, hold)
	return c
}

// Nobody starves: over many steps each car of a crowd has what it was wished, whatever
// its rank, within some turns.
func TestRotation(t *testing.T) {
	for _, c := range []struct {
		name string
		cars int
		most float64
		hold discrete.Hold
	}{
		{"three of ten, a change each step", 10, 20, discrete.Hold{}},
		{"three of ten, turns of three", 10, 20, discrete.Hold{On: 3, Off: 2}},
		{"one of seven", 7, 6, discrete.Hold{On: 2, Off: 3}},
		{"forty-one of sixty", 60, 250, discrete.Hold{On: 3, Off: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			const steps = 1200
			crowd, got := newCrowd(c.cars, c.most, c.hold), make([]float64, c.cars)
			for i := range crowd.step.Outlets {
				crowd.step.Outlets[i].Rank = float64(i)
			}
			idle := 0.0
			for range steps {
				total := 0.0
				for i, amps := range crowd.rounder.Round(&crowd.step) {
					got[i] += amps
					total += amps
				}
				idle = max(idle, c.most-total)
			}
			wished := c.most / float64(c.cars) * steps
			for i := range got {
				if got[i] < 0.9*wished {
					t.Errorf("car %d got %.0f A·steps of %.0f", i, got[i], wished)
				}
			}
			if idle >= 1 {
				t.Errorf("got %v A idle", idle)
			}
		})
	}
}

// A turn lasts, on and off, unless a limit or an earlier tier ends it.
func TestHold(t *testing.T) {
	const never = -1
	for _, c := range []struct {
		name   string
		change func(c *crowd, step int)
		first  int // step at which car 0 goes off
		back   int // and on again
	}{
		{"its turn is over", func(*crowd, int) {}, 4, 8},
		{"a limit ends it", func(c *crowd, step int) {
			if c.step.Limits[0] = 12; step == 2 {
				c.step.Limits[0] = 5
			}
		}, 2, 7},
		{"an earlier tier ends it", func(c *crowd, step int) {
			if step == 1 {
				c.step.Outlets[2].Tier, c.step.Outlets[3].Tier = -1, -1
			}
		}, 1, never},
		{"current would lie idle", func(c *crowd, step int) {
			if c.step.Limits[0], c.step.Currents = 24, []float64{6, 6, 6, 6}; step == 2 {
				c.step.Limits[0] = 0
			}
		}, 2, 3},
		{"the car leaves, another comes", func(c *crowd, step int) {
			if c.step.Outlets[0].Max = 32; step == 1 {
				c.step.Outlets[0].Max = 0
			}
		}, 1, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			crowd := newCrowd(4, 12, discrete.Hold{On: 4, Off: 4})
			first, back := never, never
			for step := range 9 {
				c.change(crowd, step)
				on := crowd.rounder.Round(&crowd.step)[0] > 0
				switch {
				case !on && first == never:
					first = step
				case on && first != never && back == never:
					back = step
				}
			}
			if first != c.first || back != c.back {
				t.Errorf("got off at %d and on at %d, want %d and %d", first, back, c.first, c.back)
			}
		})
	}
}

// No turn is shorter than it has to be while limits stand, and who is wished six
// amperes or more in a row that has them is never off.
func TestTurnsLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hold := discrete.Hold{On: rapid.IntRange(0, 4).Draw(t, "on"), Off: rapid.IntRange(0, 4).Draw(t, "off")}
		crowd := newCrowd(rapid.IntRange(1, 8).Draw(t, "cars"), float64(rapid.IntRange(0, 60).Draw(t, "limit")), hold)
		for range rapid.IntRange(5, 30).Draw(t, "steps") {
			for i := range crowd.step.Outlets {
				crowd.step.Outlets[i].Rank = float64(rapid.IntRange(0, 3).Draw(t, "rank"))
			}
			before := slices.Clone(crowd.step.States)
			got := crowd.rounder.Round(&crowd.step)
			for i, b := range before {
				now := crowd.step.States[i]
				if b.For > 0 && b.On != now.On && (b.On && b.For < hold.On || !b.On && b.For < hold.Off) {
					t.Fatalf("car %d changed after %+v to %+v", i, b, now)
				}
				if crowd.step.Currents[i] >= 6 && !now.On {
					t.Fatalf("car %d is off, and there is %v A for each: %v", i, crowd.step.Currents[i], got)
				}
			}
		}
	})
}

func TestAllocations(t *testing.T) {
	crowd := newCrowd(50, 120, discrete.Hold{On: 3, Off: 3})
	crowd.rounder.Round(&crowd.step)
	if got := testing.AllocsPerRun(20, func() { crowd.rounder.Round(&crowd.step) }); got != 0 {
		t.Errorf("got %v allocations", got)
	}
}

func BenchmarkRound(b *testing.B) {
	for _, c := range []struct {
		name string
		each float64
	}{{"a fifth has its minimum", 1.2}, {"all have more", 10.4}} {
		b.Run(c.name, func(b *testing.B) {
			const cars = 10_000
			crowd := newCrowd(cars, math.Floor(c.each*cars), discrete.Hold{On: 3, Off: 3})
			b.ReportAllocs()
			for b.Loop() {
				crowd.rounder.Round(&crowd.step)
			}
		})
	}
}
