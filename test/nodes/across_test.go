package nodes

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pylon/internal/client"
	"pylon/test/program"
)

// A station is at one node; whoever is asked, the answer is the same.
func anyNodeServesAnyStation(t *testing.T, w *network) {
	a, b := w.two()
	ctx := t.Context()
	s := newStation(t, a, "CS1", true, a)
	if err := s.join(ctx); err != nil {
		t.Fatal(err)
	}
	defer s.leave()

	for _, server := range []*program.Server{a, b} {
		if !online(t, server, "CS1") {
			t.Errorf("%s shows the station offline", server.Address())
		}
		got := server.Call(t, "CS1", "GetConfiguration", map[string]any{})
		if !strings.Contains(string(got), `"HeartbeatInterval"`) {
			t.Errorf("a raw call through %s: got %s", server.Address(), got)
		}
		if got := server.Command(t, "CS1", "clear-"+server.Address(), map[string]string{"type": "clear_cache"}); got != "accepted" {
			t.Errorf("a command through %s: got %s, want accepted", server.Address(), got)
		}
	}
	answer, err := b.Do(ctx, program.Request{
		Method: http.MethodPost, Path: "/api/v1/stations/CS1/ocpp/GetConfiguration", Body: map[string]any{"key": 7},
	})
	if err != nil || answer.Status != http.StatusUnprocessableEntity {
		t.Errorf("a raw call that breaks its schema, through the other node: got %d %v, want 422", answer.Status, err)
	}

	if err := s.start(ctx); err != nil {
		t.Fatal(err)
	}
	if mine, others := a.Sessions(t, "CS1"), b.Sessions(t, "CS1"); len(mine) != 1 || !slices.Equal(mine, others) {
		t.Errorf("sessions: %+v and %+v, want the same one", mine, others)
	}
	if err := s.stop(ctx); err != nil {
		t.Fatal(err)
	}
}

// What is changed at one node is done by the node that has the station's socket.
func changesReachTheOtherNode(t *testing.T, w *network) {
	a, b := w.two()
	s := newStation(t, a, "CS1", true, a)
	if err := s.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { s.leave() }()

	patch(t, b, "/api/v1/stations/CS1/desired", map[string]any{
		"set": []any{map[string]any{"variable": "HeartbeatInterval", "value": "120"}},
	}, http.StatusOK)
	program.Await(t, "the owner writes what was desired at the other node", soon, func() bool { return s.heard("ChangeConfiguration") })

	patch(t, b, "/api/v1/stations/CS1", map[string]any{"registration": "rejected"}, http.StatusOK)
	if got, err := s.call("StatusNotification", map[string]any{"connectorId": 1, "errorCode": "NoError", "status": "Available"}); err == nil {
		t.Errorf("a station that was rejected at the other node got %s", got)
	}
	patch(t, b, "/api/v1/stations/CS1", map[string]any{"registration": "accepted"}, http.StatusOK)
	if _, err := s.call("StatusNotification", map[string]any{"connectorId": 1, "errorCode": "NoError", "status": "Available"}); err != nil {
		t.Errorf("a station that was accepted again: %v", err)
	}
}

// A reader of live events at one node sees the stations of the other, and goes on
// at the other node where it was at the first.
func eventsOfAllNodes(t *testing.T, w *network) {
	a, b := w.two()
	s := newStation(t, a, "CS1", false, b)
	reader := follow(t, a, "")
	if err := s.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { s.leave() }()
	reader.until("station.connected")
	seen := reader.until("station.booted")
	reader.close()

	if err := s.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := follow(t, b, seen.ID)
	for {
		e := again.next()
		switch e.Type {
		case "station.connected", "station.booted", "reset":
			t.Errorf("got %s once more", e.Type)
		case "session.started":
			again.close()
			return
		}
	}
}

// reading is a live stream that is read.
type reading struct {
	t      *testing.T
	events chan client.Event
	close  context.CancelFunc
}

// follow reads a server's live stream behind an event, "" is from now on: then it
// has begun when follow returns, and news of cards that showed it came first.
func follow(t *testing.T, at *program.Server, lastID string) *reading {
	t.Helper()
	c := api(t, at)
	ctx, stop := context.WithTimeout(t.Context(), later)
	t.Cleanup(stop)
	r := &reading{t: t, events: make(chan client.Event, 1024), close: stop}
	go func() {
		defer close(r.events)
		for e, err := range c.Events(ctx, nil, lastID) {
			if err != nil {
				return
			}
			r.events <- e
		}
	}()
	knocks := 0
	program.Await(t, "the live stream begins", soon, func() bool {
		if lastID == "" {
			knocks++
			at.CreateToken(t, fmt.Sprintf("knock-%d", knocks), "blocked")
		}
		return lastID != "" || len(r.events) > 0
	})
	return r
}

// next returns the next event.
func (r *reading) next() client.Event {
	r.t.Helper()
	e, ok := <-r.events
	if !ok {
		r.t.Fatal("the live stream ended")
	}
	return e
}

// until returns the next event of a type, past all others.
func (r *reading) until(kind string) client.Event {
	r.t.Helper()
	for {
		if e := r.next(); e.Type == kind {
			return e
		}
	}
}

// Each node starts what its roles say, and the network is whole when all roles are
// there.
func roles(t *testing.T, w *network) {
	gateway, front, worker := w.node(role("gateway")), w.node(role("api")), w.node(role("worker"))
	for _, tt := range []struct {
		name                    string
		server                  *program.Server
		stations, api, ready200 int
	}{
		{"gateway", gateway, http.StatusUpgradeRequired, http.StatusNotFound, http.StatusOK},
		{"api", front, http.StatusNotFound, http.StatusOK, http.StatusOK},
		{"worker", worker, http.StatusNotFound, http.StatusNotFound, http.StatusOK},
	} {
		for path, want := range map[string]int{"/ocpp/CS1": tt.stations, "/api/v1/sessions": tt.api, "/readyz": tt.ready200} {
			got, err := tt.server.Do(t.Context(), program.Request{Method: http.MethodGet, Path: path})
			if err != nil || got.Status != want {
				t.Errorf("%s at the %s: got %d %v, want %d", path, tt.name, got.Status, err, want)
			}
		}
	}

	front.CreateToken(t, token, "accepted")
	s := newStation(t, front, "CS1", false, gateway)
	if err := s.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { s.leave() }()
	if got := front.Command(t, "CS1", "clear", map[string]string{"type": "clear_cache"}); got != "accepted" {
		t.Errorf("a command: got %s, want accepted", got)
	}
	job := map[string]any{"command": map[string]string{"type": "trigger_message", "message": "Heartbeat"}, "stations": []string{"CS1"}}
	made, err := front.Do(t.Context(), program.Request{Method: http.MethodPost, Path: "/api/v1/jobs", Key: "job", Body: job})
	if err != nil || made.Status != http.StatusCreated {
		t.Fatalf("make a job: %d %s %v", made.Status, made.Body, err)
	}
	program.Await(t, "the worker runs the job", soon, func() bool { return s.heard("TriggerMessage") })
	for _, step := range []func(context.Context) error{s.start, s.reading, s.stop} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	complete(t, front, s)
}
