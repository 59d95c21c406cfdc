package rerating

import (
	"context"
	"errors"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/rerating"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	lookEvery = time.Second // for re-ratings that were asked for
	turnsMost = 64          // organisations whose re-ratings go on by turns

	// failuresMost is how often a chunk is tried that fails for another reason than
	// that the database is away: it would fail for ever.
	failuresMost = 5

	// keptFor is how long one can look at single sessions, and confirm.
	keptFor = 90 * 24 * time.Hour
	// forgottenAtOnce bounds what goes with one commit: some ms of the committer.
	forgottenAtOnce = 1000
)

// Run answers questions until ctx ends. What is under way then goes on with the
// next Run, on whatever node. One node does it at a time: what it commits names
// the lease under which it does. Re-ratings of several organisations go on by
// turns, a chunk each.
func (s *Service) Run(ctx context.Context, under lease.Grant) error {
	w := worker{Service: s, under: under, failures: map[ident.ReratingID]int{}}
	ticks, stop := s.Clock.Ticker(lookEvery)
	defer stop()
	for {
		more, err := w.round(ctx)
		if err != nil && ctx.Err() == nil && !fault.Is(err, fault.Stale) {
			s.Log.Warn("re-ratings go on later", "error", err)
		}
		if more && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

// worker goes on with what is open. What it keeps in memory is how often a chunk
// has failed; all else is in the rows.
type worker struct {
	*Service
	under    lease.Grant
	failures map[ident.ReratingID]int
}

// round takes a step of each re-rating that is open, and forgets some of what is
// old. more says that there is more to do at once.
func (w *worker) round(ctx context.Context) (more bool, err error) {
	open, err := w.Store.OpenReratings(ctx, turnsMost)
	if err != nil {
		return false, err
	}
	var errs []error
	for _, id := range open {
		goesOn, err := w.step(ctx, id)
		more = more || goesOn
		switch {
		case err == nil:
			delete(w.failures, id)
		case !transient(ctx, err):
			err = w.failed(ctx, id, err)
		}
		errs = append(errs, err)
	}
	rest, err := w.forget(ctx)
	return more || rest, errors.Join(append(errs, err)...)
}

// transient reports whether an error goes by: the database is away, a row has
// moved, or another has the lease.
func transient(ctx context.Context, err error) bool {
	return ctx.Err() != nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.TimedOut) || fault.Is(err, fault.Stale)
}

// failed notes that a step failed, and gives the re-rating up when it keeps
// failing.
func (w *worker) failed(ctx context.Context, id ident.ReratingID, cause error) error {
	w.failures[id]++
	w.Log.Error("a step of a re-rating failed", "rerating", id, "times", w.failures[id], "error", cause)
	if w.failures[id] < failuresMost {
		return nil
	}
	r, err := w.Store.Rerating(ctx, "", id)
	if err != nil || r.Ended() {
		return err
	}
	delete(w.failures, id)
	return w.end(ctx, r.Fail(fault.CodeOf(cause), w.Clock.Now()))
}

// end makes the end of a re-rating durable.
func (w *worker) end(ctx context.Context, r rerating.Rerating) error {
	return w.commit(ctx, &change.Set{}, r)
}

// commit makes durable what a step has found, with how far the re-rating has come.
func (w *worker) commit(ctx context.Context, set *change.Set, r rerating.Rerating) error {
	set.Under = w.under
	set.Reratings = append(set.Reratings, r)
	if r.Ended() {
		set.Events = append(set.Events, told(event.ReratingFinished, &r, r.EndedAt))
	}
	return w.Store.Commit(ctx, set)
}

// step takes the next chunk of a re-rating.
func (w *worker) step(ctx context.Context, id ident.ReratingID) (more bool, err error) {
	r, err := w.Store.Rerating(ctx, "", id)
	if err != nil || r.Ended() {
		return false, err
	}
	if revoked, err := w.revoked(ctx, &r); err != nil || revoked {
		return false, err
	}
	switch {
	case r.State == rerating.Queued:
		err = w.begin(ctx, r)
	case r.Mode == rerating.Correct:
		err = w.correct(ctx, r)
	default:
		err = w.simulate(ctx, r)
	}
	return err == nil, err
}

// revoked cancels a re-rating whose key was revoked since: what its holder wanted
// is not wanted any more.
func (w *worker) revoked(ctx context.Context, r *rerating.Rerating) (bool, error) {
	if r.By == "" {
		return false, nil
	}
	key, err := w.Store.Key(ctx, r.Organisation, r.By)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil, key.RevokedAt.IsZero():
		return false, err
	}
	next, err := r.Cancel(w.Clock.Now())
	if err != nil {
		return false, err
	}
	return true, w.end(ctx, next)
}

// begin counts what there is to be looked at.
func (w *worker) begin(ctx context.Context, r rerating.Rerating) error {
	var expected int64
	var err error
	if r.Mode == rerating.Correct {
		var of rerating.Rerating
		of, err = w.Store.Rerating(ctx, r.Organisation, r.Simulation)
		expected = of.Counts.Changed
	} else {
		expected, err = w.Store.CountEnded(ctx, r.Organisation, r.Choice)
	}
	if err != nil {
		return err
	}
	now := w.Clock.Now()
	if expected > rerating.SessionsMost {
		return w.end(ctx, r.Fail("too_many_sessions_chosen", now))
	}
	return w.commit(ctx, &change.Set{}, r.Begin(expected, now))
}

// forget drops some differences of the re-rating that ended first of those that
// are old.
func (w *worker) forget(ctx context.Context) (more bool, err error) {
	old, err := w.Store.OldReratings(ctx, w.Clock.Now().Add(-keptFor), 1)
	if err != nil || len(old) == 0 {
		return false, err
	}
	r := old[0]
	lot, err := w.Store.DifferencesAfter(ctx, r.ID, "", "", forgottenAtOnce)
	if err != nil {
		return false, err
	}
	set := &change.Set{Under: w.under}
	if n := len(lot); n > 0 {
		set.Forgotten = []rerating.Forgotten{{Rerating: r.ID, Until: lot[n-1].Session}}
	} else {
		set.Reratings = []rerating.Rerating{r.Forget()}
	}
	return true, w.Store.Commit(ctx, set)
}
