package fleet_test

import (
	"context"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// raw makes a raw call in the background; its outcome is the error's code, ""
// for an answer.
func (w *world) raw(ref string) <-chan string {
	done := make(chan string, 1)
	ctx := context.WithoutCancel(w.t.Context())
	go func() {
		_, err := w.fleet.RawCall(ctx, w.by, ref, "ClearCache", []byte("{}"))
		if err == nil {
			done <- ""
			return
		}
		done <- fault.CodeOf(err)
	}()
	return done
}

// next takes the next command that the socket is given.
func (w *world) next(s *socket) command.Command {
	w.t.Helper()
	select {
	case c := <-s.commands:
		return c
	case <-time.After(patience):
		w.t.Fatal("no command came")
		return command.Command{}
	}
}

// queued makes a command as it stands in its row, without what is not stored.
func (w *world) queued(id ident.StationID, c command.Command) command.Command {
	w.t.Helper()
	now := w.clock.Now()
	c.ID, c.Organisation, c.Station = ident.New[ident.CommandID](now), w.org.ID, id
	c.State, c.Deadline, c.CreatedAt, c.Version = command.Queued, now.Add(time.Minute), now, 1
	w.commit(&change.Set{Commands: []command.Command{c}})
	return c
}

func TestWaitingStartBringsItsToken(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 0)
	_, err := w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{
		Type: command.Start, Input: command.Input{TokenUID: "04aa", EVSE: 1}, Timeout: time.Minute, Wait: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, s := w.connect(id, station.OCPP16)
	if got := w.next(s).Input; got.TokenUID != "04AA" || got.TokenType != "ISO14443" || got.EVSE != 1 {
		t.Errorf("the socket got token %q of type %q at EVSE %d, want 04AA, ISO14443, 1", got.TokenUID, got.TokenType, got.EVSE)
	}
}

// A raw body and a password are never stored, so a row alone is never sent.
func TestRowWithoutItsSecretIsNotSent(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	raw := w.queued(id, command.Command{Type: command.Raw, Input: command.Input{Action: "ClearCache"}})
	password := w.queued(id, command.Command{Type: command.SetPassword})
	reset := w.queued(id, command.Command{Type: command.Reset})
	_, s := w.connect(id, station.OCPP16)
	if err := w.fleet.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.next(s); got.ID != reset.ID || len(s.commands) > 0 {
		t.Errorf("the socket got %s and %d more, want only the reset", got.Type, len(s.commands))
	}
	w.clock.forward(time.Hour)
	for range 2 {
		if err := w.fleet.ExpireOffline(t.Context(), lease.Grant{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []command.Command{raw, password} {
		if got := w.command(c.ID); got.State != command.TimedOut {
			t.Errorf("%s is %s after its deadline, want timed out", c.Type, got.State)
		}
	}
	_, err := w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{
		Type: command.SetPassword, Input: command.Input{Secret: "0123456789abcdef"}, Wait: true,
	})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a password that waits: %v, want invalid", err)
	}
}

func TestCommandWaitsForRoom(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	_, s := w.connect(id, station.OCPP16)
	s.full.Store(true)
	c := w.queued(id, command.Command{Type: command.ClearCache})
	if err := w.fleet.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.command(c.ID).State; got != command.Queued {
		t.Fatalf("while the queue is full it is %s, want queued", got)
	}
	s.full.Store(false)
	if err := w.fleet.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.next(s); got.ID != c.ID {
		t.Errorf("the socket got %s, want %s", got.ID, c.ID)
	}
	s.full.Store(true)
	if got := <-w.raw("CP-1"); got != "call_not_sent" {
		t.Errorf("a raw call: %q, want call_not_sent at once", got)
	}
}

func TestAnswerComesAfterItsCommit(t *testing.T) {
	w := newWorld(t)
	o, s := w.connect(w.station("CP-1"), station.OCPP16)
	done := w.raw("CP-1")
	c := w.sent(o, s)
	answer := fleet.Answered{State: command.Accepted, Final: true, Verbatim: []byte("{}"), At: w.clock.Now()}
	back := w.store.away()
	if err := o.CommandAnswered(t.Context(), c.ID, answer); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v, want unavailable", err)
	}
	select {
	case <-done:
		t.Error("the caller was answered before the commit")
	default:
	}
	back()
	if err := o.CommandAnswered(t.Context(), c.ID, answer); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != "" {
		t.Errorf("the caller got %q, want the answer", got)
	}
	if !w.command(c.ID).Finished() {
		t.Error("the caller was answered, the command is open")
	}
}

func TestNobodyWaitsForALostStation(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	older, s := w.connect(id, station.OCPP16)
	done := w.raw("CP-1")
	w.sent(older, s)
	w.connect(id, station.OCPP16)
	older.Release(t.Context(), "gone")
	if got := <-done; got != "station_timeout" {
		t.Errorf("got %q, want station_timeout", got)
	}
}

func TestOverdueCallEnds(t *testing.T) {
	w := newWorld(t)
	o, s := w.connect(w.station("CP-1"), station.OCPP16)
	done := w.raw("CP-1")
	c := w.sent(o, s)
	w.clock.forward(time.Minute)
	if err := w.fleet.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != "station_timeout" {
		t.Errorf("got %q, want station_timeout", got)
	}
	if got := w.command(c.ID); got.State != command.TimedOut || got.ErrorCode != "no_answer" {
		t.Errorf("the row is %s (%s), want timed_out (no_answer)", got.State, got.ErrorCode)
	}
}

func TestAskedIsBounded(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	_, s := w.connect(id, station.OCPP16)
	for range fleet.AskedMax + 3 {
		w.queued(id, command.Command{Type: command.ClearCache})
	}
	drained := make(chan int)
	go func() {
		for range fleet.AskedMax {
			<-s.commands
		}
		drained <- fleet.AskedMax
	}()
	if err := w.fleet.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-drained; got != fleet.AskedMax || len(s.commands) != 0 {
		t.Errorf("the socket got %d commands and %d more, want %d", got, len(s.commands), fleet.AskedMax)
	}
}

// An unrelated status while the question is open says nothing.
func TestAvailabilityIsNotGuessed(t *testing.T) {
	w := newWorld(t)
	o, s := w.connect(w.station("CP-1"), station.OCPP16)
	status := func(st station.Status) {
		t.Helper()
		now := w.clock.Now()
		if err := o.Status(t.Context(), station.StatusReport{EVSE: 1, Connector: 1, Status: st, OccurredAt: now, ReceivedAt: now}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{Type: command.ChangeAvailability, Input: command.Input{EVSE: 1, Operative: true}})
	if err != nil {
		t.Fatal(err)
	}
	w.sent(o, s)
	status(station.Faulted)
	if got := w.command(c.ID).State; got != command.Sent {
		t.Errorf("before the answer it is %s, want sent", got)
	}
	if err := o.CommandAnswered(t.Context(), c.ID, fleet.Answered{State: command.Accepted, At: w.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	status(station.Available)
	if got := w.command(c.ID).State; got != command.Observed {
		t.Errorf("after answer and status it is %s, want observed", got)
	}
}
