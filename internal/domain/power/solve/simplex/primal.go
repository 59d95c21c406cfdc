package simplex

import "math"

// ascend is the primal method: x keeps its bounds, and one variable after the other whose
// cost wants it moves as far as the basis lets it. It takes the true costs.
func (s *Solver) ascend() Status {
	still := 0
	for !s.enough() {
		careful := still > s.patience
		enter := s.improving(careful)
		if enter < 0 {
			return Optimal
		}
		s.pivots++
		if len(s.lu.etaAt) >= etasMost {
			s.afresh()
			continue
		}
		s.columnOf(enter)
		way := math.Copysign(1, s.reduced[enter])
		row, far := s.blocking(way, careful)
		if span := s.upper[enter] - s.lower[enter]; span <= far {
			s.moveX(enter, way*span)
			s.flip(enter)
			still = 0
			continue
		}
		if row < 0 {
			return Stopped
		}
		if s.ascent(row, enter, way, far) {
			still = 0
		} else {
			still++
		}
	}
	return Stopped
}

// improving returns the variable whose cost wants it most to move, or -1. Careful takes
// the first one, which never goes round in circles (Bland's rule).
func (s *Solver) improving(careful bool) int {
	best, most := -1, s.costs*indifferent
	for v := range s.place {
		if wrong := s.wrong(v); wrong > most {
			best, most = v, wrong
			if careful {
				break
			}
		}
	}
	return best
}

// blocking returns the row that stops a variable which moves one way, and how far it gets.
// Among rows that stop it within what is rounding, the one with the largest pivot is
// taken (Harris), or carefully the one whose variable is first.
func (s *Solver) blocking(way float64, careful bool) (row int, far float64) {
	row, far = -1, math.Inf(1)
	for i, a := range s.scratch.column {
		if room, slack := s.room(i, way*a); slack >= 0 {
			far = min(far, (room+slack)/math.Abs(a))
		}
	}
	if math.IsInf(far, 1) {
		return -1, far
	}
	size, within := 0.0, far
	for i, a := range s.scratch.column {
		room, slack := s.room(i, way*a)
		if slack < 0 || room/math.Abs(a) > within {
			continue
		}
		if careful && row >= 0 && s.basic[i] < s.basic[row] || !careful && math.Abs(a) > size || row < 0 {
			row, size, far = i, math.Abs(a), room/math.Abs(a)
		}
	}
	return row, max(far, 0)
}

// room returns how far a basic variable is from the bound that it moves to, and by how much
// it may pass that; below 0 nothing stops it.
func (s *Solver) room(row int, falls float64) (room, slack float64) {
	if math.Abs(falls) < flat {
		return 0, -1
	}
	b := s.basic[row]
	bound := s.lower[b]
	room = s.x[b] - bound
	if falls < 0 {
		bound = s.upper[b]
		room = bound - s.x[b]
	}
	if math.IsInf(bound, 0) {
		return 0, -1
	}
	return room, feasible * max(1, math.Abs(bound))
}

// ascent makes one exchange, and tells whether x moved.
func (s *Solver) ascent(row, enter int, way, far float64) bool {
	w, leave := &s.scratch, s.basic[row]
	s.pivotLine(row)
	theta := s.reduced[enter] / w.column[row]
	for _, v := range w.touched {
		if s.place[v] != inBasis && v != enter {
			s.reduced[v] -= theta * w.alpha[v]
		}
	}
	at := atLower
	if way*w.column[row] < 0 {
		at = atUpper
	}
	s.weigh(row, enter)
	s.moveX(enter, way*far)
	s.exchange(row, enter, at)
	s.reduced[leave] = -theta
	return far > feasible
}
