package session

import (
	"math"
	"testing"

	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/ident"
)

// Who charges, and what the session is, after a conversation.
func TestWhoCharges(t *testing.T) {
	remote := func(w *world) { w.remote = &RemoteStart{ID: 7, Token: "tok_A"} }
	none := func(r *Report) { r.Token = &token.Presented{Type: token.NoAuthorization} }
	remoteID := func(r *Report) { r.RemoteStartID, r.Trigger = 7, "RemoteStart" }
	tests := []struct {
		name   string
		before func(*world)
		tell   []Report
		status Status
		token  string
		method Method
		answer token.Verdict
		by     string // StoppedBy
	}{
		{"E01.FR.10 authorised from the start", nil, []Report{event2(Started, 0, 0, by("A"))}, Active, "tok_A", MethodToken, "Accepted", ""},
		{"E01.FR.02 pending until somebody is authorised", nil, []Report{event2(Started, 0, 0)}, Pending, "", MethodNone, "", ""},
		{
			"E02.FR.01 authorised by a later event", nil,
			[]Report{event2(Started, 0, 0), event2(Updated, 1, 1, by("A"), trigger("Authorized"))},
			Active, "tok_A", MethodToken, "Accepted", "",
		},
		{"E05.FR.01 refused", nil, []Report{event2(Started, 0, 0, by("BAD"))}, Pending, "tok_BAD", MethodNone, "Blocked", ""},
		{
			"E05.FR.10 refused, ended by the station", nil,
			[]Report{event2(Started, 0, 0, by("BAD")), event2(Ended, 1, 1, because("DeAuthorized"))},
			Failed, "tok_BAD", MethodNone, "Blocked", "",
		},
		{
			"E05 refused, then another card", nil,
			[]Report{event2(Started, 0, 0, by("BAD")), event2(Updated, 1, 1, by("A"))},
			Active, "tok_A", MethodToken, "Accepted", "",
		},
		{"unknown card", nil, []Report{event2(Started, 0, 0, by("?"))}, Pending, "", MethodNone, "Unknown", ""},
		{
			"a refused card changes nothing for who charges", nil,
			[]Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 1, by("BAD"))},
			Active, "tok_A", MethodToken, "Accepted", "",
		},
		{
			"C09.FR.03 a card of the same group takes over", nil,
			[]Report{event2(Started, 0, 0, by("G1")), event2(Updated, 1, 1, by("G2"))},
			Active, "tok_G2", MethodGroup, "Accepted", "",
		},
		{
			"a card of nobody's group takes nothing over", nil,
			[]Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 1, by("B"))},
			Active, "tok_A", MethodToken, "Accepted", "",
		},
		{
			"who was authorised first pays, though he is heard last", nil,
			[]Report{event2(Started, 0, 0), event2(Updated, 2, 2, by("B")), event2(Updated, 1, 1, by("A"))},
			Active, "tok_A", MethodToken, "Accepted", "",
		},
		{
			"an older card that comes late takes nothing over", nil,
			[]Report{event2(Started, 0, 0, by("A")), event2(Updated, 3, 3), event2(Updated, 2, 2, by("B"))},
			Active, "tok_A", MethodToken, "Accepted", "",
		},
		{
			"E07.FR.01 stopped by its own card", nil,
			[]Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1, by("A"), trigger("StopAuthorized"))},
			Completed, "tok_A", MethodToken, "Accepted", "tok_A",
		},
		{
			"C09.FR.03 stopped by a card of its group", nil,
			[]Report{event2(Started, 0, 0, by("G1")), event2(Ended, 1, 1, by("G2"), trigger("StopAuthorized"))},
			Completed, "tok_G1", MethodToken, "Accepted", "tok_G2",
		},
		{
			"E07.FR.02 stopped before it ends", nil,
			[]Report{event2(Started, 0, 0, by("G1")), event2(Updated, 1, 1, by("G2"), trigger("StopAuthorized"))},
			Active, "tok_G1", MethodToken, "Accepted", "tok_G2",
		},
		{
			"the stop is heard before the start", nil,
			[]Report{event2(Ended, 2, 2, by("G2"), trigger("StopAuthorized")), event2(Started, 0, 0, by("G1"))},
			Completed, "tok_G1", MethodToken, "Accepted", "tok_G2",
		},
		{"only the stop is heard", nil, []Report{event2(Ended, 2, 2, by("A"))}, Completed, "tok_A", MethodNone, "Accepted", "tok_A"},
		{"C02 a start button", nil, []Report{event2(Started, 0, 0, none)}, Active, "", MethodNoneGiven, "Accepted", ""},
		{"C02 a start button, then a card", nil, []Report{event2(Started, 0, 0, none), event2(Updated, 1, 1, by("A"))}, Active, "tok_A", MethodToken, "Accepted", ""},
		{"a card, then a start button", nil, []Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 1, none)}, Active, "tok_A", MethodToken, "Accepted", ""},
		{"nobody ever", nil, []Report{event2(Started, 0, 0), event2(Ended, 1, 1)}, Failed, "", MethodNoneGiven, "", ""},
		{"F02.FR.21 a remote start", remote, []Report{event2(Started, 0, 0, by("A"), remoteID)}, Active, "tok_A", MethodRemote, "Accepted", ""},
		{"F02.FR.21 a remote start of somebody else's asking", nil, []Report{event2(Started, 0, 0, by("A"), remoteID)}, Active, "tok_A", MethodRemote, "Accepted", ""},
		{"C05.FR.03 a remote start that names no token", remote, []Report{event2(Started, 0, 0, remoteID)}, Active, "tok_A", MethodRemote, "", ""},
		{"C05.FR.05 its token comes after", remote, []Report{event2(Started, 0, 0, remoteID), event2(Updated, 1, 1, by("A"))}, Active, "tok_A", MethodRemote, "Accepted", ""},
		{"F01.FR.03 a remote start that is refused after all", remote, []Report{event2(Started, 0, 0, by("BAD"), remoteID)}, Pending, "tok_BAD", MethodNone, "Blocked", ""},
		{"1.6 4.8 a start", nil, []Report{start16(1, 0, "A", 100)}, Active, "tok_A", MethodToken, "Accepted", ""},
		{"1.6 4.8 a start that is refused", nil, []Report{start16(1, 0, "BAD", 100)}, Pending, "tok_BAD", MethodNone, "Blocked", ""},
		{"1.6 4.10 refused and stopped", nil, []Report{start16(1, 0, "BAD", 100), stop16("1", 1, 100)}, Failed, "tok_BAD", MethodNone, "Blocked", ""},
		{"1.6 5.11 a remote start", remote, []Report{start16(1, 0, "A", 100)}, Active, "tok_A", MethodRemote, "Accepted", ""},
		{"1.6 3.10 stopped by the group", nil, []Report{start16(1, 0, "G1", 100), stop16("1", 1, 200, by("G2"))}, Completed, "tok_G1", MethodToken, "Accepted", "tok_G2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				tt.before(w)
			}
			w.reports(tt.tell...)
			s := w.only()
			if s.Status != tt.status || string(s.Token) != tt.token || s.Method != tt.method || s.Answer != tt.answer || string(s.StoppedBy) != tt.by {
				t.Errorf("got %s %q %q %q stopped by %q\nwant %s %q %q %q stopped by %q",
					s.Status, s.Token, s.Method, s.Answer, s.StoppedBy, tt.status, tt.token, tt.method, tt.answer, tt.by)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	t.Run("E01.FR.12 each event with a token is answered, with its group", func(t *testing.T) {
		w := newWorld(t)
		for i, r := range []Report{event2(Started, 0, 0, by("G1")), event2(Updated, 1, 1, by("G2")), event2(Ended, 2, 2, by("G1"))} {
			a := w.report(r)
			if a.Token == nil || !a.Token.OK() || token.Key(a.Token.Group) != "FLEET" {
				t.Errorf("%d: got %+v", i, a.Token)
			}
		}
	})
	t.Run("an event without a token is answered without", func(t *testing.T) {
		w := newWorld(t)
		if a := w.report(event2(Started, 0, 0)); a.Token != nil || a.TransactionID != "T1" || a.Session != "ses_1" {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("E05.FR.01 a refused token is told so", func(t *testing.T) {
		w := newWorld(t)
		if a := w.report(event2(Started, 0, 0, by("BAD"))); a.Token.Verdict != token.VerdictBlocked || a.Token.Reason != token.ReasonBlocked {
			t.Errorf("got %+v", a.Token)
		}
	})
	t.Run("1.6 4.8 a refused start gets its transaction id all the same", func(t *testing.T) {
		w := newWorld(t)
		if a := w.report(start16(1, 0, "BAD", 100)); a.TransactionID != "1" || a.Token.OK() {
			t.Errorf("got %+v", a)
		}
	})
}

func TestTransactionIDs16(t *testing.T) {
	w := newWorld(t)
	for i, want := range []string{"1", "2", "3"} {
		if a := w.report(start16(1, i, "A", int64(i))); a.TransactionID != want {
			t.Errorf("got %s, want %s", a.TransactionID, want)
		}
	}
	w.report(stop16("900", 9, 5)) // from before the station came to us
	if a := w.report(start16(2, 10, "A", 0)); a.TransactionID != "901" {
		t.Errorf("an id that somebody else gave is given again: got %s, want 901", a.TransactionID)
	}
	w.report(stop16("1073741824", 11, 5))
	if a := w.report(start16(2, 12, "A", 0)); a.TransactionID != "902" {
		t.Errorf("a huge id of others moves the counter: got %s, want 902", a.TransactionID)
	}
	w.station.LastTransaction = math.MaxInt32 - 1
	if a := w.report(start16(2, 13, "A", 0)); a.TransactionID != "2147483647" {
		t.Errorf("the last id: got %s", a.TransactionID)
	}
	defer func() {
		if recover() == nil {
			t.Error("an id was given twice")
		}
	}()
	w.report(start16(2, 14, "A", 0))
}

func TestWhatABirthKeeps(t *testing.T) {
	w := newWorld(t)
	w.report(event2(Started, 4, 3, by("G1"), received(3), func(r *Report) { r.ReservationID = 12 }, wh(1500)))
	s := w.only()
	got := []any{
		s.ID, s.Organisation, s.Site, s.Station, s.EVSE, s.Connector, s.TransactionID, s.Group, s.ReservationID, s.RemoteStartID,
		s.StartedAt, s.StartedAsSent, s.StartReceivedAt, s.TimeZone, s.Country, s.LastSeqNo, s.Frames, s.StateOfCharge, s.Version,
	}
	want := []any{
		s.ID, w.station.Organisation, w.station.Site, w.station.ID, 1, 1, "T1", "FLEET", int64(12), int64(-1),
		at(3), "2026-05-04T12:03:00Z", at(3), "Europe/Berlin", "DE", int64(4), int64(1), s.StateOfCharge, int64(1),
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: got %v, want %v", i, got[i], want[i])
		}
	}
	if s.StateOfCharge != -1 {
		t.Errorf("state of charge: got %d, want none", s.StateOfCharge)
	}
	f := w.frames[0]
	if f.Session != s.ID || f.Number != 1 || f.SeqNo != 4 || f.Answer != "Accepted" || len(f.Samples) != 1 || len(f.Digest) != digestSize || f.EVSE != 1 {
		t.Errorf("frame: got %+v", f)
	}
}

func TestPlaces(t *testing.T) {
	tests := []struct {
		name      string
		tell      []Report
		evse      int
		connector int
		findings  string
	}{
		{"E01.FR.16 known from the start", []Report{event2(Started, 0, 0)}, 1, 1, ""},
		{"E01.FR.16 told when the car is connected", []Report{event2(Started, 0, 0, evse(0)), event2(Updated, 1, 1, evse(2))}, 2, 1, ""},
		{"told once, not again", []Report{event2(Started, 0, 0), event2(Updated, 1, 1)}, 1, 1, ""},
		{"the first that it says holds", []Report{event2(Started, 0, 0), event2(Updated, 1, 1, evse(2))}, 1, 1, ""},
		{"an EVSE that was never reported", []Report{event2(Started, 0, 0, evse(9)), event2(Updated, 1, 1, evse(9))}, 9, 1, "evse_unreported"},
		{"never said at all", []Report{event2(Started, 0, 0, evse(0)), event2(Ended, 1, 1)}, 0, 0, "evse_unreported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reports(tt.tell...)
			if s := w.only(); s.EVSE != tt.evse || s.Connector != tt.connector || w.codes() != tt.findings {
				t.Errorf("got %d/%d %q, want %d/%d %q", s.EVSE, s.Connector, w.codes(), tt.evse, tt.connector, tt.findings)
			}
		})
	}
}

func TestReplace(t *testing.T) {
	t.Run("1.6 a start while an older one never ended", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "A", 100), values16("1", 1, 30, 5100), start16(1, 90, "B", 5200))
		older, newer := w.sessions[0], w.sessions[1]
		if older.Status != Completed || older.StopReason != StopReplaced || older.EndedAt != at(30) || older.Energy != 5_000_000 {
			t.Errorf("the older: got %s %s ended %s with %d", older.Status, older.StopReason, older.EndedAt, older.Energy)
		}
		if newer.Status != Active || newer.Token != "tok_B" {
			t.Errorf("the newer: got %+v", newer)
		}
		if got, want := w.codes(), "transaction_replaced energy_unaccounted"; got != want {
			t.Errorf("findings: got %q, want %q", got, want)
		}
		if w.findings[0].Session != older.ID {
			t.Errorf("the finding is about %s", w.findings[0].Session)
		}
		if got, want := w.told(), "completed started"; got != want {
			t.Errorf("events: got %q, want %q", got, want)
		}
	})
	t.Run("its stop comes all the same", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "A", 100), values16("1", 1, 30, 5100), start16(1, 90, "B", 5200), stop16("1", 60, 5150, by("A")))
		older := w.sessions[0]
		if older.StopReason != StoppedLocally || older.EndedAt != at(60) || older.Energy != 5_050_000 || older.EndedAsSent == "" {
			t.Errorf("got %s ended %s with %d", older.StopReason, older.EndedAt, older.Energy)
		}
		if got, want := w.told(), "corrected"; got != want {
			t.Errorf("events: got %q, want %q", got, want)
		}
		if got := w.unresolved(); got != "energy_unaccounted" {
			t.Errorf("unresolved: got %q: of the 100 Wh since its last reading it explains 50", got)
		}
	})
	t.Run("it shows that it is still alive", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "A", 100), start16(1, 10, "B", 100), values16("1", 1, 20, 300))
		if older := w.sessions[0]; older.Status != Completed || older.EndedAt != at(20) || older.Energy != 200_000 {
			t.Errorf("got %s ended %s with %d", older.Status, older.EndedAt, older.Energy)
		}
	})
	t.Run("its end is not after the other's start", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "A", 100, reading(500, 300, "")), start16(1, 90, "B", 5200))
		if older := w.sessions[0]; older.EndedAt != at(0) {
			t.Errorf("got %s", older.EndedAt)
		}
	})
	t.Run("1.6 another connector is another place", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "A", 100), start16(2, 1, "B", 100))
		if w.codes() != "" || !w.sessions[0].Status.Open() {
			t.Errorf("got %q %s", w.codes(), w.sessions[0].Status)
		}
	})
	t.Run("1.6 outlets of one EVSE are places of their own", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "A", 100), start16(1, 1, "B", 100, func(r *Report) { r.Connector = 2 }))
		if w.codes() != "" || !w.sessions[0].Status.Open() {
			t.Errorf("got %q %s", w.codes(), w.sessions[0].Status)
		}
	})
	t.Run("E01.FR.14 one transaction on an EVSE, whichever connector", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0, by("A")), event2(Started, 0, 5, transaction("T2"), func(r *Report) { r.Connector = 2 }))
		if got, want := w.codes(), "transaction_replaced"; got != want || w.sessions[0].Status != Completed {
			t.Errorf("got %q %s", got, w.sessions[0].Status)
		}
	})
	t.Run("when the EVSE becomes known later", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0, by("A")), event2(Started, 0, 5, transaction("T2"), evse(0)))
		if w.codes() != "" {
			t.Errorf("before: got %q", w.codes())
		}
		w.report(event2(Updated, 1, 6, transaction("T2"), evse(1)))
		if got, want := w.codes(), "transaction_replaced"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("an older start that comes late replaces nothing", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 10, transaction("T2"), by("A")), event2(Started, 0, 0, offline, received(11)))
		if got, want := w.codes(), "transactions_parallel"; got != want || !w.sessions[0].Status.Open() || !w.sessions[1].Status.Open() {
			t.Errorf("got %q, want %q", got, want)
		}
		w.report(event2(Ended, 1, 5, offline, received(11)))
		if w.sessions[0].Status != Active || w.sessions[1].Status != Failed {
			t.Errorf("got %s and %s", w.sessions[0].Status, w.sessions[1].Status)
		}
	})
	t.Run("one of the past that ended before the other began", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 10, transaction("T2"), by("A")), event2(Ended, 1, 5, evse(1), offline, received(11)))
		if got, want := w.codes(), "transaction_unknown"; got != want || !w.sessions[0].Status.Open() {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("one of the past that was there after the other began", func(t *testing.T) {
		w := newWorld(t)
		w.reports(
			event2(Started, 0, 10, transaction("T2"), by("A")), event2(Started, 0, 20, evse(0), offline, received(90)),
			event2(Ended, 1, 60, evse(1), offline, received(90)),
		)
		if got, want := w.codes(), "transaction_replaced"; got != want || w.sessions[0].Status.Open() {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("two that really run at once", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0), event2(Updated, 1, 10), event2(Started, 0, 5, transaction("T2")))
		if got, want := w.codes(), "transactions_parallel"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("what is not known to have started replaces nothing", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0, by("A")), event2(Updated, 5, 5, transaction("T2"), evse(1)))
		if got, want := w.codes(), "transaction_unknown transactions_parallel"; got != want || !w.sessions[0].Status.Open() {
			t.Errorf("got %q %s, want %q", got, w.sessions[0].Status, want)
		}
	})
	t.Run("1.6 values under a transaction that nobody knows are of what runs there", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "A", 100), values16("4711", 1, 5, 300), values16("4711", 1, 9, 400))
		if s := w.only(); w.codes() != "transaction_unknown" || s.TransactionID != "1" || s.Energy != 300_000 || s.StartKey == "" {
			t.Errorf("got %q %+v", w.codes(), s)
		}
	})
	t.Run("one that was refused", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "BAD", 100), start16(1, 5, "A", 100))
		if w.sessions[0].Status != Failed || w.told() != "failed started" {
			t.Errorf("got %s, events %q", w.sessions[0].Status, w.told())
		}
	})
}

