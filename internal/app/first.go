package app

import (
	"context"
	"time"

	"pylon/internal/flow/admin"
)

// upkeepEvery is how often closed sessions are packed and old rows pruned.
const upkeepEvery = 10 * time.Second

// upkeep does what the store asks to be done now and then.
func (n *Node) upkeep(ctx context.Context) error {
	ticks, stop := n.clock.Ticker(upkeepEvery)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticks:
			if err := n.store.Compact(ctx, now.UTC()); err != nil && ctx.Err() == nil {
				n.log.Warn("compaction", "error", err)
			}
		}
	}
}

// first gives an empty database its organisation and, when the configuration
// brings one, its owner key. Without a key, whoever opens the setup link that
// is logged makes it.
func (n *Node) first(ctx context.Context) error {
	org, keyless, err := n.admin.Begin(ctx, n.config.BootstrapAPIKey)
	if err != nil || !keyless {
		return err
	}
	door := admin.NewDoor(n.admin, org)
	n.page.Admit(door)
	n.log.Info("no API key yet: open the setup link once", "link", n.URL()+"/setup?t="+door.Ticket())
	return nil
}
