package receipts

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// shelf is bills, the newest first, and a press for them.
type shelf []billing.Bill

// Bills implements [Store].
func (s shelf) Bills(_ context.Context, _ ident.OrganisationID, _ billing.Filter, q page.Query) (page.Result[billing.Bill], error) {
	return page.Result[billing.Bill]{Items: s[:min(q.Limit, len(s))]}, nil
}

// TrialBalance implements [Store].
func (s shelf) TrialBalance(context.Context, ident.OrganisationID) ([]ledger.Sum, error) {
	return []ledger.Sum{{Class: ledger.ReceivableDriver, Unit: "EUR", Balance: 1190}, {Class: ledger.Energy, Unit: "EUR", Balance: -1000}, {Class: ledger.TaxPayable, Unit: "EUR", Balance: -189}}, nil
}

// HTML implements [Press].
func (s shelf) HTML(d *billing.Document) ([]byte, error) { return []byte("<p>" + d.Number), nil }

// PDF implements [Press].
func (s shelf) PDF(d *billing.Document) ([]byte, error) { return []byte("%PDF " + d.Number), nil }

func (s shelf) with(number string) shelf {
	b := billing.Bill{ID: ident.BillID("bil_" + number), Document: billing.Document{Kind: billing.Receipt, Number: number, Total: 50, Currency: "EUR"}}
	return append(shelf{b}, s...)
}

func TestKeeper(t *testing.T) {
	folder := t.TempDir()
	k := New(Options{Folder: folder, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)})
	look := func(s shelf) {
		t.Helper()
		k.Store, k.Press = s, s
		if err := k.look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	files := func() (names []string) {
		t.Helper()
		all, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			names = append(names, f.Name())
		}
		return names
	}
	all := shelf{}.with("../B<1>")
	look(all)
	if got, want := files(), []string{"B<1>.html", "B<1>.pdf", "index.html"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	list, err := os.ReadFile(Index(folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0.50 EUR", "debits 11.90 EUR, credits 11.89 EUR; the difference is 0.01 EUR"} {
		if !strings.Contains(string(list), want) {
			t.Errorf("got %s, want %q in it", list, want)
		}
	}
	if strings.Contains(string(list), "B<1>") {
		t.Error("a number is markup")
	}
	for i := range most {
		all = all.with(fmt.Sprintf("B%04d", i))
	}
	look(all)
	got := files()
	if len(got) != 2*most+1 || slices.Contains(got, "B<1>.html") {
		t.Errorf("%d files, want %d, and the oldest bill gone", len(got), 2*most+1)
	}
	if err := os.Remove(filepath.Join(folder, "index.html")); err != nil {
		t.Fatal(err)
	}
	look(all)
	if slices.Contains(files(), "index.html") {
		t.Error("the list was written, and nothing is new")
	}
}
