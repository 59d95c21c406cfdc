package consume_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/station"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// takeover is what it takes at most until another node has a dead one's streams.
const takeover = lease.Term + 3*lease.Beat + time.Second

var (
	errBroken = errors.New("broken")
	errAway   = fault.New(fault.Unavailable, "database_unavailable")
)

// Events of before, of now and of nodes that come later are each counted once,
// whoever counts them; with a hint soon, without one not much later.
func TestEachEventOnce(t *testing.T) {
	each(t, func(w *world) {
		a := w.open()
		a.tell("a", many(450)...)
		a.start()
		w.settle(time.Second, "a", 450)
		a.tell("a", "more")
		w.settle(time.Second, "a", 451)
		b := w.open().start()
		b.tell("b", many(10)...)
		w.settle(5*time.Second, "b", 10)
		w.bus.silent = true
		b.tell("b", "quiet")
		w.settle(3*time.Second, "b", 11)
		w.settle(time.Minute, "a", 451)
	})
}

// A node that ends leaves its stream: another finishes it, and then nobody looks
// at it any more.
func TestEndedStreamIsFinished(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.open(), w.open()
		a.tell("a", many(10)...)
		b.tell("b", "one")
		a.restore()
		b.start()
		w.settle(time.Second, "a", 10)
		<-clock.System{}.After(5 * time.Second)
		cursors, err := b.Cursors(w.t.Context(), "tally")
		if err != nil || len(cursors) != 2 || cursors[0].Number != 10 {
			w.t.Errorf("cursors: %+v, %v", cursors, err)
		}
		l, err := b.Lease(w.t.Context(), lease.OfStream("tally", "1"))
		if err != nil || !l.Free() {
			w.t.Errorf("the lease of a stream that is done with: %+v, %v", l, err)
		}
	})
}

// An event that always fails is tried five times, by all workers together, with
// pauses in which other streams go on; then it is a dead letter with a finding
// and an event, and those behind it have their turn.
func TestPoisonEvent(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.open(), w.open()
		for _, n := range w.nodes {
			n.decide = func(e event.Recorded) error {
				if e.Subject == "poison" {
					return errBroken
				}
				return nil
			}
		}
		a.tell("a", "before", "poison", "behind")
		b.tell("b", "other")
		a.start()
		b.start()
		w.settle(2*time.Second, "b", 1)
		w.settle(0, "a", 1)
		if len(w.letters(false)) > 0 {
			w.t.Error("given up at once")
		}
		w.settle(45*time.Second, "a", 2)
		if asked := a.asked.Load() + b.asked.Load(); asked != 6 { // once more with the others of its batch
			w.t.Errorf("asked %d times, want 5 and once in a batch", asked)
		}
		letters := w.letters(true)
		if len(letters) != 1 || letters[0].Event.Subject != "poison" || letters[0].Tries != 5 || letters[0].Error != errBroken.Error() {
			w.t.Fatalf("dead letters: %+v", letters)
		}
		found, err := a.Findings(w.t.Context(), "org_one", station.FindingFilter{Open: true}, page.Query{})
		if err != nil || len(found.Items) != 1 || found.Items[0].Code != station.EventFailed || found.Items[0].ID != letters[0].Finding {
			w.t.Errorf("findings: %+v, %v", found.Items, err)
		}
		if got := w.happened(event.EventFailed); got != 1 {
			w.t.Errorf("told of it %d times, want once", got)
		}
	})
}

// happened counts events of a type.
func (w *world) happened(of event.Type) (n int) {
	w.t.Helper()
	events, err := w.nodes[0].EventsAfter(w.t.Context(), "org_one", nil, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == of {
			n++
		}
	}
	return n
}

