package rest

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/tariff"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/trade"
	"pylon/internal/kernel/unit"
	"pylon/internal/wire/ocpiany"
)

// Tariff is a price under one name through the years.
type Tariff struct {
	ID        string       `json:"id" example:"trf_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Name      string       `json:"name" example:"Fast charging, ad hoc"`
	Type      *string      `json:"type" example:"AD_HOC_PAYMENT" doc:"OCPI's TariffType; null: for all sessions"`
	Draft     *TariffDraft `json:"draft" doc:"The next edition, which may change until it is published; null: there is none"`
	Published int          `json:"published" doc:"Number of the last edition that was published; 0: none was, and the tariff prices nothing"`
	EndsAt    Time         `json:"ends_at" doc:"No edition is valid from then on; null: never"`
	CreatedAt Time         `json:"created_at" nullable:"false"`
}

// TariffDraft is an edition before it is published.
type TariffDraft struct {
	From  Time `json:"start_date_time,omitzero" doc:"Valid from then; left out: from its publication"`
	Until Time `json:"end_date_time,omitzero" doc:"Exclusive; left out: until a later edition is valid"`
	TariffTerms
}

// TariffEdition is what a tariff asks for during a time. It never changes.
type TariffEdition struct {
	Number      int  `json:"number"`
	From        Time `json:"start_date_time" nullable:"false"`
	Until       Time `json:"end_date_time" doc:"Exclusive; null: until a later edition is valid"`
	PublishedAt Time `json:"published_at" nullable:"false"`
	TariffTerms
}

// TariffEditions are all editions of a tariff.
type TariffEditions struct {
	Data []TariffEdition `json:"data"`
}

// TariffNotices are what is worth knowing of a draft before it is published.
type TariffNotices struct {
	Data []TariffNotice `json:"data"`
}

// TariffNotice is one thing to know.
type TariffNotice struct {
	Severity string   `json:"severity" enum:"error,warning,hint" doc:"error: a law forbids it where it is to be, or no bill can be made"`
	Code     string   `json:"code" example:"afir_flat"`
	Pointer  string   `json:"pointer" example:"/elements/0/price_components/1" doc:"Into the draft"`
	Text     string   `json:"text"`
	Values   []string `json:"values" doc:"Name, value, name, value …"`
}

// NewTariff is a tariff to be made.
type NewTariff struct {
	Name  string               `json:"name" minLength:"1" maxLength:"100" example:"Fast charging, ad hoc"`
	Type  *string              `json:"type,omitzero" nullable:"false" enum:"REGULAR,AD_HOC_PAYMENT,PROFILE_CHEAP,PROFILE_FAST,PROFILE_GREEN" doc:"For all sessions when left out"`
	Draft *Closed[TariffDraft] `json:"draft,omitzero" nullable:"false"`
	OCPI  JSON                 `json:"ocpi,omitzero" doc:"In place of draft: a tariff of OCPI 2.2.1 or 2.3.0 as it is. Its dates and prices become the draft, its type the tariff's unless that is given; members that no version has are ignored"`
}

// TariffPatch is a merge patch of a tariff, but for the draft, which is given
// whole. Editions never change.
type TariffPatch struct {
	Name   Edit[string]              `json:"name,omitzero" nullable:"false" maxLength:"100"`
	Type   Edit[string]              `json:"type,omitzero" enum:"REGULAR,AD_HOC_PAYMENT,PROFILE_CHEAP,PROFILE_FAST,PROFILE_GREEN" doc:"null: for all sessions"`
	Draft  Edit[Closed[TariffDraft]] `json:"draft,omitzero" doc:"In place of the one that there is; null: none"`
	OCPI   JSON                      `json:"ocpi,omitzero" doc:"In place of draft: a tariff of OCPI 2.2.1 or 2.3.0 as it is. Its dates and prices become the draft"`
	EndsAt Edit[time.Time]           `json:"ends_at,omitzero" doc:"Not in the past; null: never"`
}

// InTariff is the path of one tariff.
type InTariff struct {
	Tariff string `path:"tariffId" maxLength:"64" example:"trf_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// TariffPlace says where and for whom a tariff is to be.
type TariffPlace struct {
	AdHoc   bool   `query:"ad_hoc" doc:"Drivers without a contract pay by it"`
	Power   int64  `query:"power_w" minimum:"0" doc:"The most that one of its EVSEs gives"`
	Country string `query:"country" maxLength:"2" doc:"ISO 3166-1 alpha-2; rules of a country are looked at where it is named"`
	NEVI    bool   `query:"nevi" doc:"The stations were paid for by the United States' NEVI programme"`
	Clock   bool   `query:"certified_clock" doc:"The stations' clocks are certified for billing time"`
	Zone    string `query:"time_zone" maxLength:"64" doc:"IANA; changes of the clocks are looked at where it is named"`
}

func viewTariff(t tariff.Tariff) Tariff {
	out := Tariff{
		ID: string(t.ID), Name: t.Name, Type: orNull(t.Type), Published: t.Published, EndsAt: Time{t.EndsAt}, CreatedAt: Time{t.CreatedAt},
	}
	if d := t.Draft; d != nil {
		out.Draft = &TariffDraft{Time{d.From}, Time{d.Until}, viewTerms(&d.Terms)}
	}
	return out
}

func viewEdition(e *tariff.Edition) TariffEdition {
	return TariffEdition{e.Number, Time{e.From}, Time{e.Until}, Time{e.PublishedAt}, viewTerms(&e.Terms)}
}

func (d *TariffDraft) domain() *tariff.Draft {
	return &tariff.Draft{From: d.From.Time, Until: d.Until.Time, Terms: d.TariffTerms.domain()}
}

// imported returns the draft that a tariff of OCPI is, and its type.
func imported(text JSON, beside bool) (*tariff.Draft, trade.TariffType, error) {
	if beside {
		return nil, "", fault.InvalidField("/ocpi", "ambiguous", "stands in place of draft, not beside it")
	}
	t, err := ocpiany.Tariff(text)
	if err != nil {
		return nil, "", fault.Below("/ocpi", err)
	}
	d := &tariff.Draft{From: t.From, Until: t.Until, Terms: tariff.TermsOf(&t)}
	return d, t.Type, fault.Below("/ocpi", d.Terms.Check())
}

func oneTariff(t tariff.Tariff) *One[Tariff] {
	return &One[Tariff]{ETag: etag(t.Version), Body: viewTariff(t)}
}

func createdTariff(t tariff.Tariff) Created[Tariff] {
	return Created[Tariff]{Location: prefix + "/tariffs/" + string(t.ID), ETag: etag(t.Version), Body: viewTariff(t)}
}

// tariff returns the tariff of a path.
func (s *Server) tariff(ctx context.Context, by account.Actor, in InTariff) (tariff.Tariff, error) {
	id, err := pathID[ident.TariffID](in.Tariff)
	if err != nil {
		return tariff.Tariff{}, err
	}
	return s.store.Tariff(ctx, by.Organisation, id)
}

// tariffExample is a draft as somebody may send it.
func tariffExample() map[string]any {
	price := map[string]any{"type": "ENERGY", "price": "0.49", "vat": "19", "step_size": 1}
	return map[string]any{"currency": "EUR", "tax_included": "YES", "elements": []any{map[string]any{"price_components": []any{price}}}}
}

func (s *Server) tariffOperations() {
	handle(s, operation{
		id: "list-tariffs", method: http.MethodGet, path: "/tariffs", tag: "tariffs", scope: account.TariffsRead, summary: "List tariffs",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[Tariff], error) {
		rows, err := s.store.Tariffs(ctx, by.Organisation, in.query(""))
		return listed(ctx, rows, err, viewTariff)
	})
	handle(s, operation{
		id: "get-tariff", method: http.MethodGet, path: "/tariffs/{tariffId}", tag: "tariffs", scope: account.TariffsRead, summary: "Get a tariff",
	}, func(ctx context.Context, by account.Actor, in *struct{ InTariff }) (*One[Tariff], error) {
		t, err := s.tariff(ctx, by, in.InTariff)
		return oneTariff(t), err
	})
	handle(s, operation{
		id: "list-tariff-editions", method: http.MethodGet, path: "/tariffs/{tariffId}/editions", tag: "tariffs", scope: account.TariffsRead,
		summary: "List the editions of a tariff",
		detail:  "All that were published, oldest first. Of those that are valid when a session begins, the one that became valid last prices it.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InTariff }) (*One[TariffEditions], error) {
		t, err := s.tariff(ctx, by, in.InTariff)
		out := TariffEditions{Data: each(t.Editions, viewEdition)}
		return &One[TariffEditions]{ETag: etag(t.Version), Body: out}, err
	})
	handle(s, operation{
		id: "lint-tariff", method: http.MethodGet, path: "/tariffs/{tariffId}/notices", tag: "tariffs", scope: account.TariffsRead,
		summary: "Look a draft over", detail: "What to know before it is published: gaps, prices that are never used, steps that surprise, and rules of the law where it is to be.",
		refuses: []int{http.StatusConflict},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InTariff
		TariffPlace
	},
	) (*One[TariffNotices], error) {
		t, err := s.tariff(ctx, by, in.InTariff)
		if err != nil {
			return nil, err
		}
		if t.Draft == nil {
			return nil, fault.New(fault.Conflict, "tariff_without_draft")
		}
		return &One[TariffNotices]{ETag: etag(t.Version), Body: TariffNotices{Data: s.notices(&t, in.TariffPlace)}}, nil
	})
	s.tariffChanges()
	s.tariffEnds()
}

