package session

import (
	"testing"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/decimal"
)

// What stations really do: nothing is refused, and the energy is kept.
func TestConversations(t *testing.T) {
	tests := []struct {
		name     string
		tell     []Report
		status   Status
		began    int
		ended    int // -1: runs
		energy   int64
		reason   string
		findings string
	}{
		{
			"E02 cable first",
			[]Report{event2(Started, 0, 0, wh(1000)), event2(Updated, 1, 1, by("A")), event2(Updated, 2, 5, wh(1500)), event2(Ended, 3, 9, wh(1900), because("EVDisconnected"))},
			Completed, 0, 9, 900, "EVDisconnected", "",
		},
		{
			"E03 token first",
			[]Report{event2(Started, 0, 0, evse(0), by("A")), event2(Updated, 1, 2, evse(1), wh(1000), trigger("CablePluggedIn")), event2(Ended, 2, 9, wh(1900))},
			Completed, 0, 9, 900, "Local", "",
		},
		{
			"E03.FR.05 nobody plugs in",
			[]Report{event2(Started, 0, 0, evse(1), by("A")), event2(Ended, 1, 3, because("Timeout"), trigger("EVConnectTimeout"))},
			Completed, 0, 3, 0, "Timeout", "",
		},
		{"E04.FR.03 E12 all of it while offline", []Report{
			event2(Started, 0, 0, by("A"), wh(100), offline, received(600)), event2(Updated, 1, 30, wh(600), offline, received(600)), event2(Ended, 2, 60, wh(1100), offline, received(600)),
		}, Completed, 0, 60, 1000, "Local", ""},
		{"E06.FR.09 no reason means local", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1)}, Completed, 0, 1, 0, "Local", ""},
		{"E06.FR.16 a fault", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1, because("GroundFault"), trigger("AbnormalCondition"))}, Completed, 0, 1, 0, "GroundFault", ""},
		{
			"E11 the middle while offline",
			[]Report{event2(Started, 0, 0, by("A"), wh(100)), event2(Updated, 1, 30, wh(600), offline, received(50)), event2(Ended, 2, 60, wh(1100))},
			Completed, 0, 60, 1000, "Local", "",
		},
		{
			"E04.FR.08 dropped intermediate events",
			[]Report{event2(Started, 0, 0, by("A"), wh(100)), event2(Updated, 3, 30, wh(600)), event2(Ended, 4, 60, wh(1100))},
			Completed, 0, 60, 1000, "Local", "sequence_gap",
		},
		{
			"E12.FR.06 split events of one moment",
			[]Report{event2(Started, 0, 0, by("A"), wh(100)), event2(Updated, 1, 30, watts(7)), event2(Updated, 2, 30, wh(600)), event2(Ended, 3, 60)},
			Completed, 0, 60, 500, "Local", "",
		},
		{"TC_E_31_CSMS late events fill the gap before the end", []Report{
			event2(Started, 0, 0, by("A"), wh(100)), event2(Ended, 3, 60, wh(1100), offline), event2(Updated, 1, 20, wh(300), offline, received(61)), event2(Updated, 2, 40, wh(700), offline, received(61)),
		}, Completed, 0, 60, 1000, "Local", "sequence_gap"},
		{"TC_E_53_CSMS each transaction may begin with 0", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1)}, Completed, 0, 1, 0, "Local", ""},
		{"1.3.2.1 numbers may go on from transaction to transaction", []Report{event2(Started, 77, 0, by("A")), event2(Ended, 78, 1)}, Completed, 0, 1, 0, "Local", ""},
		{"a first event Updated", []Report{event2(Updated, 5, 10, by("A"), wh(500)), event2(Updated, 6, 20, wh(900))}, Active, 10, -1, 400, "", "transaction_unknown"},
		{"a first event Updated, then the start", []Report{event2(Updated, 1, 10, wh(500)), event2(Started, 0, 0, by("A"), wh(100))}, Active, 0, -1, 400, "", "transaction_unknown"},
		{"Ended first", []Report{event2(Ended, 2, 60, by("A"), wh(1100))}, Completed, 60, 60, 0, "Local", "transaction_unknown evse_unreported"},
		{
			"Ended first, with all its samples",
			[]Report{event2(Ended, 2, 60, by("A"), evse(1), reading(10, 100, meter.ContextBegin), reading(30, 700, ""), wh(1100))},
			Completed, 10, 60, 1000, "Local", "transaction_unknown",
		},
		{
			"Ended first, with a sample of another age",
			[]Report{event2(Ended, 2, 60, by("A"), evse(1), reading(-366*24*60, 100, ""), wh(1100))},
			Completed, 60, 60, 1000, "Local", "transaction_unknown",
		},
		{
			"Ended first, then the rest",
			[]Report{event2(Ended, 2, 60, evse(1), wh(1100)), event2(Updated, 1, 30, wh(600)), event2(Started, 0, 0, by("A"), wh(100))},
			Completed, 0, 60, 1000, "Local", "transaction_unknown token_not_accepted",
		},
		{
			"an event after the end",
			[]Report{event2(Started, 0, 0, by("A"), wh(100)), event2(Ended, 1, 60, wh(1100)), event2(Updated, 2, 70, wh(1300))},
			Completed, 0, 60, 1000, "Local", "event_after_end",
		},
		{
			"an event after the end with the end's number",
			[]Report{event2(Started, 0, 0, by("A"), wh(100)), event2(Ended, 1, 60, wh(1100)), event2(Updated, 1, 70, wh(1300))},
			Completed, 0, 60, 1000, "Local", "event_after_end sequence_restarted",
		},
		{
			"a second end",
			[]Report{event2(Started, 0, 0, by("A"), wh(100)), event2(Ended, 1, 60, wh(1100)), event2(Ended, 2, 70, wh(1300), because("PowerLoss"))},
			Completed, 0, 60, 1000, "Local", "event_after_end",
		},
		{"an end that says to be before the start", []Report{event2(Started, 0, 10, by("A"), wh(100)), event2(Ended, 1, 9, wh(100))}, Completed, 10, 10, 0, "Local", ""},
		{"an end before what was heard last", []Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 20, in(StateCharging)), event2(Ended, 2, 10)}, Completed, 0, 20, 0, "Local", ""},
		{
			"seqNo that begins anew",
			[]Report{event2(Started, 0, 0, by("A"), wh(100)), event2(Updated, 1, 10, wh(200)), event2(Updated, 0, 20, wh(300)), event2(Updated, 1, 30, wh(400)), event2(Ended, 2, 40, wh(500))},
			Completed, 0, 40, 400, "Local", "sequence_restarted",
		},
		{
			"a second start of the same transaction",
			[]Report{event2(Started, 0, 0, by("A"), wh(100)), event2(Started, 1, 10, wh(200)), event2(Ended, 2, 20, wh(300))},
			Completed, 0, 20, 200, "Local", "sequence_restarted",
		},
		{
			"an empty transaction id",
			[]Report{event2(Started, 0, 0, transaction(""), by("A"), wh(100)), event2(Updated, 1, 5, transaction(""), wh(200)), event2(Ended, 2, 9, transaction(""), wh(300))},
			Completed, 0, 9, 200, "Local", "",
		},
		{"no numbers at all", []Report{event2(Started, -1, 0, by("A"), wh(100)), event2(Updated, -1, 5, wh(200)), event2(Ended, -1, 9, wh(300))}, Completed, 0, 9, 200, "Local", ""},
		{"E05 energy though we refused", []Report{event2(Started, 0, 0, by("BAD"), wh(100)), event2(Updated, 1, 5, wh(200))}, Pending, 0, -1, 100, "", "token_not_accepted"},
		{"energy without anybody", []Report{event2(Started, 0, 0, wh(100)), event2(Updated, 1, 5, wh(200)), event2(Ended, 2, 6, wh(200))}, Failed, 0, 6, 100, "Local", "token_not_accepted"},
		{"E05.FR.02 refused, and nothing flows", []Report{event2(Started, 0, 0, by("BAD"), wh(100)), event2(Ended, 1, 5, wh(100), because("DeAuthorized"))}, Failed, 0, 5, 0, "DeAuthorized", ""},

		{"1.6 4.8 4.10 start and stop", []Report{start16(1, 0, "A", 100), stop16("1", 60, 1100, by("A"))}, Completed, 0, 60, 1000, "Local", ""},
		{"1.6 4.7 with values between", []Report{start16(1, 0, "A", 100), values16("1", 1, 30, 600), stop16("1", 60, 1100, because("EVDisconnected"))}, Completed, 0, 60, 1000, "EVDisconnected", ""},
		{
			"1.6 4.10 offline for a day, marked by nothing",
			[]Report{start16(1, 0, "A", 100, received(1440)), values16("1", 1, 30, 600, received(1440)), stop16("1", 60, 1100, received(1440))},
			Completed, 0, 60, 1000, "Local", "",
		},
		{"1.6 3.7 values after the stop", []Report{start16(1, 0, "A", 100), stop16("1", 60, 1100), values16("1", 1, 61, 1100)}, Completed, 0, 60, 1000, "Local", "event_after_end"},
		{"1.6 3.7 late values from before the stop", []Report{start16(1, 0, "A", 100), stop16("1", 60, 1100), values16("1", 1, 30, 600, received(62))}, Completed, 0, 60, 1000, "Local", ""},
		{
			"1.6 values of a transaction from before it came to us",
			[]Report{values16("77", 1, 10, 5000), values16("77", 1, 20, 5500), stop16("77", 30, 6000, by("A"))},
			Completed, 10, 30, 1000, "Local", "transaction_unknown",
		},
		{"1.6 a stop of a transaction from before it came to us", []Report{stop16("77", 30, 6000, by("A"))}, Completed, 30, 30, 0, "Local", "transaction_unknown evse_unreported"},
		{"1.6 the same with its data", []Report{stop16("77", 30, 6000, by("A"), reading(5, 4000, meter.ContextBegin))}, Completed, 5, 30, 2000, "Local", "transaction_unknown evse_unreported"},
		{
			"1.6 errata 3.18 the answer to the start never arrived",
			[]Report{start16(1, 0, "A", 100), values16("-1", 1, 30, 600), stop16("-1", 60, 1100, by("A"))},
			Completed, 0, 60, 1000, "Local", "transaction_unknown",
		},
		{"1.6 errata 3.18 … and no token with the stop", []Report{start16(1, 0, "A", 100), stop16("-1", 60, 1100)}, Completed, 0, 60, 1000, "Local", "transaction_unknown"},
		{
			"1.6 errata 3.18 … in whole Wh after readings with digits",
			[]Report{start16(1, 0, "A", 100), values16("-1", 1, 30, 0, func(r *Report) { r.Samples = nil }, reg(30, "1.1006", "kWh")), stop16("-1", 60, 1100)},
			Completed, 0, 60, 1000, "Local", "transaction_unknown",
		},
		{"1.6 values that name no transaction", []Report{start16(1, 0, "A", 100), values16("", 1, 30, 600)}, Active, 0, -1, 500, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reports(tt.tell...)
			s := w.only()
			ended := time.Time{}
			if tt.ended >= 0 {
				ended = at(tt.ended)
			}
			if s.Status != tt.status || s.StartedAt != at(tt.began) || s.EndedAt != ended || int64(s.Energy.WattHours()) != tt.energy || s.StopReason != tt.reason {
				t.Errorf("got %s %s-%s %d Wh %q\nwant %s %s-%s %d Wh %q", s.Status, s.StartedAt, s.EndedAt, s.Energy.WattHours(), s.StopReason,
					tt.status, at(tt.began), ended, tt.energy, tt.reason)
			}
			if got := w.codes(); got != tt.findings {
				t.Errorf("findings: got %q, want %q", got, tt.findings)
			}
			if got := int64(len(w.frames)); got != s.Frames || got != int64(len(tt.tell)) {
				t.Errorf("frames: got %d, counted %d, told %d", got, s.Frames, len(tt.tell))
			}
		})
	}
}

