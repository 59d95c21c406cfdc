package session

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// charge is an hour from noon on with 10 kWh from 100 kWh on.
func charge() Session {
	return Session{
		ID: "ses_1", StartedAt: at(0), EndedAt: at(60), Energy: 10_000_000,
		Begin: Register{Known: true, Energy: 100_000_000, At: at(0)}, Last: Register{Known: true, Energy: 110_000_000, At: at(60)},
	}
}

// reads is a frame with a register at a minute, heard at once.
func reads(minute int, kwh string) meter.Frame {
	value, err := decimal.Parse(kwh)
	if err != nil {
		panic(err)
	}
	return meter.Frame{ReceivedAt: at(minute), OccurredAt: at(minute), Samples: []meter.Sample{{Value: value, Unit: "kWh"}}}
}

func TestMeasuredSpans(t *testing.T) {
	g := func(from, to int, state ChargingState, cause Cause) Segment {
		s := Segment{Session: "ses_1", State: state, Cause: cause, From: at(from)}
		if to >= 0 {
			s.To = at(to)
		}
		return s
	}
	span := func(from, to int, state rating.State) rating.Span {
		return rating.Span{State: state, From: at(from), To: at(to)}
	}
	tests := []struct {
		name     string
		segments []Segment
		want     []rating.Span
	}{
		{"nobody said anything", nil, []rating.Span{span(0, 60, rating.Charging)}},
		{"the car is full", []Segment{g(0, 40, StateCharging, CauseUnknown), g(40, -1, StateSuspendedEV, CauseCar)}, []rating.Span{span(0, 40, rating.Charging), span(40, 60, rating.Parking)}},
		{
			"T14 a pause of ours is no parking",
			[]Segment{g(0, 20, StateCharging, CauseUnknown), g(20, 30, StateSuspendedEVSE, CauseLimit), g(30, 50, StateCharging, CauseUnknown), g(50, 60, StateEVConnected, CauseFault)},
			[]rating.Span{span(0, 20, rating.Charging), span(20, 30, rating.Paused), span(30, 50, rating.Charging), span(50, 60, rating.Paused)},
		},
		{
			"connected before charging waits, after it parks",
			[]Segment{g(0, 10, StateEVConnected, CauseUnknown), g(10, 50, StateCharging, CauseUnknown), g(50, -1, StateEVConnected, CauseUnknown)},
			[]rating.Span{span(0, 10, rating.Paused), span(10, 50, rating.Charging), span(50, 60, rating.Parking)},
		},
		{
			"one state in two segments is one span, a hole is charging, what is after the end is gone",
			[]Segment{g(10, 20, StateCharging, CauseUnknown), g(20, 30, StateCharging, CauseCar), g(40, 90, StateSuspendedEV, CauseCar)},
			[]rating.Span{span(0, 40, rating.Charging), span(40, 60, rating.Parking)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := charge()
			got := s.Measured(tt.segments, nil, &station.Quirks{}, s.EndedAt)
			if len(got.Timeline.Spans) != len(tt.want) {
				t.Fatalf("got %v, want %v", got.Timeline.Spans, tt.want)
			}
			for i, want := range tt.want {
				if got.Timeline.Spans[i] != want {
					t.Errorf("span %d: got %v, want %v", i, got.Timeline.Spans[i], want)
				}
			}
		})
	}
}

