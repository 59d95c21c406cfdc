package rest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pylon/internal/edge/rest"
	"pylon/internal/kernel/clock"
	"pylon/internal/store"
)

func TestProblemsSayWhatBroke(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	tests := []struct {
		name    string
		method  string
		path    string
		body    string
		headers []string
		status  int
		code    string
		pointer string // of errors[0]; "-" for none
		param   string
		rule    string
	}{
		{"no such route", "GET", "/api/v1/nothing", "", nil, 404, "route_not_found", "-", "", ""},
		{"a query that is no text", "GET", "/api/v1/sessions?token_uid=%fe", "", nil, 400, "url_malformed", "-", "", ""},
		{"a zero character in the query", "GET", "/api/v1/sessions?token_uid=a%00", "", nil, 400, "url_malformed", "-", "", ""},
		{"outside the API", "GET", "/nothing", "", nil, 404, "route_not_found", "-", "", ""},
		{"no such method", "PUT", "/api/v1/stations", "", nil, 405, "method_not_allowed", "-", "", ""},
		{"no such thing", "GET", "/api/v1/stations/CP-9", "", nil, 404, "not_found", "-", "", ""},
		{"no identifier", "GET", "/api/v1/sessions/CP-9", "", nil, 404, "not_found", "-", "", ""},
		{"no body", "POST", "/api/v1/stations", "", nil, 400, "body_required", "-", "", ""},
		{"not JSON", "POST", "/api/v1/stations", "{", nil, 400, "malformed_json", "", "", "syntax"},
		{"a member twice", "POST", "/api/v1/stations", `{"station_id":"a","station_id":"b"}`, nil, 400, "malformed_json", "/station_id", "", "syntax"},
		{"a form", "POST", "/api/v1/stations", "station_id=a", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "content_type_unsupported", "-", "", ""},
		{"too much", "POST", "/api/v1/stations", `{"name":"` + strings.Repeat("a", 1<<20) + `"}`, nil, 413, "body_too_large", "-", "", ""},
		{"required", "POST", "/api/v1/stations", `{}`, nil, 422, "invalid_input", "/station_id", "", "required"},
		{"unknown member", "POST", "/api/v1/stations", `{"station_id":"a","colour":"red"}`, nil, 422, "invalid_input", "/colour", "", "unknown_member"},
		{"a rule of the domain", "POST", "/api/v1/stations", `{"station_id":"a/b"}`, nil, 422, "invalid_input", "/station_id", "", "station_identity_character"},
		{"limit too large", "GET", "/api/v1/stations?limit=501", "", nil, 422, "invalid_input", "-", "limit", "range"},
		{"limit no number", "GET", "/api/v1/stations?limit=many", "", nil, 422, "invalid_input", "-", "limit", "type"},
		{"unknown parameter", "GET", "/api/v1/stations?colour=red", "", nil, 422, "invalid_input", "-", "colour", "unknown_member"},
		{"unknown filter value", "GET", "/api/v1/stations?status=red", "", nil, 422, "invalid_input", "-", "status[0]", "enumeration"},
		{"time", "GET", "/api/v1/sessions?from=yesterday", "", nil, 422, "invalid_input", "-", "from", "format"},
		{"cursor", "GET", "/api/v1/stations?cursor=x", "", nil, 422, "cursor_malformed", "-", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.refused(tt.status, tt.code, key, tt.method, tt.path, tt.body, tt.headers...)
			for _, name := range []string{"type", "title", "detail", "instance", "trace_id"} {
				if s, ok := got.member(t, name).(string); !ok || s == "" {
					t.Errorf("%s is missing: %s", name, got.body)
				}
			}
			if instance := got.member(t, "instance"); instance != strings.SplitN(tt.path, "?", 2)[0] {
				t.Errorf("instance is %v", instance)
			}
			errs, _ := got.member(t, "errors").([]any)
			if tt.rule == "" {
				if len(errs) != 0 {
					t.Errorf("errors: %v", errs)
				}
				return
			}
			if len(errs) == 0 {
				t.Fatalf("no errors: %s", got.body)
			}
			first, _ := errs[0].(map[string]any)
			if tt.pointer != "-" && first["pointer"] != tt.pointer || tt.param != "" && first["parameter"] != tt.param || first["code"] != tt.rule {
				t.Errorf("errors: %v", errs)
			}
		})
	}
	allowed := w.do(key, "PUT", "/api/v1/stations", "").Header.Get("Allow")
	if !strings.Contains(allowed, "GET") || !strings.Contains(allowed, "POST") {
		t.Errorf("Allow is %q", allowed)
	}
}

