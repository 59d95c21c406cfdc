package billing_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/edge/signed"
	flow "pylon/internal/flow/billing"
	"pylon/internal/flow/consume"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/kernel/unit"
	"pylon/internal/store"
	"pylon/test/postgres"
)

// world is a database with one station, and a tariff of 0.50 a kilowatt-hour
// and 19 %.
type world struct {
	*testing.T
	*store.Store
	org         ident.OrganisationID
	site        ident.SiteID
	owner       change.Owner
	assignments []tariff.Assignment
	priced      tariff.Tariff
	tilt        func(*rating.Answer) // what is wrong with the second rater
	asked       int                  // how often for assignments
	bill        consume.Consumer
	desk        *flow.Desk
	quicker     int // how often somebody else's commit is
	options     store.Options
}

func now() time.Time { return clock.System{}.Now() }

// each runs a test on every database.
func each(t *testing.T, test func(w *world)) {
	for name, options := range map[string]func() store.Options{
		"sqlite": func() store.Options {
			return store.Options{Path: filepath.Join(t.TempDir(), "pylon.db"), Synchronous: "off"}
		},
		"postgres": func() store.Options { return store.Options{URL: postgres.Database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Clock, o.Node = clock.System{}, ident.New[ident.NodeID](now())
			s, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx) }()
			t.Cleanup(func() {
				stop()
				if err := errors.Join(<-done, s.Close()); err != nil {
					t.Error(err)
				}
			})
			w := &world{T: t, Store: s, options: o, org: ident.New[ident.OrganisationID](now()), site: ident.New[ident.SiteID](now())}
			settling := flow.Options{Store: w, Clock: clock.System{}, Raters: [2]flow.Rater{swift.Explain, w.second}, Signed: signed.Values}
			w.bill, w.desk = flow.New(settling), flow.NewDesk(flow.NewSettler(settling), w.Commit)
			w.furnish()
			test(w)
			if r, err := s.VerifyLedger(t.Context()); err != nil || len(r.Breaches) > 0 {
				t.Errorf("the books: %+v, %v", r.Breaches, err)
			}
		})
	}
}

// Commit writes, unless somebody else was quicker.
func (w *world) Commit(ctx context.Context, set *change.Set) error {
	if w.quicker > 0 {
		w.quicker--
		return change.ErrStale
	}
	return w.Store.Commit(ctx, set)
}

// second is the second rater, which may be wrong.
func (w *world) second(q *rating.Question) (*rating.Answer, error) {
	a, err := plain.Rate(q)
	if err == nil && w.tilt != nil {
		w.tilt(a)
	}
	return a, err
}

// Priced, AssignmentsFor and TariffAt are of the world.
func (w *world) Priced(context.Context, ident.OrganisationID) (bool, error) {
	return w.priced.Published > 0, nil
}

func (w *world) AssignmentsFor(context.Context, tariff.Place, tariff.Driver) ([]tariff.Assignment, error) {
	w.asked++
	return slices.Clone(w.assignments), nil
}

func (w *world) TariffAt(context.Context, ident.OrganisationID, ident.TariffID, time.Time) (tariff.Tariff, error) {
	return w.priced, nil
}

func (w *world) furnish() {
	w.Helper()
	id := ident.New[ident.StationID](now())
	w.commit(&change.Set{
		Organisations: []account.Organisation{{ID: w.org, Slug: "one", Name: "one", Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: now(), Version: 1}},
		Sites:         []site.Site{{ID: w.site, Organisation: w.org, Name: "Yard", Country: "DE", TimeZone: "Europe/Berlin", CreatedAt: now(), Version: 1}},
		Stations:      []station.Station{{ID: id, Organisation: w.org, Site: w.site, Identity: "CP-1", Registration: station.Accepted, CreatedAt: now(), Version: 1}},
	})
	link, err := w.TakeEpoch(w.Context(), id, "nod_x", station.Link{Online: true, Since: now()})
	if err != nil {
		w.Fatal(err)
	}
	w.owner = change.Owner{Organisation: w.org, Station: id, Epoch: link.Epoch}
	w.price("0.50")
	w.assignments = []tariff.Assignment{{ID: ident.New[ident.AssignmentID](now()), Organisation: w.org, Tariff: w.priced.ID}}
}

