package leases_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/site"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// node is one of several on one database. What it does with leases can be cut
// off, as when the process is stopped or the network gone.
type node struct {
	t      *testing.T
	id     ident.NodeID
	store  *store.Store
	leases *leases.Leases
	cut    atomic.Bool
	late   time.Duration // the answer that it has the lease
	end    func()        // of its store, in order
}

var errCut = fault.New(fault.Unavailable, "database_unavailable")

// stepping is the machine's clock, whose wall time somebody sets.
type stepping struct {
	clock.System
	off atomic.Int64
}

func (s *stepping) Now() time.Time { return s.System.Now().Add(time.Duration(s.off.Load())) }

// newNode opens the database as another node.
func newNode(t *testing.T, path string, c clock.Clock) *node {
	t.Helper()
	n := &node{t: t, id: ident.New[ident.NodeID](clock.System{}.Now())}
	var err error
	n.store, err = store.Open(t.Context(), store.Options{Path: path, Synchronous: "off", Clock: c, Node: n.id, Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.store.Run(ctx) // an error says that another ended the node's lease
	}()
	n.end = func() {
		stop()
		<-done
		_ = n.store.Close()
	}
	n.leases = leases.New(n, c, slog.New(slog.DiscardHandler), n.id)
	return n
}

func (n *node) Lease(ctx context.Context, name lease.Name) (lease.Lease, error) {
	if n.cut.Load() {
		return lease.Lease{}, errCut
	}
	return n.store.Lease(ctx, name)
}

func (n *node) TakeLease(ctx context.Context, l lease.Lease, id ident.NodeID) (lease.Grant, error) {
	if n.cut.Load() {
		return lease.Grant{}, errCut
	}
	g, err := n.store.TakeLease(ctx, l, id)
	<-clock.System{}.After(n.late)
	return g, err
}

func (n *node) BeatLease(ctx context.Context, g lease.Grant) error {
	if n.cut.Load() {
		return errCut
	}
	return n.store.BeatLease(ctx, g)
}

func (n *node) DropLease(ctx context.Context, g lease.Grant) error {
	if n.cut.Load() {
		return errCut
	}
	return n.store.DropLease(ctx, g)
}

// turn is one holder's work.
type turn struct {
	node  *node
	grant lease.Grant
	ctx   context.Context //nolint:containedctx // the test asks whether it has ended
}

// hold lets the node wait for its turns, each of which lasts as long as it may.
func (n *node) hold(turns chan<- turn) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(n.t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.leases.Hold(ctx, "task", func(ctx context.Context, g lease.Grant) error {
			turns <- turn{n, g, ctx}
			<-ctx.Done()
			return nil
		})
	}()
	return func() { cancel(); <-done }
}

// two runs a test with two nodes, of which the first has the lease, in virtual
// time.
func two(t *testing.T, test func(t *testing.T, a, b *node, first turn, turns chan turn)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pylon.db")
	synctest.Test(t, func(t *testing.T) {
		a, b := newNode(t, path, clock.System{}), newNode(t, path, new(stepping))
		turns := make(chan turn, 10)
		stopA := a.hold(turns)
		first := <-turns
		stopB := b.hold(turns)
		test(t, a, b, first, turns)
		stopA()
		stopB()
		a.end()
		b.end()
	})
}

// write commits something under a grant.
func (n *node) write(g lease.Grant) error {
	s := site.Site{ID: ident.New[ident.SiteID](clock.System{}.Now()), Organisation: "org_one", Name: "yard", CreatedAt: clock.System{}.Now(), Version: 1}
	return n.store.Commit(n.t.Context(), &change.Set{Under: g, Sites: []site.Site{s}})
}

// A holder that lives keeps its turn, and nobody else gets one.
func TestHolderKeepsItsTurn(t *testing.T) {
	two(t, func(t *testing.T, a, _ *node, first turn, turns chan turn) {
		<-clock.System{}.After(time.Hour)
		if len(turns) > 0 || first.ctx.Err() != nil || first.node != a {
			t.Errorf("%d more turns, the first ended: %v", len(turns), first.ctx.Err())
		}
		if err := a.write(first.grant); err != nil {
			t.Error(err)
		}
	})
}

// A holder that stops in order gives its turn on within one look.
func TestHolderStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pylon.db")
	synctest.Test(t, func(t *testing.T) {
		a, b := newNode(t, path, clock.System{}), newNode(t, path, clock.System{})
		turns := make(chan turn, 10)
		stopA := a.hold(turns)
		<-turns
		stopB := b.hold(turns)
		<-clock.System{}.After(time.Minute)
		began := clock.System{}.Steady()
		stopA()
		next := <-turns
		if took := (clock.System{}).Steady().Sub(began); took > lease.Beat || next.node != b || next.grant.Epoch != 2 {
			t.Errorf("the next turn began after %s with %+v, want within %s", took, next.grant, lease.Beat)
		}
		stopB()
		a.end()
		b.end()
	})
}

