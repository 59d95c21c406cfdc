package rest

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pylon/internal/domain/account"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
)

const (
	keepAlive      = 15 * time.Second // below the idle limit of common proxies
	streamPatience = 10 * time.Second // for a reader to take a piece
	feedPause      = time.Second      // before a feed that broke off is listened to again

	// Readers of a node that stops come back to another after againMin to againMax,
	// by chance, so that they do not all come at once.
	againMin = 500 * time.Millisecond
	againMax = 3 * time.Second

	catchUpPage = 500 // events read from the log at a time
)

// stream is one reader of the event log. Its places are what it was sent; an
// event at or before them is dropped, so that none comes twice. What is only live
// has no place: it goes through as it comes.
type stream struct {
	server *Server
	by     account.Actor
	topics topics
	out    *streamWriter
	at     places
}

// run sends events until the reader is gone, his key ends, or the server
// stops. First it listens, then it reads what the log has, then it forwards
// what it heard meanwhile: nothing falls between.
func (st *stream) run(ctx context.Context, lastID string) error {
	heard, deafen := st.server.feed.Subscribe(st.by.Organisation)
	defer func() { deafen() }()
	beats, stopBeats := st.server.clock.Ticker(keepAlive)
	defer stopBeats()
	if err := st.begin(ctx, lastID); err != nil {
		return err
	}
	var again <-chan time.Time // when to listen again, after the feed broke off
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-st.server.stopped:
			return st.out.comeAgain(againMin + rand.N(againMax-againMin))
		case <-beats:
			err = st.beat(ctx)
		case e, open := <-heard:
			if open {
				err = st.forward(ctx, e, heard)
				break
			}
			heard, again = nil, st.server.clock.After(feedPause)
		case <-again:
			deafen()
			heard, deafen = st.server.feed.Subscribe(st.by.Organisation)
			again, err = nil, st.catchUp(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// begin puts the stream at its beginning: behind the last event that the
// reader saw, or at the end of the log.
func (st *stream) begin(ctx context.Context, lastID string) error {
	if lastID == "" {
		streams, err := st.server.store.Streams(ctx)
		if err != nil {
			return err
		}
		st.at = endOf(streams)
		return st.out.comment("hello", st.at)
	}
	at, ok := parsePlaces(lastID)
	if !ok {
		return st.reset(ctx)
	}
	st.at = at
	return st.catchUp(ctx)
}

// catchUp sends what the log has behind the reader's places. Who is further
// behind than [Options.CatchUp] is told to get everything anew.
func (st *stream) catchUp(ctx context.Context) error {
	for sent := 0; sent < st.server.catchUp; {
		streams, err := st.server.store.Streams(ctx)
		if err != nil {
			return err
		}
		if !st.at.meet(streams) {
			return st.reset(ctx)
		}
		found, err := st.server.store.EventsAfter(ctx, st.by.Organisation, st.at.positions(), catchUpPage)
		if fault.CodeOf(err) == "events_pruned" {
			return st.reset(ctx)
		}
		if err != nil {
			return err
		}
		for _, e := range found {
			if err := st.send(ctx, e); err != nil {
				return err
			}
		}
		if len(found) < catchUpPage {
			st.at.settle(streams)
			return st.out.flush()
		}
		if err := st.out.flush(); err != nil {
			return err
		}
		sent += len(found)
	}
	return st.reset(ctx)
}

// streamBurst bounds what goes out in one piece, so that the first event of a
// burst does not wait for its last.
const streamBurst = 64

// forward sends an event that was heard, and those that are there already, in
// one piece.
func (st *stream) forward(ctx context.Context, e event.Recorded, more <-chan event.Recorded) error {
	if err := st.hear(ctx, e); err != nil {
		return err
	}
	for range streamBurst {
		select {
		case next, open := <-more:
			if !open {
				return st.out.flush() // the caller sees it too
			}
			if err := st.hear(ctx, next); err != nil {
				return err
			}
		default:
			return st.out.flush()
		}
	}
	return st.out.flush()
}

// hear sends an event that was heard. When one before it was not, or its stream
// is unknown, the rows tell what there is.
func (st *stream) hear(ctx context.Context, e event.Recorded) error {
	if !e.Live && e.Organisation == st.by.Organisation && !st.at.follows(e) {
		return st.catchUp(ctx)
	}
	return st.send(ctx, e)
}

// send writes an event, unless the reader has it or does not want it.
func (st *stream) send(ctx context.Context, e event.Recorded) error {
	if !e.Live && !st.at.pass(e.Position) || e.Organisation != st.by.Organisation || !st.topics.want(e.Event) {
		return nil
	}
	data, err := st.server.viewEvent(ctx, e)
	if err != nil {
		return err
	}
	if e.Live {
		return st.out.event(string(e.Type), nil, data)
	}
	return st.out.event(string(e.Type), st.at, data)
}

// reset tells the reader that something is missing and goes on at the end of
// the log.
func (st *stream) reset(ctx context.Context) error {
	st.server.gauges.dropped.Inc()
	streams, err := st.server.store.Streams(ctx)
	if err != nil {
		return err
	}
	st.at = endOf(streams)
	if err := st.out.event("reset", st.at, []byte("{}")); err != nil {
		return err
	}
	return st.out.flush()
}

// beat keeps the connection alive, ends it when the key is no longer in force,
// and looks for what a hint that was lost should have told.
func (st *stream) beat(ctx context.Context) error {
	key, err := st.server.store.Key(ctx, st.by.Organisation, st.by.Key)
	if err != nil {
		return err
	}
	if !key.InForce(st.server.clock.Now()) {
		return fault.New(fault.Unauthorised, "key_expired")
	}
	if err := st.catchUp(ctx); err != nil {
		return err
	}
	return st.out.comment("", nil)
}

// streamWriter writes server-sent events.
type streamWriter struct {
	w       io.Writer
	control *http.ResponseController
	clock   clock.Clock
	buffer  []byte
}

// streamPiece is the size at which what was gathered goes out.
const streamPiece = 16 << 10

func newStreamWriter(out huma.Context, c clock.Clock) *streamWriter {
	out.SetHeader("Content-Type", "text/event-stream")
	out.SetHeader("Cache-Control", "no-store, no-transform")
	out.SetHeader("X-Accel-Buffering", "no") // nginx holds streams back otherwise
	out.SetStatus(http.StatusOK)
	_, w := humago.Unwrap(out)
	return &streamWriter{w: w, control: http.NewResponseController(w), clock: c}
}

// event gathers one event; without an id the reader's place stays where it is.
// data is JSON, which has no line breaks as we write it.
func (o *streamWriter) event(name string, id places, data []byte) error {
	o.buffer = append(o.buffer, "event: "+name+"\n"...)
	if id != nil {
		o.buffer = append(o.buffer, "id: "+id.String()+"\n"...)
	}
	o.buffer = slices.Concat(o.buffer, []byte("data: "), data, []byte("\n\n"))
	if len(o.buffer) >= streamPiece {
		return o.flush()
	}
	return nil
}

// comment sends a line that clients ignore, with the place from which a reader
// who saw nothing else can come back.
func (o *streamWriter) comment(text string, id places) error {
	o.buffer = append(o.buffer, ": "+text+"\n"...)
	if id != nil {
		o.buffer = append(o.buffer, "id: "+id.String()+"\n"...)
	}
	o.buffer = append(o.buffer, '\n')
	return o.flush()
}

// comeAgain tells the reader how long to wait before he comes back.
func (o *streamWriter) comeAgain(wait time.Duration) error {
	o.buffer = fmt.Appendf(o.buffer, "retry: %d\n\n", wait.Milliseconds())
	return o.flush()
}

// flush sends what was gathered. A reader who does not take it in time is
// gone.
func (o *streamWriter) flush() error {
	if len(o.buffer) == 0 {
		return nil
	}
	_ = o.control.SetWriteDeadline(clock.Deadline(o.clock, streamPatience)) // a connection without deadlines is a test's
	_, err := o.w.Write(o.buffer)
	o.buffer = o.buffer[:0]
	if err != nil {
		return err
	}
	return o.control.Flush()
}
