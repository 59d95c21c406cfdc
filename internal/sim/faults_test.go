package sim_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
)

func TestFaultLinkCut(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		left := come(r, 5*time.Minute)
		time.Sleep(time.Minute)
		r.station.Inject(sim.LinkCut, 2*time.Minute)
		cut := r.clock.Now()
		leave(t, r, left)
		for _, request := range r.all() {
			if off := request.at.Sub(cut); off > 0 && off < 2*time.Minute {
				t.Errorf("%T came %v after the cut", request.message, off)
			}
		}
		if reasons, _ := boots(r); len(reasons) != 1 {
			t.Errorf("%d boots, want 1: the station kept its power", len(reasons))
		}
		if n, want := len(heardAll(r)), len(r.station.Truth()[0].Messages); n != want {
			t.Errorf("%d messages came, in truth there were %d", n, want)
		}
		if got := fault(t, r); got.Fault != sim.LinkCut || got.To.Sub(got.From) != 2*time.Minute {
			t.Errorf("got %+v", got)
		}
	})
}

func TestFaultPowerCut(t *testing.T) {
	tests := []struct {
		name   string
		after  sim.AfterPowerCut
		reason string // of the stop; "" for none
	}{
		{"stops", sim.Stops, "PowerLoss"},
		{"resumes", sim.Resumes, "Local"},
		{"forgets", sim.Forgets, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onAll(t, func(c *sim.Config) { c.AfterPowerCut = tt.after }, func(t *testing.T, r rig) {
				left := come(r, 10*time.Minute)
				time.Sleep(2 * time.Minute)
				r.station.Inject(sim.PowerCut, 3*time.Minute)
				before := r.station.Truth()[0].Delivered
				time.Sleep(3 * time.Minute)
				if got := r.station.Truth()[0].Delivered; got != before {
					t.Errorf("%d Wh flowed in the dark", got-before)
				}
				leave(t, r, left)
				reasons, _ := boots(r)
				if len(reasons) != 2 || !is16(r) && reasons[1] != "PowerUp" {
					t.Errorf("got boots %q, want a second for PowerUp", reasons)
				}
				truth, stops := r.station.Truth()[0], heardOf(r, "Ended")
				if tt.reason == "" {
					if len(stops) != 0 || !truth.Unstoppable {
						t.Errorf("got stops %+v, truth %+v, want none for ever", stops, truth)
					}
					return
				}
				if len(stops) != 1 || stops[0].reason != tt.reason || truth.Reason != tt.reason {
					t.Fatalf("got stops %+v, truth for %s, want one for %s", stops, truth.Reason, tt.reason)
				}
				if tt.after == sim.Stops && truth.TrueEnded != fault(t, r).From {
					t.Errorf("ended %v, want when the power went, %v", truth.TrueEnded, fault(t, r).From)
				}
				if last(statuses(r)) != "Available" {
					t.Errorf("last status %s, want Available", last(statuses(r)))
				}
			})
		})
	}
}

func TestFaultStuckConnector(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		left := come(r, time.Minute)
		time.Sleep(10 * time.Second)
		r.station.Inject(sim.StuckConnector, 5*time.Minute)
		began := r.clock.Now()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := last(statuses(r)); got != "Faulted" {
			t.Errorf("status %s, want Faulted", got)
		}
		if got := unlock(t, r); got != "UnlockFailed" {
			t.Errorf("unlock: got %s, want UnlockFailed", got)
		}
		leave(t, r, left)
		if got := r.clock.Now().Sub(began); got < 5*time.Minute {
			t.Errorf("the car was free after %v", got)
		}
		if got := last(statuses(r)); got != "Available" {
			t.Errorf("in the end: status %s, want Available", got)
		}
		if got := unlock(t, r); got != "Unlocked" {
			t.Errorf("unlock in the end: got %s", got)
		}
	})
}

func unlock(t *testing.T, r rig) string {
	t.Helper()
	if is16(r) {
		var response ocpp16.UnlockConnectorResponse
		if err := r.command(r.ctx, "CP-1", &ocpp16.UnlockConnectorRequest{ConnectorID: 1}, &response); err != nil {
			t.Fatal(err)
		}
		return string(response.Status)
	}
	var response ocpp21.UnlockConnectorResponse
	if err := r.command(r.ctx, "CP-1", &ocpp21.UnlockConnectorRequest{EVSEID: 1, ConnectorID: 1}, &response); err != nil {
		t.Fatal(err)
	}
	return string(response.Status)
}

