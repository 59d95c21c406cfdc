package simtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// books is a node's store with a door before its committer's queue: the driver
// decides in which order changes that were made at once come into it.
type books struct {
	*store.Store
	node *node

	mu      sync.Mutex
	waiting []*entry
	alone   bool // one is in the queue whose parts follow one another: no other is let in
}

// entry is a change before the door.
type entry struct {
	name string // the same in every run
	turn int64
	open chan bool // false: the node is dead
}

// enter waits before the door.
func (b *books) enter(name string) error {
	b.mu.Lock()
	if b.node.dead.Load() {
		b.mu.Unlock()
		return errDead()
	}
	e := &entry{name: name, turn: b.node.world.line.turn.Load(), open: make(chan bool, 1)}
	b.waiting = append(b.waiting, e)
	b.mu.Unlock()
	if !<-e.open {
		return errDead()
	}
	return nil
}

func errDead() error { return fault.New(fault.Unavailable, "database_unavailable") }

// before returns what waits, in an order that is the same in every run.
func (b *books) before() []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := slices.Clone(b.waiting)
	if b.alone {
		found = slices.DeleteFunc(found, func(e *entry) bool { return !strings.HasSuffix(e.name, answered) })
	}
	slices.SortStableFunc(found, func(x, y *entry) int {
		if x.turn != y.turn {
			return int(x.turn - y.turn)
		}
		return strings.Compare(x.name, y.name)
	})
	return found
}

// let lets a change into the queue.
func (b *books) let(e *entry) {
	b.mu.Lock()
	b.waiting = slices.DeleteFunc(b.waiting, func(x *entry) bool { return x == e })
	b.mu.Unlock()
	e.open <- true
}

// close turns everybody away: the node is dead.
func (b *books) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.node.dead.Store(true)
	for _, e := range b.waiting {
		e.open <- false
	}
	b.waiting = nil
}

// nameOf tells a change from others that are made in the same turn.
func nameOf(set *change.Set) string {
	var b strings.Builder
	b.WriteString(string(set.Owner.Station))
	for i := range set.Cursors {
		fmt.Fprintf(&b, " %s/%s", set.Cursors[i].Consumer, set.Cursors[i].Stream)
	}
	for i := range set.Events {
		e := &set.Events[i]
		fmt.Fprintf(&b, " %s/%d", e.Type, e.Version)
	}
	return b.String()
}

// answered marks the way out.
const answered = ", answered"

// through does a write when the driver lets it into the queue, and returns when he
// lets its maker go on: those whose changes share a commit go on one by one.
func (b *books) through(ctx context.Context, name string, write func() error) error {
	if ctx.Err() != nil {
		return errDead() // whether anybody tries when he is told to end is chance
	}
	if err := b.enter(name); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errDead() // and so is whether the committer's queue takes it
	}
	err := write()
	_ = b.enter(name + answered) // of a dead node: what it does next reaches nobody
	return err
}

// Commit is [store.Store.Commit].
func (b *books) Commit(ctx context.Context, set *change.Set) error {
	switch b.node.world.plan.plant {
	case answerFirst:
		if set.Takes != nil {
			break // nobody can go on without what it returns
		}
		kept := *set
		go func() {
			ctx := context.WithoutCancel(ctx)
			_ = b.through(ctx, nameOf(&kept), func() error { return b.Store.Commit(ctx, &kept) })
		}()
		return nil
	case guardLeftOut:
		if d, err := b.Station(ctx, "", string(set.Owner.Station)); err == nil {
			set.Owner.Epoch = d.Epoch
			for i := range set.Links {
				set.Links[i].Epoch = d.Epoch
			}
		}
	case frameLost:
		if len(set.Frames) > 0 && set.Frames[0].Number == 3 {
			set.Frames = nil
		}
	}
	return b.through(ctx, nameOf(set), func() error {
		if b.node.world.plan.plant == writtenTwice && b.Store.Commit(ctx, set) != nil {
			return errDead()
		}
		err := b.Store.Commit(ctx, set)
		if b.node.world.plan.plant == writtenTwice {
			return nil
		}
		return err
	})
}

// TakeEpoch is [store.Store.TakeEpoch].
func (b *books) TakeEpoch(ctx context.Context, id ident.StationID, n ident.NodeID, l station.Link) (taken station.Link, err error) {
	err = b.through(ctx, "epoch "+string(id), func() error {
		taken, err = b.Store.TakeEpoch(ctx, id, n, l)
		return err
	})
	return taken, err
}

// Seen is [store.Store.Seen].
func (b *books) Seen(ctx context.Context, at map[ident.StationID]time.Time) error {
	return b.through(ctx, "seen", func() error { return b.Store.Seen(ctx, at) })
}

// Beat is [store.Store.Beat].
func (b *books) Beat(ctx context.Context, n ident.NodeID) error {
	return b.through(ctx, "beat", func() error { return b.Store.Beat(ctx, n) })
}

// EndLease is [store.Store.EndLease].
func (b *books) EndLease(ctx context.Context, n ident.NodeID) error {
	return b.through(ctx, "end of a node", func() error { return b.Store.EndLease(ctx, n) })
}

