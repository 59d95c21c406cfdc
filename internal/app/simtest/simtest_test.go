package simtest

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"pylon/internal/kernel/clock"
)

var (
	seeds  = flag.Int("seeds", 24, "how many simulations")
	first  = flag.Uint64("seed", 1, "the first of their seeds")
	once   = flag.Bool("once", false, "play each seed once: twice as many in the time, and nobody sees whether it repeats")
	clocks = flag.Bool("clocks", true, "clocks are set")
	whole  = flag.Bool("whole", false, "print the whole trace of every seed")
)

// ending is how a simulation ended.
type ending struct {
	problems []string
	trace    *trace
	world    *world
}

// simulate plays a plan in a bubble of its own.
func simulate(t *testing.T, p plan) (e ending) {
	synctest.Test(t, func(*testing.T) {
		w := newWorld(p)
		e = ending{problems: w.play(), trace: w.trace, world: w}
	})
	return e
}

// TestSeeds plays simulations, each twice: nothing is wrong in the end, and both
// times the same has happened.
func TestSeeds(t *testing.T) {
	path, full := furnish(t), noRoom()
	began := clock.System{}.Now()
	var mu sync.Mutex
	total := map[string]int{}
	runs := 0
	t.Run("all", func(t *testing.T) {
		for i := range *seeds {
			p := plan{seed: *first + uint64(i), noRoom: full, keep: *whole || !*once}
			t.Run(fmt.Sprintf("seed=%d", p.seed), func(t *testing.T) {
				t.Parallel()
				p.path = copyOf(t, path)
				e := simulate(t, p)
				report(t, p, e)
				played := 1
				if !*once {
					p.path = copyOf(t, path)
					again := simulate(t, p)
					if e.trace.digest() != again.trace.digest() {
						t.Errorf("seed %d came out in two ways:\n%s", p.seed, difference(e.trace, again.trace))
					}
					played++
				}
				mu.Lock()
				defer mu.Unlock()
				runs += played
				for kind, n := range e.world.tally() {
					total[kind] += n
				}
			})
		}
	})
	took := clock.System{}.Now().Sub(began)
	t.Logf("%d simulations of %d seeds in %s: %.1f a second; of each seed once:\n%s",
		runs, *seeds, took, float64(runs)/took.Seconds(), told(total))
}

// report tells what is wrong with a simulation, and how to see it again.
func report(t *testing.T, p plan, e ending) {
	t.Helper()
	if *whole {
		for _, line := range e.trace.all {
			t.Log(line)
		}
	}
	if len(e.problems) == 0 {
		return
	}
	t.Errorf("%d problems; this is how it went in the end\n%s", len(e.problems), e.trace.tail())
	for _, problem := range e.problems {
		t.Errorf("WRONG: %s", problem)
	}
	t.Errorf("again with\n\tgo test ./internal/app/simtest -run TestSeeds -args -seeds=1 -seed=%d -clocks=%t -whole", p.seed, *clocks)
}

// plantTries is how many seeds may go by before a planted error is found.
const plantTries = 15

// TestPlants puts errors in, to see that they are found.
func TestPlants(t *testing.T) {
	path, full := furnish(t), noRoom()
	for _, planted := range []plant{answerFirst, guardLeftOut, writtenTwice, repeatsForgotten, frameLost} {
		t.Run(string(planted), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(plantTries) {
				p := plan{seed: seed + 1, plant: planted, noRoom: full, path: copyOf(t, path)}
				if e := simulate(t, p); len(e.problems) > 0 {
					t.Logf("found with seed %d: %s", p.seed, e.problems[0])
					return
				}
			}
			t.Errorf("nobody noticed in %d seeds", plantTries)
		})
	}
}
