package main

import (
	"context"
	"errors"
	"fmt"

	"pylon/internal/sim/load"
)

// measureMemory tells what a connected station that says nothing costs.
func measureMemory(ctx context.Context, l *lab) (rows []row, err error) {
	n := sockets(l.idle)
	l.say("memory: %d stations", n)
	s, err := l.open(ctx, "memory", n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := l.sleep(ctx, l.warm); err != nil {
		return nil, err
	}
	empty, err := s.resident()
	if err != nil {
		return nil, err
	}
	stations, err := l.bring(ctx, l.stations(s, n, both), func(s *load.Station) error {
		return errors.Join(s.Boot(), s.Free())
	})
	if err != nil {
		return nil, err
	}
	stop := load.Idle(stations)
	full, fullErr := s.resident()
	err = l.sleep(ctx, l.settle)
	settled, settledErr := s.resident()
	lost := stop()
	broken := ""
	if lost > 0 {
		broken = fmt.Sprintf("%d stations were lost", lost)
	}
	each := func(bytes int64) float64 { return float64(bytes-empty) / float64(n) / 1024 }
	return []row{{
		figure: figure{name: "resident memory per idle connected station", unit: "KiB", target: 20, stretch: 12, steady: true},
		value:  each(settled), broken: broken,
		detail: fmt.Sprintf("%d stations booted, with a connector, idle for %v; %s KiB right after all had connected; the server without stations had %s MiB",
			n, l.settle, number(each(full)), number(float64(empty)/(1<<20))),
	}}, errors.Join(err, fullErr, settledErr)
}
