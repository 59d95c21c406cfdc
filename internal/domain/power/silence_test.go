package power_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/power"
	"pylon/internal/kernel/unit"
)

// Of 60 three-phase outlets on 250 A, 41 can fall back to 6 A.
func TestFallbacks(t *testing.T) {
	s := &power.Site{Nodes: []power.Node{panel("grid", "", 250_000), panel("p0", "grid", 125_000), panel("p1", "grid", 250_000)}}
	for i := range 60 {
		s.Outlets = append(s.Outlets, outlet(power.OutletID(fmt.Sprintf("e%d", i)), []power.NodeID{"p0", "p1"}[i/30]))
	}
	c := compile(t, s, nil)
	in := c.At(noon(), nil)
	ranked := indices(60)
	slices.Reverse(ranked)
	for _, k := range []struct {
		name   string
		ranked []int
		first  int // how many have it, from the first ranked on
		p0     int // how many of those at p0
	}{
		{"by rank", ranked, 41, 11},
		{"a panel holds fewer", indices(30), 20, 20}, // 20 × 6 A on 125 A
		{"nobody", nil, 0, 0},
		{"one twice", []int{4, 4}, 1, 1},
		{"who has no room takes none from others", append(indices(25), ranked...), 41, 20},
	} {
		t.Run(k.name, func(t *testing.T) {
			fallbacks := c.Fallbacks(in, k.ranked)
			have, p0 := 0, 0
			for i, f := range fallbacks {
				if f != 0 && f != 6000 {
					t.Errorf("outlet %d: got %d mA, want 0 or 6000", i, f)
				}
				if f != 0 {
					have++
					if i < 30 {
						p0++
					}
				}
			}
			if have != k.first || p0 != k.p0 {
				t.Errorf("got %d with 6 A, %d of them at p0; want %d and %d", have, p0, k.first, k.p0)
			}
			for _, row := range c.Silence(in, noon(), promises(fallbacks)) {
				if !row.Fits {
					t.Errorf("%s: %d of %d mA", row.Place, row.Most.Current, row.Limit.Current)
				}
			}
		})
	}
	lowered := s.Nodes[0]
	lowered.Windows = []power.Window{{From: noon().Add(time.Hour), Until: noon().Add(2 * time.Hour), Limits: power.Limits{Current: three(60_000)}}}
	s.Nodes[0] = lowered
	c = compile(t, s, nil)
	if got := c.Fallbacks(c.During(noon(), noon().Add(90*time.Minute), nil), ranked); len(got)-count(got, 0) != 10 {
		t.Errorf("with a shutdown ahead: got %d with 6 A, want 10", len(got)-count(got, 0))
	}
}

func count(all []unit.MilliAmpere, of unit.MilliAmpere) int {
	n := 0
	for _, one := range all {
		if one == of {
			n++
		}
	}
	return n
}

func promises(fallbacks []unit.MilliAmpere) []power.Promise {
	all := make([]power.Promise, len(fallbacks))
	for i, f := range fallbacks {
		all[i] = power.Promise{Fallback: f, Idle: true}
	}
	return all
}

func TestSilence(t *testing.T) {
	s := &power.Site{Nodes: []power.Node{panel("grid", "", 40_000)}}
	for _, id := range []power.OutletID{"a", "b", "c"} {
		s.Outlets = append(s.Outlets, outlet(id, "grid"))
	}
	c := compile(t, s, nil)
	promised := []power.Promise{
		{Grants: []power.Grant{{Current: 32_000, Until: noon().Add(-time.Minute)}, {Current: 20_000, Until: noon().Add(time.Minute)}}, Fallback: 6000},
		{Grants: []power.Grant{{Current: 8000, Until: noon().Add(time.Hour)}}},
		{Fallback: 6000, Idle: true},
	}
	for _, k := range []struct {
		name string
		at   time.Time
		most unit.MilliAmpere
		fits bool
	}{
		{"a grant that is over does not count", noon(), 34_000, true},
		{"while it held", noon().Add(-2 * time.Minute), 46_000, false},
		{"then the fallback", noon().Add(time.Minute), 20_000, true},
		{"and nothing where it is 0", noon().Add(time.Hour), 12_000, true},
	} {
		t.Run(k.name, func(t *testing.T) {
			row := c.Silence(c.At(k.at, nil), k.at, promised)[0]
			if row.Most.Current != k.most || row.Fits != k.fits || row.Limit.Current != 40_000 || row.Idle.Current != 6000 {
				t.Errorf("got %+v, want %d mA, fits: %t, 6000 held back for those who are idle", row, k.most, k.fits)
			}
		})
	}
}