// price publishes an edition of the tariff.
func (w *world) price(kwh string) {
	w.Helper()
	vat := dec(w, "19")
	w.priced = tariff.Tariff{
		ID: "trf_1", Organisation: w.org, Name: "plain", Type: trade.TariffRegular, Version: 1,
		Published: 1, Editions: []tariff.Edition{{Number: 1, Terms: tariff.Terms{Priced: rating.Tariff{
			Currency: "EUR", TaxIncluded: rating.TaxNo,
			Elements: []rating.Element{{Components: []rating.Component{{Dimension: rating.Energy, Price: dec(w, kwh), VAT: &vat, StepSize: 1}}}},
		}}}},
	}
}

func dec(t testing.TB, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) commit(set *change.Set) {
	w.Helper()
	if err := w.Commit(w.Context(), set); err != nil {
		w.Fatal(err)
	}
}

// starts makes a session that runs.
func (w *world) starts() session.Session {
	w.Helper()
	began := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	register := session.Register{Known: true, Energy: 100_000_000, At: began}
	s := session.Session{
		ID: ident.New[ident.SessionID](now()), Organisation: w.org, Site: w.site, Station: w.owner.Station, EVSE: 1, Connector: 1,
		TransactionID: "1", Status: session.Active, Token: "tok_a", ReservationID: -1, RemoteStartID: -1,
		StartedAt: began, StartReceivedAt: began, TimeZone: "Europe/Berlin", Country: "DE",
		StateOfCharge: -1, Begin: register, Last: register, LastSeqNo: -1, Version: 1,
	}
	w.commit(&change.Set{Owner: w.owner, Sessions: []session.Session{s}})
	return s
}

// ends makes a session that has ended, with so many kilowatt-hours.
func (w *world) ends(kwh int) session.Session {
	w.Helper()
	return w.corrects(w.starts(), func(s *session.Session) { finish(s, kwh) })
}

func finish(s *session.Session, kwh int) {
	s.Status, s.EndedAt, s.EndReceivedAt, s.EndedBy = session.Completed, s.StartedAt.Add(time.Hour), s.StartedAt.Add(time.Hour), session.ByStation
	s.Energy = unit.WattHour(kwh * 1000).Milli()
	s.Last.Energy, s.Last.At = s.Begin.Energy+s.Energy, s.EndedAt
}

// corrects writes another state of a session.
func (w *world) corrects(s session.Session, how func(*session.Session)) session.Session {
	w.Helper()
	how(&s)
	s.Version++
	w.commit(&change.Set{Owner: w.owner, Sessions: []session.Session{s}})
	return s
}

// hears lets the consumer decide about news, and makes that durable.
func (w *world) hears(what event.Type, of session.Session) {
	w.Helper()
	set, err := w.bill.Decide(w.Context(), []event.Recorded{{Event: event.Event{Type: what, Organisation: w.org, Station: of.Station, Subject: string(of.ID)}}})
	if err != nil {
		w.Fatal(err)
	}
	if set != nil {
		w.commit(set)
	}
}

// bills returns the documents of a session, of which there must be so many.
func (w *world) bills(of session.Session, want int) []billing.Bill {
	w.Helper()
	found, err := w.Bills(w.Context(), w.org, billing.Filter{Session: of.ID}, page.Query{Limit: 10})
	if err != nil || len(found.Items) != want {
		w.Fatalf("got %d documents, %v, want %d: %+v", len(found.Items), err, want, found.Items)
	}
	return found.Items
}

func (w *world) tab(of session.Session) billing.Tab {
	w.Helper()
	tab, err := w.Tab(w.Context(), of.ID)
	if err != nil {
		w.Fatal(err)
	}
	return tab
}

// balances checks what the driver owes.
func (w *world) balances(want int64) {
	w.Helper()
	book := ledger.Book{Organisation: w.org, Unit: "EUR"}
	got, err := w.BalanceOf(w.Context(), book.Account(ledger.ReceivableDriver, "tok_a"))
	if err != nil && !fault.Is(err, fault.NotFound) || got != want {
		w.Errorf("the driver owes %d, %v, want %d", got, err, want)
	}
}

// finding checks whether a finding has been explained.
func (w *world) finding(id ident.FindingID, resolved bool) {
	w.Helper()
	found, err := w.Findings(w.Context(), w.org, station.FindingFilter{Station: w.owner.Station}, page.Query{Limit: 10})
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range found.Items {
		if f.ID == id && f.Code == station.BillHeld && f.ResolvedAt.IsZero() != resolved {
			return
		}
	}
	w.Errorf("finding %s: want it, resolved %t, among %+v", id, resolved, found.Items)
}
