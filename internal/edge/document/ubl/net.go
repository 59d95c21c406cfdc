package ubl

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
)

// netLines returns the net of each line in minor units. Lines that include tax
// share the net of their rate: each gets its own net rounded down, and what is left goes unit by unit to
// those that lost most, the first of equals first. So each is less than a unit from its exact
// net, and their sum is the net of the rate.
func netLines(d *billing.Document) ([]int64, error) {
	net := make([]int64, len(d.Lines))
	if !d.Gross {
		for i := range d.Lines {
			net[i] = d.Lines[i].Amount
		}
		return net, nil
	}
	for _, t := range d.Taxes {
		factor := exact.Int(100).Quo(exact.Int(100).Add(exact.Of(t.Rate)))
		left := t.Taxable
		type rest struct {
			line int
			lost exact.Number
		}
		var rests []rest
		for i := range d.Lines {
			if d.Lines[i].VAT.Cmp(t.Rate) != 0 {
				continue
			}
			own := exact.Int(d.Lines[i].Amount).Mul(factor)
			floor, err := down(own)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i, err)
			}
			net[i] = floor
			left -= floor
			rests = append(rests, rest{i, own.Sub(exact.Int(floor))})
		}
		if left < 0 || left > int64(len(rests)) {
			return nil, fmt.Errorf("the net at %s %% is %d minor units away from its lines", t.Rate, left)
		}
		slices.SortStableFunc(rests, func(a, b rest) int { return cmp.Or(b.lost.Cmp(a.lost), cmp.Compare(a.line, b.line)) })
		for _, r := range rests[:left] {
			net[r.line]++
		}
	}
	return net, nil
}

var errRange = errors.New("an amount is out of range")

// down rounds towards less.
func down(n exact.Number) (int64, error) {
	p, q := n.Ratio()
	p.Div(p, q) // Euclidean: q is positive, so this is the floor
	if !p.IsInt64() {
		return 0, errRange
	}
	return p.Int64(), nil
}

// plain writes a number as a decimal with all its digits, or with twelve when it has no end.
func plain(n exact.Number) string {
	const most = 12
	p, q := n.Ratio()
	text := new(big.Rat).SetFrac(p, q).FloatString(most)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// price returns quantity and price of a line, such that their product is its net
// amount: the price of the document while that is so (its net, with six digits, when it includes
// tax), else the line's amount for its whole quantity. A negative amount is a negative quantity: no
// price is negative (BR-27).
func (w *writer) price(l *billing.Line, net int64) (*quantity, price, error) {
	unit, err := unitCode(l.Unit)
	if err != nil {
		return nil, price{}, err
	}
	currency := string(w.d.Currency)
	volume, total := magnitude(exact.Of(l.Quantity)), magnitude(money.Of(net, w.d.Currency).Exact())
	if volume.Sign() == 0 && total.Sign() != 0 {
		volume = exact.Int(1)
	}
	count := &quantity{unit, plain(volume)}
	if net < 0 {
		count.Value = "-" + count.Value
	}
	if l.Price != nil {
		const places = 6
		each := magnitude(exact.Of(*l.Price))
		if w.d.Gross {
			each = each.Mul(exact.Int(100)).Quo(exact.Int(100).Add(exact.Of(l.VAT)))
		}
		digits, err := money.Digits(each, places)
		if err != nil {
			return nil, price{}, err
		}
		near := exact.Fraction(1, 100) // half of what PEPPOL-EN16931-R120 bears
		off := magnitude(exact.Of(digits).Mul(volume).Sub(total))
		if off.Cmp(near) <= 0 {
			return count, price{Amount: amount{currency, plain(exact.Of(digits))}}, nil
		}
	}
	if volume.Equal(exact.Int(1)) || volume.Sign() == 0 {
		return count, price{Amount: amount{currency, plain(total)}}, nil
	}
	return count, price{amount{currency, plain(total)}, &quantity{unit, plain(volume)}}, nil
}

func magnitude(n exact.Number) exact.Number { return n.Max(n.Neg()) }

// unitCode returns the code of a unit in UNECE's recommendation 20.
func unitCode(u billing.Unit) (string, error) {
	switch u {
	case billing.KilowattHour:
		return "KWH", nil
	case billing.Hour:
		return "HUR", nil
	case billing.Minute:
		return "MIN", nil
	case billing.Piece:
		return "C62", nil
	}
	return "", fmt.Errorf("no unit: %q", u)
}
