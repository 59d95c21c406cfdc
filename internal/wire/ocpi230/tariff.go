// Package ocpi230 holds the structures of OCPI 2.3.0, edition 2. See package ocpi for how they are read and written.
package ocpi230

import (
	"cmp"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
)

// Tariff is a tariff.
type Tariff struct {
	ocpi.Tariff
	TaxIncluded        string           `json:"tax_included,omitzero"`
	MinPrice           *PriceLimit      `json:"min_price,omitzero"`
	MaxPrice           *PriceLimit      `json:"max_price,omitzero"`
	PreauthorizeAmount *decimal.Decimal `json:"preauthorize_amount,omitzero"`
	Unknown            jsontext.Value   `json:",embed"` // fields beyond the specification, as an object
}

// Check implements [ocpi.Object]. Tolerated is a tariff that does not say whether its prices
// include tax, as that in the specification's own CDR: then they do not, as in the versions before.
func (t *Tariff) Check(r *ocpi.Report) {
	t.Tariff.Check(r)
	r.Require("tax_included", t.TaxIncluded != "" || !r.Strict())
	r.OneOf("tax_included", t.TaxIncluded, "YES", "NO", "N/A")
	ocpi.Within(r, "min_price", t.MinPrice, (*PriceLimit).Check)
	ocpi.Within(r, "max_price", t.MaxPrice, (*PriceLimit).Check)
	r.OptionalNumber("preauthorize_amount", t.PreauthorizeAmount)
}

// Trade returns the tariff as all versions have it, or [fault.Invalid].
func (t *Tariff) Trade() (trade.Tariff, error) {
	if err := ocpi.Understand(t); err != nil {
		return trade.Tariff{}, err
	}
	general := t.Tariff.Trade()
	general.Prices.TaxIncluded = cmp.Or(rating.TaxIncluded(t.TaxIncluded), rating.TaxNo)
	general.Prices.MinPrice = t.MinPrice.limit()
	general.Prices.MaxPrice = t.MaxPrice.limit()
	general.Preauthorize = t.PreauthorizeAmount
	return general, nil
}

// TariffOf is the way back from [Tariff.Trade]; what breaks this version's rules is [fault.Invalid].
func TariffOf(general *trade.Tariff) (*Tariff, error) {
	prices := &general.Prices
	t := &Tariff{
		Tariff:             ocpi.TariffOf(general),
		TaxIncluded:        string(prices.TaxIncluded),
		MinPrice:           limitOf(prices.MinPrice, prices.TaxIncluded),
		MaxPrice:           limitOf(prices.MaxPrice, prices.TaxIncluded),
		PreauthorizeAmount: general.Preauthorize,
	}
	if err := ocpi.Check(t); err != nil {
		return nil, err
	}
	return t, nil
}

// PriceLimit is a least or a greatest price.
type PriceLimit struct {
	BeforeTaxes *decimal.Decimal `json:"before_taxes,omitzero"`
	AfterTaxes  *decimal.Decimal `json:"after_taxes,omitzero"`
	Unknown     jsontext.Value   `json:",embed"`
}

// Check implements [ocpi.Object].
func (p *PriceLimit) Check(r *ocpi.Report) {
	r.Number("before_taxes", p.BeforeTaxes)
	r.OptionalNumber("after_taxes", p.AfterTaxes)
}

func (p *PriceLimit) limit() rating.Limit {
	if p == nil {
		return rating.Limit{}
	}
	return rating.Limit{Excl: p.BeforeTaxes, Incl: p.AfterTaxes}
}

// limitOf needs the amount before taxes, which is that after them where there are none.
func limitOf(l rating.Limit, included rating.TaxIncluded) *PriceLimit {
	if l == (rating.Limit{}) {
		return nil
	}
	if l.Excl == nil && included == rating.TaxNone {
		l.Excl = l.Incl
	}
	return &PriceLimit{BeforeTaxes: l.Excl, AfterTaxes: l.Incl}
}
