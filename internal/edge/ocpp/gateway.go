package ocpp

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/wire/ocppj"
)

// UnknownStations is what becomes of a station that nobody created.
type UnknownStations string

// The ways with unknown stations.
const (
	RefuseUnknown  UnknownStations = "refuse"  // 404 before the upgrade
	PendingUnknown UnknownStations = "pending" // created, waits for an operator
	AcceptUnknown  UnknownStations = "accept"  // created, takes part at once
)

// Options are what a Gateway is made of.
type Options struct {
	Directory Directory
	Fleet     Fleet
	FrameLog  FrameLog
	Clock     clock.Clock
	Log       *slog.Logger
	Metrics   *Metrics

	Unknown           UnknownStations // "" is RefuseUnknown
	RegistrationToken string          // Basic password that unknown stations must bring; "" asks for none
	// ClientCertificate reports why a station's TLS connection does not prove
	// who it is, for security profile 3. nil refuses such stations.
	ClientCertificate func(station.Station, *tls.ConnectionState) error
	Limits            Limits
}

// Gateway is the way in for stations: an [http.Handler] for /ocpp/… and the
// sockets that came of it. Its methods are safe for concurrent use.
type Gateway struct {
	Options
	upgrader *upgrader
	buffers  *buffers
	crew     *crew
	attempts *attempts
	door     *door
	dialects map[ocppj.Version]*dialect
	away     away
	born     time.Time // of the steady clock

	newcomers credit // what stations cost that nobody has created

	// ctx is what the station's messages run under. It outlives the sockets:
	// what a station said is committed even when it has hung up since.
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	seats  map[ident.StationID]*seat
	open   int  // sockets that have not ended
	closed bool // no more handshakes
	ended  chan struct{}
}

// New returns a Gateway without sockets. It serves requests at once, but looks
// after silent stations only while [Gateway.Run] runs.
func New(o Options) *Gateway {
	o.Limits = o.Limits.withDefaults()
	if o.Unknown == "" {
		o.Unknown = RefuseUnknown
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Gateway{
		Options:  o,
		upgrader: newUpgrader(),
		buffers:  newBuffers(),
		crew:     newCrew(ctx),
		attempts: newAttempts(),
		door:     newDoor(o.Limits),
		dialects: map[ocppj.Version]*dialect{
			ocppj.V16: dialect16(o.Metrics), ocppj.V201: dialect201(o.Metrics), ocppj.V21: dialect21(o.Metrics),
		},
		born: o.Clock.Steady(),
		ctx:  ctx, cancel: cancel,
		seats: make(map[ident.StationID]*seat),
		ended: make(chan struct{}, 1),
	}
}

// age is how long the gateway has been there, at least 1: a moment that no
// setting of the wall clock moves, in few bytes.
func (g *Gateway) age() time.Duration { return g.Clock.Steady().Sub(g.born) + 1 }

// shutdownTerm is how long sockets may take to end when the node stops. What is
// in work is committed; what is not answered, the station sends again.
const shutdownTerm = 8 * time.Second

// shutdown closes every socket and waits until they have ended.
func (g *Gateway) shutdown() error {
	defer g.cancel()
	g.Refuse()
	for _, c := range g.conns() {
		c.close(endedShutdown)
	}
	late := clock.Machine(g.Clock).After(shutdownTerm)
	for {
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		if open == 0 {
			return nil
		}
		select {
		case <-g.ended:
		case <-late:
			return errors.New("ocpp gateway: sockets did not end in time")
		}
	}
}

// conns returns the sockets that have not ended, in no order.
func (g *Gateway) conns() []*conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*conn, 0, g.open)
	for _, s := range g.seats {
		for _, c := range []*conn{s.holder, s.waiting} {
			if c != nil {
				all = append(all, c)
			}
		}
	}
	return all
}

// away knows how long the database has been away: all calls between two
// moments have found it so. One call alone tells nothing.
type away struct {
	since atomic.Int64 // the first of these calls, as [Gateway.age]; 0: the last call found it there
	until atomic.Int64 // the last of them
}

// note takes in how a call of the database went.
func (a *away) note(unavailable bool, age time.Duration) {
	switch {
	case unavailable:
		a.until.Store(int64(age))
		a.since.CompareAndSwap(0, int64(age))
	case a.since.Load() != 0:
		a.since.Store(0)
	}
}

// longer reports whether the database has been away for longer than term.
func (a *away) longer(term time.Duration) bool {
	since := a.since.Load()
	return since != 0 && time.Duration(a.until.Load()-since) > term
}
