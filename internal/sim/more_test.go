package sim_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

func TestForgetDropsWhatIsOver(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		leave(t, r, come(r, time.Minute))
		r.station.Inject(sim.MeterJump, 0)
		time.Sleep(time.Minute)
		come(r, time.Hour)
		time.Sleep(10 * time.Second)
		r.station.Forget(r.clock.Now())
		if got := r.station.Truth(); len(got) != 1 || !got[0].Running() {
			t.Errorf("got %+v, want the one that runs", got)
		}
		if got := r.station.Faults(); len(got) != 0 {
			t.Errorf("got faults %+v, want none", got)
		}
	})
}

func TestPings(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		if is16(r) {
			configure(t, r, "WebSocketPingInterval", "20")
		} else {
			set(t, r, "OCPPCommCtrlr", "WebSocketPingInterval", "20")
		}
		time.Sleep(2*time.Minute + time.Second)
		if got := r.pinged(); got != 6 {
			t.Errorf("%d pings in two minutes of 20 s each, want 6", got)
		}
	})
}

func TestDeafCommandsDoNothing(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		r.station.Inject(sim.DeafCommands, 0)
		left := come(r, time.Minute)
		time.Sleep(10 * time.Second)
		if got := unlock(t, r); got != "Unlocked" {
			t.Errorf("unlock: %s", got)
		}
		ask[ocpp16.UpdateFirmwareResponse](t, r, &ocpp16.UpdateFirmwareRequest{Location: "https://example.org/f", RetrieveDate: schema.TimestampOf(r.clock.Now())})
		configure(t, r, "MeterValueSampleInterval", "1")
		leave(t, r, left)
		if n := len(of[*ocpp16.FirmwareStatusNotificationRequest](r.csms)); n != 0 || r.station.Truth()[0].Reason != "Local" {
			t.Errorf("%d firmware statuses, the session ended for %s", n, r.station.Truth()[0].Reason)
		}
		read := ask[ocpp16.GetConfigurationResponse](t, r, &ocpp16.GetConfigurationRequest{Key: []string{"MeterValueSampleInterval"}})
		if got := *read.ConfigurationKey[0].Value; got != "10" {
			t.Errorf("the interval is %s, want 10", got)
		}
	})
	on2(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.DeafCommands, 0)
		set(t, r, "SampledDataCtrlr", "TxUpdatedInterval", "1")
		left := come(r, time.Minute)
		leave(t, r, left)
		if n := len(heardOf(r, "Updated")); n > 8 {
			t.Errorf("%d messages, want those of 10 s each", n)
		}
	})
}

// Faults that were injected before there was a transaction strike the next.
func TestArmedFaultsStrikeTheNextTransaction(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		r.station.Inject(sim.SecondToken, 0)
		r.station.Inject(sim.DoubleStart, 0)
		leave(t, r, come(r, time.Minute))
		truth := r.station.Truth()
		if len(truth) != 2 || truth[0].SecondToken == "" || !truth[0].Unstoppable {
			t.Fatalf("got %+v, want two sessions, the first with a second token", truth)
		}
		for _, f := range r.station.Faults() {
			if f.TransactionID != truth[0].TransactionID || f.To.IsZero() {
				t.Errorf("got %+v, want it on the first", f)
			}
		}
	})
}

func TestUpdateAndUploadThatFail(t *testing.T) {
	onAll(t, nil, func(t *testing.T, r rig) {
		from, bad := schema.TimestampOf(r.clock.Now().Add(time.Minute)), "mailto:f@example.org"
		var got, want []string
		if is16(r) {
			ask[ocpp16.UpdateFirmwareResponse](t, r, &ocpp16.UpdateFirmwareRequest{Location: bad, RetrieveDate: from})
			time.Sleep(5 * time.Minute)
			got = names(r, func(m *ocpp16.FirmwareStatusNotificationRequest) string { return string(m.Status) })
			want = []string{"Downloading", "DownloadFailed"}
		} else {
			ask[ocpp21.UpdateFirmwareResponse](t, r, &ocpp21.UpdateFirmwareRequest{Firmware: ocpp21.Firmware{Location: bad, RetrieveDateTime: from}})
			time.Sleep(5 * time.Minute)
			got = names(r, func(m *ocpp21.FirmwareStatusNotificationRequest) string { return string(m.Status) })
			want = []string{"DownloadScheduled", "Downloading", "DownloadFailed"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("L01: got %q, want %q", got, want)
		}
	})
}

func TestReservationOfAGroup(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		family := &ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusAccepted, ParentIDTag: new("FAMILY")}
		r.on(ocpp16.ActionAuthorize, func(schema.Message) (schema.Message, error) {
			return &ocpp16.AuthorizeResponse{IDTagInfo: *family}, nil
		})
		ask[ocpp16.ReserveNowResponse](t, r, &ocpp16.ReserveNowRequest{
			ReservationID: 1, ConnectorID: 1, IDTag: "MOTHER", ParentIDTag: new("FAMILY"), ExpiryDate: schema.TimestampOf(r.clock.Now().Add(time.Hour)),
		})
		leave(t, r, come(r, time.Minute)) // the child
		if got := r.station.Truth()[0].ReservationID; got != 1 {
			t.Errorf("1.6 5.13: charged with reservation %d, want 1", got)
		}
	})
}

