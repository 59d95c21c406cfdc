package swift

import "pylon/internal/kernel/rating"

// price makes the lines of the tariff.
func (b *bill) price() {
	b.open()
	b.a.Lines = make([]rating.Line, len(b.volumes))
	for i := range b.volumes {
		v := &b.volumes[i]
		rate := v.price.rate
		if rate == byDefault {
			rate = b.usual
		}
		quantity := v.sum.ratio()
		amount := quantity.mul(v.price.price)
		dim := dimensionName(v.dim)
		b.book(v.phase, dim, rate, amount)
		b.a.Lines[i] = rating.Line{
			Kind: rating.FromTariff, Phase: v.phase, Dimension: dim, Element: v.element,
			Quantity: quantity.number(), Price: &v.price.of.Price, VAT: b.rates[rate].shown, Sum: b.both(amount, rate).sum(),
		}
		b.amounts = append(b.amounts, charged{rate, amount})
		b.tellLine(i, quantity, amount)
	}
	b.before = b.due()
	b.total = b.before
	b.a.Before = b.before.sum()
	b.tellSum()
}

// extra adds a line of a limit or an adjustment, unless it comes to nothing. What would take the sum at its
// rate below 0 is cut.
func (b *bill) extra(l rating.Line, rate int, quantity, amount ratio) {
	if least := b.sums[rate].all.neg(); amount.sign() < 0 && amount.cmp(least) < 0 {
		b.tellCut(l.ID, amount, least)
		amount = least
	}
	if amount.sign() == 0 {
		return
	}
	l.Phase, l.Element, l.VAT, l.Quantity = rating.InSession, -1, b.rates[rate].shown, quantity.number()
	l.Sum = b.both(amount, rate).sum()
	b.book(l.Phase, l.Dimension, rate, amount)
	b.a.Extras = append(b.a.Extras, l)
	b.amounts = append(b.amounts, charged{rate, amount})
	b.tellExtra(quantity, amount)
}

// charged is a line's amount at its rate, in the tariff's basis.
type charged struct {
	rate   int
	amount ratio
}

// limit holds the tariff's least and greatest price against the total.
func (b *bill) limit() {
	low, high := b.c.min, b.c.max
	if b.basis == rating.TaxNone { // one amount, whatever it is called
		low.excl, high.excl = greater(low.excl, low.incl), lesser(high.excl, high.incl)
		low.incl, high.incl = low.excl, high.excl
	}
	if !b.expired() {
		b.raise(&b.total.excl, b.total.known[0], low.excl, rating.MinExcl)
		b.raise(&b.total.incl, b.total.known[1], low.incl, rating.MinIncl)
		b.lower(&b.total.excl, b.total.known[0], high.excl, rating.MaxExcl)
		b.lower(&b.total.incl, b.total.known[1], high.incl, rating.MaxIncl)
	}
	b.a.Total = b.total.sum()
	if len(b.a.Limits) == 0 {
		return
	}
	if b.before.excl.sign() == 0 && b.before.incl.sign() == 0 {
		b.least(low, high)
		return
	}
	b.scale(low, high)
}

func greater(a, b *ratio) *ratio {
	if a == nil || b != nil && b.cmp(*a) > 0 {
		return b
	}
	return a
}

func lesser(a, b *ratio) *ratio {
	if a == nil || b != nil && b.cmp(*a) < 0 {
		return b
	}
	return a
}

func (b *bill) raise(total *ratio, known bool, least *ratio, side rating.Side) {
	if known && above(least, total) {
		b.tellLimit(side, *least, *total)
		*total = *least
		b.a.Limits = append(b.a.Limits, side)
	}
}

func (b *bill) lower(total *ratio, known bool, most *ratio, side rating.Side) {
	if known && above(total, most) {
		b.tellLimit(side, *most, *total)
		*total = *most
		b.a.Limits = append(b.a.Limits, side)
	}
}

// least makes the line of a least price that stands alone: the lines have come to 0.
func (b *bill) least(low, high sides) {
	rate := b.usual
	if len(b.amounts) > 0 {
		rate = b.amounts[0].rate
	}
	least := lesser(b.toBasis(low.excl, rate, rating.TaxNo), b.toBasis(low.incl, rate, rating.TaxYes))
	if least == nil {
		return
	}
	most := lesser(b.toBasis(high.excl, rate, rating.TaxNo), b.toBasis(high.incl, rate, rating.TaxYes))
	b.extra(rating.Line{Kind: rating.FromLimit, Dimension: rating.Total}, rate, whole(1), *lesser(least, most))
}

// toBasis returns one side of an amount in the tariff's basis; nil when it cannot be told.
func (b *bill) toBasis(side *ratio, rate int, basis rating.TaxIncluded) *ratio {
	if side == nil || b.basis == basis || b.basis == rating.TaxNone {
		return side
	}
	if rate == unknownRate {
		return nil
	}
	turned := side.mul(b.rates[rate].factor)
	if basis == rating.TaxYes {
		turned = side.quo(b.rates[rate].factor)
	}
	return &turned
}

// scale makes a line for each rate, of what brings all to the limit.
func (b *bill) scale(low, high sides) {
	factor := whole(1)
	if f := b.factor(low); f != nil {
		factor = factor.max(*f)
	}
	if f := b.factor(high); f != nil {
		factor = factor.min(*f)
	}
	b.tellFactor(factor)
	change := factor.sub(whole(1))
	for _, rate := range b.order {
		if b.sums[rate].used {
			b.extra(rating.Line{Kind: rating.FromLimit, Dimension: rating.Total}, rate, whole(1), b.sums[rate].all.mul(change))
		}
	}
}

// factor returns the lower of those that bring each side to its limit; nil when no side has one.
func (b *bill) factor(limit sides) *ratio {
	of := func(limit *ratio, before ratio, known bool) *ratio {
		if limit == nil || !known {
			return nil
		}
		f := limit.quo(before)
		return &f
	}
	return lesser(of(limit.excl, b.before.excl, b.before.known[0]), of(limit.incl, b.before.incl, b.before.known[1]))
}