// No set of stations that fall silent draws more than the bound, whichever cars are
// there, nor when cars draw less; and in plain sums the bound is reached.
func TestSilenceBoundsEverySubset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sites(t)
		c := compile(t, s, nil)
		in := c.At(noon(), nil)
		promised := make([]power.Promise, len(s.Outlets))
		for i := range promised {
			granted := unit.MilliAmpere(rapid.Int64Range(0, 32_000).Draw(t, "grant"))
			promised[i].Grants = []power.Grant{{Current: granted, Until: noon().Add(time.Minute)}}
			promised[i].Fallback = rapid.SampledFrom([]unit.MilliAmpere{0, 6000}).Draw(t, "fallback")
		}
		pins := cars(t, s)
		bounds := c.Silence(in, noon(), promised)
		for silent := range 1 << len(promised) {
			x := make([]float64, len(promised))
			for i, p := range promised {
				x[i] = float64(p.Grants[0].Current) / 1000
				if silent&(1<<i) != 0 {
					x[i] = float64(p.Fallback) / 1000
				}
				x[i] *= rapid.SampledFrom([]float64{1, 1, 0.5, 0}).Draw(t, "draws")
			}
			d := flowsOf(s, pins, x)
			for _, b := range bounds {
				flows, most := d.at(s, b.Place), float64(b.Most.Current)/1000
				if b.Place.Quantity == power.TotalPower {
					most = float64(b.Most.Power) + 1
				}
				if flows > most+1e-6 {
					t.Errorf("%s: %v of at most %v", b.Place, flows, most)
				}
			}
		}
		fits := true
		for _, b := range bounds {
			fits = fits && b.Fits
		}
		highest := make([]float64, len(promised))
		for i := range highest {
			highest[i] = float64(promised[i].Draws(noon())) / 1000
		}
		if _, ratio := c.Set.Worst(highest, in.Amperes); fits && ratio > 1+1e-6 {
			t.Errorf("said to fit, and is %v of a limit", ratio)
		}
	})
}

// In a plain sum the bound is what flows when all draw what they may.
func TestSilenceIsReachedInSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &power.Site{Nodes: []power.Node{panel("grid", "", unit.MilliAmpere(rapid.Int64Range(0, 90_000).Draw(t, "limit")))}}
		var sum unit.MilliAmpere
		var promised []power.Promise
		for i := range rapid.IntRange(3, 8).Draw(t, "outlets") {
			s.Outlets = append(s.Outlets, outlet(power.OutletID(rune('a'+i)), "grid"))
			granted := unit.MilliAmpere(rapid.Int64Range(0, 32_000).Draw(t, "grant"))
			promised = append(promised, power.Promise{Grants: []power.Grant{{Current: granted, Until: noon().Add(time.Minute)}}, Fallback: 6000})
			sum += max(granted, 6000)
		}
		c := compile(t, s, nil)
		got := c.Silence(c.At(noon(), nil), noon(), promised)[0]
		if got.Most.Current != sum || got.Fits != (sum <= s.Nodes[0].Limits.Current[0]) {
			t.Errorf("got %d mA, fits: %t; want %d of %d", got.Most.Current, got.Fits, sum, s.Nodes[0].Limits.Current[0])
		}
	})
}
