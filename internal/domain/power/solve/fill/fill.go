// Package fill shares current fairly under limits that are plain sums: it lets a level
// rise, each outlet takes what the level gives it, and stops when a limit is full.
//
// Where the limits are nested (a tree of panels, feeders, transformers), one pass from
// the leaves to the root is exact: the answer for a smaller capacity is the answer for
// a larger one, cut at a lower level, so that what was found below a node never needs
// another look. It costs O(outlets · depth) and, after the first call, no memory. Where
// limits cross (the three lines of a panel with one- and three-phase cars), the row
// that fills up first stops its outlets, and so on row by row; that is exact because
// less current never hurts a plain row.
//
// Both serve guaranteed minima first, then tier after tier from what the tiers before
// left, and say for each outlet what stopped it. The result is the weighted max-min
// fair one; under nested limits it carries the largest possible total of each tier,
// too. No row is filled above its limit by more than [limit.Slack].
//
// Sources: Radunovic and Le Boudec, A unified framework for max-min and min-max
// fairness; Fujishige, Submodular functions and optimization (laminar rows).
package fill

import (
	"cmp"
	"math"
	"slices"

	"pylon/internal/domain/power/solve/limit"
)

// Leaf is what an outlet asks for. It takes Slope·(level − Start) amperes, but never
// less than Min nor more than Max; a Max below Min counts for both, and what is below 0
// for 0.
type Leaf struct {
	Min, Max float64 // A
	Slope    float64 // A per unit of level; below 1e-9 the outlet stays at Min
	Start    float64 // level at which the current leaves 0

	Tier int     // 0 is served first
	Rank float64 // within a tier: the smaller keeps its minimum longer
}

// Fair is the leaf of weighted fairness: all have the same current by weight until
// something stops them.
func Fair(most, weight float64) Leaf { return Leaf{Max: most, Slope: weight} }

// Urgent is the leaf of least laxity: laxity is the time an outlet could still wait
// before it must charge at its most, in steps. All are left with the same laxity after
// the step, as far as one step can do that.
func Urgent(most, laxity float64) Leaf {
	return Leaf{Max: most, Slope: most, Start: laxity - 1, Rank: laxity}
}

// slopeMin is the smallest slope that counts: below it levels would outgrow numbers.
const slopeMin = 1e-9

// bounds returns the least and the most that a leaf may have.
func (l *Leaf) bounds() (least, most float64) {
	most = max(l.Max, 0)
	return min(max(l.Min, 0), most), most
}

// Own stands in [Answer.Bound] for the outlet's own maximum.
const Own = -1

// Answer is a sharing. It lies in the solver's memory and holds until its next call.
type Answer struct {
	Currents []float64 // A, by outlet
	Bound    []int     // by outlet: the limit that stopped it, or Own
	Short    int       // how many outlets have less than their minimum, because the minima do not fit together
}

// slack is by how much of itself a limit may be exceeded here: less than the judge
// allows, who adds in another order.
const slack = limit.Slack / 4

// way is how current rises under rows of one kind.
type way interface {
	// load takes the limits of a call; nil are the rows' own.
	load(limits []float64)
	// fits lets currents flow, and no others, and reports whether no limit is exceeded.
	fits(x []float64) bool
	// trim scales currents that do not fit until they do.
	trim(x []float64)
	// headroom returns how much more an outlet could have, and the limit that says so.
	headroom(outlet int) (amps float64, row int)
	// take lets current flow to an outlet.
	take(outlet int, amps float64)
	// raise fills the outlets of a tier, above the currents that flow.
	raise(p *pass)
}

// pass is the filling of one tier: x is what flows already, the minima of this tier
// and of later ones, all of the tiers before.
type pass struct {
	tier   int
	leaves []Leaf
	x      []float64
	bound  []int
}

// Solver shares current under one site's limits. It is not for use by several
// goroutines at a time.
type Solver struct {
	way   way
	pass  pass
	order []int
}

// New returns the solver for a set of limits: the tree's where they are nested, else
// that for crossing rows. Rows that are not plain are a [*NotNested] error.
func New(s *limit.Set) (*Solver, error) {
	t, err := TreeOf(s)
	if err == nil {
		return OnTree(t), nil
	}
	for i := range s.Rows {
		if !s.Rows[i].Plain() {
			return nil, err
		}
	}
	return OnRows(s), nil
}

func solver(outlets int, w way) *Solver {
	return &Solver{way: w, pass: pass{x: make([]float64, outlets), bound: make([]int, outlets)}, order: make([]int, outlets)}
}

// Fill shares current among leaves, one per outlet. limits are those of the step, by
// row (what is below 0 counts as 0); nil are the rows' own.
func (s *Solver) Fill(limits []float64, leaves []Leaf) Answer {
	p := &s.pass
	p.leaves = leaves
	short := s.minima(limits)
	for tier, more := p.next(math.MinInt); more; tier, more = p.next(tier) {
		p.tier = tier
		s.way.raise(p)
		if !s.way.fits(p.x) { // high levels and low limits: rounding
			s.way.trim(p.x)
			s.way.fits(p.x)
		}
	}
	p.leaves = nil
	return Answer{Currents: p.x, Bound: p.bound, Short: short}
}

// next returns the first tier after one.
func (p *pass) next(tier int) (next int, more bool) {
	for i := range p.leaves {
		if t := p.leaves[i].Tier; t > tier && (!more || t < next) {
			next, more = t, true
		}
	}
	return next, more
}

// minima gives each outlet its minimum and returns how many must do with less: those
// of later tiers first, of a tier those of the greatest rank.
func (s *Solver) minima(limits []float64) (short int) {
	p := &s.pass
	for i := range p.leaves {
		p.x[i], _ = p.leaves[i].bounds()
		p.bound[i] = Own
	}
	s.way.load(limits)
	if s.way.fits(p.x) {
		return 0
	}
	for i := range p.x {
		p.x[i], s.order[i] = 0, i
	}
	s.way.fits(p.x)
	slices.SortFunc(s.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(p.leaves[a].Tier, p.leaves[b].Tier), cmp.Compare(p.leaves[a].Rank, p.leaves[b].Rank), cmp.Compare(a, b))
	})
	for _, i := range s.order {
		least, _ := p.leaves[i].bounds()
		room, row := s.way.headroom(i)
		if least > room {
			least, p.bound[i] = room, row
			short++
		}
		p.x[i] = least
		s.way.take(i, least)
	}
	return short
}

// ramp returns how an outlet's current rises in this pass, and by how much it can;
// false when it cannot.
func (p *pass) ramp(outlet int) (r ramp, height float64, rises bool) {
	l := &p.leaves[outlet]
	if l.Tier != p.tier || l.Slope < slopeMin {
		return r, 0, false
	}
	_, most := l.bounds()
	least := p.x[outlet]
	if most <= least {
		return r, 0, false
	}
	r = ramp{from: l.Start, to: l.Start + most/l.Slope, slope: l.Slope}
	if least > 0 {
		r.from += least / l.Slope
	}
	return r, most - least, true
}

// settle gives an outlet what a level means for it; row is what stopped the level.
func (p *pass) settle(outlet int, level float64, row int) {
	l := &p.leaves[outlet]
	if l.Tier != p.tier || l.Slope < slopeMin {
		return
	}
	_, most := l.bounds()
	p.x[outlet] = min(max(l.Slope*(level-l.Start), p.x[outlet]), most)
	if p.x[outlet] < most {
		p.bound[outlet] = row
	}
}
