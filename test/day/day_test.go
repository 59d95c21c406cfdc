// Package day lets a simulated network charge for a day against the whole
// program, with everything going wrong that the simulator knows, and holds what
// the program's API says afterwards against what the stations really did.
//
// Server and stations run by one clock that is faster than the machine's. In
// `make test` it is a short day of a small network; `make day` plays the long one.
package day

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"sync"
	"testing"
	"time"

	"pylon/internal/app"
	"pylon/internal/app/rehearsal"
	"pylon/internal/client"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim/check"
	"pylon/internal/sim/world"
)

var (
	long  = flag.Bool("long", false, "a whole day of 500 stations at 60 times the speed: 25 minutes")
	seed  = flag.Uint64("seed", 1, "of the network and its day")
	quiet = flag.Bool("quiet", false, "nothing goes wrong")
)

// key is the owner's.
const key = "day-0123456789abcdef0123456789abcdef"

// day is how a day is played.
type day struct {
	scale world.Scale
	speed int
}

const (
	// calm is how long nothing happens after the last visit, by the fast clock: what
	// is late arrives, and what will never come is noticed.
	calm = time.Hour
	// slack is what a message may take by the fast clock, on a busy machine.
	slack = 2 * time.Minute
)

// pass lets a time pass in which nothing happens, in steps that server and stations
// can follow.
func pass(clk *clock.Warped, d time.Duration) {
	const step, breath = 30 * time.Second, 50 * time.Millisecond
	for range d / step {
		clk.Skip(step)
		<-clock.System{}.After(breath)
	}
}

func length() day {
	d := day{
		scale: world.Scale{Stations: 100, Length: time.Hour, From: 6 * time.Hour, Hurry: 8},
		speed: 60,
	}
	if *long {
		d.scale = world.Scale{Stations: 500, Length: 24 * time.Hour}
	}
	d.scale.Seed, d.scale.Strangers, d.scale.Faults = *seed, 20, world.AllFaults
	if *quiet {
		d.scale.Faults = world.NoFaults
	}
	return d
}

func TestDayIsWhatTheServerSaw(t *testing.T) {
	d := length()
	clk := clock.NewWarped(time.Date(2030, 5, 6, 0, 0, 0, 0, time.UTC), d.speed)
	url, api := serve(t, clk)
	plan := world.New(d.scale)
	if err := rehearsal.Furnish(t.Context(), api, plan); err != nil {
		t.Fatal(err)
	}
	began := clk.Now()
	w := world.Of(plan, world.Options{URL: url, Clock: clk})
	var truth check.Truth
	var claim check.Claim
	err := w.Live(t.Context(), func(ctx context.Context) (err error) {
		if err := w.Run(ctx); err != nil {
			return err
		}
		quiet := clk.Now()
		pass(clk, calm)
		truth = check.Truth{Sessions: w.Sessions(), Faults: w.Faults(), Quiet: quiet, At: clk.Now(), Slack: slack}
		claim, err = rehearsal.Claim(ctx, api, plan, began)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	result := check.Compare(truth, claim)
	report := rehearsal.Played(truth).With(result)
	t.Logf("%+v\n%s", w.Progress(), report)
	if len(result.Discrepancies) > 0 {
		t.Errorf("%d discrepancies; again: go test ./test/day -args -seed %d", len(result.Discrepancies), *seed)
	}
	if least := len(plan.Visits) * 8 / 10; result.Matched < least {
		t.Errorf("got %d sessions of %d visits, want %d at least", result.Matched, len(plan.Visits), least)
	}
	for kind, n := range plan.Kinds() {
		if got := report.Faults[string(kind)]; got < n {
			t.Errorf("%s: struck %d times, want %d", kind, got, n)
		}
	}
}

// serve runs the program until the test ends.
func serve(t *testing.T, clk clock.Clock) (url string, api *client.Client) {
	t.Helper()
	log := new(journal)
	node, err := app.OpenAt(t.Context(), clk, app.Config{
		Listen: "127.0.0.1:0", Data: t.TempDir(), Role: []string{"all"}, UnknownStations: "refuse", BootstrapAPIKey: key,
		FrameRetention: time.Hour, FrameLog: 1, SQLiteSynchronous: "full", LogLevel: "info",
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- node.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the server ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the end of its log:\n%s", log)
		}
	})
	if api, err = client.New(client.Options{Base: node.URL(), Key: key}); err != nil {
		t.Fatal(err)
	}
	return "ws://" + node.Addr() + "/ocpp", api
}

// journal keeps the end of a log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (j *journal) Write(p []byte) (int, error) {
	const kept = 64 << 10
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.text.Len() > kept {
		j.text.Next(kept / 2)
	}
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
