package swift

import (
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

// rule makes the lines of an adjustment.
type rule func() error

func (b *bill) adjust() error {
	for i, rule := range b.rules {
		lines := len(b.a.Extras)
		if err := rule(); err != nil {
			return err
		}
		if len(b.a.Extras) == lines && b.q.Adjustments[i].Short == nil { // hardly any session is short, and nobody asks
			b.tellNoEffect(b.q.Adjustments[i].ID)
		}
	}
	return nil
}

// readAdjustment checks an adjustment and prepares its rule.
func (b *bill) readAdjustment(i int) error {
	a := &b.q.Adjustments[i]
	r := reader{bill: b, a: a, pointer: at("/adjustments", i, ""), rate: b.usual}
	set := 0
	for _, is := range []bool{
		a.Idle != nil, a.Spot != nil, a.Solar != nil, a.Percent != nil, a.Surcharge != nil,
		a.Credit != nil, a.Allowance != nil, a.Cap != nil, a.Short != nil,
	} {
		if is {
			set++
		}
	}
	if set != 1 {
		return invalid(r.pointer, "not_one", "must be exactly one of idle, spot, solar, percent, surcharge, credit, allowance, cap and short")
	}
	if a.VAT != nil {
		if value := r.notNegative(*a.VAT, "/vat"); r.err == nil {
			r.rate = b.rateOf(a.VAT, value)
		}
	}
	if made := r.read(); r.err == nil {
		b.rules[i] = made
	}
	return r.err
}

// reader reads one adjustment; the first mistake stays.
type reader struct {
	*bill
	a       *rating.Adjustment
	pointer string
	rate    int
	err     error
}

func (r *reader) fail(below, code, detail string) {
	if r.err == nil {
		r.err = invalid(r.pointer+below, code, detail)
	}
}

func (r *reader) number(d decimal.Decimal, below string) fixed {
	f, err := number(d, func() string { return r.pointer + below })
	if r.err == nil {
		r.err = err
	}
	return f
}

func (r *reader) notNegative(d decimal.Decimal, below string) fixed {
	f := r.number(d, below)
	if f.sign() < 0 {
		r.fail(below, "negative", "must not be negative")
	}
	return f
}

func (r *reader) optional(d *decimal.Decimal, below string) *ratio {
	if d == nil {
		return nil
	}
	n := r.number(*d, below).ratio()
	return &n
}

// line returns a line of the adjustment, to be filled.
func (r *reader) line(d rating.Dimension) rating.Line {
	return rating.Line{Kind: rating.FromAdjustment, ID: r.a.ID, Dimension: d}
}

func (r *reader) read() rule {
	switch a := r.a; {
	case a.Idle != nil:
		return r.idle(a.Idle)
	case a.Spot != nil:
		return r.spot(a.Spot)
	case a.Solar != nil:
		return r.solar(a.Solar)
	case a.Percent != nil:
		return r.percent(a.Percent)
	case a.Surcharge != nil:
		return r.surcharge(a.Surcharge)
	case a.Credit != nil:
		return r.credit(a.Credit)
	case a.Allowance != nil:
		return r.allowance(a.Allowance)
	case a.Cap != nil:
		return r.cap(a.Cap)
	default:
		return r.short(a.Short)
	}
}

func positive(r ratio) ratio {
	if r.sign() < 0 {
		return ratio{}
	}
	return r
}

// share takes an amount off, in proportion to what counts at each rate, and at most that.
func (r *reader) share(l rating.Line, take ratio, counts func(*tally) ratio) {
	var all ratio
	for i := range r.sums {
		all = all.add(positive(counts(&r.sums[i])))
	}
	if take = take.min(all); take.sign() <= 0 {
		return
	}
	part := take.quo(all)
	for _, rate := range r.order {
		r.extra(l, rate, whole(1), positive(counts(&r.sums[rate])).mul(part).neg())
	}
}

func everything(t *tally) ratio { return t.all }

func energies(t *tally) ratio { return t.by[energy] }

func (r *reader) percent(p *rating.Percent) rule {
	const percent = 100
	part := r.number(p.Rate, "/percent/rate").ratio().quo(whole(percent))
	var dims []int
	for i, of := range p.Of {
		dim := indexOf(of)
		if dim < 0 || slices.Contains(dims, dim) {
			r.fail(at("/percent/of", i, ""), "unknown", "must be a dimension, each once")
			return nil
		}
		dims = append(dims, dim)
	}
	l := r.line(rating.Total)
	if len(p.Of) == 1 {
		l.Dimension = p.Of[0]
	}
	return func() error {
		r.tellPercent(r.a.ID, p)
		for _, rate := range r.order {
			t := &r.sums[rate]
			base := t.all
			if len(dims) > 0 {
				base = ratio{}
				for _, dim := range dims {
					base = base.add(t.by[dim])
				}
			}
			r.extra(l, rate, whole(1), positive(base).mul(part))
		}
		return nil
	}
}

func (r *reader) surcharge(s *rating.Surcharge) rule {
	amount := r.notNegative(s.Amount, "/surcharge/amount").ratio()
	l := r.line(rating.Flat)
	l.Price = &s.Amount
	return func() error {
		r.extra(l, r.rate, whole(1), amount)
		return nil
	}
}

func (r *reader) credit(c *rating.Credit) rule {
	amount := r.notNegative(c.Amount, "/credit/amount").ratio()
	return func() error {
		r.tellCredit(r.a.ID, amount)
		r.share(r.line(rating.Total), amount, everything)
		return nil
	}
}

func (r *reader) cap(c *rating.Cap) rule {
	most := r.notNegative(c.Most, "/cap/most").ratio()
	return func() error {
		all := r.everything()
		r.tellCap(r.a.ID, most, all)
		r.share(r.line(rating.Total), all.sub(most), everything)
		return nil
	}
}

func (r *reader) short(s *rating.Short) rule {
	most := r.notNegative(s.KWh, "/short/kwh").ratio()
	if s.Below < 0 {
		r.fail("/short/below_ns", "negative", "must not be negative")
	}
	return func() error {
		if r.expired() || r.q.Session.End.Sub(r.q.Session.Start) >= s.Below.Duration() || r.measured.ratio().cmp(most) > 0 {
			return nil
		}
		r.tellShort(r.a.ID, s.Below.Duration(), most)
		for _, rate := range r.order {
			r.extra(r.line(rating.Total), rate, whole(1), positive(r.sums[rate].session).neg())
		}
		return nil
	}
}

func (r *reader) allowance(a *rating.Allowance) rule {
	left := r.notNegative(a.KWh, "/allowance/kwh").ratio()
	var overage *ratio
	if a.Overage != nil {
		price := r.notNegative(*a.Overage, "/allowance/overage").ratio()
		overage = &price
	}
	return func() error {
		if r.expired() {
			return nil
		}
		volume := r.energyBilled()
		covered, part := left.min(volume), ratio{}
		if volume.sign() > 0 {
			part = covered.quo(volume)
		}
		r.tellAllowance(r.a.ID, left, volume, covered, a.Overage)
		if overage != nil {
			part = whole(1)
		}
		for _, rate := range r.order {
			r.extra(r.line(rating.Energy), rate, whole(1), positive(energies(&r.sums[rate])).mul(part).neg())
		}
		if overage != nil {
			rest := volume.sub(covered)
			l := r.line(rating.Energy)
			l.Price = a.Overage
			r.extra(l, r.rate, rest, rest.mul(*overage))
		}
		return nil
	}
}

// energyBilled returns what the tariff billed as energy, or what was measured when it has no such line.
func (b *bill) energyBilled() ratio {
	var sum quantity
	lines := 0
	for i := range b.volumes {
		if v := &b.volumes[i]; v.dim == energy {
			sum.add(v.sum)
			lines++
		}
	}
	if lines == 0 {
		sum = b.measured
	}
	return sum.ratio()
}
