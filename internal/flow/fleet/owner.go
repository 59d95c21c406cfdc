package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

var errSuperseded = change.ErrSuperseded

// Owner is one connection's right to speak for a station. One thing happens
// to a station at a time: every method takes the station's turn and returns
// after its commit. Usually the goroutine that reads the socket calls them,
// so the turn is free and costs nothing.
type Owner struct {
	fleet   *Fleet
	id      ident.StationID
	epoch   int64
	under   lease.Grant // of who writes for a station that nobody owns; zero: this is its owner
	conn    Connection
	place   int                             // in Fleet.row, guarded by Fleet.mu
	seen    atomic.Int64                    // when the station was last heard, in microseconds
	seenRow atomic.Int64                    // the same as its row says it; of [Fleet.writeSeen]
	pending atomic.Int32                    // len(asked), for the sweep
	left    atomic.Pointer[departure]       // the socket is gone; nil while it is there
	view    atomic.Pointer[station.Station] // what Snapshot returns: the committed station
	screen  showing                         // what it can show
	due     atomic.Int64                    // when to look at sessions and connectors again, in microseconds; 0: now

	turn chan struct{} // held while anything below is read or written

	stale      bool             // memory may differ from the database: load before the next decision
	gone       bool             // superseded or released: nothing is written any more
	waited     bool             // when it was loaded there were commands that had not finished
	station    *station.Station // as committed; shared with view and never written through
	link       station.Link
	connectors []station.Connector
	open       []session.Session
	lastMeter  int64                      // number of the last frame outside transactions
	statusLate time.Duration              // by how much the last status was older than its arrival
	asked      map[ident.CommandID]*asked // commands that are not finished; nil when none, askedMax at most
	storms     map[Place]station.Storm    // connectors that changed lately; nil when none
	followed   []followed                 // raw starts whose session is still to come; nil when none
	care       care                       // of its device
}

// departure is when and why a socket went.
type departure struct {
	at     time.Time
	reason string
}

// Bounds of what a station makes its owner remember. None has as many; who
// exceeds them is refused.
const (
	askedMax      = 256 // commands: four times what waits in a socket's queue
	connectorsMax = 256
	openMax       = 256 // sessions at a time
)

// decisionTries bounds how often a decision is made again because a row of
// others moved. Contention on one token or wallet is a few tries; more is a
// fault of ours.
const decisionTries = 8

// Snapshot returns the station as last committed, without its connectors. It is
// shared: nobody writes through it.
func (o *Owner) Snapshot() *station.Station { return o.view.Load() }

// Seen notes that the station gave a sign of life. It is written in bulk.
func (o *Owner) Seen(at time.Time) { o.seen.Store(at.UnixMicro()) }

// take waits for the station's turn. The caller gives it back with yield.
func (o *Owner) take(ctx context.Context) error {
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.TimedOut, "station_busy")
	}
	if o.gone {
		o.yield()
		return errSuperseded
	}
	if !o.stale {
		return nil
	}
	if err := o.load(ctx); err != nil {
		o.yield()
		return err
	}
	return nil
}

func (o *Owner) yield() { <-o.turn }

// busy reports whether somebody has the turn, for those who would rather come
// again than wait.
func (o *Owner) busy() bool { return len(o.turn) > 0 }

// load reads the station's state. A station that is another's, or no more, is
// lost. Only with the turn.
func (o *Owner) load(ctx context.Context) error {
	detail, open, err := o.read(ctx)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && detail.Epoch != o.epoch:
		o.lose()
		return errSuperseded
	case err != nil:
		return err
	}
	o.link, o.connectors, o.open, o.waited = detail.Link, detail.Connectors, open, detail.Asked
	if o.station == nil || o.station.Version != detail.Station.Version {
		st := detail.Station // a copy: the rest of what was read goes
		o.become(&st)
	}
	if err := o.review(ctx); err != nil {
		return err
	}
	o.lookAt(time.Time{})
	o.stale = false
	o.care.forget()
	return nil
}

// read asks the database for the station's state, and for the station itself
// when that has moved since it was read.
func (o *Owner) read(ctx context.Context) (station.Detail, []session.Session, error) {
	if o.station == nil {
		return o.fleet.store.Owned(ctx, o.id)
	}
	return o.fleet.store.Known(ctx, o.station)
}

// become makes st the committed station, for Snapshot too; nobody writes through
// it from then on. Only with the turn.
func (o *Owner) become(st *station.Station) {
	o.station = st
	o.view.Store(st)
}

// decision builds a change from the owner's state; then brings the state up to
// date once it is committed. A nil set changes nothing.
type decision func(ctx context.Context) (set *change.Set, then func(), err error)

