package store

import (
	"testing"
	"time"

	"pylon/internal/domain/plan"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// askPlans asks everything about what customers have beyond the tariffs.
func askPlans(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two(s.Offer(ctx, "org_x", "x"))
	two(s.Offers(ctx, "org_x", page.Query{}))
	two(s.Subscription(ctx, "org_x", "x"))
	for _, f := range []plan.Filter{{}, {Customer: "x"}, {Plan: "x"}, {Customer: "x", Plan: "x"}} {
		two(s.Subscriptions(ctx, "org_x", f, page.Query{}))
	}
	two(s.CustomerSubscriptions(ctx, "x", time.Time{}))
	two(s.DueSubscriptions(ctx, time.Time{}, 1))
	two(s.PlanMonth(ctx, "x", "x"))
	two(s.PlanMonths(ctx, "x", "x", "x"))
	two(s.Voucher(ctx, "org_x", "x"))
	two(s.VoucherByHash(ctx, "org_x", [32]byte{}))
	two(s.Vouchers(ctx, "org_x", plan.VoucherFilter{}, page.Query{}))
	two(s.Vouchers(ctx, "org_x", plan.VoucherFilter{Batch: "x"}, page.Query{}))
	two(s.Redemption(ctx, "x"))
	two(s.Living(ctx, "org_x", "x", time.Time{}))
	two(s.Uses(ctx, "x"))
}
