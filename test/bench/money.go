package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"pylon/internal/sim/load"
)

// moneyBook is what makes bills, in this process: there is no server between it
// and the database. It is how PROP-16 is seen.
func moneyBook() book {
	return book{
		title: "Benchmarks of money",
		about: "What makes bills, against its budgets. Made by `make bench-money`; do not edit.",
		shared: "Everything runs in one process beside its database, which is durable as in production (fsync, `synchronous=FULL`); " +
			"what it is measured with is made on the same machine. The profiles are taken in the same runs.",
		measurements: []measurement{
			{"rating", measureRating},
			{"bills", measureBills},
			{"statement", measureStatement},
			{"rerating", measureRerating},
			{"ledger", measureLedger},
		},
	}
}

// moneySize is how much of everything there is.
type moneySize struct {
	rate      time.Duration // for which one question is asked again and again
	bills     int           // sessions that wait in the log
	paced     time.Duration // for which sessions end at a steady rate
	statement int           // bills of a month
	rerated   int           // sessions, unless the command line says how many
	postings  int           // journals
}

// profiled runs work under a CPU profile of this process.
func (l *lab) profiled(ctx context.Context, name string, work func() error) error {
	if l.hottest == 0 {
		return work()
	}
	file := l.profileFile(name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	err = work()
	pprof.StopCPUProfile()
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return l.keepHeat(ctx, name, file)
}

// took returns how long something takes.
func (l *lab) took(do func() error) (time.Duration, error) {
	began := l.clock.Steady()
	err := do()
	return l.clock.Steady().Sub(began), err
}

// inParallel calls do for 0 to n-1, so many at a time, and returns an error of
// theirs: nothing more is begun after the first.
func inParallel(ctx context.Context, n, callers int, do func(ctx context.Context, i int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan int)
	var working sync.WaitGroup
	for range min(n, callers) {
		working.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					stop(fmt.Errorf("%d of %d: %w", i, n, err))
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	working.Wait()
	return context.Cause(ctx)
}

// steadily calls do so many times a second, whether those before are done or not,
// and tells how long each took from when it was due.
func (l *lab) steadily(ctx context.Context, n, perSecond int, do func(ctx context.Context, i int) error) (load.Latencies, error) {
	latencies, errs := make(load.Latencies, n), make([]error, n)
	began := l.clock.Steady()
	var working sync.WaitGroup
	for i := range n {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		if err := l.sleep(ctx, due.Sub(l.clock.Steady())); err != nil {
			return nil, err
		}
		working.Go(func() {
			errs[i] = do(ctx, i)
			latencies[i] = l.clock.Steady().Sub(due)
		})
	}
	working.Wait()
	slices.Sort(latencies)
	return latencies, errors.Join(errs...)
}
