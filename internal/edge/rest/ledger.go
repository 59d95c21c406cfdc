package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// LedgerAccount is where amounts come from and go to.
type LedgerAccount struct {
	ID           string  `json:"id" example:"acc_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Class        string  `json:"class" example:"receivable_driver"`
	Side         string  `json:"side" enum:"asset,liability,income,expense"`
	Owner        *string `json:"owner" doc:"Whose it is, by our identifier or the words of its class; null where a class has one account"`
	Unit         string  `json:"unit" example:"EUR" doc:"A currency of ISO 4217, or points"`
	BalanceMinor int64   `json:"balance_minor" example:"1190" doc:"Debits less credits, in the minor unit: cents. What we owe is negative"`
}

// LedgerEntry is a line of an account's statement.
type LedgerEntry struct {
	ID             string `json:"id" example:"jnl_01JD3K6X5M8Q2V7T9WBNCRFHYZ/0"`
	JournalID      string `json:"journal_id"`
	Template       string `json:"template" example:"bill_issued"`
	SourceType     string `json:"source_type" example:"bill"`
	SourceID       string `json:"source_id"`
	PostedAt       Time   `json:"posted_at" nullable:"false"`
	OtherAccountID string `json:"other_account_id" doc:"Where it came from, or went to"`
	AmountMinor    int64  `json:"amount_minor" doc:"A debit is positive, a credit negative"`
}

// LedgerJournal is something that happened to money.
type LedgerJournal struct {
	ID          string           `json:"id" example:"jnl_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Template    string           `json:"template" example:"bill_issued"`
	SourceType  string           `json:"source_type" example:"bill"`
	SourceID    string           `json:"source_id"`
	Revision    int64            `json:"revision"`
	PostedAt    Time             `json:"posted_at" nullable:"false"`
	EffectiveAt Time             `json:"effective_at" nullable:"false" doc:"To which day it belongs"`
	Reverses    *string          `json:"reverses" doc:"The journal that this one takes back"`
	Series      *string          `json:"series" doc:"From which its document has its number"`
	Number      *int64           `json:"number" doc:"Of its document; without gaps in the series"`
	Stream      int64            `json:"stream" doc:"The chain that it is a link of"`
	Link        int64            `json:"link" doc:"Its place in the chain, from 1"`
	Hash        string           `json:"hash" doc:"SHA-256 over the journal, its transfers and the hash before it, in hexadecimal"`
	Transfers   []LedgerTransfer `json:"transfers,omitzero" doc:"Only in the journal itself, not in lists"`
}

// LedgerTransfer takes an amount from one account to another.
type LedgerTransfer struct {
	ID              string `json:"id"`
	DebitAccountID  string `json:"debit_account_id"`
	CreditAccountID string `json:"credit_account_id"`
	Unit            string `json:"unit" example:"EUR"`
	AmountMinor     int64  `json:"amount_minor" example:"1000" doc:"Positive"`
}

// TrialBalance is what all accounts have, by class.
type TrialBalance struct {
	Classes []TrialClass `json:"classes"`
	Totals  []TrialTotal `json:"totals" doc:"By unit: debits and credits are the same, or the books are broken"`
}

// TrialClass is what the accounts of a class have together.
type TrialClass struct {
	Class       string `json:"class" example:"energy"`
	Side        string `json:"side" enum:"asset,liability,income,expense"`
	Unit        string `json:"unit" example:"EUR"`
	Accounts    int64  `json:"accounts"`
	DebitMinor  int64  `json:"debit_minor" doc:"0 when the class has a credit"`
	CreditMinor int64  `json:"credit_minor" doc:"0 when the class has a debit"`
}

// TrialTotal is the sum of a unit.
type TrialTotal struct {
	Unit        string `json:"unit" example:"EUR"`
	DebitMinor  int64  `json:"debit_minor"`
	CreditMinor int64  `json:"credit_minor"`
}

