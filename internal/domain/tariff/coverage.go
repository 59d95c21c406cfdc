package tariff

import (
	"slices"
	"time"

	"pylon/internal/kernel/rating"
)

// coverage looks for cases in which charging has no price, for elements that
// cross one another, and for prices that are never used.
func (l *linter) coverage() {
	elements := l.terms.Priced.Elements
	reached := map[[2]int]bool{}
	kind := func(kinds ...rating.Reserved) func(*rating.Restrictions) bool {
		return func(r *rating.Restrictions) bool { return slices.Contains(kinds, r.Reservation) }
	}
	for _, phase := range []struct {
		wanted  func(*rating.Restrictions) bool
		charges bool
	}{
		{kind(rating.ReservedNot), true},
		{kind(rating.ReservedUsed), false},
		{kind(rating.ReservedUsed, rating.ReservedExpired), false},
	} {
		g, ok := newGrid(elements, phase.wanted, l.firstDay())
		if !ok {
			l.add(Hint, TooManyCases, "/elements")
			return
		}
		// Of a reservation that expired, its own prices go first.
		slices.SortStableFunc(g.elements, func(a, b box) int {
			return after(a.Restrictions.Reservation != rating.ReservedExpired, b.Restrictions.Reservation != rating.ReservedExpired)
		})
		gaps := l.reach(g, reached)
		if phase.charges {
			l.gap(g, gaps)
			l.overlaps(g)
		}
	}
	for i, e := range elements {
		for j := range e.Components {
			if s := (spot{element: i, component: j}); !reached[[2]int{i, j}] {
				l.add(Warning, Unreachable, s.pointer())
			}
		}
	}
}

// firstDay returns the day of the calendar before which nothing matters, in
// whatever zone that is.
func (l *linter) firstDay() int64 {
	if l.about.From.IsZero() {
		return -always
	}
	return l.about.From.Add(-dayLength*time.Second).Unix() / dayLength
}

// reach marks the components that give the price in some case, and returns the
// cases in which neither energy nor charging time has one.
func (l *linter) reach(g *grid, reached map[[2]int]bool) (gaps [][axes]int) {
	g.walk(func(at [axes]int, apply []*box) {
		var priced []rating.Dimension
		for _, b := range apply {
			for j, c := range b.Components {
				if !slices.Contains(priced, c.Dimension) {
					priced = append(priced, c.Dimension)
					reached[[2]int{b.index, j}] = true
				}
			}
		}
		if !slices.Contains(priced, rating.Energy) && !slices.Contains(priced, rating.Time) {
			gaps = append(gaps, at)
		}
	})
	return gaps
}

// gap tells of the first case in which charging has no price, if it has one in others.
func (l *linter) gap(g *grid, gaps [][axes]int) {
	byTheHour := slices.ContainsFunc(l.spots(false), func(s spot) bool { return s.Dimension == rating.Energy || s.Dimension == rating.Time })
	bySeries := slices.ContainsFunc(l.terms.Extras, func(e Extra) bool { return e.Spot != nil })
	if len(gaps) > 0 && byTheHour && !bySeries {
		l.add(Warning, Gap, "/elements", append([]string{"cases", itoa(int64(len(gaps)))}, g.tell(gaps[0])...)...)
	}
}

// overlaps tells of elements that price the same differently and of which
// neither is the other's exception: only their order decides where both apply.
func (l *linter) overlaps(g *grid) {
	for i := range g.elements {
		for j := i + 1; j < len(g.elements); j++ {
			a, b := &g.elements[i], &g.elements[j]
			if k := disagree(a.Element, b.Element); k >= 0 && a.meet(b) && !a.in(b) && !b.in(a) {
				s := spot{element: b.index, component: k}
				l.add(Warning, Overlap, s.pointer(), "first", itoa(int64(a.index)))
			}
		}
	}
}

// disagree returns the first component of b that has another price than a has
// for the same dimension; -1 when there is none.
func disagree(a, b *rating.Element) int {
	return slices.IndexFunc(b.Components, func(c rating.Component) bool {
		return slices.ContainsFunc(a.Components, func(d rating.Component) bool {
			return d.Dimension == c.Dimension && d.Price.Cmp(c.Price) != 0
		})
	})
}
