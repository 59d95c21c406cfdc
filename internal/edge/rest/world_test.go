package rest_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/client"
	"pylon/internal/cluster"
	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/domain/job"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/report"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/token"
	"pylon/internal/edge/rest"
	"pylon/internal/edge/signed"
	"pylon/internal/flow/admin"
	settle "pylon/internal/flow/billing"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/fleet"
	"pylon/internal/flow/jobs"
	"pylon/internal/flow/leases"
	"pylon/internal/flow/statements"
	"pylon/internal/flow/usage"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/ground"
)

// world is a whole server but for the gateway: real database, real bus, real
// flows, real HTTP on loopback.
type world struct {
	t         testing.TB
	store     *store.Store
	bus       *cluster.Bus
	fleet     *fleet.Fleet
	admin     *admin.Service
	jobs      *jobs.Service
	consumers *consume.Service
	letters   int64 // dead ones
	frames    *frameLog
	server    *rest.Server
	http      *httptest.Server
	logs      *logs
	first     tenant // the operator of the installation
	other     tenant
}

// tenant is an organisation with a key that may do everything.
type tenant struct {
	org account.Organisation
	by  account.Actor
	key string
}

// options change how a world is made.
type options struct {
	store func(*store.Store) rest.Store
	feed  func(*cluster.Bus) rest.Feed
	clock clock.Clock
	costs rest.Costs
	pace  int
	late  int // events that a reader may be behind; 0: as usual
}

func newWorld(t testing.TB, o options) *world {
	t.Helper()
	w := &world{t: t, frames: &frameLog{}, logs: &logs{}}
	if o.clock == nil {
		o.clock = clock.System{}
	}
	g := ground.New(t, store.Options{})
	w.store, w.bus = g.Store, g.Bus
	w.fleet = fleet.New(fleet.Options{Store: w.store, Bus: w.bus, Clock: clock.System{}, Log: discard(), Node: g.Node})
	w.admin = admin.New(w.store, w.fleet, clock.System{})
	w.jobs = jobs.New(w.store, w.fleet, clock.System{}, discard())
	w.consumers = consume.New(consume.Options{
		Store: w.store, Leases: leases.New(w.store, clock.System{}, discard(), g.Node), Hints: w.bus, Clock: clock.System{}, Log: discard(),
		Consumers: []consume.Consumer{usage.New(w.store)},
	})
	w.tenants()
	w.serve(o)
	return w
}

// run runs a part until the test ends.
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

func (w *world) tenants() {
	w.t.Helper()
	const owner = "owner-secret"
	first, _, err := w.admin.Begin(w.t.Context(), owner)
	w.must(err)
	w.first = tenant{org: first, key: owner, by: account.Actor{Organisation: first.ID, Name: "test", Scopes: []account.Scope{account.All}, Operator: true}}
	other, err := w.admin.CreateOrganisation(w.t.Context(), w.first.by, admin.NewOrganisation{
		Slug: "other", Name: "Other", Country: "NL", Currency: "EUR", TimeZone: "Europe/Amsterdam",
	}, nil)
	w.must(err)
	w.other = tenant{org: other, by: account.Actor{Organisation: other.ID, Name: "test", Scopes: []account.Scope{account.All}}}
	w.other.key = w.keyOf(w.first.by, admin.NewKey{Organisation: other.ID, Name: "all", Scopes: []account.Scope{account.All}})
}

// keyOf makes a key and returns its secret.
func (w *world) keyOf(by account.Actor, n admin.NewKey) string {
	w.t.Helper()
	_, secret, err := w.admin.CreateKey(w.t.Context(), by, n, nil)
	w.must(err)
	return secret
}

// keyWith makes a key of the first organisation with scopes.
func (w *world) keyWith(scopes ...account.Scope) string {
	w.t.Helper()
	return w.keyOf(w.first.by, admin.NewKey{Name: "scoped", Scopes: scopes})
}

