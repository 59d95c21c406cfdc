// Package ocpi221 holds the structures of OCPI 2.2.1, edition 2. See package ocpi for how they are read and written.
package ocpi221

import (
	"cmp"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
)

// Tariff is a tariff. Its prices exclude tax, always.
type Tariff struct {
	ocpi.Tariff
	MinPrice *Price         `json:"min_price,omitzero"`
	MaxPrice *Price         `json:"max_price,omitzero"`
	Unknown  jsontext.Value `json:",embed"` // fields beyond the specification, as an object
}

// Check implements [ocpi.Object].
func (t *Tariff) Check(r *ocpi.Report) {
	t.Tariff.Check(r)
	ocpi.Within(r, "min_price", t.MinPrice, (*Price).Check)
	ocpi.Within(r, "max_price", t.MaxPrice, (*Price).Check)
}

// Trade returns the tariff as all versions have it, or [fault.Invalid].
func (t *Tariff) Trade() (trade.Tariff, error) {
	if err := ocpi.Understand(t); err != nil {
		return trade.Tariff{}, err
	}
	general := t.Tariff.Trade()
	general.Prices.TaxIncluded = rating.TaxNo
	general.Prices.MinPrice = t.MinPrice.limit()
	general.Prices.MaxPrice = t.MaxPrice.limit()
	return general, nil
}

// TariffOf is the way back from [Tariff.Trade]; what this version cannot say, or breaks its rules, is [fault.Invalid].
//
// Where prices include tax they go out without it, rounded to four digits, and one of
// no known rate cannot go out. Where no tax applies no rate is named, and limits of price are for both sides. What a terminal
// holds on a card is left out.
func TariffOf(general *trade.Tariff) (*Tariff, error) {
	prices := &general.Prices
	least, greatest := prices.MinPrice, prices.MaxPrice
	if prices.TaxIncluded == rating.TaxNone {
		least, greatest = both(least, 1), both(greatest, -1)
	}
	t := &Tariff{Tariff: ocpi.TariffOf(general), MinPrice: limitOf(least), MaxPrice: limitOf(greatest)}
	for i := range t.Elements {
		for j := range t.Elements[i].PriceComponents {
			if err := exclude(&t.Elements[i].PriceComponents[j], prices.TaxIncluded); err != nil {
				return nil, fault.Below(fmt.Sprintf("/elements/%d/price_components/%d", i, j), err)
			}
		}
	}
	if err := ocpi.Check(t); err != nil {
		return nil, err
	}
	return t, nil
}

// both returns a limit with the side that binds, the greater one (order 1) or the lesser, for both: without tax they are limits of
// one amount, but this version cannot say that there is no tax.
func both(l rating.Limit, order int) rating.Limit {
	binding := cmp.Or(l.Excl, l.Incl)
	if l.Incl != nil && l.Incl.Cmp(*binding) == order {
		binding = l.Incl
	}
	return rating.Limit{Excl: binding, Incl: binding}
}

// exclude takes the tax out of a price.
func exclude(c *ocpi.PriceComponent, included rating.TaxIncluded) error {
	switch included {
	case rating.TaxNone:
		c.VAT = nil
	case rating.TaxYes:
		if c.VAT == nil {
			return fault.InvalidField("/vat", "required", "must be known, for OCPI 2.2.1 has prices without tax only")
		}
		hundred := exact.Int(100)
		net, err := money.Digits(exact.Of(*c.Price).Mul(hundred).Quo(hundred.Add(exact.Of(*c.VAT))), digits)
		if err != nil {
			return fault.InvalidField("/price", "range", "must have at most 14 digits before the point")
		}
		c.Price = &net
	}
	return nil
}

// digits is how many digits an amount has after the point: OCPI's types, number.
const digits = 4

// Price is an amount, or a limit, with and without tax.
type Price struct {
	ExclVAT *decimal.Decimal `json:"excl_vat,omitzero"`
	InclVAT *decimal.Decimal `json:"incl_vat,omitzero"`
	Unknown jsontext.Value   `json:",embed"`
}

// Check implements [ocpi.Object].
func (p *Price) Check(r *ocpi.Report) {
	r.Number("excl_vat", p.ExclVAT)
	r.OptionalNumber("incl_vat", p.InclVAT)
}

func (p *Price) limit() rating.Limit {
	if p == nil {
		return rating.Limit{}
	}
	return rating.Limit{Excl: p.ExclVAT, Incl: p.InclVAT}
}

func limitOf(l rating.Limit) *Price {
	if l == (rating.Limit{}) {
		return nil
	}
	return &Price{ExclVAT: l.Excl, InclVAT: l.Incl}
}
