package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
)

func TestWarped(t *testing.T) {
	start := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		run  func(t *testing.T, w *clock.Warped)
	}{
		{"it runs faster than the machine", func(t *testing.T, w *clock.Warped) {
			time.Sleep(time.Second)
			if got, want := w.Now(), start.Add(time.Minute); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		}},
		{"what waits follows it", func(t *testing.T, w *clock.Warped) {
			before := time.Now()
			if got, want := <-w.After(time.Hour), start.Add(time.Hour); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
			if got := time.Since(before); got != time.Minute {
				t.Errorf("waited %s, want a minute", got)
			}
		}},
		{"a skip wakes what it passes, in order", func(t *testing.T, w *clock.Warped) {
			woken := make(chan int, 3)
			late := w.After(2 * time.Hour)
			w.AfterFunc(40*time.Minute, func() { woken <- 2 })
			w.AfterFunc(20*time.Minute, func() { woken <- 1 })
			w.Skip(time.Hour)
			synctest.Wait()
			if len(woken) != 2 || len(late) != 0 {
				t.Errorf("got %d and %d awake, want 2 and 0", len(woken), len(late))
			}
		}},
		{"what was stopped stays silent", func(t *testing.T, w *clock.Warped) {
			timer := w.AfterFunc(time.Minute, func() { t.Error("woken") })
			if !timer.Stop() || timer.Stop() {
				t.Error("want the first Stop to prevent the call and the second not")
			}
			w.Skip(time.Hour)
			synctest.Wait()
		}},
		{"a ticker ticks until it is stopped, once for a skip", func(t *testing.T, w *clock.Warped) {
			ticks, stop := w.Ticker(time.Minute)
			for n := range 3 {
				if got, want := <-ticks, start.Add(time.Duration(n+1)*time.Minute); !got.Equal(want) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
			w.Skip(time.Hour)
			if got := len(ticks); got != 1 {
				t.Errorf("got %d ticks after a skip, want 1", got)
			}
			<-ticks
			stop()
			w.Skip(time.Hour)
			if got := len(ticks); got != 0 {
				t.Errorf("got %d ticks after the end, want 0", got)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(t, clock.NewWarped(start, 60)) })
		})
	}
}

func TestWarpedStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
		w := clock.NewWarped(start, 0)
		woken := w.After(time.Minute)
		time.Sleep(time.Hour)
		if got := w.Now(); !got.Equal(start) || len(woken) != 0 {
			t.Errorf("after an hour of the machine: got %s and %d woken, want %s and none", got, len(woken), start)
		}
		w.Skip(time.Minute)
		if got, want := <-woken, start.Add(time.Minute); !got.Equal(want) {
			t.Errorf("after a skip: got woken at %s, want %s", got, want)
		}
	})
}
