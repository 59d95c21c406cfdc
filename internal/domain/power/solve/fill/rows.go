package fill

import (
	"cmp"
	"math"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/queue"
)

// crossing is the way current rises under plain rows that need not be nested: the row
// that is full first stops its outlets, which leaves the others more.
type crossing struct {
	set    *limit.Set
	uses   [][]use // by outlet
	rows   []filling
	ramps  []ramp
	frozen []bool       // by outlet, in this pass
	next   *queue.Queue // rows by level
}

// use is what an outlet takes of a row, by ampere.
type use struct {
	row    int
	factor float64
}

// filling is what a row is in a call and in a pass.
type filling struct {
	most  float64 // the limit
	flows float64 // of it

	// level is where it is full if nothing else stops its outlets; once something has
	// (stale), it is full no lower than that.
	level float64
	stale bool
}

// OnRows returns the solver for plain rows of any kind. Rows that are not plain have
// no place in the set. It takes longer than that of a tree: each time the row that may
// be full next turns out to have got more room, its level is found anew.
func OnRows(s *limit.Set) *Solver {
	c := &crossing{set: s, uses: make([][]use, s.Outlets), rows: make([]filling, len(s.Rows)), frozen: make([]bool, s.Outlets)}
	for r := range s.Rows {
		for _, t := range s.Rows[r].Terms {
			if t.Re > 0 {
				c.uses[t.Outlet] = append(c.uses[t.Outlet], use{row: r, factor: t.Re})
			}
		}
	}
	c.ramps = make([]ramp, 0, s.Outlets)
	c.next = queue.New(len(s.Rows), func(a, b int) bool {
		return cmp.Or(cmp.Compare(c.rows[a].level, c.rows[b].level), cmp.Compare(a, b)) < 0
	})
	return solver(s.Outlets, c)
}

func (c *crossing) load(limits []float64) {
	for r := range c.rows {
		c.rows[r] = filling{most: c.set.Rows[r].Limit}
		if limits != nil {
			c.rows[r].most = max(limits[r], 0)
		}
	}
}

func (c *crossing) fits(x []float64) bool {
	for r := range c.rows {
		c.rows[r].flows = 0
	}
	for outlet, amps := range x {
		c.take(outlet, amps)
	}
	for r := range c.rows {
		if f := &c.rows[r]; f.flows > f.most*(1+slack) {
			return false
		}
	}
	return true
}

func (c *crossing) trim(x []float64) {
	for r := range c.rows {
		f := &c.rows[r]
		if f.flows <= f.most {
			continue
		}
		for _, t := range c.set.Rows[r].Terms {
			if t.Re > 0 {
				x[t.Outlet] *= f.most / f.flows
			}
		}
	}
}

func (c *crossing) headroom(outlet int) (amps float64, row int) {
	amps, row = math.Inf(1), Own
	for _, u := range c.uses[outlet] {
		f := &c.rows[u.row]
		if room := max(f.most-f.flows, 0) / u.factor; room < amps {
			amps, row = room, u.row
		}
	}
	return amps, row
}

func (c *crossing) take(outlet int, amps float64) {
	for _, u := range c.uses[outlet] {
		c.rows[u.row].flows += u.factor * amps
	}
}

func (c *crossing) raise(p *pass) {
	clear(c.frozen)
	c.next.Clear()
	for r := range c.rows {
		if c.measure(p, r) {
			c.next.Push(r)
		}
	}
	for c.next.Len() > 0 {
		r := c.next.Pop()
		f := &c.rows[r]
		if !f.stale {
			for _, t := range c.set.Rows[r].Terms {
				if t.Re > 0 {
					c.freeze(p, t.Outlet, f.level, r)
				}
			}
		} else if c.measure(p, r) {
			c.next.Push(r)
		}
	}
	for outlet := range p.x {
		c.freeze(p, outlet, math.Inf(1), Own)
	}
}

// measure finds the level at which a row is full; false when it never is.
func (c *crossing) measure(p *pass, r int) bool {
	f := &c.rows[r]
	rise := 0.0
	c.ramps = c.ramps[:0]
	for _, t := range c.set.Rows[r].Terms {
		if c.frozen[t.Outlet] || t.Re == 0 {
			continue
		}
		if ramp, height, rises := p.ramp(t.Outlet); rises {
			ramp.slope *= t.Re
			c.ramps = append(c.ramps, ramp)
			rise += t.Re * height
		}
	}
	f.stale = false
	switch room := f.most - f.flows; {
	case rise <= room:
		return false
	case room <= 0:
		f.level = math.Inf(-1)
	default:
		f.level = levelOf(c.ramps, room)
	}
	return true
}

// freeze leaves an outlet at a level for the rest of the pass; row is what stopped it.
func (c *crossing) freeze(p *pass, outlet int, level float64, row int) {
	if c.frozen[outlet] {
		return
	}
	c.frozen[outlet] = true
	before := p.x[outlet]
	p.settle(outlet, level, row)
	c.take(outlet, p.x[outlet]-before)
	for _, u := range c.uses[outlet] {
		c.rows[u.row].stale = true
	}
}
