// Package clock is the only reader of the wall clock. Decisions take the time
// as an argument; services hold a Clock.
package clock

import "time"

// Clock tells the time and wakes sleepers. Implementations are safe for
// concurrent use.
type Clock interface {
	// Now returns the wall clock's time in UTC. It has no monotonic reading (UTC
	// takes it off), so Sub of two Nows jumps when somebody sets the clock: what
	// must not jump waits with the other methods, which follow the monotonic clock.
	Now() time.Time
	// Steady returns a moment of the monotonic clock, which nobody sets: only how
	// far two of them are apart says anything.
	Steady() time.Time
	// After returns a channel that gets the time once, d from now.
	After(d time.Duration) <-chan time.Time
	// AfterFunc calls f in its own goroutine d from now, unless stopped.
	AfterFunc(d time.Duration, f func()) Timer
	// Ticker returns a channel that ticks every d until stop is called.
	Ticker(d time.Duration) (ticks <-chan time.Time, stop func())
}

// Timer is a pending call of AfterFunc.
type Timer interface {
	// Stop reports whether it prevented the call.
	Stop() bool
}

// System is the machine's clock. Inside a testing/synctest bubble it is the
// bubble's.
type System struct{}

// Now implements [Clock].
func (System) Now() time.Time { return time.Now().UTC() }

// Steady implements [Clock].
func (System) Steady() time.Time { return time.Now() }

// After implements [Clock].
func (System) After(d time.Duration) <-chan time.Time { return time.After(d) }

// AfterFunc implements [Clock].
func (System) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }

// Ticker implements [Clock].
func (System) Ticker(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(d)
	return t.C, t.Stop
}
