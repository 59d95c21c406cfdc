package rerating_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/token"
	"pylon/internal/edge/signed"
	settling "pylon/internal/flow/billing"
	"pylon/internal/flow/consume"
	flow "pylon/internal/flow/rerating"
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

// patience bounds every wait of these tests, far beyond what any takes.
const patience = time.Minute

// world is a database with a station, seven tokens of which two are a customer's,
// and a tariff that prices what was charged in May.
type world struct {
	*testing.T
	*store.Store
	org      ident.OrganisationID
	by       account.Actor
	owner    change.Owner
	site     ident.SiteID
	tokens   []ident.TokenID
	customer ident.CustomerID
	tariff   ident.TariffID // by which sessions were priced
	bill     consume.Consumer
	service  *flow.Service
	sessions []ident.SessionID

	mu     sync.Mutex
	ended  chan ident.ReratingID // re-ratings
	broken func(set *change.Set, commit func() error) error
}

func now() time.Time { return clock.System{}.Now() }

// may is when sessions are charged.
func may() time.Time { return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC) }

// each runs a test on every database; in the end the books must be right.
func each(t *testing.T, test func(w *world)) {
	for name, options := range map[string]func() store.Options{
		"sqlite": func() store.Options {
			return store.Options{Path: filepath.Join(t.TempDir(), "pylon.db"), Synchronous: "off"}
		},
		"postgres": func() store.Options { return store.Options{URL: postgres.Database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{T: t, ended: make(chan ident.ReratingID, 100)}
			o := options()
			o.Clock, o.Node, o.OnCommitted = clock.System{}, ident.New[ident.NodeID](now()), w.hear
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
			w.Store = s
			w.furnish()
			test(w)
			if r, err := s.VerifyLedger(t.Context()); err != nil || len(r.Breaches) > 0 {
				t.Errorf("the books: %+v, %v", r.Breaches, err)
			}
		})
	}
}

// hear notes which re-ratings have ended.
func (w *world) hear(events []event.Recorded) {
	for _, e := range events {
		if e.Type == event.ReratingFinished {
			w.ended <- ident.ReratingID(e.Subject)
		}
	}
}

// Commit lets a test come between a service and its database.
func (w *world) Commit(ctx context.Context, set *change.Set) error {
	w.mu.Lock()
	between := w.broken
	w.mu.Unlock()
	commit := func() error { return w.Store.Commit(ctx, set) }
	if between == nil {
		return commit()
	}
	return between(set, commit)
}

func (w *world) breaks(how func(set *change.Set, commit func() error) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = how
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) furnish() {
	w.Helper()
	at := may().AddDate(0, -1, 0)
	w.org, w.site, w.customer = ident.New[ident.OrganisationID](at), ident.New[ident.SiteID](at), ident.New[ident.CustomerID](at)
	w.by = account.System(w.org, "test")
	id := ident.New[ident.StationID](at)
	set := &change.Set{
		Organisations: []account.Organisation{{ID: w.org, Slug: "one", Name: "one", Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: at, Version: 1, First: true}},
		Sites:         []site.Site{{ID: w.site, Organisation: w.org, Name: "Yard", Country: "DE", TimeZone: "Europe/Berlin", CreatedAt: at, Version: 1}},
		Stations:      []station.Station{{ID: id, Organisation: w.org, Site: w.site, Identity: "CP-1", Registration: station.Accepted, CreatedAt: at, Version: 1}},
		Customers:     []customer.Customer{{ID: w.customer, Organisation: w.org, Settlement: customer.ByReceipt, CreatedAt: at, Version: 1}},
	}
	for i := range 7 {
		t := token.Token{ID: ident.New[ident.TokenID](at), Organisation: w.org, UID: fmt.Sprintf("TOK%d", i), Type: "ISO14443", Status: token.Accepted, CreatedAt: at, Version: 1}
		if i < 2 {
			t.Customer = w.customer
		}
		w.tokens = append(w.tokens, t.ID)
		set.Tokens = append(set.Tokens, t)
	}
	w.must(w.Store.Commit(w.Context(), set))
	link, err := w.TakeEpoch(w.Context(), id, "nod_x", station.Link{Online: true, Since: at})
	w.must(err)
	w.owner = change.Owner{Organisation: w.org, Station: id, Epoch: link.Epoch}
	w.tariff = w.published(at, flat(w, "0.50"))
	w.assigned(w.tariff, at)
	w.bill = settling.New(w.settling([2]settling.Rater{swift.Explain, plain.Rate}))
	w.service = w.chunks(25, 5)
}

// chunks returns a service that takes so many sessions at once.
func (w *world) chunks(simulated, corrected int) *flow.Service {
	return flow.InChunks(w.asking([2]settling.Rater{swift.Explain, plain.Rate}), simulated, corrected)
}

