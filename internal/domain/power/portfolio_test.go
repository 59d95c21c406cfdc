package power_test

import (
	"math"
	"testing"
	"time"

	"pylon/internal/domain/power"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// Two sites below a limit of power have the rows of each, and one above.
func TestJoin(t *testing.T) {
	lot := func(id ident.SiteID) power.Site {
		return power.Site{
			ID:      id,
			Nodes:   []power.Node{panel("grid", "", 40_000), panel("P", "grid", 32_000)},
			Outlets: []power.Outlet{outlet("1", "grid"), outlet("2", "P"), outlet("3", "P")},
		}
	}
	above := []power.Node{{ID: "all", Kind: power.Portfolio, Limits: power.Limits{Power: new(unit.Watt(34_500))}}}
	joined := power.Join("sit_c", above, []power.Member{{lot("sit_a"), "all"}, {lot("sit_b"), "all"}})
	c := compile(t, &joined, nil)
	alone := lot("sit_a")
	if got, want := len(c.Rows), 1+2*len(compile(t, &alone, nil).Rows); got != want {
		t.Errorf("got %d rows, want %d", got, want)
	}
	row := c.Set.Rows[0]
	if row.Name != "all" || math.Abs(row.Limit-50) > 1e-9 || len(row.Terms) != 6 || !row.Plain() || row.Terms[5].Re != 1 {
		t.Errorf("got %+v, want the sum of six outlets of 690 W/A, up to 50 A", row)
	}
	if got, want := joined.Outlets[4].ID, power.OutletID("sit_b/2"); got != want {
		t.Errorf("got outlet %s, want %s", got, want)
	}
	for name, spoil := range map[string]func(*power.Node){
		"below a panel":    func(n *power.Node) { n.Parent = "sit_a/P" },
		"with lines":       func(n *power.Node) { n.Lines = power.AllLines },
		"limiting current": func(n *power.Node) { n.Limits.Current = three(1) },
		"in a window": func(n *power.Node) {
			n.Windows = []power.Window{{From: noon(), Until: noon().Add(time.Hour), Limits: power.Limits{Current: three(1)}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := power.Join("sit_c", append(above, power.Node{ID: "odd", Kind: power.Portfolio, Parent: "all"}), []power.Member{{lot("sit_a"), "all"}})
			spoil(&spoilt.Nodes[1])
			if spoilt.Check() == nil {
				t.Error("it passes")
			}
		})
	}
}
