package profile_test

import (
	"slices"
	"testing"
	"time"

	"pylon/internal/sim/profile"
)

// noon is when the tests begin, on a Wednesday.
func noon() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }

// rules are those of a station of three phases that supports all of its edition.
func rules(edition string) profile.Rules {
	r := profile.Rules{
		OCPP16: edition == "1.6", EVSEs: 2, Phases: 3, Units: []profile.Unit{profile.Amperes, profile.Watts},
		MaxStack: 9, MaxPeriods: 24, MaxProfiles: 20, SwitchesPhases: true,
	}
	if edition == "2.1" {
		r.Purposes = []profile.Purpose{profile.Priority, profile.LocalGeneration}
		r.Dynamic, r.RandomDelay, r.AtCharge = true, true, true
	}
	return r
}

// amperes is a period that begins at a second.
func amperes(start int, limit profile.Rate) profile.Period {
	return profile.Period{Start: profile.Seconds(start), Limit: new(limit * 1000)}
}

// simple is an absolute profile without an end.
func simple(id int, purpose profile.Purpose, evse int, periods ...profile.Period) profile.Profile {
	p := profile.Profile{
		ID: id, Purpose: purpose, Kind: profile.Absolute, EVSE: evse,
		Schedules: []profile.Schedule{{ID: id, Unit: profile.Amperes, Start: noon(), Periods: periods}},
	}
	if purpose == profile.Tx {
		p.Transaction = "tx"
	}
	return p
}

// with returns a profile that is changed; the given one stays as it is.
func with(p profile.Profile, changes ...func(*profile.Profile)) profile.Profile {
	p.Schedules = slices.Clone(p.Schedules)
	for _, change := range changes {
		change(&p)
	}
	return p
}

func stack(level int) func(*profile.Profile) { return func(p *profile.Profile) { p.Stack = level } }

func lasting(seconds int) func(*profile.Profile) {
	return func(p *profile.Profile) { p.Schedules[0].Duration = new(profile.Seconds(seconds)) }
}

func starting(at time.Time) func(*profile.Profile) {
	return func(p *profile.Profile) { p.Schedules[0].Start = at }
}

func kind(k profile.Kind) func(*profile.Profile) {
	return func(p *profile.Profile) {
		p.Kind = k
		if k == profile.Relative || k == profile.Dynamic {
			p.Schedules[0].Start = time.Time{}
		}
	}
}

func recurring(r profile.Recurrency) func(*profile.Profile) {
	return func(p *profile.Profile) { p.Kind, p.Recurrency = profile.Recurring, r }
}

func inWatts(p *profile.Profile) { p.Schedules[0].Unit = profile.Watts }

// running is a transaction on the first EVSE.
func running() profile.Running { return profile.Running{1: "tx"} }

// charging is the situation of the first EVSE, whose transaction began at noon.
func charging() profile.Situation {
	return profile.Situation{
		EVSE: 1, Tx: "tx", Since: noon(), Tension: 230_000,
		Local: profile.Limit{Current: 32_000, Phases: 3},
	}
}

// failer is a test, or a round of a property.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// set returns a set with profiles, all of which have to be accepted.
func set(t failer, edition string, profiles ...profile.Profile) *profile.Set {
	t.Helper()
	s := profile.New(rules(edition))
	for _, p := range profiles {
		install(t, s, p)
	}
	return s
}

func install(t failer, s *profile.Set, p profile.Profile) {
	t.Helper()
	refusal := profile.Accepted
	if p.Purpose == profile.External || p.Purpose == profile.LocalGeneration && p.Source != "" {
		refusal = s.Constrain(p, noon())
	} else {
		refusal = s.Install(p, noon(), running())
	}
	if refusal != profile.Accepted {
		t.Fatalf("profile %d: got %s, want it accepted", p.ID, refusal)
	}
}

func ids(profiles []profile.Profile) []int {
	found := []int{}
	for _, p := range profiles {
		found = append(found, p.ID)
	}
	slices.Sort(found)
	return found
}

