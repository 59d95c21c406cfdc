package simplex

import "math"

const (
	// feasible is by how much of itself (or of 1) a bound may be passed: what sums of
	// thousands of amperes lose to rounding, and a hundredth of what anyone would measure.
	feasible = 1e-9
	// indifferent is up to which part of the largest cost a reduced cost counts as none.
	indifferent = 1e-10
	// flat is below which an entry of a pivot row or column is rounding.
	flat = 1e-9
	// roundsMost is how often the two methods take turns; one round is the rule, and a
	// second one repairs what a new factorisation shows to have been rounding.
	roundsMost = 8
	// foreignMost is how many variables may stand at the wrong bound for each row that binds.
	// Afresh a solve takes about four exchanges for each of those, from where it was one
	// or two for each such variable.
	foreignMost = 2
	// pivotsLeast and pivotsEach bound the exchanges: by experience a solve takes two or three
	// for each row; ten times that is a fault of the method, not of the program.
	pivotsLeast = 500
	pivotsEach  = 20
	// patienceLeast is for how many exchanges without gain a method waits before it
	// suspects a circle: longer than the corners of many equal cars take to get around.
	patienceLeast = 40
)

// scratch is memory of one solve, by row where not said otherwise.
type scratch struct {
	column, rho, tau, dense []float64
	done                    []bool
	inRow                   []int
	inColumn                []int // by column
	left, queue             []int
	alpha                   []float64 // the pivot row, by variable
	touched                 []int     // where it is not 0
	marked                  []bool    // by variable: it is in touched
	heap                    []step
	passed                  []step
}

// size gives the scratch memory the size of so many rows and terms.
func (s *Solver) size(rows, terms int) {
	w, n := &s.scratch, s.columns+rows
	w.column, w.rho, w.tau, w.dense = sized(w.column, rows), sized(w.rho, rows), sized(w.tau, rows), sized(w.dense, rows)
	w.done, w.inRow, w.inColumn = sized(w.done, rows), sized(w.inRow, rows), sized(w.inColumn, s.columns)
	w.alpha, w.marked = sized(w.alpha, n), sized(w.marked, n)
	s.across = sized(s.across, terms)
	s.byColumn.index, s.byColumn.value = sized(s.byColumn.index, terms), sized(s.byColumn.value, terms)
}

// Solve makes X the best there is, from the basis of the last solve, and says how it ended.
// What goes wrong from there is tried once more from the beginning.
func (s *Solver) Solve() Status {
	s.prepare()
	s.afresh()
	if s.foreign() {
		s.start()
		s.afresh()
	}
	status, again := Stopped, true
	for range roundsMost {
		status = s.round()
		if status != Optimal {
			if !again || s.enough() {
				break
			}
			again = false
			s.start()
			s.afresh()
			continue
		}
		if len(s.lu.etaAt) > 0 {
			s.afresh()
		}
		if s.right() {
			break
		}
		status = Stopped
	}
	s.conclude(status)
	return status
}

// foreign tells whether the basis is that of another program: after large changes of cost
// it takes longer to mend it than to begin afresh.
func (s *Solver) foreign() bool {
	wrong, bind := 0, 0
	for v, at := range s.place {
		if at != inBasis && v >= s.columns {
			bind++
		}
		if s.wrong(v) > s.costs*indifferent {
			wrong++
		}
	}
	return bind > 0 && wrong > foreignMost*bind
}

// prepare makes the memory, the tolerances and the places what the program needs.
func (s *Solver) prepare() {
	w := &s.scratch
	s.size(s.rows, len(s.byRow.index))
	clear(w.dense)
	clear(w.alpha)
	clear(w.marked)
	w.touched = w.touched[:0]
	if !s.turned {
		s.byColumn.turn(&s.byRow, s.columns, s.across)
		s.turned = true
	}
	s.pivots, s.patience = 0, patienceLeast+s.rows/4
	s.costs = 0
	for _, c := range s.cost {
		s.costs = max(s.costs, math.Abs(c))
	}
	if !s.begun {
		s.start()
		s.begun = true
	}
	s.settle()
}

