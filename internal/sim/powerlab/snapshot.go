package powerlab

import (
	"fmt"
	"math"

	"pylon/internal/domain/power/solve/fill"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/sim/load"
)

// Snapshot is one step of a tree of sums, and what is fair in it: the weighted max-min
// currents.
type Snapshot struct {
	Name     string
	Parent   []int     // by node; -1 is the root's, all others stand before their children
	Cap      []float64 // A, by node
	Leaves   []Leaf
	Expected []float64 // A, by leaf
}

// Leaf is an outlet of a snapshot.
type Leaf struct {
	Node   int
	Max    float64 // A
	Weight float64 // above 0
}

type snapshotFile struct {
	Name  string `json:"name"`
	Nodes struct {
		Parent []int     `json:"parent"`
		CapA   []float64 `json:"cap_a"`
	} `json:"nodes"`
	Leaves struct {
		Node   []int     `json:"node"`
		UbA    []float64 `json:"ub_a"`
		Weight []float64 `json:"weight"`
	} `json:"leaves"`
	ExpectedA []float64 `json:"expected_a"`
}

// SnapshotScore says how near the answer to a snapshot comes to what is expected.
type SnapshotScore struct {
	Scenario      string  `json:"scenario"`
	Leaves        int     `json:"leaves"`
	Nodes         int     `json:"nodes"`
	MaxError      float64 `json:"max_error_a"` // the most that a leaf has more or less than is expected
	Sum           float64 `json:"sum_a"`
	ExpectedSum   float64 `json:"expected_sum_a"`
	MaxLimitRatio float64 `json:"max_limit_ratio"`
	StepMSMean    float64 `json:"step_ms_mean"`
	StepMSP99     float64 `json:"step_ms_p99"`
}

func parseSnapshot(text []byte) (*Snapshot, error) {
	var f snapshotFile
	if err := decode(text, &f); err != nil {
		return nil, err
	}
	s := &Snapshot{Name: f.Name, Parent: f.Nodes.Parent, Cap: f.Nodes.CapA, Expected: f.ExpectedA}
	if err := s.readNodes(); err != nil {
		return nil, fault.Below("/nodes", err)
	}
	if err := s.readLeaves(&f); err != nil {
		return nil, fault.Below("/leaves", err)
	}
	return s, columns("/expected_a", len(f.Leaves.Node), f.ExpectedA, amount)
}

func (s *Snapshot) readNodes() error {
	if err := count("/parent", len(s.Parent), 1, constraintsMax); err != nil {
		return err
	}
	depth := make([]int, len(s.Parent))
	for i, parent := range s.Parent {
		if root := parent == -1; root != (i == 0) || parent < -1 || parent >= i {
			return fault.InvalidField(fmt.Sprintf("/parent/%d", i), "order", "is a node that stands before; the first, and it alone, has -1")
		}
		if i > 0 {
			depth[i] = depth[parent] + 1
		}
		if depth[i] >= levelsMax {
			return fault.InvalidField(fmt.Sprintf("/parent/%d", i), "too_deep", fmt.Sprintf("has more than %d nodes on its way to the root", levelsMax))
		}
	}
	return columns("/cap_a", len(s.Parent), s.Cap, amount)
}

func (s *Snapshot) readLeaves(f *snapshotFile) error {
	in := &f.Leaves
	if err := count("/node", len(in.Node), 1, evsesMax); err != nil {
		return err
	}
	if err := columns("/ub_a", len(in.Node), in.UbA, amount); err != nil {
		return err
	}
	above := func(at string, v *float64) error { return positive(at, *v) }
	if err := columns("/weight", len(in.Node), in.Weight, above); err != nil {
		return err
	}
	for i, node := range in.Node {
		if node < 0 || node >= len(s.Parent) {
			return fault.InvalidField(fmt.Sprintf("/node/%d", i), "unknown_value", "is no node of the tree")
		}
		s.Leaves = append(s.Leaves, Leaf{Node: node, Max: in.UbA[i], Weight: in.Weight[i]})
	}
	return nil
}

// columns wants n numbers that keep a rule.
func columns(at string, n int, of []float64, rule func(at string, v *float64) error) error {
	if len(of) != n {
		return fault.InvalidField(at, "length", fmt.Sprintf("has %d values, not %d", len(of), n))
	}
	for i := range of {
		if err := rule(fmt.Sprintf("%s/%d", at, i), &of[i]); err != nil {
			return err
		}
	}
	return nil
}

// Limits returns the tree as rows, one for each node.
func (s *Snapshot) Limits() *limit.Set {
	set := &limit.Set{Outlets: len(s.Leaves), Rows: make([]limit.Row, len(s.Parent))}
	for i := range set.Rows {
		set.Rows[i] = limit.Row{Name: fmt.Sprintf("node %d", i), Limit: s.Cap[i]}
	}
	for leaf, l := range s.Leaves {
		for node := l.Node; node >= 0; node = s.Parent[node] {
			row := &set.Rows[node]
			row.Terms = append(row.Terms, limit.Term{Outlet: leaf, Re: 1})
		}
	}
	return set
}

// snapshotRuns is how often a snapshot is solved: so often that a 99th percentile
// means something.
const snapshotRuns = 100

// Solve answers a snapshot by water-filling and holds the answer against the
// expectation.
func (s *Snapshot) Solve(c clock.Clock) (*SnapshotScore, error) {
	set := s.Limits()
	solver, err := fill.New(set)
	if err != nil {
		return nil, err
	}
	leaves := make([]fill.Leaf, len(s.Leaves))
	for i, l := range s.Leaves {
		leaves[i] = fill.Fair(l.Max, l.Weight)
	}
	var answer fill.Answer
	took := make(load.Latencies, snapshotRuns)
	for i := range took {
		began := c.Steady()
		answer = solver.Fill(nil, leaves)
		took[i] = c.Steady().Sub(began)
	}
	out := &SnapshotScore{Scenario: s.Name, Leaves: len(s.Leaves), Nodes: len(s.Parent)}
	for i, amps := range answer.Currents {
		out.MaxError = max(out.MaxError, math.Abs(amps-s.Expected[i]))
		out.Sum += amps
		out.ExpectedSum += s.Expected[i]
	}
	_, out.MaxLimitRatio = set.Worst(answer.Currents, nil)
	out.StepMSMean, out.StepMSP99 = times(took)
	return out, nil
}
