package admin

import (
	"context"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// NewOrganisation is an organisation to be made.
type NewOrganisation struct {
	Slug     string
	Name     string
	Country  string
	Currency string
	TimeZone string
}

// OrganisationPatch is what changes of an organisation; nil fields stay. A
// slug never changes: stations connect by it.
type OrganisationPatch struct {
	Name     *string `json:"name,omitempty"`
	Country  *string `json:"country,omitempty"`
	Currency *string `json:"currency,omitempty"`
	TimeZone *string `json:"time_zone,omitempty"`
}

// OrganisationNotice is the data of an organisation event.
type OrganisationNotice struct {
	ID   ident.OrganisationID `json:"id"`
	Slug string               `json:"slug"`
}

// Organisations lists what the caller may see: the operator of the
// installation everything, everybody else his own.
func (s *Service) Organisations(ctx context.Context, by account.Actor, q page.Query) (page.Result[account.Organisation], error) {
	if err := by.Can(account.OrganisationsRead); err != nil {
		return page.Result[account.Organisation]{}, err
	}
	if by.Operator {
		return s.store.Organisations(ctx, q)
	}
	own, err := s.store.Organisation(ctx, string(by.Organisation))
	return page.Result[account.Organisation]{Items: []account.Organisation{own}}, err
}

// Organisation returns one that the caller may see, by id or slug.
func (s *Service) Organisation(ctx context.Context, by account.Actor, ref string) (account.Organisation, error) {
	if err := by.Can(account.OrganisationsRead); err != nil {
		return account.Organisation{}, err
	}
	return s.organisation(ctx, by, ref)
}

func (s *Service) organisation(ctx context.Context, by account.Actor, ref string) (account.Organisation, error) {
	org, err := s.store.Organisation(ctx, ref)
	if err == nil && org.ID != by.Organisation && !by.Operator {
		return account.Organisation{}, fault.New(fault.NotFound, "organisation_not_found")
	}
	return org, err
}

// CreateOrganisation makes an organisation. Only the operator of the
// installation may.
func (s *Service) CreateOrganisation(ctx context.Context, by account.Actor, in NewOrganisation, keep Keep[account.Organisation]) (account.Organisation, error) {
	if err := by.Can(account.OrganisationsWrite); err != nil {
		return account.Organisation{}, err
	}
	if !by.Operator {
		return account.Organisation{}, fault.New(fault.Forbidden, "operator_only")
	}
	now := s.clock.Now()
	org := account.Organisation{
		ID: ident.New[ident.OrganisationID](now), Slug: in.Slug, Name: in.Name, Country: in.Country, Currency: in.Currency,
		TimeZone: in.TimeZone, CreatedAt: now, Version: 1,
	}
	if err := checkOrganisation(org); err != nil {
		return account.Organisation{}, err
	}
	d := deed{"organisation.create", organisationEvent(event.OrganisationCreated, org), OrganisationPatch{Name: &org.Name}}
	err := s.commit(ctx, by, d, &change.Set{Organisations: []account.Organisation{org}, Idempotency: keep.of(org)})
	return org, otherwise(err, fault.New(fault.Conflict, "organisation_exists", "slug", in.Slug))
}

// UpdateOrganisation changes an organisation that the caller may see. A version
// other than 0 must be the one that stands ([fault.Stale] otherwise).
func (s *Service) UpdateOrganisation(ctx context.Context, by account.Actor, ref string, p OrganisationPatch, version int64) (account.Organisation, error) {
	if err := by.Can(account.OrganisationsWrite); err != nil {
		return account.Organisation{}, err
	}
	var org account.Organisation
	err := decide(version, func() (err error) {
		if org, err = s.organisation(ctx, by, ref); err != nil {
			return err
		}
		if err := expect(version, org.Version); err != nil {
			return err
		}
		set(&org.Name, p.Name)
		set(&org.Country, p.Country)
		set(&org.Currency, p.Currency)
		set(&org.TimeZone, p.TimeZone)
		if err := checkOrganisation(org); err != nil {
			return err
		}
		org.Version++
		d := deed{"organisation.update", organisationEvent(event.OrganisationUpdated, org), p}
		return s.commit(ctx, by, d, &change.Set{Organisations: []account.Organisation{org}})
	})
	return org, err
}

func checkOrganisation(org account.Organisation) error {
	return first(
		slug("/slug", org.Slug),
		text("/name", org.Name, nameMax, true),
		upper("/country", org.Country, 2),
		upper("/currency", org.Currency, 3),
		zone("/time_zone", org.TimeZone),
	)
}

func organisationEvent(t event.Type, org account.Organisation) event.Event {
	return event.Event{
		Type: t, Organisation: org.ID, Subject: string(org.ID), Version: org.Version,
		Data: OrganisationNotice{ID: org.ID, Slug: org.Slug},
	}
}
