package power_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/power"
	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/unit"
)

// small is a site in which everything can be broken: a grid, a transformer, a panel,
// an outlet of each joint.
func small() *power.Site {
	s := &power.Site{Nodes: []power.Node{panel("G", "", 100_000), panel("T", "G", 100_000), panel("P", "T", 63_000)}}
	s.Nodes[1].Kind = power.Transformer
	s.Nodes[1].Windings = &power.Windings{Group: wiring.Dyn11, Primary: 20_000_000, Secondary: 230_000}
	s.Outlets = []power.Outlet{outlet("star", "P"), outlet("delta", "P"), outlet("dc", "T")}
	s.Outlets[1].Joint, s.Outlets[1].Tension = power.Delta, 400_000
	s.Outlets[2].Joint, s.Outlets[2].Efficiency = power.DC, 950
	return s
}

func TestCheck(t *testing.T) {
	window := func(s *power.Site) *power.Window {
		s.Nodes[2].Windows = []power.Window{{From: noon(), Until: noon().Add(time.Hour)}}
		return &s.Nodes[2].Windows[0]
	}
	for _, c := range []struct {
		name    string
		spoil   func(*power.Site)
		pointer string // "": it is good
	}{
		{"good", func(*power.Site) {}, ""},
		{"no nodes", func(s *power.Site) { s.Nodes = nil }, "/nodes"},
		{"a node without a name", func(s *power.Site) { s.Nodes[2].ID = "" }, "/nodes/2/id"},
		{"two nodes of one name", func(s *power.Site) { s.Nodes[2].ID = "G" }, "/nodes/2/id"},
		{"an unknown parent", func(s *power.Site) { s.Nodes[2].Parent = "X" }, "/nodes/2/parent"},
		{"a cycle", func(s *power.Site) { s.Nodes[0].Parent = "P" }, "/nodes/0/parent"},
		{"a parent of itself", func(s *power.Site) { s.Nodes[2].Parent = "P" }, "/nodes/2/parent"},
		{"an unknown kind", func(s *power.Site) { s.Nodes[2].Kind = "box" }, "/nodes/2/kind"},
		{"no lines", func(s *power.Site) { s.Nodes[2].Lines = power.NoLines }, "/nodes/2/lines"},
		{"a fourth line", func(s *power.Site) { s.Nodes[2].Lines = 8 }, "/nodes/2/lines"},
		{"a line that the node above does not have", func(s *power.Site) {
			s.Nodes = append(s.Nodes, panel("Q", "P", 1))
			s.Nodes[2].Lines = power.LinesOf(power.L1)
		}, "/nodes/3/lines"},
		{"tension too low", func(s *power.Site) { s.Nodes[2].Tension = 49_999 }, "/nodes/2/tension_mv"},
		{"tension at the low end", func(s *power.Site) { s.Nodes[2].Tension = 50_000 }, ""},
		{"tension at the high end", func(s *power.Site) { s.Nodes[2].Tension = 500_000_000 }, ""},
		{"tension too high", func(s *power.Site) { s.Nodes[2].Tension = 500_000_001 }, "/nodes/2/tension_mv"},
		{"a transformer without windings", func(s *power.Site) { s.Nodes[1].Windings = nil }, "/nodes/1/windings"},
		{"windings of a panel", func(s *power.Site) { s.Nodes[2].Windings = s.Nodes[1].Windings }, "/nodes/2/windings"},
		{"an unknown group", func(s *power.Site) { s.Nodes[1].Windings.Group = "Dyn2" }, "/nodes/1/windings/group"},
		{"a transformer on top", func(s *power.Site) { s.Nodes[1].Parent = "" }, "/nodes/1/windings/primary_mv"},
		{"a reserve below 0", func(s *power.Site) { s.Nodes[2].Reserve[1] = -1 }, "/nodes/2/reserve_ma/1"},
		{"a limit below 0", func(s *power.Site) { s.Nodes[2].Limits.Current[2] = -1 }, "/nodes/2/limits/current_ma/2"},
		{"a limit of 0", func(s *power.Site) { s.Nodes[2].Limits.Power = new(unit.Watt(0)) }, ""},
		{"power below 0", func(s *power.Site) { s.Nodes[2].Limits.Power = new(unit.Watt(-1)) }, "/nodes/2/limits/power_w"},
		{"a neutral below 0", func(s *power.Site) { s.Nodes[2].Limits.Neutral = new(unit.MilliAmpere(-1)) }, "/nodes/2/limits/neutral_ma"},
		{"a rating of one line", func(s *power.Site) {
			s.Nodes[2].Lines, s.Nodes[2].Limits.Rating = power.LinesOf(power.L2), new(unit.VoltAmpere(1))
		}, "/nodes/2/limits/rating_va"},
		{"unbalance of one line", func(s *power.Site) {
			s.Nodes[2].Lines, s.Nodes[2].Limits.Unbalance = power.LinesOf(power.L2), new(unit.MilliAmpere(1))
		}, "/nodes/2/limits/unbalance_ma"},
		{"a window", func(s *power.Site) { window(s).Source.Kind = power.Manual }, ""},
		{"a window without time", func(s *power.Site) { window(s).Until = noon() }, "/nodes/2/windows/0/until"},
		{"a window of nobody known", func(s *power.Site) { window(s).Source.Kind = "moon" }, "/nodes/2/windows/0/source/kind"},
		{"a window's limit below 0", func(s *power.Site) { window(s).Limits.Current = three(-1) }, "/nodes/2/windows/0/limits/current_ma/0"},
		{"an outlet without a name", func(s *power.Site) { s.Outlets[0].ID = "" }, "/outlets/0/id"},
		{"a long name", func(s *power.Site) { s.Outlets[0].ID = power.OutletID(strings.Repeat("x", 65)) }, "/outlets/0/id"},
		{"two outlets of one name", func(s *power.Site) { s.Outlets[1].ID = "star" }, "/outlets/1/id"},
		{"an outlet nowhere", func(s *power.Site) { s.Outlets[0].Node = "X" }, "/outlets/0/node"},
		{"a line that its node does not have", func(s *power.Site) { s.Nodes[2].Lines = power.LinesOf(power.L1, power.L2) }, "/outlets/0/rotation"},
		{"a line twice", func(s *power.Site) { s.Outlets[0].Rotation = "RRT" }, "/outlets/0/rotation"},
		{"no rotation", func(s *power.Site) { s.Outlets[0].Rotation = "" }, "/outlets/0/rotation"},
		{"an unknown joint", func(s *power.Site) { s.Outlets[0].Joint = "zigzag" }, "/outlets/0/joint"},
		{"between one line", func(s *power.Site) { s.Outlets[1].Rotation = "Rxx" }, "/outlets/1/rotation"},
		{"a rectifier on two lines", func(s *power.Site) { s.Outlets[2].Rotation = "RSx" }, "/outlets/2/rotation"},
		{"100 V less a tenth", func(s *power.Site) { s.Outlets[0].Tension = 90_000 }, ""},
		{"less than that", func(s *power.Site) { s.Outlets[0].Tension = 89_999 }, "/outlets/0/tension_mv"},
		{"1000 V", func(s *power.Site) { s.Outlets[0].Tension = 1_000_000 }, ""},
		{"more than that", func(s *power.Site) { s.Outlets[0].Tension = 1_000_001 }, "/outlets/0/tension_mv"},
		{"nothing at most", func(s *power.Site) { s.Outlets[0].Most = 0 }, "/outlets/0/most_ma"},
		{"the least above the most", func(s *power.Site) { s.Outlets[0].Least = 32_001 }, "/outlets/0/least_ma"},
		{"more out than in", func(s *power.Site) { s.Outlets[2].Efficiency = 1001 }, "/outlets/2/efficiency"},
		{"steps", func(s *power.Site) { s.Outlets[0].Steps = []unit.MilliAmpere{6000, 32_000} }, ""},
		{"a step below the least", func(s *power.Site) { s.Outlets[0].Steps = []unit.MilliAmpere{5999} }, "/outlets/0/steps_ma/0"},
		{"steps that do not ascend", func(s *power.Site) { s.Outlets[0].Steps = []unit.MilliAmpere{8000, 8000} }, "/outlets/0/steps_ma/1"},
		{"a step above the most", func(s *power.Site) { s.Outlets[0].Steps = []unit.MilliAmpere{32_001} }, "/outlets/0/steps_ma/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := small()
			c.spoil(s)
			wants(t, s.Check(), c.pointer)
			if _, err := s.Compile(nil); (err == nil) != (c.pointer == "") {
				t.Errorf("compile: got %v", err)
			}
		})
	}
}

