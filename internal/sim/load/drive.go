package load

import (
	"context"
	"sync"
	"time"

	"pylon/internal/kernel/clock"
)

// Closed lets every actor, mostly a station, step as fast as it is answered,
// for a time. One whose step fails does no more.
func Closed[A any](ctx context.Context, clk clock.Clock, actors []A, d time.Duration, step func(A) error) Tally {
	begin := clk.Now()
	return drive(clk, actors, func(_ int, a A, c *count) {
		for at := begin; at.Sub(begin) < d && ctx.Err() == nil; {
			err := step(a)
			done := clk.Now()
			c.add(done.Sub(at), err)
			if at = done; err != nil {
				return
			}
		}
	})
}

// Pace is how an open loop goes.
type Pace struct {
	PerSecond int // steps, over all actors
	For       time.Duration
}

// leadIn gives all actors time to get ready.
const leadIn = 20 * time.Millisecond

// Open lets the actors step by the clock, evenly spread. Latency counts from when
// a step was due, not from when it began: what a slow answer delays behind it is
// the server's delay. One whose step fails does no more.
func Open[A any](ctx context.Context, clk clock.Clock, actors []A, p Pace, step func(A) error) Tally {
	begin := clk.Now().Add(leadIn)
	turn := func(i int) time.Duration { return time.Second * time.Duration(i) / time.Duration(p.PerSecond) }
	return drive(clk, actors, func(i int, a A, c *count) {
		for due := turn(i); due < p.For; due += turn(len(actors)) {
			if !until(ctx, clk, begin.Add(due)) {
				return
			}
			err := step(a)
			c.add(clk.Now().Sub(begin.Add(due)), err)
			if err != nil {
				return
			}
		}
	})
}

// until waits; false when ctx ended first.
func until(ctx context.Context, clk clock.Clock, due time.Time) bool {
	wait := due.Sub(clk.Now())
	if wait <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-clk.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// Each lets every actor step once, all at the same time.
func Each[A any](clk clock.Clock, actors []A, step func(A) error) Tally {
	return drive(clk, actors, func(_ int, a A, c *count) {
		begin := clk.Now()
		err := step(a)
		c.add(clk.Now().Sub(begin), err)
	})
}

// drive gives each actor its goroutine and waits for all.
func drive[A any](clk clock.Clock, actors []A, run func(i int, a A, c *count)) Tally {
	counts := make([]count, len(actors))
	begin := clk.Now()
	var running sync.WaitGroup
	for i, a := range actors {
		running.Go(func() { run(i, a, &counts[i]) })
	}
	running.Wait()
	return tally(counts, clk.Now().Sub(begin))
}
