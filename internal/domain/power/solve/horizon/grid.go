package horizon

import (
	"slices"

	"pylon/internal/domain/power/solve/limit"
)

// blocksMax is where changes of limits and prices stop making blocks of their own: two
// days of hourly prices beside the growing blocks.
const blocksMax = 72

// grid is the time ahead in blocks.
type grid struct {
	starts []int     // one more than there are blocks
	hours  []float64 // of each block
	limits []float64 // A, by row, then by block: the mean over the block's steps
	price  []float64 // per kWh, by block; empty without money
	solar  []float64 // kW, by block
	marks  []int
}

func (g *grid) blocks() int { return len(g.hours) }

// length returns how many steps the k-th block has when nothing cuts it short: the
// sooner, the finer.
func length(k int) int {
	switch {
	case k < 4:
		return 1
	case k < 8:
		return 2
	case k < 11:
		return 3
	case k < 15:
		return 6
	case k < 27:
		return 12
	}
	return 48
}

// cut divides the time until the last car leaves. A block ends where a limit or a price
// changes.
func (g *grid) cut(p *Problem, set *limit.Set, hours float64) {
	end := 1
	for i := range p.Cars {
		end = max(end, p.Cars[i].Until)
	}
	g.mark(p, end)
	g.starts, g.hours = append(g.starts[:0], 0), g.hours[:0]
	mark := 0
	for start, k := 0, 0; start < end; k++ {
		next := min(start+length(k), end)
		for mark < len(g.marks) && g.marks[mark] <= start {
			mark++
		}
		if mark < len(g.marks) && len(g.hours) < blocksMax {
			next = min(next, g.marks[mark])
		}
		g.starts = append(g.starts, next)
		g.hours = append(g.hours, float64(next-start)*hours)
		start = next
	}
	g.limit(p, set)
	g.signals(p.Money)
}

// mark notes the steps at which something changes.
func (g *grid) mark(p *Problem, end int) {
	g.marks = g.marks[:0]
	for _, o := range p.Overrides {
		g.marks = append(g.marks, o.From, o.To)
	}
	if p.Money != nil {
		for t := 1; t < min(end, len(p.Money.Price)); t++ {
			if p.Money.Price[t] != p.Money.Price[t-1] {
				g.marks = append(g.marks, t)
			}
		}
	}
	slices.Sort(g.marks)
}

// limit averages the limits over the steps of each block.
func (g *grid) limit(p *Problem, set *limit.Set) {
	blocks := g.blocks()
	g.limits = sized(g.limits, len(set.Rows)*blocks)
	for r := range set.Rows {
		for b := range blocks {
			g.limits[r*blocks+b] = set.Rows[r].Limit
		}
	}
	for at, o := range p.Overrides {
		for b := range blocks {
			if o.From < g.starts[b+1] && o.To > g.starts[b] {
				g.limits[o.Row*blocks+b] = g.over(p.Overrides[:at+1], set.Rows[o.Row].Limit, b)
			}
		}
	}
}

// over returns the mean limit in a block of the row that the last override names.
func (g *grid) over(overrides []Override, own float64, b int) float64 {
	row, sum := overrides[len(overrides)-1].Row, 0.0
	for t := g.starts[b]; t < g.starts[b+1]; t++ {
		now := own
		for _, o := range overrides {
			if o.Row == row && o.From <= t && t < o.To {
				now = o.Limit
			}
		}
		sum += now
	}
	return sum / float64(g.starts[b+1]-g.starts[b])
}

// signals averages prices and sunshine over the steps of each block.
func (g *grid) signals(m *Money) {
	g.price, g.solar = g.price[:0], g.solar[:0]
	if m == nil {
		return
	}
	for b := range g.blocks() {
		g.price = append(g.price, mean(m.Price, g.starts[b], g.starts[b+1]))
		g.solar = append(g.solar, mean(m.Solar, g.starts[b], g.starts[b+1]))
	}
}

// mean returns the mean of a series over [from, to); its last value goes on.
func mean(series []float64, from, to int) float64 {
	if len(series) == 0 {
		return 0
	}
	sum := 0.0
	for t := from; t < to; t++ {
		sum += series[min(t, len(series)-1)]
	}
	return sum / float64(to-from)
}

// sized returns a slice of n zeros, in the memory of s when it is large enough.
func sized(s []float64, n int) []float64 {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}
