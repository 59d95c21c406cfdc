package ocpp_test

import (
	"slices"
	"sync"
	"time"

	"pylon/internal/kernel/clock"
)

// handClock is a clock that stands until it is moved.
type handClock struct {
	mu      sync.Mutex
	now     time.Time
	wrong   time.Duration // what somebody has set the wall clock forward
	waiting []*alarm
	changed chan struct{} // closed when somebody begins to wait
}

// alarm is something that is due: once, or every so often.
type alarm struct {
	at    time.Time
	every time.Duration
	ring  func(time.Time)
}

// newHandClock returns a clock far enough in the future for the deadlines of
// sockets, which the real clock judges.
func newHandClock() *handClock {
	return &handClock{now: time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC), changed: make(chan struct{})}
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Add(c.wrong)
}

func (c *handClock) Steady() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// set sets the wall clock forward, or back.
func (c *handClock) set(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong += by
}

func (c *handClock) add(a *alarm) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, a)
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *handClock) drop(a *alarm) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.waiting, a)
	if i < 0 {
		return false
	}
	c.waiting = slices.Delete(c.waiting, i, i+1)
	return true
}

func (c *handClock) After(d time.Duration) <-chan time.Time {
	ch := make(chan time.Time, 1)
	c.add(&alarm{at: c.Steady().Add(d), ring: func(t time.Time) { ch <- t }})
	return ch
}

func (c *handClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	a := &alarm{at: c.Steady().Add(d), ring: func(time.Time) { go f() }}
	c.add(a)
	return stopper{c, a}
}

func (c *handClock) Ticker(d time.Duration) (<-chan time.Time, func()) {
	ch := make(chan time.Time, 1)
	a := &alarm{at: c.Steady().Add(d), every: d, ring: func(t time.Time) {
		select {
		case ch <- t:
		default: // as time.Ticker does
		}
	}}
	c.add(a)
	return ch, func() { c.drop(a) }
}

type stopper struct {
	clock *handClock
	alarm *alarm
}

func (s stopper) Stop() bool { return s.clock.drop(s.alarm) }

// move moves the clock and rings what is due by then.
func (c *handClock) move(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	now := c.now
	var due []*alarm
	c.waiting = slices.DeleteFunc(c.waiting, func(a *alarm) bool {
		if a.at.After(now) {
			return false
		}
		due = append(due, a)
		return a.every == 0
	})
	for _, a := range due {
		if a.every > 0 {
			a.at = now.Add(a.every)
		}
	}
	c.mu.Unlock()
	for _, a := range due {
		a.ring(now)
	}
}

// sleepers returns a channel that is closed when n alarms are set, tickers
// included.
func (c *handClock) sleepers(n int) <-chan struct{} {
	enough := make(chan struct{})
	go func() {
		for {
			c.mu.Lock()
			set, changed := len(c.waiting), c.changed
			c.mu.Unlock()
			if set >= n {
				close(enough)
				return
			}
			<-changed
		}
	}()
	return enough
}
