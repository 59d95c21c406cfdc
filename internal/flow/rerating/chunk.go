package rerating

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	settling "pylon/internal/flow/billing"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	simulatedAtOnce = 250 // sessions of one commit, a row each: 10 ms of the committer, for which stations wait
	correctedAtOnce = 25  // each is two documents, two journals and their transfers

	// framesAtOnce bounds the memory of a chunk, by the frames of its sessions: some
	// 20 MB. A session that has more is a chunk of its own.
	framesAtOnce = 50_000
)

// workers is how many sessions are priced at once: half of the cores, so that the
// gateway does not wait for one.
func workers() int { return (runtime.GOMAXPROCS(0) + 1) / 2 }

// simulate looks at the next sessions.
func (w *worker) simulate(ctx context.Context, r rerating.Rerating) error {
	views, err := w.Store.EndedSessions(ctx, r.Organisation, r.Choice, r.At, w.simulated)
	if err != nil {
		return err
	}
	over := len(views) < w.simulated
	if n := fitting(views); n < len(views) {
		views, over = views[:n], false
	}
	found, err := w.trials(ctx, &r, views)
	if err != nil {
		return err
	}
	var at rerating.Place
	if n := len(views); n > 0 {
		at = rerating.Place{EndedAt: views[n-1].EndedAt, Session: views[n-1].ID}
	}
	set := &change.Set{Differences: found, CustomerSums: rerating.ByCustomer(found)}
	return w.commit(ctx, set, r.Add(found, len(views), at, over, w.Clock.Now()))
}

// fitting returns how many of sessions make a chunk.
func fitting(views []session.View) int {
	var frames int64
	for i := range views {
		if frames += views[i].Frames; frames > framesAtOnce && i > 0 {
			return i
		}
	}
	return len(views)
}

// chunkOf returns a chunk of sessions, with what settles them.
func (w *worker) chunkOf(ctx context.Context, r *rerating.Rerating, views []session.View, tabs []billing.Tab) (*chunk, error) {
	d, err := w.spread(ctx, views, tabs)
	if err != nil {
		return nil, err
	}
	how := w.Settling
	how.Store, how.Clock = d, w.Clock
	if r.Mode == rerating.Simulate {
		how.Raters = [2]settling.Rater{w.Quick, nil}
	}
	return &chunk{desk: d, of: r, Settler: settling.NewSettler(how)}, nil
}

// trials returns what is found of the sessions that the re-rating chooses and that
// it has not looked at before: one whose end was corrected meanwhile may come again.
func (w *worker) trials(ctx context.Context, r *rerating.Rerating, views []session.View) ([]rerating.Difference, error) {
	ids := make([]ident.SessionID, len(views))
	for i := range views {
		ids[i] = views[i].ID
	}
	before, err := w.Store.DifferencesOf(ctx, r.ID, ids)
	if err != nil {
		return nil, err
	}
	tabs, err := w.Store.TabsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	c, err := w.chunkOf(ctx, r, views, tabs)
	if err != nil {
		return nil, err
	}
	seen := map[ident.SessionID]bool{}
	for i := range before {
		seen[before[i].Session] = true
	}
	found := make([]rerating.Difference, len(views))
	err = inParallel(len(views), func(i int) error {
		if seen[views[i].ID] {
			return nil
		}
		return w.trial(ctx, c, &views[i], &found[i])
	})
	chosen := found[:0]
	for _, d := range found {
		if d.Session != "" {
			chosen = append(chosen, d)
		}
	}
	return chosen, err
}

// inParallel calls do for 0 to n-1, some at a time, and returns their errors.
func inParallel(n int, do func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, workers())
	var all sync.WaitGroup
	for k := range errs {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[k] == nil; i = int(next.Add(1)) - 1 {
				errs[k] = do(i)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// trial settles a session on trial, and notes in found what it comes to, unless it
// is not chosen.
func (w *worker) trial(ctx context.Context, c *chunk, view *session.View, found *rerating.Difference) error {
	tab, settled := c.tabs[view.ID]
	if !settled {
		tab = c.FreshTab(view)
	}
	standing, chosen, err := c.chooses(ctx, view, &tab)
	if err != nil || !chosen {
		return err
	}
	d := difference(c.of, view)
	price, reason, err := c.price(ctx, view)
	if err == nil && price == nil {
		*found = d.Against(standing).Out(rerating.Held, reason)
		return nil
	}
	var s *settling.Settlement
	if err == nil {
		d.Tariff, d.Edition = price.Tariff, price.Edition
		s, err = c.Settle(ctx, new(change.Set), &settling.Case{View: *view, Tab: tab, Fresh: !settled, Price: price})
	}
	switch {
	case err == nil:
		d = d.Priced(standing, &tab, &s.Outcome)
		d.Replacement = "" // it was thrown away
	case transient(ctx, err):
		return err
	default:
		w.Log.Error("a session cannot be priced", "session", view.ID, "error", err)
		d = d.Against(standing).Out(rerating.Held, fault.CodeOf(err))
	}
	if who := c.of.Choice.Customer; who == "" || d.Debtor == string(who) {
		*found = d
	}
	return nil
}

// chooses reports whether the re-rating is for a session, as far as that is known
// before it is priced, and returns the bill that stands.
func (c *chunk) chooses(ctx context.Context, view *session.View, tab *billing.Tab) (*billing.Bill, bool, error) {
	of := &c.of.Choice
	var standing *billing.Bill
	if tab.Bill != "" {
		b, err := c.desk.Bill(ctx, view.Organisation, tab.Bill)
		if err != nil {
			return nil, false, err
		}
		standing = &b
	}
	switch {
	case view.Status.Open(), view.Status == session.Failed && standing == nil: // nobody pays, or not yet
		return nil, false, nil
	case of.Customer != "" && standing != nil && standing.Debtor != string(of.Customer):
		return nil, false, nil
	case of.Tariff == "":
		return standing, true, nil
	case tab.Snapshot == "":
		return nil, false, nil
	}
	priced, err := c.tariffOf(ctx, tab.Snapshot)
	return standing, err == nil && priced == of.Tariff, err
}

func difference(of *rerating.Rerating, view *session.View) rerating.Difference {
	d := rerating.Difference{
		Rerating: of.ID, Organisation: of.Organisation, Session: view.ID, Station: view.Station, Debtor: string(view.Token),
	}
	if d.Debtor == "" {
		d.Debtor = string(view.ID)
	}
	return d
}
