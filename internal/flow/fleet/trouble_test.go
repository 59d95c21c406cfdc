package fleet_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

func TestReleaseWhileTheDatabaseIsAway(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	o, _ := w.connect(id, station.OCPP201)
	back := w.store.away()
	o.Release(t.Context(), "connection_lost")
	gone := w.clock.Now()
	if !w.detail(id).Online {
		t.Fatal("a commit came through")
	}
	if err := w.fleet.Sweep(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("sweep without a database: %v, want unavailable", err)
	}
	back()
	w.clock.forward(time.Hour)
	if err := w.fleet.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := w.detail(id)
	if d.Online || d.CloseReason != "connection_lost" || d.Since.After(gone) {
		t.Errorf("online %t since %s (%s), want offline since before %s (connection_lost)", d.Online, d.Since, d.CloseReason, gone)
	}
	if got := w.fleet.Online(); got != 0 {
		t.Errorf("the node owns %d stations, want none", got)
	}
}

func TestClaimThatFailsLeavesTheStationOffline(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	back := w.store.away()
	_, err := w.fleet.Claim(t.Context(), id, newSocket(), fleet.Hello{OCPP: station.OCPP16, At: w.clock.Now()})
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("claim without a database: %v, want unavailable", err)
	}
	back()
	if err := w.fleet.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.detail(id).Online || w.fleet.Online() != 0 {
		t.Errorf("online %t, %d stations owned; want offline, none", w.detail(id).Online, w.fleet.Online())
	}
}

// What the edge looked up at the door may be old when the station is claimed.
func TestClaimWithAnOldLook(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.connect(id, station.OCPP16)
	seen := w.detail(id).Station
	moved := seen
	moved.Name, moved.Version = "moved", seen.Version+1
	w.commit(&change.Set{Stations: []station.Station{moved}})

	o, err := w.fleet.Claim(t.Context(), id, newSocket(), fleet.Hello{OCPP: station.OCPP16, At: w.clock.Now(), Known: &seen})
	if err != nil {
		t.Fatal(err)
	}
	d := w.detail(id)
	if d.Epoch != 2 || !d.Online || d.Name != "moved" || o.Snapshot().Name != "moved" {
		t.Errorf("got %+v, the owner has %+v", d, o.Snapshot())
	}
	gone := seen
	gone.ID = ident.New[ident.StationID](w.clock.Now())
	if _, err := w.fleet.Claim(t.Context(), gone.ID, newSocket(), fleet.Hello{OCPP: station.OCPP16, At: w.clock.Now(), Known: &gone}); !fault.Is(err, fault.NotFound) {
		t.Errorf("of a station that is no more: %v, want not found", err)
	}
}

func TestDeletedStationIsLetGo(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	o, s := w.connect(id, station.OCPP16)
	link, err := w.store.TakeEpoch(t.Context(), id, "", station.Link{Station: id})
	if err != nil {
		t.Fatal(err)
	}
	w.commit(&change.Set{
		Owner:   change.Owner{Organisation: w.org.ID, Station: id, Epoch: link.Epoch},
		Removed: []change.Removal{{Kind: change.KindStation, ID: string(id), Version: w.detail(id).Version}},
	})
	if err := o.Alert(t.Context(), "security", "x", w.clock.Now()); !errors.Is(err, change.ErrSuperseded) {
		t.Errorf("a message after the deletion: %v, want superseded", err)
	}
	if got := <-s.closed; got != "superseded" {
		t.Errorf("closed because of %q, want superseded", got)
	}
	o.Release(t.Context(), "gone")
	if got := w.fleet.Online(); got != 0 {
		t.Errorf("the node owns %d stations, want none", got)
	}
}

