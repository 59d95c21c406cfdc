package station

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/event"
)

var home = Station{ID: "sta_1", Organisation: "org_1", Site: "sit_1", Registration: Accepted}

// at is noon and some minutes.
func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// live is what we know of EVSE 1, connector 1 at minute 10.
func live(s Status, since int) []Connector {
	c := Connector{Station: "sta_1", EVSE: 1, Connector: 1, Status: s, Since: at(since), ReportedAt: at(10), Version: 3}
	if !s.Free() {
		c.TakenAt = at(since)
	}
	return []Connector{c}
}

// story writes intervals as "available 0-5, charging 5-".
func story(all []Interval) string {
	var words []string
	for _, i := range all {
		to := ""
		if !i.To.IsZero() {
			to = fmt.Sprint(i.To.Sub(noon).Minutes())
		}
		status := string(i.Status)
		if i.ErrorCode != "" {
			status += "!" + i.ErrorCode
		}
		words = append(words, fmt.Sprintf("%s %v-%s", status, i.From.Sub(noon).Minutes(), to))
	}
	return strings.Join(words, ", ")
}

func TestReport(t *testing.T) {
	on := func(s Status, occurred, received int) StatusReport {
		return StatusReport{EVSE: 1, Connector: 1, Status: s, OccurredAt: at(occurred), ReceivedAt: at(received)}
	}
	with := func(r StatusReport, f func(*StatusReport)) StatusReport { f(&r); return r }
	long := noon.Add(-statusQueueMax)
	tests := []struct {
		name   string
		known  []Connector
		in     StatusReport
		story  string
		status Status // of the changed row, "" for none
		since  int
		events int
	}{
		{"G01.FR.01 the first report", nil, on(Available, 12, 12), "available 12-", Available, 12, 1},
		{"G01.FR.03 a car comes", live(Available, 0), on(Occupied, 12, 12), "available 0-12, occupied 12-", Occupied, 12, 1},
		{"1.6 4.9 a state follows another", live(Preparing, 0), on(Charging, 12, 13), "preparing 0-12, charging 12-", Charging, 12, 1},
		{
			"1.6 6.47 no timestamp is the time of receipt", live(Preparing, 0), with(on(Charging, 0, 13), func(r *StatusReport) { r.OccurredAt = time.Time{} }),
			"preparing 0-13, charging 13-", Charging, 13, 1,
		},
		{"the future is now", live(Preparing, 0), on(Charging, 99, 13), "preparing 0-13, charging 13-", Charging, 13, 1},
		{
			"older than any queue is a wrong clock", live(Preparing, 0), with(on(Charging, 0, 13), func(r *StatusReport) { r.OccurredAt = long }),
			"preparing 0-13, charging 13-", Charging, 13, 1,
		},
		{"a little before what we know: never negative", live(Preparing, 10), on(Charging, 9, 11), "charging 10-", Charging, 10, 1},
		{"at the same moment: the newer takes the interval over", live(Preparing, 10), on(Charging, 10, 11), "charging 10-", Charging, 10, 1},
		{"late, out of a queue: only history", live(Available, 10), on(Charging, 2, 12), "charging 2-10", "", 0, 0},
		{
			"an error is news though the status stays", live(Charging, 0), with(on(Charging, 12, 12), func(r *StatusReport) { r.ErrorCode = "HighTemperature" }),
			"charging 0-12, charging!HighTemperature 12-", Charging, 12, 1,
		},
		{"the same again within the minute", live(Charging, 0), with(on(Charging, 10, 10), func(r *StatusReport) { r.ReceivedAt = at(11).Add(-1) }), "", "", 0, 0},
		{"the same again after a minute: heard, not changed", live(Charging, 0), on(Charging, 11, 11), "", Charging, 0, 0},
		{"other words about the same", live(Charging, 0), with(on(Charging, 10, 10), func(r *StatusReport) { r.Info = "EV side" }), "", Charging, 0, 0},
		{
			"1.6 3.8 connector 0 is the station itself", live(Charging, 0), with(on(Unavailable, 12, 12), func(r *StatusReport) { r.EVSE, r.Connector = 0, 0 }),
			"unavailable 12-", Unavailable, 12, 1,
		},
		{"a connector that is new", live(Charging, 0), with(on(Available, 12, 12), func(r *StatusReport) { r.Connector = 2 }), "available 12-", Available, 12, 1},
		{"a status that OCPP does not know", live(Charging, 0), on(ParseStatus("Resting"), 12, 12), "charging 0-12, unknown 12-", Unknown, 12, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := Report(home, tt.known, tt.in)
			if got := story(out.Intervals); got != tt.story {
				t.Errorf("history: got %q, want %q", got, tt.story)
			}
			var got Connector
			if len(out.Connectors) > 0 {
				got = out.Connectors[0]
			}
			if got.Status != tt.status || tt.status != "" && got.Since != at(tt.since) {
				t.Errorf("row: got %s since %s, want %s since %s", got.Status, got.Since, tt.status, at(tt.since))
			}
			if len(out.Events) != tt.events {
				t.Fatalf("events: got %d, want %d", len(out.Events), tt.events)
			}
			if tt.events == 1 {
				want := ConnectorNotice{EVSE: tt.in.EVSE, Connector: tt.in.Connector, Status: tt.status, ErrorCode: tt.in.ErrorCode, Since: stamp(got.Since)}
				e := out.Events[0]
				if e.Type != event.ConnectorChanged || e.Version != got.Version || e.Data != want || e.Station != "sta_1" || e.Organisation != "org_1" {
					t.Errorf("event: got %+v, want data %+v", e, want)
				}
			}
			if want := tt.status == Unknown; want != (len(out.Findings) == 1) {
				t.Errorf("findings: got %+v", out.Findings)
			}
		})
	}
}

