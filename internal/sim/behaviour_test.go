package sim_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

var (
	on16  = sim.Config{Endpoint: sim.Endpoint{Version: ocppj.V16}, SampleInterval: 10 * time.Second}
	on201 = sim.Config{Endpoint: sim.Endpoint{Version: ocppj.V201}, SampleInterval: 10 * time.Second}
	on21  = sim.Config{Endpoint: sim.Endpoint{Version: ocppj.V21}, SampleInterval: 10 * time.Second}
	card  = sim.Token{UID: "04AABBCC", Type: "ISO14443"}
	car   = sim.Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 100_000, Battery: 60_000, Charge: 300, Target: 900}
)

func bootAnswer(status ocpp21.RegistrationStatus, interval int) schema.Message {
	return &ocpp21.BootNotificationResponse{Status: status, Interval: interval, CurrentTime: "2026-03-01T12:00:00Z"}
}

func TestPendingStationSendsNothingButBoots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boots := 0
		r := newRig(t, on201, map[string]rule{ocpp21.ActionBootNotification: func(schema.Message) (schema.Message, error) {
			if boots++; boots == 3 {
				return nil, nil
			}
			return bootAnswer(ocpp21.RegistrationStatusPending, 20), nil
		}})
		began := r.clock.Now()
		time.Sleep(5 * time.Second)
		trigger := &ocpp21.TriggerMessageRequest{RequestedMessage: ocpp21.MessageTriggerHeartbeat}
		if err := r.command(r.ctx, "CP-1", trigger, &ocpp21.TriggerMessageResponse{}); err != nil {
			t.Fatalf("B02.FR.02 trigger while pending: %v", err)
		}
		synctest.Wait()
		if got := len(of[*ocpp21.HeartbeatRequest](r.csms)); got != 1 {
			t.Errorf("B02.FR.02: %d heartbeats after the trigger, want 1", got)
		}
		if err := r.station.Online(r.ctx); err != nil {
			t.Fatal(err)
		}
		if got, want := r.clock.Now().Sub(began), 40*time.Second; got != want {
			t.Errorf("B02.FR.08: accepted after %v, want %v", got, want)
		}
		synctest.Wait()
		if got := len(r.all()); got != 3+1+1 {
			t.Errorf("%d requests, want 3 boots, 1 heartbeat and 1 status", got)
		}
	})
}

func TestRejectedStationTakesNoCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, on201, map[string]rule{ocpp21.ActionBootNotification: func(schema.Message) (schema.Message, error) {
			return bootAnswer(ocpp21.RegistrationStatusRejected, 0), nil
		}})
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		err := r.command(r.ctx, "CP-1", &ocpp21.ClearCacheRequest{}, &ocpp21.ClearCacheResponse{})
		var failure *ocppj.CallError
		if !errors.As(err, &failure) || failure.Code != ocppj.SecurityError {
			t.Errorf("B03.FR.08: got %v, want SecurityError", err)
		}
		if got, want := len(r.all()), 3; got != want {
			t.Errorf("B03.FR.05: %d boots in a minute, want %d: every half when the server names no interval", got, want)
		}
		r.on(ocpp21.ActionBootNotification, nil)
		if err := r.station.Online(r.ctx); err != nil {
			t.Fatal(err)
		}
		if err := r.command(r.ctx, "CP-1", &ocpp21.ClearCacheRequest{}, &ocpp21.ClearCacheResponse{}); err != nil {
			t.Errorf("after it was accepted: %v", err)
		}
	})
}

func TestPendingStationDoesNotStartRemotely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, on201, map[string]rule{ocpp21.ActionBootNotification: func(schema.Message) (schema.Message, error) {
			return bootAnswer(ocpp21.RegistrationStatusPending, 60), nil
		}})
		time.Sleep(time.Second)
		start := &ocpp21.RequestStartTransactionRequest{IDToken: ocpp21.IDToken{IDToken: "APP-1", Type: "Central"}, RemoteStartID: 1}
		var response ocpp21.RequestStartTransactionResponse
		if err := r.command(r.ctx, "CP-1", start, &response); err != nil || response.Status != ocpp21.RequestStartStopStatusRejected {
			t.Errorf("B02.FR.05: got %v, %v, want Rejected", response.Status, err)
		}
	})
}

