package admin

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/plan"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/page"
)

// planStore is what plans, subscriptions and vouchers need of the database.
type planStore interface {
	Offer(ctx context.Context, org ident.OrganisationID, id ident.PlanID) (plan.Plan, error)
	Subscription(ctx context.Context, org ident.OrganisationID, id ident.SubscriptionID) (plan.Subscription, error)
	Subscriptions(ctx context.Context, org ident.OrganisationID, f plan.Filter, q page.Query) (page.Result[plan.Subscription], error)
	CustomerSubscriptions(ctx context.Context, id ident.CustomerID, at time.Time) ([]plan.Subscription, error)
	PlanMonth(ctx context.Context, id ident.SubscriptionID, m plan.Month) (plan.Usage, error)
	PlanMonths(ctx context.Context, id ident.CustomerID, from, before plan.Month) ([]plan.Usage, error)
	Voucher(ctx context.Context, org ident.OrganisationID, id ident.VoucherID) (plan.Voucher, error)
	VoucherByHash(ctx context.Context, org ident.OrganisationID, hash [32]byte) (plan.Voucher, error)
	Living(ctx context.Context, org ident.OrganisationID, id ident.CustomerID, at time.Time) ([]plan.Held, error)
	BalanceOf(ctx context.Context, a ledger.Account) (int64, error)
}

// NewPlan is a plan to be made.
type NewPlan struct {
	Name     string         `json:"name"`
	Currency money.Currency `json:"currency"` // "": the organisation's
	From     time.Time      `json:"valid_from,omitzero"`
	Until    time.Time      `json:"valid_until,omitzero"`
	Terms    plan.Terms     `json:"terms"`
}

// PlanPatch is what changes of a plan; nil fields stay, a zero time is none. Its terms
// never change.
type PlanPatch struct {
	Name  *string    `json:"name,omitzero"`
	From  *time.Time `json:"valid_from,omitzero"`
	Until *time.Time `json:"valid_until,omitzero"`
}

// PlanNotice is the data of a plan event.
type PlanNotice struct {
	ID   ident.PlanID `json:"id"`
	Name string       `json:"name"`
}

// CreatePlan makes a plan that customers may subscribe to.
func (s *Service) CreatePlan(ctx context.Context, by account.Actor, in NewPlan, keep Keep[plan.Plan]) (plan.Plan, error) {
	if err := by.Can(account.PlansWrite); err != nil {
		return plan.Plan{}, err
	}
	if in.Currency == "" {
		org, err := s.store.Organisation(ctx, string(by.Organisation))
		if err != nil {
			return plan.Plan{}, err
		}
		in.Currency = money.Currency(org.Currency)
	}
	now := s.clock.Now()
	made := plan.Plan{
		ID: ident.New[ident.PlanID](now), Organisation: by.Organisation, Name: in.Name, Currency: in.Currency,
		From: in.From, Until: in.Until, Terms: in.Terms, CreatedAt: now, Version: 1,
	}
	if err := made.Check(); err != nil {
		return plan.Plan{}, err
	}
	d := deed{"plan.create", planEvent(event.PlanCreated, &made), in}
	return made, s.commit(ctx, by, d, &change.Set{Plans: []plan.Plan{made}, Idempotency: keep.of(made)})
}

// UpdatePlan changes how a plan is called, and when subscriptions of it may begin.
// Those that there are stay as they are. A version other than 0 must be the one that
// stands ([fault.Stale] otherwise).
func (s *Service) UpdatePlan(ctx context.Context, by account.Actor, id ident.PlanID, p PlanPatch, version int64) (plan.Plan, error) {
	if err := by.Can(account.PlansWrite); err != nil {
		return plan.Plan{}, err
	}
	var next plan.Plan
	err := decide(version, func() error {
		was, err := s.store.Offer(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		next = was
		set(&next.Name, p.Name)
		set(&next.From, p.From)
		set(&next.Until, p.Until)
		if err := next.Check(); err != nil {
			return err
		}
		next.Version++
		return s.commit(ctx, by, deed{"plan.update", planEvent(event.PlanUpdated, &next), p}, &change.Set{Plans: []plan.Plan{next}})
	})
	return next, err
}

// DeletePlan removes a plan that nobody ever subscribed to; else plan_subscribed
// ([fault.Conflict]).
func (s *Service) DeletePlan(ctx context.Context, by account.Actor, id ident.PlanID, version int64) error {
	if err := by.Can(account.PlansWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Offer(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		found, err := s.store.Subscriptions(ctx, by.Organisation, plan.Filter{Plan: id}, page.Query{Limit: 1})
		if err != nil {
			return err
		}
		if len(found.Items) > 0 {
			return fault.New(fault.Conflict, "plan_subscribed", "subscription", string(found.Items[0].ID))
		}
		gone := was
		gone.Version++
		d := deed{"plan.delete", planEvent(event.PlanDeleted, &gone), struct{}{}}
		return s.commit(ctx, by, d, &change.Set{Removed: []change.Removal{{Kind: change.KindPlan, ID: string(id), Version: was.Version}}})
	})
}

func planEvent(t event.Type, p *plan.Plan) event.Event {
	return event.Event{
		Type: t, Organisation: p.Organisation, Subject: string(p.ID), Version: p.Version, Data: PlanNotice{ID: p.ID, Name: p.Name},
	}
}