// settle makes a decision durable: decide, commit, remember. When a row that
// the decision read has moved, the state is loaded anew and the decision made
// again.
func (o *Owner) settle(ctx context.Context, decide decision) error {
	if err := o.take(ctx); err != nil {
		return err
	}
	defer o.yield()
	return o.settleInTurn(ctx, decide)
}

// settleInTurn is settle for a caller who has the turn.
func (o *Owner) settleInTurn(ctx context.Context, decide decision) error {
	for range decisionTries {
		set, then, err := decide(ctx)
		if err != nil || set == nil {
			return err
		}
		o.sign(set)
		err = o.fleet.store.Commit(ctx, set)
		if err == nil {
			then()
			return nil
		}
		if errors.Is(err, change.ErrSuperseded) {
			o.lose()
			return err
		}
		o.stale = true // refused, or nobody knows: the database tells
		if !errors.Is(err, change.ErrStale) && !errors.Is(err, change.ErrExists) {
			return err
		}
		if err := o.load(ctx); err != nil {
			return err
		}
	}
	return fault.New(fault.Unavailable, "too_much_contention", "station", string(o.id))
}

// lose ends the owner after another has taken its station, or somebody has
// deleted it. Only with the turn.
func (o *Owner) lose() {
	o.end()
	o.conn.Close("superseded")
}

// end lets go of everything. Only with the turn.
func (o *Owner) end() {
	o.gone = true
	if o.care.work.reporting() {
		o.fleet.unfinished.left(o.id, o.fleet.clock.Now())
	}
	o.fleet.forget(o)
	o.abandon()
}

// sign puts the station's name under everything in set that needs it.
func (o *Owner) sign(set *change.Set) {
	set.Owner = change.Owner{Station: o.id, Organisation: o.station.Organisation, Epoch: o.epoch}
	set.Under = o.under
	now := o.fleet.clock.Now()
	for i := range set.Findings {
		f := &set.Findings[i]
		f.Organisation, f.Station = o.station.Organisation, o.id
		if f.ID == "" {
			f.ID = ident.New[ident.FindingID](now)
		}
		if f.At.IsZero() {
			f.At = now
		}
	}
	for i := range set.Resolved {
		r := &set.Resolved[i]
		r.Station = o.id
		if !r.At.IsZero() {
			set.Events = append(set.Events, event.Event{
				Type: event.FindingResolved, Subject: string(o.id), At: r.At, Data: station.ResolutionNotice{Session: r.Session, Code: r.Code},
			})
		}
	}
	for i := range set.Events {
		e := &set.Events[i]
		e.Organisation, e.Site, e.Station = o.station.Organisation, o.station.Site, o.id
		if e.At.IsZero() {
			e.At = now
		}
	}
}

// begin loads what the station left when it was here last, and goes on with it.
func (o *Owner) begin(ctx context.Context, h Hello) error {
	if err := o.take(ctx); err != nil {
		return err
	}
	waited := o.waited
	o.yield()
	o.care.at(h.At.Add(connectRest))
	if !waited {
		return nil
	}
	return o.resume(ctx)
}

// Release gives the station up because its socket is gone. Callers who wait
// for an answer get station_closed. While the database is away the fleet tries
// again, so that a station is not shown online for ever.
func (o *Owner) Release(ctx context.Context, reason string) {
	o.left.CompareAndSwap(nil, &departure{o.fleet.clock.Now(), reason})
	if err := o.leave(ctx); err != nil {
		o.fleet.log.Warn("station not released yet", "station", o.id, "error", err)
	}
}

// leave writes that the station is offline since its socket went. After an
// error that may pass it is to be called again.
func (o *Owner) leave(ctx context.Context) error {
	if err := o.take(ctx); err != nil {
		return unless(err, change.ErrSuperseded)
	}
	defer o.yield()
	o.abandon()
	left := o.left.Load()
	err := o.settleInTurn(ctx, func(context.Context) (*change.Set, func(), error) {
		link := o.link
		link.Online, link.Node, link.Since, link.CloseReason = false, "", left.at, left.reason
		link.LastSeen = time.UnixMicro(o.seen.Load()).UTC()
		set := &change.Set{
			Links:     []station.Link{link},
			Intervals: station.Disconnected(o.link, left.at),
			Events:    []event.Event{station.LinkEvent(link, event.StationDisconnected)},
		}
		return set, func() { o.link = link }, nil
	})
	if !fault.Is(err, fault.Unavailable) {
		o.end()
	}
	return unless(err, change.ErrSuperseded)
}

// unless returns err, nil when it is of the kind that is no news.
func unless(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
