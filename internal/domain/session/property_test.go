package session

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/unit"
)

// conversation draws the reports of one whole transaction as a sound station
// sends them, in their order, and the energy that its registers say. All of it
// is received late, out of a queue.
func conversation(t *rapid.T, v station.Version) (all []Report, energy unit.MilliWattHour) {
	n := rapid.IntRange(0, 8).Draw(t, "updates")
	minute, register := 0, rapid.Int64Range(0, 1e6).Draw(t, "register")
	begin := register
	starter := rapid.SampledFrom([]string{"A", "G1", "BAD"}).Draw(t, "token")
	late := received(10_000)
	states := []ChargingState{StateUnknown, StateEVConnected, StateCharging, StateSuspendedEV, StateSuspendedEVSE, StateIdle}
	authorised := 0
	if v == station.OCPP16 {
		all = append(all, start16(1, minute, starter, register, late))
	} else {
		authorised = rapid.IntRange(0, n).Draw(t, "authorised")
		all = append(all, event2(Started, 0, minute, wh(register), offline, late))
	}
	for i := range n {
		minute += rapid.IntRange(1, 30).Draw(t, "pause")
		register += rapid.Int64Range(0, 5000).Draw(t, "more")
		if v == station.OCPP16 {
			all = append(all, values16("1", 1, minute, register, late))
			continue
		}
		r := event2(Updated, i+1, minute, offline, late, in(rapid.SampledFrom(states).Draw(t, "state")))
		if rapid.Bool().Draw(t, "metered") {
			wh(register)(&r)
		}
		all = append(all, r)
	}
	if v != station.OCPP16 {
		by(starter)(&all[authorised])
	}
	minute += rapid.IntRange(1, 30).Draw(t, "pause")
	register += rapid.Int64Range(0, 5000).Draw(t, "more")
	if v == station.OCPP16 {
		all = append(all, stop16("1", minute, register, late))
	} else {
		all = append(all, event2(Ended, n+1, minute, wh(register), offline, late))
	}
	return all, unit.MilliWattHour(register-begin) * 1000
}

// In whatever order and however often the reports of a transaction come, it is
// one session with the same energy, the same times and the same payer.
func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	for _, v := range []station.Version{station.OCPP16, station.OCPP201} {
		t.Run("OCPP "+string(v), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				all, energy := conversation(t, v)
				straight := newWorld(t)
				straight.reports(all...)
				want := straight.only()
				if want.Energy != energy {
					t.Fatalf("in order: %d mWh, the registers say %d", want.Energy, energy)
				}

				first := 0
				if v == station.OCPP16 {
					first = 1 // the others need the id that the start is answered with
				}
				mixed := slices.Concat(all[:first], rapid.Permutation(all[first:]).Draw(t, "order"))
				for range rapid.IntRange(0, 5).Draw(t, "repetitions") {
					again := rapid.SampledFrom(all).Draw(t, "again")
					again.ReceivedAt = again.ReceivedAt.Add(time.Hour)
					mixed = slices.Insert(mixed, rapid.IntRange(first, len(mixed)).Draw(t, "place"), again)
				}
				w := newWorld(t)
				w.reports(mixed...)
				got := w.only()
				if got.Energy != want.Energy || got.StartedAt != want.StartedAt || got.EndedAt != want.EndedAt ||
					got.Status != want.Status || got.Token != want.Token || got.Answer != want.Answer ||
					got.LastEventAt != want.LastEventAt || got.LastSeqNo != want.LastSeqNo || got.Begin != want.Begin || got.Last != want.Last || got.StartedAsSent != want.StartedAsSent {
					t.Fatalf("got  %+v\nwant %+v", got, want)
				}
				if len(w.frames) != len(all) {
					t.Fatalf("%d frames of %d reports", len(w.frames), len(all))
				}
			})
		})
	}
}