func TestTokenThatExpired(t *testing.T) {
	config := on16
	config.Backoff.Wait = time.Hour
	onRig(t, config, func(t *testing.T, r rig) {
		expiry := schema.TimestampOf(r.clock.Now().Add(5 * time.Minute))
		info := ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusAccepted, ExpiryDate: &expiry}
		ask[ocpp16.SendLocalListResponse](t, r, &ocpp16.SendLocalListRequest{
			ListVersion: 1, UpdateType: ocpp16.UpdateTypeFull, LocalAuthorizationList: []ocpp16.AuthorizationData{{IDTag: card.UID, IDTagInfo: &info}},
		})
		r.setDown(true)
		synctest.Wait()
		visit := sim.Visit{Token: card, Car: car, Stay: 10 * time.Minute}
		for _, want := range []error{nil, sim.ErrRefused} {
			if err := r.station.Charge(r.ctx, visit); !errors.Is(err, want) {
				t.Errorf("1.6 3.5.2 at %v: got %v, want %v", r.clock.Now(), err, want)
			}
		}
	})
}

// A fast charger obeys watts, and a limit from a state of charge on.
func TestProfilesOfDirectCurrent(t *testing.T) {
	config := on21
	config.Hardware = sim.DC150()
	onRig(t, config, func(t *testing.T, r rig) {
		come(r, time.Hour)
		rate := decimal.FromInt(30_000, 0)
		set := &ocpp21.SetChargingProfileRequest{EVSEID: 1, ChargingProfile: ocpp21.ChargingProfile{
			ID: 1, ChargingProfilePurpose: ocpp21.ChargingProfilePurposeTxDefaultProfile, ChargingProfileKind: ocpp21.ChargingProfileKindRelative,
			ChargingSchedule: []ocpp21.ChargingSchedule{{
				ID: 1, ChargingRateUnit: ocpp21.ChargingRateUnitW,
				LimitAtSoC:             &ocpp21.LimitAtSoC{Soc: 40, Limit: decimal.FromInt(12_000, 0)},
				ChargingSchedulePeriod: []ocpp21.ChargingSchedulePeriod{{Limit: &rate}},
			}},
		}}
		if got := ask[ocpp21.SetChargingProfileResponse](t, r, set); got.Status != ocpp21.ChargingProfileStatusAccepted {
			t.Fatalf("K01: got %+v", got)
		}
		time.Sleep(10 * time.Second)
		if got := power(r, 2*time.Minute); got != 30_000 {
			t.Errorf("K01: %d W flow, want 30 kW", got)
		}
		time.Sleep(12 * time.Minute) // from 30 % on, 6 kWh are 10 % of the battery
		if got := power(r, 2*time.Minute); got < 11_940 || got > 12_030 {
			t.Errorf("2.1 K01.FR.100: %d W flow, want 12 kW", got)
		}
	})
}

// The station's own clock runs as it was set until the server tells the time.
func TestClockSkew(t *testing.T) {
	for _, own := range []bool{false, true} {
		onAll(t, func(c *sim.Config) { c.ClockSkew, c.OwnTime = -30*365*24*time.Hour, own }, func(t *testing.T, r rig) {
			leave(t, r, come(r, time.Minute))
			says, err := heardOf(r, "Started")[0].says.Time()
			if err != nil {
				t.Fatal(err)
			}
			if off := r.station.Truth()[0].TrueBegan.Sub(says); (off > time.Hour) != own {
				t.Errorf("with time of its own %v: the start is off by %v", own, off)
			}
		})
	}
}
