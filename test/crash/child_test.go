package crash

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/edge/signed"
	"pylon/internal/flow/billing"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
	"pylon/test/ground"
)

// childEnv has the orders of a child; a process without is none.
const childEnv = "PYLON_CRASH_CHILD"

// orders are what a child is to do.
type orders struct {
	Path, URL string
	Nth       int                  // child on this database
	Org       ident.OrganisationID // the stage of a plan: those who go on with it have the same
	Seed      uint64               // of the plan; 0: the one that has everything
	Hasty     bool                 // the station does not wait for bills
	Torn      bool                 // planted: journals come in a commit of their own
	Blow      blow
}

// blow is where a child kills itself.
type blow struct {
	At         int  // the point, from 1; 0: nowhere
	After      bool // the database has carried it out
	Statements bool // each statement is a point, not COMMIT alone

	seen int
}

// when says it in words.
func (b *blow) when() string {
	word, what := "before", "a commit"
	if b.After {
		word = "after"
	}
	if b.Statements {
		what = "a statement"
	}
	return word + " " + what
}

// between is [store.Options.Between]; one goroutine calls it.
func (b *blow) between(text string, do func() error) error {
	if text == "CONNECT" || text != "COMMIT" && !b.Statements {
		return do()
	}
	if b.seen++; b.seen != b.At {
		return do()
	}
	if b.After {
		_ = do() // nobody will hear of it
	}
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {}
}

// TestChild is the child's life, when this process is one. Its time is virtual: a dead node's lease
// ends at once when nothing else is to be done, and nothing is late because the machine is.
func TestChild(t *testing.T) {
	told := os.Getenv(childEnv)
	if told == "" {
		return
	}
	var o orders
	if err := json.Unmarshal([]byte(told), &o); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { live(t, &o) })
}

// live is a node with its station.
func live(t *testing.T, o *orders) {
	<-clock.System{}.After(time.Duration(o.Nth) * time.Hour) // all bubbles begin at the same time, and time goes on
	n := &node{T: t, orders: o, id: ident.New[ident.NodeID](clock.System{}.Now())}
	var err error
	n.Store, err = store.Open(t.Context(), store.Options{
		Path: o.Path, URL: o.URL, Clock: clock.System{}, Node: n.id, Between: o.Blow.between,
		OnCommitted: func([]event.Recorded) { n.follow.Committed() },
	})
	if err != nil {
		t.Fatal(err)
	}
	silent := slog.New(slog.DiscardHandler)
	n.follow = consume.New(consume.Options{
		Store: n, Leases: leases.New(n.Store, clock.System{}, silent, n.id), Hints: &n.hints, Clock: clock.System{}, Log: silent,
		Consumers: []consume.Consumer{billing.New(billing.Options{
			Store: n.Store, Clock: clock.System{}, Raters: [2]billing.Rater{swift.Explain, plain.Rate}, Signed: signed.Values,
		})},
	})
	defer n.Close()
	defer run(t, n.Store.Run)()
	defer run(t, n.follow.Run, n.follow.Tell)()
	n.play(planOf(o.Seed))
	n.inspect(planOf(o.Seed))
}

// run runs parts until the returned function is called.
func run(t *testing.T, parts ...func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	for _, part := range parts {
		running.Go(func() {
			if err := part(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	return func() { cancel(); running.Wait() }
}

// node is what lives in a child.
type node struct {
	*testing.T
	*store.Store
	*orders
	id     ident.NodeID
	follow *consume.Service
	hints  ground.Hints
}

// Commit is [store.Store.Commit]; torn, it leaves the journals to a commit of their own.
func (n *node) Commit(ctx context.Context, set *change.Set) error {
	if !n.Torn || len(set.Journals) == 0 {
		return n.Store.Commit(ctx, set)
	}
	journals := set.Journals
	set.Journals = nil
	if err := n.Store.Commit(ctx, set); err != nil {
		return err
	}
	return n.Store.Commit(ctx, &change.Set{Journals: journals})
}
