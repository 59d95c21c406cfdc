// Package step shares current for one step by weight where phases are coupled: it makes
// Σ weight·x as large as the limits allow.
//
// Under nested sums that is done by serving the heaviest first. Behind a delta-wye
// transformer, or where one line must not lead another by more than so much, it is not:
// rows overlap, and more current at one outlet can make room for another. There it is a
// linear program, but for the rows of turned currents, which are round. Those are cut by
// tangents, at the points where an answer passes them; few are ever needed, and those of
// one step serve the next. What the last answer still passes its limits by, one factor
// takes away, so that every limit holds exactly, by [limit.Set.Worst].
//
// The optimum of the program with tangents is no less than the true one: each answer
// carries it as a proof of how good it is. Sources: Kelley, The cutting-plane method;
// weights by laxity as in Nakahira et al., Smoothed least-laxity-first.
package step

import (
	"math"
	"slices"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/simplex"
)

const (
	// near is by how much of itself an answer may pass a round limit before it is cut again:
	// what the factor at the end then costs is far below a milliampere.
	near = 1e-7
	// roundsMost bounds the cuts of a step. A tangent's error falls with the square of its
	// angle, so five or six rounds are the rule from nothing, one or two from the step before.
	roundsMost = 40
	// tangentsMost is how many tangents a round row keeps. No more than two meet at the point
	// of a plane where an answer is; the others wait for a step that needs them, and the
	// loosest makes room for a new one.
	tangentsMost = 8
	// nothing is the limit (A) below which a row that only fills closes its outlets: the
	// roundings of a linear program would otherwise be a large part of it.
	nothing = 1e-6
)

// Answer is how a step is shared. Its slices are the solver's, good until its next step.
type Answer struct {
	X     []float64 // A by outlet: 0 <= x <= most
	Duals []float64 // by row: what Σ weight·x gains from an ampere more; 0 if the row does not bind

	Objective float64 // Σ weight·x
	Bound     float64 // no answer that keeps the limits has more
	Scale     float64 // what x was multiplied with for the limits to hold: 1, or a little less
	Rounds    int     // linear programs solved
	Pivots    int     // their exchanges
	Converged bool    // false: the limits hold, but something better was within reach
}

// Solver shares the steps of one site. It is built once; a step allocates nothing, and
// begins with the basis and the tangents of the step before.
type Solver struct {
	set    *limit.Set
	lp     *simplex.Solver
	sums   []sum
	round  []round
	x      []float64
	duals  []float64
	limits []float64
	most   []float64
}

// sum is a row that is linear as it stands: a row of the set, at a row of the program.
type sum struct {
	row, at int
	both    bool // something is taken off: it may pass its limit on either side
}

// round is a row of turned currents.
type round struct {
	row      int
	tangents []int // rows of the program
	terms    []simplex.Term
	factors  []float64 // of a tangent, by term
}

// New prepares a solver for a set that has passed [limit.Set.Check]; the set must stay as it is.
func New(set *limit.Set) *Solver {
	s := &Solver{
		set: set, lp: simplex.New(set.Outlets),
		x: make([]float64, set.Outlets), most: make([]float64, set.Outlets),
		duals: make([]float64, len(set.Rows)), limits: make([]float64, len(set.Rows)),
	}
	terms := 0
	for i := range set.Rows {
		s.add(i)
		terms += tangentsMost * len(set.Rows[i].Terms)
	}
	s.lp.Reserve(len(s.sums)+tangentsMost*len(s.round), terms)
	return s
}

// add brings a row into the program.
func (s *Solver) add(i int) {
	row := &s.set.Rows[i]
	terms := make([]simplex.Term, len(row.Terms))
	cos, sin, straight := direction(row)
	both := false
	for k, t := range row.Terms {
		terms[k] = simplex.Term{Column: t.Outlet}
		if straight {
			terms[k].Factor = t.Re*cos + t.Im*sin
		}
		both = both || terms[k].Factor < 0
	}
	if straight {
		s.sums = append(s.sums, sum{i, s.lp.AddRow(terms, math.Inf(-1), math.Inf(1)), both})
		return
	}
	s.round = append(s.round, round{row: i, terms: terms, factors: make([]float64, len(terms)), tangents: make([]int, 0, tangentsMost)})
}

// direction tells whether all terms of a row point the same way or the opposite, and
// which way that is: turned back by it, the row is a sum.
func direction(row *limit.Row) (cos, sin float64, straight bool) {
	cos = 1
	for _, t := range row.Terms {
		if size := math.Hypot(t.Re, t.Im); size > 0 {
			cos, sin = t.Re/size, t.Im/size
			break
		}
	}
	return cos, sin, !slices.ContainsFunc(row.Terms, func(t limit.Term) bool {
		return math.Abs(t.Im*cos-t.Re*sin) > limit.Slack*math.Hypot(t.Re, t.Im)
	})
}

