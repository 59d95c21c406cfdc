package plan

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/decimal"
)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", text, berlin(t))
	if err != nil {
		t.Fatal(err)
	}
	return when.UTC()
}

func dec(t testing.TB, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMonths(t *testing.T) {
	for _, tt := range []struct {
		at   string
		want Month
	}{
		{"2026-02-28 23:59", "2026-02"},
		{"2026-03-01 00:00", "2026-03"},
		{"2025-12-31 23:59", "2025-12"},
		{"2026-10-25 02:30", "2026-10"},
	} {
		if got := MonthOf(at(t, tt.at), berlin(t)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.at, got, tt.want)
		}
	}
	if got := Month("2026-01").Add(-1); got != "2025-12" {
		t.Errorf("before January: got %s", got)
	}
	if got := Month("2026-12").Add(14); got != "2028-02" {
		t.Errorf("after: got %s", got)
	}
	if got := Month("2026-03").End(berlin(t)); !got.Equal(at(t, "2026-04-01 00:00")) {
		t.Errorf("the end of March: got %s", got)
	}
	for _, bad := range []string{"", "2026-13", "2026-1", "26-01", "2026-01-01", "next"} {
		if m, err := ParseMonth(bad); err == nil {
			t.Errorf("%q is %s", bad, m)
		}
	}
}

// A day costs when the subscription is in force at any moment of it.
func TestProration(t *testing.T) {
	p := Plan{Currency: "EUR", Terms: Terms{Fee: Fee{Amount: 1000}, Allowance: &Allowance{Energy: 31_000_000}}}
	for _, tt := range []struct {
		name        string
		month       Month
		from, until string
		pauses      [][2]string
		days, all   int
		fee         int64
	}{
		{"a whole month", "2026-05", "2026-01-01 00:00", "", nil, 31, 31, 1000},
		{"February", "2026-02", "2026-01-01 00:00", "", nil, 28, 28, 1000},
		{"it begins on the first, at noon", "2026-05", "2026-05-01 12:00", "", nil, 31, 31, 1000},
		{"it begins on the 21st", "2026-05", "2026-05-21 23:59", "", nil, 11, 31, 355},
		{"it begins on the last, just before midnight", "2026-05", "2026-05-31 23:59", "", nil, 1, 31, 32},
		{"it begins later", "2026-05", "2026-06-01 00:00", "", nil, 0, 31, 0},
		{"it ended before", "2026-05", "2026-01-01 00:00", "2026-05-01 00:00", nil, 0, 31, 0},
		{"it ends on the first, at noon", "2026-05", "2026-01-01 00:00", "2026-05-01 12:00", nil, 1, 31, 32},
		{"it ends with the 10th", "2026-05", "2026-01-01 00:00", "2026-05-11 00:00", nil, 10, 31, 323},
		{"it begins and ends on a day", "2026-05", "2026-05-11 10:00", "2026-05-11 11:00", nil, 1, 31, 32},
		{"it ends when it begins", "2026-05", "2026-05-11 10:00", "2026-05-11 10:00", nil, 0, 31, 0},
		{"paused for hours of a day", "2026-05", "2026-01-01 00:00", "", [][2]string{{"2026-05-11 01:00", "2026-05-11 23:00"}}, 31, 31, 1000},
		{"paused for a day", "2026-05", "2026-01-01 00:00", "", [][2]string{{"2026-05-11 00:00", "2026-05-12 00:00"}}, 30, 31, 968},
		{"paused over two midnights", "2026-05", "2026-01-01 00:00", "", [][2]string{{"2026-05-10 10:00", "2026-05-12 10:00"}}, 30, 31, 968},
		{"paused each night", "2026-05", "2026-01-01 00:00", "", [][2]string{{"2026-05-10 22:00", "2026-05-11 05:00"}, {"2026-05-11 22:00", "2026-05-12 05:00"}}, 31, 31, 1000},
		{"two pauses that meet", "2026-05", "2026-01-01 00:00", "", [][2]string{{"2026-05-10 00:00", "2026-05-10 12:00"}, {"2026-05-10 12:00", "2026-05-11 00:00"}}, 30, 31, 968},
		{"paused since April", "2026-05", "2026-01-01 00:00", "", [][2]string{{"2026-04-10 00:00", ""}}, 0, 31, 0},
		{"paused since April, till the 30th", "2026-05", "2026-01-01 00:00", "", [][2]string{{"2026-04-10 00:00", "2026-05-30 00:00"}}, 2, 31, 65},
		{"the day of 23 hours", "2026-03", "2026-03-29 00:00", "2026-03-30 00:00", nil, 1, 31, 32},
		{"the day of 25 hours", "2026-10", "2026-10-25 23:30", "2026-10-26 00:00", nil, 1, 31, 32},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Subscription{From: at(t, tt.from)}
			if tt.until != "" {
				s.Until = at(t, tt.until)
			}
			for _, pause := range tt.pauses {
				p := Pause{From: at(t, pause[0])}
				if pause[1] != "" {
					p.Until = at(t, pause[1])
				}
				s.Pauses = append(s.Pauses, p)
			}
			days, all := s.Days(tt.month, berlin(t))
			fee, err := p.Fee(&s, tt.month, berlin(t))
			if days != tt.days || all != tt.all || fee != tt.fee || err != nil {
				t.Errorf("got %d of %d days, %d, %v; want %d of %d, %d", days, all, fee, err, tt.days, tt.all, tt.fee)
			}
			if got, want := int64(p.Granted(&s, tt.month, berlin(t))), int64(31_000_000*days/all); got != want {
				t.Errorf("granted %d mWh, want %d", got, want)
			}
		})
	}
}

