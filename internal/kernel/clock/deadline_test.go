package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
)

// setBack is the machine's clock after somebody has set it a day back.
type setBack struct{ clock.System }

// Now implements [clock.Clock].
func (setBack) Now() time.Time { return clock.System{}.Now().Add(-24 * time.Hour) }

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := clock.System{}.Now()
		for _, c := range []struct {
			name  string
			clock clock.Clock
		}{{"the machine's clock", clock.System{}}, {"a fast clock of another year", clock.NewWarped(time.Unix(0, 0), 60)}, {"one that somebody has set", setBack{}}} {
			if got := clock.Deadline(c.clock, term).Sub(began); got != term {
				t.Errorf("%s: got a deadline in %s, want %s", c.name, got, term)
			}
		}
		by := clock.Deadline(clock.System{}, term)
		<-clock.System{}.After(time.Second)
		if got, want := clock.Until(by), term-time.Second; got != want {
			t.Errorf("got %s left, want %s", got, want)
		}
	})
}

func TestSpeed(t *testing.T) {
	for _, c := range []struct {
		name  string
		clock clock.Clock
		want  int
	}{
		{"the machine's", clock.System{}, 1},
		{"a fast one", clock.NewWarped(time.Unix(0, 0), 60), 60},
		{"one that is moved by hand", clock.NewWarped(time.Unix(0, 0), 0), 1},
	} {
		if got := clock.Speed(c.clock); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := clock.System{}.Now()
		<-clock.Machine(clock.NewWarped(time.Unix(0, 0), 0)).After(term) // a clock that stands would never fire
		if got := (clock.System{}).Now().Sub(began); got != term {
			t.Errorf("waited %s, want %s", got, term)
		}
	})
}
