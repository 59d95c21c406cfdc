package ocpp

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/kernel/clock"
)

const (
	// partEvery is how often some sockets are closed while the node drains: often
	// enough that what comes back elsewhere is an even stream.
	partEvery = 50 * time.Millisecond
	// partTerm is what the last sockets get to have their messages answered: a
	// commit, many times over.
	partTerm = 2 * time.Second
)

// Refuse lets nobody in any more. Who comes is told to come again: another node
// serves him, or this one when it is back.
func (g *Gateway) Refuse() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// refuses reports whether nobody is let in any more.
func (g *Gateway) refuses() *refused {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return &refused{reasonUnavailable, http.StatusServiceUnavailable, farewellTerm}
	}
	return nil
}

// Drain lets the stations go, evenly spread over d: those that were closed first
// have come back elsewhere before the last are. What a station has sent is
// committed and answered before its socket ends, and what it was asked gets its
// time. Drain returns when all sockets have ended, when d and a little more is
// over, or when ctx ends; what is left then, the end of [Gateway.Run] closes.
func (g *Gateway) Drain(ctx context.Context, d time.Duration) {
	g.Refuse()
	clk := clock.Machine(g.Clock)
	began := clk.Steady()
	ticks, stop := clk.Ticker(partEvery)
	defer stop()
	conns := g.conns()
	for parted := 0; ; {
		over := clk.Steady().Sub(began)
		due := len(conns)
		if over < d {
			due = int(int64(len(conns)) * int64(over) / int64(d))
		}
		for ; parted < due; parted++ {
			conns[parted].part()
		}
		if parted == len(conns) && (g.empty() || over >= d+partTerm) {
			return
		}
		select {
		case <-ticks:
		case <-ctx.Done():
			return
		}
	}
}

// empty reports whether all sockets have ended.
func (g *Gateway) empty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open == 0
}

// part ends the socket once nothing of it is in work; it returns at once. Nothing
// new is asked of the station meanwhile.
func (c *conn) part() {
	c.mu.Lock()
	c.parting = true
	c.mu.Unlock()
	c.partAtRest()
}

// partAtRest ends a socket that is to part and has nothing in work: who stops
// working calls it.
func (c *conn) partAtRest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parting && !c.inbox.working && !c.outbox.working {
		c.closeLocked(endedShutdown)
	}
}

// parts reports whether the station is to be asked nothing more.
func (c *conn) parts() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing || c.parting
}
