package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/job"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/flow/jobs"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/ground"
)

// world is one node with a real database, whose clock runs fast.
type world struct {
	t     testing.TB
	store *store.Store
	fleet *fleet.Fleet
	jobs  *jobs.Service
	clock *clock.Warped
	node  ident.NodeID
	org   account.Organisation
	by    account.Actor

	mu     sync.Mutex
	events []event.Recorded
}

const (
	speed    = 50
	patience = 20 * time.Second // bounds every wait of these tests: far beyond what any takes
)

// start is when everything in these tests begins.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldAt(t, clock.NewWarped(start(), speed))
}

// newWorldAt is newWorld on a clock of the caller's.
func newWorldAt(t testing.TB, clk *clock.Warped) *world {
	t.Helper()
	w := &world{t: t, clock: clk}
	g := ground.New(t, store.Options{Clock: clk, OnCommitted: func(e []event.Recorded) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e...)
	}})
	w.store, w.node = g.Store, g.Node
	w.fleet = fleet.New(fleet.Options{Store: w.store, Bus: g.Bus, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Node: w.node})
	w.must(g.Bus.Serve(w.fleet.Handle))
	stopFleet := w.run(w.fleet.Run)
	stopWork := w.run(func(ctx context.Context) error { return w.fleet.Work(ctx, lease.Grant{}) })
	t.Cleanup(func() {
		stopWork()
		stopFleet()
	})
	w.jobs = jobs.New(w.store, w.fleet, w.clock, slog.New(slog.DiscardHandler))
	w.org = g.Organisation(w.clock)
	w.by = account.System(w.org.ID, "test")
	return w
}

// run runs a part until stop is called.
func (w *world) run(part func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

// work carries out jobs until the test ends or stop is called.
func (w *world) work() (stop func()) {
	stop = w.run(func(ctx context.Context) error { return w.jobs.Run(ctx, lease.Grant{}) })
	w.t.Cleanup(stop)
	return stop
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// stations makes n stations CP-0, CP-1 …
func (w *world) stations(n int) []ident.StationID {
	w.t.Helper()
	set := new(change.Set)
	var ids []ident.StationID
	now := w.clock.Now()
	for i := range n {
		st := station.Station{
			ID: ident.New[ident.StationID](now), Organisation: w.org.ID, Identity: ident.Identity(fmt.Sprintf("CP-%d", i)), Vendor: "ACME",
			Registration: station.Accepted, Automation: true, CreatedAt: now, Version: 1,
		}
		set.Stations = append(set.Stations, st)
		ids = append(ids, st.ID)
	}
	w.must(w.store.Commit(w.t.Context(), set))
	return ids
}

// connect opens a station's socket, which answers as answer says.
func (w *world) connect(id ident.StationID, answer func(command.Command) *fleet.Answered) *socket {
	w.t.Helper()
	s := &socket{world: w, answer: answer, ready: make(chan struct{})}
	owner, err := w.fleet.Claim(w.t.Context(), id, s, fleet.Hello{OCPP: station.OCPP201, At: w.clock.Now()})
	w.must(err)
	s.owner = owner
	close(s.ready)
	w.t.Cleanup(func() { owner.Release(context.Background(), "test_over") })
	return s
}

// socket is a station's connection.
type socket struct {
	world  *world
	owner  *fleet.Owner
	ready  chan struct{} // closed when owner is there
	answer func(command.Command) *fleet.Answered
	asked  atomic.Int64 // calls that left
}

// Show implements [fleet.Connection]: it has no screen.
func (s *socket) Show(screen.Shown) error { return nil }

// Do implements [fleet.Connection].
func (s *socket) Do(c command.Command) error {
	go func() {
		<-s.ready
		ctx := context.Background()
		if err := s.owner.CommandSent(ctx, c.ID, fleet.Sent{Action: "Test", Payload: []byte("{}"), At: s.world.clock.Now()}); err != nil {
			return // it must not leave
		}
		s.asked.Add(1)
		if a := s.answer(c); a != nil {
			a.At = s.world.clock.Now()
			_ = s.owner.CommandAnswered(ctx, c.ID, *a)
		}
	}()
	return nil
}

// Close implements [fleet.Connection].
func (s *socket) Close(string) {}

func (s *socket) times() int64 { return s.asked.Load() }

func yes(command.Command) *fleet.Answered {
	return &fleet.Answered{State: command.Accepted, Final: true}
}

func no(command.Command) *fleet.Answered {
	return &fleet.Answered{State: command.Rejected, Final: true, ErrorCode: "NotSupported", ErrorDetail: "never heard of it"}
}

func silence(command.Command) *fleet.Answered { return nil }

// create makes a job.
func (w *world) create(in jobs.NewJob) job.Job {
	w.t.Helper()
	if in.Kind == "" && in.RetryOf == "" {
		in.Kind = job.Kind(command.ClearCache)
	}
	j, err := w.jobs.Create(w.t.Context(), w.by, in)
	w.must(err)
	return j
}

// until waits until a job is as enough wants it.
func (w *world) until(id ident.JobID, enough func(job.Job) bool) job.Job {
	w.t.Helper()
	end := time.After(patience)
	for {
		j, err := w.store.Job(w.t.Context(), w.org.ID, id)
		w.must(err)
		if enough(j) {
			return j
		}
		select {
		case <-end:
			w.t.Fatalf("the job stands at %+v", j)
		case <-w.clock.After(100 * time.Millisecond):
		}
	}
}

// targets returns how a job's targets stand, by station.
func (w *world) targets(id ident.JobID) map[ident.StationID]job.Target {
	w.t.Helper()
	found, err := w.store.Targets(w.t.Context(), id, nil, page.Query{Limit: page.Max})
	w.must(err)
	all := map[ident.StationID]job.Target{}
	for _, t := range found.Items {
		all[t.Station] = t
	}
	return all
}

// told returns the events of a job, in order.
func (w *world) told(id ident.JobID) []event.Type {
	w.t.Helper()
	// Callers are woken before their events are told, and those before the next
	// commit: one more, and all is told.
	w.must(w.store.Beat(w.t.Context(), w.node))
	w.mu.Lock()
	defer w.mu.Unlock()
	var told []event.Type
	for _, e := range w.events {
		if e.Subject == string(id) {
			told = append(told, e.Type)
		}
	}
	return told
}
