package sim_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/schema"
)

func TestReservation16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		reserve := func(id, connector int, tag string, wait time.Duration) ocpp16.ReservationStatus {
			return ask[ocpp16.ReserveNowResponse](t, r, &ocpp16.ReserveNowRequest{
				ReservationID: id, ConnectorID: connector, IDTag: tag, ExpiryDate: schema.TimestampOf(r.clock.Now().Add(wait)),
			}).Status
		}
		if got := reserve(1, 9, card.UID, time.Hour); got != ocpp16.ReservationStatusRejected {
			t.Errorf("1.6 5.13 unknown connector: %v", got)
		}
		if got := reserve(1, 1, card.UID, time.Hour); got != ocpp16.ReservationStatusAccepted {
			t.Fatalf("1.6 5.13: %v", got)
		}
		if got := reserve(2, 1, "OTHER", time.Hour); got != ocpp16.ReservationStatusOccupied {
			t.Errorf("1.6 5.13 reserved already: %v", got)
		}
		if got := last(statuses(r)); got != "Reserved" {
			t.Errorf("1.6 5.13: status %s, want Reserved", got)
		}
		if err := r.station.Charge(r.ctx, sim.Visit{Token: sim.Token{UID: "OTHER"}, Car: car, Stay: time.Minute}); !errors.Is(err, sim.ErrRefused) {
			t.Errorf("1.6 5.13 another driver: got %v, want %v", err, sim.ErrRefused)
		}
		leave(t, r, come(r, time.Minute))
		if start := of[*ocpp16.StartTransactionRequest](r.csms); len(start) != 1 || start[0].ReservationID == nil || *start[0].ReservationID != 1 {
			t.Errorf("1.6 5.13: got starts %+v, want one with reservation 1", start)
		}
		if got := last(statuses(r)); got != "Available" {
			t.Errorf("used up: status %s, want Available", got)
		}
		cancel := func(id int) ocpp16.CancelReservationStatus {
			return ask[ocpp16.CancelReservationResponse](t, r, &ocpp16.CancelReservationRequest{ReservationID: id}).Status
		}
		reserve(3, 0, card.UID, time.Hour)
		if got := cancel(3); got != ocpp16.CancelReservationStatusAccepted || last(statuses(r)) != "Available" {
			t.Errorf("1.6 5.1: %v, status %s", got, last(statuses(r)))
		}
		if got := cancel(3); got != ocpp16.CancelReservationStatusRejected {
			t.Errorf("1.6 5.1 a second time: %v", got)
		}
		reserve(4, 1, card.UID, time.Minute)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if got := last(statuses(r)); got != "Available" {
			t.Errorf("1.6 5.13 expired: status %s, want Available", got)
		}
	})
}

func TestLocalList16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		info := func(status ocpp16.AuthorizationStatus) *ocpp16.IDTagInfo { return &ocpp16.IDTagInfo{Status: status} }
		send := func(version int, kind ocpp16.UpdateType, entries ...ocpp16.AuthorizationData) ocpp16.UpdateStatus {
			return ask[ocpp16.SendLocalListResponse](t, r, &ocpp16.SendLocalListRequest{
				ListVersion: version, UpdateType: kind, LocalAuthorizationList: entries,
			}).Status
		}
		accepted := info(ocpp16.AuthorizationStatusAccepted)
		full := send(5, ocpp16.UpdateTypeFull, ocpp16.AuthorizationData{IDTag: "A", IDTagInfo: accepted}, ocpp16.AuthorizationData{IDTag: "B", IDTagInfo: accepted})
		if full != ocpp16.UpdateStatusAccepted {
			t.Errorf("1.6 5.15 full: %v", full)
		}
		version := func() int {
			return ask[ocpp16.GetLocalListVersionResponse](t, r, &ocpp16.GetLocalListVersionRequest{}).ListVersion
		}
		if got := version(); got != 5 {
			t.Errorf("1.6 5.10: version %d, want 5", got)
		}
		if got := send(5, ocpp16.UpdateTypeDifferential, ocpp16.AuthorizationData{IDTag: "A"}); got != ocpp16.UpdateStatusVersionMismatch {
			t.Errorf("1.6 5.15 an old version: %v", got)
		}
		if got := send(6, ocpp16.UpdateTypeDifferential, ocpp16.AuthorizationData{IDTag: "A"}); got != ocpp16.UpdateStatusAccepted || version() != 6 {
			t.Errorf("1.6 5.15 a change: %v, version %d", got, version())
		}
		if got := send(7, ocpp16.UpdateTypeFull, ocpp16.AuthorizationData{IDTag: "A"}); got != ocpp16.UpdateStatusFailed {
			t.Errorf("1.6 5.15 full, without what holds: %v", got)
		}
		configure(t, r, "LocalPreAuthorize", "true")
		charge := func(uid string) error {
			return r.station.Charge(r.ctx, sim.Visit{Token: sim.Token{UID: uid}, Car: car, Stay: 10 * time.Second})
		}
		if err := charge("B"); err != nil {
			t.Error(err)
		}
		if got := len(of[*ocpp16.AuthorizeRequest](r.csms)); got != 0 {
			t.Errorf("1.6 3.5.4: %d tokens asked about that are in the list", got)
		}
		if err := charge("A"); err != nil || len(of[*ocpp16.AuthorizeRequest](r.csms)) != 1 {
			t.Errorf("1.6 5.15: a token taken out of the list was not asked about: %v", err)
		}
		configure(t, r, "LocalAuthListEnabled", "false")
		if got := version(); got != -1 {
			t.Errorf("1.6 5.10 no list: version %d, want -1", got)
		}
		if got := send(9, ocpp16.UpdateTypeFull); got != ocpp16.UpdateStatusNotSupported {
			t.Errorf("1.6 5.15 no list: %v", got)
		}
	})
}

