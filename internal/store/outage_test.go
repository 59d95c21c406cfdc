package store_test

import (
	"bufio"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
)

// impatient is a clock on which nobody waits.
type impatient struct{ clock.System }

func (c impatient) After(time.Duration) <-chan time.Time {
	ch := make(chan time.Time, 1)
	ch <- c.Now()
	return ch
}

// outage is one way in which the database ceases to answer at a statement.
type outage struct {
	name    string
	at      string // begins the statement
	fails   func(text string, run func() error) error
	staysIn int // connections refused afterwards
	landed  bool
	stream  string // of the events after it
}

func outages() []outage {
	lost := func(string, func() error) error { return driver.ErrBadConn }
	landedSilently := func(_ string, run func() error) error { return errors.Join(run(), driver.ErrBadConn) }
	return []outage{
		{"BEGIN", "BEGIN", lost, 0, false, "1"},
		{"a row", "INSERT INTO tokens", lost, 0, false, "1"},
		{"an event", "INSERT INTO events", lost, 0, false, "1"},
		{"the mark", "UPDATE streams", lost, 0, false, "1"},
		{"COMMIT does not arrive", "COMMIT", lost, 0, false, "1"},
		{"COMMIT does not arrive, a while", "COMMIT", lost, 5, false, "1"},
		{"COMMIT's answer does not arrive", "COMMIT", landedSilently, 0, true, "1"},
		{"COMMIT's answer does not arrive, a while", "COMMIT", landedSilently, 5, true, "1"},
		{"COMMIT does not arrive, for long", "COMMIT", lost, 25, false, "2"},
		{"COMMIT's answer does not arrive, for long", "COMMIT", landedSilently, 25, false, "2"},
	}
}

// TestOutage ends the database's answers at each statement of a commit: what
// Commit says is what is in the database afterwards, and the next set lands.
func TestOutage(t *testing.T) {
	for name, options := range databases(t) {
		for _, tt := range outages() {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				gate := &broken{}
				o := options()
				o.Between, o.Clock = gate.between, impatient{}
				testOutage(t, open(t, o), gate, tt)
			})
		}
	}
}

func testOutage(t *testing.T, db *database, gate *broken, tt outage) {
	org := db.organisation("one")
	set := func(uid string) *change.Set {
		tok := aToken(org.ID, uid)
		return &change.Set{Tokens: []token.Token{tok}, Events: []event.Event{
			{Type: event.TokenCreated, Organisation: org.ID, Subject: uid, At: t0, Data: struct{}{}},
		}}
	}
	db.commit(set("before"))
	gate.breakOnce(tt)
	err := db.Commit(t.Context(), set("broken"))
	if (err == nil) != tt.landed || err != nil && !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want landed %v", err, tt.landed)
	}
	for range 30 { // the database may be away still: each try is refused at once
		if err = db.Commit(t.Context(), set("after")); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	_, found := db.TokenByUID(t.Context(), org.ID, "broken")
	wantFound := tt.landed || tt.name == "COMMIT's answer does not arrive, for long" // nobody knew then
	if (found == nil) != wantFound {
		t.Errorf("got %v, want found %v", found, wantFound)
	}
	recorded, err := db.EventsAfter(t.Context(), org.ID, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]int64{}
	for _, e := range recorded {
		numbers[e.Stream]++
		if e.Number != numbers[e.Stream] {
			t.Errorf("stream %s: got number %d, want %d", e.Stream, e.Number, numbers[e.Stream])
		}
	}
	if last := recorded[len(recorded)-1]; last.Subject != "after" || last.Stream != tt.stream {
		t.Errorf("got the last event of %s in stream %s, want stream %s", last.Subject, last.Stream, tt.stream)
	}
}

// breakOnce lets one statement fail, and then some connections.
func (b *broken) breakOnce(o outage) {
	var once sync.Once
	refuse := 0
	b.setConnect(func() error {
		if refuse > 0 {
			refuse--
			return errors.New("away")
		}
		return nil
	})
	b.set(func(text string, run func() error) (err error) {
		ran := false
		if strings.HasPrefix(text, o.at) {
			once.Do(func() {
				refuse, ran = o.staysIn, true
				err = o.fails(text, run)
			})
		}
		if ran {
			return err
		}
		return run()
	})
}

