package store

import (
	"testing"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// askBilling asks everything about bills.
func askBilling(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two(s.Tab(ctx, "x"))
	two(s.Snapshot(ctx, "x"))
	two(s.Profile(ctx, "org_x"))
	two(s.Bill(ctx, "org_x", "x"))
	two(s.AllFrames(ctx, "x", "x", 1))
	for _, f := range []billing.Filter{{}, {Session: "x"}, {Debtor: "x"}, {Statement: "x"}, {Kind: "x"}} {
		two(s.Bills(ctx, "org_x", f, page.Query{}))
	}
}
