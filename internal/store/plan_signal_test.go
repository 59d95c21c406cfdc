package store

import (
	"testing"
	"time"

	"pylon/internal/domain/signal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// askSignals asks everything about series, and about who waits for one.
func askSignals(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	two(s.Signal(ctx, "org_x", "x"))
	for _, f := range []signal.Filter{{}, {Name: "x"}, {Name: "x", Site: "x"}} {
		two(s.Signals(ctx, "org_x", f, page.Query{}))
	}
	two(s.CountSignals(ctx, "org_x"))
	two(s.SignalFor(ctx, "org_x", "x", "x"))
	two(s.Points(ctx, "x", early, late, 1))
	two(s.HasPoints(ctx, "x"))
	two(s.ListPoints(ctx, "x", time.Time{}, time.Time{}, page.Query{}))
	two(s.ListPoints(ctx, "x", early, late, page.Query{}))
	two(s.MeterKeys(ctx, "x"))
	two(s.HeldFor(ctx, "org_x", "x", "", 1))
	two(s.HeldAt(ctx, "x", "", 1))
}
