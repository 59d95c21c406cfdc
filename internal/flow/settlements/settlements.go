// Package settlements settles with site hosts once a month: what they have earned by
// bills, and what was agreed beside that, becomes a document that freezes what they
// are paid, and they are paid when somebody says so.
//
// Guarantees: a host has one settlement at most for a month and a currency; it, its
// number, its posting and the end of what it has taken are one commit, and so are a
// payment and its posting. So whatever crashes when, each is made once; nothing is
// kept in memory between two steps. What is earned or taken back once a month was
// settled is in a later one.
package settlements

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/host"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/site"
	"pylon/internal/flow/leases"
	"pylon/internal/flow/statements"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/page"
)

// Store is what settlements need of the database. Look-ups that find nothing
// return an error of kind NotFound.
type Store interface {
	Commit(ctx context.Context, set *change.Set) error

	Organisations(ctx context.Context, q page.Query) (page.Result[account.Organisation], error)
	Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error)
	Site(ctx context.Context, org ident.OrganisationID, id ident.SiteID) (site.Site, error)

	Hosts(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[host.Host], error)
	AgreementsOf(ctx context.Context, id ident.HostID) ([]host.Agreement, error)
	OpenTallies(ctx context.Context, id ident.HostID, until customer.Month) ([]host.Tally, error)
	LastSettled(ctx context.Context, id ident.HostID, currency money.Currency) (customer.Month, error)
	Settlement(ctx context.Context, org ident.OrganisationID, id ident.SettlementID) (host.Settlement, error)
}

// Service makes settlements. Its methods are safe for concurrent use.
type Service struct {
	store Store
	clock clock.Clock
	log   *slog.Logger
}

// New returns a Service; it needs all three.
func New(store Store, c clock.Clock, log *slog.Logger) *Service { return &Service{store, c, log} }

const (
	lookEvery = time.Hour // nobody waits for a settlement that is three days away
	monthsMax = 24        // that are made up for: a fixed amount of longer ago is a matter for people
	tries     = 5         // a bill that comes meanwhile moves what was read
)

