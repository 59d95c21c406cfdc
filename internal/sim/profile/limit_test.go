package profile_test

import (
	"testing"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/sim/profile"
)

// moment is a limit at a time after noon, and how long it holds.
type moment struct {
	after time.Duration
	want  unit.MilliAmpere
	until time.Duration // after noon; 0: for ever
}

const hour = time.Hour

func TestSchedules(t *testing.T) {
	daily := with(simple(1, profile.TxDefault, 0, amperes(0, 10), amperes(3600, 8)), recurring(profile.Daily), lasting(2*3600))
	offline := func(seconds int) func(*profile.Profile) {
		return func(p *profile.Profile) { p.OfflineMax = new(profile.Seconds(seconds)) }
	}
	isOffline := func(in *profile.Situation) { in.OfflineSince = noon() }
	for _, c := range []struct {
		name      string
		edition   string
		profiles  []profile.Profile
		situation func(*profile.Situation)
		want      []moment
	}{
		{"K06.FR.02 2.x without a profile nothing limits", "2.0.1", nil, isOffline, []moment{{0, 32_000, 0}}},
		{"1.6 3.13.6 without a profile nothing limits", "1.6", nil, isOffline, []moment{{0, 32_000, 0}}},
		{"K01.FR.12 2.x a period lasts until the next", "2.0.1", []profile.Profile{simple(1, profile.TxDefault, 1, amperes(0, 10), amperes(60, 8))}, nil, []moment{
			{0, 10_000, time.Minute},
			{time.Minute - 1, 10_000, time.Minute},
			{time.Minute, 8_000, 0},
		}},
		{"K01.FR.12 2.x or until the schedule ends", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 1, amperes(0, 10)), lasting(60))}, nil, []moment{
			{time.Minute - 1, 10_000, time.Minute},
			{time.Minute, 32_000, 0},
		}},
		{"1.6 5.16.4 the last period lasts until the schedule ends", "1.6", []profile.Profile{with(simple(1, profile.TxDefault, 1, amperes(0, 10)), lasting(60))}, nil, []moment{
			{time.Minute - 1, 10_000, time.Minute},
			{time.Minute, 32_000, 0},
		}},
		{"K01.FR.11 2.x a period past the end is none", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 1, amperes(0, 10), amperes(60, 8)), lasting(60))}, nil, []moment{
			{0, 10_000, time.Minute},
			{time.Minute, 32_000, 0},
		}},
		{"K01.FR.30 2.x a schedule in the future", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 1, amperes(0, 10)), starting(noon().Add(hour)))}, nil, []moment{
			{hour - 1, 32_000, hour},
			{hour, 10_000, 0},
		}},
		{"K01.FR.36 2.x validity begins", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 1, amperes(0, 10)), func(p *profile.Profile) { p.ValidFrom = noon().Add(hour) })}, nil, []moment{
			{hour - 1, 32_000, hour},
			{hour, 10_000, 0},
		}},
		{"K01.FR.37 2.x validity ends", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 1, amperes(0, 10)), func(p *profile.Profile) { p.ValidTo = noon().Add(hour) })}, nil, []moment{
			{hour - 1, 10_000, hour},
			{hour, 32_000, 0},
		}},
		{"K01.FR.13 2.x between two rounds nothing limits", "2.0.1", []profile.Profile{daily}, nil, []moment{
			{0, 10_000, hour},
			{hour, 8_000, 2 * hour},
			{2 * hour, 32_000, 24 * hour},
			{24 * hour, 10_000, 25 * hour},
			{24*hour*500 + hour, 8_000, 24*hour*500 + 2*hour},
		}},
		{"1.6 errata 3.43 between two rounds lower levels do", "1.6", []profile.Profile{simple(2, profile.TxDefault, 0, amperes(0, 6)), with(daily, stack(1))}, nil, []moment{
			{0, 10_000, hour},
			{2 * hour, 6_000, 24 * hour},
		}},
		{"1.6 5.16.4 what is longer than a round is cut", "1.6", []profile.Profile{with(simple(1, profile.TxDefault, 0, amperes(0, 10), amperes(25*3600, 8)), recurring(profile.Daily))}, nil, []moment{
			{0, 10_000, 24 * hour},
			{26 * hour, 10_000, 48 * hour},
		}},
		{"weekly", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 0, amperes(0, 10)), recurring(profile.Weekly), lasting(3600))}, nil, []moment{
			{0, 10_000, hour},
			{24 * hour, 32_000, 7 * 24 * hour},
			{7 * 24 * hour, 10_000, 7*24*hour + hour},
		}},
		{"K01.FR.42 2.x relative to the start of charging", "2.0.1", []profile.Profile{with(simple(1, profile.Tx, 1, amperes(0, 10), amperes(60, 8)), kind(profile.Relative))}, func(in *profile.Situation) { in.Since = noon().Add(hour) }, []moment{
			{0, 32_000, hour},
			{hour, 10_000, hour + time.Minute},
			{hour + time.Minute, 8_000, 0},
		}},
		{"1.6 7.13 absolute without a start is relative", "1.6", []profile.Profile{with(simple(1, profile.Tx, 1, amperes(0, 10), amperes(60, 8)), starting(time.Time{}))}, func(in *profile.Situation) { in.Since = noon().Add(hour) }, []moment{
			{0, 32_000, hour},
			{hour + time.Minute, 8_000, 0},
		}},
		{"relative, and nothing has begun", "2.0.1", []profile.Profile{with(simple(1, profile.TxDefault, 1, amperes(0, 10)), kind(profile.Relative))}, func(in *profile.Situation) { in.Since = time.Time{} }, []moment{{0, 32_000, 0}}},
		{"K06.FR.01 2.x offline a profile stays", "2.0.1", []profile.Profile{simple(1, profile.Tx, 1, amperes(0, 10))}, isOffline, []moment{{48 * hour, 10_000, 0}}},
		{"1.6 3.13.6 offline a profile stays", "1.6", []profile.Profile{simple(1, profile.Tx, 1, amperes(0, 10))}, isOffline, []moment{{48 * hour, 10_000, 0}}},
		{"K07.FR.01 2.x offline a default is used", "2.0.1", []profile.Profile{simple(1, profile.TxDefault, 0, amperes(0, 10))}, isOffline, []moment{{48 * hour, 10_000, 0}}},
		{"2.1 K01.FR.101 offline for too long", "2.1", []profile.Profile{simple(1, profile.TxDefault, 0, amperes(0, 6)), with(simple(2, profile.TxDefault, 0, amperes(0, 10)), stack(1), offline(60))}, isOffline, []moment{
			{time.Minute, 10_000, time.Minute + time.Second},
			{time.Minute + time.Second, 6_000, 0},
		}},
		{"2.1 K01.FR.102 not offline any more", "2.1", []profile.Profile{with(simple(2, profile.TxDefault, 0, amperes(0, 10)), offline(60))}, nil, []moment{{hour, 10_000, 0}}},
		{"2.1 K01.FR.103 no bound when offline", "2.1", []profile.Profile{simple(2, profile.TxDefault, 0, amperes(0, 10))}, isOffline, []moment{{48 * hour, 10_000, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := charging()
			if c.situation != nil {
				c.situation(&in)
			}
			s := set(t, c.edition, c.profiles...)
			for _, m := range c.want {
				var want time.Time
				if m.until > 0 {
					want = noon().Add(m.until)
				}
				if got, until := s.Limit(noon().Add(m.after), in); got.Current != m.want || !until.Equal(want) {
					t.Errorf("after %s: got %d mA until %s, want %d mA until %s", m.after, got.Current, until, m.want, want)
				}
			}
		})
	}
}

