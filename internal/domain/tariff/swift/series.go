package swift

import (
	"sort"
	"time"

	"pylon/internal/kernel/rating"
)

// course is a series of values over time.
type course struct {
	from   []int64 // nanoseconds since the session began
	until  int64
	values []ratio
}

// course reads a series.
func (r *reader) course(points []rating.Point, until time.Time, kind, name string) course {
	list := kind + name
	if err := most(len(points), rating.PointsMost, r.pointer+list); err != nil && r.err == nil {
		r.err = err
	}
	if r.err == nil && !r.expired() {
		r.err = r.checkLengths()
	}
	if r.err != nil {
		return course{}
	}
	c := course{from: make([]int64, len(points)), values: make([]ratio, len(points))}
	for i := range points {
		p := &points[i]
		if err := checkTime(p.From, func() string { return r.pointer + at(list, i, "/from") }); err != nil {
			r.err = err
			return c
		}
		if i > 0 && !p.From.After(points[i-1].From) {
			r.fail(at(list, i, "/from"), "out_of_order", "must be after the point before it")
		}
		value, ok := parse(p.Value)
		if !ok {
			value = r.number(p.Value, at(list, i, "/value"))
		}
		c.from[i], c.values[i] = int64(p.From.Sub(r.q.Session.Start)), value.ratio()
	}
	if n := len(points); n > 0 {
		if err := checkTime(until, func() string { return r.pointer + kind + "/until" }); err != nil && r.err == nil {
			r.err = err
		}
		if !until.After(points[n-1].From) {
			r.fail(kind+"/until", "out_of_order", "must be after the last point")
		}
		c.until = int64(until.Sub(r.q.Session.Start))
	}
	return c
}

// checkLengths refuses timelines whose exact sums would take for ever.
func (b *bill) checkLengths() error {
	t := b.q.Session.Timeline
	if t == nil || len(t.Readings) <= rating.LengthsMost {
		return nil
	}
	lengths, last := map[time.Duration]bool{}, -1
	for i := range t.Readings {
		if t.Readings[i].Energy == nil {
			continue
		}
		if last >= 0 {
			lengths[t.Readings[i].At.Sub(t.Readings[last].At)] = true
		}
		last = i
	}
	return most(len(lengths), rating.LengthsMost, "/session/timeline/readings")
}

// walk calls f for each point during which there was energy, and with -1 where there is no point: in order of time.
func (c *course) walk(b *bill, f func(point int, from, to int64, sum quantity)) {
	next := 0 // point after the one that counts
	var sum quantity
	begin, last := int64(0), int64(0)
	flush := func(at int64) {
		if sum.sign() > 0 {
			f(c.current(next), begin, at, sum)
		}
		sum, begin = quantity{}, at
	}
	first := true
	b.pieces(func(p *piece) {
		if first {
			next = sort.Search(len(c.from), func(i int) bool { return c.from[i] > p.from })
			if len(c.from) > 0 && p.from >= c.until {
				next = len(c.from) + 1
			}
			begin, first = p.from, false
		}
		for from := p.from; ; {
			for c.end(next) <= from {
				flush(c.end(next))
				next++
			}
			to := min(p.to, c.end(next))
			sum.add(p.share(from, to))
			if last = to; to >= p.to {
				return
			}
			from = to
		}
	})
	flush(last)
}

// current returns the point that counts before the next one; -1: none.
func (c *course) current(next int) int {
	if next > len(c.from) {
		return -1
	}
	return next - 1
}

// end returns when what counts before the next point ends.
func (c *course) end(next int) int64 {
	switch {
	case next < len(c.from):
		return c.from[next]
	case next == len(c.from) && next > 0:
		return c.until
	}
	return never
}

// piece is a stretch over which energy is even.
type piece struct {
	from, to int64
	share    func(from, to int64) quantity
}

// pieces calls f for each piece of the session, in order.
func (b *bill) pieces(f func(*piece)) {
	s := &b.q.Session
	if b.meter != nil {
		register, end := &b.meter.register, int64(s.End.Sub(s.Start))
		for i := 0; i+1 < len(register.at); i++ {
			p := piece{from: max(register.at[i], 0), to: min(register.at[i+1], end)}
			if p.from < p.to && register.value[i] != register.value[i+1] {
				p.share = func(from, to int64) quantity { return b.meter.share(i, from, to) }
				f(&p)
			}
		}
		return
	}
	for i := range s.Periods {
		if s.Periods[i].Energy == nil {
			continue
		}
		all, _ := parse(*s.Periods[i].Energy) // its digits have been looked at
		p := piece{from: int64(s.Periods[i].Start.Sub(s.Start)), to: int64(s.End.Sub(s.Start))}
		if i+1 < len(s.Periods) {
			p.to = int64(s.Periods[i+1].Start.Sub(s.Start))
		}
		p.share = func(from, to int64) quantity {
			if from == p.from && to == p.to {
				return quantity{fixed: all}
			}
			var q quantity
			q.addPart(all.ratio().mul(fraction(to-from, p.to-p.from)))
			return q
		}
		f(&p)
	}
}

func (r *reader) spot(s *rating.Spot) rule {
	const percent = 100
	c := r.course(s.Points, s.Until, "/spot", "/points")
	factor := whole(1).add(r.number(s.MarkupPercent, "/spot/markup_percent").ratio().quo(whole(percent)))
	markup := r.number(s.Markup, "/spot/markup").ratio()
	fallback := r.number(s.Fallback, "/spot/fallback").ratio()
	floor, ceiling := r.optional(s.Floor, "/spot/floor"), r.optional(s.Ceiling, "/spot/ceiling")
	if above(floor, ceiling) {
		r.fail("/spot/floor", "above_ceiling", "must not be above the ceiling")
	}
	price := func(point int) ratio {
		if point < 0 {
			return fallback
		}
		p := c.values[point].mul(factor).add(markup)
		if floor != nil {
			p = p.max(*floor)
		}
		if ceiling != nil {
			p = p.min(*ceiling)
		}
		return p
	}
	return func() error {
		if r.expired() {
			return nil
		}
		var amounts []ratio
		c.walk(r.bill, func(point int, from, to int64, sum quantity) {
			kWh, price := sum.ratio(), price(point)
			amounts = append(amounts, kWh.mul(price))
			r.tellSpot(r.a.ID, [2]int64{from, to}, point, price, kWh)
		})
		r.extra(r.line(rating.Energy), r.rate, r.measured.ratio(), total(amounts))
		return nil
	}
}

func (r *reader) solar(s *rating.Solar) rule {
	c := r.course(s.Shares, s.Until, "/solar", "/shares")
	for i, share := range c.values {
		if share.sign() < 0 || share.cmp(whole(1)) > 0 {
			r.fail(at("/solar/shares", i, "/value"), "out_of_range", "must be a share from 0 to 1")
			break
		}
	}
	price := r.notNegative(s.PerKWh, "/solar/per_kwh").ratio()
	return func() error {
		if r.expired() {
			return nil
		}
		var shares []ratio
		c.walk(r.bill, func(point int, from, to int64, sum quantity) {
			if point < 0 {
				return
			}
			kWh := sum.ratio()
			shares = append(shares, kWh.mul(c.values[point]))
			r.tellSolar(r.a.ID, [2]int64{from, to}, c.values[point], kWh)
		})
		r.share(r.line(rating.Energy), total(shares).mul(price), energies)
		return nil
	}
}
