package power_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"pylon/internal/domain/power"
	"pylon/internal/kernel/unit"
)

// street is a site in which everything that words are made of can be had: five
// outlets at feeder F2, one of them with steps, and others at F3.
func street() *power.Site {
	s := &power.Site{Nodes: []power.Node{
		panel("G", "", 100_000), panel("F2", "G", 63_000), panel("F3", "G", 63_000),
	}}
	s.Nodes[0].Kind = power.Grid
	s.Nodes[1].Kind, s.Nodes[2].Kind = power.Feeder, power.Feeder
	for _, id := range []power.OutletID{"1", "2", "3", "4", "5"} {
		s.Outlets = append(s.Outlets, outlet(id, "F2"))
	}
	s.Outlets[4].Steps = []unit.MilliAmpere{8000, 16_000, 24_000, 32_000}
	s.Outlets = append(s.Outlets, outlet("6", "F3"), outlet("7", "F3"))
	return s
}

// given returns currents in A as decisions, for cars that want 32 A, in their order.
func given(current ...int) []power.Given {
	decided := make([]power.Given, len(current))
	for i, amps := range current {
		decided[i] = power.Given{Current: unit.MilliAmpere(amps) * 1000, Wants: 32_000, Order: i + 1}
	}
	return decided
}

func TestWords(t *testing.T) {
	shed := func(l power.Limits, source power.Source) func(*power.Site) {
		return func(s *power.Site) {
			s.Nodes[1].Windows = []power.Window{{From: noon(), Until: noon().Add(7 * time.Hour), Limits: l, Source: source}}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*power.Site)
		decide func([]power.Given)
		given  []power.Given
		outlet int
		want   string
	}{
		{"a feeder and who comes before", nil, nil, given(20, 16, 9, 9, 9, 0, 0), 2, "9 A: feeder F2/L1 at 63 of 63 A; rank 3 of 5"},
		{"a plan has more", nil, func(d []power.Given) { d[3].Later = &power.Later{At: noon().Add(400 * time.Minute), Current: 16_000} }, given(20, 16, 9, 9, 9, 0, 0), 3, "9 A: feeder F2/L1 at 63 of 63 A; rank 4 of 5; more at 18:40"},
		{"it has what the car takes", nil, func(d []power.Given) { d[0].Wants = 15_600 }, given(15, 9, 9, 9, 8, 0, 0), 0, "15 A: the car takes 15.6 A at most"},
		{"it has what the outlet has", nil, func(d []power.Given) { d[0].Wants = 80_000 }, given(32, 9, 9, 9, 0, 0, 0), 0, "32 A: the outlet has 32 A at most"},
		{"nobody is there", nil, func(d []power.Given) { d[0].Wants = 0 }, given(0, 9, 9, 9, 0, 0, 0), 0, "0 A: no car wants current"},
		{"too little for the least", nil, nil, given(20, 15, 14, 0, 9, 0, 0), 3, "0 A: 6 A does not fit; feeder F2/L1 at 58 of 63 A; rank 4 of 5"},
		{"a step is too much", nil, nil, given(20, 15, 9, 9, 8, 0, 0), 4, "8 A: feeder F2/L1 at 61 of 63 A; rank 5 of 5"},
		{"two rows, both full", nil, nil, given(16, 16, 5, 0, 0, 32, 31), 6, "31 A: grid G/L1 at 100 of 100 A, feeder F3/L1 at 63 of 63 A; rank 7 of 7"},
		{"a step for two rows, the fuller first", nil, func(d []power.Given) { d[0].Order = 0 }, given(16, 16, 12, 10, 8, 20, 18), 4, "8 A: grid G/L1 at 100 of 100 A, feeder F2/L1 at 62 of 63 A; rank 4 of 6"},
		{"by hand", shed(power.Limits{Power: new(unit.Watt(12_000))}, power.Source{Kind: power.Manual, Name: "anna"}), nil, given(9, 8, 0, 0, 0, 0, 0), 0, "9 A: feeder F2 at 11.7 of 12 kW, by hand (anna) until 19:00; rank 1 of 5"},
		{"by demand response", shed(power.Limits{Current: three(20_000)}, power.Source{Kind: power.DemandResponse}), nil, given(8, 7, 0, 0, 0, 0, 0), 2, "0 A: 6 A does not fit; feeder F2/L1 at 15 of 20 A, by demand response until 19:00; rank 3 of 5"},
		{"nothing may flow", shed(power.Limits{Power: new(unit.Watt(0))}, power.Source{Kind: power.Planned}), nil, given(0, 0, 0, 0, 0, 0, 0), 0, "0 A: 6 A does not fit; feeder F2 at 0 of 0 kW, planned until 19:00; rank 1 of 5"},
		{"it waits", nil, func(d []power.Given) { d[0].Later = &power.Later{At: noon().Add(14 * time.Hour), Current: 16_000} }, given(0, 0, 0, 0, 0, 0, 0), 0, "0 A: as planned; more at 23 November 02:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := street()
			if c.change != nil {
				c.change(s)
			}
			if c.decide != nil {
				c.decide(c.given)
			}
			site := compile(t, s, nil)
			e := site.Explain(&power.Decision{At: noon(), In: site.At(noon(), nil), Given: c.given, Grain: 1000})[c.outlet]
			if e == nil {
				t.Fatal("no explanation")
			}
			if got := e.Words(time.UTC); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// decisions draws a decision that keeps the rows, in whole amperes.
func decisions(t *rapid.T, s *power.Site, c *power.Compiled) *power.Decision {
	in := c.At(noon(), nil)
	d := &power.Decision{At: noon(), In: in, Grain: 1000, Given: make([]power.Given, len(s.Outlets))}
	for i, amps := range amounts(t, c, in, s) {
		d.Given[i] = power.Given{
			Current: unit.MilliAmpere(amps) * 1000,
			Wants:   unit.MilliAmpere(rapid.Int64Range(0, 40_000).Draw(t, "wants")),
			Order:   i + 1,
		}
		d.Given[i].Current = min(d.Given[i].Current, d.Given[i].Wants)
	}
	return d
}

// An outlet has an explanation just when it cannot have more: the next current is not
// to be had, or some limit breaks with it.
func TestExplainedIsWhatCannotHaveMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sites(t)
		c := compile(t, s, cars(t, s))
		d := decisions(t, s, c)
		explained := c.Explain(d)
		for i, g := range d.Given {
			next, possible := s.Outlets[i].Next(g.Current, d.Grain, g.Wants)
			x := make([]float64, len(d.Given))
			for j := range x {
				x[j] = float64(d.Given[j].Current) / 1000
			}
			before := loadsOf(c, x)
			x[i] = float64(next) / 1000
			breaks := false
			for row, flows := range loadsOf(c, x) {
				breaks = breaks || flows > before[row] && flows > d.In.Amperes[row]*(1+1e-9)+1e-9
			}
			if want := !possible || breaks; (explained[i] != nil) != want {
				t.Errorf("outlet %d: explained: %t, want %t", i, explained[i] != nil, want)
			}
		}
	})
}

