package power_test

import (
	"fmt"
	"math/cmplx"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/power"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/unit"
)

// network is the part of a scenario file that says what limits what.
type network struct {
	EVSEs []struct {
		ID         string  `json:"id"`
		Most       float64 `json:"max_a"`
		Connection string  `json:"connection"`
		Phases     []int   `json:"phases"`
	} `json:"evses"`
	Constraints []struct {
		Name         string                `json:"name"`
		Limit        float64               `json:"limit_a"`
		Coefficients map[string][2]float64 `json:"coef"`
	} `json:"constraints"`
}

// read returns the network of a scenario in the folder that PYLON_SHARED names.
func read(t *testing.T, name string) *network {
	t.Helper()
	folder := os.Getenv("PYLON_SHARED")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(folder, "vectors", "power", name))
	if err != nil {
		t.Fatal(err)
	}
	var scenario struct {
		Network network `json:"network"`
	}
	if err := json.Unmarshal(data, &scenario); err != nil {
		t.Fatal(err)
	}
	return &scenario.Network
}

// compare holds rows against the constraints of a file, by order, to 1e-6. The
// currents of a constraint may all be turned by one angle, which changes no magnitude.
func (n *network) compare(t *testing.T, set *limit.Set) {
	t.Helper()
	if len(set.Rows) != len(n.Constraints) {
		t.Fatalf("got %d rows, want %d", len(set.Rows), len(n.Constraints))
	}
	for i, row := range set.Rows {
		c := n.Constraints[i]
		if d := row.Limit - c.Limit; d > 1e-6 || d < -1e-6 {
			t.Errorf("%s: got %v A, want %v for %s", row.Name, row.Limit, c.Limit, c.Name)
		}
		if len(row.Terms) != len(c.Coefficients) {
			t.Errorf("%s: got %d outlets, want %d for %s", row.Name, len(row.Terms), len(c.Coefficients), c.Name)
			continue
		}
		var turn complex128
		for _, term := range row.Terms {
			pair := c.Coefficients[n.EVSEs[term.Outlet].ID]
			want := complex(pair[0], pair[1])
			if turn == 0 {
				turn = want / complex(term.Re, term.Im)
				turn /= complex(cmplx.Abs(turn), 0)
			}
			if got := complex(term.Re, term.Im) * turn; cmplx.Abs(got-want) > 1e-6 {
				t.Errorf("%s, %s: got %v, want %v", row.Name, n.EVSEs[term.Outlet].ID, got, want)
			}
		}
	}
}

// A garage as that of Caltech: 54 outlets of 208 V between lines, two pods with a
// breaker each, below a delta-wye transformer of 20 kW.
func TestNetworkOfCaltech(t *testing.T) {
	n := read(t, "acn3p-20kW-w1.json")
	const rating = 20_000
	s := &power.Site{Nodes: []power.Node{
		{ID: "CC", Parent: "secondary", Kind: power.Panel, Lines: power.LinesOf(power.L1, power.L2), Tension: 120_000, Limits: power.Limits{Current: three(80_000)}},
		{ID: "AV", Parent: "secondary", Kind: power.Panel, Lines: power.LinesOf(power.L1, power.L2), Tension: 120_000, Limits: power.Limits{Current: three(80_000)}},
		{
			ID: "secondary", Parent: "primary", Kind: power.Transformer, Lines: power.AllLines, Tension: 120_000,
			Windings: &power.Windings{Group: wiring.Dyn11, Primary: 480_000, Secondary: 120_000},
			Limits:   power.Limits{Rating: new(unit.VoltAmpere(rating))},
		},
		{ID: "primary", Kind: power.Grid, Lines: power.AllLines, Tension: 277_000, Limits: power.Limits{Rating: new(unit.VoltAmpere(rating))}},
	}}
	for _, e := range n.EVSEs {
		o := power.Outlet{
			ID: power.OutletID(e.ID), Node: "secondary", Joint: power.Delta, Tension: 208_000, Most: 32_000, Least: 6000,
			Rotation: power.Rotation(strings.NewReplacer("A", "R", "B", "S", "C", "T").Replace(e.Connection) + "x"),
		}
		for i, pod := range []power.NodeID{"CC", "AV"} {
			if _, in := n.Constraints[i].Coefficients[e.ID]; in {
				o.Node = pod
			}
		}
		s.Outlets = append(s.Outlets, o)
	}
	n.compare(t, &compile(t, s, nil).Set)
}

// Five panels with cars of one, two and three phases, that are known.
func TestNetworkOfMixedPhases(t *testing.T) {
	n := read(t, "eu3p-s1.json")
	s := &power.Site{}
	for i := range 5 {
		s.Nodes = append(s.Nodes, panel(power.NodeID(fmt.Sprintf("P%d", i)), "site", 125_000))
	}
	s.Nodes = append(s.Nodes, panel("site", "", 214_200))
	pins := make([]power.Pins, len(n.EVSEs))
	for i, e := range n.EVSEs {
		o := outlet(power.OutletID(e.ID), power.NodeID(e.ID[:2]))
		lines := slices.Clone(e.Phases)
		for l := 1; l <= 3; l++ { // the car's lines are at its first contacts
			if !slices.Contains(lines, l) {
				lines = append(lines, l)
			}
		}
		o.Rotation = power.Rotation([]byte{"RST"[lines[0]-1], "RST"[lines[1]-1], "RST"[lines[2]-1]})
		s.Outlets = append(s.Outlets, o)
		pins[i] = power.AllPins >> (3 - len(e.Phases))
	}
	n.compare(t, &compile(t, s, pins).Set)
}
