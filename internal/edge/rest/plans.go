package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/plan"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// Plan is what customers may subscribe to. Its terms never change.
type Plan struct {
	ID         string    `json:"id" example:"pln_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Name       string    `json:"name" example:"Home 50" doc:"As bills have it"`
	Currency   string    `json:"currency" example:"EUR" doc:"ISO 4217; it acts on sessions whose tariff is in it"`
	ValidFrom  Time      `json:"valid_from" doc:"Subscriptions may begin from then on; null: at any time"`
	ValidUntil Time      `json:"valid_until" doc:"Exclusive; null: for ever"`
	Terms      PlanTerms `json:"terms"`
	CreatedAt  Time      `json:"created_at" nullable:"false"`
}

// PlanTerms are what a plan costs and gives.
type PlanTerms struct {
	Fee       PlanFee        `json:"fee"`
	Discount  *PlanDiscount  `json:"discount,omitzero"`
	Allowance *PlanAllowance `json:"allowance,omitzero"`
	Loyalty   *PlanLoyalty   `json:"loyalty,omitzero"`
	Points    *PlanPoints    `json:"points,omitzero"`
}

// PlanFee is what a calendar month costs. It is billed when the month is over: the
// fee × the days on which the subscription was in force ÷ the days of the month.
type PlanFee struct {
	AmountMinor int64   `json:"amount_minor" minimum:"0" example:"990" doc:"0: nothing"`
	TaxPercent  Decimal `json:"tax_percent" doc:"Of the fee, and of energy beyond the allowance where the tariff names no rate"`
	TaxIncluded bool    `json:"tax_included" doc:"Whether the fee includes it"`
}

// PlanDiscount takes a share off what some dimensions cost.
type PlanDiscount struct {
	Of      []string `json:"of,omitzero" maxItems:"5" enum:"FLAT,ENERGY,TIME,PARKING_TIME,IDLE" doc:"Left out: all"`
	Percent Decimal  `json:"percent"`
}

// PlanAllowance is energy that the fee pays for, of each calendar month.
type PlanAllowance struct {
	KWh     Decimal  `json:"kwh" doc:"Less in a month that does not count whole, as the fee is"`
	Overage *Decimal `json:"overage,omitzero" doc:"Price of a kWh beyond it, as the tariff's prices are; left out: the tariff's"`
}

// PlanLoyalty gives a discount on everything to whoever charged much in the months before.
type PlanLoyalty struct {
	Months int        `json:"months" minimum:"1" maximum:"24" doc:"Before the session's, that are looked at"`
	Tiers  []PlanTier `json:"tiers" minItems:"1" maxItems:"20" doc:"Each above the one before"`
}

// PlanTier is reached by all that it names.
type PlanTier struct {
	KWh      *Decimal `json:"kwh,omitzero"`
	Sessions int64    `json:"sessions,omitzero" minimum:"0"`
	Percent  Decimal  `json:"percent"`
}

// PlanPoints are what sessions earn, rounded down, and what points are good for.
type PlanPoints struct {
	PerKWh  *Decimal     `json:"per_kwh,omitzero"`
	PerUnit *Decimal     `json:"per_currency_unit,omitzero" doc:"Of the bill's net amount"`
	Rewards []PlanReward `json:"rewards,omitzero" maxItems:"50"`
}

// PlanReward is a voucher that points are given for.
type PlanReward struct {
	Name        string `json:"name" minLength:"1" maxLength:"100" example:"5 euros"`
	Points      int64  `json:"points" minimum:"1"`
	AmountMinor int64  `json:"amount_minor" minimum:"1"`
}

// NewPlan is a plan to be made.
type NewPlan struct {
	Name       string            `json:"name" minLength:"1" maxLength:"100"`
	Currency   *string           `json:"currency,omitzero" nullable:"false" minLength:"3" maxLength:"3" doc:"The organisation's when left out"`
	ValidFrom  *time.Time        `json:"valid_from,omitzero"`
	ValidUntil *time.Time        `json:"valid_until,omitzero"`
	Terms      Closed[PlanTerms] `json:"terms"`
}

// PlanPatch is a merge patch of a plan.
type PlanPatch struct {
	Name       Edit[string]    `json:"name,omitzero" nullable:"false" maxLength:"100"`
	ValidFrom  Edit[time.Time] `json:"valid_from,omitzero"`
	ValidUntil Edit[time.Time] `json:"valid_until,omitzero" doc:"In the past: nobody may subscribe any more"`
}

// InPlan is the path of one plan.
type InPlan struct {
	Plan string `path:"planId" maxLength:"64" example:"pln_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewPlan(p plan.Plan) Plan {
	return Plan{
		ID: string(p.ID), Name: p.Name, Currency: string(p.Currency), ValidFrom: Time{p.From}, ValidUntil: Time{p.Until},
		Terms: viewPlanTerms(&p.Terms), CreatedAt: Time{p.CreatedAt},
	}
}

