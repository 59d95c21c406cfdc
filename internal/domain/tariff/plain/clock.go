package plain

import (
	"time"

	"pylon/internal/kernel/exact"
)

// A moment is a number of seconds of real time since an origin: exact, as
// energy reaches a threshold between two nanoseconds.

// calendar tells what the clock and the calendar on a wall show at a moment.
type calendar struct {
	zone   *time.Location
	origin time.Time // moment 0
}

// moment returns when t is. It is right within 292 years around the origin, and
// beyond them at least as far away.
func (c calendar) moment(t time.Time) exact.Number { return seconds(t.Sub(c.origin)) }

// before returns the last nanosecond that is not after a moment.
func (c calendar) before(moment exact.Number) time.Time {
	p, q := moment.Mul(exact.Int(time.Second.Nanoseconds())).Ratio()
	return c.origin.Add(time.Duration(p.Div(p, q).Int64())) // Div rounds down
}

// after returns the first nanosecond that is not before a moment.
func (c calendar) after(moment exact.Number) time.Time {
	p, q := moment.Mul(exact.Int(time.Second.Nanoseconds())).Ratio()
	p.Neg(p).Div(p, q)
	return c.origin.Add(time.Duration(-p.Int64()))
}

// wall is what one reads off the wall: minutes since midnight, and the day.
type wall struct {
	minute int
	date   date
	day    time.Weekday
}

func (c calendar) wall(moment exact.Number) wall {
	t := c.before(moment).In(c.zone)
	hour, minute, _ := t.Clock()
	return wall{hour*minutesPerHour + minute, dateOf(t), t.Weekday()}
}

// edges returns all moments from the origin to a moment at which the wall clock shows one of
// some minutes of the day, or is put forward or back. Some others may be among them.
func (c calendar) edges(until exact.Number, minutes []int) []exact.Number {
	var edges []exact.Number
	last := c.after(until)
	for from := c.origin; ; {
		// Until the clock is put forward or back the next time, it runs evenly.
		from = from.In(c.zone)
		_, change := from.ZoneBounds()
		name, offset := from.Zone()
		even := time.FixedZone(name, offset)
		end := last
		if !change.IsZero() && change.Before(last) {
			end = change
		}
		year, month, day := from.Date()
		for midnight := time.Date(year, month, day, 0, 0, 0, 0, even); !midnight.After(end); midnight = midnight.AddDate(0, 0, 1) {
			for _, minute := range minutes {
				edges = append(edges, c.moment(midnight.Add(time.Duration(minute)*time.Minute)))
			}
		}
		edges = append(edges, c.moment(end))
		if !end.Before(last) {
			return edges
		}
		from = end
	}
}

const (
	minutesPerHour = 60
	minutesPerDay  = 24 * minutesPerHour
)

// date is a day as yyyymmdd, 0 when there is none.
type date int

func dateOf(t time.Time) date {
	year, month, day := t.Date()
	return date(year*10_000 + int(month)*100 + day)
}

// parseDate reads YYYY-MM-DD, and "" as 0.
func parseDate(text string) (d date, ok bool) {
	if text == "" {
		return 0, true
	}
	t, err := time.Parse(time.DateOnly, text)
	return dateOf(t), err == nil
}

// parseMinute reads HH:MM as minutes since midnight, and "" as 0.
func parseMinute(text string) (minute int, ok bool) {
	if text == "" {
		return 0, true
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*minutesPerHour + t.Minute(), err == nil && len(text) == len("15:04")
}

// window is a stretch of every day, in minutes since midnight.
type window struct {
	start int // inclusive
	end   int // exclusive; before start: the window wraps around midnight
}

// parseWindow reads a start, 00:00 if it is "", and an end, the end of the day if it is "" or 00:00.
func parseWindow(start, end string) (w window, startOK, endOK bool) {
	w.start, startOK = parseMinute(start)
	w.end, endOK = parseMinute(end)
	if w.end == 0 {
		w.end = minutesPerDay
	}
	return w, startOK, endOK && w.start != w.end
}

func (w window) has(minute int) bool {
	if w.end < w.start {
		return minute >= w.start || minute < w.end
	}
	return w.start <= minute && minute < w.end
}

// seconds returns a duration as seconds.
func seconds(d time.Duration) exact.Number {
	return exact.Int(d.Nanoseconds()).Quo(exact.Int(time.Second.Nanoseconds()))
}