// Whatever shows meanwhile that a session is over, and however we close it by
// that: once its station's reports have come, in whatever order, the session is
// the same as if they had come in time.
func TestTruthWinsOverEvidence(t *testing.T) {
	for _, v := range []station.Version{station.OCPP16, station.OCPP201} {
		t.Run("OCPP "+string(v), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				all, _ := conversation(t, v)
				straight := newWorld(t)
				straight.reports(all...)
				want := straight.only()

				w := newWorld(t)
				n := rapid.IntRange(1, len(all)).Draw(t, "in time")
				for _, r := range all[:n] {
					r.ReceivedAt, r.Offline = r.OccurredAt, false
					w.report(r)
				}
				over := int(want.EndedAt.Sub(noon)/time.Minute) + 1
				now := over
				late := rapid.Permutation(all[n:]).Draw(t, "late")
				again := rapid.SliceOfN(rapid.SampledFrom(all), 0, 3).Draw(t, "again")
				for _, r := range slices.Concat(late, again) {
					for range rapid.IntRange(0, 3).Draw(t, "evidence") {
						now += rapid.IntRange(0, 60).Draw(t, "pause")
						w.evidence(v, rapid.IntRange(0, 4).Draw(t, "kind"), now)
					}
					r.ReceivedAt, r.Offline = at(max(now, over)), true
					w.report(r)
				}
				w.waits(v, now, now+days)
				got := w.only()
				if got.Energy != want.Energy || got.StartedAt != want.StartedAt || got.EndedAt != want.EndedAt || got.Status != want.Status ||
					got.Token != want.Token || got.Answer != want.Answer || got.EndedBy != ByStation || got.Evidence != "" || got.StopReason != want.StopReason ||
					got.Begin.Energy != want.Begin.Energy || got.Last.Energy != want.Last.Energy || w.story(got.ID) != straight.story(want.ID) && len(late) < 2 {
					t.Fatalf("got  %+v\nwant %+v\nstory %s\nwant  %s", got, want, w.story(got.ID), straight.story(want.ID))
				}
				for _, f := range w.findings {
					switch f.Code {
					case station.StopMissing, station.ClosedFromEvidence, station.SequenceGap, station.MeterSilent:
						if f.ResolvedAt.IsZero() {
							t.Fatalf("%s is not resolved", f.Code)
						}
					default:
					}
				}
			})
		})
	}
}

// evidence lets something happen that speaks against a session's going on.
func (w *world) evidence(v station.Version, kind, minute int) {
	w.Helper()
	switch kind {
	case 0:
		w.says(v, 1, minute, station.Available)
	case 1:
		w.boots(v, minute)
	case 2:
		w.weigh(w.scene(v, minute))
	case 3:
		c := w.scene(v, minute)
		c.Link.Online = false
		w.weigh(c)
	case 4:
		c := w.scene(v, minute)
		c.NewDevice = true
		w.weigh(c)
	}
}

// chaos draws any report, of several transactions that get into each other's
// way, sound or not.
func chaos(t *rapid.T) Report {
	minute := func(name string) int { return rapid.IntRange(-600, 600).Draw(t, name) }
	r := Report{
		Kind:          ReportKind(rapid.IntRange(0, 2).Draw(t, "kind")),
		Version:       rapid.SampledFrom([]station.Version{station.OCPP16, station.OCPP201, station.OCPP21}).Draw(t, "version"),
		TransactionID: rapid.SampledFrom([]string{"", "1", "2", "-1", "T1", "T2"}).Draw(t, "transaction"),
		EVSE:          rapid.IntRange(0, 3).Draw(t, "evse"), Connector: rapid.IntRange(0, 2).Draw(t, "connector"),
		SeqNo:      int64(rapid.IntRange(-1, 6).Draw(t, "seqNo")),
		OccurredAt: at(minute("occurred")), ReceivedAt: at(minute("received")), Offline: rapid.Bool().Draw(t, "offline"),
		AsSent:        "as sent",
		Trigger:       rapid.SampledFrom([]string{"", "StopAuthorized", "RemoteStart", "AbnormalCondition", "Authorized"}).Draw(t, "trigger"),
		State:         rapid.SampledFrom([]ChargingState{"", StateUnknown, StateIdle, StateCharging, StateSuspendedEV, StateSuspendedEVSE}).Draw(t, "state"),
		RemoteStartID: int64(rapid.IntRange(-1, 1).Draw(t, "remote")), ReservationID: -1,
	}
	if r.Version == station.OCPP16 {
		r.SeqNo, r.RemoteStartID = -1, -1
		if r.Kind == Started {
			r.TransactionID = ""
			r.StartKey = StartKey(r.EVSE, "A", r.OccurredAt, 0)
		}
	}
	if uid := rapid.SampledFrom([]string{"", "A", "B", "G1", "G2", "BAD", "?"}).Draw(t, "token"); uid != "" {
		by(uid)(&r)
	}
	for range rapid.IntRange(0, 4).Draw(t, "samples") {
		r.Samples = append(r.Samples, meter.Sample{
			At:        at(minute("sampled")),
			Measurand: rapid.SampledFrom([]string{"", meter.EnergyImportRegister, meter.PowerImport, powerExport, "SoC", "Voltage"}).Draw(t, "measurand"),
			Context:   rapid.SampledFrom([]string{"", meter.ContextBegin, meter.ContextEnd, meter.ContextPeriodic}).Draw(t, "context"),
			Phase:     rapid.SampledFrom([]string{"", "L1", "L2", "L3", "L1-N", "N"}).Draw(t, "phase"),
			Location:  rapid.SampledFrom([]string{"", "Outlet", "Inlet", "Body"}).Draw(t, "location"),
			Unit:      rapid.SampledFrom([]string{"", "Wh", "kWh", "W", "kW", "Percent", "?"}).Draw(t, "unit"),
			Value:     decimal.FromInt(rapid.Int64().Draw(t, "value"), rapid.IntRange(0, 6).Draw(t, "scale")),
		})
	}
	return r
}

