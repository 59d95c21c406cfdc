package power_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/power"
	"pylon/internal/kernel/unit"
)

func TestPower(t *testing.T) {
	star := outlet("star", "P")
	pair := power.Outlet{Joint: power.Delta, Rotation: "STx", Tension: 208_000, Most: 40_000}
	whole := power.Outlet{Joint: power.Delta, Rotation: "RST", Tension: 208_000, Most: 40_000}
	dc := power.Outlet{Joint: power.DC, Rotation: "RST", Tension: 230_000, Most: 300_000, Efficiency: 950}
	for _, c := range []struct {
		name      string
		outlet    power.Outlet
		pins      power.Pins
		current   unit.MilliAmpere
		power     unit.Watt
		delivered unit.Watt
	}{
		{"three phases", star, power.AllPins, 16_000, 11_040, 11_040},
		{"unknown is all of them", star, power.UnknownPins, 16_000, 11_040, 11_040},
		{"one phase", star, power.Pin1, 32_000, 7360, 7360},
		{"two", star, power.TwoPins, 16_000, 7360, 7360},
		{"between two lines", pair, power.UnknownPins, 32_000, 6656, 6656},
		{"between three", whole, power.UnknownPins, 40_000, 14_410, 14_410}, // √3·208·40 = 14410.66
		{"a rectifier", dc, power.UnknownPins, 100_000, 69_000, 65_550},
		{"nothing", star, power.AllPins, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.outlet.Power(c.current, c.pins); got != c.power {
				t.Errorf("got %d W, want %d", got, c.power)
			}
			if got := c.outlet.Delivered(c.current, c.pins); got != c.delivered {
				t.Errorf("delivered: got %d W, want %d", got, c.delivered)
			}
		})
	}
}

// CurrentFor is the most current whose power is no more than what was asked for.
func TestCurrentFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sites(t)
		o := &s.Outlets[0]
		pins := rapid.SampledFrom(ways(o)).Draw(t, "pins")
		watt := unit.Watt(rapid.Int64Range(0, 30_000).Draw(t, "W"))
		current := o.CurrentFor(watt, pins)
		if got := o.Delivered(current, pins); got > watt {
			t.Errorf("%d mA: got %d W, want no more than %d", current, got, watt)
		}
		if current < o.Most && o.Delivered(current+1, pins) <= watt {
			t.Errorf("%d mA are possible, too", current+1)
		}
	})
}

func TestNext(t *testing.T) {
	free := outlet("free", "P")
	stepped := free
	stepped.Steps = []unit.MilliAmpere{8000, 16_000, 32_000}
	for _, c := range []struct {
		name        string
		outlet      power.Outlet
		above, most unit.MilliAmpere
		want        unit.MilliAmpere
		possible    bool
	}{
		{"the least after nothing", free, 0, 32_000, 6000, true},
		{"a grain", free, 6000, 32_000, 7000, true},
		{"up to the car's most", free, 15_000, 16_000, 16_000, true},
		{"not above it", free, 15_000, 15_999, 16_000, false},
		{"nor above the outlet's", free, 32_000, 80_000, 33_000, false},
		{"the first step", stepped, 0, 32_000, 8000, true},
		{"the next step", stepped, 8000, 32_000, 16_000, true},
		{"a step above the car's most", stepped, 16_000, 31_999, 32_000, false},
		{"after the last", stepped, 32_000, 80_000, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, possible := c.outlet.Next(c.above, 1000, c.most)
			if got != c.want || possible != c.possible {
				t.Errorf("got %d, %t; want %d, %t", got, possible, c.want, c.possible)
			}
		})
	}
}

// demand returns one of 11.04 kWh in three hours, at 16 A.
func demand() power.Demand {
	return power.Demand{
		Energy: new(unit.WattHour(11_040)), Departure: noon().Add(3 * time.Hour),
		Most: 16_000, Least: 6000, Tier: power.Standard, Weight: 1,
	}
}

func TestLaxity(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*power.Demand)
		want   time.Duration
		known  bool
	}{
		{"an hour of three is needed", func(*power.Demand) {}, 2 * time.Hour, true},
		{"on one phase, three", func(d *power.Demand) { d.Pins = power.Pin1 }, 0, true},
		{"the outlet has less than the car takes", func(d *power.Demand) { d.Most = 64_000 }, 2*time.Hour + 30*time.Minute, true},
		{"it has all", func(d *power.Demand) { d.Energy = new(unit.WattHour(0)) }, 3 * time.Hour, true},
		{"it is too late", func(d *power.Demand) { d.Departure = noon() }, -time.Hour, true},
		{"a watt-hour more takes longer", func(d *power.Demand) { d.Energy = new(unit.WattHour(11_041)) }, 2*time.Hour - 326_087*time.Microsecond, true},
		{"no departure", func(d *power.Demand) { d.Departure = time.Time{} }, 0, false},
		{"no energy", func(d *power.Demand) { d.Energy = nil }, 0, false},
		{"no power", func(d *power.Demand) { d.Most, d.Least = 0, 0 }, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, d := outlet("o", "P"), demand()
			c.change(&d)
			if got, known := d.Laxity(&o, noon()); got != c.want || known != c.known {
				t.Errorf("got %s, %t; want %s, %t", got, known, c.want, c.known)
			}
		})
	}
}

func TestDemandCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		spoil   func(*power.Demand)
		pointer string
	}{
		{"good", func(*power.Demand) {}, ""},
		{"nothing known", func(d *power.Demand) { d.Energy, d.Departure = nil, time.Time{} }, ""},
		{"a fourth contact", func(d *power.Demand) { d.Pins = 8 }, "/pins"},
		{"energy below 0", func(d *power.Demand) { d.Energy = new(unit.WattHour(-1)) }, "/energy_wh"},
		{"most below 0", func(d *power.Demand) { d.Most = -1 }, "/most_ma"},
		{"least above most", func(d *power.Demand) { d.Least = 16_001 }, "/least_ma"},
		{"no tier", func(d *power.Demand) { d.Tier = "" }, "/tier"},
		{"weight 0", func(d *power.Demand) { d.Weight = 0 }, "/weight"},
		{"weight 1000", func(d *power.Demand) { d.Weight = 1000 }, ""},
		{"weight 1001", func(d *power.Demand) { d.Weight = 1001 }, "/weight"},
		{"more guaranteed than it takes", func(d *power.Demand) { d.Guaranteed = 16_001 }, "/guaranteed_ma"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := demand()
			c.spoil(&d)
			wants(t, d.Check(), c.pointer)
		})
	}
}

func TestRotation(t *testing.T) {
	for _, c := range []struct {
		text  string
		good  bool
		pins  power.Pins
		first power.Lines // of a car of one phase
	}{
		{"RST", true, power.AllPins, power.LinesOf(power.L1)},
		{"STR", true, power.AllPins, power.LinesOf(power.L2)},
		{"Txx", true, power.Pin1, power.LinesOf(power.L3)},
		{"xRS", true, power.Pin2 | power.Pin3, power.NoLines},
		{"xxx", false, 0, 0},
		{"RRS", false, 0, 0},
		{"RS", false, 0, 0},
		{"RSTx", false, 0, 0},
		{"rst", false, 0, 0},
		{"", false, 0, 0},
	} {
		t.Run(c.text, func(t *testing.T) {
			r, err := power.ParseRotation(c.text)
			if (err == nil) != c.good {
				t.Fatalf("got %v, want good: %t", err, c.good)
			}
			if r.Pins() != c.pins || r.Lines(power.Pin1) != c.first {
				t.Errorf("got contacts %b, the first at %b; want %b and %b", r.Pins(), r.Lines(power.Pin1), c.pins, c.first)
			}
		})
	}
}

func TestEdges(t *testing.T) {
	s := street()
	s.Nodes[0].Windows = []power.Window{
		{From: noon().Add(time.Hour), Until: noon().Add(3 * time.Hour), Limits: power.Limits{Current: three(50_000)}},
		{From: noon().Add(-time.Hour), Until: noon().Add(time.Hour), Limits: power.Limits{Current: three(90_000)}},
	}
	s.Nodes[1].Windows = []power.Window{{From: noon().Add(2 * time.Hour), Until: noon().Add(9 * time.Hour), Limits: power.Limits{Current: three(99_000)}}}
	c := compile(t, s, nil)
	edges := s.Edges(noon(), noon().Add(9*time.Hour))
	if len(edges) != 3 {
		t.Fatalf("got %v, want 13:00, 14:00 and 15:00", edges)
	}
	for i, want := range []float64{50, 50, 100} {
		if got := c.At(edges[i], nil).Amperes[0]; got != want {
			t.Errorf("%s: got %v A, want %v", edges[i], got, want)
		}
	}
	for _, k := range []struct {
		name string
		from time.Time
		want float64
	}{
		{"just before a window is over", edges[0].Add(-1), 90},
		{"from then on for an hour", noon(), 90},
		{"touching it from outside does not count", edges[2], 100},
	} {
		t.Run(k.name, func(t *testing.T) {
			if got := c.During(k.from, k.from.Add(1), nil).Amperes[0]; got != k.want {
				t.Errorf("got %v A, want %v", got, k.want)
			}
		})
	}
	if got := c.During(noon(), noon().Add(4*time.Hour), nil).Amperes[0]; got != 50 {
		t.Errorf("the lowest of four hours: got %v A, want 50", got)
	}
	if got := c.At(edges[1], nil).Amperes[1]; got != 63 {
		t.Errorf("a window lifts a limit: got %v A, want 63", got)
	}
}
