package app

import (
	"context"
	"time"

	"pylon/internal/domain/lease"
	"pylon/internal/flow/books"
	"pylon/internal/flow/leases"
	"pylon/internal/flow/subscriptions"
)

// The leases of what one node does for all.
const (
	leaseFleet       lease.Name = "fleet"       // stations that nobody owns
	leaseJobs        lease.Name = "jobs"        // the runner of bulk jobs
	leaseCompaction  lease.Name = "compaction"  // blocks of frames, the end of the event log
	leaseBooks       lease.Name = "books"       // the daily verification of the ledger
	leaseStatements  lease.Name = "statements"  // monthly invoices
	leaseFees        lease.Name = "fees"        // of subscriptions, monthly
	leaseSettlements lease.Name = "settlements" // of site hosts, monthly
	leaseReratings   lease.Name = "reratings"   // past sessions by another tariff
)

// tasks are the parts that run beside the edges: what each node does for itself,
// and, with the role for it, what one node does for all, when it has the lease.
func (n *Node) tasks() []func(context.Context) error {
	parts := []func(context.Context) error{n.fleet.Run, n.costs.Run, n.consumers.Tell, n.trim, n.neighbours, n.debug}
	if !n.config.Has(roleWorker) {
		return parts
	}
	parts = append(parts, n.consumers.Run)
	for _, task := range []struct {
		name lease.Name
		work leases.Work
	}{
		{leaseFleet, n.fleet.Work},
		{leaseJobs, n.jobs.Run},
		{leaseCompaction, n.compact},
		{leaseBooks, books.New(n.store, n.clock, n.log).Run},
		{leaseStatements, n.statements.Run},
		{leaseFees, subscriptions.New(n.store, n.clock, n.log).Run},
		{leaseSettlements, n.settlements.Run},
		{leaseReratings, n.reratings.Run},
	} {
		parts = append(parts, func(ctx context.Context) error { return n.leases.Hold(ctx, task.name, task.work) })
	}
	return parts
}

// upkeepEvery is how often closed sessions are packed and old rows pruned.
const upkeepEvery = 10 * time.Second

// compact does for all nodes what the store asks to be done now and then. It
// needs no word of its grant in the commits: see [store.Store.Compact].
func (n *Node) compact(ctx context.Context, _ lease.Grant) error {
	return n.upkeep(ctx, "compaction", n.store.Compact)
}

// trim does it for this node.
func (n *Node) trim(ctx context.Context) error { return n.upkeep(ctx, "trim", n.store.Trim) }

// upkeep calls do now and then until ctx ends.
func (n *Node) upkeep(ctx context.Context, what string, do func(context.Context, time.Time) error) error {
	ticks, stop := n.clock.Ticker(upkeepEvery)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticks:
			if err := do(ctx, now.UTC()); err != nil && ctx.Err() == nil {
				n.log.Warn("upkeep of the database", "what", what, "error", err)
			}
		}
	}
}
