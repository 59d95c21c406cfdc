package tariff

import (
	"slices"
	"time"

	"pylon/internal/kernel/rating"
)

// clockChange is a stretch of the wall clock that a night has twice, or not at
// all.
type clockChange struct {
	day      int64 // since 1970
	from, to int64 // minutes of the day
	twice    bool
}

// clockChanges tells of windows of time that a change of the clocks cuts, doubles or
// leaves out. OCPI tells no hour of the two apart.
func (l *linter) clockChanges() {
	if l.about.Zone == "" {
		return
	}
	zone, err := time.LoadLocation(l.about.Zone)
	if err != nil {
		l.add(Warning, ZoneUnknown, "", "zone", l.about.Zone)
		return
	}
	for _, change := range changes(zone, l.about.From) {
		for i := range l.terms.Priced.Elements {
			l.windowAt(change, i, &l.terms.Priced.Elements[i].Restrictions)
		}
	}
}

// changes returns what the clocks of a zone do in the year after a moment.
func changes(zone *time.Location, from time.Time) []clockChange {
	const most = 8 // Morocco changes four times a year
	var all []clockChange
	end := from.AddDate(1, 0, 0)
	for at := from.In(zone); len(all) < most; {
		_, next := at.ZoneBounds()
		if next.IsZero() || next.After(end) {
			break
		}
		_, was := next.Add(-time.Second).Zone()
		_, is := next.Zone()
		if c, ok := changeOf(next, was, is); ok {
			all = append(all, c)
		}
		at = next
	}
	return all
}

// changeOf returns what the clocks do at a moment, when their offsets from UTC
// change in seconds; false when that is nothing within one day.
func changeOf(at time.Time, was, is int) (clockChange, bool) {
	first := at.UTC().Add(time.Duration(min(was, is)) * time.Second) // on the wall: the first minute that comes twice, or never
	length := int64(max(was, is)-min(was, is)) / 60
	c := clockChange{day: first.Unix() / dayLength, from: minutes(first), to: minutes(first) + length, twice: is < was}
	return c, length > 0 && c.to <= midnight
}

// midnight is the end of a day in minutes.
const midnight = 24 * 60

func minutes(t time.Time) int64 { return int64(t.Hour()*60 + t.Minute()) }

func (l *linter) windowAt(c clockChange, element int, r *rating.Restrictions) {
	start, end := minuteOf(r.StartTime), minuteOf(r.EndTime)
	if start == nil && end == nil || !c.concerns(r) {
		return
	}
	if end != nil && *end == 0 {
		end = new(int64(midnight))
	}
	at := elementPointer(element) + "/restrictions"
	inside := start != nil && end != nil && *start >= c.from && *end <= c.to && *start < *end
	switch {
	case inside && c.twice:
		l.add(Hint, ClockRepeated, at, "date", date(c.day))
		return
	case inside:
		l.add(Hint, ClockSkipped, at, "date", date(c.day))
		return
	case !c.twice:
		return
	}
	if start != nil && *start > c.from && *start < c.to {
		l.add(Hint, ClockEdge, at+"/start_time", "date", date(c.day), "time", r.StartTime)
	}
	if end != nil && *end > c.from && *end < c.to {
		l.add(Hint, ClockEdge, at+"/end_time", "date", date(c.day), "time", r.EndTime)
	}
}

// concerns reports whether restrictions may be met on the day of the change.
func (c *clockChange) concerns(r *rating.Restrictions) bool {
	first, last := dayOf(r.StartDate), dayOf(r.EndDate)
	weekday := time.Unix(c.day*dayLength, 0).UTC().Weekday()
	return (first == nil || c.day >= *first) && (last == nil || c.day < *last) && (len(r.Days) == 0 || slices.Contains(r.Days, weekday))
}
