package profile_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/unit"
	"pylon/internal/sim/profile"
)

func TestComposite(t *testing.T) {
	slot := func(start int, limit profile.Rate) profile.Slot {
		return profile.Slot{Start: profile.Seconds(start), Limit: limit * 1000, Phases: 3}
	}
	idle := func(in *profile.Situation) { in.Tx, in.Since = "", time.Time{} }
	for _, c := range []struct {
		name      string
		edition   string
		profiles  []profile.Profile
		situation func(*profile.Situation)
		unit      profile.Unit
		duration  int
		want      []profile.Slot
	}{
		{"K08.FR.02 2.x from now for a time", "2.0.1", []profile.Profile{simple(1, profile.TxDefault, 0, amperes(0, 10), amperes(60, 8), amperes(120, 6))}, nil, profile.Amperes, 120, []profile.Slot{slot(0, 10), slot(60, 8)}},
		{"1.6 5.7 from now for a time", "1.6", []profile.Profile{simple(1, profile.TxDefault, 0, amperes(0, 10), amperes(60, 8), amperes(120, 6))}, nil, profile.Amperes, 121, []profile.Slot{slot(0, 10), slot(60, 8), slot(120, 6)}},
		{"the lower of two at each moment", "2.0.1", []profile.Profile{
			simple(1, profile.StationMax, 0, amperes(0, 20), amperes(100, 9)),
			simple(2, profile.Tx, 1, amperes(0, 10), amperes(50, 16)),
		}, nil, profile.Amperes, 200, []profile.Slot{slot(0, 10), slot(50, 16), slot(100, 9)}},
		{"what does not change is one slot", "2.0.1", []profile.Profile{
			simple(1, profile.StationMax, 0, amperes(0, 10)),
			simple(2, profile.Tx, 1, amperes(0, 16), amperes(50, 20)),
		}, nil, profile.Amperes, 200, []profile.Slot{slot(0, 10)}},
		{"a level above with an end", "2.0.1", []profile.Profile{
			simple(1, profile.TxDefault, 0, amperes(0, 10)),
			with(simple(2, profile.TxDefault, 0, amperes(0, 20)), stack(1), starting(noon().Add(time.Minute)), lasting(60)),
		}, nil, profile.Amperes, 200, []profile.Slot{slot(0, 10), slot(60, 20), slot(120, 10)}},
		{"without a profile what the hardware can", "2.0.1", nil, nil, profile.Amperes, 60, []profile.Slot{slot(0, 32)}},
		{"in the other unit", "2.0.1", []profile.Profile{simple(1, profile.TxDefault, 0, amperes(0, 10))}, nil, profile.Watts, 60, []profile.Slot{slot(0, 6900)}},
		{"watts come back as they were", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 0, amperes(0, 6000)), inWatts)}, nil, profile.Watts, 60, []profile.Slot{slot(0, 6000)}},
		{"K08.FR.06 2.x as if a transaction began", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 0, amperes(0, 10), amperes(60, 8)), kind(profile.Relative))}, idle, profile.Amperes, 120, []profile.Slot{slot(0, 10), slot(60, 8)}},
		{"K08.FR.05 2.x an EVSE that is not there", "2.0.1", nil, func(in *profile.Situation) { in.EVSE = 3 }, profile.Amperes, 60, nil},
		{"1.6 5.7 a connector that is not there", "1.6", nil, func(in *profile.Situation) { in.EVSE = 3 }, profile.Amperes, 60, nil},
		{"K08.FR.07 2.x a unit that is not supported", "2.0.1", nil, nil, "V", 60, nil},
		{"no time", "2.0.1", nil, nil, profile.Amperes, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := charging()
			if c.situation != nil {
				c.situation(&in)
			}
			got, ok := set(t, c.edition, c.profiles...).Composite(noon(), profile.Seconds(c.duration), c.unit, in)
			if ok != (c.want != nil) || !slices.Equal(got, c.want) {
				t.Errorf("got %+v and %t, want %+v", got, ok, c.want)
			}
		})
	}
}

