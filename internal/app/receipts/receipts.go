// Package receipts keeps the newest bills of a demonstration as files that a
// person opens in a browser: a page that lists them, and each of them as HTML and
// PDF.
//
// Guarantees: the folder never holds more than [most] bills; a page that is there is
// whole; nothing is served over the network, so no key is needed and none is
// gone around.
package receipts

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/page"
)

const (
	most  = 100         // bills that are kept: a person looks at a few
	every = time.Second // between two looks at what is new
	index = "index.html"
)

// Store is what receipts reads.
type Store interface {
	Bills(ctx context.Context, org ident.OrganisationID, f billing.Filter, q page.Query) (page.Result[billing.Bill], error)
	TrialBalance(ctx context.Context, org ident.OrganisationID) ([]ledger.Sum, error)
}

// Press writes bills.
type Press interface {
	HTML(d *billing.Document) ([]byte, error)
	PDF(d *billing.Document) ([]byte, error)
}

// Options are what a Keeper is made of; all are needed.
type Options struct {
	Store        Store
	Press        Press
	Organisation ident.OrganisationID
	Folder       string
	Clock        clock.Clock
	Log          *slog.Logger
}

// Index returns the page of a folder that lists its bills.
func Index(folder string) string { return filepath.Join(folder, index) }

// Keeper keeps the bills of one organisation.
type Keeper struct {
	Options
	pages *template.Template
	kept  map[ident.BillID]string // the names of their files, without suffix
}

//go:embed index.html
var pages embed.FS

// New returns a Keeper that has written nothing yet.
func New(o Options) *Keeper {
	return &Keeper{Options: o, pages: template.Must(template.ParseFS(pages, index)), kept: map[ident.BillID]string{}}
}

// Run keeps the folder until ctx ends. What goes wrong is logged and tried again.
func (k *Keeper) Run(ctx context.Context) error {
	if err := os.MkdirAll(k.Folder, 0o700); err != nil {
		return fmt.Errorf("receipts: %w", err)
	}
	ticks, stop := k.Clock.Ticker(every)
	defer stop()
	for {
		if err := k.look(ctx); err != nil && ctx.Err() == nil {
			k.Log.Warn("receipts not written", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

// look writes what is new, and the list when anything is.
func (k *Keeper) look(ctx context.Context) error {
	found, err := k.Store.Bills(ctx, k.Organisation, billing.Filter{}, page.Query{Limit: most})
	if err != nil {
		return err
	}
	fresh := map[ident.BillID]string{}
	changed := len(k.kept) == 0
	for i := range found.Items {
		b := &found.Items[i]
		name, known := k.kept[b.ID]
		if !known {
			changed = true
			if name, err = k.write(b); err != nil {
				return err
			}
		}
		fresh[b.ID] = name
	}
	if !changed {
		return nil
	}
	if err := k.list(ctx, found.Items, fresh); err != nil {
		return err
	}
	k.forget(fresh)
	k.kept = fresh
	return nil
}

// write writes a bill.
func (k *Keeper) write(b *billing.Bill) (name string, err error) {
	html, err := k.Press.HTML(&b.Document)
	if err != nil {
		return "", err
	}
	pdf, err := k.Press.PDF(&b.Document)
	if err != nil {
		return "", err
	}
	name = cmp.Or(b.Document.Number, string(b.ID))
	return name, errors.Join(k.file(name+".html", html), k.file(name+".pdf", pdf))
}

// file writes a file whole or not at all.
func (k *Keeper) file(name string, text []byte) error {
	path := filepath.Join(k.Folder, filepath.Base(name))
	if err := os.WriteFile(path+"~", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+"~", path)
}

// forget removes the files of bills that are no longer among the newest.
func (k *Keeper) forget(fresh map[ident.BillID]string) {
	for id, name := range k.kept {
		if _, stays := fresh[id]; stays {
			continue
		}
		for _, suffix := range []string{".html", ".pdf"} {
			if err := os.Remove(filepath.Join(k.Folder, filepath.Base(name+suffix))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				k.Log.Warn("receipt not removed", "error", err)
			}
		}
	}
}

// row is a bill in the list.
type row struct{ Name, Kind, IssuedAt, Station, Energy, Total string }

// total is the trial balance in one unit.
type total struct {
	Unit                   ledger.Unit
	Debit, Credit, Balance string
}

// list writes the page that lists the bills, and how the books stand.
func (k *Keeper) list(ctx context.Context, bills []billing.Bill, names map[ident.BillID]string) error {
	sums, err := k.Store.TrialBalance(ctx, k.Organisation)
	if err != nil {
		return err
	}
	told := struct {
		Bills  []row
		Totals []total
	}{Totals: totals(sums)}
	for i := range bills {
		b := &bills[i]
		d := &b.Document
		r := row{Name: names[b.ID], Kind: string(d.Kind), IssuedAt: d.IssuedAt.UTC().Format(time.RFC3339), Total: written(d.Total, d.Currency)}
		if len(d.Charges) > 0 {
			r.Station, r.Energy = d.Charges[0].Station, fmt.Sprintf("%d Wh", d.Charges[0].Energy.WattHours())
		}
		told.Bills = append(told.Bills, r)
	}
	var text bytes.Buffer
	if err := k.pages.ExecuteTemplate(&text, index, told); err != nil {
		return err
	}
	return k.file(index, text.Bytes())
}

// totals sums up the books by unit: what is left of debits and credits is 0, or
// they are broken.
func totals(sums []ledger.Sum) []total {
	debits, credits := map[ledger.Unit]int64{}, map[ledger.Unit]int64{}
	for _, s := range sums {
		debits[s.Unit] += max(s.Balance, 0)
		credits[s.Unit] += max(-s.Balance, 0)
	}
	var all []total
	for _, unit := range slices.Sorted(maps.Keys(debits)) {
		debit, credit, of := debits[unit], credits[unit], money.Currency(unit)
		all = append(all, total{unit, written(debit, of), written(credit, of), written(debit-credit, of)})
	}
	return all
}

func written(minor int64, of money.Currency) string {
	return money.Of(minor, of).Decimal().String() + " " + string(of)
}