// A worker that dies in the middle of a poison event's tries does not begin them
// anew: the row has counted them.
func TestPoisonOutlivesItsWorker(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.open(), w.open()
		for _, n := range w.nodes {
			n.decide = func(e event.Recorded) error {
				if e.Subject == "poison" {
					return errBroken
				}
				return nil
			}
		}
		a.tell("a", "poison", "behind")
		a.start()
		<-clock.System{}.After(3 * time.Second) // two tries
		a.follow()
		a.follow = nil
		b.start()
		w.settle(time.Minute, "a", 1)
		// a was asked with the batch and twice alone, or so; never five times by each.
		if tries := w.letters(true)[0].Tries; tries != 5 || b.asked.Load() > 4 {
			w.t.Errorf("%d tries, the second worker was asked %d times", tries, b.asked.Load())
		}
	})
}

// A dead letter is tried again with success: its change is made, once, whoever
// asks how often, and its finding resolved.
func TestRetry(t *testing.T) {
	each(t, func(w *world) {
		a := w.open()
		broken := true
		a.decide = func(event.Recorded) error {
			if broken {
				panic("an index out of range")
			}
			return nil
		}
		a.tell("a", "poison")
		a.start()
		w.settle(time.Minute, "a", 0)
		id := w.letters(true)[0].ID
		if _, err := a.log.Retry(w.t.Context(), operator(), id); fault.CodeOf(err) != "event_refused" {
			w.t.Errorf("while it is broken: %v", err)
		}
		if got := w.letters(true)[0]; got.Tries != 6 {
			w.t.Errorf("tries: got %d, want 6", got.Tries)
		}
		broken = false
		for range 2 {
			if l, err := a.log.Retry(w.t.Context(), operator(), id); err != nil || l.SettledAt.IsZero() {
				w.t.Errorf("got %+v, %v", l, err)
			}
		}
		w.settle(0, "a", 1)
		found, err := a.Findings(w.t.Context(), "org_one", station.FindingFilter{Open: true}, page.Query{})
		if err != nil || len(found.Items) > 0 || len(w.letters(true)) > 0 {
			w.t.Errorf("left: %+v, %v", found.Items, err)
		}
		if got := w.happened(event.EventSettled); got != 1 {
			w.t.Errorf("told of it %d times, want once", got)
		}
	})
}

// A node that dies between deciding and committing: another makes the change,
// and should the dead one live on, it is refused.
func TestDiesBetweenDecidingAndCommitting(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.open(), w.open()
		a.tell("a", "first")
		died, woken := a.dies()
		a.start()
		w.settle(time.Second, "a", 1)
		a.tell("a", many(3)...)
		<-died
		if err := b.EndLease(w.t.Context(), a.id); err != nil {
			w.t.Fatal(err)
		}
		b.start()
		w.settle(5*time.Second, "a", 4)
		if err := woken(); !fault.Is(err, fault.Unavailable) && !errors.Is(err, change.ErrLeaseLost) {
			w.t.Errorf("the dead node commits: got %v", err)
		}
		w.settle(time.Minute, "a", 4)
	})
}

// dies holds the node's second commit of the tally up: died is closed then, and
// woken lets it happen and returns what became of it.
func (n *node) dies() (died <-chan struct{}, woken func() error) {
	commits, begun, held, outcome := 0, make(chan struct{}), make(chan struct{}), make(chan error, 1)
	n.commit = func(_ *change.Set, commit func() error) error {
		if commits++; commits != 2 {
			return commit()
		}
		close(begun)
		<-held
		err := commit()
		outcome <- err
		return err
	}
	return begun, func() error {
		close(held)
		return <-outcome
	}
}

// A worker that was paused between deciding and committing wakes after another
// has its stream: what it decided is refused.
func TestPausedWorker(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.open(), w.open()
		a.tell("a", "first")
		died, woken := a.dies()
		paused := a.pausedLeases()
		a.start()
		w.settle(time.Second, "a", 1)
		a.tell("a", many(3)...)
		<-died
		paused.pause()
		b.start()
		w.settle(takeover, "a", 4)
		if err := woken(); !errors.Is(err, change.ErrLeaseLost) {
			w.t.Errorf("the paused worker commits: got %v, want %v", err, change.ErrLeaseLost)
		}
		b.tell("a", "more")
		w.settle(5*time.Second, "a", 5)
	})
}

// pausable are leases whose beats a test stops.
type pausable struct {
	*node
	stopped bool
}

