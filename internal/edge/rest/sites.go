package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/site"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
)

// Site is a place where stations stand.
type Site struct {
	ID         string `json:"id" example:"sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Name       string `json:"name" example:"Harbour car park"`
	Country    string `json:"country" example:"DE" doc:"ISO 3166-1 alpha-2"`
	TimeZone   string `json:"time_zone" example:"Europe/Berlin" doc:"IANA"`
	Address    string `json:"address"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code"`
	Latitude   string `json:"latitude" example:"51.2277" doc:"Decimal degrees, empty when unknown"`
	Longitude  string `json:"longitude" example:"6.7735" doc:"Decimal degrees, empty when unknown"`
	CreatedAt  Time   `json:"created_at" nullable:"false"`
}

// NewSite is a site to be made.
type NewSite struct {
	Name       string  `json:"name" minLength:"1" maxLength:"200" example:"Harbour car park"`
	Country    *string `json:"country,omitzero" nullable:"false" minLength:"2" maxLength:"2" doc:"The organisation's when left out"`
	TimeZone   *string `json:"time_zone,omitzero" nullable:"false" minLength:"1" doc:"The organisation's when left out"`
	Address    *string `json:"address,omitzero" nullable:"false" maxLength:"300"`
	City       *string `json:"city,omitzero" nullable:"false" maxLength:"200"`
	PostalCode *string `json:"postal_code,omitzero" nullable:"false" maxLength:"200"`
	Latitude   *string `json:"latitude,omitzero" nullable:"false"`
	Longitude  *string `json:"longitude,omitzero" nullable:"false"`
}

// SitePatch is a merge patch of a site.
type SitePatch struct {
	Name       Edit[string] `json:"name,omitzero" nullable:"false" maxLength:"200"`
	Country    Edit[string] `json:"country,omitzero" nullable:"false" maxLength:"2"`
	TimeZone   Edit[string] `json:"time_zone,omitzero" nullable:"false"`
	Address    Edit[string] `json:"address,omitzero" maxLength:"300"`
	City       Edit[string] `json:"city,omitzero" maxLength:"200"`
	PostalCode Edit[string] `json:"postal_code,omitzero" maxLength:"200"`
	Latitude   Edit[string] `json:"latitude,omitzero"`
	Longitude  Edit[string] `json:"longitude,omitzero"`
}

// InSite is the path of one site.
type InSite struct {
	Site string `path:"siteId" maxLength:"64" example:"sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewSite(v site.Site) Site {
	return Site{
		ID: string(v.ID), Name: v.Name, Country: v.Country, TimeZone: v.TimeZone, Address: v.Address, City: v.City,
		PostalCode: v.PostalCode, Latitude: v.Latitude, Longitude: v.Longitude, CreatedAt: Time{v.CreatedAt},
	}
}

func oneSite(v site.Site) *One[Site] { return &One[Site]{ETag: etag(v.Version), Body: viewSite(v)} }

func createdSite(v site.Site) Created[Site] {
	return Created[Site]{Location: prefix + "/sites/" + string(v.ID), ETag: etag(v.Version), Body: viewSite(v)}
}

// site returns the site of a path.
func (s *Server) site(ctx context.Context, by account.Actor, in InSite) (site.Site, error) {
	id, err := pathID[ident.SiteID](in.Site)
	if err != nil {
		return site.Site{}, err
	}
	return s.store.Site(ctx, by.Organisation, id)
}

func (s *Server) siteOperations() {
	handle(s, operation{
		id: "list-sites", method: http.MethodGet, path: "/sites", tag: "sites", scope: account.SitesRead, summary: "List sites",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[Site], error) {
		rows, err := s.store.Sites(ctx, by.Organisation, in.query(""))
		return listed(ctx, rows, err, viewSite)
	})
	handle(s, operation{
		id: "get-site", method: http.MethodGet, path: "/sites/{siteId}", tag: "sites", scope: account.SitesRead, summary: "Get a site",
	}, func(ctx context.Context, by account.Actor, in *struct{ InSite }) (*One[Site], error) {
		v, err := s.site(ctx, by, in.InSite)
		return oneSite(v), err
	})
	handle(s, operation{
		id: "create-site", method: http.MethodPost, path: "/sites", tag: "sites", scope: account.SitesWrite, summary: "Make a site",
		status: http.StatusCreated, onceKey: keyTaken,
		example: map[string]any{"name": "Harbour car park", "city": "Düsseldorf", "latitude": "51.2277", "longitude": "6.7735"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewSite] }) (*Created[Site], error) {
		b := in.Body.value
		v, err := s.admin.CreateSite(ctx, by, admin.SitePatch{
			Name: &b.Name, Country: b.Country, TimeZone: b.TimeZone, Address: b.Address, City: b.City, PostalCode: b.PostalCode,
			Latitude: b.Latitude, Longitude: b.Longitude,
		}, keep(ctx, http.StatusCreated, createdSite))
		return new(createdSite(v)), err
	})
	s.siteChanges()
}

func (s *Server) siteChanges() {
	refuses := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	handle(s, operation{
		id: "update-site", method: http.MethodPatch, path: "/sites/{siteId}", tag: "sites", scope: account.SitesWrite,
		summary: "Change a site", example: map[string]any{"name": "Harbour car park, level 2"}, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSite
		IfMatch
		Payload[SitePatch]
	},
	) (*One[Site], error) {
		there, err := s.site(ctx, by, in.InSite)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		p := in.Body.value
		v, err := s.admin.UpdateSite(ctx, by, there.ID, admin.SitePatch{
			Name: edited(p.Name, same), Country: edited(p.Country, same), TimeZone: edited(p.TimeZone, same),
			Address: edited(p.Address, same), City: edited(p.City, same), PostalCode: edited(p.PostalCode, same),
			Latitude: edited(p.Latitude, same), Longitude: edited(p.Longitude, same),
		}, version)
		return oneSite(v), err
	})
	handle(s, operation{
		id: "delete-site", method: http.MethodDelete, path: "/sites/{siteId}", tag: "sites", scope: account.SitesWrite,
		summary: "Remove a site", detail: "Only where no station stands.", refuses: append(refuses, http.StatusConflict),
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSite
		IfMatch
	},
	) (*Nothing, error) {
		there, err := s.site(ctx, by, in.InSite)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeleteSite(ctx, by, there.ID, version))
	})
}
