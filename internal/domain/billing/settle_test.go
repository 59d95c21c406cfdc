package billing

import (
	"testing"
	"time"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

// rated is ten kilowatt-hours at 0.50 and 19 %, and a start at 1.00 and 7 %, as
// both raters see them.
func rated(kwh int64) *Rated {
	vat, other, price, fee := dec("19"), dec("7"), dec("0.50"), dec("1.00")
	answer := func() *rating.Answer {
		energy, start := exact.Int(kwh).Quo(exact.Int(2)), exact.Int(1)
		a := rating.Answer{
			Billed: rating.Billed{Energy: exact.Int(kwh)},
			Lines: []rating.Line{
				{Kind: rating.FromTariff, Phase: rating.InSession, Dimension: rating.Flat, Quantity: exact.Int(1), Price: &fee, VAT: &other, Sum: rating.Sum{Excl: &start}},
				{Kind: rating.FromTariff, Phase: rating.InSession, Dimension: rating.Energy, Quantity: exact.Int(kwh), Price: &price, VAT: &vat, Sum: rating.Sum{Excl: &energy}},
			},
			Invoice: &rating.Invoice{
				Currency: "EUR", Lines: []int64{100, 50 * kwh},
				Taxes: []rating.Tax{{Rate: other, Taxable: 100, Tax: 7}, {Rate: vat, Taxable: 50 * kwh, Tax: 19 * kwh / 2}},
				Net:   100 + 50*kwh, Tax: 7 + 19*kwh/2, Total: 107 + 50*kwh + 19*kwh/2,
			},
			Steps: []rating.Step{{Code: "start"}},
		}
		return &a
	}
	return &Rated{Question: &rating.Question{Tariff: rating.Tariff{Currency: "EUR"}}, Answer: answer(), Other: answer()}
}

func facts() *Facts {
	return &Facts{
		Now: noon, Profile: Profile{Organisation: "org_1", Issuer: Party{Name: "Operator"}, Language: "en"}, Debtor: "tok_1", Country: "DE",
		Charge: Charge{Session: "ses_1", Start: noon.Add(-time.Hour), End: noon, Zone: "Europe/Berlin", Begin: 0, Finish: 0, Energy: 0},
	}
}

func running() Tab {
	return Tab{Session: "ses_1", Station: "sta_1", Organisation: "org_1", Snapshot: "abc", State: TabOpen, Version: 1}
}

func settle(t *testing.T, tab Tab, r *Rated, standing *Bill) Outcome {
	t.Helper()
	out, err := Settle(tab, facts(), r, standing)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSettleFirst(t *testing.T) {
	out := settle(t, running(), rated(10), nil)
	if len(out.Bills) != 1 || len(out.Journals) != 1 {
		t.Fatalf("got %d bills and %d journals, want one of each", len(out.Bills), len(out.Journals))
	}
	bill, journal := out.Bills[0], out.Journals[0]
	if out.Tab.State != TabBilled || out.Tab.Bill != bill.ID || out.Tab.Revision != 1 || out.Tab.Version != 2 {
		t.Errorf("the tab: %+v", *out.Tab)
	}
	if bill.Document.Total != 702 || bill.Document.Kind != Receipt || bill.Journal != journal.ID {
		t.Errorf("the bill: %+v", bill)
	}
	if err := journal.Validate(); err != nil {
		t.Error(err)
	}
	want := map[ledger.Class]int64{ledger.ReceivableDriver: 702, ledger.Energy: -500, ledger.Fixed: -100, ledger.TaxPayable: -102}
	got := map[ledger.Class]int64{}
	for _, c := range journal.Changes() {
		got[c.Account.Class] += c.Amount
	}
	for class, sum := range want {
		if got[class] != sum {
			t.Errorf("%s: got %d, want %d", class, got[class], sum)
		}
	}
	if journal.EffectiveAt != noon || journal.Series != "org_1/bill-2026" {
		t.Errorf("the journal: %+v", journal)
	}
}

func TestSettleAgain(t *testing.T) {
	first := settle(t, running(), rated(10), nil)
	standing := first.Bills[0]
	standing.Document.Number = "B2026-0000001"
	if out := settle(t, *first.Tab, rated(10), &standing); out.Tab != nil || out.Bills != nil || out.Journals != nil {
		t.Errorf("the same again: got %+v, want nothing", out)
	}
	out := settle(t, *first.Tab, rated(12), &standing)
	if len(out.Bills) != 2 || len(out.Journals) != 2 {
		t.Fatalf("got %d bills and %d journals, want a credit note and a bill, posted", len(out.Bills), len(out.Journals))
	}
	note, bill := out.Bills[0], out.Bills[1]
	if note.Document.Kind != CreditNote || note.Credits != standing.ID || note.Document.Total != 702 || note.Document.Credits.Number != "B2026-0000001" {
		t.Errorf("the credit note: %+v", note)
	}
	if bill.Revision != 2 || bill.Document.Replaces.Number != "B2026-0000001" || out.Tab.Bill != bill.ID || out.Tab.Version != 3 {
		t.Errorf("the bill: %+v of %+v", bill, *out.Tab)
	}
	if out.Journals[0].Reverses != standing.Journal || out.Journals[0].Series != "org_1/credit-2026" {
		t.Errorf("the reversal: %+v", out.Journals[0])
	}
	sums := map[ledger.Account]int64{}
	for _, j := range []ledger.Journal{first.Journals[0], out.Journals[0]} {
		for _, c := range j.Changes() {
			sums[c.Account] += c.Amount
		}
	}
	for account, sum := range sums {
		if sum != 0 {
			t.Errorf("%v: %d is left of what was taken back", account, sum)
		}
	}
}

func TestSettleHolds(t *testing.T) {
	differ, untaxed, refused, series := rated(10), rated(10), rated(10), rated(10)
	differ.Other = rated(11).Other
	untaxed.Answer.Invoice, untaxed.Other.Invoice = nil, nil
	refused.Err = fault.InvalidField("/zone", "zone", "is not known")
	series.Err = fault.New(fault.Invalid, "series_missing")
	tests := []struct {
		name string
		of   *Rated
		want string
	}{
		{"the raters differ", differ, HeldRaters},
		{"no rate of tax", untaxed, HeldTax},
		{"a rater refuses", refused, HeldInvalid},
		{"prices are missing", series, HeldSeries},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := settle(t, running(), tt.of, nil)
			if out.Tab == nil || out.Tab.State != TabHeld || out.Tab.Reason != tt.want || out.Detail == "" || out.Bills != nil {
				t.Fatalf("got %+v, want it held for %s", out, tt.want)
			}
			if again := settle(t, *out.Tab, tt.of, nil); again.Tab != nil {
				t.Errorf("told twice: %+v", again.Tab)
			}
			if out := settle(t, *out.Tab, rated(10), nil); len(out.Bills) != 1 || out.Tab.Reason != "" {
				t.Errorf("once it is mended: got %+v, want a bill", out)
			}
		})
	}
}

