package page

import (
	"context"
	"net/http"
)

// Door is the one-time way to the first key of an installation. A ticket that
// does not open it is an error.
type Door interface {
	Check(ticket string) error
	Enter(ctx context.Context, ticket string) (secret string, err error)
}

// entrance holds a door, which is there only while there is no key.
type entrance struct{ Door }

// Admit opens /setup for who has the door's ticket.
func (s *Server) Admit(d Door) { s.door.Store(&entrance{d}) }

// step is what the setup page shows: a button, or the key that it made.
type step struct {
	Version string
	Ticket  string
	Secret  string
}

// serveSetup shows the button. Looking makes nothing: who previews links, or
// opens one twice, uses up no ticket.
func (s *Server) serveSetup(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("t")
	d := s.door.Load()
	if d == nil || d.Check(ticket) != nil {
		s.closed(w)
		return
	}
	s.render(w, "setup.html", step{Version: s.version, Ticket: ticket})
}

// ticketMax bounds the form: a ticket has 26 characters.
const ticketMax = 1 << 10

// serveKey makes the key and shows it, once.
func (s *Server) serveKey(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, ticketMax)
	d := s.door.Load()
	if d == nil {
		s.closed(w)
		return
	}
	secret, err := d.Enter(r.Context(), r.PostFormValue("t"))
	if err != nil {
		s.log.Info("setup refused", "error", err)
		s.closed(w)
		return
	}
	s.door.Store(nil)
	s.render(w, "setup.html", step{Version: s.version, Secret: secret})
}

// closed says that the link opens nothing.
func (s *Server) closed(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	s.render(w, "closed.html", step{Version: s.version})
}
