// Package leases gives this node its turn at work that one node does at a time.
//
// Guarantees: work runs only while this node holds the lease, as far as it
// knows; what it commits under its grant is refused from the moment that another
// has taken the lease, whatever this node knows. When a holder stops in order,
// the next one begins within [lease.Beat] and a commit. When a holder dies, the
// next begins after [lease.Term] and at most two looks more, 19 s; at once when
// the holder's node is known to be dead, as after a restart on SQLite.
package leases

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/lease"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Store is what leases needs of the database. A lease that has moved since it
// was read, or is another's, is of kind Stale.
type Store interface {
	Lease(ctx context.Context, name lease.Name) (lease.Lease, error)
	TakeLease(ctx context.Context, l lease.Lease, node ident.NodeID) (lease.Grant, error)
	BeatLease(ctx context.Context, g lease.Grant) error
	DropLease(ctx context.Context, g lease.Grant) error
}

// Leases is this node's part in them. Its methods are safe for concurrent use.
type Leases struct {
	store Store
	clock clock.Clock
	log   *slog.Logger
	node  ident.NodeID
}

// New returns the leases of a node; it needs all four.
func New(store Store, c clock.Clock, log *slog.Logger, node ident.NodeID) *Leases {
	return &Leases{store: store, clock: c, log: log, node: node}
}

// holdMax is for how long a holder works without having shown that it lives: it
// stops before others may think that it is dead.
const holdMax = lease.Term - lease.Stride

// Ends tells whether an error that one thing met ends the whole round of work: ctx is
// over, the database is away or does not answer, or the lease is another's. Any other
// is that thing's alone, and a round goes on with the others.
func Ends(ctx context.Context, err error) bool {
	return ctx.Err() != nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.TimedOut) || errors.Is(err, change.ErrLeaseLost)
}

// Work is done under a lease until ctx ends, which it does when the lease is
// lost. What it commits names g.
type Work func(ctx context.Context, g lease.Grant) error

// Hold waits for its turn at name and does the work, again and again, until the
// work ends by itself or ctx does; it returns the work's error. A node holds a
// name once at a time.
func (l *Leases) Hold(ctx context.Context, name lease.Name, work Work) error {
	for {
		g, since, err := l.take(ctx, name)
		if err != nil {
			return nil //nolint:nilerr // ctx has ended
		}
		l.log.Debug("lease taken", "lease", name, "epoch", g.Epoch)
		if done, err := l.keep(ctx, g, since, work); done {
			return err
		}
		l.log.Warn("lease lost", "lease", name, "epoch", g.Epoch)
	}
}

// take waits until the lease is free or its holder dead, and takes it: at since,
// as far as others may have seen. Its error is that ctx has ended.
func (l *Leases) take(ctx context.Context, name lease.Name) (g lease.Grant, since time.Time, err error) {
	var watch lease.Watch[lease.Name]
	ticks, stop := l.clock.Ticker(lease.Beat)
	defer stop()
	for {
		since = l.clock.Steady() // a commit may take its time
		g, taken, err := l.look(ctx, name, &watch)
		if taken {
			return g, since, nil
		}
		if err != nil && !fault.Is(err, fault.Stale) && ctx.Err() == nil {
			l.log.Warn("lease not looked at", "lease", name, "error", err)
		}
		select {
		case <-ctx.Done():
			return g, since, ctx.Err()
		case <-ticks:
		}
	}
}

// look takes the lease if it may. One that has this node as its holder is left
// over from a turn whose end was not written.
func (l *Leases) look(ctx context.Context, name lease.Name, watch *lease.Watch[lease.Name]) (_ lease.Grant, taken bool, _ error) {
	at, err := l.store.Lease(ctx, name)
	if err != nil {
		return lease.Grant{}, false, err
	}
	dead := watch.Dead(l.clock.Steady(), []lease.Sign[lease.Name]{{Of: name, Beat: at.Beat}})
	if !at.Free() && at.Holder != l.node && len(dead) == 0 {
		return lease.Grant{}, false, nil
	}
	g, err := l.store.TakeLease(ctx, at, l.node)
	return g, err == nil, err
}

// keep does the work while it holds the lease, which it showed at since. done
// says that it is not to be done again: it has ended by itself, or ctx has.
func (l *Leases) keep(ctx context.Context, g lease.Grant, since time.Time, work Work) (done bool, err error) {
	working, stop := context.WithCancel(ctx)
	defer stop()
	result := make(chan error, 1)
	go func() { result <- work(working, g) }()

	ticks, stopTicks := l.clock.Ticker(lease.Beat)
	defer stopTicks()
	fuse := l.clock.AfterFunc(holdMax-l.clock.Steady().Sub(since), stop) // burns while the database is away
	defer func() { fuse.Stop() }()
	for {
		select {
		case err := <-result:
			if ctx.Err() == nil && working.Err() != nil {
				return false, nil // its lease was lost, and its error is of that
			}
			l.drop(ctx, g)
			return true, err
		case <-ticks:
		}
		if working.Err() != nil || len(result) > 0 {
			continue // it is on its way out, or over
		}
		began := l.clock.Steady()
		switch err := l.store.BeatLease(working, g); {
		case err == nil:
			fuse.Stop()
			fuse = l.clock.AfterFunc(holdMax-l.clock.Steady().Sub(began), stop)
		case fault.Is(err, fault.Stale):
			stop()
		}
	}
}

// dropTerm bounds what a node that stops waits for a database that is away.
const dropTerm = 2 * time.Second

// drop gives the lease back, so that the next holder need not wait until this
// one seems dead.
func (l *Leases) drop(ctx context.Context, g lease.Grant) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTerm)
	defer cancel()
	if err := l.store.DropLease(ctx, g); err != nil {
		l.log.Warn("lease not given back", "lease", g.Name, "error", err)
	}
}
