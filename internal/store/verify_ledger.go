package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/ident"
)

// Verification reads pages of these sizes, each in one statement: what a
// statement sees is one moment, whatever is posted meanwhile.
const (
	journalsAtOnce  = 1000
	transfersAtOnce = 5000
	accountsAtOnce  = 100 // each adds up its transfers
)

// VerifyLedger computes every hash and every balance of the books anew and
// tells which rows are not as they were written. It may run while others post.
func (s *Store) VerifyLedger(ctx context.Context) (ledger.Report, error) {
	var r ledger.Report
	for _, part := range []func(context.Context, *ledger.Report) error{s.verifyChains, s.verifyTransfers, s.verifyBalances, s.verifyNumbers} {
		if err := part(ctx, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// VerifyLedgerAt does so in a database that need not be in use. It changes
// nothing there: not even the tables of an older program.
func VerifyLedgerAt(ctx context.Context, o Options) (ledger.Report, error) {
	d, err := dialectOf(o)
	if err != nil {
		return ledger.Report{}, err
	}
	reads, err := d.connect(o, forReads)
	if err != nil {
		return ledger.Report{}, err
	}
	s := &Store{dialect: d, options: o, readers: sql.OpenDB(reads)}
	r, err := s.verifyKnown(ctx)
	return r, errors.Join(err, s.Close())
}

// ledgerSince is the version of the tables from which on there are books.
const ledgerSince = 7

func (s *Store) verifyKnown(ctx context.Context) (ledger.Report, error) {
	version, err := s.firstNumber(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied")
	if err != nil {
		return ledger.Report{}, fmt.Errorf("no database of Pylon: %w", err)
	}
	if version < ledgerSince {
		return ledger.Report{}, fmt.Errorf("the tables are of version %d: there are books from %d on", version, ledgerSince)
	}
	return s.VerifyLedger(ctx)
}

// verifyChains follows the chains of journals.
func (s *Store) verifyChains(ctx context.Context, r *ledger.Report) error {
	heads, err := s.chains(ctx)
	if err != nil {
		return err
	}
	walk := ledger.NewWalk(heads)
	for after := int64(0); ; {
		rows, err := all(ctx, s, journals.from()+"WHERE t.place > $1 ORDER BY t.place LIMIT $2", journals.columns, after, journalsAtOnce)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		last := &rows[len(rows)-1].Place
		until := placeOf(last.Stream, last.Number)
		lines, err := s.linesBetween(ctx, after, until)
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].Lines = lines[rows[i].ID]
			walk.Next(&rows[i].Record)
		}
		r.Journals += int64(len(rows))
		after = until
	}
	if heads, err = s.chains(ctx); err != nil {
		return err
	}
	walk.End(heads)
	r.Add(walk.Breaches...)
	return nil
}

func (s *Store) chains(ctx context.Context) ([]ledger.Chain, error) {
	return all(ctx, s, chains.from()+"WHERE t.stream > 0 ORDER BY t.stream", chains.columns)
}

// linesBetween returns the lines of the journals with places in (after, until].
func (s *Store) linesBetween(ctx context.Context, after, until int64) (map[ident.JournalID][]ledger.Line, error) {
	found := map[ident.JournalID][]ledger.Line{}
	rows, err := all(ctx, s, "SELECT "+transfers.list("t")+" FROM journals j CROSS JOIN transfers t WHERE t.journal = j.id AND j.place > $1 AND j.place <= $2 ORDER BY t.journal, t.line", transfers.columns, after, until)
	for i := range rows {
		of := rows[i].Journal
		found[of] = append(found[of], rows[i].Line)
	}
	return found, err
}

// linksOf says of what a transfer is.
type linksOf struct {
	lineRow
	posted, debited, credited bool
}

// verifyTransfers finds transfers of no journal, and of accounts that are not
// there.
func (s *Store) verifyTransfers(ctx context.Context, r *ledger.Report) error {
	account := func(side string) string {
		return "(SELECT COUNT(*) FROM accounts a WHERE a.account = t." + side + " AND a.unit = t.unit AND a.org = t.org)"
	}
	text := "SELECT " + transfers.list("t") + ", (SELECT COUNT(*) FROM journals j WHERE j.id = t.journal AND j.org = t.org), " +
		account("debit") + ", " + account("credit") + " FROM transfers t WHERE (t.journal, t.line) > ($1, $2) ORDER BY t.journal, t.line LIMIT $3"
	for after := (ledger.Line{Index: -1}); ; {
		rows, err := all(ctx, s, text, func(to []column, l *linksOf) []column {
			return append(transfers.columns(to, &l.lineRow), flag("posted", &l.posted), flag("debited", &l.debited), flag("credited", &l.credited))
		}, string(after.Journal), after.Index, transfersAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			l := &rows[i]
			if !l.posted {
				r.Add(ledger.Breach{Organisation: l.org, Code: ledger.TransferUnknown, Subject: l.ID(), Detail: "it is of no journal of its organisation"})
			}
			for _, side := range []struct {
				id    ident.AccountID
				there bool
			}{{l.Debit, l.debited}, {l.Credit, l.credited}} {
				if !side.there {
					r.Add(ledger.Breach{Organisation: l.org, Code: ledger.AccountMissing, Subject: string(side.id), Detail: "it is named by transfer " + l.ID() + ", and not there, or not of its unit"})
				}
			}
		}
		r.Transfers += int64(len(rows))
		after = rows[len(rows)-1].Line
	}
}

// verifyBalances adds up the transfers of every account.
func (s *Store) verifyBalances(ctx context.Context, r *ledger.Report) error {
	same := func(column string) string { // in all parts
		return "CASE WHEN MIN(" + column + ") = MAX(" + column + ") THEN MIN(" + column + ") ELSE '' END AS " + column
	}
	text := `SELECT few.account, few.org, few.class, few.owner, few.unit, few.balance, few.least_least, few.most_least, few.least_most, few.most_most, few.first, few.last,
		CAST(COALESCE((SELECT SUM(d.amount) FROM transfers d WHERE d.debit = few.account), 0) - COALESCE((SELECT SUM(c.amount) FROM transfers c WHERE c.credit = few.account), 0) AS BIGINT)
		FROM (SELECT account, ` + same("org") + ", " + same("class") + ", " + same("owner") + ", " + same("unit") + `, CAST(SUM(balance) AS BIGINT) AS balance,
			MIN(least) AS least_least, MAX(least) AS most_least, MIN(most) AS least_most, MAX(most) AS most_most, MIN(shard) AS first, MAX(shard) AS last
			FROM accounts WHERE account > $1 GROUP BY account ORDER BY account LIMIT $2) AS few ORDER BY few.account`
	for after := ""; ; {
		rows, err := all(ctx, s, text, func(to []column, a *ledger.Replayed) []column {
			to = append(balanceColumns(to, &a.Balance), number("", &a.Least[0]), number("", &a.Least[1]), number("", &a.Most[0]), number("", &a.Most[1]))
			return append(to, number("", &a.Parts[0]), number("", &a.Parts[1]), number("", &a.Transfers))
		}, after, accountsAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			r.Add(rows[i].Check()...)
		}
		r.Accounts += int64(len(rows))
		after = string(rows[len(rows)-1].ID)
	}
}

// verifyNumbers counts the documents of every series.
func (s *Store) verifyNumbers(ctx context.Context, r *ledger.Report) error {
	of := func(what string) string {
		return "CAST(COALESCE((SELECT " + what + " FROM journals j WHERE j.series = t.series AND j.series <> ''), 0) AS BIGINT)"
	}
	text := "SELECT " + documentSeries.list("t") + ", " + of("COUNT(*)") + ", " + of("MIN(j.number)") + ", " + of("MAX(j.number)") +
		" FROM document_series t WHERE t.series > $1 ORDER BY t.series LIMIT $2"
	for after := ""; ; {
		rows, err := all(ctx, s, text, func(to []column, n *ledger.Numbered) []column {
			return append(documentSeries.columns(to, &n.Series), number("", &n.Documents), number("", &n.Lowest), number("", &n.Highest))
		}, after, accountsAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			r.Add(rows[i].Check()...)
		}
		after = string(rows[len(rows)-1].ID())
	}
}
