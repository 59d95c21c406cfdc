package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/postgres"
)

// with returns a database's URL with settings of its sessions.
func with(t *testing.T, database string, settings ...string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// TestFrozen stops a node in the middle of a transaction, with the rows of a
// station in its hands. Another takes the station all the same, and the frozen
// one is refused when it wakes.
func TestFrozen(t *testing.T) {
	database := postgres.Database(t)
	gate := &broken{}
	frozen := open(t, store.Options{URL: with(t, database, "idle_in_transaction_session_timeout=500"), Between: gate.between})
	org := frozen.organisation("one")
	st := frozen.station(org.ID, "CP-1")
	owner := frozen.own(st)
	find := func() error {
		return frozen.Commit(t.Context(), &change.Set{Owner: owner, Findings: []station.Finding{{
			ID: newID[ident.FindingID](), Organisation: org.ID, Station: st.ID, Code: station.ClockWrong, At: t0,
		}}})
	}
	other := open(t, store.Options{URL: database})

	asleep, wake := make(chan struct{}), make(chan struct{})
	gate.set(func(text string, run func() error) error {
		if text == "COMMIT" {
			gate.set(nil)
			close(asleep)
			<-wake
		}
		return run()
	})
	late := make(chan error, 1)
	go func() { late <- find() }()
	<-asleep
	if newer := other.own(st); newer.Epoch != owner.Epoch+1 {
		t.Errorf("got epoch %d, want %d", newer.Epoch, owner.Epoch+1)
	}
	close(wake)
	if err := <-late; !fault.Is(err, fault.Unavailable) {
		t.Errorf("what it was about to commit: got %v, want unavailable", err)
	}
	if err := find(); !errors.Is(err, change.ErrSuperseded) {
		t.Errorf("what it writes next: got %v, want %v", err, change.ErrSuperseded)
	}
	if found, err := other.Findings(t.Context(), org.ID, station.FindingFilter{}, all); err != nil || len(found.Items) != 0 {
		t.Errorf("got %d findings, %v, want none", len(found.Items), err)
	}
}

// TestDeadlock lets a batch and another transaction wait for each other: the
// batch is undone by the database, and written again.
func TestDeadlock(t *testing.T) {
	db := open(t, store.Options{URL: postgres.Database(t)})
	org := db.organisation("one")
	first, second := twoTokens(org.ID)
	db.commit(&change.Set{Tokens: []token.Token{first, second}})
	raw := db.raw()
	defer raw.Close()
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	do := func(text string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	do("SET LOCAL deadlock_timeout = '1min'") // so that the other is the one that notices
	do("UPDATE tokens SET seen_at = 1 WHERE id = $1", string(second.ID))
	first.Version, second.Version = 2, 2
	done := make(chan error, 1)
	go func() { done <- db.Commit(t.Context(), &change.Set{Tokens: []token.Token{first, second}}) }()
	waitForLock(t, db.options.URL)
	do("UPDATE tokens SET seen_at = 1 WHERE id = $1", string(first.ID))
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("got %v, want the set written", err)
	}
}

// twoTokens returns two in the order in which nodes lock them.
func twoTokens(org ident.OrganisationID) (first, second token.Token) {
	first, second = aToken(org, "first"), aToken(org, "second")
	if second.ID < first.ID {
		return second, first
	}
	return first, second
}

// TestRowsAreLockedInOneOrder lets a batch wait for the first of two rows, which
// it names last: it has not locked the second meanwhile, or two nodes that do so
// wait for each other.
func TestRowsAreLockedInOneOrder(t *testing.T) {
	db := open(t, store.Options{URL: postgres.Database(t)})
	first, second := twoTokens(db.organisation("one").ID)
	db.commit(&change.Set{Tokens: []token.Token{second, first}})
	raw := db.raw()
	defer raw.Close()
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	do := func(text string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), text, args...); err != nil {
			t.Error(err)
		}
	}
	do("UPDATE tokens SET seen_at = 1 WHERE id = $1", string(first.ID))
	first.Version, second.Version = 2, 2
	done := make(chan error, 1)
	go func() { done <- db.Commit(t.Context(), &change.Set{Tokens: []token.Token{second, first}}) }()
	waitForLock(t, db.options.URL)
	do("SET LOCAL lock_timeout = '100ms'")
	do("UPDATE tokens SET seen_at = 1 WHERE id = $1", string(second.ID))
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("got %v, want the set written", err)
	}
}

