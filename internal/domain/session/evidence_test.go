package session

import (
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/station"
)

// says lets a connector say its status; the sessions take notice.
func (w *world) says(v station.Version, evse, minute int, s station.Status) {
	w.Helper()
	out := station.Report(w.station, w.connectors, station.StatusReport{
		EVSE: evse, Connector: 1, Status: s, OccurredAt: at(minute), ReceivedAt: at(minute),
	})
	w.connectors = station.Merge(w.connectors, out.Connectors)
	c := w.scene(v, minute)
	c.Changed = out.Connectors
	w.weigh(c)
}

// boots lets the station boot.
func (w *world) boots(v station.Version, minute int) {
	w.Helper()
	w.station.BootedAt = at(minute)
	w.weigh(w.scene(v, minute))
}

// waits lets time pass, a look at a time, until the given minute.
func (w *world) waits(v station.Version, from, to int) {
	w.Helper()
	for minute := from; minute <= to; {
		next := w.weigh(w.scene(v, minute))
		if !next.After(at(minute)) {
			w.Fatalf("at minute %d the next look is due at %s", minute, next)
		}
		minute = max(minute+1, int((next.Sub(noon)+time.Minute-1)/time.Minute))
	}
}

const (
	grace = int(StopGrace / time.Minute)
	days  = int(GoneAfter / time.Minute)
)

// ended is how a session stands in these tests: minutes after noon, and Wh.
type ended struct {
	status   Status
	by       EndedBy
	evidence Evidence
	at       int // -1: runs
	energy   int64
	reason   string
	open     string // findings that nothing has resolved
}

