package swift

import (
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// taxRate is a rate of tax.
type taxRate struct {
	shown  *decimal.Decimal // as the tariff writes it; nil: not known, or none applies
	value  fixed            // per cent
	factor ratio            // from net to gross
}

// unknownRate is the index of the rate that is not known; when no tax applies it stands for none.
const unknownRate = 0

func newRate(d *decimal.Decimal, value fixed) taxRate {
	const percent = 100
	return taxRate{d, value, whole(1).add(value.ratio().quo(whole(percent)))}
}

// accounts add up lines by their rate of tax.
type accounts struct {
	basis rating.TaxIncluded
	rates []taxRate
	usual int // the rate of what names none
	sums  []tally
	order []int // of rates, rising, the unknown one last
}

// tally is what the lines at a rate have come to, in the tariff's basis.
type tally struct {
	used    bool
	all     ratio
	by      [6]ratio // by dimension
	session ratio    // FLAT, TIME and TOTAL of the session
}

// indexOf returns where tally.by has a dimension.
func indexOf(d rating.Dimension) int {
	return slices.Index([]rating.Dimension{rating.Flat, rating.Energy, rating.Time, rating.ParkingTime, rating.Idle, rating.Total}, d)
}

// rateOf returns the index of a rate of tax.
func (a *accounts) rateOf(d *decimal.Decimal, value fixed) int {
	if a.basis == rating.TaxNone {
		return unknownRate
	}
	for i := 1; i < len(a.rates); i++ {
		if a.rates[i].value == value {
			return i
		}
	}
	a.rates = append(a.rates, newRate(d, value))
	return len(a.rates) - 1
}

// open makes room for the sums, once all rates are known.
func (a *accounts) open() {
	a.sums = make([]tally, len(a.rates))
	a.order = make([]int, len(a.rates))
	for i := range a.order {
		a.order[i] = i
	}
	slices.SortFunc(a.order, func(i, j int) int {
		switch {
		case i == j:
			return 0
		case i == unknownRate:
			return 1
		case j == unknownRate:
			return -1
		}
		return a.rates[i].value.cmp(a.rates[j].value)
	})
}

// book adds a line's amount.
func (a *accounts) book(phase rating.Phase, d rating.Dimension, rate int, amount ratio) {
	t := &a.sums[rate]
	t.used = true
	t.all = t.all.add(amount)
	i := indexOf(d)
	t.by[i] = t.by[i].add(amount)
	if phase == rating.InSession && (d == rating.Flat || d == rating.Time || d == rating.Total) {
		t.session = t.session.add(amount)
	}
}

// amount is what a line comes to on both sides of tax.
type amount struct {
	excl, incl ratio
	known      [2]bool
}

// both returns an amount of the tariff's basis with its other side.
func (a *accounts) both(basis ratio, rate int) amount {
	switch {
	case a.basis == rating.TaxNone:
		return amount{basis, basis, [2]bool{true, true}}
	case a.basis == rating.TaxYes && rate == unknownRate:
		return amount{incl: basis, known: [2]bool{false, true}}
	case a.basis == rating.TaxYes:
		return amount{basis.quo(a.rates[rate].factor), basis, [2]bool{true, true}}
	case rate == unknownRate:
		return amount{excl: basis, known: [2]bool{true, false}}
	}
	return amount{basis, basis.mul(a.rates[rate].factor), [2]bool{true, true}}
}

// sum returns an amount as others know it.
func (a amount) sum() rating.Sum {
	var s rating.Sum
	if a.known[0] {
		s.Excl = shown(a.excl)
	}
	if a.known[1] {
		s.Incl = shown(a.incl)
	}
	return s
}

func shown(r ratio) *exact.Number {
	n := r.number()
	return &n
}

// due adds up, at each rate, what the lines have come to. A side that one of them does not know is not known.
func (a *accounts) due() amount {
	sum := amount{known: [2]bool{true, true}}
	for rate := range a.sums {
		if t := &a.sums[rate]; t.used {
			of := a.both(t.all, rate)
			sum.excl, sum.incl = sum.excl.add(of.excl), sum.incl.add(of.incl)
			sum.known[0], sum.known[1] = sum.known[0] && of.known[0], sum.known[1] && of.known[1]
		}
	}
	return sum
}
