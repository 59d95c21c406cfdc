package store

import (
	"context"
	"time"

	"pylon/internal/domain/plan"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Offer returns a plan of org.
func (s *Store) Offer(ctx context.Context, org ident.OrganisationID, id ident.PlanID) (plan.Plan, error) {
	return oneOf(ctx, s, offers, org, string(id))
}

// Offers lists the plans of org, oldest first.
func (s *Store) Offers(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[plan.Plan], error) {
	return plainList("plans", offers, "").page(ctx, s, q, of(org))
}

// Subscription returns a subscription of org.
func (s *Store) Subscription(ctx context.Context, org ident.OrganisationID, id ident.SubscriptionID) (plan.Subscription, error) {
	return oneOf(ctx, s, subscriptions, org, string(id))
}

// Subscriptions lists subscriptions of org, oldest first.
func (s *Store) Subscriptions(ctx context.Context, org ident.OrganisationID, f plan.Filter, q page.Query) (page.Result[plan.Subscription], error) {
	c := of(org)
	if f.Customer != "" {
		c.where("t.customer = ?", string(f.Customer))
	}
	if f.Plan != "" {
		c.where("t.plan = ?", string(f.Plan))
	}
	return plainList("subscriptions", subscriptions, "").page(ctx, s, q, c)
}

// CustomerSubscriptions returns a customer's subscriptions that have not ended at
// a moment, oldest first: there are few.
func (s *Store) CustomerSubscriptions(ctx context.Context, id ident.CustomerID, at time.Time) ([]plan.Subscription, error) {
	return few(ctx, s, subscriptions.from()+"WHERE t.customer = $1 AND (t.valid_until IS NULL OR t.valid_until > $2) ORDER BY t.id",
		subscriptions.columns, string(id), at.UnixMicro())
}

// DueSubscriptions returns subscriptions of all organisations whose fee is to be
// billed, the longest due first, at most limit of them.
func (s *Store) DueSubscriptions(ctx context.Context, at time.Time, limit int) ([]plan.Subscription, error) {
	return all(ctx, s, subscriptions.from()+"WHERE t.due_at IS NOT NULL AND t.due_at <= $1 ORDER BY t.due_at, t.id LIMIT $2",
		subscriptions.columns, at.UnixMicro(), limit)
}

// PlanMonth returns what a month of a subscription has come to.
func (s *Store) PlanMonth(ctx context.Context, id ident.SubscriptionID, m plan.Month) (plan.Usage, error) {
	return one(ctx, s, usages.from()+"WHERE t.id = $1", usages.columns, plan.MonthID(id, m))
}

// PlanMonths returns what the months from one on, before another, of all
// subscriptions of a customer have come to.
func (s *Store) PlanMonths(ctx context.Context, id ident.CustomerID, from, before plan.Month) ([]plan.Usage, error) {
	return few(ctx, s, usages.from()+"WHERE t.customer = $1 AND t.month >= $2 AND t.month < $3 ORDER BY t.month, t.id",
		usages.columns, string(id), string(from), string(before))
}

// Voucher returns a voucher of org.
func (s *Store) Voucher(ctx context.Context, org ident.OrganisationID, id ident.VoucherID) (plan.Voucher, error) {
	return oneOf(ctx, s, vouchers, org, string(id))
}

// VoucherByHash returns the voucher of org whose code has a hash.
func (s *Store) VoucherByHash(ctx context.Context, org ident.OrganisationID, hash [32]byte) (plan.Voucher, error) {
	return one(ctx, s, vouchers.from()+"WHERE t.hash = $1 AND t.org = $2", vouchers.columns, hash[:], string(org))
}

// Vouchers lists vouchers of org, oldest first.
func (s *Store) Vouchers(ctx context.Context, org ident.OrganisationID, f plan.VoucherFilter, q page.Query) (page.Result[plan.Voucher], error) {
	c := of(org)
	if f.Batch != "" {
		c.where("t.batch = ? AND t.batch <> ''", f.Batch)
	}
	return plainList("vouchers", vouchers, "").page(ctx, s, q, c)
}

// Redemption returns a voucher in a customer's hands.
func (s *Store) Redemption(ctx context.Context, id ident.RedemptionID) (plan.Held, error) {
	return one(ctx, s, heldFrom()+"WHERE t.id = $1", held, string(id))
}

// Living returns the vouchers in the hands of a customer of org that have something
// left and have not lapsed at a moment, oldest first: [plan.HeldMost] at most.
func (s *Store) Living(ctx context.Context, org ident.OrganisationID, id ident.CustomerID, at time.Time) ([]plan.Held, error) {
	return few(ctx, s, heldFrom()+"WHERE t.customer = $1 AND NOT t.spent AND t.org = $2 AND (v.valid_until IS NULL OR v.valid_until > $3) ORDER BY t.at, t.id LIMIT $4",
		held, string(id), string(org), at.UnixMicro(), plan.HeldMost)
}

func heldFrom() string {
	return "SELECT " + redemptions.list("t") + ", " + vouchers.list("v") + " FROM redemptions t JOIN vouchers v ON v.id = t.voucher "
}

// Uses returns what a session used, as of its last settlement.
func (s *Store) Uses(ctx context.Context, id ident.SessionID) ([]plan.Use, error) {
	return few(ctx, s, uses.from()+"WHERE t.session = $1 ORDER BY t.source", uses.columns, string(id))
}
