package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/rating"
)

// BillingProfile is how an organisation bills.
type BillingProfile struct {
	Issuer   Party  `json:"issuer" doc:"Who issues its documents"`
	Language string `json:"language" enum:"de,en,es,fr,nl,sv" doc:"Of documents whose customer has none"`

	Review []string     `json:"review" doc:"Codes of findings for whose sake somebody looks at a session before it is billed"`
	Short  ShortSession `json:"short" doc:"A session that gave nothing: neither fee nor time is charged for it where the tariff itself says nothing of short sessions"`
}

// ShortSession is which sessions are short.
type ShortSession struct {
	BelowS int64   `json:"below_s" minimum:"0" maximum:"3600" doc:"Shorter than so many seconds; 0: none is"`
	KWh    Decimal `json:"kwh" doc:"With no more than so much"`
}

// NewBillingProfile is a profile in a request.
type NewBillingProfile struct {
	Issuer   NewParty `json:"issuer"`
	Language string   `json:"language" enum:"de,en,es,fr,nl,sv" doc:"Of documents whose customer has none"`

	Review *[]string             `json:"review,omitzero" nullable:"false" maxItems:"32" doc:"Codes of findings, such as meter_jumped; left out: those that make energy or time doubtful; an empty list: none"`
	Short  *Closed[ShortSession] `json:"short,omitzero" nullable:"false" doc:"Left out: below 60 s and 0 kWh"`
}

func (p *NewBillingProfile) domain() billing.Profile {
	out := billing.Profile{Issuer: p.Issuer.domain(), Language: p.Language}
	if p.Review != nil {
		out.Review = []station.FindingCode{}
		for _, code := range *p.Review {
			out.Review = append(out.Review, station.FindingCode(code))
		}
	}
	if p.Short != nil {
		s := p.Short.value
		out.Short = &rating.Short{Below: rating.Nanoseconds(s.BelowS) * rating.Nanoseconds(time.Second), KWh: s.KWh.Decimal}
	}
	return out
}

// Party is the one who issues a document, or who gets it. What is not known is
// left out.
type Party struct {
	Name         string `json:"name" minLength:"1" maxLength:"200" example:"Stadtstrom Nord GmbH"`
	Street       string `json:"street,omitzero" maxLength:"300" example:"Hafenstraße 12"`
	PostalCode   string `json:"postal_code,omitzero" maxLength:"200" example:"20457"`
	City         string `json:"city,omitzero" maxLength:"200" example:"Hamburg"`
	Country      string `json:"country,omitzero" maxLength:"2" example:"DE" doc:"ISO 3166-1 alpha-2"`
	TaxID        string `json:"tax_id,omitzero" maxLength:"50" example:"DE123456789" doc:"For VAT, with its country's letters"`
	Registration string `json:"registration,omitzero" maxLength:"50" example:"HRB 12345, Hamburg" doc:"In the register of companies"`
	Endpoint     string `json:"endpoint,omitzero" maxLength:"200" example:"0088:4012345000009" doc:"Where e-invoices go, as scheme:id"`
	Mail         string `json:"mail,omitzero" maxLength:"254" example:"bills@stadtstrom.example"`
	Phone        string `json:"phone,omitzero" maxLength:"50" example:"+49 40 123456"`
	IBAN         string `json:"iban,omitzero" maxLength:"34" example:"DE89370400440532013000" doc:"Where to pay, without spaces"`
}

// NewParty is a party in a request, closed where [Party] is open.
type NewParty Party

func viewParty(p billing.Party) Party { return Party(p) }

func (p NewParty) domain() billing.Party { return billing.Party(p) }

func oneProfile(p billing.Profile) *One[BillingProfile] {
	short := p.Forgives()
	return &One[BillingProfile]{ETag: etag(p.Tag()), Body: BillingProfile{
		Issuer: viewParty(p.Issuer), Language: p.Language,
		Review: each(p.Reviews(), func(code *station.FindingCode) string { return string(*code) }),
		Short:  ShortSession{BelowS: int64(short.Below / rating.Nanoseconds(time.Second)), KWh: Decimal{short.KWh}},
	}}
}

func (s *Server) profileOperations() {
	handle(s, operation{
		id: "get-billing-profile", method: http.MethodGet, path: "/billing-profile", tag: "billing", scope: account.BillsRead,
		summary: "Get how the organisation bills", detail: "As long as nobody has said, its name and English.",
	}, func(ctx context.Context, by account.Actor, _ *struct{}) (*One[BillingProfile], error) {
		p, err := s.admin.Profile(ctx, by)
		return oneProfile(p), err
	})
	handle(s, operation{
		id: "set-billing-profile", method: http.MethodPut, path: "/billing-profile", tag: "billing", scope: account.BillsWrite,
		summary: "Say how the organisation bills", detail: "All of it, in place of what was said before. What was issued stays as it is.",
		refuses: []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired},
		example: map[string]any{
			"issuer": map[string]any{
				"name": "Stadtstrom Nord GmbH", "street": "Hafenstraße 12", "postal_code": "20457", "city": "Hamburg", "country": "DE",
				"tax_id": "DE123456789", "iban": "DE89370400440532013000",
			},
			"language": "de",
		},
	}, func(ctx context.Context, by account.Actor, in *struct {
		IfMatch
		Payload[NewBillingProfile]
	},
	) (*One[BillingProfile], error) {
		tag, err := in.needed()
		if err != nil {
			return nil, err
		}
		p, err := s.admin.SetProfile(ctx, by, in.Body.value.domain(), tag)
		return oneProfile(p), err
	})
}
