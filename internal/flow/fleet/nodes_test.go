package fleet_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"pylon/internal/cluster"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
)

// neighbour is another node on the world's database. It never beats.
type neighbour struct {
	*store.Store
	id    ident.NodeID
	fleet *fleet.Fleet
}

func (w *world) neighbour() *neighbour {
	w.t.Helper()
	n := &neighbour{id: ident.New[ident.NodeID](w.clock.Now())}
	bus, err := cluster.Open(w.t.Context(), cluster.Options{Node: n.id})
	if err != nil {
		w.t.Fatal(err)
	}
	if n.Store, err = store.Open(w.t.Context(), store.Options{Path: w.path, Clock: w.clock, Node: n.id, Shared: true}); err != nil {
		w.t.Fatal(err)
	}
	n.fleet = fleet.New(fleet.Options{Store: n.Store, Bus: bus, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Node: n.id})
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.Run(ctx) // ends with an error when the world ends its lease
	}()
	w.t.Cleanup(func() {
		stop()
		<-done
		_ = n.Close()
		_ = bus.Close()
	})
	return n
}

// claim makes the neighbour the owner of a station.
func (n *neighbour) claim(w *world, id ident.StationID) *fleet.Owner {
	w.t.Helper()
	o, err := n.fleet.Claim(w.t.Context(), id, newSocket(), fleet.Hello{OCPP: station.OCPP201, At: w.clock.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// dies lets the world's node watch until it has seen the neighbour's beat stand
// still for long enough.
func (w *world) dies(n *neighbour) {
	w.t.Helper()
	for range int(lease.Term/lease.Beat) + 2 {
		if err := w.fleet.Watch(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.clock.forward(lease.Beat)
	}
	signs, err := w.store.Leases(w.t.Context())
	if err != nil || len(signs) != 1 || signs[0].Of == n.id {
		w.t.Fatalf("living nodes: %v, %v", signs, err)
	}
}

// happened counts the events of a type about a station.
func (w *world) happened(of event.Type, id ident.StationID) (n int) {
	w.t.Helper()
	events, err := w.store.EventsAfter(w.t.Context(), w.org.ID, nil, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == of && e.Station == id {
			n++
		}
	}
	return n
}

// takes takes a lease.
func (w *world) takes(name lease.Name) lease.Grant {
	w.t.Helper()
	at, err := w.store.Lease(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	g, err := w.store.TakeLease(w.t.Context(), at, "nod_any")
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// A dead node costs one row: its stations are offline as soon as its lease ends.
// Then each is told of, once, and its history closed where it was heard last.
func TestDeadNodesStations(t *testing.T) {
	w := newWorld(t)
	n := w.neighbour()
	stays, back := w.station("CP-1"), w.station("CP-2")
	late := n.claim(w, stays)
	n.claim(w, back)
	if w.detail(stays).Node != n.id {
		t.Fatal("the neighbour has no station")
	}
	w.dies(n)
	for _, id := range []ident.StationID{stays, back} {
		if d := w.detail(id); d.Online || d.CloseReason != station.NodeLost || w.happened(event.StationDisconnected, id) != 0 {
			t.Errorf("%s: %+v", id, d.Link)
		}
	}
	w.connect(back, station.OCPP201) // it is quicker than the news
	for range 2 {
		if err := w.fleet.WriteLost(t.Context(), w.takes("fleet")); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.happened(event.StationDisconnected, stays); got != 1 {
		t.Errorf("told %d times that it is offline, want once", got)
	}
	if got := w.happened(event.StationDisconnected, back); got != 0 || !w.detail(back).Online {
		t.Errorf("a station that came back: told %d times that it is offline; online %t", got, w.detail(back).Online)
	}
	d := w.detail(stays)
	if d.Online || d.CloseReason != station.NodeLost || !d.Since.Equal(d.LastSeen) {
		t.Errorf("written down: %+v", d.Link)
	}
	history, err := w.store.Intervals(t.Context(), stays, d.Since.Add(-1), w.clock.Now(), page.Query{})
	if err != nil || len(history.Items) == 0 || history.Items[0].Status != station.Offline {
		t.Errorf("history: %+v, %v", history.Items, err)
	}
	// What the dead node still thinks to know is not taken.
	if err := late.Status(t.Context(), station.StatusReport{EVSE: 1, Connector: 1, Status: station.Charging, ReceivedAt: w.clock.Now()}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("the dead node writes: got %v, want unavailable", err)
	}
}

// One who cared for lost stations, and slept through the end of his lease, does
// nothing for them any more.
func TestPausedCaretaker(t *testing.T) {
	w := newWorld(t)
	n := w.neighbour()
	id := w.station("CP-1")
	n.claim(w, id)
	overdue := w.queued(id, command.Command{Type: command.Reset})
	old := w.takes("fleet")
	w.dies(n)
	w.clock.forward(commandsOverdue)
	now := w.takes("fleet")
	for name, err := range map[string]error{
		"lost stations": w.fleet.WriteLost(t.Context(), old), "overdue commands": w.fleet.ExpireOffline(t.Context(), old),
	} {
		if !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("%s: got %v, want %v", name, err, change.ErrLeaseLost)
		}
	}
	if got := w.command(overdue.ID); got.Finished() || w.happened(event.StationDisconnected, id) != 0 {
		t.Errorf("the old one has written: %s", got.State)
	}
	if err := errors.Join(w.fleet.WriteLost(t.Context(), now), w.fleet.ExpireOffline(t.Context(), now)); err != nil {
		t.Error(err)
	}
	if got := w.command(overdue.ID); got.State != command.TimedOut || w.happened(event.StationDisconnected, id) != 1 {
		t.Errorf("the new one has not: %s", got.State)
	}
}

// commandsOverdue is beyond the deadline of the commands that tests queue.
const commandsOverdue = 3 * lease.Term * 2

// A leader that has been followed by another orders nothing any more: neither
// what it asks for late, nor what it asked for and what has not left.
func TestPausedLeadersCommand(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	o, s := w.connect(id, station.OCPP201)
	old := w.takes("power")
	order := func(under lease.Grant) (command.Command, error) {
		return w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{Type: command.ClearCache, Input: command.Input{Under: under}})
	}
	waiting, err := order(old)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.next(s); got.ID != waiting.ID || got.Input.Under != old {
		t.Fatalf("the socket got %+v", got)
	}
	now := w.takes("power")
	if _, err := order(old); !errors.Is(err, change.ErrLeaseLost) {
		t.Errorf("the old leader orders: got %v, want %v", err, change.ErrLeaseLost)
	}
	fresh, err := order(now)
	if err != nil {
		t.Fatal(err)
	}
	w.next(s)
	sent := fleet.Sent{Action: "Test", Payload: []byte("{}"), At: w.clock.Now()}
	if err := o.CommandSent(t.Context(), waiting.ID, sent); fault.CodeOf(err) != "lease_outdated" {
		t.Errorf("what the old leader ordered leaves: got %v, want lease_outdated", err)
	}
	if err := o.CommandSent(t.Context(), fresh.ID, sent); err != nil {
		t.Errorf("what the new one ordered: %v", err)
	}
	// A row that the old leader has left, on a node that never heard of the new one.
	w.restart()
	left := w.queued(id, command.Command{Type: command.ClearCache, Input: command.Input{Under: old}})
	other := w.queued(id, command.Command{Type: command.ClearCache, Input: command.Input{Under: lease.Grant{Name: "another", Epoch: 1}}})
	_, s = w.connect(id, station.OCPP201)
	if err := w.fleet.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.next(s); got.ID != other.ID || len(s.commands) > 0 {
		t.Errorf("the socket got %+v and %d more", got, len(s.commands))
	}
	if got := w.command(left.ID); got.State != command.Rejected || got.ErrorCode != "lease_outdated" {
		t.Errorf("the old leader's is %s, %q", got.State, got.ErrorCode)
	}
}
