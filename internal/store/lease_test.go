package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// other opens the database once more, as another node.
func (db *database) other() *database {
	o := db.options
	o.Shared, o.OnCommitted = true, nil
	return open(db.t, o)
}

// lease returns a lease as it stands.
func (db *database) lease(name lease.Name) lease.Lease {
	db.t.Helper()
	l, err := db.Lease(db.t.Context(), name)
	if err != nil {
		db.t.Fatal(err)
	}
	return l
}

// takes makes the node the next holder.
func (db *database) takes(name lease.Name) lease.Grant {
	db.t.Helper()
	g, err := db.TakeLease(db.t.Context(), db.lease(name), db.options.Node)
	if err != nil {
		db.t.Fatal(err)
	}
	return g
}

// A leader that was paused wakes after another took its lease: nothing that it
// writes is taken, and what it does with the lease does not touch the other's.
func TestPausedLeader(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		b := a.other()
		org := a.organisation("one")
		old := a.takes("jobs")
		if old.Epoch != 1 {
			t.Errorf("the first epoch is %d", old.Epoch)
		}
		a.commit(&change.Set{Under: old, Sites: siteSet(org.ID).Sites})
		now := b.takes("jobs")
		if now.Epoch != 2 {
			t.Errorf("the next epoch is %d", now.Epoch)
		}
		late := siteSet(org.ID)
		late.Under = old
		late.Events = []event.Event{{Type: event.SiteCreated, Organisation: org.ID, Subject: "late", At: t0}}
		if err := a.Commit(t.Context(), late); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("the old leader writes: got %v, want %v", err, change.ErrLeaseLost)
		}
		if _, err := a.Site(t.Context(), org.ID, late.Sites[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("what it wrote is there: %v", err)
		}
		if err := a.BeatLease(t.Context(), old); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("the old leader beats: got %v", err)
		}
		if err := a.DropLease(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		if l := a.lease("jobs"); l.Holder != b.options.Node || l.Epoch != 2 {
			t.Errorf("the old leader gave back what it had not: %+v", l)
		}
		b.commit(&change.Set{Under: now, Sites: siteSet(org.ID).Sites})
	})
}

// siteSet makes a site, whatever it may be.
func siteSet(org ident.OrganisationID) *change.Set {
	return &change.Set{Sites: []site.Site{siteOf(org)}}
}

// Two who see the same lease free, or dead, do not both get it.
func TestLeaseIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		nodes := []*database{a, a.other(), a.other()}
		for epoch := int64(1); epoch <= 5; epoch++ {
			seen := a.lease("jobs")
			var mu sync.Mutex
			var grants []lease.Grant
			var all sync.WaitGroup
			for _, n := range nodes {
				all.Go(func() {
					g, err := n.TakeLease(t.Context(), seen, n.options.Node)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						grants = append(grants, g)
					} else if !errors.Is(err, change.ErrLeaseLost) {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if want := []lease.Grant{{Name: "jobs", Epoch: epoch}}; !slices.Equal(grants, want) {
				t.Fatalf("got %v, want %v", grants, want)
			}
		}
	})
}

// One beat between the watcher's last look and its grasp is enough to stay.
func TestLeaseMovesByABeat(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		g := a.takes("jobs")
		seen := a.lease("jobs")
		if err := a.BeatLease(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		if _, err := a.TakeLease(t.Context(), seen, "nod_other"); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("got %v, want %v", err, change.ErrLeaseLost)
		}
		if err := a.DropLease(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		if l := a.lease("jobs"); !l.Free() || l.Epoch != 1 {
			t.Errorf("given back: %+v", l)
		}
		if err := a.BeatLease(t.Context(), g); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("a beat after it was given back: %v", err)
		}
	})
}

