package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/host"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/page"
)

// hostStore is what is read of hosts, and of what sites earn.
type hostStore interface {
	Host(ctx context.Context, org ident.OrganisationID, id ident.HostID) (host.Host, error)
	Hosts(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[host.Host], error)
	Agreement(ctx context.Context, org ident.OrganisationID, id ident.AgreementID) (host.Agreement, error)
	Agreements(ctx context.Context, org ident.OrganisationID, f host.Filter, q page.Query) (page.Result[host.Agreement], error)
	Supply(ctx context.Context, org ident.OrganisationID, id ident.SupplyID) (host.Supply, error)
	Supplies(ctx context.Context, org ident.OrganisationID, f host.Filter, q page.Query) (page.Result[host.Supply], error)
	Settlement(ctx context.Context, org ident.OrganisationID, id ident.SettlementID) (host.Settlement, error)
	Settlements(ctx context.Context, org ident.OrganisationID, f host.Filter, q page.Query) (page.Result[host.Settlement], error)
	Earned(ctx context.Context, id ident.SettlementID, q page.Query) (page.Result[host.Earning], error)
	Margins(ctx context.Context, org ident.OrganisationID, by host.MarginBy, days host.Days, q page.Query) (page.Result[host.Margin], error)
}

// Host is who gets a share of what a site earns.
type Host struct {
	ID         string  `json:"id" example:"hst_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Reference  *string `json:"reference" doc:"The operator's own number for him"`
	Party      Party   `json:"party" doc:"As his settlements name him, and where he is paid"`
	Language   string  `json:"language" enum:"de,en,es,fr,nl,sv" doc:"Of his settlements"`
	Currency   string  `json:"currency" example:"EUR" doc:"Of fixed and least amounts, and of prices per kWh"`
	Tax        string  `json:"tax" enum:"taxed,exempt,reverse_charge" doc:"taxed: he asks for tax beside his share; reverse_charge: the operator owes it"`
	TaxPercent Decimal `json:"tax_percent" doc:"Of a host who is taxed; else 0"`
	CreatedAt  Time    `json:"created_at" nullable:"false"`
}

// NewHost is a host to be made.
type NewHost struct {
	Reference  *string  `json:"reference,omitzero" nullable:"false" maxLength:"64"`
	Party      NewParty `json:"party"`
	Language   *string  `json:"language,omitzero" nullable:"false" enum:"de,en,es,fr,nl,sv" doc:"That of the billing profile when left out"`
	Currency   *string  `json:"currency,omitzero" nullable:"false" minLength:"3" maxLength:"3" doc:"The organisation's when left out; it stays"`
	Tax        *string  `json:"tax,omitzero" nullable:"false" enum:"taxed,exempt,reverse_charge" doc:"exempt when left out"`
	TaxPercent *Decimal `json:"tax_percent,omitzero" nullable:"false"`
}

// HostPatch is a merge patch of a host, but for the party, which is given whole.
type HostPatch struct {
	Reference  Edit[string]   `json:"reference,omitzero" maxLength:"64"`
	Party      Edit[NewParty] `json:"party,omitzero" nullable:"false"`
	Language   Edit[string]   `json:"language,omitzero" nullable:"false" enum:"de,en,es,fr,nl,sv"`
	Tax        Edit[string]   `json:"tax,omitzero" nullable:"false" enum:"taxed,exempt,reverse_charge"`
	TaxPercent Edit[Decimal]  `json:"tax_percent,omitzero" nullable:"false"`
}

// InHost is the path of one host.
type InHost struct {
	Host string `path:"hostId" maxLength:"64" example:"hst_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewHost(h host.Host) Host {
	return Host{
		ID: string(h.ID), Reference: orNull(h.Reference), Party: viewParty(h.Party), Language: h.Language, Currency: string(h.Currency),
		Tax: string(h.Tax), TaxPercent: Decimal{h.Rate}, CreatedAt: Time{h.CreatedAt},
	}
}

func oneHost(h host.Host) *One[Host] { return &One[Host]{ETag: etag(h.Version), Body: viewHost(h)} }

func createdHost(h host.Host) Created[Host] {
	return Created[Host]{Location: prefix + "/hosts/" + string(h.ID), ETag: etag(h.Version), Body: viewHost(h)}
}

func (b *NewHost) patch() admin.HostPatch {
	return admin.HostPatch{
		Reference: b.Reference, Party: new(b.Party.domain()), Language: b.Language, Currency: to[string, money.Currency](b.Currency),
		Tax: to[string, host.Treatment](b.Tax), Rate: read(b.TaxPercent),
	}
}

func (p *HostPatch) patch() admin.HostPatch {
	return admin.HostPatch{
		Reference: edited(p.Reference, same), Party: edited(p.Party, func(n NewParty) billing.Party { return n.domain() }), Language: edited(p.Language, same),
		Tax:  edited(p.Tax, func(s string) host.Treatment { return host.Treatment(s) }),
		Rate: edited(p.TaxPercent, func(d Decimal) decimal.Decimal { return d.Decimal }),
	}
}

// host returns the host of a path.
func (s *Server) host(ctx context.Context, by account.Actor, in InHost) (host.Host, error) {
	id, err := pathID[ident.HostID](in.Host)
	if err != nil {
		return host.Host{}, err
	}
	return s.store.Host(ctx, by.Organisation, id)
}

func (s *Server) hostOperations() {
	handle(s, operation{
		id: "list-hosts", method: http.MethodGet, path: "/hosts", tag: "hosts", scope: account.HostsRead, summary: "List site hosts",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[Host], error) {
		rows, err := s.store.Hosts(ctx, by.Organisation, in.query(""))
		return listed(ctx, rows, err, viewHost)
	})
	handle(s, operation{
		id: "get-host", method: http.MethodGet, path: "/hosts/{hostId}", tag: "hosts", scope: account.HostsRead, summary: "Get a site host",
	}, func(ctx context.Context, by account.Actor, in *struct{ InHost }) (*One[Host], error) {
		h, err := s.host(ctx, by, in.InHost)
		return oneHost(h), err
	})
	handle(s, operation{
		id: "create-host", method: http.MethodPost, path: "/hosts", tag: "hosts", scope: account.HostsWrite,
		summary: "Make a site host", detail: "What he gets is said by agreements.", status: http.StatusCreated, onceKey: keyTaken,
		example: map[string]any{
			"party": map[string]any{"name": "Parkhaus Elbtor GmbH", "country": "DE", "iban": "DE89370400440532013000"}, "tax": "taxed", "tax_percent": "19",
		},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewHost] }) (*Created[Host], error) {
		h, err := s.admin.CreateHost(ctx, by, in.Body.value.patch(), keep(ctx, http.StatusCreated, createdHost))
		return new(createdHost(h)), err
	})
	handle(s, operation{
		id: "update-host", method: http.MethodPatch, path: "/hosts/{hostId}", tag: "hosts", scope: account.HostsWrite,
		summary: "Change a site host", detail: "What was settled stays as it is.", example: map[string]any{"language": "de"},
		refuses: []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InHost
		IfMatch
		Payload[HostPatch]
	},
	) (*One[Host], error) {
		there, err := s.host(ctx, by, in.InHost)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		h, err := s.admin.UpdateHost(ctx, by, there.ID, in.Body.value.patch(), version)
		return oneHost(h), err
	})
	s.agreementOperations()
	s.supplyOperations()
	s.settlementOperations()
	s.marginOperation()
}
