package discrete

import (
	"math"
	"slices"

	"pylon/internal/domain/power/solve/limit"
)

// row is a limit and what flows through it.
type row struct {
	*limit.Row
	plain  bool
	full   bool    // by the wishes
	most   float64 // A
	re, im float64 // A
}

// use is what an outlet's ampere does to a row.
type use struct {
	row    int
	re, im float64
}

// over tells whether a row would exceed its limit with so much more. Half of what the
// judge allows is left to him, who adds in another order.
func (f *row) over(re, im float64) bool {
	most := f.most * (1 + limit.Slack/2)
	if most == 0 {
		most = limit.Slack / 2
	}
	return math.Hypot(f.re+re, f.im+im) > most
}

// measure adds up anew what flows through a row: many changes leave roundings.
func (f *row) measure(amps []float64) {
	f.re, f.im = 0, 0
	for _, t := range f.Terms {
		f.re += t.Re * amps[t.Outlet]
		f.im += t.Im * amps[t.Outlet]
	}
}

// fill notes which rows the wishes fill.
func (r *Rounder) fill() {
	for i := range r.rows {
		f := &r.rows[i]
		f.full = f.Current(r.step.Currents) >= f.most*(1-near)
	}
}

// stinted tells whether an outlet would perhaps be wished more, but for a limit.
func (r *Rounder) stinted(outlet int) bool {
	return slices.ContainsFunc(r.uses[outlet], func(u use) bool { return r.rows[u.row].full })
}

// room tells whether an outlet can have so much more; with plain, as far as plain rows go.
func (r *Rounder) room(outlet int, amps float64, plain bool) bool {
	for _, u := range r.uses[outlet] {
		if f := &r.rows[u.row]; (f.plain || !plain) && f.over(u.re*amps, u.im*amps) {
			return false
		}
	}
	return true
}

// set changes what flows to an outlet.
func (r *Rounder) set(outlet int, amps float64) {
	more := amps - r.amps[outlet]
	r.amps[outlet] = amps
	for _, u := range r.uses[outlet] {
		f := &r.rows[u.row]
		f.re += u.re * more
		f.im += u.im * more
	}
}

// least returns the smallest step of an outlet that is no less than its minimum: +Inf
// when that is above its maximum.
func (o *Outlet) least() float64 {
	least := o.up(max(math.Nextafter(o.Min-near, 0), 0))
	if least > o.Max+near {
		return math.Inf(1)
	}
	return least
}

// up returns the step after a current: +Inf after the last.
func (o *Outlet) up(amps float64) float64 {
	if o.Steps == nil {
		return math.Floor(amps) + 1
	}
	i, found := slices.BinarySearch(o.Steps, amps)
	if found {
		i++
	}
	if i == len(o.Steps) {
		return math.Inf(1)
	}
	return o.Steps[i]
}

// down returns the last step up to a current, 0 when there is none.
func (o *Outlet) down(amps float64) float64 {
	if o.Steps == nil {
		return math.Floor(amps)
	}
	i, found := slices.BinarySearch(o.Steps, amps)
	if found {
		return o.Steps[i]
	}
	if i == 0 {
		return 0
	}
	return o.Steps[i-1]
}