func TestRefusals(t *testing.T) {
	day := simple(1, profile.TxDefault, 1, amperes(0, 10))
	station := simple(1, profile.StationMax, 0, amperes(0, 10))
	tx := simple(1, profile.Tx, 1, amperes(0, 10))
	period := func(change func(*profile.Period)) func(*profile.Profile) {
		return func(p *profile.Profile) {
			p.Schedules[0].Periods = slices.Clone(p.Schedules[0].Periods)
			change(&p.Schedules[0].Periods[0])
		}
	}
	dc := func(r *profile.Rules) { r.Phases = 0 }
	rigid := func(r *profile.Rules) { r.SwitchesPhases = false }
	external := func(r *profile.Rules) { r.ExternalIDMax = new(100) }
	ampereOnly := func(r *profile.Rules) { r.Units = r.Units[:1] }
	for _, c := range []struct {
		name    string
		edition string
		rules   func(*profile.Rules)
		profile profile.Profile
		want    profile.Refusal
	}{
		{"K01.FR.08 2.x a default profile", "2.0.1", nil, day, profile.Accepted},
		{"K01.FR.04 2.x a profile for a transaction that is known", "2.0.1", nil, tx, profile.Accepted},
		{"K01.FR.03 2.x a transaction has to be named", "2.0.1", nil, with(tx, func(p *profile.Profile) { p.Transaction = "" }), profile.TxNotFound},
		{"1.6 7.8 a transaction may be left out", "1.6", nil, with(tx, func(p *profile.Profile) { p.Transaction = "" }), profile.Accepted},
		{"K01.FR.33 2.x a transaction that is not known", "2.0.1", nil, with(tx, func(p *profile.Profile) { p.Transaction = "no" }), profile.TxNotFound},
		{"1.6 7.8 a transaction has to match", "1.6", nil, with(tx, func(p *profile.Profile) { p.Transaction = "no" }), profile.TxNotFound},
		{"K01.FR.09 2.x no transaction on the EVSE", "2.0.1", nil, simple(1, profile.Tx, 2, amperes(0, 10)), profile.TxNotFound},
		{"1.6 3.13.1 no transaction on the connector", "1.6", nil, simple(1, profile.Tx, 2, amperes(0, 10)), profile.TxNotFound},
		{"K01.FR.16 2.x a transaction is never on the station", "2.0.1", nil, simple(1, profile.Tx, 0, amperes(0, 10)), profile.InvalidProfile},
		{"1.6 3.13.1 a limit of the station is on connector 0", "1.6", nil, simple(1, profile.StationMax, 1, amperes(0, 10)), profile.InvalidProfile},
		{"1.6 3.13.1 a limit of the station", "1.6", nil, station, profile.Accepted},
		{"a transaction where none belongs", "2.0.1", nil, with(day, func(p *profile.Profile) { p.Transaction = "tx" }), profile.InvalidProfile},
		{"K01.FR.22 2.x limits of others", "2.0.1", nil, simple(1, profile.External, 0, amperes(0, 10)), profile.UnsupportedPurpose},
		{"K01.FR.26 2.x a unit that is not supported", "2.0.1", ampereOnly, with(day, inWatts), profile.UnsupportedRateUnit},
		{"K01.FR.28 2.x an EVSE that is not there", "2.0.1", nil, simple(1, profile.TxDefault, 3, amperes(0, 10)), profile.UnknownEVSE},
		{"K01.FR.31 2.x the first period begins late", "2.0.1", nil, simple(1, profile.TxDefault, 1, amperes(1, 10)), profile.InvalidSchedule},
		{"1.6 5.16.4 the first period begins late", "1.6", nil, simple(1, profile.TxDefault, 1, amperes(1, 10)), profile.InvalidSchedule},
		{"K01.FR.34 2.x two schedules", "2.0.1", nil, with(day, func(p *profile.Profile) { p.Schedules = append(p.Schedules[:1:1], p.Schedules[0]) }), profile.InvalidSchedule},
		{"K01.FR.35 2.x periods out of order", "2.0.1", nil, simple(1, profile.TxDefault, 1, amperes(0, 10), amperes(60, 8), amperes(30, 6)), profile.InvalidSchedule},
		{"K01.FR.38 2.x a relative limit of the station", "2.0.1", nil, with(station, kind(profile.Relative)), profile.InvalidProfile},
		{"K01.FR.40 2.x absolute, from when?", "2.0.1", nil, with(day, starting(time.Time{})), profile.InvalidSchedule},
		{"K01.FR.40 2.x recurring, from when?", "2.0.1", nil, with(day, recurring(profile.Daily), starting(time.Time{})), profile.InvalidSchedule},
		{"1.6 7.13 absolute without a start", "1.6", nil, with(day, starting(time.Time{})), profile.Accepted},
		{"K01.FR.41 2.x relative, from when?", "2.0.1", nil, with(day, func(p *profile.Profile) { p.Kind = profile.Relative }), profile.InvalidSchedule},
		{"recurring, how often?", "1.6", nil, with(day, recurring("")), profile.InvalidProfile},
		{"a kind that is not known", "1.6", nil, with(day, kind("Sometimes")), profile.UnsupportedKind},
		{"a level too high", "2.0.1", nil, with(day, stack(10)), profile.InvalidStackLevel},
		{"the highest level", "2.0.1", nil, with(day, stack(9)), profile.Accepted},
		{"no schedule", "1.6", nil, with(day, func(p *profile.Profile) { p.Schedules = nil }), profile.InvalidSchedule},
		{"no period", "1.6", nil, simple(1, profile.TxDefault, 1), profile.InvalidSchedule},
		{"a limit below zero", "1.6", nil, simple(1, profile.TxDefault, 1, amperes(0, -1)), profile.InvalidSchedule},
		{"K01.FR.43 2.x fewer phases than it can switch to", "2.0.1", rigid, with(day, period(func(p *profile.Period) { p.Phases = 1 })), profile.InvalidSchedule},
		{"K01.FR.43 2.x fewer phases, by switching", "2.0.1", nil, with(day, period(func(p *profile.Period) { p.Phases = 1 })), profile.Accepted},
		{"K01.FR.44 2.x phases on DC", "2.0.1", dc, with(day, period(func(p *profile.Period) { p.Phases = 3 })), profile.NoPhaseForDC},
		{"K01.FR.45 2.x more phases than there are", "2.0.1", func(r *profile.Rules) { r.Phases, r.SwitchesPhases = 1, false }, with(day, period(func(p *profile.Period) { p.Phases = 3 })), profile.Accepted},
		{"K01.FR.19 2.x a phase to use of three", "2.0.1", nil, with(day, period(func(p *profile.Period) { p.Phases, p.Phase = 3, 2 })), profile.InvalidSchedule},
		{"K01.FR.46 2.x a phase to use", "2.0.1", nil, with(day, period(func(p *profile.Period) { p.Phases, p.Phase = 1, 2 })), profile.Accepted},
		{"K01.FR.48 2.x a phase it cannot switch to", "2.0.1", func(r *profile.Rules) { r.Phases, r.SwitchesPhases = 1, false }, with(day, period(func(p *profile.Period) { p.Phases, p.Phase = 1, 2 })), profile.InvalidSchedule},
		{"K01.FR.48 2.x the phase it has anyway", "2.0.1", func(r *profile.Rules) { r.Phases, r.SwitchesPhases = 1, false }, with(day, period(func(p *profile.Period) { p.Phases, p.Phase = 1, 1 })), profile.Accepted},
		{"2.1 K01.FR.70 priority charging has no duration", "2.1", nil, with(simple(1, profile.Priority, 0, amperes(0, 10)), lasting(60)), profile.InvalidSchedule},
		{"2.1 K01.FR.71 priority charging only charges", "2.1", nil, with(simple(1, profile.Priority, 0, amperes(0, 10)), period(func(p *profile.Period) { p.Mode = profile.ExternalLimits })), profile.InvalidSchedule},
		{"2.1 K01.FR.81 an id of others", "2.1", external, with(simple(100, profile.TxDefault, 1, amperes(0, 10))), profile.InvalidProfileID},
		{"2.1 K01.FR.81 the first id of the CSMS", "2.1", external, with(simple(101, profile.TxDefault, 1, amperes(0, 10))), profile.Accepted},
		{"2.1 K01.FR.95 no delay for the station", "2.1", nil, with(station, func(p *profile.Profile) { p.Schedules[0].RandomDelay = time.Minute }), profile.InvalidSchedule},
		{"2.1 K01.FR.120 a purpose that is not supported", "2.0.1", nil, simple(1, profile.Priority, 0, amperes(0, 10)), profile.UnsupportedPurpose},
		{"2.1 K01.FR.121 a kind that is not supported", "2.0.1", nil, with(day, kind(profile.Dynamic)), profile.UnsupportedKind},
		{"2.1 K01.FR.122 updates of what is not dynamic", "2.1", nil, with(day, func(p *profile.Profile) { p.UpdateInterval = time.Minute }), profile.InvalidProfile},
		{"2.1 K28.FR.04 updates of what is not dynamic", "2.1", nil, with(day, func(p *profile.Profile) { p.UpdatedAt = noon() }), profile.InvalidProfile},
		{"2.1 K01.FR.123 local time", "2.1", nil, with(day, func(p *profile.Profile) { p.Schedules[0].LocalTime = true }), profile.InvalidSchedule},
		{"2.1 K01.FR.124 a delay that is not supported", "2.0.1", nil, with(day, func(p *profile.Profile) { p.Schedules[0].RandomDelay = time.Minute }), profile.InvalidSchedule},
		{"2.1 K01.FR.125 a state of charge that is not supported", "2.0.1", nil, with(day, func(p *profile.Profile) { p.Schedules[0].AtCharge = &profile.AtCharge{} }), profile.InvalidSchedule},
		{"2.1 K01.FR.126 sleep", "2.1", nil, with(day, period(func(p *profile.Period) { p.Sleep = true })), profile.InvalidSchedule},
		{"2.1 K28.FR.03 dynamic with two periods", "2.1", nil, with(simple(1, profile.TxDefault, 1, amperes(0, 10), amperes(60, 6)), kind(profile.Dynamic)), profile.InvalidSchedule},
		{"2.1 K28.FR.02 dynamic from its start", "2.1", nil, with(day, kind(profile.Dynamic)), profile.Accepted},
		{"2.1 V2X discharging", "2.1", nil, with(day, period(func(p *profile.Period) { p.DischargeLimit = new(profile.Rate(-6000)) })), profile.InvalidSchedule},
		{"2.1 V2X a central setpoint", "2.1", nil, with(day, period(func(p *profile.Period) { p.Mode = "CentralSetpoint" })), profile.InvalidSchedule},
		{"a limit is missing", "2.1", nil, with(day, period(func(p *profile.Period) { p.Limit = nil })), profile.InvalidSchedule},
		{"a limit is left to others", "2.1", nil, with(day, period(func(p *profile.Period) { p.Limit, p.Mode = nil, profile.ExternalLimits })), profile.Accepted},
		{"a setpoint above the limit", "2.1", nil, with(day, period(func(p *profile.Period) {
			p.Setpoint, p.Mode = new(profile.Rate(10_001)), profile.ExternalSetpoint
		})), profile.InvalidSchedule},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rules(c.edition)
			if c.rules != nil {
				c.rules(&r)
			}
			s := profile.New(r)
			if got := s.Install(c.profile, noon(), running()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got, want := s.Len(), 0; (got == want) != (c.want != profile.Accepted) {
				t.Errorf("got %d profiles in the set", got)
			}
		})
	}
}
