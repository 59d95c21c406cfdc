package simplex

// step is how far duals may move until a variable's reduced cost is 0.
type step struct {
	ratio    float64
	variable int
}

// before orders steps; equal ones by number, so that results do not depend on the memory.
func (a step) before(b step) bool {
	return a.ratio < b.ratio || a.ratio == b.ratio && a.variable < b.variable
}

// heapify puts the first step first.
func heapify(h []step) {
	for i := len(h)/2 - 1; i >= 0; i-- {
		sink(h, i)
	}
}

// pop removes the first step.
func pop(h []step) []step {
	last := len(h) - 1
	h[0] = h[last]
	sink(h[:last], 0)
	return h[:last]
}

func sink(h []step, i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(h[i]) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