// Whenever it begins, pauses and ends: each month costs between nothing and the
// whole fee, whole when it is in force throughout, nothing when it is not.
func TestProrationBounds(t *testing.T) {
	zone := berlin(t)
	rapid.Check(t, func(t *rapid.T) {
		hour := func(name string) time.Time {
			return time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Add(time.Duration(rapid.IntRange(0, 24*365).Draw(t, name)) * time.Hour)
		}
		s := Subscription{From: hour("from")}
		if rapid.Bool().Draw(t, "ends") {
			s.Until = hour("until")
		}
		last := s.From
		for range rapid.IntRange(0, 4).Draw(t, "pauses") {
			begin := last.Add(time.Duration(rapid.IntRange(0, 24*60).Draw(t, "after")) * time.Hour)
			end := begin.Add(time.Duration(rapid.IntRange(1, 24*60).Draw(t, "for")) * time.Hour)
			s.Pauses, last = append(s.Pauses, Pause{begin, end}), end
		}
		p := Plan{Currency: "EUR", Terms: Terms{Fee: Fee{Amount: rapid.Int64Range(0, feeMax).Draw(t, "fee")}}}
		for m := Month("2025-12"); m < "2027-03"; m = m.Add(1) {
			counted, all := s.Days(m, zone)
			want := 0
			for day := m.Begin(zone); day.Before(m.End(zone)); day = day.In(zone).AddDate(0, 0, 1) {
				for minute := day; minute.Before(day.In(zone).AddDate(0, 0, 1)); minute = minute.Add(time.Hour) {
					if s.State(minute) == Active {
						want++
						break
					}
				}
			}
			fee, err := p.Fee(&s, m, zone)
			if counted != want || err != nil || fee < 0 || fee > p.Terms.Fee.Amount || counted == all && fee != p.Terms.Fee.Amount || counted == 0 && fee != 0 {
				t.Fatalf("%s: %d of %d days, of which %d were active; %d of %d, %v", m, counted, all, want, fee, p.Terms.Fee.Amount, err)
			}
		}
	})
}
