package session

import (
	"testing"
	"time"

	"pylon/internal/domain/station"
)

func TestClock(t *testing.T) {
	sent := func(r Report, receivedMinute int, changes ...with) Report { // by a clock that goes wrong
		r.ReceivedAt = at(receivedMinute)
		for _, f := range changes {
			f(&r)
		}
		return r
	}
	tolerance := int(ClockTolerance / time.Minute)
	since := func(minute int) func(*world) { return func(w *world) { w.onlineSince = at(minute) } }
	late := func(online int, by time.Duration) func(*world) {
		return func(w *world) { w.onlineSince, w.statusLate = at(online), by }
	}
	tests := []struct {
		name     string
		before   func(*world)
		tell     []Report
		began    int
		ended    int
		offset   time.Duration
		findings string
	}{
		{"right", nil, []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 60)}, 0, 60, 0, ""},
		{"as late as tolerated", nil, []Report{sent(event2(Started, 0, 0, by("A")), tolerance), event2(Ended, 1, 60)}, 0, 60, ClockTolerance, ""},
		{"later than tolerated", nil, []Report{sent(event2(Started, 0, 0, by("A")), tolerance+1), sent(event2(Ended, 1, 60), 66)}, 6, 66, 6 * time.Minute, "clock_wrong"},
		{"as early as tolerated", nil, []Report{sent(event2(Started, 0, tolerance, by("A")), 0), event2(Ended, 1, 60)}, tolerance, 60, -ClockTolerance, ""},
		{"in the future", nil, []Report{sent(event2(Started, 0, 120, by("A")), 0), sent(event2(Ended, 1, 180), 60)}, 0, 60, -2 * time.Hour, "clock_wrong"},
		{"queued is not late", nil, []Report{sent(event2(Started, 0, 0, by("A"), offline), 600), sent(event2(Ended, 1, 60, offline), 600)}, 0, 60, 0, ""},
		{"queued from the future", nil, []Report{sent(event2(Started, 0, 900, by("A"), offline), 600)}, 600, -1, -5 * time.Hour, "clock_wrong"},
		{"older than any queue", nil, []Report{sent(event2(Started, 0, -366*24*60, by("A"), offline), 0)}, 0, -1, 366 * 24 * time.Hour, "clock_wrong"},
		{"as old as a queue may be", nil, []Report{sent(event2(Started, 0, -365*24*60, by("A"), offline), 0)}, -365 * 24 * 60, -1, 0, ""},
		{"queued under a clock that was wrong at the start", nil, []Report{
			sent(event2(Started, 0, 120, by("A")), 0), sent(event2(Ended, 1, 180, offline), 90),
		}, 0, 60, -2 * time.Hour, "clock_wrong"},
		{"queued after the clock was set right", nil, []Report{
			sent(event2(Started, 0, -120, by("A")), 0), sent(event2(Ended, 1, 60, offline), 90),
		}, 0, 60, 2 * time.Hour, "clock_wrong"},
		{"queued after a clock that was ahead was set right", nil, []Report{
			sent(event2(Started, 0, 120, by("A")), 0), sent(event2(Ended, 1, 60, offline), 90),
		}, 0, 60, -2 * time.Hour, "clock_wrong"},
		{"a queue tells nothing of the clock", nil, []Report{sent(event2(Started, 0, 0, by("A"), offline), 2), event2(Ended, 1, 60)}, 0, 60, 0, ""},
		{"set right in the middle", nil, []Report{
			sent(event2(Started, 0, -120, by("A")), 0), sent(event2(Ended, 1, 60), 60),
		}, 0, 60, 2 * time.Hour, "clock_wrong clock_changed"},
		{"wrong from the middle on", nil, []Report{
			event2(Started, 0, 0, by("A")), sent(event2(Ended, 1, 600), 60),
		}, 0, 60, 0, "clock_wrong clock_changed"},
		{"1.6 3.7 the past is a queue", nil, []Report{sent(start16(1, 0, "A", 1), 600), sent(stop16("1", 60, 2), 600)}, 0, 60, 0, ""},
		{"1.6 3.7 the past before it connected is a queue", since(590), []Report{sent(start16(1, 0, "A", 1), 600), sent(stop16("1", 60, 2), 600)}, 0, 60, 0, ""},
		{"1.6 the past while it was connected is a wrong clock", since(-60), []Report{sent(start16(1, 0, "A", 1), 60), sent(stop16("1", 60, 2), 120)}, 60, 120, time.Hour, "clock_wrong"},
		{"1.6 a clock that is behind, and the station has just connected", since(-10), []Report{
			sent(start16(1, -120, "A", 1), 0), sent(values16("1", 1, -60, 2), 60), sent(stop16("1", 0, 3), 120),
		}, 0, 120, 2 * time.Hour, "clock_wrong"},
		{"1.6 a clock that is behind by a day, as its statuses show", late(-120, 24*time.Hour), []Report{
			sent(start16(1, -1440, "A", 1), 0), sent(values16("1", 1, -1430, 2), 10), sent(stop16("1", -1400, 3), 40),
		}, 0, 40, 24 * time.Hour, "clock_wrong"},
		{"1.6 statuses that come out of a queue, too", late(1420, 24*time.Hour), []Report{
			sent(start16(1, 0, "A", 1), 1440), sent(stop16("1", 40, 3), 1440),
		}, 0, 40, 0, ""},
		{"1.6 a stop that was kept for an hour while the clock is right", late(20, time.Second), []Report{
			start16(1, 0, "A", 1), sent(stop16("1", 10, 3), 70),
		}, 0, 10, 0, ""},
		{"1.6 the same, without a reading", since(-10), []Report{
			sent(start16(1, -120, "A", 1), 0), sent(stop16("1", -60, 3), 60),
		}, 0, 60, 2 * time.Hour, "clock_wrong"},
		{"1.6 the same, and it is set right in the middle", since(-10), []Report{
			sent(start16(1, -120, "A", 1), 0), sent(values16("1", 1, -60, 2), 60), stop16("1", 120, 3),
		}, 0, 120, 2 * time.Hour, "clock_wrong clock_changed"},
		{"1.6 behind from the start, which is told a second later each time", since(-10), []Report{
			sent(start16(1, -500_000_000/60, "A", 1), 0), sent(stop16("1", -500_000_000/60+40, 3), 40, func(r *Report) { r.ReceivedAt = r.ReceivedAt.Add(time.Second) }),
		}, 0, 40, 500_000_000 / 60 * time.Minute, "clock_wrong"},
		{"1.6 set back by a day in the middle", since(-10), []Report{
			start16(1, 0, "A", 1), sent(values16("1", 1, -1400, 2), 40), sent(stop16("1", -1380, 3), 60),
		}, 0, 60, 0, "clock_wrong clock_changed"},
		{"2.x set back by a day in the middle", since(-10), []Report{
			event2(Started, 0, 0, by("A")), event2(Updated, 1, 20), sent(event2(Updated, 2, -1400), 40), sent(event2(Ended, 3, -1380), 60),
		}, 0, 60, 0, "clock_wrong clock_changed"},
		{"2.x set back by less than it lasts", since(25), []Report{
			event2(Started, 0, 0, by("A")), event2(Updated, 1, 30), sent(event2(Ended, 2, 10), 60),
		}, 0, 60, 0, "clock_wrong clock_changed"},
		{"2.x of before it connected, and not marked", since(50), []Report{
			event2(Started, 0, 0, by("A")), sent(event2(Updated, 1, 20), 51), sent(event2(Ended, 2, 40), 51),
		}, 0, 40, 0, ""},
		{"1.6 a queue comes faster than it happened", since(590), []Report{
			sent(start16(1, 0, "A", 1), 600), sent(values16("1", 1, 30, 2), 602), sent(stop16("1", 60, 3), 604),
		}, 0, 60, 0, ""},
		{"2.x a queue that is marked is one at any pace", since(590), []Report{
			sent(event2(Started, 0, 0, by("A"), offline), 600), sent(event2(Ended, 1, 60, offline), 660),
		}, 0, 60, 0, ""},
		{"1.6 the future", nil, []Report{sent(start16(1, 120, "A", 1), 0), sent(stop16("1", 180, 2), 60)}, 0, 60, -2 * time.Hour, "clock_wrong"},
		{"no time at all is the time of receipt", nil, []Report{event2(Started, 0, 0, by("A"), func(r *Report) { r.OccurredAt = time.Time{} })}, 0, -1, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				tt.before(w)
			}
			w.reports(tt.tell...)
			ended := time.Time{}
			if tt.ended >= 0 {
				ended = at(tt.ended)
			}
			s := w.only()
			if s.StartedAt != at(tt.began) || s.EndedAt != ended || s.ClockOffset != tt.offset {
				t.Errorf("got %s-%s, offset %s\nwant %s-%s, offset %s", s.StartedAt, s.EndedAt, s.ClockOffset, at(tt.began), ended, tt.offset)
			}
			if got := w.codes(); got != tt.findings {
				t.Errorf("findings: got %q, want %q", got, tt.findings)
			}
			if f := w.frames[0]; f.OccurredAt != tt.tell[0].OccurredAt && !tt.tell[0].OccurredAt.IsZero() {
				t.Errorf("the frame's time: got %s, want it as sent %s", f.OccurredAt, tt.tell[0].OccurredAt)
			}
		})
	}
}

