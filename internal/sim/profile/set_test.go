package profile_test

import (
	"slices"
	"testing"
	"time"

	"pylon/internal/sim/profile"
)

// TestReplace installs profiles one after another: what does the last one meet with,
// and which are there then?
func TestReplace(t *testing.T) {
	until := func(at time.Time) func(*profile.Profile) { return func(p *profile.Profile) { p.ValidTo = at } }
	from := func(at time.Time) func(*profile.Profile) { return func(p *profile.Profile) { p.ValidFrom = at } }
	later := noon().Add(time.Hour)
	on := func(phase int) profile.Period {
		return profile.Period{Limit: new(profile.Rate(9_000)), Phases: 1, Phase: phase}
	}
	def := func(id, evse int, changes ...func(*profile.Profile)) profile.Profile {
		return with(simple(id, profile.TxDefault, evse, amperes(0, 10)), changes...)
	}
	for _, c := range []struct {
		name    string
		edition string
		before  []profile.Profile
		last    profile.Profile
		want    profile.Refusal
		ids     []int
	}{
		{"K01.FR.05 2.x the same id", "2.0.1", []profile.Profile{def(1, 1)}, def(1, 2), profile.Accepted, []int{1}},
		{"1.6 5.16.3 the same id", "1.6", []profile.Profile{def(1, 1)}, def(1, 2), profile.Accepted, []int{1}},
		{"1.6 3.13.2 the same purpose and level", "1.6", []profile.Profile{def(1, 1)}, def(2, 1), profile.Accepted, []int{2}},
		{"1.6 3.13.2 another level", "1.6", []profile.Profile{def(1, 1)}, def(2, 1, stack(1)), profile.Accepted, []int{1, 2}},
		{"1.6 3.13.1 a default of one connector beside that of all", "1.6", []profile.Profile{def(1, 0)}, def(2, 1), profile.Accepted, []int{1, 2}},
		{"1.6 3.13.2 validity does not matter", "1.6", []profile.Profile{def(1, 1, until(later))}, def(2, 1, from(later)), profile.Accepted, []int{2}},
		{"K01.FR.06 2.x the same level", "2.0.1", []profile.Profile{def(1, 1)}, def(2, 1), profile.DuplicateProfile, []int{1}},
		{"K01.FR.06 2.x the same level one after the other", "2.0.1", []profile.Profile{def(1, 1, until(later))}, def(2, 1, from(later)), profile.Accepted, []int{1, 2}},
		{"K01.FR.06 2.x the same level a second too early", "2.0.1", []profile.Profile{def(1, 1, until(later))}, def(2, 1, from(later.Add(-time.Second))), profile.DuplicateProfile, []int{1}},
		{"K01.FR.06 2.x the same level elsewhere", "2.0.1", []profile.Profile{def(1, 1)}, def(2, 2), profile.Accepted, []int{1, 2}},
		{"K01.FR.39 2.x the same level of a transaction", "2.0.1", []profile.Profile{simple(1, profile.Tx, 1, amperes(0, 9))}, simple(2, profile.Tx, 1, amperes(0, 9)), profile.DuplicateProfile, []int{1}},
		{"K01.FR.39 2.x another level of a transaction", "2.0.1", []profile.Profile{simple(1, profile.Tx, 1, amperes(0, 9))}, with(simple(2, profile.Tx, 1, amperes(0, 9)), stack(1)), profile.Accepted, []int{1, 2}},
		{"K01.FR.52 2.x a default for all where one has its own", "2.0.1", []profile.Profile{def(1, 1)}, def(2, 0), profile.DuplicateProfile, []int{1}},
		{"K01.FR.52 2.x with the same id it takes its place", "2.0.1", []profile.Profile{def(1, 1)}, def(1, 0), profile.Accepted, []int{1}},
		{"K01.FR.53 2.x a default of one where all have one", "2.0.1", []profile.Profile{def(1, 0)}, def(2, 1), profile.DuplicateProfile, []int{1}},
		{"K01.FR.15 2.x a default of one on another level", "2.0.1", []profile.Profile{def(1, 0)}, def(2, 1, stack(1)), profile.Accepted, []int{1, 2}},
		{"two phases to use that cannot both be", "2.1", []profile.Profile{simple(1, profile.StationMax, 0, on(1))}, simple(2, profile.Tx, 1, on(2)), profile.InvalidSchedule, []int{1}},
		{"the same phase to use", "2.1", []profile.Profile{simple(1, profile.StationMax, 0, on(2))}, simple(2, profile.Tx, 1, on(2)), profile.Accepted, []int{1, 2}},
		{"two phases of which one overrules the other", "2.1", []profile.Profile{simple(1, profile.TxDefault, 0, on(1))}, simple(2, profile.Tx, 1, on(2)), profile.Accepted, []int{1, 2}},
		{"K01.FR.05 2.x not what others have set", "2.0.1", []profile.Profile{simple(1, profile.External, 0, amperes(0, 9))}, def(1, 1), profile.InvalidProfileID, []int{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := set(t, c.edition, c.before...)
			if got := s.Install(c.last, noon(), running()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := ids(s.Find(profile.Criteria{})); !slices.Equal(got, c.ids) {
				t.Errorf("got profiles %v, want %v", got, c.ids)
			}
		})
	}
}

// several is a set of six profiles: 1 to 4 of the CSMS, 5 and 6 of others.
func several(t *testing.T, edition string) *profile.Set {
	t.Helper()
	return set(
		t, edition,
		simple(1, profile.StationMax, 0, amperes(0, 30)),
		simple(2, profile.TxDefault, 0, amperes(0, 20)),
		with(simple(3, profile.TxDefault, 1, amperes(0, 16)), stack(1)),
		with(simple(4, profile.Tx, 1, amperes(0, 10)), stack(1)),
		simple(5, profile.External, 0, amperes(0, 25)),
		with(simple(6, profile.LocalGeneration, 0, amperes(0, 5)), func(p *profile.Profile) { p.Source = profile.SourceExternal }),
	)
}

func TestClear(t *testing.T) {
	for _, c := range []struct {
		name     string
		edition  string
		criteria profile.Criteria
		cleared  []int
	}{
		{"K10.FR.03 2.x by id", "2.1", profile.Criteria{IDs: []int{3}}, []int{3}},
		{"K10.FR.03 2.x an id alone decides", "2.1", profile.Criteria{IDs: []int{3}, Stack: new(7)}, []int{3}},
		{"1.6 errata 3.25 all that is named has to match", "1.6", profile.Criteria{IDs: []int{3}, Stack: new(7)}, nil},
		{"1.6 errata 3.25 nothing named is all", "1.6", profile.Criteria{}, []int{1, 2, 3, 4}},
		{"K10.FR.04 2.x by level", "2.1", profile.Criteria{Stack: new(1)}, []int{3, 4}},
		{"K10.FR.04 2.x by level and purpose", "2.1", profile.Criteria{Stack: new(1), Purpose: profile.Tx}, []int{4}},
		{"K10.FR.04 2.x of the station itself", "2.1", profile.Criteria{EVSE: new(0)}, []int{1, 2}},
		{"K10.FR.04 2.x of an EVSE", "2.1", profile.Criteria{EVSE: new(1)}, []int{3, 4}},
		{"K10.FR.01 2.x none matches", "2.1", profile.Criteria{IDs: []int{7}}, nil},
		{"K10.FR.08 2.x not what others have set", "2.1", profile.Criteria{Purpose: profile.External}, nil},
		{"K10.FR.09 2.x not what others have set, by id", "2.1", profile.Criteria{IDs: []int{5}}, nil},
		{"2.1 K10.FR.09 not what is generated", "2.1", profile.Criteria{IDs: []int{6}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := several(t, c.edition)
			before := ids(s.Find(profile.Criteria{}))
			if got := s.Clear(c.criteria); got != len(c.cleared) {
				t.Errorf("got %d cleared, want %d", got, len(c.cleared))
			}
			left := ids(s.Find(profile.Criteria{}))
			for _, id := range before {
				if slices.Contains(left, id) == slices.Contains(c.cleared, id) {
					t.Errorf("profile %d: left %v, want %v cleared", id, left, c.cleared)
				}
			}
		})
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name     string
		criteria profile.Criteria
		want     []int
	}{
		{"K09.FR.06 2.x all", profile.Criteria{}, []int{1, 2, 3, 4, 5, 6}},
		{"K09.FR.05 2.x of the station itself", profile.Criteria{EVSE: new(0)}, []int{1, 2, 5, 6}},
		{"K09.FR.04 2.x of an EVSE", profile.Criteria{EVSE: new(1)}, []int{3, 4}},
		{"K09.FR.03 2.x by ids", profile.Criteria{IDs: []int{2, 4, 9}}, []int{2, 4}},
		{"K09.FR.03 2.x by source", profile.Criteria{Sources: []string{profile.SourceExternal}}, []int{5, 6}},
		{"K09.FR.03 2.x by purpose and level", profile.Criteria{Purpose: profile.TxDefault, Stack: new(0)}, []int{2}},
		{"none", profile.Criteria{EVSE: new(2)}, []int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ids(several(t, "2.1").Find(c.criteria)); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestLives follows what makes profiles go away.
func TestLives(t *testing.T) {
	for _, c := range []struct {
		name    string
		edition string
		happens func(*profile.Set)
		want    []int
	}{
		{"K02.FR.05 2.x the transaction is over", "2.1", func(s *profile.Set) { s.Ended("tx") }, []int{1, 2, 3, 5, 6}},
		{"1.6 3.13.1 the transaction is over", "1.6", func(s *profile.Set) { s.Ended("tx") }, []int{1, 2, 3, 5, 6}},
		{"another transaction is over", "2.1", func(s *profile.Set) { s.Ended("other") }, []int{1, 2, 3, 4, 5, 6}},
		{"K01.FR.27 2.x a reboot", "2.1", func(s *profile.Set) { s.Reboot() }, []int{1, 2, 3}},
		{"1.6 errata 3.37 a reboot", "1.6", func(s *profile.Set) { s.Reboot() }, []int{1, 2, 3, 4, 5, 6}},
		{"K13 2.x a limit of others is lifted", "2.1", func(s *profile.Set) { s.Release(5) }, []int{1, 2, 3, 4, 6}},
		{"what the CSMS set is not theirs to lift", "2.1", func(s *profile.Set) { s.Release(1) }, []int{1, 2, 3, 4, 5, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := several(t, c.edition)
			c.happens(s)
			if got := ids(s.Find(profile.Criteria{})); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestExpire(t *testing.T) {
	s := set(t, "2.1", with(simple(1, profile.TxDefault, 0, amperes(0, 10)), func(p *profile.Profile) { p.ValidTo = noon().Add(time.Minute) }))
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{time.Minute - time.Second, 1}, {time.Minute, 0}} {
		s.Expire(noon().Add(c.after))
		if got := s.Len(); got != c.want {
			t.Errorf("after %s: got %d profiles, want %d", c.after, got, c.want)
		}
	}
}

func TestInstallWith(t *testing.T) {
	relative := func(purpose profile.Purpose) profile.Profile {
		p := with(simple(1, purpose, 0, amperes(0, 10)), kind(profile.Relative))
		p.Transaction = ""
		return p
	}
	for _, c := range []struct {
		name    string
		edition string
		profile profile.Profile
		want    profile.Refusal
	}{
		{"K05.FR.03 2.x it is used", "2.0.1", relative(profile.Tx), profile.Accepted},
		{"1.6 5.16.2 it is used", "1.6", relative(profile.Tx), profile.Accepted},
		{"K05.FR.02 2.x it is for the transaction", "2.0.1", relative(profile.TxDefault), profile.InvalidProfile},
		{"K05.FR.05 2.x it has to be sound", "2.0.1", with(relative(profile.Tx), func(p *profile.Profile) { p.Schedules = nil }), profile.InvalidSchedule},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := profile.New(rules(c.edition))
			if got := s.InstallWith(c.profile, noon(), 1, "tx"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			want := 32_000
			if c.want == profile.Accepted {
				want = 10_000
			}
			if got, _ := s.Limit(noon(), charging()); int(got.Current) != want {
				t.Errorf("got %d mA, want %d", got.Current, want)
			}
		})
	}
	t.Run("1.6 5.16.2 a profile on its level takes its place", func(t *testing.T) {
		s := profile.New(rules("1.6"))
		s.InstallWith(relative(profile.Tx), noon(), 1, "tx")
		install(t, s, simple(2, profile.Tx, 1, amperes(0, 8)))
		if got := ids(s.Find(profile.Criteria{})); !slices.Equal(got, []int{2}) {
			t.Errorf("got %v, want 2 alone", got)
		}
	})
}

func TestDynamic(t *testing.T) {
	dynamic := with(simple(1, profile.TxDefault, 0, amperes(0, 10)), kind(profile.Dynamic), func(p *profile.Profile) { p.UpdateInterval = time.Minute })
	s := set(t, "2.1", dynamic, with(simple(2, profile.TxDefault, 0, amperes(0, 20)), stack(1), lasting(1)))
	later := noon().Add(time.Minute)
	due := func(at time.Time, wantIDs []int, wantNext time.Time) {
		t.Helper()
		if got, next := s.Due(at); !slices.Equal(got, wantIDs) || !next.Equal(wantNext) {
			t.Errorf("at %s: got %v and %s, want %v and %s", at, got, next, wantIDs, wantNext)
		}
	}
	t.Run("2.1 K28.FR.05 it counts from its receipt", func(*testing.T) { due(later.Add(-1), nil, later) })
	t.Run("2.1 K28.FR.10 it is to be updated", func(*testing.T) { due(later, []int{1}, time.Time{}) })
	t.Run("2.1 K28.FR.06 an update is in force at once", func(t *testing.T) {
		if got := s.Update(1, later, profile.Period{Limit: new(profile.Rate(7_000))}); got != profile.Accepted {
			t.Fatalf("got %q", got)
		}
		if got, _ := s.Limit(later, charging()); got.Current != 7_000 {
			t.Errorf("got %d mA, want 7000", got.Current)
		}
	})
	t.Run("2.1 K28.FR.09 the next is an interval later", func(*testing.T) { due(later, nil, later.Add(time.Minute)) })
	for _, c := range []struct {
		name   string
		id     int
		update profile.Period
		want   profile.Refusal
	}{
		{"2.1 K28.FR.11 only what is dynamic", 2, profile.Period{Limit: new(profile.Rate(7_000))}, profile.InvalidProfile},
		{"2.1 K28.FR.11 only what is there", 3, profile.Period{Limit: new(profile.Rate(7_000))}, profile.InvalidProfile},
		{"an update may not discharge", 1, profile.Period{Limit: new(profile.Rate(-7_000))}, profile.InvalidSchedule},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Update(c.id, later, c.update); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got, _ := s.Limit(later, charging()); got.Current != 7_000 {
				t.Errorf("got %d mA, want 7000 as before", got.Current)
			}
		})
	}
}

func TestHasPriority(t *testing.T) {
	for _, c := range []struct {
		name     string
		profiles []profile.Profile
		want     bool
	}{
		{"2.1 K21.FR.01 none", []profile.Profile{simple(1, profile.TxDefault, 0, amperes(0, 9))}, false},
		{"2.1 K21.FR.01 only elsewhere", []profile.Profile{simple(1, profile.Priority, 2, amperes(0, 9))}, false},
		{"2.1 K21.FR.03 on the EVSE", []profile.Profile{simple(1, profile.Priority, 1, amperes(0, 9))}, true},
		{"2.1 K21.FR.03 for all", []profile.Profile{simple(1, profile.Priority, 0, amperes(0, 9))}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := set(t, "2.1", c.profiles...).HasPriority(1); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestTooMany(t *testing.T) {
	r := rules("2.0.1")
	r.MaxProfiles, r.MaxPeriods = 1, 2
	s := profile.New(r)
	for _, c := range []struct {
		profile profile.Profile
		want    profile.Refusal
	}{
		{simple(1, profile.TxDefault, 1, amperes(0, 9), amperes(1, 8), amperes(2, 7)), profile.TooManyElements},
		{simple(1, profile.TxDefault, 1, amperes(0, 9), amperes(1, 8)), profile.Accepted},
		{simple(2, profile.TxDefault, 2, amperes(0, 9)), profile.TooManyElements},
		{simple(1, profile.TxDefault, 2, amperes(0, 9)), profile.Accepted},
	} {
		if got := s.Install(c.profile, noon(), nil); got != c.want {
			t.Errorf("profile %d: got %q, want %q", c.profile.ID, got, c.want)
		}
	}
}