func configure(t *testing.T, r rig, key, value string) {
	t.Helper()
	if got := ask[ocpp16.ChangeConfigurationResponse](t, r, &ocpp16.ChangeConfigurationRequest{Key: key, Value: value}).Status; got != ocpp16.ConfigurationStatusAccepted {
		t.Fatalf("%s=%s: %v", key, value, got)
	}
}

func TestOfflineTheListComesBeforeTheCache(t *testing.T) {
	config := on16
	config.Backoff.Wait = time.Hour
	onRig(t, config, func(t *testing.T, r rig) {
		leave(t, r, come(r, time.Minute)) // the cache says yes
		ask[ocpp16.SendLocalListResponse](t, r, &ocpp16.SendLocalListRequest{
			ListVersion: 1, UpdateType: ocpp16.UpdateTypeFull, LocalAuthorizationList: []ocpp16.AuthorizationData{
				{IDTag: card.UID, IDTagInfo: &ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusBlocked}},
				{IDTag: "LISTED", IDTagInfo: &ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusAccepted}},
			},
		})
		configure(t, r, "AllowOfflineTxForUnknownId", "true")
		r.setDown(true)
		synctest.Wait()
		for uid, want := range map[string]error{card.UID: sim.ErrRefused, "LISTED": nil, "UNKNOWN": nil} {
			if err := r.station.Charge(r.ctx, sim.Visit{Token: sim.Token{UID: uid}, Car: car, Stay: time.Minute}); !errors.Is(err, want) {
				t.Errorf("1.6 3.5.2 %s: got %v, want %v", uid, err, want)
			}
		}
	})
}

func TestClockAlignedData16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		configure(t, r, "ClockAlignedDataInterval", "900")
		configure(t, r, "MeterValueSampleInterval", "0")
		left := come(r, 40*time.Minute)
		leave(t, r, left)
		time.Sleep(20 * time.Minute)
		var at []string
		inside := 0
		for _, m := range of[*ocpp16.MeterValuesRequest](r.csms) {
			at = append(at, string(m.MeterValue[0].Timestamp)[11:19])
			if m.TransactionID != nil {
				inside++
			}
			if got := *m.MeterValue[0].SampledValue[0].Context; got != ocpp16.ReadingContextSampleClock {
				t.Errorf("context %s", got)
			}
		}
		if want := []string{"00:15:00", "00:30:00", "00:45:00", "01:00:00"}; !slices.Equal(at, want) || inside != 2 {
			t.Errorf("1.6 3.16.2: read at %v, %d in the transaction; want %v, 2", at, inside, want)
		}
	})
}

func TestFirmware16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		now := schema.TimestampOf(r.clock.Now())
		ask[ocpp16.UpdateFirmwareResponse](t, r, &ocpp16.UpdateFirmwareRequest{Location: "https://example.org/f", RetrieveDate: now})
		time.Sleep(5 * time.Minute)
		plain := names(r, func(m *ocpp16.FirmwareStatusNotificationRequest) string { return string(m.Status) })
		if want := []string{"Downloading", "Downloaded", "Installing", "Installed"}; !slices.Equal(plain, want) {
			t.Errorf("1.6 4.5: got %q, want %q", plain, want)
		}
		boot := last(of[*ocpp16.BootNotificationRequest](r.csms))
		if *boot.FirmwareVersion != "1.0.1" {
			t.Errorf("1.6 5.19: boots with version %s", *boot.FirmwareVersion)
		}
		signed := &ocpp16.SignedUpdateFirmwareRequest{RequestID: 8, Firmware: ocpp16.Firmware{
			Location: "https://example.org/f", RetrieveDateTime: now, SigningCertificate: "c", Signature: "s",
		}}
		if got := ask[ocpp16.SignedUpdateFirmwareResponse](t, r, signed).Status; got != ocpp16.SignedUpdateFirmwareStatusAccepted {
			t.Errorf("L01: %v", got)
		}
		if got := ask[ocpp16.SignedUpdateFirmwareResponse](t, r, signed).Status; got != ocpp16.SignedUpdateFirmwareStatusAcceptedCanceled {
			t.Errorf("L01 a second: %v", got)
		}
		time.Sleep(5 * time.Minute)
		statuses := names(r, func(m *ocpp16.SignedFirmwareStatusNotificationRequest) string { return string(m.Status) })
		if want := []string{"Downloading", "Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed"}; !slices.Equal(statuses, want) {
			t.Errorf("L01: got %q, want %q", statuses, want)
		}
	})
}

