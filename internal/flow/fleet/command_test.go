package fleet_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

var pageAll = page.Query{Limit: page.Max}

func identityOf(i int) ident.Identity { return ident.Identity(fmt.Sprintf("CP-%d", i)) }

func TestRemoteStartIsObserved(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 0)
	o, s := w.connect(id, station.OCPP201)
	c, err := w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{Type: command.Start, Input: command.Input{TokenUID: "04aa", EVSE: 1}})
	if err != nil {
		t.Fatal(err)
	}
	given := w.sent(o, s)
	if given.Input.TokenUID != "04AA" || given.Input.RemoteStartID == 0 {
		t.Errorf("the socket got token %q, remote start %d", given.Input.TokenUID, given.Input.RemoteStartID)
	}
	if got := w.command(c.ID).State; got != command.Sent {
		t.Errorf("state %s, want sent", got)
	}
	if err := o.CommandAnswered(t.Context(), c.ID, fleet.Answered{State: command.Accepted, At: w.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if got := w.command(c.ID); got.State != command.Accepted || got.Finished() {
		t.Errorf("state %s, finished %t; want accepted and open", got.State, got.Finished())
	}
	begin := start(w, "tx-1", "04AA", 0)
	begin.RemoteStartID = int64(given.Input.RemoteStartID)
	if _, err := o.Report(t.Context(), begin.Seal()); err != nil {
		t.Fatal(err)
	}
	if got := w.command(c.ID); got.State != command.Observed || !got.Finished() {
		t.Errorf("state %s, finished %t; want observed and finished", got.State, got.Finished())
	}
}

func TestCommandOfAnOfflineStation(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	ask := fleet.NewCommand{Type: command.Reset, Timeout: time.Minute}
	if _, err := w.fleet.Command(t.Context(), w.by, "CP-1", ask); fault.CodeOf(err) != "station_offline" {
		t.Errorf("without waiting: %v, want station_offline", err)
	}
	ask.Wait = true
	c, err := w.fleet.Command(t.Context(), w.by, "CP-1", ask)
	if err != nil {
		t.Fatal(err)
	}
	o, s := w.connect(id, station.OCPP16)
	if got := w.sent(o, s); got.ID != c.ID {
		t.Errorf("after the connect the socket got %s, want %s", got.ID, c.ID)
	}
	if _, err := o.Boot(t.Context(), station.BootReport{At: w.clock.Now(), OCPP: station.OCPP16, Vendor: "V", Model: "M"}); err != nil {
		t.Fatal(err)
	}
	if got := w.command(c.ID).State; got != command.Observed {
		t.Errorf("after the boot the reset is %s, want observed", got)
	}
}

func TestCancelledCommandIsNotSent(t *testing.T) {
	w := newWorld(t)
	o, s := w.connect(w.station("CP-1"), station.OCPP16)
	c, err := w.fleet.Command(t.Context(), w.by, "CP-1", fleet.NewCommand{Type: command.ClearCache})
	if err != nil {
		t.Fatal(err)
	}
	<-s.commands
	if got, err := w.fleet.CancelCommand(t.Context(), w.by, c.ID); err != nil || got.State != command.Cancelled {
		t.Fatalf("cancelled: %s, %v", got.State, err)
	}
	err = o.CommandSent(t.Context(), c.ID, fleet.Sent{At: w.clock.Now()})
	if fault.CodeOf(err) != "command_ended" {
		t.Errorf("a cancelled command about to leave: %v, want command_ended", err)
	}
	if err := o.CommandAnswered(t.Context(), c.ID, fleet.Answered{State: command.Rejected, Final: true, At: w.clock.Now()}); err != nil {
		t.Errorf("an answer to it: %v", err)
	}
	if got := w.command(c.ID).State; got != command.Cancelled {
		t.Errorf("state %s, want cancelled", got)
	}
}

func TestRawCall(t *testing.T) {
	w := newWorld(t)
	o, s := w.connect(w.station("CP-1"), station.OCPP16)
	tests := []struct {
		name   string
		answer fleet.Answered
		want   string // the payload, the CALLERROR's code, or the error's code
	}{
		{"a result", fleet.Answered{State: command.Accepted, Final: true, Verbatim: []byte(`{"status":"Accepted"}`)}, `{"status":"Accepted"}`},
		{"a refusal is a result too", fleet.Answered{State: command.Rejected, Final: true, Verbatim: []byte(`{"status":"Rejected"}`)}, `{"status":"Rejected"}`},
		{"an error", fleet.Answered{State: command.Rejected, Final: true, ErrorCode: "NotImplemented"}, "NotImplemented"},
		{"the socket closed", fleet.Answered{State: command.TimedOut, Final: true, ErrorCode: "station_closed"}, "station_timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			done := make(chan string, 1)
			go func() {
				r, err := w.fleet.RawCall(context.WithoutCancel(t.Context()), w.by, "CP-1", "ClearCache", []byte("{}"))
				switch {
				case err != nil:
					done <- fault.CodeOf(err)
				case r.Error != nil:
					done <- r.Error.Code
				default:
					done <- string(r.Payload)
				}
			}()
			c := w.sent(o, s)
			tt.answer.At = w.clock.Now()
			if err := o.CommandAnswered(t.Context(), c.ID, tt.answer); err != nil {
				t.Fatal(err)
			}
			if got := <-done; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got := w.command(c.ID); !got.Finished() {
				t.Errorf("the row is %s and open", got.State)
			}
		})
	}
}

