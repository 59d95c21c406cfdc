// Command bench measures the whole server against the budgets of the design: it
// builds Pylon, runs `pylon serve` on this machine, lets simulated stations and API
// clients loose on it, and prints one table of what came out beside target and
// stretch.
//
//	go run ./test/bench                    everything, some ten minutes
//	go run ./test/bench -quick             a smoke run of under a minute; its figures mean little
//	go run ./test/bench -only sessions     one measurement; several with commas
//	go run ./test/bench -out docs/bench.md the table as Markdown too
//	go run ./test/bench -pprof DIR         where the server's CPU went, one profile per measurement
//
// Everything listens on the loopback network, every loop ends, and only processes
// that it started are ended. Load and server share the machine, as they do in the
// figures of others that the budgets stand beside; what the generator and the
// rest of the machine used is told with each figure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"pylon/internal/kernel/clock"
)

// runMax bounds a whole run.
const runMax = time.Hour

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runMax)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options is the command line.
type options struct {
	quick  bool
	only   []string
	out    string
	pprof  string
	dir    string
	binary string
}

func parse(args []string) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&o.quick, "quick", false, "smoke run: less of everything")
	flags.StringVar(&only, "only", "", "measurements to make, with commas: "+strings.Join(names(), ", "))
	flags.StringVar(&o.out, "out", "", "file that gets the table as Markdown")
	flags.StringVar(&o.pprof, "pprof", "", "folder for the server's CPU profiles; profiling costs a few per cent")
	flags.StringVar(&o.dir, "dir", "", "folder for databases, on the disk to measure (default: the system's for temporary files)")
	flags.StringVar(&o.binary, "binary", "", "a pylon that is built already")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			return o, fmt.Errorf("no measurement %q; there are %s", name, strings.Join(names(), ", "))
		}
	}
	return o, nil
}

// measurements are all there are, in the order of the budgets.
var measurements = []measurement{
	{"sessions", measureSessions},
	{"latency", measureLatency},
	{"memory", measureMemory},
	{"connects", measureConnects},
	{"disk", measureDisk},
	{"start", measureStart},
	{"api", measureAPI},
	{"events", measureEvents},
}

// measurement yields some figures.
type measurement struct {
	name string
	run  func(context.Context, *lab) ([]row, error)
}

// measure makes one measurement and notes what else the machine did.
func (l *lab) measure(ctx context.Context, m measurement) ([]row, error) {
	before, err := readOthers(l.clock.Now())
	if err != nil {
		return nil, err
	}
	rows, runErr := m.run(ctx, l)
	after, err := readOthers(l.clock.Now())
	for i := range rows {
		rows[i].others = after.since(before)
	}
	return rows, errors.Join(runErr, err)
}

func names() []string {
	var all []string
	for _, m := range measurements {
		all = append(all, m.name)
	}
	return all
}

// run makes the measurements that are asked for. One that fails is an error, at
// the end: the others are made all the same.
func run(ctx context.Context, args []string) (err error) {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	l, err := newLab(ctx, o, clock.System{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	report := report{machine: readMachine(l.dir), at: l.clock.Now(), quick: o.quick, profiled: o.pprof != ""}
	var failures error
	for _, m := range measurements {
		if o.only != nil && !slices.Contains(o.only, m.name) {
			continue
		}
		rows, err := l.measure(ctx, m)
		report.rows = append(report.rows, rows...)
		if err != nil {
			failures = errors.Join(failures, fmt.Errorf("%s: %w", m.name, err))
			l.say("%s: %v", m.name, err)
		}
	}
	report.text(os.Stdout)
	if o.out != "" {
		if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
			return err
		}
		return errors.Join(failures, os.WriteFile(o.out, report.markdown(), 0o644))
	}
	return failures
}
