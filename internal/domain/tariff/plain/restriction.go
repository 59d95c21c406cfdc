package plain

import (
	"slices"
	"time"

	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// dimensions returns what is priced, in the order of a bill.
func dimensions() []rating.Dimension {
	return []rating.Dimension{rating.Flat, rating.Energy, rating.Time, rating.ParkingTime}
}

// tariff is a tariff as read.
type tariff struct {
	components []map[rating.Dimension]rating.Component // by element: the first of each dimension
	rules      []rule                                  // by element
}

// rule is the restrictions of an element. What is nil or zero restricts nothing.
type rule struct {
	window      window
	start, end  date
	days        []time.Weekday
	kWh         between
	current     between
	power       between
	duration    between
	reservation rating.Reserved
}

// between is a least value, inclusive, and a greatest, exclusive.
type between struct{ min, max *exact.Number }

// situation is all that restrictions ask about a moment.
type situation struct {
	wall     wall
	elapsed  exact.Number // seconds since the phase began
	consumed exact.Number // kWh since the session began
	current  bounds       // A
	power    bounds       // kW
}

// bounds are the least and the greatest of a quantity; nil was not reported.
type bounds struct{ least, greatest *exact.Number }

// verdict says whether an element's restrictions are met.
type verdict int

const (
	notMet     verdict = iota
	unreported         // not met, and only because a quantity was not reported
	met
)

// judge tests all restrictions at a moment: "they are to be treated as a logical AND".
func (r *rule) judge(s *situation) verdict {
	switch {
	case !r.window.has(s.wall.minute),
		r.start != 0 && s.wall.date < r.start,
		r.end != 0 && s.wall.date >= r.end,
		len(r.days) > 0 && !slices.Contains(r.days, s.wall.day):
		return notMet
	}
	return min(
		r.kWh.judge(bounds{&s.consumed, &s.consumed}),
		r.duration.judge(bounds{&s.elapsed, &s.elapsed}),
		r.current.judge(s.current),
		r.power.judge(s.power),
	)
}

// judge compares the least value with the least of the quantity, the greatest with its greatest.
func (b between) judge(of bounds) verdict {
	judgement := met
	if b.min != nil {
		switch {
		case of.least == nil:
			judgement = unreported
		case of.least.Cmp(*b.min) < 0:
			return notMet
		}
	}
	if b.max != nil {
		switch {
		case of.greatest == nil:
			judgement = unreported
		case of.greatest.Cmp(*b.max) >= 0:
			return notMet
		}
	}
	return judgement
}

// order is the elements that have a component of a dimension, in the order in which one is looked for.
type order map[rating.Dimension][]int

// order returns the order of a phase: that of the elements of the first kind, then of the next.
func (t *tariff) order(kinds ...rating.Reserved) order {
	o := order{}
	for _, dimension := range dimensions() {
		for _, kind := range kinds {
			for i, r := range t.rules {
				if _, has := t.components[i][dimension]; has && r.reservation == kind {
					o[dimension] = append(o[dimension], i)
				}
			}
		}
	}
	return o
}

// active is the element whose component is active, of each dimension that has one.
type active map[rating.Dimension]int

// active finds "the first Tariff Element with a Price Component for that dimension in the list
// with matching Tariff Restrictions", for each dimension by itself.
func (t *tariff) active(o order, s *situation) active {
	found := active{}
	for dimension, elements := range o {
		for _, i := range elements {
			if t.rules[i].judge(s) == met {
				found[dimension] = i
				break
			}
		}
	}
	return found
}

// passedOver reports whether, while the price of a dimension was looked for, an element was
// not taken for nothing but a quantity that was not reported.
func (t *tariff) passedOver(elements []int, s *situation) bool {
	for _, i := range elements {
		switch t.rules[i].judge(s) {
		case met:
			return false
		case unreported:
			return true
		case notMet:
		}
	}
	return false
}
