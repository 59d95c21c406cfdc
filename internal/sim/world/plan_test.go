package world_test

import (
	"cmp"
	"reflect"
	"slices"
	"testing"
	"time"

	"pylon/internal/sim"
	"pylon/internal/sim/world"
	"pylon/internal/wire/ocppj"
)

// large is a network that has everything.
func large() world.Scale {
	return world.Scale{Seed: 7, Stations: 300, Strangers: 30, Faults: world.AllFaults}
}

func TestSeedDecidesThePlan(t *testing.T) {
	a, b := world.New(large()), world.New(large())
	if !reflect.DeepEqual(a, b) {
		t.Error("the same scale makes two plans")
	}
	s := large()
	s.Seed++
	other := world.New(s)
	if reflect.DeepEqual(a.Stations, other.Stations) || reflect.DeepEqual(a.Visits, other.Visits) || reflect.DeepEqual(a.Faults, other.Faults) {
		t.Error("two seeds make the same stations, visits or faults")
	}
	s = large()
	s.Faults = world.NoFaults
	calm := world.New(s)
	if !reflect.DeepEqual(a.Visits, calm.Visits) || len(calm.Faults) != 0 {
		t.Error("without faults other people come, or something goes wrong all the same")
	}
}

func TestNetwork(t *testing.T) {
	p := world.New(large())
	versions, identities, kinds := map[ocppj.Version]int{}, map[string]bool{}, map[world.Kind]int{}
	for _, s := range p.Stations {
		versions[s.Version]++
		identities[s.Identity] = true
		kinds[p.Sites[s.Site].Kind]++
		if len(s.Password) < 16 || len(s.Password) > 20 {
			t.Errorf("A00.FR.205 password of %d characters, want 16 to 20", len(s.Password))
		}
		if s.CableFirst && s.Version == ocppj.V16 {
			t.Errorf("%s: 1.6 knows no transaction that begins with the cable", s.Identity)
		}
	}
	if versions[ocppj.V16] != 100 || versions[ocppj.V201] != 100 || versions[ocppj.V21] != 100 {
		t.Errorf("got %v, want 100 stations of each version", versions)
	}
	if len(identities) != 300 || len(kinds) != 4 {
		t.Errorf("got %d identities on %d kinds of site, want 300 on 4", len(identities), len(kinds))
	}
	uids := map[string]bool{}
	for _, token := range p.Tokens() {
		uids[token.UID] = true
	}
	if len(uids) != len(p.Drivers) {
		t.Errorf("%d different cards of %d drivers", len(uids), len(p.Drivers))
	}
}

// Nobody is at two places at once, no EVSE has two visitors, and every car fits.
func TestVisitsArePossible(t *testing.T) {
	for _, scale := range []world.Scale{large(), {Seed: 3, Stations: 40, Hurry: 20, From: 8 * time.Hour, Length: 6 * time.Hour}} {
		p := world.New(scale)
		type place struct{ station, evse int }
		free, home := map[place]time.Duration{}, map[int]time.Duration{}
		for i, v := range p.Visits {
			at := place{v.Station, v.EVSE}
			leaves := v.At + v.Stay
			hardware := p.Stations[v.Station].Hardware
			switch {
			case v.At < free[at] || v.At < home[v.Driver]:
				t.Errorf("visit %d: the place is free at %s, the driver at %s, and he comes at %s", i, free[at], home[v.Driver], v.At)
			case v.Stay <= 0 || leaves > p.Scale.Length:
				t.Errorf("visit %d: %s from %s is not within the plan", i, v.Stay, v.At)
			case v.EVSE < 1 || v.EVSE > hardware.EVSEs:
				t.Errorf("visit %d: there is no EVSE %d", i, v.EVSE)
			case hardware.DC() && v.Car.MaxPower == 0:
				t.Errorf("visit %d: a car without an inlet for DC", i)
			case v.Car.Charge >= v.Car.Target:
				t.Errorf("visit %d: a car that wants nothing", i)
			}
			free[at], home[v.Driver] = leaves, leaves
		}
		if !slices.IsSortedFunc(p.Visits, func(a, b world.Visit) int { return cmp.Compare(a.At, b.At) }) {
			t.Error("visits are not in order")
		}
	}
}

