package store_test

import (
	"slices"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/store"
)

// books are some journals of one stream: bills, a top-up and a reservation.
func (db *database) books() []ledger.Journal {
	db.t.Helper()
	series := db.series("2026")
	var all []ledger.Journal
	post := func(set *change.Set) {
		db.commit(set)
		all = append(all, set.Journals...)
	}
	for range 5 {
		post(db.billed("drv_a", 1000, series))
	}
	post(&change.Set{Journals: []ledger.Journal{ledger.Post(t0, ledger.ToppedUp, source("payment"), eur().TopUp("drv_a", "stripe", 500))}})
	post(&change.Set{Journals: []ledger.Journal{ledger.Post(t0, ledger.Reserved, source("session"), eur().Reserve("drv_a", 200))}})
	return all
}

// PROP-2: whoever changes one row of the books behind our back is found, and
// the row is named.
func TestProperty02TamperedRowIsNamed(t *testing.T) {
	const third = 2
	wallet := eur().Account(ledger.Wallet, "drv_a").ID()
	type names = func([]ledger.Journal) string
	journal := func(i int) names { return func(all []ledger.Journal) string { return string(all[i].ID) } }
	account := func([]ledger.Journal) string { return string(wallet) }
	for _, tt := range []struct {
		name  string
		texts []string // $J is the third journal, $K the fourth, $L the last
		code  ledger.BreachCode
		names names
	}{
		{"an amount", []string{"UPDATE transfers SET amount = amount + 1 WHERE journal = '$J' AND line = 0"}, ledger.JournalChanged, journal(third)},
		{"an account of a transfer", []string{"UPDATE transfers SET credit = '" + string(wallet) + "' WHERE journal = '$J' AND line = 0"}, ledger.JournalChanged, journal(third)},
		{"a time", []string{"UPDATE journals SET effective_at = effective_at + 1 WHERE id = '$J'"}, ledger.JournalChanged, journal(third)},
		{"a source", []string{"UPDATE journals SET source_id = 'another' WHERE id = '$J'"}, ledger.JournalChanged, journal(third)},
		{"a number", []string{"UPDATE journals SET number = 99 WHERE id = '$J'"}, ledger.JournalChanged, journal(third)},
		{"a hash", []string{"UPDATE journals SET hash = (SELECT hash FROM journals WHERE id = '$K') WHERE id = '$J'"}, ledger.JournalChanged, journal(third)},
		{"a transfer is gone", []string{"DELETE FROM transfers WHERE journal = '$J' AND line = 1"}, ledger.JournalChanged, journal(third)},
		{"a transfer more", []string{"INSERT INTO transfers (journal, line, org, debit, credit, unit, amount) SELECT journal, 9, org, debit, credit, unit, amount FROM transfers WHERE journal = '$J' AND line = 1"}, ledger.JournalChanged, journal(third)},
		{"a transfer of nothing", []string{"INSERT INTO transfers (journal, line, org, debit, credit, unit, amount) SELECT 'jnl_00000000000000000000000000', 0, org, debit, credit, unit, amount FROM transfers WHERE journal = '$J' AND line = 1"}, ledger.TransferUnknown, func([]ledger.Journal) string { return "jnl_00000000000000000000000000/0" }},
		{"a journal is gone", []string{"DELETE FROM transfers WHERE journal = '$J'", "DELETE FROM journals WHERE id = '$J'"}, ledger.JournalMissing, func([]ledger.Journal) string { return "1/3" }},
		{"the last journal is gone", []string{"DELETE FROM transfers WHERE journal = '$L'", "DELETE FROM journals WHERE id = '$L'"}, ledger.JournalMissing, func([]ledger.Journal) string { return "1/7" }},
		{"a journal more", []string{
			`INSERT INTO journals (place, id, org, template, source_type, source_id, revision, posted_at, effective_at, reverses, series, number, hash)
			SELECT place + 1, 'jnl_7ZZZZZZZZZZZZZZZZZZZZZZZZZ', org, template, source_type, 'more', revision, posted_at, effective_at, reverses, series, number, hash FROM journals WHERE id = '$L'`,
		}, ledger.JournalChanged, func([]ledger.Journal) string { return "jnl_7ZZZZZZZZZZZZZZZZZZZZZZZZZ" }},
		{"two change their places", []string{
			"UPDATE journals SET place = 1 WHERE id = '$J'",
			"UPDATE journals SET place = place - 1 WHERE id = '$K'", "UPDATE journals SET place = (SELECT place + 1 FROM journals WHERE id = '$K') WHERE id = '$J'",
		}, ledger.JournalChanged, journal(third + 1)},
		{"a balance", []string{"UPDATE accounts SET balance = balance - 1 WHERE account = '" + string(wallet) + "'"}, ledger.BalanceWrong, account},
		{"a limit", []string{"UPDATE accounts SET most = 1000 WHERE account = '" + string(wallet) + "'"}, ledger.AccountChanged, account},
		{"an owner", []string{"UPDATE accounts SET owner = 'drv_b' WHERE account = '" + string(wallet) + "'"}, ledger.AccountChanged, account},
		{"an account is gone", []string{"DELETE FROM accounts WHERE account = '" + string(wallet) + "'"}, ledger.AccountMissing, account},
		{"a series", []string{"UPDATE document_series SET next = next + 1"}, ledger.NumbersBroken, func([]ledger.Journal) string { return "org_books/2026" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, db *database) {
				all := db.books()
				db.sound()
				for _, text := range tt.texts {
					db.tamper(text, map[string]string{"$J": string(all[third].ID), "$K": string(all[third+1].ID), "$L": string(all[len(all)-1].ID)})
				}
				r, err := db.VerifyLedger(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want := tt.names(all)
				if !slices.ContainsFunc(r.Breaches, func(b ledger.Breach) bool { return b.Code == tt.code && b.Subject == want }) {
					t.Errorf("got %+v, want %s of %s", r.Breaches, tt.code, want)
				}
				if r.Breaches[0].Subject != want && tt.code != ledger.AccountMissing { // of which its transfers tell first
					t.Errorf("first is %s of %s, want %s", r.Breaches[0].Code, r.Breaches[0].Subject, want)
				}
				offline, err := store.VerifyLedgerAt(t.Context(), db.options)
				if err != nil || !slices.Equal(offline.Breaches, r.Breaches) {
					t.Errorf("beside the store: got %+v, %v", offline.Breaches, err)
				}
			})
		})
	}
}
