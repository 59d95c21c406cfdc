package wiring

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"pylon/internal/domain/power/solve/limit"
)

// Amperes are the limits of a step, by row.
type Amperes []float64

// Lower makes the limit of a row most, told in units, where that is lower than what it
// has, and tells whether it is.
func (a Amperes) Lower(row int, most *big.Rat, unit Unit) bool {
	told, _ := most.Float64()
	told /= unit.per
	if told >= a[row] {
		return false
	}
	a[row] = told
	return true
}

// Unlimited returns limits of rows that nothing has limited yet.
func Unlimited(rows int) Amperes {
	a := make(Amperes, rows)
	for i := range a {
		a[i] = math.Inf(1)
	}
	return a
}

// Cap makes the limit of every row that has none what its outlets can take at most, in
// mA, so that it is finite and never binds.
func (a Amperes) Cap(set *limit.Set, most []int64) {
	for i := range a {
		if math.IsInf(a[i], 1) {
			box := NewBox(&set.Rows[i])
			box.Draw(most)
			a[i] = 1 + box.longest()
		}
	}
}

// Into writes limits into the rows of a set.
func (a Amperes) Into(set *limit.Set) {
	for i := range a {
		set.Rows[i].Limit = a[i]
	}
}

// Judge tells of given currents what they are in the rows of a set.
type Judge struct {
	set    *limit.Set
	limits Amperes
	x      []float64
	sums   []way // by row
}

// NewJudge returns the judge of currents in mA, by outlet.
func NewJudge(set *limit.Set, limits Amperes, current []int64) *Judge {
	j := &Judge{set: set, limits: limits, x: make([]float64, len(current)), sums: make([]way, len(set.Rows))}
	for i, milli := range current {
		j.x[i] = float64(milli) / 1000
	}
	for i := range set.Rows {
		for _, t := range set.Rows[i].Terms {
			j.sums[i].re += t.Re * j.x[t.Outlet]
			j.sums[i].im += t.Im * j.x[t.Outlet]
		}
	}
	return j
}

// Flows returns what flows through a row, in thousandths of a unit, to the nearest.
func (j *Judge) Flows(row int, unit Unit) int64 {
	return int64(math.Round(j.sums[row].length() * unit.per * 1000))
}

// Full tells how full a row is, in millionths. A limit of 0 is full.
func (j *Judge) Full(row int) int64 {
	const full = 1e6
	if j.limits[row] <= 0 {
		return full
	}
	return int64(math.Round(full * min(j.sums[row].length()/j.limits[row], full)))
}

// Breaks tells whether a row would be above its limit, and fuller than it is, once one
// of its outlets had another current, in mA.
func (j *Judge) Breaks(row, outlet int, current int64) bool {
	t, in := term(&j.set.Rows[row], outlet)
	if !in {
		return false
	}
	before := j.sums[row]
	more := float64(current)/1000 - j.x[outlet]
	after := way{before.re + t.Re*more, before.im + t.Im*more}
	return after.length() > before.length() && after.length() > j.limits[row]*(1+limit.Slack)+limit.Slack
}

// term returns an outlet's term of a row, and whether it has one.
func term(row *limit.Row, outlet int) (limit.Term, bool) {
	i, in := index(row, outlet)
	if !in {
		return limit.Term{}, false
	}
	return row.Terms[i], true
}

func index(row *limit.Row, outlet int) (int, bool) {
	return slices.BinarySearchFunc(row.Terms, outlet, func(t limit.Term, outlet int) int { return cmp.Compare(t.Outlet, outlet) })
}

// Box says what a row carries at most while each of its outlets draws anything from
// nothing to a current of its own. A sum of phasors is longest at a corner of that box
// (its length is convex), and at one where every outlet that pushes the sum on draws
// all it may and every other nothing: the outline of the box has two such edges for each
// direction in which outlets push.
type Box struct {
	row  *limit.Row
	ways []way     // by when they were met
	of   []int     // of each term, its way
	sums []float64 // A, of each way, what its outlets may draw
}

// way is a direction in which terms of a row point, and a sum of such.
type way struct{ re, im float64 }

func (w way) length() float64 { return math.Hypot(w.re, w.im) }

// tiny is how near two directions are the same: far above a rounding, far below 30 degrees.
const tiny = 1e-9

// NewBox returns the box of a row whose outlets may draw nothing.
func NewBox(row *limit.Row) *Box {
	b := &Box{row: row, of: make([]int, len(row.Terms))}
	for i, t := range row.Terms {
		length := math.Hypot(t.Re, t.Im)
		w := way{t.Re / length, t.Im / length}
		at := slices.IndexFunc(b.ways, func(v way) bool { return way{v.re - w.re, v.im - w.im}.length() < tiny })
		if at < 0 {
			at = len(b.ways)
			b.ways = append(b.ways, w)
		}
		b.of[i] = at
	}
	b.sums = make([]float64, len(b.ways))
	return b
}

// Draw lets each outlet draw up to a current in mA, by outlet.
func (b *Box) Draw(most []int64) {
	clear(b.sums)
	for _, t := range b.row.Terms {
		b.More(t.Outlet, most[t.Outlet])
	}
}

// More lets an outlet draw so many mA more; fewer where negative.
func (b *Box) More(outlet int, milli int64) {
	if i, in := index(b.row, outlet); in {
		t := b.row.Terms[i]
		b.sums[b.of[i]] += math.Hypot(t.Re, t.Im) * float64(milli) / 1000
	}
}

// Most returns what flows at most, in thousandths of a unit, rounded up.
func (b *Box) Most(unit Unit) int64 {
	return int64(math.Ceil(b.longest()*unit.per*1000*(1-limit.Slack) - limit.Slack))
}

// Fits tells whether a limit in amperes of the row's sum holds whatever is drawn.
func (b *Box) Fits(limits Amperes, row int) bool {
	return b.longest() <= limits[row]*(1+limit.Slack)+limit.Slack
}

// longest returns the length of the longest sum.
func (b *Box) longest() float64 {
	longest := 0.0
	for _, edge := range b.ways {
		// Both corners where the outline has this way as its edge, on both sides of it.
		for _, sign := range []float64{1, -1} {
			aside := way{-edge.im * sign, edge.re * sign}
			longest = max(longest, b.corner(aside, edge), b.corner(aside, way{-edge.re, -edge.im}))
		}
	}
	return longest
}

// corner returns the length of the sum of all ways that point towards a direction, and
// of those at a right angle to it that point along edge.
func (b *Box) corner(towards, edge way) float64 {
	var sum way
	for i, w := range b.ways {
		on := w.re*towards.re + w.im*towards.im
		if on > tiny || math.Abs(on) <= tiny && w.re*edge.re+w.im*edge.im > 0 {
			sum.re += w.re * b.sums[i]
			sum.im += w.im * b.sums[i]
		}
	}
	return sum.length()
}
