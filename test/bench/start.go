package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// measureStart tells how long a restart takes: from the process's start to the
// first yes of /readyz.
func measureStart(ctx context.Context, l *lab) ([]row, error) {
	l.say("start: empty")
	empty, err := l.startTimes(ctx, func() (base, error) { return l.newBase("start") })
	if err != nil {
		return nil, err
	}
	l.say("start: %d stations known", l.known)
	known, err := l.furnished(ctx, "known", l.known)
	if err != nil {
		return nil, err
	}
	full, err := l.startTimes(ctx, func() (base, error) { return known, nil })
	if err != nil {
		return nil, err
	}
	show := func(times []time.Duration) string {
		return fmt.Sprintf("median of %d, %s to %s s", len(times), number(times[0].Seconds()), number(times[len(times)-1].Seconds()))
	}
	return []row{
		{
			figure: figure{name: "start to ready, empty", unit: "s", target: 0.3, stretch: 0.1},
			value:  empty[len(empty)/2].Seconds(), detail: show(empty),
		},
		{
			figure: figure{name: fmt.Sprintf("start to ready, %s stations known", number(float64(l.known))), unit: "s", target: 2, stretch: 1},
			value:  full[len(full)/2].Seconds(), detail: show(full),
		},
	}, nil
}

// startTimes starts a server some times and returns how long it took, in rising
// order.
func (l *lab) startTimes(ctx context.Context, on func() (base, error)) ([]time.Duration, error) {
	var times []time.Duration
	for range l.starts {
		b, err := on()
		if err != nil {
			return nil, err
		}
		s, err := l.start(ctx, b)
		if err != nil {
			return nil, err
		}
		_, err = s.get(ctx, http.DefaultClient, "/readyz")
		times = append(times, l.clock.Now().Sub(s.began))
		if stopErr := s.stop(); err == nil {
			err = stopErr
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(times)
	return times, nil
}
