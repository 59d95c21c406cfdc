package admin

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/host"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// hostStore is what hosts, agreements and supplies need of the database.
type hostStore interface {
	Host(ctx context.Context, org ident.OrganisationID, id ident.HostID) (host.Host, error)
	Agreement(ctx context.Context, org ident.OrganisationID, id ident.AgreementID) (host.Agreement, error)
	AgreementsAt(ctx context.Context, site ident.SiteID) ([]host.Agreement, error)
	Supply(ctx context.Context, org ident.OrganisationID, id ident.SupplyID) (host.Supply, error)
	SuppliesAt(ctx context.Context, site ident.SiteID) ([]host.Supply, error)
}

// HostPatch is what a host is made of, or what changes of it; nil fields stay. A
// new one has the organisation's currency and language, and is exempt, unless it says so.
type HostPatch struct {
	Reference *string
	Party     *billing.Party
	Language  *string
	Currency  *money.Currency
	Tax       *host.Treatment
	Rate      *decimal.Decimal
}

// told is what the audit trail has of a patch: it names nobody.
func (p HostPatch) told() any {
	return struct {
		Language *string          `json:"language,omitzero"`
		Currency *money.Currency  `json:"currency,omitzero"`
		Tax      *host.Treatment  `json:"tax,omitzero"`
		Rate     *decimal.Decimal `json:"tax_percent,omitzero"`
		Party    bool             `json:"party_changed,omitzero"`
	}{p.Language, p.Currency, p.Tax, p.Rate, p.Party != nil}
}

func (p HostPatch) apply(to host.Host) (host.Host, error) {
	set(&to.Reference, p.Reference)
	set(&to.Party, p.Party)
	set(&to.Language, p.Language)
	set(&to.Currency, p.Currency)
	set(&to.Tax, p.Tax)
	set(&to.Rate, p.Rate)
	return to, to.Check()
}

// CreateHost makes a host.
func (s *Service) CreateHost(ctx context.Context, by account.Actor, in HostPatch, keep Keep[host.Host]) (host.Host, error) {
	if err := by.Can(account.HostsWrite); err != nil {
		return host.Host{}, err
	}
	org, err := s.store.Organisation(ctx, string(by.Organisation))
	if err != nil {
		return host.Host{}, err
	}
	profile, err := s.store.Profile(ctx, by.Organisation)
	if err != nil {
		return host.Host{}, err
	}
	now := s.clock.Now()
	made, err := in.apply(host.Host{
		ID: ident.New[ident.HostID](now), Organisation: by.Organisation, Language: profile.Language, Currency: money.Currency(org.Currency),
		Tax: host.Exempt, CreatedAt: now, Version: 1,
	})
	if err != nil {
		return host.Host{}, err
	}
	d := deed{"host.create", hostEvent(event.HostCreated, made), in.told()}
	return made, s.commit(ctx, by, d, &change.Set{Hosts: []host.Host{made}, Idempotency: keep.of(made)})
}

