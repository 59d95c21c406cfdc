package ocpp

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"

	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/wire/ocppj"
)

// conn is one station's socket. An idle one costs a single goroutine, which
// reads; goroutines that answer the station or call it come and go with the
// work, so that a slow commit holds up no answer, pong or close.
type conn struct {
	gateway *Gateway
	dialect *dialect
	socket  socket
	seat    *seat

	id           ident.StationID
	organisation ident.OrganisationID
	hello        fleet.Hello
	secret       []byte // hash of the password it logged in with; nil: none
	veil         veil   // over its passwords

	owner      Owner         // set before ready is closed
	ready      chan struct{} // closed when the socket speaks for the station
	done       chan struct{} // closed when the socket is to end
	ended      chan struct{} // closed when nothing of it is left
	superseded atomic.Bool   // a newer socket of this node speaks for the station

	heard  atomic.Int64 // last sign of life, as [Gateway.age]
	pinged atomic.Int64 // when it was asked for one; 0: it was not
	busy   atomic.Int64 // since when a message waits for the database; 0: none does

	unanswered atomic.Int32 // calls of the station that have no answer yet
	placed     atomic.Bool  // it has a place at the door

	work sync.WaitGroup // goroutines beside the reader; grows only with mu held

	mu      sync.Mutex
	closing bool
	parting bool // it is to end when nothing is in work
	why     farewell
	inbox   inbox
	outbox  outbox
	opened  opened
}

// newConn returns the socket of an admitted station. Nothing of it runs yet.
func (g *Gateway) newConn(ws *websocket.Conn, r *http.Request, who *guest) *conn {
	d := g.dialects[who.version]
	known := who.station // a copy: the rest of the guest goes
	c := &conn{
		gateway: g, dialect: d, socket: socket{ws: ws, deflates: deflates(r, who.version)},
		id: who.station.ID, organisation: who.station.Organisation, secret: who.secret,
		hello: fleet.Hello{OCPP: d.name, Profile: who.profile, RemoteAddr: r.RemoteAddr, Known: &known},
		ready: make(chan struct{}), done: make(chan struct{}), ended: make(chan struct{}),
	}
	c.heard.Store(int64(g.age()))
	if _, password, ok := r.BasicAuth(); ok && who.secret != nil {
		c.veil.hide(password)
	}
	g.Metrics.opened(d.version, who.profile)
	return c
}

// begin makes the socket speak for its station, after older has stopped.
func (c *conn) begin(older *conn) {
	if c.spawn(func() { c.claim(older) }) {
		return
	}
	c.makeRoom()
	if older != nil {
		older.close(endedSuperseded)
	}
}

// claim takes the right to speak for the station.
func (c *conn) claim(older *conn) {
	g := c.gateway
	defer c.makeRoom()
	left := older == nil || older.makeWay() // first: a socket that ends slowly shall not hold a place at the door
	if !c.await() {
		c.leaveAlone(older, left)
		return
	}
	c.hello.At = g.Clock.Now()
	owner, err := g.Fleet.Claim(g.ctx, c.id, c, c.hello)
	c.hello.Known = nil // the owner has it
	g.away.note(fault.Is(err, fault.Unavailable), g.age())
	if err != nil {
		c.leaveAlone(older, left)
		c.close(endOfClaim(err))
		return
	}
	c.owner = owner
	if c.outdated(owner.Snapshot()) {
		c.close(endedLogin)
		return
	}
	close(c.ready)
	c.settleLogin()
}

// leaveAlone releases the station of an older socket that has made way, when
// nobody has taken over what it left.
func (c *conn) leaveAlone(older *conn, left bool) {
	if older != nil && left && older.owner != nil {
		older.owner.Release(c.gateway.ctx, endedSuperseded.reason)
	}
}

// outdated reports whether what the station logged in with was taken off it
// between the handshake and the claim.
func (c *conn) outdated(st *station.Station) bool {
	if st.SecurityProfile > c.hello.Profile {
		return true
	}
	return c.secret != nil && !slices.ContainsFunc(st.Secrets, func(s station.Secret) bool { return string(s.Hash) == string(c.secret) })
}

// makeWay ends a socket for its successor, which takes over its station: it is
// not released. It reports false when the socket did not end in time, because
// a commit of its hangs; the successor's epoch makes that void.
func (c *conn) makeWay() bool {
	c.superseded.Store(true)
	c.close(endedSuperseded)
	select {
	case <-c.ended:
		return true
	case <-c.gateway.Clock.After(c.gateway.Limits.Away):
		return false
	}
}

func endOfClaim(err error) farewell {
	switch fault.KindOf(err) {
	case fault.Unavailable:
		return endedAway
	case fault.NotFound:
		return endedNotFound
	case fault.Stale:
		return endedSuperseded
	default:
		return endedInternal
	}
}

// settleLogin tells the owner with which of two passwords the station logged
// in: that ends the time of both.
func (c *conn) settleLogin() {
	if c.secret == nil {
		return
	}
	secrets := c.owner.Snapshot().Secrets
	if len(secrets) < 2 {
		return
	}
	for i := range secrets {
		if string(secrets[i].Hash) == string(c.secret) {
			err := c.durably(func(ctx context.Context) error { return c.owner.LoggedIn(ctx, i) })
			if err != nil {
				c.gateway.Log.Warn("login not settled", "station", c.id, "error", err)
			}
			return
		}
	}
}

// spawn runs f in a goroutine that the end of the socket waits for. It
// reports false when the socket is ending.
func (c *conn) spawn(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spawnLocked(f)
}

func (c *conn) spawnLocked(f func()) bool {
	if c.closing {
		return false
	}
	c.work.Go(f)
	return true
}

// Close implements [fleet.Connection].
func (c *conn) Close(reason string) {
	c.close(farewell{code: 1000, reason: reason, ours: true, fleet: true})
}

// close ends the socket; it returns at once. The first reason counts.
func (c *conn) close(why farewell) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(why)
}

func (c *conn) closeLocked(why farewell) {
	if c.closing {
		return
	}
	c.closing, c.why = true, why
	close(c.done)
	go c.finish()
}

// finish waits for the goroutines of the socket and gives the station up.
func (c *conn) finish() {
	g := c.gateway
	c.socket.farewell(c.why, clock.Deadline(g.Clock, farewellTerm))
	c.work.Wait()
	if c.owner != nil && !c.superseded.Load() {
		c.owner.Release(g.ctx, c.why.reason)
	}
	c.note("closed", c.why.reason)
	g.Metrics.closed(c.dialect.version, c.hello.Profile, c.why)
	g.leave(c)
	close(c.ended)
}

// isClosing reports whether the socket is to end.
func (c *conn) isClosing() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// claimed waits until the socket speaks for its station; false: it never will.
func (c *conn) claimed() bool {
	select {
	case <-c.ready:
		return true
	default:
	}
	select {
	case <-c.ready:
		return true
	case <-c.done:
		return false
	}
}

// send writes a frame into the log and to the station. A socket that does not
// take it is closed.
func (c *conn) send(kind ocppj.MessageType, action, id string, frame []byte) bool {
	if c.isClosing() {
		return false
	}
	now := c.gateway.Clock.Now()
	c.logFrame(station.ToStation, kind, action, id, frame, now) // first, or the log has the answer before the question
	err := c.socket.write(frame, clock.Deadline(c.gateway.Clock, c.gateway.Limits.Write))
	if err != nil {
		c.failed(err)
	}
	return err == nil
}