// start makes the basis that of the rows, with each column at the bound that its cost wants.
func (s *Solver) start() {
	for j := range s.columns {
		s.place[j] = atLower
		if s.cost[j] > 0 {
			s.place[j] = atUpper
		}
	}
	for i := range s.rows {
		v := s.columns + i
		s.basic[i], s.place[v], s.steep[v] = v, inBasis, 1
	}
}

// round goes from any basis to one that is optimal by what has been kept up: by the dual
// method, unless the basis is right for the primal one alone.
func (s *Solver) round() Status {
	if s.violation() > 0 || !s.mustShift() {
		if s.admit() {
			s.recompute()
		}
		if status := s.descend(); status != Optimal {
			return status
		}
		s.trueCosts()
	}
	return s.ascend()
}

// trueCosts takes back what costs were shifted by.
func (s *Solver) trueCosts() {
	if !s.exact {
		copy(s.work, s.cost)
		s.reprice()
		s.exact = true
	}
}

// afresh computes all there is from the basis and the true costs.
func (s *Solver) afresh() {
	s.factor()
	s.exact = false
	s.trueCosts()
	s.recompute()
}

// renew factors the basis in the midst of the dual method, whose costs are shifted.
func (s *Solver) renew() {
	s.factor()
	s.reprice()
	s.admit()
	s.recompute()
}

// enough tells whether a solve has made as many exchanges as it may.
func (s *Solver) enough() bool {
	if s.most > 0 {
		return s.pivots >= s.most
	}
	return s.pivots >= pivotsLeast+pivotsEach*s.rows+2*s.columns
}

// settle gives every variable outside the basis a bound that it has.
func (s *Solver) settle() {
	for v, at := range s.place {
		low, high := !math.IsInf(s.lower[v], 0), !math.IsInf(s.upper[v], 0)
		switch {
		case at == inBasis:
		case at == atUpper && high || at == atLower && low:
		case low:
			s.place[v] = atLower
		case high:
			s.place[v] = atUpper
		default:
			s.place[v] = atNothing
		}
	}
}

// expel takes a variable out of the basis, to the bound that is nearer.
func (s *Solver) expel(v int) {
	s.place[v] = atLower
	if s.upper[v]-s.x[v] < s.x[v]-s.lower[v] {
		s.place[v] = atUpper
	}
}

// stand returns where a variable outside the basis stands.
func (s *Solver) stand(v int) float64 {
	switch s.place[v] {
	case atLower:
		return s.lower[v]
	case atUpper:
		return s.upper[v]
	default:
		return 0
	}
}

// recompute computes x from the basis.
func (s *Solver) recompute() {
	w := &s.scratch
	v := w.column
	clear(v)
	for j, at := range s.place {
		if at == inBasis {
			continue
		}
		s.x[j] = s.stand(j)
		s.pour(j, -s.x[j], v)
	}
	s.lu.forward(v)
	for i, b := range s.basic {
		s.x[b] = v[i]
	}
}

// pour adds a multiple of a variable's column to a vector.
func (s *Solver) pour(variable int, times float64, into []float64) {
	if times == 0 {
		return
	}
	if variable >= s.columns {
		into[variable-s.columns] -= times
		return
	}
	at, values := s.byColumn.line(variable)
	for e, i := range at {
		into[i] += values[e] * times
	}
}

// reprice computes duals and reduced costs from the basis and the working costs.
func (s *Solver) reprice() {
	y := s.dual
	for i, b := range s.basic {
		y[i] = s.work[b]
	}
	s.lu.backward(y)
	copy(s.reduced, s.work)
	for i, t := range y {
		if t == 0 {
			continue
		}
		at, values := s.byRow.line(i)
		for e, j := range at {
			s.reduced[j] -= values[e] * t
		}
		s.reduced[s.columns+i] += t
	}
	for _, b := range s.basic {
		s.reduced[b] = 0
	}
}

