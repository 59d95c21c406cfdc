package fill

import (
	"cmp"
	"fmt"
	"slices"

	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/fault"
)

// Tree is nested limits, prepared: each node holds outlets, other nodes, or both. It
// may have several roots, and outlets that no node holds. It does not change.
type Tree struct {
	nodes  []node // children before parents, a subtree together
	order  []int  // outlets by node
	rows   []row  // by limit, as the caller counts them
	limits []float64
}

type node struct {
	parent int // -1 for a root
	lowest int // the first node of its subtree
	first  int // its own outlets are order[first:end]
	end    int
}

// row is a limit: the sum of what node holds, times factor.
type row struct {
	node   int // -1 when it limits nothing
	factor float64
}

// NewTree returns the tree of nodes with their capacities, in amperes, where parent[v]
// is the node that holds v, before it in order, or -1; hangs[i] is the node that holds
// outlet i, or -1. Its limits are its nodes. Anything else is [fault.Invalid].
func NewTree(parent []int, capacity []float64, hangs []int) (*Tree, error) {
	if len(parent) != len(capacity) {
		return nil, fault.InvalidField("/cap", "out_of_range", "has one capacity for each node")
	}
	for v, p := range parent {
		if p < -1 || p >= v {
			return nil, fault.InvalidField(fmt.Sprintf("/parent/%d", v), "unknown_value", "is a node before this one, or -1")
		}
	}
	for i, v := range hangs {
		if v < -1 || v >= len(parent) {
			return nil, fault.InvalidField(fmt.Sprintf("/leaves/%d", i), "unknown_value", "hangs at a node, or at -1")
		}
	}
	t := &Tree{rows: make([]row, len(parent)), limits: slices.Clone(capacity)}
	for v, at := range t.plant(parent, hangs) {
		t.rows[v] = row{node: at, factor: 1}
	}
	return t, nil
}

// plant lays nodes and outlets out so that a subtree lies together, children first. It
// returns each node's new place.
func (t *Tree) plant(parent, hangs []int) (place []int) {
	sizes := make([]int, len(parent))
	for v := len(parent) - 1; v >= 0; v-- {
		sizes[v]++
		if p := parent[v]; p >= 0 {
			sizes[p] += sizes[v]
		}
	}
	t.nodes = make([]node, len(parent))
	place = make([]int, len(parent))
	free := make([]int, len(parent)) // where the next child of a node goes
	roots := 0
	for v, p := range parent {
		next, up := &roots, -1
		if p >= 0 {
			next, up = &free[p], place[p]
		}
		free[v] = *next
		*next += sizes[v]
		place[v] = *next - 1
		t.nodes[place[v]] = node{parent: up, lowest: free[v]}
	}
	at := func(outlet int) int {
		if hangs[outlet] < 0 {
			return len(parent) // behind all nodes
		}
		return place[hangs[outlet]]
	}
	t.order = make([]int, len(hangs))
	for i := range t.order {
		t.order[i] = i
	}
	slices.SortFunc(t.order, func(a, b int) int { return cmp.Or(cmp.Compare(at(a), at(b)), cmp.Compare(a, b)) })
	end := 0
	for v := range t.nodes {
		t.nodes[v].first = end
		for end < len(t.order) && at(t.order[end]) == v {
			end++
		}
		t.nodes[v].end = end
	}
	return place
}

// TreeOf returns the tree of a set of limits, if it is one: rows of sums with one
// factor each, any two of which hold one another or have nothing in common. The error
// is a [*NotNested]. Its limits are the rows; those that hold the same outlets are one
// node, with the smallest of them.
func TreeOf(s *limit.Set) (*Tree, error) {
	t := &Tree{rows: make([]row, len(s.Rows)), limits: make([]float64, len(s.Rows))}
	held, bySize := make([][]int, len(s.Rows)), make([]int, len(s.Rows))
	for r := range s.Rows {
		var even bool
		if held[r], t.rows[r].factor, even = outletsOf(&s.Rows[r]); !even {
			return nil, notNested(s, r, r)
		}
		t.limits[r], bySize[r] = s.Rows[r].Limit, r
	}
	slices.SortStableFunc(bySize, func(a, b int) int { return cmp.Compare(len(held[b]), len(held[a])) })

	hangs := make([]int, s.Outlets) // the smallest node so far that holds an outlet
	for i := range hangs {
		hangs[i] = -1
	}
	var parent, rowOf []int // by node
	for _, r := range bySize {
		if len(held[r]) == 0 {
			t.rows[r].node = -1
			continue
		}
		up := hangs[held[r][0]]
		for _, outlet := range held[r] {
			if hangs[outlet] == up {
				continue
			}
			// The smaller rows of both cannot hold both, and are no smaller than r.
			other := hangs[outlet]
			if other < 0 || up >= 0 && !slices.Contains(held[rowOf[up]], outlet) {
				other = up
			}
			return nil, notNested(s, r, rowOf[other])
		}
		if up < 0 || len(held[rowOf[up]]) > len(held[r]) {
			parent, rowOf = append(parent, up), append(rowOf, r)
			for _, outlet := range held[r] {
				hangs[outlet] = len(parent) - 1
			}
			up = len(parent) - 1
		}
		t.rows[r].node = up
	}
	place := t.plant(parent, hangs)
	for r := range t.rows {
		if v := t.rows[r].node; v >= 0 {
			t.rows[r].node = place[v]
		}
	}
	return t, nil
}

// outletsOf returns the outlets that a row limits and the factor that they all have;
// false when they have none in common.
func outletsOf(r *limit.Row) (outlets []int, factor float64, even bool) {
	if !r.Plain() {
		return nil, 0, false
	}
	for _, term := range r.Terms {
		switch {
		case term.Re == 0:
			continue
		case factor == 0:
			factor = term.Re
		case factor != term.Re:
			return nil, 0, false
		}
		outlets = append(outlets, term.Outlet)
	}
	return outlets, factor, true
}

// NotNested says why rows are no tree: the two cross, or Other is Row itself, which is
// no sum of currents with one factor.
type NotNested struct {
	Row, Other int
	names      [2]string
}

func notNested(s *limit.Set, row, other int) error {
	return &NotNested{Row: row, Other: other, names: [2]string{s.Rows[row].Name, s.Rows[other].Name}}
}

func (e *NotNested) Error() string {
	if e.Row == e.Other {
		return fmt.Sprintf("limit %q is no sum with one factor", e.names[0])
	}
	return fmt.Sprintf("limits %q and %q cross", e.names[0], e.names[1])
}
