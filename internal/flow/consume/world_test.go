package consume_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/report"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/postgres"
)

// world is one database, and nodes on it, in virtual time.
type world struct {
	t       *testing.T
	options store.Options
	bus     hub
	nodes   []*node
}

// each runs a test on every database.
func each(t *testing.T, test func(w *world)) {
	for name, options := range map[string]func() store.Options{
		"sqlite": func() store.Options {
			return store.Options{Path: filepath.Join(t.TempDir(), "pylon.db"), Synchronous: "off"}
		},
		"postgres": func() store.Options { return store.Options{URL: postgres.Database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			synctest.Test(t, func(t *testing.T) {
				w := &world{t: t, options: o}
				defer w.end()
				test(w)
			})
		})
	}
}

// node is a store with its committer, and a tally that follows the log.
type node struct {
	*store.Store
	world *world
	id    ident.NodeID
	log   *consume.Service

	// What a test does to the tally's decisions and commits; nil: nothing.
	decide func(e event.Recorded) error
	commit func(set *change.Set, commit func() error) error

	asked   atomic.Int64 // how often it was asked about the subject "poison"
	follow  func()       // stops following the log
	restore func()       // stops the store
}

// open adds a node.
func (w *world) open() *node {
	w.t.Helper()
	n := &node{world: w, id: ident.New[ident.NodeID](clock.System{}.Now())}
	o := w.options
	o.Clock, o.Node, o.Shared = clock.System{}, n.id, true
	o.OnCommitted = func([]event.Recorded) { n.log.Committed() }
	var err error
	if n.Store, err = store.Open(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
	silent := slog.New(slog.DiscardHandler)
	n.log = consume.New(consume.Options{
		Store: n, Leases: leases.New(n.Store, clock.System{}, silent, n.id), Hints: &w.bus, Clock: clock.System{}, Log: silent,
		Consumers: []consume.Consumer{{Name: "tally", Decide: n.tally}},
	})
	n.restore = n.run(n.Store.Run)
	w.nodes = append(w.nodes, n)
	return n
}

// start lets the node follow the log.
func (n *node) start() *node {
	n.follow = n.run(n.log.Run, n.log.Tell)
	return n
}

// run runs parts until the returned function is called.
func (n *node) run(parts ...func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(n.world.t.Context()))
	var running sync.WaitGroup
	for _, part := range parts {
		running.Go(func() { _ = part(ctx) })
	}
	return func() { cancel(); running.Wait() }
}

func (w *world) end() {
	for _, n := range w.nodes {
		if n.follow != nil {
			n.follow()
		}
	}
	for _, n := range w.nodes {
		n.restore()
		_ = n.Close()
	}
}

// Commit lets a test stand between the tally and the database. A commit that was
// held up goes through with it whatever has ended meanwhile, as that of a process
// that was stopped does.
func (n *node) Commit(ctx context.Context, set *change.Set) error {
	commit := func() error { return n.Store.Commit(context.WithoutCancel(ctx), set) }
	if n.commit != nil && len(set.Cursors) > 0 {
		return n.commit(set, commit)
	}
	return commit()
}

// The tally adds one to a row for each event that happened to its subject. It is
// everything that a consumer should not be: what is applied twice shows.
const (
	tallied = ident.StationID("sta_tally")
	day     = report.Date("2026-03-01")
)

func (n *node) tally(ctx context.Context, events []event.Recorded) (*change.Set, error) {
	counts := map[ident.SiteID]int64{}
	for _, e := range events {
		if e.Type != event.SiteUpdated {
			continue
		}
		if e.Subject == "poison" {
			n.asked.Add(1)
		}
		if n.decide != nil {
			if err := n.decide(e); err != nil {
				return nil, err
			}
		}
		counts[e.Site]++
	}
	if len(counts) == 0 {
		return nil, nil
	}
	rows, err := n.UsageOf(ctx, tallied, day)
	if err != nil {
		return nil, err
	}
	set := new(change.Set)
	for site, more := range counts {
		row := report.Day{Organisation: "org_one", Station: tallied, Site: site, Date: day}
		if i := slices.IndexFunc(rows, func(r report.Day) bool { return r.Site == site }); i >= 0 {
			row = rows[i]
		}
		row.Sessions += more
		row.Version++
		set.Usage = append(set.Usage, row)
	}
	return set, nil
}

// tell lets a node write events about a subject, of its own stream, one by one.
func (n *node) tell(site ident.SiteID, subjects ...string) {
	n.world.t.Helper()
	for _, s := range subjects {
		e := event.Event{Type: event.SiteUpdated, Organisation: "org_one", Site: site, Station: "", Subject: s, Version: 1, At: clock.System{}.Now()}
		if err := n.Store.Commit(n.world.t.Context(), &change.Set{Events: []event.Event{e}}); err != nil {
			n.world.t.Fatal(err)
		}
	}
}

// many are n subjects.
func many(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint("s", i)
	}
	return all
}

// counted returns what the tally has for a site.
func (w *world) counted(site ident.SiteID) int64 {
	w.t.Helper()
	rows, err := w.nodes[len(w.nodes)-1].UsageOf(w.t.Context(), tallied, day)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range rows {
		if r.Site == site {
			return r.Sessions
		}
	}
	return 0
}

// settle lets time pass and checks what the tally has then.
func (w *world) settle(after time.Duration, site ident.SiteID, want int64) {
	w.t.Helper()
	<-clock.System{}.After(after)
	if got := w.counted(site); got != want {
		w.t.Errorf("after %s: %s has %d events, want %d", after, site, got, want)
	}
}

// letters returns the dead letters.
func (w *world) letters(open bool) []event.DeadLetter {
	w.t.Helper()
	found, err := w.nodes[0].DeadLetters(w.t.Context(), "org_one", open, page.Query{})
	if err != nil {
		w.t.Fatal(err)
	}
	return found.Items
}

// operator may do everything.
func operator() account.Actor { return account.System("org_one", "test") }

// hub carries hints between the nodes of a world; silent loses them all.
type hub struct {
	mu      sync.Mutex
	waiting []chan struct{}
	silent  bool
}

func (h *hub) Notify(string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.waiting {
		if !h.silent {
			select {
			case w <- struct{}{}:
			default:
			}
		}
	}
	return nil
}

func (h *hub) Watch(string) (<-chan struct{}, func(), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := make(chan struct{}, 1)
	h.waiting = append(h.waiting, w)
	return w, func() {}, nil
}
