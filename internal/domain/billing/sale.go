package billing

import (
	"math/big"
	"slices"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// Sale returns what the books get of the bill: net sums by class of income, and
// taxes.
func (b *Bill) Sale() ledger.Sale { return saleOf(&b.Document, b.Country) }

// saleOf returns a document's sums by class of income, net, and its taxes, to
// the minor unit: what the books get is what the document says.
//
// Of gross lines, the net of a rate is shared among its lines by their amounts.
// What is of no dimension, such as a voucher, is shared among the classes that
// its rate has.
func saleOf(d *Document, country string) ledger.Sale {
	s := ledger.Sale{Income: map[ledger.Class]int64{}}
	for _, t := range d.Taxes {
		s.Taxes = append(s.Taxes, ledger.Tax{Country: country, Rate: t.Rate, Amount: t.Tax})
		var classes []ledger.Class // in the order of their first line
		var sums []int64
		for i := range d.Lines {
			l := &d.Lines[i]
			if !sameRate(d, &t, l) {
				continue
			}
			class, own := classOf(l.Item)
			if !own {
				continue
			}
			at := slices.Index(classes, class)
			if at < 0 {
				at = len(classes)
				classes, sums = append(classes, class), append(sums, 0)
			}
			sums[at] += l.Amount
		}
		if len(classes) == 0 { // nothing but a fee of the whole, such as a least price of a session without lines
			classes, sums = []ledger.Class{ledger.Fixed}, []int64{1}
		}
		for i, part := range share(t.Taxable, sums) {
			s.Income[classes[i]] += part
		}
	}
	for class, sum := range s.Income {
		if sum == 0 {
			delete(s.Income, class)
		}
	}
	return s
}

// sameRate reports whether a line is taxed at a rate. Where no tax applies there
// is one rate for all.
func sameRate(d *Document, t *rating.Tax, l *Line) bool {
	return exact.Of(l.VAT).Equal(exact.Of(t.Rate)) || len(d.Taxes) == 1 && t.Rate.Sign() == 0
}

// classOf returns the class of income that an item is, and whether it is one: what
// changes the price of the whole is none.
func classOf(i Item) (class ledger.Class, own bool) {
	switch i {
	case ItemEnergy, ItemAllowance, ItemSolar:
		return ledger.Energy, true
	case ItemTime:
		return ledger.Time, true
	case ItemParking, ItemIdle:
		return ledger.Parking, true
	case ItemFixed, ItemSurcharge:
		return ledger.Fixed, true
	case ItemReservation:
		return ledger.Reservation, true
	case ItemSubscription:
		return ledger.Subscription, true
	case ItemPriceLimit, ItemDiscount, ItemVoucher, ItemCap, ItemForgiven, ItemRounding:
	case ItemHostShare, ItemHostFixed, ItemHostLeast: // no income
	}
	return "", false
}

// share divides a sum in proportion to weights, to the unit and without rest: what
// is left over by rounding down goes to the largest remainders, of equal ones to the first. Weights
// below 0 count as 0; when there is no other, the first gets all.
func share(sum int64, weights []int64) []int64 {
	var whole int64
	for _, w := range weights {
		whole += max(0, w)
	}
	parts := make([]int64, len(weights))
	if whole == 0 {
		parts[0] = sum
		return parts
	}
	type rest struct {
		part int
		of   *big.Int
	}
	var rests []rest
	left := sum
	for i, w := range weights {
		product := new(big.Int).Mul(big.NewInt(sum), big.NewInt(max(0, w)))
		quotient, of := new(big.Int).DivMod(product, big.NewInt(whole), new(big.Int)) // rounds down, for a negative sum, too
		parts[i] = quotient.Int64()
		left -= parts[i]
		rests = append(rests, rest{i, of})
	}
	slices.SortStableFunc(rests, func(a, b rest) int { return b.of.Cmp(a.of) })
	for i := range left { // fewer than there are parts
		parts[rests[i].part]++
	}
	return parts
}
