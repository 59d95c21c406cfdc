package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/clock"
)

// These tests take their routes from the OpenAPI document, so that a new one
// cannot be forgotten.

// place puts identifiers into a path, and examples behind it where a parameter
// must be given. An unknown parameter fails the test: the
// walk must know what it stands for.
func place(t *testing.T, path string, op apiMethod, of tenant, th things) string {
	t.Helper()
	values := map[string]string{
		"organisationId": string(of.org.ID), "siteId": th.site, "templateId": th.template, "tariffId": string(th.tariff), "assignmentId": string(th.assignment), "seriesId": string(th.series), "customerId": string(th.customer), "statementId": string(th.statement), "stationId": string(th.station.Station.ID), "tokenId": string(th.token.ID),
		"sessionId": string(th.session), "commandId": string(th.command), "jobId": string(th.job), "reratingId": string(th.rerating), "findingId": string(th.finding), "deadLetterId": string(th.letter), "billId": string(th.bill), "hostId": string(th.hosted.host.ID), "agreementId": string(th.hosted.agreement.ID), "supplyId": string(th.hosted.supply.ID), "settlementId": string(th.hosted.settlement), "cdrId": th.hosted.cdr, "planId": string(th.owned.plan), "subscriptionId": string(th.owned.subscription), "voucherId": string(th.owned.voucher), "journalId": string(th.journal), "accountId": string(th.account), "keyId": th.key, "action": "ClearCache",
	}
	for name, value := range values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	if strings.Contains(path, "{") {
		t.Fatalf("the walk does not know what to put into %s", path)
	}
	query := url.Values{}
	for _, p := range op.Parameters {
		if p.In == "query" && p.Required {
			query.Set(p.Name, fmt.Sprint(p.Schema.Examples[0]))
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// example returns the body that the document shows for an operation.
func example(t *testing.T, op apiMethod) string {
	t.Helper()
	if op.RequestBody == nil {
		return ""
	}
	body, err := json.Marshal(op.RequestBody.Content["application/json"].Example)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// call sends an operation's example. A stream is read for a moment only.
func (w *world) call(t *testing.T, key, method, path, body string) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, w.http.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("If-Match", "*")
	q.Header.Set("Idempotency-Key", t.Name())
	if key != "" {
		q.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text := make([]byte, 1<<20)
	n, _ := answer.Body.Read(text) // a stream's first piece, a small body whole
	return reply{answer, text[:n]}
}

func TestEveryRouteHidesOtherOrganisations(t *testing.T) {
	w := newWorld(t, options{})
	first, other := w.fill(w.first), w.fill(w.other)
	directions := []struct {
		name     string
		of       tenant
		th       things
		stranger tenant
	}{
		{"the operator's from another", w.first, first, w.other},
		{"another's from the operator", w.other, other, w.first},
	}
	for _, d := range directions {
		t.Run(d.name, func(t *testing.T) {
			operations(t, func(t *testing.T, method, path string, op apiMethod) {
				got := w.call(t, d.stranger.key, method, place(t, path, op, d.of, d.th), example(t, op))
				operatorsOwn := strings.Contains(path, "{organisationId}") && d.stranger.org.First
				switch {
				case operatorsOwn: // the operator of the installation sees every organisation
					if got.StatusCode != http.StatusOK {
						t.Errorf("got %d %s, want 200", got.StatusCode, got.body)
					}
				case strings.Contains(path, "{"):
					if got.StatusCode != http.StatusNotFound {
						t.Errorf("got %d %s, want 404", got.StatusCode, got.body)
					}
				case got.StatusCode >= 500 || got.StatusCode == http.StatusNotFound:
					t.Errorf("got %d %s", got.StatusCode, got.body)
				}
				shows := []string{d.th.site, d.th.template, string(d.th.tariff), string(d.th.assignment), string(d.th.series), string(d.th.customer), string(d.th.statement), string(d.th.station.Station.ID), string(d.th.station.Identity), string(d.th.token.ID), d.th.token.UID, string(d.th.session), string(d.th.command), string(d.th.job), string(d.th.rerating), string(d.th.letter), string(d.th.bill), string(d.th.owned.plan), string(d.th.owned.subscription), string(d.th.owned.voucher), string(d.th.journal), string(d.th.account), d.th.key}
				if !d.stranger.org.First {
					shows = append(shows, string(d.of.org.ID))
				}
				for _, id := range shows {
					if own := strings.Contains(path, "{"); !own && strings.Contains(string(got.body), `"`+id+`"`) {
						t.Errorf("the answer shows %s: %s", id, got.body)
					}
				}
			})
		})
	}
}

func TestEveryRouteNeedsItsScope(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	sites, events := w.keyWith(account.SitesRead), w.keyWith(account.EventsRead)
	operations(t, func(t *testing.T, method, path string, op apiMethod) {
		if op.scope(t) == "" {
			if got := w.call(t, sites, method, place(t, path, op, w.first, th), ""); got.StatusCode != http.StatusOK {
				t.Errorf("needs no scope, but got %d %s", got.StatusCode, got.body)
			}
			return
		}
		key := sites
		if strings.HasPrefix(op.scope(t), "sites:") {
			key = events
		}
		// A body that nothing could read shows that the scope comes first.
		got := w.call(t, key, method, place(t, path, op, w.first, th), "{")
		if got.StatusCode != http.StatusForbidden || got.member(t, "code") != "scope_missing" {
			t.Errorf("got %d %s, want 403", got.StatusCode, got.body)
		}
	})
}

func TestEveryRouteNeedsAKey(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	revoked, secret, err := w.admin.CreateKey(t.Context(), w.first.by, admin.NewKey{Name: "gone", Scopes: []account.Scope{account.All}}, nil)
	w.must(err)
	w.must(w.admin.RevokeKey(t.Context(), w.first.by, revoked.ID, 0))
	keys := map[string]string{"none": "", "unknown": "pylon_nobody", "revoked": secret}
	for name, key := range keys {
		t.Run(name, func(t *testing.T) {
			operations(t, func(t *testing.T, method, path string, op apiMethod) {
				got := w.call(t, key, method, place(t, path, op, w.first, th), "{")
				if got.StatusCode != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("got %d %s, want 401", got.StatusCode, got.body)
				}
			})
		})
	}
}

func TestAKeyExpires(t *testing.T) {
	now := &later{}
	w := newWorld(t, options{clock: now})
	key := w.keyOf(w.first.by, admin.NewKey{Name: "short", Scopes: []account.Scope{account.All}, ExpiresAt: clock.System{}.Now().Add(time.Hour)})
	w.expect(200, key, "GET", "/api/v1/me", "")
	now.by(time.Hour)
	w.refused(401, "key_expired", key, "GET", "/api/v1/me", "")
}

// The walks above mean something only if the things are there.
func TestEveryReadShowsItsOwner(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	operations(t, func(t *testing.T, method, path string, op apiMethod) {
		if method != http.MethodGet {
			return
		}
		got := w.call(t, w.first.key, method, place(t, path, op, w.first, th), "")
		if got.StatusCode != http.StatusOK {
			t.Fatalf("got %d %s, want 200", got.StatusCode, got.body)
		}
		if _, ok := op.Responses["200"].Content["application/json"]; !ok {
			return
		}
		if strings.Contains(string(got.body), `"data":[]`) {
			t.Errorf("the list is empty: %s", got.body)
		}
	})
}