// reading adds a reading of the register in Wh at a minute of its own.
func reading(minute int, n int64, context string) with {
	return sample(meter.Sample{At: at(minute), Context: context, Value: decimal.FromInt(n, 0), Unit: "Wh"})
}

func TestStopWithoutTransactionFitsNobody(t *testing.T) {
	tests := []struct {
		name string
		tell []Report
	}{
		{"two run that it fits", []Report{start16(1, 0, "A", 100), start16(2, 0, "A", 100), stop16("-1", 60, 1100, by("A"))}},
		{"of another token", []Report{start16(1, 0, "B", 100), stop16("-1", 60, 1100, by("A"))}},
		{"below the register", []Report{start16(1, 0, "A", 2000), stop16("-1", 60, 1100, by("A"))}},
		{"before the start", []Report{start16(1, 90, "A", 100), stop16("-1", 60, 1100, by("A"), received(91))}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reports(tt.tell...)
			if got, want := len(w.sessions), len(tt.tell); got != want {
				t.Errorf("got %d sessions, want %d", got, want)
			}
			if s := w.sessions[0]; !s.Status.Open() {
				t.Errorf("it ended what it does not fit: %+v", s)
			}
			a := w.report(tt.tell[len(tt.tell)-1])
			if !a.Repeat || len(w.sessions) != len(tt.tell) {
				t.Errorf("the same stop again: got %+v, %d sessions", a, len(w.sessions))
			}
		})
	}
}

