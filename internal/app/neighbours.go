package app

import (
	"context"
	"fmt"
	"time"

	"pylon/internal/edge/rest"
	"pylon/internal/kernel/ident"
)

const (
	// neighboursEvery is how often the node looks for others: some beats of theirs,
	// so that a beat which has not moved is a dead node's.
	neighboursEvery = 10 * time.Second
	// neighbourTerm is how long another node may take to say that it is there.
	neighbourTerm = 3 * time.Second
	// neighboursMax bounds those that are asked in one round.
	neighboursMax = 64
)

// neighbours finds nodes that live on the same database and that messages do not
// reach: they have no NATS in common, or somebody left out nats-url. Nothing is
// lost that way, for the rows tell everybody what is to be done, but commands
// take seconds, raw calls and changes of stations there are refused, and screens
// lag. So it is said loudly, again and again, until it is mended.
func (n *Node) neighbours(ctx context.Context) error {
	beats := map[ident.NodeID]int64{}
	ticks, stop := n.clock.Ticker(neighboursEvery)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
		beats = n.callNeighbours(ctx, beats)
	}
}

// callNeighbours calls the nodes that live, whose beats are others than before,
// and notes who does not hear. It returns the beats as they are now.
func (n *Node) callNeighbours(ctx context.Context, before map[ident.NodeID]int64) (beats map[ident.NodeID]int64) {
	leases, err := n.store.Leases(ctx)
	if err != nil {
		return before // the database is away: others say so
	}
	beats = make(map[ident.NodeID]int64, len(leases))
	var deaf []ident.NodeID
	for _, l := range leases[:min(len(leases), neighboursMax)] {
		beats[l.Of] = l.Beat
		last, known := before[l.Of]
		if l.Of != n.id && known && last != l.Beat && n.reach(ctx, l.Of) != nil && ctx.Err() == nil {
			deaf = append(deaf, l.Of)
		}
	}
	if !n.bus.Connected() {
		deaf = nil // NATS is away, which is said elsewhere, and no settings mend
	}
	n.deaf.Store(&deaf)
	if len(deaf) > 0 {
		n.log.Error("other nodes work on this database and messages do not reach them: give all nodes the same nats-url", "nodes", deaf)
	}
	return beats
}

// reach asks another node whether it is there.
func (n *Node) reach(ctx context.Context, node ident.NodeID) error {
	ctx, cancel := context.WithTimeout(ctx, neighbourTerm)
	defer cancel()
	return n.bus.Ping(ctx, node)
}

// readiness is what /readyz shows.
func (n *Node) readiness() rest.Readiness {
	r := rest.Readiness{Draining: n.draining.Load()}
	if deaf := n.deaf.Load(); deaf != nil && len(*deaf) > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf(
			"%d other nodes work on this database and messages do not reach them: give all nodes the same nats-url", len(*deaf)))
	}
	if !n.bus.Connected() {
		r.Warnings = append(r.Warnings, "NATS is away: commands to stations of other nodes take seconds, and screens lag")
	}
	return r
}
