// Package demo tests what a newcomer sees first: the demonstration comes to
// life by itself, in all protocol versions, keeps evidence of it, and its sessions
// end in receipts.
package demo

import (
	"net/url"
	"slices"
	"strings"
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
	"2.1":   {"BootNotification", "TransactionEvent"},
}

func TestDemoComesToLife(t *testing.T) {
	data := t.TempDir()
	s := program.Start(t, program.Config{Binary: program.Build(t), Data: data, Demo: true})
	began := clock.System{}.Now()
	charging := map[string][]string{} // by OCPP version: the stations in a session
	program.Await(t, "active sessions in all versions", waitMax, func() bool {
		clear(charging)
		for _, station := range active(t, s) {
			version := s.Station(t, station).OCPPVersion
			charging[version] = append(charging[version], station)
		}
		return len(charging) == len(lives)
	})
	t.Logf("live sessions in all versions %v after the server listened", clock.System{}.Now().Sub(began).Round(time.Millisecond))
	for version, actions := range lives {
		for _, action := range actions {
			awaitFrame(t, s, charging[version], action)
		}
	}
	awaitReceipt(t, s, data)
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

// awaitFrame waits until the log of one of the stations has a call with the action
// from it. Which of them charges on is up to its driver.
func awaitFrame(t *testing.T, s *program.Server, stations []string, action string) {
	t.Helper()
	program.Await(t, action+" in the log of one of "+strings.Join(stations, ", "), waitMax, func() bool {
		return slices.ContainsFunc(stations, func(station string) bool {
			var page struct {
				Data []struct{} `json:"data"`
			}
			s.Get(t, "/api/v1/stations/"+url.PathEscape(station)+"/log?direction=in&action="+action, &page)
			return len(page.Data) > 0
		})
	})
}
