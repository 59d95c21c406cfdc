package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// tell commits n events of org, at at.
func (db *database) tell(org ident.OrganisationID, at time.Time, n int) {
	db.t.Helper()
	set := &change.Set{}
	for i := range n {
		set.Events = append(set.Events, event.Event{
			Type: event.StationUpdated, Organisation: org, Site: "sit_x", Station: "sta_x", Subject: fmt.Sprint(i), Version: int64(i), At: at,
			Data: struct {
				N int `json:"n"`
			}{i},
		})
	}
	db.commit(set)
}

// after reads the events of org behind positions and returns their places.
func (db *database) after(org ident.OrganisationID, limit int, positions ...event.Position) []string {
	db.t.Helper()
	found, err := db.EventsAfter(db.t.Context(), org, positions, limit)
	if err != nil {
		db.t.Fatal(err)
	}
	var places []string
	for _, e := range found {
		places = append(places, e.Stream+":"+strconv.FormatInt(e.Number, 10))
	}
	return places
}

// heads returns the last position of every stream that there is.
func (db *database) heads() (all []event.Position) {
	db.t.Helper()
	streams, err := db.Streams(db.t.Context())
	if err != nil {
		db.t.Fatal(err)
	}
	for _, of := range streams {
		all = append(all, event.Position{Stream: of.Name, Number: of.Head})
	}
	return all
}

func TestEvents(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		one, two := ident.OrganisationID("org_one"), ident.OrganisationID("org_two")
		db.tell(one, t0, 2)
		db.tell(two, t0, 1)
		db.tell(one, t0, 1)
		db.restart() // another stream
		db.tell(two, t0, 1)
		db.tell(one, t0, 1)
		for _, tt := range []struct {
			name  string
			org   ident.OrganisationID
			limit int
			from  []event.Position
			want  []string
		}{
			{"all of one", one, 100, nil, []string{"1:1", "1:2", "1:4", "2:2"}},
			{"all of two", two, 100, nil, []string{"1:3", "2:1"}},
			{"all", "", 100, nil, []string{"1:1", "1:2", "1:3", "1:4", "2:1", "2:2"}},
			{"some", one, 3, nil, []string{"1:1", "1:2", "1:4"}},
			{"behind a place", one, 100, []event.Position{{Stream: "1", Number: 1}}, []string{"1:2", "1:4", "2:2"}},
			{"behind both", one, 100, []event.Position{{Stream: "1", Number: 4}, {Stream: "2", Number: 1}}, []string{"2:2"}},
			{"at the heads", one, 100, []event.Position{{Stream: "1", Number: 4}, {Stream: "2", Number: 2}}, nil},
			{"only the second named", one, 100, []event.Position{{Stream: "2", Number: 1}}, []string{"2:2"}},
			{"only the first named", one, 100, []event.Position{{Stream: "1", Number: 4}}, []string{"2:2"}},
			{"a stream that is gone", one, 100, []event.Position{{Stream: "77", Number: 2}}, []string{"1:1", "1:2", "1:4", "2:2"}},
		} {
			if got := db.after(tt.org, tt.limit, tt.from...); !slices.Equal(got, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
			}
		}
		if got, want := db.heads(), []event.Position{{Stream: "1", Number: 4}, {Stream: "2", Number: 2}}; !slices.Equal(got, want) {
			t.Errorf("got heads %v, want %v", got, want)
		}
		recorded, err := db.EventsAfter(t.Context(), "", nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		told := db.told()
		for i := range told {
			if string(told[i].JSON) != fmt.Sprintf(`{"n":%s}`, told[i].Subject) {
				t.Errorf("got %s", told[i].JSON)
			}
			told[i].Data = nil // is in JSON
		}
		if !reflect.DeepEqual(told, recorded) {
			t.Errorf("OnCommitted got\n%+v\nthe log has\n%+v", told, recorded)
		}
	})
}

// TestLiveEvents tells what is only live, between the events that it came with,
// and keeps nothing of it.
func TestLiveEvents(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		set := &change.Set{}
		for _, subject := range []string{"a", "b", "c", "d"} {
			set.Events = append(set.Events, event.Event{
				Type: event.SessionUpdated, Organisation: "org_one", Subject: subject, Version: 1, At: t0, Live: subject == "a" || subject == "c",
			})
		}
		db.commit(set)
		db.tell("org_one", t0, 1)
		var told []string
		for _, e := range db.told() {
			told = append(told, fmt.Sprintf("%s %s:%d %t", e.Subject, e.Stream, e.Number, e.Live))
		}
		if want := []string{"a :0 true", "b 1:1 false", "c :0 true", "d 1:2 false", "0 1:3 false"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		found, err := db.EventsAfter(t.Context(), "org_one", nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		var kept []string
		for _, e := range found {
			kept = append(kept, e.Subject)
		}
		if want := []string{"b", "d", "0"}; !slices.Equal(kept, want) {
			t.Errorf("the log has %q, want %q", kept, want)
		}
	})
}