func TestReportRowKeepsEverything(t *testing.T) {
	in := StatusReport{
		EVSE: 1, Connector: 1, Status: Faulted, OccurredAt: at(12), ReceivedAt: at(13),
		ErrorCode: "GroundFailure", Info: "leak", VendorID: "acme", VendorError: "E1",
	}
	want := Connector{
		Station: "sta_1", EVSE: 1, Connector: 1, Status: Faulted, Since: at(12), ReportedAt: at(13), TakenAt: at(0),
		ErrorCode: "GroundFailure", Info: "leak", VendorID: "acme", VendorError: "E1", Version: 4,
	}
	if got := Report(home, live(Charging, 0), in).Connectors[0]; got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestTakenSince(t *testing.T) {
	steps := []struct {
		status Status
		want   int // minute of TakenAt, -1 for none
	}{
		{Available, -1},
		{Preparing, 1},
		{Charging, 1},
		{Finishing, 1},
		{Preparing, 1},
		{Faulted, 1},
		{Charging, 1},
		{Available, -1},
		{Unavailable, -1},
		{Reserved, -1},
		{Occupied, 10},
		{Reserved, -1},
	}
	var known []Connector
	for minute, step := range steps {
		out := Report(home, known, StatusReport{EVSE: 1, Connector: 1, Status: step.status, OccurredAt: at(minute), ReceivedAt: at(minute)})
		known = Merge(known, out.Connectors)
		want := time.Time{}
		if step.want >= 0 {
			want = at(step.want)
		}
		if got := known[0].TakenAt; got != want {
			t.Errorf("%s at minute %d: got %s, want %s", step.status, minute, got, want)
		}
	}
}

func TestLateFreedomEndsTheTaking(t *testing.T) {
	known := live(Charging, 20)
	known[0].TakenAt = at(0)
	out := Report(home, known, StatusReport{EVSE: 1, Connector: 1, Status: Available, OccurredAt: at(10), ReceivedAt: at(30)})
	if got, want := story(out.Intervals), "available 10-20"; got != want {
		t.Errorf("history: got %q, want %q", got, want)
	}
	if len(out.Connectors) != 1 || out.Connectors[0].TakenAt != at(20) || out.Connectors[0].Status != Charging {
		t.Errorf("row: got %+v, want charging, taken since minute 20", out.Connectors)
	}
}

func TestParseStatusKnowsEveryWord(t *testing.T) {
	for text, want := range map[string]Status{
		"Available": Available, "Occupied": Occupied, "Preparing": Preparing, "Charging": Charging, "SuspendedEV": SuspendedEV,
		"SuspendedEVSE": SuspendedEVSE, "Finishing": Finishing, "Reserved": Reserved, "Unavailable": Unavailable, "Faulted": Faulted,
		"": Unknown, "available": Unknown,
	} {
		if got := ParseStatus(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestMerge(t *testing.T) {
	place := func(evse, connector int, s Status) Connector {
		return Connector{EVSE: evse, Connector: connector, Status: s}
	}
	known := []Connector{place(1, 1, Available), place(2, 1, Available)}
	got := Merge(known, []Connector{place(2, 1, Charging), place(1, 2, Faulted), place(0, 0, Available)})
	want := []Connector{place(0, 0, Available), place(1, 1, Available), place(1, 2, Faulted), place(2, 1, Charging)}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: got %+v, want %+v", i, got[i], want[i])
		}
	}
	if known[1].Status != Available {
		t.Error("Merge changed its argument")
	}
}

// Whatever a station reports in whatever order, no interval is negative, one
// at most is open, and the live one is that of the row.
func TestReportHistoryIsSound(t *testing.T) {
	statuses := []Status{Available, Preparing, Charging, SuspendedEV, Finishing, Faulted, Unavailable, Unknown}
	rapid.Check(t, func(t *rapid.T) {
		type key struct{ from time.Time }
		history := map[key]Interval{}
		var known []Connector
		now := noon
		for range rapid.IntRange(1, 30).Draw(t, "reports") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "pause")) * time.Second)
			in := StatusReport{
				EVSE: 1, Connector: 1, Status: rapid.SampledFrom(statuses).Draw(t, "status"),
				OccurredAt: now.Add(time.Duration(rapid.IntRange(-3600, 60).Draw(t, "age")) * time.Second), ReceivedAt: now,
			}
			out := Report(home, known, in)
			known = Merge(known, out.Connectors)
			for _, i := range out.Intervals {
				if !i.To.IsZero() && i.To.Before(i.From) {
					t.Fatalf("negative interval %+v", i)
				}
				history[key{i.From}] = i
			}
		}
		open := 0
		for _, i := range history {
			if i.To.IsZero() {
				open++
				if i.From != known[0].Since || i.Status != known[0].Status {
					t.Fatalf("open %+v, row %+v", i, known[0])
				}
			}
		}
		if open != 1 {
			t.Fatalf("%d open intervals: %+v", open, history)
		}
	})
}
