package tariff_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// The most specific wins: each of these goes before all that follow it, in
// whatever order they are given.
func TestChoose(t *testing.T) {
	order := []tariff.Assignment{
		{ID: "contract at a site", Contract: "c", Site: "s"},
		{ID: "contract", Contract: "c"},
		{ID: "group at an EVSE", Group: "g2", Station: "cs", EVSE: 1},
		{ID: "group", Group: "g2"},
		{ID: "ad hoc", AdHoc: true},
		{ID: "EVSE", Station: "cs", EVSE: 1},
		{ID: "station and connector", Station: "cs", Connector: "T2"},
		{ID: "station", Station: "cs"},
		{ID: "site and narrow power", Site: "s", PowerFrom: 50_000, PowerTo: 100_000},
		{ID: "site and wide power", Site: "s", PowerFrom: 50_000},
		{ID: "site", Site: "s"},
		{ID: "connector", Connector: "T2"},
		{ID: "power", PowerTo: 100_000},
		{ID: "later", From: at(-1)},
		{ID: "made later"},
		{ID: "made first"},
	}
	place := tariff.Place{Site: "s", Station: "cs", EVSE: 1, Connector: "T2", Power: 75_000}
	driver := tariff.Driver{Contract: "c", Groups: []string{"g1", "g2"}, AdHoc: true}
	random := rand.New(rand.NewPCG(1, 2))
	for first := range order {
		left := append([]tariff.Assignment{}, order[first:]...)
		random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		got, ok := tariff.Choose(left, place, driver, noon)
		if !ok || got.ID != order[first].ID {
			t.Errorf("got %q, want %q", got.ID, order[first].ID)
		}
	}
}

func TestAssignmentMatches(t *testing.T) {
	place := tariff.Place{Organisation: "o", Site: "s", Station: "cs", EVSE: 1, Connector: "T2", Power: 50_000}
	driver := tariff.Driver{Groups: []string{"g"}}
	for _, c := range []struct {
		name string
		is   tariff.Assignment
		want bool
	}{
		{"anything", tariff.Assignment{}, true},
		{"this very place", tariff.Assignment{Site: "s", Station: "cs", EVSE: 1, Connector: "T2"}, true},
		{"another organisation", tariff.Assignment{Organisation: "p"}, false},
		{"another site", tariff.Assignment{Site: "z"}, false},
		{"another station", tariff.Assignment{Station: "z"}, false},
		{"another EVSE", tariff.Assignment{Station: "cs", EVSE: 2}, false},
		{"another connector", tariff.Assignment{Connector: "T1"}, false},
		{"just enough power", tariff.Assignment{PowerFrom: 50_000}, true},
		{"not enough", tariff.Assignment{PowerFrom: 50_001}, false},
		{"too much", tariff.Assignment{PowerTo: 50_000}, false},
		{"just not too much", tariff.Assignment{PowerTo: 50_001}, true},
		{"his group", tariff.Assignment{Group: "g"}, true},
		{"another group", tariff.Assignment{Group: "h"}, false},
		{"a contract", tariff.Assignment{Contract: "c"}, false},
		{"ad hoc", tariff.Assignment{AdHoc: true}, false},
		{"from now on", tariff.Assignment{From: noon}, true},
		{"not yet", tariff.Assignment{From: noon.Add(time.Nanosecond)}, false},
		{"until now", tariff.Assignment{Until: noon}, false},
		{"a moment more", tariff.Assignment{Until: noon.Add(time.Nanosecond)}, true},
	} {
		if c.is.Organisation == "" {
			c.is.Organisation = "o"
		}
		if _, got := tariff.Choose([]tariff.Assignment{c.is}, place, driver, noon); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
	place.Power = 0
	if _, ok := tariff.Choose([]tariff.Assignment{{Organisation: "o", PowerTo: 1000}}, place, driver, noon); ok {
		t.Error("a power that is not known is in a class")
	}
}

func TestAssignmentCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		is   tariff.Assignment
		want string
	}{
		{"good", tariff.Assignment{Station: "cs", EVSE: 1, PowerFrom: 1, PowerTo: 2, Group: "g", From: noon, Until: at(1)}, "none"},
		{"an EVSE of no station", tariff.Assignment{EVSE: 1}, "/evse_id"},
		{"no power", tariff.Assignment{PowerFrom: 2, PowerTo: 2}, "/power_to_w"},
		{"no time", tariff.Assignment{From: noon, Until: noon}, "/valid_until"},
		{"for two", tariff.Assignment{Group: "g", AdHoc: true}, ""},
	} {
		c.is.Tariff = ident.New[ident.TariffID](noon)
		got := "none"
		if e, ok := errors.AsType[*fault.Error](c.is.Check()); ok {
			got = e.Fields[0].Pointer
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if err := new(tariff.Assignment{}).Check(); !fault.Is(err, fault.Invalid) {
		t.Errorf("of no tariff: got %v", err)
	}
}
