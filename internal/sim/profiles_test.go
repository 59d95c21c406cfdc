package sim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/unit"
	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// limit is a charging profile with one period that never ends.
type limit struct {
	id, stack int
	evse      int // or connector; 0 for the station
	purpose   string
	tx        string // of 2.x, "" for none
	amperes   int64
}

// put installs a profile in the station's version and returns the status.
func put(t *testing.T, r rig, l limit) string {
	t.Helper()
	rate := decimal.FromInt(l.amperes, 0)
	begin := schema.TimestampOf(r.clock.Now().Add(-time.Hour))
	if is16(r) {
		purpose := ocpp16.ChargingProfilePurpose(l.purpose)
		if l.purpose == "ChargingStationMaxProfile" {
			purpose = ocpp16.ChargingProfilePurposeChargePointMaxProfile
		}
		return string(ask[ocpp16.SetChargingProfileResponse](t, r, &ocpp16.SetChargingProfileRequest{
			ConnectorID: l.evse,
			CSChargingProfiles: ocpp16.ChargingProfile{
				ChargingProfileID: l.id, StackLevel: l.stack, ChargingProfilePurpose: purpose, ChargingProfileKind: ocpp16.ChargingProfileKindAbsolute,
				ChargingSchedule: ocpp16.ChargingSchedule{
					StartSchedule: &begin, ChargingRateUnit: ocpp16.ChargingRateUnitA,
					ChargingSchedulePeriod: []ocpp16.ChargingSchedulePeriod{{Limit: rate}},
				},
			},
		}).Status)
	}
	profile := ocpp21.ChargingProfile{
		ID: l.id, StackLevel: l.stack, ChargingProfilePurpose: ocpp21.ChargingProfilePurpose(l.purpose), ChargingProfileKind: ocpp21.ChargingProfileKindAbsolute,
		ChargingSchedule: []ocpp21.ChargingSchedule{{
			ID: 1, StartSchedule: &begin, ChargingRateUnit: ocpp21.ChargingRateUnitA,
			ChargingSchedulePeriod: []ocpp21.ChargingSchedulePeriod{{Limit: &rate}},
		}},
	}
	if l.tx != "" {
		profile.TransactionID = &l.tx
	}
	return string(ask[ocpp21.SetChargingProfileResponse](t, r, &ocpp21.SetChargingProfileRequest{EVSEID: l.evse, ChargingProfile: profile}).Status)
}

// clear removes a profile by its id and returns the status.
func clearProfile(t *testing.T, r rig, id int) string {
	t.Helper()
	if is16(r) {
		return string(ask[ocpp16.ClearChargingProfileResponse](t, r, &ocpp16.ClearChargingProfileRequest{ID: &id}).Status)
	}
	return string(ask[ocpp21.ClearChargingProfileResponse](t, r, &ocpp21.ClearChargingProfileRequest{ChargingProfileID: &id}).Status)
}

// power returns what flowed in the time to come, in watts.
func power(r rig, over time.Duration) unit.Watt {
	before := last(r.station.Truth()).Delivered
	time.Sleep(over)
	return unit.Watt(int64(last(r.station.Truth()).Delivered-before) * int64(time.Hour/over))
}

// near says whether a power is that of a current on three phases.
func near(got unit.Watt, amperes int64) bool {
	want := unit.Watt(3 * 230 * amperes)
	return max(got-want, want-got) <= 60 // one watt-hour in a minute
}

