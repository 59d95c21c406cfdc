package clock

import (
	"container/heap"
	"sync"
	"time"
)

// Warped is a clock that begins at a given moment, runs at a multiple of the
// machine's speed, and can be moved on by hand: for simulations of a day in
// minutes, and for tests in which a month passes between two messages.
//
// Its timers follow it: one that is due in an hour fires after a minute when the
// clock runs 60 times as fast, and at once when Skip passes the hour.
type Warped struct {
	speed int64

	mu     sync.Mutex // guards what follows
	origin time.Time  // of the machine's clock, with its monotonic reading
	start  time.Time  // what the clock showed at origin
	due    timers
	wake   *time.Timer // the machine's, for the first of due; nil when there is none
}

// NewWarped returns a clock that shows start now and runs speed times as fast as
// the machine's. At speed 0 it stands until Skip moves it, so that every time
// that a test sees is the same in every run. A speed below 0 is a panic.
func NewWarped(start time.Time, speed int) *Warped {
	if speed < 0 {
		panic("clock: time does not run backwards")
	}
	return &Warped{speed: int64(speed), origin: time.Now(), start: start.UTC()}
}

// Skip moves the clock on by d and fires every timer that this passes, in the
// order in which they are due. The clock never goes back: a d below 0 is a panic.
func (w *Warped) Skip(d time.Duration) {
	if d < 0 {
		panic("clock: time does not run backwards")
	}
	w.mu.Lock()
	w.start = w.start.Add(d)
	w.mu.Unlock()
	w.ring()
}

// Now implements [Clock].
func (w *Warped) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now()
}

// Steady implements [Clock]. The clock is never set, only moved on, so its
// moments are its times.
func (w *Warped) Steady() time.Time { return w.Now() }

func (w *Warped) now() time.Time {
	return w.start.Add(time.Since(w.origin) * time.Duration(w.speed))
}

// After implements [Clock].
func (w *Warped) After(d time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	w.add(d, 0, func(at time.Time) { c <- at })
	return c
}

// AfterFunc implements [Clock].
func (w *Warped) AfterFunc(d time.Duration, f func()) Timer {
	return w.add(d, 0, func(time.Time) { go f() })
}

// Ticker implements [Clock]. Ticks that nobody takes are dropped; a Skip over
// many ticks is one.
func (w *Warped) Ticker(d time.Duration) (<-chan time.Time, func()) {
	if d <= 0 {
		panic("clock: a ticker's period must be positive")
	}
	c := make(chan time.Time, 1)
	t := w.add(d, d, func(at time.Time) {
		select {
		case c <- at:
		default:
		}
	})
	return c, func() { t.Stop() }
}

func (w *Warped) add(d, period time.Duration, fire func(time.Time)) *warpedTimer {
	w.mu.Lock()
	t := &warpedTimer{clock: w, at: w.now().Add(d), period: period, fire: fire}
	heap.Push(&w.due, t)
	first := t.place == 0
	w.mu.Unlock()
	if first {
		w.ring()
	}
	return t
}

// ring fires the timers that are due and sets the machine's for the next one.
func (w *Warped) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for len(w.due) > 0 && !w.due[0].at.After(now) {
		t := w.due[0]
		t.fire(now)
		if t.period == 0 {
			heap.Pop(&w.due)
			continue
		}
		t.at = t.at.Add(t.period * max(1, now.Sub(t.at)/t.period+1)) // the ticks that a skip passed are one
		heap.Fix(&w.due, 0)
	}
	if w.wake != nil {
		w.wake.Stop()
	}
	if len(w.due) > 0 && w.speed > 0 {
		wait := (w.due[0].at.Sub(now) + time.Duration(w.speed) - 1) / time.Duration(w.speed)
		w.wake = time.AfterFunc(wait, w.ring)
	}
}

// warpedTimer is one pending call.
type warpedTimer struct {
	clock  *Warped
	at     time.Time
	period time.Duration // of a ticker; 0 for those that fire once
	fire   func(time.Time)
	place  int // in the heap; -1 when it is in there no more
}

// Stop implements [Timer].
func (t *warpedTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.place < 0 {
		return false
	}
	heap.Remove(&t.clock.due, t.place)
	return true
}

// timers is a heap of timers by when they are due.
type timers []*warpedTimer

func (h timers) Len() int           { return len(h) }
func (h timers) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *timers) Push(x any) {
	t := x.(*warpedTimer)
	t.place = len(*h)
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *timers) Pop() any {
	old := *h
	t := old[len(old)-1]
	*h = old[:len(old)-1]
	t.place = -1
	return t
}
