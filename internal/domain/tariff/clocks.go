package tariff

import (
	"slices"
	"time"
)

// Clock is what the clocks of a zone show from a moment on. The database of time
// zones has a version, which Go does not tell; so what a price may depend on is
// noted itself.
type Clock struct {
	From   time.Time `json:"from"`
	Offset int       `json:"offset_s"` // seconds east of UTC
}

// clockYears is for how long clocks are noted, from the beginning of the year: no
// session of the year is longer, and all of them share one snapshot.
const clockYears = 2

// WithClocks returns the snapshot with its zone's clocks as they are known now, from
// the beginning of the year of a moment on.
func (s Snapshot) WithClocks(at time.Time) Snapshot {
	year := time.Date(at.UTC().Year(), time.January, 1, 0, 0, 0, 0, time.UTC)
	s.Clocks = clocksOf(s.Zone, year, year.AddDate(clockYears, 0, 0))
	return s
}

// moved reports whether the clocks go otherwise between two moments than the
// snapshot has noted.
func (s *Snapshot) moved(from, to time.Time) bool {
	if len(s.Clocks) == 0 || from.Before(s.Clocks[0].From) {
		return false
	}
	noted := []Clock{s.Clocks[0]}
	for _, c := range s.Clocks {
		switch {
		case !c.From.After(from):
			noted[0] = c
		case !c.From.After(to):
			noted = append(noted, c)
		}
	}
	noted[0].From = from
	return !slices.EqualFunc(noted, clocksOf(s.Zone, from, to), func(a, b Clock) bool { return a.From.Equal(b.From) && a.Offset == b.Offset })
}

// clocksOf returns what the clocks of a zone show from one moment to another; none
// when there is no such zone, which a rater says.
func clocksOf(name string, from, to time.Time) []Clock {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	var all []Clock
	for at := from; ; {
		_, offset := at.In(zone).Zone()
		all = append(all, Clock{at.UTC(), offset})
		_, next := at.In(zone).ZoneBounds()
		if next.IsZero() || next.After(to) {
			return all
		}
		at = next
	}
}