// TestSilence holds back what is sent to the database, as a network that has
// lost it does: nobody waits for ever, and a new connection goes on.
func TestSilence(t *testing.T) {
	proxy, url := through(t, with(t, postgres.Database(t), "statement_timeout=500"))
	db := open(t, store.Options{URL: url})
	org := db.organisation("one")
	_, release := proxy.hold()
	defer release()
	read := make(chan error, 1)
	go func() {
		_, err := db.Organisation(t.Context(), "one")
		read <- err
	}()
	if err := db.Commit(t.Context(), &change.Set{Tokens: []token.Token{aToken(org.ID, "lost")}}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	if err := <-read; !fault.Is(err, fault.Unavailable) {
		t.Errorf("a reader: got %v, want unavailable", err)
	}
	proxy.pass()
	db.commit(&change.Set{Tokens: []token.Token{aToken(org.ID, "found")}})
	if _, err := db.TokenByUID(t.Context(), org.ID, "lost"); !fault.Is(err, fault.NotFound) {
		t.Errorf("what was refused: got %v, want not found", err)
	}
}

// TestServerComesBack ends every connection, then the server: readers and the
// writer find it again, with their prepared statements.
func TestServerComesBack(t *testing.T) {
	server := postgres.Start(t, postgres.Options{Quick: true})
	db := open(t, store.Options{URL: server.URL("pylon")})
	org := db.organisation("one")
	var wait sync.WaitGroup
	for range 16 { // as many connections as there may be
		wait.Go(func() { _, _ = db.Organisation(t.Context(), "one") })
	}
	wait.Wait()
	server.Kill()
	if _, err := db.Organisation(t.Context(), "one"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("while it is away: got %v, want unavailable", err)
	}
	if err := db.Commit(t.Context(), &change.Set{Tokens: []token.Token{aToken(org.ID, "away")}}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a commit while it is away: got %v, want unavailable", err)
	}
	server.Start()
	if _, err := db.Organisation(t.Context(), "one"); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	db.commit(&change.Set{Tokens: []token.Token{aToken(org.ID, "back")}})

	raw := db.raw()
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pylon%'"); err != nil {
		t.Fatal(err)
	}
	for range 16 {
		if _, err := db.Organisation(t.Context(), "one"); err != nil {
			t.Errorf("after its connection was ended: %v", err)
		}
	}
	db.commit(&change.Set{Tokens: []token.Token{aToken(org.ID, "again")}})
}

