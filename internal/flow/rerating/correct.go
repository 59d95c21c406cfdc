package rerating

import (
	"context"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	settling "pylon/internal/flow/billing"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/ident"
)

// correct settles the next sessions that the simulation found to change. When the
// commit is refused for another reason than that the database is away, they are
// settled one by one, and the one that is refused by itself is left out.
func (w *worker) correct(ctx context.Context, r rerating.Rerating) error {
	wanted, err := w.Store.DifferencesAfter(ctx, r.Simulation, rerating.Changed, r.At.Session, w.corrected)
	if err != nil {
		return err
	}
	over := len(wanted) < w.corrected
	_, err = w.take(ctx, r, wanted, over)
	if err == nil || len(wanted) == 0 || leases.Ends(ctx, err) {
		return err
	}
	for i := range wanted {
		one := wanted[i : i+1]
		last := over && i == len(wanted)-1
		next, err := w.take(ctx, r, one, last)
		if err != nil && !transient(ctx, err) {
			w.Log.Error("a session's correction was refused", "rerating", r.ID, "session", one[0].Session, "error", err)
			next, err = w.refused(ctx, r, one[0], last)
		}
		if err != nil {
			return err
		}
		r = next
	}
	return nil
}

// take settles sessions in one commit, and returns how the re-rating stands
// behind them. Tabs are read before their sessions: see [settling.Settler.Case].
func (w *worker) take(ctx context.Context, r rerating.Rerating, wanted []rerating.Difference, over bool) (rerating.Rerating, error) {
	ids := make([]ident.SessionID, len(wanted))
	for i := range wanted {
		ids[i] = wanted[i].Session
	}
	tabs, err := w.Store.TabsOf(ctx, ids)
	if err != nil {
		return r, err
	}
	views, err := w.Store.SessionsOf(ctx, r.Organisation, ids)
	if err != nil {
		return r, err
	}
	c, err := w.chunkOf(ctx, &r, views, tabs)
	if err != nil {
		return r, err
	}
	byID := map[ident.SessionID]*session.View{}
	for i := range views {
		byID[views[i].ID] = &views[i]
	}
	set := new(change.Set)
	for i := range wanted {
		d, err := c.correction(ctx, set, byID[ids[i]], &wanted[i])
		if err != nil {
			return r, err
		}
		set.Differences = append(set.Differences, d)
	}
	return w.land(ctx, r, set, over)
}

// land commits what was found, with the place behind it.
func (w *worker) land(ctx context.Context, r rerating.Rerating, set *change.Set, over bool) (rerating.Rerating, error) {
	found := set.Differences
	set.CustomerSums = rerating.ByCustomer(found)
	var at rerating.Place
	if n := len(found); n > 0 {
		at.Session = found[n-1].Session
	}
	next := r.Add(found, len(found), at, over, w.Clock.Now())
	return next, w.commit(ctx, set, next)
}

// refused leaves a session out that the commit does not take.
func (w *worker) refused(ctx context.Context, r rerating.Rerating, wanted rerating.Difference, over bool) (rerating.Rerating, error) {
	d := wanted
	d.Rerating = r.ID
	return w.land(ctx, r, &change.Set{Differences: []rerating.Difference{d.Out(rerating.Held, rerating.Refused)}}, over)
}

// correction settles a session by the price that the simulation found, and adds
// that to the set when its bill changes. view is nil when the session is no more.
func (c *chunk) correction(ctx context.Context, set *change.Set, view *session.View, wanted *rerating.Difference) (rerating.Difference, error) {
	d := *wanted
	d.Rerating = c.of.ID
	if view == nil {
		return d.Out(rerating.Skipped, rerating.Gone), nil
	}
	tab, settled := c.tabs[view.ID]
	if !settled {
		tab = c.FreshTab(view)
	}
	if tab.Bill != wanted.Bill || view.Status.Open() {
		return d.Out(rerating.Skipped, rerating.BillChanged), nil
	}
	var standing *billing.Bill
	if tab.Bill != "" {
		b, err := c.desk.Bill(ctx, view.Organisation, tab.Bill)
		if err != nil {
			return d, err
		}
		standing = &b
	}
	price, err := c.found(ctx, view, wanted)
	if err != nil {
		return d, err
	}
	s, err := c.Settle(ctx, set, &settling.Case{View: *view, Tab: tab, Fresh: !settled, Price: price})
	if err != nil {
		return d, err
	}
	if d = d.Priced(standing, &tab, &s.Outcome); d.Outcome != rerating.Changed {
		return d, nil
	}
	return d, s.Put(ctx)
}
