package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/host"
	"pylon/internal/domain/ledger"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
)

// Agreement is what a host gets of what a site earns during a time. Shares are
// rounded once for each bill, half away from zero.
type Agreement struct {
	ID         string             `json:"id" example:"agr_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	HostID     string             `json:"host_id" example:"hst_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	SiteID     string             `json:"site_id" example:"sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	ValidFrom  Time               `json:"valid_from" nullable:"false"`
	ValidUntil Time               `json:"valid_until" doc:"Exclusive; null: for ever"`
	Percents   []AgreementPercent `json:"percents" doc:"Of net income by class, after discounts"`
	PerKWh     *Decimal           `json:"per_kwh" doc:"In the host's currency; a bill in another has none of it"`
	FixedMinor int64              `json:"fixed_minor" doc:"A month, beside the shares"`
	LeastMinor int64              `json:"least_minor" doc:"A month: where shares and the fixed amount come to less, the rest is added"`
	Beyond     bool               `json:"beyond_net" doc:"A share may be more than the bill's net"`
	CreatedAt  Time               `json:"created_at" nullable:"false"`
}

// AgreementPercent is the host's part of a class of income.
type AgreementPercent struct {
	Class   string  `json:"class" enum:"energy,time,parking,fixed,reservation"`
	Percent Decimal `json:"percent"`
}

// NewAgreementPercent is an [AgreementPercent] in a request.
type NewAgreementPercent AgreementPercent

// NewAgreement is an agreement to be made.
type NewAgreement struct {
	HostID     string     `json:"host_id" minLength:"1" maxLength:"64"`
	SiteID     string     `json:"site_id" minLength:"1" maxLength:"64"`
	ValidFrom  *time.Time `json:"valid_from,omitzero" nullable:"false" doc:"Now when left out. Bills that were issued before the agreement was made stay without"`
	ValidUntil *time.Time `json:"valid_until,omitzero" nullable:"false" doc:"Exclusive"`

	Percents   []NewAgreementPercent `json:"percents,omitzero" maxItems:"5" doc:"Of net income by class, after discounts; each class once"`
	PerKWh     *Decimal              `json:"per_kwh,omitzero" nullable:"false" doc:"In the host's currency; a bill in another has none of it"`
	FixedMinor int64                 `json:"fixed_minor,omitzero" minimum:"0" doc:"A month, beside the shares"`
	LeastMinor int64                 `json:"least_minor,omitzero" minimum:"0" doc:"A month: where shares and the fixed amount come to less, the rest is added"`
	Beyond     bool                  `json:"beyond_net,omitzero" doc:"A share may be more than the bill's net"`
}

// TermPatch says when an agreement or a supply ends.
type TermPatch struct {
	ValidUntil Edit[time.Time] `json:"valid_until,omitzero" doc:"Exclusive; not later than it says already"`
}

