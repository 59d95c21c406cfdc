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
	configs := l.stations(s, n, both)
	stations, tally := load.Gather(ctx, l.clock, configs, atOnce, (*load.Station).Boot)
	after, err := s.usage(l.clock.Now())
	leave(stations)
	profileErr := l.profile(ctx, s, "connects", l.window/5, func() { // once more, beside the figure
		again, _ := load.Gather(ctx, l.clock, configs, atOnce, (*load.Station).Boot)
		leave(again)
	})
	used := after.since(before)
	return []row{{
		figure: figure{name: "connects with boot per second", target: 3000, stretch: 6000, more: true},
		value:  tally.PerSecond(), broken: failures(tally),
		detail: fmt.Sprintf("%d stations, %d at a time; handshake to accepted boot %s; %s ms of CPU each, the database's included; %v",
			n, atOnce, quantiles(tally.Latencies), number(millis(used.server+used.database)/float64(n)), used),
	}}, errors.Join(err, profileErr)
}
