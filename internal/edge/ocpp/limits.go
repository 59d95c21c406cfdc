package ocpp

import (
	"sync"
	"time"
)

// Limits of what one station may take. A zero field of [Limits] is its default.
const (
	// frameMax bounds a frame, inflated. A StopTransaction with a night of
	// samples has some hundred KiB; the frame log keeps as much as this.
	frameMax = 1 << 20
	// socketsMax bounds the sockets of a node, so that it refuses a handshake
	// rather than run out of memory: at 20 KiB each these are 2 GiB.
	socketsMax = 100_000
	// inboxMax bounds the calls that a station has sent while one is answered.
	// OCPP allows one; a full inbox leaves the rest in the socket.
	inboxMax = 16
	// inboxSize bounds their bytes: a thousand stations that send faster than they
	// are answered shall cost 64 MiB and not a gigabyte.
	inboxSize = 64 << 10
	// outboxMax bounds the commands behind the one in flight; 64 rides out an
	// operator's bulk order.
	outboxMax = 64

	// writeTerm is how long a station may take to read what we write.
	writeTerm = 10 * time.Second
	// silenceMax is how long a station may be silent before it is pinged:
	// below the minute after which mobile networks forget a connection.
	silenceMax = 45 * time.Second
	// pongTerm is how long a pinged station may stay silent. Mobile round
	// trips take seconds when the radio was asleep.
	pongTerm = 20 * time.Second
	// awayMax is how long a message of a station waits for the database before
	// its socket is closed: well below the half minute after which stations
	// count a message as failed.
	awayMax = 10 * time.Second
	// callTerm is how long a station may take to answer a call when the
	// command's deadline leaves more.
	callTerm = time.Minute
	// farewellTerm is how long a station may take to answer our close frame.
	farewellTerm = 2 * time.Second
	// garbageMax is how many unreadable frames in a row end a connection.
	garbageMax = 32

	// creditMax is what a station's credit can grow to; see [credit].
	creditMax = 20 * time.Second
)

// What frames cost a station; see [credit].
const (
	priceFrame = time.Millisecond      // in turn: 1,000 a second for ever, 20,000 at once
	priceHasty = 5 * time.Millisecond  // a call before the last is answered: 200 a second
	priceOdd   = 10 * time.Millisecond // pings, garbage, answers to nothing: 100 a second
	priceNews  = 20 * time.Millisecond // what it tells of its device, which is read and written whole: 50 a second, 1,000 at once
	priceKiB   = time.Millisecond      // beside that: 1 MiB a second for ever, 20 at once
)

// priceOf is what a frame costs by its size: it is kept, and the disk ends.
func priceOf(size int) time.Duration { return time.Duration(size>>10) * priceKiB }

// Limits change the defaults, for tests and unusual networks. Zero fields are
// the defaults. Write is a term of the machine's clock, which judges sockets; the
// others are terms of the gateway's.
type Limits struct {
	Frame   int           // bytes of a frame, inflated
	Sockets int           // of this node; more than the default is the default
	Claims  int           // of stations at once, see [door]
	Line    int           // handshakes that wait for theirs
	Write   time.Duration // for a frame to be taken by the station
	Silence time.Duration // before a station is pinged
	Pong    time.Duration // before a pinged station counts as gone
	Away    time.Duration // a message waits for the database
	Call    time.Duration // a station takes to answer
	Credit  time.Duration // that a station can save up
}

// Times returns l for a gateway whose clock runs n times as fast as the machine's:
// the network, the database and stations take as long as ever. What a station may
// send grows with the speed of its clock by itself.
func (l Limits) Times(n int) Limits {
	l = l.withDefaults()
	for _, term := range []*time.Duration{&l.Silence, &l.Pong, &l.Away, &l.Call} {
		*term *= time.Duration(n)
	}
	return l
}

// withDefaults fills in the zero fields.
func (l Limits) withDefaults() Limits {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&l.Write, writeTerm)
	set(&l.Silence, silenceMax)
	set(&l.Pong, pongTerm)
	set(&l.Away, awayMax)
	set(&l.Call, callTerm)
	set(&l.Credit, creditMax)
	if l.Frame == 0 {
		l.Frame = frameMax
	}
	if l.Sockets == 0 || l.Sockets > socketsMax {
		l.Sockets = socketsMax
	}
	if l.Claims == 0 {
		l.Claims = claimsMax
	}
	if l.Line == 0 {
		l.Line = lineMax
	}
	return l
}

// Open returns how many sockets of stations there are.
func (g *Gateway) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// credit is a token bucket that counts in time: it fills by a second each
// second, and what a station does costs it a while. It is the station's, so
// that reconnecting fills nothing. The zero value is full.
type credit struct {
	mu   sync.Mutex
	debt time.Time // when all that was spent will have been earned
}

// spend takes price and returns how long to wait until the credit is not
// overdrawn any more: 0 while there is some.
func (c *credit) spend(now time.Time, price, limit time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if full := now.Add(-limit); c.debt.Before(full) {
		c.debt = full
	}
	c.debt = c.debt.Add(price)
	return max(0, c.debt.Sub(now))
}