// A connection that ends before the answer says nothing about the message.
func TestLostConnectionIsNoRefusal(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		cut := 0
		r.on(ocpp21.ActionTransactionEvent, func(m schema.Message) (schema.Message, error) {
			if event := m.(*ocpp21.TransactionEventRequest); event.EventType == ocpp21.TransactionEventEnded && cut < 7 {
				cut++
				r.station.Drop()
				return nil, errSilence
			}
			return nil, nil
		})
		if err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: 15 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if err := r.station.Settled(r.ctx); err != nil {
			t.Fatal(err)
		}
		messages := r.station.Truth()[0].Messages
		if last := messages[len(messages)-1]; !last.Acknowledged || last.Discarded || last.Tries != 8 {
			t.Errorf("got %+v, want it acknowledged at the eighth try", last)
		}
	})
}

func TestStatusThatChangedOfflineIsReported(t *testing.T) {
	for _, config := range []sim.Config{on16, on201, on21} {
		t.Run(config.Version.String(), func(t *testing.T) {
			config.Backoff.Wait = 10 * time.Minute
			onRig(t, config, func(t *testing.T, r rig) {
				go func() { // the connection is lost while a car charges, which is gone when it is back
					time.Sleep(20 * time.Second)
					r.station.Drop()
				}()
				if err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Minute}); err != nil {
					t.Fatal(err)
				}
				before := len(r.all())
				if err := r.station.Online(r.ctx); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				var got []string
				for _, request := range r.all()[before:] {
					switch m := request.message.(type) {
					case *ocpp16.StatusNotificationRequest:
						got = append(got, string(m.Status))
					case *ocpp21.StatusNotificationRequest:
						got = append(got, string(m.ConnectorStatus))
					}
				}
				if want := []string{"Available"}; !slices.Equal(got, want) {
					t.Errorf("B04.FR.02: reported %q after it was offline, want %q", got, want)
				}
			})
		})
	}
}

func TestHeartbeatsFollowTheInterval(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		time.Sleep(5*time.Minute + time.Second)
		synctest.Wait()
		if got, want := len(of[*ocpp16.HeartbeatRequest](r.csms)), 5; got != want {
			t.Errorf("%d heartbeats in five minutes of 60 s each, want %d", got, want)
		}
		change := &ocpp16.ChangeConfigurationRequest{Key: "heartbeatinterval", Value: "10"}
		var changed ocpp16.ChangeConfigurationResponse
		if err := r.command(r.ctx, "CP-1", change, &changed); err != nil || changed.Status != ocpp16.ConfigurationStatusAccepted {
			t.Fatalf("got %v, %v", changed.Status, err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := len(of[*ocpp16.HeartbeatRequest](r.csms)); got < 5+7 {
			t.Errorf("%d heartbeats after the interval was made shorter", got)
		}
	})
}

func TestNothingIsLostOrRepeatedWhileOffline(t *testing.T) {
	for _, config := range []sim.Config{on16, on201, on21} {
		t.Run(config.Version.String(), func(t *testing.T) {
			onRig(t, config, func(t *testing.T, r rig) {
				go func() {
					time.Sleep(25 * time.Second)
					r.setDown(true)
					time.Sleep(30 * time.Second)
					r.setDown(false)
				}()
				if err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Minute}); err != nil {
					t.Fatal(err)
				}
				if err := r.station.Settled(r.ctx); err != nil {
					t.Fatal(err)
				}
				if err := r.station.Online(r.ctx); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				truth := r.station.Truth()
				if len(truth) != 1 || truth[0].Running() {
					t.Fatalf("got %+v, want one session that has ended", truth)
				}
				for _, m := range truth[0].Messages {
					if !m.Acknowledged || m.Discarded {
						t.Errorf("message %d: %+v, want it acknowledged", m.SeqNo, m)
					}
				}
				checkReceived(t, r, truth[0])
				if boots := len(of[*ocpp16.BootNotificationRequest](r.csms)) + len(of[*ocpp21.BootNotificationRequest](r.csms)); boots != 1 {
					t.Errorf("5.4: %d boots, want 1: a reconnect is none", boots)
				}
			})
		})
	}
}

