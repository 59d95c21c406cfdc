package swift

import (
	"math/rand"
	"testing"
	"time"

	"pylon/internal/kernel/rating"
)

// zones change their clocks by an hour, by half of one, at midnight, never, or leave a day out.
func zones(t *testing.T) []*time.Location {
	t.Helper()
	var all []*time.Location
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, zone)
	}
	return all
}

// The wall shows what the zone says, whichever way a track is gone through.
func TestWallShowsTheZonesTime(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	for _, zone := range zones(t) {
		for _, origin := range []time.Time{time.Unix(0, 999_999_999), time.Unix(1_325_000_000, 17), time.Unix(1_774_000_000, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
			w := newWall(zone, origin)
			for range 300 {
				at := r.Int63n(int64(400*day)) - int64(100*day)
				got, want := w.at(at), origin.Add(time.Duration(at)).In(zone)
				hour, minute, second := want.Clock()
				clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(want.Nanosecond())
				date, _ := calendarDay(want.Format(time.DateOnly))
				if got.time != int64(clock) || got.weekday() != want.Weekday() || got.day != date {
					t.Fatalf("%v: got %v %v %v", want, got.day, time.Duration(got.time), got.weekday())
				}
			}
		}
	}
}

func TestWindows(t *testing.T) {
	tests := []struct{ start, end, wrong string }{
		{"00:00", "23:59", ""},
		{"", "", ""},
		{"23:59", "", ""},
		{"00:00", "00:00", ""},
		{"", "00:00", ""},
		{"24:00", "", "start"},
		{"23:60", "", "start"},
		{"7:00", "", "start"},
		{"07-00", "", "start"},
		{"-1:00", "", "start"},
		{"", "0a:00", "end"},
		{"08:00", "08:000", "end"},
		{"08:00", "08:00", "both"},
	}
	for _, tt := range tests {
		if _, wrong := parseWindow(tt.start, tt.end); wrong != tt.wrong {
			t.Errorf("%q to %q: got %q, want %q", tt.start, tt.end, wrong, tt.wrong)
		}
	}
	for text, want := range map[string]bool{"2024-02-29": true, "2023-02-29": false, "2024-1-01": false, "24-01-01": false, "2024-01-01T": false, "1950-01-01": true} {
		if _, ok := calendarDay(text); ok != want {
			t.Errorf("%s: got %v, want %v", text, ok, want)
		}
	}
}

// Quiet time counted in one go is what looking at each minute gives, clock changes or not.
func TestQuietTime(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	clock := func() string { return time.Unix(r.Int63n(1440)*60, 0).UTC().Format("15:04") }
	for _, zone := range zones(t) {
		for range 30 {
			var windows []rating.Window
			for range r.Intn(4) {
				if w := (rating.Window{Start: clock(), End: clock()}); w.Start != w.End {
					windows = append(windows, w)
				}
			}
			origin := time.Unix(1_711_756_800+r.Int63n(300)*86400, 0) // from the spring of 2024 on
			q := quietTime{windows: (&reader{}).quiet(windows), wall: newWall(zone, origin)}
			from, minutes := r.Int63n(3000), r.Int63n(4000)
			q.count(from*int64(time.Minute), times(minutes*60, perOne))
			want := int64(0)
			for i := from; i < from+minutes; i++ {
				if !quietAt(windows, origin.Add(time.Duration(i)*time.Minute).In(zone)) {
					want += 60
				}
			}
			if got := q.loud.ratio(); got.cmp(whole(want)) != 0 {
				t.Fatalf("%v from minute %d of %v for %d with %v: got %v, want %d", zone, from, origin, minutes, windows, got, want)
			}
		}
	}
}

func quietAt(windows []rating.Window, local time.Time) bool {
	now := local.Format("15:04")
	for _, w := range windows {
		end := w.End
		if end == "00:00" {
			end = "24:00"
		}
		if w.Start < end && now >= w.Start && now < end || w.Start > end && (now >= w.Start || now < end) {
			return true
		}
	}
	return false
}

// What is left of a nanosecond counts where it begins.
func TestQuietTimeBelowANanosecond(t *testing.T) {
	tests := []struct{ start, want string }{
		{"2024-03-01T06:59:58Z", "0"},                     // quiet, all of it
		{"2024-03-01T06:59:59Z", "1/2000000000"},          // what comes after 07:00
		{"2024-03-01T07:00:00Z", "2000000001/2000000000"}, // none is
	}
	for _, tt := range tests {
		at, err := time.Parse(time.RFC3339, tt.start)
		if err != nil {
			t.Fatal(err)
		}
		q := quietTime{windows: []window{{0, int64(7 * time.Hour)}}, wall: newWall(time.UTC, at)}
		q.count(0, fixed{lo: perOne + perNano/2})
		if got := q.loud.ratio().String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.start, got, tt.want)
		}
	}
}