// DocumentSeries numbers documents.
type DocumentSeries struct {
	Name       string `json:"name" example:"invoice-2026"`
	Format     string `json:"format" example:"R26-######" doc:"The run of # stands for the digits"`
	First      int64  `json:"first"`
	NextNumber string `json:"next_number" example:"R26-000017" doc:"That the next document gets"`
	CreatedAt  Time   `json:"created_at" nullable:"false"`
}

// InLedgerAccount is the path of one account.
type InLedgerAccount struct {
	Account string `path:"accountId" maxLength:"64" example:"acc_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// InJournal is the path of one journal.
type InJournal struct {
	Journal string `path:"journalId" maxLength:"64" example:"jnl_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewLedgerAccount(b ledger.Balance) LedgerAccount {
	return LedgerAccount{
		ID: string(b.ID), Class: string(b.Class), Side: string(b.Class.Side()), Owner: orNull(b.Owner), Unit: string(b.Unit), BalanceMinor: b.Balance,
	}
}

func viewEntry(e ledger.Entry) LedgerEntry {
	return LedgerEntry{
		ID: ledger.LineID(e.Journal, e.Index), JournalID: string(e.Journal), Template: string(e.Template), SourceType: e.Source.Type, SourceID: e.Source.ID,
		PostedAt: Time{e.PostedAt}, OtherAccountID: string(e.Other), AmountMinor: e.Amount,
	}
}

func viewJournal(r ledger.Record) LedgerJournal {
	j := LedgerJournal{
		ID: string(r.ID), Template: string(r.Template), SourceType: r.Source.Type, SourceID: r.Source.ID, Revision: r.Revision,
		PostedAt: Time{r.PostedAt}, EffectiveAt: Time{r.EffectiveAt}, Reverses: orNull(r.Reverses), Series: orNull(r.Series.Name()),
		Stream: r.Place.Stream, Link: r.Place.Number, Hash: r.Hash.String(),
	}
	if r.Series != "" {
		j.Number = &r.Number
	}
	for _, l := range r.Lines {
		j.Transfers = append(j.Transfers, LedgerTransfer{
			ID: l.ID(), DebitAccountID: string(l.Debit), CreditAccountID: string(l.Credit), Unit: string(l.Unit), AmountMinor: l.Amount,
		})
	}
	return j
}

func viewTrial(sums []ledger.Sum) TrialBalance {
	trial := TrialBalance{Classes: make([]TrialClass, len(sums)), Totals: []TrialTotal{}}
	at := map[ledger.Unit]int{}
	for i, s := range sums {
		debit, credit := max(s.Balance, 0), max(-s.Balance, 0)
		trial.Classes[i] = TrialClass{
			Class: string(s.Class), Side: string(s.Class.Side()), Unit: string(s.Unit), Accounts: s.Accounts, DebitMinor: debit, CreditMinor: credit,
		}
		n, known := at[s.Unit]
		if !known {
			n = len(trial.Totals)
			at[s.Unit] = n
			trial.Totals = append(trial.Totals, TrialTotal{Unit: string(s.Unit)})
		}
		trial.Totals[n].DebitMinor += debit
		trial.Totals[n].CreditMinor += credit
	}
	return trial
}

func viewSeries(d ledger.Series) DocumentSeries {
	return DocumentSeries{Name: d.Name, Format: d.Format, First: d.First, NextNumber: d.Written(d.Next), CreatedAt: Time{d.CreatedAt}}
}

