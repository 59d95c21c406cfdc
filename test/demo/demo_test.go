// Package demo tests what a newcomer sees first: the demonstration comes to
// life by itself, in both protocol versions, and keeps evidence of it.
package demo

import (
	"net/url"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/test/program"
)

// waitMax bounds each wait. The demonstration promises a live session within ten
// seconds; a machine that runs other tests beside may be slower, so the test says
// how long it took.
const waitMax = 60 * time.Second

// lives is what a station of each version has to have said when it charges: its
// boot, its start, its samples.
var lives = map[string][]string{
	"1.6":   {"BootNotification", "StartTransaction", "MeterValues"},
	"2.0.1": {"BootNotification", "TransactionEvent"},
}

func TestDemoComesToLife(t *testing.T) {
	s := program.Start(t, program.Config{Binary: program.Build(t), Data: t.TempDir(), Demo: true})
	began := clock.System{}.Now()
	charging := map[string]string{} // by OCPP version: a station in a session
	program.Await(t, "active sessions in both versions", waitMax, func() bool {
		for _, station := range active(t, s) {
			charging[s.Station(t, station).OCPPVersion] = station
		}
		return charging["1.6"] != "" && charging["2.0.1"] != ""
	})
	t.Logf("live sessions in both versions %v after the server listened", clock.System{}.Now().Sub(began).Round(time.Millisecond))
	for version, actions := range lives {
		for _, action := range actions {
			awaitFrame(t, s, charging[version], action)
		}
	}
	s.Stop(t)
}

// active returns the stations that are in an active session.
func active(t *testing.T, s *program.Server) []string {
	t.Helper()
	var page struct {
		Data []program.Session `json:"data"`
	}
	s.Get(t, "/api/v1/sessions?status=active", &page)
	var stations []string
	for _, session := range page.Data {
		stations = append(stations, session.StationID)
	}
	return stations
}

// awaitFrame waits until the station's log has a call with the action from it.
func awaitFrame(t *testing.T, s *program.Server, station, action string) {
	t.Helper()
	path := "/api/v1/stations/" + url.PathEscape(station) + "/log?direction=in&action=" + action
	program.Await(t, station+": "+action+" in its log", waitMax, func() bool {
		var page struct {
			Data []struct{} `json:"data"`
		}
		s.Get(t, path, &page)
		return len(page.Data) > 0
	})
}
