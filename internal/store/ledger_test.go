package store_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// eur are the books of the organisation of these tests.
func eur() ledger.Book { return ledger.Book{Organisation: "org_books", Unit: "EUR"} }

// source is a fresh one.
func source(of string) ledger.Source {
	return ledger.Source{Type: of, ID: string(newID[ident.CommandID]())}
}

// sale is one of so many cents net.
func sale(net int64) ledger.Sale {
	return ledger.Sale{Income: map[ledger.Class]int64{ledger.Energy: net}, Taxes: []ledger.Tax{{Country: "DE", Rate: nineteen(), Amount: net * 19 / 100}}}
}

// billed is the set that bills a driver.
func (db *database) billed(driver string, net int64, series ledger.SeriesID) *change.Set {
	db.t.Helper()
	transfers, err := eur().Bill(driver, sale(net))
	if err != nil {
		db.t.Fatal(err)
	}
	j := ledger.Post(t0, ledger.BillIssued, source("bill"), transfers)
	j.Series = series
	return &change.Set{Journals: []ledger.Journal{j}}
}

// series begins one.
func (db *database) series(name string) ledger.SeriesID {
	db.t.Helper()
	s := ledger.Series{Organisation: eur().Organisation, Name: name, Format: "R-######", First: 1, CreatedAt: t0}
	db.commit(&change.Set{Series: []ledger.Series{s}})
	return s.ID()
}

// balance returns what an account has.
func (db *database) balance(a ledger.Account) int64 {
	db.t.Helper()
	n, err := db.BalanceOf(db.t.Context(), a)
	if err != nil {
		db.t.Fatal(err)
	}
	return n
}

// sound checks that the books are as they were written.
func (db *database) sound() ledger.Report {
	db.t.Helper()
	r, err := db.VerifyLedger(db.t.Context())
	if err != nil {
		db.t.Fatal(err)
	}
	for _, b := range r.Breaches {
		db.t.Errorf("%s %s: %s", b.Code, b.Subject, b.Detail)
	}
	return r
}

func TestPosting(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		series := db.series("2026")
		set := db.billed("drv_a", 1000, series)
		db.commit(set)
		if got := set.Journals[0].Number; got != 1 {
			t.Errorf("number: got %d, want 1", got)
		}
		for a, want := range map[ledger.Account]int64{
			eur().Account(ledger.ReceivableDriver, "drv_a"): 1190, eur().Account(ledger.Energy, ""): -1000, eur().Tax(ledger.TaxPayable, "DE", nineteen()): -190,
		} {
			if got := db.balance(a); got != want {
				t.Errorf("%s %s: got %d, want %d", a.Class, a.Owner, got, want)
			}
		}
		posted, err := db.Journal(t.Context(), eur().Organisation, set.Journals[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		want := set.Journals[0].Record()
		want.Transfers, want.Place, want.Hash = nil, posted.Place, posted.Hash
		if posted.Digest() != want.Digest() || !slices.Equal(posted.Lines, want.Lines) || posted.Number != 1 || posted.Place.Number != 1 {
			t.Errorf("got %+v, want %+v", posted, want)
		}
		back := set.Journals[0].Reverse(t0, ledger.CreditNote)
		back.Series = series
		credit := &change.Set{Journals: []ledger.Journal{back}}
		db.commit(credit)
		if got := db.balance(eur().Account(ledger.ReceivableDriver, "drv_a")); got != 0 || credit.Journals[0].Number != 2 {
			t.Errorf("after the credit note %d: got %d, want nothing", credit.Journals[0].Number, got)
		}
		twice := set.Journals[0].Reverse(t0, ledger.Reversal)
		if err := db.Commit(t.Context(), &change.Set{Journals: []ledger.Journal{twice}}); !errors.Is(err, change.ErrExists) {
			t.Errorf("taken back twice: got %v, want %v", err, change.ErrExists)
		}
		if r := db.sound(); r.Journals != 2 || r.Transfers != 4 || r.Accounts != 3 {
			t.Errorf("got %+v", r)
		}
	})
}

