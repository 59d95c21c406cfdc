package sim_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// runNetwork runs a network for a time, in a bubble.
func runNetwork(t *testing.T, c sim.NetworkConfig, d time.Duration) (*sim.Network, *csms) {
	server, wire := newCSMS(t, clock.System{}), newPipes()
	c.URL, c.NetDial = server.serve(wire), wire.Dial
	network := sim.NewNetwork(c, clock.System{}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = network.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-stopped
	})
	time.Sleep(d)
	synctest.Wait()
	return network, server
}

func TestDemoIsLiveAtOnce(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			network, _ := runNetwork(t, sim.Demo("", seed), 3*time.Second)
			live := map[ocppj.Version]int{}
			for _, s := range network.Truth() {
				if s.Running() && s.Messages[0].Acknowledged {
					live[s.Version]++
				}
			}
			if live[ocppj.V16] == 0 || live[ocppj.V201] == 0 {
				t.Errorf("seed %d: after 3 s there are sessions %v, want some of each version", seed, live)
			}
			time.Sleep(6 * time.Second)
			synctest.Wait()
			sampled := map[ocppj.Version]int{}
			for _, s := range network.Truth() {
				for _, m := range s.Messages {
					if m.Event == "Updated" && m.Acknowledged && m.Register > s.Begin {
						sampled[s.Version]++
					}
				}
			}
			if sampled[ocppj.V16] == 0 || sampled[ocppj.V201] == 0 {
				t.Errorf("seed %d: after 9 s there are samples %v, want some of each version", seed, sampled)
			}
		})
	}
}

func TestNetworkIsWhatTheServerSaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, server := runNetwork(t, sim.Demo("", 7), 30*time.Minute)
		truth := network.Truth()
		if len(truth) < 100 {
			t.Errorf("%d sessions in half an hour, want something every few seconds", len(truth))
		}
		got, want := map[string]int{}, map[string]int{}
		reasons, running := map[string]int{}, 0
		for _, s := range truth {
			if s.Running() {
				running++
			}
			reasons[s.Reason]++
			for _, m := range s.Messages {
				if m.Discarded {
					t.Errorf("%s %s: message %+v was discarded", s.Station, s.TransactionID, m)
				}
				if m.Acknowledged && m.Tries == 1 {
					want[fmt.Sprintf("%s %s %s %s", s.Station, m.Action, m.Event, schema.TimestampOf(m.At))]++
				}
			}
		}
		for _, r := range server.all() {
			switch m := r.message.(type) {
			case *ocpp16.StartTransactionRequest:
				got[fmt.Sprintf("%s StartTransaction Started %s", r.station, m.Timestamp)]++
			case *ocpp16.MeterValuesRequest:
				got[fmt.Sprintf("%s MeterValues Updated %s", r.station, m.MeterValue[0].Timestamp)]++
			case *ocpp16.StopTransactionRequest:
				got[fmt.Sprintf("%s StopTransaction Ended %s", r.station, m.Timestamp)]++
			case *ocpp201.TransactionEventRequest:
				got[fmt.Sprintf("%s TransactionEvent %s %s", r.station, m.EventType, m.Timestamp)]++
			}
		}
		for message, times := range want {
			if got[message] < times {
				t.Errorf("%s: the server has it %d times, in truth it was sent %d times", message, got[message], times)
			}
		}
		for message := range got {
			delete(want, message)
		}
		if len(want) > 0 {
			t.Errorf("never sent: %q", slices.Sorted(maps.Keys(want)))
		}
		if running == 0 || reasons["Local"] == 0 {
			t.Errorf("sessions ended for %v, %d run", reasons, running)
		}
		if connects, _ := server.logins(); connects <= 20 {
			t.Errorf("%d connections, want outages", connects)
		}
		known := map[string]bool{}
		for _, token := range network.Tokens() {
			known[token.UID] = true
		}
		if strangers := slices.IndexFunc(of[*ocpp16.AuthorizeRequest](server), func(m *ocpp16.AuthorizeRequest) bool { return !known[m.IDTag] }); strangers < 0 {
			t.Error("nobody with an unknown card came")
		}
	})
}

func TestSeedDecidesTheNetwork(t *testing.T) {
	network := func(seed uint64) *sim.Network {
		return sim.NewNetwork(sim.Demo("ws://127.0.0.1/ocpp", seed), clock.System{}, slog.New(slog.DiscardHandler))
	}
	a, b, other := network(1), network(1), network(2)
	if !reflect.DeepEqual(a.Stations(), b.Stations()) || !reflect.DeepEqual(a.Tokens(), b.Tokens()) {
		t.Error("the same seed makes two networks")
	}
	if reflect.DeepEqual(a.Stations(), other.Stations()) || reflect.DeepEqual(a.Tokens(), other.Tokens()) {
		t.Error("two seeds make the same network")
	}
	versions, uids := map[ocppj.Version]int{}, map[string]bool{}
	for _, c := range a.Stations() {
		versions[c.Version]++
		if len(c.Password) < 16 || len(c.Password) > 20 {
			t.Errorf("A00.FR.205 password of %d characters, want 16 to 20", len(c.Password))
		}
		if a.Station(c.Identity).Version() != c.Version {
			t.Errorf("station %s is not the one of its credentials", c.Identity)
		}
	}
	if versions[ocppj.V16] != 10 || versions[ocppj.V201] != 10 {
		t.Errorf("got %v, want 10 stations of each version", versions)
	}
	for _, token := range a.Tokens() {
		uids[token.UID] = true
	}
	if len(uids) != 60 {
		t.Errorf("%d different tokens, want 60", len(uids))
	}
	if a.Station("nobody") != nil {
		t.Error("there is a station nobody")
	}
}