// wrong returns by how much a reduced cost says that a variable stands at the wrong bound.
func (s *Solver) wrong(v int) float64 {
	d := s.reduced[v]
	switch at := s.place[v]; {
	case at == inBasis || at == atLower && d <= 0 || at == atUpper && d >= 0 || s.lower[v] == s.upper[v]:
		return 0
	case d < 0:
		return -d
	default:
		return d
	}
}

// boxed tells whether a variable may stand at either bound.
func (s *Solver) boxed(v int) bool {
	return !math.IsInf(s.lower[v], 0) && !math.IsInf(s.upper[v], 0)
}

// flip moves a variable to its other bound.
func (s *Solver) flip(v int) {
	s.place[v] ^= atLower ^ atUpper
	s.x[v] = s.stand(v)
}

// mustShift tells whether the dual method cannot do with the true costs.
func (s *Solver) mustShift() bool {
	for i := range s.rows {
		if v := s.columns + i; !s.boxed(v) && s.wrong(v) > s.costs*indifferent {
			return true
		}
	}
	return false
}

// admit makes the basis right for the dual method: whatever has two bounds goes to the one
// that its reduced cost wants; of what has one only, the cost is shifted until later. It
// tells whether x moved.
func (s *Solver) admit() bool {
	moved := false
	for v := range s.place {
		switch wrong := s.wrong(v); {
		case wrong == 0:
		case wrong > s.costs*indifferent && s.boxed(v):
			s.flip(v)
			moved = true
		default:
			s.shift(v)
		}
	}
	return moved
}

// shift lets the working cost of a variable outside the basis be what makes it indifferent.
func (s *Solver) shift(v int) {
	s.work[v] -= s.reduced[v]
	s.reduced[v] = 0
	s.exact = false
}

// passes returns by how much a variable passes its bounds, beyond what is rounding:
// below 0 it is too small.
func (s *Solver) passes(v int) float64 {
	x, low, high := s.x[v], s.lower[v], s.upper[v]
	if x >= low && x <= high {
		return 0
	}
	if over := x - high; over > feasible*max(1, math.Abs(high)) {
		return over
	}
	if under := x - low; under < -feasible*max(1, math.Abs(low)) {
		return under
	}
	return 0
}

// violation returns the most by which a basic variable passes its bounds.
func (s *Solver) violation() float64 {
	most := 0.0
	for _, b := range s.basic {
		most = max(most, math.Abs(s.passes(b)))
	}
	return most
}

// right tells whether the basis, as computed anew, is optimal but for roundings.
func (s *Solver) right() bool {
	if s.violation() > 0 {
		return false
	}
	for v := range s.place {
		if s.wrong(v) > 10*s.costs*indifferent { // as new computations differ from old ones
			return false
		}
	}
	return true
}

// conclude keeps x between its bounds, and computes the bound of the optimum.
func (s *Solver) conclude(status Status) {
	s.trueCosts()
	s.bound = s.weak()
	for j := range s.columns {
		s.x[j] = min(max(s.x[j], s.lower[j]), s.upper[j])
	}
	if status == Optimal {
		return
	}
	for i := range s.rows {
		sum := 0.0
		at, values := s.byRow.line(i)
		for e, j := range at {
			sum += values[e] * s.x[j]
		}
		s.x[s.columns+i] = sum
	}
}

// weak returns the bound that the duals prove, whatever they are: each is worth its row's
// limit, and each column is best where its reduced cost wants it. A dual that is worth a
// limit which is not there becomes 0.
func (s *Solver) weak() float64 {
	sum := 0.0
	for i, y := range s.dual {
		v := s.columns + i
		if y > 0 && math.IsInf(s.upper[v], 1) || y < 0 && math.IsInf(s.lower[v], -1) {
			at, values := s.byRow.line(i)
			for e, j := range at {
				s.reduced[j] += values[e] * y
			}
			y, s.dual[i] = 0, 0
		}
		if y > 0 {
			sum += y * s.upper[v]
		} else if y < 0 {
			sum += y * s.lower[v]
		}
	}
	for j, d := range s.reduced[:s.columns] {
		sum += max(d*s.lower[j], d*s.upper[j])
	}
	return sum
}
