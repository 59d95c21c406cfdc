package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/host"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Supply is what the energy of a site costs during a time.
type Supply struct {
	ID         string `json:"id" example:"sup_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	SiteID     string `json:"site_id" example:"sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	ValidFrom  Time   `json:"valid_from" nullable:"false"`
	ValidUntil Time   `json:"valid_until" doc:"Exclusive; null: for ever"`
	SupplyPrice
	CreatedAt Time `json:"created_at" nullable:"false"`
}

// SupplyPrice is what a kilowatt-hour costs where it is bought.
type SupplyPrice struct {
	Currency      string   `json:"currency" minLength:"3" maxLength:"3" example:"EUR" doc:"Of the bills that it counts for: of a bill in another, no cost is known"`
	PerKWh        Decimal  `json:"per_kwh" doc:"Where a series is named, of the times of which it says nothing"`
	Series        string   `json:"series,omitzero" maxLength:"64" doc:"Of prices"`
	MarkupPercent *Decimal `json:"markup_percent,omitzero" doc:"On the price of the series"`
	Markup        *Decimal `json:"markup,omitzero" doc:"Per kWh, on the price of the series"`
	LossesPercent *Decimal `json:"losses_percent,omitzero" doc:"Of what stations give, which is bought beside it"`
}

// NewSupply is a supply to be made.
type NewSupply struct {
	SiteID     string     `json:"site_id" minLength:"1" maxLength:"64"`
	ValidFrom  *time.Time `json:"valid_from,omitzero" nullable:"false" doc:"Now when left out. Bills that were issued before the supply was made stay without"`
	ValidUntil *time.Time `json:"valid_until,omitzero" nullable:"false" doc:"Exclusive"`
	SupplyPrice
}

// InSupply is the path of one supply.
type InSupply struct {
	Supply string `path:"supplyId" maxLength:"64" example:"sup_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewSupply(v host.Supply) Supply {
	p := &v.Price
	return Supply{
		ID: string(v.ID), SiteID: string(v.Site), ValidFrom: Time{v.From}, ValidUntil: Time{v.Until}, CreatedAt: Time{v.CreatedAt},
		SupplyPrice: SupplyPrice{
			Currency: string(p.Currency), PerKWh: Decimal{p.PerKWh}, Series: p.Series,
			MarkupPercent: unlessZero(p.MarkupPercent), Markup: unlessZero(p.Markup), LossesPercent: unlessZero(p.Losses),
		},
	}
}

func (p *SupplyPrice) domain() host.EnergyPrice {
	return host.EnergyPrice{
		Currency: money.Currency(p.Currency), PerKWh: p.PerKWh.Decimal, Series: p.Series,
		MarkupPercent: orZero(p.MarkupPercent), Markup: orZero(p.Markup), Losses: orZero(p.LossesPercent),
	}
}

func oneSupply(v host.Supply) *One[Supply] {
	return &One[Supply]{ETag: etag(v.Version), Body: viewSupply(v)}
}

func createdSupply(v host.Supply) Created[Supply] {
	return Created[Supply]{Location: prefix + "/supplies/" + string(v.ID), ETag: etag(v.Version), Body: viewSupply(v)}
}

// supply returns the supply of a path.
func (s *Server) supply(ctx context.Context, by account.Actor, in InSupply) (host.Supply, error) {
	id, err := pathID[ident.SupplyID](in.Supply)
	if err != nil {
		return host.Supply{}, err
	}
	return s.store.Supply(ctx, by.Organisation, id)
}

func (s *Server) supplyOperations() {
	handle(s, operation{
		id: "list-supplies", method: http.MethodGet, path: "/supplies", tag: "hosts", scope: account.HostsRead, summary: "List what the energy of sites costs",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		SiteID string `query:"site_id" maxLength:"64"`
	},
	) (*Listed[Supply], error) {
		rows, err := s.store.Supplies(ctx, by.Organisation, host.Filter{Site: ident.SiteID(in.SiteID)}, in.query(""))
		return listed(ctx, rows, err, viewSupply)
	})
	handle(s, operation{
		id: "get-supply", method: http.MethodGet, path: "/supplies/{supplyId}", tag: "hosts", scope: account.HostsRead, summary: "Get a supply",
	}, func(ctx context.Context, by account.Actor, in *struct{ InSupply }) (*One[Supply], error) {
		v, err := s.supply(ctx, by, in.InSupply)
		return oneSupply(v), err
	})
	handle(s, operation{
		id: "create-supply", method: http.MethodPost, path: "/supplies", tag: "hosts", scope: account.HostsWrite, summary: "Say what the energy of a site costs",
		detail: "So that margins are known. The supply that holds when a session ends counts for its bill; a site has one at a time. It never changes: it ends, and another begins.",
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		example: map[string]any{"site_id": "sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ", "currency": "EUR", "per_kwh": "0.2142", "losses_percent": "3"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewSupply] }) (*Created[Supply], error) {
		b := &in.Body.value
		v, err := s.admin.CreateSupply(ctx, by, admin.NewSupply{
			Site: ident.SiteID(b.SiteID), Term: s.term(b.ValidFrom, b.ValidUntil), Price: b.SupplyPrice.domain(),
		}, keep(ctx, http.StatusCreated, createdSupply))
		return new(createdSupply(v)), err
	})
	handle(s, operation{
		id: "update-supply", method: http.MethodPatch, path: "/supplies/{supplyId}", tag: "hosts", scope: account.HostsWrite,
		summary: "End a supply", detail: "Not later than it ends already. What bills have cost stays.", example: map[string]any{"valid_until": "2026-12-31T23:00:00Z"},
		refuses: []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSupply
		IfMatch
		Payload[TermPatch]
	},
	) (*One[Supply], error) {
		there, err := s.supply(ctx, by, in.InSupply)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil || !in.Body.value.ValidUntil.given {
			return oneSupply(there), err
		}
		v, err := s.admin.EndSupply(ctx, by, there.ID, in.Body.value.ValidUntil.value.UTC(), version)
		return oneSupply(v), err
	})
}
