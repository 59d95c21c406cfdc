package session

import (
	"testing"
	"time"
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
		}, 0, 60, 2 * time.Hour, "clock_wrong"},
		{"wrong from the middle on", nil, []Report{
			event2(Started, 0, 0, by("A")), sent(event2(Ended, 1, 600), 60),
		}, 0, 60, 0, "clock_wrong"},
		{"1.6 3.7 the past is a queue", nil, []Report{sent(start16(1, 0, "A", 1), 600), sent(stop16("1", 60, 2), 600)}, 0, 60, 0, ""},
		{"1.6 3.7 the past before it connected is a queue", since(590), []Report{sent(start16(1, 0, "A", 1), 600), sent(stop16("1", 60, 2), 600)}, 0, 60, 0, ""},
		{"1.6 the past while it was connected is a wrong clock", since(-60), []Report{sent(start16(1, 0, "A", 1), 60), sent(stop16("1", 60, 2), 120)}, 60, 120, time.Hour, "clock_wrong"},
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
	if got, want := w.codes(), "clock_wrong"; got != want {
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
