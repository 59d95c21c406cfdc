package document

import (
	"errors"
	"fmt"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
)

func errLanguage(tag string) error {
	return fault.InvalidField("/language", "unknown", fmt.Sprintf("no catalogue has the language %q", tag))
}

// sound returns an error when a document contradicts itself. What is handed out adds up.
func sound(d *billing.Document) error {
	if d.IssuedAt.IsZero() {
		return errors.New("no date")
	}
	switch d.Kind {
	case billing.Receipt, billing.Invoice, billing.CreditNote, billing.Settlement:
	default:
		return fmt.Errorf("no kind of document: %q", d.Kind)
	}
	if _, err := money.ParseCurrency(string(d.Currency)); err != nil {
		return fmt.Errorf("currency %q: %w", d.Currency, err)
	}
	for i := range d.Lines {
		if at := d.Lines[i].Charge; at < -1 || at >= len(d.Charges) {
			return fmt.Errorf("line %d: no charge %d", i, at)
		}
	}
	return sums(d)
}

// sums checks that lines, taxes and totals agree (decision T01 of the rating's rounding).
func sums(d *billing.Document) error {
	var wrong error
	add := func(a, b int64) int64 {
		sum, err := money.Of(a, d.Currency).Add(money.Of(b, d.Currency))
		wrong = errors.Join(wrong, err)
		return sum.Minor
	}
	lines, reach := map[string]int64{}, int64(0) // reach bounds the sum of any of the lines
	for i := range d.Lines {
		rate, amount := exact.Of(d.Lines[i].VAT).String(), d.Lines[i].Amount
		lines[rate] += amount
		reach = add(reach, max(amount, -amount))
	}
	if wrong != nil {
		return wrong
	}
	var net, tax int64
	for _, t := range d.Taxes {
		rate := exact.Of(t.Rate).String()
		want := add(t.Taxable, t.Tax)
		if !d.Gross {
			want = t.Taxable
		}
		if got := lines[rate]; got != want {
			return fmt.Errorf("lines at %s %% come to %d, and the taxes say %d", t.Rate, got, want)
		}
		delete(lines, rate)
		net, tax = add(net, t.Taxable), add(tax, t.Tax)
	}
	for rate, amount := range lines {
		if amount != 0 {
			return fmt.Errorf("lines at %s %% come to %d, and the taxes do not know the rate", rate, amount)
		}
	}
	if net != d.Net || tax != d.Tax || add(net, tax) != d.Total {
		return fmt.Errorf("net %d, tax %d, total %d: the taxes come to %d and %d", d.Net, d.Tax, d.Total, net, tax)
	}
	left := d.Total
	for i := range d.Paid {
		left = add(left, -d.Paid[i].Amount)
	}
	return wrong
}
