package report_test

import (
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/report"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

const berlin = "Europe/Berlin"

// moment is a time in UTC.
func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A session belongs to the day on the wall of its site, also on the days on
// which the clock is changed.
func TestDateOf(t *testing.T) {
	for _, c := range []struct {
		name, at, zone string
		want           report.Date
	}{
		{"the last moment of a day", "2026-03-01T22:59:59Z", berlin, "2026-03-01"},
		{"midnight", "2026-03-01T23:00:00Z", berlin, "2026-03-02"},
		{"the short day begins in winter time", "2026-03-28T23:00:00Z", berlin, "2026-03-29"},
		{"the short day ends in summer time", "2026-03-29T21:59:59Z", berlin, "2026-03-29"},
		{"the day after the short one", "2026-03-29T22:00:00Z", berlin, "2026-03-30"},
		{"the long day begins in summer time", "2026-10-24T22:00:00Z", berlin, "2026-10-25"},
		{"the hour that comes twice, first", "2026-10-25T00:30:00Z", berlin, "2026-10-25"},
		{"the hour that comes twice, again", "2026-10-25T01:30:00Z", berlin, "2026-10-25"},
		{"the long day ends in winter time", "2026-10-25T22:59:59Z", berlin, "2026-10-25"},
		{"ahead of all", "2026-03-01T10:00:00Z", "Pacific/Kiritimati", "2026-03-02"},
		{"behind all", "2026-03-02T11:59:59Z", "Etc/GMT+12", "2026-03-01"},
		{"no zone", "2026-03-01T23:30:00Z", "", "2026-03-01"},
		{"a zone that nobody knows", "2026-03-01T23:30:00Z", "Mars/Olympus", "2026-03-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := moment(t, c.at)
			got := report.DateOf(at, c.zone)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if from, to := got.Span(); at.Before(from) || !at.Before(to) {
				t.Errorf("%s is not within %s to %s", at, from, to)
			}
		})
	}
}

func TestDate(t *testing.T) {
	if got := report.Date("2026-02-28").Add(1); got != "2026-03-01" {
		t.Errorf("got %s", got)
	}
	if got := report.Date("2026-01-01").Add(-1); got != "2025-12-31" {
		t.Errorf("got %s", got)
	}
	if from, to := report.Date("someday").Span(); !from.IsZero() || !to.IsZero() || report.Date("someday").Add(1) != "someday" {
		t.Errorf("of no day: %s to %s", from, to)
	}
}

func TestRecount(t *testing.T) {
	blank := report.Day{Organisation: "org_x", Station: "sta_x", Date: "2026-03-29"}
	day := func(site ident.SiteID, sessions int64, energy unit.MilliWattHour, version int64) report.Day {
		d := blank
		d.Site, d.Sessions, d.Energy, d.Charging, d.Version = site, sessions, energy, time.Duration(sessions)*time.Minute, version
		return d
	}
	charge := func(site ident.SiteID, at string, energy unit.MilliWattHour) report.Charge {
		return report.Charge{Site: site, StartedAt: moment(t, at), TimeZone: berlin, Energy: energy, Charging: time.Minute}
	}
	in, before, after := "2026-03-29T12:00:00Z", "2026-03-28T22:59:59Z", "2026-03-29T22:00:00Z"
	for _, c := range []struct {
		name    string
		known   []report.Day
		charges []report.Charge
		want    []report.Day
	}{
		{"nothing", nil, nil, nil},
		{"the first", nil, []report.Charge{charge("a", in, 5)}, []report.Day{day("a", 1, 5, 1)}},
		{"those of the days beside it", nil, []report.Charge{charge("a", before, 5), charge("a", in, 7), charge("a", after, 9)}, []report.Day{day("a", 1, 7, 1)}},
		{"it is so already", []report.Day{day("a", 1, 5, 4)}, []report.Charge{charge("a", in, 5)}, nil},
		{"one more", []report.Day{day("a", 1, 5, 4)}, []report.Charge{charge("a", in, 5), charge("a", in, 6)}, []report.Day{day("a", 2, 11, 5)}},
		{"corrected", []report.Day{day("a", 1, 5, 4)}, []report.Charge{charge("a", in, 6)}, []report.Day{day("a", 1, 6, 5)}},
		{"moved to another day", []report.Day{day("a", 1, 5, 4)}, []report.Charge{charge("a", after, 5)}, []report.Day{day("a", 0, 0, 5)}},
		{"the station was moved", []report.Day{day("a", 1, 5, 4)}, []report.Charge{charge("a", in, 5), charge("b", in, 6)}, []report.Day{day("b", 1, 6, 1)}},
		{"to two sites", nil, []report.Charge{charge("b", in, 1), charge("a", in, 2), charge("", in, 3)}, []report.Day{day("", 1, 3, 1), day("a", 1, 2, 1), day("b", 1, 1, 1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := report.Recount(blank, c.known, c.charges); !slices.Equal(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
