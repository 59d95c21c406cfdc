package store_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/report"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// cursorAt is a consumer's place in the first stream.
func cursorAt(number, version int64) event.Cursor {
	return event.Cursor{Consumer: "c", Position: event.Position{Stream: "1", Number: number}, Version: version}
}

// Two workers that move the same cursor at once: one does, and what the other
// made of the events is not written.
func TestCursorMovedByTwo(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		nodes := []*database{a, a.other()}
		org := a.organisation("one")
		for version := int64(1); version <= 5; version++ {
			var won atomic.Int64
			var all sync.WaitGroup
			for i, n := range nodes {
				all.Go(func() {
					c := cursorAt(10*version+int64(i), version)
					set := siteSet(org.ID)
					set.Cursors = []event.Cursor{c}
					switch err := n.Commit(t.Context(), set); {
					case err == nil:
						won.Add(1)
					case !errors.Is(err, change.ErrStale) && !errors.Is(err, change.ErrExists):
						t.Error(err)
					}
				})
			}
			all.Wait()
			if got, err := a.Cursor(t.Context(), "c", "1"); won.Load() != 1 || err != nil || got.Version != version || got.Number/10 != version {
				t.Errorf("%d moved it, and it is %+v, %v", won.Load(), got, err)
			}
		}
		if got := a.count("sites"); got != 5 {
			t.Errorf("got %d changes, want 5", got)
		}
	})
}

// Events that a cursor has not come to are kept beyond their time, but not for
// ever: a consumer that is no more holds nothing.
func TestPruningStaysBehindCursors(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		const day = 24 * time.Hour
		now := clock.System{}.Now()
		db.tell("org_one", now.Add(-8*day), 3000)
		db.commit(&change.Set{Cursors: []event.Cursor{cursorAt(1500, 1)}})
		for _, step := range []struct {
			name   string
			at     time.Time
			number int64 // of the cursor; 0: where it is
			pruned int64
		}{
			{"behind the cursor", now, 0, 1000},
			{"again", now, 0, 1000},
			{"the cursor moves on", now, 2500, 2000},
			{"just before the bound", now.Add(22*day - time.Minute), 0, 2000},
			{"beyond it", now.Add(22*day + time.Minute), 0, 3000},
		} {
			if step.number > 0 {
				db.commit(&change.Set{Cursors: []event.Cursor{cursorAt(step.number, 2)}})
			}
			if err := db.Compact(t.Context(), step.at); err != nil {
				t.Fatal(err)
			}
			streams, err := db.Streams(t.Context())
			if err != nil || len(streams) != 1 || streams[0].Pruned != step.pruned {
				t.Errorf("%s: got %+v, %v, want pruned to %d", step.name, streams, err, step.pruned)
			}
		}
	})
}

// With a stream go the cursors in it, and the leases of those who followed it.
func TestStreamTakesItsCursors(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		now := clock.System{}.Now()
		db.tell("org_one", now, 1)
		db.takes(lease.OfStream("c", "1"))
		db.takes(lease.OfStream("c", "11"))
		db.commit(&change.Set{Cursors: []event.Cursor{cursorAt(1, 1), {Consumer: "c", Position: event.Position{Stream: "11"}, Version: 1}}})
		db.restart()
		db.tell("org_one", now, 1)
		if err := db.Compact(t.Context(), now.Add(9*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		left, err := db.Cursors(t.Context(), "c")
		if err != nil || len(left) != 1 || left[0].Stream != "11" {
			t.Errorf("got %+v, %v", left, err)
		}
		if got, other := db.lease(lease.OfStream("c", "1")), db.lease(lease.OfStream("c", "11")); got.Epoch != 0 || other.Epoch != 1 {
			t.Errorf("got leases %+v and %+v", got, other)
		}
	})
}

