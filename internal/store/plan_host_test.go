package store

import (
	"testing"
	"time"

	"pylon/internal/domain/host"
	"pylon/internal/domain/roaming"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// askHosts calls everything that reads hosts, what sites earn, and CDRs.
func askHosts(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two(s.Host(ctx, "org_x", "x"))
	two(s.Hosts(ctx, "org_x", page.Query{}))
	two(s.Agreement(ctx, "org_x", "x"))
	two(s.AgreementsAt(ctx, "x"))
	two(s.AgreementsOf(ctx, "x"))
	two(s.Supply(ctx, "org_x", "x"))
	two(s.SuppliesAt(ctx, "x"))
	for _, f := range []host.Filter{{}, {Host: "x"}, {Site: "x"}} {
		two(s.Agreements(ctx, "org_x", f, page.Query{}))
		two(s.Supplies(ctx, "org_x", f, page.Query{}))
		two(s.Settlements(ctx, "org_x", f, page.Query{}))
	}
	two(s.Earning(ctx, "x"))
	two(s.ClosedMonth(ctx, "x", "EUR"))
	two(s.OpenTallies(ctx, "x", "2026-05"))
	two(s.Earned(ctx, "x", page.Query{}))
	two(s.Settlement(ctx, "org_x", "x"))
	two(s.LastSettled(ctx, "x", "EUR"))
	for _, by := range []host.MarginBy{host.BySite, host.ByMonth} {
		two(s.Margins(ctx, "org_x", by, host.Days{}, page.Query{}))
		two(s.Margins(ctx, "org_x", by, host.Days{From: "2026-05-01", To: "2026-05-31"}, page.Query{}))
	}
	two(s.CDR(ctx, "org_x", "x"))
	for _, f := range []roaming.Filter{{}, {From: time.Unix(1, 0), To: time.Unix(2, 0)}, {Session: "x"}} {
		two(s.CDRs(ctx, "org_x", f, page.Query{}))
	}
}
