package plain

import (
	"sort"
	"time"

	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// flow returns the session's energy as stretches over which it flowed evenly: between two readings
// of the register, or over a period.
func (s *session) flow() []piece {
	if s.question.Session.Timeline != nil {
		return s.energy.pieces(s.length)
	}
	var pieces []piece
	for _, p := range s.given() {
		pieces = append(pieces, piece{p.from, p.to, p.energy})
	}
	return pieces
}

// measured returns the session's energy in kWh.
func (s *session) measured() exact.Number {
	var sum exact.Number
	if s.expired() {
		return sum
	}
	for _, p := range s.flow() {
		sum = sum.Add(p.kWh)
	}
	return sum
}

// spot prices the energy of each moment by the point that is valid then.
func (s *session) spot(a *rating.Spot) exact.Number {
	markup := exact.Of(a.MarkupPercent).Quo(exact.Int(perCent)).Add(exact.Int(1))
	return s.along(a.Points, a.Until, func(point *rating.Point) exact.Number {
		if point == nil {
			return exact.Of(a.Fallback)
		}
		price := exact.Of(point.Value).Mul(markup).Add(exact.Of(a.Markup))
		if floor := number(a.Floor); floor != nil {
			price = price.Max(*floor)
		}
		if ceiling := number(a.Ceiling); ceiling != nil {
			price = price.Min(*ceiling)
		}
		return price
	})
}

// solar adds up the discount of each moment.
func (s *session) solar(a *rating.Solar) exact.Number {
	return s.along(a.Shares, a.Until, func(point *rating.Point) exact.Number {
		if point == nil {
			return exact.Number{}
		}
		return exact.Of(point.Value).Mul(exact.Of(a.PerKWh))
	})
}

// along adds up the energy of each moment times the price that a series of points, or the lack of one, gives it.
func (s *session) along(points []rating.Point, until time.Time, price func(*rating.Point) exact.Number) exact.Number {
	var sum exact.Number
	if s.expired() {
		return sum
	}
	var edges []exact.Number
	for _, point := range points {
		edges = append(edges, s.calendar.moment(point.From))
	}
	if len(points) > 0 {
		edges = append(edges, s.calendar.moment(until))
	}
	for _, p := range s.flow() {
		after := func(moment exact.Number) int {
			return sort.Search(len(edges), func(i int) bool { return edges[i].Cmp(moment) > 0 })
		}
		// The edges after its beginning cut it: before edge i, point i-1 is valid, and none before the first and after the last.
		for i, from := after(p.from), p.from; ; i++ {
			to := p.to
			if i < len(edges) {
				to = to.Min(edges[i])
			}
			var valid *rating.Point
			if 0 < i && i < len(edges) {
				valid = &points[i-1]
			}
			part := exact.Int(1) // of energy that took no time
			if p.from.Cmp(p.to) < 0 {
				part = to.Sub(from).Quo(p.to.Sub(p.from))
			}
			sum = sum.Add(p.kWh.Mul(part).Mul(price(valid)))
			if from = to; from.Cmp(p.to) >= 0 {
				break
			}
		}
	}
	return sum
}
