package ocpp

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// refusal is a CALLERROR that answers a station's call, and how it counts.
type refusal struct {
	result result
	*ocppj.CallError
}

// callError returns what a station is told about an error. The text of our
// own failures stays with us.
func callError(err error) *ocppj.CallError {
	if e, ok := errors.AsType[*ocppj.CallError](err); ok {
		return e
	}
	switch fault.KindOf(err) { //exhaustive:enforce
	case fault.Invalid:
		return &ocppj.CallError{Code: ocppj.PropertyConstraintViolation, Description: fault.CodeOf(err)}
	case fault.Unauthorised, fault.Forbidden:
		return &ocppj.CallError{Code: ocppj.SecurityError, Description: fault.CodeOf(err)}
	case fault.NotFound, fault.Conflict, fault.Precondition, fault.Exhausted:
		return &ocppj.CallError{Code: ocppj.GenericError, Description: fault.CodeOf(err)}
	case fault.Stale, fault.Unavailable, fault.TimedOut, fault.UpstreamFailed:
		return &ocppj.CallError{Code: ocppj.InternalError, Description: fault.CodeOf(err)}
	case fault.Internal:
		return &ocppj.CallError{Code: ocppj.InternalError}
	default:
		panic("ocpp: an error of a kind without a code: " + err.Error())
	}
}

// refuse returns the refusal of a call. One that carries paid energy is kept
// first: the station will throw it away. Of any other that breaks its schema
// people are told once a day for each action, for what it said is lost.
func (x *exchange) refuse(r *route, how result, e *ocppj.CallError) error {
	switch {
	case r.charge:
		if err := x.keep(e.Description); err != nil {
			return err
		}
	case how == resultInvalid && x.seat.once.every("refused "+r.action, x.at, findingTerm):
		x.find(station.Finding{
			Code: station.MessageInvalid, Detail: e.Description, Action: r.action, Raw: redact(x.frame.Payload), At: x.at,
		})
	}
	return &refusal{how, e}
}

// keep commits a message that was not applied, raw. The same message again is
// kept already. When that cannot be done the socket ends: the error is
// [errGone].
func (x *exchange) keep(why string) error {
	return x.findOnce(station.Finding{
		Code: station.MessageInvalid, Detail: why, Action: x.frame.Action, Raw: redact(x.frame.Payload), At: x.at,
	})
}

// strangerRawMax bounds what is kept of a refused message of a station that is not
// accepted, of which [onceMax] a day are kept: more than any honest one is long, and
// half a megabyte a day of one that is none.
const strangerRawMax = 4 << 10

// isStranger reports whether the station is known not to be accepted.
func (x *exchange) isStranger() bool {
	st := x.conn.owner.Snapshot()
	return st.Registration == station.Pending || st.Registration == station.Rejected
}

// findOnce commits a finding about a message, unless it was committed for the
// same message before: stations repeat what is refused.
func (x *exchange) findOnce(f station.Finding) error {
	digest := sha256.Sum256(x.frame.Payload)
	key := "message " + string(digest[:16])
	if x.seat.once.knows(key, x.at, findingTerm) {
		return nil
	}
	if x.isStranger() {
		if x.seat.once.full(x.at) {
			return nil
		}
		f.Raw = f.Raw[:min(len(f.Raw), strangerRawMax)]
	}
	err := x.durably(func(ctx context.Context) error { return x.owner.Find(ctx, f) })
	switch {
	case err == nil:
		x.seat.once.every(key, x.at, findingTerm)
		return nil
	case !errors.Is(err, errGone):
		x.gateway.Log.Error("finding not committed", "action", f.Action, "station", x.id, "error", err)
		x.close(endedInternal) // unanswered, it stays in the station's queue
	}
	return errGone
}

// findTolerated tells, once a day for each action and rule, that a message was
// applied although it breaks the schema.
func (x *exchange) findTolerated(r *route, violations schema.Violations) {
	news := false
	for _, v := range violations {
		news = x.seat.once.every("tolerated "+r.action+" "+v.Rule.String(), x.at, findingTerm) || news
	}
	if news {
		x.find(station.Finding{
			Code: station.MessageTolerated, Detail: violations.Error(), Action: r.action, Raw: redact(x.frame.Payload), At: x.at,
		})
	}
}

// findUnread tells, once a day for each action, that samples of a message were
// left out because their values are no numbers.
func (x *exchange) findUnread(r *route) {
	if x.seat.once.every("unread "+r.action, x.at, findingTerm) {
		x.find(station.Finding{
			Code: station.MessageTolerated, Detail: strings.Join(x.unread, "; "), Action: r.action, Raw: redact(x.frame.Payload), At: x.at,
		})
	}
}

// findRawMax bounds what a finding keeps of a frame that was dropped.
const findRawMax = 64 << 10

// find commits a finding that nothing waits for.
func (c *conn) find(f station.Finding) {
	if len(f.Raw) > findRawMax {
		f.Raw = f.Raw[:findRawMax]
	}
	if err := c.owner.Find(c.gateway.ctx, f); err != nil {
		c.gateway.Log.Warn("finding not committed", "code", f.Code, "station", c.id, "error", err)
	}
}

// findDropped commits that something of the station's was dropped.
func (c *conn) findDropped(v verdict, raw []byte, at time.Time) {
	c.find(station.Finding{Code: station.FrameDropped, Detail: string(v), Raw: redact(raw), At: at})
}
