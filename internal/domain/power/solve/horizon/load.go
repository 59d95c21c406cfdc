package horizon

import (
	"fmt"
	"math"

	"pylon/internal/domain/power/solve/limit"
)

// Wiring is the rows of a set by outlet: what a kernel that goes from car to car
// needs. It is made once for a site and shared by all who only read.
type Wiring struct {
	set   *limit.Set
	first []int // of an outlet's terms; one more than there are outlets
	terms []term
}

// term is what an outlet's current does to one row.
type term struct {
	row    int
	re, im float64
}

// Wire turns the rows of a set, which must have passed [limit.Set.Check].
func Wire(set *limit.Set) *Wiring {
	w := &Wiring{set: set, first: make([]int, set.Outlets+1)}
	for i := range set.Rows {
		for _, t := range set.Rows[i].Terms {
			w.first[t.Outlet+1]++
		}
	}
	for i := range set.Outlets {
		w.first[i+1] += w.first[i]
	}
	w.terms = make([]term, w.first[set.Outlets])
	next := append([]int(nil), w.first...)
	for i := range set.Rows {
		for _, t := range set.Rows[i].Terms {
			w.terms[next[t.Outlet]] = term{row: i, re: t.Re, im: t.Im}
			next[t.Outlet]++
		}
	}
	return w
}

// Set returns the rows.
func (w *Wiring) Set() *limit.Set { return w.set }

func (w *Wiring) of(outlet int) []term { return w.terms[w.first[outlet]:w.first[outlet+1]] }

// Load is what flows through the rows while currents are handed out one by one.
type Load struct {
	wiring *Wiring
	re, im []float64 // A, by row
	limits []float64 // A, by row
}

// NewLoad returns a load that holds nothing; Reset comes first.
func (w *Wiring) NewLoad() *Load {
	n := len(w.set.Rows)
	return &Load{wiring: w, re: make([]float64, n), im: make([]float64, n), limits: make([]float64, n)}
}

// Reset takes all currents off. limits are by row; nil are the rows' own.
func (l *Load) Reset(limits []float64) {
	clear(l.re)
	clear(l.im)
	for i := range l.limits {
		l.limits[i] = l.wiring.set.Rows[i].Limit
	}
	if limits != nil {
		copy(l.limits, limits)
	}
}

// Add puts amperes on an outlet.
func (l *Load) Add(outlet int, amps float64) {
	for _, t := range l.wiring.of(outlet) {
		l.re[t.row] += t.re * amps
		l.im[t.row] += t.im * amps
	}
}

// Room returns how many amperes, at most most, an outlet can take on top of what
// flows; 0 when one of its rows is full. It is exact for turned currents.
func (l *Load) Room(outlet int, most float64) float64 {
	for _, t := range l.wiring.of(outlet) {
		if most <= 0 {
			return 0
		}
		most = min(most, l.room(t))
	}
	return max(most, 0)
}

// room solves |z + x·a| = limit for x, z being what flows and a the outlet's term.
func (l *Load) room(t term) float64 {
	re, im, most := l.re[t.row], l.im[t.row], l.limits[t.row]
	square := t.re*t.re + t.im*t.im
	switch {
	case square == 0:
		return math.Inf(1)
	case most <= limit.Slack:
		return 0 // the squares of less are no numbers to reckon with
	}
	along := re*t.re + im*t.im
	left := most*most - re*re - im*im
	if left <= 0 && along >= 0 {
		return 0
	}
	root := math.Sqrt(max(along*along+square*left, 0))
	if along > 0 {
		return left / (root + along) // the same, without taking one large number off another
	}
	return (root - along) / square
}

// Kinds returns a number for each outlet, the same for those that do the same to the
// same rows.
func (w *Wiring) Kinds() []int {
	kinds := make([]int, w.set.Outlets)
	known := make(map[string]int)
	for o := range kinds {
		key := fmt.Sprint(w.of(o))
		kind, ok := known[key]
		if !ok {
			kind = len(known)
			known[key] = kind
		}
		kinds[o] = kind
	}
	return kinds
}