func (w *world) wants(nth int, want ended) {
	w.Helper()
	s := w.sessions[nth]
	got := ended{s.Status, s.EndedBy, s.Evidence, -1, int64(s.Energy.WattHours()), s.StopReason, w.unresolved()}
	if !s.EndedAt.IsZero() {
		got.at = int(s.EndedAt.Sub(noon) / time.Minute)
	}
	if got != want {
		w.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// A session that can no longer end by itself is closed from evidence, with a
// fair end; nothing else closes it.
func TestClosedFromEvidence(t *testing.T) {
	const v16, v2 = station.OCPP16, station.OCPP201
	charge16 := func(w *world) {
		w.says(v16, 1, 0, station.Charging)
		w.reports(start16(1, 0, "A", 1000), values16("1", 1, 30, 6000))
	}
	charge2 := func(w *world) {
		w.says(v2, 1, 0, station.Occupied)
		w.reports(event2(Started, 0, 0, by("A"), wh(1000), in(StateCharging)), event2(Updated, 1, 30, wh(6000)))
	}
	runs := func(open string) ended { return ended{Active, "", "", -1, 5000, "", open} }
	tests := []struct {
		name string
		tell func(*world)
		want ended
	}{
		{"1.6 a free connector ends nothing by itself", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			w.waits(v16, 40, 40+grace-1)
		}, runs("stop_missing")},
		{"1.6 a free connector and no stop", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			w.waits(v16, 40, 40+grace)
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"2.x a free connector and no end", func(w *world) {
			charge2(w)
			w.says(v2, 1, 40, station.Available)
			w.waits(v2, 40, 40+grace)
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"a free connector, and the stop was only on its way", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			w.report(stop16("1", 39, 7000, received(45)))
			w.waits(v16, 46, 300)
		}, ended{Completed, ByStation, "", 39, 6000, "Local", ""}},
		{"a free connector that was none", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			w.says(v16, 1, 41, station.Charging)
			w.report(values16("1", 1, 50, 6000))
			w.waits(v16, 50, 70)
		}, runs("")},
		{"2.x E03 token first: the connector was free before", func(w *world) {
			w.says(v2, 1, -10, station.Available)
			w.report(event2(Started, 0, 0, by("A"), wh(1000)))
			w.says(v2, 1, 2, station.Available)
			w.waits(v2, 2, 2*grace)
		}, ended{Active, "", "", -1, 0, "", ""}},
		{"a car that is full and plugged in over night, without a word", func(w *world) {
			charge16(w)
			w.says(v16, 1, 60, station.SuspendedEV)
			w.waits(v16, 60, 60+24*60)
		}, runs("")},
		{"the same for a week", func(w *world) {
			charge2(w)
			w.report(event2(Updated, 2, 60, in(StateSuspendedEV)))
			w.waits(v2, 60, 60+7*24*60)
		}, runs("")},
		{"it charges without a reading", func(w *world) {
			charge2(w)
			w.waits(v2, 30, 30+int(SilentAfter/time.Minute))
		}, runs("meter_silent")},
		{"the readings come again", func(w *world) {
			charge2(w)
			w.waits(v2, 30, 30+int(SilentAfter/time.Minute))
			w.report(event2(Updated, 2, 70, wh(6000)))
		}, runs("")},
		{"a boot ends nothing by itself", func(w *world) {
			charge16(w)
			w.boots(v16, 40)
			w.waits(v16, 40, 600)
		}, runs("stop_missing")},
		{"a boot, and it goes on", func(w *world) {
			charge2(w)
			w.boots(v2, 40)
			w.report(event2(Updated, 2, 41, wh(6000), trigger("TxResumed")))
		}, runs("")},
		{"1.6 a boot, and its connector charges", func(w *world) {
			charge16(w)
			w.boots(v16, 40)
			w.says(v16, 1, 41, station.SuspendedEV)
			w.waits(v16, 41, 40+2*days)
		}, runs("")},
		{"a boot, and the connector is free: nobody saw when it became so", func(w *world) {
			charge16(w)
			w.boots(v16, 40)
			w.says(v16, 1, 41, station.Available)
			w.waits(v16, 41, 41+grace)
		}, ended{Completed, ByEvidence, Rebooted, 30, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"a boot, and then not a word for days", func(w *world) {
			charge2(w)
			w.report(event2(Updated, 2, 35, in(StateSuspendedEV)))
			w.boots(v2, 40)
			w.waits(v2, 40, 40+days)
		}, ended{Completed, ByEvidence, Rebooted, 35, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"a boot every night, and not a word for days", func(w *world) {
			charge2(w)
			for minute := 40; minute <= 40+days; minute += 24 * 60 {
				w.boots(v2, minute)
			}
		}, ended{Completed, ByEvidence, Rebooted, 30, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"a station that boots without end, and its connector is free", func(w *world) {
			charge16(w)
			for minute := 40; minute <= 70; minute += 10 {
				w.boots(v16, minute)
				w.says(v16, 1, minute+1, station.Available)
			}
		}, ended{Completed, ByEvidence, Rebooted, 30, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"1.6 it was finishing, and its car stays over night", func(w *world) {
			charge16(w)
			w.says(v16, 1, 35, station.Finishing)
			w.says(v16, 1, 600, station.Available)
			w.waits(v16, 600, 600+grace)
		}, ended{Completed, ByEvidence, ConnectorFree, 35, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"2.x an EVSE with two connectors, and it never says at which it is", func(w *world) {
			second := station.Connector{Station: "sta_1", EVSE: 1, Connector: 2, Status: station.Available, Since: at(-60), ReportedAt: at(-60)}
			w.connectors = station.Merge(w.connectors, []station.Connector{second})
			w.says(v2, 1, 0, station.Occupied)
			w.report(event2(Started, 0, 0, by("A"), wh(1000), in(StateCharging), func(r *Report) { r.Connector = 0 }))
			w.report(event2(Updated, 1, 30, wh(6000)))
			w.says(v2, 1, 40, station.Available)
			w.waits(v2, 40, 40+grace)
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"away, not for long", func(w *world) {
			charge2(w)
			c := w.scene(v2, 40+days-1)
			c.Link.Online, c.Link.Since = false, at(40)
			w.weigh(c)
		}, runs("")},
		{"away for days", func(w *world) {
			charge2(w)
			c := w.scene(v2, 40+days)
			c.Link.Online, c.Link.Since = false, at(40)
			w.weigh(c)
		}, ended{Completed, ByEvidence, StationGone, 30, 5000, StopLost, "closed_from_evidence"}},
		{"a station that has just connected may have it in its queue", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			c := w.scene(v16, 40+grace+1)
			c.Link.Since = at(40 + grace)
			w.weigh(c)
		}, runs("stop_missing")},
		{"a station that never stays connected", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			c := w.scene(v16, 41+grace+24*60)
			c.Link.Since = at(40 + grace + 24*60)
			w.weigh(c)
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"a station that goes before its grace is over, and stays away", func(w *world) {
			charge2(w)
			w.says(v2, 1, 40, station.Available)
			c := w.scene(v2, 45+days)
			c.Link.Online, c.Link.Since = false, at(45)
			w.weigh(c)
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"a free connector, and then a boot", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			w.boots(v16, 45)
			w.waits(v16, 45, 45+grace)
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"a station that connects, and finds its connector free", func(w *world) {
			charge16(w)
			c := w.scene(v16, 60)
			c.Link.Since = at(60)
			w.connectors[0].Status, w.connectors[0].Since, w.connectors[0].ReportedAt = station.Available, at(60).Add(-time.Second), at(60)
			w.weigh(c)
			w.waits(v16, 61, 60+grace)
		}, ended{Completed, ByEvidence, ConnectorFree, 30, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"another device under the same identity", func(w *world) {
			charge2(w)
			c := w.scene(v2, 40)
			c.NewDevice, c.Station.BootedAt = true, at(40)
			w.weigh(c)
		}, ended{Completed, ByEvidence, DeviceReplaced, 30, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"another start in its place, after its connector was free", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			w.says(v16, 1, 50, station.Preparing)
			w.report(start16(1, 51, "B", 6000))
		}, ended{Completed, ByReplacement, NextStart, 40, 5000, StopReplaced, "stop_missing transaction_replaced"}},
		{"the next car comes, and starts nothing yet", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			w.says(v16, 1, 50, station.Preparing)
			w.waits(v16, 50, 40+grace)
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"2.x a plug that is loose", func(w *world) {
			charge2(w)
			w.says(v2, 1, 40, station.Available)
			w.connectors[0].Status, w.connectors[0].Since = station.Occupied, at(40).Add(swapMin-time.Second)
			w.waits(v2, 41, 50)
		}, runs("")},
		{"2.x the next car", func(w *world) {
			charge2(w)
			w.says(v2, 1, 40, station.Available)
			w.says(v2, 1, 41, station.Occupied)
			w.waits(v2, 41, 40+grace)
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5000, StopLost, "stop_missing closed_from_evidence"}},
		{"the stop comes after all", func(w *world) {
			charge16(w)
			w.says(v16, 1, 40, station.Available)
			w.waits(v16, 40, 40+grace)
			w.report(stop16("1", 39, 7000, received(500), by("A")))
		}, ended{Completed, ByStation, "", 39, 6000, "Local", ""}},
		{"it runs after all", func(w *world) {
			charge2(w)
			w.says(v2, 1, 40, station.Available)
			w.waits(v2, 40, 40+grace)
			w.says(v2, 1, 58, station.Occupied)
			w.report(event2(Updated, 2, 60, wh(7000)))
		}, ended{Active, "", "", -1, 6000, "", ""}},
		{"what it says of before changes the end that we gave it no more than it must", func(w *world) {
			charge2(w)
			w.says(v2, 1, 40, station.Available)
			w.waits(v2, 40, 40+grace)
			w.report(event2(Updated, 2, 38, wh(6500), offline, received(60)))
		}, ended{Completed, ByEvidence, ConnectorFree, 40, 5500, StopLost, "stop_missing closed_from_evidence"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.connectors[0].TakenAt, w.connectors[0].Status = time.Time{}, station.Unknown
			tt.tell(w)
			w.wants(0, tt.want)
		})
	}
}

// A session that we had closed does not run again when another has been in its
// place since: people are told, for the register counts both.
func TestClosedSessionGoesOnBehindAnother(t *testing.T) {
	const v2 = station.OCPP201
	w := newWorld(t)
	w.reports(event2(Started, 0, 0, by("A"), wh(1000)), event2(Updated, 1, 30, wh(6000)))
	w.says(v2, 1, 40, station.Available)
	w.waits(v2, 40, 40+grace)
	w.reports(event2(Started, 0, 60, transaction("T2"), by("B"), wh(6000)), event2(Ended, 1, 90, transaction("T2"), wh(9000)))
	w.left = &w.sessions[1]
	w.report(event2(Updated, 2, 120, wh(9500)))
	if s := w.sessions[0]; s.Status != Completed || s.EndedBy != ByEvidence || !strings.Contains(w.unresolved(), "transactions_parallel") {
		t.Errorf("got %s by %s, unresolved %q", s.Status, s.EndedBy, w.unresolved())
	}
}

// What a closing and what comes after tell others.
func TestEvidenceIsTold(t *testing.T) {
	w := newWorld(t)
	w.reports(event2(Started, 0, 0, by("A"), wh(1000)), event2(Updated, 1, 30, wh(6000)))
	w.says(station.OCPP201, 1, 40, station.Available)
	if got, want := w.told(), ""; got != want || w.last.Progress == false && len(w.last.Changed) != 1 {
		t.Errorf("evidence: told %q, want %q", got, want)
	}
	w.waits(station.OCPP201, 40, 40+grace)
	if got := w.events[len(w.events)-1]; got.Type != "session.completed" || w.running["tok_A"] != 0 {
		t.Errorf("closed: last event %s, %d sessions counted", got.Type, w.running["tok_A"])
	}
	w.report(event2(Updated, 2, 60, wh(7000)))
	if got := w.told(); got != "corrected" || w.running["tok_A"] != 1 {
		t.Errorf("runs again: told %q, %d sessions counted", got, w.running["tok_A"])
	}
	w.report(event2(Ended, 3, 70, wh(8000)))
	if got := w.told(); got != "completed" || w.running["tok_A"] != 0 {
		t.Errorf("ended: told %q, %d sessions counted", got, w.running["tok_A"])
	}
	closed := 0
	for _, e := range w.events {
		if e.Type == "session.completed" {
			closed++
		}
	}
	if closed != 2 {
		t.Errorf("ended %d times, want by us and by the station", closed)
	}
}

// A connector that says again and again that it is free makes one finding.
func TestEvidenceIsRaisedOnce(t *testing.T) {
	w := newWorld(t)
	w.reports(event2(Started, 0, 0, by("A"), wh(1000)))
	for minute := 10; minute < 20; minute++ {
		w.says(station.OCPP201, 1, minute, station.Available)
		w.says(station.OCPP201, 1, minute, station.Occupied)
		w.boots(station.OCPP201, minute)
		w.report(event2(Updated, minute, minute, after(time.Second)))
	}
	if got := w.codes(); got != "stop_missing sequence_gap" || w.unresolved() != "sequence_gap" {
		t.Errorf("found %q, unresolved %q", got, w.unresolved())
	}
}
