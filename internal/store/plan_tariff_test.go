package store

import (
	"testing"
	"time"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

func askTariffs(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two(s.Tariff(ctx, "org_x", "x"))
	two(s.Tariffs(ctx, "org_x", page.Query{}))
	two(s.Priced(ctx, "org_x"))
	two(s.TariffAt(ctx, "org_x", "x", time.UnixMicro(1)))
	two(s.Assignments(ctx, "org_x"))
	two(s.AssignmentsFor(ctx, tariff.Place{Organisation: "org_x", Site: "x", Station: "x"}, tariff.Driver{Contract: "x", Groups: []string{"x", "y"}}))
	two(s.Assignment(ctx, "org_x", "x"))
	two(s.ListAssignments(ctx, "org_x", "", page.Query{}))
	two(s.ListAssignments(ctx, "org_x", "x", page.Query{}))
}