// A node whose lease others have ended can write nothing, its leases of tasks
// are free, its stations offline, and it stops.
func TestDeadNode(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		b := a.other()
		org := a.organisation("one")
		st, _ := a.station(org.ID, "CP-1"), a.station(org.ID, "CP-2")
		owner := a.own(st)
		a.takes("jobs")
		if l := b.lease("jobs"); l.Free() {
			t.Errorf("of a node that lives: %+v", l)
		}
		if lost, err := b.LostLinks(t.Context(), 10); err != nil || len(lost) > 0 {
			t.Errorf("lost: got %v, %v", lost, err)
		}
		if err := b.EndLease(t.Context(), a.options.Node); err != nil {
			t.Fatal(err)
		}
		if err := b.EndLease(t.Context(), a.options.Node); err != nil {
			t.Errorf("ended again: %v", err)
		}
		if l := b.lease("jobs"); !l.Free() || !l.Orphan {
			t.Errorf("of a dead node: %+v", l)
		}
		lost, err := b.LostLinks(t.Context(), 10)
		if err != nil || len(lost) != 1 || lost[0].Station != st.ID || lost[0].Epoch != owner.Epoch || !lost[0].Online {
			t.Errorf("lost: got %+v, %v", lost, err)
		}
		if d, err := b.Station(t.Context(), org.ID, "CP-1"); err != nil || d.Online {
			t.Errorf("its station: online %t, %v", d.Online, err)
		}
		// Its own epoch is still the station's: the stream that has ended refuses it.
		if err := a.Commit(t.Context(), &change.Set{Owner: owner, Sites: siteSet(org.ID).Sites}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("the dead node writes: got %v, want unavailable", err)
		}
		stop := a.stop
		a.stop = nil
		if err := stop(); err == nil {
			t.Error("the dead node goes on")
		}
		next := b.own(st)
		if next.Epoch != owner.Epoch+1 {
			t.Errorf("epoch: got %d, want %d", next.Epoch, owner.Epoch+1)
		}
	})
}

// A node that opens its stream while another ends its lease has one that nobody
// ended: its next beat stops it all the same.
func TestDeadNodeWithALivingStream(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		raw := db.raw()
		defer raw.Close()
		if _, err := raw.ExecContext(t.Context(), "UPDATE nodes SET ended_at = 1 WHERE node = $1", string(db.options.Node)); err != nil {
			t.Fatal(err)
		}
		if err := db.Beat(t.Context(), db.options.Node); !fault.Is(err, fault.Unavailable) {
			t.Errorf("beat: got %v, want unavailable", err)
		}
		if err := db.Commit(t.Context(), siteSet(org.ID)); !fault.Is(err, fault.Unavailable) {
			t.Errorf("the dead node writes: got %v, want unavailable", err)
		}
		stop := db.stop
		db.stop = nil
		if err := stop(); err == nil {
			t.Error("the dead node goes on")
		}
	})
}

// An owner whose station has gone to another node writes nothing for it.
func TestLateWriter(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		b := a.other()
		org := a.organisation("one")
		st := a.station(org.ID, "CP-1")
		old := a.own(st)
		ses := a.session(old, "1", t0)
		now := b.own(st)
		ses.Version++
		if err := a.Commit(t.Context(), &change.Set{Owner: old, Sessions: []session.Session{ses}}); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("got %v, want %v", err, change.ErrSuperseded)
		}
		ses.StopReason = "Local"
		b.commit(&change.Set{Owner: now, Sessions: []session.Session{ses}})
	})
}

