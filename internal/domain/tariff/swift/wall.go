package swift

import (
	"math"
	"time"
)

const (
	secondsPerDay = 24 * 60 * 60
	day           = 24 * time.Hour
)

// never is later than all that happens to a session.
const never = math.MaxInt64

// wall tells the location's clock and calendar along a track: a session or a
// reservation, whose instants are counted in nanoseconds since its origin.
type wall struct {
	zone        *time.Location
	origin      time.Time
	from, until int64 // while the zone keeps this offset
	local       int64 // Unix seconds of the origin, on the wall
}

func newWall(zone *time.Location, origin time.Time) wall {
	w := wall{zone: zone, origin: origin}
	w.load(0)
	return w
}

// load finds the offset of an instant.
func (w *wall) load(at int64) {
	t := w.origin.Add(time.Duration(at)).In(w.zone)
	_, offset := t.Zone()
	w.local = w.origin.Unix() + int64(offset)
	w.from, w.until = math.MinInt64, never
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		w.from = int64(start.Sub(w.origin))
	}
	if !end.IsZero() {
		w.until = int64(end.Sub(w.origin))
	}
}

// reading is what clock and calendar on the wall show.
type reading struct {
	day  int64 // since 1970-01-01
	time int64 // nanoseconds since midnight, as the clock shows it
}

// at returns what the wall shows at an instant.
func (w *wall) at(at int64) reading {
	if at < w.from || at >= w.until {
		w.load(at)
	}
	seconds, rest := floor(at+int64(w.origin.Nanosecond()), int64(time.Second))
	days, second := floor(w.local+seconds, secondsPerDay)
	return reading{days, second*int64(time.Second) + rest}
}

func (r reading) weekday() time.Weekday {
	const epoch = int64(time.Thursday)
	_, weekday := floor(r.day+epoch, 7)
	return time.Weekday(weekday)
}

// floor divides so that the rest is not negative.
func floor(n, d int64) (quotient, rest int64) {
	quotient, rest = n/d, n%d
	if rest < 0 {
		quotient, rest = quotient-1, rest+d
	}
	return quotient, rest
}

// window is a daily stretch of the wall's clock, in nanoseconds since midnight.
type window struct{ from, to int64 }

// contains reports whether the clock stands in the window; one that ends before it begins goes
// over midnight.
func (w window) contains(at int64) bool {
	if w.from < w.to {
		return at >= w.from && at < w.to
	}
	return at >= w.from || at < w.to
}

// parseWindow reads HH:MM twice. Without a start it begins the day, without an end, or at 00:00, it ends it. What is wrong is
// the start, the end, or that both are the same.
func parseWindow(start, end string) (w window, wrong string) {
	w.to = int64(day)
	if start != "" {
		at, ok := clockTime(start)
		if !ok {
			return w, "start"
		}
		w.from = at
	}
	if end != "" {
		at, ok := clockTime(end)
		if !ok {
			return w, "end"
		}
		if at != 0 {
			w.to = at
		}
	}
	if w.from == w.to {
		return w, "both"
	}
	return w, ""
}

// clockTime reads HH:MM.
func clockTime(text string) (int64, bool) {
	const length, hours, minutes = 5, 24, 60
	if len(text) != length || text[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	h, m := int64(text[0]-'0')*10+int64(text[1]-'0'), int64(text[3]-'0')*10+int64(text[4]-'0')
	return h*int64(time.Hour) + m*int64(time.Minute), h < hours && m < minutes
}

// calendarDay reads YYYY-MM-DD as days since 1970-01-01.
func calendarDay(text string) (int64, bool) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil || len(text) != len(time.DateOnly) {
		return 0, false
	}
	days, _ := floor(at.Unix(), secondsPerDay)
	return days, true
}
