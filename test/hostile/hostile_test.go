// Package hostile attacks the program as it runs: with frames that no station
// sends, connections that never come to a point, handshakes that are tricks,
// and requests that want more than they may have.
//
// Beside every attack honest stations charge. An attack has failed when the
// server's memory stays within a stated bound and falls again, when the
// attacker's connections end in time, and when the honest stations got the right
// answer to all that they sent, so that a server killed afterwards still knows
// every session to the watt-hour.
//
// `make test` plays a short form; `make hostile` plays for minutes, with the race
// detector on while frames are fuzzed.
package hostile

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/test/postgres"
	"pylon/test/program"
)

var (
	long = flag.Bool("long", false, "for minutes, with more attackers, and the race detector on")
	seed = flag.Uint64("seed", 1, "of the fuzzed frames")
)

// scale is short in `make test` and far in `make hostile`.
func scale(short, far int) int {
	if *long {
		return far
	}
	return short
}

// stage is a server under attack and the honest stations beside the attackers.
type stage struct {
	t          *testing.T
	config     program.Config
	server     *program.Server
	journal    *journal
	races      string // where the race detector writes
	neighbours []*neighbour
}

// open starts a server. With races the program is built with the race detector,
// which takes several times the memory: then bounds of memory mean nothing.
func open(t *testing.T, binary string, settings ...string) *stage {
	t.Helper()
	s := &stage{t: t, journal: &journal{}, races: filepath.Join(t.TempDir(), "race")}
	s.config = program.Config{
		Binary: binary, Data: t.TempDir(), Logs: s.journal, Args: []string{"--debug-listen", "127.0.0.1:0"},
		Env: append([]string{"GORACE=log_path=" + s.races, "PYLON_SQLITE_SYNCHRONOUS=full"}, settings...),
	}
	s.server = program.Start(t, s.config)
	return s
}

// databases returns the settings of a server on each of the two.
func databases(t *testing.T) map[string][]string {
	t.Helper()
	return map[string][]string{"SQLite": nil, "PostgreSQL": {"PYLON_DATABASE_URL=" + postgres.Database(t)}}
}

// build returns the program with the race detector in it.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "pylon-race")
	c := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", binary, "pylon/cmd/pylon")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build -race: %v\n%s", err, out)
	}
	return binary
}

// attack is one way to do harm.
type attack struct {
	name      string
	attackers int
	memory    int64         // bytes that the server may take more while it lasts; 0: as [allowance] has it
	anyMemory bool          // the server runs with the race detector: see [open]
	slow      time.Duration // what an honest call may take meanwhile; 0: [patience]
}

const (
	mib = 1 << 20
	// patience is what an honest call may take while the server is attacked, on a
	// machine whose two cores attack, serve and run other tests: half of what a
	// station waits before it counts a message as failed.
	patience = 15 * time.Second
	// settleMax bounds the wait until the attack has left no goroutine behind:
	// longer than any term of a connection.
	settleMax = 3 * time.Minute
	// strays are goroutines that stay without an attack: the gateway keeps as many as
	// 256 to answer the next station, and some are of the database and of connections
	// that are kept open.
	strays = 256 + 64
)

// allowance is what attackers may cost: 64 MiB for each thousand, and as much for
// the first.
func (a attack) allowance() int64 {
	if a.memory != 0 {
		return a.memory
	}
	return int64(1+a.attackers/1000) * 64 * mib
}

// run lets f attack, and holds the server to what it promises. f returns when the
// attackers are gone; a context ends it that is too slow.
func (s *stage) run(a attack, f func(ctx context.Context)) {
	s.t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
		outer := s.t
		s.t = t
		defer func() { s.t = outer }()
		before := s.rest()
		began := clock.System{}.Now()
		peak := s.watch()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		f(ctx)
		program.Await(t, "an honest call", answerMax, func() bool { return s.since(began).count > 0 })
		most := peak()
		took := clock.System{}.Now().Sub(began)
		after := s.settle(before)
		calls := s.since(began)
		t.Logf("%5d attackers, %5.1f s; resident %d → %d → %d MiB, heap %d → %d MiB, goroutines %d → %d; honest calls %s",
			a.attackers, took.Seconds(), before.resident/mib, most/mib, after.resident/mib, before.heap/mib, after.heap/mib,
			before.goroutines, after.goroutines, calls)
		if grown := most - before.resident; grown > a.allowance() && !a.anyMemory {
			t.Errorf("the server took %d MiB more, want at most %d", grown/mib, a.allowance()/mib)
		}
		if limit := max(a.slow, patience); calls.most > limit {
			t.Errorf("an honest call took %v, want at most %v", calls.most, limit)
		}
	})
}

// settle waits until the server is as it was before, and fails the test when it
// never is.
func (s *stage) settle(before gauges) (after gauges) {
	s.t.Helper()
	limit, cancel := context.WithTimeout(s.t.Context(), settleMax)
	defer cancel()
	for {
		after = s.rest()
		if after.goroutines <= before.goroutines+strays && after.heap <= before.heap+32*mib {
			return after
		}
		select {
		case <-clock.System{}.After(500 * time.Millisecond):
		case <-limit.Done():
			s.t.Errorf("%v after the attack: got %d goroutines and %d MiB of heap, before there were %d and %d",
				settleMax, after.goroutines, after.heap/mib, before.goroutines, before.heap/mib)
			return after
		}
	}
}

// close ends the neighbours, kills the server and asks its successor whether it
// knows what they charged; then it looks for what the server has to say of itself.
func (s *stage) close() {
	s.t.Helper()
	for _, n := range s.neighbours {
		n.leave()
	}
	s.server.Kill()
	s.judge()
	s.server = program.Start(s.t, s.config)
	for _, n := range s.neighbours {
		n.verify(s.t, s.server)
	}
	s.server.Stop(s.t)
	s.judge()
}

// judge looks for races, panics and errors of our own.
func (s *stage) judge() {
	s.t.Helper()
	reports, err := filepath.Glob(s.races + ".*")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range reports {
		text, err := os.ReadFile(name)
		s.t.Errorf("the race detector reports: %s %v", text, err)
	}
	for _, line := range s.journal.complaints() {
		s.t.Errorf("the server complains of itself: %s", line)
	}
}

// journal keeps what a server logs about its own mistakes, and where its profiler
// listens.
type journal struct {
	mu      sync.Mutex
	bad     []string
	profile string
	rest    []byte // of a line that has not ended
}

// complaintsMax bounds what is kept of a log: the first tell enough.
const complaintsMax = 20

// Write implements [io.Writer].
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.rest = append(j.rest, p...)
	for {
		line, rest, whole := bytes.Cut(j.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		j.take(string(line))
		j.rest = append([]byte(nil), rest...)
	}
}

func (j *journal) take(line string) {
	wrong := strings.Contains(line, "panic") || strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, "fatal error")
	if wrong && len(j.bad) < complaintsMax {
		j.bad = append(j.bad, line)
	}
	if _, after, found := strings.Cut(line, `"msg":"debug listening","addr":"`); found {
		j.profile, _, _ = strings.Cut(after, `"`)
	}
}

// complaints returns and forgets what was found.
func (j *journal) complaints() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	bad := j.bad
	j.bad = nil
	return bad
}

// profiler returns where the server's profiler listens.
func (j *journal) profiler() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.profile
}

// each runs f for 0 to n-1, a goroutine for each.
func each(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// name returns the name of an attacker.
func name(kind string, i int) string { return fmt.Sprintf("%s-%d", kind, i) }
