package page_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/cluster"
	"pylon/internal/domain/account"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/edge/page"
	"pylon/internal/flow/admin"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/store"
	"pylon/test/ground"
)

// world is a server with a database, a bus and a page.
type world struct {
	t     *testing.T
	store *store.Store
	bus   *cluster.Bus
	fleet *fleet.Fleet
	admin *admin.Service
	page  *page.Server
	http  *httptest.Server
}

func newWorld(t *testing.T, audience page.Audience) *world {
	t.Helper()
	return newWorldAt(t, audience, clock.System{})
}

// newWorldAt is newWorld with a page on a clock of the caller's.
func newWorldAt(t *testing.T, audience page.Audience, clk clock.Clock) *world {
	t.Helper()
	g := ground.New(t, store.Options{})
	w := &world{t: t, store: g.Store, bus: g.Bus}
	w.fleet = fleet.New(fleet.Options{Store: w.store, Bus: w.bus, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Node: g.Node})
	w.admin = admin.New(w.store, w.fleet, clock.System{})
	var err error
	w.page, err = page.New(page.Options{
		Store: w.store, Feed: w.bus, Clock: clk, Log: slog.New(slog.DiscardHandler), Audience: audience, Version: "v1",
	})
	w.must(err)
	w.run(w.page.Run)
	w.http = httptest.NewServer(w.page)
	t.Cleanup(func() {
		w.page.Stop()
		w.http.Close()
	})
	return w
}

func (w *world) run(part func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- part(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// get returns an answer's status, header and body.
func (w *world) get(path, host string) (int, http.Header, string) {
	w.t.Helper()
	q, err := http.NewRequestWithContext(w.t.Context(), "GET", w.http.URL+path, nil)
	w.must(err)
	if host != "" {
		q.Host = host
	}
	answer, err := http.DefaultClient.Do(q)
	w.must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	w.must(err)
	return answer.StatusCode, answer.Header, string(text)
}

// network makes two stations, one with a car that charges.
func (w *world) network() *fleet.Owner {
	w.t.Helper()
	ctx := w.t.Context()
	org, _, err := w.admin.Begin(ctx, "owner")
	w.must(err)
	by := account.Actor{Organisation: org.ID, Scopes: []account.Scope{account.All}, Operator: true}
	made, err := w.admin.CreateStation(ctx, by, admin.NewStation{Identity: "CP-1", Patch: station.Patch{Name: new("Left <b>")}}, nil)
	w.must(err)
	_, err = w.admin.CreateStation(ctx, by, admin.NewStation{Identity: "CP-2"}, nil)
	w.must(err)
	_, err = w.admin.CreateToken(ctx, by, admin.NewToken{UID: "04SECRET", TokenPatch: admin.TokenPatch{Type: new("ISO14443"), Label: new("Alice")}}, nil)
	w.must(err)
	now := clock.System{}.Now()
	owner, err := w.fleet.Claim(ctx, made.Station.ID, deaf{}, fleet.Hello{OCPP: station.OCPP16, At: now})
	w.must(err)
	w.t.Cleanup(func() { owner.Release(context.Background(), "test_over") })
	w.must(owner.Status(ctx, station.StatusReport{EVSE: 1, Connector: 1, Status: station.Charging, ReceivedAt: now}))
	begin, err := decimal.Parse("1000")
	w.must(err)
	answer, err := owner.Report(ctx, session.Report{
		Kind: session.Started, Version: station.OCPP16, EVSE: 1, Connector: 1, SeqNo: -1, OccurredAt: now, ReceivedAt: now,
		Token: &token.Presented{UID: "04SECRET"}, RemoteStartID: -1, ReservationID: -1, StartKey: "k", Digest: []byte("0123456789abcdef"),
		Samples: []meter.Sample{{At: now, Value: begin, Context: meter.ContextBegin, Measurand: meter.EnergyImportRegister}},
	})
	w.must(err)
	power, err := decimal.Parse("7.36")
	w.must(err)
	_, err = owner.Report(ctx, session.Report{
		Kind: session.Updated, Version: station.OCPP16, TransactionID: answer.TransactionID, EVSE: 1, Connector: 1, SeqNo: -1, OccurredAt: now, ReceivedAt: now,
		RemoteStartID: -1, ReservationID: -1, Digest: []byte("fedcba9876543210"),
		Samples: []meter.Sample{{At: now, Value: power, Unit: "kW", Measurand: meter.PowerImport}},
	})
	w.must(err)
	return owner
}

// deaf is a connection that nothing comes of.
type deaf struct{ fleet.Connection }

func (deaf) Close(string) {}

func TestBoardShowsTheNetwork(t *testing.T) {
	w := newWorld(t, page.Machine)
	w.network()
	status, header, body := w.get("/", "")
	if status != 200 || header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("got %d, %s", status, header.Get("Content-Type"))
	}
	for _, want := range []string{
		"CP-1", "Left &lt;b&gt;", "CP-2", "Offline", "Charging", `<dd>1<small> of 2</small></dd>`, `<dd>7.4<small> kW</small></dd>`,
		"CP-1 EVSE 1: a session began", "a session began",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in %s", want, body)
		}
	}
	for _, secret := range []string{"04SECRET", "Alice"} {
		if strings.Contains(body, secret) {
			t.Errorf("the page shows %s", secret)
		}
	}
}