// A schedule is never larger than a message, whatever was asked for.
func TestCompositeIsBounded(t *testing.T) {
	var periods []profile.Period
	for i := range 24 {
		periods = append(periods, amperes(i*3600, profile.Rate(6+i%2)))
	}
	s := set(t, "2.0.1", with(simple(1, profile.TxDefault, 0, periods...), recurring(profile.Daily)))
	got, ok := s.Composite(noon(), profile.Seconds(1<<62), profile.Amperes, charging())
	if !ok || len(got) != 1024 {
		t.Errorf("got %d slots, want 1024", len(got))
	}
}

// anyProfile draws a profile, not always a sound one.
func anyProfile(t *rapid.T, id int) profile.Profile {
	seconds := rapid.IntRange(-3600, 4*3600)
	p := profile.Profile{
		ID:         id,
		Stack:      rapid.IntRange(0, 3).Draw(t, "stack"),
		Purpose:    rapid.SampledFrom([]profile.Purpose{profile.StationMax, profile.TxDefault, profile.Tx, profile.External, profile.Priority, profile.LocalGeneration}).Draw(t, "purpose"),
		Kind:       rapid.SampledFrom([]profile.Kind{profile.Absolute, profile.Recurring, profile.Relative, profile.Dynamic}).Draw(t, "kind"),
		Recurrency: rapid.SampledFrom([]profile.Recurrency{profile.Daily, profile.Weekly}).Draw(t, "recurrency"),
		EVSE:       rapid.IntRange(0, 2).Draw(t, "evse"),
	}
	if p.Purpose == profile.Tx {
		p.Transaction = "tx"
	}
	if rapid.Bool().Draw(t, "from") {
		p.ValidFrom = noon().Add(profile.Seconds(seconds.Draw(t, "valid from")))
	}
	if rapid.Bool().Draw(t, "to") {
		p.ValidTo = noon().Add(profile.Seconds(seconds.Draw(t, "valid to")))
	}
	if rapid.Bool().Draw(t, "offline") {
		p.OfflineMax = new(profile.Seconds(rapid.IntRange(0, 3600).Draw(t, "offline max")))
	}
	s := profile.Schedule{Unit: rapid.SampledFrom([]profile.Unit{profile.Amperes, profile.Watts}).Draw(t, "unit")}
	if p.Kind == profile.Absolute || p.Kind == profile.Recurring {
		s.Start = noon().Add(profile.Seconds(seconds.Draw(t, "start")))
	}
	if rapid.Bool().Draw(t, "ends") && p.Purpose != profile.Priority {
		s.Duration = new(profile.Seconds(rapid.IntRange(0, 30*3600).Draw(t, "duration")))
	}
	if p.Purpose == profile.Tx || p.Purpose == profile.TxDefault {
		s.RandomDelay = profile.Seconds(rapid.SampledFrom([]int{0, 0, 600}).Draw(t, "delay"))
	}
	at := 0
	count := rapid.IntRange(1, 4).Draw(t, "periods")
	if p.Kind == profile.Dynamic {
		count = 1
	}
	for range count {
		limit := profile.Rate(rapid.IntRange(0, 40_000).Draw(t, "limit"))
		if s.Unit == profile.Watts {
			limit *= 690
		}
		s.Periods = append(s.Periods, profile.Period{
			Start: profile.Seconds(at), Limit: &limit, Phases: rapid.IntRange(0, 3).Draw(t, "phases"),
		})
		at += rapid.IntRange(1, 7200).Draw(t, "length")
	}
	p.Schedules = []profile.Schedule{s}
	return p
}

// anySet draws a set of what is accepted of many profiles.
func anySet(t *rapid.T) *profile.Set {
	s := profile.New(rules(rapid.SampledFrom([]string{"1.6", "2.0.1", "2.1"}).Draw(t, "edition")))
	for id := range rapid.IntRange(0, 12).Draw(t, "profiles") {
		p := anyProfile(t, id)
		if p.Purpose == profile.External {
			s.Constrain(p, noon())
		} else {
			s.Install(p, noon(), running())
		}
	}
	return s
}