func TestFaultClock(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.ClockWrong, -24*time.Hour)
		left := come(r, 5*time.Minute)
		time.Sleep(2 * time.Minute) // heartbeats tell the time, and are not believed
		r.station.Inject(sim.ClockSet, time.Hour)
		leave(t, r, left)
		off := func(h heard) time.Duration {
			says, err := h.says.Time()
			if err != nil {
				t.Fatal(err)
			}
			return says.Sub(h.at).Round(time.Second)
		}
		if got := off(heardOf(r, "Started")[0]); got != -24*time.Hour {
			t.Errorf("the start is off by %v, want -24h", got)
		}
		truth := r.station.Truth()[0]
		if got := truth.Began.Sub(truth.TrueBegan); got != -24*time.Hour {
			t.Errorf("truth: the start is off by %v, want -24h", got)
		}
		if got := off(last(heardOf(r, "Ended"))); got.Abs() > time.Second { // the next heartbeat has set it
			t.Errorf("the end is off by %v, want 0", got)
		}
		faults := r.station.Faults()
		if len(faults) != 2 || !faults[0].To.Equal(faults[1].From) {
			t.Errorf("got %+v, want the first over with the second", faults)
		}
	})
}

func TestFaultMeterSilent(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		left := come(r, 5*time.Minute)
		time.Sleep(time.Minute)
		synctest.Wait()
		r.station.Inject(sim.MeterSilent, 0)
		before := 0
		for _, h := range heardAll(r) {
			if h.register >= 0 {
				before++
			}
		}
		leave(t, r, left)
		var after []heard
		for _, h := range heardAll(r) {
			if h.register >= 0 {
				after = append(after, h)
			}
		}
		if is16(r) { // meterStop cannot be left out
			before++
		}
		if len(after) != before {
			t.Errorf("%d readings came, want %d: none since the meter is silent", len(after), before)
		}
		if last(heardAll(r)).event != "Ended" {
			t.Error("no stop came")
		}
	})
}

func TestFaultMeterRegister(t *testing.T) {
	tests := []struct {
		fault sim.Fault
		want  func(before, after int) bool
	}{
		{sim.MeterBackwards, func(before, after int) bool { return after == before-250 }},
		{sim.MeterReset, func(_, after int) bool { return after == 0 }},
		{sim.MeterJump, func(before, after int) bool { return after == before+1_000_000 }},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault), func(t *testing.T) {
			onAll(t, nil, func(t *testing.T, r rig) {
				left := come(r, 5*time.Minute)
				time.Sleep(time.Minute)
				before := int(r.station.Truth()[0].End)
				r.station.Inject(tt.fault, 0)
				if after := int(r.station.Truth()[0].End); !tt.want(before, after) {
					t.Errorf("the register went from %d to %d", before, after)
				}
				delivered := r.station.Truth()[0].Delivered
				leave(t, r, left)
				truth := r.station.Truth()[0]
				if truth.Delivered <= delivered {
					t.Errorf("%d Wh were delivered, %d when the fault struck", truth.Delivered, delivered)
				}
				if stop := last(heardOf(r, "Ended")); stop.register != int(truth.End) {
					t.Errorf("stop at %d Wh, the meter shows %d", stop.register, truth.End)
				}
				if got := fault(t, r); got.EVSE != 1 || got.TransactionID != truth.TransactionID {
					t.Errorf("got %+v, want it on the transaction", got)
				}
			})
		})
	}
}

func TestFaultLostAnswer(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.LostAnswer, 0)
		leave(t, r, come(r, time.Minute))
		starts := heardOf(r, "Started")
		if len(starts) != 2 || starts[0].says != starts[1].says || starts[0].id != starts[1].id {
			t.Errorf("got starts %+v, want the same twice", starts)
		}
		if handshakes, _ := r.logins(); handshakes != 2 {
			t.Errorf("%d connections, want 2", handshakes)
		}
		if got := r.station.Truth()[0].Messages[0]; got.Tries != 2 || !got.Acknowledged {
			t.Errorf("got %+v, want the start acknowledged at the second try", got)
		}
	})
}

func TestFaultRepeated(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.Repeated, 0)
		leave(t, r, come(r, time.Minute))
		starts := heardOf(r, "Started")
		if len(starts) != 2 || starts[0].says != starts[1].says || starts[0].id != starts[1].id {
			t.Errorf("got starts %+v, want the same twice", starts)
		}
		if handshakes, _ := r.logins(); handshakes != 1 {
			t.Errorf("%d connections, want 1", handshakes)
		}
		if got := r.station.Truth()[0].Messages[0]; got.Tries != 1 || !got.Acknowledged {
			t.Errorf("got %+v, want the start acknowledged at the first try", got)
		}
	})
}

func TestFaultLostStop(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.LostStop, 0)
		leave(t, r, come(r, time.Minute))
		if stops := heardOf(r, "Ended"); len(stops) != 0 {
			t.Errorf("got stops %+v, want none", stops)
		}
		truth := r.station.Truth()[0]
		if !truth.Unstoppable || truth.Running() || !last(truth.Messages).Withheld {
			t.Errorf("got %+v, want it ended and unstoppable", truth)
		}
		leave(t, r, come(r, time.Minute))
		if stops := heardOf(r, "Ended"); len(stops) != 1 {
			t.Errorf("got stops %+v, want that of the second session", stops)
		}
	})
}

