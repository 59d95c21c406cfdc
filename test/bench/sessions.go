package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"pylon/internal/sim/load"
	"pylon/internal/wire/ocppj"
)

// workload is what stations in sessions send.
type workload struct {
	name    string
	version func(i int) ocppj.Version
	begin   func(*load.Station) error // before the window, after the boot
	step    func(*load.Station) error
}

// workloads are the readings of either version alone, which is nearly all that
// stations ever send, and whole sessions of both.
var workloads = []workload{
	{"1.6 MeterValues, 4 samples", version16, beginSession, (*load.Station).Reading},
	{"2.0.1 TransactionEvent, 3 samples", version201, beginSession, (*load.Station).Reading},
	{"whole sessions, both versions", both, (*load.Station).Free, (*load.Station).Step},
}

// workloadNames are the workloads in the names of bases and profiles.
var workloadNames = []string{"meter-values", "transaction-events", "whole-sessions"}

// beginSession brings a station as far as its first reading.
func beginSession(s *load.Station) error {
	for _, step := range []func(*load.Station) error{(*load.Station).Taken, (*load.Station).Authorize, (*load.Station).Start} {
		if err := step(s); err != nil {
			return err
		}
	}
	return nil
}

// measureSessions tells what a message costs and how many there can be.
func measureSessions(ctx context.Context, l *lab) ([]row, error) {
	var costs, rates []row
	for i, w := range workloads {
		l.say("sessions: %s", w.name)
		tally, used, err := l.session(ctx, w, workloadNames[i])
		if err != nil {
			return append(costs, rates...), fmt.Errorf("%s: %w", w.name, err)
		}
		per1000 := func(d time.Duration) float64 { return 1000 * d.Seconds() / float64(tally.Done) }
		cost, told := l.cost(w, used, per1000)
		broken := failures(tally)
		costs = append(costs, row{
			figure: cost, value: per1000(used.server + used.database), broken: broken,
			detail: fmt.Sprintf("%d stations, closed loop, %v, %s messages; %sthe generator used %s s per 1,000; %v",
				l.size.stations, l.window, number(float64(tally.Done)), told, number(per1000(used.generator)), used),
		})
		rates = append(rates, row{
			figure: figure{name: "messages/s, " + w.name, target: 8000, stretch: 12_000, more: true},
			value:  tally.PerSecond(), broken: broken,
			detail: fmt.Sprintf("the same run; answered after %s; at this cost a machine with nothing else to do has time for %s",
				quantiles(tally.Latencies), number(float64(runtime.NumCPU())*float64(tally.Done)/(used.server+used.database+used.generator).Seconds())),
		})
	}
	return append(costs, rates...), nil
}

// cost is what a message may cost on the database that is measured, and what the
// database had of it, in words.
func (l *lab) cost(w workload, used spent, per1000 func(time.Duration) float64) (f figure, told string) {
	if l.database == onSQLite {
		return figure{name: "CPU per 1,000 messages, " + w.name, unit: "s", target: 0.10, stretch: 0.07}, ""
	}
	return figure{name: "CPU per 1,000 messages, " + w.name + ", the database's included", unit: "s", target: 0.15, stretch: 0.10},
		fmt.Sprintf("the server used %s s and the database %s s per 1,000; ", number(per1000(used.server)), number(per1000(used.database)))
}

// session runs one workload on a fresh server.
func (l *lab) session(ctx context.Context, w workload, name string) (t load.Tally, used spent, err error) {
	s, err := l.open(ctx, name, l.size.stations)
	if err != nil {
		return t, used, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	stations, err := l.bring(ctx, l.stations(s, l.size.stations, w.version), func(s *load.Station) error {
		return errors.Join(s.Boot(), w.begin(s))
	})
	if err != nil {
		return t, used, err
	}
	defer leave(stations)
	if warm := load.Closed(ctx, l.clock, stations, l.warm, w.step); warm.Failed > 0 {
		return t, used, fmt.Errorf("warming up: %w", warm.First)
	}
	before, err := s.usage(l.clock.Now())
	if err != nil {
		return t, used, err
	}
	t = load.Closed(ctx, l.clock, stations, l.window, w.step)
	after, err := s.usage(l.clock.Now())
	profileErr := l.profile(ctx, s, name, l.window/4, func() { load.Closed(ctx, l.clock, stations, l.window/4, w.step) })
	return t, after.since(before), errors.Join(err, profileErr)
}

// failures says what of a load failed; "" when nothing did.
func failures(t load.Tally) string {
	if t.Failed == 0 {
		return ""
	}
	return fmt.Sprintf("%d failed, such as %v", t.Failed, t.First)
}

// quantiles writes what people look at.
func quantiles(l load.Latencies) string {
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s, at most %s ms",
		number(millis(l.At(500))), number(millis(l.At(950))), number(millis(l.At(990))), number(millis(l.At(1000))))
}

func millis(d time.Duration) float64 { return d.Seconds() * 1000 }
