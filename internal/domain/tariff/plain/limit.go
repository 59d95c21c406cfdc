package plain

import (
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// sides returns the limits of both sides. When no tax applies, both are limits of one amount, and the closer one counts.
func sides(t *rating.Tariff) (least, greatest rating.Limit) {
	least, greatest = t.MinPrice, t.MaxPrice
	if t.TaxIncluded != rating.TaxNone {
		return least, greatest
	}
	return one(least, +1), one(greatest, -1)
}

// one makes one limit of both sides: the greater when sign is +1, the lesser when it is -1.
func one(l rating.Limit, sign int) rating.Limit {
	closer := l.Excl
	if closer == nil || l.Incl != nil && l.Incl.Cmp(*closer) == sign {
		closer = l.Incl
	}
	return rating.Limit{Excl: closer, Incl: closer}
}

// limit applies the least and the greatest price to both sides of a total, each by itself:
// "The total cost of a Charging Session before taxes can never be lower than the value of
// the min_price's before_taxes field", and so on. It tells which of them changed something.
func limit(before rating.Sum, t *rating.Tariff) (after rating.Sum, changed []rating.Side) {
	after = before
	least, greatest := sides(t)
	for _, l := range []struct {
		side  rating.Side
		total **exact.Number
		price *decimal.Decimal
		sign  int // of the total compared with a price that changes it
	}{
		{rating.MinExcl, &after.Excl, least.Excl, -1},
		{rating.MinIncl, &after.Incl, least.Incl, -1},
		{rating.MaxExcl, &after.Excl, greatest.Excl, +1},
		{rating.MaxIncl, &after.Incl, greatest.Incl, +1},
	} {
		price := number(l.price)
		if price != nil && *l.total != nil && (*l.total).Cmp(*price) == l.sign {
			*l.total, changed = price, append(changed, l.side)
		}
	}
	return after, changed
}

// limit adds the lines that bring the tariff's to its limits, at each rate.
func (b *bill) limit(before rating.Sum, t *rating.Tariff) {
	shares := b.shares(every)
	var whole exact.Number
	for _, s := range shares {
		whole = whole.Add(s.amount)
	}
	least, greatest := sides(t)
	if whole.Sign() == 0 {
		b.least(least, greatest)
		return
	}
	factor := exact.Int(1)
	if f, ok := lowest(least, before); ok {
		factor = factor.Max(f)
	}
	if f, ok := lowest(greatest, before); ok {
		factor = factor.Min(f)
	}
	for _, s := range shares {
		b.add(rating.Line{Kind: rating.FromLimit, Dimension: rating.Total, Quantity: exact.Int(1), VAT: s.rate}, s.amount.Mul(factor.Sub(exact.Int(1))))
	}
}

// lowest returns the lower of the factors that bring the sides of a total to a limit, false when
// it has none for a side that is known.
func lowest(l rating.Limit, before rating.Sum) (factor exact.Number, ok bool) {
	var factors []exact.Number
	if l.Excl != nil && before.Excl != nil {
		factors = append(factors, exact.Of(*l.Excl).Quo(*before.Excl))
	}
	if l.Incl != nil && before.Incl != nil {
		factors = append(factors, exact.Of(*l.Incl).Quo(*before.Incl))
	}
	if len(factors) == 0 {
		return exact.Number{}, false
	}
	return slices.MinFunc(factors, exact.Number.Cmp), true
}

// least adds the least price where there is nothing to scale: one line at the rate of the first, or of what names
// none, with the lowest of its sides and those of the greatest price.
func (b *bill) least(least, greatest rating.Limit) {
	rate := b.rate(nil)
	if len(b.lines) > 0 {
		rate = b.lines[0].VAT
	}
	amounts := b.inBasis(least, rate)
	if len(amounts) == 0 {
		return
	}
	amounts = append(amounts, b.inBasis(greatest, rate)...)
	b.add(rating.Line{Kind: rating.FromLimit, Dimension: rating.Total, Quantity: exact.Int(1), VAT: rate}, slices.MinFunc(amounts, exact.Number.Cmp))
}

// inBasis returns the sides of a limit as amounts of the tariff's basis, as far as the rate lets them be known.
func (b *bill) inBasis(l rating.Limit, rate *decimal.Decimal) []exact.Number {
	var amounts []exact.Number
	factor, known := b.factor(rate)
	own, other := number(l.Excl), number(l.Incl)
	if b.tax == rating.TaxYes {
		own, other = other, own
	}
	if own != nil {
		amounts = append(amounts, *own)
	}
	switch {
	case other == nil || !known:
	case b.tax == rating.TaxYes:
		amounts = append(amounts, other.Mul(factor))
	default:
		amounts = append(amounts, other.Quo(factor))
	}
	return amounts
}