func TestReleaseEndsTheWait(t *testing.T) {
	w := newWorld(t)
	o, s := w.connect(w.station("CP-1"), station.OCPP16)
	done := make(chan error, 1)
	go func() {
		_, err := w.fleet.RawCall(context.WithoutCancel(t.Context()), w.by, "CP-1", "ClearCache", []byte("{}"))
		done <- err
	}()
	w.sent(o, s)
	o.Release(t.Context(), "gone")
	if err := <-done; fault.CodeOf(err) != "station_timeout" {
		t.Errorf("%v, want station_timeout", err)
	}
}

func TestUpdateStation(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	name, pending := "North", station.Pending
	before := w.detail(id).Version
	d, err := w.fleet.UpdateStation(t.Context(), w.by, "CP-1", station.Patch{Name: &name}, before)
	if err != nil || d.Name != "North" || d.Version != before+1 {
		t.Fatalf("offline: %q in version %d (%v), want North in %d", d.Name, d.Version, err, before+1)
	}
	o, _ := w.connect(id, station.OCPP16)
	if _, err := w.fleet.UpdateStation(t.Context(), w.by, string(id), station.Patch{Registration: &pending}, 0); err != nil {
		t.Fatal(err)
	}
	if got := o.Snapshot().Registration; got != station.Pending {
		t.Errorf("the live owner sees %s, want pending", got)
	}
	if _, err := w.fleet.UpdateStation(t.Context(), w.by, "CP-1", station.Patch{Name: &name}, before); !fault.Is(err, fault.Stale) {
		t.Errorf("an old version: %v, want stale", err)
	}
	reader := account.Actor{Organisation: w.org.ID, Scopes: []account.Scope{account.StationsRead}}
	if _, err := w.fleet.UpdateStation(t.Context(), reader, "CP-1", station.Patch{Name: &name}, 0); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a reader: %v, want forbidden", err)
	}
}

func TestRawRemoteStartIsFollowed(t *testing.T) {
	tests := []struct {
		name     string
		declined bool
		want     session.Method
	}{
		{"the station said yes", false, session.MethodRemote},
		{"the station said no", true, session.MethodToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.station("CP-1")
			w.token("04AA", 0)
			o, s := w.connect(id, station.OCPP16)
			done := make(chan error, 1)
			go func() {
				_, err := w.fleet.RawCall(context.WithoutCancel(t.Context()), w.by, "CP-1", "RemoteStartTransaction", []byte(`{"idTag":"04AA"}`))
				done <- err
			}()
			c := <-s.commands
			sent := fleet.Sent{
				Action: "RemoteStartTransaction", At: w.clock.Now(), Means: command.Start, Input: command.Input{TokenUID: "04aa"},
			}
			if err := o.CommandSent(t.Context(), c.ID, sent); err != nil {
				t.Fatal(err)
			}
			yes := fleet.Answered{State: command.Accepted, Final: true, Declined: tt.declined, Verbatim: []byte(`{}`), At: w.clock.Now()}
			if err := o.CommandAnswered(t.Context(), c.ID, yes); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			for i, want := range []session.Method{tt.want, session.MethodToken} { // the second start is the driver's own
				begin := start16(w, "04AA", i)
				a, err := o.Report(t.Context(), begin)
				if err != nil {
					t.Fatal(err)
				}
				got, err := w.store.Session(t.Context(), w.org.ID, a.Session)
				if err != nil || got.Method != want {
					t.Errorf("start %d: authorised by %q (%v), want %q", i+1, got.Method, err, want)
				}
			}
		})
	}
}