// Whatever a station says: every report is answered, what must hold holds (see
// world.check), no frame is lost, and the decision is a function of its input
// that leaves it as it was.
func TestNothingBreaksIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 25).Draw(t, "reports") {
			r := chaos(t).Seal()
			frames := len(w.frames)
			known, same := w.know(&r), w.know(&r)
			report := r
			report.Samples = slices.Clone(r.Samples)
			first, second := Decide(known, r), Decide(same, report)
			if !reflect.DeepEqual(first, second) {
				t.Fatalf("two decisions about one report:\n%+v\n%+v", first, second)
			}
			if !reflect.DeepEqual(known, same) || !reflect.DeepEqual(r, report) {
				t.Fatalf("the decision changed what it was given")
			}
			w.keep(first)
			w.check()
			if first.Answer.Repeat == (len(w.frames) > frames) {
				t.Fatalf("repeat %v, %d frames more", first.Answer.Repeat, len(w.frames)-frames)
			}
			if rapid.Bool().Draw(t, "weighed") {
				v := rapid.SampledFrom([]station.Version{station.OCPP16, station.OCPP201}).Draw(t, "by")
				w.evidence(v, rapid.IntRange(0, 4).Draw(t, "evidence"), rapid.IntRange(-600, 90_000).Draw(t, "now"))
			}
			if (r.Token != nil) != (first.Answer.Token != nil) && first.Answer.Session != "" {
				t.Fatalf("token %+v, answer %+v", r.Token, first.Answer)
			}
		}
	})
}

// The energy of a session never falls while one register is read in order,
// whatever it says.
func TestEnergyNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.report(event2(Started, 0, 0, by("A"), wh(rapid.Int64Range(0, 1e9).Draw(t, "begin"))))
		energy := unit.MilliWattHour(0)
		for i := range rapid.IntRange(1, 20).Draw(t, "readings") {
			w.report(event2(Updated, i+1, i+1, wh(rapid.Int64Range(0, 1e9).Draw(t, "register"))))
			s := w.only()
			if s.Energy < energy {
				t.Fatalf("%d after %d", s.Energy, energy)
			}
			energy = s.Energy
		}
	})
}

func TestIdentity(t *testing.T) {
	keys := map[string]string{
		"this":            StartKey(1, "A", at(0), 100),
		"connector":       StartKey(2, "A", at(0), 100),
		"token":           StartKey(1, "B", at(0), 100),
		"time":            StartKey(1, "A", at(1), 100),
		"register":        StartKey(1, "A", at(0), 101),
		"run into others": StartKey(1, "A\x00", at(0), 100),
	}
	seen := map[string]string{}
	for name, key := range keys {
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[key] = name
	}
	if got, want := StartKey(1, "a", at(0), 100), keys["this"]; got != want {
		t.Errorf("an idTag has no case: got %s, want %s", got, want)
	}
}

func TestSealTellsContentApart(t *testing.T) {
	base := event2(Updated, 3, 10, by("A"), wh(100), in(StateCharging), trigger("MeterValuePeriodic"))
	tests := []struct {
		name   string
		change with
		same   bool
	}{
		{"received later", received(99), true},
		{"marked offline", offline, true},
		{"a number more", func(r *Report) { r.SeqNo++ }, false},
		{"another time", func(r *Report) { r.OccurredAt = r.OccurredAt.Add(time.Millisecond) }, false},
		{"another state", in(StateIdle), false},
		{"another trigger", trigger("Trigger"), false},
		{"another token", by("B"), false},
		{"no token", func(r *Report) { r.Token = nil }, false},
		{"a sample more", wh(100), false},
		{"another value", func(r *Report) { r.Samples = slices.Clone(r.Samples); r.Samples[0].Value = dec("101") }, false},
		{"another digit", func(r *Report) { r.Samples = slices.Clone(r.Samples); r.Samples[0].Value = dec("100.0") }, false},
		{"another signature", func(r *Report) {
			r.Samples = slices.Clone(r.Samples)
			r.Samples[0].Signed = &meter.SignedValue{Data: "x"}
		}, false},
		{"another reason", because("Remote"), false},
		{"another EVSE", evse(2), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := base
			tt.change(&r)
			if got := string(r.Seal().Digest) == string(base.Seal().Digest); got != tt.same {
				t.Errorf("same: got %v, want %v", got, tt.same)
			}
		})
	}
}
