package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
)

// defaultPolicy lets an answer that a browser shows do nothing.
const defaultPolicy = "default-src 'none'; frame-ancestors 'none'"

// Bounds of a connection's patience.
const (
	bodyTimeout  = 30 * time.Second // to send a body: a megabyte over a slow line
	writeTimeout = 30 * time.Second // to take an answer

	strangerTimeout = time.Second // to send a body without a key that we know
)

// ServeHTTP serves one request: whatever happens below, there is an answer, a
// line in the log and a figure.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.clock.Now()
	c := newCall(r)
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	answer := &answer{ResponseWriter: w, ifNoneMatch: ifNoneMatch(r)}
	h := answer.Header()
	h.Set("Request-Id", c.id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", defaultPolicy)
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	patience(w, clock.Deadline(s.clock, bodyTimeout), clock.Deadline(s.clock, writeTimeout))
	defer func() {
		if broken := recover(); broken != nil {
			s.panicked(answer, r, broken)
		}
		s.account(r, answer, s.clock.Now().Sub(began))
	}()
	s.route(answer, r)
}

// patience bounds how long the connection is waited for. A request that is read
// must have no read deadline: the server watches the connection for the
// client's end, and would take the deadline for it.
func patience(w http.ResponseWriter, read, write time.Time) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(read)   // a connection without deadlines is a test's
	_ = control.SetWriteDeadline(write) // the same
}

// route hands the request to who serves its path; where nobody does, it says
// so in a problem.
func (s *Server) route(w *answer, r *http.Request) {
	if !isText(r.URL.Path) || !isQuery(r.URL.RawQuery) {
		s.writeProblem(w, r, fault.New(fault.Invalid, "url_malformed"))
		return
	}
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	said := unheard{}
	h.ServeHTTP(said, r) // the mux's own refusal: it knows which methods there are
	if allow := http.Header(said).Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		s.writeProblem(w, r, fault.New(fault.Invalid, "method_not_allowed", "allow", allow))
		return
	}
	s.writeProblem(w, r, fault.New(fault.NotFound, "route_not_found"))
}

// isText reports whether s is Unicode that a database takes: without the zero
// character, which PostgreSQL has not.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// isQuery reports whether the names and values of a query are texts. What cannot be
// taken apart is told by who reads the parameters.
func isQuery(raw string) bool {
	if !strings.Contains(raw, "%") {
		return isText(raw)
	}
	text, err := url.QueryUnescape(raw)
	return err != nil || isText(text)
}

// unheard is a ResponseWriter of which only the headers are kept.
type unheard http.Header

func (u unheard) Header() http.Header         { return http.Header(u) }
func (u unheard) Write(b []byte) (int, error) { return len(b), nil }
func (u unheard) WriteHeader(int)             {}

// panicked answers for a handler that broke: nothing of its reason leaves the
// process but into the log.
func (s *Server) panicked(w *answer, r *http.Request, broken any) {
	if broken == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is compared, as net/http does
		panic(broken)
	}
	s.log.Error("handler panicked", "trace_id", callOf(r.Context()).trace, "reason", fmt.Sprint(broken), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer is out: the client must see that it is broken
	}
	s.writeProblem(w, r, errors.New("panic"))
}

// account writes the request's line in the log and counts it. Neither holds
// what the caller asked for: paths by their pattern, no query, no body.
func (s *Server) account(r *http.Request, w *answer, took time.Duration) {
	c := callOf(r.Context())
	route := r.Pattern
	if _, path, ok := strings.Cut(route, " "); ok {
		route = path
	}
	s.gauges.served(r.Method, route, w.status, took)
	attrs := []any{
		"trace_id", c.trace, "request_id", c.id, "method", r.Method, "route", route, "status", w.status,
		"bytes", w.written, "took", took, "key", string(c.by.Key),
	}
	switch {
	case c.problem != nil && w.status == http.StatusInternalServerError: // the others are a station's doing, or pass
		s.log.Error("request failed", append(attrs, "code", c.problem.Code, "error", c.problem.cause)...)
	case c.problem != nil:
		s.log.Info("request refused", append(attrs, "code", c.problem.Code)...)
	default:
		s.log.Debug("request served", attrs...)
	}
}

// answer is a ResponseWriter that knows what went out, and that answers 304
// when the caller has the representation already.
type answer struct {
	http.ResponseWriter
	ifNoneMatch []string
	status      int
	written     int64
	silent      bool // the caller has it: no body
}

// WriteHeader sends the status, or 304 in its place.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	if status == http.StatusOK && matches(a.ifNoneMatch, a.Header().Get("ETag")) {
		status, a.silent = http.StatusNotModified, true
		a.Header().Del("Content-Type")
	}
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.silent {
		return len(b), nil
	}
	n, err := a.ResponseWriter.Write(b)
	a.written += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