func TestProfilesAreObeyed(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		left := come(r, 2*time.Hour)
		time.Sleep(10 * time.Second)
		tx := ""
		if !is16(r) {
			tx = r.station.Truth()[0].TransactionID
		}
		steps := []struct {
			name string
			do   func() string
			want string
			now  int64 // amperes
		}{
			{"K01 nothing", func() string { return "" }, "", 16},
			{"K01 a default", func() string { return put(t, r, limit{1, 0, 0, "TxDefaultProfile", "", 12}) }, "Accepted", 12},
			{"K01 a higher level leads, whatever it says", func() string { return put(t, r, limit{2, 3, 0, "TxDefaultProfile", "", 14}) }, "Accepted", 14},
			{"K02 the transaction's own leads", func() string { return put(t, r, limit{3, 0, 1, "TxProfile", tx, 8}) }, "Accepted", 8},
			{"K01 the station's is above all", func() string { return put(t, r, limit{4, 0, 0, "ChargingStationMaxProfile", "", 7}) }, "Accepted", 7},
			{"K10 the station's is cleared", func() string { return clearProfile(t, r, 4) }, "Accepted", 8},
			{"K10 it is not there any more", func() string { return clearProfile(t, r, 4) }, "Unknown", 8},
			{"K01 the same id is replaced", func() string { return put(t, r, limit{3, 0, 1, "TxProfile", tx, 10}) }, "Accepted", 10},
			{"K02 of a transaction that is none", func() string { return put(t, r, limit{5, 0, 1, "TxProfile", "none", 6}) }, "Rejected", 10},
			{"K10 back to the default", func() string { return clearProfile(t, r, 3) }, "Accepted", 14},
			{"below 6 A nothing flows", func() string { return put(t, r, limit{6, 0, 0, "ChargingStationMaxProfile", "", 5}) }, "Accepted", 0},
			{"and again", func() string { return clearProfile(t, r, 6) }, "Accepted", 14},
		}
		for _, tt := range steps {
			if is16(r) && tt.name == "K02 of a transaction that is none" {
				continue // its number would be one
			}
			if got := tt.do(); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
			}
			if got := power(r, time.Minute); !near(got, tt.now) {
				t.Errorf("%s: %d W flow, want those of %d A", tt.name, got, tt.now)
			}
		}
		synctest.Wait()
		checkSampled(t, r)
		leave(t, r, left)
	})
}

// checkSampled wants the server to have seen the lowest power in a sample, and the car
// suspended by the station.
func checkSampled(t *testing.T, r rig) {
	t.Helper()
	var powers, states []string
	for _, request := range r.all() {
		switch m := request.message.(type) {
		case *ocpp16.MeterValuesRequest:
			for _, v := range m.MeterValue[0].SampledValue {
				if *v.Measurand == ocpp16.MeasurandPowerActiveImport {
					powers = append(powers, v.Value)
				}
			}
		case *ocpp16.StatusNotificationRequest:
			states = append(states, string(m.Status))
		case *ocpp21.TransactionEventRequest:
			states = append(states, string(*m.TransactionInfo.ChargingState))
			if len(m.MeterValue) > 0 {
				for _, v := range m.MeterValue[0].SampledValue {
					if *v.Measurand == ocpp21.MeasurandPowerActiveImport {
						powers = append(powers, v.Value.String())
					}
				}
			}
		}
	}
	seen := map[string]bool{}
	for _, word := range append(powers, states...) {
		seen[word] = true
	}
	for _, want := range []string{"11040", "8280", "9660", "5520", "4830", "0", "Charging", "SuspendedEVSE"} {
		if !seen[want] {
			t.Errorf("the server never saw %s", want)
		}
	}
}

func TestProfilesOffline(t *testing.T) {
	onAll(t, func(c *sim.Config) { c.Backoff.Wait = time.Hour }, func(t *testing.T, r rig) {
		left := come(r, 30*time.Minute)
		time.Sleep(10 * time.Second)
		tx := ""
		if !is16(r) {
			tx = r.station.Truth()[0].TransactionID
		}
		if got := put(t, r, limit{1, 0, 1, "TxProfile", tx, 8}); got != "Accepted" {
			t.Fatal(got)
		}
		r.setDown(true)
		synctest.Wait()
		if got := power(r, time.Minute); !near(got, 8) {
			t.Errorf("K offline: %d W flow, want those of 8 A still", got)
		}
		r.setDown(false)
		leave(t, r, left)
		leave(t, r, come(r, 2*time.Minute)) // the profile went with its transaction
		if got := last(r.station.Truth()); got.Delivered < 300 {
			t.Errorf("K02.FR.05: the next session got %d Wh, want the full power", got.Delivered)
		}
	})
}

func TestCompositeSchedule(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		put(t, r, limit{1, 0, 0, "ChargingStationMaxProfile", "", 10})
		if is16(r) {
			got := ask[ocpp16.GetCompositeScheduleResponse](t, r, &ocpp16.GetCompositeScheduleRequest{ConnectorID: 1, Duration: 600})
			if got.Status != ocpp16.GetCompositeScheduleStatusAccepted || got.ChargingSchedule.ChargingSchedulePeriod[0].Limit.CmpInt(10) != 0 {
				t.Errorf("1.6 5.7: got %+v", got)
			}
			got = ask[ocpp16.GetCompositeScheduleResponse](t, r, &ocpp16.GetCompositeScheduleRequest{ConnectorID: 7, Duration: 600})
			if got.Status != ocpp16.GetCompositeScheduleStatusRejected {
				t.Errorf("1.6 5.7 unknown connector: %v", got.Status)
			}
			return
		}
		got := ask[ocpp21.GetCompositeScheduleResponse](t, r, &ocpp21.GetCompositeScheduleRequest{EVSEID: 1, Duration: 600, ChargingRateUnit: new(ocpp21.ChargingRateUnitW)})
		if got.Status != ocpp21.GenericStatusAccepted || got.Schedule.ChargingSchedulePeriod[0].Limit.CmpInt(6900) != 0 {
			t.Errorf("K08.FR.02: got %+v", got)
		}
		got = ask[ocpp21.GetCompositeScheduleResponse](t, r, &ocpp21.GetCompositeScheduleRequest{EVSEID: 7, Duration: 600})
		if got.Status != ocpp21.GenericStatusRejected {
			t.Errorf("K08.FR.05: %v", got.Status)
		}
	})
}

