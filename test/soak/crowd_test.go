package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/unit"
	"pylon/internal/sim"
	"pylon/internal/sim/world"
)

const (
	// idleMost is how long a place stays free at most, and stayLeast how long a car
	// stays at least: short, so that whatever is broken is broken in the middle of a
	// start, a sample or a stop.
	idleMost  = 2 * time.Second
	stayLeast = time.Second
	// hurry makes the guests of remote starts stay six seconds.
	hurry = 400
	// guestTries is how often a place is tried in the end while a guest is there.
	guestTries = 60
	// strangers, of 1000 drivers, come with a card that nobody knows.
	strangers = 30
)

// crowd is drivers who come to the stations of a world without end: each place has
// two who take turns, so that a card is never at two places.
type crowd struct {
	world *world.World
	plan  world.Plan
	clock clock.Clock
	stay  time.Duration // at most

	closing chan struct{} // closed when nobody is to come any more
	drivers sync.WaitGroup

	visits, occupied, refused atomic.Int64
}

// place is an EVSE of the plan, and whose it is.
type place struct {
	station *sim.Station
	evse    int
	drivers []world.Driver
	chance  *rand.Rand
}

// newPlan draws a network in which nobody comes by plan: the crowd does.
func newPlan(seed uint64, stations int, sampling time.Duration) world.Plan {
	p := world.New(world.Scale{Seed: seed, Stations: stations, Length: time.Second, Hurry: hurry, Sampling: sampling})
	p.Visits = nil
	return p
}

func newCrowd(w *world.World, p world.Plan, clk clock.Clock, stay time.Duration) *crowd {
	return &crowd{world: w, plan: p, clock: clk, stay: stay, closing: make(chan struct{})}
}

// places returns every place of the network.
func (c *crowd) places() []place {
	var all []place
	for i := range c.plan.Stations {
		st := &c.plan.Stations[i]
		for evse := range st.Hardware.EVSEs {
			n := len(all)
			all = append(all, place{
				station: c.world.Station(st.Identity), evse: evse + 1, drivers: c.plan.Drivers[2*n : 2*n+2],
				chance: rand.New(rand.NewPCG(st.Seed, uint64(evse))),
			})
		}
	}
	return all
}

// open lets the drivers come, until close.
func (c *crowd) open(ctx context.Context) {
	for _, p := range c.places() {
		c.drivers.Go(func() { c.attend(ctx, &p) })
	}
}

// close sends everybody home and waits until they are.
func (c *crowd) close() {
	close(c.closing)
	c.drivers.Wait()
}

// attend lets one driver after the other come to a place.
func (c *crowd) attend(ctx context.Context, p *place) {
	for turn := 0; ; turn++ {
		idle := time.Duration(p.chance.Int64N(int64(idleMost)))
		select {
		case <-c.closing:
			return
		case <-ctx.Done():
			return
		case <-c.clock.After(idle):
		}
		visit := sim.Visit{EVSE: p.evse, Token: p.drivers[turn%2].Token, Car: carFor(p.chance)}
		visit.Stay = stayLeast + time.Duration(p.chance.Int64N(int64(c.stay-stayLeast)))
		if p.chance.IntN(1000) < strangers {
			visit.Token.UID = fmt.Sprintf("08%012X", p.chance.Int64N(1<<48))
		}
		c.count(p.station.Charge(ctx, visit))
	}
}

func (c *crowd) count(err error) {
	c.visits.Add(1)
	switch {
	case errors.Is(err, sim.ErrOccupied):
		c.occupied.Add(1)
	case errors.Is(err, sim.ErrRefused):
		c.refused.Add(1)
	}
}

// lastRound lets every driver of the plan charge once more, when nothing goes
// wrong any more, and returns those who may not: a card that is counted as charging
// for ever is refused here.
func (c *crowd) lastRound(ctx context.Context) []error {
	var mu sync.Mutex
	var refused []error
	var round sync.WaitGroup
	for _, p := range c.places() {
		round.Go(func() {
			for _, d := range p.drivers {
				visit := sim.Visit{EVSE: p.evse, Token: d.Token, Car: carFor(p.chance), Stay: stayLeast}
				err := p.station.Charge(ctx, visit)
				for tries := 0; errors.Is(err, sim.ErrOccupied) && tries < guestTries; tries++ { // a guest is there still
					<-c.clock.After(patience)
					err = p.station.Charge(ctx, visit)
				}
				c.count(err)
				if err != nil {
					mu.Lock()
					refused = append(refused, fmt.Errorf("%s, EVSE %d, in the end: %w", p.station.Identity(), p.evse, err))
					mu.Unlock()
				}
			}
		})
	}
	round.Wait()
	return refused
}

// carFor returns a car that charges anywhere.
func carFor(r *rand.Rand) sim.Car {
	return sim.Car{
		Phases: 3, MaxCurrent: 16_000, MaxPower: 120_000, Battery: 60_000,
		Charge: 100 + unit.Permille(r.IntN(400)), Target: 900,
	}
}
