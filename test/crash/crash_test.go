// Package crash kills the biller at every point where a crash can make a difference, and shows that each session
// has its bills exactly once all the same.
//
// A child process of the test binary is a whole node as far as billing goes: the store, the consumer, its leases, and a
// station that tells of sessions, late corrections among them. It kills itself with SIGKILL right before or right after its n-th
// commit reaches the database. Another child goes on with what is there, as after a restart, and in the end judges: one
// bill for each revision of a session, the ledger as the bills, numbers without a gap, the news of each bill told once, nothing
// that waits; and the host of the site has his part of what stands. So for n = 1, 2, 3 … until a child comes to its end alive.
//
// `make test` plays the commits; with -long each single statement is a point, and chance makes plans and chains of deaths.
package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
	"pylon/test/postgres"
)

var (
	long  = flag.Bool("long", false, "every statement is a point, and a hundred seeds: half an hour on a quiet machine")
	seed  = flag.Uint64("seed", 1, "the first one of those that choose plans and deaths")
	seeds = flag.Int("seeds", 0, "how many of them, instead of the usual number")
)

const (
	pointsMax = 2000            // of one run; it has some dozens of commits, and some hundreds of statements
	childMax  = 2 * time.Minute // of a child's life: it takes half a second, and ten where everybody works
	deathsMax = 6               // of a random chain

	seedsShort, seedsLong = 3, 100
)

// scene is a database on which children live and die.
type scene struct {
	*testing.T
	path, url string
	lived     int // children so far
}

// each runs a test on both databases at once: it waits for processes most of the time.
func each(t *testing.T, test func(s *scene)) {
	for name, open := range map[string]func(s *scene){
		"sqlite":   func(s *scene) { s.path = filepath.Join(s.TempDir(), "pylon.db") },
		"postgres": func(s *scene) { s.url = postgres.Database(s) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scene{T: t}
			open(s)
			test(s)
		})
	}
}

// PROP-4: killed before or after any of its commits, a node that goes on has billed everything exactly once.
func TestProperty04KilledAtEveryPoint(t *testing.T) {
	each(t, func(s *scene) {
		for _, after := range []bool{false, true} {
			s.everywhere(orders{}, blow{After: after})
			if *long {
				s.everywhere(orders{}, blow{After: after, Statements: true})
			}
		}
		s.verify()
	})
}

// everywhere kills a child at its first, second, third … point, each time in a fresh organisation.
func (s *scene) everywhere(o orders, b blow) {
	s.Helper()
	for b.At = 1; b.At < pointsMax; b.At++ {
		o.Org, o.Blow = ident.New[ident.OrganisationID](clock.System{}.Now()), b
		if !s.child(o) {
			s.Logf("%d points, killed %s", b.At-1, b.when())
			if b.At == 1 {
				s.Error("nobody was killed")
			}
			return
		}
		s.goesOn(o)
	}
	s.Errorf("a run that has more than %d points", pointsMax)
}

// goesOn lets a child that nobody kills bring a plan to its end.
func (s *scene) goesOn(o orders) {
	s.Helper()
	o.Blow = blow{}
	if s.child(o) {
		s.Fatal("a child was killed that nobody wanted to kill")
	}
}

// PROP-4: neither does it matter how often a node is killed while it goes on, at which statements, or
// whether the station waits for bills before it corrects what it said.
func TestProperty04ChainsOfDeaths(t *testing.T) {
	each(t, func(s *scene) {
		n := *seeds
		switch {
		case n > 0:
		case *long:
			n = seedsLong
		default:
			n = seedsShort
		}
		for i := range n {
			s.chain(*seed + uint64(i))
		}
		s.verify()
	})
}

// chain lets chance kill children of one plan, and the last one live.
func (s *scene) chain(seed uint64) {
	s.Helper()
	chance := rand.New(rand.NewPCG(seed, 4))
	o := orders{Org: ident.New[ident.OrganisationID](clock.System{}.Now()), Seed: seed, Hasty: chance.IntN(2) == 0}
	for range deathsMax {
		o.Blow = blow{At: 1 + chance.IntN(15), After: chance.IntN(2) == 0, Statements: chance.IntN(2) == 0}
		if o.Blow.Statements {
			o.Blow.At = 1 + chance.IntN(150)
		}
		if !s.child(o) {
			return
		}
	}
	s.goesOn(o)
}

// sweepsMost is how often all points are tried for the planted error: which commit is
// the n-th is for the scheduler to say, so that one sweep may miss those few that count.
const sweepsMost = 4

// A node that posts a bill in another commit than it writes it, which is what this test is to find, is found.
func TestPlantedErrorIsFound(t *testing.T) {
	each(t, func(s *scene) {
		for range sweepsMost {
			if s.finds() {
				return
			}
		}
		s.Error("nothing was found")
	})
}

// finds kills torn children at one commit after the other, until one is found by who
// comes after it.
func (s *scene) finds() bool {
	for n := 1; n < pointsMax; n++ {
		o := orders{Org: ident.New[ident.OrganisationID](clock.System{}.Now()), Torn: true, Blow: blow{At: n, After: true}}
		if !s.child(o) {
			s.Logf("nothing was found at %d points", n-1)
			return false
		}
		o.Blow = blow{}
		if _, said, err := s.run(o); err != nil {
			s.Logf("found after %d points: %.200s", n, said)
			return true
		}
	}
	return false
}

// verify holds the books against themselves, as whoever has nothing but the database.
func (s *scene) verify() {
	s.Helper()
	r, err := store.VerifyLedgerAt(s.Context(), store.Options{Path: s.path, URL: s.url})
	if err != nil || len(r.Breaches) > 0 || r.Journals == 0 {
		s.Errorf("the books: %+v, %v", r, err)
	}
	s.Logf("%d children, %d journals", s.lived, r.Journals)
}

// child runs a child, which finds nothing wrong if it lives.
func (s *scene) child(o orders) (killed bool) {
	s.Helper()
	killed, said, err := s.run(o)
	if err != nil {
		s.Fatalf("%s, seed %d, %+v: %v\n%s", o.Org, o.Seed, o.Blow, err, said)
	}
	return killed
}

// run runs a child until it dies by its own hand or comes to an end; err is what it found wrong.
func (s *scene) run(o orders) (killed bool, said string, err error) {
	s.Helper()
	s.lived++
	o.Path, o.URL, o.Nth = s.path, s.url, s.lived
	told, err := json.Marshal(o)
	if err != nil {
		s.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.Context(), childMax)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-test.run=^TestChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), childEnv+"="+string(told))
	out, err := cmd.CombinedOutput()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		status, _ := ended.Sys().(syscall.WaitStatus)
		if status.Signaled() && status.Signal() == syscall.SIGKILL {
			return true, string(out), nil
		}
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("a child is not done within %v: %w", childMax, err)
	}
	return false, string(out), err
}
