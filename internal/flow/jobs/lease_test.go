package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/job"
	"pylon/internal/domain/lease"
	"pylon/internal/flow/jobs"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
)

// refusing is the real store; it tells when it refused a commit because of the
// lease.
type refusing struct {
	*store.Store
	refused chan struct{}
}

func (r *refusing) Commit(ctx context.Context, set *change.Set) error {
	err := r.Store.Commit(ctx, set)
	if errors.Is(err, change.ErrLeaseLost) {
		r.refused <- struct{}{}
	}
	return err
}

// A runner that slept through the end of its lease asks no station for anything
// and ends no target: the next runner finds all as it was.
func TestPausedRunner(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(2)
	w.connect(ids[0], yes)
	take := func() lease.Grant {
		t.Helper()
		at, err := w.store.Lease(t.Context(), "jobs")
		w.must(err)
		g, err := w.store.TakeLease(t.Context(), at, w.node)
		w.must(err)
		return g
	}
	old, now := take(), take()
	made := w.create(jobs.NewJob{Stations: []string{"CP-0", "CP-1"}, Offline: job.Skip})

	db := &refusing{w.store, make(chan struct{}, 1000)}
	paused := jobs.New(db, w.fleet, w.clock, slog.New(slog.DiscardHandler))
	stop := w.run(func(ctx context.Context) error { return paused.Run(ctx, old) })
	for range 2 { // the second says that a whole step is over
		select {
		case <-db.refused:
		case <-time.After(patience):
			t.Fatal("the paused runner tries nothing")
		}
	}
	stop()
	for id, target := range w.targets(made.ID) {
		if target.State != job.Pending {
			t.Errorf("%s is %s", id, target.State)
		}
	}
	asked, err := w.store.Commands(t.Context(), w.org.ID, command.Filter{}, page.Query{})
	if err != nil || len(asked.Items) > 0 {
		t.Errorf("asked for %+v, %v", asked.Items, err)
	}

	stop = w.run(func(ctx context.Context) error { return w.jobs.Run(ctx, now) })
	defer stop()
	done := w.until(made.ID, job.Job.Finished)
	if want := (job.Counts{Succeeded: 1, Skipped: 1}); done.Counts != want {
		t.Errorf("the next runner: got %+v, want %+v", done.Counts, want)
	}
}