// A holder that cannot reach the database ends its work before another may
// begin, and when it wakes what it writes is refused.
func TestPausedHolder(t *testing.T) {
	two(t, func(t *testing.T, a, b *node, first turn, turns chan turn) {
		began := clock.System{}.Steady()
		a.cut.Store(true)
		<-first.ctx.Done()
		ended := clock.System{}.Steady()
		next := <-turns
		took := clock.System{}.Steady().Sub(began)
		if !ended.Before(began.Add(lease.Term)) {
			t.Errorf("the work ended after %s, want before %s", ended.Sub(began), lease.Term)
		}
		if most := lease.Term + 2*lease.Beat; next.node != b || took < lease.Term-lease.Beat || took > most {
			t.Errorf("the next turn began after %s at %v, want %s to %s", took, next.node == b, lease.Term-lease.Beat, most)
		}
		a.cut.Store(false)
		if err := a.write(first.grant); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("the old holder writes: got %v, want %v", err, change.ErrLeaseLost)
		}
		if err := b.write(next.grant); err != nil {
			t.Error(err)
		}
		<-clock.System{}.After(time.Hour)
		if len(turns) > 0 || next.ctx.Err() != nil {
			t.Errorf("the old holder has taken it back: %d turns", len(turns))
		}
	})
}

// A holder who heard late that it has the lease counts from when it may have got
// it: others have seen its beat stand still since then.
func TestLeaseThatIsTakenSlowly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pylon.db")
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, path, clock.System{})
		n.late = 2 * lease.Stride
		began := clock.System{}.Steady()
		turns := make(chan turn, 10)
		stop := n.hold(turns)
		first := <-turns
		n.cut.Store(true)
		<-first.ctx.Done()
		if took := (clock.System{}).Steady().Sub(began); took >= lease.Term {
			t.Errorf("the work ended %s after the lease was taken, want before %s", took, lease.Term)
		}
		stop()
		n.end()
	})
}

// A holder's node whose lease was ended is not waited for.
func TestHoldersNodeIsDead(t *testing.T) {
	two(t, func(t *testing.T, a, b *node, _ turn, turns chan turn) {
		<-clock.System{}.After(time.Minute)
		began := clock.System{}.Steady()
		if err := b.store.EndLease(t.Context(), a.id); err != nil {
			t.Fatal(err)
		}
		next := <-turns
		if took := (clock.System{}).Steady().Sub(began); took > lease.Beat || next.node != b {
			t.Errorf("the next turn began after %s, want within %s", took, lease.Beat)
		}
	})
}

// The wall clock of the watcher is set back and forth: a holder that lives keeps
// its turn, and a dead one's is over no sooner and no later.
func TestWatchersClockSteps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pylon.db")
	synctest.Test(t, func(t *testing.T) {
		wall := new(stepping)
		a, b := newNode(t, path, clock.System{}), newNode(t, path, wall)
		turns := make(chan turn, 10)
		stopA := a.hold(turns)
		first := <-turns
		stopB := b.hold(turns)
		step := func(i int) {
			wall.off.Store(int64([]time.Duration{0, 24 * time.Hour, -time.Hour, 30 * time.Second}[i%4]))
			<-clock.System{}.After(time.Second)
		}
		for i := range 120 {
			step(i)
		}
		if len(turns) > 0 || first.ctx.Err() != nil {
			t.Fatal("a holder that lives lost its turn")
		}
		a.cut.Store(true)
		began, i := clock.System{}.Steady(), 0
		for len(turns) == 0 {
			step(i)
			i++
		}
		if took := (clock.System{}).Steady().Sub(began); took < lease.Term-lease.Beat || took > lease.Term+2*lease.Beat+time.Second {
			t.Errorf("a dead holder's turn was over after %s, want %s", took, lease.Term)
		}
		stopA()
		stopB()
		a.end()
		b.end()
	})
}

// Work that ends by itself gives the lease back, and its error is the caller's.
func TestWorkEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pylon.db")
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, path, clock.System{})
		wrong := errors.New("something else")
		err := n.leases.Hold(t.Context(), "task", func(context.Context, lease.Grant) error { return wrong })
		if !errors.Is(err, wrong) {
			t.Errorf("got %v, want %v", err, wrong)
		}
		if l, err := n.store.Lease(t.Context(), "task"); err != nil || !l.Free() || l.Epoch != 1 {
			t.Errorf("got %+v, %v, want it free", l, err)
		}
		n.end()
	})
}

func TestEnds(t *testing.T) {
	over, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want bool
	}{
		{"ctx is over, whatever the error", over, errors.New("x"), true},
		{"the database is away", t.Context(), fmt.Errorf("organisation: %w", errCut), true},
		{"the database does not answer", t.Context(), fault.New(fault.TimedOut, "timed_out"), true},
		{"the lease is another's", t.Context(), fmt.Errorf("host: %w", change.ErrLeaseLost), true},
		{"a row has moved", t.Context(), change.ErrStale, false},
		{"the thing itself is wrong", t.Context(), fault.New(fault.Invalid, "invalid_input"), false},
		{"nobody knows why", t.Context(), errors.New("x"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := leases.Ends(c.ctx, c.err); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}
