// Package rest is Pylon's public API: resources under /api/v1, live events as
// a server-sent stream, the OpenAPI document that describes both, and what a
// machine asks about the process (/livez, /readyz, /metrics).
//
// Guarantees:
//
//   - A key sees and changes its own organisation's things only; another's are
//     not found. The scope is checked before anything is looked up.
//   - Every error is a problem (RFC 9457) with a stable code; an internal error
//     shows none of its text.
//   - A write that got an answer is durable. A repeated Idempotency-Key gets
//     the first answer again.
//   - The live stream of a key has each event once, as long as the client comes
//     back with the last id; where that cannot be, it says reset.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"pylon/internal/domain/billing"
	"pylon/internal/flow/admin"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/jobs"
	"pylon/internal/flow/rerating"
	"pylon/internal/kernel/clock"
)

// Options are what a Server is made of.
type Options struct {
	Store       Store
	Stations    Stations
	Admin       *admin.Service
	Jobs        *jobs.Service
	Reratings   *rerating.Service
	Statements  Statements
	Settlements Settlements
	Consumers   *consume.Service
	Desk        Desk
	Costs       Costs // nil: sessions are shown without what they cost
	Feed        Feed
	Frames      FrameLog
	Press       Press
	Meters      func(d *billing.Document) ([]byte, error) // the file of what meters signed of a document, nil when they did not
	Clock       clock.Clock
	Log         *slog.Logger
	Version     string                // of the program, shown by /readyz
	Readiness   func() Readiness      // of the node, shown by /readyz; nil: always well
	Metrics     http.Handler          // served at /metrics; nil: there is none
	Register    prometheus.Registerer // for the API's own figures; nil: nowhere

	// RequestsPerSecond is what one key may ask for on average, twice that at
	// once; 0: [DefaultRequestsPerSecond]; at most a million, which is none.
	RequestsPerSecond int

	// CatchUp bounds the events that a reader of the live stream is sent at once
	// who is behind, because he was away, or slow, or because this node stood
	// still; beyond it he is told to get everything anew. It costs the node no
	// more than he takes. 0: [DefaultCatchUp].
	CatchUp int
}

// DefaultCatchUp is some minutes of a network with 500 events a second.
const DefaultCatchUp = 200_000

// DefaultRequestsPerSecond keeps one mad script from taking the database away
// from the stations, and is more than a console or a backend needs.
const DefaultRequestsPerSecond = 500

// paceMax keeps a key's share of a second well above the clock's resolution.
const paceMax = 1_000_000

// Server serves the API. It is an [http.Handler]; Run does what happens beside
// the requests.
type Server struct {
	store       Store
	stations    Stations
	admin       *admin.Service
	jobs        *jobs.Service
	reratings   *rerating.Service
	statements  Statements
	settlements Settlements
	consumers   *consume.Service
	desk        Desk
	costs       Costs
	feed        Feed
	frames      FrameLog
	press       Press
	meters      func(d *billing.Document) ([]byte, error)
	clock       clock.Clock
	log         *slog.Logger
	version     string
	readiness   func() Readiness
	catchUp     int

	mux       *http.ServeMux
	api       huma.API
	document  []byte
	gauges    gauges
	searches  chan struct{} // searches of the frame log that run now
	access    access
	attempts  attempts
	stationID identities
	stop      sync.Once
	stopped   chan struct{} // closed when live streams shall end
}

// New returns a Server that serves nothing yet.
func New(o Options) (*Server, error) {
	if o.RequestsPerSecond == 0 {
		o.RequestsPerSecond = DefaultRequestsPerSecond
	}
	if o.CatchUp == 0 {
		o.CatchUp = DefaultCatchUp
	}
	if o.Readiness == nil {
		o.Readiness = func() Readiness { return Readiness{} }
	}
	s := &Server{
		store: o.Store, stations: o.Stations, admin: o.Admin, jobs: o.Jobs, reratings: o.Reratings, statements: o.Statements, settlements: o.Settlements, consumers: o.Consumers, desk: o.Desk, costs: o.Costs, feed: o.Feed, frames: o.Frames, press: o.Press, meters: o.Meters,
		clock: o.Clock, log: o.Log, version: o.Version, readiness: o.Readiness,
		catchUp:  o.CatchUp,
		mux:      http.NewServeMux(),
		gauges:   newGauges(o.Register),
		searches: make(chan struct{}, searchesMax),
		access:   newAccess(min(o.RequestsPerSecond, paceMax)),
		stopped:  make(chan struct{}),
	}
	if err := s.describe(); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("GET "+prefix+"/openapi.json", s.serveDocument)
	s.mux.HandleFunc("GET /problems/{slug}", s.serveProblemPage)
	s.mux.HandleFunc("GET /livez", s.serveLive)
	s.mux.HandleFunc("GET /readyz", s.serveReady)
	if o.Metrics != nil {
		s.mux.Handle("GET /metrics", o.Metrics)
	}
	return s, nil
}

// prefix is where the API's resources are.
const prefix = "/api/v1"

// Document returns the OpenAPI document of this version of the API.
func Document() ([]byte, error) {
	s := &Server{mux: http.NewServeMux()}
	err := s.describe()
	return s.document, err
}

// Stop ends the live streams, which would hold a server that shuts down. Their
// clients come back, to whoever serves then.
func (s *Server) Stop() { s.stop.Do(func() { close(s.stopped) }) }

// useEvery is how often the last use of keys is written.
const useEvery = time.Minute

// Run writes when keys were last used, once a minute and at the end.
func (s *Server) Run(ctx context.Context) error {
	ticks, stop := s.clock.Ticker(useEvery)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return s.writeUses(context.WithoutCancel(ctx))
		case <-ticks:
			if err := s.writeUses(ctx); err != nil {
				s.log.Warn("last use of keys not written", "error", err)
			}
		}
	}
}
