package app

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/client"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

const (
	// patience bounds every wait of these tests: far beyond what any takes.
	patience = 30 * time.Second
	// key is the owner's of every node that brings one.
	key = "app-test-0123456789abcdef"
	// password is that of every station here that has one.
	password = "0123456789abcdef"
)

// served is a node that serves, and its API.
type served struct {
	t    *testing.T
	node *Node
	clk  clock.Clock // of the node and its stations
	api  *client.Client
	log  *journal
	stop func() error // returns what Run did; may be called again
}

// configuration is for a node with a folder and a port of its own.
func configuration(t *testing.T) Config {
	return Config{
		Listen: "127.0.0.1:0", Data: t.TempDir(), Role: []string{"all"}, UnknownStations: "refuse", BootstrapAPIKey: key,
		FrameRetention: time.Hour, FrameLog: 1, SQLiteSynchronous: "full", LogLevel: "debug",
	}
}

// serve runs a node until the test ends or stops it.
func serve(t *testing.T, c Config) *served {
	t.Helper()
	return serveAt(t, clock.System{}, c)
}

// serveAt is serve on a clock of the test's.
func serveAt(t *testing.T, clk clock.Clock, c Config) *served {
	t.Helper()
	s := &served{t: t, clk: clk, log: new(journal)}
	var err error
	if s.node, err = OpenAt(t.Context(), clk, c, s.log); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.node.Run(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the node ended with %v", err)
		}
		if t.Failed() {
			t.Logf("its log:\n%s", s.log)
		}
	})
	if s.api, err = client.New(client.Options{Base: s.node.URL(), Key: key}); err != nil {
		t.Fatal(err)
	}
	return s
}

// station makes a station known.
func (s *served) station(identity string, fields map[string]any) {
	s.t.Helper()
	all := map[string]any{"station_id": identity}
	maps.Copy(all, fields)
	if _, err := s.api.CreateStation(s.t.Context(), all); err != nil {
		s.t.Fatal(err)
	}
}

// dial opens a station's socket; the status is 0, or that of the refusal.
func (s *served) dial(e sim.Endpoint) (link *sim.Link, status int) {
	s.t.Helper()
	if e.URL == "" {
		e.URL = "ws://" + s.node.Addr() + "/ocpp"
	}
	if e.Version == 0 {
		e.Version = ocppj.V16
	}
	link, err := sim.Dial(s.t.Context(), e)
	if err == nil {
		s.t.Cleanup(link.Close)
		return link, 0
	}
	return nil, refusal(s.t, err)
}

// simulate runs a simulated station until the test ends.
func (s *served) simulate(identity string, v ocppj.Version, quirks ...sim.Quirks) *sim.Station {
	s.t.Helper()
	config := sim.Config{
		Endpoint: sim.Endpoint{URL: "ws://" + s.node.Addr() + "/ocpp", Identity: identity, Version: v},
		Hardware: sim.AC11(), SampleInterval: time.Second, Hand: time.Millisecond,
		Backoff: sim.Backoff{Wait: 50 * time.Millisecond, Random: time.Millisecond, Doublings: 1},
	}
	if len(quirks) > 0 {
		config.Quirks = quirks[0]
	}
	return s.power(config)
}

// power switches a simulated station on until the test ends.
func (s *served) power(config sim.Config) *sim.Station {
	s.t.Helper()
	st := sim.New(config, s.clk, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = st.Run(ctx) // it only ends with ctx
	}()
	s.t.Cleanup(func() {
		cancel()
		<-done
	})
	return st
}

// await looks until what is waited for is true.
func await(t *testing.T, what string, is func(context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		ok, err := is(ctx)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if ok {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s: not in time", what)
		}
	}
}

// journal is a log that tests read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// line waits for the line with a message and returns what stands behind name
// in it.
func (j *journal) value(t *testing.T, message, name string) string {
	t.Helper()
	var found string
	await(t, "log line "+message, func(context.Context) (bool, error) {
		for line := range strings.Lines(j.String()) {
			if _, after, ok := strings.Cut(line, `"`+name+`":"`); ok && strings.Contains(line, message) {
				found, _, _ = strings.Cut(after, `"`)
				return true, nil
			}
		}
		return false, nil
	})
	return found
}
