package session

import (
	"strings"
	"testing"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
)

// Registers that leave their course: what went over them before and after is
// energy, the step is none.
func TestSteps(t *testing.T) {
	start := event2(Started, 0, 0, by("A"), wh(1_000_000))
	next := func(minute int, wh16 int64, changes ...with) Report {
		return event2(Updated, minute, minute, append([]with{wh(wh16)}, changes...)...)
	}
	slow := func(w *world) { w.station.Quirks = station.Quirks{MaxCurrentMA: 16_000, Phases: 3} }
	boot := func(minute int) func(*world) { return func(w *world) { w.station.BootedAt = at(minute) } }
	tests := []struct {
		name   string
		before func(*world)
		tell   []Report
		energy int64
		open   string
	}{
		{"J02.FR.16 one that fell once is noise", nil, []Report{start, next(1, 1_000_500), next(2, 0), next(3, 1_000_900)}, 900, "meter_backwards"},
		{"one that says nothing for a while is noise", nil, []Report{start, next(1, 1_000_500), next(2, 0), next(3, 0), next(4, 1_000_900)}, 900, "meter_backwards"},
		{"a reset", nil, []Report{start, next(1, 1_000_500), next(2, 10), next(3, 210)}, 700, "meter_reset"},
		{"a reset, heard backwards", nil, []Report{start, next(3, 210), next(2, 10), next(1, 1_000_500)}, 700, "meter_reset"},
		{"a reset, its begin heard last", nil, []Report{next(3, 210, evse(1)), next(2, 10), next(1, 1_000_500), start}, 700, "meter_reset"},
		{"two resets", nil, []Report{start, next(1, 1_000_500), next(2, 10), next(3, 210), next(4, 0), next(5, 50)}, 750, "meter_reset"},
		{"a reset before the end", nil, []Report{start, next(1, 1_000_500), next(2, 10), event2(Ended, 3, 3, wh(400))}, 890, "meter_reset"},
		{"a boot puts it back to where it was saved", boot(2), []Report{start, next(1, 1_000_500), next(2, 1_000_200), next(3, 1_000_400)}, 700, "meter_reset"},
		{"without a boot that is noise", nil, []Report{start, next(1, 1_000_500), next(2, 1_000_200), next(3, 1_000_400)}, 500, "meter_backwards"},
		{"a jump", nil, []Report{start, next(1, 1_000_500), next(2, 9_000_000)}, 500, "meter_jumped"},
		{"a jump, and it goes on from there", nil, []Report{start, next(1, 1_000_500), next(2, 9_000_000), next(3, 9_000_200)}, 700, "meter_jumped"},
		{"a jump, and it comes back", nil, []Report{start, next(1, 1_000_500), next(2, 9_000_000), next(3, 1_000_700)}, 700, "meter_jumped"},
		{"a begin of nothing", nil, []Report{event2(Started, 0, 0, by("A"), wh(0)), next(1, 9_000_000), next(2, 9_000_200)}, 200, "meter_jumped"},
		{"as much as can be in that time", slow, []Report{start, next(30, 1_009_000)}, 9_000, ""},
		{"more than the rating allows", slow, []Report{start, next(30, 1_011_000)}, 0, "meter_jumped"},
		{"the rating is unknown", nil, []Report{start, next(30, 1_011_000)}, 11_000, ""},
		{"after hours without a reading", slow, []Report{start, next(600, 1_090_000)}, 90_000, ""},
		{"the same under a clock that stands still", slow, []Report{start, next(600, 1_090_000, func(r *Report) { r.OccurredAt = at(0) })}, 90_000, "clock_wrong clock_changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				tt.before(w)
			}
			w.reports(tt.tell...)
			s := w.only()
			open := s.Noted
			for _, code := range []station.FindingCode{station.SequenceGap, station.TransactionUnknown} { // not what this is about
				open &^= note(code)
			}
			got := ""
			for _, code := range []station.FindingCode{station.ClockWrong, station.ClockChanged, station.MeterBackwards, station.MeterReset, station.MeterJumped} {
				if open.Open(code) {
					got += " " + string(code)
				}
			}
			if want := tt.open; int64(s.Energy.WattHours()) != tt.energy || got != prefixed(want) {
				t.Errorf("got %d Wh, open%s\nwant %d Wh, open %s\n%+v", s.Energy.WattHours(), got, tt.energy, want, s.aside().Step)
			}
		})
	}
}

