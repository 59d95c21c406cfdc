// Package central lets simulated stations live a day with a central system that
// others wrote: the Python package `ocpp`, for OCPP 1.6, 2.0.1 and 2.1. It holds
// everything that stations say, unasked or as an answer, against JSON schemas of its
// own, so that the simulator is not only as right as Pylon is.
package central

import (
	"context"
	"flag"
	"maps"
	"slices"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/world"
	"pylon/internal/wire/ocppj"
)

var (
	long = flag.Bool("long", false, "a day of 30 stations a version at 120 times the speed: 25 minutes on two cores")
	seed = flag.Uint64("seed", 1, "of the network, its day and the errands")
)

// dayMax bounds the day of the short form, on a machine that does other things too.
const dayMax = 4 * time.Minute

// pace is how a day is played.
type pace struct {
	stations, speed int
	most            time.Duration
}

func paceOf() pace {
	if *long {
		return pace{stations: 30, speed: 120, most: time.Hour}
	}
	return pace{stations: 10, speed: 3600, most: dayMax}
}

func TestADayWithACentralSystemOfOthers(t *testing.T) {
	for _, v := range []struct {
		name     string
		version  ocppj.Version
		received []string // actions that have to be among those of the day
		accepted []string // commands that have to have been accepted
	}{
		{"1.6", ocppj.V16, received16(), accepted16()},
		{"2.0.1", ocppj.V201, received2(), accepted2()},
		{"2.1", ocppj.V21, append(received2(), "PullDynamicScheduleUpdate", "NotifyPriorityCharging"), append(accepted2(), "UpdateDynamicSchedule", "UsePriorityCharging")},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := live(t, v.version, v.name)
			for _, violation := range r.Violations {
				t.Error(violation)
			}
			for _, action := range v.received {
				if r.Received[action] == 0 {
					t.Errorf("%s: never received", action)
				}
			}
			for _, action := range v.accepted {
				if !done(r.Sent[action]) {
					t.Errorf("%s: never accepted: %v", action, r.Sent[action])
				}
			}
			for _, action := range slices.Sorted(maps.Keys(r.Received)) {
				t.Logf("received %-34s %6d", action, r.Received[action])
			}
			for _, action := range slices.Sorted(maps.Keys(r.Sent)) {
				t.Logf("sent     %-34s %v", action, r.Sent[action])
			}
		})
	}
}

// live lets a network of a version live a day, with what goes wrong in every network.
func live(t *testing.T, version ocppj.Version, name string) report {
	t.Helper()
	p := paceOf()
	ctx, cancel := context.WithTimeout(t.Context(), p.most)
	defer cancel()
	clk := clock.NewWarped(time.Date(2030, 5, 6, 0, 0, 0, 0, time.UTC), p.speed)
	c := launch(t, name, *seed, clk, p.speed)
	plan := world.New(world.Scale{
		Seed: *seed, Stations: p.stations, Versions: []ocppj.Version{version}, Sampling: 15 * time.Minute, Faults: world.SomeFaults,
	})
	w := world.Of(plan, world.Options{URL: c.url, Clock: clk})
	var r report
	if err := w.Live(ctx, func(ctx context.Context) error {
		err := w.Run(ctx)
		r = c.end(t.Context(), t)
		return err
	}); err != nil {
		t.Errorf("the day: %v", err)
	}
	t.Logf("%d stations, %d sessions, %+v", p.stations, len(w.Sessions()), w.Progress())
	return r
}

// done says whether a command ever had an effect.
func done(outcomes map[string]int) bool {
	for _, good := range []string{"Accepted", "Answered", "Unlocked", "Scheduled"} {
		if outcomes[good] > 0 {
			return true
		}
	}
	return false
}

func received16() []string {
	return []string{
		"Authorize", "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat",
		"LogStatusNotification", "MeterValues", "SignedFirmwareStatusNotification", "StartTransaction", "StatusNotification", "StopTransaction",
	}
}

func accepted16() []string {
	return []string{
		"CancelReservation", "ChangeAvailability", "ChangeConfiguration", "ClearCache", "ClearChargingProfile", "GetCompositeSchedule",
		"DeleteCertificate", "ExtendedTriggerMessage", "GetConfiguration", "GetDiagnostics", "GetInstalledCertificateIds",
		"GetLocalListVersion", "GetLog", "InstallCertificate", "SignedUpdateFirmware", "RemoteStartTransaction", "RemoteStopTransaction",
		"ReserveNow", "Reset", "SendLocalList", "SetChargingProfile", "TriggerMessage", "UnlockConnector", "UpdateFirmware",
	}
}

func received2() []string {
	return []string{
		"Authorize", "BootNotification", "FirmwareStatusNotification", "Heartbeat", "LogStatusNotification", "MeterValues", "NotifyEvent",
		"NotifyMonitoringReport", "NotifyReport", "ReportChargingProfiles", "ReservationStatusUpdate",
		"StatusNotification", "TransactionEvent",
	}
}

func accepted2() []string {
	return []string{
		"CancelReservation", "ChangeAvailability", "ClearCache", "ClearChargingProfile", "ClearDisplayMessage", "ClearVariableMonitoring", "CostUpdated",
		"DeleteCertificate", "GetBaseReport", "GetDisplayMessages", "SetDisplayMessage", "SetNetworkProfile",
		"GetChargingProfiles", "GetCompositeSchedule", "GetInstalledCertificateIds", "GetLocalListVersion", "GetLog",
		"GetMonitoringReport", "GetReport", "GetTransactionStatus", "GetVariables", "InstallCertificate", "RequestStartTransaction",
		"RequestStopTransaction", "ReserveNow", "Reset", "SendLocalList", "SetChargingProfile", "SetMonitoringBase", "SetMonitoringLevel",
		"SetVariableMonitoring", "SetVariables", "TriggerMessage", "UnlockConnector", "UpdateFirmware",
	}
}
