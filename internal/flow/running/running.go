// Package running tells what sessions cost while they run: to whoever asks, to who
// listens to the live feed, and to drivers, on the screens of stations that have
// one.
//
// Guarantees: a cost is reckoned by asking the rater that bills are made with the
// question that the session's bill will answer, with the present in place of the
// end, so when the session has ended it is what the bill comes to. Until there is a
// bill it is provisional: late readings may move it. A session that nothing
// prices has no cost, and neither has one whose tax is not known or whose bill is
// held: nobody is shown a number that no bill could have. Nothing here is written
// down, and nothing that matters waits for it: the work of a node is bounded, and
// what does not fit comes later or not at all.
package running

import (
	"context"
	"slices"
	"sync"
	"time"

	bills "pylon/internal/domain/billing"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/flow/billing"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// Cost is what a session costs as far as it is known.
type Cost struct {
	Session  ident.SessionID
	AsOf     time.Time // up to then; after the end: the end
	Currency money.Currency
	Net      int64 // minor units, all of them
	Tax      int64
	Total    int64
	Gross    bool           // amounts of Parts include tax
	Parts    []Part         // what it is made of, in the order of the bill's lines
	Bill     ident.BillID   // that says so; "": none yet, and it may still move
	Text     string         // the tariff as its owner tells it; "": he does not
	Language string         // of Text
	Prices   *screen.Prices // that hold now; nil: it has ended
	Next     *screen.Change // how they change next; nil: not for a day
	IdleFrom time.Time      // since when the car asks for nothing; zero: it does, or nobody knows

	view     *session.View
	by       *tariff.Snapshot    // nil: a bill's
	adjusted []rating.Adjustment // that the rater was asked with
}

// Part is what one dimension comes to.
type Part struct {
	Dimension rating.Dimension
	Amount    int64
}

// Provisional reports whether a bill may come to something else.
func (c *Cost) Provisional() bool { return c.Bill == "" }

// Of returns what a session costs by now; nil when it has no cost. Prices and words
// are told with it.
func (s *Service) Of(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (*Cost, error) {
	of, err := s.settler.Case(ctx, org, id)
	if err != nil {
		return nil, err
	}
	c, err := s.reckon(ctx, &of)
	if err != nil || c == nil {
		return nil, err
	}
	if c.by != nil {
		s.explain(c, "")
	}
	return c, nil
}

// reckon asks the rater, or reads the bill. A cost that is not a bill's has no
// prices and no words yet.
func (s *Service) reckon(ctx context.Context, c *billing.Case) (*Cost, error) {
	switch {
	case c.Tab.Bill != "" && !c.View.Status.Open():
		return s.billed(ctx, c)
	case c.View.Status == session.Pending, c.View.Status == session.Failed, c.Tab.State == bills.TabHeld, c.Tab.State == bills.TabFree:
		return nil, nil // nobody is authorised, or nobody is to pay
	}
	by, err := s.prices(ctx, c)
	if err != nil || by == nil {
		return nil, err
	}
	return s.rate(ctx, &c.View, by)
}

// rate asks the rater what a session costs by now, or at its end.
func (s *Service) rate(ctx context.Context, v *session.View, by *tariff.Snapshot) (*Cost, error) {
	end := v.EndedAt
	if v.Status.Open() {
		end = s.Clock.Now()
	}
	q, err := s.settler.Question(ctx, v, by, end)
	if err != nil {
		return nil, held(err)
	}
	a, err := s.Rate(&q)
	if err != nil {
		return nil, held(err)
	}
	if a.Invoice == nil {
		return nil, nil // some rate of tax is not known
	}
	n := a.Invoice
	return &Cost{
		Session: v.ID, AsOf: end, Currency: n.Currency, Net: n.Net, Tax: n.Tax, Total: n.Total, Gross: n.Gross, Parts: parts(a),
		view: v, by: by, adjusted: q.Adjustments,
	}, nil
}

// held turns an error that would hold the bill into no cost.
func held(err error) error {
	if fault.Is(err, fault.Invalid) {
		return nil
	}
	return err
}

// parts adds up the lines of each dimension, as they are billed.
func parts(a *rating.Answer) []Part {
	var all []Part
	for i, amount := range a.Invoice.Lines {
		d := lineOf(a, i).Dimension
		at := slices.IndexFunc(all, func(p Part) bool { return p.Dimension == d })
		if at < 0 {
			at = len(all)
			all = append(all, Part{Dimension: d})
		}
		all[at].Amount += amount
	}
	return all
}

// lineOf returns the line that an amount of the invoice is of.
func lineOf(a *rating.Answer, i int) *rating.Line {
	if i < len(a.Lines) {
		return &a.Lines[i]
	}
	return &a.Extras[i-len(a.Lines)]
}

// billed is the cost as the bill that stands has it.
func (s *Service) billed(ctx context.Context, c *billing.Case) (*Cost, error) {
	b, err := s.Store.Bill(ctx, c.View.Organisation, c.Tab.Bill)
	if err != nil {
		return nil, err
	}
	d := &b.Document
	return &Cost{
		Session: c.View.ID, AsOf: c.View.EndedAt, Currency: d.Currency, Net: d.Net, Tax: d.Tax, Total: d.Total, Gross: d.Gross, Bill: b.ID, view: &c.View,
	}, nil
}

// prices returns what prices a session: what its tab says or, before billing has
// opened that, what it will say; nil when nothing does.
func (s *Service) prices(ctx context.Context, c *billing.Case) (*tariff.Snapshot, error) {
	if c.Fresh {
		p, err := s.settler.Chosen(ctx, &c.View, c.View.StartedAt)
		if err != nil || p == nil {
			return nil, err
		}
		return &p.Snapshot, nil
	}
	return s.snapshots.get(ctx, c.Tab.Snapshot)
}

// snapshots remembers what prices sessions: some hundred sessions share one.
type snapshots struct {
	read func(ctx context.Context, hash string) ([]byte, error)
	mu   sync.Mutex
	by   map[string]*tariff.Snapshot
}

// snapshotsMost bounds them: of the editions of a network few are in use at a time,
// and one with a price for each quarter of an hour takes some 100 KiB.
const snapshotsMost = 64

// get returns the snapshot with a hash, nil for "".
func (m *snapshots) get(ctx context.Context, hash string) (*tariff.Snapshot, error) {
	if hash == "" {
		return nil, nil
	}
	m.mu.Lock()
	known := m.by[hash]
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	text, err := m.read(ctx, hash)
	if err != nil {
		return nil, err
	}
	parsed, err := tariff.ParseSnapshot(text, hash)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.by) >= snapshotsMost {
		clear(m.by)
	}
	m.by[hash] = &parsed
	return &parsed, nil
}