func TestSettleNothing(t *testing.T) {
	free := running()
	free.Snapshot = ""
	if out := settle(t, free, nil, nil); out.Tab == nil || out.Tab.State != TabFree || out.Bills != nil {
		t.Errorf("no tariff: got %+v", out)
	}
	zero := rated(0)
	for _, a := range []*rating.Answer{zero.Answer, zero.Other} {
		a.Lines, a.Invoice = nil, &rating.Invoice{Currency: "EUR"}
	}
	out := settle(t, running(), zero, nil)
	if len(out.Bills) != 1 || len(out.Journals) != 0 || out.Bills[0].Journal != "" {
		t.Fatalf("a bill of nothing: got %+v, want it unposted", out)
	}
	again, err := Settle(*out.Tab, facts(), rated(10), &out.Bills[0])
	if err != nil || len(again.Bills) != 1 || again.Bills[0].Document.Kind != Receipt {
		t.Errorf("then one of something: got %+v, %v, want no credit note", again, err)
	}
}

// What the books get is what the document says, whatever it says.
func TestSaleIsTheDocument(t *testing.T) {
	vat := dec("19")
	d := Document{
		Gross: true, Currency: "EUR", Net: 85, Tax: 16, Total: 101, Taxes: []rating.Tax{{Rate: vat, Taxable: 85, Tax: 16}},
		Lines: []Line{{Item: ItemEnergy, VAT: vat, Amount: 67}, {Item: ItemTime, VAT: vat, Amount: 44}, {Item: ItemVoucher, VAT: vat, Amount: -10}},
	}
	s := saleOf(&d, "DE")
	if s.Gross() != d.Total || s.Income[ledger.Energy] != 51 || s.Income[ledger.Time] != 34 {
		t.Errorf("got %v of %d, want 51 of energy, 34 of time, %d together", s.Income, s.Gross(), d.Total)
	}
}
