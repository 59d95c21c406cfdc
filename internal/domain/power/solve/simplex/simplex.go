// Package simplex solves linear programs: the largest c·x where every column of x lies
// between two finite bounds and every row a·x between two limits.
//
// It is made for programs that are solved again and again with little changed: a row is
// added, a limit, a bound or a cost moves, and [Solver.Solve] goes on from where it was.
// Since every column has bounds, any basis is easily made right for the dual simplex
// method, which therefore does nearly all of the work; the primal method finishes, and
// serves when only costs have changed.
//
// The same calls give the same bits. A solve that has the shape of one before allocates
// nothing, and it makes a bounded number of exchanges of the basis.
package simplex

import (
	"fmt"
	"math"
	"slices"
)

// Status says how a solve ended.
type Status int

// The ways a solve ends.
const (
	Optimal    Status = iota // no x within bounds and limits is better
	Stopped                  // too many exchanges: x keeps its bounds, perhaps not all rows
	Infeasible               // no x within its bounds keeps all rows
)

// Term is a column's factor in a row.
type Term struct {
	Column int
	Factor float64
}

// Solver is a linear program and the basis it was last solved with.
// The columns are variables 0 to columns-1. Row i has variable columns+i, which is the
// value of the row: the system is A·x - z = 0, and limits of rows are bounds of z.
type Solver struct {
	columns, rows int

	byRow, byColumn matrix
	across          []int // by entry of byRow: which of byColumn it is
	turned          bool  // byColumn has all rows

	cost, lower, upper []float64 // by variable
	work               []float64 // costs as the dual method has shifted them
	x, reduced         []float64 // by variable
	place              []place
	steep              []float64 // by variable: steepest edge weights, while it is basic
	basic              []int     // by row: the variable that is basic there
	dual               []float64 // by row

	lu      factors
	scratch scratch

	begun                  bool    // there is a basis to go on from
	costs                  float64 // the largest: what a tolerance of duals is a part of
	exact                  bool    // reduced is by the true costs and the basis as it is
	most, pivots, patience int
	bound                  float64
}

// place is where a variable stands.
type place uint8

const (
	atLower place = iota
	atUpper
	atNothing // not in the basis and without a bound to stand at: it counts as 0
	inBasis
)

// New makes a program of some columns between 0 and 0, without cost and rows.
func New(columns int) *Solver {
	s := &Solver{columns: columns}
	s.byRow.start = append(s.byRow.start, 0)
	for range columns {
		s.variable(0, 0)
	}
	return s
}

// variable adds one that stands at its lower bound.
func (s *Solver) variable(lower, upper float64) {
	s.cost, s.work = append(s.cost, 0), append(s.work, 0)
	s.lower, s.upper = append(s.lower, lower), append(s.upper, upper)
	s.x, s.reduced = append(s.x, 0), append(s.reduced, 0)
	s.place, s.steep = append(s.place, atLower), append(s.steep, 1)
}

// SetCost says what a unit of a column is worth.
func (s *Solver) SetCost(column int, cost float64) { s.cost[column] = cost }

// SetBounds says what a column lies between; both are finite, lower <= upper.
func (s *Solver) SetBounds(column int, lower, upper float64) {
	if !(lower <= upper) || math.IsInf(lower, 0) || math.IsInf(upper, 0) {
		panic(fmt.Sprintf("simplex: column %d between %v and %v", column, lower, upper))
	}
	s.lower[column], s.upper[column] = lower, upper
}

// AddRow adds lower <= Σ factor·x <= upper and returns its number, from 0. Each column is
// named once. A limit that is infinite is none: AddRow(terms, math.Inf(-1), 40).
// The basis stays: the next solve begins where the last one ended.
func (s *Solver) AddRow(terms []Term, lower, upper float64) int {
	row := s.rows
	for _, t := range terms {
		s.byRow.index = append(s.byRow.index, t.Column)
		s.byRow.value = append(s.byRow.value, t.Factor)
	}
	s.byRow.start = append(s.byRow.start, len(s.byRow.index))
	s.variable(math.Inf(-1), math.Inf(1))
	s.place[s.columns+row] = inBasis
	s.basic = append(s.basic, s.columns+row)
	s.dual = append(s.dual, 0)
	s.rows++
	s.turned = false
	s.SetLimits(row, lower, upper)
	return row
}

// SetLimits says what a row lies between, lower <= upper.
func (s *Solver) SetLimits(row int, lower, upper float64) {
	if !(lower <= upper) {
		panic(fmt.Sprintf("simplex: row %d between %v and %v", row, lower, upper))
	}
	s.lower[s.columns+row], s.upper[s.columns+row] = lower, upper
}

// SetFactors gives a row other factors, in the order of the terms it was added with. That is
// for cuts which are no longer needed: a row that [Solver.Slack] says is tight is better left.
func (s *Solver) SetFactors(row int, factors []float64) {
	from := s.byRow.start[row]
	for k, f := range factors {
		s.byRow.value[from+k] = f
		if s.turned {
			s.byColumn.value[s.across[from+k]] = f
		}
	}
}

// Reserve makes room for that many rows in all, with so many terms in all, so that
// adding them and solving allocates nothing for them.
func (s *Solver) Reserve(rows, terms int) {
	n := s.columns + rows
	s.byRow.start = slices.Grow(s.byRow.start, rows)
	s.byRow.index, s.byRow.value = slices.Grow(s.byRow.index, terms), slices.Grow(s.byRow.value, terms)
	for _, of := range []*[]float64{&s.cost, &s.work, &s.lower, &s.upper, &s.x, &s.reduced, &s.steep, &s.dual} {
		*of = slices.Grow(*of, n)
	}
	s.place, s.basic = slices.Grow(s.place, n), slices.Grow(s.basic, rows)
	s.size(rows, terms)
}

// SetPivotsMost bounds the exchanges of a solve, for who would rather have a bound than wait;
// 0 is as many as any solve that goes well needs.
func (s *Solver) SetPivotsMost(pivots int) { s.most = pivots }

// Reset forgets the basis: the next solve begins afresh, as the first one does.
func (s *Solver) Reset() { s.begun = false }

// X returns the columns of the last solve; it is the solver's, and good until the next solve.
func (s *Solver) X() []float64 { return s.x[:s.columns] }

// Row returns the value of a row at X.
func (s *Solver) Row(row int) float64 { return s.x[s.columns+row] }

// Loose tells whether a row does not bind at the last solve: its dual is 0.
func (s *Solver) Loose(row int) bool { return s.place[s.columns+row] == inBasis }

// Duals returns by row what the optimum gains from a unit more of its limit: 0 or more for an
// upper limit that binds, 0 or less for a lower one. It is the solver's, as X.
func (s *Solver) Duals() []float64 { return s.dual[:s.rows] }

// Objective returns c·x.
func (s *Solver) Objective() float64 {
	sum := 0.0
	for j := range s.columns {
		sum += s.cost[j] * s.x[j]
	}
	return sum
}

// Bound returns what no x within bounds and limits exceeds, by weak duality: also after a
// solve that was stopped.
func (s *Solver) Bound() float64 { return s.bound }

// Pivots returns how many exchanges of the basis and changes of a bound the last solve made.
func (s *Solver) Pivots() int { return s.pivots }