// A posting that comes again, alone or beside others, changes nothing and is
// told apart from another one in its place.
func TestExactlyOncePosting(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		series := db.series("2026")
		const callers, bills = 16, 40
		sets := make([]*change.Set, bills)
		for i := range sets {
			sets[i] = db.billed("drv_a", 100, series)
		}
		var landed, repeated [callers]int
		var wait sync.WaitGroup
		for w := range callers {
			wait.Go(func() {
				for i := range sets {
					set := *sets[(i+w)%bills]
					set.Journals = slices.Clone(set.Journals)
					set.Journals[0].ID, set.Journals[0].PostedAt = newID[ident.JournalID](), t0.AddDate(0, 0, w)
					switch err := db.Commit(t.Context(), &set); {
					case err == nil:
						landed[w]++
					case errors.Is(err, change.ErrPosted):
						repeated[w]++
					default:
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		var sum, again int
		for w := range callers {
			sum, again = sum+landed[w], again+repeated[w]
		}
		if sum != bills || again != (callers-1)*bills {
			t.Errorf("got %d posted and %d repeated, want %d and %d", sum, again, bills, (callers-1)*bills)
		}
		if got := db.balance(eur().Account(ledger.ReceivableDriver, "drv_a")); got != 119*bills {
			t.Errorf("got %d, want %d", got, 119*bills)
		}
		other := *sets[0]
		other.Journals = slices.Clone(other.Journals)
		other.Journals[0].ID = newID[ident.JournalID]()
		other.Journals[0].Transfers = slices.Clone(other.Journals[0].Transfers)
		other.Journals[0].Transfers[0].Amount++
		if err := db.Commit(t.Context(), &other); !errors.Is(err, change.ErrExists) {
			t.Errorf("another amount: got %v, want %v", err, change.ErrExists)
		}
		db.sound()
	})
}

// Numbers have no gap, whatever is refused beside them, on two nodes at once.
func TestDocumentNumbersHaveNoGaps(t *testing.T) {
	for name, options := range databases(t) {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Shared = true
			one, two := open(t, o), open(t, o)
			series := one.series("2026")
			const callers, bills = 8, 30
			var mu sync.Mutex
			var drawn []int64
			var wait sync.WaitGroup
			for w := range callers {
				db := []*database{one, two}[w%2]
				if o.URL == "" {
					db = one // one process writes to a file
				}
				wait.Go(func() {
					for i := range bills {
						set := db.billed("drv_a", 100, series)
						if i%3 == 0 { // refused behind the draw
							set.Journals = append(set.Journals, ledger.Post(t0, ledger.Reserved, source("session"), eur().Reserve("drv_poor", 1)))
						}
						err := db.Commit(t.Context(), set)
						if i%3 == 0 {
							if !errors.Is(err, change.ErrLimit) {
								t.Errorf("got %v, want %v", err, change.ErrLimit)
							}
							continue
						}
						if err != nil {
							t.Error(err)
							continue
						}
						mu.Lock()
						drawn = append(drawn, set.Journals[0].Number)
						mu.Unlock()
					}
				})
			}
			wait.Wait()
			slices.Sort(drawn)
			for i, n := range drawn {
				if n != int64(i+1) {
					t.Fatalf("got number %d in place %d: %v", n, i+1, drawn)
				}
			}
			if got := len(drawn); got != callers*bills*2/3 {
				t.Errorf("got %d numbers, want %d", got, callers*bills*2/3)
			}
			one.sound()
			if err := one.Commit(t.Context(), one.billed("drv_a", 100, "org_books/none")); fault.CodeOf(err) != "series_unknown" {
				t.Errorf("a series that has not begun: got %v", err)
			}
		})
	}
}

func TestStatement(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		var want []int64
		for i := range int64(7) {
			for _, transfers := range [][]ledger.Transfer{eur().TopUp("drv_a", "stripe", 100+i), eur().Reserve("drv_a", 1+i)} {
				j := ledger.Post(t0, ledger.ToppedUp, source("payment"), transfers)
				j.ID = ident.New[ident.JournalID](t0.AddDate(0, 0, len(want)))
				db.commit(&change.Set{Journals: []ledger.Journal{j}})
				want = append(want, []int64{-100 - i, 1 + i}[len(want)%2])
			}
		}
		slices.Reverse(want)
		id := eur().Account(ledger.Wallet, "drv_a").ID()
		var got []int64
		for q := (page.Query{Limit: 3}); ; {
			found, err := db.Statement(t.Context(), eur().Organisation, id, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range found.Items {
				got = append(got, e.Amount)
			}
			if q.Cursor = found.Next; q.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		sums, err := db.TrialBalance(t.Context(), eur().Organisation)
		var total int64
		for _, s := range sums {
			total += s.Balance
		}
		if err != nil || len(sums) != 3 || total != 0 {
			t.Errorf("trial balance: got %+v, %v", sums, err)
		}
		accounts, err := db.LedgerAccounts(t.Context(), eur().Organisation, ledger.AccountFilter{Owner: "drv_a"}, all)
		if err != nil || len(accounts.Items) != 2 {
			t.Errorf("accounts: got %+v, %v", accounts, err)
		}
	})
}
