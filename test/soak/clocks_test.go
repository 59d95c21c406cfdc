package soak

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"pylon/internal/app"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/test/program"
)

// stepped is the machine's clock, set forward and back by hand: what measures time
// does not see it.
type stepped struct {
	clock.System
	ahead atomic.Int64
}

// Now implements [clock.Clock].
func (s *stepped) Now() time.Time { return s.System.Now().Add(time.Duration(s.ahead.Load())) }

// clocksSet is one server whose wall clock is set while it runs, as no test can do
// to the machine's: so it runs in this process. The clocks of stations are set, too.
func clocksSet(l *lab) stage {
	clk, address := new(stepped), l.address()
	node, err := app.OpenAt(l.t.Context(), clk, app.Config{
		Listen: address, Data: l.t.TempDir(), Role: []string{"all"}, UnknownStations: "refuse", BootstrapAPIKey: program.Key,
		FrameRetention: time.Hour, FrameLog: 1, SQLiteSynchronous: "full", LogLevel: "info",
	}, io.Discard)
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.t.Context()))
	done := make(chan error, 1)
	go func() { done <- node.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			l.t.Errorf("the server ended with %v", err)
		}
	})
	l.note("the server's wall clock is set by hand, in this process")
	steps := []time.Duration{-time.Hour, 10 * time.Minute, -3 * time.Second, 26 * time.Hour, -26 * time.Hour, time.Second}
	turn := 0
	return stage{stations: "ws://" + address + "/ocpp", api: "http://" + address, stepped: true, strike: func() {
		l.pause(l.between(500*time.Millisecond, 3*time.Second))
		l.broke("server's clock set")
		clk.ahead.Add(int64(steps[turn%len(steps)]))
		l.station(l.chance.IntN(len(l.plan.Stations))).Inject(sim.ClockWrong, l.between(-2*time.Hour, 2*time.Hour))
		turn++
	}}
}
