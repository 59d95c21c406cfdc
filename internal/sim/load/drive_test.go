package load_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/load"
	"pylon/internal/wire/ocppj"
)

func TestLatenciesAt(t *testing.T) {
	ms := time.Millisecond
	hundred := make(load.Latencies, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i+1) * ms
	}
	for _, c := range []struct {
		name     string
		of       load.Latencies
		permille int
		want     time.Duration
	}{
		{"none", nil, 500, 0},
		{"one, least", load.Latencies{7 * ms}, 0, 7 * ms},
		{"one, greatest", load.Latencies{7 * ms}, 1000, 7 * ms},
		{"median of an even number is the lower", load.Latencies{1 * ms, 2 * ms}, 500, 1 * ms},
		{"just above it", load.Latencies{1 * ms, 2 * ms}, 501, 2 * ms},
		{"p95 of a hundred", hundred, 950, 95 * ms},
		{"p99 of a hundred", hundred, 990, 99 * ms},
		{"p99.1 of a hundred", hundred, 991, 100 * ms},
		{"greatest of a hundred", hundred, 1000, 100 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.of.At(c.permille); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// A server that stalls for a second is charged for every step that was due in it.
func TestOpenCountsFromWhenAStepWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		stalled := func(*load.Station) error {
			if first {
				first = false
				time.Sleep(time.Second)
			}
			return nil
		}
		got := load.Open(t.Context(), clock.System{}, make([]*load.Station, 1), load.Pace{PerSecond: 4, For: 2 * time.Second}, stalled)
		want := load.Latencies{0, 0, 0, 0, 250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond, time.Second}
		if !slices.Equal(got.Latencies, want) {
			t.Errorf("got %v, want %v", got.Latencies, want)
		}
	})
}

func TestOpenSpreadsTheStations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := clock.System{}.Now()
		at := make(chan time.Duration, 100)
		step := func(*load.Station) error {
			at <- clock.System{}.Now().Sub(begin)
			return nil
		}
		load.Open(t.Context(), clock.System{}, make([]*load.Station, 5), load.Pace{PerSecond: 10, For: time.Second}, step)
		close(at)
		var last time.Duration
		n := 0
		for d := range at {
			if n > 0 && d-last != 100*time.Millisecond {
				t.Errorf("step %d: got %v after the one before, want 100ms", n, d-last)
			}
			last = d
			n++
		}
		if n != 10 {
			t.Errorf("got %d steps, want 10", n)
		}
	})
}

func TestClosedEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := func(*load.Station) error { time.Sleep(300 * time.Millisecond); return nil }
		got := load.Closed(t.Context(), clock.System{}, make([]*load.Station, 2), time.Second, step)
		if got.Done != 8 || got.Failed != 0 || got.Elapsed != 1200*time.Millisecond {
			t.Errorf("got %d done, %d failed in %v, want 8, 0 in 1.2s", got.Done, got.Failed, got.Elapsed)
		}
		if got.PerSecond() < 6.6 || got.PerSecond() > 6.7 {
			t.Errorf("got %v a second, want 8 in 1.2 s", got.PerSecond())
		}
	})
}

func TestAFailedStationStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		step := func(*load.Station) error { time.Sleep(time.Millisecond); return broken }
		got := load.Closed(t.Context(), clock.System{}, make([]*load.Station, 3), time.Second, step)
		if got.Done != 0 || got.Failed != 3 || !errors.Is(got.First, broken) {
			t.Errorf("got %d done, %d failed, first %v; want 0, 3, %v", got.Done, got.Failed, got.First, broken)
		}
	})
}

func TestGatherThenIdle(t *testing.T) {
	server := newServer(t)
	var configs []load.Config
	for i := range 20 {
		configs = append(configs, server.config(fmt.Sprintf("S%d", i), []ocppj.Version{ocppj.V16, ocppj.V201}[i%2]))
	}
	configs[7].Address = "127.0.0.1:1" // nobody listens there
	stations, tally := load.Gather(t.Context(), clock.System{}, configs, 4, (*load.Station).Boot)
	if len(stations) != 19 || tally.Done != 19 || tally.Failed != 1 || !strings.Contains(fmt.Sprint(tally.First), "S7") {
		t.Fatalf("got %d stations, %d done, %d failed, first %v; want 19, 19, 1 of S7", len(stations), tally.Done, tally.Failed, tally.First)
	}
	stop := load.Idle(stations)
	if lost := stop(); lost != 0 {
		t.Errorf("got %d lost, want none", lost)
	}
}

func TestTheEndOfTheContextEndsALoad(t *testing.T) {
	server := newServer(t)
	s := connect(t, server.config("A", ocppj.V16))
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan struct{}, 1)
	go func() {
		<-first
		cancel()
	}()
	step := func(s *load.Station) error {
		select {
		case first <- struct{}{}:
		default:
		}
		return s.Heartbeat()
	}
	got := load.Closed(ctx, clock.System{}, []*load.Station{s}, time.Hour, step)
	if got.Failed > 1 {
		t.Errorf("got %d failures, want at most the call in flight", got.Failed)
	}
}