// asking returns a service whose corrections ask two raters.
func (w *world) asking(two [2]settling.Rater) *flow.Service {
	return flow.New(flow.Options{Store: w, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Settling: w.settling(two), Quick: swift.Rate})
}

func (w *world) settling(two [2]settling.Rater) settling.Options {
	return settling.Options{Store: w, Clock: clock.System{}, Raters: two, Signed: signed.Values}
}

// published makes a tariff with one edition, valid from a moment.
func (w *world) published(from time.Time, terms tariff.Terms) ident.TariffID {
	w.Helper()
	id := ident.New[ident.TariffID](now())
	w.must(w.Store.Commit(w.Context(), &change.Set{
		Tariffs:  []tariff.Tariff{{ID: id, Organisation: w.org, Name: "plain", Type: trade.TariffRegular, Published: 1, CreatedAt: from, Version: 1}},
		Editions: []tariff.Edition{{Tariff: id, Organisation: w.org, Number: 1, From: from, PublishedAt: from, Terms: terms}},
	}))
	return id
}

// assigned gives all sessions that begin from a moment on a tariff.
func (w *world) assigned(id ident.TariffID, from time.Time) {
	w.Helper()
	w.must(w.Store.Commit(w.Context(), &change.Set{Assignments: []tariff.Assignment{{
		ID: ident.New[ident.AssignmentID](now()), Organisation: w.org, Tariff: id, From: from, CreatedAt: from, Version: 1,
	}}}))
}

func dec(t testing.TB, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// flat is a price of energy and nothing else, net, at 19 %.
func flat(t testing.TB, kwh string) tariff.Terms {
	vat := dec(t, "19")
	return tariff.Terms{Priced: rating.Tariff{
		Currency: "EUR", TaxIncluded: rating.TaxNo,
		Elements: []rating.Element{{Components: []rating.Component{{Dimension: rating.Energy, Price: dec(t, kwh), VAT: &vat, StepSize: 1}}}},
	}}
}

// timed is dearer by day, asks for parking, and for a start; prices include tax.
func timed(t testing.TB) tariff.Terms {
	vat := dec(t, "19")
	part := func(d rating.Dimension, price string) rating.Component {
		return rating.Component{Dimension: d, Price: dec(t, price), VAT: &vat, StepSize: 1}
	}
	return tariff.Terms{Priced: rating.Tariff{
		Currency: "EUR", TaxIncluded: rating.TaxYes,
		Elements: []rating.Element{
			{Components: []rating.Component{part(rating.Flat, "0.35"), part(rating.ParkingTime, "6.00")}},
			{Components: []rating.Component{part(rating.Energy, "0.79")}, Restrictions: rating.Restrictions{StartTime: "08:00", EndTime: "20:00"}},
			{Components: []rating.Component{part(rating.Energy, "0.41")}},
		},
	}}
}

// charged makes n sessions in May, each other than the one before: energy, length,
// token, readings in between and a car that stays when it is full. They are billed.
func (w *world) charged(n int) {
	w.Helper()
	starts, ends := &change.Set{Owner: w.owner}, &change.Set{Owner: w.owner}
	var news []event.Recorded
	for i := range n {
		began := may().Add(time.Duration(i) * 3 * time.Hour)
		s := session.Session{
			ID: ident.New[ident.SessionID](began), Organisation: w.org, Site: w.site, Station: w.owner.Station, EVSE: 1, Connector: 1, TransactionID: fmt.Sprint(i),
			Status: session.Active, Token: w.tokens[i%len(w.tokens)], ReservationID: -1, RemoteStartID: -1, StartedAt: began, StartReceivedAt: began,
			TimeZone: "Europe/Berlin", Country: "DE", StateOfCharge: -1, LastSeqNo: -1, Version: 1,
			Begin: session.Register{Known: true, Energy: 100_000_000, At: began},
		}
		s.Last = s.Begin
		starts.Sessions = append(starts.Sessions, s)
		finish(ends, s, 1_234+int64(i)*271, time.Duration(20+i%130)*time.Minute)
		news = append(news, w.news(event.SessionCompleted, s.ID))
		w.sessions = append(w.sessions, s.ID)
	}
	w.must(w.Store.Commit(w.Context(), starts))
	w.must(w.Store.Commit(w.Context(), ends))
	w.decides(news)
}

// finish adds the end of a session with so many watt-hours.
func finish(set *change.Set, s session.Session, wh int64, lasts time.Duration) {
	end := s.StartedAt.Add(lasts)
	s.Status, s.EndedAt, s.EndReceivedAt, s.EndedBy = session.Completed, end, end, session.ByStation
	s.Energy = unit.WattHour(wh).Milli()
	s.Last.Energy, s.Last.At = s.Begin.Energy+s.Energy, end
	s.Version++
	for k := range 3 { // readings
		at := s.StartedAt.Add(lasts * time.Duration(k+1) / 5)
		value := decimal.FromInt(int64(s.Begin.Energy)/1000+wh*int64(k+1)*3/10, 0)
		set.Frames = append(set.Frames, meter.Frame{
			Station: s.Station, Session: s.ID, Number: s.Frames + 1, EVSE: 1, Source: meter.SourceUpdate, SeqNo: -1, ReceivedAt: at, OccurredAt: at,
			Samples: []meter.Sample{{Measurand: meter.EnergyImportRegister, Context: meter.ContextPeriodic, Unit: "Wh", Value: value}},
		})
		s.Frames++
	}
	full := s.StartedAt.Add(lasts * 4 / 5)
	set.Segments = append(set.Segments,
		session.Segment{Station: s.Station, Session: s.ID, Number: 1, State: session.StateCharging, Cause: session.CauseUnknown, From: s.StartedAt, To: full},
		session.Segment{Station: s.Station, Session: s.ID, Number: 2, State: session.StateSuspendedEV, Cause: session.CauseCar, From: full, To: end},
	)
	set.Sessions = append(set.Sessions, s)
}

// corrects writes another state of a session, of which nobody hears.
func (w *world) corrects(id ident.SessionID, how func(*session.Session)) {
	w.Helper()
	v, err := w.Session(w.Context(), w.org, id)
	w.must(err)
	s := v.Session
	how(&s)
	s.Version++
	w.must(w.Store.Commit(w.Context(), &change.Set{Owner: w.owner, Sessions: []session.Session{s}}))
}

// hears lets billing decide about news of a session.
func (w *world) hears(what event.Type, id ident.SessionID) {
	w.Helper()
	w.decides([]event.Recorded{w.news(what, id)})
}

func (w *world) news(what event.Type, id ident.SessionID) event.Recorded {
	return event.Recorded{Event: event.Event{Type: what, Organisation: w.org, Station: w.owner.Station, Subject: string(id)}}
}

func (w *world) decides(news []event.Recorded) {
	w.Helper()
	set, err := w.bill.Decide(w.Context(), news)
	w.must(err)
	if set != nil {
		w.must(w.Store.Commit(w.Context(), set))
	}
}

// wholeMay chooses all sessions.
func wholeMay() rerating.Choice { return rerating.Choice{From: may(), Until: may().AddDate(0, 2, 0)} }

// runs runs a service until stop is called.
func (w *world) runs(s *flow.Service) (stop func()) { return w.runsUnder(s, lease.Grant{}) }

func (w *world) runsUnder(s *flow.Service, under lease.Grant) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, under) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.Error(err)
		}
	})
}

