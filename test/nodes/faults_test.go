package nodes

import (
	"net/http"
	"strings"
	"testing"

	"pylon/test/program"
)

// fleetSize stations charge, half at each node, whatever happens.
const fleetSize = 12

// The stations of a node that was killed are offline as soon as its lease ends,
// whoever is asked, and back when they have found the other; their sessions go on
// and nothing of them is lost or doubled.
func killedNode(t *testing.T, w *network) {
	a, b := w.two()
	lonely := newStation(t, a, "LONELY", false, a) // knows no other address
	if err := lonely.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { lonely.leave() }()
	f := charging(t, fleetSize, a, b)
	a.Kill()
	program.Await(t, "the dead node's station is offline", later, func() bool { return !online(t, b, "LONELY") })
	for _, s := range f.stations {
		program.Await(t, s.identity+" is online at the other node", soon, func() bool { return online(t, b, s.identity) })
	}
	f.finish(b)
}

// A node that slept past the end of its lease has lost its stations. When it wakes
// it writes nothing and ends with a word about why.
func frozenNode(t *testing.T, w *network) {
	a, b := w.two()
	ghost := newStation(t, a, "GHOST", true, a)
	if err := ghost.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ghost.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	mover := newStation(t, a, "MOVER", false, a, b)
	if err := mover.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := mover.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Freeze()
	t.Cleanup(a.Thaw)
	mover.leave()
	mover.home = 1
	if err := mover.reading(t.Context()); err != nil { // at the other node, while the first only seems to live
		t.Fatal(err)
	}
	program.Await(t, "the sleeping node's station is offline", later, func() bool { return !online(t, b, "GHOST") })

	written := make(chan error, 1)
	go func() { // into the socket of the sleeping node: it reads this when it wakes
		_, err := ghost.call("MeterValues", map[string]any{"connectorId": 1, "meterValue": []any{ghost.values("Sample.Clock")}})
		written <- err
	}()
	a.Thaw()
	if code := a.Wait(t, later); code != 1 {
		t.Errorf("the node that slept ended with exit code %d, want 1", code)
	}
	if !strings.Contains(a.Log(), "lease of this node has ended") {
		t.Error("its log does not say why")
	}
	if err := <-written; err == nil {
		t.Error("the node that slept answered a station that was not its own any more")
	}
	ghost.leave()
	if err := mover.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	complete(t, b, mover)
	mover.leave()

	ghost.homes = addresses([]*program.Server{b}) // sessions go on elsewhere
	ghost.home = 0
	if err := ghost.reading(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ghost.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	complete(t, b, ghost)
	ghost.leave()
}

// Without NATS nothing is lost: commands are found in their rows, and screens read
// what they missed when it is back.
func natsRestarts(t *testing.T, w *network) {
	a, b := w.two()
	s := newStation(t, a, "CS1", false, b)
	if err := s.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { s.leave() }()
	reader := follow(t, a, "")
	if err := s.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader.until("session.started")

	w.nats.Kill()
	defer w.nats.Start() // for the others, when this one fails
	program.Await(t, "the node says that NATS is away", soon, func() bool {
		says, code := readiness(t.Context(), a)
		return code == http.StatusOK && len(says.Warnings) > 0
	})
	if got := a.Command(t, "CS1", "without", map[string]string{"type": "clear_cache"}); got != "accepted" {
		t.Errorf("a command without NATS: got %s, want accepted", got)
	}
	raw, err := a.Do(t.Context(), program.Request{Method: http.MethodPost, Path: "/api/v1/stations/CS1/ocpp/ClearCache", Body: map[string]any{}})
	if err != nil || raw.Status != http.StatusServiceUnavailable {
		t.Errorf("a raw call without NATS: got %d %s %v, want 503", raw.Status, raw.Body, err)
	}
	if err := s.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader.until("session.completed") // by looking at the rows

	w.nats.Start()
	program.Await(t, "the nodes hear each other again", soon, func() bool {
		says, _ := readiness(t.Context(), a)
		got, err := a.Do(t.Context(), program.Request{Method: http.MethodPost, Path: "/api/v1/stations/CS1/ocpp/ClearCache", Body: map[string]any{}})
		return err == nil && got.Status == http.StatusOK && len(says.Warnings) == 0
	})
	s.leave()
	reader.until("station.disconnected")
}

// Nodes that have no NATS in common say so, loudly.
func nodesWithoutCommonNATS(t *testing.T, w *network) {
	alone := func(c *program.Config) { c.NATSURL = "" }
	a, b := w.node(alone), w.node(alone)
	for _, server := range []*program.Server{a, b} {
		program.Await(t, "the node warns", later, func() bool {
			says, code := readiness(t.Context(), server)
			return code == http.StatusOK && len(says.Warnings) == 1 && strings.Contains(says.Warnings[0], "nats-url")
		})
		if !strings.Contains(server.Log(), "nats-url") {
			t.Error("its log does not warn")
		}
	}
}
