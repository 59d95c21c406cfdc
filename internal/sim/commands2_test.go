package sim_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/sim"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

func TestReservation2(t *testing.T) {
	on2(t, func(c *sim.Config) { c.Hardware = sim.AC22() }, func(t *testing.T, r rig) {
		token := ocpp21.IDToken{IDToken: card.UID, Type: card.Type}
		reserve := func(id int, evse *int, kind *string, wait time.Duration) ocpp21.ReserveNowStatus {
			return ask[ocpp21.ReserveNowResponse](t, r, &ocpp21.ReserveNowRequest{
				ID: id, EVSEID: evse, ConnectorType: kind, IDToken: token, ExpiryDateTime: schema.TimestampOf(r.clock.Now().Add(wait)),
			}).Status
		}
		if got := reserve(1, nil, new("cCCS2"), time.Hour); got != ocpp21.ReserveNowStatusRejected {
			t.Errorf("H01 a connector that it does not have: %v", got)
		}
		if got := reserve(1, new(2), new("sType2"), time.Hour); got != ocpp21.ReserveNowStatusAccepted {
			t.Fatalf("H01.FR.01: %v", got)
		}
		if got := last(statuses(r)); got != "Reserved" {
			t.Errorf("H01.FR.20: status %s, want Reserved", got)
		}
		start := &ocpp21.RequestStartTransactionRequest{EVSEID: new(2), IDToken: ocpp21.IDToken{IDToken: "OTHER", Type: "Central"}}
		if got := ask[ocpp21.RequestStartTransactionResponse](t, r, start).Status; got != ocpp21.RequestStartStopStatusRejected {
			t.Errorf("H01 remote start for another: %v", got)
		}
		if err := r.station.Charge(r.ctx, sim.Visit{EVSE: 2, Token: card, Car: car, Stay: time.Minute}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		event := of[*ocpp21.TransactionEventRequest](r.csms)[0]
		if event.ReservationID == nil || *event.ReservationID != 1 {
			t.Errorf("H03.FR.01: got %+v, want reservation 1", event)
		}
		reserve(2, nil, nil, time.Minute)
		time.Sleep(2 * time.Minute)
		updates := of[*ocpp21.ReservationStatusUpdateRequest](r.csms)
		if len(updates) != 1 || updates[0].ReservationID != 2 || updates[0].ReservationUpdateStatus != ocpp21.ReservationUpdateStatusExpired {
			t.Errorf("H04.FR.01: got %+v, want reservation 2 expired", updates)
		}
		reserve(3, new(1), nil, time.Hour)
		for _, want := range []ocpp21.CancelReservationStatus{ocpp21.CancelReservationStatusAccepted, ocpp21.CancelReservationStatusRejected} {
			if got := ask[ocpp21.CancelReservationResponse](t, r, &ocpp21.CancelReservationRequest{ReservationID: 3}).Status; got != want {
				t.Errorf("H02: got %v, want %v", got, want)
			}
		}
		if got := last(statuses(r)); got != "Available" {
			t.Errorf("in the end: status %s", got)
		}
	})
}

func TestLocalList2(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		info := &ocpp21.IDTokenInfo{Status: ocpp21.AuthorizationStatusAccepted}
		send := func(version int, kind ocpp21.Update, uid string, info *ocpp21.IDTokenInfo) ocpp21.SendLocalListStatus {
			return ask[ocpp21.SendLocalListResponse](t, r, &ocpp21.SendLocalListRequest{
				VersionNumber: version, UpdateType: kind,
				LocalAuthorizationList: []ocpp21.AuthorizationData{{IDToken: ocpp21.IDToken{IDToken: uid, Type: "ISO14443"}, IDTokenInfo: info}},
			}).Status
		}
		if got := send(3, ocpp21.UpdateFull, card.UID, info); got != ocpp21.SendLocalListStatusAccepted {
			t.Errorf("D01.FR.01: %v", got)
		}
		if got := send(2, ocpp21.UpdateDifferential, card.UID, nil); got != ocpp21.SendLocalListStatusVersionMismatch {
			t.Errorf("D01.FR.18: %v", got)
		}
		if got := ask[ocpp21.GetLocalListVersionResponse](t, r, &ocpp21.GetLocalListVersionRequest{}).VersionNumber; got != 3 {
			t.Errorf("D02.FR.01: version %d, want 3", got)
		}
		set(t, r, "AuthCtrlr", "LocalPreAuthorize", "true")
		leave(t, r, come(r, time.Minute))
		if n := len(of[*ocpp21.AuthorizeRequest](r.csms)); n != 0 {
			t.Errorf("C13.FR.01: %d tokens asked about that are in the list", n)
		}
		set(t, r, "LocalAuthListCtrlr", "Enabled", "false")
		if got := send(4, ocpp21.UpdateFull, card.UID, info); got != ocpp21.SendLocalListStatusFailed {
			t.Errorf("D01.FR.12 not enabled: %v", got)
		}
	})
}

