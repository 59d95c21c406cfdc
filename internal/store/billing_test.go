package store_test

import (
	"errors"
	"reflect"
	"testing"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
)

// issue is the set that bills a session for the first time.
func (db *database) issue(ses ident.SessionID, series ledger.SeriesID) *change.Set {
	db.t.Helper()
	set := db.billed("tok_a", 1000, series)
	bill := billing.Bill{
		ID: newID[ident.BillID](), Organisation: eur().Organisation, Station: "sta_a", Session: ses, Revision: 1,
		Journal: set.Journals[0].ID, Debtor: "tok_a", Country: "DE",
		Document: billing.Document{
			Kind: billing.Receipt, IssuedAt: t0, Zone: "Europe/Berlin", Language: "de", Issuer: billing.Party{Name: "Operator"}, Currency: "EUR",
			Lines: []billing.Line{{Item: billing.ItemEnergy, VAT: nineteen(), Amount: 1000}}, Taxes: []rating.Tax{{Rate: nineteen(), Taxable: 1000, Tax: 190}},
			Net: 1000, Tax: 190, Total: 1190, Charges: []billing.Charge{{Session: string(ses), Start: t0, End: t0}},
		},
	}
	set.Bills = []billing.Bill{bill}
	set.Tabs = []billing.Tab{{
		Session: ses, Station: "sta_a", Organisation: eur().Organisation, Snapshot: "hash", State: billing.TabBilled, Revision: 1, Bill: bill.ID, Released: []string{"meter_jumped"}, ChangedAt: t0, Version: 1,
	}}
	set.Snapshots = []billing.Snapshot{{Hash: "hash", Text: []byte("text")}}
	return set
}

func TestBills(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		ses := newID[ident.SessionID]()
		set := db.issue(ses, db.series("2026"))
		want := set.Bills[0]
		db.commit(set)
		got, err := db.Bill(t.Context(), eur().Organisation, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Document.Number != "R-000001" || got.Document.Total != 1190 || got.Journal != want.Journal || len(got.Document.Lines) != 1 || !got.Document.IssuedAt.Equal(t0) {
			t.Errorf("got %+v", got)
		}
		if _, err := db.Bill(t.Context(), "org_other", want.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("of another organisation: got %v, want it not found", err)
		}
		tab, err := db.Tab(t.Context(), ses)
		if err != nil || !reflect.DeepEqual(tab, set.Tabs[0]) {
			t.Errorf("tab: got %+v, %v, want %+v", tab, err, set.Tabs[0])
		}
		if text, err := db.Snapshot(t.Context(), "hash"); err != nil || string(text) != "text" {
			t.Errorf("snapshot: got %q, %v", text, err)
		}
		list, err := db.Bills(t.Context(), eur().Organisation, billing.Filter{Session: ses, Debtor: "tok_a", Kind: billing.Receipt}, page.Query{Limit: 10})
		if err != nil || len(list.Items) != 1 || list.Items[0].Document.Number != "R-000001" {
			t.Errorf("list: got %+v, %v", list, err)
		}
	})
}

// A session has one bill of a revision, and what was decided on an old tab is
// decided anew: the database sees to it.
func TestBillsOnce(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		ses, series := newID[ident.SessionID](), db.series("2026")
		db.commit(db.issue(ses, series))
		again := db.issue(ses, series)
		if err := db.Commit(t.Context(), again); !errors.Is(err, change.ErrExists) {
			t.Errorf("a second first bill: got %v, want %v", err, change.ErrExists)
		}
		again.Tabs[0].Version = 3
		if err := db.Commit(t.Context(), again); !errors.Is(err, change.ErrStale) {
			t.Errorf("of a tab that has moved: got %v, want %v", err, change.ErrStale)
		}
		next := db.issue(newID[ident.SessionID](), series) // draws the number that those gave back
		db.commit(next)
		if got := next.Journals[0].Number; got != 2 {
			t.Errorf("number: got %d, want 2: no gap", got)
		}
		db.sound()
	})
}

func TestProfile(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("o")
		p := billing.Profile{Organisation: org.ID, Issuer: billing.Party{Name: "Operator Ltd", TaxID: "DE123"}, Language: "de", Version: 1}
		if got, err := db.Profile(t.Context(), org.ID); err != nil || got.Issuer.Name != org.Name || got.Version != 0 {
			t.Errorf("before: got %+v, %v, want the organisation's name", got, err)
		}
		db.commit(&change.Set{Profiles: []billing.Profile{p}})
		if got, err := db.Profile(t.Context(), org.ID); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("got %+v, %v, want %+v", got, err, p)
		}
	})
}
