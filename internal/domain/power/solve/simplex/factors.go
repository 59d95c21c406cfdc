package simplex

import (
	"math"
	"slices"
)

const (
	// pivotLeast is what a pivot must be at least, where factors are about 1: below it,
	// what is left of a column is rounding, and the column depends on the others.
	pivotLeast = 1e-9
	// pivotPart is how small a pivot may be beside the largest of its column, for the sake
	// of sparse factors: errors then grow by ten at most in a step, and in practice do not.
	pivotPart = 0.1
	// etasMost is after how many exchanges a basis is factored anew: the product of their
	// columns is then as long as the factors, and its errors are still small.
	etasMost = 64
)

// factors is a basis as L·U and the exchanges since. Pivot k is in row pivot[k], and the
// variable that has its pivot in a row is basic "at" that row: all vectors are by row.
type factors struct {
	lower, upper matrix // by pivot; the lower's diagonal is 1
	diagonal     []float64
	pivot        []int
	slacks       int // the first pivots, which are of rows' own variables

	etas    matrix // by exchange: the column that came, without its pivot
	etaAt   []int
	etaTurn []float64 // the pivot
}

// forward replaces v by B⁻¹·v.
func (f *factors) forward(v []float64) {
	for k := f.slacks; k < len(f.pivot); k++ {
		if t := v[f.pivot[k]]; t != 0 {
			at, values := f.lower.line(k)
			for e, i := range at {
				v[i] -= values[e] * t
			}
		}
	}
	for k := len(f.pivot) - 1; k >= f.slacks; k-- {
		if v[f.pivot[k]] == 0 {
			continue
		}
		t := v[f.pivot[k]] / f.diagonal[k]
		v[f.pivot[k]] = t
		at, values := f.upper.line(k)
		for e, i := range at {
			v[i] -= values[e] * t
		}
	}
	for _, r := range f.pivot[:f.slacks] {
		v[r] = -v[r]
	}
	for e, r := range f.etaAt {
		if v[r] == 0 {
			continue
		}
		t := v[r] / f.etaTurn[e]
		v[r] = t
		at, values := f.etas.line(e)
		for k, i := range at {
			v[i] -= values[k] * t
		}
	}
}

// backward replaces v by what times B is v: (Bᵀ)⁻¹·v.
func (f *factors) backward(v []float64) {
	for e, r := range slices.Backward(f.etaAt) {
		t := v[r]
		at, values := f.etas.line(e)
		for k, i := range at {
			t -= values[k] * v[i]
		}
		v[r] = t / f.etaTurn[e]
	}
	for _, r := range f.pivot[:f.slacks] {
		v[r] = -v[r]
	}
	for k := f.slacks; k < len(f.pivot); k++ {
		t := v[f.pivot[k]]
		at, values := f.upper.line(k)
		for e, i := range at {
			t -= values[e] * v[i]
		}
		v[f.pivot[k]] = t / f.diagonal[k]
	}
	for k := len(f.pivot) - 1; k >= f.slacks; k-- {
		t := v[f.pivot[k]]
		at, values := f.lower.line(k)
		for e, i := range at {
			t -= values[e] * v[i]
		}
		v[f.pivot[k]] = t
	}
}

// exchange notes that the column came into the basis at a row; column is B⁻¹ times it.
func (f *factors) exchange(row int, column []float64) {
	for i, v := range column {
		if v != 0 && i != row {
			f.etas.put(i, v)
		}
	}
	f.etas.end()
	f.etaAt = append(f.etaAt, row)
	f.etaTurn = append(f.etaTurn, column[row])
}

// took notes a pivot, whose parts of L and U are written.
func (f *factors) took(row int, diagonal float64) {
	f.lower.end()
	f.upper.end()
	f.pivot = append(f.pivot, row)
	f.diagonal = append(f.diagonal, diagonal)
}

// factor makes the factors of the basis, and puts each variable at the row of its pivot. A
// column that depends on others leaves the basis for a row's own variable.
// First come the rows' own variables, then columns that are alone in a row or have one row
// left, over and over: neither makes new entries. What remains is small.
func (s *Solver) factor() {
	f, w := &s.lu, &s.scratch
	f.lower.clear()
	f.upper.clear()
	f.etas.clear()
	f.pivot, f.diagonal, f.etaAt, f.etaTurn = f.pivot[:0], f.diagonal[:0], f.etaAt[:0], f.etaTurn[:0]
	w.left = w.left[:0]
	for i := range s.rows {
		w.done[i], w.inRow[i] = false, 0
	}
	for _, v := range s.basic {
		if row := v - s.columns; row >= 0 {
			w.done[row] = true
			f.took(row, -1)
		} else {
			w.left = append(w.left, v)
		}
	}
	f.slacks = len(f.pivot)
	for _, row := range f.pivot {
		s.basic[row] = s.columns + row
	}
	s.peel()
	s.eliminate()
	for i := range s.rows {
		if !w.done[i] {
			s.basic[i] = s.columns + i
			s.place[s.basic[i]], s.steep[s.basic[i]] = inBasis, 1
			f.took(i, -1)
		}
	}
}