// anySituation draws what a limit depends on.
func anySituation(t *rapid.T) profile.Situation {
	in := charging()
	in.EVSE = rapid.IntRange(0, 2).Draw(t, "of evse")
	in.Since = noon().Add(profile.Seconds(rapid.IntRange(-7200, 0).Draw(t, "since")))
	in.Priority = rapid.Bool().Draw(t, "priority")
	in.Sharing = rapid.IntRange(0, 3).Draw(t, "sharing")
	if rapid.Bool().Draw(t, "is offline") {
		in.OfflineSince = noon().Add(profile.Seconds(rapid.IntRange(-7200, 0).Draw(t, "offline since")))
	}
	if rapid.Bool().Draw(t, "dc") {
		in.Local = profile.Limit{Power: 22_000}
	}
	return in
}

// The limit at any moment of a composite schedule is the schedule's.
func TestCompositeIsTheLimitAtEachMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := anySet(t), anySituation(t)
		unit := rapid.SampledFrom([]profile.Unit{profile.Amperes, profile.Watts}).Draw(t, "in unit")
		const horizon = 30 * 3600
		slots, ok := s.Composite(noon(), profile.Seconds(horizon), unit, in)
		if !ok || slots[0].Start != 0 {
			t.Fatalf("got %+v and %t", slots, ok)
		}
		for range 20 {
			at := profile.Seconds(rapid.IntRange(0, horizon-1).Draw(t, "at"))
			i, _ := slices.BinarySearchFunc(slots, at+1, func(s profile.Slot, at time.Duration) int { return int(s.Start - at) })
			moment, ok := s.Composite(noon().Add(at), time.Second, unit, in)
			want := slots[i-1]
			want.Start = 0
			if !ok || len(moment) != 1 || moment[0] != want {
				t.Fatalf("after %s: got %+v at the moment, %+v in the schedule", at, moment, want)
			}
		}
	})
}

// A limit holds until the moment that is told, and not a change is missed.
func TestLimitHoldsUntilTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := anySet(t), anySituation(t)
		at := noon().Add(profile.Seconds(rapid.IntRange(0, 30*3600).Draw(t, "at")))
		limit, until := s.Limit(at, in)
		if !until.IsZero() && !until.After(at) {
			t.Fatalf("at %s it holds until %s", at, until)
		}
		length := 40 * 3600
		if !until.IsZero() {
			length = int(until.Sub(at) / time.Second)
		}
		between := at.Add(profile.Seconds(rapid.IntRange(0, length-1).Draw(t, "between")))
		if got, _ := s.Limit(between, in); got != limit {
			t.Fatalf("at %s: %+v until %s, but %+v at %s", at, limit, until, got, between)
		}
	})
}

// No limit is above what the hardware can, nor above any leader of a purpose: a set
// with one profile less never allows less, unless that one was of a level above.
func TestLimitNeverExceedsAProfile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := anySet(t), anySituation(t)
		at := noon().Add(profile.Seconds(rapid.IntRange(0, 30*3600).Draw(t, "at")))
		got, _ := s.Limit(at, in)
		if got.Current > in.Local.Current || got.Phases > in.Local.Phases || got.Current < 0 || got.Power < 0 {
			t.Fatalf("got %+v where the hardware can %+v", got, in.Local)
		}
		if s.Clear(profile.Criteria{Purpose: profile.LocalGeneration}); len(s.Find(profile.Criteria{Purpose: profile.LocalGeneration})) > 0 {
			return // what is generated comes on top
		}
		// Alone, each purpose but the defaults allows at least as much as all together.
		for _, purpose := range []profile.Purpose{profile.StationMax, profile.External} {
			alone := profile.New(rules("2.1"))
			for _, p := range s.Find(profile.Criteria{Purpose: purpose}) {
				if purpose == profile.External {
					alone.Constrain(p, noon())
				} else {
					alone.Install(p, noon(), running())
				}
			}
			if most, _ := alone.Limit(at, in); got.Current > most.Current || got.Power > most.Power || got.Phases > most.Phases {
				t.Fatalf("%s: got %+v where it allows %+v", purpose, got, most)
			}
		}
	})
}

// What the station may take is never exceeded by the EVSEs that share it.
func TestSharing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := profile.Rate(rapid.IntRange(0, 100).Draw(t, "limit"))
		s := set(t, "2.0.1", simple(1, profile.StationMax, 0, amperes(0, limit)))
		in := charging()
		in.Sharing = rapid.IntRange(1, 7).Draw(t, "sharing")
		got, _ := s.Limit(noon(), in)
		if got.Current*unit.MilliAmpere(in.Sharing) > unit.MilliAmpere(limit)*1000 {
			t.Fatalf("%d take %d mA each of %d A", in.Sharing, got.Current, limit)
		}
	})
}