// TestMerge merges profiles of many purposes and levels into one limit.
func TestMerge(t *testing.T) {
	def, tx, most := profile.TxDefault, profile.Tx, profile.StationMax
	watts := func(limit profile.Rate, phases int) profile.Period {
		return profile.Period{Limit: new(limit * 1000), Phases: phases}
	}
	onPhases := func(n, phase int) profile.Period {
		return profile.Period{Limit: new(profile.Rate(16_000)), Phases: n, Phase: phase}
	}
	generation := func(limit profile.Rate) profile.Profile {
		return with(simple(9, profile.LocalGeneration, 0, amperes(0, limit)), func(p *profile.Profile) { p.Source = profile.SourceExternal })
	}
	priority := func(in *profile.Situation) { in.Priority = true }
	idle := func(in *profile.Situation) { in.Tx, in.Since = "", time.Time{} }
	second := func(in *profile.Situation) { in.EVSE = 2 }
	whole := func(in *profile.Situation) { in.EVSE, in.Tx = 0, "" }
	dc := func(in *profile.Situation) { in.Local = profile.Limit{Power: 150_000} }
	for _, c := range []struct {
		name      string
		edition   string
		profiles  []profile.Profile
		situation func(*profile.Situation)
		want      profile.Limit
	}{
		{"the hardware is a limit", "1.6", nil, nil, profile.Limit{Current: 32_000, Phases: 3, Power: 22_080}},
		{"no profile is above it", "1.6", []profile.Profile{simple(1, def, 0, amperes(0, 63))}, nil, profile.Limit{Current: 32_000, Phases: 3, Power: 22_080}},
		{"1.6 3.13.2 the highest level leads", "1.6", []profile.Profile{with(simple(1, def, 0, amperes(0, 20)), stack(2)), simple(2, def, 0, amperes(0, 10))}, nil, profile.Limit{Current: 20_000, Phases: 3, Power: 13_800}},
		{"K01.FR.17 2.x the highest level leads", "2.0.1", []profile.Profile{simple(2, def, 0, amperes(0, 10)), with(simple(1, def, 0, amperes(0, 20)), stack(2))}, nil, profile.Limit{Current: 20_000, Phases: 3, Power: 13_800}},
		{"1.6 3.13.1 a connector's default replaces that of all", "1.6", []profile.Profile{simple(1, def, 1, amperes(0, 20)), simple(2, def, 0, amperes(0, 10))}, nil, profile.Limit{Current: 20_000, Phases: 3, Power: 13_800}},
		{"1.6 3.13.1 for that connector only", "1.6", []profile.Profile{simple(1, def, 1, amperes(0, 20)), simple(2, def, 0, amperes(0, 10))}, second, profile.Limit{Current: 10_000, Phases: 3, Power: 6_900}},
		{"K01.FR.14 2.x a default for all", "2.0.1", []profile.Profile{simple(1, def, 0, amperes(0, 10))}, second, profile.Limit{Current: 10_000, Phases: 3, Power: 6_900}},
		{"K01.FR.15 2.x a default for one", "2.0.1", []profile.Profile{simple(1, def, 1, amperes(0, 10))}, second, profile.Limit{Current: 32_000, Phases: 3, Power: 22_080}},
		{"1.6 3.13.1 a transaction's overrules the default", "1.6", []profile.Profile{with(simple(1, def, 0, amperes(0, 10)), stack(5)), simple(2, tx, 1, amperes(0, 20))}, nil, profile.Limit{Current: 20_000, Phases: 3, Power: 13_800}},
		{"K02.FR.04 2.x a transaction's overrules the default", "2.0.1", []profile.Profile{with(simple(1, def, 0, amperes(0, 10)), stack(5)), simple(2, tx, 1, amperes(0, 20))}, nil, profile.Limit{Current: 20_000, Phases: 3, Power: 13_800}},
		{"K02.FR.08 2.x until it ends", "2.0.1", []profile.Profile{simple(1, def, 0, amperes(0, 10)), with(simple(2, tx, 1, amperes(0, 20)), lasting(0))}, nil, profile.Limit{Current: 10_000, Phases: 3, Power: 6_900}},
		{"another transaction's does not count", "2.0.1", []profile.Profile{simple(2, tx, 1, amperes(0, 20))}, func(in *profile.Situation) { in.Tx = "next" }, profile.Limit{Current: 32_000, Phases: 3, Power: 22_080}},
		{"1.6 3.13.3 the lowest of the purposes", "1.6", []profile.Profile{simple(1, most, 0, amperes(0, 12)), simple(2, tx, 1, amperes(0, 20))}, nil, profile.Limit{Current: 12_000, Phases: 3, Power: 8_280}},
		{"K08.FR.04 2.x the lowest of the purposes", "2.0.1", []profile.Profile{simple(1, most, 0, amperes(0, 12)), simple(2, tx, 1, amperes(0, 20)), simple(3, profile.External, 0, amperes(0, 9))}, nil, profile.Limit{Current: 9_000, Phases: 3, Power: 6_210}},
		{"K11.FR.01 2.x a limit of others for one EVSE", "2.0.1", []profile.Profile{simple(3, profile.External, 1, amperes(0, 9))}, nil, profile.Limit{Current: 9_000, Phases: 3, Power: 6_210}},
		{"K11.FR.01 2.x not for another", "2.0.1", []profile.Profile{simple(3, profile.External, 1, amperes(0, 9))}, second, profile.Limit{Current: 32_000, Phases: 3, Power: 22_080}},
		{"1.6 3.13.3 the station's is shared", "1.6", []profile.Profile{simple(1, most, 0, amperes(0, 25))}, func(in *profile.Situation) { in.Sharing = 2 }, profile.Limit{Current: 12_500, Phases: 3, Power: 8_625}},
		{"K12.FR.01 2.x so is what others let it have", "2.0.1", []profile.Profile{simple(1, profile.External, 0, amperes(0, 25))}, func(in *profile.Situation) { in.Sharing = 2 }, profile.Limit{Current: 12_500, Phases: 3, Power: 8_625}},
		{"K08.FR.03 2.x the station as a whole", "2.0.1", []profile.Profile{simple(1, most, 0, amperes(0, 25)), simple(2, def, 0, amperes(0, 6))}, whole, profile.Limit{Current: 25_000, Phases: 3, Power: 17_250}},
		{"before a transaction the default counts", "2.0.1", []profile.Profile{simple(2, def, 0, amperes(0, 6))}, idle, profile.Limit{Current: 6_000, Phases: 3, Power: 4_140}},
		{"K01.FR.51 2.x amperes are of each phase", "2.0.1", []profile.Profile{simple(1, def, 0, onPhases(3, 0))}, nil, profile.Limit{Current: 16_000, Phases: 3, Power: 11_040}},
		{"K01.FR.50 2.x watts are of all phases", "2.0.1", []profile.Profile{with(simple(1, def, 0, watts(6000, 3)), inWatts)}, nil, profile.Limit{Current: 8_695, Phases: 3, Power: 6_000}},
		{"K01.FR.50 2.x watts of one phase", "2.0.1", []profile.Profile{with(simple(1, def, 0, watts(2300, 1)), inWatts)}, nil, profile.Limit{Current: 10_000, Phases: 1, Power: 2_300}},
		{"K01.FR.49 2.x no number is three phases", "2.0.1", []profile.Profile{with(simple(1, def, 0, watts(6000, 0)), inWatts)}, nil, profile.Limit{Current: 8_695, Phases: 3, Power: 6_000}},
		{"K01.FR.45 2.x more phases than there are", "2.0.1", []profile.Profile{with(simple(1, def, 0, watts(6000, 3)), inWatts)}, func(in *profile.Situation) { in.Local = profile.Limit{Current: 16_000, Phases: 1} }, profile.Limit{Current: 8_695, Phases: 1, Power: 2_000}},
		{"1.6 errata 3.34 more phases than there are", "1.6", []profile.Profile{simple(1, def, 0, onPhases(3, 0))}, func(in *profile.Situation) { in.Local = profile.Limit{Current: 32_000, Phases: 1} }, profile.Limit{Current: 16_000, Phases: 1, Power: 3_680}},
		{"the lowest number of phases", "2.0.1", []profile.Profile{simple(1, most, 0, onPhases(2, 0)), simple(2, tx, 1, onPhases(1, 2))}, nil, profile.Limit{Current: 16_000, Phases: 1, Phase: 2, Power: 3_680}},
		{"watts on DC", "2.0.1", []profile.Profile{with(simple(1, def, 0, watts(50_000, 0)), inWatts)}, dc, profile.Limit{Power: 50_000}},
		{"amperes on DC are the grid's", "2.0.1", []profile.Profile{simple(1, def, 0, amperes(0, 100))}, dc, profile.Limit{Power: 69_000}},
		{"K21.FR.04 2.1 priority charging", "2.1", []profile.Profile{simple(1, tx, 1, amperes(0, 6)), simple(2, profile.Priority, 0, amperes(0, 25))}, priority, profile.Limit{Current: 25_000, Phases: 3, Power: 17_250}},
		{"K21.FR.04 2.1 within what the station may", "2.1", []profile.Profile{simple(3, most, 0, amperes(0, 20)), simple(1, tx, 1, amperes(0, 6)), simple(2, profile.Priority, 0, amperes(0, 25))}, priority, profile.Limit{Current: 20_000, Phases: 3, Power: 13_800}},
		{"K21.FR.07 2.1 no priority charging", "2.1", []profile.Profile{simple(1, tx, 1, amperes(0, 6)), simple(2, profile.Priority, 0, amperes(0, 25))}, nil, profile.Limit{Current: 6_000, Phases: 3, Power: 4_140}},
		{"2.1 K08.FR.04 local generation comes on top", "2.1", []profile.Profile{simple(1, most, 0, amperes(0, 10)), generation(6)}, nil, profile.Limit{Current: 16_000, Phases: 3, Power: 11_040}},
		{"2.1 K08.FR.04 as far as the hardware can", "2.1", []profile.Profile{simple(1, most, 0, amperes(0, 30)), generation(6)}, nil, profile.Limit{Current: 32_000, Phases: 3, Power: 22_080}},
		{"2.1 K01.FR.100 a charge that is reached", "2.1", []profile.Profile{with(simple(1, def, 0, amperes(0, 20)), func(p *profile.Profile) {
			p.Schedules[0].AtCharge = &profile.AtCharge{Charge: 800, Limit: 7_000}
		})}, func(in *profile.Situation) { in.Charge, in.ChargeKnown = 800, true }, profile.Limit{Current: 7_000, Phases: 3, Power: 4_830}},
		{"2.1 K01.FR.100 a charge that is not reached", "2.1", []profile.Profile{with(simple(1, def, 0, amperes(0, 20)), func(p *profile.Profile) {
			p.Schedules[0].AtCharge = &profile.AtCharge{Charge: 800, Limit: 7_000}
		})}, func(in *profile.Situation) { in.Charge, in.ChargeKnown = 799, true }, profile.Limit{Current: 20_000, Phases: 3, Power: 13_800}},
		{"2.1 K01.FR.100 a charge that is not known", "2.1", []profile.Profile{with(simple(1, def, 0, amperes(0, 20)), func(p *profile.Profile) {
			p.Schedules[0].AtCharge = &profile.AtCharge{Charge: 0, Limit: 7_000}
		})}, nil, profile.Limit{Current: 20_000, Phases: 3, Power: 13_800}},
		{"2.1 a setpoint to charge with", "2.1", []profile.Profile{simple(1, profile.External, 0, profile.Period{Setpoint: new(profile.Rate(9_000)), Mode: profile.ExternalSetpoint})}, nil, profile.Limit{Current: 9_000, Phases: 3, Power: 6_210}},
		{"2.1 watts of each phase", "2.1", []profile.Profile{with(simple(1, def, 0, profile.Period{Limit: new(profile.Rate(2_300_000)), LimitL2: new(profile.Rate(1_380_000)), LimitL3: new(profile.Rate(2_300_000))}), inWatts)}, nil, profile.Limit{Current: 6_000, Phases: 3, Power: 4_140}},
		{"a limit beyond all measure", "1.6", []profile.Profile{with(simple(1, def, 0, profile.Period{Limit: new(profile.Rate(1<<63 - 1))}), inWatts)}, nil, profile.Limit{Current: 32_000, Phases: 3, Power: 22_080}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := charging()
			if c.situation != nil {
				c.situation(&in)
			}
			if got, _ := set(t, c.edition, c.profiles...).Limit(noon(), in); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// The delay of a period is drawn for each transaction and stays as it is.
func TestRandomDelay(t *testing.T) {
	const delay, transactions = 10 * time.Minute, 50
	s := set(t, "2.1", with(simple(1, profile.TxDefault, 0, amperes(0, 10), amperes(3600, 8)), lasting(2*3600), func(p *profile.Profile) {
		p.Schedules[0].RandomDelay = delay
	}))
	of := func(transaction int) profile.Situation {
		in := charging()
		in.Tx = string(rune('A' + transaction))
		return in
	}
	second := map[int]time.Time{} // when the second period begins
	t.Run("2.1 K01.FR.92 periods but the first are late", func(t *testing.T) {
		starts := map[time.Time]bool{}
		for i := range transactions {
			limit, until := s.Limit(noon(), of(i))
			if limit.Current != 10_000 || until.Before(noon().Add(hour)) || until.After(noon().Add(hour+delay)) {
				t.Errorf("got %d mA until %s", limit.Current, until)
			}
			second[i], starts[until] = until, true
		}
		if len(starts) < transactions/2 {
			t.Errorf("%d transactions begin at %d moments", transactions, len(starts))
		}
	})
	t.Run("2.1 K01.FR.93 for as long as the transaction runs", func(t *testing.T) {
		for i := range transactions {
			if _, again := s.Limit(second[i].Add(-time.Second), of(i)); !again.Equal(second[i]) {
				t.Errorf("got %s, before it was %s", again, second[i])
			}
		}
	})
	t.Run("2.1 K01.FR.94 the end of the schedule is not", func(t *testing.T) {
		for i := range transactions {
			if _, end := s.Limit(second[i], of(i)); !end.Equal(noon().Add(2 * hour)) {
				t.Errorf("got %s, want two hours after noon", end)
			}
		}
	})
	t.Run("2.1 K08.FR.06 nor what could be without a transaction", func(t *testing.T) {
		in := charging()
		in.Tx = ""
		if _, until := s.Limit(noon(), in); !until.Equal(noon().Add(hour)) {
			t.Errorf("got %s, want an hour after noon", until)
		}
	})
}

func TestReconnected(t *testing.T) {
	perishable := func(p *profile.Profile) { p.OfflineMax, p.InvalidAfterOffline = new(time.Minute), true }
	s := set(t, "2.1", with(simple(1, profile.TxDefault, 0, amperes(0, 10)), perishable))
	for _, c := range []struct {
		name    string
		offline time.Duration
		want    int
	}{
		{"2.1 K01.FR.102 offline for as long as it may be", time.Minute, 1},
		{"2.1 K01.FR.102 offline for longer", time.Minute + time.Second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.Reconnected(noon(), noon().Add(c.offline))
			if got := s.Len(); got != c.want {
				t.Errorf("got %d profiles, want %d", got, c.want)
			}
		})
	}
}
