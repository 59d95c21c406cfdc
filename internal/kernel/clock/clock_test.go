package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
)

const term = 10 * time.Second

func TestNow(t *testing.T) {
	got := clock.System{}.Now()
	if got.Location() != time.UTC {
		t.Errorf("location: got %s, want UTC", got.Location())
	}
	if got != got.Round(0) { // which would take a monotonic reading off
		t.Error("a monotonic reading: times that were stored and read again differ from those that were not")
	}
}

// Whoever judges by Steady is not fooled when the wall clock is set: that would
// need a reading that the wall clock's setting does not touch.
func TestSteady(t *testing.T) {
	at := clock.System{}.Steady()
	if at == at.Round(0) { // which takes the monotonic reading off
		t.Error("got no monotonic reading")
	}
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []clock.Clock{clock.System{}, clock.NewWarped(time.Unix(0, 0), 1)} {
			began := c.Steady()
			<-c.After(term)
			if got := c.Steady().Sub(began); got != term {
				t.Errorf("%T: got %s later, want %s", c, got, term)
			}
		}
	})
}

func TestAfter(t *testing.T) {
	var system clock.System
	synctest.Test(t, func(t *testing.T) {
		start := system.Now()
		at := <-system.After(term)
		if got := at.Sub(start); got != term {
			t.Errorf("got the time of %s later, want %s", got, term)
		}
		if got := system.Now().Sub(start); got != term {
			t.Errorf("got woken %s later, want %s", got, term)
		}
	})
}

func TestAfterFunc(t *testing.T) {
	var system clock.System
	for _, c := range []struct {
		name    string
		wait    time.Duration // before Stop
		stopped bool
	}{
		{"stopped in time", term - 1, true},
		{"too late", term, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				called := make(chan struct{}, 1)
				timer := system.AfterFunc(term, func() { called <- struct{}{} })
				<-system.After(c.wait)
				synctest.Wait()
				if got := timer.Stop(); got != c.stopped {
					t.Errorf("stop: got %t, want %t", got, c.stopped)
				}
				<-system.After(term)
				if got := len(called) == 0; got != c.stopped {
					t.Errorf("not called: got %t, want %t", got, c.stopped)
				}
			})
		})
	}
}

func TestTicker(t *testing.T) {
	var system clock.System
	synctest.Test(t, func(t *testing.T) {
		start := system.Now()
		ticks, stop := system.Ticker(term)
		for n := range 3 {
			if got, want := (<-ticks).Sub(start), time.Duration(n+1)*term; got != want {
				t.Errorf("tick %d: got after %s, want %s", n, got, want)
			}
		}
		stop()
		<-system.After(2 * term)
		if len(ticks) != 0 {
			t.Error("it ticks after stop")
		}
	})
}