// peel takes the pivots that make no new entries.
func (s *Solver) peel() {
	w := &s.scratch
	w.queue = w.queue[:0]
	for _, v := range w.left {
		n := 0
		at, _ := s.byColumn.line(v)
		for _, i := range at {
			if !w.done[i] {
				n++
				w.inRow[i]++
			}
		}
		w.inColumn[v] = n
		if n == 1 {
			w.queue = append(w.queue, v)
		}
	}
	for i := range s.rows {
		if w.inRow[i] == 1 {
			w.queue = append(w.queue, -1-i)
		}
	}
	for next := 0; next < len(w.queue); next++ {
		column, row := w.queue[next], -1
		if column < 0 {
			row = -1 - column
			column = s.aloneIn(row)
		} else {
			row = s.onlyRow(column)
		}
		if row >= 0 && column >= 0 && !w.done[row] {
			s.single(row, column)
		}
	}
	kept := w.left[:0]
	for _, v := range w.left {
		if w.inColumn[v] >= 0 {
			kept = append(kept, v)
		}
	}
	w.left = kept
}

// aloneIn returns the column of the basis that has the only entry left in a row, or -1.
func (s *Solver) aloneIn(row int) int {
	at, _ := s.byRow.line(row)
	for _, j := range at {
		if s.place[j] == inBasis && s.scratch.inColumn[j] > 0 {
			return j
		}
	}
	return -1
}

// onlyRow returns the row of the only entry that a column of the basis has left, or -1.
func (s *Solver) onlyRow(column int) int {
	if s.scratch.inColumn[column] != 1 {
		return -1
	}
	at, _ := s.byColumn.line(column)
	for _, i := range at {
		if !s.scratch.done[i] {
			return i
		}
	}
	return -1
}

// single takes a pivot that is alone in its row or its column, if it is no rounding.
func (s *Solver) single(row, column int) {
	f, w := &s.lu, &s.scratch
	at, values := s.byColumn.line(column)
	pivot := values[slices.Index(at, row)]
	if math.Abs(pivot) < pivotLeast {
		return
	}
	for e, i := range at {
		switch {
		case i == row:
		case w.done[i]:
			f.upper.put(i, values[e])
		default:
			f.lower.put(i, values[e]/pivot)
			if w.inRow[i]--; w.inRow[i] == 1 {
				w.queue = append(w.queue, -1-i)
			}
		}
	}
	f.took(row, pivot)
	w.done[row], w.inColumn[column], s.basic[row] = true, -1, column
	at, _ = s.byRow.line(row)
	for _, j := range at {
		if s.place[j] != inBasis || w.inColumn[j] < 0 {
			continue
		}
		if w.inColumn[j]--; w.inColumn[j] == 1 {
			w.queue = append(w.queue, j)
		}
	}
}

// eliminate takes the pivots of the columns that are left, those with few entries first.
func (s *Solver) eliminate() {
	f, w := &s.lu, &s.scratch
	slices.SortFunc(w.left, func(a, b int) int {
		if n := w.inColumn[a] - w.inColumn[b]; n != 0 {
			return n
		}
		return a - b
	})
	from := len(f.pivot)
	for _, column := range w.left {
		s.spread(column, w.dense)
		for k := from; k < len(f.pivot); k++ {
			if t := w.dense[f.pivot[k]]; t != 0 {
				at, values := f.lower.line(k)
				for e, i := range at {
					w.dense[i] -= values[e] * t
				}
			}
		}
		row := s.pivotRow(w.dense)
		if row < 0 {
			s.expel(column)
			clear(w.dense)
			continue
		}
		pivot := w.dense[row]
		for i, v := range w.dense {
			switch {
			case v == 0 || i == row:
			case w.done[i]:
				f.upper.put(i, v)
			default:
				f.lower.put(i, v/pivot)
			}
		}
		clear(w.dense)
		f.took(row, pivot)
		w.done[row], s.basic[row] = true, column
	}
}

// pivotRow returns the row for a column's pivot, or -1: of those that are large enough the
// one with the fewest entries.
func (s *Solver) pivotRow(v []float64) int {
	w, most := &s.scratch, 0.0
	for i, a := range v {
		if !w.done[i] {
			most = max(most, math.Abs(a))
		}
	}
	if most < pivotLeast {
		return -1
	}
	best := -1
	for i, a := range v {
		if !w.done[i] && math.Abs(a) >= pivotPart*most && (best < 0 || w.inRow[i] < w.inRow[best]) {
			best = i
		}
	}
	return best
}

// spread writes a variable's column into a vector of zeros.
func (s *Solver) spread(variable int, into []float64) {
	if variable >= s.columns {
		into[variable-s.columns] = -1
		return
	}
	at, values := s.byColumn.line(variable)
	for e, i := range at {
		into[i] = values[e]
	}
}
