package ocpi230

import (
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
)

// CDR is a charge detail record.
type CDR struct {
	ocpi.CDR[*Tariff, *Price]
	Unknown jsontext.Value `json:",embed"` // fields beyond the specification, as an object
}

// CDROf is the way back from [ocpi.CDR.Trade]; what breaks this version's rules is [fault.Invalid].
func CDROf(general *trade.CDR) (*CDR, error) {
	inner, err := ocpi.CDROf(general, TariffOf, priceOf)
	if err != nil {
		return nil, err
	}
	c := &CDR{CDR: inner}
	if err := ocpi.Check(c); err != nil {
		return nil, err
	}
	return c, nil
}

// Price is an amount before taxes, and its taxes.
type Price struct {
	BeforeTaxes *decimal.Decimal `json:"before_taxes,omitzero"`
	Taxes       []TaxAmount      `json:"taxes,omitzero"` // empty: there are none; nil: not told
	Unknown     jsontext.Value   `json:",embed"`
}

// maxTaxes is how many taxes an amount has: a country has two or three, and a rate for each good.
const maxTaxes = 64

// Check implements [ocpi.Object].
func (p *Price) Check(r *ocpi.Report) {
	r.Number("before_taxes", p.BeforeTaxes)
	ocpi.Each(r, "taxes", p.Taxes, maxTaxes, (*TaxAmount).Check)
}

// TaxAmount is an amount of one tax.
type TaxAmount struct {
	Name          string           `json:"name,omitzero"`
	AccountNumber string           `json:"account_number,omitzero"`
	Percentage    *decimal.Decimal `json:"percentage,omitzero"`
	Amount        *decimal.Decimal `json:"amount,omitzero"`
	Unknown       jsontext.Value   `json:",embed"`
}

// maxTaxText bounds the texts of a tax; OCPI does not.
const maxTaxText = 255

// Check implements [ocpi.Object].
func (t *TaxAmount) Check(r *ocpi.Report) {
	r.String("name", t.Name, maxTaxText)
	r.OptionalString("account_number", t.AccountNumber, maxTaxText)
	r.OptionalNumber("percentage", t.Percentage)
	r.Number("amount", t.Amount)
}

// Trade returns the price as all versions have it: with taxes it is the sum of all, without
// any mention of them nobody knows; what cannot be written down is [fault.Invalid].
func (p *Price) Trade() (trade.Price, error) {
	general := trade.Price{Excl: *p.BeforeTaxes}
	if p.Taxes == nil {
		return general, nil
	}
	sum := exact.Of(*p.BeforeTaxes)
	general.Taxes = make([]trade.Tax, len(p.Taxes))
	for i, t := range p.Taxes {
		general.Taxes[i] = trade.Tax{Name: t.Name, Account: t.AccountNumber, Percentage: t.Percentage, Amount: *t.Amount}
		sum = sum.Add(exact.Of(*t.Amount))
	}
	incl, ok := written(sum)
	if !ok {
		return trade.Price{}, fault.InvalidField("/taxes", "range", "must come to a sum of at most 18 digits")
	}
	general.Incl = &incl
	return general, nil
}

// defaultTax names a tax that nobody has named, as the specification does.
const defaultTax = "VAT"

// priceOf is the way back. Taxes that are not known one by one are one tax.
func priceOf(general *trade.Price) (*Price, error) {
	p := &Price{BeforeTaxes: new(general.Excl)}
	switch {
	case general.Taxes != nil:
		p.Taxes = make([]TaxAmount, len(general.Taxes))
		for i, t := range general.Taxes {
			p.Taxes[i] = TaxAmount{Name: t.Name, AccountNumber: t.Account, Percentage: t.Percentage, Amount: new(t.Amount)}
		}
	case general.Incl != nil:
		amount, ok := written(exact.Of(*general.Incl).Sub(exact.Of(general.Excl)))
		if !ok {
			return nil, fault.InvalidField("/taxes", "range", "must come to a sum of at most 18 digits")
		}
		p.Taxes = []TaxAmount{}
		if amount.Sign() != 0 {
			p.Taxes = append(p.Taxes, TaxAmount{Name: defaultTax, Amount: new(amount)})
		}
	}
	return p, nil
}

// written returns a sum of decimals with all its digits, four at least; false when they are too many.
func written(sum exact.Number) (decimal.Decimal, bool) {
	for places := 4; places <= decimal.MaxExponent; places++ {
		if d, err := money.Digits(sum, places); err == nil && exact.Of(d).Equal(sum) {
			return d, true
		}
	}
	return decimal.Decimal{}, false
}
