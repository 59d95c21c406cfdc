// Package soak breaks everything on purpose, with real processes and real sockets,
// under stations that charge without end, and then holds what the database says
// (through the public API) against what the stations know: what they sent, what was
// acknowledged, what their meters counted.
//
// What is broken outside of the stations (the server, its disk, its database, its
// network) excuses nothing: no message that was acknowledged may be lost or
// doubled, no message refused for good, no session left open, and every energy
// agrees to the watt-hour.
//
// `make test` plays each campaign in short; `make soak` plays them at length.
package soak

import (
	"flag"
	"slices"
	"strings"
	"sync"
	"testing"

	"pylon/test/program"
)

var (
	long     = flag.Bool("long", false, "every campaign at length: more than an hour")
	seed     = flag.Uint64("seed", 1, "of the networks and of what breaks when")
	only     = flag.String("only", "", "the campaigns to play, with commas between; all when left out")
	stations = flag.Int("stations", 0, "in each network, instead of the usual number")
	faults   = flag.Int("faults", 0, "in each campaign, instead of the usual number")
	out      = flag.String("out", "", "file for the report, in Markdown")
	outJSON  = flag.String("json", "", "file for the report, in JSON; what it has of other campaigns stays")
)

// campaign is one way to break things.
type campaign struct {
	name, about string
	short, long size
	set         func(*lab) stage
}

// size is how much of a campaign is played.
type size struct {
	stations int
	faults   int // how often something is broken
}

func campaigns() []campaign {
	return []campaign{
		{
			name: "kill", about: "SIGKILL of the one server, on SQLite",
			short: size{60, 4}, long: size{300, 200}, set: killed,
		},
		{
			name: "links", about: "links between stations and server cut, half open, stalled and slow; messages repeated and out of order",
			short: size{60, 8}, long: size{300, 160}, set: linked,
		},
		{
			name: "disk", about: "the server's disk full, read-only and failing, on SQLite",
			short: size{40, 5}, long: size{100, 50}, set: diskBroken,
		},
		{
			name: "clocks", about: "the server's clock set forward and back, and those of stations",
			short: size{40, 6}, long: size{200, 120}, set: clocksSet,
		},
		{
			name: "nodes", about: "SIGKILL of either of two nodes, or of both, and nodes that stand still, on PostgreSQL and NATS",
			short: size{40, 4}, long: size{300, 200}, set: eitherKilled,
		},
		{
			name: "backbone", about: "SIGKILL of PostgreSQL, and of NATS, under two nodes",
			short: size{40, 3}, long: size{200, 90}, set: backboneKilled,
		},
		{
			name: "backlinks", about: "links of one of two nodes to PostgreSQL and NATS cut, half open, stalled and slow",
			short: size{40, 4}, long: size{200, 96}, set: backLinked,
		},
	}
}

func TestSoak(t *testing.T) {
	binary := program.Build(t)
	var book reports
	t.Cleanup(func() { book.write(t) })
	var playing sync.WaitGroup
	for _, c := range campaigns() {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), c.name) {
			continue
		}
		playing.Go(func() {
			t.Run(c.name, func(t *testing.T) { book.add(newLab(t, binary, c).play(t.Context())) })
		})
		if *long { // in short they wait more than they work, and all go at once
			playing.Wait()
		}
	}
	playing.Wait()
}