func TestLogs16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		if got := ask[ocpp16.GetDiagnosticsResponse](t, r, &ocpp16.GetDiagnosticsRequest{Location: "ftp://example.org/"}).FileName; got == nil {
			t.Error("1.6 5.9: no file name")
		}
		time.Sleep(time.Minute)
		ask[ocpp16.GetDiagnosticsResponse](t, r, &ocpp16.GetDiagnosticsRequest{Location: "mailto:logs@example.org"})
		time.Sleep(time.Minute)
		got := names(r, func(m *ocpp16.DiagnosticsStatusNotificationRequest) string { return string(m.Status) })
		if want := []string{"Uploading", "Uploaded", "Uploading", "UploadFailed"}; !slices.Equal(got, want) {
			t.Errorf("1.6 4.4: got %q, want %q", got, want)
		}
		log := &ocpp16.GetLogRequest{LogType: ocpp16.LogSecurityLog, RequestID: 3, Log: ocpp16.LogParameters{RemoteLocation: "https://example.org/"}}
		if got := ask[ocpp16.GetLogResponse](t, r, log); got.Status != ocpp16.LogStatusAccepted || got.Filename == nil {
			t.Errorf("N01: got %+v", got)
		}
		time.Sleep(time.Minute)
		got = names(r, func(m *ocpp16.LogStatusNotificationRequest) string { return string(m.Status) })
		if want := []string{"Uploading", "Uploaded"}; !slices.Equal(got, want) {
			t.Errorf("N01: got %q, want %q", got, want)
		}
	})
}

func TestCertificates16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		root := newCertificate(t)
		install := func(text string) ocpp16.InstallCertificateStatus {
			return ask[ocpp16.InstallCertificateResponse](t, r, &ocpp16.InstallCertificateRequest{
				CertificateType: ocpp16.CertificateUseCentralSystemRootCertificate, Certificate: text,
			}).Status
		}
		if got := install("nonsense"); got != ocpp16.InstallCertificateStatusRejected {
			t.Errorf("M05.FR.07 nonsense: %v", got)
		}
		if got := install(root); got != ocpp16.InstallCertificateStatusAccepted {
			t.Errorf("M05: %v", got)
		}
		list := func(use ocpp16.CertificateUse) ocpp16.GetInstalledCertificateIdsResponse {
			return ask[ocpp16.GetInstalledCertificateIdsResponse](t, r, &ocpp16.GetInstalledCertificateIdsRequest{CertificateType: use})
		}
		if got := list(ocpp16.CertificateUseManufacturerRootCertificate); got.Status != ocpp16.GetInstalledCertificateStatusNotFound {
			t.Errorf("M03.FR.02: %v", got.Status)
		}
		got := list(ocpp16.CertificateUseCentralSystemRootCertificate)
		if got.Status != ocpp16.GetInstalledCertificateStatusAccepted || len(got.CertificateHashData) != 1 {
			t.Fatalf("M03.FR.01: got %+v", got)
		}
		remove := &ocpp16.DeleteCertificateRequest{CertificateHashData: got.CertificateHashData[0]}
		if got := ask[ocpp16.DeleteCertificateResponse](t, r, remove).Status; got != ocpp16.DeleteCertificateStatusAccepted {
			t.Errorf("M04.FR.02: %v", got)
		}
		if got := ask[ocpp16.DeleteCertificateResponse](t, r, remove).Status; got != ocpp16.DeleteCertificateStatusNotFound {
			t.Errorf("deleted twice: got %v", got)
		}
		for chain, want := range map[string]ocpp16.CertificateSignedStatus{root: ocpp16.CertificateSignedStatusAccepted, "no": ocpp16.CertificateSignedStatusRejected} {
			if got := ask[ocpp16.CertificateSignedResponse](t, r, &ocpp16.CertificateSignedRequest{CertificateChain: chain}).Status; got != want {
				t.Errorf("A02: got %v, want %v", got, want)
			}
		}
	})
}