// What is old is forgotten, of a quiet network all of it: the board shows what has
// happened since, however little that is.
func TestBoardAfterEventsWerePruned(t *testing.T) {
	w := newWorld(t, page.Machine)
	owner := w.network()
	w.must(w.store.Compact(t.Context(), clock.System{}.Now().Add(8*24*time.Hour)))
	w.must(owner.Status(t.Context(), station.StatusReport{EVSE: 2, Connector: 1, Status: station.Faulted, ReceivedAt: clock.System{}.Now()}))
	_, _, body := w.get("/", "")
	if !strings.Contains(body, "CP-1 EVSE 2: faulted") || strings.Contains(body, "a session began") {
		t.Errorf("want the one event that is left in %s", body)
	}
}

// settable is the machine's clock, some way ahead, whose wall time somebody sets.
type settable struct {
	clock.System
	ahead, wrong atomic.Int64
}

func (s *settable) Now() time.Time {
	return s.System.Now().Add(time.Duration(s.ahead.Load() + s.wrong.Load()))
}

func (s *settable) Steady() time.Time { return s.System.Steady().Add(time.Duration(s.ahead.Load())) }

// A wall clock that is set back keeps no board on the screen.
func TestBoardIsDrawnAnewWhenTheClockIsSet(t *testing.T) {
	clk := new(settable)
	w := newWorldAt(t, page.Machine, clk)
	owner := w.network()
	if _, _, body := w.get("/", ""); !strings.Contains(body, "CP-1") {
		t.Fatal(body)
	}
	w.must(owner.Status(t.Context(), station.StatusReport{EVSE: 2, Connector: 1, Status: station.Faulted, ReceivedAt: clock.System{}.Now()}))
	clk.wrong.Store(-int64(time.Hour))
	clk.ahead.Store(int64(time.Minute))
	if _, _, body := w.get("/", ""); !strings.Contains(body, "EVSE 2: faulted") {
		t.Errorf("the board of before: %s", body)
	}
}

func TestBoardOfAnEmptyDatabase(t *testing.T) {
	w := newWorld(t, page.Machine)
	if status, _, body := w.get("/", ""); status != 200 || !strings.Contains(body, "Nothing here yet") {
		t.Errorf("got %d %s", status, body)
	}
}

func TestWhoSeesTheBoard(t *testing.T) {
	tests := []struct {
		name     string
		audience page.Audience
		host     string
		want     bool
	}{
		{"by address", page.Machine, "", true},
		{"by name", page.Machine, "localhost:8080", true},
		{"by address of the other kind", page.Machine, "[::1]:8080", true},
		{"a name that points here", page.Machine, "evil.example:8080", false},
		{"a name that begins like it", page.Machine, "localhost.evil.example", false},
		{"an address from outside", page.Machine, "192.0.2.1", false},
		{"open to all", page.Anybody, "charge.example", true},
		{"closed to all", page.Nobody, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.audience)
			w.network()
			_, _, body := w.get("/", tt.host)
			if got := strings.Contains(body, "CP-1"); got != tt.want {
				t.Errorf("shown: %v, want %v", got, tt.want)
			}
			if tt.want {
				return
			}
			if status, _, live := w.get("/live", tt.host); status != 404 || strings.Contains(live, "CP-1") {
				t.Errorf("live: %d %s", status, live)
			}
			if !strings.Contains(body, "/api/v1/openapi.json") {
				t.Errorf("the landing points nowhere: %s", body)
			}
		})
	}
}