// Run settles when months are over, until ctx ends. It is done under a lease.
func (s *Service) Run(ctx context.Context, g lease.Grant) error {
	ticks, stop := s.clock.Ticker(lookEvery)
	defer stop()
	for {
		if err := s.Settle(ctx, g); err != nil && ctx.Err() == nil {
			s.log.Warn("hosts were not settled with", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

// Settle settles with every host who has not been settled with, until the last
// month that is over and whose grace is. One with whom that fails leaves the others
// alone.
func (s *Service) Settle(ctx context.Context, g lease.Grant) error {
	last := customer.MonthOf(s.clock.Now().Add(-statements.Grace), time.UTC).Before()
	return page.Each(ctx, s.store.Organisations, func(org *account.Organisation) error {
		hosts := func(ctx context.Context, q page.Query) (page.Result[host.Host], error) {
			return s.store.Hosts(ctx, org.ID, q)
		}
		return page.Each(ctx, hosts, func(h *host.Host) error {
			err := s.host(ctx, g, h, last)
			if err == nil || leases.Ends(ctx, err) {
				return err
			}
			s.log.Warn("a host was not settled with", "host", h.ID, "error", err)
			return nil
		})
	})
}

// host settles with a host, month by month, in each currency that he has earned.
func (s *Service) host(ctx context.Context, g lease.Grant, h *host.Host, last customer.Month) error {
	tallies, err := s.store.OpenTallies(ctx, h.ID, last)
	if err != nil {
		return err
	}
	agreements, err := s.store.AgreementsOf(ctx, h.ID)
	if err != nil {
		return err
	}
	currencies := []money.Currency{h.Currency}
	for i := range tallies {
		if !slices.Contains(currencies, tallies[i].Currency) {
			currencies = append(currencies, tallies[i].Currency)
		}
	}
	for _, currency := range currencies {
		month, err := s.first(ctx, h, currency, agreements, last)
		if err != nil {
			return err
		}
		for ; month <= last; month = month.Next() {
			if err := s.month(ctx, g, &host.Month{Host: *h, Month: month, Currency: currency, Agreements: agreements}); err != nil {
				return err
			}
		}
	}
	return nil
}

// first returns the first month of which a host may have something to get in a
// currency: the one behind his last settlement, or that of his first agreement.
func (s *Service) first(ctx context.Context, h *host.Host, of money.Currency, agreements []host.Agreement, last customer.Month) (customer.Month, error) {
	first := last.Next()
	for i := range agreements {
		first = min(first, customer.MonthOf(agreements[i].From, time.UTC))
	}
	settled, err := s.store.LastSettled(ctx, h.ID, of)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	if err == nil {
		first = settled.Next()
	}
	return max(first, customer.MonthOf(last.Begins(time.UTC).AddDate(0, -monthsMax, 0), time.UTC)), nil
}

// month settles a month. A bill that comes meanwhile moves what was read: then it is
// read again.
func (s *Service) month(ctx context.Context, g lease.Grant, m *host.Month) (err error) {
	for range tries {
		var made bool
		if made, err = s.try(ctx, g, m); !fault.Is(err, fault.Stale) || errors.Is(err, change.ErrLeaseLost) {
			if made && err == nil {
				s.log.Info("a host was settled with", "host", m.Host.ID, "month", m.Month)
			}
			return err
		}
	}
	return err
}

func (s *Service) try(ctx context.Context, g lease.Grant, m *host.Month) (made bool, err error) {
	open, err := s.store.OpenTallies(ctx, m.Host.ID, m.Month)
	if err != nil {
		return false, err
	}
	m.Now = s.clock.Now()
	m.Tallies = slices.DeleteFunc(open, func(t host.Tally) bool { return t.Currency != m.Currency })
	if m.Profile, err = s.store.Profile(ctx, m.Host.Organisation); err != nil {
		return false, err
	}
	if err := s.places(ctx, m); err != nil {
		return false, err
	}
	out, err := host.Settle(m)
	if err != nil || out.Settlement == nil {
		return false, err
	}
	return true, s.store.Commit(ctx, &change.Set{
		Under: g, Settlements: []host.Settlement{*out.Settlement}, Tallies: out.Tallies, Journals: []ledger.Journal{out.Journal},
		Series: []ledger.Series{host.Series(m.Host.Organisation, m.Now)},
		Events: []event.Event{Told(event.SettlementIssued, out.Settlement, m.Now)},
	})
}

// places reads the sites that a settlement may be about.
func (s *Service) places(ctx context.Context, m *host.Month) error {
	m.Places = map[ident.SiteID]host.Place{}
	var sites []ident.SiteID
	for i := range m.Tallies {
		sites = append(sites, m.Tallies[i].Site)
	}
	for i := range m.Agreements {
		sites = append(sites, m.Agreements[i].Site)
	}
	for _, id := range sites {
		if _, known := m.Places[id]; known {
			continue
		}
		at, err := s.store.Site(ctx, m.Host.Organisation, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		zone, err := time.LoadLocation(at.TimeZone)
		if err != nil {
			zone = time.UTC
		}
		m.Places[id] = host.Place{Name: cmp.Or(at.Name, string(id)), Zone: zone}
	}
	return nil
}

// Pay records that a host was paid: what the settlement says, or a part of it. A
// version other than 0 must be the one that stands ([fault.Stale] otherwise).
func (s *Service) Pay(
	ctx context.Context, by account.Actor, id ident.SettlementID, p host.Payment, keep func(host.Settlement) *change.Idempotency,
) (host.Settlement, error) {
	if err := by.Can(account.HostsWrite); err != nil {
		return host.Settlement{}, err
	}
	for range tries {
		next, err := s.pay(ctx, by, id, p, keep)
		if !fault.Is(err, fault.Stale) {
			return next, err
		}
	}
	return host.Settlement{}, fault.New(fault.Unavailable, "too_much_contention")
}

func (s *Service) pay(
	ctx context.Context, by account.Actor, id ident.SettlementID, p host.Payment, keep func(host.Settlement) *change.Idempotency,
) (host.Settlement, error) {
	was, err := s.store.Settlement(ctx, by.Organisation, id)
	if err != nil {
		return was, err
	}
	now := s.clock.Now()
	if p.At.IsZero() {
		p.At = now
	}
	next, journal, err := was.Pay(now, p)
	if err != nil {
		return was, err
	}
	set := &change.Set{
		Settlements: []host.Settlement{next}, Journals: []ledger.Journal{journal}, Events: []event.Event{Told(event.SettlementPaid, &next, now)},
		Audits: []account.Audit{{
			ID: ident.New[ident.AuditID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name, Action: "settlement.pay", Subject: string(id), At: now,
			Detail: `{"journal_id":"` + string(journal.ID) + `"}`,
		}},
	}
	if keep != nil {
		set.Idempotency = keep(next)
	}
	return next, s.store.Commit(ctx, set)
}

// Notice is the data of a settlement event.
type Notice struct {
	ID       ident.SettlementID `json:"id"`
	Host     ident.HostID       `json:"host_id"`
	Month    customer.Month     `json:"month"`
	Currency string             `json:"currency"`
	Total    int64              `json:"total_minor"`
	Paid     int64              `json:"paid_minor"`
}

// Told returns the news of a settlement.
func Told(t event.Type, of *host.Settlement, at time.Time) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Subject: string(of.ID), Version: of.Version, At: at,
		Data: Notice{of.ID, of.Host, of.Month, string(of.Currency), of.Document.Total, of.Paid()},
	}
}