func TestDeadLetters(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		db.organisation("one")
		e := event.Recorded{Position: event.Position{Stream: "1", Number: 7}, JSON: []byte(`{"a":1}`), Event: event.Event{
			Type: event.SessionFailed, Organisation: "org_one", Site: "sit_x", Station: "sta_x", Subject: "ses_x", Version: 3, At: t0,
		}}
		l := event.DeadLetter{ID: newID[ident.DeadLetterID](), Consumer: "c", Event: e, Code: "x", Error: "why", Tries: 5, FailedAt: t0, Finding: "fnd_x", Version: 1}
		db.commit(&change.Set{DeadLetters: []event.DeadLetter{l}})
		got, err := db.DeadLetter(t.Context(), "org_one", l.ID)
		if err != nil || got.Event.Position != e.Position || string(got.Event.JSON) != `{"a":1}` || got.Event.Version != 3 || got.Tries != 5 || got.Error != "why" {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := db.DeadLetter(t.Context(), "org_two", l.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another's: %v", err)
		}
		twin := l
		twin.ID = newID[ident.DeadLetterID]()
		if err := db.Commit(t.Context(), &change.Set{DeadLetters: []event.DeadLetter{twin}}); !errors.Is(err, change.ErrExists) {
			t.Errorf("the same event of the same consumer twice: %v", err)
		}
		l.SettledAt, l.Version = t0, 2
		db.commit(&change.Set{DeadLetters: []event.DeadLetter{l}})
		for open, want := range map[bool]int{true: 0, false: 1} {
			found, err := db.DeadLetters(t.Context(), "org_one", open, all)
			if err != nil || len(found.Items) != want {
				t.Errorf("open %t: got %d, %v, want %d", open, len(found.Items), err, want)
			}
		}
	})
}

func TestUsage(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		ended := aSession(owner, "1", t0)
		ended.Status, ended.EndedAt, ended.EndReceivedAt, ended.Energy, ended.TimeZone = session.Completed, t0.Add(time.Hour), t0.Add(time.Hour), 1500, "Europe/Berlin"
		db.commit(&change.Set{Owner: owner, Sessions: []session.Session{ended, aSession(owner, "2", t0)}, Segments: []session.Segment{
			{Station: st.ID, Session: ended.ID, Number: 1, State: session.StateCharging, From: t0, To: t0.Add(time.Minute)},
			{Station: st.ID, Session: ended.ID, Number: 2, State: session.StateSuspendedEV, From: t0.Add(time.Minute), To: t0.Add(2 * time.Minute)},
			{Station: st.ID, Session: ended.ID, Number: 3, State: session.StateCharging, From: t0.Add(2 * time.Minute), To: t0.Add(4 * time.Minute)},
		}})
		charges, err := db.Charges(t.Context(), org.ID, st.ID, t0, t0.Add(time.Microsecond))
		want := []report.Charge{{StartedAt: t0, TimeZone: "Europe/Berlin", Energy: 1500, Charging: 3 * time.Minute}}
		if err != nil || !slices.Equal(charges, want) {
			t.Errorf("got %+v, %v, want %+v", charges, err, want)
		}
		if charges, err := db.Charges(t.Context(), org.ID, st.ID, t0.Add(time.Microsecond), t0.Add(time.Hour)); err != nil || len(charges) > 0 {
			t.Errorf("behind it: got %+v, %v", charges, err)
		}
		days := []report.Day{
			{Organisation: org.ID, Station: st.ID, Site: "", Date: "2026-03-01", Sessions: 1, Energy: 1500, Charging: time.Minute, Version: 1},
			{Organisation: org.ID, Station: st.ID, Site: "sit_x", Date: "2026-03-01", Sessions: 2, Version: 1},
			{Organisation: org.ID, Station: st.ID, Site: "sit_x", Date: "2026-03-02", Sessions: 3, Version: 1},
		}
		db.commit(&change.Set{Usage: days})
		if got, err := db.UsageOf(t.Context(), st.ID, "2026-03-01"); err != nil || !slices.Equal(got, days[:2]) {
			t.Errorf("got %+v, %v", got, err)
		}
		for _, c := range []struct {
			name string
			f    report.Filter
			want []int64 // sessions of the days
		}{
			{"all, the youngest first", report.Filter{}, []int64{3, 2, 1}},
			{"until", report.Filter{To: "2026-03-01"}, []int64{2, 1}},
			{"from", report.Filter{From: "2026-03-02"}, []int64{3}},
			{"of a site", report.Filter{Site: "sit_x", From: "2026-03-01", To: "2026-03-02"}, []int64{3, 2}},
			{"of another station", report.Filter{Station: "sta_y"}, nil},
		} {
			found, err := db.Usage(t.Context(), org.ID, c.f, all)
			var got []int64
			for _, d := range found.Items {
				got = append(got, d.Sessions)
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
			}
		}
	})
}
