package consume

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	// batchMax bounds the events that a consumer is asked about at once: what it
	// makes of them is one commit, which others wait behind.
	batchMax = 200
	// idleMax is how long a consumer's place is not written while it has nothing
	// to say of the events: a crash then costs reading them again.
	idleMax = 5 * time.Second
	// triesMax is how often an event is tried before it is given up.
	triesMax = 5
	// firstPause is how long an event rests after its first failure, and three
	// times as long after each more: 40 s in all, in which somebody may mend what
	// it fails by.
	firstPause = time.Second
	// movedMax bounds how often a decision is made again because rows moved: more
	// than a few times is no contention but a fault, and counts as a try.
	movedMax = 8
	// breath is what a worker lets pass between two looks: hints come one by one,
	// and what they tell of is cheaper to take together.
	breath = 100 * time.Millisecond
	// awayPause is between two looks while the database is away.
	awayPause = time.Second
)

// worker follows one stream for one consumer, while it holds the lease. What it
// knows beyond the rows is where it was when it last read them.
type worker struct {
	*Service
	consumer *Consumer
	stream   string
	name     lease.Name
	wake     chan struct{} // there may be news

	// Of one turn.
	under   lease.Grant
	cursor  event.Cursor // as committed; its Version 0: there is none
	at      int64        // number of the last event that it is done with, cursor.Number or later
	since   time.Time    // steady moment at which at went ahead of cursor
	moved   int          // how often the decision was made again
	careful int64        // up to this number events are decided one by one: one of them fails
}

// follow is the work of one turn. It returns nil when the stream is done with,
// or ctx ends.
func (w *worker) follow(ctx context.Context, under lease.Grant) error {
	w.under, w.careful, w.moved = under, 0, 0
	stale := true // what we know of the cursor
	for {
		pause := lookEvery
		if stale {
			if err := w.load(ctx); err != nil {
				pause = awayPause
			} else {
				stale = false
			}
		}
		if !stale {
			done, more, err := w.step(ctx)
			switch {
			case done || errors.Is(err, change.ErrLeaseLost):
				return nil
			case err == nil && more:
				continue
			case err != nil:
				stale = true // refused, or nobody knows: the row tells
				pause = w.pause(ctx, err)
			}
		}
		if !w.rest(ctx, pause, !stale) {
			return nil
		}
	}
}

// rest waits for pause, or for news when that is worth waking up for; false
// when ctx has ended.
func (w *worker) rest(ctx context.Context, pause time.Duration, news bool) bool {
	wake := w.wake
	if !news {
		wake = nil
	}
	if pause > breath {
		pause -= breath
		select {
		case <-ctx.Done():
			return false
		case <-w.Clock.After(breath):
		}
	}
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-w.Clock.After(pause):
	}
	return ctx.Err() == nil
}

// pause tells of an error and returns how long to wait for it to pass.
func (w *worker) pause(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil || rowMoved(err) {
		return breath
	}
	if failed, ok := errors.AsType[failure](err); ok {
		w.Log.Warn("event not taken", "consumer", w.consumer.Name, "stream", w.stream, "number", failed.number, "tries", failed.tries, "error", failed.cause)
		pause := firstPause
		for range failed.tries - 1 {
			pause *= 3
		}
		return pause
	}
	w.Log.Warn("consumer waits", "consumer", w.consumer.Name, "stream", w.stream, "error", err)
	return awayPause
}

// failure is an event's failure that is written down.
type failure struct {
	number, tries int64
	cause         error
}

func (f failure) Error() string {
	return fmt.Sprintf("event %d, try %d: %v", f.number, f.tries, f.cause)
}

// load reads how far the consumer has come.
func (w *worker) load(ctx context.Context) error {
	cursor, err := w.Store.Cursor(ctx, w.consumer.Name, w.stream)
	switch {
	case fault.Is(err, fault.NotFound):
		cursor = event.Cursor{Consumer: w.consumer.Name, Position: event.Position{Stream: w.stream}}
	case err != nil:
		return err
	}
	w.cursor, w.at = cursor, cursor.Number
	return nil
}

// step takes the next events. done: there will be none; more: there may be some
// now.
func (w *worker) step(ctx context.Context) (done, more bool, err error) {
	limit := batchMax
	if w.cursor.Tries > 0 || w.at < w.careful {
		limit = 1
	}
	of, events, err := w.Store.StreamAfter(ctx, event.Position{Stream: w.stream, Number: w.at}, limit)
	if fault.Is(err, fault.NotFound) {
		return true, false, nil // pruned as a whole
	}
	if err != nil {
		return false, false, err
	}
	if w.at < of.Pruned {
		if w.cursor.Version > 0 {
			w.Log.Error("events were pruned before they were consumed", "consumer", w.consumer.Name, "stream", w.stream, "from", w.at+1, "to", of.Pruned)
		}
		w.at = of.Pruned
	}
	if len(events) == 0 {
		due := of.Ended || w.Clock.Steady().Sub(w.since) >= idleMax
		if w.at > w.cursor.Number && due || of.Ended && w.cursor.Version == 0 {
			err = w.land(ctx, new(change.Set), w.at)
		}
		return err == nil && of.Ended && w.at >= of.Head, false, err
	}
	err = w.take(ctx, events)
	return false, len(events) == limit || w.at < w.careful, err
}

