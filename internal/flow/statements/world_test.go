package statements_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/token"
	"pylon/internal/edge/signed"
	"pylon/internal/flow/admin"
	flow "pylon/internal/flow/billing"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/statements"
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

// calendar is a clock whose time somebody sets.
type calendar struct {
	clock.System
	at time.Time
}

func (c *calendar) Now() time.Time { return c.at }

// world is an operator with a station, a tariff of 0.50 a kilowatt-hour and 19 %
// of tax, and a fleet that pays once a month.
type world struct {
	*testing.T
	*store.Store
	calendar  *calendar
	by        account.Actor
	admin     *admin.Service
	owner     change.Owner
	site      ident.SiteID
	bill      consume.Consumer
	statement *statements.Service
	fleet     customer.Customer
}

// each runs a test on both databases; the books are verified behind it.
func each(t *testing.T, test func(w *world)) {
	for name, options := range map[string]func() store.Options{
		"sqlite": func() store.Options {
			return store.Options{Path: filepath.Join(t.TempDir(), "pylon.db"), Synchronous: "off"}
		},
		"postgres": func() store.Options { return store.Options{URL: postgres.Database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{T: t, calendar: &calendar{at: time.Date(2026, 4, 20, 12, 0, 0, 0, time.UTC)}}
			o := options()
			o.Clock, o.Node = w.calendar, ident.New[ident.NodeID](w.calendar.at)
			var err error
			if w.Store, err = store.Open(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
			done := make(chan error, 1)
			go func() { done <- w.Run(ctx) }()
			t.Cleanup(func() {
				stop()
				if err := errors.Join(<-done, w.Close()); err != nil {
					t.Error(err)
				}
			})
			w.furnish()
			test(w)
			if r, err := w.VerifyLedger(t.Context()); err != nil || len(r.Breaches) > 0 {
				t.Errorf("the books: %+v, %v", r.Breaches, err)
			}
			w.balanced()
		})
	}
}

// Run is the store's, not the test's.
func (w *world) Run(ctx context.Context) error { return w.Store.Run(ctx) }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) furnish() {
	w.Helper()
	ctx, now := w.Context(), w.calendar.at
	org := account.Organisation{
		ID: ident.New[ident.OrganisationID](now), Slug: "one", Name: "one", Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: now, Version: 1,
	}
	w.by = account.System(org.ID, "test")
	w.site = ident.New[ident.SiteID](now)
	id := ident.New[ident.StationID](now)
	w.must(w.Commit(ctx, &change.Set{
		Organisations: []account.Organisation{org},
		Sites:         []site.Site{{ID: w.site, Organisation: org.ID, Name: "Yard", Country: "DE", TimeZone: "Europe/Berlin", CreatedAt: now, Version: 1}},
		Stations:      []station.Station{{ID: id, Organisation: org.ID, Site: w.site, Identity: "CP-1", Registration: station.Accepted, CreatedAt: now, Version: 1}},
	}))
	link, err := w.TakeEpoch(ctx, id, "nod_x", station.Link{Online: true, Since: now})
	w.must(err)
	w.owner = change.Owner{Organisation: org.ID, Station: id, Epoch: link.Epoch}
	w.admin = admin.New(w.Store, nil, w.calendar)
	_, err = w.admin.SetProfile(ctx, w.by, billing.Profile{Language: "de", Issuer: billing.Party{
		Name: "Operator GmbH", Street: "Weg 1", PostalCode: "20457", City: "Hamburg", Country: "DE", TaxID: "DE123456789", Endpoint: "0088:4012345000009", IBAN: "DE89370400440532013000",
	}}, 0)
	w.must(err)
	w.price("0.50")
	w.bill = flow.New(flow.Options{Store: w.Store, Clock: w.calendar, Raters: [2]flow.Rater{swift.Explain, plain.Rate}, Signed: signed.Values})
	w.statement = statements.New(w.Store, w.calendar, slog.New(slog.DiscardHandler))
	w.fleet = w.customer(customer.Monthly)
}

// price publishes a tariff for everybody.
func (w *world) price(kwh string) {
	w.Helper()
	d, err := decimal.Parse(kwh)
	w.must(err)
	vat := decimal.FromInt(19, 0)
	terms := tariff.Terms{Priced: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo, Elements: []rating.Element{
		{Components: []rating.Component{{Dimension: rating.Energy, Price: d, VAT: &vat, StepSize: 1}}},
	}}}
	draft := &tariff.Draft{Terms: terms}
	made, err := w.admin.CreateTariff(w.Context(), w.by, admin.TariffPatch{Name: new("plain"), Type: new(trade.TariffRegular), Draft: &draft}, nil)
	w.must(err)
	_, err = w.admin.PublishTariff(w.Context(), w.by, made.ID, 0)
	w.must(err)
	_, err = w.admin.CreateAssignment(w.Context(), w.by, admin.AssignmentPatch{Tariff: &made.ID}, nil)
	w.must(err)
}

