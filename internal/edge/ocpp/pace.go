package ocpp

import (
	"net/http"
	"time"

	"pylon/internal/kernel/ident"
)

const (
	// comingPrice and comingMax are what a connection costs a station, and what it
	// can save up for: each costs a commit, an event and lines in its log. A socket
	// a second for ever is more than a bad mobile network makes of one.
	comingPrice = time.Second
	comingMax   = 60 * comingPrice
	// newcomerPrice and newcomersMax are the same for stations that nobody has
	// created and that bring no registration token, all of them together: a row each,
	// for ever. Two thousand are a network that moves here in one go; from then on
	// six a minute come in, and strangers do not fill the disk.
	newcomerPrice = 10 * time.Second
	newcomersMax  = 2000 * newcomerPrice
)

// afford takes price if there is credit for it, and else returns how long that
// takes; then nothing is taken, so that who tries in vain stays out no longer.
func (c *credit) afford(now time.Time, price, limit time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if full := now.Add(-limit); c.debt.Before(full) {
		c.debt = full
	}
	next := c.debt.Add(price)
	if wait := next.Sub(now); wait > 0 {
		return wait
	}
	c.debt = next
	return 0
}

// seatOf returns a station's seat; it makes one when there is none.
func (g *Gateway) seatOf(id ident.StationID) *seat {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seatLocked(id)
}

func (g *Gateway) seatLocked(id ident.StationID) *seat {
	s := g.seats[id]
	if s == nil {
		s = &seat{left: g.age()}
		g.seats[id] = s
	}
	return s
}

// tooOften refuses a station that connects again and again. Only who was let in
// counts: a stranger who knows its name does not keep it out.
func (g *Gateway) tooOften(who *guest) *refused {
	wait := g.seatOf(who.station.ID).comings.afford(g.Clock.Steady(), comingPrice, comingMax)
	if wait == 0 {
		return nil
	}
	return &refused{reasonTooMany, http.StatusTooManyRequests, wait}
}

// tooManyNewcomers refuses stations that nobody has created when too many come.
// With a registration token there are as many as have it.
func (g *Gateway) tooManyNewcomers() *refused {
	if g.RegistrationToken != "" {
		return nil
	}
	wait := g.newcomers.afford(g.Clock.Steady(), newcomerPrice, newcomersMax)
	if wait == 0 {
		return nil
	}
	return &refused{reasonTooMany, http.StatusTooManyRequests, wait}
}
