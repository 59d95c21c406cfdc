// Package storm kills a server with many stations connected and has all of them
// come back at once, while some that are in already charge on: whoever is let in
// gets his boot answered, and those who are in keep being served. How long it all
// took is printed.
package storm

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/load"
	"pylon/internal/wire/ocppj"
	"pylon/test/postgres"
	"pylon/test/program"
)

const (
	password = "0123456789abcdef"
	// busyCount stations are in session while the others come.
	busyCount = 50
	// busyPause is between the readings of each: 250 a second in all.
	busyPause = 200 * time.Millisecond
	// makersCount make stations known at a time.
	makersCount = 16
	// stormMax bounds a storm, stationMax what one station takes to get in.
	stormMax   = 4 * time.Minute
	stationMax = 2 * time.Minute
	// A station that was sent away comes again after againMin to againMax, which is
	// sooner than real ones do.
	againMin = 200 * time.Millisecond
	againMax = 2 * time.Second
)

var stations = flag.Int("stations", 1000, "how many stations come back at once")

func TestReconnectStorm(t *testing.T) {
	binary := program.Build(t)
	t.Run("SQLite", func(t *testing.T) {
		storm(t, program.Config{Binary: binary, Data: t.TempDir()})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		storm(t, program.Config{Binary: binary, DatabaseURL: postgres.Database(t)})
	})
}

func storm(t *testing.T, c program.Config) {
	n := *stations
	server := program.Start(t, c)
	c.Address = server.Address()
	makeKnown(t, server, n)
	w := &world{t: t, address: server.Address(), n: n}
	busy, idle := identities(0, busyCount), identities(busyCount, n)

	before := w.come(busy)
	quiet := w.come(idle)
	stop := load.Idle(append(before.in, quiet.in...))
	server.Kill()
	stop()
	server = program.Start(t, c)

	charging := w.come(busy)
	over := make(chan struct{})
	var latencies load.Latencies
	var working sync.WaitGroup
	working.Go(func() { latencies = w.charge(charging.in, over) })
	back := w.come(idle)
	close(over)
	working.Wait()

	t.Logf("%d stations came at once: %s", len(idle), back)
	t.Logf("%d that were in session sent %d readings meanwhile: %s", busyCount, len(latencies), spread(latencies))
	for _, s := range append(charging.in, back.in...) {
		s.Close()
	}
	server.Stop(t)
}

// world is who comes, and where to.
type world struct {
	t       *testing.T
	address string
	n       int
}

func identity(i int) string { return fmt.Sprintf("STORM-%05d", i) }

func identities(from, to int) []int {
	all := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// makeKnown makes the stations, and a card for each that charges.
func makeKnown(t *testing.T, server *program.Server, n int) {
	t.Helper()
	for i := range busyCount {
		server.CreateToken(t, card(i), "accepted")
	}
	var next atomic.Int64
	var makers sync.WaitGroup
	for range makersCount {
		makers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				body := map[string]any{"station_id": identity(i), "password": password, "automation": "off"}
				for {
					got, err := server.Do(t.Context(), program.Request{Method: http.MethodPost, Path: "/api/v1/stations", Key: identity(i), Body: body})
					if err == nil && got.Status == http.StatusTooManyRequests {
						<-time.After(againMin) // a key has so many requests a second
						continue
					}
					if err != nil || got.Status != http.StatusCreated {
						t.Errorf("make %s: %d %s %v", identity(i), got.Status, got.Body, err)
					}
					break
				}
			}
		})
	}
	makers.Wait()
}

func card(i int) string { return fmt.Sprintf("04%08X", i) }

// arrival is what came of many stations that connected and booted.
type arrival struct {
	in        []*load.Station
	latencies load.Latencies // from the first try to the answered boot
	tries     int
	took      time.Duration
}

// String tells it in figures.
func (a arrival) String() string {
	return fmt.Sprintf("all in after %v, %.0f/s, %d handshakes; each %s",
		a.took.Round(time.Millisecond), float64(len(a.in))/a.took.Seconds(), a.tries, spread(a.latencies))
}

func spread(l load.Latencies) string {
	return fmt.Sprintf("p50 %v, p95 %v, p99 %v, at most %v", l.At(500).Round(time.Millisecond), l.At(950).Round(time.Millisecond),
		l.At(990).Round(time.Millisecond), l.At(1000).Round(time.Millisecond))
}

// come lets stations connect and boot, all at once. One that is not let in tries
// again; one that is let in and gets no answer to its boot fails the test.
func (w *world) come(which []int) arrival {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), stormMax)
	w.t.Cleanup(cancel) // the sockets live until then
	clk := clock.System{}
	out := arrival{in: make([]*load.Station, len(which)), latencies: make(load.Latencies, len(which))}
	var tries atomic.Int64
	began := clk.Now()
	var coming sync.WaitGroup
	for at, i := range which {
		coming.Go(func() {
			from := clk.Now()
			for {
				tries.Add(1)
				s, err := load.Connect(ctx, w.config(i))
				if err == nil {
					if err := s.Boot(); err != nil {
						w.t.Errorf("%s was let in and its boot not answered: %v", identity(i), err)
					}
					out.in[at], out.latencies[at] = s, clk.Now().Sub(from)
					return
				}
				if ctx.Err() != nil || clk.Now().Sub(from) > stationMax {
					w.t.Errorf("%s was not let in: %v", identity(i), err)
					return
				}
				<-time.After(againMin + rand.N(againMax-againMin))
			}
		})
	}
	coming.Wait()
	out.took, out.tries = clk.Now().Sub(began), int(tries.Load())
	out.in = slices.DeleteFunc(out.in, func(s *load.Station) bool { return s == nil })
	slices.Sort(out.latencies)
	return out
}

func (w *world) config(i int) load.Config {
	version := ocppj.V16
	if i%2 == 1 {
		version = ocppj.V201
	}
	return load.Config{
		Endpoint: load.Endpoint{Address: w.address, Path: "/ocpp", Identity: identity(i), Password: password, Version: version, Source: load.Source(i)},
		Token:    card(i), Seed: uint64(i), Clock: clock.System{},
	}
}

// charge has stations charge until over is closed and returns how long the server
// took for each reading.
func (w *world) charge(stations []*load.Station, over <-chan struct{}) load.Latencies {
	clk := clock.System{}
	var mu sync.Mutex
	var all load.Latencies
	var charging sync.WaitGroup
	for _, s := range stations {
		charging.Go(func() {
			if err := s.Start(); err != nil {
				w.t.Errorf("%s: start: %v", s.Identity, err)
				return
			}
			for {
				from := clk.Now()
				if err := s.Reading(); err != nil {
					w.t.Errorf("%s: reading: %v", s.Identity, err)
					return
				}
				took := clk.Now().Sub(from)
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
				select {
				case <-over:
					if err := s.Stop(); err != nil {
						w.t.Errorf("%s: stop: %v", s.Identity, err)
					}
					return
				case <-time.After(busyPause):
				}
			}
		})
	}
	charging.Wait()
	slices.Sort(all)
	return all
}
