package fleet

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// How often the fleet looks after itself.
const (
	sweepEvery  = time.Second      // deadlines of commands
	tendEvery   = time.Second      // what is known and desired of stations
	reopenEvery = 5 * time.Second  // commands whose hint was lost, or whose station is away
	seenEvery   = time.Minute      // signs of life, in bulk
	lostEvery   = time.Second      // stations of dead nodes
	lostMax     = 256              // such stations at a time: one commit, so that the others have the disk in between
	goneEvery   = time.Minute      // sessions of stations that are away for days
	goneMax     = 64               // such stations at a time
	overdueMax  = 256              // commands of offline stations that one sweep ends
	overdueLag  = 10 * time.Second // what an owner gets to end a command itself
)

// Run does what a node does for itself and its own stations, until ctx ends: it
// keeps the node's lease and ends those of dead nodes, ends commands whose time
// is over, finds commands whose hint was lost and writes signs of life. None of
// these waits for another: a slow one does not cost the node its lease.
func (f *Fleet) Run(ctx context.Context) error {
	return f.loops(ctx, []upkeep{
		{lease.Beat, func(ctx context.Context) error { return f.store.Beat(ctx, f.node) }},
		{lease.Beat, f.watch},
		{sweepEvery, f.sweep},
		{reopenEvery, f.reopen},
		{tendEvery, f.tend},
		{seenEvery, f.writeSeen},
	})
}

// Work does what one node does for all stations that nobody owns, until ctx
// ends: it writes down that those of dead nodes are offline, ends their overdue
// commands, and closes the sessions of those that are gone for good. What it
// writes names the lease under which it works.
func (f *Fleet) Work(ctx context.Context, under lease.Grant) error {
	return f.loops(ctx, []upkeep{
		{lostEvery, func(ctx context.Context) error { return f.writeLost(ctx, under) }},
		{reopenEvery, func(ctx context.Context) error { return f.expireOffline(ctx, under) }},
		{goneEvery, func(ctx context.Context) error { return f.closeGone(ctx, under) }},
	})
}

// upkeep is something that is done now and then.
type upkeep struct {
	every time.Duration
	do    func(context.Context) error
}

// loops does each of all beside the others until ctx ends. The tickers are made
// here, one after the other, so that a simulation finds them in one order.
func (f *Fleet) loops(ctx context.Context, all []upkeep) error {
	var running sync.WaitGroup
	for _, u := range all {
		ticks, stop := f.clock.Ticker(u.every)
		running.Go(func() {
			defer stop()
			f.repeat(ctx, ticks, u.do)
		})
	}
	running.Wait()
	return nil
}

