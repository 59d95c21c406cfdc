package running_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	bills "pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/token"
	"pylon/internal/flow/billing"
	"pylon/internal/flow/running"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/kernel/unit"
)

const (
	org  ident.OrganisationID = "org_1"
	ses  ident.SessionID      = "ses_1"
	card ident.TokenID        = "tok_1"
)

func now() time.Time { return clock.System{}.Now().Truncate(time.Microsecond) }

// world is a database in memory with one session, a tariff, and somebody who listens.
type world struct {
	billing.Store // nil: what is not below is not asked for

	t       testing.TB
	service *running.Service

	mu     sync.Mutex
	s      session.Session
	frames []meter.Frame
	tab    *bills.Tab
	bill   *bills.Bill
	terms  tariff.Terms
	priced bool
	speaks string // the driver's language
	reads  int    // of sessions
	err    error  // of the next reads
	waits  time.Duration
	events []event.Recorded
}

// newWorld has a session that began now, at 0.50 EUR a kilowatt-hour and 20 % tax.
func newWorld(t testing.TB) *world {
	w := &world{t: t, priced: true}
	began := now()
	register := session.Register{Known: true, Energy: 100_000_000, At: began}
	w.s = session.Session{
		ID: ses, Organisation: org, Site: "sit_1", Station: "sta_1", EVSE: 1, Connector: 1, TransactionID: "17", Status: session.Active,
		Token: card, Answer: token.VerdictAccepted, Method: session.MethodToken, ReservationID: -1, RemoteStartID: -1,
		StartedAt: began, StartReceivedAt: began, TimeZone: "Europe/Berlin", Country: "DE",
		StateOfCharge: -1, Begin: register, Last: register, LastSeqNo: -1, ChargingState: session.StateCharging, Version: 1,
	}
	w.terms = tariff.Terms{
		Priced: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo, Elements: []rating.Element{{Components: []rating.Component{component(t, rating.Energy, "0.50")}}}},
		Texts:  []trade.Text{{Language: "en", Text: "0.60 EUR a kWh"}, {Language: "de", Text: "0,60 EUR je kWh"}},
	}
	w.service = running.New(running.Options{
		Store: w, Rate: swift.Rate, Feed: w, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Receipts: "https://r.example/{session}",
	})
	return w
}

func component(t testing.TB, of rating.Dimension, price string) rating.Component {
	return rating.Component{Dimension: of, Price: dec(t, price), VAT: new(dec(t, "20")), StepSize: 1}
}

func dec(t testing.TB, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// run lets the service work until the test ends.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	done := make(chan error, 1)
	go func() { done <- w.service.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

// reading notes a reading of the register, so many kilowatt-hours after the begin.
func (w *world) reading(kWh int) session.Session {
	return w.change(func(s *session.Session) {
		at := now()
		s.Energy = unit.WattHour(kWh * 1000).Milli()
		s.Last = session.Register{Known: true, Energy: s.Begin.Energy + s.Energy, At: at}
		s.ReadAt, s.HeardAt = at, at
		w.frames = append(w.frames, meter.Frame{
			Station: s.Station, Session: s.ID, Number: int64(len(w.frames) + 1), OccurredAt: at, ReceivedAt: at, SeqNo: -1,
			Samples: []meter.Sample{{Measurand: meter.EnergyImportRegister, Unit: "Wh", Value: decimal.FromInt(int64(s.Last.Energy), 3)}},
		})
	})
}

func (w *world) change(how func(*session.Session)) session.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	how(&w.s)
	w.s.Version++
	return w.s
}

// ends ends the session.
func (w *world) ends() session.Session {
	return w.change(func(s *session.Session) {
		s.Status, s.EndedAt, s.EndReceivedAt, s.EndedBy = session.Completed, now(), now(), session.ByStation
	})
}

func (w *world) cost() *running.Cost {
	w.t.Helper()
	c, err := w.service.Of(w.t.Context(), org, ses)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// told returns what the live feed has of totals.
func (w *world) told() []event.Recorded {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events
}

// The database.

func (w *world) Tab(context.Context, ident.SessionID) (bills.Tab, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tab == nil {
		return bills.Tab{}, fault.New(fault.NotFound, "tab_not_found")
	}
	return *w.tab, nil
}

func (w *world) Session(ctx context.Context, _ ident.OrganisationID, id ident.SessionID) (session.View, error) {
	w.mu.Lock()
	waits, err, s := w.waits, w.err, w.s
	w.reads++
	w.mu.Unlock()
	if waits > 0 {
		select {
		case <-time.After(waits):
		case <-ctx.Done():
			return session.View{}, ctx.Err()
		}
	}
	if id != ses {
		err = fault.New(fault.NotFound, "session_not_found")
	}
	return session.View{Session: s, Identity: "CP-1"}, err
}

func (w *world) Segments(context.Context, ident.StationID, ident.SessionID) ([]session.Segment, error) {
	return nil, nil
}

func (w *world) AllFrames(context.Context, ident.StationID, ident.SessionID, int) ([]meter.Frame, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.frames, nil
}

func (w *world) Station(context.Context, ident.OrganisationID, string) (station.Detail, error) {
	return station.Detail{}, nil
}

func (w *world) Site(context.Context, ident.OrganisationID, ident.SiteID) (site.Site, error) {
	return site.Site{}, nil
}

func (w *world) Profile(context.Context, ident.OrganisationID) (bills.Profile, error) {
	return bills.Profile{}, nil
}

func (w *world) Priced(context.Context, ident.OrganisationID) (bool, error) { return w.priced, nil }

func (w *world) AssignmentsFor(context.Context, tariff.Place, tariff.Driver) ([]tariff.Assignment, error) {
	if !w.priced {
		return nil, nil
	}
	return []tariff.Assignment{{ID: "asg_1", Organisation: org, Tariff: "trf_1"}}, nil
}

func (w *world) TariffAt(context.Context, ident.OrganisationID, ident.TariffID, time.Time) (tariff.Tariff, error) {
	return tariff.Tariff{ID: "trf_1", Organisation: org, Published: 1, Editions: []tariff.Edition{{Number: 1, Terms: w.terms}}}, nil
}

func (w *world) Snapshot(context.Context, string) ([]byte, error) {
	return nil, fault.New(fault.NotFound, "snapshot_not_found")
}

func (w *world) Bill(context.Context, ident.OrganisationID, ident.BillID) (bills.Bill, error) {
	return *w.bill, nil
}

func (w *world) Token(context.Context, ident.OrganisationID, ident.TokenID) (token.Token, error) {
	if w.speaks == "" {
		return token.Token{ID: card}, nil
	}
	return token.Token{ID: card, Customer: "cus_1"}, nil
}

func (w *world) Customer(context.Context, ident.OrganisationID, ident.CustomerID) (customer.Customer, error) {
	return customer.Customer{ID: "cus_1", Language: w.speaks}, nil
}

// Publish is the live feed.
func (w *world) Publish(events []event.Recorded) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, events...)
}

// display is a station that shows costs.
type display struct {
	mu    sync.Mutex
	can   screen.Display
	asked int
	shown []screen.Shown
}

func newDisplay() *display {
	return &display{can: screen.Display{Cost: true, Tariff: true, Places: 3}}
}

func (d *display) Display(context.Context) (screen.Display, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	return d.can, nil
}

func (d *display) Show(x screen.Shown) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown = append(d.shown, x)
	return nil
}

// takes returns what was shown since the last call.
func (d *display) takes() []screen.Shown {
	d.mu.Lock()
	defer d.mu.Unlock()
	shown := d.shown
	d.shown = nil
	return shown
}
