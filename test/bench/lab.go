package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/load"
	"pylon/internal/wire/ocppj"
	"pylon/test/postgres"
)

// size is how much of everything there is.
type size struct {
	stations int           // in sessions
	warm     time.Duration // before a window begins
	window   time.Duration // of a closed loop
	open     time.Duration // of an open loop
	idle     int           // stations connected and idle
	settle   time.Duration // until memory that was needed but once is given back
	storm    int           // stations that connect at once
	charges  int           // sessions on disk
	readings int           // of each of them
	known    int           // stations in the database
	starts   int           // of the server
	gets     int           // requests for one station
	lists    int           // requests for fifty
	money    moneySize
}

// The whole thing is what the budgets name.
var (
	whole = size{
		stations: 200, warm: 3 * time.Second, window: 20 * time.Second, open: 30 * time.Second,
		idle: 19_000, settle: 150 * time.Second, storm: 12_000, charges: 100, readings: 360,
		known: 100_000, starts: 5, gets: 2000, lists: 1000, money: moneySize{
			rate: 2 * time.Second, bills: 4000, paced: 10 * time.Second, statement: 100_000, rerated: 50_000, postings: 50_000,
		},
	}
	smoke = size{
		stations: 200, warm: time.Second, window: 2 * time.Second, open: 3 * time.Second,
		idle: 2000, settle: 3 * time.Second, storm: 2000, charges: 10, readings: 60,
		known: 2000, starts: 1, gets: 200, lists: 100, money: moneySize{
			rate: 100 * time.Millisecond, bills: 200, paced: time.Second, statement: 1000, rerated: 500, postings: 2000,
		},
	}
)

// lab is the place where measurements are made.
type lab struct {
	options
	size
	clock clock.Clock
	dir   string // of this run; removed at its end

	database string          // that is measured now
	postgres *postgres.Plain // nil until it is needed
	bases    []base          // made on it
	dropped  int             // of them
	hot      []heat          // where the CPU went, of each measurement so far
}

// newLab builds the program, unless there is one or none is needed.
func newLab(ctx context.Context, o options, c clock.Clock) (*lab, error) {
	l := &lab{options: o, size: whole, clock: c}
	if o.quick {
		l.size = smoke
	}
	var err error
	if l.dir, err = os.MkdirTemp(o.dir, "pylon-bench-"); err != nil {
		return nil, err
	}
	if l.binary == "" && !o.ofMoney {
		l.binary = filepath.Join(l.dir, "pylon")
		l.say("building")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", l.binary, "pylon/cmd/pylon")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, errors.Join(fmt.Errorf("go build: %w\n%s", err, out), l.close())
		}
	}
	return l, nil
}

// close ends what the lab has started, and removes what it has left on the disk.
func (l *lab) close() error {
	if l.postgres != nil {
		l.postgres.Close()
	}
	return os.RemoveAll(l.dir)
}

// say tells who waits how far we are.
func (l *lab) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, l.clock.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

// sleep waits; an error when ctx ended first.
func (l *lab) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-l.clock.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// folder returns a new folder for a server's data.
func (l *lab) folder(name string) (string, error) {
	return os.MkdirTemp(l.dir, name+"-")
}

// version16, version201 and both tell which OCPP the i-th station speaks.
func version16(int) ocppj.Version  { return ocppj.V16 }
func version201(int) ocppj.Version { return ocppj.V201 }
func both(i int) ocppj.Version     { return []ocppj.Version{ocppj.V16, ocppj.V201}[i%2] }

// readings of a session in an endless day: some ten minutes at a usual interval.
const readings = 60

// stations returns the first n stations that the server knows.
func (l *lab) stations(s *server, n int, version func(i int) ocppj.Version) []load.Config {
	configs := make([]load.Config, n)
	for i := range configs {
		configs[i] = load.Config{
			Endpoint: load.Endpoint{
				Address: s.address, Path: "/ocpp", Identity: identity(i), Password: password,
				Version: version(i), Source: load.Source(i),
			},
			Token: uid(i), Readings: readings, Seed: uint64(i), Clock: l.clock,
		}
	}
	return configs
}

// atOnce is how many stations connect at the same time when nothing is said:
// many, but fewer than wait at a listener.
const atOnce = 512

// bring connects stations and lets each do its first step. One that does not
// arrive is an error.
func (l *lab) bring(ctx context.Context, configs []load.Config, step func(*load.Station) error) ([]*load.Station, error) {
	stations, tally := load.Gather(ctx, l.clock, configs, atOnce, step)
	if tally.Failed > 0 {
		leave(stations)
		return nil, fmt.Errorf("%d of %d stations did not arrive: %w", tally.Failed, len(configs), tally.First)
	}
	return stations, nil
}

// leave closes the stations' sockets.
func leave(stations []*load.Station) {
	for _, s := range stations {
		s.Close()
	}
}

// sockets returns how many of so many sockets this machine lets one process
// have.
func sockets(wanted int) int {
	const others = 200 // files, databases, listeners, clients
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return wanted
	}
	return int(min(uint64(wanted)+others, limit.Max)) - others
}
