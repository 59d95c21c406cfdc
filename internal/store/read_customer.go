package store

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Customer returns a customer of org.
func (s *Store) Customer(ctx context.Context, org ident.OrganisationID, id ident.CustomerID) (customer.Customer, error) {
	return oneOf(ctx, s, customers, org, string(id))
}

// Customers lists the customers of org, oldest first.
func (s *Store) Customers(ctx context.Context, org ident.OrganisationID, f customer.Filter, q page.Query) (page.Result[customer.Customer], error) {
	c := of(org)
	if f.Reference != "" {
		c.where("t.reference = ?", f.Reference)
		c.where("t.reference <> ''") // so says the index on references
	}
	if f.Settlement != "" {
		c.where("t.settlement = ?", string(f.Settlement))
	}
	if f.Query != "" {
		c.where(`t.search LIKE ? ESCAPE '\'`, containing(f.Query))
	}
	return plainList("customers", customers, "").page(ctx, s, q, c)
}

// due are the bills that wait for a statement; so says their index.
const due = "t.monthly AND t.statement = ''"

// DueAccounts returns the accounts of org, or of one of its customers, that have
// bills due which were about something before a time: those behind after, in their
// order, at most limit of them.
func (s *Store) DueAccounts(
	ctx context.Context, org ident.OrganisationID, of ident.CustomerID, before time.Time, after customer.Account, limit int,
) ([]customer.Account, error) {
	where, args := "", []any{string(org), before.UnixMicro(), string(after.Customer), string(after.Currency), after.Country}
	if of != "" {
		where, args = " AND t.debtor = $6", append(args, string(of))
	}
	return all(ctx, s, "SELECT t.debtor, t.currency, t.country FROM bills t WHERE t.org = $1 AND "+due+
		" AND t.effective_at < $2 AND (t.debtor, t.currency, t.country) > ($3, $4, $5)"+where+
		" GROUP BY t.debtor, t.currency, t.country ORDER BY t.debtor, t.currency, t.country LIMIT "+strconv.Itoa(limit),
		func(to []column, a *customer.Account) []column {
			return append(to, text("debtor", &a.Customer), text("currency", &a.Currency), text("country", &a.Country))
		}, args...)
}

// DueBills returns bills of an account that wait for a statement, of what was over
// before a time: the earliest, at most limit of them, with nothing of their
// documents but the kind and the total.
func (s *Store) DueBills(ctx context.Context, org ident.OrganisationID, a customer.Account, before time.Time, limit int) ([]billing.Bill, error) {
	return all(ctx, s, "SELECT t.id, t.kind, t.total FROM bills t WHERE t.org = $1 AND t.debtor = $2 AND t.currency = $3 AND t.country = $4 AND "+due+
		" AND t.effective_at < $5 ORDER BY t.effective_at LIMIT $6",
		func(to []column, b *billing.Bill) []column {
			return append(to, text("id", &b.ID), text("kind", &b.Document.Kind), number("total", &b.Document.Total))
		}, string(org), string(a.Customer), string(a.Currency), a.Country, before.UnixMicro(), limit)
}

// EachTaken calls f with each bill that a statement has taken, a page at a time, in
// the order of what they are about.
func (s *Store) EachTaken(ctx context.Context, id ident.StatementID, f func(*billing.Bill) error) error {
	return s.eachBill(ctx, "t.statement = ? AND t.statement <> '' AND t.kind <> 'invoice'", []any{string(id)}, f)
}

// EachDue calls f with each bill of an account that waits for a statement, of what
// was over before a time.
func (s *Store) EachDue(ctx context.Context, org ident.OrganisationID, a customer.Account, before time.Time, f func(*billing.Bill) error) error {
	return s.eachBill(ctx, "t.org = ? AND t.debtor = ? AND t.currency = ? AND t.country = ? AND "+due+" AND t.effective_at < ?",
		[]any{string(org), string(a.Customer), string(a.Currency), a.Country, before.UnixMicro()}, f)
}

// billsAtOnce bounds the documents that are in memory at a time.
const billsAtOnce = 500

// eachBill reads bills page by page, so that no query is open for long.
func (s *Store) eachBill(ctx context.Context, where string, args []any, f func(*billing.Bill) error) error {
	query := numbered("SELECT t.effective_at, " + billFields() + " FROM " + billFrom + " WHERE " + where +
		" AND (t.effective_at, t.id) > (?, ?) ORDER BY t.effective_at, t.id LIMIT " + strconv.Itoa(billsAtOnce))
	type placed struct {
		numberedBill
		at int64
	}
	last := placed{at: math.MinInt64}
	for {
		page, err := all(ctx, s, query, func(to []column, b *placed) []column {
			return s.billColumns(append(to, number("effective_at", &b.at)), &b.numberedBill)
		}, append(slices.Clip(args), last.at, string(last.ID))...)
		if err != nil {
			return err
		}
		for i := range page {
			b := page[i].bill()
			if err := f(&b); err != nil {
				return err
			}
		}
		if len(page) < billsAtOnce {
			return nil
		}
		last.at, last.ID = page[len(page)-1].at, page[len(page)-1].ID
	}
}

// CustomerStatement returns a statement of org.
func (s *Store) CustomerStatement(ctx context.Context, org ident.OrganisationID, id ident.StatementID) (customer.Statement, error) {
	return oneOf(ctx, s, statements, org, string(id))
}

// CustomerStatements lists the statements of org, newest first.
func (s *Store) CustomerStatements(
	ctx context.Context, org ident.OrganisationID, f customer.StatementFilter, q page.Query,
) (page.Result[customer.Statement], error) {
	c := of(org)
	if f.Customer != "" {
		c.where("t.customer = ?", string(f.Customer))
	}
	if f.Month != "" {
		c.where("t.month = ?", string(f.Month))
	}
	if f.State != "" {
		c.where("t.state = ?", string(f.State))
	}
	return plainList("statements", statements, "-").page(ctx, s, q, c)
}

// StatementsOf returns the statements of an account, the latest month first, at
// most limit of them.
func (s *Store) StatementsOf(ctx context.Context, org ident.OrganisationID, a customer.Account, limit int) ([]customer.Statement, error) {
	return few(ctx, s, statements.from()+"WHERE t.org = $1 AND t.customer = $2 AND t.currency = $3 AND t.country = $4 ORDER BY t.month DESC LIMIT $5",
		statements.columns, string(org), string(a.Customer), string(a.Currency), a.Country, limit)
}

// OpenStatements returns statements that take bills, of all organisations, the
// oldest first: those behind after, at most limit of them.
func (s *Store) OpenStatements(ctx context.Context, after ident.StatementID, limit int) ([]customer.Statement, error) {
	return all(ctx, s, statements.from()+"WHERE t.state = 'open' AND t.id > $1 ORDER BY t.id LIMIT $2", statements.columns, string(after), limit)
}