func (w *world) customer(how customer.Settlement) customer.Customer {
	w.Helper()
	c, err := w.admin.CreateCustomer(w.Context(), w.by, admin.CustomerPatch{
		Party: &billing.Party{
			Name: "Kurierdienst Süd GmbH", Street: "Lindenweg 3", PostalCode: "80331", City: "München", Country: "DE", TaxID: "DE987654321", Endpoint: "0088:4098765000003",
		},
		Language: new("de"), Settlement: &how, BuyerReference: new("4711"), DueDays: new(14),
	}, nil)
	w.must(err)
	return c
}

// card makes a token of a customer.
func (w *world) card(of ident.CustomerID, centre string) token.Token {
	w.Helper()
	uid := string(ident.New[ident.TokenID](w.calendar.at))
	made, err := w.admin.CreateToken(w.Context(), w.by, admin.NewToken{UID: uid[len(uid)-10:], TokenPatch: admin.TokenPatch{
		Type: new("ISO14443"), Customer: &of, CostCentre: &centre,
	}}, nil)
	w.must(err)
	return made
}

// charges has a session with a token that gives so many watt-hours, and bills it.
func (w *world) charges(with token.Token, wh int) session.Session {
	w.Helper()
	began := w.calendar.at
	register := session.Register{Known: true, Energy: 100_000_000, At: began}
	s := session.Session{
		ID: ident.New[ident.SessionID](began), Organisation: w.by.Organisation, Site: w.site, Station: w.owner.Station, EVSE: 1, Connector: 1,
		TransactionID: "1", Status: session.Active, Token: with.ID, ReservationID: -1, RemoteStartID: -1,
		StartedAt: began, StartReceivedAt: began, TimeZone: "Europe/Berlin", Country: "DE",
		StateOfCharge: -1, Begin: register, Last: register, LastSeqNo: -1, Version: 1,
	}
	w.must(w.Commit(w.Context(), &change.Set{Owner: w.owner, Sessions: []session.Session{s}}))
	w.hears(event.SessionStarted, s)
	w.calendar.at = began.Add(time.Hour)
	s.Status, s.EndedAt, s.EndReceivedAt, s.EndedBy = session.Completed, w.calendar.at, w.calendar.at, session.ByStation
	return w.measures(s, wh, event.SessionCompleted)
}

// measures says how much a session gave, or that it was something else.
func (w *world) measures(s session.Session, wh int, what event.Type) session.Session {
	w.Helper()
	s.Energy = unit.WattHour(wh).Milli()
	s.Last.Energy, s.Last.At = s.Begin.Energy+s.Energy, s.EndedAt
	s.Version++
	w.must(w.Commit(w.Context(), &change.Set{Owner: w.owner, Sessions: []session.Session{s}}))
	w.hears(what, s)
	return s
}

func (w *world) hears(what event.Type, of session.Session) {
	w.Helper()
	set, err := w.bill.Decide(w.Context(), []event.Recorded{{Event: event.Event{Type: what, Organisation: w.by.Organisation, Station: of.Station, Subject: string(of.ID)}}})
	w.must(err)
	if set != nil {
		w.must(w.Commit(w.Context(), set))
	}
}

// rolls lets a time come, and makes the statements that are due then.
func (w *world) rolls(to time.Time) {
	w.Helper()
	w.calendar.at = to
	w.must(w.statement.Begin(w.Context(), lease.Grant{}))
	w.must(w.statement.Work(w.Context(), lease.Grant{}))
}

// statementsOf returns the statements of the fleet, of which there must be so
// many, the latest first.
func (w *world) statementsOf(c customer.Customer, want int) []customer.Statement {
	w.Helper()
	found, err := w.CustomerStatements(w.Context(), w.by.Organisation, customer.StatementFilter{Customer: c.ID}, page.Query{Limit: 50})
	if err != nil || len(found.Items) != want {
		w.Fatalf("got %d statements, %v, want %d: %+v", len(found.Items), err, want, found.Items)
	}
	return found.Items
}

// invoice returns the invoice of a statement.
func (w *world) invoice(of customer.Statement) billing.Bill {
	w.Helper()
	if of.State != customer.Issued {
		w.Fatalf("statement %s of %s is %s with %d", of.ID, of.Month, of.State, of.Total)
	}
	b, err := w.Bill(w.Context(), w.by.Organisation, of.Invoice)
	w.must(err)
	return b
}

// owes returns the balance of an account.
func (w *world) owes(class ledger.Class, owner string) int64 {
	w.Helper()
	book := ledger.Book{Organisation: w.by.Organisation, Unit: "EUR"}
	got, err := w.BalanceOf(w.Context(), book.Account(class, owner))
	if err != nil && !fault.Is(err, fault.NotFound) {
		w.Fatal(err)
	}
	return got
}

// balanced checks that all balances add up to nothing.
func (w *world) balanced() {
	w.Helper()
	sums, err := w.TrialBalance(w.Context(), w.by.Organisation)
	w.must(err)
	var all int64
	for _, s := range sums {
		all += s.Balance
	}
	if all != 0 {
		w.Errorf("the balances add up to %d", all)
	}
}