// UpdateHost changes a host. What was settled stays as it is. A version other than 0
// must be the one that stands ([fault.Stale] otherwise).
func (s *Service) UpdateHost(ctx context.Context, by account.Actor, id ident.HostID, p HostPatch, version int64) (host.Host, error) {
	if err := by.Can(account.HostsWrite); err != nil {
		return host.Host{}, err
	}
	var next host.Host
	err := decide(version, func() error {
		was, err := s.store.Host(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		if next, err = p.apply(was); err != nil {
			return err
		}
		next.Version++
		d := deed{"host.update", hostEvent(event.HostUpdated, next), p.told()}
		return s.commit(ctx, by, d, &change.Set{Hosts: []host.Host{next}})
	})
	return next, err
}

func hostEvent(t event.Type, of host.Host) event.Event {
	return event.Event{Type: t, Organisation: of.Organisation, Subject: string(of.ID), Version: of.Version, Data: host.Notice{ID: of.ID}}
}

// TermNotice is the data of an event of an agreement or a supply.
type TermNotice struct {
	ID   string       `json:"id"`
	Site ident.SiteID `json:"site_id"`
	Host ident.HostID `json:"host_id,omitzero"`
}

// span is what the audit trail has of a term.
type span struct {
	From  string `json:"valid_from,omitzero"`
	Until string `json:"valid_until"`
}

func spanOf(t host.Term) span { return span{moment(&t.From), moment(&t.Until)} }

// NewAgreement is an agreement to be made.
type NewAgreement struct {
	Host  ident.HostID
	Site  ident.SiteID
	Term  host.Term
	Terms host.Terms
}

// CreateAgreement says what a host gets of a site, of bills that are issued from
// then on. A site has one agreement at a time: another one in the same time is
// agreement_overlaps ([fault.Conflict]).
func (s *Service) CreateAgreement(ctx context.Context, by account.Actor, in NewAgreement, keep Keep[host.Agreement]) (made host.Agreement, err error) {
	if err := by.Can(account.HostsWrite); err != nil {
		return made, err
	}
	err = decide(0, func() error {
		now := s.clock.Now()
		made = host.Agreement{
			ID: ident.New[ident.AgreementID](now), Organisation: by.Organisation, Host: in.Host, Site: in.Site, Number: 1,
			Term: in.Term, Terms: in.Terms, CreatedAt: now, Version: 1,
		}
		if err := made.Check(); err != nil {
			return err
		}
		if _, err := s.store.Host(ctx, by.Organisation, in.Host); err != nil {
			return unknown("/host_id", err)
		}
		if err := s.siteKnown(ctx, by, in.Site); err != nil {
			return err
		}
		others, err := s.store.AgreementsAt(ctx, in.Site)
		if err != nil {
			return err
		}
		for i := range others {
			if others[i].Meets(made.Term) {
				return fault.New(fault.Conflict, "agreement_overlaps", "agreement", string(others[i].ID))
			}
			made.Number = max(made.Number, others[i].Number+1)
		}
		d := deed{"agreement.create", agreementEvent(event.AgreementCreated, made), spanOf(made.Term)}
		err = s.commit(ctx, by, d, &change.Set{Agreements: []host.Agreement{made}, Idempotency: keep.of(made)})
		return numbered(err, keep != nil)
	})
	return made, err
}

// numbered turns the refusal of a number that somebody else has taken meanwhile into
// the word to decide anew. With a key it may as well be the key that is taken; whoever
// repeats the request sees.
func numbered(err error, keyed bool) error {
	if keyed {
		return err
	}
	return otherwise(err, change.ErrStale)
}

// siteKnown refuses a site that a request names and that is not there.
func (s *Service) siteKnown(ctx context.Context, by account.Actor, id ident.SiteID) error {
	_, err := s.store.Site(ctx, by.Organisation, id)
	return unknown("/site_id", err)
}

// EndAgreement says when an agreement ends: not later than it does already. What was
// shared stays.
func (s *Service) EndAgreement(ctx context.Context, by account.Actor, id ident.AgreementID, at time.Time, version int64) (next host.Agreement, err error) {
	if err := by.Can(account.HostsWrite); err != nil {
		return next, err
	}
	err = decide(version, func() error {
		if next, err = s.store.Agreement(ctx, by.Organisation, id); err != nil {
			return err
		}
		if err := expect(version, next.Version); err != nil {
			return err
		}
		if next.Term, err = next.End(at); err != nil {
			return err
		}
		next.Version++
		d := deed{"agreement.update", agreementEvent(event.AgreementUpdated, next), spanOf(next.Term)}
		return s.commit(ctx, by, d, &change.Set{Agreements: []host.Agreement{next}})
	})
	return next, err
}

func agreementEvent(t event.Type, of host.Agreement) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Site: of.Site, Subject: string(of.ID), Version: of.Version,
		Data: TermNotice{string(of.ID), of.Site, of.Host},
	}
}

// NewSupply is a supply to be made.
type NewSupply struct {
	Site  ident.SiteID
	Term  host.Term
	Price host.EnergyPrice
}

// CreateSupply says what the energy of a site costs, of bills that are issued from
// then on. A site has one supply at a time: another one in the same time is
// supply_overlaps ([fault.Conflict]).
func (s *Service) CreateSupply(ctx context.Context, by account.Actor, in NewSupply, keep Keep[host.Supply]) (made host.Supply, err error) {
	if err := by.Can(account.HostsWrite); err != nil {
		return made, err
	}
	err = decide(0, func() error {
		now := s.clock.Now()
		made = host.Supply{
			ID: ident.New[ident.SupplyID](now), Organisation: by.Organisation, Site: in.Site, Number: 1, Term: in.Term, Price: in.Price, CreatedAt: now, Version: 1,
		}
		if err := made.Check(); err != nil {
			return err
		}
		if err := s.siteKnown(ctx, by, in.Site); err != nil {
			return err
		}
		others, err := s.store.SuppliesAt(ctx, in.Site)
		if err != nil {
			return err
		}
		for i := range others {
			if others[i].Meets(made.Term) {
				return fault.New(fault.Conflict, "supply_overlaps", "supply", string(others[i].ID))
			}
			made.Number = max(made.Number, others[i].Number+1)
		}
		d := deed{"supply.create", supplyEvent(event.SupplyCreated, made), spanOf(made.Term)}
		err = s.commit(ctx, by, d, &change.Set{Supplies: []host.Supply{made}, Idempotency: keep.of(made)})
		return numbered(err, keep != nil)
	})
	return made, err
}

// EndSupply says when a supply ends: not later than it does already.
func (s *Service) EndSupply(ctx context.Context, by account.Actor, id ident.SupplyID, at time.Time, version int64) (next host.Supply, err error) {
	if err := by.Can(account.HostsWrite); err != nil {
		return next, err
	}
	err = decide(version, func() error {
		if next, err = s.store.Supply(ctx, by.Organisation, id); err != nil {
			return err
		}
		if err := expect(version, next.Version); err != nil {
			return err
		}
		if next.Term, err = next.End(at); err != nil {
			return err
		}
		next.Version++
		d := deed{"supply.update", supplyEvent(event.SupplyUpdated, next), spanOf(next.Term)}
		return s.commit(ctx, by, d, &change.Set{Supplies: []host.Supply{next}})
	})
	return next, err
}

func supplyEvent(t event.Type, of host.Supply) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Site: of.Site, Subject: string(of.ID), Version: of.Version, Data: TermNotice{string(of.ID), of.Site, ""},
	}
}
