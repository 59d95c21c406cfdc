package plain

import (
	"math/big"
	"slices"
	"strings"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// bill grows line by line.
type bill struct {
	tax      rating.TaxIncluded
	fallback *decimal.Decimal // the rate of what names none; nil: not known
	lines    []rating.Line
}

// charge adds the line of one component of the tariff.
func (b *bill) charge(t tally, component rating.Component) {
	amount := t.volume.Mul(exact.Of(component.Price))
	if t.dimension == rating.Time || t.dimension == rating.ParkingTime {
		const secondsPerHour = 3600
		amount = amount.Quo(exact.Int(secondsPerHour))
	}
	rate := b.rate(component.VAT)
	b.lines = append(b.lines, rating.Line{
		Kind: rating.FromTariff, Phase: t.phase, Dimension: t.dimension, Element: t.element,
		Quantity: t.volume, Price: &component.Price, VAT: rate, Sum: b.sum(amount, rate),
	})
}

// rate returns the rate of tax, in per cent, of something that names one or not; nil: not
// known, or none applies.
func (b *bill) rate(named *decimal.Decimal) *decimal.Decimal {
	switch {
	case b.tax == rating.TaxNone:
		return nil
	case named != nil:
		return named
	}
	return b.fallback
}

// factor returns 1 + rate, false when it is not known.
func (b *bill) factor(rate *decimal.Decimal) (factor exact.Number, known bool) {
	const perCent = 100
	switch {
	case b.tax == rating.TaxNone:
		return exact.Int(1), true
	case rate == nil:
		return exact.Number{}, false
	}
	return exact.Of(*rate).Quo(exact.Int(perCent)).Add(exact.Int(1)), true
}

// sum returns both sides of an amount that is in the tariff's basis.
func (b *bill) sum(amount exact.Number, rate *decimal.Decimal) rating.Sum {
	factor, known := b.factor(rate)
	if b.tax == rating.TaxYes {
		sum := rating.Sum{Incl: &amount}
		if known {
			net := amount.Quo(factor)
			sum.Excl = &net
		}
		return sum
	}
	sum := rating.Sum{Excl: &amount}
	if known {
		gross := amount.Mul(factor)
		sum.Incl = &gross
	}
	return sum
}

// basis returns the side of a line that the tariff's prices are.
func (b *bill) basis(line *rating.Line) exact.Number {
	if b.tax == rating.TaxYes {
		return *line.Sum.Incl
	}
	return *line.Sum.Excl
}

// total adds up lines; a side that one of them does not know is not known.
func total(lines []rating.Line) rating.Sum {
	excl, incl := &exact.Number{}, &exact.Number{}
	for i := range lines {
		excl, incl = plus(excl, lines[i].Sum.Excl), plus(incl, lines[i].Sum.Incl)
	}
	return rating.Sum{Excl: excl, Incl: incl}
}

func plus(a, b *exact.Number) *exact.Number {
	if a == nil || b == nil {
		return nil
	}
	sum := a.Add(*b)
	return &sum
}

// share is what lines of one rate of tax come to, in the tariff's basis.
type share struct {
	rate   *decimal.Decimal // per cent; nil: not known, or none applies
	amount exact.Number
}

// shares adds up the lines that are wanted, by rate: rising, the unknown one last.
func (b *bill) shares(wanted func(*rating.Line) bool) []share {
	var shares []share
	for i := range b.lines {
		line := &b.lines[i]
		if !wanted(line) {
			continue
		}
		at := slices.IndexFunc(shares, func(s share) bool { return compare(s.rate, line.VAT) == 0 })
		if at < 0 {
			at = len(shares)
			shares = append(shares, share{rate: line.VAT})
		}
		shares[at].amount = shares[at].amount.Add(b.basis(line))
	}
	slices.SortFunc(shares, func(x, y share) int { return compare(x.rate, y.rate) })
	return shares
}

// compare orders rates; none is after all.
func compare(a, b *decimal.Decimal) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return exact.Of(*a).Cmp(exact.Of(*b))
}

func every(*rating.Line) bool { return true }

func of(dimension rating.Dimension) func(*rating.Line) bool {
	return func(line *rating.Line) bool { return line.Dimension == dimension }
}

// add adds a line beyond the tariff's, unless it comes to nothing. It does not take
// the sum at its rate below 0.
func (b *bill) add(line rating.Line, amount exact.Number) {
	var sum exact.Number
	for _, s := range b.shares(every) {
		if compare(s.rate, line.VAT) == 0 {
			sum = s.amount
		}
	}
	amount = amount.Max(sum.Neg())
	if amount.Sign() == 0 {
		return
	}
	line.Phase, line.Element, line.Sum = rating.InSession, -1, b.sum(amount, line.VAT)
	b.lines = append(b.lines, line)
}

// written writes a number without trailing zeros.
func written(n exact.Number) decimal.Decimal {
	p, q := n.Ratio()
	places := int64(0)
	for power := big.NewInt(1); new(big.Int).Mod(power, q).Sign() != 0; places++ {
		power.Mul(power, big.NewInt(10))
	}
	digits := p.Mul(p, new(big.Int).Exp(big.NewInt(10), big.NewInt(places), nil)).Quo(p, q).String()
	if places > 0 {
		digits = strings.Repeat("0", max(0, int(places)+1-len(digits))) + digits
		digits = digits[:len(digits)-int(places)] + "." + digits[len(digits)-int(places):]
	}
	d, err := decimal.Parse(digits)
	if err != nil {
		panic("plain: a rate of tax that was read is no number: " + digits)
	}
	return d
}
