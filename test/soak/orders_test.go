package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"pylon/internal/client"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim/check"
	"pylon/internal/sim/world"
)

const (
	// orderEvery is how often an operator asks something of a station.
	orderEvery = 150 * time.Millisecond
	// orderTerm is when an order is over at the latest, in seconds.
	orderTerm = 10
	// guestToken is whose sessions are started by order.
	guestToken = "04000000000000"
)

// orders are what an operator asks of stations while everything breaks.
type orders struct {
	api    *client.Client
	plan   world.Plan
	clock  clock.Clock
	chance *rand.Rand

	mu      sync.Mutex // guards what follows
	asked   int
	refused int             // answered, and made no command
	taken   map[string]bool // ids of those that the API said it had taken
	unknown int             // without an answer
}

func newOrders(api *client.Client, p world.Plan, clk clock.Clock) *orders {
	return &orders{api: api, plan: p, clock: clk, chance: rand.New(rand.NewPCG(p.Scale.Seed, 7)), taken: map[string]bool{}}
}

// give asks one thing after the other until ctx ends.
func (o *orders) give(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.clock.After(orderEvery):
		}
		station := o.plan.Stations[o.chance.IntN(len(o.plan.Stations))]
		fields := map[string]any{"timeout_s": orderTerm, "wait_for_station": o.chance.IntN(2) == 0}
		switch o.chance.IntN(3) {
		case 0:
			fields["type"], fields["token_uid"] = "start_session", guestToken
			fields["evse_id"] = 1 + o.chance.IntN(station.Hardware.EVSEs)
		case 1:
			fields["type"], fields["message"] = "trigger_message", "StatusNotification"
		default:
			fields["type"] = "read_variables"
			fields["variables"] = []map[string]string{{"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval"}}
		}
		o.ask(ctx, station.Identity, fields)
	}
}

// ask asks one thing. The client asks again by itself, with the same key, when
// the server goes away before it answers.
func (o *orders) ask(ctx context.Context, station string, fields map[string]any) {
	made, err := o.api.Command(ctx, station, fields, 0)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	problem, refused := errors.AsType[*client.Problem](err)
	switch {
	case err == nil:
		o.taken[made.ID] = true
	case refused && problem.Status < http.StatusInternalServerError:
		o.refused++
	default:
		o.unknown++
	}
}

// settle waits until the API shows no command that is not over, and returns what it
// tells otherwise than it was: orders that it took and does not have, that are not
// over, or that it has more often than they were asked.
func (o *orders) settle(ctx context.Context) (found []check.Discrepancy, commands int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var open []string
	for {
		commands, open = 0, nil
		there := map[string]bool{}
		for c, err := range client.All(ctx, o.api.Commands, client.Query{"limit": "500"}) {
			if err != nil {
				return nil, 0, err
			}
			if c.Type == "start_session" || c.Type == "trigger_message" || c.Type == "read_variables" {
				commands++
				there[c.ID] = true
			}
			if !c.Finished {
				open = append(open, fmt.Sprintf("%s (%s, %s since %s)", c.ID, c.Type, c.State, c.CreatedAt.Format(time.TimeOnly)))
			}
		}
		if len(open) == 0 || !o.api.Wait(ctx, time.Second) {
			for id := range o.taken {
				if !there[id] {
					found = append(found, check.Discrepancy{Kind: "command_lost", Text: "command " + id + " was taken and is not there"})
				}
			}
			break
		}
	}
	for _, c := range open {
		found = append(found, check.Discrepancy{Kind: "command_open", Text: "command " + c + " is not over"})
	}
	if most := len(o.taken) + o.unknown; commands > most {
		found = append(found, check.Discrepancy{Kind: "command_doubled", Text: fmt.Sprintf("%d commands are there, %d at most were asked", commands, most)})
	}
	return found, commands, nil
}
