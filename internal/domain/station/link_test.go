package station

import (
	"testing"
	"time"

	"pylon/internal/domain/event"
)

func TestLinkHistory(t *testing.T) {
	up := Link{Station: "sta_1", Epoch: 7, Online: true, Since: at(5), LastSeen: at(8), OCPP: OCPP16}
	tests := []struct {
		name string
		got  []Interval
		want string
	}{
		{"a connection begins", Connected("sta_1", up), "online 5-"},
		{"a connection ends", Disconnected(up, at(9)), "online 5-9, offline 9-"},
		{"at once", Disconnected(up, at(5)), "offline 5-"},
		{"our clock was set back: never negative", Disconnected(up, at(3)), "offline 5-"},
		{"its node died: until it was heard last", Lapsed(up), "online 5-8, offline 8-"},
		{"its node died before it was heard", Lapsed(Link{Station: "sta_1", Since: at(5)}), "offline 5-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := story(tt.got); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for _, i := range tt.got {
				if i.Station != "sta_1" || i.EVSE != 0 || i.Connector != 0 {
					t.Errorf("got %+v, want the station's connection", i)
				}
			}
		})
	}
}

func TestLinkEvent(t *testing.T) {
	l := Link{Station: "sta_1", Epoch: 7, Since: at(5), OCPP: OCPP16, CloseReason: "ping_timeout"}
	on, off := LinkEvent(l, event.StationConnected), LinkEvent(l, event.StationDisconnected)
	if want := (LinkNotice{Status: "online", Since: "2026-05-04T12:05:00.000Z", OCPP: OCPP16}); on.Data != want {
		t.Errorf("connected: got %+v, want %+v", on.Data, want)
	}
	if want := (LinkNotice{Status: "offline", Since: "2026-05-04T12:05:00.000Z", OCPP: OCPP16, Reason: "ping_timeout"}); off.Data != want {
		t.Errorf("disconnected: got %+v, want %+v", off.Data, want)
	}
	if off.Version != 7 || off.At != at(5) || off.Type != event.StationDisconnected {
		t.Errorf("got %+v", off)
	}
}

func TestLook(t *testing.T) {
	c := Connector{Status: Charging, Since: at(0), ReportedAt: at(2)}
	on := Link{Online: true, Since: at(0), LastSeen: at(4)}
	off := Link{Since: at(5), LastSeen: at(4)}
	tests := []struct {
		name string
		c    Connector
		l    Link
		want Sight
	}{
		{"online: what it said last still holds", c, on, Sight{Status: Charging, Live: true, AsOf: at(10)}},
		{"offline: with the age of what we know", c, off, Sight{Status: Charging, AsOf: at(4), Age: 6 * time.Minute}},
		{"offline, the report is younger than the bulk of sightings", Connector{Status: Charging, ReportedAt: at(5)}, off, Sight{Status: Charging, AsOf: at(5), Age: 5 * time.Minute}},
		{"never reported", Connector{}, on, Sight{Status: Unknown, Live: true}},
		{"never reported, offline", Connector{}, off, Sight{Status: Unknown}},
		{"never older than nothing", c, Link{LastSeen: at(11)}, Sight{Status: Charging, AsOf: at(11)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Look(tt.c, tt.l, at(10)); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
