package main

import (
	"context"
	"errors"
	"fmt"

	"pylon/internal/sim/load"
)

// measureConnects tells how fast a network comes back after a power cut: every
// station logs in with its password and boots.
func measureConnects(ctx context.Context, l *lab) (rows []row, err error) {
	n := sockets(l.storm)
	l.say("connects: %d stations", n)
	s, err := l.open(ctx, "connects", n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	before, err := s.usage(l.clock.Now())
	if err != nil {
		return nil, err
	}
	profiled := l.profile(ctx, s, "connects", l.window/4)
	stations, tally := load.Gather(ctx, l.clock, l.stations(s, n, both), atOnce, (*load.Station).Boot)
	defer leave(stations)
	after, err := s.usage(l.clock.Now())
	used := after.since(before)
	return []row{{
		figure: figure{name: "connects with boot per second", target: 3000, stretch: 6000, more: true},
		value:  tally.PerSecond(), broken: failures(tally),
		detail: fmt.Sprintf("%d stations, %d at a time; handshake to accepted boot %s; %s ms of the server's CPU each; %v",
			n, atOnce, quantiles(tally.Latencies), number(millis(used.server)/float64(n)), used),
	}}, errors.Join(err, profiled())
}
