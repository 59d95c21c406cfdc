package world_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/world"
	"pylon/internal/wire/ocppj"
)

// csms is a central system of OCPP 1.6 that says yes to everything but one card.
type csms struct {
	clock   clock.Clock
	refused string
	starts  atomic.Int64
	stops   atomic.Int64
}

// serve returns the address of the central system.
func (c *csms) serve(t *testing.T) string {
	t.Helper()
	var sockets sync.WaitGroup
	upgrader := websocket.Upgrader{Subprotocols: []string{ocppj.V16.Subprotocol()}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		sockets.Go(func() {
			defer ws.Close()
			for {
				_, frame, err := ws.ReadMessage()
				if err != nil {
					return
				}
				if err := ws.WriteMessage(websocket.TextMessage, []byte(c.answer(string(frame)))); err != nil {
					return
				}
			}
		})
	}))
	t.Cleanup(func() {
		server.Close()
		sockets.Wait()
	})
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// answer returns the answer to a frame: [2,"id","Action",{…}].
func (c *csms) answer(frame string) string {
	part := strings.SplitN(frame, `"`, 5)
	id, action := part[1], part[3]
	now := c.clock.Now().Format(time.RFC3339)
	status := "Accepted"
	if c.refused != "" && strings.Contains(frame, c.refused) {
		status = "Invalid"
	}
	body := "{}"
	switch action {
	case "BootNotification":
		body = fmt.Sprintf(`{"currentTime":"%s","interval":300,"status":"Accepted"}`, now)
	case "Heartbeat":
		body = fmt.Sprintf(`{"currentTime":"%s"}`, now)
	case "Authorize":
		body = fmt.Sprintf(`{"idTagInfo":{"status":"%s"}}`, status)
	case "StartTransaction":
		body = fmt.Sprintf(`{"transactionId":%d,"idTagInfo":{"status":"%s"}}`, c.starts.Add(1), status)
	case "StopTransaction":
		c.stops.Add(1)
	}
	return fmt.Sprintf(`[3,"%s",%s]`, id, body)
}

func TestPlanTakesPlace(t *testing.T) {
	plan := world.New(world.Scale{
		Seed: 11, Stations: 8, Versions: []ocppj.Version{ocppj.V16}, From: 9 * time.Hour, Length: time.Hour, Hurry: 12, Faults: world.SomeFaults,
	})
	clk := clock.NewWarped(time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC), 1200) // an hour in three seconds
	server := &csms{clock: clk, refused: plan.Visits[0].Token.UID}
	w := world.Of(plan, world.Options{URL: server.serve(t), Clock: clk})
	if err := w.Live(t.Context(), w.Run); err != nil {
		t.Fatal(err)
	}
	seen := w.Progress()
	if seen.Visits != len(plan.Visits) || seen.Faults != len(plan.Faults) {
		t.Errorf("%d of %d visits and %d of %d faults took place", seen.Visits, len(plan.Visits), seen.Faults, len(plan.Faults))
	}
	if seen.Refused == 0 {
		t.Error("a card that is refused charged")
	}
	ended := 0
	for _, s := range w.Sessions() {
		if s.Token == server.refused {
			t.Errorf("a session of a card that is refused: %+v", s)
		}
		if !s.Running() && !s.Unstoppable {
			ended++
		}
	}
	if ended == 0 || int64(ended) > server.stops.Load() {
		t.Errorf("%d sessions ended, and %d stops were heard", ended, server.stops.Load())
	}
	if got := len(w.Faults()); got < len(plan.Faults) {
		t.Errorf("%d faults are in the truth, want %d", got, len(plan.Faults))
	}
	if w.Station("SIM-0008") == nil || w.Station("SIM-0009") != nil {
		t.Error("there are other stations than planned")
	}
}

func TestPowerFailsWhenTheContextEnds(t *testing.T) {
	plan := world.New(world.Scale{Seed: 11, Stations: 4, Versions: []ocppj.Version{ocppj.V16}, From: 9 * time.Hour})
	server := &csms{clock: clock.System{}}
	w := world.Of(plan, world.Options{URL: server.serve(t), Clock: clock.System{}})
	ctx, cancel := context.WithCancel(t.Context())
	err := w.Live(ctx, func(ctx context.Context) error {
		station := w.Station("SIM-0001")
		if err := station.Online(ctx); err != nil {
			return err
		}
		cancel()
		return w.Run(ctx)
	})
	if err != context.Canceled { //nolint:errorlint // exactly it
		t.Errorf("got %v, want that it was cancelled", err)
	}
}
