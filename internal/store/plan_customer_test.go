package store

import (
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// askCustomers asks everything about who pays.
func askCustomers(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two := func(_ any, err error) { t.Helper(); check(err) }
	account := customer.Account{Customer: "x", Currency: "EUR", Country: "DE"}
	none := func(*billing.Bill) error { return nil }
	two(s.Customer(ctx, "org_x", "x"))
	for _, f := range []customer.Filter{{}, {Reference: "x"}, {Settlement: "x"}, {Query: "x"}} {
		two(s.Customers(ctx, "org_x", f, page.Query{}))
	}
	two(s.Tokens(ctx, "org_x", token.Filter{Customer: "x"}, page.Query{}))
	two(s.DueAccounts(ctx, "org_x", "", time.Unix(1, 0), account, 1))
	two(s.DueAccounts(ctx, "org_x", "x", time.Unix(1, 0), account, 1))
	two(s.DueBills(ctx, "org_x", account, time.Unix(1, 0), 1))
	check(s.EachDue(ctx, "org_x", account, time.Unix(1, 0), none))
	check(s.EachTaken(ctx, "x", none))
	two(s.CustomerStatement(ctx, "org_x", "x"))
	for _, f := range []customer.StatementFilter{{}, {Customer: "x"}, {Month: "x"}, {State: "x"}} {
		two(s.CustomerStatements(ctx, "org_x", f, page.Query{}))
	}
	two(s.StatementsOf(ctx, "org_x", account, 1))
	two(s.OpenStatements(ctx, "", 1))
}