// TestRivals opens one SQLite database twice: the first loses its lease, writes
// nothing more and says so.
func TestRivals(t *testing.T) {
	o := store.Options{Path: filepath.Join(t.TempDir(), "pylon.db")}
	first := open(t, o)
	org := first.organisation("one")
	second := open(t, o)
	set := func(uid string) *change.Set { return &change.Set{Tokens: []token.Token{aToken(org.ID, uid)}} }
	if err := first.Commit(t.Context(), set("first")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("the first: got %v, want unavailable", err)
	}
	stop := first.stop
	first.stop = nil
	if err := stop(); err == nil {
		t.Error("the first ends without an error")
	}
	second.commit(set("second"))
	tokens, err := second.Tokens(t.Context(), org.ID, token.Filter{}, all)
	if err != nil || len(tokens.Items) != 1 {
		t.Errorf("got %d tokens, %v, want one", len(tokens.Items), err)
	}
}

const (
	victimPath = "PYLON_STORE_VICTIM" // set: this process is the victim of TestKilled
	victims    = 20                   // stations in sessions
)

// TestKilled kills a process that writes as fast as it can. Everything that it
// was told is written is there, once, and no set is there in part.
func TestKilled(t *testing.T) {
	if path := os.Getenv(victimPath); path != "" {
		victim(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "pylon.db")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]int64{} // station → frames
	for range 3 {
		cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), victimPath+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); {
			var id string
			var frames int64
			if _, err := fmt.Sscanf(lines.Text(), "written %s %d", &id, &frames); err != nil {
				t.Log(lines.Text())
				continue
			}
			acknowledged[id] = max(acknowledged[id], frames)
			if n++; n == 400 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
	}
	if len(acknowledged) != victims {
		t.Fatalf("got %d stations, want %d", len(acknowledged), victims)
	}
	db := open(t, store.Options{Path: path})
	for id, frames := range acknowledged {
		verifyVictim(t, db, ident.StationID(id), frames)
	}
}

// victim writes until it is killed, and says what is written.
func victim(t *testing.T, path string) {
	db := open(t, store.Options{Path: path})
	org, err := db.Organisation(t.Context(), "one")
	if err != nil {
		org = db.organisation("one")
		for i := range victims {
			db.session(db.own(db.station(org.ID, fmt.Sprintf("CP-%d", i))), "tx", t0)
		}
	}
	var wait sync.WaitGroup
	for i := range victims {
		wait.Go(func() {
			d, err := db.Station(t.Context(), org.ID, fmt.Sprintf("CP-%d", i))
			if err != nil {
				t.Error(err)
				return
			}
			owner := db.own(d.Station)
			_, open, err := db.Owned(t.Context(), d.Station.ID)
			if err != nil || len(open) != 1 {
				t.Errorf("got %d sessions, %v", len(open), err)
				return
			}
			c := charging{owner, open[0]}
			for n := range int64(10_000) {
				if err := db.Commit(t.Context(), c.next(n)); err != nil {
					t.Error(err)
					return
				}
				fmt.Printf("written %s %d\n", d.Station.ID, c.session.Frames) // the parent reads it
			}
		})
	}
	wait.Wait()
}

// verifyVictim holds what a session says of itself against its frames and
// events.
func verifyVictim(t *testing.T, db *database, id ident.StationID, acknowledged int64) {
	t.Helper()
	_, open, err := db.Owned(t.Context(), id)
	if err != nil || len(open) != 1 {
		t.Fatalf("station %s: got %d sessions, %v, want one", id, len(open), err)
	}
	s := open[0]
	if s.Frames < acknowledged {
		t.Errorf("station %s: got %d frames, but %d are acknowledged", id, s.Frames, acknowledged)
	}
	q := page.Query{Limit: page.Max}
	want := int64(1)
	for {
		frames, err := db.Frames(t.Context(), id, s.ID, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames.Items {
			if f.Number != want || len(f.Samples) != 4 {
				t.Fatalf("station %s: got frame %d with %d samples, want frame %d with 4", id, f.Number, len(f.Samples), want)
			}
			want++
		}
		if q.Cursor = frames.Next; q.Cursor == "" {
			break
		}
	}
	if want-1 != s.Frames {
		t.Errorf("station %s: got %d frames, its session counts %d", id, want-1, s.Frames)
	}
	events := int64(0)
	recorded, err := db.EventsAfter(t.Context(), "", nil, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range recorded {
		if e.Subject == string(s.ID) {
			events++
		}
	}
	if events != s.Frames {
		t.Errorf("station %s: got %d events, want %d", id, events, s.Frames)
	}
}