// asks asks for a simulation.
func (w *world) asks(of rerating.Choice, by rerating.Pricing) rerating.Rerating {
	w.Helper()
	r, err := w.service.Simulate(w.Context(), w.by, of, by, nil)
	w.must(err)
	return r
}

// done runs the service until a re-rating has ended.
func (w *world) done(id ident.ReratingID) rerating.Rerating {
	w.Helper()
	stop := w.runs(w.service)
	defer stop()
	return w.awaits(id)
}

// awaits waits until a re-rating has ended.
func (w *world) awaits(id ident.ReratingID) rerating.Rerating {
	w.Helper()
	over := time.After(patience)
	for {
		select {
		case which := <-w.ended:
			if which != id {
				continue
			}
			r, err := w.Rerating(w.Context(), w.org, id)
			w.must(err)
			return r
		case <-over:
			r, err := w.Rerating(w.Context(), w.org, id)
			w.Fatalf("it stands at %+v, %v", r, err)
		}
	}
}

// simulated is what a simulation comes to.
func (w *world) simulated(of rerating.Choice, by rerating.Pricing) rerating.Rerating {
	w.Helper()
	return w.done(w.asks(of, by).ID)
}

// differences are what a re-rating has found, by session.
func (w *world) differences(id ident.ReratingID) map[ident.SessionID]rerating.Difference {
	w.Helper()
	all := map[ident.SessionID]rerating.Difference{}
	for q := (page.Query{Limit: 100}); ; {
		some, err := w.Differences(w.Context(), id, rerating.Filter{}, q)
		w.must(err)
		for _, d := range some.Items {
			all[d.Session] = d
		}
		if q.Cursor = some.Next; q.Cursor == "" {
			return all
		}
	}
}

// refuses checks that something was refused.
func (w *world) refuses(err error, kind fault.Kind, code string) {
	w.Helper()
	if !fault.Is(err, kind) || code != "" && fault.CodeOf(err) != code {
		w.Errorf("got %v, want %s", err, code)
	}
}