func (w *world) serve(o options) {
	w.t.Helper()
	var reads rest.Store = w.store
	if o.store != nil {
		reads = o.store(w.store)
	}
	var feed rest.Feed = w.bus
	if o.feed != nil {
		feed = o.feed(w.bus)
	}
	var err error
	w.server, err = rest.New(rest.Options{
		Store: reads, Stations: w.fleet, Admin: w.admin, Jobs: w.jobs, Reratings: w.reratings(), Consumers: w.consumers, Desk: w.desk(), Statements: statements.New(w.store, clock.System{}, slog.New(slog.DiscardHandler)), Settlements: w.settling(), Costs: o.costs, Feed: feed, Frames: w.frames, Press: w.press(), Meters: signed.Bill, Clock: o.clock,
		Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), RequestsPerSecond: o.pace, CatchUp: o.late,
	})
	w.must(err)
	w.http = httptest.NewServer(w.server)
	w.t.Cleanup(func() {
		w.server.Stop()
		w.http.Close()
	})
	w.run(w.server.Run)
}

// desk settles sessions by hand, with both raters.
func (w *world) desk() rest.Desk {
	return settle.NewDesk(settle.NewSettler(settle.Options{
		Store: w.store, Clock: clock.System{}, Raters: [2]settle.Rater{swift.Explain, plain.Rate},
	}), w.store.Commit)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// client returns a client with a key.
func (w *world) client(key string) *client.Client {
	w.t.Helper()
	c, err := client.New(client.Options{Base: w.http.URL, Key: key})
	w.must(err)
	return c
}

// reply is an answer, read to its end.
type reply struct {
	*http.Response
	body []byte
}

// member returns a member of the body, which is an object.
func (r reply) member(t testing.TB, name string) any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(r.body, &object); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return object[name]
}

// do sends a request; headers are name, value pairs.
func (w *world) do(key, method, path, body string, headers ...string) reply {
	w.t.Helper()
	q, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+path, strings.NewReader(body))
	w.must(err)
	if key != "" {
		q.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(q)
	w.must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	w.must(err)
	return reply{answer, text}
}

// expect is do for an answer whose status is known.
func (w *world) expect(status int, key, method, path, body string, headers ...string) reply {
	w.t.Helper()
	r := w.do(key, method, path, body, headers...)
	if r.StatusCode != status {
		w.t.Fatalf("%s %s: got %d %s, want %d", method, path, r.StatusCode, r.body, status)
	}
	return r
}

// refused expects a problem.
func (w *world) refused(status int, code, key, method, path, body string, headers ...string) reply {
	w.t.Helper()
	r := w.expect(status, key, method, path, body, headers...)
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		w.t.Errorf("%s %s: content type %q", method, path, got)
	}
	if got := r.member(w.t, "code"); got != code {
		w.t.Errorf("%s %s: code %v, want %s: %s", method, path, got, code, r.body)
	}
	return r
}

// things are one of each kind, of one organisation.
type things struct {
	site       string
	template   string
	tariff     ident.TariffID
	assignment ident.AssignmentID
	series     ident.SeriesID
	customer   ident.CustomerID
	statement  ident.StatementID
	station    station.Detail
	token      token.Token
	session    ident.SessionID
	command    ident.CommandID
	finding    ident.FindingID
	job        ident.JobID
	rerating   ident.ReratingID
	letter     ident.DeadLetterID
	bill       ident.BillID
	hosted     hosted
	owned      owned
	journal    ident.JournalID
	account    ident.AccountID // of the driver whom the journal is about
	key        string
	owner      *fleet.Owner
	socket     *socket
}

