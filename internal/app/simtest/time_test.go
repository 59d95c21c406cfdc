package simtest

import (
	"cmp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"pylon/internal/kernel/clock"
)

// timeline is what waits for a time, of all nodes. The time is the bubble's; the
// driver moves it on, and rings what is due.
type timeline struct {
	system clock.System
	turn   atomic.Int64 // of the driver: what is set in the same turn was set at once

	mu     sync.Mutex
	serial int64
	alarms []*alarm
}

// alarm is a timer that is set.
type alarm struct {
	clock  *nodeClock
	at     time.Time // by the bubble's clock
	wait   time.Duration
	period time.Duration // of a ticker; 0: it rings once
	site   string        // in whose code it was set
	turn   int64
	serial int64
	ring   func(now time.Time)
}

// set adds an alarm of a node that lives.
func (l *timeline) set(a *alarm) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	a.at, a.turn, a.serial = l.system.Now().Add(a.wait), l.turn.Load(), l.serial
	l.alarms = append(l.alarms, a)
}

// drop removes an alarm, and reports whether it was still to ring.
func (l *timeline) drop(a *alarm) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.alarms, a)
	if i >= 0 {
		l.alarms = slices.Delete(l.alarms, i, i+1)
	}
	return i >= 0
}

// silence removes every alarm of a node, and rings those that somebody may wait
// for: the node is dead, and what is left of it shall come to its end.
func (l *timeline) silence(c *nodeClock) {
	l.mu.Lock()
	var last []*alarm
	l.alarms = slices.DeleteFunc(l.alarms, func(a *alarm) bool {
		if a.clock != c {
			return false
		}
		if a.period == 0 {
			last = append(last, a)
		}
		return true
	})
	l.mu.Unlock()
	for _, a := range last {
		a.ring(c.Now())
	}
}

// due returns what rings next, in an order that is the same in every run:
// tickers one by one; timers that the same code set at once, for as long, together,
// since nobody can tell which of them was first. The groups are those of the earliest
// time; skip says whose alarms wait.
func (l *timeline) due(skip func(*nodeClock) bool) [][]*alarm {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []*alarm
	for _, a := range l.alarms {
		if skip(a.clock) {
			continue
		}
		if len(found) > 0 && a.at.Before(found[0].at) {
			found = found[:0]
		}
		if len(found) == 0 || a.at.Equal(found[0].at) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b *alarm) int {
		return cmp.Or(
			cmp.Compare(a.clock.name, b.clock.name), cmp.Compare(a.period, b.period), cmp.Compare(a.turn, b.turn),
			cmp.Compare(a.wait, b.wait), cmp.Compare(a.site, b.site), cmp.Compare(a.serial, b.serial),
		)
	})
	var groups [][]*alarm
	for i, a := range found {
		if i > 0 && a.period == 0 && found[i-1].period == 0 && sameOrigin(a, found[i-1]) {
			last := len(groups) - 1
			groups[last] = append(groups[last], a)
			continue
		}
		groups = append(groups, []*alarm{a})
	}
	return groups
}

func sameOrigin(a, b *alarm) bool {
	return a.clock == b.clock && a.turn == b.turn && a.wait == b.wait && a.site == b.site
}

// fire rings alarms that due returned.
func (l *timeline) fire(group []*alarm) {
	for _, a := range group {
		l.mu.Lock()
		i := slices.Index(l.alarms, a)
		switch {
		case i < 0:
		case a.period == 0:
			l.alarms = slices.Delete(l.alarms, i, i+1)
		default:
			for now := l.system.Now(); !a.at.After(now); { // a node that slept has missed the ticks between
				a.at = a.at.Add(a.period)
			}
		}
		l.mu.Unlock()
		if i >= 0 {
			a.ring(a.clock.Now())
		}
	}
}

// nodeClock is the clock of one run of one node. It implements [clock.Clock].
type nodeClock struct {
	line *timeline
	name string

	mu   sync.Mutex
	step time.Duration // by which the wall clock is off
	dead bool
}

// Now implements [clock.Clock].
func (c *nodeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line.system.Now().Add(c.step).Truncate(time.Microsecond) // as exact as the database keeps it
}

// Steady implements [clock.Clock].
func (c *nodeClock) Steady() time.Time { return c.line.system.Now() }

// shift sets the wall clock by d. What waits goes on waiting as long.
func (c *nodeClock) shift(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step += d
}

func (c *nodeClock) kill() {
	c.mu.Lock()
	c.dead = true
	c.mu.Unlock()
	c.line.silence(c)
}

// wait sets an alarm. On the clock of a dead node nothing waits.
func (c *nodeClock) wait(a *alarm) *alarm {
	c.mu.Lock()
	dead := c.dead
	c.mu.Unlock()
	a.clock = c
	switch {
	case !dead:
		c.line.set(a)
	case a.period == 0:
		go a.ring(c.Now()) // whoever sets it may hold what it wants
	}
	return a
}

// site is where the clock was called.
func site() string {
	_, file, line, _ := runtime.Caller(2)
	return file + ":" + strconv.Itoa(line)
}

// After implements [clock.Clock].
func (c *nodeClock) After(d time.Duration) <-chan time.Time {
	rung := make(chan time.Time, 1)
	c.wait(&alarm{wait: d, site: site(), ring: func(now time.Time) { rung <- now }})
	return rung
}

// AfterFunc implements [clock.Clock].
func (c *nodeClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	return stopper{c.wait(&alarm{wait: d, site: site(), ring: func(time.Time) { go f() }})}
}

// Ticker implements [clock.Clock].
func (c *nodeClock) Ticker(d time.Duration) (<-chan time.Time, func()) {
	ticks := make(chan time.Time, 1)
	a := c.wait(&alarm{wait: d, period: d, site: site(), ring: func(now time.Time) {
		select {
		case ticks <- now:
		default:
		}
	}})
	return ticks, func() { c.line.drop(a) }
}

// stopper implements [clock.Timer].
type stopper struct{ alarm *alarm }

func (s stopper) Stop() bool { return s.alarm.clock.line.drop(s.alarm) }