// TestTaking begins connections, each in one commit with what is written under its
// epoch; two of a station in one batch, too.
func TestTaking(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		taking := func(version int64) *change.Set {
			link := station.Link{Station: st.ID, Node: db.options.Node, Online: true, Since: t0, LastSeen: t0}
			connected := station.LinkEvent(link, event.StationConnected)
			connected.Organisation = org.ID
			return &change.Set{
				Owner: change.Owner{Organisation: org.ID, Station: st.ID}, Takes: &link,
				Reads:     []change.Read{{Kind: change.KindStation, ID: string(st.ID), Version: version}},
				Intervals: station.Connected(st.ID, link), Events: []event.Event{connected},
			}
		}
		first, second := taking(st.Version), taking(st.Version)
		done := make(chan error, 1)
		go func() { done <- db.Commit(t.Context(), first) }()
		db.commit(second)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if sum := first.Takes.Epoch + second.Takes.Epoch; sum != 1+2 {
			t.Errorf("got epochs %d and %d", first.Takes.Epoch, second.Takes.Epoch)
		}
		d, _, err := db.Owned(t.Context(), st.ID)
		if err != nil || d.Epoch != 2 || !d.Online || d.Node != db.options.Node {
			t.Errorf("got %+v, %v", d.Link, err)
		}
		found, err := db.EventsAfter(t.Context(), org.ID, nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		var kept, told []int64
		for _, e := range found {
			if e.Type == event.StationConnected {
				kept = append(kept, e.Version)
			}
		}
		for _, e := range db.told() {
			if e.Type == event.StationConnected {
				told = append(told, e.Version)
			}
		}
		if want := []int64{1, 2}; !slices.Equal(kept, want) || !slices.Equal(told, want) {
			t.Errorf("the log has versions %v, told were %v, want %v", kept, told, want)
		}

		old := taking(st.Version + 1)
		if err := db.Commit(t.Context(), old); !errors.Is(err, change.ErrStale) || old.Takes.Epoch != 0 {
			t.Errorf("of a station that has moved: got %v, epoch %d", err, old.Takes.Epoch)
		}
		none := taking(0)
		none.Owner.Station, none.Takes.Station, none.Reads, none.Intervals = "sta_none", "sta_none", nil, nil
		if err := db.Commit(t.Context(), none); !fault.Is(err, fault.NotFound) {
			t.Errorf("of no station: got %v, want not found", err)
		}
		foreign := taking(st.Version)
		foreign.Takes.Station = "sta_other"
		if err := db.Commit(t.Context(), foreign); fault.KindOf(err) != fault.Internal {
			t.Errorf("of another's: got %v, want an internal fault", err)
		}
		if d, _, err = db.Owned(t.Context(), st.ID); err != nil || d.Epoch != 2 {
			t.Errorf("refused sets moved the epoch to %d, %v", d.Epoch, err)
		}
	})
}

// TestManyEvents reads through stretches without an event of one's own.
func TestManyEvents(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		db.tell("org_two", t0, 4500)
		db.tell("org_one", t0, 2)
		if got, want := db.after("org_one", 10), []string{"1:4501", "1:4502"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if got := len(db.after("org_two", 10_000)); got != 4500 {
			t.Errorf("got %d, want 4500", got)
		}
	})
}

