package simplex

import (
	"math"
	"slices"
)

const (
	// soundPart is how small a pivot of a line may be beside its largest.
	soundPart = 1e-6
	// strayed is by how much of itself a pivot, computed from its row and from its column,
	// may differ before the basis is factored anew.
	strayed = 1e-7
	// nudge is the part of the largest cost by which costs are moved apart to leave a corner
	// where many are equal: far above what is indifferent, and taken back at the end.
	nudge = 1e-6
	// weightLeast keeps a steepest edge weight from being lost to cancellation.
	weightLeast = 1e-4
)

// descend is the dual method: the basis is right but for x, which it brings within its
// bounds. Row by row, one basic variable leaves for the bound that it passes.
// Source of the steps over several bounds at once: the boxed dual's long step rule; of the
// choice of rows: dual steepest edge.
func (s *Solver) descend() Status {
	still := 0
	for !s.enough() {
		row, over := s.leaving()
		if row < 0 {
			return Optimal
		}
		s.pivots++
		if len(s.lu.etaAt) >= etasMost {
			s.renew()
			continue
		}
		s.pivotLine(row)
		enter := s.entering(over)
		if enter >= 0 {
			s.columnOf(enter)
		}
		if enter < 0 || s.strays(row, enter) {
			if len(s.lu.etaAt) == 0 {
				return s.verdict(enter)
			}
			s.renew()
			continue
		}
		if s.descent(row, enter, over) {
			still = 0
		} else if still++; still > s.patience {
			s.spreadCosts()
			still = 0
		}
	}
	return Stopped
}

// verdict is what it means that there is no way on with fresh factors: without anything
// that could enter, the row cannot be kept; with a pivot of mere rounding, it is not known.
func (s *Solver) verdict(enter int) Status {
	if enter < 0 {
		return Infeasible
	}
	return Stopped
}

// leaving returns the row whose variable passes its bounds most, by its weight, and by how much.
func (s *Solver) leaving() (row int, over float64) {
	row = -1
	best := 0.0
	for i, b := range s.basic {
		if p := s.passes(b); p != 0 {
			if worth := p * p / s.steep[b]; worth > best {
				row, over, best = i, p, worth
			}
		}
	}
	return row, over
}

// pivotLine computes a row of B⁻¹ (rho) and of B⁻¹·N (alpha, where touched).
func (s *Solver) pivotLine(row int) {
	w := &s.scratch
	for _, v := range w.touched {
		w.alpha[v], w.marked[v] = 0, false
	}
	w.touched = w.touched[:0]
	clear(w.rho)
	w.rho[row] = 1
	s.lu.backward(w.rho)
	for i, t := range w.rho {
		if math.Abs(t) < flat*flat {
			continue
		}
		at, values := s.byRow.line(i)
		for e, j := range at {
			if !w.marked[j] {
				w.marked[j] = true
				w.touched = append(w.touched, j)
			}
			w.alpha[j] += values[e] * t
		}
		v := s.columns + i
		w.alpha[v], w.marked[v] = -t, true
		w.touched = append(w.touched, v)
	}
}

// columnOf computes B⁻¹ times a variable's column.
func (s *Solver) columnOf(v int) {
	w := &s.scratch
	clear(w.column)
	s.spread(v, w.column)
	s.lu.forward(w.column)
}

// strays tells whether row and column disagree about their pivot.
func (s *Solver) strays(row, enter int) bool {
	a, b := s.scratch.alpha[enter], s.scratch.column[row]
	return math.Abs(b) < flat || math.Abs(a-b) > strayed*(1+math.Abs(b))
}

// entering returns what enters the basis for a variable that passes its bounds by over, or
// -1 if nothing can. As duals move, one reduced cost after the other comes to 0; one that
// has two bounds goes to its other bound, as long as that does not bring the row within.
func (s *Solver) entering(over float64) int {
	w := &s.scratch
	w.heap, w.passed = w.heap[:0], w.passed[:0]
	for _, v := range w.touched {
		at, a := s.place[v], w.alpha[v]
		if over > 0 {
			a = -a
		}
		if at == inBasis || s.lower[v] == s.upper[v] || math.Abs(a) < flat || at == atLower && a > 0 || at == atUpper && a < 0 {
			continue
		}
		ratio := 0.0
		if at != atNothing {
			ratio = max(0, s.reduced[v]/a)
		}
		w.heap = append(w.heap, step{ratio, v})
	}
	heapify(w.heap)
	need, end := math.Abs(over), 0.0
	for len(w.heap) > 0 && (need > 0 || w.heap[0].ratio <= end+s.costs*indifferent) {
		next := s.pass()
		if need > 0 {
			need -= math.Abs(w.alpha[next.variable]) * (s.upper[next.variable] - s.lower[next.variable])
			end = next.ratio
		}
	}
	if need > feasible*max(1, math.Abs(over)) {
		return -1
	}
	return s.sound(end)
}

