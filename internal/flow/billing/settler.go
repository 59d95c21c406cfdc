package billing

import (
	"context"
	"slices"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// Settler makes questions and settlements of sessions: for the consumer of this
// package when they start and end, for others when they are priced while they run,
// or anew. It keeps nothing, and its methods are safe for concurrent use.
type Settler struct{ Options }

// NewSettler returns a Settler.
func NewSettler(o Options) *Settler { return &Settler{o} }

// Case is a session with its tab.
type Case struct {
	View  session.View
	Tab   billing.Tab
	Fresh bool   // the tab is not in the database yet
	Price *Price // prices the session from now on; nil: what the tab names does

	TakeBack string // why somebody takes back what was billed; "": nobody does
}

// Price is what prices a session, and what is kept of it.
type Price struct {
	tariff.Snapshot
	Kept billing.Snapshot
}

// PriceOf returns a snapshot as something that prices sessions.
func PriceOf(s tariff.Snapshot) (*Price, error) {
	text, err := s.Canonical()
	if err != nil {
		return nil, err
	}
	return &Price{s, billing.Snapshot{Hash: tariff.Hash(text), Text: text}}, nil
}

// Case reads a session with its tab, or, when it has none, with a fresh one that
// nothing prices. The tab is read first: what is decided of the session as it
// was is refused when somebody has settled it since as it is.
func (s *Settler) Case(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (Case, error) {
	tab, none := s.Store.Tab(ctx, id)
	if none != nil && !fault.Is(none, fault.NotFound) {
		return Case{}, none
	}
	view, err := s.Store.Session(ctx, org, id)
	if err != nil || none == nil {
		return Case{View: view, Tab: tab}, err
	}
	return Case{View: view, Fresh: true, Tab: s.FreshTab(&view)}, nil
}

// FreshTab returns the tab of a session that has none yet.
func (s *Settler) FreshTab(of *session.View) billing.Tab {
	return billing.Tab{Session: of.ID, Station: of.Station, Organisation: of.Organisation, State: billing.TabOpen, ChangedAt: s.Clock.Now(), Version: 1}
}

// Chosen returns what the assignments that were made by a moment, as they are by
// now, let price a session; nil when they have nothing for it. A zero moment is
// now: all of them count.
func (s *Settler) Chosen(ctx context.Context, of *session.View, made time.Time) (*Price, error) {
	who, err := s.payerOf(ctx, &of.Session)
	if err != nil {
		return nil, err
	}
	place, driver := tariff.Place{Organisation: of.Organisation, Site: of.Site, Station: of.Station, EVSE: of.EVSE}, who.drives(&of.Session)
	all, err := s.Store.AssignmentsFor(ctx, place, driver)
	if err != nil {
		return nil, err
	}
	if !made.IsZero() {
		all = slices.DeleteFunc(all, func(a tariff.Assignment) bool { return a.CreatedAt.After(made) })
	}
	if place.Connector, place.Power, err = s.outlet(ctx, &of.Session, all); err != nil {
		return nil, err
	}
	chosen, ok := tariff.Choose(all, place, driver, of.StartedAt)
	if !ok {
		return nil, nil
	}
	t, err := s.Store.TariffAt(ctx, of.Organisation, chosen.Tariff, of.StartedAt)
	if err != nil {
		return nil, err
	}
	snapshot, ok := t.Snap(of.TimeZone, of.StartedAt)
	if !ok {
		return nil, nil
	}
	profile, err := s.Store.Profile(ctx, of.Organisation)
	if err != nil {
		return nil, err
	}
	return PriceOf(snapshot.WithGrace(profile.Forgives()))
}

// Question asks what a session costs until end, by a snapshot. An error of kind
// Invalid says that nobody can answer it: trying again does not help.
func (s *Settler) Question(ctx context.Context, of *session.View, by *tariff.Snapshot, end time.Time) (rating.Question, error) {
	w := work{Settler: s, set: new(change.Set), view: of}
	return w.question(ctx, by, end)
}

// Settlement is what becomes of a session, before anything of it is written.
type Settlement struct {
	billing.Outcome
	of work
}

// Settle decides what becomes of a session. It adds nothing to set, which has what
// is about to be written beside it: whoever wants the settlement puts it there,
// and who does not loses nothing.
func (s *Settler) Settle(ctx context.Context, set *change.Set, c *Case) (*Settlement, error) {
	w := work{Settler: s, set: set, view: &c.View, tab: c.Tab, price: c.Price, takeBack: c.TakeBack}
	if c.Price != nil {
		w.tab.Snapshot = c.Price.Kept.Hash
	}
	out, err := w.settle(ctx)
	if err != nil {
		return nil, err
	}
	if out.Tab == nil && c.Fresh {
		out.Tab = new(w.tab)
	}
	if out.Tab != nil && c.Fresh {
		out.Tab.Version = 1
	}
	return &Settlement{Outcome: out, of: w}, nil
}

// Put adds the settlement to the set, with what it tells.
func (s *Settlement) Put(ctx context.Context) error {
	if s.Tab == nil {
		return nil
	}
	s.of.keep()
	if err := s.of.earnings(ctx, &s.Outcome); err != nil {
		return err
	}
	s.of.put(&s.Outcome)
	s.of.vouch(&s.Outcome)
	if err := s.of.spend(ctx, &s.Outcome); err != nil {
		return err
	}
	return s.of.begin(ctx, s.Journals)
}
