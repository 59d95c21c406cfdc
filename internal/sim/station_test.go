package sim_test

import (
	"context"
	"flag"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

var update = flag.Bool("update", false, "write the golden files anew")

// rig is a station on its server, in a bubble of its own time.
type rig struct {
	*csms
	station *sim.Station
	ctx     context.Context //nolint:containedctx // of one test
}

// onBench runs a test with a station that is switched on and online.
func onRig(t *testing.T, c sim.Config, test func(t *testing.T, r rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, c, nil)
		if err := r.station.Online(r.ctx); err != nil {
			t.Fatal(err)
		}
		test(t, r)
	})
}

// newRig switches a station on. The rules are in force from the first message.
func newRig(t *testing.T, c sim.Config, rules map[string]rule) rig {
	ctx, cancel := context.WithCancel(t.Context())
	server, wire := newCSMS(t, clock.System{}), newPipes()
	maps.Copy(server.rules, rules)
	c.URL, c.NetDial = server.serve(wire), wire.Dial
	if c.Identity == "" {
		c.Identity = "CP-1"
	}
	if c.Hardware == (sim.Hardware{}) {
		c.Hardware = sim.AC11()
	}
	station := sim.New(c, clock.System{}, slog.New(slog.DiscardHandler))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = station.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-stopped
	})
	return rig{csms: server, station: station, ctx: ctx}
}

func TestConversation(t *testing.T) {
	small := sim.Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 100_000, Battery: 40_000, Charge: 945, Target: 950}
	tests := []struct {
		golden string
		config sim.Config
		visit  sim.Visit
	}{
		{
			"session_16",
			sim.Config{Endpoint: sim.Endpoint{Version: ocppj.V16}},
			sim.Visit{Token: sim.Token{UID: "04AABBCC"}, Car: small, Stay: 150 * time.Second},
		},
		{
			"session_201",
			sim.Config{Endpoint: sim.Endpoint{Version: ocppj.V201}},
			sim.Visit{Token: sim.Token{UID: "04AABBCC", Type: "ISO14443"}, Car: small, Stay: 150 * time.Second},
		},
		{
			"session_21",
			sim.Config{Endpoint: sim.Endpoint{Version: ocppj.V21}},
			sim.Visit{Token: sim.Token{UID: "04AABBCC", Type: "ISO14443"}, Car: small, Stay: 150 * time.Second},
		},
		{
			"session_201_dc_cable_first",
			sim.Config{Endpoint: sim.Endpoint{Version: ocppj.V201}, Hardware: sim.DC150(), StartWhenConnected: true},
			sim.Visit{EVSE: 2, Token: sim.Token{UID: "04AABBCC", Type: "ISO14443"}, Car: small, Stay: 70 * time.Second},
		},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			tt.config.SampleInterval = 30 * time.Second
			tt.config.Password = "0123456789abcdef"
			onRig(t, tt.config, func(t *testing.T, r rig) {
				if err := r.station.Charge(r.ctx, tt.visit); err != nil {
					t.Fatal(err)
				}
				if err := r.station.Settled(r.ctx); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				compareGolden(t, tt.golden, r.conversation())
			})
		})
	}
}

// compareGolden compares a conversation with testdata/name.txtar.
func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txtar")
	got = "Seconds, direction (> from the station), frame. Written by go test ./internal/sim -update.\n-- conversation --\n" + got
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the conversation differs from %s:\n%s", path, got)
	}
}