func set(t *testing.T, r rig, component, variable, value string) {
	t.Helper()
	if got := trySet(t, r, component, variable, value); got != ocpp21.SetVariableStatusAccepted {
		t.Fatalf("%s.%s=%s: %v", component, variable, value, got)
	}
}

func trySet(t *testing.T, r rig, component, variable, value string) ocpp21.SetVariableStatus {
	t.Helper()
	return ask[ocpp21.SetVariablesResponse](t, r, &ocpp21.SetVariablesRequest{SetVariableData: []ocpp21.SetVariableData{{
		Component: ocpp21.Component{Name: component}, Variable: ocpp21.Variable{Name: variable}, AttributeValue: value,
	}}}).SetVariableResult[0].AttributeStatus
}

func TestSetVariables(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		tests := []struct {
			component, variable, value string
			want                       ocpp21.SetVariableStatus
		}{
			{"SampledDataCtrlr", "TxUpdatedMeasurands", "Voltage,SoC", ocpp21.SetVariableStatusAccepted},
			{"SampledDataCtrlr", "TxUpdatedMeasurands", "Voltage,Nonsense", ocpp21.SetVariableStatusRejected},
			{"AlignedDataCtrlr", "Interval", "99999999", ocpp21.SetVariableStatusRejected},
			{"ChargingStation", "Model", "Other", ocpp21.SetVariableStatusRejected},
			{"TxCtrlr", "TxStartPoint", "EVConnected", ocpp21.SetVariableStatusRebootRequired},
		}
		for _, tt := range tests {
			if got := trySet(t, r, tt.component, tt.variable, tt.value); got != tt.want {
				t.Errorf("B05 %s.%s=%s: got %v, want %v", tt.component, tt.variable, tt.value, got, tt.want)
			}
		}
		ask[ocpp21.ResetResponse](t, r, &ocpp21.ResetRequest{Type: ocpp21.ResetImmediate})
		time.Sleep(30 * time.Second)
		leave(t, r, come(r, time.Minute))
		if got := of[*ocpp21.TransactionEventRequest](r.csms)[0].TriggerReason; got != ocpp21.TriggerReasonCablePluggedIn {
			t.Errorf("B05.FR.13 after the restart: starts with %v, want CablePluggedIn", got)
		}
	})
}

