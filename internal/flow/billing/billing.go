// Package billing follows the event log and makes bills of sessions: when one
// starts it notes what prices it, when it has ended it has it rated twice and
// posts its bill, and when something comes late it takes the bill back and makes
// another.
//
// Guarantees: a session has one bill that stands, or none; the bill, its posting,
// the number of its document and the news of it are one commit, and so is the
// consumer's place in the log, so whatever crashes when, each is made once. What
// two raters do not agree on is never billed: the tab is held, with a finding.
package billing

import (
	"context"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/flow/consume"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// Store is what billing needs of the database. Look-ups that find nothing return
// an error of kind NotFound.
type Store interface {
	Session(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (session.View, error)
	Segments(ctx context.Context, id ident.StationID, ses ident.SessionID) ([]session.Segment, error)
	AllFrames(ctx context.Context, id ident.StationID, ses ident.SessionID, limit int) ([]meter.Frame, error)
	Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error)
	Site(ctx context.Context, org ident.OrganisationID, id ident.SiteID) (site.Site, error)

	Assignments(ctx context.Context, org ident.OrganisationID) ([]tariff.Assignment, error)
	Tariff(ctx context.Context, org ident.OrganisationID, id ident.TariffID) (tariff.Tariff, error)

	Tab(ctx context.Context, id ident.SessionID) (billing.Tab, error)
	Snapshot(ctx context.Context, hash string) ([]byte, error)
	Bill(ctx context.Context, org ident.OrganisationID, id ident.BillID) (billing.Bill, error)
	Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error)
	Series(ctx context.Context, org ident.OrganisationID) ([]ledger.Series, error)
}

// Rater answers what a session costs.
type Rater func(*rating.Question) (*rating.Answer, error)

// Options are what a Biller is made of; all are needed.
type Options struct {
	Store  Store
	Clock  clock.Clock
	Raters [2]Rater // the first one explains
}

// framesMost bounds the frames of a session that are looked at: a rater takes no
// more readings.
const framesMost = rating.ReadingsMost

// New returns the consumer that bills.
func New(o Options) consume.Consumer {
	b := &biller{o}
	return consume.Consumer{Name: "billing", Decide: b.decide}
}

type biller struct{ Options }

// decide takes each session once that the events are about.
func (b *biller) decide(ctx context.Context, events []event.Recorded) (*change.Set, error) {
	set := new(change.Set)
	done := map[string]bool{}
	for i := range events {
		e := &events[i]
		switch e.Type {
		case event.SessionStarted, event.SessionCompleted, event.SessionFailed, event.SessionCorrected:
		default: // is about nothing that is billed
			continue
		}
		if done[e.Subject] {
			continue
		}
		done[e.Subject] = true
		if err := b.session(ctx, set, e); err != nil {
			return nil, err
		}
	}
	if len(set.Tabs) == 0 {
		return nil, nil
	}
	return set, nil
}

// session does for a session what is due: the row tells, not the event.
func (b *biller) session(ctx context.Context, set *change.Set, e *event.Recorded) error {
	s, err := b.Store.Session(ctx, e.Organisation, ident.SessionID(e.Subject))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	tab, err := b.Store.Tab(ctx, s.ID)
	fresh := fault.Is(err, fault.NotFound)
	switch {
	case fresh:
		if tab, err = b.open(ctx, set, &s); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if s.Status.Open() && tab.Bill == "" { // nothing is due yet
		if fresh {
			set.Tabs = append(set.Tabs, tab)
		}
		return nil
	}
	w := work{biller: b, set: set, view: &s, tab: tab}
	out, err := w.settle(ctx)
	if err != nil {
		return err
	}
	if out.Tab == nil && fresh {
		out.Tab = &tab
	}
	if out.Tab == nil {
		return nil
	}
	if fresh {
		out.Tab.Version = 1
	}
	w.put(&out)
	return w.begin(ctx, out.Journals)
}

// open begins a session's tab: it finds what prices the session, and keeps it.
func (b *biller) open(ctx context.Context, set *change.Set, s *session.View) (billing.Tab, error) {
	tab := billing.Tab{
		Session: s.ID, Station: s.Station, Organisation: s.Organisation, State: billing.TabOpen, ChangedAt: b.Clock.Now(), Version: 1,
	}
	all, err := b.Store.Assignments(ctx, s.Organisation)
	if err != nil {
		return tab, err
	}
	place := tariff.Place{Organisation: s.Organisation, Site: s.Site, Station: s.Station, EVSE: s.EVSE}
	driver := tariff.Driver{AdHoc: s.Token == ""}
	if s.Group != "" {
		driver.Groups = []string{s.Group}
	}
	chosen, ok := tariff.Choose(all, place, driver, s.StartedAt)
	if !ok {
		return tab, nil
	}
	t, err := b.Store.Tariff(ctx, s.Organisation, chosen.Tariff)
	if err != nil {
		return tab, err
	}
	snapshot, ok := t.Snap(s.TimeZone, s.StartedAt)
	if !ok {
		return tab, nil
	}
	text, err := snapshot.Canonical()
	if err != nil {
		return tab, err
	}
	tab.Snapshot = tariff.Hash(text)
	set.Snapshots = append(set.Snapshots, billing.Snapshot{Hash: tab.Snapshot, Text: text})
	return tab, nil
}