func TestAProblemHasAPage(t *testing.T) {
	w := newWorld(t, options{})
	got := w.refused(404, "not_found", w.first.key, "GET", "/api/v1/stations/CP-9", "")
	address, _ := got.member(t, "type").(string)
	path, ok := strings.CutPrefix(address, w.http.URL)
	if !ok {
		t.Fatalf("type is %q, want a page of %s", address, w.http.URL)
	}
	page := w.expect(200, "", "GET", path, "")
	if !strings.Contains(string(page.body), "<h1>Not found</h1>") {
		t.Errorf("the page says %s", page.body)
	}
	w.expect(404, "", "GET", "/problems/nothing-of-ours", "")
}

func TestInternalErrorsKeepTheirText(t *testing.T) {
	for name, breaks := range map[string]func() error{
		"error": func() error { return errSecret },
		"panic": func() error { panic(errSecret) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{store: func(s *store.Store) rest.Store { return broken{s, breaks} }})
			got := w.refused(500, "internal", w.first.key, "GET", "/api/v1/sites", "", "Request-Id", "req-1")
			if strings.Contains(string(got.body), "hunter2") {
				t.Errorf("the answer tells %s", got.body)
			}
			trace, _ := got.member(t, "trace_id").(string)
			if logged := w.logs.String(); !strings.Contains(logged, "hunter2") || !strings.Contains(logged, trace) {
				t.Errorf("the log has no reason: %s", logged)
			}
			w.expect(200, w.first.key, "GET", "/api/v1/me", "") // and the server lives on
		})
	}
}

func TestRequestsAreTraced(t *testing.T) {
	w := newWorld(t, options{})
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	got := w.refused(404, "not_found", w.first.key, "GET", "/api/v1/stations/CP-9", "",
		"Traceparent", "00-"+trace+"-00f067aa0ba902b7-01", "Request-Id", "req-17")
	if id := got.Header.Get("Request-Id"); id != "req-17" {
		t.Errorf("Request-Id is %q", id)
	}
	if got.member(t, "trace_id") != trace {
		t.Errorf("trace_id is %v", got.member(t, "trace_id"))
	}
	got = w.do(w.first.key, "GET", "/api/v1/me", "")
	if id := got.Header.Get("Request-Id"); len(id) != 32 {
		t.Errorf("Request-Id of ours is %q", id)
	}
}

