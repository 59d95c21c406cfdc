package app

import (
	"context"

	"pylon/internal/flow/admin"
)

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