func TestGetReport(t *testing.T) {
	on2(t, func(c *sim.Config) { c.Hardware = sim.AC22() }, func(t *testing.T, r rig) {
		count := func(request *ocpp21.GetReportRequest) (int, ocpp21.GenericDeviceModelStatus) {
			before := len(of[*ocpp21.NotifyReportRequest](r.csms))
			status := ask[ocpp21.GetReportResponse](t, r, request).Status
			n := 0
			for _, page := range of[*ocpp21.NotifyReportRequest](r.csms)[before:] {
				n += len(page.ReportData)
			}
			return n, status
		}
		named := func(name string, evse *ocpp21.EVSE, variable *ocpp21.Variable) *ocpp21.GetReportRequest {
			return &ocpp21.GetReportRequest{ComponentVariable: []ocpp21.ComponentVariable{{
				Component: ocpp21.Component{Name: name, EVSE: evse}, Variable: variable,
			}}}
		}
		power := &ocpp21.Variable{Name: "Power"}
		tests := []struct {
			name    string
			request *ocpp21.GetReportRequest
			want    int
			status  ocpp21.GenericDeviceModelStatus
		}{
			{"B08 a variable of one EVSE", named("EVSE", &ocpp21.EVSE{ID: 2}, power), 1, ocpp21.GenericDeviceModelStatusAccepted},
			{"B08 a variable of all EVSEs", named("EVSE", nil, power), 2, ocpp21.GenericDeviceModelStatusAccepted},
			{"B08 a component", named("EVSE", &ocpp21.EVSE{ID: 1}, nil), 4, ocpp21.GenericDeviceModelStatusAccepted},
			{"B08.FR.16 none", named("Nonsense", nil, nil), 0, ocpp21.GenericDeviceModelStatusEmptyResultSet},
			{"B08.FR.09 no problems", &ocpp21.GetReportRequest{
				ComponentCriteria: []ocpp21.ComponentCriterion{ocpp21.ComponentCriterionProblem},
			}, 0, ocpp21.GenericDeviceModelStatusEmptyResultSet},
		}
		for _, tt := range tests {
			if n, status := count(tt.request); n != tt.want || status != tt.status {
				t.Errorf("%s: got %d variables, %v; want %d, %v", tt.name, n, status, tt.want, tt.status)
			}
		}
		for base, least := range map[ocpp21.ReportBase]int{
			ocpp21.ReportBaseSummaryInventory: 5, ocpp21.ReportBaseConfigurationInventory: 15, ocpp21.ReportBaseFullInventory: 50,
		} {
			before := len(of[*ocpp21.NotifyReportRequest](r.csms))
			ask[ocpp21.GetBaseReportResponse](t, r, &ocpp21.GetBaseReportRequest{ReportBase: base})
			n := 0
			for _, page := range of[*ocpp21.NotifyReportRequest](r.csms)[before:] {
				n += len(page.ReportData)
			}
			if n < least {
				t.Errorf("B07 %s: %d variables, want at least %d", base, n, least)
			}
		}
	})
}

func monitor(kind ocpp21.Monitor, value int64, variable string) ocpp21.SetMonitoringData {
	c := ocpp21.Component{Name: "EVSE", EVSE: &ocpp21.EVSE{ID: 1}}
	if variable == "AvailabilityState" {
		c = ocpp21.Component{Name: "Connector", EVSE: &ocpp21.EVSE{ID: 1, ConnectorID: new(1)}}
	}
	return ocpp21.SetMonitoringData{Type: kind, Value: decimal.FromInt(value, 0), Severity: 5, Component: c, Variable: ocpp21.Variable{Name: variable}}
}