func TestStrayValuesBelongToNoSession(t *testing.T) {
	w := newWorld(t)
	w.report(values16("0", 1, 10, 5000))
	if len(w.sessions) != 0 || len(w.frames) != 1 || w.frames[0].Session != "" || w.frames[0].EVSE != 1 || len(w.frames[0].Samples) != 1 {
		t.Errorf("got %d sessions, frames %+v", len(w.sessions), w.frames)
	}
	if len(w.events)+len(w.findings) != 0 {
		t.Errorf("got events %v, findings %v", w.events, w.findings)
	}
}

func TestRepeats(t *testing.T) {
	other := func(r *Report) { r.AsSent += " " } // its text, not its content
	tests := []struct {
		name  string
		tell  []Report
		again Report
		want  bool
	}{
		{"1.6 a start", []Report{start16(1, 0, "A", 100)}, start16(1, 0, "a", 100, received(5)), true},
		{"1.6 a start after its stop", []Report{start16(1, 0, "A", 100), stop16("1", 9, 200)}, start16(1, 0, "A", 100, received(10)), true},
		{"1.6 a start at another connector", []Report{start16(1, 0, "A", 100)}, start16(2, 0, "A", 100), false},
		{"1.6 a start at another time", []Report{start16(1, 0, "A", 100)}, start16(1, 1, "A", 100), false},
		{"1.6 a start with another register", []Report{start16(1, 0, "A", 100)}, start16(1, 0, "A", 101), false},
		{"1.6 a start of another token", []Report{start16(1, 0, "A", 100)}, start16(1, 0, "B", 100), false},
		{"1.6 a stop", []Report{start16(1, 0, "A", 100), stop16("1", 9, 200)}, stop16("1", 9, 200, received(12)), true},
		{"1.6 a stop is known by its transaction alone", []Report{start16(1, 0, "A", 100), stop16("1", 9, 200)}, stop16("1", 10, 201), true},
		{"1.6 a stop without transaction", []Report{start16(1, 0, "A", 100), stop16("-1", 9, 200)}, stop16("-1", 9, 200, received(12)), true},
		{"1.6 values", []Report{start16(1, 0, "A", 100), values16("1", 1, 5, 150)}, values16("1", 1, 5, 150, received(6)), true},
		{"1.6 other values of the same moment", []Report{start16(1, 0, "A", 100), values16("1", 1, 5, 150)}, values16("1", 1, 5, 151), false},
		{"E13.FR.02 a start", []Report{event2(Started, 0, 0, by("A"))}, event2(Started, 0, 0, by("A"), received(1), other), true},
		{"E11.FR.07 marked offline the second time", []Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 1)}, event2(Updated, 1, 1, offline, received(9)), true},
		{"E13.FR.02 an end", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1, wh(5))}, event2(Ended, 1, 1, wh(5), received(2)), true},
		{"the same number, other content", []Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 1)}, event2(Updated, 1, 2), false},
		{"the same content, another number", []Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 1)}, event2(Updated, 2, 1), false},
		{"the same of another transaction", []Report{event2(Started, 0, 0, by("A"))}, event2(Started, 0, 0, by("A"), transaction("T2"), evse(2)), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			var first Answer
			for _, r := range tt.tell {
				first = w.report(r)
			}
			frames, events := len(w.frames), len(w.events)
			got := w.report(tt.again)
			if got.Repeat != tt.want {
				t.Fatalf("got %+v, want repeat %v", got, tt.want)
			}
			if !tt.want {
				if len(w.frames) == frames {
					t.Error("what is new was not kept")
				}
				return
			}
			if len(w.frames) != frames || len(w.events) != events || len(w.last.Changed)+len(w.last.Segments)+len(w.last.Tokens)+len(w.last.Findings) != 0 {
				t.Errorf("a repeat changed something: %+v", w.last)
			}
			if got.TransactionID != first.TransactionID || got.Session != first.Session {
				t.Errorf("got %+v, want the first answer %+v", got, first)
			}
		})
	}
}

