package power

import (
	"slices"
	"time"

	"pylon/internal/domain/power/solve/wiring"
	"pylon/internal/kernel/unit"
)

// Grant is a current that a station was allowed until a time.
type Grant struct {
	Current unit.MilliAmpere
	Until   time.Time // exclusive; a station that hears nothing then falls back
}

// Promise is what an outlet may do when nobody talks to its station any more.
type Promise struct {
	Grants   []Grant          // that were sent and may hold: the last one, and those before that were not taken back
	Fallback unit.MilliAmpere // of a station that is silent, whether a car is there or comes
	Idle     bool             // no car is there now
}

// Draws returns the most that an outlet may draw at a time, and ever after.
func (p *Promise) Draws(at time.Time) unit.MilliAmpere {
	most := p.Fallback
	for _, g := range p.Grants {
		if g.Until.After(at) {
			most = max(most, g.Current)
		}
	}
	return most
}

// Silent is a limit at the worst that silence can make of it.
type Silent struct {
	Place Place
	Most  Amount // that may flow
	Limit Amount
	Idle  Amount // of it, what is kept for outlets where no car is
	Fits  bool
}

// Silence returns what may flow at each place that limits a row, from a time on, whichever
// stations fall silent. promises are by outlet; in is what holds from then on, such as
// [Compiled.During] until the last grant is over.
//
// A station that is heard draws up to its grant, one that is silent up to its grant or
// its fallback, and each may draw less. So the worst of all sets of silent stations is
// in the box from nothing to the higher of the two. In a plain sum it is the corner
// where all draw that; among phasors, where one current may take off another's, it is
// the longest of all corners, which no set of silent stations can exceed.
//
// Cars come and go while a station is silent: compile with no contacts known.
func (c *Compiled) Silence(in *InForce, at time.Time, promises []Promise) []Silent {
	all, busy := make([]int64, len(promises)), make([]int64, len(promises))
	for i := range promises {
		all[i] = int64(promises[i].Draws(at))
		if !promises[i].Idle {
			busy[i] = all[i]
		}
	}
	var places []Silent
	for i := range c.Rows {
		if in.holds[i].force.most == nil {
			continue
		}
		box := wiring.NewBox(&c.Set.Rows[i])
		box.Draw(all)
		place, unit := c.holder(in, i)
		most := box.Most(unit)
		row := Silent{Place: place, Most: amountOf(place, most), Limit: c.limit(in, i), Fits: box.Fits(in.Amperes, i)}
		box.Draw(busy)
		row.Idle = amountOf(place, most-box.Most(unit))
		places = worse(places, row)
	}
	return places
}

// worse adds a row to places, or makes one worse that is there: of a limit that has
// several rows, the highest bounds what flows.
func worse(places []Silent, row Silent) []Silent {
	i := slices.IndexFunc(places, func(p Silent) bool { return p.Place == row.Place })
	if i < 0 {
		return append(places, row)
	}
	row.Fits = row.Fits && places[i].Fits
	if a, b := row.Most, places[i].Most; a.Current < b.Current || a.Power < b.Power {
		row.Most, row.Idle = b, places[i].Idle
	}
	places[i] = row
	return places
}

// Fallbacks returns what each outlet falls back to: the least that a car charges with,
// or nothing, by rank as far as every row holds when all draw it. ranked are outlets,
// the first first; who is not among them has nothing. in is what holds for as long as
// a station may be silent: the lowest of all that is known.
func (c *Compiled) Fallbacks(in *InForce, ranked []int) []unit.MilliAmpere {
	fallbacks := make([]unit.MilliAmpere, len(c.site.Outlets))
	boxes := make([]*wiring.Box, len(c.Rows))
	for i := range boxes {
		boxes[i] = wiring.NewBox(&c.Set.Rows[i])
	}
	for _, outlet := range ranked {
		least := c.site.Outlets[outlet].least()
		fits := fallbacks[outlet] == 0
		for _, row := range c.of[outlet] {
			boxes[row].More(outlet, int64(least))
			fits = fits && boxes[row].Fits(in.Amperes, row)
		}
		if fits {
			fallbacks[outlet] = least
			continue
		}
		for _, row := range c.of[outlet] {
			boxes[row].More(outlet, -int64(least))
		}
	}
	return fallbacks
}

// least returns the lowest current that charges a car.
func (o *Outlet) least() unit.MilliAmpere {
	if len(o.Steps) > 0 {
		return o.Steps[0]
	}
	return o.Least
}
