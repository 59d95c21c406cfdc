package fill

import "math"

// water is the way current rises in a tree: a level per node, found from the leaves
// to the root in one pass.
type water struct {
	*Tree
	states []state // by node
	at     []int   // by outlet: its node, -1 for none
	ramps  []ramp  // a stack: those of the subtrees that wait for their parent
}

// state is what a node is in a call and in a pass.
type state struct {
	capacity float64 // A
	row      int     // the limit that says so
	flows    float64 // A, before this pass

	mark  int     // where the ramps of its subtree begin
	rise  float64 // A, how far they can rise
	level float64 // at which something on the way to the root stops its outlets; trimming: a factor
	bound int     // the limit that did
}

// OnTree returns the solver for a tree of limits.
func OnTree(t *Tree) *Solver {
	w := &water{Tree: t, states: make([]state, len(t.nodes)), at: make([]int, len(t.order)), ramps: make([]ramp, 0, len(t.order))}
	for i := range w.at {
		w.at[i] = -1
	}
	for v, n := range t.nodes {
		for _, outlet := range t.order[n.first:n.end] {
			w.at[outlet] = v
		}
	}
	return solver(len(t.order), w)
}

func (w *water) load(limits []float64) {
	if limits == nil {
		limits = w.limits
	}
	for v := range w.states {
		w.states[v].capacity = math.Inf(1)
	}
	for r, row := range w.rows {
		if row.node < 0 {
			continue
		}
		if most, s := max(limits[r], 0)/row.factor, &w.states[row.node]; most < s.capacity {
			s.capacity, s.row = most, r
		}
	}
}

func (w *water) fits(x []float64) bool {
	for v := range w.states {
		w.states[v].flows = 0
	}
	fits := true
	for v := range w.nodes {
		n, s := &w.nodes[v], &w.states[v]
		for _, outlet := range w.order[n.first:n.end] {
			s.flows += x[outlet]
		}
		if n.parent >= 0 {
			w.states[n.parent].flows += s.flows
		}
		fits = fits && s.flows <= s.capacity*(1+slack)
	}
	return fits
}

func (w *water) trim(x []float64) {
	for v := len(w.nodes) - 1; v >= 0; v-- {
		n, s := &w.nodes[v], &w.states[v]
		s.level = 1
		if s.flows > s.capacity {
			s.level = s.capacity / s.flows
		}
		if n.parent >= 0 {
			s.level = min(s.level, w.states[n.parent].level)
		}
		for _, outlet := range w.order[n.first:n.end] {
			x[outlet] *= s.level
		}
	}
}

func (w *water) headroom(outlet int) (amps float64, row int) {
	amps, row = math.Inf(1), Own
	for v := w.at[outlet]; v >= 0; v = w.nodes[v].parent {
		if s := &w.states[v]; s.capacity-s.flows < amps {
			amps, row = max(s.capacity-s.flows, 0), s.row
		}
	}
	return amps, row
}

func (w *water) take(outlet int, amps float64) {
	for v := w.at[outlet]; v >= 0; v = w.nodes[v].parent {
		w.states[v].flows += amps
	}
}

func (w *water) raise(p *pass) {
	w.up(p)
	w.down(p)
	for _, outlet := range w.order[w.held():] {
		p.settle(outlet, math.Inf(1), Own)
	}
}

// held returns how many outlets hang at a node.
func (w *water) held() int {
	if len(w.nodes) == 0 {
		return 0
	}
	return w.nodes[len(w.nodes)-1].end
}

// up finds the level of each node as if there were nothing above it. A node sees the
// ramps of its subtree as the nodes below have cut them.
func (w *water) up(p *pass) {
	w.ramps = w.ramps[:0]
	for v := range w.states {
		w.states[v].rise = 0
	}
	for v := range w.nodes {
		n, s := &w.nodes[v], &w.states[v]
		s.mark = len(w.ramps)
		if n.lowest < v {
			s.mark = w.states[n.lowest].mark
		}
		for _, outlet := range w.order[n.first:n.end] {
			if r, height, rises := p.ramp(outlet); rises {
				w.ramps = append(w.ramps, r)
				s.rise += height
			}
		}
		w.stop(s)
		if n.parent >= 0 {
			w.states[n.parent].rise += s.rise
		}
	}
}

// stop finds the level at which a node is full and cuts its ramps there.
func (w *water) stop(s *state) {
	room := s.capacity - s.flows
	switch {
	case s.rise <= room:
		s.level = math.Inf(1)
		return
	case room <= 0:
		s.level, s.rise, w.ramps = math.Inf(-1), 0, w.ramps[:s.mark]
		return
	}
	s.level = levelOf(w.ramps[s.mark:], room)
	s.rise = room
	w.ramps = w.ramps[:s.mark+len(cut(w.ramps[s.mark:], s.level))]
}

// down gives each outlet the lowest level on its way to the root.
func (w *water) down(p *pass) {
	for v := len(w.nodes) - 1; v >= 0; v-- {
		n, s := &w.nodes[v], &w.states[v]
		s.bound = s.row
		if n.parent >= 0 {
			if above := &w.states[n.parent]; above.level < s.level {
				s.level, s.bound = above.level, above.bound
			}
		}
		for _, outlet := range w.order[n.first:n.end] {
			p.settle(outlet, s.level, s.bound)
		}
	}
}
