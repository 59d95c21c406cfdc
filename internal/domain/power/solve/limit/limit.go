// Package limit says what the currents of a site's outlets must keep to.
//
// A limit is a row: the magnitude of a sum of currents, each turned and scaled as the
// wiring does it, is at most so many amperes: |Σ (re + j·im)·x| ≤ limit. A fuse on one
// line is a plain sum; the line of a delta transformer, whose currents are out of
// phase, is not. All kernels of power sharing read the same rows, and [Set.Worst] is
// the judge of what they answer: it is exact, whatever polygon they worked with.
package limit

import (
	"fmt"
	"math"
	"slices"

	"pylon/internal/kernel/fault"
)

// Set is the limits of a site whose outlets are numbered from 0.
type Set struct {
	Outlets int
	Rows    []Row
}

// Row is one limit.
type Row struct {
	Name  string
	Limit float64 // A, when nothing else is said for a step
	Terms []Term  // by outlet, ascending, each once
}

// Term is what one outlet's current does to a row.
type Term struct {
	Outlet int
	Re, Im float64
}

// Slack is by how much of itself a limit may be exceeded by the roundings of sums.
const Slack = 1e-9

// Check returns what is wrong with a set, as [fault.Invalid]: an outlet that is not
// there, named twice or out of order, a number that is none, a limit below 0.
func (s *Set) Check() error {
	for i := range s.Rows {
		if err := s.Rows[i].check(s.Outlets); err != nil {
			return fault.Below(fmt.Sprintf("/rows/%d", i), err)
		}
	}
	return nil
}

func (r *Row) check(outlets int) error {
	if !finite(r.Limit) || r.Limit < 0 {
		return fault.InvalidField("/limit", "out_of_range", "is a number of amperes, 0 or more")
	}
	last := -1
	for i, t := range r.Terms {
		at := fmt.Sprintf("/terms/%d", i)
		switch {
		case t.Outlet <= last || t.Outlet >= outlets:
			return fault.InvalidField(at, "unknown_value", "names an outlet that is not there, or not behind the one before")
		case !finite(t.Re) || !finite(t.Im):
			return fault.InvalidField(at, "out_of_range", "is no number")
		}
		last = t.Outlet
	}
	return nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// Plain tells whether a row is a sum that more current only fills: all turned alike,
// none taken off.
func (r *Row) Plain() bool {
	return !slices.ContainsFunc(r.Terms, func(t Term) bool { return t.Im != 0 || t.Re < 0 })
}

// Current returns how many amperes flow through a row.
func (r *Row) Current(x []float64) float64 {
	var re, im float64
	for _, t := range r.Terms {
		re += t.Re * x[t.Outlet]
		im += t.Im * x[t.Outlet]
	}
	if im == 0 {
		return math.Abs(re)
	}
	return math.Hypot(re, im)
}

// Worst returns the row that is filled most, as a part of its limit, and that part: 1
// is full. limits are those of the step, by row; nil are the rows' own. A limit of 0
// is filled by what is above [Slack] amperes, infinitely. Without rows it is (-1, 0).
func (s *Set) Worst(x, limits []float64) (row int, ratio float64) {
	row = -1
	for i := range s.Rows {
		most := s.Rows[i].Limit
		if limits != nil {
			most = limits[i]
		}
		filled := 0.0
		switch flows := s.Rows[i].Current(x); {
		case most > 0:
			filled = flows / most
		case flows > Slack:
			filled = math.Inf(1)
		}
		if row < 0 || filled > ratio {
			row, ratio = i, filled
		}
	}
	return row, ratio
}