func TestFaultOvertakenStop(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.OvertakenStop, 20*time.Second)
		leave(t, r, come(r, time.Minute))
		var order []string
		for _, request := range r.all() {
			h, isTx := hear(request.message)
			switch m := request.message.(type) {
			case *ocpp16.BootNotificationRequest, *ocpp21.BootNotificationRequest:
				order = append(order, "boot")
			case *ocpp16.StatusNotificationRequest:
				order = append(order, string(m.Status))
			case *ocpp21.StatusNotificationRequest:
				order = append(order, string(m.ConnectorStatus))
			}
			if isTx && h.event == "Ended" {
				order = append(order, "stop")
			}
		}
		if got := order[len(order)-4:]; !slices.Equal(got, []string{"Available", "boot", "Available", "stop"}) {
			t.Errorf("got %q", order)
		}
		if truth := r.station.Truth()[0]; truth.Unstoppable || !last(truth.Messages).Acknowledged {
			t.Errorf("got %+v, want the stop acknowledged in the end", truth)
		}
	})
}

func TestFaultShuffledQueue(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		left := come(r, 3*time.Minute)
		time.Sleep(30 * time.Second)
		r.station.Inject(sim.ShuffledQueue, 0)
		r.setDown(true)
		time.Sleep(2 * time.Minute)
		r.setDown(false)
		leave(t, r, left)
		got := heardAll(r)
		inOrder := slices.IsSortedFunc(got, func(a, b heard) int { return strings.Compare(string(a.says), string(b.says)) })
		if inOrder {
			t.Error("the messages came in order")
		}
		if len(got) != len(r.station.Truth()[0].Messages) {
			t.Errorf("%d messages came, in truth there were %d", len(got), len(r.station.Truth()[0].Messages))
		}
	})
}

func TestFaultSkippedSeqNo(t *testing.T) {
	for _, config := range []sim.Config{on201, on21} {
		t.Run(config.Version.String(), func(t *testing.T) {
			onRig(t, config, func(t *testing.T, r rig) {
				left := come(r, time.Minute)
				time.Sleep(30 * time.Second)
				r.station.Inject(sim.SkippedSeqNo, 0)
				leave(t, r, left)
				skips := 0
				for i, h := range heardAll(r)[1:] {
					skips += h.seqNo - heardAll(r)[i].seqNo - 1
				}
				if skips != 1 {
					t.Errorf("%d numbers were skipped, want 1", skips)
				}
			})
		})
	}
}

func TestFaultStatusStorm(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.StatusStorm, 5*time.Second)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if got := statuses(r); len(got) < 45 || len(got) > 55 || last(got) != "Available" {
			t.Errorf("%d statuses, the last %s; want some 50, and Available in the end", len(got), last(got))
		}
	})
}

func TestFaultDeafCommands(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.DeafCommands, time.Minute)
		accepted := func() bool {
			if is16(r) {
				var start ocpp16.RemoteStartTransactionResponse
				err := r.command(r.ctx, "CP-1", &ocpp16.RemoteStartTransactionRequest{IDTag: "APP-1"}, &start)
				return err == nil && start.Status == ocpp16.RemoteStartStopStatusAccepted
			}
			var start ocpp21.RequestStartTransactionResponse
			err := r.command(r.ctx, "CP-1", &ocpp21.RequestStartTransactionRequest{IDToken: ocpp21.IDToken{IDToken: "APP-1", Type: "Central"}}, &start)
			return err == nil && start.Status == ocpp21.RequestStartStopStatusAccepted
		}
		if !accepted() {
			t.Error("the command was not accepted")
		}
		time.Sleep(time.Minute + time.Second)
		if got := r.station.Truth(); len(got) != 0 {
			t.Errorf("got %+v, want nothing done", got)
		}
		if !accepted() {
			t.Error("the command was not accepted when the fault was over")
		}
		time.Sleep(time.Minute)
		if got := r.station.Truth(); len(got) != 1 {
			t.Errorf("%d sessions when the fault was over, want 1", len(got))
		}
	})
}