func viewPlanTerms(t *plan.Terms) PlanTerms {
	v := PlanTerms{Fee: PlanFee{AmountMinor: t.Fee.Amount, TaxPercent: Decimal{t.Fee.VAT}, TaxIncluded: t.Fee.Gross}}
	if d := t.Discount; d != nil {
		v.Discount = &PlanDiscount{Percent: Decimal{d.Percent}}
		for _, of := range d.Of {
			v.Discount.Of = append(v.Discount.Of, string(of))
		}
	}
	if a := t.Allowance; a != nil {
		v.Allowance = &PlanAllowance{KWh: kilo(a.Energy), Overage: some(a.Overage)}
	}
	if l := t.Loyalty; l != nil {
		v.Loyalty = &PlanLoyalty{Months: l.Months}
		for _, tier := range l.Tiers {
			v.Loyalty.Tiers = append(v.Loyalty.Tiers, viewTier(&tier))
		}
	}
	if p := t.Points; p != nil {
		v.Points = &PlanPoints{PerKWh: someDecimal(p.PerKWh), PerUnit: someDecimal(p.PerUnit)}
		for _, r := range p.Rewards {
			v.Points.Rewards = append(v.Points.Rewards, PlanReward{Name: r.Name, Points: r.Points, AmountMinor: r.Amount})
		}
	}
	return v
}

func viewTier(t *plan.Tier) PlanTier {
	v := PlanTier{Sessions: t.Sessions, Percent: Decimal{t.Percent}}
	if t.Energy > 0 {
		v.KWh = new(kilo(t.Energy))
	}
	return v
}

// kilo writes energy in kilowatt-hours.
func kilo(e unit.MilliWattHour) Decimal {
	text := strings.TrimRight(strings.TrimRight(decimal.FromInt(int64(e), 6).String(), "0"), ".")
	if d, err := decimal.Parse(text); err == nil {
		return Decimal{d}
	}
	return Decimal{decimal.FromInt(int64(e), 6)}
}

// milli reads energy in kilowatt-hours; nil is none.
func milli(pointer string, d *Decimal) (unit.MilliWattHour, error) {
	if d == nil {
		return 0, nil
	}
	e, fits, err := d.Scaled(6)
	if err != nil || !fits {
		return 0, fault.InvalidField(pointer, "range", "has at most 6 digits after the point, and is at most a million")
	}
	return unit.MilliWattHour(e), nil
}

func some(d *decimal.Decimal) *Decimal {
	if d == nil {
		return nil
	}
	return &Decimal{*d}
}

// someDecimal is d, or null for 0.
func someDecimal(d decimal.Decimal) *Decimal {
	if d.Sign() == 0 {
		return nil
	}
	return &Decimal{d}
}

// domain returns the terms as the domain has them.
func (t *PlanTerms) domain() (plan.Terms, error) {
	out := plan.Terms{Fee: plan.Fee{Amount: t.Fee.AmountMinor, VAT: t.Fee.TaxPercent.Decimal, Gross: t.Fee.TaxIncluded}}
	if d := t.Discount; d != nil {
		out.Discount = &plan.Discount{Percent: d.Percent.Decimal}
		for _, of := range d.Of {
			out.Discount.Of = append(out.Discount.Of, rating.Dimension(of))
		}
	}
	var err error
	if a := t.Allowance; a != nil {
		out.Allowance = new(plan.Allowance)
		if out.Allowance.Energy, err = milli("/terms/allowance/kwh", &a.KWh); err != nil {
			return out, err
		}
		if a.Overage != nil {
			out.Allowance.Overage = &a.Overage.Decimal
		}
	}
	if l := t.Loyalty; l != nil {
		out.Loyalty = &plan.Loyalty{Months: l.Months}
		for _, tier := range l.Tiers {
			energy, err := milli("/terms/loyalty/tiers", tier.KWh)
			if err != nil {
				return out, err
			}
			out.Loyalty.Tiers = append(out.Loyalty.Tiers, plan.Tier{Energy: energy, Sessions: tier.Sessions, Percent: tier.Percent.Decimal})
		}
	}
	if p := t.Points; p != nil {
		out.Points = &plan.Points{PerKWh: or(p.PerKWh).Decimal, PerUnit: or(p.PerUnit).Decimal}
		for _, r := range p.Rewards {
			out.Points.Rewards = append(out.Points.Rewards, plan.Reward{Name: r.Name, Points: r.Points, Amount: r.AmountMinor})
		}
	}
	return out, nil
}

