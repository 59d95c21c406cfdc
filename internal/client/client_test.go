package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/client"
	"pylon/internal/kernel/clock"
)

// atOnce is a clock on which nobody waits.
type atOnce struct{ clock.System }

func (atOnce) After(time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

// against returns a client of a server that answers with h.
func against(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(client.Options{Base: s.URL + "/", Key: "secret", Clock: atOnce{}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refuse answers with a problem.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%q,"title":"No","status":%d,"trace_id":"t1","errors":[{"pointer":"/a","code":"length","detail":"too long"}]}`, code, status)
}

func TestNewWantsAServer(t *testing.T) {
	for _, base := range []string{"", "localhost:8080", "ftp://host", "http://"} {
		if _, err := client.New(client.Options{Base: base}); err == nil {
			t.Errorf("%q is taken", base)
		}
	}
}

func TestRequests(t *testing.T) {
	var got *http.Request
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprint(w, `{"id":"sta_1","station_id":"CP/1","evses":[{"id":1,"connectors":[{"id":1,"status":"charging"}]}],"unknown":1,"site_id":null}`)
	})
	s, err := c.Station(t.Context(), "CP/1")
	if err != nil || s.StationID != "CP/1" || s.EVSEs[0].Connectors[0].Status != "charging" {
		t.Fatalf("got %+v, %v", s, err)
	}
	if got.URL.EscapedPath() != "/api/v1/stations/CP%2F1" || got.Header.Get("Authorization") != "Bearer secret" || got.Header.Get("Idempotency-Key") != "" {
		t.Errorf("asked %s with %v", got.URL.EscapedPath(), got.Header)
	}
	if _, err := c.UpdateStation(t.Context(), "CP-1", map[string]any{"name": "x"}); err != nil {
		t.Fatal(err)
	}
	if got.Method != "PATCH" || got.Header.Get("If-Match") != "*" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("asked %s with %v", got.Method, got.Header)
	}
}

func TestProblems(t *testing.T) {
	c := against(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 422, "invalid_input") })
	_, err := c.CreateToken(t.Context(), map[string]any{"uid": "1"})
	if !client.Is(err, "invalid_input") || client.Is(err, "not_found") {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"/a: too long", "422 invalid_input", "t1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	c = against(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
	if _, err := c.Station(t.Context(), "CP-1"); !client.Is(err, "http_502") {
		t.Errorf("a proxy's error is %v", err)
	}
}

// What may have happened is not done twice.
func TestTriesAgain(t *testing.T) {
	tests := []struct {
		name  string
		call  func(context.Context, *client.Client) error
		fails int // answers before the good one
		as    int
		want  int // requests
		ok    bool
	}{
		{"read", read, 2, 503, 3, true},
		{"read in vain", read, 9, 429, 4, false},
		{"made with a key", made, 2, 503, 3, true},
		{"refused for good", read, 2, 409, 1, false},
		{"broken", read, 2, 500, 1, false},
		{"changed", changed, 2, 503, 1, false},
		{"asked of a station", asked, 2, 503, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int32
			keys := map[string]bool{}
			c := against(t, func(w http.ResponseWriter, r *http.Request) {
				keys[r.Header.Get("Idempotency-Key")] = true
				if int(requests.Add(1)) <= tt.fails {
					refuse(w, tt.as, "passing")
					return
				}
				fmt.Fprint(w, `{}`)
			})
			err := tt.call(t.Context(), c)
			if got := int(requests.Load()); got != tt.want || (err == nil) != tt.ok {
				t.Errorf("%d requests, %v; want %d, %v", got, err, tt.want, tt.ok)
			}
			if len(keys) != 1 {
				t.Errorf("keys %v: each try has its own", keys)
			}
		})
	}
}

func read(ctx context.Context, c *client.Client) error {
	_, err := c.Station(ctx, "CP-1")
	return err
}

func made(ctx context.Context, c *client.Client) error {
	_, err := c.Command(ctx, "CP-1", map[string]any{"type": "reset"}, time.Second)
	return err
}

func changed(ctx context.Context, c *client.Client) error {
	_, err := c.UpdateStation(ctx, "CP-1", map[string]any{"name": "x"})
	return err
}

func asked(ctx context.Context, c *client.Client) error {
	_, err := c.OCPP(ctx, "CP-1", "Reset", []byte(`{"type":"Hard"}`))
	return err
}

func TestAllFollowsThePages(t *testing.T) {
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("status") != "active" {
			t.Errorf("asked for %s", r.URL.RawQuery)
		}
		switch r.URL.Query().Get("cursor") {
		case "":
			fmt.Fprint(w, `{"data":[{"id":"1"},{"id":"2"}],"next_cursor":"two"}`)
		case "two":
			fmt.Fprint(w, `{"data":[{"id":"3"}],"next_cursor":null}`)
		default:
			refuse(w, 422, "cursor_malformed")
		}
	})
	got := ""
	for s, err := range client.All(t.Context(), c.Sessions, client.Query{"status": "active"}) {
		if err != nil {
			t.Fatal(err)
		}
		got += s.ID
	}
	if got != "123" {
		t.Errorf("got %s", got)
	}
	for _, err := range client.All(t.Context(), c.Sessions, client.Query{"status": "active", "cursor": "x"}) {
		if !client.Is(err, "cursor_malformed") {
			t.Errorf("got %v", err)
		}
	}
}

func TestEventsComeBack(t *testing.T) {
	var connections atomic.Int32
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		n := connections.Add(1)
		if want := map[int32]string{1: "", 2: "one"}[n]; n < 3 && r.Header.Get("Last-Event-ID") != want {
			t.Errorf("connection %d comes back with %q, want %q", n, r.Header.Get("Last-Event-ID"), want)
		}
		switch n {
		case 1:
			fmt.Fprint(w, ": hello\nid: zero\n\nevent: site.created\nid: one\ndata: {\"type\":\"site.created\",\"subject\":\"sit_1\"}\n\nevent: cut\nid: lost\nda")
		case 2:
			fmt.Fprint(w, "event: reset\nid: two\ndata: {}\n\n")
		default:
			refuse(w, 401, "key_expired")
		}
	})
	var got []string
	for e, err := range c.Events(t.Context(), nil, "") {
		if err != nil {
			if !client.Is(err, "key_expired") {
				t.Errorf("ended with %v", err)
			}
			break
		}
		got = append(got, e.Type+" "+e.ID+" "+e.Subject)
	}
	if want := "site.created one sit_1, reset two "; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, ", "), want)
	}
}