// at is a moment of the test's stations.
func at(seconds int) time.Time {
	return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// fill gives an organisation one of each kind: a station that is connected,
// with a session that runs.
func (w *world) fill(of tenant) things {
	w.t.Helper()
	ctx := w.t.Context()
	var th things
	made, err := w.admin.CreateSite(ctx, of.by, admin.SitePatch{Name: new("Harbour")}, nil)
	w.must(err)
	th.site = string(made.ID)
	tpl, err := w.admin.CreateTemplate(ctx, of.by, admin.TemplatePatch{Vendor: new("Nobody")}, nil)
	w.must(err)
	th.template = string(tpl.ID)
	th.tariff = w.priced(of)
	assigned, err := w.admin.CreateAssignment(ctx, of.by, admin.AssignmentPatch{Tariff: &th.tariff}, nil)
	w.must(err)
	th.assignment = assigned.ID
	th.series = w.series(of)
	th.station, err = w.admin.CreateStation(ctx, of.by, admin.NewStation{
		Identity: ident.Identity("CP-" + of.org.Slug), Patch: station.Patch{Site: &th.site, Name: new("Left")},
	}, nil)
	w.must(err)
	th.token, err = w.admin.CreateToken(ctx, of.by, admin.NewToken{UID: "uid-" + of.org.Slug, TokenPatch: admin.TokenPatch{Type: new("ISO14443")}}, nil)
	w.must(err)
	th.owner, th.socket = w.connect(th.station.Station.ID)
	_, err = th.owner.Boot(ctx, station.BootReport{At: at(0), OCPP: station.OCPP16, Vendor: "Maker", Model: "One"})
	w.must(err)
	w.must(th.owner.Status(ctx, station.StatusReport{EVSE: 1, Connector: 1, Status: station.Preparing, ReceivedAt: at(1)}))
	answer, err := th.owner.Report(ctx, session.Report{
		Kind: session.Started, Version: station.OCPP16, EVSE: 1, Connector: 1, SeqNo: -1, OccurredAt: at(2), ReceivedAt: at(2),
		Token: &token.Presented{UID: th.token.UID}, RemoteStartID: -1, ReservationID: -1, StartKey: "start", Digest: []byte("0123456789abcdef"),
		Samples: []meter.Sample{w.sample(2, "1000", meter.ContextBegin)},
	})
	w.must(err)
	th.session = answer.Session
	_, err = th.owner.Report(ctx, session.Report{
		Kind: session.Updated, Version: station.OCPP16, TransactionID: answer.TransactionID, EVSE: 1, Connector: 1, SeqNo: -1,
		OccurredAt: at(62), ReceivedAt: at(62), RemoteStartID: -1, ReservationID: -1, Digest: []byte("fedcba9876543210"),
		Samples: []meter.Sample{w.sample(62, "1250.50", meter.ContextPeriodic)},
	})
	w.must(err)
	w.must(th.owner.Meter(ctx, meter.Frame{Station: th.station.Station.ID, ReceivedAt: at(70), OccurredAt: at(70), SeqNo: -1, Samples: []meter.Sample{w.sample(70, "77", meter.ContextClock)}}))
	th.finding = ident.New[ident.FindingID](at(71))
	w.must(th.owner.Find(ctx, station.Finding{ID: th.finding, Code: station.TransactionUnknown, Detail: "a stop for nothing", At: at(71)}))
	w.inventory(th)
	w.frames.add(th.station.Station.ID, station.LogEntry{At: at(0), Direction: station.FromStation, Kind: "call", MessageID: "1", Action: "BootNotification", Frame: []byte(`[2,"1","BootNotification",{}]`)})
	c, err := w.fleet.Command(ctx, of.by, string(th.station.Station.ID), fleet.NewCommand{Type: command.ClearCache, Wait: true, Timeout: time.Hour})
	w.must(err)
	th.command = c.ID
	j, err := w.jobs.Create(ctx, of.by, jobs.NewJob{Kind: job.Kind(command.ClearCache), Stations: []string{string(th.station.Station.ID)}})
	w.must(err)
	th.job = j.ID
	key, _, err := w.admin.CreateKey(ctx, of.by, admin.NewKey{Name: "one of each", Scopes: []account.Scope{account.SitesRead}}, nil)
	w.must(err)
	th.key = string(key.ID)
	th.letter = w.letter(th, event.SessionCompleted, string(th.session))
	w.must(w.store.Commit(ctx, &change.Set{Usage: []report.Day{{
		Organisation: of.org.ID, Station: th.station.Station.ID, Site: ident.SiteID(th.site), Date: "2026-03-01", Sessions: 2, Energy: 1234567, Charging: time.Hour, Version: 1,
	}}}))
	th.journal, th.account = w.posted(of.org.ID)
	th.bill = w.billed(of, th)
	th.hosted = w.hosts(of, th)
	th.rerating = w.rerated(of, th)
	th.customer, th.statement = w.invoiced(of, th.bill)
	th.owned = w.owns(of, th.customer)
	return th
}

// posted bills a driver of an organisation.
func (w *world) posted(org ident.OrganisationID) (ident.JournalID, ident.AccountID) {
	w.t.Helper()
	book := ledger.Book{Organisation: org, Unit: "EUR"}
	series := ledger.Series{Organisation: org, Name: "2026", Format: "R-####", First: 7, CreatedAt: at(0)}
	w.must(w.store.Commit(w.t.Context(), &change.Set{Series: []ledger.Series{series}}))
	transfers, err := book.Bill("drv_a", ledger.Sale{
		Income: map[ledger.Class]int64{ledger.Energy: 1000}, Taxes: []ledger.Tax{{Country: "DE", Rate: decimal.FromInt(190, 1), Amount: 190}},
	})
	w.must(err)
	j := ledger.Post(at(90), ledger.BillIssued, ledger.Source{Type: "bill", ID: string(org)}, transfers)
	j.Series = series.ID()
	w.must(w.store.Commit(w.t.Context(), &change.Set{Journals: []ledger.Journal{j}}))
	return j.ID, book.Account(ledger.ReceivableDriver, "drv_a").ID()
}

// letter makes a dead letter of the consumer that counts usage.
func (w *world) letter(th things, of event.Type, subject string) ident.DeadLetterID {
	w.t.Helper()
	w.letters++
	l := event.DeadLetter{
		ID: ident.New[ident.DeadLetterID](at(int(w.letters))), Consumer: "usage", Code: "internal", Error: "not for callers", Tries: 5, FailedAt: at(80), Version: 1,
		Event: event.Recorded{Position: event.Position{Stream: "1", Number: w.letters}, JSON: []byte("{}"), Event: event.Event{
			Type: of, Organisation: th.station.Organisation, Station: th.station.Station.ID, Subject: subject, Version: 3, At: at(79),
		}},
	}
	w.must(w.store.Commit(w.t.Context(), &change.Set{DeadLetters: []event.DeadLetter{l}}))
	return l.ID
}

// inventory lets a station report a variable, whose value changes, and a monitor
// that is triggered; and desires another value of it.
func (w *world) inventory(th things) {
	w.t.Helper()
	ctx := w.t.Context()
	name := device.Name{Component: "OCPPCommCtrlr", Variable: "HeartbeatInterval"}
	for i, value := range []string{"300", "600"} {
		w.must(th.owner.Inventory(ctx, device.Part{Scope: device.ScopeSome, OccurredAt: at(72 + i), ReceivedAt: at(72 + i), Variables: []device.Variable{
			{Name: name, Values: []device.Value{{Attribute: device.Actual, Text: &value}}, Characteristics: device.Characteristics{DataType: "integer", Unit: "s"}},
			{Name: device.Name{EVSE: 1, Component: "EVSE", Variable: "Power"}, Values: []device.Value{{Attribute: device.Actual, Text: new("11000"), Mutability: device.ReadOnly}}},
		}}))
	}
	w.must(th.owner.Monitors(ctx, device.MonitorPart{OccurredAt: at(74), ReceivedAt: at(74), Monitors: []device.Monitor{
		{Name: device.Name{EVSE: 1, Component: "EVSE", Variable: "Power"}, ID: 7, Type: "UpperThreshold", Value: decimal.FromInt(22000, 0), Severity: 5},
	}}))
	w.must(th.owner.Happened(ctx, []device.Happening{{
		Name: device.Name{EVSE: 1, Component: "EVSE", Variable: "Power"}, EventID: 1, OccurredAt: at(75), ReceivedAt: at(75),
		Trigger: "Alerting", Kind: "CustomMonitor", Value: "23000", MonitorID: 7, Severity: -1,
	}}))
	by := account.System(th.station.Organisation, "test")
	_, err := w.fleet.SetDesired(ctx, by, string(th.station.Station.ID), device.Wishes{Set: []device.Setting{{Name: name, Value: "120"}}}, 0)
	w.must(err)
}

func (w *world) sample(second int, value, context string) meter.Sample {
	w.t.Helper()
	d, err := decimal.Parse(value)
	w.must(err)
	return meter.Sample{At: at(second), Value: d, Context: context, Measurand: meter.EnergyImportRegister, Unit: "Wh"}
}

// connect opens a socket of a station.
func (w *world) connect(id ident.StationID) (*fleet.Owner, *socket) {
	w.t.Helper()
	s := &socket{}
	owner, err := w.fleet.Claim(w.t.Context(), id, s, fleet.Hello{OCPP: station.OCPP16, At: clock.System{}.Now()})
	w.must(err)
	s.mu.Lock()
	s.owner = owner
	s.mu.Unlock()
	w.t.Cleanup(func() { owner.Release(context.Background(), "test_over") })
	return owner, s
}

// socket is a station's connection: it answers what it is told to, and
// nothing else.
type socket struct {
	mu     sync.Mutex
	owner  *fleet.Owner
	answer func(command.Command) *fleet.Answered // nil: it never answers
	asked  []command.Command
	closed string
}

// Show implements [fleet.Connection]: it has no screen.
func (s *socket) Show(screen.Shown) error { return nil }

// Do implements [fleet.Connection].
func (s *socket) Do(c command.Command) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, c)
	if s.answer == nil {
		return nil
	}
	a, owner := s.answer(c), s.owner
	go func() {
		ctx := context.Background()
		if err := owner.CommandSent(ctx, c.ID, fleet.Sent{Action: c.Action, Payload: c.Payload, At: clock.System{}.Now()}); err != nil || a == nil {
			return
		}
		_ = owner.CommandAnswered(ctx, c.ID, *a)
	}()
	return nil
}