// wants compares the field that an error names; "" is no error.
func wants(t *testing.T, err error, pointer string) {
	t.Helper()
	invalid, ok := errors.AsType[*fault.Error](err)
	switch {
	case pointer == "" && err != nil:
		t.Errorf("got %v, want none", err)
	case pointer != "" && (!ok || invalid.Kind != fault.Invalid || len(invalid.Fields) != 1):
		t.Errorf("got %v, want one field", err)
	case pointer != "" && invalid.Fields[0].Pointer != pointer:
		t.Errorf("got %s, want %s", invalid.Fields[0].Pointer, pointer)
	}
}

func TestPins(t *testing.T) {
	for _, c := range []struct {
		name    string
		pins    []power.Pins
		pointer string
	}{
		{"one unknown", []power.Pins{power.Pin1, power.UnknownPins, power.AllPins}, ""},
		{"too few", []power.Pins{power.Pin1}, "/pins"},
		{"a contact that is not joined", []power.Pins{power.TwoPins, power.TwoPins, power.AllPins}, "/pins/0"},
		{"between one", []power.Pins{power.Pin1, power.Pin1, power.AllPins}, "/pins/1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := small()
			s.Outlets[0].Rotation = "Rxx"
			_, err := s.Compile(c.pins)
			wants(t, err, c.pointer)
		})
	}
}

func TestWarnings(t *testing.T) {
	s := small()
	s.Nodes[2].Limits.Current = three(5999)
	got, err := s.Warnings()
	if err != nil || len(got) != 1 || got[0].Pointer != "/nodes/2/limits" || got[0].Code != "below_least" || !strings.Contains(got[0].Detail, "star, 6 A") {
		t.Errorf("5.999 A: got %+v, %v", got, err)
	}
	s.Nodes[2].Limits.Current = three(6000)
	if got, err := s.Warnings(); err != nil || len(got) != 0 {
		t.Errorf("6 A: got %+v, %v", got, err)
	}
	s.Nodes[2].Parent = "X"
	if _, err := s.Warnings(); err == nil {
		t.Error("warnings of a site that is none")
	}
}
