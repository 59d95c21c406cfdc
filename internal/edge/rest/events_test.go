package rest_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/client"
	"pylon/internal/cluster"
	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/edge/rest"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
)

// heard is a server-sent event.
type heard struct {
	name, id string
	data     struct {
		Type           string  `json:"type"`
		Timestamp      string  `json:"timestamp"`
		OrganisationID string  `json:"organisation_id"`
		StationID      *string `json:"station_id"`
		Station        *string `json:"station"`
		Subject        string  `json:"subject"`
		Version        int64   `json:"version"`
		Live           bool    `json:"live"`
		Data           any     `json:"data"`
	}
}

// listener is an open stream.
type listener struct {
	t     testing.TB
	lines *bufio.Scanner
	last  string // id to come back with
	close context.CancelFunc
}

// listen opens a stream; query is "" or begins with "?".
func (w *world) listen(t testing.TB, key, query, lastID string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	q, err := http.NewRequestWithContext(ctx, "GET", w.http.URL+"/api/v1/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+key)
	if lastID != "" {
		q.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("stream: %s, %s", answer.Status, answer.Header.Get("Content-Type"))
	}
	t.Cleanup(func() { answer.Body.Close() })
	l := &listener{t: t, lines: bufio.NewScanner(answer.Body), close: cancel}
	l.lines.Buffer(nil, 1<<20)
	if lastID == "" {
		if e, ok := l.block(); !ok || e.name != "" || e.id == "" {
			t.Fatalf("the stream begins with %+v", e)
		}
	}
	return l
}

// block reads to the next empty line; false at the end of the stream.
func (l *listener) block() (heard, bool) {
	l.t.Helper()
	var e heard
	for l.lines.Scan() {
		field, value, _ := strings.Cut(l.lines.Text(), ": ")
		switch field {
		case "":
			if l.lines.Text() == "" {
				return e, true
			}
		case "event":
			e.name = value
		case "id":
			e.id, l.last = value, value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				l.t.Fatalf("%s: %v", value, err)
			}
		}
	}
	return e, false
}

// next returns the next event, past all comments.
func (l *listener) next() heard {
	l.t.Helper()
	for {
		e, ok := l.block()
		if !ok {
			l.t.Fatalf("the stream ended: %v", l.lines.Err())
		}
		if e.name != "" {
			return e
		}
	}
}

// site makes a site, so that something happens.
func (w *world) site(of tenant, name string) {
	w.t.Helper()
	_, err := w.admin.CreateSite(context.Background(), of.by, admin.SitePatch{Name: &name}, nil)
	w.must(err)
}

// name returns what a site event is about.
func (e heard) site() string {
	data, _ := e.data.Data.(map[string]any)
	name, _ := data["name"].(string)
	return name
}

func TestEventsAreLive(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	l := w.listen(t, w.first.key, "", "")
	w.must(th.owner.Status(t.Context(), station.StatusReport{EVSE: 1, Connector: 1, Status: station.Charging, ReceivedAt: at(80)}))
	e := l.next()
	for e.name != "connector.status_changed" { // its session may speak first
		e = l.next()
	}
	d := e.data
	if d.Type != e.name || d.OrganisationID != string(w.first.org.ID) || *d.StationID != "CP-main" || *d.Station != string(th.station.Station.ID) {
		t.Errorf("got %+v", e)
	}
	if got := d.Data.(map[string]any)["status"]; got != "charging" {
		t.Errorf("data: %v", d.Data)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", d.Timestamp); err != nil {
		t.Error(err)
	}
}

func TestEventsStayInTheirOrganisation(t *testing.T) {
	w := newWorld(t, options{})
	l := w.listen(t, w.first.key, "", "")
	begin := l.last
	w.site(w.other, "theirs")
	w.site(w.first, "ours")
	if e := l.next(); e.site() != "ours" {
		t.Errorf("live: %+v", e)
	}
	if e := w.listen(t, w.first.key, "", begin).next(); e.site() != "ours" {
		t.Errorf("from the log: %+v", e)
	}
}

