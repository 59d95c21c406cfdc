package main

import (
	"context"
	"errors"
	"fmt"

	"pylon/internal/sim/load"
)

// paced is the rate of the open loop, messages a second.
const paced = 1000

// measureLatency tells how long a station waits when the server is not at its
// limit.
func measureLatency(ctx context.Context, l *lab) (rows []row, err error) {
	l.say("latency")
	s, err := l.open(ctx, "latency", l.size.stations)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	stations, err := l.bring(ctx, l.stations(s, l.size.stations, both), (*load.Station).Boot)
	if err != nil {
		return nil, err
	}
	defer leave(stations)
	if warm := load.Open(ctx, l.clock, stations, load.Pace{PerSecond: paced, For: l.warm}, (*load.Station).Step); warm.Failed > 0 {
		return nil, fmt.Errorf("warming up: %w", warm.First)
	}
	before, err := s.usage(l.clock.Now())
	if err != nil {
		return nil, err
	}
	tally := load.Open(ctx, l.clock, stations, load.Pace{PerSecond: paced, For: l.size.open}, (*load.Station).Step)
	after, err := s.usage(l.clock.Now())
	beside := load.Pace{PerSecond: paced, For: l.size.open / 6}
	profileErr := l.profile(ctx, s, "latency", beside.For, func() { load.Open(ctx, l.clock, stations, beside, (*load.Station).Step) })
	return []row{{
		figure: figure{name: "p99 at 1,000 messages/s", unit: "ms", target: 10, stretch: 5},
		value:  millis(tally.Latencies.At(990)), broken: failures(tally),
		detail: fmt.Sprintf("%d stations in whole sessions, open loop, %v, counted from when each message was due: %s; %v",
			l.size.stations, l.size.open, quantiles(tally.Latencies), after.since(before)),
	}}, errors.Join(err, profileErr)
}