// pausedLeases lets the node follow the log with leases that pause can stop.
func (n *node) pausedLeases() *pausable {
	p := &pausable{node: n}
	n.log.Leases = leases.New(p, clock.System{}, n.log.Log, n.id)
	return p
}

func (p *pausable) pause() { p.stopped = true }

func (p *pausable) BeatLease(ctx context.Context, g lease.Grant) error {
	if p.stopped {
		return errAway
	}
	return p.Store.BeatLease(ctx, g)
}

func (p *pausable) Lease(ctx context.Context, name lease.Name) (lease.Lease, error) {
	if p.stopped {
		return lease.Lease{}, errAway
	}
	return p.Store.Lease(ctx, name)
}

// Nobody knows whether a commit landed: the cursor tells, and each event counts
// once either way.
func TestUnknownOutcome(t *testing.T) {
	for _, c := range []struct {
		name   string
		landed bool
	}{{"it landed", true}, {"it did not", false}} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(w *world) {
				a := w.open()
				unknown := 0
				a.commit = func(_ *change.Set, commit func() error) error {
					if unknown == 3 {
						return commit()
					}
					unknown++
					if c.landed {
						if err := commit(); err != nil {
							return err
						}
					}
					return errAway
				}
				a.tell("a", many(5)...)
				a.start()
				w.settle(10*time.Second, "a", 5)
				a.tell("a", many(5)...)
				w.settle(10*time.Second, "a", 10)
				if unknown != 3 && !c.landed || len(w.letters(false)) > 0 {
					w.t.Errorf("%d commits of unknown outcome, %d dead letters", unknown, len(w.letters(false)))
				}
			})
		})
	}
}

// always grants every lease to everybody, without a guard.
type always struct{}

func (always) Hold(ctx context.Context, _ lease.Name, work leases.Work) error {
	return work(ctx, lease.Grant{})
}

// Two workers that both believe that they have the stream: the cursor's old
// value lets one of them pass, each time.
func TestTwoWorkers(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.open(), w.open()
		a.log.Leases, b.log.Leases = always{}, always{}
		a.tell("a", many(300)...)
		a.start()
		b.start()
		w.settle(10*time.Second, "a", 300)
		for i := range 10 {
			w.nodes[i%2].tell("a", many(7)...)
		}
		w.settle(10*time.Second, "a", 370)
		if got := len(w.letters(false)); got > 0 {
			w.t.Errorf("%d dead letters", got)
		}
	})
}

// A consumer that makes the same wrong change for ever is stopped by its tries,
// not by contention.
func TestWrongChange(t *testing.T) {
	each(t, func(w *world) {
		a := w.open()
		a.log.Consumers = []consume.Consumer{{Name: "wrong", Decide: func(_ context.Context, events []event.Recorded) (*change.Set, error) {
			if events[0].Subject != "poison" {
				return nil, nil
			}
			return &change.Set{Reads: []change.Read{{Kind: change.KindSite, ID: "sit_nowhere", Version: 1}}}, nil
		}}}
		a.tell("a", "poison", "behind")
		a.start()
		<-clock.System{}.After(2 * time.Minute)
		if letters := w.letters(true); len(letters) != 1 || letters[0].Code != "version_moved" {
			w.t.Errorf("dead letters: %+v", letters)
		}
	})
}

// Rows that move under a batch for as often as it may be decided again count
// against none of its events: each of them may be decided as often.
func TestContentionIsCountedAnew(t *testing.T) {
	each(t, func(w *world) {
		a := w.open()
		refused, tried := 0, false
		a.commit = func(set *change.Set, commit func() error) error {
			tried = tried || set.Cursors[0].Tries > 0
			if len(set.Usage) > 0 && refused < 10 { // eight times the batch, then twice an event
				refused++
				return change.ErrStale
			}
			return commit()
		}
		a.tell("a", "one", "two")
		a.start()
		w.settle(10*time.Second, "a", 2)
		if refused != 10 || tried {
			w.t.Errorf("refused %d times, want 10; a try was counted: %t", refused, tried)
		}
	})
}
