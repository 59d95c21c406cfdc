package app

import (
	"context"
	"errors"
	"time"

	"pylon/internal/kernel/clock"
)

// lookAway is the part of a drain in which nothing is closed yet: load balancers
// ask every few seconds whether the node is ready, and what is closed before they
// know comes back to the same node.
const lookAway = 4 // of so many parts, one

// Hurry ends the drain of a node that was told to stop: what is in work is
// committed, everything else ends at once. It may be called at any time, and more
// than once.
func (n *Node) Hurry() { n.endDrain() }

// drain lets go of stations and readers while listeners are still open, so that
// they find another node before this one is gone: it says that it is not ready,
// lets no station in, ends live streams and then closes the stations' sockets one
// after the other. A node that stops because it is broken does not drain.
func (n *Node) drain(ctx context.Context) {
	if errors.Is(context.Cause(ctx), errPartEnded) {
		n.Hurry()
	}
	clk := clock.Machine(n.clock)
	began := clk.Steady()
	n.draining.Store(true)
	n.gateway.Refuse()
	d := n.drainTime()
	n.log.Info("draining", "stations", n.fleet.Online(), "for", d.String())
	pause := d / lookAway
	if pause > 0 {
		select {
		case <-clk.After(pause):
		case <-n.drainCtx.Done():
		}
	}
	n.api.Stop()
	n.page.Stop()
	n.gateway.Drain(n.drainCtx, d-pause)
	n.log.Info("drained", "stations_left", n.fleet.Online(), "took", clk.Steady().Sub(began).String())
}

// drainTime is how long stations may take to leave. Those of a database in this
// node's folder have nowhere to go.
func (n *Node) drainTime() time.Duration {
	if n.config.DatabaseURL == "" {
		return 0
	}
	return n.config.Drain
}
