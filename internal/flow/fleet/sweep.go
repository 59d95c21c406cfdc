package fleet

import (
	"context"
	"errors"
	"strconv"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// How often the fleet looks after itself.
const (
	beatEvery  = 2 * time.Second  // the node's lease
	sweepEvery = time.Second      // deadlines of commands
	reopenTick = 5                // sweeps between two looks for commands whose hint was lost
	seenEvery  = time.Minute      // signs of life, in bulk
	overdueMax = 256              // commands of offline stations that one sweep ends
	overdueLag = 10 * time.Second // what an owner gets to end a command itself
)

// Run keeps the node's lease, ends commands whose time is over, finds commands
// whose hint was lost and writes signs of life, until ctx ends.
func (f *Fleet) Run(ctx context.Context) error {
	beats, stopBeats := f.clock.Ticker(beatEvery)
	defer stopBeats()
	sweeps, stopSweeps := f.clock.Ticker(sweepEvery)
	defer stopSweeps()
	sights, stopSights := f.clock.Ticker(seenEvery)
	defer stopSights()
	for n := 0; ; {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-beats:
			err = f.store.Beat(ctx, f.node)
		case <-sweeps:
			n++
			err = f.sweep(ctx, n%reopenTick == 0)
		case <-sights:
			err = f.writeSeen(ctx)
		}
		if err != nil && ctx.Err() == nil {
			f.log.Warn("fleet upkeep", "error", err)
		}
	}
}

// sweep ends what is overdue; with reopen it also takes up commands that this
// node's stations have not been given.
func (f *Fleet) sweep(ctx context.Context, reopen bool) error {
	now := f.clock.Now()
	var errs []error
	for _, o := range f.owners() {
		if err := o.expire(ctx, now); err != nil && !errors.Is(err, change.ErrSuperseded) {
			errs = append(errs, err)
		}
	}
	if reopen {
		errs = append(errs, f.reopen(ctx), f.expireOffline(ctx, now.Add(-overdueLag)))
	}
	return errors.Join(errs...)
}

// reopen gives stations the commands whose hint was lost.
func (f *Fleet) reopen(ctx context.Context) error {
	open, err := f.store.OpenCommandsOfNode(ctx, f.node)
	if err != nil {
		return err
	}
	for _, c := range open {
		if o := f.owner(c.Station); o != nil && c.State == command.Queued {
			o.deliver(c, nil)
		}
	}
	return nil
}

// expireOffline ends commands that were due before and that no owner ended:
// their station is away.
func (f *Fleet) expireOffline(ctx context.Context, before time.Time) error {
	overdue, err := f.store.OverdueCommands(ctx, before, overdueMax)
	if err != nil {
		return err
	}
	for i := range overdue {
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
