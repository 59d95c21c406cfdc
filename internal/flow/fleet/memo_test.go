package fleet

import (
	"context"
	"errors"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
)

// told is a clock that shows what a test says.
type told struct {
	clock.System
	wall, steady time.Time
}

func (t *told) Now() time.Time    { return t.wall }
func (t *told) Steady() time.Time { return t.steady }

// A value is looked up again after its term, whatever becomes of the wall clock
// meanwhile, and an error is not remembered.
func TestMemo(t *testing.T) {
	const start = 1_800_000_000
	clk := &told{wall: time.Unix(start, 0), steady: time.Unix(0, 0)}
	looks, away := 0, errors.New("away")
	m := newMemo(clk, func(context.Context, string) (int, error) {
		if looks++; looks == 1 {
			return 0, away
		}
		return looks, nil
	})
	for _, tt := range []struct {
		name      string
		wall      time.Duration // since the start
		steady    time.Duration
		want      int
		wantError error
	}{
		{"at first", 0, 0, 0, away},
		{"once more", 0, 0, 2, nil},
		{"within the term", memoTerm - 1, memoTerm - 1, 2, nil},
		{"after it", memoTerm, memoTerm, 3, nil},
		{"the clock was set back, after the term", -time.Hour, 2 * memoTerm, 4, nil},
		{"the clock was set forward, within the term", time.Hour, 2*memoTerm + 1, 4, nil},
	} {
		clk.wall, clk.steady = time.Unix(start, 0).Add(tt.wall), time.Unix(0, 0).Add(tt.steady)
		if got, err := m.get(t.Context(), "key"); got != tt.want || !errors.Is(err, tt.wantError) {
			t.Errorf("%s: got %d, %v, want %d, %v", tt.name, got, err, tt.want, tt.wantError)
		}
	}
}