func TestEventsByTopic(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	made, err := w.admin.CreateStation(t.Context(), w.first.by, newStation("CP-2"), nil)
	w.must(err)
	tests := map[string]string{
		"?topics=sites":                          "site.created",
		"?topics=stations:CP-2":                  "station.updated CP-2",
		"?topics=tokens,stations:CP-2":           "station.updated CP-2",
		"?topics=sessions:" + string(th.session): "session.updated",
	}
	listeners := map[string]*listener{}
	for query := range tests {
		listeners[query] = w.listen(t, w.first.key, query, "")
	}
	_, err = w.fleet.UpdateStation(t.Context(), w.first.by, "CP-main", station.Patch{Name: new("Not this")}, 0)
	w.must(err)
	_, err = w.fleet.UpdateStation(t.Context(), w.first.by, string(made.Station.ID), station.Patch{Name: new("This")}, 0)
	w.must(err)
	w.site(w.first, "Depot")
	w.must(th.owner.Status(t.Context(), station.StatusReport{EVSE: 1, Connector: 1, Status: station.Charging, ReceivedAt: at(80)}))
	for query, want := range tests {
		e := listeners[query].next()
		got := e.name
		if e.data.StationID != nil && strings.Contains(want, " ") {
			got += " " + *e.data.StationID
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	w.refused(422, "topic_unknown", w.first.key, "GET", "/api/v1/events?topics=weather", "")
}

func TestEventsResume(t *testing.T) {
	w := newWorld(t, options{})
	l := w.listen(t, w.first.key, "", "")
	w.site(w.first, "A")
	w.site(w.first, "B")
	if got := l.next().site(); got != "A" {
		t.Fatalf("got %s", got)
	}
	seen := l.last
	l.close()
	w.site(w.first, "C")
	l = w.listen(t, w.first.key, "", seen)
	w.site(w.first, "D")
	got := ""
	for range 3 {
		got += l.next().site()
	}
	if got != "BCD" {
		t.Errorf("got %s, want BCD", got)
	}
}

// A reading is live: it has no id, moves nobody's place and does not come again.
func TestEventsOfReadings(t *testing.T) {
	w := newWorld(t, options{})
	l := w.listen(t, w.first.key, "", "")
	begin := l.last
	w.site(w.first, "A")
	told := l.next()
	w.bus.Publish([]event.Recorded{{Event: event.Event{
		Type: event.SessionUpdated, Organisation: w.first.org.ID, Subject: "ses_1", Version: 7, At: at(80), Live: true,
	}, JSON: []byte(`{"power_w":7200}`)}})
	live := l.next()
	if live.id != "" || !live.data.Live || live.name != "session.updated" || live.data.Subject != "ses_1" || live.data.Version != 7 {
		t.Errorf("got %+v", live)
	}
	if l.last != told.id {
		t.Errorf("a reading moved the place from %s to %s", told.id, l.last)
	}
	w.site(w.first, "B")
	if e := l.next(); e.site() != "B" || e.data.Live || e.id == "" {
		t.Errorf("got %+v", e)
	}
	l = w.listen(t, w.first.key, "", begin)
	if got := l.next().site() + l.next().site(); got != "AB" {
		t.Errorf("the log has %s, want AB", got)
	}
}

// While a reader catches up, the world goes on: each event comes once, in the
// order of its stream.
func TestEventsLoseNothingWhileCatchingUp(t *testing.T) {
	w := newWorld(t, options{})
	l := w.listen(t, w.first.key, "", "")
	w.site(w.first, "first")
	l.next()
	seen := l.last
	l.close()
	const before, during = 700, 300 // more than one page of the log
	w.events(before, 0)
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range during {
			w.events(1, before+i)
		}
	})
	l = w.listen(t, w.first.key, "", seen)
	for i := range before + during {
		if e := l.next(); e.data.Version != int64(i+1) {
			t.Fatalf("event %d has version %d", i, e.data.Version)
		}
	}
	writer.Wait()
}

// events commits n events whose versions count from from+1.
func (w *world) events(n, from int) {
	set := &change.Set{}
	for i := range n {
		set.Events = append(set.Events, event.Event{
			Type: event.SiteUpdated, Organisation: w.first.org.ID, Subject: "sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ", Version: int64(from + i + 1), At: at(0), Data: struct{}{},
		})
	}
	if err := w.store.Commit(context.Background(), set); err != nil {
		w.t.Error(err)
	}
}

// cut is a feed that the test breaks off.
type cut struct {
	*cluster.Bus
	mu      sync.Mutex
	cancels []func()
	joined  chan struct{}
}

func (c *cut) Subscribe(org ident.OrganisationID) (<-chan event.Recorded, func()) {
	events, cancel := c.Bus.Subscribe(org)
	c.mu.Lock()
	c.cancels = append(c.cancels, cancel)
	c.mu.Unlock()
	c.joined <- struct{}{}
	return events, cancel
}

func (c *cut) off() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cancel := range c.cancels {
		cancel()
	}
}

