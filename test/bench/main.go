// Command bench measures the whole server against the budgets of the design: it
// builds Pylon, runs `pylon serve` on this machine, lets simulated stations and API
// clients loose on it, and prints one table of what came out beside target and
// stretch. With -money it measures what makes bills, in this process; with -power how
// well grid connections are shared.
//
//	go run ./test/bench                    everything, some twelve minutes for each database
//	go run ./test/bench -database sqlite   on one of the databases
//	go run ./test/bench -quick             a smoke run of two minutes; its figures mean little
//	go run ./test/bench -only sessions     one measurement; several with commas
//	go run ./test/bench -out docs/bench.md the table as Markdown too
//	go run ./test/bench -money             rating, billing, statements, re-rating, the ledger
//	go run ./test/bench -power             scenarios of load management, and its kernels
//	go run ./test/bench -pprof DIR         keeps the profiles of the server's CPU
//
// Everything listens on the loopback network, every loop ends, and only processes
// that it started are ended. Load and server share the machine, as they do in the
// figures of others that the budgets stand beside; what the generator and the
// rest of the machine used is told with each figure. PostgreSQL is a private
// server with everything durable and settings as they come; its CPU is counted.
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

// runMax bounds a whole run: with -sessions 1000000 one on both databases takes some hours.
const runMax = 4 * time.Hour

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
	quick     bool
	databases []string
	only      []string
	out       string
	pprof     string
	hottest   int
	dir       string
	binary    string
	ofMoney   bool
	ofPower   bool
	sessions  int // that are re-rated; 0: the size's
}

func parse(args []string) (options, error) {
	var o options
	var only, database string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&o.quick, "quick", false, "smoke run: less of everything")
	flags.BoolVar(&o.ofMoney, "money", false, "measure what makes bills, and not the server")
	flags.BoolVar(&o.ofPower, "power", false, "play scenarios of load management, and not the server")
	flags.IntVar(&o.sessions, "sessions", 0, "with -money: how many sessions are re-rated; 0 is 50,000")
	flags.StringVar(&only, "only", "", "measurements to make, with commas: "+strings.Join(serverBook().names(), ", ")+"; with -money "+strings.Join(moneyBook().names(), ", "))
	flags.StringVar(&o.out, "out", "", "file that gets the table as Markdown")
	flags.StringVar(&o.pprof, "pprof", "", "folder that keeps the server's CPU profiles")
	flags.IntVar(&o.hottest, "top", 10, "how many of the functions that take most CPU are told; 0 takes no profile")
	flags.StringVar(&database, "database", "both", "sqlite, postgres or both")
	flags.StringVar(&o.dir, "dir", "", "folder for databases, on the disk to measure (default: the system's for temporary files)")
	flags.StringVar(&o.binary, "binary", "", "a pylon that is built already")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch database {
	case onSQLite, onPostgres:
		o.databases = []string{database}
	case "both":
		o.databases = []string{onSQLite, onPostgres}
	default:
		return o, fmt.Errorf("database %q is none of sqlite, postgres, both", database)
	}
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	for _, name := range o.only {
		if names := o.book().names(); !slices.Contains(names, name) {
			return o, fmt.Errorf("no measurement %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	return o, nil
}

// book is what is measured in one run, in the order of its budgets.
type book struct {
	title, about, shared string // heading, first line, and who has the machine meanwhile
	measurements         []measurement
}

func (o *options) book() book {
	if o.ofMoney {
		return moneyBook()
	}
	return serverBook()
}

func serverBook() book {
	return book{
		title:  "Benchmarks",
		about:  "The whole server against its budgets. Made by `go run ./test/bench -out docs/bench.md`; do not edit.",
		shared: "Server, database and load generator share the machine; CPU is user and system time, without the generator's.",
		measurements: []measurement{
			{"sessions", measureSessions},
			{"latency", measureLatency},
			{"memory", measureMemory},
			{"connects", measureConnects},
			{"disk", measureDisk},
			{"start", measureStart},
			{"api", measureAPI},
			{"events", measureEvents},
		},
	}
}

// measurement yields some figures.
type measurement struct {
	name string
	run  func(context.Context, *lab) ([]row, error)
}

// measure makes one measurement, notes what else the machine did, and cleans up.
func (l *lab) measure(ctx context.Context, m measurement) ([]row, error) {
	before, err := l.readOthers()
	if err != nil {
		return nil, err
	}
	rows, runErr := m.run(ctx, l)
	after, err := l.readOthers()
	for i := range rows {
		rows[i].others, rows[i].database = after.since(before), l.database
	}
	return rows, errors.Join(runErr, err, l.dropBases())
}

func (b book) names() []string {
	var all []string
	for _, m := range b.measurements {
		all = append(all, m.name)
	}
	return all
}

// run makes the measurements that are asked for, on the databases that are.
func run(ctx context.Context, args []string) (err error) {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.ofPower {
		return runPower(ctx, &lab{options: o, clock: clock.System{}})
	}
	l, err := newLab(ctx, o, clock.System{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	report := report{book: o.book(), machine: readMachine(l.dir), at: l.clock.Now(), quick: o.quick, databases: o.databases}
	var failures error
	for _, database := range o.databases {
		rows, err := l.measureOn(ctx, database)
		report.rows = append(report.rows, rows...)
		failures = errors.Join(failures, err)
	}
	report.hot = l.hot
	report.text(os.Stdout)
	if o.out != "" {
		if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
			return err
		}
		return errors.Join(failures, os.WriteFile(o.out, report.markdown(), 0o644))
	}
	return failures
}

// measureOn makes what is asked for on one database. A measurement that fails is
// an error, at the end: the others are made all the same.
func (l *lab) measureOn(ctx context.Context, database string) (all []row, failures error) {
	if err := l.use(database); err != nil {
		return nil, fmt.Errorf("%s: %w", database, err)
	}
	l.say("on %s", titles[database])
	for _, m := range l.book().measurements {
		if l.only != nil && !slices.Contains(l.only, m.name) {
			continue
		}
		rows, err := l.measure(ctx, m)
		all = append(all, rows...)
		if err != nil {
			failures = errors.Join(failures, fmt.Errorf("%s on %s: %w", m.name, database, err))
			l.say("%s: %v", m.name, err)
		}
	}
	return all, failures
}