func TestPlugIn(t *testing.T) {
	t.Run("transactions of one plug-in share it", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0), event2(Ended, 1, 5), event2(Started, 0, 6, transaction("T2")), event2(Ended, 1, 9, transaction("T2")))
		w.connectors[0].TakenAt = at(20) // free in between
		w.report(event2(Started, 0, 21, transaction("T3")))
		a, b, c := w.sessions[0].PlugIn, w.sessions[1].PlugIn, w.sessions[2].PlugIn
		if a == "" || a != b || a == c {
			t.Errorf("got %q, %q, %q, want the first two alike", a, b, c)
		}
	})
	t.Run("the status may come after the start", func(t *testing.T) {
		w := newWorld(t)
		taken := w.connectors[0].TakenAt
		w.connectors[0] = station.Connector{Station: "sta_1", EVSE: 1, Connector: 1, Status: station.Available}
		w.report(event2(Started, 0, 0))
		if got, want := w.sessions[0].PlugIn, "ses_1"; got != want {
			t.Errorf("while it seems free: got %q, want %q", got, want)
		}
		w.connectors[0].TakenAt = taken
		w.reports(event2(Updated, 1, 1), event2(Ended, 2, 2), event2(Started, 0, 3, transaction("T2")))
		if a, b := w.sessions[0].PlugIn, w.sessions[1].PlugIn; a != b || a == "ses_1" {
			t.Errorf("got %q and %q, want them alike", a, b)
		}
	})
	t.Run("one of the past is not of the car that is there now", func(t *testing.T) {
		w := newWorld(t)
		w.connectors[0].TakenAt = at(100)
		w.reports(event2(Started, 0, 0, offline, received(120)), event2(Started, 0, 100, transaction("T2"), received(120), offline))
		if got, want := w.sessions[0].PlugIn, "ses_1"; got != want {
			t.Errorf("the past: got %q, want %q", got, want)
		}
		if got, want := w.sessions[1].PlugIn, "sta_1/1/1@1777902000000"; got != want {
			t.Errorf("the one that began with it: got %q, want %q", got, want)
		}
	})
	t.Run("the car is reported a moment after its start", func(t *testing.T) {
		w := newWorld(t)
		w.connectors[0].TakenAt = at(1)
		w.report(event2(Started, 0, 0, received(2)))
		if got, want := w.only().PlugIn, "sta_1/1/1@1777896060000"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("2.x names only the EVSE: its taken connector", func(t *testing.T) {
		w := newWorld(t)
		w.connectors = append(w.connectors, station.Connector{Station: "sta_1", EVSE: 2, Connector: 2, Status: station.Occupied, TakenAt: at(-5)})
		w.report(event2(Started, 0, 0, evse(2), func(r *Report) { r.Connector = 0 }))
		if got, want := w.only().PlugIn, "sta_1/2/2@1777895700000"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAsk(t *testing.T) {
	p := token.Presented{UID: "A"}
	mine := Session{Token: "tok_A", Group: "FLEET", Answer: token.VerdictAccepted}
	refused := Session{Token: "tok_A", Group: "FLEET", Answer: token.VerdictBlocked}
	others := Session{Token: "tok_B", Answer: token.VerdictAccepted}
	tok := func(id ident.TokenID, group string) *token.Token { return &token.Token{ID: "tok_" + id, Group: group} }
	tests := []struct {
		name  string
		token *token.Token
		of    *Session
		open  []Session
		want  token.Ask
	}{
		{"a start", tok("A", ""), nil, nil, token.Ask{Presented: p}},
		{"an event of a session", tok("A", ""), &others, nil, token.Ask{Presented: p, Holder: "tok_B"}},
		{"an Authorize where its session runs", tok("A", ""), nil, []Session{others, mine}, token.Ask{Presented: p, Holder: "tok_A", Group: "FLEET"}},
		{"an Authorize where its group's session runs", tok("C", "fleet"), nil, []Session{others, mine}, token.Ask{Presented: p, Holder: "tok_A", Group: "FLEET"}},
		{"an Authorize where others charge", tok("C", ""), nil, []Session{others, mine}, token.Ask{Presented: p}},
		{"an Authorize where it was refused", tok("A", ""), nil, []Session{refused}, token.Ask{Presented: p}},
		{"an unknown token", nil, nil, []Session{mine}, token.Ask{Presented: p}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Ask(p, tt.token, tt.of, tt.open); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
