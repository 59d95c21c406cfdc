package fleet_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
	"pylon/test/ground"
)

// world is one node with a real database and a real bus, and an organisation.
type world struct {
	t     *testing.T
	store *faulty
	fleet *fleet.Fleet
	clock *movable
	org   account.Organisation
	by    account.Actor
	path  string // of the database
	costs fleet.Costs

	restart func() // makes the fleet anew
}

// patience bounds every wait of these tests: far beyond what any takes.
const patience = 20 * time.Second

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: new(movable), path: filepath.Join(t.TempDir(), "pylon.db")}
	g := ground.New(t, store.Options{Path: w.path, Clock: w.clock})
	w.store = &faulty{Store: g.Store}
	w.restart = func() {
		w.fleet = fleet.New(fleet.Options{Store: w.store, Bus: g.Bus, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Node: g.Node, Costs: w.costs})
	}
	w.restart()
	if err := g.Bus.Serve(w.fleet.Handle); err != nil {
		t.Fatal(err)
	}
	w.org = g.Organisation(w.clock)
	w.by = account.System(w.org.ID, "test")
	return w
}

func (w *world) commit(set *change.Set) {
	w.t.Helper()
	if err := w.store.Commit(w.t.Context(), set); err != nil {
		w.t.Fatal(err)
	}
}

// movable is the machine's clock, some way ahead.
type movable struct {
	clock.System
	ahead atomic.Int64
	wrong atomic.Int64 // what somebody has set the wall clock forward
}

func (m *movable) Now() time.Time {
	return m.System.Now().Add(time.Duration(m.ahead.Load() + m.wrong.Load()))
}

// Steady moves with it: what is moved is time itself.
func (m *movable) Steady() time.Time { return m.System.Steady().Add(time.Duration(m.ahead.Load())) }

func (m *movable) forward(d time.Duration) { m.ahead.Add(int64(d)) }

func (m *movable) set(d time.Duration) { m.wrong.Add(int64(d)) }

// faulty is the real store; what a test sets happens before, or after, a commit
// of the fleet.
type faulty struct {
	*store.Store
	before, after atomic.Pointer[func(*change.Set) error]
	looked        atomic.Pointer[func()] // once, after a station was read
}

func (f *faulty) Commit(ctx context.Context, set *change.Set) error {
	if before := f.before.Load(); before != nil {
		if err := (*before)(set); err != nil {
			return err
		}
	}
	err := f.Store.Commit(ctx, set)
	if after := f.after.Load(); after != nil && err == nil {
		return (*after)(set)
	}
	return err
}

func (f *faulty) Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error) {
	d, err := f.Store.Station(ctx, org, ref)
	if looked := f.looked.Swap(nil); looked != nil {
		(*looked)()
	}
	return d, err
}

var errAway = fault.New(fault.Unavailable, "database_unavailable")

// away lets commits fail before they are made; its return value ends that.
func (f *faulty) away() (back func()) {
	fail := func(*change.Set) error { return errAway }
	f.before.Store(&fail)
	return func() { f.before.Store(nil) }
}

// station makes an accepted station.
func (w *world) station(identity ident.Identity) ident.StationID {
	w.t.Helper()
	now := w.clock.Now()
	st := station.Station{
		ID: ident.New[ident.StationID](now), Organisation: w.org.ID, Identity: identity,
		Registration: station.Accepted, Automation: true, CreatedAt: now, Version: 1,
	}
	w.commit(&change.Set{Stations: []station.Station{st}})
	return st.ID
}

// token makes an accepted token for so many sessions at a time.
func (w *world) token(uid string, maxSessions int) ident.TokenID {
	w.t.Helper()
	now := w.clock.Now()
	tok := token.Token{
		ID: ident.New[ident.TokenID](now), Organisation: w.org.ID, UID: uid, Type: "ISO14443", Status: token.Accepted,
		MaxSessions: maxSessions, CreatedAt: now, Version: 1,
	}
	w.commit(&change.Set{Tokens: []token.Token{tok}})
	return tok.ID
}

// connect claims a station over a new socket.
func (w *world) connect(id ident.StationID, v station.Version) (*fleet.Owner, *socket) {
	w.t.Helper()
	s := newSocket()
	o, err := w.fleet.Claim(w.t.Context(), id, s, fleet.Hello{OCPP: v, At: w.clock.Now(), RemoteAddr: "127.0.0.1:1"})
	if err != nil {
		w.t.Fatal(err)
	}
	return o, s
}

// detail reads a station.
func (w *world) detail(id ident.StationID) station.Detail {
	w.t.Helper()
	d, err := w.store.Station(w.t.Context(), w.org.ID, string(id))
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// command reads a command.
func (w *world) command(id ident.CommandID) command.Command {
	w.t.Helper()
	c, err := w.store.Command(w.t.Context(), w.org.ID, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// sent takes the next command that a socket is given, and says that it leaves.
func (w *world) sent(o *fleet.Owner, s *socket) command.Command {
	w.t.Helper()
	select {
	case c := <-s.commands:
		if err := o.CommandSent(w.t.Context(), c.ID, fleet.Sent{Action: "Test", Payload: []byte("{}"), At: w.clock.Now()}); err != nil {
			w.t.Fatal(err)
		}
		return c
	case <-time.After(patience):
		w.t.Fatal("no command came")
		return command.Command{}
	}
}

// socket is a connection that remembers what it is told.
type socket struct {
	commands chan command.Command
	closed   chan string
	full     atomic.Bool
}

func newSocket() *socket {
	return &socket{commands: make(chan command.Command, 16), closed: make(chan string, 4)}
}

// Show implements [fleet.Connection]: it has no screen.
func (s *socket) Show(screen.Shown) error { return nil }

func (s *socket) Do(c command.Command) error {
	if s.full.Load() {
		return fault.New(fault.Exhausted, "station_queue_full")
	}
	s.commands <- c
	return nil
}

func (s *socket) Close(reason string) { s.closed <- reason }

// start is a 2.0.1 report that begins a transaction.
func start(w *world, tx, uid string, wh int64) session.Report {
	return report(w, session.Started, tx, 0, wh).with(uid)
}

// said is a report in the making.
type said struct{ session.Report }

func report(w *world, kind session.ReportKind, tx string, seq, wh int64) said {
	now := w.clock.Now()
	return said{session.Report{
		Kind: kind, Version: station.OCPP201, TransactionID: tx, EVSE: 1, Connector: 1, SeqNo: seq,
		OccurredAt: now, AsSent: now.Format(time.RFC3339Nano), ReceivedAt: now, RemoteStartID: -1, ReservationID: -1,
		State: session.StateCharging,
		Samples: []meter.Sample{{
			At: now, AtAsSent: now.Format(time.RFC3339Nano), Measurand: meter.EnergyImportRegister,
			Value: decimal.FromInt(wh, 0), Unit: "Wh",
		}},
	}}
}

func (s said) with(uid string) session.Report {
	s.Token = &token.Presented{UID: uid, Type: "ISO14443"}
	return s.Seal()
}

// start16 is a 1.6 start at EVSE 1; nth tells one from the next.
func start16(w *world, uid string, nth int) session.Report {
	r := report(w, session.Started, "", -1, int64(1000+nth)).Report
	r.Version = station.OCPP16
	r.StartKey = session.StartKey(1, uid, r.OccurredAt, int64(1000+nth))
	r.Token = &token.Presented{UID: uid}
	return r
}
