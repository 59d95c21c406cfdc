package books_test

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/station"
	"pylon/internal/flow/books"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/ground"
)

// day is a clock whose time somebody sets.
type day struct {
	clock.System
	at time.Time
}

func (d *day) Now() time.Time { return d.at }

// The books are verified once a day; a row that was changed behind our back
// becomes a finding that names it, and not another one each day.
func TestBrokenBooksAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pylon.db")
	g := ground.New(t, store.Options{Path: path})
	org := g.Organisation(clock.System{})
	now := &day{at: time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)}
	w := books.New(g.Store, now, slog.New(slog.DiscardHandler))
	book := ledger.Book{Organisation: org.ID, Unit: "EUR"}
	post := func() ident.AccountID {
		j := ledger.Post(now.at, ledger.ToppedUp, ledger.Source{Type: "payment", ID: string(ident.New[ident.CommandID](now.at))}, book.TopUp("drv_a", "stripe", 100))
		if err := g.Store.Commit(t.Context(), &change.Set{Journals: []ledger.Journal{j}}); err != nil {
			t.Fatal(err)
		}
		return book.Account(ledger.Wallet, "drv_a").ID()
	}
	check := func(breaches int64, findings int) station.Finding {
		t.Helper()
		if err := w.Check(t.Context(), lease.Grant{}); err != nil {
			t.Fatal(err)
		}
		made, err := g.Store.LedgerCheck(t.Context(), now.at.Format(time.DateOnly))
		if err != nil || made.Breaches != breaches {
			t.Errorf("%s: got %+v, %v; want %d breaches", now.at, made, err, breaches)
		}
		found, err := g.Store.Findings(t.Context(), org.ID, station.FindingFilter{Code: []station.FindingCode{station.LedgerBroken}}, page.Query{})
		if err != nil || len(found.Items) != findings {
			t.Fatalf("%s: got %+v, %v; want %d findings", now.at, found.Items, err, findings)
		}
		if findings == 0 {
			return station.Finding{}
		}
		return found.Items[0]
	}
	wallet := post()
	check(0, 0)
	tamper(t, path, "UPDATE accounts SET balance = balance - 1 WHERE account = '"+string(wallet)+"'")
	check(0, 0) // of today it is known already
	now.at = now.at.Add(2 * time.Hour)
	if f := check(1, 1); !strings.Contains(f.Detail, string(wallet)) || !strings.Contains(f.Detail, "balance_wrong") {
		t.Errorf("got %q, want that it names %s", f.Detail, wallet)
	}
	now.at = now.at.Add(24 * time.Hour)
	check(1, 1)
	tamper(t, path, "DELETE FROM transfers", "DELETE FROM journals") // whose they were is gone with them
	now.at = now.at.Add(24 * time.Hour)
	check(3, 1)
}

func tamper(t *testing.T, path string, texts ...string) {
	t.Helper()
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, text := range texts {
		if _, err := raw.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
}

// It looks at once.
func TestItLooksAtOnce(t *testing.T) {
	g := ground.New(t, store.Options{})
	g.Organisation(clock.System{})
	told := &telling{g.Store, make(chan *change.Set, 1)}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- books.New(told, clock.System{}, slog.New(slog.DiscardHandler)).Run(ctx, lease.Grant{}) }()
	if set := <-told.sets; len(set.Checks) != 1 || set.Checks[0].Breaches != 0 {
		t.Errorf("got %+v", set.Checks)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// telling is a store that tells what is committed.
type telling struct {
	*store.Store
	sets chan *change.Set
}

func (s *telling) Commit(ctx context.Context, set *change.Set) error {
	err := s.Store.Commit(ctx, set)
	s.sets <- set
	return err
}