func TestEventsSurviveABrokenFeed(t *testing.T) {
	c := &cut{joined: make(chan struct{}, 10)}
	w := newWorld(t, options{feed: func(b *cluster.Bus) rest.Feed { c.Bus = b; return c }})
	l := w.listen(t, w.first.key, "", "")
	<-c.joined
	w.site(w.first, "A")
	if got := l.next().site(); got != "A" {
		t.Fatalf("got %s", got)
	}
	c.off()
	w.site(w.first, "B") // nobody hears it
	<-c.joined
	w.site(w.first, "C")
	for _, want := range []string{"B", "C"} {
		if got := l.next().site(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// leaky is a feed that loses some events on their way.
type leaky struct {
	*cluster.Bus
	loses func(event.Recorded) bool
}

func (l *leaky) Subscribe(org ident.OrganisationID) (<-chan event.Recorded, func()) {
	whole, cancel := l.Bus.Subscribe(org)
	left, over := make(chan event.Recorded), make(chan struct{})
	go func() {
		defer close(left)
		for e := range whole {
			if l.loses(e) {
				continue
			}
			select {
			case left <- e:
			case <-over:
				return
			}
		}
	}()
	return left, sync.OnceFunc(func() { cancel(); close(over) })
}

// A message between nodes may be lost; the next one shows it.
func TestEventsThatGetLostAreRead(t *testing.T) {
	var lost atomic.Int32
	l := &leaky{loses: func(e event.Recorded) bool {
		lose := strings.Contains(string(e.JSON), `"lost`)
		if lose {
			lost.Add(1)
		}
		return lose
	}}
	w := newWorld(t, options{feed: func(b *cluster.Bus) rest.Feed { l.Bus = b; return l }})
	reader := w.listen(t, w.first.key, "", "")
	names := []string{"first", "lost", "then", "lost too", "lost as well", "last"}
	for _, name := range names {
		w.site(w.first, name)
		w.site(w.other, name)
	}
	for _, want := range names {
		if got := reader.next().site(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	reader.close()
	if lost.Load() == 0 {
		t.Error("nothing was lost")
	}
}

// Whoever was behind, for whatever reason, is sent what he missed.
func TestEventsReachWhoIsFarBehind(t *testing.T) {
	c := &cut{joined: make(chan struct{}, 10)}
	w := newWorld(t, options{feed: func(b *cluster.Bus) rest.Feed { c.Bus = b; return c }})
	l := w.listen(t, w.first.key, "", "")
	<-c.joined
	c.off()
	for i := range 6 {
		w.events(1000, 1000*i)
	}
	<-c.joined
	for want := range int64(6000) {
		if e := l.next(); e.name == "reset" || e.data.Version != want+1 {
			t.Fatalf("got %s %d, want event %d", e.name, e.data.Version, want+1)
		}
	}
}

func TestEventsSayResetToWhoIsTooFarBehind(t *testing.T) {
	c := &cut{joined: make(chan struct{}, 10)}
	w := newWorld(t, options{late: 5000, feed: func(b *cluster.Bus) rest.Feed { c.Bus = b; return c }})
	l := w.listen(t, w.first.key, "", "")
	<-c.joined
	c.off()
	for i := range 6 {
		w.events(1000, 1000*i)
	}
	<-c.joined
	for e := l.next(); e.name != "reset"; e = l.next() {
		if e.data.Version > 5000 {
			t.Fatalf("got event %d", e.data.Version)
		}
	}
	w.site(w.first, "after")
	if got := l.next().site(); got != "after" {
		t.Errorf("after the reset: %s", got)
	}
}

func TestEventsSayResetToWhoCannotResume(t *testing.T) {
	w := newWorld(t, options{})
	l := w.listen(t, w.first.key, "", "no-place-of-ours")
	if e := l.next(); e.name != "reset" || e.id == "" {
		t.Errorf("got %+v", e)
	}
	w.site(w.first, "after")
	if got := l.next().site(); got != "after" {
		t.Errorf("after the reset: %s", got)
	}
}

func TestEventsEndWithTheirKey(t *testing.T) {
	now := &later{}
	w := newWorld(t, options{clock: now})
	made, secret, err := w.admin.CreateKey(t.Context(), w.first.by, admin.NewKey{Name: "short", Scopes: []account.Scope{account.EventsRead}}, nil)
	w.must(err)
	l := w.listen(t, secret, "?topics=stations", "")
	now.tick(keepAlive)
	if e, ok := l.block(); !ok || e.name != "" {
		t.Fatalf("no keep-alive: %+v", e)
	}
	w.must(w.admin.RevokeKey(t.Context(), w.first.by, made.ID, 0))
	now.tick(keepAlive)
	for {
		if _, ok := l.block(); !ok {
			return
		}
	}
}

// keepAlive is the rhythm of the stream's comments.
const keepAlive = 15 * time.Second

func TestEventsEndWhenTheServerStops(t *testing.T) {
	w := newWorld(t, options{})
	l := w.listen(t, w.first.key, "", "")
	w.server.Stop()
	if e, ok := l.block(); !ok || e.name != "" {
		t.Errorf("got %+v, want the wait before the reader comes back", e)
	}
	if e, ok := l.block(); ok {
		t.Errorf("got %+v, want the end", e)
	}
}

func TestClientFollowsEvents(t *testing.T) {
	w := newWorld(t, options{})
	begin := w.listen(t, w.first.key, "", "").last
	w.site(w.first, "A")
	got := ""
	for e, err := range w.client(w.first.key).Events(t.Context(), []string{"sites"}, begin) {
		if err != nil {
			t.Fatal(err)
		}
		var data struct {
			Name string `json:"name"`
		}
		w.must(json.Unmarshal(e.Data, &data))
		got += data.Name
		switch data.Name {
		case "A":
			w.http.CloseClientConnections()
			w.site(w.first, "B") // while nobody listens
		case "B":
			w.site(w.first, "C")
		}
		if data.Name == "C" {
			break
		}
	}
	if got != "ABC" {
		t.Errorf("got %s, want ABC", got)
	}
	for _, err := range w.client("pylon_nobody").Events(t.Context(), nil, "") {
		if !client.Is(err, "key_unknown") {
			t.Errorf("got %v", err)
		}
	}
}
