package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/flow/admin"
)

// Organisation owns stations, tokens and sessions.
type Organisation struct {
	ID        string `json:"id" example:"org_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Slug      string `json:"slug" example:"rhine" doc:"In the address of its stations: /ocpp/{slug}/{station_id}"`
	Name      string `json:"name" example:"Rhine Charging"`
	Country   string `json:"country" example:"DE" doc:"ISO 3166-1 alpha-2"`
	Currency  string `json:"currency" example:"EUR" doc:"ISO 4217"`
	TimeZone  string `json:"time_zone" example:"Europe/Berlin" doc:"IANA; of sites that name none"`
	First     bool   `json:"first" doc:"The operator of the installation: its stations need no slug in their address"`
	CreatedAt Time   `json:"created_at" nullable:"false"`
}

// NewOrganisation is an organisation to be made.
type NewOrganisation struct {
	Slug     string `json:"slug" minLength:"1" maxLength:"63" example:"rhine" doc:"Lower-case letters, digits, inner hyphens; never changes"`
	Name     string `json:"name" minLength:"1" maxLength:"200" example:"Rhine Charging"`
	Country  string `json:"country" minLength:"2" maxLength:"2" example:"DE" doc:"ISO 3166-1 alpha-2"`
	Currency string `json:"currency" minLength:"3" maxLength:"3" example:"EUR" doc:"ISO 4217"`
	TimeZone string `json:"time_zone" minLength:"1" example:"Europe/Berlin" doc:"IANA"`
}

// OrganisationPatch is a merge patch of an organisation.
type OrganisationPatch struct {
	Name     Edit[string] `json:"name,omitzero" nullable:"false" maxLength:"200"`
	Country  Edit[string] `json:"country,omitzero" nullable:"false" maxLength:"2"`
	Currency Edit[string] `json:"currency,omitzero" nullable:"false" maxLength:"3"`
	TimeZone Edit[string] `json:"time_zone,omitzero" nullable:"false"`
}

// InOrganisation is the path of one organisation.
type InOrganisation struct {
	Organisation string `path:"organisationId" maxLength:"64" doc:"Identifier or slug" example:"org_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewOrganisation(o account.Organisation) Organisation {
	return Organisation{
		ID: string(o.ID), Slug: o.Slug, Name: o.Name, Country: o.Country, Currency: o.Currency, TimeZone: o.TimeZone,
		First: o.First, CreatedAt: Time{o.CreatedAt},
	}
}

func oneOrganisation(o account.Organisation) *One[Organisation] {
	return &One[Organisation]{ETag: etag(o.Version), Body: viewOrganisation(o)}
}

func createdOrganisation(o account.Organisation) Created[Organisation] {
	return Created[Organisation]{Location: prefix + "/organisations/" + string(o.ID), ETag: etag(o.Version), Body: viewOrganisation(o)}
}

func (s *Server) organisationOperations() {
	handle(s, operation{
		id: "list-organisations", method: http.MethodGet, path: "/organisations", tag: "organisations", scope: account.OrganisationsRead,
		summary: "List organisations", detail: "The operator of the installation sees all, everybody else their own.",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[Organisation], error) {
		rows, err := s.admin.Organisations(ctx, by, in.query(""))
		return listed(ctx, rows, err, viewOrganisation)
	})
	handle(s, operation{
		id: "get-organisation", method: http.MethodGet, path: "/organisations/{organisationId}", tag: "organisations",
		scope: account.OrganisationsRead, summary: "Get an organisation",
	}, func(ctx context.Context, by account.Actor, in *struct{ InOrganisation }) (*One[Organisation], error) {
		o, err := s.admin.Organisation(ctx, by, in.Organisation)
		return oneOrganisation(o), err
	})
	handle(s, operation{
		id: "create-organisation", method: http.MethodPost, path: "/organisations", tag: "organisations", status: http.StatusCreated,
		scope: account.OrganisationsWrite, summary: "Make an organisation", detail: "Only for the operator of the installation.",
		onceKey: keyTaken, refuses: []int{http.StatusConflict},
		example: map[string]any{"slug": "rhine", "name": "Rhine Charging", "country": "DE", "currency": "EUR", "time_zone": "Europe/Berlin"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewOrganisation] }) (*Created[Organisation], error) {
		o, err := s.admin.CreateOrganisation(ctx, by, admin.NewOrganisation(in.Body.value), keep(ctx, http.StatusCreated, createdOrganisation))
		return new(createdOrganisation(o)), err
	})
	handle(s, operation{
		id: "update-organisation", method: http.MethodPatch, path: "/organisations/{organisationId}", tag: "organisations",
		scope: account.OrganisationsWrite, summary: "Change an organisation", example: map[string]any{"name": "Rhine Charging GmbH"},
		refuses: []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InOrganisation
		IfMatch
		Payload[OrganisationPatch]
	},
	) (*One[Organisation], error) {
		there, err := s.admin.Organisation(ctx, by, in.Organisation)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		p := in.Body.value
		o, err := s.admin.UpdateOrganisation(ctx, by, string(there.ID), admin.OrganisationPatch{
			Name: edited(p.Name, same), Country: edited(p.Country, same), Currency: edited(p.Currency, same), TimeZone: edited(p.TimeZone, same),
		}, version)
		return oneOrganisation(o), err
	})
}