func TestMonitoring(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		change := monitor(ocpp21.MonitorDelta, 1, "AvailabilityState")
		change.Severity = 6
		asked := []ocpp21.SetMonitoringData{
			monitor(ocpp21.MonitorUpperThreshold, 5000, "Power"),
			change,
			monitor(ocpp21.MonitorUpperThreshold, 6000, "Power"),
			monitor(ocpp21.MonitorUpperThreshold, 1, "AvailabilityState"),
			monitor(ocpp21.MonitorUpperThreshold, 1, "Nonsense"),
			monitor(ocpp21.MonitorLowerThreshold, 1_000_000, "Power"),
		}
		want := []ocpp21.SetMonitoringStatus{
			ocpp21.SetMonitoringStatusAccepted, ocpp21.SetMonitoringStatusAccepted, ocpp21.SetMonitoringStatusDuplicate,
			ocpp21.SetMonitoringStatusUnsupportedMonitorType, ocpp21.SetMonitoringStatusUnknownVariable, ocpp21.SetMonitoringStatusRejected,
		}
		for i, result := range ask[ocpp21.SetVariableMonitoringResponse](t, r, &ocpp21.SetVariableMonitoringRequest{SetMonitoringData: asked}).SetMonitoringResult {
			if result.Status != want[i] {
				t.Errorf("N04 monitor %d: got %v, want %v", i, result.Status, want[i])
			}
		}
		leave(t, r, come(r, time.Minute))
		var got []string
		for _, m := range of[*ocpp21.NotifyEventRequest](r.csms) {
			for _, event := range m.EventData {
				got = append(got, string(event.Trigger)+" "+event.Variable.Name+" "+event.ActualValue)
			}
		}
		if want := []string{
			"Delta AvailabilityState Occupied", "Alerting Power 11040", "Alerting Power 0", "Delta AvailabilityState Available",
		}; !slices.Equal(got, want) {
			t.Errorf("N07: got %q, want %q", got, want)
		}
		report := &ocpp21.GetMonitoringReportRequest{RequestID: 4, MonitoringCriteria: []ocpp21.MonitoringCriterion{ocpp21.MonitoringCriterionDeltaMonitoring}}
		if got := ask[ocpp21.GetMonitoringReportResponse](t, r, report).Status; got != ocpp21.GenericDeviceModelStatusAccepted {
			t.Errorf("N02: %v", got)
		}
		if pages := reports(r); !slices.Equal(pages, []int{1}) {
			t.Errorf("N02.FR.01: got reports of %v monitors, want one of one", pages)
		}
		clear := ask[ocpp21.ClearVariableMonitoringResponse](t, r, &ocpp21.ClearVariableMonitoringRequest{ID: []int{2, 9}}).ClearMonitoringResult
		if clear[0].Status != ocpp21.ClearMonitoringStatusAccepted || clear[1].Status != ocpp21.ClearMonitoringStatusNotFound {
			t.Errorf("N06: got %+v", clear)
		}
		if got := ask[ocpp21.GetMonitoringReportResponse](t, r, report).Status; got != ocpp21.GenericDeviceModelStatusEmptyResultSet {
			t.Errorf("N02.FR.12 none left: %v", got)
		}
	})
}

// reports returns how many monitors each report had.
func reports(r rig) []int {
	var out []int
	for _, m := range of[*ocpp21.NotifyMonitoringReportRequest](r.csms) {
		out = append(out, len(m.Monitor))
	}
	for _, m := range of[*ocpp201.NotifyMonitoringReportRequest](r.csms) {
		out = append(out, len(m.Monitor))
	}
	return out
}

func TestMonitoringByTheClock(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		ask[ocpp21.SetVariableMonitoringResponse](t, r, &ocpp21.SetVariableMonitoringRequest{SetMonitoringData: []ocpp21.SetMonitoringData{
			monitor(ocpp21.MonitorPeriodic, 60, "Power"),
		}})
		time.Sleep(5*time.Minute + time.Second)
		if n := len(of[*ocpp21.NotifyEventRequest](r.csms)); n != 5 {
			t.Errorf("N08.FR.01: %d events in five minutes of 60 s each, want 5", n)
		}
		if got := ask[ocpp21.SetMonitoringLevelResponse](t, r, &ocpp21.SetMonitoringLevelRequest{Severity: 4}).Status; got != ocpp21.GenericStatusAccepted {
			t.Errorf("N05: %v", got)
		}
		time.Sleep(5 * time.Minute)
		if n := len(of[*ocpp21.NotifyEventRequest](r.csms)); n != 5 {
			t.Errorf("N05.FR.01: %d more events that are less severe than wanted", n-5)
		}
		if got := ask[ocpp21.SetMonitoringLevelResponse](t, r, &ocpp21.SetMonitoringLevelRequest{Severity: 10}).Status; got != ocpp21.GenericStatusRejected {
			t.Errorf("N05.FR.02: %v", got)
		}
		ask[ocpp21.SetMonitoringLevelResponse](t, r, &ocpp21.SetMonitoringLevelRequest{Severity: 9})
		ask[ocpp21.SetMonitoringBaseResponse](t, r, &ocpp21.SetMonitoringBaseRequest{MonitoringBase: ocpp21.MonitoringBaseFactoryDefault})
		time.Sleep(5 * time.Minute)
		if n := len(of[*ocpp21.NotifyEventRequest](r.csms)); n != 5 {
			t.Errorf("N03.FR.04: %d events of a monitor that is gone", n-5)
		}
	})
}

