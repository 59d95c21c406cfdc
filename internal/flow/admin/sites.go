package admin

import (
	"context"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// SitePatch is what a site is made of, or what changes of it; nil fields stay.
// A new site needs a name; its country and time zone are the organisation's
// unless it has its own.
type SitePatch struct {
	Name       *string `json:"name,omitempty"`
	Country    *string `json:"country,omitempty"`
	TimeZone   *string `json:"time_zone,omitempty"`
	Address    *string `json:"address,omitempty"`
	City       *string `json:"city,omitempty"`
	PostalCode *string `json:"postal_code,omitempty"`
	Latitude   *string `json:"latitude,omitempty"`
	Longitude  *string `json:"longitude,omitempty"`
}

// SiteNotice is the data of a site event.
type SiteNotice struct {
	ID   ident.SiteID `json:"id"`
	Name string       `json:"name"`
}

// CreateSite makes a site.
func (s *Service) CreateSite(ctx context.Context, by account.Actor, in SitePatch, keep Keep[site.Site]) (site.Site, error) {
	if err := by.Can(account.SitesWrite); err != nil {
		return site.Site{}, err
	}
	org, err := s.store.Organisation(ctx, string(by.Organisation))
	if err != nil {
		return site.Site{}, err
	}
	now := s.clock.Now()
	made := site.Site{
		ID: ident.New[ident.SiteID](now), Organisation: by.Organisation, Country: org.Country, TimeZone: org.TimeZone,
		CreatedAt: now, Version: 1,
	}
	if made, err = in.apply(made); err != nil {
		return site.Site{}, err
	}
	d := deed{"site.create", siteEvent(event.SiteCreated, made), in}
	return made, s.commit(ctx, by, d, &change.Set{Sites: []site.Site{made}, Idempotency: keep.of(made)})
}

// UpdateSite changes a site. A version other than 0 must be the one that
// stands ([fault.Stale] otherwise).
func (s *Service) UpdateSite(ctx context.Context, by account.Actor, id ident.SiteID, p SitePatch, version int64) (site.Site, error) {
	if err := by.Can(account.SitesWrite); err != nil {
		return site.Site{}, err
	}
	var next site.Site
	err := decide(version, func() error {
		was, err := s.store.Site(ctx, by.Organisation, id)
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
		return s.commit(ctx, by, deed{"site.update", siteEvent(event.SiteUpdated, next), p}, &change.Set{Sites: []site.Site{next}})
	})
	return next, err
}

// DeleteSite removes a site on which no station stands.
func (s *Service) DeleteSite(ctx context.Context, by account.Actor, id ident.SiteID, version int64) error {
	if err := by.Can(account.SitesWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Site(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		there, err := s.store.Stations(ctx, by.Organisation, station.Filter{Site: id}, page.Query{Limit: 1})
		if err != nil {
			return err
		}
		if len(there.Items) > 0 {
			return fault.New(fault.Conflict, "site_in_use", "station", string(there.Items[0].Identity))
		}
		gone := was
		gone.Version++
		d := deed{"site.delete", siteEvent(event.SiteDeleted, gone), struct{}{}}
		return s.commit(ctx, by, d, &change.Set{Removed: []change.Removal{{Kind: change.KindSite, ID: string(id), Version: was.Version}}})
	})
}

// apply returns the site as the patch wants it.
func (p SitePatch) apply(to site.Site) (site.Site, error) {
	set(&to.Name, p.Name)
	set(&to.Country, p.Country)
	set(&to.TimeZone, p.TimeZone)
	set(&to.Address, p.Address)
	set(&to.City, p.City)
	set(&to.PostalCode, p.PostalCode)
	set(&to.Latitude, p.Latitude)
	set(&to.Longitude, p.Longitude)
	return to, first(
		text("/name", to.Name, nameMax, true),
		upper("/country", to.Country, 2),
		zone("/time_zone", to.TimeZone),
		text("/address", to.Address, addressMax, false),
		text("/city", to.City, nameMax, false),
		text("/postal_code", to.PostalCode, nameMax, false),
		degrees("/latitude", to.Latitude, 90),
		degrees("/longitude", to.Longitude, 180),
	)
}

func siteEvent(t event.Type, of site.Site) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Site: of.ID, Subject: string(of.ID), Version: of.Version,
		Data: SiteNotice{ID: of.ID, Name: of.Name},
	}
}