// A commit that landed although it returned an error must not be held against
// what follows.
func TestCommitThatLandedUnseen(t *testing.T) {
	w := newWorld(t)
	o, s := w.connect(w.station("CP-1"), station.OCPP16)
	c, err := w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{Type: command.ClearCache})
	if err != nil {
		t.Fatal(err)
	}
	<-s.commands
	landed := func(*change.Set) error { return errAway }
	w.store.after.Store(&landed)
	if err := o.CommandSent(t.Context(), c.ID, fleet.Sent{At: w.clock.Now()}); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v, want unavailable", err)
	}
	w.store.after.Store(nil)
	if err := o.CommandAnswered(t.Context(), c.ID, fleet.Answered{State: command.Accepted, Final: true, At: w.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if got := w.command(c.ID); got.State != command.Accepted || !got.Finished() {
		t.Errorf("state %s, finished %t; want accepted and finished", got.State, got.Finished())
	}
}

// What others have ended must not make the reports of the station stale.
func TestCommandThatOthersEndedHoldsUpNoReport(t *testing.T) {
	w := newWorld(t)
	w.token("04AA", 0)
	o, s := w.connect(w.station("CP-1"), station.OCPP201)
	c, err := w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{Type: command.Start, Input: command.Input{TokenUID: "04AA"}})
	if err != nil {
		t.Fatal(err)
	}
	given := w.sent(o, s)
	w.commit(&change.Set{Commands: []command.Command{w.command(c.ID).Expire(w.clock.Now())}})
	begin := start(w, "tx-1", "04AA", 0)
	begin.RemoteStartID = int64(given.Input.RemoteStartID)
	if _, err := o.Report(t.Context(), begin.Seal()); err != nil {
		t.Errorf("the start: %v", err)
	}
}

