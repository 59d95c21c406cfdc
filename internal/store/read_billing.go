package store

import (
	"context"
	"math"

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

// Bills lists bills and credit notes of org, newest first.
func (s *Store) Bills(ctx context.Context, org ident.OrganisationID, f billing.Filter, q page.Query) (page.Result[billing.Bill], error) {
	c := of(org)
	if f.Session != "" {
		c.where("t.session = ?", string(f.Session))
	}
	if f.Debtor != "" {
		c.where("t.debtor = ?", f.Debtor)
	}
	if f.Kind != "" {
		c.where("t.kind = ?", string(f.Kind))
	}
	found, err := listing[numberedBill]{
		name: "bills", fields: billFields(), columns: s.billColumns, from: billFrom, id: "t.id", sorts: map[string]order{"id": {by: "t.id"}}, usual: "-id",
	}.page(ctx, s, q, c)
	result := page.Result[billing.Bill]{Next: found.Next}
	for i := range found.Items {
		result.Items = append(result.Items, found.Items[i].bill())
	}
	return result, err
}

// AllFrames returns the frames of a session by number, at most limit of them.
func (s *Store) AllFrames(ctx context.Context, id ident.StationID, ses ident.SessionID, limit int) ([]meter.Frame, error) {
	var all []meter.Frame
	err := s.frames(ctx, stretch{id, ses, math.MinInt64 + 1, math.MaxInt64}, func(f *meter.Frame) bool {
		all = append(all, *f)
		return len(all) < limit
	})
	return all, err
}