func TestGetChargingProfiles(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		put(t, r, limit{1, 0, 0, "ChargingStationMaxProfile", "", 10})
		put(t, r, limit{2, 0, 1, "TxDefaultProfile", "", 10})
		ids := func(request *ocpp21.GetChargingProfilesRequest) (ids []int, status ocpp21.GetChargingProfileStatus) {
			before := len(of[*ocpp21.ReportChargingProfilesRequest](r.csms))
			status = ask[ocpp21.GetChargingProfilesResponse](t, r, request).Status
			for _, m := range of[*ocpp21.ReportChargingProfilesRequest](r.csms)[before:] {
				ids = append(ids, m.ChargingProfile[0].ID)
			}
			return ids, status
		}
		if got, _ := ids(&ocpp21.GetChargingProfilesRequest{RequestID: 1}); len(got) != 2 {
			t.Errorf("K09.FR.01: got profiles %v, want both", got)
		}
		if got, _ := ids(&ocpp21.GetChargingProfilesRequest{RequestID: 2, EVSEID: new(1)}); len(got) != 1 || got[0] != 2 {
			t.Errorf("K09.FR.04 of one EVSE: got profiles %v, want 2", got)
		}
		if got, status := ids(&ocpp21.GetChargingProfilesRequest{RequestID: 3, ChargingProfile: ocpp21.ChargingProfileCriterion{ChargingProfileID: []int{9}}}); status != ocpp21.GetChargingProfileStatusNoProfiles {
			t.Errorf("K09.FR.02: got profiles %v, %v", got, status)
		}
	})
}

func TestRemoteStartWithProfile(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		rate := decimal.FromInt(9, 0)
		if is16(r) {
			ask[ocpp16.RemoteStartTransactionResponse](t, r, &ocpp16.RemoteStartTransactionRequest{IDTag: "APP-1", ChargingProfile: &ocpp16.ChargingProfile{
				ChargingProfileID: 1, ChargingProfilePurpose: ocpp16.ChargingProfilePurposeTxProfile, ChargingProfileKind: ocpp16.ChargingProfileKindRelative,
				ChargingSchedule: ocpp16.ChargingSchedule{ChargingRateUnit: ocpp16.ChargingRateUnitA, ChargingSchedulePeriod: []ocpp16.ChargingSchedulePeriod{{Limit: rate}}},
			}})
		} else {
			start := &ocpp21.RequestStartTransactionRequest{IDToken: ocpp21.IDToken{IDToken: "APP-1", Type: "Central"}, ChargingProfile: &ocpp21.ChargingProfile{
				ID: 1, ChargingProfilePurpose: ocpp21.ChargingProfilePurposeTxDefaultProfile, ChargingProfileKind: ocpp21.ChargingProfileKindRelative,
				ChargingSchedule: []ocpp21.ChargingSchedule{{ID: 1, ChargingRateUnit: ocpp21.ChargingRateUnitA, ChargingSchedulePeriod: []ocpp21.ChargingSchedulePeriod{{Limit: &rate}}}},
			}}
			if got := ask[ocpp21.RequestStartTransactionResponse](t, r, start).Status; got != ocpp21.RequestStartStopStatusRejected {
				t.Errorf("F01.FR.08 a profile that is not the transaction's: %v", got)
			}
			start.ChargingProfile.ChargingProfilePurpose = ocpp21.ChargingProfilePurposeTxProfile
			ask[ocpp21.RequestStartTransactionResponse](t, r, start)
		}
		time.Sleep(20 * time.Second)
		if got := power(r, time.Minute); !near(got, 9) {
			t.Errorf("K05: %d W flow, want those of 9 A", got)
		}
	})
}