// pass takes the next step from the heap.
func (s *Solver) pass() step {
	w := &s.scratch
	next := w.heap[0]
	w.heap = pop(w.heap)
	w.passed = append(w.passed, next)
	return next
}

// sound returns the passed variable with the largest pivot among the last; if none of these
// is fit to divide by, the last one before that is.
func (s *Solver) sound(end float64) int {
	w := &s.scratch
	most := 0.0
	for _, p := range w.passed {
		most = max(most, math.Abs(w.alpha[p.variable]))
	}
	best, size := -1, 0.0
	for _, p := range slices.Backward(w.passed) {
		v := p.variable
		if p.ratio < end-s.costs*indifferent && size >= soundPart*most {
			break
		}
		if a := math.Abs(w.alpha[v]); a > size {
			best, size = v, a
		}
	}
	return best
}

// descent makes one exchange, and tells whether the duals moved.
func (s *Solver) descent(row, enter int, over float64) bool {
	w, leave := &s.scratch, s.basic[row]
	theta := s.reduced[enter] / w.alpha[enter]
	if theta*over > 0 { // the reduced cost was a little wrong
		s.shift(enter)
		theta = 0
	}
	s.moveDuals(enter, theta)
	s.weigh(row, enter)

	target, at := s.upper[leave], atUpper
	if over < 0 {
		target, at = s.lower[leave], atLower
	}
	s.moveX(enter, (s.x[leave]-target)/w.column[row])
	s.exchange(row, enter, at)
	s.reduced[leave] = -theta
	return math.Abs(theta) > s.costs*indifferent*indifferent
}

// moveDuals moves the reduced costs along the pivot row, and what then stands at the
// wrong bound to the other one.
func (s *Solver) moveDuals(enter int, theta float64) {
	w := &s.scratch
	flips := false
	for _, j := range w.touched {
		v := j
		if s.place[v] == inBasis || v == enter {
			continue
		}
		s.reduced[v] -= theta * w.alpha[v]
		switch wrong := s.wrong(v); {
		case wrong == 0:
		case wrong > s.costs*indifferent && s.boxed(v):
			from := s.x[v]
			s.flip(v)
			s.pour(v, s.x[v]-from, w.dense)
			flips = true
		default:
			s.shift(v)
		}
	}
	if !flips {
		return
	}
	s.lu.forward(w.dense)
	for i, b := range s.basic {
		s.x[b] -= w.dense[i]
	}
	clear(w.dense)
}

// moveX moves a variable outside the basis, and x with it.
func (s *Solver) moveX(enter int, by float64) {
	for i, a := range s.scratch.column {
		if a != 0 {
			s.x[s.basic[i]] -= by * a
		}
	}
	s.x[enter] += by
}

// exchange lets a variable enter the basis, for another that goes to one of its bounds.
func (s *Solver) exchange(row, enter int, at place) {
	leave := s.basic[row]
	s.lu.exchange(row, s.scratch.column)
	s.basic[row] = enter
	s.place[enter], s.place[leave] = inBasis, at
	s.x[leave] = s.stand(leave)
	s.reduced[enter] = 0
	s.exact = false
}

// weigh keeps the steepest edge weights up: the squares of the rows of B⁻¹.
func (s *Solver) weigh(row, enter int) {
	w := &s.scratch
	own := 0.0
	for _, t := range w.rho {
		own += t * t
	}
	copy(w.tau, w.rho)
	s.lu.forward(w.tau)
	pivot := w.column[row]
	for i, a := range w.column {
		if a == 0 || i == row {
			continue
		}
		k, b := a/pivot, s.basic[i]
		s.steep[b] = max(s.steep[b]-2*k*w.tau[i]+k*k*own, weightLeast)
	}
	s.steep[enter] = max(own/(pivot*pivot), weightLeast)
}

// spreadCosts moves the working costs outside the basis apart, each away from where it
// would be indifferent and each by another amount.
func (s *Solver) spreadCosts() {
	s.exact = false
	for v := range s.place {
		if s.place[v] == inBasis || s.place[v] == atNothing || s.lower[v] == s.upper[v] {
			continue
		}
		_, part := math.Modf(float64(v) * math.Phi)
		by := s.costs * nudge * (1 + part)
		if s.place[v] == atLower {
			by = -by
		}
		s.work[v] += by
		s.reduced[v] += by
	}
}