func (s *Server) ledgerOperations() {
	s.ledgerAccountOperations()
	handle(s, operation{
		id: "list-journals", method: http.MethodGet, path: "/ledger/journals", tag: "ledger", scope: account.LedgerRead,
		summary: "List what happened to money", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		Template   string `query:"template" maxLength:"64" example:"bill_issued"`
		SourceType string `query:"source_type" maxLength:"64" example:"bill"`
		SourceID   string `query:"source_id" maxLength:"64"`
	},
	) (*Listed[LedgerJournal], error) {
		found, err := s.store.Journals(ctx, by.Organisation, ledger.Filter{
			Template: ledger.Template(in.Template), Source: ledger.Source{Type: in.SourceType, ID: in.SourceID},
		}, in.query(""))
		return listed(ctx, found, err, viewJournal)
	})
	handle(s, operation{
		id: "get-journal", method: http.MethodGet, path: "/ledger/journals/{journalId}", tag: "ledger", scope: account.LedgerRead, summary: "Get a journal with its transfers",
	}, func(ctx context.Context, by account.Actor, in *InJournal) (*One[LedgerJournal], error) {
		id, err := pathID[ident.JournalID](in.Journal)
		if err != nil {
			return nil, err
		}
		j, err := s.store.Journal(ctx, by.Organisation, id)
		if err != nil {
			return nil, err
		}
		return &One[LedgerJournal]{ETag: etag(1), Body: viewJournal(j)}, nil // it never changes
	})
	handle(s, operation{
		id: "get-trial-balance", method: http.MethodGet, path: "/ledger/trial-balance", tag: "ledger", scope: account.LedgerRead,
		summary: "Get what all accounts have, by class", detail: "In each unit the debits are the credits, at every moment.",
	}, func(ctx context.Context, by account.Actor, _ *struct{}) (*One[TrialBalance], error) {
		sums, err := s.store.TrialBalance(ctx, by.Organisation)
		if err != nil {
			return nil, err
		}
		return &One[TrialBalance]{Body: viewTrial(sums)}, nil
	})
	handle(s, operation{
		id: "list-series", method: http.MethodGet, path: "/ledger/series", tag: "ledger", scope: account.LedgerRead, summary: "List the series that number documents",
	}, func(ctx context.Context, by account.Actor, _ *struct{}) (*Listed[DocumentSeries], error) {
		found, err := s.store.Series(ctx, by.Organisation)
		return listed(ctx, page.Result[ledger.Series]{Items: found}, err, viewSeries)
	})
}

func (s *Server) ledgerAccountOperations() {
	handle(s, operation{
		id: "list-ledger-accounts", method: http.MethodGet, path: "/ledger/accounts", tag: "ledger", scope: account.LedgerRead,
		summary: "List accounts of the ledger with their balances", detail: "An account is there once something has moved it.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		Class string `query:"class" maxLength:"64" example:"wallet"`
		Owner string `query:"owner" maxLength:"64"`
	},
	) (*Listed[LedgerAccount], error) {
		found, err := s.store.LedgerAccounts(ctx, by.Organisation, ledger.AccountFilter{Class: ledger.Class(in.Class), Owner: in.Owner}, in.query(""))
		return listed(ctx, found, err, viewLedgerAccount)
	})
	handle(s, operation{
		id: "get-ledger-account", method: http.MethodGet, path: "/ledger/accounts/{accountId}", tag: "ledger", scope: account.LedgerRead,
		summary: "Get an account with its balance",
	}, func(ctx context.Context, by account.Actor, in *InLedgerAccount) (*One[LedgerAccount], error) {
		a, err := s.ledgerAccount(ctx, by, in)
		if err != nil {
			return nil, err
		}
		return &One[LedgerAccount]{Body: viewLedgerAccount(a)}, nil
	})
	handle(s, operation{
		id: "list-ledger-entries", method: http.MethodGet, path: "/ledger/accounts/{accountId}/entries", tag: "ledger", scope: account.LedgerRead,
		summary: "List what moved an account", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InLedgerAccount
		Paging
	},
	) (*Listed[LedgerEntry], error) {
		a, err := s.ledgerAccount(ctx, by, &in.InLedgerAccount)
		if err != nil {
			return nil, err
		}
		found, err := s.store.Statement(ctx, by.Organisation, a.ID, in.query(""))
		return listed(ctx, found, err, viewEntry)
	})
}

// ledgerAccount returns the account of a path.
func (s *Server) ledgerAccount(ctx context.Context, by account.Actor, in *InLedgerAccount) (ledger.Balance, error) {
	id, err := pathID[ident.AccountID](in.Account)
	if err != nil {
		return ledger.Balance{}, err
	}
	return s.store.LedgerAccount(ctx, by.Organisation, id)
}