func TestFaultTokens(t *testing.T) {
	tests := []struct {
		fault sim.Fault
		quirk sim.Quirks
		want  string
	}{
		{sim.LowerCaseTokens, sim.Quirks{LowerCaseTokens: true}, "04aabbcc"},
		{sim.ReversedTokens, sim.Quirks{ReversedTokens: true}, "CCBBAA04"},
	}
	check := func(t *testing.T, r rig, want string) {
		t.Helper()
		leave(t, r, come(r, time.Minute))
		if got := last(heardOf(r, "Started")).token; got != want {
			t.Errorf("started with %s, want %s", got, want)
		}
		if truth := last(r.station.Truth()); truth.Token != card.UID || truth.Presented != want {
			t.Errorf("truth: %s presented as %s", truth.Token, truth.Presented)
		}
	}
	for _, tt := range tests {
		t.Run(string(tt.fault), func(t *testing.T) {
			onAll(t, nil, func(t *testing.T, r rig) {
				r.station.Inject(tt.fault, 10*time.Minute)
				check(t, r, tt.want)
				time.Sleep(10 * time.Minute)
				check(t, r, card.UID)
			})
		})
		t.Run("quirk "+string(tt.fault), func(t *testing.T) {
			onAll(t, func(c *sim.Config) { c.Quirks = tt.quirk }, func(t *testing.T, r rig) { check(t, r, tt.want) })
		})
	}
}

func TestFaultSecondToken(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		left := come(r, time.Minute)
		time.Sleep(10 * time.Second)
		r.station.Inject(sim.SecondToken, 0)
		leave(t, r, left)
		truth := r.station.Truth()[0]
		if truth.SecondToken == "" || truth.Reason != "Local" || truth.Token != card.UID {
			t.Fatalf("got %+v, want a second token, and the session's end by the driver", truth)
		}
		seen := map[string]bool{}
		for _, h := range heardAll(r) {
			seen[h.token] = h.token != ""
		}
		if !seen[card.UID] || !seen[truth.SecondToken] {
			t.Errorf("the server saw tokens %v, want both", seen)
		}
	})
}

func TestFaultIdleEnergy(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		leave(t, r, come(r, time.Minute))
		r.station.Inject(sim.IdleEnergy, time.Hour)
		time.Sleep(2 * time.Hour)
		leave(t, r, come(r, time.Minute))
		truth := r.station.Truth()
		if got := truth[1].Begin - truth[0].End; got < 399 || got > 401 {
			t.Errorf("%d Wh flowed into nobody, want 400", got)
		}
		if starts := heardOf(r, "Started"); starts[1].register != int(truth[1].Begin) {
			t.Errorf("the second session starts at %d, want %d", starts[1].register, truth[1].Begin)
		}
	})
}

func TestFaultSwapped(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		left := come(r, 10*time.Minute)
		time.Sleep(time.Minute)
		r.station.Inject(sim.Swapped, time.Minute)
		leave(t, r, left)
		if _, serials := boots(r); len(serials) != 2 || serials[0] == serials[1] {
			t.Errorf("got serial numbers %q, want two that differ", serials)
		}
		if truth := r.station.Truth()[0]; !truth.Unstoppable || len(heardOf(r, "Ended")) != 0 {
			t.Errorf("got %+v, want it forgotten", truth)
		}
		if got := fault(t, r); got.TransactionID != r.station.Truth()[0].TransactionID {
			t.Errorf("got %+v, want it on the transaction", got)
		}
	})
}

func TestFaultUnknownStop(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.UnknownStop, 0)
		settle(t, r)
		stops := heardOf(r, "Ended")
		if len(stops) != 1 || stops[0].id != fault(t, r).TransactionID || len(r.station.Truth()) != 0 {
			t.Errorf("got stops %+v, fault %+v", stops, fault(t, r))
		}
	})
}

func TestFaultDoubleStart(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		left := come(r, 3*time.Minute)
		time.Sleep(time.Minute)
		r.station.Inject(sim.DoubleStart, 0)
		leave(t, r, left)
		truth := r.station.Truth()
		if len(truth) != 2 || !truth[0].Unstoppable || truth[1].Unstoppable || truth[0].TrueEnded != truth[1].TrueBegan {
			t.Fatalf("got %+v, want two sessions, the first forgotten", truth)
		}
		if starts, stops := heardOf(r, "Started"), heardOf(r, "Ended"); len(starts) != 2 || len(stops) != 1 || stops[0].id != truth[1].TransactionID {
			t.Errorf("got starts %+v and stops %+v", starts, stops)
		}
		if got := fault(t, r); got.TransactionID != truth[0].TransactionID {
			t.Errorf("got %+v, want it on the first", got)
		}
	})
}

// What waits for its chance is not over before.
func TestArmedFaultsWait(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		for _, f := range []sim.Fault{sim.LostStop, sim.SecondToken, sim.DoubleStart, sim.LostAnswer, sim.OvertakenStop, sim.ShuffledQueue} {
			r.station.Inject(f, 0)
		}
		for _, got := range r.station.Faults() {
			if !got.To.IsZero() || got.EVSE != 0 {
				t.Errorf("got %+v, want it waiting", got)
			}
		}
	})
}