// Close implements [fleet.Connection].
func (s *socket) Close(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = reason
}

// answers makes the station answer everything alike.
func (s *socket) answers(a fleet.Answered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = func(command.Command) *fleet.Answered { return &a }
}

// frameLog is a frame log in memory.
type frameLog struct {
	mu      sync.Mutex
	entries map[ident.StationID][]station.LogEntry
}

func (l *frameLog) add(id ident.StationID, e station.LogEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[ident.StationID][]station.LogEntry{}
	}
	l.entries[id] = append(l.entries[id], e)
}

// Entries implements [rest.FrameLog].
func (l *frameLog) Entries(_ context.Context, id ident.StationID, f station.LogFilter, _ page.Query) (page.Result[station.LogEntry], error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out page.Result[station.LogEntry]
	for _, e := range l.entries[id] {
		if f.Action == "" || f.Action == e.Action {
			out.Items = append(out.Items, e)
		}
	}
	return out, nil
}

// logs are what the server logged.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newStation is a station with nothing but a name.
func newStation(identity ident.Identity) admin.NewStation {
	return admin.NewStation{Identity: identity}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// broken is a store of which one list breaks.
type broken struct {
	*store.Store
	sites func() error
}

func (b broken) Sites(context.Context, ident.OrganisationID, page.Query) (page.Result[site.Site], error) {
	return page.Result[site.Site]{}, b.sites()
}

var errSecret = errors.New("the password of the database is hunter2")