// InAgreement is the path of one agreement.
type InAgreement struct {
	Agreement string `path:"agreementId" maxLength:"64" example:"agr_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// TermFilter chooses agreements.
type TermFilter struct {
	HostID string `query:"host_id" maxLength:"64"`
	SiteID string `query:"site_id" maxLength:"64"`
}

func viewAgreement(a host.Agreement) Agreement {
	return Agreement{
		ID: string(a.ID), HostID: string(a.Host), SiteID: string(a.Site), ValidFrom: Time{a.From}, ValidUntil: Time{a.Until}, CreatedAt: Time{a.CreatedAt},
		Percents: each(a.Terms.Percents, func(p *host.Percent) AgreementPercent { return AgreementPercent{string(p.Class), Decimal{p.Rate}} }),
		PerKWh:   shown(a.Terms.PerKWh), FixedMinor: a.Terms.Fixed, LeastMinor: a.Terms.Least, Beyond: a.Terms.Beyond,
	}
}

func (t *NewAgreement) terms() host.Terms {
	return host.Terms{
		Percents: each(t.Percents, func(p *NewAgreementPercent) host.Percent {
			return host.Percent{Class: ledger.Class(p.Class), Rate: p.Percent.Decimal}
		}),
		PerKWh: read(t.PerKWh), Fixed: t.FixedMinor, Least: t.LeastMinor, Beyond: t.Beyond,
	}
}

func oneAgreement(a host.Agreement) *One[Agreement] {
	return &One[Agreement]{ETag: etag(a.Version), Body: viewAgreement(a)}
}

func createdAgreement(a host.Agreement) Created[Agreement] {
	return Created[Agreement]{Location: prefix + "/agreements/" + string(a.ID), ETag: etag(a.Version), Body: viewAgreement(a)}
}

// term returns a time from a moment on, or from now.
func (s *Server) term(from, until *time.Time) host.Term {
	t := host.Term{From: s.clock.Now()}
	if from != nil {
		t.From = from.UTC()
	}
	if until != nil {
		t.Until = until.UTC()
	}
	return t
}

// agreement returns the agreement of a path.
func (s *Server) agreement(ctx context.Context, by account.Actor, in InAgreement) (host.Agreement, error) {
	id, err := pathID[ident.AgreementID](in.Agreement)
	if err != nil {
		return host.Agreement{}, err
	}
	return s.store.Agreement(ctx, by.Organisation, id)
}

func (s *Server) agreementOperations() {
	handle(s, operation{
		id: "list-agreements", method: http.MethodGet, path: "/agreements", tag: "hosts", scope: account.HostsRead, summary: "List agreements with site hosts",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		TermFilter
	},
	) (*Listed[Agreement], error) {
		rows, err := s.store.Agreements(ctx, by.Organisation, host.Filter{Host: ident.HostID(in.HostID), Site: ident.SiteID(in.SiteID)}, in.query(""))
		return listed(ctx, rows, err, viewAgreement)
	})
	handle(s, operation{
		id: "get-agreement", method: http.MethodGet, path: "/agreements/{agreementId}", tag: "hosts", scope: account.HostsRead, summary: "Get an agreement",
	}, func(ctx context.Context, by account.Actor, in *struct{ InAgreement }) (*One[Agreement], error) {
		a, err := s.agreement(ctx, by, in.InAgreement)
		return oneAgreement(a), err
	})
	handle(s, operation{
		id: "create-agreement", method: http.MethodPost, path: "/agreements", tag: "hosts", scope: account.HostsWrite, summary: "Agree with a site host",
		detail: "The agreement that holds when a session ends counts for its bill. A site has one at a time: another one in the same time is a conflict. Terms never change: " +
			"an agreement ends, and another begins.",
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		example: map[string]any{
			"host_id": "hst_01JD3K6X5M8Q2V7T9WBNCRFHYZ", "site_id": "sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ",
			"percents": []any{map[string]any{"class": "energy", "percent": "20"}}, "fixed_minor": 5000,
		},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewAgreement] }) (*Created[Agreement], error) {
		b := &in.Body.value
		a, err := s.admin.CreateAgreement(ctx, by, admin.NewAgreement{
			Host: ident.HostID(b.HostID), Site: ident.SiteID(b.SiteID), Term: s.term(b.ValidFrom, b.ValidUntil), Terms: b.terms(),
		}, keep(ctx, http.StatusCreated, createdAgreement))
		return new(createdAgreement(a)), err
	})
	handle(s, operation{
		id: "update-agreement", method: http.MethodPatch, path: "/agreements/{agreementId}", tag: "hosts", scope: account.HostsWrite,
		summary: "End an agreement", detail: "Not later than it ends already. What was shared stays.", example: map[string]any{"valid_until": "2026-12-31T23:00:00Z"},
		refuses: []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InAgreement
		IfMatch
		Payload[TermPatch]
	},
	) (*One[Agreement], error) {
		there, err := s.agreement(ctx, by, in.InAgreement)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil || !in.Body.value.ValidUntil.given {
			return oneAgreement(there), err
		}
		a, err := s.admin.EndAgreement(ctx, by, there.ID, in.Body.value.ValidUntil.value.UTC(), version)
		return oneAgreement(a), err
	})
}