func TestStatusByEvent(t *testing.T) {
	on2(t, func(c *sim.Config) { c.Quirks.StatusByEvent = true }, func(t *testing.T, r rig) {
		leave(t, r, come(r, time.Minute))
		got := names(r, func(m *ocpp21.NotifyEventRequest) string { return m.EventData[0].ActualValue })
		if want := []string{"Available", "Occupied", "Available"}; !slices.Equal(got, want) || len(statuses(r)) != 0 {
			t.Errorf("G01.FR.03: got events %q and statuses %q, want %q", got, statuses(r), want)
		}
	})
}

func TestFirmware2(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		update := &ocpp21.UpdateFirmwareRequest{RequestID: 6, Firmware: ocpp21.Firmware{
			Location: "https://example.org/f", RetrieveDateTime: schema.TimestampOf(r.clock.Now().Add(time.Minute)), Signature: new("s"), SigningCertificate: new("c"),
		}}
		if got := ask[ocpp21.UpdateFirmwareResponse](t, r, update).Status; got != ocpp21.UpdateFirmwareStatusAccepted {
			t.Errorf("L01.FR.20: %v", got)
		}
		left := come(r, 5*time.Minute) // it is installed when the driver has left
		leave(t, r, left)
		time.Sleep(5 * time.Minute)
		got := names(r, func(m *ocpp21.FirmwareStatusNotificationRequest) string { return string(m.Status) })
		want := []string{"DownloadScheduled", "Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed"}
		if !slices.Equal(got, want) {
			t.Errorf("L01: got %q, want %q", got, want)
		}
		reasons, _ := boots(r)
		if last(reasons) != "FirmwareUpdate" || r.station.Truth()[0].Reason != "Local" {
			t.Errorf("L01.FR.06: booted for %q, the session ended for %s", reasons, r.station.Truth()[0].Reason)
		}
	})
}

func TestLogs2(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		request := &ocpp21.GetLogRequest{LogType: ocpp21.LogDiagnosticsLog, RequestID: 3, Log: ocpp21.LogParameters{RemoteLocation: "https://example.org/"}}
		if got := ask[ocpp21.GetLogResponse](t, r, request); got.Status != ocpp21.LogStatusAccepted || got.Filename == nil {
			t.Errorf("N01.FR.04: got %+v", got)
		}
		if got := ask[ocpp21.GetLogResponse](t, r, request).Status; got != ocpp21.LogStatusAcceptedCanceled {
			t.Errorf("N01.FR.12: %v", got)
		}
		time.Sleep(time.Minute)
		got := names(r, func(m *ocpp21.LogStatusNotificationRequest) string { return string(m.Status) })
		if want := []string{"Uploading", "Uploading", "Uploaded"}; !slices.Equal(got, want) {
			t.Errorf("N01: got %q, want %q", got, want)
		}
	})
}