func oneOffer(p plan.Plan) *One[Plan] { return &One[Plan]{ETag: etag(p.Version), Body: viewPlan(p)} }

func createdPlan(p plan.Plan) Created[Plan] {
	return Created[Plan]{Location: prefix + "/plans/" + string(p.ID), ETag: etag(p.Version), Body: viewPlan(p)}
}

// offer returns the plan of a path.
func (s *Server) offer(ctx context.Context, by account.Actor, in InPlan) (plan.Plan, error) {
	id, err := pathID[ident.PlanID](in.Plan)
	if err != nil {
		return plan.Plan{}, err
	}
	return s.store.Offer(ctx, by.Organisation, id)
}

// planExample is a plan with something of everything.
func planExample() map[string]any {
	return map[string]any{
		"name": "Home 50", "terms": map[string]any{
			"fee":       map[string]any{"amount_minor": 990, "tax_percent": "19", "tax_included": true},
			"allowance": map[string]any{"kwh": "50", "overage": "0.55"},
			"discount":  map[string]any{"of": []string{"TIME"}, "percent": "10"},
			"loyalty":   map[string]any{"months": 3, "tiers": []any{map[string]any{"kwh": "300", "percent": "5"}}},
			"points":    map[string]any{"per_kwh": "1", "rewards": []any{map[string]any{"name": "5 euros", "points": 500, "amount_minor": 500}}},
		},
	}
}

func (s *Server) planOperations() {
	handle(s, operation{
		id: "list-plans", method: http.MethodGet, path: "/plans", tag: "plans", scope: account.PlansRead, summary: "List plans", detail: "The oldest first.",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[Plan], error) {
		found, err := s.store.Offers(ctx, by.Organisation, in.query(""))
		return listed(ctx, found, err, viewPlan)
	})
	handle(s, operation{
		id: "get-plan", method: http.MethodGet, path: "/plans/{planId}", tag: "plans", scope: account.PlansRead, summary: "Get a plan",
	}, func(ctx context.Context, by account.Actor, in *struct{ InPlan }) (*One[Plan], error) {
		p, err := s.offer(ctx, by, in.InPlan)
		return oneOffer(p), err
	})
	handle(s, operation{
		id: "create-plan", method: http.MethodPost, path: "/plans", tag: "plans", scope: account.PlansWrite, status: http.StatusCreated, onceKey: keyTaken,
		summary: "Make a plan", detail: "Its terms never change: for others make another plan, and let nobody subscribe to this one any more.", example: planExample(),
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewPlan] }) (*Created[Plan], error) {
		b := &in.Body.value
		terms, err := b.Terms.value.domain()
		if err != nil {
			return nil, err
		}
		p, err := s.admin.CreatePlan(ctx, by, admin.NewPlan{
			Name: b.Name, Currency: money.Currency(or(b.Currency)), From: or(b.ValidFrom), Until: or(b.ValidUntil), Terms: terms,
		}, keep(ctx, http.StatusCreated, createdPlan))
		return new(createdPlan(p)), err
	})
	s.planChanges()
}

func (s *Server) planChanges() {
	refuses := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	handle(s, operation{
		id: "update-plan", method: http.MethodPatch, path: "/plans/{planId}", tag: "plans", scope: account.PlansWrite,
		summary: "Change how a plan is called, or when subscriptions of it may begin", detail: "Those that there are stay as they are.",
		example: map[string]any{"valid_until": "2026-12-31T23:00:00Z"}, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InPlan
		IfMatch
		Payload[PlanPatch]
	},
	) (*One[Plan], error) {
		there, err := s.offer(ctx, by, in.InPlan)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		b := in.Body.value
		p, err := s.admin.UpdatePlan(ctx, by, there.ID, admin.PlanPatch{
			Name: edited(b.Name, same), From: edited(b.ValidFrom, same), Until: edited(b.ValidUntil, same),
		}, version)
		return oneOffer(p), err
	})
	handle(s, operation{
		id: "delete-plan", method: http.MethodDelete, path: "/plans/{planId}", tag: "plans", scope: account.PlansWrite,
		summary: "Remove a plan", detail: "Only one that nobody ever subscribed to.", refuses: append(refuses, http.StatusConflict),
	}, func(ctx context.Context, by account.Actor, in *struct {
		InPlan
		IfMatch
	},
	) (*Nothing, error) {
		there, err := s.offer(ctx, by, in.InPlan)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeletePlan(ctx, by, there.ID, version))
	})
}
