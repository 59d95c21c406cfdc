// Package statements asks customers once a month for what they were billed: it
// takes the bills of a month, a few at a time, and makes one invoice of them.
//
// Guarantees: a bill is on one statement at most, and an account (a customer, a
// currency, a country's tax) has one statement a month; the invoice, its number, its
// posting and the end of the statement are one commit. So whatever crashes when,
// and whoever asks how often, each is made once: the rows tell how to go on, and
// nothing is kept in memory between two steps. Bills that come when their month's
// statement has been issued are on the next one.
package statements

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	flow "pylon/internal/flow/billing"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Store is what statements need of the database. Look-ups that find nothing
// return an error of kind NotFound.
type Store interface {
	Commit(ctx context.Context, set *change.Set) error

	Organisation(ctx context.Context, ref string) (account.Organisation, error)
	Organisations(ctx context.Context, q page.Query) (page.Result[account.Organisation], error)
	Customer(ctx context.Context, org ident.OrganisationID, id ident.CustomerID) (customer.Customer, error)
	Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error)
	Series(ctx context.Context, org ident.OrganisationID) ([]ledger.Series, error)

	// DueAccounts returns accounts with bills that wait for a statement and were about
	// something before a time, of one customer when of names him, those behind after.
	DueAccounts(ctx context.Context, org ident.OrganisationID, of ident.CustomerID, before time.Time, after customer.Account, limit int) ([]customer.Account, error)
	// DueBills returns the earliest of them: identifier, kind and total.
	DueBills(ctx context.Context, org ident.OrganisationID, a customer.Account, before time.Time, limit int) ([]billing.Bill, error)
	EachDue(ctx context.Context, org ident.OrganisationID, a customer.Account, before time.Time, f func(*billing.Bill) error) error
	EachTaken(ctx context.Context, id ident.StatementID, f func(*billing.Bill) error) error

	CustomerStatement(ctx context.Context, org ident.OrganisationID, id ident.StatementID) (customer.Statement, error)
	StatementsOf(ctx context.Context, org ident.OrganisationID, a customer.Account, limit int) ([]customer.Statement, error)
	OpenStatements(ctx context.Context, after ident.StatementID, limit int) ([]customer.Statement, error)
}

// Service makes statements. Its methods are safe for concurrent use.
type Service struct {
	store Store
	clock clock.Clock
	log   *slog.Logger
}

// New returns a Service; it needs all three.
func New(store Store, c clock.Clock, log *slog.Logger) *Service { return &Service{store, c, log} }

const (
	// Grace is how long after the end of a month its statements begin: a station that
	// was offline over a weekend has told of its sessions by then.
	Grace = 72 * time.Hour

	beginEvery = 10 * time.Minute // nobody waits for an invoice that is three days away
	workEvery  = 5 * time.Second  // somebody may wait who has asked for one

	atOnce   = 100     // accounts and statements that are read at a time
	chunk    = 500     // bills that one commit takes: some milliseconds of the database
	billsMax = 200_000 // on one invoice, which is in memory as a whole; what is over it is on the next
)

// Run begins statements when months are over, and makes the invoices of those that
// have begun, until ctx ends. It is done under a lease.
func (s *Service) Run(ctx context.Context, g lease.Grant) error {
	begin, stopBegin := s.clock.Ticker(beginEvery)
	defer stopBegin()
	work, stopWork := s.clock.Ticker(workEvery)
	defer stopWork()
	s.attempt(ctx, "begin", g, s.Begin)
	for {
		s.attempt(ctx, "make", g, s.Work)
		select {
		case <-ctx.Done():
			return nil
		case <-begin:
			s.attempt(ctx, "begin", g, s.Begin)
		case <-work:
		}
	}
}

func (s *Service) attempt(ctx context.Context, what string, g lease.Grant, f func(context.Context, lease.Grant) error) {
	if err := f(ctx, g); err != nil && ctx.Err() == nil {
		s.log.Warn("statements", "step", what, "error", err)
	}
}

// Begin begins the statements of all accounts that have bills due of a month
// whose grace is over. An organisation for which that fails leaves the others alone.
func (s *Service) Begin(ctx context.Context, g lease.Grant) error {
	return page.Each(ctx, s.store.Organisations, func(org *account.Organisation) error {
		err := s.beginOf(ctx, g, org)
		if err == nil || leases.Ends(ctx, err) {
			return err
		}
		s.log.Warn("statements were not begun", "organisation", org.ID, "error", err)
		return nil
	})
}

