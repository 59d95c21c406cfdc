package page

import (
	"testing"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
)

func TestKilo(t *testing.T) {
	for n, want := range map[int64]string{0: "0.0", 49: "0.0", 50: "0.1", 7360: "7.4", 11_000: "11.0", -1250: "-1.3", 999_949: "999.9"} {
		if got := kilo(n); got != want {
			t.Errorf("kilo(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestMidnight(t *testing.T) {
	now := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)
	tests := map[string]time.Time{
		"UTC":              time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"Europe/Berlin":    time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC),
		"America/New_York": time.Date(2026, 3, 1, 5, 0, 0, 0, time.UTC),
		"No/Where":         time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	for zone, want := range tests {
		if got := midnight(now, zone); !got.Equal(want) {
			t.Errorf("midnight in %s is %s, want %s", zone, got, want)
		}
	}
}

// A tile shows the connector that an operator most wants to see.
func TestTileShowsItsHeaviestConnector(t *testing.T) {
	station2 := func(online bool, statuses ...station.Status) station.Detail {
		d := station.Detail{Link: station.Link{Online: online}}
		for i, s := range statuses {
			d.Connectors = append(d.Connectors, station.Connector{EVSE: i + 1, Connector: 1, Status: s})
		}
		return d
	}
	tests := []struct {
		name    string
		station station.Detail
		want    string
	}{
		{"nothing said yet", station2(true), "Online"},
		{"available", station2(true, station.Available), "Available"},
		{"one charges", station2(true, station.Available, station.Charging), "Charging"},
		{"order does not matter", station2(true, station.Charging, station.Available), "Charging"},
		{"a fault is heavier", station2(true, station.Charging, station.Faulted), "Faulted"},
		{"offline, whatever it said", station2(false, station.Charging), "Offline"},
	}
	for _, tt := range tests {
		if got := tilesOf([]station.Detail{tt.station}, nil, 1).Shown[0].Word; got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// OCPP 2.x says occupied; the session says what the car does.
func TestTileShowsWhatTheSessionKnows(t *testing.T) {
	d := station.Detail{Station: station.Station{ID: "sta_1"}, Link: station.Link{Online: true}, Connectors: []station.Connector{
		{EVSE: 1, Connector: 1, Status: station.Occupied}, {EVSE: 2, Connector: 1, Status: station.Occupied},
	}}
	running := []session.View{{Session: session.Session{Station: "sta_1", EVSE: 2, ChargingState: session.StateCharging}}}
	got := tilesOf([]station.Detail{d}, running, 1).Shown[0]
	if got.Word != "Charging" || got.Connectors[0].Word != "Occupied" || got.Connectors[1].Word != "Charging" {
		t.Errorf("got %+v", got)
	}
}

func TestEventWords(t *testing.T) {
	tests := []struct {
		event event.Type
		data  string
		want  string
	}{
		{event.ConnectorChanged, `{"evse_id":2,"status":"suspended_ev"}`, "EVSE 2: paused by car"},
		{event.SessionCompleted, `{"evse_id":1,"energy_wh":12345}`, "EVSE 1: a session ended with 12.3 kWh"},
		{event.SessionCorrected, `{"evse_id":1,"energy_wh":12345}`, "EVSE 1: a session was corrected to 12.3 kWh"},
		{event.FindingResolved, `{"code":"stop_missing"}`, "has an alert less"},
		{event.CommandFinished, `{"type":"clear_cache","state":"timed_out"}`, "command clear cache: timed out"},
		{event.StationConnected, `{}`, "connected"},
		{event.TokenSeen, `not JSON`, "token seen"},
	}
	for _, tt := range tests {
		if _, got := eventWords(event.Recorded{Event: event.Event{Type: tt.event}, JSON: []byte(tt.data)}); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.event, got, tt.want)
		}
	}
}
