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
		g.sweep()
		if n%clearEvery == 0 {
			g.clear()
		}
	}
}

// sweep looks at every socket once. It waits for none.
func (g *Gateway) sweep() {
	away, age := g.away.longer(g.Limits.Away), g.age()
	for _, c := range g.conns() {
		busy := time.Duration(c.busy.Load())
		switch {
		case c.isClosing():
		case away, busy != 0 && age-busy > g.Limits.Away:
			c.verdict(verdictAway, "no commit in time")
			c.close(endedAway)
		default:
			c.listen(age)
		}
	}
}

// listen pings a socket that has been silent, and ends one that stays so.
func (c *conn) listen(age time.Duration) {
	limits := &c.gateway.Limits
	switch pinged := time.Duration(c.pinged.Load()); {
	case pinged == 0 && age-time.Duration(c.heard.Load()) >= limits.Silence:
		c.probe(age)
	case pinged != 0 && age-pinged >= limits.Pong:
		c.verdict(verdictSilent, "no sign of life after a ping")
		c.close(endedSilent)
	}
}

// probe asks a socket for a sign of life; it returns at once.
func (c *conn) probe(age time.Duration) {
	if !c.pinged.CompareAndSwap(0, int64(age)) {
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