// A start that is corrected takes its states along.
func TestStatesAreCorrectedWithTheStart(t *testing.T) {
	w := newWorld(t)
	w.onlineSince = at(-10)
	w.report(start16(1, -120, "A", 1, received(0)))
	behind := station.StatusReport{EVSE: 1, Connector: 1, Status: station.Charging, OccurredAt: at(-119), ReceivedAt: at(1)}
	out := station.Report(w.station, w.connectors, behind)
	w.connectors = station.Merge(w.connectors, out.Connectors)
	c := w.scene(station.OCPP16, 1)
	c.Changed = out.Connectors
	w.weigh(c)
	w.report(values16("1", 1, -60, 2, received(60)))
	if s := w.only(); w.story(s.ID) != "unknown 0-1 unknown, charging 1- car" || s.Begin.At != at(0) || s.Last.At != at(60) {
		t.Errorf("got %q, registers of %s and %s", w.story(s.ID), s.Begin.At, s.Last.At)
	}
}

func TestSamplesAreCorrectedLikeTheirReport(t *testing.T) {
	w := newWorld(t)
	w.reports(
		event2(Started, 0, 120, by("A"), wh(100), received(0)), // two hours ahead
		event2(Updated, 1, 130, wh(200), received(10)),
		event2(Updated, 2, 20, wh(300), received(20)), // set right
		event2(Ended, 3, 30, wh(400)),
	)
	if s := w.only(); s.Energy != 300_000 || s.Begin.At != at(0) || s.Last.At != at(30) {
		t.Errorf("got %d mWh from %s to %s", s.Energy, s.Begin.At, s.Last.At)
	}
	if got, want := w.codes(), "clock_wrong clock_changed"; got != want {
		t.Errorf("findings: got %q, want %q", got, want)
	}
}

func TestTimesAreMicroseconds(t *testing.T) {
	w := newWorld(t)
	odd := func(r *Report) { r.OccurredAt = r.OccurredAt.Add(1234 * time.Nanosecond) }
	w.reports(event2(Started, 0, 0, by("A"), odd, wh(1)), event2(Ended, 1, 1, odd, wh(2)))
	s := w.only()
	for _, got := range []time.Time{s.StartedAt, s.EndedAt, s.LastEventAt, s.Begin.At, s.Last.At, s.StateSince} {
		if got != got.Truncate(time.Microsecond) {
			t.Errorf("got %s", got)
		}
	}
}
