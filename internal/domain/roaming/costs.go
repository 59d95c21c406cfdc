package roaming

import (
	"cmp"
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// price puts the costs into the CDR.
func price(c *trade.CDR, tax Tax, q *rating.Question, a *rating.Answer) error {
	p := pricer{tax: tax, none: q.Tariff.TaxIncluded == rating.TaxNone}
	total := p.price(a.Total, a.Lines, len(a.Limits) > 0)
	for _, part := range []struct {
		cost **trade.Price
		of   func(*rating.Line) bool
	}{
		{&c.ReservationCost, func(l *rating.Line) bool { return l.Phase == rating.InReservation }},
		{&c.FixedCost, inSession(rating.Flat)},
		{&c.EnergyCost, inSession(rating.Energy)},
		{&c.TimeCost, inSession(rating.Time)},
		{&c.ParkingCost, inSession(rating.ParkingTime)},
	} {
		lines := slices.DeleteFunc(slices.Clone(a.Lines), func(l rating.Line) bool { return !part.of(&l) })
		if len(lines) > 0 {
			*part.cost = p.price(sum(lines), lines, false)
		}
	}
	if p.err != nil {
		return p.err
	}
	c.Total = *total
	return nil
}

func inSession(dimension rating.Dimension) func(*rating.Line) bool {
	return func(l *rating.Line) bool { return l.Phase == rating.InSession && l.Dimension == dimension }
}

// sum adds lines up.
func sum(lines []rating.Line) rating.Sum {
	s := rating.Sum{Excl: new(exact.Number), Incl: new(exact.Number)}
	for i := range lines {
		s.Excl, s.Incl = plus(s.Excl, lines[i].Sum.Excl), plus(s.Incl, lines[i].Sum.Incl)
	}
	return s
}

// plus adds numbers that are known.
func plus(a, b *exact.Number) *exact.Number {
	if a == nil || b == nil {
		return nil
	}
	c := a.Add(*b)
	return &c
}

// pricer makes prices of sums, until something is wrong.
type pricer struct {
	tax  Tax
	none bool // no tax applies
	err  error
}

// price returns a sum rounded to four digits, with the taxes of the lines that it comes from. When a limit
// has moved the sum, its tax is of no rate any more.
func (p *pricer) price(s rating.Sum, lines []rating.Line, limited bool) *trade.Price {
	if s.Excl == nil {
		p.err = cmp.Or[error](p.err, fault.InvalidField("/total_cost", "required", "must be known before taxes, and a rate of tax is not"))
		return nil
	}
	made := &trade.Price{Excl: p.round(*s.Excl)}
	if s.Incl == nil {
		return made
	}
	incl := p.round(*s.Incl)
	made.Incl, made.Taxes = &incl, []trade.Tax{}
	if !limited && !p.none {
		made.Taxes = p.byRate(*s.Excl, lines)
	} else if tax := exact.Of(incl).Sub(exact.Of(made.Excl)); tax.Sign() != 0 {
		made.Taxes = p.append(made.Taxes, nil, tax)
	}
	return made
}

// byRate returns the tax of each rate among lines, by rising rate. They are rounded as parts of the way from
// the sum without them, excl, to that with all, so that they come to what is between these two.
func (p *pricer) byRate(excl exact.Number, lines []rating.Line) []trade.Tax {
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(a, b rating.Line) int { return a.VAT.Cmp(*b.VAT) })
	taxes := []trade.Tax{}
	running := excl
	for i := 0; i < len(lines); {
		before, rate := p.round(running), lines[i].VAT
		for ; i < len(lines) && lines[i].VAT.Cmp(*rate) == 0; i++ {
			running = running.Add(*lines[i].Sum.Incl).Sub(*lines[i].Sum.Excl)
		}
		taxes = p.append(taxes, rate, exact.Of(p.round(running)).Sub(exact.Of(before)))
	}
	return taxes
}

func (p *pricer) append(taxes []trade.Tax, rate *decimal.Decimal, amount exact.Number) []trade.Tax {
	return append(taxes, trade.Tax{
		Name: cmp.Or(p.tax.Name, "VAT"), Account: p.tax.Account, Percentage: rate, Amount: p.round(amount),
	})
}

func (p *pricer) round(n exact.Number) decimal.Decimal {
	d, err := money.Digits(n, digits)
	p.err = cmp.Or(p.err, err)
	return d
}