func prefixed(words string) string {
	if words == "" {
		return ""
	}
	return " " + words
}

// A clock that runs fast, or is set, must not seem a register that fell: the
// order of reports tells, not their times.
func TestOrderOfReadingsUnderAWrongClock(t *testing.T) {
	t.Run("2.x a clock that gains a minute in two", func(t *testing.T) {
		w := newWorld(t)
		w.report(event2(Started, 0, 0, by("A"), wh(0)))
		for i := 1; i < 30; i++ {
			w.report(event2(Updated, i, i+i/2, wh(int64(100*i)), received(i)))
		}
		if s := w.only(); s.Energy != 2_900_000 || w.codes() != "clock_wrong" {
			t.Errorf("got %d mWh, found %q", s.Energy, w.codes())
		}
	})
	t.Run("1.6 the same", func(t *testing.T) {
		w := newWorld(t)
		w.onlineSince = at(-60)
		w.report(start16(1, 0, "A", 0))
		for i := 1; i < 30; i++ {
			w.report(values16("1", 1, i+i/2, int64(100*i), received(i)))
		}
		if s := w.only(); s.Energy != 2_900_000 || w.codes() != "clock_wrong" {
			t.Errorf("got %d mWh, found %q", s.Energy, w.codes())
		}
	})
	t.Run("2.x a clock that is set back by an hour", func(t *testing.T) {
		w := newWorld(t)
		w.reports(
			event2(Started, 0, 60, by("A"), wh(0), received(0)), event2(Updated, 1, 70, wh(1000), received(10)),
			event2(Updated, 2, 20, wh(2000)), event2(Updated, 3, 30, wh(3000)), event2(Ended, 4, 40, wh(4000)),
		)
		if s := w.only(); s.Energy != 4_000_000 || s.StartedAt != at(0) || s.EndedAt != at(40) || w.codes() != "clock_wrong clock_changed" || w.unresolved() != "clock_changed" {
			t.Errorf("got %d mWh, %s-%s, found %q, unresolved %q", s.Energy, s.StartedAt, s.EndedAt, w.codes(), w.unresolved())
		}
	})
	t.Run("a queue of before and after it was set", func(t *testing.T) {
		w := newWorld(t)
		late := func(r *Report) { r.Offline, r.ReceivedAt = true, at(90) }
		w.reports(
			event2(Started, 0, 120, by("A"), wh(0), received(0)), event2(Updated, 3, 30, wh(3000)), // two hours ahead, and then right
			event2(Updated, 1, 130, wh(1000), late), event2(Updated, 2, 20, wh(2000), late, in(StateSuspendedEV)), event2(Ended, 4, 60, wh(4000), late),
		)
		if s := w.only(); s.Energy != 4_000_000 || s.EndedAt != at(60) || w.unresolved() != "clock_changed" {
			t.Errorf("got %d mWh, %s-%s, unresolved %q", s.Energy, s.StartedAt, s.EndedAt, w.unresolved())
		}
	})
	t.Run("1.6 a clock that is set back past the start and a boot", func(t *testing.T) {
		w := newWorld(t)
		w.onlineSince, w.station.BootedAt = at(1), at(1)
		w.reports(start16(1, 2, "A", 9000, received(2)), values16("1", 1, 0, 9300, received(3)), values16("1", 1, 0, 9500, received(4)), stop16("1", 1, 9900, received(5)))
		if s := w.only(); s.Energy != 900_000 || strings.Contains(w.codes(), "meter_reset") {
			t.Errorf("got %d mWh, found %q", s.Energy, w.codes())
		}
	})
	t.Run("2.x a queue that is not marked as one", func(t *testing.T) {
		w := newWorld(t)
		w.report(event2(Started, 0, 0, by("A"), wh(0)))
		w.onlineSince = at(200)
		w.reports(event2(Updated, 1, 30, wh(1000), received(201)), event2(Ended, 2, 60, wh(4000), received(201)))
		if s := w.only(); s.EndedAt != at(60) || w.codes() != "" {
			t.Errorf("ended %s, found %q", s.EndedAt, w.codes())
		}
	})
}