func (s *Server) notices(t *tariff.Tariff, p TariffPlace) []TariffNotice {
	from := s.clock.Now()
	if t.Draft.From.After(from) {
		from = t.Draft.From
	}
	notices := tariff.Lint(&t.Draft.Terms, tariff.LintFor{
		AdHoc: p.AdHoc || t.Type == trade.TariffAdHoc, Power: unit.Watt(p.Power), Country: p.Country, NEVI: p.NEVI, Clock: p.Clock, Zone: p.Zone, From: from,
	})
	return each(notices, func(n *tariff.Notice) TariffNotice {
		return TariffNotice{string(n.Severity), string(n.Code), n.Pointer, n.Words(), n.Values}
	})
}

func (s *Server) tariffChanges() {
	refuses := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	handle(s, operation{
		id: "create-tariff", method: http.MethodPost, path: "/tariffs", tag: "tariffs", scope: account.TariffsWrite, summary: "Make a tariff",
		detail: "It prices nothing before it is published and assigned.",
		status: http.StatusCreated, onceKey: keyTaken,
		example: map[string]any{"name": "Fast charging, ad hoc", "type": "AD_HOC_PAYMENT", "draft": tariffExample()},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewTariff] }) (*Created[Tariff], error) {
		b := in.Body.value
		patch := admin.TariffPatch{Name: &b.Name}
		if b.Type != nil {
			patch.Type = new(trade.TariffType(*b.Type))
		}
		if b.Draft != nil {
			patch.Draft = new(b.Draft.value.domain())
		}
		if b.OCPI != nil {
			draft, kind, err := imported(b.OCPI, b.Draft != nil)
			if err != nil {
				return nil, err
			}
			patch.Draft, patch.Type = &draft, cmp.Or(patch.Type, &kind)
		}
		t, err := s.admin.CreateTariff(ctx, by, patch, keep(ctx, http.StatusCreated, createdTariff))
		return new(createdTariff(t)), err
	})
	handle(s, operation{
		id: "update-tariff", method: http.MethodPatch, path: "/tariffs/{tariffId}", tag: "tariffs", scope: account.TariffsWrite,
		summary: "Change a tariff", detail: "Its name, its draft, its end; what is published never changes.",
		example: map[string]any{"draft": tariffExample()}, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InTariff
		IfMatch
		Payload[TariffPatch]
	},
	) (*One[Tariff], error) {
		there, err := s.tariff(ctx, by, in.InTariff)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		p := in.Body.value
		patch := admin.TariffPatch{
			Name: edited(p.Name, same), Type: edited(p.Type, func(name string) trade.TariffType { return trade.TariffType(name) }), EndsAt: edited(p.EndsAt, same),
		}
		if p.OCPI != nil {
			draft, _, err := imported(p.OCPI, p.Draft.given)
			if err != nil {
				return nil, err
			}
			patch.Draft = &draft
		}
		if p.Draft.given {
			patch.Draft = new((*tariff.Draft)(nil))
			if !p.Draft.null {
				*patch.Draft = p.Draft.value.value.domain()
			}
		}
		t, err := s.admin.UpdateTariff(ctx, by, there.ID, patch, version)
		return oneTariff(t), err
	})
}

// tariffEnds are the operations after which a draft is no draft any more.
func (s *Server) tariffEnds() {
	refuses := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired, http.StatusConflict}
	handle(s, operation{
		id: "publish-tariff", method: http.MethodPost, path: "/tariffs/{tariffId}/publish", tag: "tariffs", scope: account.TariffsWrite,
		summary: "Publish a tariff's draft",
		detail:  "The draft becomes the next edition, valid from its start or from now on, and never changes. Needs If-Match, so that nobody publishes what he has not seen.",
		refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InTariff
		IfMatch
	},
	) (*One[Tariff], error) {
		there, err := s.tariff(ctx, by, in.InTariff)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		t, err := s.admin.PublishTariff(ctx, by, there.ID, version)
		return oneTariff(t), err
	})
	handle(s, operation{
		id: "delete-tariff", method: http.MethodDelete, path: "/tariffs/{tariffId}", tag: "tariffs", scope: account.TariffsWrite,
		summary: "Remove a tariff", detail: "Only one that never was published and is assigned nowhere: any other ends, see ends_at.", refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InTariff
		IfMatch
	},
	) (*Nothing, error) {
		there, err := s.tariff(ctx, by, in.InTariff)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeleteTariff(ctx, by, there.ID, version))
	})
}