// TestPruning drops events after a week, and streams that are empty and over.
func TestPruning(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		now := clock.System{}.Now()
		const day = 24 * time.Hour
		org := ident.OrganisationID("org_one")
		db.tell(org, now.Add(-10*day), 1500)
		db.restart()
		db.tell(org, now.Add(-10*day), 1000)
		db.tell(org, now, 3)
		compact := func(at time.Time) {
			t.Helper()
			if err := db.Compact(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		compact(now)
		if got, want := db.after(org, 10), []string{"2:1001", "2:1002", "2:1003"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		for _, p := range []event.Position{{Stream: "1", Number: 1499}, {Stream: "2", Number: 999}, {Stream: "9", Number: 1}} {
			if _, err := db.EventsAfter(t.Context(), org, []event.Position{p}, 10); !fault.Is(err, fault.Conflict) {
				t.Errorf("behind %v: got %v, want a conflict", p, err)
			}
		}
		if got, want := db.after(org, 1, event.Position{Stream: "1", Number: 1500}, event.Position{Stream: "2", Number: 1000}), []string{"2:1001"}; !slices.Equal(got, want) {
			t.Errorf("at the edge: got %v, want %v", got, want)
		}
		if got := db.heads(); len(got) != 2 { // the first ended today
			t.Errorf("got heads %v, want two", got)
		}
		compact(now.Add(8 * day))
		if got, want := db.heads(), []event.Position{{Stream: "2", Number: 1003}}; !slices.Equal(got, want) {
			t.Errorf("got heads %v, want %v", got, want)
		}
		db.restart() // the last stream is empty, and stays: its number is not given again
		compact(now.Add(30 * day))
		db.tell(org, now, 1)
		if got, want := db.after(org, 10), []string{"3:1"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestKeptAnswers drops answers to requests after two days.
func TestKeptAnswers(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		db.commit(&change.Set{Idempotency: &change.Idempotency{Organisation: "org_one", Key: "k", Fingerprint: []byte{1}, At: t0}})
		for after, want := range []bool{true, true, true, false} {
			at := t0.Add(time.Duration(after)*24*time.Hour - time.Microsecond)
			if err := db.Compact(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			_, err := db.Idempotency(t.Context(), "org_one", "k")
			if found := err == nil; found != want {
				t.Errorf("after %d days: got found %v, want %v", after, found, want)
			}
		}
	})
}

// TestLeases ends the lease of a node: its stations are offline.
func TestLeases(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st, never := db.station(org.ID, "CP-1"), db.station(org.ID, "CP-2")
		db.own(st)
		online := func(want bool) {
			t.Helper()
			d, err := db.Station(t.Context(), org.ID, "CP-1")
			if err != nil || d.Online != want || (d.Node == "") == want {
				t.Errorf("got online %v, node %q, %v, want %v", d.Online, d.Node, err, want)
			}
			if !want && (d.Since != t0 || d.CloseReason != "node_lost") {
				t.Errorf("got since %v, %q, want when it was last heard", d.Since, d.CloseReason)
			}
			totals, err := db.Totals(t.Context(), org.ID, t0)
			if err != nil || (totals.Online == 1) != want {
				t.Errorf("got %d online, %v, want %v", totals.Online, err, want)
			}
			list, err := db.Stations(t.Context(), org.ID, station.Filter{Online: &want}, all)
			wantListed := 1
			if !want {
				wantListed = 2
			}
			if err != nil || len(list.Items) != wantListed {
				t.Errorf("got %d stations online %v, %v", len(list.Items), want, err)
			}
		}
		online(true)
		first := db.options.Node
		for range 2 {
			if err := db.Beat(t.Context(), first); err != nil {
				t.Fatal(err)
			}
		}
		if leases, err := db.Leases(t.Context()); err != nil || !slices.Equal(leases, []lease.Sign[ident.NodeID]{{Of: first, Beat: 2}}) {
			t.Errorf("got %v, %v", leases, err)
		}
		db.restart()
		online(false)
		if leases, err := db.Leases(t.Context()); err != nil || len(leases) != 1 || leases[0].Of != db.options.Node {
			t.Errorf("got %v, %v", leases, err)
		}
		db.own(st)
		if d, err := db.Station(t.Context(), org.ID, "CP-1"); err != nil || !d.Online || d.Epoch != 2 {
			t.Errorf("connected again: got %+v, %v", d.Link, err)
		}
		if d, err := db.Station(t.Context(), org.ID, string(never.ID)); err != nil || d.Online || d.CloseReason != "" {
			t.Errorf("one that never was: got %+v, %v", d.Link, err)
		}
	})
}

// TestEndLease ends the lease of a node that still runs: it stops.
func TestEndLease(t *testing.T) {
	db := open(t, store.Options{Path: filepath.Join(t.TempDir(), "pylon.db")})
	db.organisation("one")
	stop := db.stop
	db.stop = nil
	if err := db.EndLease(t.Context(), "nod_other"); err != nil {
		t.Fatal(err)
	}
	if err := db.EndLease(t.Context(), db.options.Node); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a node ends its own lease: got %v, want unavailable", err) // by stopping, not like this
	}
	if err := stop(); err == nil {
		t.Error("the node goes on")
	}
}

// Events are told in the order of their places, though jobs that meet others of
// their batch are written after those that came later.
func TestEventsAreToldInOrder(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("o")
		const callers, rounds = 16, 20
		var wait sync.WaitGroup
		for w := range callers {
			wait.Go(func() {
				for range rounds {
					set := &change.Set{Events: []event.Event{{Type: event.SiteUpdated, Organisation: org.ID, Subject: "x", Version: 1, At: t0}}}
					if w%3 == 0 { // a balance with a limit: one after the other
						top := ledger.Post(t0, ledger.ToppedUp, source("top-up"), ledger.Book{Organisation: org.ID, Unit: "EUR"}.TopUp("drv_a", "psp", 1))
						set.Journals = []ledger.Journal{top}
					}
					if err := db.Commit(t.Context(), set); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		var before int64
		for _, e := range db.told() {
			if e.Live {
				continue
			}
			if e.Number != before+1 && before != 0 {
				t.Fatalf("event %d was told after %d", e.Number, before)
			}
			before = e.Number
		}
		if before < callers*rounds {
			t.Errorf("got events up to %d, want %d at least", before, callers*rounds)
		}
	})
}
