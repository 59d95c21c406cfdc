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

// health is what a machine learns of the process.
type health struct {
	Status  string `json:"status"` // ok, unavailable
	Version string `json:"version,omitzero"`
}

// serveLive says that the process runs.
func (s *Server) serveLive(w http.ResponseWriter, _ *http.Request) {
	s.writeHealth(w, http.StatusOK, health{Status: "ok"})
}

// serveReady says whether the process can do its work.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		s.log.Warn("not ready", "error", err)
		s.writeHealth(w, http.StatusServiceUnavailable, health{Status: "unavailable", Version: s.version})
		return
	}
	s.writeHealth(w, http.StatusOK, health{Status: "ok", Version: s.version})
}

func (s *Server) writeHealth(w http.ResponseWriter, status int, h health) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.MarshalWrite(w, h); err != nil {
		s.log.Debug("health not sent", "error", err)
	}
}