func TestRepeatGetsTheFirstAnswer(t *testing.T) {
	inUse := token.Decision{Verdict: token.VerdictConcurrentTx, Reason: token.ReasonConcurrent, Token: "tok_A"}
	tests := []struct {
		name  string
		tell  []Report
		again Report
	}{
		{"1.6 a start, though its token is in use by now", nil, start16(1, 0, "A", 100)},
		{"1.6 a stop", []Report{start16(1, 0, "A", 100)}, stop16("1", 5, 200, by("A"))},
		{"E13 an event", nil, event2(Started, 0, 0, by("A"))},
		{"E13 a later event", []Report{event2(Started, 0, 0)}, event2(Updated, 1, 1, by("A"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reports(tt.tell...)
			w.report(tt.again)
			w.verdicts["A"] = inUse
			got := w.report(tt.again)
			if !got.Repeat || got.Token == nil || !got.Token.OK() || got.Token.Reason != "" {
				t.Errorf("got %+v %+v, want accepted as the first time", got, got.Token)
			}
		})
	}
	t.Run("1.6 a stop with other content is answered for its own token", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "BAD", 100), stop16("1", 5, 200, by("A")))
		if got := w.report(stop16("1", 6, 201, by("A"))); !got.Repeat || !got.Token.OK() {
			t.Errorf("got %+v %+v", got, got.Token)
		}
	})
	t.Run("refused stays refused", func(t *testing.T) {
		w := newWorld(t)
		w.report(start16(1, 0, "BAD", 100))
		w.verdicts["BAD"] = w.verdicts["A"]
		if got := w.report(start16(1, 0, "BAD", 100)); got.Token.Verdict != token.VerdictBlocked {
			t.Errorf("got %+v", got.Token)
		}
	})
}

