package ocpp

import (
	"context"
	"time"

	"pylon/internal/kernel/clock"
)

const (
	sweepEvery = time.Second // how exact the terms of silence and of the database are
	clearEvery = 60          // sweeps between two looks for empty seats
)

// Run looks after the sockets until ctx ends: it pings the silent, closes the
// dead and those that the database keeps waiting. Then it closes all of them
// and returns when they have ended. It runs once.
func (g *Gateway) Run(ctx context.Context) error {
	ticks, stop := g.Clock.Ticker(sweepEvery)
	defer stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return g.shutdown()
		case <-ticks:
		}
		now := g.Clock.Now()
		g.sweep(now)
		if n%clearEvery == 0 {
			g.clear(now)
		}
	}
}

// sweep looks at every socket once. It waits for none.
func (g *Gateway) sweep(now time.Time) {
	away := g.away.longer(g.Limits.Away)
	for _, c := range g.conns() {
		busy := c.busy.Load()
		switch {
		case c.isClosing():
		case away, busy != 0 && now.Sub(timeOf(busy)) > g.Limits.Away:
			c.verdict(verdictAway, "no commit in time")
			c.close(endedAway)
		default:
			c.listen(now)
		}
	}
}

// listen pings a socket that has been silent, and ends one that stays so.
func (c *conn) listen(now time.Time) {
	limits := &c.gateway.Limits
	switch pinged := c.pinged.Load(); {
	case pinged == 0 && now.Sub(timeOf(c.heard.Load())) >= limits.Silence:
		c.probe(now)
	case pinged != 0 && now.Sub(timeOf(pinged)) >= limits.Pong:
		c.verdict(verdictSilent, "no sign of life after a ping")
		c.close(endedSilent)
	}
}

// probe asks a socket for a sign of life; it returns at once.
func (c *conn) probe(now time.Time) {
	if !c.pinged.CompareAndSwap(0, now.UnixMicro()) {
		return // asked already
	}
	c.spawn(func() {
		if err := c.socket.ping(clock.Deadline(c.gateway.Clock, c.gateway.Limits.Write)); err != nil {
			c.failed(err)
		}
	})
}

// failed ends a socket that could not be written.
func (c *conn) failed(err error) {
	if isTimeout(err) && !c.isClosing() {
		c.verdict(verdictSlow, "what we write is not taken")
		c.close(endedSlow)
		return
	}
	c.close(endedByNetwork)
}
