package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
)

// BillingProfile is how an organisation bills.
type BillingProfile struct {
	Issuer   Party  `json:"issuer" doc:"Who issues its documents"`
	Language string `json:"language" enum:"de,en,es,fr,nl,sv" doc:"Of documents whose customer has none"`
}

// NewBillingProfile is a profile in a request.
type NewBillingProfile struct {
	Issuer   NewParty `json:"issuer"`
	Language string   `json:"language" enum:"de,en,es,fr,nl,sv" doc:"Of documents whose customer has none"`
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
	return &One[BillingProfile]{ETag: etag(p.Tag()), Body: BillingProfile{Issuer: viewParty(p.Issuer), Language: p.Language}}
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
		p, err := s.admin.SetProfile(ctx, by, in.Body.value.Issuer.domain(), in.Body.value.Language, tag)
		return oneProfile(p), err
	})
}