// outside finds what would be loaded from elsewhere, and what the policy would
// refuse.
var outside = regexp.MustCompile(`(?i)(src|href|action)="?(https?:)?//|@import|url\(|<script>|<style| style=| on[a-z]+="`)

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	w := newWorld(t, page.Anybody)
	w.network()
	for _, path := range []string{"/", "/page/style.css", "/page/live.js", "/setup?t=x"} {
		_, header, body := w.get(path, "")
		if found := outside.FindString(body); found != "" {
			t.Errorf("%s has %q", path, found)
		}
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

func TestBoardFollowsLive(t *testing.T) {
	w := newWorld(t, page.Machine)
	owner := w.network()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, "GET", w.http.URL+"/live", nil)
	w.must(err)
	answer, err := http.DefaultClient.Do(q)
	w.must(err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	sections := map[string]string{}
	read := func() bool {
		t.Helper()
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var section struct{ ID, HTML string }
			w.must(json.Unmarshal([]byte(data), &section, json.MatchCaseInsensitiveNames(true)))
			sections[section.ID] = section.HTML
			return true
		}
		return false
	}
	for range 4 {
		if !read() {
			t.Fatal("the stream ended")
		}
	}
	if len(sections) != 4 || !strings.Contains(sections["stations"], "Charging") {
		t.Errorf("at first: %v", sections)
	}
	w.must(owner.Status(t.Context(), station.StatusReport{EVSE: 1, Connector: 1, Status: station.Faulted, ReceivedAt: clock.System{}.Now()}))
	for !strings.Contains(sections["stations"], "Faulted") {
		if !read() {
			t.Fatalf("the stream ended: %v", lines.Err())
		}
	}
	w.page.Stop()
	for read() {
		continue
	}
}

func TestSetupMakesOneKey(t *testing.T) {
	w := newWorld(t, page.Nobody)
	org, keyless, err := w.admin.Begin(t.Context(), "")
	w.must(err)
	if !keyless {
		t.Fatal("there is a key already")
	}
	if status, _, _ := w.get("/setup?t=x", ""); status != 403 {
		t.Errorf("without a door: %d", status)
	}
	door := admin.NewDoor(w.admin, org)
	w.page.Admit(door)
	if status, _, _ := w.get("/setup?t=wrong", ""); status != 403 {
		t.Errorf("with another ticket: %d", status)
	}
	for range 2 { // looking uses nothing up
		if status, _, body := w.get("/setup?t="+door.Ticket(), ""); status != 200 || strings.Contains(body, "pylon_") {
			t.Errorf("got %d %s", status, body)
		}
	}
	post := func(site string) (int, string) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), "POST", w.http.URL+"/setup", strings.NewReader(url.Values{"t": {door.Ticket()}}.Encode()))
		w.must(err)
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Sec-Fetch-Site", site)
		answer, err := http.DefaultClient.Do(q)
		w.must(err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		w.must(err)
		return answer.StatusCode, string(text)
	}
	if status, body := post("cross-site"); status != 403 || strings.Contains(body, "pylon_") {
		t.Errorf("from another site: %d %s", status, body)
	}
	status, body := post("same-origin")
	secret := regexp.MustCompile(`pylon_[a-z2-7]+`).FindString(body)
	if status != 200 || secret == "" {
		t.Fatalf("got %d %s", status, body)
	}
	if key, _, err := w.store.KeyByHash(t.Context(), admin.HashOf(secret)); err != nil || len(key.Scopes) != 1 || key.Scopes[0] != account.All {
		t.Errorf("the key is %+v, %v", key, err)
	}
	if status, body := post("same-origin"); status != 403 || strings.Contains(body, "pylon_") {
		t.Errorf("a second time: %d %s", status, body)
	}
}

// bygone is a clock by which every term is over when it begins.
type bygone struct{ clock.System }

func (bygone) Now() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

func (c bygone) Steady() time.Time { return c.Now() }

// Who announces a form and does not send it holds no connection.
func TestFormThatNeverComes(t *testing.T) {
	s, err := page.New(page.Options{Clock: bygone{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	for _, path := range []string{"POST /setup", "GET /", "GET /nothing"} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nt", path); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("%s: the connection is held: %v", path, err)
		}
	}
}
