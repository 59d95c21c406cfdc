package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

func aCustomer(org ident.OrganisationID, reference string) customer.Customer {
	return customer.Customer{
		ID: newID[ident.CustomerID](), Organisation: org, Reference: reference, Party: billing.Party{Name: "Fleet " + reference, Mail: "a@b.example"},
		Language: "de", Settlement: customer.Monthly, Contract: "C-1", Groups: []string{"vans"}, BuyerReference: "4711", DueDays: 14, CreatedAt: t0, Version: 1,
	}
}

// A customer comes back as he was written, and can be looked for.
func TestCustomers(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		ctx, org := t.Context(), db.organisation("one")
		one, two := aCustomer(org.ID, "K-1"), aCustomer(org.ID, "")
		two.Settlement, two.Party, two.Groups = customer.ByReceipt, billing.Party{}, nil
		three := aCustomer(org.ID, "") // two without a reference do not meet
		card := aToken(org.ID, "04AABB")
		card.Customer, card.CostCentre = one.ID, "south"
		db.commit(&change.Set{Customers: []customer.Customer{one, two, three}, Tokens: []token.Token{card, aToken(org.ID, "04CCDD")}})
		requireNoZero(t, one)
		same := same(t)
		got, err := db.Customer(ctx, org.ID, one.ID)
		same("customer", got, one, err)
		got, err = db.Customer(ctx, org.ID, two.ID)
		same("bare customer", got, two, err)
		if _, err := db.Customer(ctx, "org_other", one.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("of another organisation: got %v, want not found", err)
		}
		again := aCustomer(org.ID, "K-1")
		if err := db.Commit(ctx, &change.Set{Customers: []customer.Customer{again}}); !errors.Is(err, change.ErrExists) {
			t.Errorf("the same reference: got %v, want %v", err, change.ErrExists)
		}
		for name, tt := range map[string]struct {
			f    customer.Filter
			want []string
		}{
			"all":                  {customer.Filter{}, []string{string(one.ID), string(two.ID), string(three.ID)}},
			"by reference":         {customer.Filter{Reference: "K-1"}, []string{string(one.ID)}},
			"by settlement":        {customer.Filter{Settlement: customer.ByReceipt}, []string{string(two.ID)}},
			"by part of the name":  {customer.Filter{Query: "fLEET k"}, []string{string(one.ID)}},
			"by nobody's settings": {customer.Filter{Query: "nobody", Settlement: customer.Monthly}, nil},
		} {
			slices.Sort(tt.want)
			expectList(t, name, "", func(q page.Query) (page.Result[customer.Customer], error) { return db.Customers(ctx, org.ID, tt.f, q) },
				func(c customer.Customer) string { return string(c.ID) }, tt.want...)
		}
		cards, err := db.Tokens(ctx, org.ID, token.Filter{Customer: one.ID}, all)
		same("his tokens", cards.Items, []token.Token{card}, err)
		if err := db.Commit(ctx, &change.Set{Removed: []change.Removal{{Kind: change.KindCustomer, ID: string(two.ID), Version: 1}}}); err != nil {
			t.Error(err)
		}
	})
}

// due makes bills that wait for a statement, a minute after one another.
func (db *database) due(a customer.Account, series ledger.SeriesID, n int) []billing.Bill {
	db.t.Helper()
	var bills []billing.Bill
	for i := range n {
		set := db.issue(newID[ident.SessionID](), series)
		b := &set.Bills[0]
		b.Debtor, b.Monthly, b.Document.Currency, b.Country = string(a.Customer), true, a.Currency, a.Country
		b.Document.Charges[0].End = t0.Add(time.Duration(i) * time.Minute)
		db.commit(set)
		bills = append(bills, *b)
	}
	return bills
}