// A report that nobody has sealed is applied all the same, and known again by
// its number and time.
func TestReportWithoutDigest(t *testing.T) {
	w := newWorld(t)
	tell := func(r Report) Outcome {
		t.Helper()
		out := Decide(w.know(&r), r)
		w.keep(out)
		w.check()
		return out
	}
	bare := func(r *Report) { r.AsSent = "" }
	tell(event2(Started, 0, 0, by("A"), wh(100), bare))
	end := event2(Ended, 1, 9, wh(900), bare)
	tell(end)
	s := w.only()
	if s.Status != Completed || s.Energy != 800_000 || s.StopKey == "" || s.StartedAsSent == "" {
		t.Errorf("got %+v", s)
	}
	if out := tell(end); !out.Answer.Repeat {
		t.Errorf("the same again: got %+v", out)
	}
	if out := tell(event2(Ended, 1, 10, wh(900), bare)); out.Answer.Repeat {
		t.Errorf("the same number at another time: got %+v", out)
	}
}

func TestTransactionIDUsedAgain(t *testing.T) {
	w := newWorld(t)
	w.reports(event2(Started, 0, 0, by("A"), wh(100)), event2(Ended, 1, 10, wh(200)), event2(Started, 0, 100, by("B"), wh(200)), event2(Updated, 1, 110, wh(900)))
	if len(w.sessions) != 2 {
		t.Fatalf("got %d sessions, want 2", len(w.sessions))
	}
	if a, b := w.sessions[0].Energy, w.sessions[1].Energy; a != 100_000 || b != 700_000 {
		t.Errorf("got %d and %d mWh", a, b)
	}
	if got := w.codes(); got != "" {
		t.Errorf("findings: got %q", got)
	}
}

func TestFindingsAreRaisedOnce(t *testing.T) {
	w := newWorld(t)
	w.reports(event2(Started, 0, 0, by("A"), wh(9000)), event2(Updated, 1, 1, wh(10)), event2(Updated, 2, 2, wh(11)), event2(Updated, 5, 3, wh(12)), event2(Updated, 9, 4, wh(13)))
	if got, want := w.codes(), "meter_backwards meter_reset sequence_gap"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f := w.findings[0]
	if f.Session != "ses_1" || f.Action != "TransactionEvent" || f.At != at(1) || f.Detail == "" {
		t.Errorf("got %+v", f)
	}
}

