package ocpp

import "time"

// seat is a station's place at this node. One socket holds it and speaks for
// the station. A second one waits: stations open a new socket while the old
// one is half dead, and some open two, so the seat changes hands when the
// second speaks or the first ends, and not for a handshake.
type seat struct {
	credit  credit
	comings credit // what its connections cost
	once    once

	// Guarded by [Gateway.mu].
	holder  *conn         // speaks, or is about to
	waiting *conn         // has said nothing yet
	left    time.Duration // when the last socket ended, as [Gateway.age]
}

// seatTerm is how long a seat outlives its last socket, so that reconnecting
// is no way around its limits.
const seatTerm = 10 * time.Minute

// sit gives a new socket its place.
func (g *Gateway) sit(c *conn) {
	g.mu.Lock()
	s := g.seatLocked(c.id)
	c.seat = s
	late := g.closed
	holder, replaced := s.holder, s.waiting
	if holder == nil {
		s.holder = c
	} else {
		s.waiting = c
	}
	g.mu.Unlock()
	c.note("connected", c.describe())
	switch {
	case late:
		c.makeRoom()
		c.close(endedShutdown)
		return
	case holder == nil:
		c.begin(nil)
		return
	}
	if replaced != nil {
		replaced.close(endedReplaced)
	}
	c.makeRoom() // it may wait for minutes
	c.note("waits", "another socket speaks for the station")
	holder.probe(g.age())
}

// speak is called when a socket without an owner has got a frame. If it waits,
// the seat is its own now.
func (g *Gateway) speak(c *conn) {
	g.mu.Lock()
	s := c.seat
	older := s.holder
	takes := s.waiting == c
	if takes {
		s.holder, s.waiting = c, nil
	}
	g.mu.Unlock()
	if takes {
		c.begin(older)
	}
}

// leave takes a socket off its seat. The one that waits is next.
func (g *Gateway) leave(c *conn) {
	g.mu.Lock()
	s := c.seat
	var next *conn
	switch c {
	case s.waiting:
		s.waiting = nil
	case s.holder:
		next = s.waiting
		s.holder, s.waiting = next, nil
	}
	if s.holder == nil {
		s.left = g.age()
	}
	g.mu.Unlock()
	g.unreserve()
	if next != nil {
		next.begin(nil)
	}
}

// clear drops seats that have been empty for long.
func (g *Gateway) clear() {
	age := g.age()
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, s := range g.seats {
		if s.holder == nil && s.waiting == nil && age-s.left > seatTerm {
			delete(g.seats, id)
		}
	}
}
