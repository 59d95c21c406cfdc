package plain

import (
	"slices"
	"time"

	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

const perCent = 100

// adjust makes one adjustment; billed is the energy that the tariff charged for.
func (s *session) adjust(b *bill, a *rating.Adjustment, billed exact.Number) {
	line := rating.Line{Kind: rating.FromAdjustment, ID: a.ID, Quantity: exact.Int(1)}
	switch {
	case a.Idle != nil:
		s.idle(b, a, line)
	case a.Spot != nil:
		line.Dimension, line.Quantity, line.VAT = rating.Energy, s.measured(), b.rate(a.VAT)
		b.add(line, s.spot(a.Spot))
	case a.Solar != nil:
		line.Dimension = rating.Energy
		b.takeShared(line, s.solar(a.Solar), b.shares(of(rating.Energy)))
	case a.Percent != nil:
		percent(b, a.Percent, line)
	case a.Surcharge != nil:
		line.Dimension, line.Price, line.VAT = rating.Flat, &a.Surcharge.Amount, b.rate(a.VAT)
		b.add(line, exact.Of(a.Surcharge.Amount))
	case a.Credit != nil:
		line.Dimension = rating.Total
		b.takeShared(line, exact.Of(a.Credit.Amount), b.shares(every))
	case a.Allowance != nil:
		s.allowance(b, a, line, billed)
	case a.Cap != nil:
		line.Dimension = rating.Total
		b.takeShared(line, positive(b.shares(every)).Sub(exact.Of(a.Cap.Most)), b.shares(every))
	case a.Short != nil:
		line.Dimension = rating.Total
		s.short(b, a.Short, line)
	}
}

// positive adds up what is above 0.
func positive(shares []share) exact.Number {
	var sum exact.Number
	for _, s := range shares {
		sum = sum.Add(s.amount.Max(exact.Number{}))
	}
	return sum
}

// takeShared takes an amount off, at most what there is, from each rate in proportion to its share.
func (b *bill) takeShared(line rating.Line, amount exact.Number, shares []share) {
	whole := positive(shares)
	if whole.Sign() == 0 || amount.Sign() <= 0 {
		return
	}
	b.take(line, amount.Min(whole).Quo(whole), shares)
}

// take takes a part of each share off, if it is above 0.
func (b *bill) take(line rating.Line, part exact.Number, shares []share) {
	for _, s := range shares {
		line.VAT = s.rate
		b.add(line, s.amount.Max(exact.Number{}).Mul(part).Neg())
	}
}

// percent adds a share of what lines came to, at each rate.
func percent(b *bill, a *rating.Percent, line rating.Line) {
	line.Dimension = rating.Total
	if len(a.Of) == 1 {
		line.Dimension = a.Of[0]
	}
	for _, s := range b.shares(func(l *rating.Line) bool { return len(a.Of) == 0 || slices.Contains(a.Of, l.Dimension) }) {
		line.VAT = s.rate
		b.add(line, s.amount.Max(exact.Number{}).Mul(exact.Of(a.Rate)).Quo(exact.Int(perCent)))
	}
}

// allowance takes off what was paid for before. With a price for what is above it, all is taken
// off, and what is above it is charged at that price.
func (s *session) allowance(b *bill, a *rating.Adjustment, line rating.Line, billed exact.Number) {
	used := s.measured()
	if slices.ContainsFunc(b.lines, func(l rating.Line) bool { return l.Kind == rating.FromTariff && l.Dimension == rating.Energy }) {
		used = billed
	}
	if used.Sign() == 0 {
		return
	}
	covered := used.Min(exact.Of(a.Allowance.KWh))
	part := covered.Quo(used)
	if a.Allowance.Overage != nil {
		part = exact.Int(1)
	}
	line.Dimension = rating.Energy
	b.take(line, part, b.shares(of(rating.Energy)))
	if a.Allowance.Overage != nil {
		line.Quantity, line.Price, line.VAT = used.Sub(covered), a.Allowance.Overage, b.rate(a.VAT)
		b.add(line, line.Quantity.Mul(exact.Of(*a.Allowance.Overage)))
	}
}

// short forgives a session that gave nothing.
func (s *session) short(b *bill, a *rating.Short, line rating.Line) {
	if s.expired() || s.length.Cmp(seconds(a.Below.Duration())) >= 0 || s.measured().Cmp(exact.Of(a.KWh)) > 0 {
		return
	}
	b.take(line, exact.Int(1), b.shares(func(l *rating.Line) bool {
		forgiven := []rating.Dimension{rating.Flat, rating.Time, rating.Total}
		return l.Phase == rating.InSession && slices.Contains(forgiven, l.Dimension)
	}))
}

// idle charges for the seconds of parking outside quiet windows, after the first of them.
func (s *session) idle(b *bill, a *rating.Adjustment, line rating.Line) {
	const secondsPerMinute = 60
	line.Dimension, line.VAT = rating.Idle, b.rate(a.VAT)
	line.Quantity = s.loud(a.Idle.Quiet).Sub(seconds(a.Idle.Grace.Duration())).Max(exact.Number{})
	line.Price = &a.Idle.PerMinute
	amount := line.Quantity.Mul(exact.Of(a.Idle.PerMinute)).Quo(exact.Int(secondsPerMinute))
	if most := number(a.Idle.Most); most != nil && amount.Cmp(*most) > 0 {
		amount, line.Price = *most, nil
	}
	b.add(line, amount)
}

// loud returns the seconds of parking that lie in no quiet window.
func (s *session) loud(quiet []rating.Window) exact.Number {
	windows := make([]window, len(quiet))
	minutes := []int{}
	for i, q := range quiet {
		windows[i], _, _ = parseWindow(q.Start, q.End)
		minutes = append(minutes, windows[i].start, windows[i].end)
	}
	var sum exact.Number
	for _, p := range s.parked() {
		c := calendar{s.calendar.zone, p.start}
		edges := inside(append(c.edges(p.length, minutes), exact.Number{}), p.length)
		for i, from := range edges {
			to := p.length
			if i+1 < len(edges) {
				to = edges[i+1]
			}
			minute := c.wall(from).minute
			if !slices.ContainsFunc(windows, func(w window) bool { return w.has(minute) }) {
				sum = sum.Add(to.Sub(from))
			}
		}
	}
	return sum
}

// parking is a stretch of it.
type parking struct {
	start  time.Time
	length exact.Number // seconds
}

// parked returns the stretches of parking: spans of a timeline, or the first seconds of the periods.
func (s *session) parked() []parking {
	var stretches []parking
	given := &s.question.Session
	if s.expired() {
		return nil
	}
	if given.Timeline == nil {
		for _, p := range given.Periods {
			if p.Parking != nil {
				stretches = append(stretches, parking{p.Start, exact.Of(*p.Parking)})
			}
		}
		return stretches
	}
	for _, span := range given.Timeline.Spans {
		if span.State == rating.Parking {
			stretches = append(stretches, parking{span.From, seconds(span.To.Sub(span.From))})
		}
	}
	return stretches
}