func (s *Service) beginOf(ctx context.Context, g lease.Grant, org *account.Organisation) error {
	zone, err := zoneOf(org)
	if err != nil {
		return err
	}
	month := customer.MonthOf(s.clock.Now().Add(-Grace), zone).Before()
	var last customer.Account
	for {
		accounts, err := s.store.DueAccounts(ctx, org.ID, "", month.Ends(zone), last, atOnce)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			next, err := s.begun(ctx, org.ID, a, month)
			if err != nil {
				return err
			}
			if next == nil { // issued already: what is due since is on the next
				continue
			}
			if err := s.commitBegun(ctx, next, &change.Set{Under: g}); err != nil && !fault.Is(err, fault.Stale) && !fault.Is(err, fault.Conflict) {
				return err // the others have moved it themselves
			}
		}
		if len(accounts) < atOnce {
			return nil
		}
		last = accounts[len(accounts)-1]
	}
}

// zoneOf returns the zone in which an organisation's months are.
func zoneOf(org *account.Organisation) (*time.Location, error) {
	zone, err := time.LoadLocation(org.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("zone %q: %w", org.TimeZone, err)
	}
	return zone, nil
}

// begun returns the statement of an account that takes the bills until a month's
// end: a new one, or the one that waits since another month; nil when that of the
// month is issued, or takes them already.
func (s *Service) begun(ctx context.Context, org ident.OrganisationID, a customer.Account, month customer.Month) (*customer.Statement, error) {
	latest, err := s.store.StatementsOf(ctx, org, a, 1)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	if len(latest) == 0 || latest[0].State == customer.Issued && latest[0].Month < month {
		return &customer.Statement{
			ID: ident.New[ident.StatementID](now), Organisation: org, Account: a, Month: month, State: customer.Open, CreatedAt: now, Version: 1,
		}, nil
	}
	was := latest[0]
	if was.State != customer.Waiting && was.Month >= month || was.State == customer.Issued {
		return nil, nil
	}
	was.Month, was.State = max(was.Month, month), customer.Open
	was.Version++
	return &was, nil
}

func (s *Service) commitBegun(ctx context.Context, next *customer.Statement, set *change.Set) error {
	set.Statements = append(set.Statements, *next)
	kind := event.StatementUpdated
	if next.Version == 1 {
		kind = event.StatementCreated
	}
	set.Events = append(set.Events, told(kind, next, s.clock.Now()))
	return s.store.Commit(ctx, set)
}

// Work makes the invoices of all statements that have begun. One that cannot be
// made leaves the others alone.
func (s *Service) Work(ctx context.Context, g lease.Grant) error {
	var last ident.StatementID
	for {
		open, err := s.store.OpenStatements(ctx, last, atOnce)
		if err != nil {
			return err
		}
		for i := range open {
			last = open[i].ID
			if err := s.make(ctx, g, &open[i]); err != nil {
				if leases.Ends(ctx, err) {
					return err
				}
				s.log.Warn("a statement was not made", "statement", string(last), "error", err)
				if err := s.stuck(ctx, g, &open[i], err); err != nil {
					return err
				}
			}
		}
		if len(open) < atOnce {
			return nil
		}
	}
}

// stuck notes on a statement why its invoice was not made, for those who look at it
// and not at logs. One that others have moved is theirs to note on.
func (s *Service) stuck(ctx context.Context, g lease.Grant, st *customer.Statement, why error) error {
	code := fault.CodeOf(why)
	if fault.Is(why, fault.Stale) || code == st.Problem {
		return nil
	}
	next := *st
	next.Problem = code
	next.Version++
	err := s.store.Commit(ctx, &change.Set{
		Under: g, Statements: []customer.Statement{next}, Events: []event.Event{told(event.StatementUpdated, &next, s.clock.Now())},
	})
	if err == nil || leases.Ends(ctx, err) {
		return err
	}
	s.log.Warn("a statement's problem was not noted", "statement", string(st.ID), "error", err)
	return nil
}

