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
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// How often the fleet looks after itself.
const (
	beatEvery   = 2 * time.Second  // the node's lease
	sweepEvery  = time.Second      // deadlines of commands
	tendEvery   = time.Second      // what is known and desired of stations
	reopenEvery = 5 * time.Second  // commands whose hint was lost, or whose station is away
	seenEvery   = time.Minute      // signs of life, in bulk
	goneEvery   = time.Minute      // sessions of stations that are away for days
	goneMax     = 64               // such stations at a time
	overdueMax  = 256              // commands of offline stations that one sweep ends
	overdueLag  = 10 * time.Second // what an owner gets to end a command itself
)

// Run keeps the node's lease, ends commands whose time is over, finds commands
// whose hint was lost and writes signs of life, until ctx ends. None of these
// waits for another: a slow one does not cost the node its lease.
func (f *Fleet) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	loop := func(every time.Duration, upkeep func(context.Context) error) {
		loops.Go(func() { f.repeat(ctx, every, upkeep) })
	}
	loop(beatEvery, func(ctx context.Context) error { return f.store.Beat(ctx, f.node) })
	loop(sweepEvery, f.sweep)
	loop(reopenEvery, f.reopen)
	loop(tendEvery, f.tend)
	loop(seenEvery, f.writeSeen)
	loop(goneEvery, f.closeGone)
	loops.Wait()
	return nil
}

// repeat calls upkeep now and then until ctx ends.
func (f *Fleet) repeat(ctx context.Context, every time.Duration, upkeep func(context.Context) error) {
	ticks, stop := f.clock.Ticker(every)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		if err := upkeep(ctx); err != nil && ctx.Err() == nil {
			f.log.Warn("fleet upkeep", "error", err)
		}
	}
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
// was lost, or there was no room. It ends those whose station is away.
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
	return f.expireOffline(ctx, f.clock.Now().Add(-overdueLag))
}

func (o *Owner) reopen(ctx context.Context, c command.Command) error {
	if err := o.take(ctx); err != nil {
		return unless(err, change.ErrSuperseded)
	}
	defer o.yield()
	return o.takeUp(ctx, c)
}

// expireOffline ends commands that were due before and that no owner ended:
// their station is away.
func (f *Fleet) expireOffline(ctx context.Context, before time.Time) error {
	overdue, err := f.store.OverdueCommands(ctx, before, overdueMax)
	if err != nil {
		return err
	}
	for i := range overdue {
		if o := f.owner(overdue[i].Station); o != nil && !o.busy() { // it knows better what that means; what it ends has moved below
			if err := unless(o.expire(ctx, f.clock.Now()), change.ErrSuperseded); err != nil {
				return err
			}
		}
		next := overdue[i].Expire(f.clock.Now())
		set := &change.Set{Commands: []command.Command{next}, Events: []event.Event{commandEvent(event.CommandFinished, &next)}}
		if err := f.store.Commit(ctx, set); err != nil && !fault.Is(err, fault.Stale) {
			return err
		}
		f.announce(next.ID)
	}
	return nil
}

// writeSeen writes when each station was last heard.
func (f *Fleet) writeSeen(ctx context.Context) error {
	f.strangers.forget(f.clock.Now()) // as good a minute as any
	at := make(map[ident.StationID]time.Time)
	for _, o := range f.owners() {
		at[o.id] = time.UnixMicro(o.seen.Load()).UTC()
	}
	if len(at) == 0 {
		return nil
	}
	return f.store.Seen(ctx, at)
}

func formatVersion(v int64) string { return strconv.FormatInt(v, 10) }

// noConnection stands in for the socket of an offline station.
type noConnection struct{}

func (noConnection) Do(command.Command) error {
	return fault.New(fault.Conflict, "station_offline")
}

func (noConnection) Close(string) {}
