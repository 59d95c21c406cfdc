package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// readyTimeout is how long the database may take to say that it is there:
// those who ask come every few seconds.
const readyTimeout = 2 * time.Second

// Readiness is how a node is, beside its database.
type Readiness struct {
	Draining bool     // it is about to stop: a load balancer looks for another
	Warnings []string // what does not keep it from its work but should be seen to, in words
}

// health is what a machine learns of the process.
type health struct {
	Status   string   `json:"status"` // ok, unavailable, draining
	Version  string   `json:"version,omitzero"`
	Warnings []string `json:"warnings,omitempty"`
}

// serveLive says that the process runs.
func (s *Server) serveLive(w http.ResponseWriter, _ *http.Request) {
	s.writeHealth(w, http.StatusOK, health{Status: "ok"})
}

// serveReady says whether the process can do its work and will go on doing it.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	is := s.readiness()
	says := health{Status: "ok", Version: s.version, Warnings: is.Warnings}
	if is.Draining {
		says.Status = "draining"
		s.writeHealth(w, http.StatusServiceUnavailable, says)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		s.log.Warn("not ready", "error", err)
		says.Status = "unavailable"
		s.writeHealth(w, http.StatusServiceUnavailable, says)
		return
	}
	s.writeHealth(w, http.StatusOK, says)
}

func (s *Server) writeHealth(w http.ResponseWriter, status int, h health) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.MarshalWrite(w, h); err != nil {
		s.log.Debug("health not sent", "error", err)
	}
}
