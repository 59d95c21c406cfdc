package world

import (
	"math/rand/v2"
	"slices"
	"time"

	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

const (
	// Of 100 visits, during how many something goes wrong.
	someShare = 4
	allShare  = 12
	// apart is how far the faults of one station are from one another at least, in
	// people's time: so that what follows from one is not taken for the other's.
	apart = 3 * time.Hour
)

// drawFaults draws what goes wrong: during visits, because that is when it counts.
// Where all kinds are wanted they take turns, so that a network of some size
// meets each of them.
func (p *Plan) drawFaults(r *rand.Rand) {
	all, share := sim.Faults(), allShare
	switch p.Scale.Faults {
	case NoFaults:
		return
	case SomeFaults:
		all, share = []sim.Fault{sim.LinkCut, sim.PowerCut, sim.LostAnswer}, someShare
	case AllFaults:
		all = slices.DeleteFunc(all, func(f sim.Fault) bool { return !p.has(f) })
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	gap := apart / time.Duration(p.Scale.Hurry)
	last := make([]time.Duration, len(p.Stations))
	for i := range last {
		last[i] = -gap
	}
	turn := 0
	for i := range p.Visits {
		v := &p.Visits[i]
		at := v.At + time.Duration(r.Int64N(int64(v.Stay)))
		unlucky := r.IntN(100) < share
		length := drawLength(r, all[turn], time.Duration(p.Scale.Hurry))
		if !unlucky || at < last[v.Station]+gap || !p.possible(all[turn], v.Station) {
			continue
		}
		p.Faults = append(p.Faults, Fault{At: at, For: length, Station: v.Station, Kind: all[turn]})
		last[v.Station] = at
		if all[turn] == sim.ClockWrong { // which lasts until somebody sets it
			last[v.Station] += gap
			p.Faults = append(p.Faults, Fault{At: last[v.Station], Station: v.Station, Kind: sim.ClockSet})
		}
		turn = (turn + 1) % len(all)
	}
	p.sort()
}

// has says whether some station of the plan can have a fault.
func (p *Plan) has(f sim.Fault) bool {
	for i := range p.Stations {
		if p.possible(f, i) {
			return true
		}
	}
	return false
}

// possible says whether a station can have a fault at all.
func (p *Plan) possible(f sim.Fault, station int) bool {
	return f != sim.SkippedSeqNo || p.Stations[station].Version != ocppj.V16
}

// drawLength draws the duration that a kind of fault is injected with; see
// [sim.Station.Inject]. What people mend takes them less time when they hurry.
func drawLength(r *rand.Rand, f sim.Fault, hurry time.Duration) time.Duration {
	between := func(shortest, longest time.Duration) time.Duration {
		return (shortest + time.Duration(r.Int64N(int64(longest-shortest)))).Truncate(time.Second)
	}
	switch f {
	case sim.LinkCut:
		return between(time.Minute, 2*time.Hour) / hurry
	case sim.PowerCut:
		return between(time.Minute, 30*time.Minute) / hurry
	case sim.StuckConnector, sim.MeterSilent, sim.DeafCommands, sim.LowerCaseTokens, sim.ReversedTokens, sim.IdleEnergy:
		return between(10*time.Minute, 2*time.Hour) / hurry
	case sim.StatusStorm:
		return between(5*time.Second, 20*time.Second)
	case sim.ClockWrong:
		return []time.Duration{-56 * 365 * 24 * time.Hour, -26 * time.Hour, 26 * time.Hour, -time.Hour, time.Hour}[r.IntN(5)]
	case sim.ClockSet:
		return []time.Duration{-7 * time.Minute, 7 * time.Minute, time.Hour, -time.Hour, 0}[r.IntN(5)]
	case sim.OvertakenStop:
		return between(5*time.Second, time.Minute)
	default:
		return 0
	}
}

// Kinds returns the kinds of the plan's faults and how many there are of each.
func (p *Plan) Kinds() map[sim.Fault]int {
	counts := map[sim.Fault]int{}
	for i := range p.Faults {
		counts[p.Faults[i].Kind]++
	}
	return counts
}
