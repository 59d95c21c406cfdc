package rating_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/edge/document"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// PROP-13: whatever is charged, the bill adds up as EN 16931 has it, the e-invoice of it keeps every rule, and the books get what
// it says, to the minor unit.
func TestBillsAddUp(t *testing.T) {
	press, err := document.New()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := draw(t)
		out := settled(t, q)
		for i := range out.Bills {
			d := &out.Bills[i].Document
			adds(t, q, d)
			writes(t, q, press, d)
		}
		for i := range out.Journals {
			posts(t, q, &out.Bills[i], &out.Journals[i])
		}
	})
}

// settled bills a drawn session; nothing, when a rate of tax is not known.
func settled(t *rapid.T, q *rating.Question) billing.Outcome {
	rated := &billing.Rated{Question: q}
	var err error
	if rated.Answer, err = swift.Explain(q); err != nil {
		t.Fatal(err)
	}
	if rated.Other, err = plain.Rate(q); err != nil {
		t.Fatal(err)
	}
	party := func(name, endpoint string) billing.Party {
		return billing.Party{Name: name, Street: "Kai 1", PostalCode: "20457", City: "Hamburg", Country: "DE", TaxID: "DE123456789", Endpoint: endpoint}
	}
	facts := &billing.Facts{
		Now:      q.Session.End.Add(time.Minute),
		Profile:  billing.Profile{Organisation: "org_1", Issuer: party("Operator", "0088:4012345000009"), Language: "en"},
		Customer: party("Customer", "0088:4012345000016"), Debtor: "tok_1", Country: "DE",
		Charge: billing.Charge{Session: "ses_1", Station: "CP-1", EVSE: "1", Zone: q.Zone, Start: q.Session.Start, End: q.Session.End},
	}
	tab := billing.Tab{Session: "ses_1", Station: "sta_1", Organisation: "org_1", Snapshot: "abc", State: billing.TabOpen, Version: 1}
	out, err := billing.Settle(tab, facts, rated, nil)
	if i := rated.Answer.Invoice; i != nil && max(i.Total, -i.Total, i.Net, -i.Net) > ledger.AmountMax {
		return out // more than the books take
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, written(q))
	}
	return out
}

// adds holds a document against the arithmetic of EN 16931: totals are the sums of
// rounded lines, tax is reckoned once for each rate, and what is paid is net and tax.
func adds(t *rapid.T, q *rating.Question, d *billing.Document) {
	var lines, taxable, tax int64
	for i := range d.Lines {
		lines += d.Lines[i].Amount
	}
	for _, at := range d.Taxes {
		taxable, tax = taxable+at.Taxable, tax+at.Tax
		base, percent := at.Taxable, exact.Of(at.Rate)
		share := percent.Quo(exact.Int(100))
		if d.Gross { // the part of the whole that is tax
			base, share = at.Taxable+at.Tax, percent.Quo(exact.Int(100).Add(percent))
		}
		want, err := money.Digits(exact.Int(base).Mul(share), 0)
		if err != nil || want.Cmp(decimal.FromInt(at.Tax, 0)) != 0 {
			t.Fatalf("tax of %d at %s %%: got %d, want %v, %v\n%s", base, at.Rate, at.Tax, want, err, written(q))
		}
	}
	whole := d.Net
	if d.Gross {
		whole = d.Total
	}
	if lines != whole || taxable != d.Net || tax != d.Tax || d.Net+d.Tax != d.Total {
		t.Fatalf("lines %d, taxable %d and tax %d of %d, %d and %d\n%s", lines, taxable, tax, d.Net, d.Tax, d.Total, written(q))
	}
}

// writes lets the e-invoice be written: its checker shares nothing with the
// writer. There is none of nothing, and none of a currency with more than two digits.
func writes(t *rapid.T, q *rating.Question, press *document.Press, d *billing.Document) {
	invoice := *d
	invoice.Kind, invoice.Number, invoice.BuyerReference, invoice.DueAt = billing.Invoice, "I-1", "4711", d.IssuedAt.AddDate(0, 0, 14)
	if len(d.Lines) == 0 {
		return
	}
	_, err := press.UBL(&invoice)
	if err != nil && !(invoice.Currency.Exponent() > 2 && fault.Is(err, fault.Conflict)) {
		t.Fatalf("%v\n%s", err, written(q))
	}
}

// posts holds a journal against its document.
func posts(t *rapid.T, q *rating.Question, b *billing.Bill, j *ledger.Journal) {
	sums := map[ledger.Side]int64{}
	var taxes, all int64
	for _, c := range j.Changes() {
		all += c.Amount
		sums[c.Account.Class.Side()] += c.Amount
		if c.Account.Class == ledger.TaxPayable {
			taxes += c.Amount
		}
		if c.Account.Unit != ledger.UnitOf(b.Document.Currency) {
			t.Fatalf("%s on a bill in %s", c.Account.Unit, b.Document.Currency)
		}
	}
	d := &b.Document
	if all != 0 || sums[ledger.Asset] != d.Total || taxes != -d.Tax || sums[ledger.Income] != -d.Net {
		t.Fatalf("posted %v with taxes of %d, want %d net and %d tax\n%s", sums, taxes, d.Net, d.Tax, written(q))
	}
}
