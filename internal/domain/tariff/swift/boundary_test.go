package swift_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// tariffOf prices energy at 1 under restrictions, else at 2.
func tariffOf(r rating.Restrictions) rating.Tariff {
	return rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNone, Elements: []rating.Element{
		{Components: []rating.Component{{Dimension: rating.Energy, Price: dec("1")}}, Restrictions: r},
		{Components: []rating.Component{{Dimension: rating.Energy, Price: dec("2")}}},
	}}
}

// Each restriction lets its element apply on one side of its boundary and not on the other.
func TestRestrictionsAtTheirBoundaries(t *testing.T) {
	clock := func(start, end string) rating.Restrictions {
		return rating.Restrictions{StartTime: start, EndTime: end}
	}
	tests := []struct {
		name string
		r    rating.Restrictions
		at   string // in Europe/Berlin
		want bool
	}{
		{"before the start", clock("08:00", "10:00"), "2026-03-02T07:59:59.999999999+01:00", false},
		{"at the start", clock("08:00", "10:00"), "2026-03-02T08:00:00+01:00", true},
		{"before the end", clock("08:00", "10:00"), "2026-03-02T09:59:59.999999999+01:00", true},
		{"at the end", clock("08:00", "10:00"), "2026-03-02T10:00:00+01:00", false},
		{"T07 no start is the day's", clock("", "10:00"), "2026-03-02T00:00:00+01:00", true},
		{"T07 no end is the day's", clock("10:00", ""), "2026-03-02T23:59:59+01:00", true},
		{"T07 00:00 ends the day", clock("10:00", "00:00"), "2026-03-02T23:59:59+01:00", true},
		{"00:00 to 00:00 is the day", clock("00:00", "00:00"), "2026-03-02T12:00:00+01:00", true},
		{"wrapped, in the evening", clock("22:00", "06:00"), "2026-03-02T22:00:00+01:00", true},
		{"wrapped, before it", clock("22:00", "06:00"), "2026-03-02T21:59:59+01:00", false},
		{"wrapped, in the morning", clock("22:00", "06:00"), "2026-03-02T05:59:59+01:00", true},
		{"wrapped, after it", clock("22:00", "06:00"), "2026-03-02T06:00:00+01:00", false},
		{"T06 the hour that comes twice, first", clock("02:00", "03:00"), "2025-10-26T02:30:00+02:00", true},
		{"T06 the hour that comes twice, again", clock("02:00", "03:00"), "2025-10-26T02:30:00+01:00", true},
		{"T06 after both", clock("02:00", "03:00"), "2025-10-26T03:00:00+01:00", false},
		{"T06 the hour that is skipped: before", clock("02:00", "03:00"), "2026-03-29T01:59:59+01:00", false},
		{"T06 the hour that is skipped: after", clock("02:00", "03:00"), "2026-03-29T03:00:00+02:00", false},
		{"the first day", rating.Restrictions{StartDate: "2026-03-02"}, "2026-03-02T00:00:00+01:00", true},
		{"the day before", rating.Restrictions{StartDate: "2026-03-02"}, "2026-03-01T23:59:59+01:00", false},
		{"the last day's end", rating.Restrictions{EndDate: "2026-03-02"}, "2026-03-01T23:59:59+01:00", true},
		{"the day after", rating.Restrictions{EndDate: "2026-03-02"}, "2026-03-02T00:00:00+01:00", false},
		{"Monday", rating.Restrictions{Days: []time.Weekday{time.Monday}}, "2026-03-02T00:00:00+01:00", true},
		{"T07 Tuesday's first hours", rating.Restrictions{Days: []time.Weekday{time.Monday}, StartTime: "22:00", EndTime: "06:00"}, "2026-03-03T01:00:00+01:00", false},
		{"T07 Monday's own first hours", rating.Restrictions{Days: []time.Weekday{time.Monday}, StartTime: "22:00", EndTime: "06:00"}, "2026-03-02T01:00:00+01:00", true},
		{"1969 was long ago", rating.Restrictions{StartDate: "1960-02-29", EndDate: "1969-12-31"}, "2026-03-02T00:00:00+01:00", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := instant(tt.at)
			checkElement(t, tt.r, rating.Session{
				Start: at, End: at.Add(time.Hour), Periods: []rating.Period{{Start: at, Energy: new(dec("1"))}},
			}, 0, tt.want)
		})
	}
}

