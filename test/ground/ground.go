// Package ground is what the flows of a node stand on, for their tests: a real
// database and a real bus.
package ground

import (
	"context"
	"path/filepath"
	"testing"

	"pylon/internal/cluster"
	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// Ground is the database and the bus of one node on which nothing works yet.
type Ground struct {
	Node  ident.NodeID
	Store *store.Store
	Bus   *cluster.Bus
	tb    testing.TB
}

// New opens both and runs the committer until the test ends. What o leaves out is
// a SQLite file of the test's own, the machine's clock, and that committed events
// go to the bus; the node is a new one, and no crash is survived.
func New(tb testing.TB, o store.Options) *Ground {
	tb.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(tb.TempDir(), "pylon.db")
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	g := &Ground{Node: ident.New[ident.NodeID](o.Clock.Now()), tb: tb}
	var err error
	if g.Bus, err = cluster.Open(tb.Context(), cluster.Options{Node: g.Node}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = g.Bus.Close() })
	if o.OnCommitted == nil {
		o.OnCommitted = g.Bus.Publish
	}
	o.Node, o.Synchronous = g.Node, "off"
	if g.Store, err = store.Open(tb.Context(), o); err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan error, 1)
	go func() { ended <- g.Store.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("store: %v", err)
		}
		if err := g.Store.Close(); err != nil {
			tb.Errorf("store: %v", err)
		}
	})
	return g
}

// Organisation makes the first organisation, with the time of c.
func (g *Ground) Organisation(c clock.Clock) account.Organisation {
	g.tb.Helper()
	now := c.Now()
	org := account.Organisation{
		ID: ident.New[ident.OrganisationID](now), Slug: "main", Name: "Test", Country: "DE", Currency: "EUR",
		TimeZone: "Europe/Berlin", CreatedAt: now, Version: 1, First: true,
	}
	if err := g.Store.Commit(g.tb.Context(), &change.Set{Organisations: []account.Organisation{org}}); err != nil {
		g.tb.Fatal(err)
	}
	return org
}
