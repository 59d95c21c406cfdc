package wiring

import (
	"math"
	"slices"

	"pylon/internal/domain/power/solve/limit"
)

// Part is an outlet's share in a row: what its ampere may become there. There is one
// flow where it is known what charges, and else one for everything that may, the
// fullest first. All of them came through the same transformers.
type Part struct {
	Outlet int
	May    []Flow
}

// Row is a row without its limit. Its terms are told in Units: what flows, in the units
// of a limit, is Unit times the sum of the terms.
type Row struct {
	Terms []limit.Term
	Unit  Unit
}

// Unit is what one ampere of a row's sum is in the units of a limit.
type Unit struct{ per float64 }

// Sum returns the row of a sum of powers. The outlet that has most for its amperes
// counts 1, so that outlets of one kind are a plain sum of amperes.
func Sum(parts []Part) Row {
	row := exact(parts)
	most := 0.0
	for _, t := range row.Terms {
		most = max(most, t.Re)
	}
	if most == 0 {
		return row
	}
	row.Unit.per = most
	for i := range row.Terms {
		row.Terms[i].Re /= most
	}
	return row
}

// Rows returns the rows that keep the magnitude of a sum of currents to a limit,
// whatever each part turns out to be. It is one row where that is known, or where the
// fullest is the worst; else the facets of [facets].
func Rows(parts []Part) []Row {
	if open(parts) && !fullestIsWorst(parts) {
		return facets(parts)
	}
	return []Row{exact(parts)}
}

// open tells whether a part may be one of several.
func open(parts []Part) bool {
	return slices.ContainsFunc(parts, func(p Part) bool { return len(p.May) > 1 })
}

// fullestIsWorst tells whether no choice of parts makes a larger sum than the first of
// each: what the fullest has more than another choice points nowhere against what else
// may flow (no angle above 90 degrees), so adding it only lengthens the sum.
func fullestIsWorst(parts []Part) bool {
	var all, more []Phasor
	add := func(set []Phasor, p Phasor) []Phasor {
		if slices.Contains(set, p) {
			return set
		}
		return append(set, p)
	}
	for _, part := range parts {
		for _, f := range part.May {
			all = add(all, f.phasor)
			more = add(more, part.May[0].phasor.minus(f.phasor))
		}
	}
	for _, m := range more {
		for _, p := range all {
			if m.along(p).sign() < 0 {
				return false
			}
		}
	}
	return true
}

// exact returns the row in which every part is its first. Where all lie on one line
// they become real numbers: a plain sum, or a difference of two.
func exact(parts []Part) Row {
	row := Row{Unit: Unit{1}}
	axis, straight := axisOf(parts, func(p Part) []Flow { return p.May[:1] })
	for _, part := range parts {
		f := part.May[0]
		switch {
		case f.Zero():
		case straight:
			row.Terms = append(row.Terms, limit.Term{Outlet: part.Outlet, Re: f.onAxis(axis)})
		default:
			row.Terms = append(row.Terms, limit.Term{Outlet: part.Outlet, Re: f.number(f.phasor.re), Im: f.number(f.phasor.im)})
		}
	}
	return row
}

// axisOf returns a direction on which all flows lie, this way or the other.
func axisOf(parts []Part, of func(Part) []Flow) (axis Phasor, straight bool) {
	for _, part := range parts {
		for _, f := range of(part) {
			if axis == (Phasor{}) {
				axis = f.phasor
			}
			if f.phasor.across(axis).sign() != 0 {
				return axis, false
			}
		}
	}
	return axis, true
}

// onAxis returns the length of a flow that lies on an axis, negative against it.
func (f Flow) onAxis(axis Phasor) float64 {
	length := math.Sqrt(f.phasor.along(f.phasor).approximately()) / 2
	return float64(f.phasor.along(axis).sign()) * length * f.factor()
}

// directions is into how many a circle is divided for facets: those in which currents
// may point, so that a lone current is always judged exactly or on a corner.
const directions = 12

// facets returns a polygon inside the limit's circle, one row a side. On each side
// every part counts as what points furthest beyond it, so no choice leaves the circle:
// the longest sum of any choice has a part of at least cos 15° of itself in one of the
// directions. That costs up to 3.4 % of the limit. Where all lie on one line its two
// ends are exact and cost nothing.
func facets(parts []Part) []Row {
	axis, straight := axisOf(parts, func(p Part) []Flow { return p.May })
	count, per := directions, 1/math.Cos(math.Pi/directions)
	if straight {
		count, per = 2, 1
	}
	rows := make([]Row, 0, count)
	for side := range count {
		towards := At(side)
		if straight {
			towards = axis.turned(6 * side)
		}
		row := Row{Unit: Unit{per}}
		for _, part := range parts {
			furthest := math.Inf(-1)
			for _, f := range part.May {
				if straight {
					furthest = max(furthest, f.onAxis(towards))
				} else {
					furthest = max(furthest, f.number(f.phasor.along(towards))/2)
				}
			}
			if furthest != 0 {
				row.Terms = append(row.Terms, limit.Term{Outlet: part.Outlet, Re: furthest})
			}
		}
		rows = append(rows, row)
	}
	return rows
}