func TestDataTransfer(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		for vendor, want := range map[string]ocpp16.DataTransferStatus{
			"Simulated": ocpp16.DataTransferStatusUnknownMessageId, "Else": ocpp16.DataTransferStatusUnknownVendorId,
		} {
			if got := ask[ocpp16.DataTransferResponse](t, r, &ocpp16.DataTransferRequest{VendorID: vendor}).Status; got != want {
				t.Errorf("1.6 5.6 %s: got %v, want %v", vendor, got, want)
			}
		}
	})
}

func TestExtendedTrigger16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		for message, want := range map[ocpp16.ExtendedMessageTrigger]ocpp16.TriggerMessageStatus{
			ocpp16.ExtendedMessageTriggerLogStatusNotification:      ocpp16.TriggerMessageStatusAccepted,
			ocpp16.ExtendedMessageTriggerFirmwareStatusNotification: ocpp16.TriggerMessageStatusAccepted,
			ocpp16.ExtendedMessageTriggerSignChargePointCertificate: ocpp16.TriggerMessageStatusNotImplemented,
		} {
			got := ask[ocpp16.ExtendedTriggerMessageResponse](t, r, &ocpp16.ExtendedTriggerMessageRequest{RequestedMessage: message}).Status
			if got != want {
				t.Errorf("F06 %s: got %v, want %v", message, got, want)
			}
		}
		if got := of[*ocpp16.LogStatusNotificationRequest](r.csms); len(got) != 1 || got[0].Status != ocpp16.UploadLogStatusIdle {
			t.Errorf("F06.FR.15: got %+v, want Idle", got)
		}
	})
}

func TestRebootRequired16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		change := &ocpp16.ChangeConfigurationRequest{Key: "ConnectorPhaseRotation", Value: "0.RTS"}
		if got := ask[ocpp16.ChangeConfigurationResponse](t, r, change).Status; got != ocpp16.ConfigurationStatusRebootRequired {
			t.Errorf("1.6 5.3: %v", got)
		}
		read := func() string {
			return *ask[ocpp16.GetConfigurationResponse](t, r, &ocpp16.GetConfigurationRequest{Key: []string{change.Key}}).ConfigurationKey[0].Value
		}
		if got := read(); got != "0.RST" {
			t.Errorf("before the restart: %s", got)
		}
		ask[ocpp16.ResetResponse](t, r, &ocpp16.ResetRequest{Type: ocpp16.ResetTypeHard})
		time.Sleep(30 * time.Second)
		if got := read(); got != "0.RTS" {
			t.Errorf("after the restart: %s", got)
		}
	})
}

// Availability is kept over a restart: 1.6 section 4.2.
func TestAvailabilityIsKept(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		ask[ocpp16.ChangeAvailabilityResponse](t, r, &ocpp16.ChangeAvailabilityRequest{ConnectorID: 1, Type: ocpp16.AvailabilityTypeInoperative})
		r.station.Inject(sim.PowerCut, time.Minute)
		time.Sleep(2 * time.Minute)
		if got := statuses(r); last(got) != "Unavailable" || len(got) != 3 {
			t.Errorf("got statuses %q, want Unavailable after the second boot", got)
		}
	})
}

func TestSamplesAtStop(t *testing.T) {
	config := on16
	config.Quirks.SamplesAtStop = true
	onRig(t, config, func(t *testing.T, r rig) {
		leave(t, r, come(r, 65*time.Second))
		stop := of[*ocpp16.StopTransactionRequest](r.csms)[0]
		if n := len(of[*ocpp16.MeterValuesRequest](r.csms)); n != 0 || len(stop.TransactionData) != 6 {
			t.Errorf("%d samples came before the stop and %d with it, want 0 and 6", n, len(stop.TransactionData))
		}
	})
}

func TestKiloWattHours(t *testing.T) {
	onAll(t, func(c *sim.Config) { c.Quirks.KiloWattHours = true }, func(t *testing.T, r rig) {
		leave(t, r, come(r, time.Minute))
		for _, h := range heardOf(r, "Updated") {
			if h.register > 10 {
				t.Errorf("a sample shows %d kWh", h.register)
			}
		}
	})
}

func TestEveryReconnectBoots(t *testing.T) {
	onAll(t, func(c *sim.Config) { c.Quirks.BootsAlways = true }, func(t *testing.T, r rig) {
		r.station.Drop()
		time.Sleep(10 * time.Second)
		if reasons, _ := boots(r); len(reasons) != 2 {
			t.Errorf("%d boots, want 2", len(reasons))
		}
	})
}