func TestDynamicProfile(t *testing.T) {
	onRig(t, on21, func(t *testing.T, r rig) {
		come(r, time.Hour)
		rate := decimal.FromInt(10, 0)
		r.on(ocpp21.ActionPullDynamicScheduleUpdate, func(schema.Message) (schema.Message, error) {
			return &ocpp21.PullDynamicScheduleUpdateResponse{
				Status: ocpp21.ChargingProfileStatusAccepted, ScheduleUpdate: &ocpp21.ChargingScheduleUpdate{Limit: new(decimal.FromInt(7, 0))},
			}, nil
		})
		set := &ocpp21.SetChargingProfileRequest{EVSEID: 0, ChargingProfile: ocpp21.ChargingProfile{
			ID: 1, ChargingProfilePurpose: ocpp21.ChargingProfilePurposeTxDefaultProfile, ChargingProfileKind: ocpp21.ChargingProfileKindDynamic,
			DynUpdateInterval: new(300),
			ChargingSchedule:  []ocpp21.ChargingSchedule{{ID: 1, ChargingRateUnit: ocpp21.ChargingRateUnitA, ChargingSchedulePeriod: []ocpp21.ChargingSchedulePeriod{{Limit: &rate}}}},
		}}
		if got := ask[ocpp21.SetChargingProfileResponse](t, r, set); got.Status != ocpp21.ChargingProfileStatusAccepted {
			t.Fatalf("2.1 K28.FR.01: got %+v", got)
		}
		time.Sleep(10 * time.Second)
		if got := power(r, time.Minute); !near(got, 10) {
			t.Errorf("2.1 K28.FR.02: %d W flow, want those of 10 A", got)
		}
		update := &ocpp21.UpdateDynamicScheduleRequest{ChargingProfileID: 1, ScheduleUpdate: ocpp21.ChargingScheduleUpdate{Limit: new(decimal.FromInt(13, 0))}}
		if got := ask[ocpp21.UpdateDynamicScheduleResponse](t, r, update).Status; got != ocpp21.ChargingProfileStatusAccepted {
			t.Errorf("2.1 K28.FR.06: %v", got)
		}
		if got := power(r, time.Minute); !near(got, 13) {
			t.Errorf("2.1 K28.FR.06: %d W flow, want those of 13 A", got)
		}
		time.Sleep(5 * time.Minute)
		if got := power(r, time.Minute); !near(got, 7) || len(of[*ocpp21.PullDynamicScheduleUpdateRequest](r.csms)) == 0 {
			t.Errorf("2.1 K28.FR.10: %d W flow, want those of 7 A that it asked for", got)
		}
		update.ChargingProfileID = 99
		if got := ask[ocpp21.UpdateDynamicScheduleResponse](t, r, update).Status; got != ocpp21.ChargingProfileStatusRejected {
			t.Errorf("2.1 K28 unknown profile: %v", got)
		}
	})
}

func TestPriorityCharging(t *testing.T) {
	onRig(t, on21, func(t *testing.T, r rig) {
		come(r, time.Hour)
		time.Sleep(10 * time.Second)
		id := r.station.Truth()[0].TransactionID
		use := func(tx string, activate bool) ocpp21.PriorityChargingStatus {
			return ask[ocpp21.UsePriorityChargingResponse](t, r, &ocpp21.UsePriorityChargingRequest{TransactionID: tx, Activate: activate}).Status
		}
		put(t, r, limit{1, 0, 1, "TxProfile", id, 8})
		if got := use(id, true); got != ocpp21.PriorityChargingStatusNoProfile {
			t.Errorf("2.1 K21.FR.03: %v", got)
		}
		put(t, r, limit{2, 0, 0, "PriorityCharging", "", 15})
		if got := use("none", true); got != ocpp21.PriorityChargingStatusRejected {
			t.Errorf("2.1 K21 unknown transaction: %v", got)
		}
		if got := use(id, true); got != ocpp21.PriorityChargingStatusAccepted {
			t.Errorf("2.1 K21.FR.01: %v", got)
		}
		if got := power(r, time.Minute); !near(got, 15) {
			t.Errorf("2.1 K21.FR.04: %d W flow, want those of 15 A", got)
		}
		use(id, false)
		if got := power(r, time.Minute); !near(got, 8) {
			t.Errorf("2.1 K21 off again: %d W flow, want those of 8 A", got)
		}
		allow := &ocpp21.NotifyAllowedEnergyTransferRequest{TransactionID: id, AllowedEnergyTransfer: []ocpp21.EnergyTransferMode{ocpp21.EnergyTransferModeACThreePhase}}
		if got := ask[ocpp21.NotifyAllowedEnergyTransferResponse](t, r, allow).Status; got != ocpp21.NotifyAllowedEnergyTransferStatusAccepted {
			t.Errorf("2.1: %v", got)
		}
	})
}