func TestCertificates2(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		root := newCertificate(t)
		install := &ocpp21.InstallCertificateRequest{CertificateType: ocpp21.InstallCertificateUseCSMSRootCertificate, Certificate: root}
		if got := ask[ocpp21.InstallCertificateResponse](t, r, install).Status; got != ocpp21.InstallCertificateStatusAccepted {
			t.Errorf("M05: %v", got)
		}
		got := ask[ocpp21.GetInstalledCertificateIdsResponse](t, r, &ocpp21.GetInstalledCertificateIdsRequest{})
		if got.Status != ocpp21.GetInstalledCertificateStatusAccepted || len(got.CertificateHashDataChain) != 1 {
			t.Fatalf("M03.FR.03: got %+v", got)
		}
		remove := &ocpp21.DeleteCertificateRequest{CertificateHashData: got.CertificateHashDataChain[0].CertificateHashData}
		for _, want := range []ocpp21.DeleteCertificateStatus{ocpp21.DeleteCertificateStatusAccepted, ocpp21.DeleteCertificateStatusNotFound} {
			if got := ask[ocpp21.DeleteCertificateResponse](t, r, remove).Status; got != want {
				t.Errorf("M04: got %v, want %v", got, want)
			}
		}
		if got := ask[ocpp21.CertificateSignedResponse](t, r, &ocpp21.CertificateSignedRequest{CertificateChain: root}).Status; got != ocpp21.CertificateSignedStatusAccepted {
			t.Errorf("A02: %v", got)
		}
	})
}

func TestDisplayMessages(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		show := func(id int, format ocpp21.MessageFormat, transaction *string) ocpp21.DisplayMessageStatus {
			return ask[ocpp21.SetDisplayMessageResponse](t, r, &ocpp21.SetDisplayMessageRequest{Message: ocpp21.MessageInfo{
				ID: id, Priority: ocpp21.MessagePriorityNormalCycle, TransactionID: transaction,
				Message: ocpp21.MessageContent{Format: format, Content: "hello"},
			}}).Status
		}
		if got := show(1, ocpp21.MessageFormatUTF8, nil); got != ocpp21.DisplayMessageStatusAccepted {
			t.Errorf("O01: %v", got)
		}
		if got := show(2, ocpp21.MessageFormatHTML, nil); got != ocpp21.DisplayMessageStatusNotSupportedMessageFormat {
			t.Errorf("a format the station does not show: got %v", got)
		}
		if got := show(3, ocpp21.MessageFormatASCII, new("none")); got != ocpp21.DisplayMessageStatusUnknownTransaction {
			t.Errorf("a message for no transaction: got %v", got)
		}
		if got := ask[ocpp21.GetDisplayMessagesResponse](t, r, &ocpp21.GetDisplayMessagesRequest{RequestID: 1}).Status; got != ocpp21.GetDisplayMessagesStatusAccepted {
			t.Errorf("O03: %v", got)
		}
		if got := of[*ocpp21.NotifyDisplayMessagesRequest](r.csms); len(got) != 1 || len(got[0].MessageInfo) != 1 || got[0].MessageInfo[0].ID != 1 {
			t.Errorf("got %+v", got)
		}
		for _, want := range []ocpp21.ClearMessageStatus{ocpp21.ClearMessageStatusAccepted, ocpp21.ClearMessageStatusUnknown} {
			if got := ask[ocpp21.ClearDisplayMessageResponse](t, r, &ocpp21.ClearDisplayMessageRequest{ID: 1}).Status; got != want {
				t.Errorf("O05: got %v, want %v", got, want)
			}
		}
		if got := ask[ocpp21.GetDisplayMessagesResponse](t, r, &ocpp21.GetDisplayMessagesRequest{RequestID: 1}).Status; got != ocpp21.GetDisplayMessagesStatusUnknown {
			t.Errorf("no message left: got %v", got)
		}
		ask[ocpp21.CostUpdatedResponse](t, r, &ocpp21.CostUpdatedRequest{TotalCost: decimal.FromInt(1, 0), TransactionID: "x"})
		if got := ask[ocpp21.DataTransferResponse](t, r, &ocpp21.DataTransferRequest{VendorID: "x"}).Status; got != ocpp21.DataTransferStatusUnknownVendorId {
			t.Errorf("P01.FR.05: %v", got)
		}
	})
}

