package swift

import (
	"strings"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// invoice tells what is due, exact and as it is paid.
func (b *bill) invoice() error {
	due := b.due()
	b.a.Due = due.sum()
	b.tellDue(due)
	if b.basis != rating.TaxNone && b.sums[unknownRate].used {
		b.tellNoInvoice()
		return nil
	}
	inv := &rating.Invoice{
		Currency: b.c.tariff.Currency, Gross: b.basis == rating.TaxYes,
		Lines: make([]int64, len(b.amounts)),
	}
	sums := make([]money.Amount, len(b.sums))
	for i := range sums {
		sums[i].Currency = inv.Currency
	}
	for i, line := range b.amounts {
		rounded, err := money.Round(line.amount.number(), inv.Currency)
		if err != nil {
			return tooMuch()
		}
		inv.Lines[i] = rounded.Minor
		if sums[line.rate], err = sums[line.rate].Add(rounded); err != nil {
			return tooMuch()
		}
		b.tellRound(i, line.amount, rounded)
	}
	net, tax := money.Of(0, inv.Currency), money.Of(0, inv.Currency)
	for _, rate := range b.order {
		if !b.sums[rate].used && b.basis != rating.TaxNone {
			continue
		}
		t, err := b.tax(rate, sums[rate])
		if err != nil {
			return err
		}
		inv.Taxes = append(inv.Taxes, t)
		b.tellTax(t)
		var one, two error
		net, one = net.Add(money.Of(t.Taxable, inv.Currency))
		tax, two = tax.Add(money.Of(t.Tax, inv.Currency))
		if one != nil || two != nil {
			return tooMuch()
		}
		if b.basis == rating.TaxNone {
			break
		}
	}
	gross, err := net.Add(tax)
	if err != nil {
		return tooMuch()
	}
	inv.Net, inv.Tax, inv.Total = net.Minor, tax.Minor, gross.Minor
	b.a.Invoice = inv
	b.tellTotal(inv)
	return nil
}

func tooMuch() error {
	return invalid("/session", "amount_out_of_range", "must not come to more than 92 quadrillion of the currency's smallest unit")
}

// tax reckons the tax at a rate on the sum of its rounded lines.
func (b *bill) tax(rate int, sum money.Amount) (rating.Tax, error) {
	if b.basis == rating.TaxNone {
		return rating.Tax{Taxable: sum.Minor}, nil
	}
	r := &b.rates[rate]
	share := r.factor.sub(whole(1))
	if b.basis == rating.TaxYes {
		share = share.quo(r.factor)
	}
	tax, err := money.Round(sum.Exact().Mul(share.number()), sum.Currency)
	if err != nil {
		return rating.Tax{}, tooMuch()
	}
	t := rating.Tax{Rate: r.plain(), Taxable: sum.Minor, Tax: tax.Minor}
	if b.basis == rating.TaxYes {
		t.Taxable -= t.Tax
	}
	return t, nil
}

// plain returns a rate without zeros at its end.
func (r *taxRate) plain() decimal.Decimal {
	d, err := decimal.Parse(plainText(r.value))
	if err != nil {
		panic("swift: a rate of tax cannot be written: " + err.Error())
	}
	return d
}

// plainText writes a number as a decimal, without zeros at its end.
func plainText(f fixed) string {
	const digits = 18
	if f.sign() < 0 {
		return "-" + plainText(f.neg())
	}
	before, after := div(f, perOne)
	text := decimal.FromInt(int64(before), 0).String() //nolint:gosec // a trillion at most, or a sum of some
	if after == 0 {
		return text
	}
	fraction := decimal.FromInt(int64(after), digits).String() //nolint:gosec // less than 10^18
	return text + strings.TrimRight(fraction[1:], "0")
}
