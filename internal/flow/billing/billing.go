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
	"sync"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/token"
	"pylon/internal/flow/consume"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// Store is what billing needs of the database. Look-ups that find nothing return
// an error of kind NotFound.
type Store interface {
	earningStore

	Session(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (session.View, error)
	Segments(ctx context.Context, id ident.StationID, ses ident.SessionID) ([]session.Segment, error)
	AllFrames(ctx context.Context, id ident.StationID, ses ident.SessionID, limit int) ([]meter.Frame, error)
	Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error)
	Site(ctx context.Context, org ident.OrganisationID, id ident.SiteID) (site.Site, error)

	Token(ctx context.Context, org ident.OrganisationID, id ident.TokenID) (token.Token, error)
	Customer(ctx context.Context, org ident.OrganisationID, id ident.CustomerID) (customer.Customer, error)

	// Priced reports whether a tariff of org was ever published. It is never so
	// and then not any more.
	Priced(ctx context.Context, org ident.OrganisationID) (bool, error)
	AssignmentsFor(ctx context.Context, p tariff.Place, d tariff.Driver) ([]tariff.Assignment, error)
	TariffAt(ctx context.Context, org ident.OrganisationID, id ident.TariffID, at time.Time) (tariff.Tariff, error)

	Plans

	Tab(ctx context.Context, id ident.SessionID) (billing.Tab, error)
	Snapshot(ctx context.Context, hash string) ([]byte, error)
	Bill(ctx context.Context, org ident.OrganisationID, id ident.BillID) (billing.Bill, error)
	Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error)
	Series(ctx context.Context, org ident.OrganisationID) ([]ledger.Series, error)

	Signals
	Meters
	Held
}

// Rater answers what a session costs.
type Rater func(*rating.Question) (*rating.Answer, error)

// Options are what settling needs; all of them.
type Options struct {
	Store  Store
	Clock  clock.Clock
	Raters [2]Rater // the first one explains; the second is nil where nothing is ever billed: nobody looks again
	Signed Signed   // nil where nothing is ever billed: nobody proves anything
}

// framesMost bounds the frames of a session that are looked at: a rater takes no
// more readings.
const framesMost = rating.ReadingsMost

// New returns the consumer that bills.
func New(o Options) consume.Consumer {
	if o.Raters[0] == nil || o.Raters[1] == nil || o.Signed == nil {
		panic("billing: what one rater says, or nobody could check, is not billed")
	}
	b := &biller{Settler: NewSettler(o), priced: map[ident.OrganisationID]bool{}}
	return consume.Consumer{Name: "billing", Decide: b.decide}
}

// biller settles sessions when the log tells of them.
type biller struct {
	*Settler

	mu     sync.Mutex
	priced map[ident.OrganisationID]bool // of which a tariff was published, as far as we know
}

// anyPrice reports whether any session of org can have a price. Where no tariff
// was published yet, none that has begun by now ever has: an edition is valid from
// its publication at the earliest. So nothing of it is read or written.
func (b *biller) anyPrice(ctx context.Context, org ident.OrganisationID) (bool, error) {
	b.mu.Lock()
	known := b.priced[org]
	b.mu.Unlock()
	if known {
		return true, nil
	}
	found, err := b.Store.Priced(ctx, org)
	if found {
		b.mu.Lock()
		b.priced[org] = true
		b.mu.Unlock()
	}
	return found, err
}

// decide takes each session once that the events are about.
func (b *biller) decide(ctx context.Context, events []event.Recorded) (*change.Set, error) {
	set := new(change.Set)
	done := map[string]bool{}
	priced := map[ident.OrganisationID]bool{} // as it was read for these events
	for i := range events {
		e := &events[i]
		settle := b.settle
		switch e.Type {
		case event.SessionStarted, event.SessionCompleted, event.SessionFailed, event.SessionCorrected:
		case event.SeriesUpdated, event.StationDevice, event.TabRetried:
			settle = b.releaseFor
		default: // is about nothing that is billed
			continue
		}
		if _, asked := priced[e.Organisation]; !asked {
			var err error
			if priced[e.Organisation], err = b.anyPrice(ctx, e.Organisation); err != nil {
				return nil, err
			}
		}
		if !priced[e.Organisation] {
			continue
		}
		if err := settle(ctx, set, done, e); err != nil {
			return nil, err
		}
	}
	if len(set.Tabs)+len(set.Events) == 0 {
		return nil, nil
	}
	return set, nil
}

// settle settles the session that an event is about, unless an event before it in the
// same batch was about it.
func (b *biller) settle(ctx context.Context, set *change.Set, done map[string]bool, e *event.Recorded) error {
	if done[e.Subject] {
		return nil
	}
	done[e.Subject] = true
	return b.session(ctx, set, e)
}

// session does for a session what is due: the row tells, not the event.
func (b *biller) session(ctx context.Context, set *change.Set, e *event.Recorded) error {
	c, err := b.Case(ctx, e.Organisation, ident.SessionID(e.Subject))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil && c.Fresh { // it begins: what prices it now does so for ever
		c.Price, err = b.Chosen(ctx, &c.View, c.View.StartedAt)
	}
	if err != nil {
		return err
	}
	if c.View.Status.Open() && c.Tab.Bill == "" { // nothing is due yet
		b.open(set, &c)
		return nil
	}
	settled, err := b.Settle(ctx, set, &c)
	if err != nil {
		return err
	}
	return settled.Put(ctx)
}

// open begins the tab of a session that runs, unless it has begun.
func (b *biller) open(set *change.Set, c *Case) {
	if !c.Fresh {
		return
	}
	if c.Price != nil {
		c.Tab.Snapshot = c.Price.Kept.Hash
		set.Snapshots = append(set.Snapshots, c.Price.Kept)
	}
	set.Tabs = append(set.Tabs, c.Tab)
}
