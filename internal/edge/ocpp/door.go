package ocpp

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"pylon/internal/kernel/clock"
)

const (
	// claimsMax bounds the stations that are on their way in at once, from the
	// look-up to the committed claim. It is half of what the committer writes
	// together, so that the other half is left to those who are in: a storm of
	// connects costs their messages a part of a batch, not a queue of thousands.
	// More at once would bring nobody in sooner; it keeps two processors busy.
	claimsMax = 128
	// lineMax bounds the handshakes that wait for their turn, at some 20 KiB each:
	// with a thousand let in a second the last one has waited for 8 s.
	lineMax = 8192
	// lineTerm is how long a handshake waits for its turn: well below the half
	// minute after which stations give up, so that none is let in that has gone.
	lineTerm = 15 * time.Second
	// Whom the line has no room for comes again after againMin to againMax, by
	// chance, so that they do not all come together.
	againMin = 5 * time.Second
	againMax = 30 * time.Second
)

// door lets stations in, so many at a time and in the order in which they came.
// A station that has a place keeps it until it is refused or its claim is done.
type door struct {
	places chan struct{} // taken by sending, which is in the order of coming
	line   atomic.Int32  // handshakes that wait for a place
	lines  int32         // at most
}

func newDoor(l Limits) *door {
	return &door{places: make(chan struct{}, l.Claims), lines: int32(l.Line)} //nolint:gosec // a few thousand
}

// enter waits for a place, nil, or returns why there is none. Nothing has been
// looked up by then: who is refused here has cost next to nothing.
func (d *door) enter(ctx context.Context, clk clock.Clock) *refused {
	select {
	case d.places <- struct{}{}:
		return nil
	default:
	}
	defer d.line.Add(-1)
	if d.line.Add(1) > d.lines {
		return busy()
	}
	select {
	case d.places <- struct{}{}:
		return nil
	case <-ctx.Done():
	case <-clk.After(lineTerm):
	}
	return busy()
}

// busy refuses a handshake for now.
func busy() *refused {
	return &refused{reasonBusy, http.StatusServiceUnavailable, againMin + rand.N(againMax-againMin)}
}

// leave gives a place back.
func (d *door) leave() { <-d.places }

// await takes a place for a socket that is open and has none: one that takes over
// a seat. It reports false when the socket has ended before.
func (c *conn) await() bool {
	if c.placed.Load() {
		return true
	}
	select {
	case c.gateway.door.places <- struct{}{}:
		c.placed.Store(true)
		return true
	case <-c.done:
		return false
	}
}

// makeRoom gives the socket's place at the door to the next, if it has one.
func (c *conn) makeRoom() {
	if c.placed.Swap(false) {
		c.gateway.door.leave()
	}
}