// TestNodesStartAtOnce opens an empty database many times at once: one makes the
// tables, and each gets a stream of its own.
func TestNodesStartAtOnce(t *testing.T) {
	shared := postgres.Database(t)
	const nodes = 6
	stores := make([]*database, nodes)
	var wait sync.WaitGroup
	for i := range stores {
		wait.Go(func() { stores[i] = openNode(t, shared) })
	}
	wait.Wait()
	for i, db := range stores {
		if db == nil {
			t.FailNow()
		}
		wait.Go(func() {
			id := ident.OrganisationID(fmt.Sprint("org_", i))
			set := &change.Set{Events: []event.Event{{Type: event.TokenCreated, Organisation: id, Subject: string(id), At: t0, Data: struct{}{}}}}
			for range 5 {
				if err := db.Commit(t.Context(), set); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	streams, err := stores[0].Streams(t.Context())
	if err != nil || len(streams) != nodes {
		t.Fatalf("got %v, %v, want %d streams", streams, err, nodes)
	}
	for _, of := range streams {
		if of.Head != 5 {
			t.Errorf("stream %s: got head %d, want 5", of.Name, of.Head)
		}
	}
}

// openNode is [open] for a goroutine that is not the test's.
func openNode(t *testing.T, url string) *database {
	o := store.Options{URL: url, Clock: clock.System{}, Node: ident.New[ident.NodeID](clock.System{}.Now())}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Error(err)
		return nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return &database{t: t, options: o, Store: s}
}

// TestNewerDatabase lets the program meet tables of a version to come: with a
// column, a table and an index more.
func TestNewerDatabase(t *testing.T) {
	for name, options := range databases(t) {
		t.Run(name, func(t *testing.T) {
			db := open(t, options())
			raw := db.raw()
			defer raw.Close()
			for _, text := range []string{
				"ALTER TABLE sessions ADD COLUMN parking_spot TEXT NOT NULL DEFAULT ''",
				"ALTER TABLE links ADD COLUMN weather BIGINT",
				"CREATE TABLE weather (at BIGINT NOT NULL PRIMARY KEY)",
				"CREATE INDEX sessions_spot ON sessions (parking_spot)",
				"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)",
			} {
				if _, err := raw.ExecContext(t.Context(), text); err != nil {
					t.Fatal(err)
				}
			}
			testOneDay(t, db)
			db.restart()
			if _, err := db.Organisation(t.Context(), "one"); err != nil {
				t.Error(err)
			}
		})
	}
}

// testOneDay is a station's day in short.
func testOneDay(t *testing.T, db *database) {
	t.Helper()
	org := db.organisation("one")
	st := db.station(org.ID, "CP-1")
	owner := db.own(st)
	ses := db.session(owner, "tx", t0)
	c := charging{owner, ses}
	for n := range int64(5) {
		db.commit(c.next(n))
	}
	c.session.Status, c.session.EndedAt = session.Completed, t0.Add(time.Hour)
	c.session.Version++
	db.commit(&change.Set{Owner: owner, Sessions: []session.Session{c.session}})
	got, err := db.Session(t.Context(), org.ID, ses.ID)
	if err != nil || got.Frames != 5 || got.Status != session.Completed {
		t.Errorf("got %+v, %v", got, err)
	}
	if list, err := db.Stations(t.Context(), org.ID, station.Filter{}, all); err != nil || len(list.Items) != 1 {
		t.Errorf("got %d stations, %v", len(list.Items), err)
	}
}

// TestBytewise lists texts in one order whatever the order of the cluster is:
// by their bytes. A cursor goes through all of them.
func TestBytewise(t *testing.T) {
	lists := databases(t)
	lists["postgres in German"] = func() store.Options {
		database := postgres.Database(t)
		raw, err := sql.Open("pgx", database)
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		u, err := url.Parse(database)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(u.Path, "/") + "_de"
		if _, err := raw.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de'"); err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + name
		return store.Options{URL: u.String()}
	}
	want := []string{"A-1", "B", "_x", "a", "a-1", "b", "Ä", "ß", "ä", "中", "😀"}
	for name, options := range lists {
		t.Run(name, func(t *testing.T) {
			db := open(t, options())
			org := db.organisation("one")
			for _, i := range []int{5, 0, 10, 3, 8, 1, 9, 2, 7, 4, 6} {
				db.station(org.ID, want[i])
			}
			var got []string
			for q := (page.Query{Limit: 2}); ; {
				part, err := db.Stations(t.Context(), org.ID, station.Filter{}, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range part.Items {
					got = append(got, string(d.Station.Identity))
				}
				if q.Cursor = part.Next; q.Cursor == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestTextsThatNobodyKeeps stores what PostgreSQL refuses: NUL, and bytes that
// are no UTF-8. It becomes U+FFFD on every database, and is found again.
func TestTextsThatNobodyKeeps(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		tok := aToken(org.ID, "a\x00b")
		tok.Label = "c\xffd"
		ses := aSession(owner, "e\x00\xfe", t0)
		ses.Last.Unit = "W\x00h\xff" // in a document
		good := aToken(org.ID, "good")
		set := &change.Set{
			Owner: owner, Tokens: []token.Token{tok, good}, Sessions: []session.Session{ses},
			Events: []event.Event{{Type: event.TokenCreated, Organisation: org.ID, Subject: "f\x00", At: t0, Data: struct{ G string }{"g\x00\xff"}}},
		}
		db.commit(set)
		got, err := db.TokenByUID(t.Context(), org.ID, "a\x00b")
		if err != nil || got.UID != "a\uFFFDb" || got.Label != "c\uFFFDd" {
			t.Errorf("got %q, %q, %v", got.UID, got.Label, err)
		}
		s, err := db.SessionByTransaction(t.Context(), st.ID, "e\x00\xfe")
		if err != nil || s.TransactionID != "e\uFFFD\uFFFD" || s.Last.Unit != "W\x00h\uFFFD" {
			t.Errorf("got %q, %q, %v", s.TransactionID, s.Last.Unit, err)
		}
		events, err := db.EventsAfter(t.Context(), org.ID, nil, 10)
		if err != nil || len(events) != 1 || events[0].Subject != "f\uFFFD" {
			t.Errorf("got %v, %v", events, err)
		}
	})
}