// A set never holds two profiles of one id, nor in 2.x two that are in force on one
// level at one time, in whatever order they come and go.
func TestOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := profile.New(rules(rapid.SampledFrom([]string{"1.6", "2.0.1"}).Draw(t, "edition")))
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			before := s.Find(profile.Criteria{})
			p := anyProfile(t, rapid.IntRange(0, 6).Draw(t, "id"))
			switch {
			case rapid.IntRange(0, 3).Draw(t, "step") == 0:
				if got, want := s.Clear(profile.Criteria{IDs: []int{p.ID}}), len(before)-s.Len(); got != want {
					t.Fatalf("cleared %d, but %d are gone", got, want)
				}
			case s.Install(p, noon(), running()) == profile.Accepted:
				if len(s.Find(profile.Criteria{IDs: []int{p.ID}})) != 1 {
					t.Fatalf("profile %d was accepted and is not there", p.ID)
				}
			}
			type place struct {
				purpose profile.Purpose
				stack   int
				evse    int
				from    time.Time
			}
			seen, places := map[int]bool{}, map[place]bool{}
			for _, q := range s.Find(profile.Criteria{}) {
				at := place{q.Purpose, q.Stack, q.EVSE, q.ValidFrom}
				if seen[q.ID] || places[at] {
					t.Fatalf("two of %+v", q)
				}
				seen[q.ID], places[at] = true, true
			}
		}
	})
}

// FuzzSet installs whatever comes and asks for every answer: nothing panics.
func FuzzSet(f *testing.F) {
	f.Add(int64(0), int64(16_000), int64(3600), int64(0), uint8(0), uint8(0), uint8(1), int16(230))
	f.Add(int64(-1<<62), int64(1<<62), int64(1<<62), int64(1<<60), uint8(3), uint8(1), uint8(2), int16(-1))
	f.Fuzz(func(t *testing.T, start, limit, duration, at int64, purpose, kind, evse uint8, tension int16) {
		purposes := []profile.Purpose{profile.StationMax, profile.TxDefault, profile.Tx, profile.External, profile.Priority, profile.LocalGeneration}
		kinds := []profile.Kind{profile.Absolute, profile.Recurring, profile.Relative, profile.Dynamic}
		p := profile.Profile{
			ID: 1, Purpose: purposes[int(purpose)%len(purposes)], Kind: kinds[int(kind)%len(kinds)], Recurrency: profile.Daily, EVSE: int(evse % 3), Transaction: "tx",
			Schedules: []profile.Schedule{{
				Start: time.Unix(start, 0), Duration: new(time.Duration(duration)), Unit: profile.Watts,
				RandomDelay: time.Duration(duration), Periods: []profile.Period{{Limit: new(profile.Rate(limit)), Phases: int(evse % 4)}},
			}},
		}
		for _, edition := range []string{"1.6", "2.1"} {
			s := profile.New(rules(edition))
			now := time.Unix(at, 0)
			s.Install(p, now, profile.Running{1: "tx", 2: "tx"})
			s.Constrain(p, now)
			in := charging()
			in.EVSE, in.Tension = int(evse%3), unit.MilliVolt(tension)*1000
			got, _ := s.Limit(now, in)
			if got.Current < 0 || got.Power < 0 || got.Current > in.Local.Current {
				t.Fatalf("got %+v", got)
			}
			s.Composite(now, time.Duration(duration), profile.Amperes, in)
			s.Due(now)
			s.Expire(now)
		}
	})
}

// BenchmarkLimit is what a station asks each time that its meter is read.
func BenchmarkLimit(b *testing.B) {
	s := profile.New(rules("2.0.1"))
	for id := range 6 {
		p := with(simple(id, profile.TxDefault, 0, amperes(0, 16), amperes(3600, 10), amperes(7200, 12)), stack(id), recurring(profile.Daily))
		if refusal := s.Install(p, noon(), nil); refusal != profile.Accepted {
			b.Fatal(refusal)
		}
	}
	in := charging()
	b.ReportAllocs()
	for b.Loop() {
		s.Limit(noon(), in)
	}
}