func TestNetworkProfileIsUsedAfterReset(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		profile := func(slot int, url string) ocpp21.SetNetworkProfileStatus {
			return ask[ocpp21.SetNetworkProfileResponse](t, r, &ocpp21.SetNetworkProfileRequest{ConfigurationSlot: slot, ConnectionData: ocpp21.NetworkConnectionProfile{
				OCPPInterface: ocpp21.OCPPInterfaceWired0, OCPPTransport: ocpp21.OCPPTransportJSON, OCPPVersion: new(ocpp21.OCPPVersionOCPP20),
				MessageTimeout: 30, OCPPCSMSURL: url, SecurityProfile: 1,
			}}).Status
		}
		if got := profile(1, "http://example.org/"); got != ocpp21.SetNetworkProfileStatusRejected {
			t.Errorf("B09.FR.02: %v", got)
		}
		if got := profile(1, "ws://elsewhere.example:80/ocpp"); got != ocpp21.SetNetworkProfileStatusAccepted {
			t.Errorf("B09.FR.01: %v", got)
		}
		if got := trySet(t, r, "OCPPCommCtrlr", "NetworkConfigurationPriority", "1,0"); got != ocpp21.SetVariableStatusRebootRequired {
			t.Errorf("B10: %v", got)
		}
		ask[ocpp21.ResetResponse](t, r, &ocpp21.ResetRequest{Type: ocpp21.ResetImmediate})
		time.Sleep(30 * time.Second)
		if got := r.host(); got != "elsewhere.example:80" {
			t.Errorf("B10.FR.04: connected to %s", got)
		}
	})
}

func TestCustomerInformation(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		leave(t, r, come(r, time.Minute))
		request := &ocpp21.CustomerInformationRequest{RequestID: 1, Report: true, Clear: true, IDToken: &ocpp21.IDToken{IDToken: card.UID, Type: card.Type}}
		for range 2 {
			if got := ask[ocpp21.CustomerInformationResponse](t, r, request).Status; got != ocpp21.CustomerInformationStatusAccepted {
				t.Errorf("N09: %v", got)
			}
		}
		got := of[*ocpp21.NotifyCustomerInformationRequest](r.csms)
		if len(got) != 2 || got[0].Data == "" || got[1].Data != "" {
			t.Errorf("N10: got %+v, want it told and then forgotten", got)
		}
	})
}

func TestResetOfOneEVSE(t *testing.T) {
	on2(t, func(c *sim.Config) { c.Hardware = sim.AC22() }, func(t *testing.T, r rig) {
		for evse := range 2 {
			go func() {
				_ = r.station.Charge(r.ctx, sim.Visit{EVSE: evse + 1, Token: sim.Token{UID: "04" + string(rune('A'+evse)), Type: "ISO14443"}, Car: car, Stay: time.Hour})
			}()
		}
		time.Sleep(time.Minute)
		if got := ask[ocpp21.ResetResponse](t, r, &ocpp21.ResetRequest{Type: ocpp21.ResetImmediate, EVSEID: new(2)}).Status; got != ocpp21.ResetStatusAccepted {
			t.Errorf("B12.FR.07: %v", got)
		}
		if got := ask[ocpp21.ResetResponse](t, r, &ocpp21.ResetRequest{Type: ocpp21.ResetImmediate, EVSEID: new(3)}).Status; got != ocpp21.ResetStatusRejected {
			t.Errorf("B12 unknown EVSE: %v", got)
		}
		time.Sleep(time.Minute)
		for _, session := range r.station.Truth() {
			if session.Running() != (session.EVSE == 1) {
				t.Errorf("B12.FR.08 EVSE %d: running %v", session.EVSE, session.Running())
			}
		}
		if reasons, _ := boots(r); len(reasons) != 1 {
			t.Errorf("%d boots, want 1", len(reasons))
		}
	})
}

