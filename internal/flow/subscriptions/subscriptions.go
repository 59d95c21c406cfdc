// Package subscriptions bills what customers' plans cost: when a calendar month is
// over, one node makes a receipt of its fee for each subscription.
//
// Guarantees: a month of a subscription has one receipt, or none when it costs
// nothing; the receipt, its posting, the number of its document and the step to the
// next month are one commit, so whatever crashes when, each is made once. Months
// that were missed are made up for, one after the other.
package subscriptions

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/plan"
	flow "pylon/internal/flow/billing"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Store is what billing of fees needs of the database. Look-ups that find nothing
// return an error of kind NotFound.
type Store interface {
	Commit(ctx context.Context, set *change.Set) error
	DueSubscriptions(ctx context.Context, at time.Time, limit int) ([]plan.Subscription, error)
	Offer(ctx context.Context, org ident.OrganisationID, id ident.PlanID) (plan.Plan, error)
	Organisation(ctx context.Context, ref string) (account.Organisation, error)
	Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error)
	Customer(ctx context.Context, org ident.OrganisationID, id ident.CustomerID) (customer.Customer, error)
}

// Fees bills fees.
type Fees struct {
	store Store
	clock clock.Clock
	log   *slog.Logger
}

// New returns what bills fees; it needs all three.
func New(store Store, c clock.Clock, log *slog.Logger) *Fees { return &Fees{store, c, log} }

const (
	// lookEvery is how often it looks for months that are over: they begin once a
	// month, in some zone at any hour.
	lookEvery = 10 * time.Minute
	// atOnce bounds the subscriptions that are read at once.
	atOnce = 200
)

// Run bills fees when months are over, until ctx ends. It is done under a lease.
func (f *Fees) Run(ctx context.Context, g lease.Grant) error {
	ticks, stop := f.clock.Ticker(lookEvery)
	defer stop()
	for {
		if err := f.Bill(ctx, g); err != nil && ctx.Err() == nil {
			f.log.Warn("fees of subscriptions are not billed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

// Bill bills the fees of all months that are over. A subscription whose fee cannot
// be billed keeps nobody else from it.
func (f *Fees) Bill(ctx context.Context, g lease.Grant) error {
	failed := map[ident.SubscriptionID]bool{}
	for {
		due, err := f.store.DueSubscriptions(ctx, f.clock.Now(), atOnce+len(failed))
		if err != nil {
			return err
		}
		billed := 0
		for i := range due {
			s := &due[i]
			if failed[s.ID] {
				continue
			}
			switch err := f.month(ctx, g, s); {
			case err == nil:
				billed++
			case leases.Ends(ctx, err):
				return err
			default: // one that has just moved is looked at again next time
				failed[s.ID] = true
				f.log.Warn("fee of a subscription is not billed", "subscription", string(s.ID), "month", string(s.Next), "error", err)
			}
		}
		if billed == 0 {
			return nil
		}
	}
}

// month bills the fee of a subscription's next month.
func (f *Fees) month(ctx context.Context, g lease.Grant, s *plan.Subscription) error {
	org, err := f.store.Organisation(ctx, string(s.Organisation))
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(org.TimeZone)
	if err != nil {
		return fmt.Errorf("organisation %s: %w", org.ID, err)
	}
	p, err := f.store.Offer(ctx, s.Organisation, s.Plan)
	if err != nil {
		return fmt.Errorf("plan %s: %w", s.Plan, err)
	}
	fee, err := feeOf(&p, s, zone)
	if err != nil {
		return err
	}
	facts, err := f.facts(ctx, &org, s)
	if err != nil {
		return err
	}
	next := s.Billed(zone)
	next.Version++
	set := &change.Set{Under: g, Subscriptions: []plan.Subscription{next}}
	if set.Bills, set.Journals, err = fee.Receipt(facts); err != nil {
		return err
	}
	for i := range set.Bills {
		series := facts.Profile.Series(billing.Receipt, facts.Now)
		set.Series = []ledger.Series{series} // one that has begun stays as it is
		set.Events = append(set.Events, flow.Issued(&set.Bills[i], ""))
	}
	return f.store.Commit(ctx, set)
}

// feeOf returns what a subscription's next month costs. The name of one that does not
// count whole says how much of it does.
func feeOf(p *plan.Plan, s *plan.Subscription, zone *time.Location) (*billing.Fee, error) {
	amount, err := p.Fee(s, s.Next, zone)
	if err != nil {
		return nil, err
	}
	name := p.Name
	if counted, all := s.Days(s.Next, zone); counted < all {
		name += " " + strconv.Itoa(counted) + "/" + strconv.Itoa(all)
	}
	return &billing.Fee{
		Of: plan.FeeOf(s.ID, s.Next), Item: billing.ItemSubscription, Name: name, From: s.Next.Begin(zone), To: s.Next.End(zone), Zone: zone.String(),
		Currency: p.Currency, Amount: amount, Gross: p.Terms.Fee.Gross, VAT: p.Terms.Fee.VAT,
	}, nil
}

// facts gathers who bills whom. A customer who is no more still owes what it cost.
func (f *Fees) facts(ctx context.Context, org *account.Organisation, s *plan.Subscription) (*billing.Facts, error) {
	profile, err := f.store.Profile(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	who, err := f.store.Customer(ctx, org.ID, s.Customer)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if who.Language != "" {
		profile.Language = who.Language
	}
	profile.Organisation = org.ID
	return &billing.Facts{
		Now: f.clock.Now(), Profile: profile, Country: org.Country, Debtor: string(s.Customer),
		Customer: who.Party, BuyerReference: who.BuyerReference, Monthly: who.Settlement == customer.Monthly,
	}, nil
}
