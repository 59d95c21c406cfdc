package plain

import (
	"fmt"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// invoice rounds: each line, then the tax of each rate on the sum of its rounded lines. It is
// nil when some rate is not known.
func (b *bill) invoice(currency money.Currency) (*rating.Invoice, error) {
	i := &rating.Invoice{Currency: currency, Gross: b.tax == rating.TaxYes, Lines: []int64{}, Taxes: []rating.Tax{}}
	sums := map[string]money.Amount{} // of rounded lines, by rate
	none := money.Of(0, currency)
	for n := range b.lines {
		line := &b.lines[n]
		if _, known := b.factor(line.VAT); !known {
			return nil, nil //nolint:nilnil // documented: there is no invoice, and nothing is wrong
		}
		rounded, err := money.Round(b.basis(line), currency)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		i.Lines = append(i.Lines, rounded.Minor)
		sum, seen := sums[key(line.VAT)]
		if !seen {
			sum = none
		}
		if sums[key(line.VAT)], err = sum.Add(rounded); err != nil {
			return nil, fmt.Errorf("lines at one rate of tax: %w", err)
		}
	}
	rates := b.shares(every)
	if b.tax == rating.TaxNone && len(rates) == 0 {
		rates = []share{{}}
		sums[key(nil)] = none
	}
	net, tax := none, none
	for _, s := range rates {
		taxable, due, err := b.split(sums[key(s.rate)], s.rate)
		if err != nil {
			return nil, fmt.Errorf("tax of %s per cent: %w", key(s.rate), err)
		}
		if net, err = net.Add(taxable); err != nil {
			return nil, fmt.Errorf("net: %w", err)
		}
		if tax, err = tax.Add(due); err != nil {
			return nil, fmt.Errorf("tax: %w", err)
		}
		i.Taxes = append(i.Taxes, rating.Tax{Rate: written(percentage(s.rate)), Taxable: taxable.Minor, Tax: due.Minor})
	}
	gross, err := net.Add(tax)
	if err != nil {
		return nil, fmt.Errorf("gross: %w", err)
	}
	i.Net, i.Tax, i.Total = net.Minor, tax.Minor, gross.Minor
	return i, nil
}

// split reckons the tax of what rounded lines of one rate come to. When they include it, it is
// the part of them that is tax.
func (b *bill) split(sum money.Amount, rate *decimal.Decimal) (taxable, tax money.Amount, err error) {
	factor, _ := b.factor(rate)
	part := factor.Sub(exact.Int(1))
	if b.tax == rating.TaxYes {
		part = part.Quo(factor)
	}
	if tax, err = money.Round(sum.Exact().Mul(part), sum.Currency); err != nil {
		return taxable, tax, err
	}
	taxable = sum
	if b.tax == rating.TaxYes {
		taxable, err = sum.Sub(tax)
	}
	return taxable, tax, err
}

func percentage(rate *decimal.Decimal) exact.Number {
	if rate == nil {
		return exact.Number{}
	}
	return exact.Of(*rate)
}

// key names a rate: 20 and 20.0 are the same.
func key(rate *decimal.Decimal) string { return percentage(rate).String() }
