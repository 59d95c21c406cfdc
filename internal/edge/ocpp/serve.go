package ocpp

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// errGone says that there is nobody to answer: the socket ends.
var errGone = errors.New("socket ends")

// exchange is one call of a station and what is known when it is answered.
type exchange struct {
	*conn
	frame   *ocppj.Frame
	at      time.Time
	station *station.Station // as committed when the call's turn came
	unread  []string         // samples that could not be taken in, in words
}

// serve does what a message asks for.
func (c *conn) serve(m *message) {
	switch {
	case m.finding != "":
		c.findDropped(m.finding, nil, m.at)
	case m.refused != nil:
		c.serveGarbage(m)
	case m.frame.Type == ocppj.TypeSend:
		c.unanswered.Add(-1)
		c.verdict(verdictSend, m.frame.Action+": no stream is open")
	default:
		c.serveCall(m)
	}
}

// serveGarbage answers a frame that cannot be read.
func (c *conn) serveGarbage(m *message) {
	c.verdict(verdictGarbage, m.refused.Description)
	if action := c.dialect.chargeIn(m.buffer.bytes); action != "" {
		x := exchange{conn: c, frame: &ocppj.Frame{Action: action, Payload: m.buffer.bytes}, at: m.at}
		if x.keep(m.refused.Description) != nil {
			return
		}
	} else if c.seat.once.every("finding "+string(verdictGarbage), m.at, findingTerm) {
		c.findDropped(verdictGarbage, m.buffer.bytes, m.at)
	}
	if due := m.refused.AppendAnswer(nil); due != nil {
		c.send(m.refused.Answer, "", m.refused.AnswerID, due)
	}
}

// chargeIn returns the action of a frame that cannot be read but seems to carry
// paid energy, "" when it does not.
func (d *dialect) chargeIn(frame []byte) string {
	for action, route := range d.routes {
		if route.charge && bytes.Contains(frame, []byte(`"`+action+`"`)) {
			return action
		}
	}
	return ""
}

// serveCall answers a call.
func (c *conn) serveCall(m *message) {
	x := exchange{conn: c, frame: &m.frame, at: m.at, station: c.owner.Snapshot()}
	r := c.dialect.route(m.frame.Action)
	response, err := x.process(r)
	c.busy.Store(0) // what follows waits for the station, not for the database
	out := c.gateway.buffers.get()
	defer c.gateway.buffers.put(out)
	kind, ended := x.reply(out, response, err)
	c.unanswered.Add(-1) // before the station can know, and send its next
	if kind == 0 || !c.send(kind, m.frame.Action, m.frame.ID, out.bytes) {
		ended = resultUnanswered
	}
	r.in.count(ended, c.gateway.Clock.Now().Sub(m.at))
}

// reply writes the answer into out and returns its type, 0 when there is
// nobody to answer, and how the call counts.
func (x *exchange) reply(out *buffer, response schema.Message, err error) (ocppj.MessageType, result) {
	if err == nil {
		if out.bytes, err = appendResult(out.bytes[:0], x.frame.ID, response); err == nil {
			return ocppj.TypeCallResult, resultOK
		}
		x.gateway.Log.Error("answer not encoded", "action", x.frame.Action, "station", x.id, "error", err)
		err = &refusal{resultFailed, &ocppj.CallError{Code: ocppj.InternalError}}
	}
	failure, ok := errors.AsType[*refusal](err)
	if !ok {
		return 0, resultUnanswered
	}
	out.bytes = ocppj.AppendCallError(out.bytes[:0], x.dialect.version, x.frame.ID, failure.CallError)
	return ocppj.TypeCallError, failure.result
}

// appendResult appends the CALLRESULT of a response; nil is an empty one.
func appendResult(dst []byte, id string, response schema.Message) ([]byte, error) {
	if response == nil {
		return ocppj.AppendCallResult(dst, id, nil), nil
	}
	payload, err := schema.Encode(response)
	if err != nil {
		return dst, err
	}
	return ocppj.AppendCallResult(dst, id, payload), nil
}

// process decides what a call is answered: a response, a [*refusal], or
// [errGone].
func (x *exchange) process(r *route) (schema.Message, error) {
	if r.answer == nil {
		return nil, &refusal{resultUnsupported, r.unsupported()}
	}
	if x.station.Registration != station.Accepted && !x.mayCall(r.action, x.at) {
		return nil, x.refuse(r, resultRefused, &ocppj.CallError{
			Code: ocppj.SecurityError, Description: "the station is " + string(x.station.Registration) + ", not accepted",
		})
	}
	request, violations := r.decode(x.frame.Payload)
	if violations != nil && !(violations.Tolerable() && x.lenient(r)) {
		return nil, x.refuse(r, resultInvalid, ocppj.Refusal(x.dialect.version, violations))
	}
	response, err := x.apply(r, request)
	if err != nil {
		return nil, x.failed(r, err)
	}
	if violations != nil {
		x.findTolerated(r, violations)
	}
	if len(x.unread) > 0 {
		x.findUnread(r)
	}
	return response, nil
}

// lenient reports whether violations that leave the meaning clear are
// tolerated: of messages that carry paid energy by default in 1.6, of all
// when the station's quirks ask for it.
func (x *exchange) lenient(r *route) bool {
	if explicit := x.station.Quirks.Lenient; explicit != nil {
		return *explicit
	}
	return r.charge && x.station.Quirks.IsLenient(x.dialect.name)
}

// apply has the owner take a message in. One that carries paid energy waits
// while the database is away.
func (x *exchange) apply(r *route, request schema.Message) (response schema.Message, err error) {
	defer func() {
		if p := recover(); p != nil { // our bug shall not cost other stations their sockets
			x.gateway.Log.Error("panic while answering", "action", r.action, "station", x.id, "panic", p, "stack", string(debug.Stack()))
			response, err = nil, fault.New(fault.Internal, "panic")
		}
	}()
	answer := func(ctx context.Context) error {
		x.unread = x.unread[:0] // it may be a second try
		response, err = r.answer(ctx, x, request)
		return err
	}
	if r.charge {
		err = x.durably(answer)
		return response, err
	}
	err = answer(x.gateway.ctx)
	x.gateway.away.note(fault.Is(err, fault.Unavailable), x.gateway.age())
	return response, err
}

// How long a message waits before the database is tried again.
const (
	retryMin = 50 * time.Millisecond
	retryMax = time.Second
)

// durably calls f again while the database is away, until the socket ends:
// the sweep ends it when that takes too long.
func (c *conn) durably(f func(context.Context) error) error {
	g := c.gateway
	for wait := retryMin; ; wait = min(2*wait, retryMax) {
		err := f(g.ctx)
		unavailable := fault.Is(err, fault.Unavailable)
		g.away.note(unavailable, g.age())
		if !unavailable {
			return err
		}
		select {
		case <-c.done:
			return errGone
		case <-g.Clock.After(wait):
		}
	}
}

// failed turns an error of the owner into what the station is answered.
func (x *exchange) failed(r *route, err error) error {
	switch {
	case errors.Is(err, errGone):
		return errGone
	case errors.Is(err, change.ErrSuperseded):
		x.close(endedSuperseded)
		return errGone
	}
	if fault.KindOf(err) == fault.Internal {
		x.gateway.Log.Error("message not applied", "action", r.action, "station", x.id, "error", err)
	}
	return x.refuse(r, resultFailed, callError(err))
}
