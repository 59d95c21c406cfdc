package archive_test

import (
	"bytes"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/ident"
	"pylon/internal/store/archive"
)

// Books that went from one database to another are as they were written, and go
// on there: chains, balances and the numbers of documents.
func TestBooksAreWholeAfterARestore(t *testing.T) {
	book := ledger.Book{Organisation: "org_books", Unit: "EUR"}
	series := ledger.Series{Organisation: book.Organisation, Name: "2026", Format: "R-####", First: 1, CreatedAt: noon}
	post := func(at *running) int64 {
		j := ledger.Post(noon, ledger.ToppedUp, ledger.Source{Type: "payment", ID: string(newID[ident.CommandID]())}, book.TopUp("drv_a", "stripe", 100))
		j.Series = series.ID()
		set := &change.Set{Journals: []ledger.Journal{j}}
		if err := at.Commit(t.Context(), set); err != nil {
			t.Fatal(err)
		}
		return set.Journals[0].Number
	}
	for from, source := range databases(t) {
		at := source()
		first := run(t, at)
		if err := first.Commit(t.Context(), &change.Set{Series: []ledger.Series{series}}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			post(first)
		}
		data := write(t, at)
		for into, target := range databases(t) {
			t.Run(from+" to "+into, func(t *testing.T) {
				to := target()
				if _, err := archive.Restore(t.Context(), bytes.NewReader(data), archive.RestoreOptions{To: to, Now: noon}); err != nil {
					t.Fatal(err)
				}
				next := run(t, to)
				if got := post(next); got != 4 {
					t.Errorf("the next number is %d, want 4", got)
				}
				r, err := next.VerifyLedger(t.Context())
				if err != nil || len(r.Breaches) > 0 || r.Journals != 4 {
					t.Errorf("got %+v, %v", r, err)
				}
				if got, err := next.BalanceOf(t.Context(), book.Account(ledger.Wallet, "drv_a")); err != nil || got != -400 {
					t.Errorf("wallet: got %d, %v, want -400", got, err)
				}
			})
		}
	}
}