func TestLogsNameNobody(t *testing.T) {
	w := newWorld(t, options{})
	w.expect(201, w.first.key, "POST", "/api/v1/tokens", `{"uid":"04DEADBEEF","type":"ISO14443","label":"Alice"}`)
	w.expect(200, w.first.key, "GET", "/api/v1/sessions?token_uid=04DEADBEEF", "")
	w.refused(409, "token_exists", w.first.key, "POST", "/api/v1/tokens", `{"uid":"04deadbeef","type":"ISO14443"}`)
	w.refused(401, "key_unknown", "pylon_stolen", "GET", "/api/v1/me", "")
	for _, secret := range []string{"04DEADBEEF", "04deadbeef", "Alice", w.first.key, "pylon_stolen"} {
		if strings.Contains(w.logs.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
	if !strings.Contains(w.logs.String(), "/api/v1/tokens") {
		t.Errorf("the log has no route: %s", w.logs.String())
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	w := newWorld(t, options{})
	for _, path := range []string{"/api/v1/me", "/nothing", "/livez", "/api/v1/openapi.json"} {
		got := w.do(w.first.key, "GET", path, "")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if has := got.Header.Get(name); has != want {
				t.Errorf("%s: %s is %q, want %q", path, name, has, want)
			}
		}
	}
}

func TestAKeyGoesNoFasterThanItsRate(t *testing.T) {
	w := newWorld(t, options{pace: 1})
	for range 2 {
		w.expect(200, w.first.key, "GET", "/api/v1/me", "")
	}
	got := w.refused(429, "rate_limited", w.first.key, "GET", "/api/v1/me", "")
	if got.Header.Get("Retry-After") != "1" || got.member(t, "retryable") != true {
		t.Errorf("Retry-After %q, %s", got.Header.Get("Retry-After"), got.body)
	}
	w.expect(200, w.other.key, "GET", "/api/v1/me", "")
}

func TestLastUseOfKeysIsWrittenInBulk(t *testing.T) {
	now := &later{}
	w := newWorld(t, options{clock: now})
	used := func() any {
		t.Helper()
		list := w.expect(200, w.other.key, "GET", "/api/v1/api-keys", "")
		return list.member(t, "data").([]any)[0].(map[string]any)["last_used_at"]
	}
	if got := used(); got != nil {
		t.Fatalf("used at %v before anything was written", got)
	}
	for used() == nil { // bounded by the test's own deadline
		now.tick(useEvery)
	}
}

// useEvery is the rhythm in which the server writes.
const useEvery = 60e9

func TestHealth(t *testing.T) {
	w := newWorld(t, options{})
	w.expect(200, "", "GET", "/livez", "")
	w.expect(200, "", "GET", "/readyz", "")
	w.must(w.store.Close())
	w.expect(200, "", "GET", "/livez", "")
	w.expect(503, "", "GET", "/readyz", "")
}

func TestMetricsCarryNoIdentifiers(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	figures := prometheus.NewRegistry()
	s, err := rest.New(rest.Options{
		Store: w.store, Stations: w.fleet, Admin: w.admin, Feed: w.bus, Frames: w.frames, Clock: clock.System{}, Log: discard(),
		Register: figures, Metrics: promhttp.HandlerFor(figures, promhttp.HandlerOpts{}),
	})
	w.must(err)
	w.http.Config.Handler = s
	w.expect(200, w.first.key, "GET", "/api/v1/stations/"+string(th.station.Identity), "")
	w.expect(404, w.first.key, "GET", "/api/v1/guess-"+string(th.station.Identity), "")
	got := string(w.expect(200, "", "GET", "/metrics", "").body)
	if !strings.Contains(got, `http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/api/v1/stations/{stationId}"} 1`) {
		t.Errorf("the request is not counted: %s", got)
	}
	for _, id := range []string{string(th.station.Identity), string(th.station.Station.ID), string(w.first.org.ID)} {
		if strings.Contains(got, id) {
			t.Errorf("the metrics have %s", id)
		}
	}
}

func TestListsArePaged(t *testing.T) {
	w := newWorld(t, options{})
	for _, id := range []string{"A", "B", "C", "D", "E"} {
		w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"`+id+`"}`)
	}
	path, got := "/api/v1/stations?limit=2&sort=-station_id", ""
	for pages := 1; ; pages++ {
		page := w.expect(200, w.first.key, "GET", path, "")
		for _, item := range page.member(t, "data").([]any) {
			got += item.(map[string]any)["station_id"].(string)
		}
		cursor, more := page.member(t, "next_cursor").(string)
		link := page.Header.Get("Link")
		if !more {
			if link != "" || pages != 3 {
				t.Errorf("%d pages, and then %q", pages, link)
			}
			break
		}
		if !strings.HasSuffix(link, `>; rel="next"`) || !strings.Contains(link, "sort=-station_id") || !strings.Contains(link, "limit=2") {
			t.Fatalf("Link is %q", link)
		}
		path = strings.TrimPrefix(strings.TrimSuffix(link, `>; rel="next"`), "<")
		if !strings.Contains(path, cursor) {
			t.Errorf("the link %s is not for next_cursor %s", path, cursor)
		}
	}
	if got != "EDCBA" {
		t.Errorf("got %s", got)
	}
}

func TestHeadAnswersLikeGet(t *testing.T) {
	w := newWorld(t, options{})
	got := w.expect(http.StatusOK, w.first.key, "HEAD", "/api/v1/me", "")
	if len(got.body) != 0 {
		t.Errorf("a body: %s", got.body)
	}
}

// deadlines is a connection that notes its deadlines.
type deadlines struct {
	http.ResponseWriter
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = t; return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = t; return nil }

// A read deadline that outlives the body would end streams and long waits: the
// server watches the connection while a handler works.
func TestOnlyTheBodyHasAReadDeadline(t *testing.T) {
	w := newWorld(t, options{})
	tests := map[string]bool{"/api/v1/me": false, "/api/v1/commands": false, "/livez": true, "/api/v1/openapi.json": true}
	for path, reads := range tests {
		q := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		q.Header.Set("Authorization", "Bearer "+w.first.key)
		d := &deadlines{ResponseWriter: httptest.NewRecorder()}
		w.server.ServeHTTP(d, q)
		if d.read.IsZero() == reads || d.write.IsZero() {
			t.Errorf("%s: read until %v, write until %v", path, d.read, d.write)
		}
	}
}

// A path that no database takes is refused, and what is said of it is a text.
func TestPathIsText(t *testing.T) {
	w := newWorld(t, options{})
	for path, instance := range map[string]string{
		"/api/v1/stations/%ff":        "/api/v1/stations/\uFFFD",
		"/api/v1/stations/a%00b":      "/api/v1/stations/a\x00b",
		"/api/v1/stations/a/ocpp/%c1": "/api/v1/stations/a/ocpp/\uFFFD",
	} {
		t.Run(path, func(t *testing.T) {
			got := w.refused(http.StatusBadRequest, "url_malformed", w.first.key, http.MethodGet, path, "")
			if got.member(t, "instance") != instance {
				t.Errorf("got instance %q, want %q", got.member(t, "instance"), instance)
			}
		})
	}
}
