package world

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/sim"
)

// turnover is how long a place stays free after a visit at least: a driver needs
// a minute to leave, and the next to park.
const turnover = 2 * time.Minute

// shortest is the shortest visit: the end of the plan sends everybody home.
const shortest = 10 * time.Second

// drawVisits draws who comes when and where. Those who find no free place go on.
func (p *Plan) drawVisits(r *rand.Rand) {
	var arrivals []arrival
	places := make([][]place, len(p.Sites))
	for site := range p.Sites {
		places[site] = p.places(site)
		arrivals = append(arrivals, p.drawArrivals(r, site, len(places[site]))...)
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	home := make([]time.Duration, len(p.Drivers)) // when each driver is back
	for i := range home {
		home[i] = -evening
	}
	for _, a := range arrivals {
		p.receive(r, a, places[a.site], home)
	}
	p.sort()
}

// arrival is somebody who comes to a site.
type arrival struct {
	at, stay time.Duration
	site     int
}

// drawArrivals draws when people come to a site with a number of EVSEs:
// independently of one another, more at its busy hours.
func (p *Plan) drawArrivals(r *rand.Rand, site, evses int) []arrival {
	if evses == 0 {
		return nil
	}
	const day = 24 * time.Hour
	h := p.Sites[site].Kind.habits()
	hurry := time.Duration(p.Scale.Hurry)
	most := h.busiest() * float64(evses*p.Scale.Hurry) // in an hour
	var all []arrival
	for at := -evening / hurry; ; {
		at += time.Duration(r.ExpFloat64() / most * float64(time.Hour)) // a draw, no quantity
		if at >= p.Scale.Length {
			return all
		}
		hour := ((p.Scale.From+at*hurry)%day + day) % day
		if r.Float64()*h.busiest() < h.perHour(hour) {
			all = append(all, arrival{at, h.drawStay(r) / hurry, site})
		}
	}
}

// place is an EVSE while visits are drawn.
type place struct {
	station, evse int
	free          time.Duration // from then on
}

// receive gives somebody who comes a place, if there is a free one.
func (p *Plan) receive(r *rand.Rand, a arrival, places []place, home []time.Duration) {
	first, driver := r.IntN(len(places)), r.IntN(len(p.Drivers))
	stranger := r.IntN(1000) < p.Scale.Strangers
	charge := 50 + 10*unit.Permille(r.IntN(60))
	for i := range places {
		at := &places[(first+i)%len(places)]
		if at.free > a.at {
			continue
		}
		d := p.atHome(driver, a.at, home, p.Stations[at.station].Hardware)
		if d < 0 {
			return
		}
		leaves := a.at + a.stay
		at.free, home[d] = leaves+turnover, leaves+turnover
		v := Visit{Station: at.station, EVSE: at.evse, Driver: d, Token: p.Drivers[d].Token, Car: p.Drivers[d].Car}
		if stranger {
			v.Token = drawToken(r)
		}
		v.Car.Charge = min(charge, v.Car.Target-50)
		v.At = max(0, a.at) // who came before the beginning is there when it begins
		v.Stay = min(leaves, p.Scale.Length) - v.At
		if v.Stay >= shortest {
			p.Visits = append(p.Visits, v)
		}
		return
	}
}

// atHome returns a driver, from one on, who is at home and whose car can charge
// here; -1 when there is none.
func (p *Plan) atHome(from int, at time.Duration, home []time.Duration, here sim.Hardware) int {
	for i := range p.Drivers {
		d := (from + i) % len(p.Drivers)
		if home[d] <= at && (!here.DC() || p.Drivers[d].Car.MaxPower > 0) {
			return d
		}
	}
	return -1
}

// drawStay draws how long somebody stays: not much shorter than the shortest, and
// never for days.
func (h habits) drawStay(r *rand.Rand) time.Duration {
	stay := h.shortest + time.Duration(r.ExpFloat64()*float64(h.stay-h.shortest)) // a draw, no quantity
	return min(stay, 2*h.stay).Truncate(time.Second)
}

// places returns the EVSEs of a site, free since always.
func (p *Plan) places(site int) []place {
	var all []place
	for i := range p.Stations {
		if p.Stations[i].Site != site {
			continue
		}
		for evse := range p.Stations[i].Hardware.EVSEs {
			all = append(all, place{station: i, evse: evse + 1, free: -evening})
		}
	}
	return all
}
