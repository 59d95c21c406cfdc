package store

import (
	"testing"
	"time"

	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// askReratings asks everything about re-ratings.
func askReratings(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two(s.Rerating(ctx, "org_x", "x"))
	two(s.Reratings(ctx, "org_x", page.Query{}))
	two(s.OpenReratings(ctx, 1))
	two(s.CountOpenReratings(ctx, "org_x"))
	two(s.OldReratings(ctx, time.Unix(1, 0), 1))
	two(s.ReratingCustomers(ctx, "x", page.Query{}))
	for _, f := range []rerating.Filter{{}, {Debtor: "x"}, {Outcome: "x"}} {
		two(s.Differences(ctx, "x", f, page.Query{}))
	}
	two(s.DifferencesAfter(ctx, "x", "", "x", 1))
	two(s.DifferencesAfter(ctx, "x", rerating.Changed, "x", 1))
	for _, c := range []rerating.Choice{{}, {Site: "x"}, {Station: "x"}, {Token: "x"}} {
		two(s.EndedSessions(ctx, "org_x", c, rerating.Place{}, 1))
		two(s.CountEnded(ctx, "org_x", c))
	}
	of := []session.Ref{{Station: "x", Session: "x"}}
	two(s.SessionsOf(ctx, "org_x", []ident.SessionID{"x"}))
	two(s.TabsOf(ctx, []ident.SessionID{"x"}))
	two(s.BillsOf(ctx, []ident.BillID{"x"}))
	two(s.DifferencesOf(ctx, "x", []ident.SessionID{"x"}))
	two(s.UsesOf(ctx, []ident.SessionID{"x"}))
	two(s.SegmentsOf(ctx, of))
	two(s.FramesOf(ctx, of, 1))
}
