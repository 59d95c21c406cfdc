package rest_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/edge/rest"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

func TestARepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	tests := []struct {
		name string
		path string
		body string
	}{
		{"organisation", "/api/v1/organisations", `{"slug":"new","name":"New","country":"BE","currency":"EUR","time_zone":"Europe/Brussels"}`},
		{"site", "/api/v1/sites", `{"name":"Depot"}`},
		{"station", "/api/v1/stations", `{"station_id":"CP-1"}`},
		{"token", "/api/v1/tokens", `{"uid":"04A2B3","type":"ISO14443"}`},
		{"command", "/api/v1/stations/CP-main/commands", `{"type":"clear_cache"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first := w.do(w.first.key, "POST", tt.path, tt.body, "Idempotency-Key", tt.name)
			if first.StatusCode >= 300 || first.Header.Get("Idempotent-Replayed") != "" {
				t.Fatalf("the first: %d %s", first.StatusCode, first.body)
			}
			again := w.do(w.first.key, "POST", tt.path, tt.body, "Idempotency-Key", tt.name)
			if again.Header.Get("Idempotent-Replayed") != "true" || again.StatusCode != first.StatusCode || string(again.body) != string(first.body) {
				t.Errorf("first %d %s\nagain %d %s", first.StatusCode, first.body, again.StatusCode, again.body)
			}
			for _, name := range []string{"Location", "ETag", "Content-Type"} {
				if again.Header.Get(name) != first.Header.Get(name) || first.Header.Get(name) == "" {
					t.Errorf("%s: first %q, again %q", name, first.Header.Get(name), again.Header.Get(name))
				}
			}
			w.refused(422, "idempotency_key_reused", w.first.key, "POST", tt.path, strings.Replace(tt.body, "}", " }", 1), "Idempotency-Key", tt.name)
		})
	}
	// One organisation's keys are none of another's.
	w.expect(201, w.other.key, "POST", "/api/v1/sites", `{"name":"Depot"}`, "Idempotency-Key", "station")
}

func TestARefusedRequestCanBeTriedAgain(t *testing.T) {
	w := newWorld(t, options{})
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-1"}`)
	w.refused(409, "station_exists", w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-1"}`, "Idempotency-Key", "k")
	w.expect(204, w.first.key, "DELETE", "/api/v1/stations/CP-1", "")
	got := w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-1"}`, "Idempotency-Key", "k")
	if got.Header.Get("Idempotent-Replayed") != "" {
		t.Error("a refusal was kept as the answer")
	}
}

func TestARepeatedKeyShowsNoSecret(t *testing.T) {
	w := newWorld(t, options{})
	body := `{"name":"export","scopes":["sites:read"]}`
	first := w.expect(201, w.first.key, "POST", "/api/v1/api-keys", body, "Idempotency-Key", "k")
	again := w.expect(201, w.first.key, "POST", "/api/v1/api-keys", body, "Idempotency-Key", "k")
	if again.member(t, "secret") != nil || again.member(t, "id") != first.member(t, "id") {
		t.Errorf("first %s\nagain %s", first.body, again.body)
	}
	kept, err := w.store.Idempotency(t.Context(), w.first.org.ID, "k")
	w.must(err)
	if secret, _ := first.member(t, "secret").(string); strings.Contains(string(kept.Body), secret) {
		t.Error("the secret is in the database")
	}
}

func TestAReplayNeedsTheScope(t *testing.T) {
	w := newWorld(t, options{})
	w.expect(201, w.first.key, "POST", "/api/v1/sites", `{"name":"Depot"}`, "Idempotency-Key", "k")
	w.refused(403, "scope_missing", w.keyWith(account.SitesRead), "POST", "/api/v1/sites", `{"name":"Depot"}`, "Idempotency-Key", "k")
}

// held is a store that holds a request up while it looks for an older answer.
type held struct {
	*store.Store
	looking, on chan struct{}
}

func (h held) Idempotency(ctx context.Context, org ident.OrganisationID, key string) (change.Idempotency, error) {
	if key == "held" {
		h.looking <- struct{}{}
		<-h.on
	}
	return h.Store.Idempotency(ctx, org, key)
}

func TestARequestInFlightIsNotRepeated(t *testing.T) {
	h := held{looking: make(chan struct{}), on: make(chan struct{})}
	w := newWorld(t, options{store: func(s *store.Store) rest.Store { h.Store = s; return h }})
	var first sync.WaitGroup
	first.Go(func() {
		w.expect(201, w.first.key, "POST", "/api/v1/sites", `{"name":"Depot"}`, "Idempotency-Key", "held")
	})
	<-h.looking
	got := w.refused(409, "idempotency_key_in_flight", w.first.key, "POST", "/api/v1/sites", `{"name":"Depot"}`, "Idempotency-Key", "held")
	if got.member(t, "retryable") != true || got.Header.Get("Retry-After") == "" {
		t.Errorf("got %s", got.body)
	}
	close(h.on)
	first.Wait()
	if names := w.expect(200, w.first.key, "GET", "/api/v1/sites", "").ids(t, "name"); names != "Depot" {
		t.Errorf("made %q", names)
	}
}
