package fill_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/power/solve/fill"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/fault"
)

// snapshot is a step of a large site with its answer, found by others.
type snapshot struct {
	Nodes struct {
		Parent   []int     `json:"parent"`
		Capacity []float64 `json:"cap_a"`
	} `json:"nodes"`
	Leaves struct {
		Node   []int     `json:"node"`
		Most   []float64 `json:"ub_a"`
		Weight []float64 `json:"weight"`
	} `json:"leaves"`
	Want      []float64 `json:"expected_a"`
	Tolerance float64   `json:"tolerance_a"`
}

func open(t testing.TB) (*snapshot, *fill.Tree, []fill.Leaf) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "sim", "powerlab", "testdata", "snap10k-s11.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s snapshot
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	tree, err := fill.NewTree(s.Nodes.Parent, s.Nodes.Capacity, s.Leaves.Node)
	if err != nil {
		t.Fatal(err)
	}
	ask := make([]fill.Leaf, len(s.Leaves.Node))
	for i := range ask {
		ask[i] = fill.Fair(s.Leaves.Most[i], s.Leaves.Weight[i])
	}
	return &s, tree, ask
}

// set returns the rows of a snapshot.
func (s *snapshot) set() *limit.Set {
	set := &limit.Set{Outlets: len(s.Leaves.Node), Rows: make([]limit.Row, len(s.Nodes.Parent))}
	for v := range set.Rows {
		set.Rows[v].Limit = s.Nodes.Capacity[v]
	}
	for i, v := range s.Leaves.Node {
		for ; v >= 0; v = s.Nodes.Parent[v] {
			set.Rows[v].Terms = append(set.Rows[v].Terms, limit.Term{Outlet: i, Re: 1})
		}
	}
	return set
}

// Ten thousand outlets in four levels get what the stored answer says, by one pass in
// the tree as by rows that freeze, and no limit is exceeded.
func TestSnapshot(t *testing.T) {
	s, tree, ask := open(t)
	set := s.set()
	found, err := fill.New(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		solver *fill.Solver
	}{{"tree", fill.OnTree(tree)}, {"tree found in rows", found}, {"rows", fill.OnRows(set)}} {
		t.Run(c.name, func(t *testing.T) {
			got, far := c.solver.Fill(nil, ask), 0.0
			for i, want := range s.Want {
				far = math.Max(far, math.Abs(got.Currents[i]-want))
			}
			if far > s.Tolerance {
				t.Errorf("got %v A from the answer, want %v at most", far, s.Tolerance)
			}
			if row, ratio := set.Worst(got.Currents, nil); ratio > 1+limit.Slack {
				t.Errorf("got row %d filled to %v", row, ratio)
			}
		})
	}
}

// A step takes no memory, be its limits, maxima, tiers and minima as they may.
func TestAllocations(t *testing.T) {
	s, tree, ask := open(t)
	limits := append([]float64(nil), s.Nodes.Capacity...)
	few := &limit.Set{Outlets: 12, Rows: []limit.Row{row(0, 50, 1, 0, 8), row(1, 40, 1, 4, 12), row(2, 30, 1, 2, 6)}}
	for _, c := range []struct {
		name   string
		solver *fill.Solver
		ask    []fill.Leaf
		limits []float64
	}{{"tree", fill.OnTree(tree), ask, limits}, {"rows", fill.OnRows(few), ask[:12], []float64{50, 40, 30}}} {
		t.Run(c.name, func(t *testing.T) {
			step := 0
			got := testing.AllocsPerRun(10, func() {
				step++
				c.limits[0] *= 0.9
				for i := range c.ask {
					c.ask[i].Tier, c.ask[i].Min = i%2, float64(i%step)
				}
				c.solver.Fill(c.limits, c.ask)
			})
			if got != 0 {
				t.Errorf("got %v allocations", got)
			}
		})
	}
}

func TestNewTree(t *testing.T) {
	for _, c := range []struct {
		name     string
		parent   []int
		capacity []float64
		hangs    []int
		good     bool
	}{
		{"two roots, an outlet of its own", []int{-1, -1, 0}, []float64{1, 2, 3}, []int{2, -1, 1}, true},
		{"nothing at all", nil, nil, nil, true},
		{"a parent behind its child", []int{1, -1}, []float64{1, 2}, nil, false},
		{"its own parent", []int{0}, []float64{1}, nil, false},
		{"a node without capacity", []int{-1}, nil, nil, false},
		{"an outlet nowhere", []int{-1}, []float64{1}, []int{1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := fill.NewTree(c.parent, c.capacity, c.hangs); (err == nil) != c.good || err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want good: %t", err, c.good)
			}
		})
	}
}

func BenchmarkTree(b *testing.B) {
	s, tree, ask := open(b)
	urgent := make([]fill.Leaf, len(ask))
	full := make([]fill.Leaf, len(ask))
	for i := range urgent {
		urgent[i] = fill.Urgent(ask[i].Max, float64(i*7919%1000)/10)
		full[i] = urgent[i]
		full[i].Min, full[i].Tier = float64(i%5/4*6), i%3
	}
	for _, c := range []struct {
		name string
		ask  []fill.Leaf
	}{{"fair", ask}, {"urgent", urgent}, {"tiers and minima", full}} {
		b.Run(c.name, func(b *testing.B) {
			f := fill.OnTree(tree)
			limits := append([]float64(nil), s.Nodes.Capacity...)
			b.ReportAllocs()
			for b.Loop() {
				limits[0]--
				f.Fill(limits, c.ask)
			}
		})
	}
}

func BenchmarkRows(b *testing.B) {
	s, _, ask := open(b)
	f := fill.OnRows(s.set())
	b.ReportAllocs()
	for b.Loop() {
		f.Fill(nil, ask)
	}
}
