package app

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"pylon/internal/sim"
)

// elsewhere is a database that others share, as far as a drain asks: a node whose
// settings name it once it runs has a file all the same.
const elsewhere = "postgres://pylon@db.example/pylon"

func TestDrainTime(t *testing.T) {
	for _, tt := range []struct {
		name, database string
		drain, want    time.Duration
	}{
		{"stations can go to other nodes", elsewhere, 20 * time.Second, 20 * time.Second},
		{"they have nowhere to go", "", 20 * time.Second, 0},
		{"the operator does not want to wait", elsewhere, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &Node{config: Config{DatabaseURL: tt.database, Drain: tt.drain}}
			if got := n.drainTime(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A node that drains says so and lets nobody in, while those who are in stay and
// the API goes on. Who hurries it ends that.
func TestDrain(t *testing.T) {
	s := serve(t, configuration(t))
	s.node.config.DatabaseURL, s.node.config.Drain = elsewhere, drainMax
	defer s.node.Hurry() // again, or because the test failed
	s.station("CP-1", nil)
	link, _ := s.dial(sim.Endpoint{Identity: "CP-1"})
	left := make(chan error, 1)
	go func() { left <- link.Serve(context.WithoutCancel(t.Context()), nil) }()
	await(t, "the station online", func(ctx context.Context) (bool, error) {
		st, err := s.api.Station(ctx, "CP-1")
		return st.Connection.Status == "online", err
	})
	if status, body := s.get("/readyz", nil); status != http.StatusOK {
		t.Errorf("before the drain: %d %s", status, body)
	}

	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	await(t, "the node says that it drains", func(context.Context) (bool, error) {
		status, body := s.get("/readyz", nil)
		return status == http.StatusServiceUnavailable && strings.Contains(body, "draining"), nil
	})
	if _, status := s.dial(sim.Endpoint{Identity: "CP-1"}); status != http.StatusServiceUnavailable {
		t.Errorf("a station that comes now: status %d, want 503", status)
	}
	if st, err := s.api.Station(t.Context(), "CP-1"); err != nil || st.Connection.Status != "online" {
		t.Errorf("the station that is in: %s, %v, want online", st.Connection.Status, err)
	}
	if len(left) > 0 || len(stopped) > 0 {
		t.Errorf("a station left: %d, the node stopped: %d, in the part of the drain in which nothing is closed", len(left), len(stopped))
	}

	s.node.Hurry()
	select {
	case err := <-stopped:
		if err != nil {
			t.Errorf("stop: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("it drains on")
	}
	if err := <-left; err == nil || !strings.Contains(err.Error(), "node_shutdown") {
		t.Errorf("the station's socket ended with %v, want node_shutdown", err)
	}
}