func TestPeopleHaveHabits(t *testing.T) {
	p := world.New(large())
	strangers := 0
	hours := map[world.Kind]*[24]int{}
	stays := map[world.Kind]time.Duration{}
	counts := map[world.Kind]int{}
	known := map[string]bool{}
	for _, token := range p.Tokens() {
		known[token.UID] = true
	}
	for _, v := range p.Visits {
		kind := p.Sites[p.Stations[v.Station].Site].Kind
		if hours[kind] == nil {
			hours[kind] = new([24]int)
		}
		hours[kind][v.At/time.Hour]++
		stays[kind] += v.Stay
		counts[kind]++
		if !known[v.Token.UID] {
			strangers++
		}
	}
	for _, c := range []struct {
		kind        world.Kind
		busy, quiet int
	}{{world.Street, 18, 3}, {world.Office, 8, 20}, {world.Shopping, 11, 3}, {world.Motorway, 17, 1}} {
		if got := hours[c.kind]; got[c.busy] <= 2*got[c.quiet] {
			t.Errorf("%s: %d come at %d h and %d at %d h, want many more", c.kind, got[c.busy], c.busy, got[c.quiet], c.quiet)
		}
	}
	if street, motorway := stays[world.Street]/time.Duration(counts[world.Street]), stays[world.Motorway]/time.Duration(counts[world.Motorway]); street < 5*motorway {
		t.Errorf("people stay %s at home and %s at the motorway", street, motorway)
	}
	if share := strangers * 1000 / len(p.Visits); share < 15 || share > 45 {
		t.Errorf("%d of 1000 are strangers, want about 30", share)
	}
	if at := p.Visits[0].At; at != 0 {
		t.Errorf("the first comes at %s, want somebody who is there already", at)
	}
}

func TestHurryMakesPeopleQuick(t *testing.T) {
	slow := world.Scale{Seed: 5, Stations: 40}
	quick := slow
	quick.Hurry = 12
	quick.Length = 2 * time.Hour // the same day
	a, b := world.New(slow), world.New(quick)
	mean := func(p world.Plan) (stay time.Duration) {
		for _, v := range p.Visits {
			stay += v.Stay
		}
		return stay / time.Duration(len(p.Visits))
	}
	if x, y := len(a.Visits), len(b.Visits); x > 2*y || y > 2*x {
		t.Errorf("%d visits in a day, %d in a day of two hours, want about as many", x, y)
	}
	if x, y := mean(a), mean(b); y > x/8 || y < x/16 {
		t.Errorf("stays of %s and %s, want a twelfth", x, y)
	}
}

func TestEverythingGoesWrong(t *testing.T) {
	p := world.New(large())
	kinds := p.Kinds()
	for _, f := range sim.Faults() {
		if kinds[f] == 0 {
			t.Errorf("%s: never", f)
		}
	}
	last := map[int]time.Duration{}
	for i, f := range p.Faults {
		if before, ok := last[f.Station]; ok && f.At-before < 3*time.Hour {
			t.Errorf("fault %d: %s after the last of its station, want hours", i, f.At-before)
		}
		last[f.Station] = f.At
		if f.Kind == sim.SkippedSeqNo && p.Stations[f.Station].Version == ocppj.V16 {
			t.Errorf("fault %d: 1.6 has no seqNo", i)
		}
	}
	s := large()
	s.Faults = world.SomeFaults
	for kind := range kindsOf(s) {
		if kind != sim.LinkCut && kind != sim.PowerCut && kind != sim.LostAnswer {
			t.Errorf("among some faults is %s", kind)
		}
	}
	s.Faults, s.Versions = world.AllFaults, []ocppj.Version{ocppj.V16}
	if n := kindsOf(s); len(n) != len(sim.Faults())-1 {
		t.Errorf("got %d kinds in 1.6, want all but one", len(n))
	}
}

func kindsOf(s world.Scale) map[sim.Fault]int {
	p := world.New(s)
	return p.Kinds()
}
