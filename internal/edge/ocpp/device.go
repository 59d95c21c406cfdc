package ocpp

import (
	"context"
	"errors"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/device"
	"pylon/internal/wire/schema"
)

// news is what an answer of a station tells of its variables and monitors,
// whoever composed the call.
type news struct {
	variables []device.Result        // that were read or set
	monitors  []device.MonitorResult // that were set or cleared
	inventory *device.Part           // what was read, nil for nothing
	watch     *device.MonitorPart    // that there is nothing to report, nil for anything else
}

// tell has the owner take the news in. What it cannot take in is told in the
// log alone: the answer itself is kept with its command.
func (c *conn) tell(n *news) {
	if n.inventory != nil {
		c.told(c.durably(func(ctx context.Context) error { return c.owner.Inventory(ctx, *n.inventory) }))
	}
	if n.watch != nil {
		c.told(c.durably(func(ctx context.Context) error { return c.owner.Monitors(ctx, *n.watch) }))
	}
}

func (c *conn) told(err error) {
	if err != nil && !errors.Is(err, change.ErrSuperseded) {
		c.gateway.Log.Warn("answer not taken in", "station", c.id, "error", err)
	}
}

// read is the part that an answer is: all of it at once.
func (n *news) read(scope device.Scope, variables []device.Variable, at time.Time) *device.Part {
	n.inventory = &device.Part{Scope: scope, OccurredAt: at, ReceivedAt: at, Variables: variables}
	return n.inventory
}

// judgedBy is the route of a message that its version's schema judges and
// that is then read as another version has it. 2.1 added fields and words to
// 2.0.1 and changed none, so each finds in the other's messages what it knows;
// what its own schema has against the rest is of no interest.
func judgedBy(request func(string) (schema.Message, bool), action string, r route) route {
	read := r.read
	r.decode = func(payload []byte) (schema.Message, schema.Violations) {
		m, ok := request(action)
		if !ok {
			panic("ocpp: the version has no action " + action)
		}
		violations := schema.Decode(payload, m)
		if !violations.Tolerable() {
			return nil, violations
		}
		return read(payload), violations
	}
	return r
}

// unveiled is the route of a message whose secrets nobody needs: it is read
// without them.
func unveiled(r route) route {
	decode, read := r.decode, r.read
	r.decode = func(payload []byte) (schema.Message, schema.Violations) { return decode(redact(payload)) }
	r.read = func(payload []byte) schema.Message { return read(redact(payload)) }
	return r
}
