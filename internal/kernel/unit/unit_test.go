package unit_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/unit"
)

func TestWattHours(t *testing.T) {
	for _, c := range []struct {
		name string
		e    unit.MilliWattHour
		want unit.WattHour
	}{
		{"nothing", 0, 0},
		{"just below half", 499, 0},
		{"half", 500, 1},
		{"just below one and a half", 1_499, 1},
		{"one and a half", 1_500, 2},
		{"whole", 12_345_000, 12_345},
		{"export just below half", -499, 0},
		{"export half", -500, -1},
		{"export one and a half", -1_500, -2},
		{"largest", math.MaxInt64, 9_223_372_036_854_776},
		{"smallest", math.MinInt64, -9_223_372_036_854_776},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.e.WattHours(); got != c.want {
				t.Errorf("%d mWh: got %d Wh, want %d", c.e, got, c.want)
			}
		})
	}
}

// Rounding loses half a watt-hour at most, knows no direction, and leaves
// whole watt-hours alone.
func TestWattHoursRound(t *testing.T) {
	const half = 500
	rapid.Check(t, func(t *rapid.T) {
		e := unit.MilliWattHour(rapid.Int64Range(-1<<62, 1<<62).Draw(t, "mWh"))
		if off := e.WattHours().Milli() - e; off < -half || off > half {
			t.Errorf("%d mWh: got %d Wh, %d mWh away", e, e.WattHours(), off)
		}
		if got, want := (-e).WattHours(), -e.WattHours(); got != want {
			t.Errorf("%d mWh: got %d Wh for its negative, want %d", e, got, want)
		}
		whole := unit.WattHour(e / 1000)
		if got := whole.Milli().WattHours(); got != whole {
			t.Errorf("%d Wh: got %d by way of mWh", whole, got)
		}
	})
}

func TestOver(t *testing.T) {
	for _, c := range []struct {
		name string
		p    unit.Watt
		d    time.Duration
		want unit.MilliWattHour
	}{
		{"nothing", 0, time.Hour, 0},
		{"no time", 11_000, 0, 0},
		{"an hour", 11_000, time.Hour, 11_000_000},
		{"a quarter", 11_000, 15 * time.Minute, 2_750_000},
		{"a second", 3_600, time.Second, 1_000},
		{"just below a milliwatt-hour", 1, 3_599_999 * time.Microsecond, 0},
		{"a milliwatt-hour", 1, 3_600 * time.Millisecond, 1},
		{"export just above one", -1, 3_600*time.Millisecond - time.Microsecond, 0},
		{"export", -1, 3_600 * time.Millisecond, -1},
		{"back in time", 1_000, -time.Hour, -1_000_000},
		{"less than a microsecond does not count", 1_000_000_000, time.Microsecond - 1, 0},
		{"the most", 2_562_047_788, time.Hour, 2_562_047_788_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.p.Over(c.d); got != c.want {
				t.Errorf("%d W over %s: got %d mWh, want %d", c.p, c.d, got, c.want)
			}
		})
	}
}

// Over is what arithmetic without bounds says, for any power a site can have
// and any time a session can last.
func TestOverIsExact(t *testing.T) {
	microsecondsPerMilliWattHour := big.NewInt(time.Hour.Microseconds() / 1000)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Int64Range(-50_000_000, 50_000_000).Draw(t, "W")
		d := time.Duration(rapid.Int64Range(0, int64(50*time.Hour)).Draw(t, "ns"))
		want := new(big.Int).Mul(big.NewInt(p), big.NewInt(d.Microseconds()))
		want.Quo(want, microsecondsPerMilliWattHour) // towards zero
		if got := unit.Watt(p).Over(d); int64(got) != want.Int64() {
			t.Errorf("%d W over %s: got %d mWh, want %s", p, d, got, want)
		}
	})
}