func TestGaps(t *testing.T) {
	updates := func(numbers ...int) (all []Report) {
		for _, n := range numbers {
			all = append(all, event2(Updated, n, n))
		}
		return all
	}
	tests := []struct {
		name    string
		numbers []int
		open    string
	}{
		{"none", []int{1, 2, 3}, ""},
		{"one", []int{3}, "sequence_gap"},
		{"closed in order", []int{3, 1, 2}, ""},
		{"closed backwards", []int{4, 3, 2, 1}, ""},
		{"closed from its middle", []int{4, 2, 1, 3}, ""},
		{"closed but for one", []int{4, 2, 1}, "sequence_gap"},
		{"two, both closed", []int{3, 6, 1, 4, 2, 5}, ""},
		{"two, one closed", []int{3, 6, 1, 2}, "sequence_gap"},
		{"closed, and another", []int{2, 1, 4}, "sequence_gap"},
		{"a day's queue, every second first", append(everySecond(2, 400), everySecond(1, 399)...), ""},
		{"the same, but for one", append(everySecond(2, 400), everySecond(3, 399)...), "sequence_gap"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, first := range []int{0, 7} { // stations begin with 0, and some do not
				w := newWorld(t)
				w.report(event2(Started, first, 0, by("A")))
				for _, r := range updates(tt.numbers...) {
					r.SeqNo += int64(first)
					w.report(r)
				}
				if got := w.unresolved(); got != tt.open {
					t.Errorf("from %d on, unresolved: got %q, want %q; %+v", first, got, tt.open, w.only().Aside)
				}
			}
		})
	}
}

// A start that comes late brings the numbers between with it.
func TestGapBeforeWhatWasHeardFirst(t *testing.T) {
	w := newWorld(t)
	for i, tt := range []struct {
		number int
		open   string
	}{{3, ""}, {5, "sequence_gap"}, {4, ""}, {6, ""}, {8, "sequence_gap"}, {1, "sequence_gap"}, {7, "sequence_gap"}, {2, ""}} {
		w.report(event2(Updated, tt.number, tt.number))
		if got := strings.Join(strings.Fields(w.unresolved())[1:], " "); got != tt.open { // behind transaction_unknown
			t.Errorf("%d: after %d unresolved %q, want %q", i, tt.number, got, tt.open)
		}
	}
}

// everySecond returns every second number.
func everySecond(first, last int) (all []int) {
	for n := first; n <= last; n += 2 {
		all = append(all, n)
	}
	return all
}

func TestStartThatComesLateExplains(t *testing.T) {
	w := newWorld(t)
	w.report(event2(Updated, 1, 10, by("A"), wh(500)))
	if got := w.unresolved(); got != "transaction_unknown" {
		t.Errorf("before: got %q", got)
	}
	w.report(event2(Started, 0, 0, wh(100), offline, received(11)))
	if got := w.unresolved(); got != "" {
		t.Errorf("after: got %q", got)
	}
}

// Two tokens that have nothing in common.
func TestTokensDiffer(t *testing.T) {
	stop := trigger("StopAuthorized")
	tests := []struct {
		name string
		tell []Report
		pays string
		want string
	}{
		{"stopped by its own", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1, by("A"), stop)}, "tok_A", ""},
		{"stopped by another", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1, by("B"), stop)}, "tok_A", "tokens_differ"},
		{"1.6 stopped by another", []Report{start16(1, 0, "A", 0), stop16("1", 1, 0, by("B"))}, "tok_A", "tokens_differ"},
		{"stopped by another, heard first", []Report{event2(Ended, 1, 1, by("B"), stop, evse(1)), event2(Started, 0, 0, by("A"))}, "tok_A", "transaction_unknown tokens_differ"},
		{"stopped by its group, heard first", []Report{event2(Ended, 1, 1, by("G2"), stop, evse(1)), event2(Started, 0, 0, by("G1"))}, "tok_G1", "transaction_unknown"},
		{"stopped by its group", []Report{event2(Started, 0, 0, by("G1")), event2(Ended, 1, 1, by("G2"), stop)}, "tok_G1", ""},
		{"stopped by a card that nobody knows", []Report{event2(Started, 0, 0, by("A")), event2(Ended, 1, 1, by("?"), stop)}, "tok_A", "tokens_differ"},
		{"started by two", []Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 1, by("B"))}, "tok_A", "tokens_differ"},
		{"started by two of a group", []Report{event2(Started, 0, 0, by("G1")), event2(Updated, 1, 1, by("G2"))}, "tok_G2", ""},
		{"one that we refuse", []Report{event2(Started, 0, 0, by("A")), event2(Updated, 1, 1, by("BAD"))}, "tok_A", "tokens_differ"},
		{"after one that we refused", []Report{event2(Started, 0, 0, by("BAD")), event2(Updated, 1, 1, by("A"))}, "tok_A", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reports(tt.tell...)
			if s := w.only(); string(s.Token) != tt.pays || w.codes() != tt.want {
				t.Errorf("pays %s, found %q; want %s, %q", s.Token, w.codes(), tt.pays, tt.want)
			}
		})
	}
}