func TestImmediateAndResume(t *testing.T) {
	onRig(t, on21, func(t *testing.T, r rig) {
		left := come(r, 5*time.Minute)
		time.Sleep(time.Minute)
		if got := ask[ocpp21.ResetResponse](t, r, &ocpp21.ResetRequest{Type: ocpp21.ResetImmediateAndResume}).Status; got != ocpp21.ResetStatusAccepted {
			t.Errorf("2.1 B12: %v", got)
		}
		leave(t, r, left)
		triggers := names(r, func(m *ocpp21.TransactionEventRequest) string { return string(m.TriggerReason) })
		if reasons, _ := boots(r); len(reasons) != 2 || !slices.Contains(triggers, "TxResumed") || len(heardOf(r, "Ended")) != 1 {
			t.Errorf("2.1 E16: %d boots, events %q; want two boots and TxResumed", len(reasons), triggers)
		}
	})
}

func TestTriggerMessage2(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		count := func() int { return len(r.all()) }
		tests := []struct {
			message ocpp21.MessageTrigger
			want    ocpp21.TriggerMessageStatus
			more    int
		}{
			{ocpp21.MessageTriggerHeartbeat, ocpp21.TriggerMessageStatusAccepted, 1},
			{ocpp21.MessageTriggerMeterValues, ocpp21.TriggerMessageStatusAccepted, 1},
			{ocpp21.MessageTriggerStatusNotification, ocpp21.TriggerMessageStatusAccepted, 1},
			{ocpp21.MessageTriggerFirmwareStatusNotification, ocpp21.TriggerMessageStatusAccepted, 1},
			{ocpp21.MessageTriggerLogStatusNotification, ocpp21.TriggerMessageStatusAccepted, 1},
			{ocpp21.MessageTriggerBootNotification, ocpp21.TriggerMessageStatusRejected, 0}, // F06.FR.17
			{ocpp21.MessageTriggerSignV2GCertificate, ocpp21.TriggerMessageStatusNotImplemented, 0},
		}
		synctest.Wait()
		for _, tt := range tests {
			before := count()
			if got := ask[ocpp21.TriggerMessageResponse](t, r, &ocpp21.TriggerMessageRequest{RequestedMessage: tt.message}).Status; got != tt.want {
				t.Errorf("F06 %s: got %v, want %v", tt.message, got, tt.want)
			}
			if got := count() - before; got != tt.more {
				t.Errorf("F06 %s: %d messages, want %d", tt.message, got, tt.more)
			}
		}
		left := come(r, time.Minute)
		time.Sleep(5 * time.Second)
		ask[ocpp21.TriggerMessageResponse](t, r, &ocpp21.TriggerMessageRequest{RequestedMessage: ocpp21.MessageTriggerTransactionEvent})
		if got := last(of[*ocpp21.TransactionEventRequest](r.csms)); got.TriggerReason != ocpp21.TriggerReasonTrigger || len(got.MeterValue) != 1 {
			t.Errorf("F06.FR.07: got %+v", got)
		}
		leave(t, r, left)
	})
}

// A second remote start in the place of a driver who waits: the id of a transaction
// that began with the cable is told.
func TestRemoteStartTellsTheRunningTransaction(t *testing.T) {
	on2(t, func(c *sim.Config) { c.StartWhenConnected = true }, func(t *testing.T, r rig) {
		go func() { _ = r.station.Charge(r.ctx, sim.Visit{Car: car, Stay: time.Minute}) }()
		time.Sleep(5 * time.Second)
		start := &ocpp21.RequestStartTransactionRequest{RemoteStartID: 1, IDToken: ocpp21.IDToken{IDToken: "APP-1", Type: "Central"}}
		got := ask[ocpp21.RequestStartTransactionResponse](t, r, start)
		if got.TransactionID == nil || *got.TransactionID != r.station.Truth()[0].TransactionID {
			t.Errorf("F01.FR.13: got %+v", got)
		}
		time.Sleep(2 * time.Minute)
		if err := r.station.Charge(r.ctx, sim.Visit{Car: car}); !errors.Is(err, sim.ErrNobodyStarted) || last(r.station.Truth()).Reason != "Timeout" {
			t.Errorf("E03.FR.05: %v, ended for %s; want a time-out", err, last(r.station.Truth()).Reason)
		}
	})
}
