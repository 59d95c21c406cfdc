package app

import (
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/lease"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// A node whose lease others have ended stops by itself, at once, and says why: the
// program ends with that error, and its stations go to nodes that live.
func TestNodeWithoutItsLeaseStops(t *testing.T) {
	c := configuration(t)
	n, err := Open(t.Context(), c, new(journal))
	if err != nil {
		t.Fatal(err)
	}
	n.config.DatabaseURL, n.config.Drain = elsewhere, drainMax // told to stop, it would take its time
	done := make(chan error, 1)
	go func() { done <- n.Run(t.Context()) }()
	<-n.ready
	other, err := store.Open(t.Context(), store.Options{
		Path: c.Data + "/pylon.db", Clock: clock.System{}, Node: ident.New[ident.NodeID](clock.System{}.Now()), // ends the others' leases
	})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "the lease of this node has ended") {
			t.Errorf("got %v", err)
		}
	case <-time.After(2*stopTerm + lease.Term):
		t.Fatal("it goes on")
	}
}