// checkElement looks which element gave the price in period i: the first, as wanted, or the second.
func checkElement(t *testing.T, r rating.Restrictions, s rating.Session, i int, want bool) {
	t.Helper()
	a, err := swift.Rate(&rating.Question{Tariff: tariffOf(r), Zone: "Europe/Berlin", Session: s})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Lines[i].Element == 0; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Thresholds of energy, duration, current and power are met at the least and not at the greatest.
func TestThresholdsAtTheirBoundaries(t *testing.T) {
	at := instant("2026-03-02T08:00:00Z")
	one, minute := new(dec("1.000000001")), new(int64(60))
	period := func(current string) rating.Session {
		return rating.Session{Start: at, End: at.Add(time.Hour), Periods: []rating.Period{{
			Start: at, Energy: new(dec("1")), MinCurrent: new(dec(current)), MaxCurrent: new(dec(current)), MinPower: new(dec(current)), MaxPower: new(dec(current)),
		}}}
	}
	later := func(energy string, after time.Duration) rating.Session {
		return rating.Session{Start: at, End: at.Add(time.Hour), Periods: []rating.Period{
			{Start: at, Energy: new(dec(energy))}, {Start: at.Add(after), Energy: new(dec("1"))},
		}}
	}
	tests := []struct {
		name string
		r    rating.Restrictions
		s    rating.Session
		want string // elements, by line
	}{
		{"less than min_kwh", rating.Restrictions{MinKWh: one}, later("1", time.Minute), "1"},
		{"min_kwh", rating.Restrictions{MinKWh: one}, later("1.000000001", time.Minute), "1 0"},
		{"less than max_kwh", rating.Restrictions{MaxKWh: one}, later("1", time.Minute), "0"},
		{"max_kwh", rating.Restrictions{MaxKWh: one}, later("1.000000001", time.Minute), "0 1"},
		{"before min_duration", rating.Restrictions{MinDuration: minute}, later("1", time.Minute-1), "1"},
		{"at min_duration", rating.Restrictions{MinDuration: minute}, later("1", time.Minute), "1 0"},
		{"before max_duration", rating.Restrictions{MaxDuration: minute}, later("1", time.Minute-1), "0"},
		{"at max_duration", rating.Restrictions{MaxDuration: minute}, later("1", time.Minute), "0 1"},
		{"a duration that no session has", rating.Restrictions{MinDuration: new(int64(9e18))}, later("1", time.Minute), "1"},
		{"less than min_current", rating.Restrictions{MinCurrent: one}, period("1"), "1"},
		{"min_current", rating.Restrictions{MinCurrent: one}, period("1.000000001"), "0"},
		{"less than max_current", rating.Restrictions{MaxCurrent: one}, period("1"), "0"},
		{"max_current", rating.Restrictions{MaxCurrent: one}, period("1.000000001"), "1"},
		{"less than min_power", rating.Restrictions{MinPower: one}, period("1"), "1"},
		{"min_power", rating.Restrictions{MinPower: one}, period("1.000000001"), "0"},
		{"less than max_power", rating.Restrictions{MaxPower: one}, period("1"), "0"},
		{"max_power", rating.Restrictions{MaxPower: one}, period("1.000000001"), "1"},
		{"a current that was not reported", rating.Restrictions{MaxCurrent: one}, later("1", time.Minute), "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := swift.Rate(&rating.Question{Tariff: tariffOf(tt.r), Zone: "UTC", Session: tt.s})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range a.Lines {
				got = append(got, fmt.Sprint(l.Element))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

// measured is a session of an hour with a register that goes from 1 to 4 kWh in it, read every so many seconds.
func measured(start time.Time, every time.Duration) rating.Session {
	s := rating.Session{Start: start, End: start.Add(time.Hour), Timeline: &rating.Timeline{}}
	s.Timeline.Spans = []rating.Span{{State: rating.Charging, From: s.Start, To: s.End}}
	for at := time.Duration(0); at <= time.Hour; at += every {
		register := unit.MilliWattHour(1_000_000 + 3_000_000*(at/time.Second)/(time.Hour/time.Second))
		s.Timeline.Readings = append(s.Timeline.Readings, rating.Reading{At: start.Add(at), Energy: &register})
	}
	return s
}

// T09: a session is split where prices change, and nowhere else, exactly.
func TestSplits(t *testing.T) {
	at := instant("2026-03-02T08:00:00Z")
	power := func(s rating.Session, watts ...unit.Watt) rating.Session {
		for i := range watts {
			s.Timeline.Readings[i].Power = &watts[i]
		}
		return s
	}
	paused := measured(at, time.Hour)
	paused.Timeline.Spans = []rating.Span{
		{State: rating.Charging, From: at, To: at.Add(10 * time.Minute)},
		{State: rating.Charging, From: at.Add(10 * time.Minute), To: at.Add(20 * time.Minute)},
		{State: rating.Paused, From: at.Add(20 * time.Minute), To: at.Add(30 * time.Minute)},
		{State: rating.Parking, From: at.Add(30 * time.Minute), To: at.Add(time.Hour)},
	}
	around := measured(at, 20*time.Minute)
	around.Start, around.End = at.Add(10*time.Minute), at.Add(50*time.Minute)
	around.Timeline.Spans = []rating.Span{{State: rating.Charging, From: around.Start, To: around.End}}
	tests := []struct {
		name string
		r    rating.Restrictions
		s    rating.Session
		want string // start in seconds, kWh, charging, parking; ? interpolated
	}{
		{"nothing changes", rating.Restrictions{}, measured(at, 10*time.Minute), "0 3 3600 0"},
		{"on a reading", rating.Restrictions{EndTime: "08:10"}, measured(at, 10*time.Minute), "0 1/2 600 0, 600 5/2 3000 0"},
		{"between readings", rating.Restrictions{EndTime: "08:10"}, measured(at, time.Hour), "0 1/2 600 0 ?, 600 5/2 3000 0 ?"},
		{"a threshold of energy", rating.Restrictions{MinKWh: new(dec("1.5"))}, measured(at, time.Hour), "0 3/2 1800 0 ?, 1800 3/2 1800 0 ?"},
		{"a threshold of energy on a reading", rating.Restrictions{MinKWh: new(dec("1.5"))}, measured(at, 30*time.Minute), "0 3/2 1800 0, 1800 3/2 1800 0"},
		{
			"a threshold between two nanoseconds",
			rating.Restrictions{MaxKWh: new(dec("0.000000000001"))},
			measured(at, time.Hour),
			"0 1/1000000000000 3/2500000000 0 ?, 0.000000002 2999999999999/1000000000000 8999999999997/2500000000 0 ?",
		},
		{"a threshold at the end", rating.Restrictions{MinKWh: new(dec("3"))}, measured(at, time.Hour), "0 3 3600 0"},
		{"states", rating.Restrictions{}, paused, "0 1 1200 0 ?, 1200 1/2 0 0 ?, 1800 3/2 0 1800 ?"},
		{"readings around the session", rating.Restrictions{}, around, "0 2 2400 0 ?"},
		{"consumed since the start, not since the first reading", rating.Restrictions{MinKWh: new(dec("1"))}, around, "0 1 1200 0 ?, 1200 1 1200 0 ?"},
		{
			"power, by the greater of two readings",
			rating.Restrictions{MaxPower: new(dec("2"))},
			power(measured(at, 15*time.Minute), 1000, 1999, 2000, 1000, 1000), "0 3/4 900 0, 900 3/2 1800 0, 2700 3/4 900 0",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := swift.Rate(&rating.Question{Tariff: tariffOf(tt.r), Zone: "UTC", Session: tt.s})
			if err != nil {
				t.Fatal(err)
			}
			if got := splits(a, tt.s.Start); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func splits(a *rating.Answer, start time.Time) string {
	var all []string
	for _, s := range a.Periods {
		text := fmt.Sprintf("%v %v %v %v", strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.9f", s.Start.Sub(start).Seconds()), "0"), "."), s.Energy, s.Charging, s.Parking)
		if s.Interpolated {
			text += " ?"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// A compiled tariff answers as a fresh one does, for any number of goroutines, and keeps nothing of the sessions before.
func TestCompiledIsReused(t *testing.T) {
	tariff := dayTariff()
	c, err := swift.Compile(&tariff, "Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	sessions := []rating.Session{splitSession(5), readSession(40), splitSession(200), readSession(12)}
	done := make(chan []string)
	for range 4 {
		go func() {
			var found []string
			for i := range 40 {
				q := rating.Question{
					Tariff: tariff, Zone: "Europe/Berlin", Session: sessions[i%len(sessions)], DefaultVAT: new(dec(fmt.Sprint(i))),
					Adjustments: []rating.Adjustment{{VAT: new(dec(fmt.Sprint(i, ".5"))), Surcharge: &rating.Surcharge{Amount: dec("1")}}},
				}
				again, err := c.Rate(&q)
				fresh, other := swift.Rate(&q)
				if err != nil || other != nil {
					found = append(found, fmt.Sprint(err, other))
					break
				}
				found = append(found, rating.Differ(again, fresh)...)
			}
			done <- found
		}()
	}
	for range 4 {
		for _, difference := range <-done {
			t.Error(difference)
		}
	}
}

// Mistakes of a compiled tariff are told when it is compiled, with the pointers of a question.
func TestCompileRefuses(t *testing.T) {
	tests := []struct {
		name, zone string
		change     func(*rating.Tariff)
		want       string
	}{
		{"an unknown zone", "Europe/Atlantis", func(*rating.Tariff) {}, "/zone"},
		{"the machine's zone", "Local", func(*rating.Tariff) {}, "/zone"},
		{"no zone", "", func(*rating.Tariff) {}, "/zone"},
		{"a price below 0", "UTC", func(t *rating.Tariff) { t.Elements[1].Components[0].Price = dec("-0.01") }, "/tariff/elements/1/components/0/price"},
		{"a least price above the greatest", "UTC", func(t *rating.Tariff) {
			t.MinPrice.Incl, t.MaxPrice.Incl = new(dec("2")), new(dec("1.99"))
		}, "/tariff/min_price/incl"},
		{"too many rates of tax", "UTC", func(t *rating.Tariff) {
			t.Elements = nil
			for i := range rating.RatesMost + 1 {
				t.Elements = append(t.Elements, rating.Element{Components: []rating.Component{{Dimension: rating.Flat, VAT: new(dec(fmt.Sprint(i)))}}})
			}
		}, "/tariff/elements/20/components/0/vat"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tariff := dayTariff()
			tt.change(&tariff)
			_, err := swift.Compile(&tariff, tt.zone)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want+": ") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
