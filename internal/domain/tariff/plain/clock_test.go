package plain

import (
	"slices"
	"testing"
	"time"

	"pylon/internal/kernel/exact"
)

// Between two edges the wall shows the same side of every window and the same day: looked at every ten seconds, of which no clock on earth changes in between.
func TestEdgesAreAllThereAre(t *testing.T) {
	for _, tt := range []struct{ zone, from string }{
		{"UTC", "2024-01-15T12:00:00Z"},
		{"Europe/Berlin", "2025-03-29T22:30:30Z"},
		{"Europe/Berlin", "2025-10-25T22:30:00Z"},
		{"America/Sao_Paulo", "2017-10-15T01:00:00Z"},
		{"America/Sao_Paulo", "2018-02-18T00:00:00Z"},
		{"Australia/Lord_Howe", "2025-04-05T12:00:00Z"},
		{"Asia/Kathmandu", "2024-12-31T16:00:00Z"},
		{"Pacific/Apia", "2011-12-30T08:00:00Z"},
		{"Africa/Monrovia", "1972-01-06T20:00:00Z"}, // from 44 minutes and 30 seconds behind to none
	} {
		t.Run(tt.zone, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			from, err := time.Parse(time.RFC3339, tt.from)
			if err != nil {
				t.Fatal(err)
			}
			const seconds = 30 * 3600
			c := calendar{zone, from}
			w := window{2*60 + 30, 60} // 02:30 to 01:00
			edges := map[string]bool{}
			for _, edge := range c.edges(exact.Int(seconds), []int{0, w.start, w.end}) {
				edges[edge.String()] = true
			}
			last, changes := c.wall(exact.Int(0)), 0
			for second := int64(0); second < seconds; second += 10 {
				moment := exact.Int(second)
				now := c.wall(moment)
				if now.date == last.date && now.day == last.day && w.has(now.minute) == w.has(last.minute) {
					continue
				}
				if changes++; !edges[moment.String()] {
					t.Errorf("no edge after %d seconds, when the wall shows %v after %v", second, now, last)
				}
				last = now
			}
			if changes == 0 {
				t.Error("nothing changed")
			}
		})
	}
}

func TestMoments(t *testing.T) {
	c := calendar{time.UTC, time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC)}
	third := exact.Fraction(1, 3)
	for _, tt := range []struct {
		name string
		got  time.Time
		want time.Duration
	}{
		{"a third, before", c.before(third), 333_333_333},
		{"a third, after", c.after(third), 333_333_334},
		{"whole, before", c.before(exact.Int(1)), time.Second},
		{"whole, after", c.after(exact.Int(1)), time.Second},
		{"below zero, before", c.before(third.Neg()), -333_333_334},
		{"below zero, after", c.after(third.Neg()), -333_333_333},
	} {
		if got := tt.got.Sub(c.origin); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestWindows(t *testing.T) {
	for _, tt := range []struct {
		name, start, end string
		in, out          []int
	}{
		{"plain", "09:00", "18:00", []int{9 * 60, 18*60 - 1}, []int{0, 9*60 - 1, 18 * 60}},
		{"wraps", "22:00", "06:00", []int{22 * 60, 0, 6*60 - 1}, []int{22*60 - 1, 6 * 60}},
		{"until midnight", "22:00", "00:00", []int{22 * 60, minutesPerDay - 1}, []int{0, 22*60 - 1}},
		{"only a start", "22:00", "", []int{22 * 60, minutesPerDay - 1}, []int{0, 22*60 - 1}},
		{"only an end", "", "06:00", []int{0, 6*60 - 1}, []int{6 * 60}},
		{"the whole day", "00:00", "00:00", []int{0, minutesPerDay - 1}, nil},
		{"nothing said", "", "", []int{0, minutesPerDay - 1}, nil},
	} {
		w, startOK, endOK := parseWindow(tt.start, tt.end)
		if !startOK || !endOK {
			t.Fatalf("%s: not read", tt.name)
		}
		for _, minute := range tt.in {
			if !w.has(minute) {
				t.Errorf("%s: minute %d is outside", tt.name, minute)
			}
		}
		for _, minute := range tt.out {
			if w.has(minute) {
				t.Errorf("%s: minute %d is inside", tt.name, minute)
			}
		}
	}
}

func TestSeries(t *testing.T) {
	s := series{{exact.Int(10), exact.Int(5)}, {exact.Int(13), exact.Int(5)}, {exact.Int(16), exact.Int(6)}}
	for _, tt := range []struct {
		moment                  exact.Number
		register, reach, around string
	}{
		{exact.Int(0), "5", "0", "none"},
		{exact.Int(10), "5", "0", "5 5"},
		{exact.Int(11), "5", "3", "5 5"},
		{exact.Int(13), "5", "0", "5 6"},
		{exact.Int(14), "16/3", "3", "5 6"},
		{exact.Int(16), "6", "0", "none"},
		{exact.Int(99), "6", "0", "none"},
	} {
		around := "none"
		if b := s.bounds(tt.moment); b.least != nil {
			around = b.least.String() + " " + b.greatest.String()
		}
		got := []string{s.register(tt.moment).String(), s.stretch(tt.moment).String(), around}
		if want := []string{tt.register, tt.reach, tt.around}; !slices.Equal(got, want) {
			t.Errorf("at %s: got %v, want %v", tt.moment, got, want)
		}
	}
	if at, ok := s.reaches(exact.Fraction(16, 3)); !ok || !at.Equal(exact.Int(14)) {
		t.Errorf("got %s, %t, want 14", at, ok)
	}
	for _, never := range []exact.Number{exact.Int(5), exact.Int(7)} {
		if at, ok := s.reaches(never); ok {
			t.Errorf("%s: got %s, want never", never, at)
		}
	}
}
