// Package discrete turns the currents that a plan would like into currents that
// stations can take: whole amperes, or steps of a list, and nothing between 0 and the
// minimum of 6 A at which a car charges at all.
//
// It works under any rows, those of turned currents included. What it answers keeps
// every row within its limit as [limit.Set.Worst] judges it: a current is raised only
// when all its rows stay within theirs, and what rounding down would break (a light
// line no longer balances a heavy one) is lowered until it holds; with no current at
// all, each row does.
//
// Whole amperes are shared by largest remainder. Under nested whole limits that is
// exact: no other whole currents carry more in sum. Else a full row leaves less than
// one step idle, unless all its outlets are at their maximum or stopped elsewhere.
//
// Who has less than the minimum gets it in turns. Each outlet has an account of what it
// was wished and what it got; once it is owed a whole turn, it goes before others
// whatever their rank. A turn, on or off, lasts for a number of steps so that
// contactors and cars are left in peace, unless a limit or an earlier tier demands it,
// or current would lie idle. A row that the wishes fill idles by less than one minimum,
// what full rows below it idle apart.
package discrete

import (
	"cmp"
	"math"
	"slices"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/queue"
)

// Outlet is what an outlet can be set to.
type Outlet struct {
	// Steps are the currents it takes above 0, in amperes, ascending; without them it
	// takes the whole amperes.
	Steps []float64

	// Min and Max are in amperes. Below Min it gets nothing; where no step lies between
	// them, nobody is there.
	Min, Max float64

	Tier int     // 0 is served first
	Rank float64 // within a tier: the smaller is served first
}

// Hold is for how many steps an outlet stays on, or off, once it is.
type Hold struct{ On, Off int }

// State is what is remembered of an outlet from step to step; the zero State is that of
// one where nobody was.
type State struct {
	On   bool
	For  int     // steps that it has been on, or off; 0: never was on
	Owed float64 // A · steps that were wished and not given; below 0, given before their time
}

// Step is what is asked.
type Step struct {
	Limits   []float64 // A, by row; nil are the rows' own
	Currents []float64 // A, by outlet: what is wished
	Outlets  []Outlet
	States   []State // by outlet, as the step before left them; Round leaves them for the next one
}

// Rounder rounds for one site. It is not for use by several goroutines at a time.
type Rounder struct {
	hold   Hold
	rows   []row
	turned bool    // some row is no plain sum
	uses   [][]use // by outlet

	step   *Step
	amps   []float64 // by outlet: the answer as it grows
	least  []float64 // by outlet: what it has while it is on; +Inf when nobody is there
	order  []int     // outlets, who is admitted first
	rising *queue.Queue
	giving *queue.Queue
}

// near is how many amperes a wish may lack of a step that is meant: solvers round, too.
const near = 1e-6

// New returns the rounder of a site.
func New(s *limit.Set, hold Hold) *Rounder {
	r := &Rounder{hold: hold, rows: make([]row, len(s.Rows)), uses: make([][]use, s.Outlets)}
	for i := range s.Rows {
		r.rows[i] = row{Row: &s.Rows[i], plain: s.Rows[i].Plain()}
		r.turned = r.turned || !r.rows[i].plain
		for _, t := range s.Rows[i].Terms {
			r.uses[t.Outlet] = append(r.uses[t.Outlet], use{row: i, re: t.Re, im: t.Im})
		}
	}
	r.amps, r.least, r.order = make([]float64, s.Outlets), make([]float64, s.Outlets), make([]int, s.Outlets)
	r.rising = queue.New(s.Outlets, func(a, b int) bool { return r.poorer(a, b) < 0 })
	r.giving = queue.New(s.Outlets, func(a, b int) bool { return r.poorer(b, a) < 0 })
	return r
}

// Round returns the currents of a step, in amperes, by outlet: 0 or one of the
// outlet's steps between its minimum and its maximum. They lie in the rounder's memory
// and hold until its next call. A wish is taken as meant: it is raised by more than a
// step, and nothing to something, only under a row that the wishes would fill and the
// steps leave room in, or while a turn lasts.
func (r *Rounder) Round(s *Step) []float64 {
	r.step = s
	for i := range r.rows {
		f := &r.rows[i]
		f.most, f.re, f.im = f.Limit, 0, 0
		if s.Limits != nil {
			f.most = max(s.Limits[i], 0)
		}
	}
	r.fill()
	for i := range r.order {
		r.order[i], r.amps[i], r.least[i] = i, 0, s.Outlets[i].least()
	}
	slices.SortFunc(r.order, func(a, b int) int { return r.earlier(a, b) })
	r.admit(opening)
	r.wish()
	r.keep()
	r.admit(settled)
	r.raise()
	r.admit(idling)
	r.raise()
	r.remember()
	r.step = nil
	return r.amps
}

// turn returns how much a turn at the minimum is, in A · steps.
func (r *Rounder) turn(i int) float64 { return r.least[i] * float64(max(r.hold.On, 1)) }

// due returns what an outlet is owed once that is a turn, else 0.
func (r *Rounder) due(i int) float64 {
	if owed := r.step.States[i].Owed; owed >= r.turn(i) {
		return owed
	}
	return 0
}

// earlier orders outlets by who is admitted first: within a tier, whose turn lasts,
// who is owed one, whose wish is his minimum or more, and then by rank.
func (r *Rounder) earlier(a, b int) int {
	oa, ob := &r.step.Outlets[a], &r.step.Outlets[b]
	return cmp.Or(
		cmp.Compare(oa.Tier, ob.Tier),
		first(r.stays(a), r.stays(b)),
		cmp.Compare(r.due(b), r.due(a)),
		first(r.step.Currents[a] >= r.least[a]-near, r.step.Currents[b] >= r.least[b]-near),
		cmp.Compare(oa.Rank, ob.Rank),
		cmp.Compare(r.step.States[b].Owed, r.step.States[a].Owed),
		cmp.Compare(a, b),
	)
}

