package store

import (
	"cmp"
	"context"
	"slices"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Journal returns a journal of org with its lines.
func (s *Store) Journal(ctx context.Context, org ident.OrganisationID, id ident.JournalID) (ledger.Record, error) {
	row, err := oneOf(ctx, s, journals, org, string(id))
	if err != nil {
		return ledger.Record{}, err
	}
	return s.withLines(ctx, row)
}

// JournalOf returns the journal that was posted for a source by a template, of
// that revision.
func (s *Store) JournalOf(ctx context.Context, org ident.OrganisationID, of ledger.Source, t ledger.Template, revision int64) (ledger.Record, error) {
	row, err := one(ctx, s, journals.from()+"WHERE t.source_type = $1 AND t.source_id = $2 AND t.template = $3 AND t.revision = $4 AND t.org = $5",
		journals.columns, of.Type, of.ID, string(t), revision, string(org))
	if err != nil {
		return ledger.Record{}, err
	}
	return s.withLines(ctx, row)
}

// journalOf returns the journal that keeps j from being posted.
func (s *Store) journalOf(ctx context.Context, j *ledger.Journal) (ledger.Record, error) {
	return s.JournalOf(ctx, j.Organisation, j.Source, j.Template, j.Revision)
}

// withLines returns a journal with its lines.
func (s *Store) withLines(ctx context.Context, row journalRow) (ledger.Record, error) {
	lines, err := all(ctx, s, transfers.from()+"WHERE t.journal = $1 ORDER BY t.line", transfers.columns, string(row.ID))
	for _, l := range lines {
		row.Lines = append(row.Lines, l.Line)
	}
	return row.Record, err
}

// Journals lists journals of org without their lines, newest first.
func (s *Store) Journals(ctx context.Context, org ident.OrganisationID, f ledger.Filter, q page.Query) (page.Result[ledger.Record], error) {
	c := of(org)
	if f.Template != "" {
		c.where("t.template = ?", string(f.Template))
	}
	if f.Source.Type != "" {
		c.where("t.source_type = ?", f.Source.Type)
	}
	if f.Source.ID != "" {
		c.where("t.source_id = ?", f.Source.ID)
	}
	found, err := plainList("journals", journals, "-").page(ctx, s, q, c)
	result := page.Result[ledger.Record]{Next: found.Next}
	for i := range found.Items {
		result.Items = append(result.Items, found.Items[i].Record)
	}
	return result, err
}

// balanceColumns are an account and its parts together.
func balanceColumns(to []column, b *ledger.Balance) []column {
	return append(to,
		text("account", &b.ID),
		text("org", &b.Organisation),
		text("class", &b.Class),
		text("owner", &b.Owner),
		text("unit", &b.Unit),
		number("balance", &b.Balance),
	)
}

// balanceFields are the columns of an account's first part, which it always has,
// and the sum of all.
const balanceFields = `t.account, t.org, t.class, t.owner, t.unit,
	(SELECT CAST(SUM(p.balance) AS BIGINT) FROM accounts p WHERE p.account = t.account)`

// isFirstPart holds for one part of each account.
const isFirstPart = "NOT EXISTS (SELECT 1 FROM accounts p WHERE p.account = t.account AND p.shard < t.shard)"

// LedgerAccount returns an account of org with its balance.
func (s *Store) LedgerAccount(ctx context.Context, org ident.OrganisationID, id ident.AccountID) (ledger.Balance, error) {
	return one(ctx, s, "SELECT "+balanceFields+" FROM accounts t WHERE t.account = $1 AND t.org = $2 AND "+isFirstPart, balanceColumns, string(id), string(org))
}

// BalanceOf returns what an account has; of one that nothing has moved yet, 0.
func (s *Store) BalanceOf(ctx context.Context, a ledger.Account) (int64, error) {
	return s.firstNumber(ctx, "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM accounts WHERE account = $1", string(a.ID()))
}

// LedgerAccounts lists accounts of org with their balances, in no order that
// says anything.
func (s *Store) LedgerAccounts(ctx context.Context, org ident.OrganisationID, f ledger.AccountFilter, q page.Query) (page.Result[ledger.Balance], error) {
	c := of(org)
	c.where(isFirstPart)
	if f.Class != "" {
		c.where("t.class = ?", string(f.Class))
	}
	if f.Owner != "" {
		c.where("t.owner = ?", f.Owner)
	}
	return listing[ledger.Balance]{
		name: "accounts", fields: balanceFields, columns: balanceColumns, from: "accounts t", id: "t.account", sorts: map[string]order{"": {by: "t.account"}},
	}.page(ctx, s, q, c)
}

// TrialBalance returns the balances of org by class and unit.
func (s *Store) TrialBalance(ctx context.Context, org ident.OrganisationID) ([]ledger.Sum, error) {
	return all(ctx, s, `SELECT class, unit, COUNT(DISTINCT account), CAST(SUM(balance) AS BIGINT) FROM accounts WHERE org = $1
		GROUP BY class, unit ORDER BY class, unit`, func(to []column, v *ledger.Sum) []column {
		return append(to, text("class", &v.Class), text("unit", &v.Unit), number("accounts", &v.Accounts), number("balance", &v.Balance))
	}, string(org))
}

// Statement lists the entries of an account of org, newest first.
func (s *Store) Statement(ctx context.Context, org ident.OrganisationID, id ident.AccountID, q page.Query) (page.Result[ledger.Entry], error) {
	var result page.Result[ledger.Entry]
	seal := cursorSeal("statement", string(org), string(id))
	at := cursor{id: beyondAll}
	if q.Cursor != "" {
		var err error
		if at, err = openCursor(q.Cursor, seal); err != nil {
			return result, err
		}
	}
	for _, side := range []struct{ own, other, amount string }{{"debit", "credit", "t.amount"}, {"credit", "debit", "-t.amount"}} {
		entries, err := all(ctx, s, "SELECT t.journal, t.line, j.template, j.source_type, j.source_id, j.posted_at, t."+side.other+", "+side.amount+
			" FROM transfers t JOIN journals j ON j.id = t.journal WHERE t."+side.own+" = $1 AND (t.journal, t.line) < ($2, $3) AND t.org = $4 ORDER BY t.journal DESC, t.line DESC LIMIT $5",
			entryColumns, string(id), at.id, at.number, string(org), q.Size()+1)
		if err != nil {
			return result, err
		}
		result.Items = append(result.Items, entries...)
	}
	slices.SortFunc(result.Items, func(a, b ledger.Entry) int {
		return cmp.Or(cmp.Compare(b.Journal, a.Journal), cmp.Compare(b.Index, a.Index))
	})
	if len(result.Items) > q.Size() {
		result.Items = result.Items[:q.Size()]
		last := &result.Items[q.Size()-1]
		result.Next = cursor{id: string(last.Journal), number: last.Index}.sealed(seal)
	}
	return result, nil
}

// beyondAll sorts behind every identifier.
const beyondAll = "~"

func entryColumns(to []column, e *ledger.Entry) []column {
	return append(to,
		text("journal", &e.Journal), number("line", &e.Index), text("template", &e.Template), text("source_type", &e.Source.Type), text("source_id", &e.Source.ID),
		always("posted_at", &e.PostedAt), text("other", &e.Other), number("amount", &e.Amount),
	)
}

// LedgerCheck returns what a day's verification came to.
func (s *Store) LedgerCheck(ctx context.Context, day string) (ledger.Check, error) {
	return one(ctx, s, checks.from()+"WHERE t.day = $1", checks.columns, day)
}

// Series returns the series of org, by name.
func (s *Store) Series(ctx context.Context, org ident.OrganisationID) ([]ledger.Series, error) {
	return all(ctx, s, documentSeries.from()+"WHERE t.org = $1 ORDER BY t.series", documentSeries.columns, string(org))
}
