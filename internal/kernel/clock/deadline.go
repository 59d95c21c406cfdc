package clock

import "time"

// Deadline returns the moment d from now for a socket. The machine judges those,
// so where the program runs by a [Warped] clock it is by the machine's all the
// same: the network is no faster for it.
func Deadline(c Clock, d time.Duration) time.Time {
	return Machine(c).Steady().Add(d)
}

// Machine returns the clock by which the machine itself works, whatever the
// program runs by: what waits for sockets and disks waits by this one.
func Machine(c Clock) Clock {
	if _, warped := c.(*Warped); warped {
		return System{}
	}
	return c
}

// Until returns how long it is by the machine's clock until the deadline of a
// context.
func Until(deadline time.Time) time.Duration { return time.Until(deadline) }

// Speed returns how many times as fast as the machine's a clock runs. One that
// only [Warped.Skip] moves counts as the machine's.
func Speed(c Clock) int {
	if w, ok := c.(*Warped); ok && w.speed > 0 {
		return int(w.speed)
	}
	return 1
}
