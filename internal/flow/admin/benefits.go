package admin

import (
	"context"
	"slices"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/plan"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// Benefits is what a customer has beyond the tariffs, now.
type Benefits struct {
	Customer     ident.CustomerID
	Month        plan.Month
	Subscription *plan.Subscription // that is in force; nil: none
	Plan         *plan.Plan         // its
	Usage        plan.Usage         // of the month
	Granted      unit.MilliWattHour // by the allowance of the month
	Tier         *plan.Tier         // nil: none is reached
	Points       int64
	Vouchers     []plan.Held // with something left
}

// Benefits returns what a customer has beyond the tariffs.
func (s *Service) Benefits(ctx context.Context, by account.Actor, id ident.CustomerID) (Benefits, error) {
	if err := by.Can(account.SubscriptionsRead); err != nil {
		return Benefits{}, err
	}
	if _, err := s.store.Customer(ctx, by.Organisation, id); err != nil {
		return Benefits{}, err
	}
	zone, err := s.zoneOf(ctx, by.Organisation)
	if err != nil {
		return Benefits{}, err
	}
	now := s.clock.Now()
	b := Benefits{Customer: id, Month: plan.MonthOf(now, zone)}
	book := ledger.Book{Organisation: by.Organisation, Unit: ledger.Points}
	points, err := s.store.BalanceOf(ctx, book.Account(ledger.PointsHeld, string(id)))
	if err != nil {
		return b, err
	}
	b.Points = -points
	if b.Vouchers, err = s.store.Living(ctx, by.Organisation, id, now); err != nil {
		return b, err
	}
	if b.Subscription, b.Plan, err = s.inForce(ctx, by, id, now); err != nil || b.Plan == nil {
		return b, err
	}
	b.Granted = b.Plan.Granted(b.Subscription, b.Month, zone)
	if b.Usage, err = s.store.PlanMonth(ctx, b.Subscription.ID, b.Month); err != nil && !fault.Is(err, fault.NotFound) {
		return b, err
	}
	if l := b.Plan.Terms.Loyalty; l != nil {
		before, err := s.store.PlanMonths(ctx, id, b.Month.Add(-l.Months), b.Month)
		if err != nil {
			return b, err
		}
		b.Tier = l.Tier(before)
	}
	return b, nil
}

// inForce returns a customer's subscription that is in force, with its plan; nil when
// he has none.
func (s *Service) inForce(ctx context.Context, by account.Actor, id ident.CustomerID, now time.Time) (*plan.Subscription, *plan.Plan, error) {
	all, err := s.store.CustomerSubscriptions(ctx, id, now)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(all, func(s plan.Subscription) bool { return s.State(now) == plan.Active })
	if i < 0 {
		return nil, nil, nil
	}
	of, err := s.store.Offer(ctx, by.Organisation, all[i].Plan)
	return &all[i], &of, err
}

// SpendPoints gives a customer a reward of his plan for his points: a voucher that he
// holds. Without enough of them it is balance_insufficient ([fault.Conflict]); without
// such a reward it is [fault.Invalid].
func (s *Service) SpendPoints(ctx context.Context, by account.Actor, id ident.CustomerID, reward string, keep Keep[plan.Held]) (plan.Held, error) {
	if err := by.Can(account.SubscriptionsWrite); err != nil {
		return plan.Held{}, err
	}
	if _, err := s.store.Customer(ctx, by.Organisation, id); err != nil {
		return plan.Held{}, err
	}
	now := s.clock.Now()
	_, of, err := s.inForce(ctx, by, id, now)
	if err != nil {
		return plan.Held{}, err
	}
	if of == nil {
		return plan.Held{}, fault.New(fault.Conflict, "subscription_missing")
	}
	r, ok := of.Reward(reward)
	if !ok {
		return plan.Held{}, fault.InvalidField("/reward", "not_found", "is the name of no reward of the customer's plan")
	}
	if err := s.pocket(ctx, by, id, now); err != nil {
		return plan.Held{}, err
	}
	v, redeemed, err := plan.Voucher{
		ID: ident.New[ident.VoucherID](now), Organisation: by.Organisation, Name: r.Name, Value: plan.Value{Amount: r.Amount, Currency: of.Currency},
		Customer: id, HoldersMost: 1, CreatedAt: now,
	}.Coded(plan.NewCode()).Redeem(id, now)
	if err != nil {
		return plan.Held{}, err
	}
	made := plan.Held{Redemption: redeemed, Of: v}
	book := ledger.Book{Organisation: by.Organisation, Unit: ledger.Points}
	spent := ledger.Post(now, ledger.PointsSpent, ledger.Source{Type: "voucher", ID: string(v.ID)}, book.SpendPoints(string(id), string(of.ID), r.Points))
	d := deed{"points.spend", voucherEvent(event.VoucherRedeemed, &v, id), struct {
		Customer ident.CustomerID `json:"customer_id"`
		Plan     ident.PlanID     `json:"plan_id"`
		Points   int64            `json:"points"`
	}{id, of.ID, r.Points}}
	return made, s.commit(ctx, by, d, &change.Set{
		Vouchers: []plan.Voucher{v}, Redemptions: []plan.Redemption{redeemed}, Journals: []ledger.Journal{spent}, Idempotency: keep.of(made),
	})
}