// poorer orders outlets by who is to have the next step: who is below his wish before
// all others, then by tier, and by how far he is below it or above.
func (r *Rounder) poorer(a, b int) int {
	oa, ob := &r.step.Outlets[a], &r.step.Outlets[b]
	la, lb := r.step.Currents[a]-r.amps[a], r.step.Currents[b]-r.amps[b]
	return cmp.Or(
		first(la > near, lb > near),
		cmp.Compare(oa.Tier, ob.Tier),
		cmp.Compare(lb, la),
		cmp.Compare(oa.Rank, ob.Rank),
		cmp.Compare(a, b),
	)
}

// first orders what is so before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// stays tells whether an outlet is on, and not yet long enough to go off.
func (r *Rounder) stays(i int) bool {
	s := &r.step.States[i]
	return s.On && s.For < r.hold.On
}

// rests tells whether an outlet is off, and not yet long enough to go on.
func (r *Rounder) rests(i int) bool {
	s := &r.step.States[i]
	return !s.On && s.For > 0 && s.For < r.hold.Off
}

// round is a round of admissions.
type round int

const (
	opening round = iota // heeds plain rows only: what a turned row forbids an outlet alone, another one on the other line may allow
	settled              // heeds all rows
	idling               // has what nobody else can use, and admits who rests, too
)

// admit gives outlets their minimum in order, as long as the rows have room for it.
func (r *Rounder) admit(now round) {
	for _, i := range r.order {
		switch {
		case r.amps[i] > 0 || math.IsInf(r.least[i], 1) || now < idling && r.rests(i):
		case r.step.Currents[i] <= near && !r.stays(i) && (now < idling || !r.stinted(i)):
		case r.room(i, r.least[i], now == opening):
			r.set(i, r.least[i])
		}
	}
}

// wish gives the outlets that are on what is wished for them, rounded down.
func (r *Rounder) wish() {
	for i, amps := range r.amps {
		if amps > 0 {
			o := &r.step.Outlets[i]
			r.set(i, max(o.down(min(r.step.Currents[i], o.Max)+near), amps))
		}
	}
}

// keep lowers currents until each row keeps to its limit. It comes to an end: a row
// that does not has an outlet whose current adds to it, and that is lowered.
func (r *Rounder) keep() {
	for again := true; again; {
		again = false
		for i := range r.rows {
			f := &r.rows[i]
			if !f.over(0, 0) {
				continue
			}
			if f.measure(r.amps); f.over(0, 0) {
				r.lower(f)
				again = true
			}
		}
	}
}

// lower takes off a row until it keeps to its limit, step by step from those who are
// furthest above their wish, and then from the last admitted their minimum, too.
func (r *Rounder) lower(f *row) {
	r.giving.Clear()
	for _, t := range f.Terms {
		if i := t.Outlet; r.amps[i] > r.least[i] {
			r.giving.Push(i)
		}
	}
	for f.over(0, 0) && r.giving.Len() > 0 {
		i := r.giving.Pop()
		if !r.adds(f, i) {
			continue
		}
		r.set(i, max(r.step.Outlets[i].down(math.Nextafter(r.amps[i], 0)), r.least[i]))
		if r.amps[i] > r.least[i] {
			r.giving.Push(i)
		}
	}
	for at := len(r.order) - 1; at >= 0 && f.over(0, 0); at-- {
		if i := r.order[at]; r.amps[i] > 0 && r.adds(f, i) {
			r.set(i, 0)
		}
	}
}

// adds tells whether a row would carry less if an outlet did.
func (r *Rounder) adds(f *row, outlet int) bool {
	for _, u := range r.uses[outlet] {
		if &r.rows[u.row] == f {
			return f.re*u.re+f.im*u.im > 0
		}
	}
	return false
}

// raise gives what room there is, step by step, to who is furthest below his wish.
func (r *Rounder) raise() {
	for again := true; again; {
		again = r.rise() && r.turned // what one was given may have made room for others
	}
}

// rise is one round of it; it reports whether anybody was given anything.
func (r *Rounder) rise() (raised bool) {
	r.rising.Clear()
	for i, amps := range r.amps {
		if amps > 0 {
			r.rising.Push(i)
		}
	}
	for r.rising.Len() > 0 {
		i := r.rising.Pop()
		o := &r.step.Outlets[i]
		if r.amps[i] >= r.step.Currents[i]-near && !r.stinted(i) {
			continue
		}
		if next := o.up(r.amps[i]); next <= o.Max+near && r.room(i, next-r.amps[i], false) {
			r.set(i, next)
			r.rising.Push(i)
			raised = true
		}
	}
	return raised
}

// remember leaves the states of the step. What was given above a wish because nobody
// else could use it is not held against an outlet.
func (r *Rounder) remember() {
	for i, amps := range r.amps {
		s := &r.step.States[i]
		if math.IsInf(r.least[i], 1) {
			*s = State{}
			continue
		}
		switch on := amps > 0; {
		case on != s.On:
			s.On, s.For = on, 1
		case s.For > 0:
			s.For++
		}
		owed := s.Owed + r.step.Currents[i] - amps
		if amps > r.least[i] {
			owed = max(owed, min(s.Owed, 0))
		}
		s.Owed = min(max(owed, -2*r.turn(i)), 2*r.turn(i)) // old debts end
	}
}