// take lets the consumer decide about events, and makes that durable.
func (w *worker) take(ctx context.Context, events []event.Recorded) error {
	last := events[len(events)-1].Number
	set, err := w.decide(ctx, events)
	if err == nil {
		if set == nil && w.cursor.Tries == 0 {
			return w.skip(ctx, last)
		}
		if set == nil {
			set = new(change.Set)
		}
		err = w.land(ctx, set, last)
	}
	if err != nil && rowMoved(err) {
		w.moved++
	} else {
		w.moved = 0
	}
	switch {
	case err == nil:
		return nil
	case passes(ctx, err), rowMoved(err) && w.moved < movedMax, errors.Is(err, change.ErrLeaseLost):
		return err
	}
	w.moved = 0 // that was a try
	if len(events) > 1 {
		w.careful = last // one of them it is
		return nil
	}
	return w.fail(ctx, &events[0], err)
}

// passes reports whether an error is none of the event's.
func passes(ctx context.Context, err error) bool {
	return ctx.Err() != nil || fault.Is(err, fault.Unavailable)
}

// rowMoved reports whether a commit was refused because of what others wrote
// since it was decided.
func rowMoved(err error) bool { return fault.Is(err, fault.Stale) || errors.Is(err, change.ErrExists) }

// decide asks the consumer. One that panics has failed: the same event would
// make it panic after every restart.
func (w *worker) decide(ctx context.Context, events []event.Recorded) (set *change.Set, err error) {
	defer func() {
		if p := recover(); p != nil {
			w.Log.Error("consumer panics", "consumer", w.consumer.Name, "panic", p, "stack", string(debug.Stack()))
			set, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	return w.consumer.Decide(ctx, events)
}

// skip goes on without a change. That is written now and then only.
func (w *worker) skip(ctx context.Context, to int64) error {
	now := w.Clock.Steady()
	if w.at == w.cursor.Number {
		w.since = now
	}
	w.at = to
	if now.Sub(w.since) < idleMax {
		return nil
	}
	return w.land(ctx, new(change.Set), to)
}

// land makes a change durable, with the consumer's place behind it.
func (w *worker) land(ctx context.Context, set *change.Set, to int64) error {
	next := w.cursor
	next.Number, next.Tries = to, 0
	return w.move(ctx, set, next)
}

// move commits a change and the cursor, from how it was to next.
func (w *worker) move(ctx context.Context, set *change.Set, next event.Cursor) error {
	next.Version++
	set.Under = w.under
	set.Cursors = append(set.Cursors, next)
	err := w.Store.Commit(ctx, set)
	if err == nil {
		w.cursor, w.at = next, next.Number
	}
	return err
}

// fail counts that an event failed, and gives it up when that was the last try.
func (w *worker) fail(ctx context.Context, e *event.Recorded, cause error) error {
	next := w.cursor
	next.Number, next.Tries = e.Number-1, next.Tries+1
	if next.Tries < triesMax {
		if err := w.move(ctx, new(change.Set), next); err != nil {
			return err
		}
		return failure{e.Number, next.Tries, cause}
	}
	w.Log.Error("event given up", "consumer", w.consumer.Name, "stream", w.stream, "number", e.Number, "type", string(e.Type), "error", cause)
	return w.land(ctx, w.giveUp(e, next.Tries, cause), e.Number)
}

// giveUp returns the change by which an event becomes a dead letter, with the
// finding and the event that tell people of it. That telling of a failure has
// failed is told to nobody: it would never end.
func (w *worker) giveUp(e *event.Recorded, tries int64, cause error) *change.Set {
	now := w.Clock.Now()
	l := event.DeadLetter{
		ID: ident.New[ident.DeadLetterID](now), Consumer: w.consumer.Name, Event: *e, Code: fault.CodeOf(cause), Error: cause.Error(),
		Tries: tries, FailedAt: now, Version: 1,
	}
	set := new(change.Set)
	if e.Type != event.EventFailed && e.Type != event.EventSettled {
		f := station.Finding{
			ID: ident.New[ident.FindingID](now), Organisation: e.Organisation, Station: e.Station, Code: station.EventFailed,
			Detail: w.consumer.Name + " could not take " + string(e.Type) + " of " + e.Subject + ": " + l.Code, At: now,
		}
		l.Finding = f.ID
		set.Findings = append(set.Findings, f)
		set.Events = append(set.Events, letterEvent(event.EventFailed, &l, now))
	}
	set.DeadLetters = append(set.DeadLetters, l)
	return set
}

// letterEvent is the event that tells of l.
func letterEvent(t event.Type, l *event.DeadLetter, now time.Time) event.Event {
	return event.Event{
		Type: t, Organisation: l.Event.Organisation, Site: l.Event.Site, Station: l.Event.Station, Subject: string(l.ID), Version: l.Version,
		At: now, Data: l.Notice(),
	}
}