// make takes what is due for a statement, and issues its invoice.
func (s *Service) make(ctx context.Context, g lease.Grant, st *customer.Statement) error {
	org, err := s.store.Organisation(ctx, string(st.Organisation))
	if err != nil {
		return err
	}
	zone, err := zoneOf(&org)
	if err != nil {
		return err
	}
	for {
		more, err := s.take(ctx, g, st, st.Month.Ends(zone))
		if err != nil {
			return err
		}
		if !more {
			return s.issue(ctx, g, st, zone)
		}
	}
}

// take takes some of the bills that are due, and says whether there were any.
func (s *Service) take(ctx context.Context, g lease.Grant, st *customer.Statement, until time.Time) (more bool, err error) {
	room := min(chunk, billsMax-st.Bills)
	if room <= 0 {
		return false, nil
	}
	bills, err := s.store.DueBills(ctx, st.Organisation, st.Account, until, int(room))
	if err != nil || len(bills) == 0 {
		return false, err
	}
	next := *st
	set := &change.Set{Under: g}
	for i := range bills {
		total := bills[i].Document.Total
		if bills[i].Document.Kind == billing.CreditNote {
			total = -total
		}
		next.Bills++
		next.Total += total
		set.Taken = append(set.Taken, customer.Taken{Bill: bills[i].ID, Statement: st.ID})
	}
	next.Version++
	set.Statements = []customer.Statement{next}
	if err := s.store.Commit(ctx, set); err != nil {
		return false, err
	}
	*st = next
	return true, nil
}

// issue ends a statement in its invoice. One that comes to nothing or less
// waits for the next month.
func (s *Service) issue(ctx context.Context, g lease.Grant, st *customer.Statement, zone *time.Location) error {
	now := s.clock.Now()
	next := *st
	next.Version++
	next.Problem = ""
	set := &change.Set{Under: g}
	kind := event.StatementUpdated
	if st.Total > 0 {
		if err := s.invoice(ctx, set, &next, zone); err != nil {
			return err
		}
		kind = event.StatementIssued
	} else {
		next.State = customer.Waiting
	}
	set.Statements = []customer.Statement{next}
	set.Events = append(set.Events, told(kind, &next, now))
	return s.store.Commit(ctx, set)
}

// invoice adds the invoice of a statement that has taken its bills.
func (s *Service) invoice(ctx context.Context, set *change.Set, st *customer.Statement, zone *time.Location) error {
	sum := billing.NewSummary(st.Currency, st.Country)
	if err := s.store.EachTaken(ctx, st.ID, sum.Add); err != nil {
		return err
	}
	if sum.Bills() != st.Bills || sum.Total() != st.Total {
		return fmt.Errorf("%d bills come to %d, and %d that came to %d were taken", sum.Bills(), sum.Total(), st.Bills, st.Total)
	}
	heading, err := s.heading(ctx, st, zone)
	if err != nil {
		return err
	}
	bill, journal, err := sum.Issue(&billing.Invoiced{Statement: st.ID, Organisation: st.Organisation, Customer: st.Customer, Heading: heading})
	if err != nil {
		return err
	}
	known, err := s.store.Series(ctx, st.Organisation)
	if err != nil {
		return err
	}
	series := heading.Profile.Series(billing.Invoice, heading.Now)
	if !slices.ContainsFunc(known, func(k ledger.Series) bool { return k.ID() == series.ID() }) {
		set.Series = append(set.Series, series)
	}
	st.State, st.Invoice, st.IssuedAt = customer.Issued, bill.ID, heading.Now
	set.Bills, set.Journals = append(set.Bills, bill), append(set.Journals, journal)
	set.Events = append(set.Events, flow.Issued(&bill, ""))
	return nil
}

// heading gathers what an invoice says beside its sums.
func (s *Service) heading(ctx context.Context, st *customer.Statement, zone *time.Location) (billing.Heading, error) {
	who, err := s.store.Customer(ctx, st.Organisation, st.Customer)
	if err != nil {
		return billing.Heading{}, fmt.Errorf("customer %s: %w", st.Customer, err)
	}
	profile, err := s.store.Profile(ctx, st.Organisation)
	if err != nil {
		return billing.Heading{}, err
	}
	profile.Organisation = st.Organisation
	if who.Language != "" {
		profile.Language = who.Language
	}
	return billing.Heading{
		Now: s.clock.Now(), To: st.Month.Ends(zone), Zone: zone, Profile: profile,
		Customer: who.Party, BuyerReference: who.BuyerReference, DueDays: who.DueDays,
	}, nil
}