// Energy that went over a register while nobody charged.
func TestUnaccounted(t *testing.T) {
	ended := func(w *world) {
		w.reports(start16(1, 0, "A", 1000), stop16("1", 10, 2000))
		w.left = &w.sessions[0]
	}
	sample := func(minute int, n int64) meter.Frame {
		r := values16("", 1, minute, n)
		return meter.Frame{EVSE: 1, Connector: 1, ReceivedAt: r.ReceivedAt, OccurredAt: r.OccurredAt, Samples: r.Samples}
	}
	t.Run("the next begins higher", func(t *testing.T) {
		w := newWorld(t)
		ended(w)
		w.report(start16(1, 60, "B", 2300))
		if got := w.codes(); got != "energy_unaccounted" || w.findings[0].Session != "ses_1" || w.findings[0].Detail != "300 Wh went over the register after it had ended" {
			t.Errorf("found %q: %+v", got, w.findings)
		}
		if s := w.sessions[0]; s.Energy != 1_000_000 || s.aside().After.Energy != 2_300_000 {
			t.Errorf("got %d mWh, after %+v", s.Energy, s.aside().After)
		}
	})
	t.Run("a little higher is nothing", func(t *testing.T) {
		w := newWorld(t)
		ended(w)
		w.report(start16(1, 60, "B", 2049))
		if got := w.codes(); got != "" {
			t.Errorf("found %q", got)
		}
	})
	t.Run("lower is another meter", func(t *testing.T) {
		w := newWorld(t)
		ended(w)
		w.report(start16(1, 60, "B", 0))
		if got := w.codes(); got != "" {
			t.Errorf("found %q", got)
		}
	})
	t.Run("not where the clock of one stood elsewhere: others may lie between", func(t *testing.T) {
		w := newWorld(t)
		w.onlineSince = at(-60)
		w.reports(start16(1, 0, "A", 1000, received(10)), stop16("1", 2, 2000, received(12)))
		w.left = &w.sessions[0]
		w.report(start16(1, 20, "B", 2300))
		if got := w.codes(); got != "clock_wrong" {
			t.Errorf("found %q", got)
		}
	})
	t.Run("samples while nothing runs tell once", func(t *testing.T) {
		w := newWorld(t)
		ended(w)
		for i, n := range []int64{2000, 2020, 2300, 2400} {
			w.keep(Idle(w.station, w.sessions[0], sample(20+i, n)))
		}
		w.keep(Idle(w.station, w.sessions[0], sample(5, 9999))) // of before the end
		w.left = &w.sessions[0]
		w.report(start16(1, 60, "B", 2500))
		if got := w.codes(); got != "energy_unaccounted" {
			t.Errorf("found %q", got)
		}
	})
	t.Run("of one that we closed the stop explains it", func(t *testing.T) {
		w := newWorld(t)
		w.reports(start16(1, 0, "A", 1000), values16("1", 1, 10, 2000), start16(1, 60, "B", 2300))
		if got := w.unresolved(); got != "transaction_replaced energy_unaccounted" {
			t.Errorf("before: %q", got)
		}
		w.report(stop16("1", 50, 2300))
		if s := w.sessions[0]; w.unresolved() != "" || s.Energy != 1_300_000 {
			t.Errorf("after: %q, %d mWh", w.unresolved(), s.Energy)
		}
	})
}
