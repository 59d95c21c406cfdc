package rest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/change"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// idempotencyKeyMax is what the IETF draft's examples need many times over.
const idempotencyKeyMax = 255

// attempt is a request with an Idempotency-Key.
type attempt struct {
	organisation ident.OrganisationID
	key          string
	fingerprint  [32]byte
	at           time.Time
}

// attempts are the requests with a key that run now on this node. Between
// nodes the database tells: the second commit with one key is refused.
type attempts struct {
	mu      sync.Mutex
	running map[attemptKey]struct{}
}

type attemptKey struct {
	organisation ident.OrganisationID
	key          string
}

// begin takes the key for one request.
func (a *attempts) begin(k attemptKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, running := a.running[k]; running {
		return fault.New(fault.Conflict, "idempotency_key_in_flight")
	}
	if a.running == nil {
		a.running = map[attemptKey]struct{}{}
	}
	a.running[k] = struct{}{}
	return nil
}

func (a *attempts) end(k attemptKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.running, k)
}

// once runs serve unless the request's Idempotency-Key was used before: then
// the first answer goes out again. needed refuses a request without a key.
func (s *Server) once(w http.ResponseWriter, r *http.Request, needed bool, serve func()) error {
	key := r.Header.Get("Idempotency-Key")
	switch {
	case key == "" && needed:
		return fault.New(fault.Invalid, "idempotency_key_required")
	case key == "":
		serve()
		return nil
	case !printable(key, idempotencyKeyMax):
		return fault.New(fault.Invalid, "idempotency_key_malformed")
	}
	c := callOf(r.Context())
	k := attemptKey{c.by.Organisation, key}
	if err := s.attempts.begin(k); err != nil {
		return err
	}
	defer s.attempts.end(k)
	c.attempt = &attempt{organisation: c.by.Organisation, key: key, fingerprint: fingerprint(r, c.body), at: s.clock.Now()}
	kept, err := s.store.Idempotency(r.Context(), c.by.Organisation, key)
	switch {
	case fault.Is(err, fault.NotFound):
		serve()
		return nil
	case err != nil:
		return err
	case subtle.ConstantTimeCompare(kept.Fingerprint, c.attempt.fingerprint[:]) == 0:
		return fault.New(fault.Invalid, "idempotency_key_reused")
	}
	s.replay(w, kept)
	return nil
}

// fingerprint tells one request from another.
func fingerprint(r *http.Request, body []byte) [32]byte {
	text := r.Method + "\n" + r.URL.EscapedPath() + "?" + r.URL.RawQuery + "\n"
	return sha256.Sum256(append([]byte(text), body...))
}

// replay sends the first answer again.
func (s *Server) replay(w http.ResponseWriter, kept change.Idempotency) {
	var header map[string]string
	if err := json.Unmarshal([]byte(kept.Header), &header); err != nil {
		s.log.Warn("kept header malformed", "error", err)
	}
	for name, value := range header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Idempotent-Replayed", "true")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(kept.Status)
	if _, err := w.Write(kept.Body); err != nil {
		s.log.Debug("answer not sent", "error", err)
	}
}

// keep returns what renders the answer to the present request, so that it is
// stored with the change; nil when the caller gave no Idempotency-Key.
func keep[T, B any](ctx context.Context, status int, render func(T) Created[B]) func(T) *change.Idempotency {
	a := callOf(ctx).attempt
	if a == nil {
		return nil
	}
	return func(made T) *change.Idempotency {
		out := render(made)
		body, err := json.Marshal(out.Body)
		if err != nil {
			return nil // the answer itself fails alike, and says so
		}
		header := map[string]string{"Location": out.Location}
		if out.ETag != "" {
			header["ETag"] = out.ETag
		}
		text, err := json.Marshal(header, json.Deterministic(true))
		if err != nil {
			return nil
		}
		return &change.Idempotency{
			Organisation: a.organisation, Key: a.key, Fingerprint: a.fingerprint[:],
			Status: status, Header: string(text), Body: body, At: a.at,
		}
	}
}
