// Package report adds up what happened, for people: it decides nothing that
// stations, drivers or bills depend on.
package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// Date is a calendar day as in ISO 8601, "2026-03-29": it sorts as it is.
type Date string

// DateOf returns the day of t in a time zone; one that this machine does not
// know counts as UTC.
func DateOf(t time.Time, zone string) Date {
	at, err := time.LoadLocation(zone)
	if err != nil {
		at = time.UTC
	}
	return Date(t.In(at).Format(time.DateOnly))
}

// Span returns a time before the day begins and one after it ends wherever on
// earth it is: zones are up to 14 hours ahead of UTC and 12 behind it. A day
// that is none is (zero, zero).
func (d Date) Span() (from, to time.Time) {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}, time.Time{}
	}
	return t.Add(-14 * time.Hour), t.Add((24 + 12) * time.Hour)
}

// Add returns the day n days later.
func (d Date) Add(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Date(t.AddDate(0, 0, n).Format(time.DateOnly))
}

// Charge is what usage needs of a session that has ended.
type Charge struct {
	Site      ident.SiteID
	StartedAt time.Time
	TimeZone  string // of the site when the session began
	Energy    unit.MilliWattHour
	Charging  time.Duration // how long energy flowed
}

// Day is what a station was used for on one day, by the clock on the wall of
// its site: the sessions that began on that day and have ended. A station that
// is moved has a row for each site.
type Day struct {
	Organisation ident.OrganisationID
	Station      ident.StationID
	Site         ident.SiteID // "": none
	Date         Date
	Sessions     int64
	Energy       unit.MilliWattHour
	Charging     time.Duration
	Version      int64
}

// Recount returns the rows of known, a station's of one day, as charges have
// them now: those that differ, with their next version. Charges of other days
// do not count. blank is a row without a site, figures and version.
func Recount(blank Day, known []Day, charges []Charge) []Day {
	sums := map[ident.SiteID]Day{}
	for _, k := range known { // a day that has lost its sessions stays, with nothing
		sums[k.Site] = blankOf(blank, k.Site)
	}
	for _, c := range charges {
		if DateOf(c.StartedAt, c.TimeZone) != blank.Date {
			continue
		}
		sum, ok := sums[c.Site]
		if !ok {
			sum = blankOf(blank, c.Site)
		}
		sum.Sessions++
		sum.Energy += c.Energy
		sum.Charging += c.Charging
		sums[c.Site] = sum
	}
	var changed []Day
	for sum := range maps.Values(sums) {
		i := slices.IndexFunc(known, func(k Day) bool { return k.Site == sum.Site })
		if i >= 0 {
			if sum.Version = known[i].Version; sum == known[i] {
				continue
			}
		}
		sum.Version++
		changed = append(changed, sum)
	}
	slices.SortFunc(changed, func(a, b Day) int { return cmp.Compare(a.Site, b.Site) })
	return changed
}

func blankOf(blank Day, site ident.SiteID) Day {
	blank.Site = site
	return blank
}

// Filter chooses days; zero fields do not choose.
type Filter struct {
	From, To Date // both included
	Station  ident.StationID
	Site     ident.SiteID
}