// TakeLease is [store.Store.TakeLease].
func (b *books) TakeLease(ctx context.Context, l lease.Lease, n ident.NodeID) (g lease.Grant, err error) {
	err = b.through(ctx, "lease "+string(l.Name), func() error {
		g, err = b.Store.TakeLease(ctx, l, n)
		return err
	})
	return g, err
}

// BeatLease is [store.Store.BeatLease].
func (b *books) BeatLease(ctx context.Context, g lease.Grant) error {
	return b.through(ctx, "beat of lease "+string(g.Name), func() error { return b.Store.BeatLease(ctx, g) })
}

// DropLease is [store.Store.DropLease].
func (b *books) DropLease(ctx context.Context, g lease.Grant) error {
	return b.through(ctx, "end of lease "+string(g.Name), func() error { return b.Store.DropLease(ctx, g) })
}

// Compact is [store.Store.Compact].
func (b *books) Compact(ctx context.Context, now time.Time) error {
	return b.upkeep(ctx, "compaction", func(ctx context.Context) error { return b.Store.Compact(ctx, now) })
}

// upkeep does what commits several times in a row, alone: nobody could tell which
// of its parts shares a commit with whom. The end of ctx finds it between two
// parts or not, so it goes on to its end.
func (b *books) upkeep(ctx context.Context, name string, do func(context.Context) error) error {
	return b.through(ctx, name, func() error {
		b.only(true)
		defer b.only(false)
		return do(context.WithoutCancel(ctx))
	})
}

func (b *books) only(alone bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alone = alone
}

// Trim is [store.Store.Trim].
func (b *books) Trim(ctx context.Context, now time.Time) error {
	return b.upkeep(ctx, "trim", func(ctx context.Context) error { return b.Store.Trim(ctx, now) })
}

// reads reports why nothing can be read.
func (b *books) reads() error {
	d := b.node.world.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away || b.node.dead.Load() {
		return errDead()
	}
	return nil
}

// Owned is [store.Store.Owned].
func (b *books) Owned(ctx context.Context, id ident.StationID) (station.Detail, []session.Session, error) {
	if err := b.reads(); err != nil {
		return station.Detail{}, nil, err
	}
	return b.Store.Owned(ctx, id)
}

// Known is [store.Store.Known].
func (b *books) Known(ctx context.Context, was *station.Station) (station.Detail, []session.Session, error) {
	if err := b.reads(); err != nil {
		return station.Detail{}, nil, err
	}
	return b.Store.Known(ctx, was)
}

// StationByIdentity is [store.Store.StationByIdentity].
func (b *books) StationByIdentity(ctx context.Context, slug string, id ident.Identity) (station.Station, error) {
	if err := b.reads(); err != nil {
		return station.Station{}, err
	}
	return b.Store.StationByIdentity(ctx, slug, id)
}

// TokenByUID is [store.Store.TokenByUID].
func (b *books) TokenByUID(ctx context.Context, org ident.OrganisationID, uid string) (token.Token, error) {
	if err := b.reads(); err != nil {
		return token.Token{}, err
	}
	return b.Store.TokenByUID(ctx, org, uid)
}

// OpenCommands is [store.Store.OpenCommands].
func (b *books) OpenCommands(ctx context.Context, id ident.StationID) ([]command.Command, error) {
	if err := b.reads(); err != nil {
		return nil, err
	}
	return b.Store.OpenCommands(ctx, id)
}

// SessionByTransaction is [store.Store.SessionByTransaction].
func (b *books) SessionByTransaction(ctx context.Context, id ident.StationID, tx string) (session.Session, error) {
	if err := b.reads(); err != nil {
		return session.Session{}, err
	}
	return b.Store.SessionByTransaction(ctx, id, tx)
}

// FrameByDigest is [store.Store.FrameByDigest].
func (b *books) FrameByDigest(ctx context.Context, id ident.StationID, ses ident.SessionID, digest []byte) (meter.Frame, error) {
	if err := b.reads(); err != nil {
		return meter.Frame{}, err
	}
	if b.node.world.plan.plant == repeatsForgotten {
		return meter.Frame{}, fault.New(fault.NotFound, "not_found")
	}
	return b.Store.FrameByDigest(ctx, id, ses, digest)
}

// FrameBySeq is [store.Store.FrameBySeq].
func (b *books) FrameBySeq(ctx context.Context, id ident.StationID, ses ident.SessionID, seqNo int64) (meter.Frame, error) {
	if err := b.reads(); err != nil {
		return meter.Frame{}, err
	}
	if b.node.world.plan.plant == repeatsForgotten {
		return meter.Frame{}, fault.New(fault.NotFound, "not_found")
	}
	return b.Store.FrameBySeq(ctx, id, ses, seqNo)
}

// plant is an error that is put in to see that it is found.
type plant string

const (
	nothing          plant = ""
	answerFirst      plant = "answer before the commit"
	guardLeftOut     plant = "whoever writes may write under the newest epoch"
	writtenTwice     plant = "a change is written twice"
	repeatsForgotten plant = "repeats are taken for news"
	frameLost        plant = "a frame is left out of its commit"
)
