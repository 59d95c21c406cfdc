package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"pylon/internal/cluster"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// TestNeighbours has a node call its only neighbour twice. In between the
// neighbour's lease moves, or does not.
func TestNeighbours(t *testing.T) {
	for _, tt := range []struct {
		name          string
		lives, common bool // it beats, and has a NATS in common with us
		away          bool // that NATS has gone
		want          string
	}{
		{"it hears", true, true, false, ""},
		{"it has another NATS", true, false, false, "messages do not reach them"},
		{"it has another NATS and is dead", false, false, false, ""},
		{"NATS is away", true, true, true, "NATS is away"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nats := listenNATS(t)
			log, path := new(journal), filepath.Join(t.TempDir(), "pylon.db")
			n := &Node{clock: clock.System{}, id: ident.New[ident.NodeID](clock.System{}.Now()), log: slog.New(slog.NewJSONHandler(log, nil))}
			n.store, n.bus = join(t, path, nats.ClientURL(), n.id)
			theirs := ""
			if tt.common {
				theirs = nats.ClientURL()
			}
			other := ident.New[ident.NodeID](clock.System{}.Now())
			db, _ := join(t, path, theirs, other)

			beats := n.callNeighbours(t.Context(), nil)
			if len(beats) != 2 {
				t.Fatalf("got the beats %v, want those of two nodes", beats)
			}
			if tt.away {
				nats.Shutdown()
				await(t, "the connection is gone", func(context.Context) (bool, error) { return !n.bus.Connected(), nil })
			}
			if tt.lives {
				if err := db.Beat(t.Context(), other); err != nil {
					t.Fatal(err)
				}
			}
			n.callNeighbours(t.Context(), beats)
			got := n.readiness()
			if said := strings.Join(got.Warnings, "; "); (said == "") != (tt.want == "") || !strings.Contains(said, tt.want) || len(got.Warnings) > 1 {
				t.Errorf("got the warnings %q, want %q", got.Warnings, tt.want)
			}
			complains := strings.Contains(log.String(), string(other))
			if want := tt.lives && !tt.common; complains != want {
				t.Errorf("the log complains: %t, want %t\n%s", complains, want, log)
			}
		})
	}
}

// listenNATS runs a NATS server that several nodes reach.
func listenNATS(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(patience) {
		t.Fatal("NATS does not take connections")
	}
	return s
}

// join opens what a node shares with others, until the test ends.
func join(t *testing.T, path, natsURL string, id ident.NodeID) (*store.Store, *cluster.Bus) {
	t.Helper()
	bus, err := cluster.Open(t.Context(), cluster.Options{URL: natsURL, Node: id})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	if err := bus.Serve(func(context.Context, string, ident.StationID, []byte) ([]byte, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{Path: path, Synchronous: "off", Clock: clock.System{}, Node: id, Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- db.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	return db, bus
}