func TestStrangersCardAtManyStationsAtOnce(t *testing.T) {
	const stations = 12
	w := newWorld(t)
	var owners []*fleet.Owner
	for i := range stations {
		o, _ := w.connect(w.station(identityOf(i)), station.OCPP201)
		owners = append(owners, o)
	}
	var all sync.WaitGroup
	for _, o := range owners {
		all.Go(func() {
			if _, err := o.Report(t.Context(), start(w, "tx-1", "cafe02", 0)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestSweepWaitsForNoStation(t *testing.T) {
	w := newWorld(t)
	slow, s := w.connect(w.station("CP-1"), station.OCPP16)
	if _, err := w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{Type: command.ClearCache, Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	<-s.commands
	entered, leave := make(chan struct{}), make(chan struct{})
	hang := func(*change.Set) error { close(entered); <-leave; return nil }
	w.store.before.Store(&hang)
	done := make(chan error, 1)
	go func() { done <- slow.Alert(context.WithoutCancel(t.Context()), "security", "x", w.clock.Now()) }()
	<-entered
	w.store.before.Store(nil)
	w.clock.forward(time.Hour)
	if err := w.fleet.Sweep(t.Context()); err != nil { // it would never return
		t.Error(err)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPatchInTheMomentOfTheConnect(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	var o *fleet.Owner
	var s *socket
	connect := func() { o, s = w.connect(id, station.OCPP16) }
	w.store.looked.Store(&connect)
	name := "North"
	d, err := w.fleet.UpdateStation(t.Context(), w.by, "CP-1", station.Patch{Name: &name}, 0)
	if err != nil || d.Name != name || !d.Online {
		t.Fatalf("patched: %q, online %t (%v); want North, online", d.Name, d.Online, err)
	}
	if got := o.Snapshot().Name; got != name {
		t.Errorf("the owner sees %q, want %q", got, name)
	}
	if err := o.Alert(t.Context(), "security", "x", w.clock.Now()); err != nil {
		t.Errorf("the owner lost its station: %v", err)
	}
	select {
	case why := <-s.closed:
		t.Errorf("the socket was closed: %s", why)
	default:
	}
}

// The row names this node as the owner a moment before there is somebody to speak
// to: a change of that moment waits, and is not made behind the owner's back.
func TestPatchBetweenTheClaimsCommitAndItsEnd(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	password := "0123456789abcdef"
	patched := make(chan error, 1)
	arrived := func(set *change.Set) error {
		if set.Takes == nil {
			return nil
		}
		read := make(chan struct{})
		looked := func() { close(read) }
		w.store.looked.Store(&looked)
		go func() {
			_, err := w.fleet.UpdateStation(t.Context(), w.by, "CP-1", station.Patch{Password: &password}, 0)
			patched <- err
		}()
		<-read
		return nil
	}
	w.store.after.Store(&arrived)
	o, s := w.connect(id, station.OCPP16)
	if err := <-patched; err != nil {
		t.Fatal(err)
	}
	if got, want := o.Snapshot().Version, w.detail(id).Version; got != want {
		t.Errorf("the owner knows version %d, want %d", got, want)
	}
	select {
	case why := <-s.closed:
		if why != "password_changed" {
			t.Errorf("closed because of %s", why)
		}
	case <-time.After(patience):
		t.Error("the socket with the old password stays open")
	}
}

func TestReasonsToClose(t *testing.T) {
	password, name, three := "0123456789abcdef", "x", 2
	rejected, off := station.Rejected, false
	tests := []struct {
		name  string
		patch station.Patch
		want  string // why the socket is closed; "" when it stays
	}{
		{"a name", station.Patch{Name: &name}, ""},
		{"automation off", station.Patch{Automation: &off}, ""},
		{"B03 a rejected station stays connected, and unheard", station.Patch{Registration: &rejected}, ""},
		{"a password", station.Patch{Password: &password}, "password_changed"},
		{"a higher security profile", station.Patch{SecurityProfile: &three}, "security_profile_raised"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			_, s := w.connect(w.station(identityOf(i)), station.OCPP16)
			if _, err := w.fleet.UpdateStation(t.Context(), w.by, string(identityOf(i)), tt.patch, 0); err != nil {
				t.Fatal(err)
			}
			got := ""
			select {
			case got = <-s.closed:
			default:
			}
			if got != tt.want {
				t.Errorf("closed because of %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStationCannotFillTheMemory(t *testing.T) {
	w := newWorld(t)
	o, _ := w.connect(w.station("CP-1"), station.OCPP201)
	for n := range fleet.ConnectorsMax + 1 {
		now := w.clock.Now()
		err := o.Status(t.Context(), station.StatusReport{EVSE: n + 1, Connector: 1, Status: station.Available, OccurredAt: now, ReceivedAt: now})
		if full := n == fleet.ConnectorsMax; fault.Is(err, fault.Exhausted) != full {
			t.Fatalf("connector %d: %v, want exhausted %t", n+1, err, full)
		}
	}
	for n := range fleet.OpenMax + 1 {
		r := report(w, session.Started, "tx-"+string(identityOf(n)), 0, 0)
		r.EVSE = n + 1
		_, err := o.Report(t.Context(), r.Seal())
		if full := n == fleet.OpenMax; fault.Is(err, fault.Exhausted) != full {
			t.Fatalf("session %d: %v, want exhausted %t", n+1, err, full)
		}
	}
}

func TestStationOfADeletedSiteCharges(t *testing.T) {
	w := newWorld(t)
	now := w.clock.Now()
	id := ident.New[ident.StationID](now)
	w.commit(&change.Set{Stations: []station.Station{{
		ID: id, Organisation: w.org.ID, Identity: "CP-1", Site: ident.New[ident.SiteID](now),
		Registration: station.Accepted, CreatedAt: now, Version: 1,
	}}})
	o, _ := w.connect(id, station.OCPP201)
	if _, err := o.Report(t.Context(), start(w, "tx-1", "04AA", 0)); err != nil {
		t.Error(err)
	}
}

func TestAuthorizeAtOnesOwnSession(t *testing.T) {
	w := newWorld(t)
	w.token("04AA", 1)
	w.token("04BB", 1)
	o, _ := w.connect(w.station("CP-1"), station.OCPP201)
	elsewhere, _ := w.connect(w.station("CP-2"), station.OCPP201)
	for n, uid := range []string{"04AA", "04BB"} {
		r := report(w, session.Started, "tx-"+uid, 0, 0)
		r.EVSE = n + 1
		if _, err := o.Report(t.Context(), r.with(uid)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		at   *fleet.Owner
		want token.Verdict
	}{
		{"where it runs, to end it", o, token.VerdictAccepted},
		{"elsewhere, for a second one", elsewhere, token.VerdictConcurrentTx},
	} {
		d, err := tt.at.Authorize(t.Context(), token.Presented{UID: "04AA"}, fleet.Place{})
		if err != nil || d.Verdict != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, d.Verdict, err, tt.want)
		}
	}
}