// repeat calls do at once, for it may have waited for somebody to do it, and at
// each tick until ctx ends.
func (f *Fleet) repeat(ctx context.Context, ticks <-chan time.Time, do func(context.Context) error) {
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			f.log.Warn("fleet upkeep", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// watch ends the leases of nodes whose beat stands still. Every node watches,
// so that it does not matter which one has died.
func (f *Fleet) watch(ctx context.Context) error {
	signs, err := f.store.Leases(ctx)
	if err != nil {
		return err
	}
	for _, dead := range f.neighbours.Dead(f.clock.Steady(), signs) {
		if dead == f.node {
			continue // who can say that is not dead; others judge
		}
		f.log.Warn("node is dead", "node", dead)
		if err := f.store.EndLease(ctx, dead); err != nil {
			return err
		}
	}
	return nil
}

// writeLost writes down that stations of dead nodes are offline. Lists and
// filters know since the node's lease ended; this is the news for whoever
// follows events, and the history of their connections. It is paced, because
// most stations come back at the same time; those are left alone: their new
// epoch refuses it.
func (f *Fleet) writeLost(ctx context.Context, under lease.Grant) error {
	lost, err := f.store.LostLinks(ctx, lostMax)
	if err != nil {
		return err
	}
	errs := make([]error, len(lost))
	var all sync.WaitGroup
	for i, l := range lost {
		all.Go(func() { errs[i] = unless(f.stray(l, under).lapse(ctx, l), change.ErrSuperseded) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// lapse writes that the connection l, which nobody saw end, ended when the
// station was heard last.
func (o *Owner) lapse(ctx context.Context, l station.Link) error {
	return o.settle(ctx, func(context.Context) (*change.Set, func(), error) {
		next := l.Lapse()
		return &change.Set{
			Links:     []station.Link{next},
			Intervals: station.Lapsed(l),
			Events:    []event.Event{station.LinkEvent(next, event.StationDisconnected)},
		}, func() {}, nil
	})
}

// stray returns an owner for a station that has none: its rows are written under
// the epoch that its last owner left, and under the lease of who cares for such
// stations. Should the station connect, its new epoch refuses that.
func (f *Fleet) stray(l station.Link, under lease.Grant) *Owner {
	return &Owner{fleet: f, id: l.Station, epoch: l.Epoch, under: under, conn: noConnection{}, turn: make(chan struct{}, 1), stale: true}
}

// sweep ends commands that are overdue, looks at sessions when it is time, and
// gives up stations whose socket is gone and whose release did not come
// through. A station that is busy has its turn the next time; while the
// database is away so have all.
func (f *Fleet) sweep(ctx context.Context) error {
	now := f.clock.Now()
	var errs []error
	for _, o := range f.owners() {
		var err error
		switch {
		case o.busy():
		case o.left.Load() != nil:
			err = o.leave(ctx)
		default:
			if err = o.expire(ctx, now); err == nil && o.due.Load() <= now.UnixMicro() {
				err = o.judge(ctx, now)
			}
			err = unless(err, change.ErrSuperseded)
		}
		if fault.Is(err, fault.Unavailable) {
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// reopen gives stations the commands that they have not been given: their hint
// was lost, or there was no room.
func (f *Fleet) reopen(ctx context.Context) error {
	open, err := f.store.OpenCommandsOfNode(ctx, f.node)
	if err != nil {
		return err
	}
	for _, c := range open {
		if o := f.owner(c.Station); o != nil && c.State == command.Queued && !o.busy() {
			if err := o.reopen(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *Owner) reopen(ctx context.Context, c command.Command) error {
	if err := o.take(ctx); err != nil {
		return unless(err, change.ErrSuperseded)
	}
	defer o.yield()
	return o.takeUp(ctx, c)
}

// expireOffline ends commands that were due a while ago and that no owner ended:
// their station is away.
func (f *Fleet) expireOffline(ctx context.Context, under lease.Grant) error {
	overdue, err := f.store.OverdueCommands(ctx, f.clock.Now().Add(-overdueLag), overdueMax)
	if err != nil {
		return err
	}
	for i := range overdue {
		if o := f.owner(overdue[i].Station); o != nil { // it knows better what that means; what it ends has moved below
			if o.busy() {
				continue // perhaps with this very command: its own sweep comes every second
			}
			if err := unless(o.expire(ctx, f.clock.Now()), change.ErrSuperseded); err != nil {
				return err
			}
		}
		next := overdue[i].Expire(f.clock.Now())
		set := &change.Set{Under: under, Commands: []command.Command{next}, Events: []event.Event{commandEvent(event.CommandFinished, &next)}}
		if err := f.store.Commit(ctx, set); err != nil && (!fault.Is(err, fault.Stale) || errors.Is(err, change.ErrLeaseLost)) {
			return err
		}
		f.announce(next.ID)
	}
	return nil
}

// writeSeen writes when each station was last heard, if that was since it was
// last written: most are silent for minutes.
func (f *Fleet) writeSeen(ctx context.Context) error {
	f.strangers.forget(f.clock.Now()) // as good a minute as any
	at := make(map[ident.StationID]time.Time)
	for _, o := range f.owners() {
		if seen := o.seen.Load(); seen != o.seenRow.Load() {
			at[o.id] = time.UnixMicro(seen).UTC()
		}
	}
	if len(at) == 0 {
		return nil
	}
	if err := f.store.Seen(ctx, at); err != nil {
		return err
	}
	for id, seen := range at {
		if o := f.owner(id); o != nil {
			o.seenRow.Store(seen.UnixMicro())
		}
	}
	return nil
}

func formatVersion(v int64) string { return strconv.FormatInt(v, 10) }

// noConnection stands in for the socket of an offline station.
type noConnection struct{}

func (noConnection) Do(command.Command) error {
	return fault.New(fault.Conflict, "station_offline")
}

// Show implements [Connection].
func (noConnection) Show(screen.Shown) error {
	return fault.New(fault.Conflict, "station_offline")
}

func (noConnection) Close(string) {}