// A bill is on one statement, and an account has one a month: the database sees to it.
func TestStatementsTakeBills(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		ctx, org := t.Context(), eur().Organisation
		a := customer.Account{Customer: newID[ident.CustomerID](), Currency: "EUR", Country: "DE"}
		other := a
		other.Country = "FR"
		series := db.series("2026")
		bills := db.due(a, series, 5)
		db.due(other, series, 1)
		db.commit(db.issue(newID[ident.SessionID](), series)) // is nobody's to be invoiced
		until := t0.Add(3 * time.Minute)
		accounts, err := db.DueAccounts(ctx, org, "", until, customer.Account{}, 10)
		if err != nil || !slices.Equal(accounts, []customer.Account{a, other}) {
			t.Errorf("accounts: got %v, %v", accounts, err)
		}
		accounts, err = db.DueAccounts(ctx, org, a.Customer, until, a, 10)
		if err != nil || !slices.Equal(accounts, []customer.Account{other}) {
			t.Errorf("accounts behind one: got %v, %v", accounts, err)
		}
		found, err := db.DueBills(ctx, org, a, until, 2)
		if err != nil || len(found) != 2 || found[0].ID != bills[0].ID || found[1].ID != bills[1].ID || found[0].Document.Total != 1190 {
			t.Errorf("due: got %+v, %v", found, err)
		}
		st := customer.Statement{ID: newID[ident.StatementID](), Organisation: org, Account: a, Month: "2026-03", State: customer.Open, CreatedAt: t0, Version: 1}
		taken := []customer.Taken{{Bill: bills[1].ID, Statement: st.ID}, {Bill: bills[0].ID, Statement: st.ID}}
		db.commit(&change.Set{Statements: []customer.Statement{st}, Taken: taken})
		rival := st
		rival.ID = newID[ident.StatementID]()
		if err := db.Commit(ctx, &change.Set{Statements: []customer.Statement{rival}}); !errors.Is(err, change.ErrExists) {
			t.Errorf("a second statement of the month: got %v, want %v", err, change.ErrExists)
		}
		rival.Month = "2026-04"
		err = db.Commit(ctx, &change.Set{Statements: []customer.Statement{rival}, Taken: []customer.Taken{{Bill: bills[0].ID, Statement: rival.ID}}})
		if !errors.Is(err, change.ErrStale) {
			t.Errorf("a bill of another statement: got %v, want %v", err, change.ErrStale)
		}
		var ids []ident.BillID
		collect := func(b *billing.Bill) error { ids = append(ids, b.ID); return nil }
		if err := db.EachTaken(ctx, st.ID, collect); err != nil || !slices.Equal(ids, []ident.BillID{bills[0].ID, bills[1].ID}) {
			t.Errorf("taken: got %v, %v", ids, err)
		}
		ids = nil
		if err := db.EachDue(ctx, org, a, until, collect); err != nil || !slices.Equal(ids, []ident.BillID{bills[2].ID}) {
			t.Errorf("left: got %v, %v", ids, err)
		}
		st.State, st.Bills, st.Total, st.Invoice, st.IssuedAt, st.Version = customer.Issued, 2, 2380, "bil_x", t0, 2
		st.Problem = "profile_missing"
		db.commit(&change.Set{Statements: []customer.Statement{st}})
		requireNoZero(t, st)
		same := same(t)
		got, err := db.CustomerStatement(ctx, org, st.ID)
		same("statement", got, st, err)
		list, err := db.StatementsOf(ctx, org, a, 5)
		same("of the account", list, []customer.Statement{st}, err)
		if open, err := db.OpenStatements(ctx, "", 5); err != nil || len(open) != 0 {
			t.Errorf("open: got %v, %v", open, err)
		}
		for name, f := range map[string]customer.StatementFilter{"customer": {Customer: a.Customer}, "month": {Month: "2026-03"}, "state": {State: customer.Issued}} {
			page, err := db.CustomerStatements(ctx, org, f, all)
			same("by "+name, page.Items, []customer.Statement{st}, err)
		}
		onIt, err := db.Bills(ctx, org, billing.Filter{Statement: st.ID}, all)
		if err != nil || len(onIt.Items) != 2 || onIt.Items[0].Statement != st.ID || !onIt.Items[0].Monthly {
			t.Errorf("bills of it: got %+v, %v", onIt.Items, err)
		}
	})
}

// Pages do not lose bills whose sessions ended at the same moment.
func TestEachTakenHasPages(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		const n = 1003 // more than two pages
		org := eur().Organisation
		a := customer.Account{Customer: newID[ident.CustomerID](), Currency: "EUR", Country: "DE"}
		set := &change.Set{}
		for i := range n {
			ses := newID[ident.SessionID]()
			set.Bills = append(set.Bills, billing.Bill{
				ID: newID[ident.BillID](), Organisation: org, Session: ses, Revision: 1, Debtor: string(a.Customer), Country: "DE", Monthly: true,
				Document: billing.Document{
					Kind: billing.Receipt, IssuedAt: t0, Currency: "EUR", BuyerReference: fmt.Sprint(i),
					Charges: []billing.Charge{{End: t0.Add(time.Duration(i/700) * time.Minute)}},
				},
			})
		}
		db.commit(set)
		seen := map[ident.BillID]bool{}
		if err := db.EachDue(t.Context(), org, a, t0.Add(time.Hour), func(b *billing.Bill) error { seen[b.ID] = true; return nil }); err != nil || len(seen) != n {
			t.Errorf("got %d bills, %v, want %d", len(seen), err, n)
		}
	})
}
