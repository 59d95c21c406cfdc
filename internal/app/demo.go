package app

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"pylon/internal/domain/account"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/sim"
)

// demoSeed makes every demonstration the same network.
const demoSeed = 1

// Demo runs the node with a small simulated network that connects to it over
// real WebSockets, until ctx ends.
func (n *Node) Demo(ctx context.Context) error {
	network := sim.NewNetwork(sim.Demo("ws://"+n.Addr()+"/ocpp", demoSeed), n.clock, n.log)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	group.Go(func() error {
		defer cancel()
		return n.Run(ctx)
	})
	group.Go(func() error {
		select {
		case <-n.ready:
		case <-ctx.Done():
			return nil
		}
		if err := n.furnish(ctx, network); err != nil {
			cancel()
			return fmt.Errorf("demo: %w", err)
		}
		_ = network.Run(ctx) // it only ends with ctx
		return nil
	})
	return group.Wait()
}

// furnish makes the sites, stations and tokens of the simulated network. What
// is there from an earlier demonstration stays.
func (n *Node) furnish(ctx context.Context, network *sim.Network) error {
	org, err := n.store.FirstOrganisation(ctx)
	if err != nil {
		return err
	}
	by := account.System(org.ID, "demo")
	sites, err := n.furnishSites(ctx, by)
	if err != nil {
		return err
	}
	for i, c := range network.Stations() {
		in := admin.NewStation{Identity: ident.Identity(c.Identity)}
		in.Password = &c.Password
		if len(sites) > 0 {
			id := string(sites[i%len(sites)])
			in.Site = &id
		}
		if _, err := n.admin.CreateStation(ctx, by, in, nil); err != nil && !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("station %s: %w", c.Identity, err)
		}
	}
	for i, t := range network.Tokens() {
		label, accepted := fmt.Sprintf("Demo card %02d", i+1), token.Accepted
		in := admin.NewToken{UID: t.UID, TokenPatch: admin.TokenPatch{Type: &t.Type, Status: &accepted, Label: &label}}
		if _, err := n.admin.CreateToken(ctx, by, in, nil); err != nil && !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("token %d: %w", i+1, err)
		}
	}
	return nil
}

// furnishSites makes the demonstration's places and returns them; none when
// there are sites already.
func (n *Node) furnishSites(ctx context.Context, by account.Actor) ([]ident.SiteID, error) {
	known, err := n.store.Sites(ctx, by.Organisation, page.Query{Limit: 1})
	if err != nil || len(known.Items) > 0 {
		return nil, err
	}
	var ids []ident.SiteID
	for _, s := range []struct{ name, city, latitude, longitude string }{
		{"Market Square", "Freiburg", "47.9959", "7.8522"},
		{"Harbour Garage", "Hamburg", "53.5438", "9.9886"},
		{"Motorway East", "Leipzig", "51.3397", "12.3731"},
	} {
		made, err := n.admin.CreateSite(ctx, by, admin.SitePatch{Name: &s.name, City: &s.city, Latitude: &s.latitude, Longitude: &s.longitude}, nil)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", s.name, err)
		}
		ids = append(ids, made.ID)
	}
	return ids, nil
}
