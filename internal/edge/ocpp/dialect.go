package ocpp

import (
	"context"
	"fmt"
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/station"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect is one OCPP version: what stations may call and how it is answered,
// and what the commands become. It does not change once it is made.
type dialect struct {
	version ocppj.Version
	name    station.Version
	routes  map[string]*route
	unknown *route            // of actions that the version does not have
	calls   map[string]*tally // what we may call
	request func(action string) (schema.Message, bool)
	reply   func(action string) (schema.Message, bool)
	actions func(c *command.Command) string // that a command becomes; "" for none
	compose func(c *command.Command, st *station.Station) (schema.Message, error)
	show    func(x *screen.Shown) schema.Message // nil: the version has no words for it

	// What calls ask of a station's variables and monitors, and what its answers
	// say of them, both without secrets. The answers are read by heard.
	asks  func(action string, payload []byte) (means command.Type, in command.Input)
	heard func(action string) (schema.Message, bool)
	learn func(o *order, answer schema.Message, at time.Time) news
}

// route is how one action is answered.
type route struct {
	action string
	known  bool // the version has the action
	charge bool // carries paid energy: it is never thrown away
	in     *tally
	decode func(payload []byte) (schema.Message, schema.Violations)
	read   func(payload []byte) schema.Message                                                    // of one that was judged by another schema
	answer func(ctx context.Context, x *exchange, request schema.Message) (schema.Message, error) // nil: not supported
}

// unsupported is the answer to an action without one.
func (r *route) unsupported() *ocppj.CallError {
	if r.known {
		return &ocppj.CallError{Code: ocppj.NotSupported, Description: r.action + " is not supported"}
	}
	return &ocppj.CallError{Code: ocppj.NotImplemented, Description: "the action is unknown"}
}

// route returns how an action is answered, and never nil.
func (d *dialect) route(action string) *route {
	if r := d.routes[action]; r != nil {
		return r
	}
	return d.unknown
}

// answers pairs requests with what answers them.
type answers map[string]route

// on is the route of a request of type Q. A nil response is an empty one.
func on[Q any, P interface {
	*Q
	schema.Message
}](answer func(ctx context.Context, x *exchange, q P) (schema.Message, error)) route {
	return route{
		decode: func(payload []byte) (schema.Message, schema.Violations) {
			q := P(new(Q))
			return q, schema.Decode(payload, q)
		},
		read: func(payload []byte) schema.Message {
			q := P(new(Q))
			schema.Read(payload, q)
			return q
		},
		answer: func(ctx context.Context, x *exchange, request schema.Message) (schema.Message, error) {
			return answer(ctx, x, request.(P))
		},
	}
}

// charges marks a route whose messages carry paid energy.
func charges(r route) route {
	r.charge = true
	return r
}

// table makes the dialect's tables of the version's actions.
func (d *dialect) table(m *Metrics, actions []schema.Action, with answers) {
	d.routes = make(map[string]*route)
	d.calls = make(map[string]*tally)
	d.unknown = &route{action: "unknown", in: m.tally("in", "unknown")}
	for _, a := range actions {
		if a.FromCSMS {
			d.calls[a.Name] = m.tally("out", a.Name)
		}
		r := with[a.Name]
		delete(with, a.Name)
		r.action, r.known, r.in = a.Name, true, m.tally("in", a.Name)
		d.routes[a.Name] = &r
	}
	for name := range with {
		panic(fmt.Sprintf("ocpp: %v has no action %s", d.version, name))
	}
}
