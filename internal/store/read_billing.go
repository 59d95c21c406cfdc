package store

import (
	"context"
	"math"
	"strings"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/meter"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Tab returns a session's tab.
func (s *Store) Tab(ctx context.Context, id ident.SessionID) (billing.Tab, error) {
	return one(ctx, s, tabs.from()+"WHERE t.session = $1", tabs.columns, string(id))
}

// Snapshot returns the text of what prices sessions, by its hash.
func (s *Store) Snapshot(ctx context.Context, hash string) ([]byte, error) {
	found, err := one(ctx, s, snapshots.from()+"WHERE t.hash = $1", snapshots.columns, hash)
	return found.Text, err
}

// Profile returns how an organisation bills: what it has said, or, as long as it
// has not, its name.
func (s *Store) Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error) {
	p, err := one(ctx, s, profiles.from()+"WHERE t.org = $1", profiles.columns, string(org))
	if !fault.Is(err, fault.NotFound) {
		return p, err
	}
	of, err := s.Organisation(ctx, string(org))
	return billing.Profile{Organisation: org, Issuer: billing.Party{Name: of.Name, Country: of.Country}, Language: billing.Language}, err
}

// numberedBill is a bill with what its number is written by.
type numberedBill struct {
	billRow
	number int64
	series ledger.Series
}

// bill returns the bill with its number.
func (b *numberedBill) bill() billing.Bill {
	if b.number > 0 {
		b.Document.Number = b.series.Written(b.number)
	}
	return b.Bill
}

func billFields() string { return bills.list("t") + ", coalesce(j.number, 0), coalesce(d.format, '')" }

const billFrom = "bills t LEFT JOIN journals j ON j.id = t.journal LEFT JOIN document_series d ON d.series = j.series AND j.series <> ''"

func (s *Store) billColumns(to []column, b *numberedBill) []column {
	b.packer = s.packer
	return append(bills.columns(to, &b.billRow), number("number", &b.number), text("format", &b.series.Format))
}

// Bill returns a bill or a credit note of org.
func (s *Store) Bill(ctx context.Context, org ident.OrganisationID, id ident.BillID) (billing.Bill, error) {
	mine, args := "", []any{string(id)}
	if org != "" {
		mine, args = " AND t.org = $2", append(args, string(org))
	}
	found, err := one(ctx, s, "SELECT "+billFields()+" FROM "+billFrom+" WHERE t.id = $1"+mine, s.billColumns, args...)
	return found.bill(), err
}

// briefFields are [billFields] without the documents of invoices, each of which
// may tell of 100,000 sessions.
func briefFields() string {
	return strings.Replace(billFields(), "t.body", "CASE WHEN t.kind = '"+string(billing.Invoice)+"' THEN NULL ELSE t.body END", 1)
}

func (s *Store) briefColumns(to []column, b *numberedBill) []column {
	all := s.billColumns(to, b)
	for i := range all {
		if all[i].name == "body" {
			all[i].cell = optionalCell{all[i].cell}
		}
	}
	return all
}

// Bills lists bills and credit notes of org, newest first. Of an invoice there is
// what a list tells: kind, number, date, and what it comes to.
func (s *Store) Bills(ctx context.Context, org ident.OrganisationID, f billing.Filter, q page.Query) (page.Result[billing.Bill], error) {
	c := of(org)
	if f.Session != "" {
		c.where("t.session = ?", string(f.Session))
		c.where("t.session <> ''") // so says the index on sessions
	}
	if f.Debtor != "" {
		c.where("t.debtor = ?", f.Debtor)
	}
	if f.Statement != "" {
		c.where("t.statement = ?", string(f.Statement))
		c.where("t.statement <> ''") // so says the index on statements
	}
	if f.Kind != "" {
		c.where("t.kind = ?", string(f.Kind))
	}
	found, err := listing[numberedBill]{
		name: "bills", fields: briefFields(), columns: s.briefColumns, from: billFrom, id: "t.id", sorts: map[string]order{"id": {by: "t.id"}}, usual: "-id",
	}.page(ctx, s, q, c)
	result := page.Result[billing.Bill]{Next: found.Next}
	for i := range found.Items {
		result.Items = append(result.Items, found.Items[i].bill())
	}
	return result, err
}

// signedMost bounds what meters signed in the frames that are read at once, in bytes: a record a
// minute for a day is 1 MiB. Behind it, signed values come without what they say.
const signedMost = 32 << 20

// AllFrames returns the frames of a session by number, at most limit of them.
func (s *Store) AllFrames(ctx context.Context, id ident.StationID, ses ident.SessionID, limit int) ([]meter.Frame, error) {
	var all []meter.Frame
	signed := 0
	err := s.frames(ctx, stretch{id, ses, math.MinInt64 + 1, math.MaxInt64}, func(f *meter.Frame) bool {
		for i := range f.Samples {
			if v := f.Samples[i].Signed; v != nil {
				if signed += len(v.Data); signed > signedMost {
					f.Samples[i].Signed = new(meter.SignedValue)
				}
			}
		}
		all = append(all, *f)
		return len(all) < limit
	})
	return all, err
}
