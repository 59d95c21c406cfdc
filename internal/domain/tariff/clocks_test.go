package tariff_test

import (
	"testing"
	"time"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
)

// A session is not priced by clocks that go otherwise than when it began.
func TestClocksOfTheStart(t *testing.T) {
	summer := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC) // in Berlin
	snapshot := tariff.Snapshot{Zone: "Europe/Berlin", Terms: elements(element(free, "ENERGY 0.5"))}.WithClocks(noon)
	if got := snapshot.Clocks; len(got) != 5 || !got[1].From.Equal(summer) || got[0].Offset != 3600 || got[1].Offset != 7200 {
		t.Fatalf("got %+v, want two years with a summer each", got)
	}
	ask := func(s tariff.Snapshot, from time.Time) error {
		_, err := s.Question(rating.Session{Start: from, End: from.Add(3 * time.Hour)}, nil)
		return err
	}
	moved := func(by time.Duration) tariff.Snapshot {
		other := snapshot
		other.Clocks = append([]tariff.Clock{}, snapshot.Clocks...)
		other.Clocks[1].From = summer.Add(by)
		return other
	}
	night := summer.Add(-time.Hour)
	gone := moved(0)
	gone.Clocks[1].Offset = 3600 // no summer time, as was decided once
	for _, c := range []struct {
		name string
		s    tariff.Snapshot
		from time.Time
		ok   bool
	}{
		{"as it was, through the night", snapshot, night, true},
		{"as it was, in winter", snapshot, night.AddDate(0, -1, 0), true},
		{"nobody noted them", tariff.Snapshot{Zone: "Europe/Berlin", Terms: snapshot.Terms}, night, true},
		{"of a year before", snapshot, night.AddDate(-1, 0, 0), true},
		{"an hour later, through the night", moved(time.Hour), night, false},
		{"an hour later, the day before", moved(time.Hour), night.AddDate(0, 0, -1), true},
		{"an hour later, the day after", moved(time.Hour), night.AddDate(0, 0, 1), true},
		{"no summer, in it", gone, night.AddDate(0, 2, 0), false},
		{"another zone", tariff.Snapshot{Zone: "Europe/Oslo", Clocks: gone.Clocks}, night, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := ask(c.s, c.from); (err == nil) != c.ok || err != nil && (fault.CodeOf(err) != "zone_changed" || !fault.Is(err, fault.Invalid)) {
				t.Errorf("got %v, want it priced: %t", err, c.ok)
			}
		})
	}
	if s := (tariff.Snapshot{Zone: "Europe/Nowhere"}).WithClocks(noon); s.Clocks != nil {
		t.Errorf("no such zone: got %+v", s.Clocks)
	}
}
