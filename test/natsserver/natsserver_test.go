package natsserver_test

import (
	"testing"

	"pylon/internal/cluster"
	"pylon/internal/kernel/fault"
	"pylon/test/natsserver"
)

// A node finds the server, does not find it while it is dead, and finds it at the
// same address when it is back.
func TestServerIsKilledAndComesBack(t *testing.T) {
	s := natsserver.Start(t)
	open := func() error {
		bus, err := cluster.Open(t.Context(), cluster.Options{URL: s.URL(), Node: "nod_1"})
		if err != nil {
			return err
		}
		return bus.Close()
	}
	if err := open(); err != nil {
		t.Errorf("at first: got %v, want a connection", err)
	}
	s.Kill()
	if err := open(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("killed: got %v, want Unavailable", err)
	}
	s.Start()
	if err := open(); err != nil {
		t.Errorf("back again: got %v, want a connection", err)
	}
}
