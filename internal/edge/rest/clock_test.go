package rest_test

import (
	"sync"
	"time"

	"pylon/internal/kernel/clock"
)

// later is the machine's clock, set ahead. Its tickers tick when the test says
// so.
type later struct {
	clock.System

	mu    sync.Mutex
	ahead time.Duration
	ticks map[time.Duration][]chan time.Time
}

// Now implements [clock.Clock].
func (l *later) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.System.Now().Add(l.ahead)
}

// by moves the clock ahead.
func (l *later) by(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ahead += d
}

// Ticker implements [clock.Clock].
func (l *later) Ticker(d time.Duration) (<-chan time.Time, func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ticks == nil {
		l.ticks = map[time.Duration][]chan time.Time{}
	}
	c := make(chan time.Time, 1)
	l.ticks[d] = append(l.ticks[d], c)
	return c, func() {}
}

// tick ticks every ticker of d once.
func (l *later) tick(d time.Duration) {
	now := l.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.ticks[d] {
		select {
		case c <- now:
		default:
		}
	}
}