// checkReceived compares what the server got about a session with its truth.
func checkReceived(t *testing.T, r rig, truth sim.Session) {
	t.Helper()
	var got, want []string
	for _, m := range truth.Messages {
		want = append(want, fmt.Sprintf("%s %s %s", m.Action, m.Event, schema.TimestampOf(m.At)))
	}
	offline := 0
	for _, request := range r.all() {
		switch m := request.message.(type) {
		case *ocpp16.StartTransactionRequest:
			got = append(got, fmt.Sprintf("StartTransaction Started %s", m.Timestamp))
		case *ocpp16.MeterValuesRequest:
			got = append(got, fmt.Sprintf("MeterValues Updated %s", m.MeterValue[0].Timestamp))
		case *ocpp16.StopTransactionRequest:
			got = append(got, fmt.Sprintf("StopTransaction Ended %s", m.Timestamp))
			if energy := m.MeterStop - of[*ocpp16.StartTransactionRequest](r.csms)[0].MeterStart; energy != int(truth.Energy()) {
				t.Errorf("energy %d Wh, in truth %d", energy, truth.Energy())
			}
		case *ocpp21.TransactionEventRequest:
			got = append(got, fmt.Sprintf("TransactionEvent %s %s", m.EventType, m.Timestamp))
			if m.Offline != nil && *m.Offline {
				offline++
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the server received\n%q\nin truth it was\n%q", got, want)
	}
	if truth.Version == ocppj.V201 && offline == 0 {
		t.Error("E04.FR.03: no event says that it happened offline")
	}
}

func TestTransactionMessageIsTriedAgainThenDiscarded(t *testing.T) {
	tests := []struct {
		name      string
		refusals  int
		tries     int
		discarded bool
	}{
		{"E13.FR.03 one refusal", 1, 2, false},
		{"E13.FR.03 two refusals", 2, 3, false},
		{"E13.FR.04 refused for good", 99, 3, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			on2(t, nil, func(t *testing.T, r rig) {
				refused := 0
				r.on(ocpp21.ActionTransactionEvent, func(m schema.Message) (schema.Message, error) {
					event := m.(*ocpp21.TransactionEventRequest)
					if event.EventType == ocpp21.TransactionEventEnded && refused < tt.refusals {
						refused++
						return nil, &ocppj.CallError{Code: ocppj.InternalError}
					}
					return nil, nil
				})
				if err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: 15 * time.Second}); err != nil {
					t.Fatal(err)
				}
				if err := r.station.Settled(r.ctx); err != nil {
					t.Fatal(err)
				}
				messages := r.station.Truth()[0].Messages
				last := messages[len(messages)-1]
				var waits []time.Duration
				at := last.At
				for _, request := range r.all() {
					m, ok := request.message.(*ocpp21.TransactionEventRequest)
					if ok && m.EventType == ocpp21.TransactionEventEnded && request.at.After(at) {
						waits = append(waits, request.at.Sub(at))
						at = request.at
					}
				}
				if want := []time.Duration{10 * time.Second, 20 * time.Second}[:tt.tries-1]; !slices.Equal(waits, want) {
					t.Errorf("waited %v between tries, want %v", waits, want)
				}
				if last.Tries != tt.tries || last.Discarded != tt.discarded || last.Acknowledged == tt.discarded {
					t.Errorf("got %+v, want %d tries, discarded %v", last, tt.tries, tt.discarded)
				}
			})
		})
	}
}

func TestSilentServerIsLeft(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		silent := true
		r.on(ocpp16.ActionStartTransaction, func(schema.Message) (schema.Message, error) {
			if silent {
				silent = false
				return nil, errSilence
			}
			return nil, nil
		})
		if err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if err := r.station.Settled(r.ctx); err != nil {
			t.Fatal(err)
		}
		if handshakes, _ := r.logins(); handshakes != 2 {
			t.Errorf("%d connections, want 2: a call without answer ends the first", handshakes)
		}
		starts := of[*ocpp16.StartTransactionRequest](r.csms)
		if len(starts) != 2 || starts[0].Timestamp != starts[1].Timestamp {
			t.Errorf("got starts %+v, want the same twice", starts)
		}
	})
}

