package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	bodyMax     = payloadMax - 4<<10 // of a message or an answer; the rest is for its envelope
	askMax      = 2 * time.Minute    // that a question waits, whatever its context says
	handlersMax = 512                // at once, for other nodes: each may wait for a station
)

// Handler serves the messages to this node: what is asked or told about a
// station. It returns when its context ends, and changes no body it was given or
// has returned.
type Handler func(ctx context.Context, kind string, id ident.StationID, body []byte) ([]byte, error)

// desk is where messages to this node are served.
type desk struct {
	life    context.Context // the handlers' parent, from Open to Close
	end     context.CancelFunc
	working sync.WaitGroup

	mu      sync.Mutex
	handler Handler
	inbox   *nats.Subscription
	busy    int
}

// Serve hands messages to this node to the handler from now on, many at a time.
// It is called once.
func (b *Bus) Serve(handle Handler) error {
	b.desk.mu.Lock()
	defer b.desk.mu.Unlock()
	if b.desk.handler != nil {
		return errors.New("cluster: Serve is called twice")
	}
	inbox, err := b.conn.Subscribe(nodeSubject+string(b.node), b.receive)
	if err == nil {
		err = b.conn.FlushTimeout(openWait)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "cluster_unreachable")
	}
	b.desk.handler, b.desk.inbox = handle, inbox
	return nil
}

// Ask has node's handler answer, and returns its answer or its error: the kind,
// code, values and fields of that, not its identity. [fault.Unavailable] and
// [fault.TimedOut] say nothing about what the handler did. A body or an answer of
// nearly 1 MiB is [fault.Invalid].
func (b *Bus) Ask(ctx context.Context, node ident.NodeID, kind string, id ident.StationID, body []byte) ([]byte, error) {
	to, err := subject(nodeSubject, string(node))
	if err != nil {
		return nil, fmt.Errorf("ask node %q: %w", node, err)
	}
	if len(body) > bodyMax {
		return nil, tooLarge(len(body))
	}
	ctx, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	if node == b.node {
		return b.serve(ctx, kind, id, body)
	}
	if !b.conn.IsConnected() {
		return nil, fault.New(fault.Unavailable, "cluster_unreachable")
	}
	// An answer does not find its way over another line.
	ctx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	defer context.AfterFunc(b.openLine(), func() { hangUp(errLineCut) })()

	deadline, _ := ctx.Deadline() // there is one: askMax
	m := message{timeout: clock.Until(deadline), kind: kind, station: id, body: body}
	reply, err := b.conn.RequestWithContext(ctx, to, m.encode())
	if err != nil {
		return nil, askError(ctx, err, node)
	}
	return parseAnswer(reply.Data)
}

// pingKind is the kind of the one message that the bus answers by itself.
const pingKind = "ping"

// Ping reports why messages do not reach a node, nil when they do: whatever it
// answers, it is there.
func (b *Bus) Ping(ctx context.Context, node ident.NodeID) error {
	_, err := b.Ask(ctx, node, pingKind, "", nil)
	if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.TimedOut) {
		return err
	}
	return nil
}

// errLineCut says that the connection broke while somebody waited.
var errLineCut = errors.New("connection lost")

// askError makes of what NATS says what the asker can decide by.
func askError(ctx context.Context, err error, node ident.NodeID) error {
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return fault.Wrap(err, fault.Unavailable, "node_unreachable", "node", string(node))
	case errors.Is(err, nats.ErrMaxPayload):
		return fault.Wrap(err, fault.Invalid, "message_too_large")
	case errors.Is(context.Cause(ctx), errLineCut):
		return fault.Wrap(errLineCut, fault.Unavailable, "cluster_unreachable")
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.TimedOut, "node_timed_out", "node", string(node))
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ask node %s: %w", node, err)
	}
	return fault.Wrap(err, fault.Unavailable, "cluster_unreachable")
}

func tooLarge(size int) error {
	return fault.New(fault.Invalid, "message_too_large", "bytes", strconv.Itoa(size), "max", strconv.Itoa(bodyMax))
}

// Tell hands a message to node's handler, perhaps: it may be lost on the way, and
// what the handler answers is dropped. The body is not changed after it.
func (b *Bus) Tell(node ident.NodeID, kind string, id ident.StationID, body []byte) error {
	to, err := subject(nodeSubject, string(node))
	if err != nil {
		return fmt.Errorf("tell node %q: %w", node, err)
	}
	if len(body) > bodyMax {
		return tooLarge(len(body))
	}
	m := message{timeout: askMax, kind: kind, station: id, body: body}
	if node == b.node {
		if !b.desk.employ(func() { b.dispatch(m, nil) }) {
			return errBusy
		}
		return nil
	}
	if err := b.conn.Publish(to, m.encode()); err != nil {
		return fault.Wrap(err, fault.Unavailable, "cluster_unreachable")
	}
	return nil
}

// receive takes a message from another node. It does not wait for the handler.
func (b *Bus) receive(got *nats.Msg) {
	m, err := parseMessage(got.Data)
	if err != nil {
		b.answer(got, nil, err)
		return
	}
	if !b.desk.employ(func() { b.dispatch(m, got) }) {
		b.answer(got, nil, errBusy)
	}
}

// errBusy says that a node has as many handlers at work as it may.
var errBusy = fault.New(fault.Exhausted, "node_busy")

// dispatch serves a message and answers it when got wants that.
func (b *Bus) dispatch(m message, got *nats.Msg) {
	ctx, cancel := context.WithTimeout(b.desk.life, min(m.timeout, askMax))
	defer cancel()
	body, err := b.serve(ctx, m.kind, m.station, m.body)
	if got != nil {
		b.answer(got, body, err)
	}
}

// serve calls the handler. Its error goes no further than this node with all it
// says.
func (b *Bus) serve(ctx context.Context, kind string, id ident.StationID, body []byte) ([]byte, error) {
	b.desk.mu.Lock()
	handle := b.desk.handler
	b.desk.mu.Unlock()
	if handle == nil {
		return nil, fault.New(fault.Unavailable, "node_unreachable", "node", string(b.node))
	}
	if kind == pingKind {
		return nil, nil
	}
	answer, err := handle(ctx, kind, id, body)
	if err == nil && len(answer) > bodyMax {
		err = tooLarge(len(answer))
	}
	if err != nil {
		f := faultOf(err)
		if f.Kind == fault.Internal {
			b.log.Error("message failed", "kind", kind, "station", id, "error", err)
		}
		return nil, f
	}
	return answer, nil
}

// answer sends an answer to who asked; to a hint there is none.
func (b *Bus) answer(got *nats.Msg, body []byte, err error) {
	if got.Reply == "" {
		return
	}
	if err := got.Respond(encodeAnswer(body, err)); err != nil {
		b.log.Warn("answer lost", "error", err) // the asker's time runs out
	}
}

// employ does work in a goroutine of its own, unless too many are at work or the
// bus closes.
func (d *desk) employ(work func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy == handlersMax || d.life.Err() != nil {
		return false
	}
	d.busy++
	d.working.Go(func() {
		work()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.busy--
	})
	return true
}

// shut takes no more messages, ends the handlers' contexts and waits for them.
func (d *desk) shut() error {
	d.mu.Lock()
	inbox := d.inbox
	d.end()
	d.mu.Unlock()
	if inbox != nil {
		_ = inbox.Unsubscribe() // without a server there is nothing to tell it
	}
	done := make(chan struct{})
	go func() {
		d.working.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-clock.System{}.After(closeWait): // what the handlers wait for keeps its own time
		return errors.New("a handler does not end")
	}
}
