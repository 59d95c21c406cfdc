package store_test

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/store"
	"pylon/test/postgres"
)

// TestCommitInDoubt loses the connection with COMMIT on its way, and lets that
// arrive, or not, before or after the store looks what became of it. What Commit
// says is what is in the database, also a while later.
func TestCommitInDoubt(t *testing.T) {
	for _, tt := range []struct {
		name    string
		arrives string // when COMMIT does: "before" the store asks, "while" it waits for the answer, "never"
		landed  bool
	}{
		{"it had arrived", "before", true},
		{"it arrives while the store asks", "while", true},
		{"it never arrives", "never", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			direct := postgres.Database(t)
			proxy, url := through(t, direct)
			gate := &broken{}
			db := open(t, store.Options{URL: url, Between: gate.between})
			org := db.organisation("one")
			set := func(uid string) *change.Set {
				return &change.Set{Tokens: []token.Token{aToken(org.ID, uid)}, Events: []event.Event{
					{Type: event.TokenCreated, Organisation: org.ID, Subject: uid, At: t0, Data: struct{}{}},
				}}
			}
			db.commit(set("before"))

			deliver := func() {}
			gate.set(func(text string, run func() error) error {
				switch {
				case text == "COMMIT" && tt.arrives == "before":
					gate.set(nil)
					return errors.Join(run(), driver.ErrBadConn)
				case text == "COMMIT":
					var begun <-chan struct{}
					begun, deliver = proxy.hold()
					go func() {
						<-begun
						proxy.cut()
					}()
					defer proxy.pass()
				case strings.Contains(text, "batches + 2"):
					gate.set(nil)
					go func() {
						waitForLock(t, direct)
						if tt.arrives == "never" {
							proxy.end()
						}
						deliver()
					}()
				}
				return run()
			})
			err := db.Commit(t.Context(), set("in doubt"))
			if (err == nil) != tt.landed || err != nil && !fault.Is(err, fault.Unavailable) {
				t.Errorf("got %v, want landed %v", err, tt.landed)
			}
			deliver()
			db.commit(set("after"))
			if _, found := db.TokenByUID(t.Context(), org.ID, "in doubt"); (found == nil) != tt.landed {
				t.Errorf("got %v, want landed %v", found, tt.landed)
			}
			recorded, err := db.EventsAfter(t.Context(), org.ID, nil, 100)
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range recorded {
				if e.Stream != recorded[0].Stream || e.Number != int64(i+1) {
					t.Errorf("event %d: got %s %d", i, e.Stream, e.Number)
				}
			}
		})
	}
}

// waitForLock returns when a session of the database waits for another.
func waitForLock(t *testing.T, url string) {
	t.Helper()
	raw, err := sql.Open("pgx", url)
	if err != nil {
		t.Error(err)
		return
	}
	defer raw.Close()
	for waiting := 0; waiting == 0; yield() {
		err := raw.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting)
		if err != nil {
			t.Error(err)
			return
		}
	}
}
