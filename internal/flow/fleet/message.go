package fleet

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Kinds of message between the nodes, each about one station.
const (
	msgCommand = "command" // tell: a parcel; send this command
	msgCall    = "call"    // ask: a parcel; send it and return the answer
	msgPatch   = "patch"   // ask: a patchOrder; returns nothing
	msgWish    = "wish"    // ask: a wishOrder; returns nothing
	msgEvict   = "evict"   // tell: no body; the station is deleted, close its socket
)

// parcel is a command on its way to its owner, with what is never stored.
type parcel struct {
	Command   command.Command `json:"command"`
	TokenUID  string          `json:"token_uid,omitzero"`
	TokenType string          `json:"token_type,omitzero"`
	Secret    string          `json:"secret,omitzero"`
	Body      []byte          `json:"body,omitzero"`
}

func packParcel(c command.Command) ([]byte, error) {
	return json.Marshal(parcel{c, c.Input.TokenUID, c.Input.TokenType, c.Input.Secret, c.Input.Body})
}

func openParcel(body []byte) (command.Command, error) {
	var p parcel
	if err := json.Unmarshal(body, &p); err != nil {
		return command.Command{}, fault.Wrap(err, fault.Invalid, "message_malformed")
	}
	c := p.Command
	c.Input.TokenUID, c.Input.TokenType, c.Input.Secret, c.Input.Body = p.TokenUID, p.TokenType, p.Secret, p.Body
	return c, nil
}

// patchOrder is a change of a station, on its way to its owner.
type patchOrder struct {
	By      account.Actor `json:"by"`
	Patch   station.Patch `json:"patch"`
	Version int64         `json:"version"` // that the caller saw; 0: any
}

// Handle serves a message that another node, or this one, sent to the owner of
// station id.
func (f *Fleet) Handle(ctx context.Context, kind string, id ident.StationID, body []byte) ([]byte, error) {
	o, err := f.present(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case o == nil:
		return nil, fault.New(fault.Conflict, "station_offline", "station", string(id))
	}
	switch kind {
	case msgCommand:
		c, err := openParcel(body)
		if err == nil {
			go o.deliver(c, nil) //nolint:gosec // the bus does not wait for the station's turn; deliver has its own end
		}
		return nil, err
	case msgCall:
		c, err := openParcel(body)
		if err != nil {
			return nil, err
		}
		return json.Marshal(f.callHere(ctx, o, c))
	case msgPatch:
		var order patchOrder
		if err := json.Unmarshal(body, &order); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "message_malformed")
		}
		return nil, o.patch(ctx, order)
	case msgWish:
		var order wishOrder
		if err := json.Unmarshal(body, &order); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "message_malformed")
		}
		return nil, o.wish(ctx, order)
	case msgEvict:
		o.conn.Close("deleted")
		return nil, nil
	}
	return nil, fault.New(fault.Invalid, "message_unknown", "kind", kind)
}

// callHere sends c over o's connection and waits for the answer.
func (f *Fleet) callHere(ctx context.Context, o *Owner, c command.Command) Answered {
	answered := make(chan Answered, 1)
	o.deliver(c, answered)
	select {
	case a := <-answered:
		return a
	case <-ctx.Done():
	case <-f.clock.After(c.Deadline.Sub(f.clock.Now()) + answerGrace):
	}
	return Answered{State: command.TimedOut, Final: true, ErrorCode: "no_answer", At: f.clock.Now()}
}

// answerGrace is what an answer gets beyond the deadline to travel back, so
// that the edge's own time-out is the one that speaks.
const answerGrace = time.Second
