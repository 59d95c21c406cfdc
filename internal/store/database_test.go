package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/postgres"
)

// database is one that tests open, close and open again.
type database struct {
	t       testing.TB
	options store.Options
	*store.Store
	stop   func() error
	mu     sync.Mutex
	events []event.Recorded // what OnCommitted was told
}

// databases are the databases that every test of the contract runs on.
func databases(tb testing.TB) map[string]func() store.Options {
	return map[string]func() store.Options{
		"sqlite":   func() store.Options { return store.Options{Path: filepath.Join(tb.TempDir(), "pylon.db")} },
		"postgres": func() store.Options { return store.Options{URL: postgres.Database(tb)} },
	}
}

// each runs a test on every database.
func each(t *testing.T, test func(t *testing.T, db *database)) {
	for name, options := range databases(t) {
		t.Run(name, func(t *testing.T) { test(t, open(t, options())) })
	}
}

// open opens an empty database and runs its committer until the test ends.
func open(tb testing.TB, o store.Options) *database {
	db := &database{t: tb, options: o}
	tb.Cleanup(func() {
		if db.stop != nil {
			db.end()
		}
	})
	db.begin()
	return db
}

// begin starts a run of the store, with a node of its own.
func (db *database) begin() {
	db.t.Helper()
	o := db.options
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	o.Node = ident.New[ident.NodeID](clock.System{}.Now())
	if o.OnCommitted == nil {
		o.OnCommitted = func(events []event.Recorded) {
			db.mu.Lock()
			defer db.mu.Unlock()
			db.events = append(db.events, events...)
		}
	}
	s, err := store.Open(db.t.Context(), o)
	if err != nil {
		db.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(db.t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	db.Store = s
	db.options.Node = o.Node
	db.stop = func() error {
		cancel()
		err := <-done
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
		return err
	}
}

// end stops the run.
func (db *database) end() {
	db.t.Helper()
	stop := db.stop
	db.stop = nil
	if err := stop(); err != nil {
		db.t.Error(err)
	}
}

// restart ends the run and begins another on the same data.
func (db *database) restart() {
	db.t.Helper()
	db.end()
	db.begin()
}

// commit makes a set durable.
func (db *database) commit(set *change.Set) {
	db.t.Helper()
	if err := db.Commit(db.t.Context(), set); err != nil {
		db.t.Fatal(err)
	}
}

func (db *database) told() []event.Recorded {
	db.t.Helper()
	// Callers are woken before their events are told, and those before the next
	// commit: one more, and all is told.
	if err := db.Beat(db.t.Context(), db.options.Node); err != nil {
		db.t.Fatal(err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	return append([]event.Recorded{}, db.events...)
}

// t0 is when everything in these tests happens.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newID[T ident.ID]() T { return ident.New[T](t0) }

// organisation makes one.
func (db *database) organisation(slug string) account.Organisation {
	db.t.Helper()
	o := account.Organisation{
		ID: newID[ident.OrganisationID](), Slug: slug, Name: slug, Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: t0, Version: 1,
	}
	db.commit(&change.Set{Organisations: []account.Organisation{o}})
	return o
}

// site makes one.
func (db *database) site(org ident.OrganisationID) site.Site {
	db.t.Helper()
	s := siteOf(org)
	db.commit(&change.Set{Sites: []site.Site{s}})
	return s
}

func siteOf(org ident.OrganisationID) site.Site {
	return site.Site{ID: newID[ident.SiteID](), Organisation: org, Name: "yard", Country: "DE", TimeZone: "Europe/Berlin", CreatedAt: t0, Version: 1}
}

// station makes one.
func (db *database) station(org ident.OrganisationID, identity string) station.Station {
	db.t.Helper()
	s := aStation(org, identity)
	db.commit(&change.Set{Stations: []station.Station{s}})
	return s
}

func aStation(org ident.OrganisationID, identity string) station.Station {
	return station.Station{
		ID: newID[ident.StationID](), Organisation: org, Identity: ident.Identity(identity), Registration: station.Accepted, Automation: true,
		SecurityProfile: 1, CreatedAt: t0, Version: 1,
	}
}

// own takes the next epoch of a station.
func (db *database) own(st station.Station) change.Owner {
	db.t.Helper()
	link, err := db.TakeEpoch(db.t.Context(), st.ID, db.options.Node, station.Link{Online: true, Since: t0, OCPP: station.OCPP201, LastSeen: t0})
	if err != nil {
		db.t.Fatal(err)
	}
	return change.Owner{Organisation: st.Organisation, Station: st.ID, Epoch: link.Epoch}
}

// session makes one that runs.
func (db *database) session(owner change.Owner, transaction string, at time.Time) session.Session {
	db.t.Helper()
	s := aSession(owner, transaction, at)
	db.commit(&change.Set{Owner: owner, Sessions: []session.Session{s}})
	return s
}

func aSession(owner change.Owner, transaction string, at time.Time) session.Session {
	return session.Session{
		ID: newID[ident.SessionID](), Organisation: owner.Organisation, Station: owner.Station, EVSE: 1, Connector: 1, TransactionID: transaction,
		Status: session.Active, ReservationID: -1, RemoteStartID: -1, StartedAt: at, StartReceivedAt: at, StateOfCharge: -1,
		Begin: session.Register{Value: decimal.FromInt(0, 0)}, Last: session.Register{Value: decimal.FromInt(0, 0)}, // as they come back
		ChargingState: session.StateCharging, StateSince: at, LastSeqNo: -1, LastEventAt: at, Version: 1,
	}
}

// raw opens the database beside the store.
func (db *database) raw() *sql.DB {
	db.t.Helper()
	driver, name := "sqlite", db.options.Path
	if db.options.URL != "" {
		driver, name = "pgx", db.options.URL
	}
	raw, err := sql.Open(driver, name)
	if err != nil {
		db.t.Fatal(err)
	}
	return raw
}

// count returns how many rows a table has.
func (db *database) count(table string) (n int64) {
	db.t.Helper()
	raw := db.raw()
	defer raw.Close()
	if err := raw.QueryRowContext(db.t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
		db.t.Fatal(err)
	}
	return n
}

// all asks for one page that holds everything.
var all = page.Query{Limit: page.Max}

// yield lets others run.
func yield() { runtime.Gosched() }