// Step shares a step. most is the most that an outlet takes (A), and weights what an ampere is
// worth there; below 0 either counts as 0. An outlet of weight 0 gets what makes room for
// others, if anything. limits are those of the step by row (A); nil are the rows' own. A row
// of turned currents with a limit of nothing closes its outlets.
// Whatever else the limits leave room for is not shared out.
func (s *Solver) Step(most, weights, limits []float64) Answer {
	s.prepare(most, weights, limits)
	a := Answer{X: s.x, Duals: s.duals, Scale: 1}
	for a.Rounds < roundsMost {
		status := s.lp.Solve()
		a.Rounds++
		a.Pivots += s.lp.Pivots()
		copy(s.x, s.lp.X())
		a.Bound = s.lp.Bound()
		if status != simplex.Optimal {
			s.lp.Reset()
			break
		}
		passed, cut := s.cut()
		if !passed {
			a.Converged = true
			break
		}
		if !cut {
			break
		}
	}
	a.Scale = s.within()
	for j, w := range weights {
		a.Objective += max(w, 0) * s.x[j]
	}
	s.explain()
	return a
}

// prepare gives the program the numbers of the step.
func (s *Solver) prepare(most, weights, limits []float64) {
	for i := range s.limits {
		s.limits[i] = s.set.Rows[i].Limit
		if limits != nil {
			s.limits[i] = max(limits[i], 0)
		}
	}
	for j, m := range most {
		s.most[j] = max(m, 0)
	}
	for _, p := range s.sums {
		least := math.Inf(-1)
		if p.both {
			least = -s.limits[p.row]
		} else {
			s.closeBelow(p.row)
		}
		s.lp.SetLimits(p.at, least, s.limits[p.row])
	}
	for i := range s.round {
		r := &s.round[i]
		s.closeBelow(r.row)
		for _, at := range r.tangents {
			s.lp.SetLimits(at, math.Inf(-1), s.limits[r.row])
		}
	}
	for j, m := range s.most {
		s.lp.SetBounds(j, 0, m)
		s.lp.SetCost(j, max(weights[j], 0))
	}
}

// closeBelow closes the outlets of a row whose limit is nothing.
func (s *Solver) closeBelow(row int) {
	if s.limits[row] >= nothing {
		return
	}
	for _, t := range s.set.Rows[row].Terms {
		if t.Re != 0 || t.Im != 0 {
			s.most[t.Outlet] = 0
		}
	}
}

// cut adds a tangent to each round row that x passes; it tells whether x passes any, and
// whether any was cut.
func (s *Solver) cut() (passed, cut bool) {
	for i := range s.round {
		r := &s.round[i]
		re, im := 0.0, 0.0
		for _, t := range s.set.Rows[r.row].Terms {
			re += t.Re * s.x[t.Outlet]
			im += t.Im * s.x[t.Outlet]
		}
		flows := math.Hypot(re, im)
		if flows <= s.limits[r.row]*(1+near) {
			continue
		}
		passed = true
		for k, t := range s.set.Rows[r.row].Terms {
			r.factors[k] = (t.Re*re + t.Im*im) / flows
		}
		cut = s.tangent(r) || cut
	}
	return passed, cut
}

// tangent brings a tangent with a round row's factors into the program: as a row of its own,
// or in place of the one that is farthest from binding. If all bind, it cannot.
func (s *Solver) tangent(r *round) bool {
	if len(r.tangents) < tangentsMost {
		for k, f := range r.factors {
			r.terms[k].Factor = f
		}
		r.tangents = append(r.tangents, s.lp.AddRow(r.terms, math.Inf(-1), s.limits[r.row]))
		return true
	}
	best, least := -1, math.Inf(1)
	for _, at := range r.tangents {
		if v := s.lp.Row(at); s.lp.Loose(at) && v < least {
			best, least = at, v
		}
	}
	if best >= 0 {
		s.lp.SetFactors(best, r.factors)
	}
	return best >= 0
}

// within makes x hold every limit, by one factor for all of it, and returns that: rows of
// any kind follow x in proportion.
func (s *Solver) within() float64 {
	scale := 1.0
	for i := range s.set.Rows {
		most := s.limits[i]
		if most <= 0 {
			most = limit.Slack
		}
		if flows := s.set.Rows[i].Current(s.x); flows > most {
			scale = min(scale, most/flows)
		}
	}
	if scale < 1 {
		for j := range s.x {
			s.x[j] *= scale
		}
	}
	return scale
}

// explain gives the rows their duals: those of a round row's tangents together.
func (s *Solver) explain() {
	y := s.lp.Duals()
	for _, p := range s.sums {
		s.duals[p.row] = math.Abs(y[p.at])
	}
	for i := range s.round {
		r := &s.round[i]
		s.duals[r.row] = 0
		for _, at := range r.tangents {
			s.duals[r.row] += max(y[at], 0)
		}
	}
}
