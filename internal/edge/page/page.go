// Package page is the status page at /: what the network does right now, for
// newcomers, for a screen on the wall, without a key.
//
// Guarantees: the page is rendered here and works without scripts; with them
// it follows live. It loads nothing from anywhere else. It shows no token, no
// driver and no price. The work is the same for one reader and for a thousand:
// the board is drawn once, at most twice a second.
package page

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Store is what the page reads. Look-ups that find nothing return an error of
// kind NotFound.
type Store interface {
	FirstOrganisation(ctx context.Context) (account.Organisation, error)
	Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error)
	Stations(ctx context.Context, org ident.OrganisationID, f station.Filter, q page.Query) (page.Result[station.Detail], error)
	Sessions(ctx context.Context, org ident.OrganisationID, f session.Filter, q page.Query) (page.Result[session.View], error)
	Totals(ctx context.Context, org ident.OrganisationID, since time.Time) (session.Totals, error)
	EventsAfter(ctx context.Context, org ident.OrganisationID, after []event.Position, limit int) ([]event.Recorded, error)
	Streams(ctx context.Context) ([]event.Stream, error)
}

// Feed is the live feed of committed events, as a hint that there is news.
type Feed interface {
	Subscribe(org ident.OrganisationID) (events <-chan event.Recorded, cancel func())
}

// Audience is who may see the board without a key.
type Audience uint8

// The audiences.
const (
	Nobody  Audience = iota // a plain page that points to the API
	Machine                 // who asks for this machine by a loopback name
	Anybody                 // whoever can reach the server
)

// Options are what a Server is made of.
type Options struct {
	Store    Store
	Feed     Feed
	Clock    clock.Clock
	Log      *slog.Logger
	Audience Audience
	Version  string // of the program
}

// Server serves the page. It is an [http.Handler] for /, /live, /setup and
// /page/; Run draws the board while somebody looks.
type Server struct {
	store    Store
	feed     Feed
	clock    clock.Clock
	log      *slog.Logger
	audience Audience
	version  string
	mux      *http.ServeMux
	pages    *template.Template
	readers  readers

	door    atomic.Pointer[entrance]
	stop    sync.Once
	stopped chan struct{} // closed when live streams shall end

	mu    sync.Mutex // guards what follows
	board *board     // the last that was drawn
	drawn time.Time  // when it was, by the steady clock
	names map[ident.StationID]string
}

//go:embed assets
var assets embed.FS

// New returns a Server that serves nothing yet.
func New(o Options) (*Server, error) {
	pages, err := template.New("").Funcs(words()).ParseFS(assets, "assets/*.html")
	if err != nil {
		return nil, err
	}
	s := &Server{
		store: o.Store, feed: o.Feed, clock: o.Clock, log: o.Log, audience: o.Audience, version: o.Version,
		mux: http.NewServeMux(), pages: pages, names: map[ident.StationID]string{},
		stopped: make(chan struct{}),
	}
	s.mux.HandleFunc("GET /{$}", s.serveBoard)
	s.mux.HandleFunc("GET /live", s.serveLive)
	s.mux.HandleFunc("GET /setup", s.serveSetup)
	s.mux.Handle("POST /setup", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.serveKey)))
	s.mux.HandleFunc("GET /page/style.css", s.asset("assets/style.css", "text/css; charset=utf-8"))
	s.mux.HandleFunc("GET /page/live.js", s.asset("assets/live.js", "text/javascript; charset=utf-8"))
	return s, nil
}

// Stop ends the live streams, which would hold a server that shuts down.
func (s *Server) Stop() { s.stop.Do(func() { close(s.stopped) }) }

// policy lets the page load its own style and script and talk to its own
// server; everything else is refused.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// ServeHTTP serves the page.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	patient := clock.Deadline(s.clock, readerPatient)
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(patient) // a body that never comes shall hold no connection; without deadlines it is a test's
	_ = control.SetWriteDeadline(patient)
	s.mux.ServeHTTP(w, r)
}

// admits reports whether the one who asks may see the board. A name that is
// not the machine's own is refused even on loopback: a page from elsewhere
// could have had it point here, or a proxy could speak for the world.
func (s *Server) admits(r *http.Request) bool {
	switch s.audience {
	case Nobody:
		return false
	case Anybody:
		return true
	case Machine:
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// serveBoard serves the page at /.
func (s *Server) serveBoard(w http.ResponseWriter, r *http.Request) {
	if !s.admits(r) {
		s.render(w, "landing.html", struct{ Version string }{s.version})
		return
	}
	b, err := s.current(r.Context())
	if err != nil {
		s.log.Warn("status page not drawn", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		s.render(w, "away.html", struct{ Version string }{s.version})
		return
	}
	s.render(w, "board.html", b)
}

func (s *Server) render(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := s.pages.ExecuteTemplate(w, name, data); err != nil {
		s.log.Debug("page not sent", "page", name, "error", err)
	}
}

// asset serves one embedded file.
func (s *Server) asset(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text, err := assets.ReadFile(name)
		if err != nil {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-cache")
		if _, err := w.Write(text); err != nil {
			s.log.Debug("asset not sent", "asset", name, "error", err)
		}
	}
}