func TestMeasuredReadings(t *testing.T) {
	type point struct {
		minute int
		wh     int64
	}
	begin, end := point{0, 100_000}, point{60, 110_000}
	stepped := charge() // 4 kWh until the register began anew, 6 after it
	stepped.Last.Energy, stepped.Aside = 6_000_000, &Aside{Step: Step{To: Register{Known: true, Energy: 0, At: at(30)}}}
	fast := charge() // its clock was ten minutes ahead
	fast.ClockOffset = -10 * time.Minute
	late := reads(30, "105")
	late.ReceivedAt = at(20)
	tests := []struct {
		name   string
		of     Session
		frames []meter.Frame
		want   []point
	}{
		{"nothing between", charge(), nil, []point{begin, end}},
		{"between", charge(), []meter.Frame{reads(30, "105")}, []point{begin, {30, 105_000}, end}},
		{"out of their order", charge(), []meter.Frame{reads(40, "106"), reads(20, "103")}, []point{begin, {20, 103_000}, {40, 106_000}, end}},
		{"below the begin, above the end, outside", charge(), []meter.Frame{reads(10, "99"), reads(20, "111"), reads(-5, "101"), reads(70, "110")}, []point{begin, end}},
		{"one that goes back takes the higher before it away", charge(), []meter.Frame{reads(20, "108"), reads(40, "105")}, []point{begin, {40, 105_000}, end}},
		{"after a step it is counted from its end", stepped, []meter.Frame{reads(15, "102"), reads(45, "3")}, []point{begin, {15, 102_000}, {45, 107_000}, end}},
		{"by a clock that is ahead", fast, []meter.Frame{late}, []point{begin, {20, 105_000}, end}},
		{"no register at the begin", Session{StartedAt: at(0), EndedAt: at(60)}, []meter.Frame{reads(30, "105")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.of.Measured(nil, tt.frames, &station.Quirks{}, tt.of.EndedAt).Timeline.Readings
			if len(got) != len(tt.want) {
				t.Fatalf("got %d readings, want %v", len(got), tt.want)
			}
			for i, want := range tt.want {
				if e := unit.WattHour(want.wh).Milli(); !got[i].At.Equal(at(want.minute)) || *got[i].Energy != e {
					t.Errorf("reading %d: got %v at %v, want %v", i, *got[i].Energy, got[i].At, want)
				}
			}
		})
	}
}

func TestMeasuredWithoutLength(t *testing.T) {
	s := charge()
	s.EndedAt = s.StartedAt
	got := s.Measured(nil, nil, &station.Quirks{}, s.EndedAt)
	if got.Timeline != nil || len(got.Periods) != 1 || got.Periods[0].Energy.String() != "10.000000" {
		t.Errorf("got %+v, want one period of 10 kWh", got)
	}
}

// Whatever a transaction was, and in whatever order it was told, a rater can
// take it, and its energy is the session's.
func TestMeasuredIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom([]station.Version{station.OCPP16, station.OCPP201}).Draw(t, "version")
		all, _ := conversation(t, v)
		w := newWorld(t)
		for _, r := range rapid.Permutation(all).Draw(t, "order") {
			w.report(r)
		}
		for i := range w.sessions {
			s := &w.sessions[i]
			if s.EndedAt.IsZero() {
				continue
			}
			var segments []Segment
			for _, g := range w.segments[s.ID] {
				segments = append(segments, g)
			}
			sound(t, s, s.Measured(segments, w.frames, &w.station.Quirks, s.EndedAt))
		}
	})
}

func sound(t *rapid.T, s *Session, got rating.Session) {
	if got.Timeline == nil {
		return
	}
	at := s.StartedAt
	for _, span := range got.Timeline.Spans {
		if !span.From.Equal(at) || !span.To.After(at) {
			t.Fatalf("spans with a gap or a turn: %v", got.Timeline.Spans)
		}
		at = span.To
	}
	if !at.Equal(s.EndedAt) {
		t.Fatalf("the spans end at %v, want %v", at, s.EndedAt)
	}
	var first, last *unit.MilliWattHour
	before := time.Time{}
	for _, r := range got.Timeline.Readings {
		if !r.At.After(before) {
			t.Fatalf("two readings at %v", r.At)
		}
		before = r.At
		if r.Energy == nil {
			continue
		}
		if first == nil {
			first = r.Energy
		}
		if last != nil && *r.Energy < *last {
			t.Fatalf("the register goes back: %v", got.Timeline.Readings)
		}
		last = r.Energy
	}
	if first != nil && *last-*first != s.Energy {
		t.Fatalf("got %v of energy, want %v", *last-*first, s.Energy)
	}
}