func TestRefusedTokens(t *testing.T) {
	blocked16 := ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusBlocked}
	blocked201 := ocpp21.IDTokenInfo{Status: ocpp21.AuthorizationStatusBlocked}
	cableFirst := on201
	cableFirst.StartWhenConnected = true
	tests := []struct {
		name   string
		config sim.Config
		action string
		answer schema.Message
		err    error
		reason []string // why each session ended
	}{
		{"1.6 Authorize", on16, "Authorize", &ocpp16.AuthorizeResponse{IDTagInfo: blocked16}, sim.ErrRefused, nil},
		{
			"1.6 StartTransaction", on16, "StartTransaction",
			&ocpp16.StartTransactionResponse{TransactionID: 5, IDTagInfo: blocked16}, nil,
			[]string{"DeAuthorized"},
		},
		{"2.0.1 Authorize", on201, "Authorize", &ocpp21.AuthorizeResponse{IDTokenInfo: blocked201}, sim.ErrRefused, nil},
		{
			"2.0.1 Authorize after the cable", cableFirst, "Authorize", &ocpp21.AuthorizeResponse{IDTokenInfo: blocked201},
			sim.ErrRefused,
			[]string{"DeAuthorized"},
		},
		{
			"E05.FR.10 TransactionEvent", on201, "TransactionEvent", &ocpp21.TransactionEventResponse{IDTokenInfo: &blocked201}, nil,
			[]string{"DeAuthorized"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onRig(t, tt.config, func(t *testing.T, r rig) {
				r.on(tt.action, func(schema.Message) (schema.Message, error) { return tt.answer, nil })
				err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Hour})
				if !errors.Is(err, tt.err) {
					t.Errorf("got error %v, want %v", err, tt.err)
				}
				var reasons []string
				for _, session := range r.station.Truth() {
					reasons = append(reasons, session.Reason)
				}
				if !slices.Equal(reasons, tt.reason) {
					t.Errorf("sessions ended for %q, want %q", reasons, tt.reason)
				}
				if !r.station.Free() {
					t.Error("the EVSE is not free again")
				}
			})
		})
	}
}

func TestOfflineTheLastAnswerAboutATokenCounts(t *testing.T) {
	config := on16
	config.Backoff.Wait = time.Hour
	onRig(t, config, func(t *testing.T, r rig) {
		visit := sim.Visit{Token: card, Car: car, Stay: time.Minute}
		if err := r.station.Charge(r.ctx, visit); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		r.setDown(true)
		synctest.Wait()
		if err := r.station.Charge(r.ctx, visit); err != nil {
			t.Errorf("known token, offline: %v", err)
		}
		visit.Token.UID = "04FFFFFF"
		if err := r.station.Charge(r.ctx, visit); !errors.Is(err, sim.ErrRefused) {
			t.Errorf("unknown token, offline: got %v, want %v", err, sim.ErrRefused)
		}
	})
}

func TestVisitors(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		first := make(chan error, 1)
		go func() { first <- r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Minute}) }()
		synctest.Wait()
		if err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car}); !errors.Is(err, sim.ErrOccupied) {
			t.Errorf("second visitor: got %v, want %v", err, sim.ErrOccupied)
		}
		if err := r.station.Charge(r.ctx, sim.Visit{EVSE: 2, Token: card, Car: car}); !errors.Is(err, sim.ErrOccupied) {
			t.Errorf("EVSE that is not there: got %v, want %v", err, sim.ErrOccupied)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		if err := r.station.Charge(r.ctx, sim.Visit{Car: car}); !errors.Is(err, sim.ErrNobodyStarted) {
			t.Errorf("driver without token: got %v, want %v", err, sim.ErrNobodyStarted)
		}
	})
}

// A 1.6 server that refuses a start for good never gave an id: what belongs to the
// transaction cannot be said, and must not be said about another.
func TestNothingIsSaidAboutATransactionWithoutId(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		r.on(ocpp16.ActionStartTransaction, refuse)
		if err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: 2 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		if err := r.station.Settled(r.ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(of[*ocpp16.MeterValuesRequest](r.csms)) + len(of[*ocpp16.StopTransactionRequest](r.csms)); n != 0 {
			t.Errorf("%d messages about a transaction that the server does not know", n)
		}
		for _, m := range r.station.Truth()[0].Messages {
			if m.Acknowledged || !m.Discarded {
				t.Errorf("got %+v, want it discarded", m)
			}
		}
	})
}
