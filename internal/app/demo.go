package app

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"pylon/internal/domain/account"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/sim/world"
)

// demoHurry makes people so many times as quick as they are: something happens
// every few seconds, and an hour shows a day.
const demoHurry = 20

// demoScale is the network of every demonstration: 40 stations on four sites, in
// all versions, from breakfast on. Where the clock is fast, people need not be.
func demoScale(speed int) world.Scale {
	return world.Scale{
		Seed: 1, Stations: 40, Sites: 4, From: 8 * time.Hour, Hurry: max(1, demoHurry/speed), Sampling: 5 * time.Second * time.Duration(speed),
		Strangers: 30, Faults: world.SomeFaults, Screens: 3,
	}
}

// Clock returns a clock that shows the time now and runs so many times as fast as
// the machine's.
func Clock(speed int) clock.Clock {
	if speed == 1 {
		return clock.System{}
	}
	return clock.NewWarped(clock.System{}.Now(), speed)
}

// Demo runs the node with a small simulated network that connects to it over
// real WebSockets, until ctx ends.
func (n *Node) Demo(ctx context.Context) error {
	plan := world.New(demoScale(clock.Speed(n.clock)))
	network := world.Of(plan, world.Options{URL: "ws://" + n.Addr() + "/ocpp", Clock: n.clock, Log: n.log})
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
		if err := n.furnish(ctx, plan); err != nil {
			cancel()
			return fmt.Errorf("demo: %w", err)
		}
		group.Go(func() error {
			defer cancel()
			return n.keepReceipts(ctx)
		})
		_ = network.Live(ctx, network.Again) // it only ends with ctx
		return nil
	})
	return group.Wait()
}

// furnish makes the prices, sites, stations and tokens of the simulated network. What
// is there from an earlier demonstration stays.
func (n *Node) furnish(ctx context.Context, plan world.Plan) error {
	org, err := n.store.FirstOrganisation(ctx)
	if err != nil {
		return err
	}
	by := account.System(org.ID, "demo")
	if err := n.furnishPrices(ctx, by); err != nil {
		return err
	}
	sites, err := n.furnishSites(ctx, by, plan)
	if err != nil {
		return err
	}
	for _, s := range plan.Stations {
		in := admin.NewStation{Identity: ident.Identity(s.Identity)}
		in.Password = &s.Password
		if len(sites) > 0 {
			id := string(sites[s.Site])
			in.Site = &id
		}
		if _, err := n.admin.CreateStation(ctx, by, in, nil); err != nil && !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("station %s: %w", s.Identity, err)
		}
	}
	for i, t := range plan.Tokens() {
		label, accepted := fmt.Sprintf("Demo card %02d", i+1), token.Accepted
		in := admin.NewToken{UID: t.UID, TokenPatch: admin.TokenPatch{Type: &t.Type, Status: &accepted, Label: &label}}
		if _, err := n.admin.CreateToken(ctx, by, in, nil); err != nil && !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("token %d: %w", i+1, err)
		}
	}
	return nil
}

// furnishSites makes the places of the simulated network and returns them in its
// order; none when there are sites already.
func (n *Node) furnishSites(ctx context.Context, by account.Actor, plan world.Plan) ([]ident.SiteID, error) {
	known, err := n.store.Sites(ctx, by.Organisation, page.Query{Limit: 1})
	if err != nil || len(known.Items) > 0 {
		return nil, err
	}
	var ids []ident.SiteID
	for _, s := range plan.Sites {
		made, err := n.admin.CreateSite(ctx, by, admin.SitePatch{Name: &s.Name, City: &s.City, Latitude: &s.Latitude, Longitude: &s.Longitude}, nil)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", s.Name, err)
		}
		ids = append(ids, made.ID)
	}
	return ids, nil
}
