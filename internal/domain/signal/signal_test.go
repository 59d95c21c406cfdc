package signal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/signal"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
)

var t0 = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return t0.Add(time.Duration(minutes) * time.Minute) }

func point(from, until int, value int64) signal.Point {
	d := decimal.FromInt(value, 0)
	return signal.Point{Series: "srs_1", From: at(from), Until: at(until), Value: d, First: d, ToldAt: t0}
}

func TestCheck(t *testing.T) {
	good := signal.Series{Name: "spot", Kind: signal.Price, Currency: "EUR", Resolution: 15}
	for _, c := range []struct {
		name   string
		change func(*signal.Series)
		want   string
	}{
		{"good", func(*signal.Series) {}, ""},
		{"a share", func(s *signal.Series) { s.Kind, s.Currency, s.Resolution = signal.Share, "", 0 }, ""},
		{"no name", func(s *signal.Series) { s.Name = "" }, "/name"},
		{"a name that begins with a space", func(s *signal.Series) { s.Name = " a" }, "/name"},
		{"a name of 64 bytes", func(s *signal.Series) { s.Name = strings.Repeat("a", 64) }, ""},
		{"a name of 65 bytes", func(s *signal.Series) { s.Name = strings.Repeat("a", 65) }, "/name"},
		{"a name with a line break", func(s *signal.Series) { s.Name = "a\nb" }, "/name"},
		{"no kind", func(s *signal.Series) { s.Kind = "" }, "/kind"},
		{"a price without currency", func(s *signal.Series) { s.Currency = "" }, "/currency"},
		{"no currency of this world", func(s *signal.Series) { s.Currency = "EURO" }, "/currency"},
		{"a share in euros", func(s *signal.Series) { s.Kind = signal.Share }, "/currency"},
		{"half hours", func(s *signal.Series) { s.Resolution = 30 }, "/resolution_minutes"},
		{"much to say", func(s *signal.Series) { s.Description = strings.Repeat("a", 501) }, "/description"},
	} {
		s := good
		c.change(&s)
		if got := pointer(s.Check()); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// pointer is where an error points, "" for none.
func pointer(err error) string {
	if err == nil {
		return ""
	}
	e, ok := err.(*fault.Error) //nolint:errorlint // as it was made
	if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 {
		return err.Error()
	}
	return e.Fields[0].Pointer
}

func TestAccept(t *testing.T) {
	fixed := signal.Series{Kind: signal.Price, Resolution: 60}
	got, err := fixed.Accept([]rating.Point{{From: at(0), Value: decimal.FromInt(1, 0)}, {From: at(120), Value: decimal.FromInt(-2, 0)}}, time.Time{}, t0)
	if err != nil || len(got) != 2 || !got[0].Until.Equal(at(60)) || !got[1].Until.Equal(at(180)) {
		t.Errorf("by the hour: got %+v, %v", got, err)
	}
	free := signal.Series{Kind: signal.Price}
	got, err = free.Accept([]rating.Point{{From: at(0)}, {From: at(7)}}, at(90), t0)
	if err != nil || !got[0].Until.Equal(at(7)) || !got[1].Until.Equal(at(90)) {
		t.Errorf("free: got %+v, %v", got, err)
	}
}

// describe tells points as "from-until value", those that were corrected with what they were.
func describe(points []signal.Point) string {
	slices.SortFunc(points, func(a, b signal.Point) int { return a.From.Compare(b.From) })
	var all []string
	for _, p := range points {
		text := fmt.Sprintf("%d-%d %s", int(p.From.Sub(t0).Minutes()), int(p.Until.Sub(t0).Minutes()), p.Value)
		if !p.CorrectedAt.IsZero() {
			text += " was " + p.First.String()
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		name      string
		was, told []signal.Point
		put, gone string
		corrected int
	}{
		{"nothing was there", nil, []signal.Point{point(0, 15, 1), point(15, 30, 2)}, "0-15 1, 15-30 2", "", 0},
		{"the same again", []signal.Point{point(0, 15, 1)}, []signal.Point{point(0, 15, 1)}, "", "", 0},
		{"another value", []signal.Point{point(0, 15, 1), point(15, 30, 2)}, []signal.Point{point(15, 30, 3)}, "15-30 3 was 2", "", 1},
		{"a hole is filled", []signal.Point{point(0, 15, 1), point(30, 45, 3)}, []signal.Point{point(15, 30, 2)}, "15-30 2", "", 0},
		{"the middle of one", []signal.Point{point(0, 60, 1)}, []signal.Point{point(20, 40, 2)}, "0-20 1, 20-40 2 was 2, 40-60 1", "", 1},
		{"the beginning of one", []signal.Point{point(0, 60, 1)}, []signal.Point{point(0, 20, 2)}, "0-20 2 was 1, 20-60 1", "", 1},
		{"several", []signal.Point{point(0, 20, 1), point(20, 40, 2), point(40, 60, 3)}, []signal.Point{point(10, 50, 9)}, "0-10 1, 10-50 9 was 9, 50-60 3", "20-40 2, 40-60 3", 1},
		{"longer, the same value", []signal.Point{point(0, 20, 1)}, []signal.Point{point(0, 40, 1)}, "0-40 1", "", 0},
		{"two within one", []signal.Point{point(0, 60, 1)}, []signal.Point{point(10, 20, 2), point(30, 40, 1)}, "0-10 1, 10-20 2 was 2, 20-30 1, 30-40 1, 40-60 1", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := signal.Merge(c.was, c.told, t0)
			if describe(got.Put) != c.put || describe(got.Gone) != c.gone || got.Corrected != c.corrected {
				t.Errorf("got  %q, gone %q, %d corrected\nwant %q, gone %q, %d", describe(got.Put), describe(got.Gone), got.Corrected, c.put, c.gone, c.corrected)
			}
		})
	}
}

// Whatever is told in whatever order: each minute has the value that was told of it last, no
// two points overlap, and to tell the same again changes nothing.
func TestLastWordCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const minutes = 60
		var want [minutes]int64 // 0: nothing was told
		stored := map[time.Time]signal.Point{}
		for range rapid.IntRange(1, 8).Draw(t, "tellings") {
			told := telling(t, minutes)
			for range 2 { // the second time nothing changes
				c := signal.Merge(sorted(stored), told, t0)
				apply(t, stored, &c)
			}
			if c := signal.Merge(sorted(stored), told, t0); !c.Empty() || c.Corrected != 0 {
				t.Fatalf("told again: %+v", c)
			}
			for _, p := range told {
				for m := int(p.From.Sub(t0).Minutes()); m < int(p.Until.Sub(t0).Minutes()); m++ {
					want[m], _, _ = p.Value.Scaled(0)
				}
			}
		}
		var got [minutes]int64
		for _, p := range sorted(stored) {
			for m := int(p.From.Sub(t0).Minutes()); m < int(p.Until.Sub(t0).Minutes()); m++ {
				if got[m] != 0 {
					t.Fatalf("two points hold at minute %d: %s", m, describe(sorted(stored)))
				}
				got[m], _, _ = p.Value.Scaled(0)
			}
		}
		if got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// telling draws points in order, with holes between them.
func telling(t *rapid.T, minutes int) []signal.Point {
	var told []signal.Point
	for m := rapid.IntRange(0, minutes-1).Draw(t, "start"); m < minutes && len(told) < 6; {
		until := min(minutes, m+rapid.IntRange(1, 20).Draw(t, "length"))
		told = append(told, point(m, until, rapid.Int64Range(1, 3).Draw(t, "value")))
		m = until + rapid.IntRange(0, 5).Draw(t, "hole")
	}
	return told
}

func sorted(stored map[time.Time]signal.Point) []signal.Point {
	var all []signal.Point
	for _, p := range stored {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b signal.Point) int { return a.From.Compare(b.From) })
	return all
}

func apply(t *rapid.T, stored map[time.Time]signal.Point, c *signal.Change) {
	for _, p := range c.Gone {
		delete(stored, p.From)
	}
	put := map[time.Time]bool{}
	for _, p := range c.Put {
		if put[p.From] {
			t.Fatalf("a point is written twice: %+v", c.Put)
		}
		put[p.From], stored[p.From] = true, p
	}
}

func TestDuring(t *testing.T) {
	whole, until, ok := signal.During([]signal.Point{point(0, 15, 1), point(15, 30, 2)})
	if !ok || len(whole) != 2 || !until.Equal(at(30)) {
		t.Errorf("got %v until %s, %t", whole, until, ok)
	}
	part, until, ok := signal.During([]signal.Point{point(0, 15, 1), point(30, 45, 2)})
	if ok || len(part) != 1 || !until.Equal(at(15)) {
		t.Errorf("with a hole: got %v until %s, %t", part, until, ok)
	}
	if none, _, ok := signal.During(nil); !ok || none != nil {
		t.Errorf("none: got %v, %t", none, ok)
	}
}
