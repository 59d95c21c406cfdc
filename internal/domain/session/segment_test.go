package session

import (
	"testing"

	"pylon/internal/domain/station"
)

func TestSegments(t *testing.T) {
	tests := []struct {
		name string
		tell []Report
		want string
	}{
		{"E02.FR.13 each state from its change to the next", []Report{
			event2(Started, 0, 0, by("A"), in(StateEVConnected), trigger("CablePluggedIn")),
			event2(Updated, 1, 1, in(StateCharging), trigger("ChargingStateChanged")),
			event2(Updated, 2, 20, in(StateSuspendedEV), trigger("ChargingStateChanged")),
			event2(Updated, 3, 25, in(StateCharging)),
			event2(Ended, 4, 30, in(StateEVConnected)),
		}, "ev_connected 0-1 unknown, charging 1-20 car, suspended_ev 20-25 car, charging 25-30 car"},
		{"said again, or not said", []Report{event2(Started, 0, 0, in(StateCharging)), event2(Updated, 1, 5, in(StateCharging)), event2(Updated, 2, 6)}, "charging 0- car"},
		{"never said", []Report{event2(Started, 0, 0), event2(Ended, 1, 9)}, "unknown 0-9 unknown"},
		{"E10 unplugged and plugged in again", []Report{
			event2(Started, 0, 0, in(StateCharging)), event2(Updated, 1, 5, in(StateIdle), trigger("EVCommunicationLost")),
			event2(Updated, 2, 8, in(StateEVConnected), trigger("CablePluggedIn")), event2(Updated, 3, 9, in(StateCharging)),
		}, "charging 0-5 car, idle 5-8 car, ev_connected 8-9 unknown, charging 9- car"},
		{"held back by the station", []Report{event2(Started, 0, 0, in(StateSuspendedEVSE), trigger("ChargingStateChanged"))}, "suspended_evse 0- station"},
		{"held back by a limit", []Report{event2(Started, 0, 0, in(StateSuspendedEVSE), trigger("EnergyLimitReached"))}, "suspended_evse 0- limit"},
		{"E05.FR.09 held back by our refusal", []Report{event2(Started, 0, 0, in(StateSuspendedEVSE), trigger("Deauthorized"))}, "suspended_evse 0- limit"},
		{"F03.FR.02 held back by our stop", []Report{event2(Started, 0, 0, in(StateSuspendedEVSE), trigger("RemoteStop"))}, "suspended_evse 0- limit"},
		{"E05.FR.09 not offered after our refusal", []Report{event2(Started, 0, 0, in(StateEVConnected), trigger("Deauthorized"))}, "ev_connected 0- limit"},
		{"E05.FR.02 the station only says that it holds back", []Report{event2(Started, 0, 0, by("BAD"), in(StateSuspendedEVSE), trigger("ChargingStateChanged"))}, "suspended_evse 0- limit"},
		{"E06.FR.16 held back by a fault", []Report{event2(Started, 0, 0, in(StateSuspendedEVSE), trigger("AbnormalCondition"))}, "suspended_evse 0- fault"},
		{
			"two states at one moment: the later",
			[]Report{event2(Started, 0, 0, in(StateEVConnected)), event2(Updated, 1, 0, in(StateCharging)), event2(Updated, 2, 9, in(StateSuspendedEV))},
			"charging 0-9 car, suspended_ev 9- car",
		},
		{
			"a state that comes late changes nothing",
			[]Report{event2(Started, 0, 0, in(StateCharging)), event2(Updated, 2, 20, in(StateSuspendedEV)), event2(Updated, 1, 10, in(StateEVConnected))},
			"charging 0-20 car, suspended_ev 20- car",
		},
		{"a state after the end changes nothing", []Report{event2(Started, 0, 0, in(StateCharging)), event2(Ended, 1, 9), event2(Updated, 2, 10, in(StateIdle))}, "charging 0-9 car"},
		{
			"the start comes after",
			[]Report{event2(Updated, 1, 5, in(StateCharging)), event2(Updated, 2, 9, in(StateSuspendedEV)), event2(Started, 0, 0, in(StateEVConnected))},
			"ev_connected 0-5 unknown, charging 5-9 car, suspended_ev 9- car",
		},
		{"the start comes after, and says the state", []Report{event2(Updated, 1, 5), event2(Started, 0, 0, in(StateCharging))}, "charging 0- car"},
		{"the start comes after, in the same state", []Report{event2(Updated, 1, 5, in(StateCharging)), event2(Started, 0, 0, in(StateCharging))}, "charging 0- car"},
		{"the start comes after, and says nothing", []Report{event2(Updated, 1, 5, in(StateCharging)), event2(Started, 0, 0)}, "unknown 0-5 unknown, charging 5- car"},
		{
			"all backwards",
			[]Report{event2(Ended, 3, 9), event2(Updated, 2, 5, in(StateSuspendedEV)), event2(Updated, 1, 3, in(StateCharging)), event2(Started, 0, 0, in(StateEVConnected))},
			"ev_connected 0-3 unknown, charging 3-5 car, suspended_ev 5-9 car",
		},
		{"born with its end", []Report{event2(Ended, 3, 9)}, ""},
		{"replaced, then heard again, then stopped", []Report{
			event2(Started, 0, 0, in(StateCharging)), event2(Started, 0, 5, transaction("T2")), event2(Updated, 1, 7, in(StateIdle)), event2(Ended, 2, 8),
		}, "charging 0-7 car, idle 7-8 car"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reports(tt.tell...)
			if got := w.story("ses_1"); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// The state of a 1.6 session is that of its connector.
func TestSessionFollowsItsConnector(t *testing.T) {
	status := func(w *world, minute int, s station.Status, code string) {
		w.Helper()
		out := station.Report(w.station, w.connectors, station.StatusReport{
			EVSE: 1, Connector: 1, Status: s, ErrorCode: code, OccurredAt: at(minute), ReceivedAt: at(minute),
		})
		w.connectors = station.Merge(w.connectors, out.Connectors)
		c := w.scene(station.OCPP16, minute)
		c.Changed = out.Connectors
		w.weigh(c)
	}
	t.Run("1.6 4.9 a whole charge", func(t *testing.T) {
		w := newWorld(t)
		status(w, 0, station.Preparing, "")
		w.reports(start16(1, 1, "A", 100), start16(2, 1, "B", 100))
		status(w, 2, station.Charging, "")
		w.report(values16("1", 1, 4, 200, watts(7000)))
		status(w, 5, station.SuspendedEV, "")
		if s := w.sessions[0]; s.PowerW != 0 || w.told() != "updated" {
			t.Errorf("suspended: got %d W, events %q", s.PowerW, w.told())
		}
		status(w, 6, station.SuspendedEVSE, "")
		status(w, 7, station.SuspendedEVSE, "EVCommunicationError")
		status(w, 8, station.Charging, "")
		status(w, 9, station.Faulted, "GroundFailure")
		status(w, 10, station.Unavailable, "")
		status(w, 11, station.Finishing, "")
		w.report(stop16("1", 12, 300))
		status(w, 13, station.Available, "")
		want := "ev_connected 1-2 unknown, charging 2-5 car, suspended_ev 5-6 car, suspended_evse 6-8 station, " +
			"charging 8-9 car, suspended_evse 9-11 fault, ev_connected 11-12 unknown"
		if got := w.story("ses_1"); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if got, want := w.story("ses_2"), "idle 1- car"; got != want {
			t.Errorf("the other connector: got %q, want %q", got, want)
		}
	})
	t.Run("1.6 3.7 the stop was queued during an outage, what the connector came to was not", func(t *testing.T) {
		w := newWorld(t)
		status(w, 0, station.Preparing, "")
		w.report(start16(1, 1, "A", 100))
		status(w, 2, station.Charging, "")
		status(w, 20, station.Finishing, "")
		status(w, 21, station.SuspendedEVSE, "")
		w.report(stop16("1", 12, 300, received(22)))
		if got, want := w.story("ses_1"), "ev_connected 1-2 unknown, charging 2-12 car"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if s := w.sessions[0]; !s.EndedAt.Equal(at(12)) {
			t.Errorf("ended %s, the station said %s", s.EndedAt, at(12))
		}
	})
	t.Run("1.6 7.7 held back because we refused", func(t *testing.T) {
		w := newWorld(t)
		status(w, 0, station.Preparing, "")
		w.report(start16(1, 1, "BAD", 100))
		status(w, 2, station.SuspendedEVSE, "")
		if got, want := w.story("ses_1"), "ev_connected 1-2 unknown, suspended_evse 2- limit"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("a status that says nothing of it", func(t *testing.T) {
		w := newWorld(t)
		status(w, 0, station.Unavailable, "")
		w.report(start16(1, 1, "A", 100))
		if got, want := w.story("ses_1"), "unknown 1- unknown"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("it charges before its start is heard", func(t *testing.T) {
		w := newWorld(t)
		status(w, 0, station.Charging, "")
		w.report(start16(1, 1, "A", 100))
		if got, want := w.story("ses_1"), "charging 1- car"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("the status says to be older than the start", func(t *testing.T) {
		w := newWorld(t)
		status(w, -2, station.Preparing, "")
		w.report(start16(1, 1, "A", 100))
		status(w, 0, station.Charging, "")
		if got, want := w.story("ses_1"), "charging 1- car"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("2.x tells it itself", func(t *testing.T) {
		w := newWorld(t)
		w.report(event2(Started, 0, 0))
		c := w.connectors[0]
		c.Status = station.Charging
		scene := w.scene(station.OCPP201, 1)
		scene.Changed = []station.Connector{c}
		if out, _ := Weigh(scene, w.sessions); len(out.Changed) != 0 {
			t.Errorf("got %+v", out)
		}
	})
}

func TestEveryTriggerHasACause(t *testing.T) {
	triggers := []string{
		"AbnormalCondition", "Authorized", "CablePluggedIn", "ChargingRateChanged", "ChargingStateChanged", "CostLimitReached", "Deauthorized",
		"EnergyLimitReached", "EVCommunicationLost", "EVConnectTimeout", "EVDeparted", "EVDetected", "LimitSet", "MeterValueClock",
		"MeterValuePeriodic", "OperationModeChanged", "RemoteStart", "RemoteStop", "ResetCommand", "RunningCost", "SignedDataReceived",
		"SoCLimitReached", "StopAuthorized", "TariffChanged", "TariffNotAccepted", "TimeLimitReached", "Trigger", "TxResumed", "UnlockCommand", "",
	}
	states := []ChargingState{StateUnknown, StateIdle, StateEVConnected, StateCharging, StateSuspendedEV, StateSuspendedEVSE}
	known := map[Cause]bool{CauseCar: true, CauseStation: true, CauseLimit: true, CauseFault: true, CauseUnknown: true}
	seen := map[Cause]bool{}
	for _, reason := range triggers {
		for _, state := range states {
			c := causeOf(state, reason)
			if !known[c] {
				t.Errorf("%s by %s: got %q", state, reason, c)
			}
			seen[c] = true
			if reason == "AbnormalCondition" && c != CauseFault {
				t.Errorf("%s by %s: got %q, want fault", state, reason, c)
			}
		}
	}
	if len(seen) != len(known) {
		t.Errorf("got %v, want every cause", seen)
	}
}