func loadsOf(c *power.Compiled, x []float64) []float64 {
	flows := make([]float64, len(c.Set.Rows))
	for i := range flows {
		flows[i] = c.Set.Rows[i].Current(x)
	}
	return flows
}

// The data of an explanation, as it is stored, is enough for its words, and the same
// decision has the same data.
func TestWordsFromData(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	rapid.Check(t, func(t *rapid.T) {
		s := sites(t)
		c := compile(t, s, nil)
		d := decisions(t, s, c)
		first, again := c.Explain(d), compile(t, s, nil).Explain(d)
		for i, e := range first {
			if e == nil {
				continue
			}
			if !reflect.DeepEqual(e, again[i]) {
				t.Errorf("got %+v, then %+v", e, again[i])
			}
			data, err := json.Marshal(e, json.Deterministic(true))
			if err != nil {
				t.Fatal(err)
			}
			var read power.Explanation
			if err := json.Unmarshal(data, &read); err != nil {
				t.Fatal(err)
			}
			if got, want := read.Words(zone), e.Words(zone); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}

// A rank is among those who want something from the row, and each has its own.
func TestRanks(t *testing.T) {
	s := street()
	c := compile(t, s, nil)
	decided := given(13, 13, 13, 12, 12, 9, 9)
	for i, order := range []int{4, 2, 0, 9, 1, 3, 7} {
		decided[i].Order = order
	}
	var ranks []int
	for _, e := range c.Explain(&power.Decision{At: noon(), In: c.At(noon(), nil), Given: decided, Grain: 1000})[:5] {
		if e == nil {
			t.Fatal("no explanation at a full feeder")
		}
		ranks = append(ranks, e.Rank, e.Of)
	}
	if want := []int{3, 4, 2, 4, 0, 0, 4, 4, 1, 4}; !slices.Equal(ranks, want) {
		t.Errorf("got %v, want %v", ranks, want)
	}
}

// What is stored of an explanation is what others read of it.
func TestExplanationAsJSON(t *testing.T) {
	c := compile(t, street(), nil)
	e := c.Explain(&power.Decision{At: noon(), In: c.At(noon(), nil), Given: given(20, 16, 9, 9, 9, 0, 0), Grain: 1000})[2]
	data, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"outlet":"3","at":"2026-11-22T12:00:00Z","current_ma":9000,"next_ma":10000,"causes":[{"kind":"limit",` +
		`"place":{"node":"F2","kind":"feeder","quantity":"line","line":"L1"},"flows":{"current_ma":63000},"most":{"current_ma":63000}}],"rank":3,"of":5}`
	if got := string(data); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var line power.Line
	if err := line.UnmarshalText([]byte("L4")); err == nil {
		t.Error("L4 is a line")
	}
}