func TestNotesAreDistinct(t *testing.T) {
	var seen Notes
	for _, code := range []station.FindingCode{
		station.TransactionUnknown, station.TransactionReplaced, station.SequenceRestarted, station.SequenceGap, station.EventAfterEnd,
		station.MeterBackwards, station.ClockWrong, station.EVSEUnreported, station.TokenNotAccepted, station.TransactionsInOne,
		station.StopMissing, station.ClosedFromEvidence, station.MeterReset, station.MeterJumped, station.MeterSilent, station.ClockChanged,
		station.TokensDiffer, station.EnergyUnaccounted,
	} {
		if n := note(code); n == 0 || seen&n != 0 {
			t.Errorf("%s: bit %b", code, n)
		}
		seen |= note(code)
	}
	if note(station.FrameDropped) != 0 {
		t.Error("a session raises what is about frames")
	}
}

func TestEvents(t *testing.T) {
	tests := []struct {
		name string
		tell []Report
		want string // of the last report
	}{
		{"a start", []Report{event2(Started, 0, 0)}, "started"},
		{"somebody is authorised", []Report{event2(Started, 0, 0), event2(Updated, 1, 1, by("A"))}, "updated"},
		{"energy", []Report{event2(Started, 0, 0, wh(1)), event2(Updated, 1, 1, wh(2))}, "live"},
		{"power", []Report{event2(Started, 0, 0), event2(Updated, 1, 1, watts(7000))}, "live"},
		{"power and a state", []Report{event2(Started, 0, 0), event2(Updated, 1, 1, watts(7000), in(StateCharging))}, "updated"},
		{"energy, just before it is due", []Report{event2(Started, 0, 0, wh(1)), event2(Updated, 1, 0, wh(2), after(TellEvery-time.Millisecond))}, ""},
		{"energy, just when it is due", []Report{event2(Started, 0, 0, wh(1)), event2(Updated, 1, 0, wh(2), after(TellEvery))}, "live"},
		{"a state, before a reading is due", []Report{event2(Started, 0, 0), event2(Updated, 1, 0, in(StateCharging), after(time.Second))}, "updated"},
		{"a state", []Report{event2(Started, 0, 0), event2(Updated, 1, 1, in(StateCharging))}, "updated"},
		{"no news", []Report{event2(Started, 0, 0, wh(1)), event2(Updated, 1, 1, wh(1), trigger("MeterValueClock"))}, ""},
		{"an end", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1)}, "completed"},
		{"an end of nobody", []Report{event2(Started, 0, 0), event2(Ended, 1, 1)}, "failed"},
		{"an end that was heard first", []Report{event2(Ended, 1, 1, by("A"))}, "started completed"},
		{"late, without news", []Report{event2(Started, 0, 0, by("A"), wh(1)), event2(Ended, 2, 9, wh(9)), event2(Updated, 1, 5, wh(5))}, ""},
		{"late, with news", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 2, 9, wh(9)), event2(Updated, 1, 5, wh(5))}, "corrected"},
		{"late, somebody is authorised after all", []Report{event2(Started, 0, 0), event2(Ended, 2, 9), event2(Updated, 1, 5, by("A"))}, "corrected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reports(tt.tell...)
			if got := w.told(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for _, e := range w.last.Events {
				if s := w.only(); e.Subject != string(s.ID) || e.Version != s.Version || e.Data != NoticeOf(s) || e.Station != "sta_1" || e.Organisation != "org_1" || e.Site != "sit_1" {
					t.Errorf("got %+v", e)
				}
			}
		})
	}
}

func TestNotice(t *testing.T) {
	w := newWorld(t)
	w.report(event2(Started, 0, 0, by("A"), wh(1000), in(StateCharging)))
	w.report(event2(Updated, 1, 1, wh(1499), watts(7200), sample(meter.Sample{Measurand: "SoC", Value: decimal.FromInt(425, 1), Unit: "Percent"})))
	want := Notice{
		ID: "ses_1", Status: Active, EVSE: 1, Connector: 1, TransactionID: "T1", EnergyWh: 499, PowerW: 7200, StateOfCharge: 425, ChargingState: StateCharging,
	}
	if got := NoticeOf(w.only()); got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if !w.last.Progress {
		t.Error("a meter report is more than progress")
	}
}