// A row that a decision read has moved by another node's commit.
func TestMovedRow(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		b := a.other()
		org := a.organisation("one")
		row := siteOf(org.ID)
		a.commit(&change.Set{Sites: []site.Site{row}})
		reads := []change.Read{{Kind: change.KindSite, ID: string(row.ID), Version: 1}}
		row.Version, row.Name = 2, "moved"
		b.commit(&change.Set{Sites: []site.Site{row}})
		set := siteSet(org.ID)
		set.Reads = reads
		if err := a.Commit(t.Context(), set); !errors.Is(err, change.ErrStale) {
			t.Errorf("a read of the old row: got %v, want %v", err, change.ErrStale)
		}
		row.Name = "moved elsewhere"
		if err := a.Commit(t.Context(), &change.Set{Sites: []site.Site{row}}); !errors.Is(err, change.ErrStale) {
			t.Errorf("a write of the old row: got %v, want %v", err, change.ErrStale)
		}
		if got, err := a.Site(t.Context(), org.ID, row.ID); err != nil || got.Name != "moved" {
			t.Errorf("got %q, %v", got.Name, err)
		}
	})
}

// Many committers on one database write at once: each stream has its own
// numbers, without a gap, and nobody's are mixed.
func TestTwoCommitters(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		const sets = 50
		nodes := []*database{a, a.other(), a.other()}
		var all sync.WaitGroup
		for i, n := range nodes {
			for k := range sets {
				all.Go(func() {
					err := n.Commit(t.Context(), &change.Set{Events: []event.Event{
						{Type: event.SiteCreated, Organisation: "org_one", Subject: fmt.Sprintf("%d", i), Version: int64(k), At: t0},
					}})
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		streams, err := a.Streams(t.Context())
		if err != nil || len(streams) != len(nodes) {
			t.Fatalf("got %v, %v, want %d streams", streams, err, len(nodes))
		}
		for _, of := range streams {
			state, events, err := a.StreamAfter(t.Context(), event.Position{Stream: of.Name}, 1000)
			if err != nil || len(events) != sets || state.Head != sets || state.Ended {
				t.Fatalf("stream %s: got %d events, %+v, %v", of.Name, len(events), state, err)
			}
			for k, e := range events {
				if e.Number != int64(k+1) || e.Subject != events[0].Subject {
					t.Errorf("stream %s: event %d has number %d and is of committer %s", of.Name, k, e.Number, e.Subject)
				}
			}
		}
	})
}

// Two committers that take themselves for the writer of one stream collide: the
// second writes nothing over what is there, and nothing behind it.
func TestSameStreamCollides(t *testing.T) {
	each(t, func(t *testing.T, a *database) {
		tell := func(n *database, subject string) error {
			return n.Commit(t.Context(), &change.Set{Events: []event.Event{{Type: event.SiteCreated, Organisation: "org_one", Subject: subject, At: t0}}})
		}
		if err := tell(a, "mine"); err != nil {
			t.Fatal(err)
		}
		raw := a.raw()
		defer raw.Close()
		const next = 1<<40 | 2 // the place after it
		if _, err := raw.ExecContext(t.Context(), `INSERT INTO events (place, org, type, site, station, subject, version, at, data)
			VALUES ($1, 'org_one', 'x.created', '', '', 'a stranger''s', 1, 1, '{}')`, int64(next)); err != nil {
			t.Fatal(err)
		}
		if err := tell(a, "mine again"); err == nil {
			t.Error("both have written the same number")
		}
		_, events, err := a.StreamAfter(t.Context(), event.Position{Stream: "1"}, 10)
		if err != nil || len(events) != 1 || events[0].Subject != "mine" {
			t.Errorf("got %+v, %v", events, err) // the stranger's is behind the head: nobody reads it
		}
	})
}

// What a link is worth whose node died, whatever the node's clock says.
func TestLostLinkKeepsItsHistory(t *testing.T) {
	l := station.Link{Station: "sta_x", Node: "nod_x", Online: true, Since: t0, LastSeen: t0.Add(time.Hour), Epoch: 3}
	got := l.Lapse()
	if got.Online || got.Node != "" || got.Since != l.LastSeen || got.CloseReason != station.NodeLost || got.Epoch != 3 {
		t.Errorf("got %+v", got)
	}
	l.LastSeen = time.Time{}
	if got := l.Lapse(); got.Since != t0 {
		t.Errorf("never heard: away since %s, want %s", got.Since, t0)
	}
}
