package sim_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
)

func TestRemoteStartAndStop16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		var started ocpp16.RemoteStartTransactionResponse
		start := &ocpp16.RemoteStartTransactionRequest{IDTag: "APP-1", ConnectorID: new(1)}
		if err := r.command(r.ctx, "CP-1", start, &started); err != nil || started.Status != ocpp16.RemoteStartStopStatusAccepted {
			t.Fatalf("start: %v, %v", started.Status, err)
		}
		time.Sleep(30 * time.Second)
		if err := r.command(r.ctx, "CP-1", start, &started); err != nil || started.Status != ocpp16.RemoteStartStopStatusRejected {
			t.Errorf("start on a connector in use: %v, %v", started.Status, err)
		}
		var stopped ocpp16.RemoteStopTransactionResponse
		if err := r.command(r.ctx, "CP-1", &ocpp16.RemoteStopTransactionRequest{TransactionID: 77}, &stopped); err != nil ||
			stopped.Status != ocpp16.RemoteStartStopStatusRejected {
			t.Errorf("stop of an unknown transaction: %v, %v", stopped.Status, err)
		}
		truth := r.station.Truth()[0]
		id, err := strconv.Atoi(truth.TransactionID)
		if err != nil || truth.Token != "APP-1" || !truth.Running() {
			t.Fatalf("got session %+v", truth)
		}
		if err := r.command(r.ctx, "CP-1", &ocpp16.RemoteStopTransactionRequest{TransactionID: id}, &stopped); err != nil ||
			stopped.Status != ocpp16.RemoteStartStopStatusAccepted {
			t.Fatalf("stop: %v, %v", stopped.Status, err)
		}
		time.Sleep(5 * time.Second)
		if got := r.station.Truth()[0].Reason; got != "Remote" {
			t.Errorf("ended for %q, want Remote", got)
		}
		if stops := of[*ocpp16.StopTransactionRequest](r.csms); len(stops) != 1 || *stops[0].Reason != ocpp16.ReasonRemote || stops[0].IDTag != nil {
			t.Errorf("got stops %+v, want one, Remote, without idTag", stops)
		}
	})
}

func TestRemoteStartAndStop201(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		waiting := make(chan error, 1)
		go func() { waiting <- r.station.Charge(r.ctx, sim.Visit{Car: car, Stay: time.Hour}) }()
		time.Sleep(10 * time.Second)
		var started ocpp21.RequestStartTransactionResponse
		start := &ocpp21.RequestStartTransactionRequest{
			IDToken: ocpp21.IDToken{IDToken: "APP-1", Type: "Central"}, RemoteStartID: 42, EVSEID: new(1),
		}
		if err := r.command(r.ctx, "CP-1", start, &started); err != nil || started.Status != ocpp21.RequestStartStopStatusAccepted {
			t.Fatalf("F02 start for a driver who waits: %v, %v", started.Status, err)
		}
		time.Sleep(30 * time.Second)
		events := of[*ocpp21.TransactionEventRequest](r.csms)
		if len(events) == 0 || events[0].TriggerReason != ocpp21.TriggerReasonRemoteStart ||
			events[0].TransactionInfo.RemoteStartID == nil || *events[0].TransactionInfo.RemoteStartID != 42 {
			t.Fatalf("F02.FR.21: got first event %+v, want RemoteStart with remoteStartId 42", events)
		}
		var stopped ocpp21.RequestStopTransactionResponse
		stop := &ocpp21.RequestStopTransactionRequest{TransactionID: events[0].TransactionInfo.TransactionID}
		if err := r.command(r.ctx, "CP-1", stop, &stopped); err != nil || stopped.Status != ocpp21.RequestStartStopStatusAccepted {
			t.Fatalf("F03 stop: %v, %v", stopped.Status, err)
		}
		if err := <-waiting; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		events = of[*ocpp21.TransactionEventRequest](r.csms)
		last := events[len(events)-1]
		if last.EventType != ocpp21.TransactionEventEnded || last.TriggerReason != ocpp21.TriggerReasonRemoteStop ||
			*last.TransactionInfo.StoppedReason != ocpp21.ReasonRemote {
			t.Errorf("F03.FR.03: got last event %+v", last)
		}
	})
}

func TestResetEndsTransactionsAndBootsAgain(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		go func() { _ = r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Hour}) }()
		time.Sleep(30 * time.Second)
		var response ocpp21.ResetResponse
		if err := r.command(r.ctx, "CP-1", &ocpp21.ResetRequest{Type: ocpp21.ResetImmediate}, &response); err != nil ||
			response.Status != ocpp21.ResetStatusAccepted {
			t.Fatalf("B12: %v, %v", response.Status, err)
		}
		time.Sleep(30 * time.Second)
		boots := of[*ocpp21.BootNotificationRequest](r.csms)
		if len(boots) != 2 || boots[1].Reason != ocpp21.BootReasonRemoteReset {
			t.Errorf("B11: got boots %+v, want a second for RemoteReset", boots)
		}
		if truth := r.station.Truth()[0]; truth.Reason != "ImmediateReset" || !truth.Messages[len(truth.Messages)-1].Acknowledged {
			t.Errorf("B12.FR.04: got %+v, want the session ended and told", truth)
		}
	})
}

func TestResetOnIdleWaits(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		go func() { _ = r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: 5 * time.Minute}) }()
		time.Sleep(30 * time.Second)
		var response ocpp21.ResetResponse
		if err := r.command(r.ctx, "CP-1", &ocpp21.ResetRequest{Type: ocpp21.ResetOnIdle}, &response); err != nil ||
			response.Status != ocpp21.ResetStatusScheduled {
			t.Fatalf("B12.FR.01: %v, %v", response.Status, err)
		}
		time.Sleep(10 * time.Minute)
		if got := r.station.Truth()[0].Reason; got != "Local" {
			t.Errorf("B12.FR.03: ended for %q, want Local", got)
		}
		if boots := of[*ocpp21.BootNotificationRequest](r.csms); len(boots) != 2 {
			t.Errorf("%d boots, want 2", len(boots))
		}
	})
}

func TestReset16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		go func() { _ = r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Hour}) }()
		time.Sleep(30 * time.Second)
		if err := r.command(r.ctx, "CP-1", &ocpp16.ResetRequest{Type: ocpp16.ResetTypeSoft}, &ocpp16.ResetResponse{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if stops := of[*ocpp16.StopTransactionRequest](r.csms); len(stops) != 1 || *stops[0].Reason != ocpp16.ReasonSoftReset {
			t.Errorf("5.14: got stops %+v, want one for SoftReset", stops)
		}
		if boots := of[*ocpp16.BootNotificationRequest](r.csms); len(boots) != 2 {
			t.Errorf("%d boots, want 2", len(boots))
		}
	})
}

func TestChangeAvailability(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		done := make(chan error, 1)
		go func() { done <- r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Minute}) }()
		time.Sleep(10 * time.Second)
		set := func(status ocpp21.OperationalStatus, evse *ocpp21.EVSE) ocpp21.ChangeAvailabilityStatus {
			var response ocpp21.ChangeAvailabilityResponse
			if err := r.command(r.ctx, "CP-1", &ocpp21.ChangeAvailabilityRequest{OperationalStatus: status, EVSE: evse}, &response); err != nil {
				t.Fatal(err)
			}
			return response.Status
		}
		if got := set(ocpp21.OperationalStatusInoperative, &ocpp21.EVSE{ID: 9}); got != ocpp21.ChangeAvailabilityStatusRejected {
			t.Errorf("unknown EVSE: %v", got)
		}
		if got := set(ocpp21.OperationalStatusInoperative, nil); got != ocpp21.ChangeAvailabilityStatusScheduled {
			t.Errorf("G03.FR.05 during a transaction: %v", got)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := lastStatus(r); got != ocpp21.ConnectorStatusUnavailable {
			t.Errorf("G03.FR.05 after the transaction: %v", got)
		}
		if err := r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car}); !errors.Is(err, sim.ErrOccupied) {
			t.Errorf("visit while out of service: %v", err)
		}
		if got := set(ocpp21.OperationalStatusOperative, nil); got != ocpp21.ChangeAvailabilityStatusAccepted {
			t.Errorf("back in service: %v", got)
		}
		synctest.Wait()
		if got := lastStatus(r); got != ocpp21.ConnectorStatusAvailable {
			t.Errorf("G03.FR.04 back in service: %v", got)
		}
	})
}

func lastStatus(r rig) ocpp21.ConnectorStatus {
	statuses := of[*ocpp21.StatusNotificationRequest](r.csms)
	return statuses[len(statuses)-1].ConnectorStatus
}

func TestUnlockConnector(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		go func() { _ = r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Hour}) }()
		time.Sleep(10 * time.Second)
		var response ocpp16.UnlockConnectorResponse
		if err := r.command(r.ctx, "CP-1", &ocpp16.UnlockConnectorRequest{ConnectorID: 1}, &response); err != nil ||
			response.Status != ocpp16.UnlockStatusUnlocked {
			t.Fatalf("5.18: %v, %v", response.Status, err)
		}
		time.Sleep(10 * time.Second)
		if got := r.station.Truth()[0].Reason; got != "UnlockCommand" {
			t.Errorf("5.18: ended for %q, want UnlockCommand", got)
		}
	})
	on2(t, nil, func(t *testing.T, r rig) {
		go func() { _ = r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Hour}) }()
		time.Sleep(10 * time.Second)
		var response ocpp21.UnlockConnectorResponse
		if err := r.command(r.ctx, "CP-1", &ocpp21.UnlockConnectorRequest{EVSEID: 1, ConnectorID: 1}, &response); err != nil ||
			response.Status != ocpp21.UnlockStatusOngoingAuthorizedTransaction {
			t.Errorf("F05.FR.02: %v, %v", response.Status, err)
		}
	})
}

func TestConfiguration16(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		var all, some ocpp16.GetConfigurationResponse
		if err := r.command(r.ctx, "CP-1", &ocpp16.GetConfigurationRequest{}, &all); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(all.ConfigurationKey, func(kv ocpp16.KeyValue) bool { return kv.Key == "AuthorizationKey" }) {
			t.Error("errata 3.12: the password can be read")
		}
		if len(all.ConfigurationKey) < 10 {
			t.Errorf("only %d keys", len(all.ConfigurationKey))
		}
		if err := r.command(r.ctx, "CP-1", &ocpp16.GetConfigurationRequest{Key: []string{"NumberOfConnectors", "Nonsense"}}, &some); err != nil {
			t.Fatal(err)
		}
		if len(some.ConfigurationKey) != 1 || *some.ConfigurationKey[0].Value != "1" || !slices.Equal(some.UnknownKey, []string{"Nonsense"}) {
			t.Errorf("got %+v", some)
		}
		tests := []struct {
			key, value string
			want       ocpp16.ConfigurationStatus
		}{
			{"MeterValueSampleInterval", "5", ocpp16.ConfigurationStatusAccepted},
			{"MeterValueSampleInterval", "-1", ocpp16.ConfigurationStatusRejected},
			{"StopTransactionOnInvalidId", "maybe", ocpp16.ConfigurationStatusRejected},
			{"NumberOfConnectors", "2", ocpp16.ConfigurationStatusRejected},
			{"Nonsense", "1", ocpp16.ConfigurationStatusNotSupported},
		}
		for _, tt := range tests {
			var response ocpp16.ChangeConfigurationResponse
			if err := r.command(r.ctx, "CP-1", &ocpp16.ChangeConfigurationRequest{Key: tt.key, Value: tt.value}, &response); err != nil || response.Status != tt.want {
				t.Errorf("%s=%s: got %v, %v, want %v", tt.key, tt.value, response.Status, err, tt.want)
			}
		}
	})
}

func TestNewPasswordIsUsedAtOnce(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		change := &ocpp16.ChangeConfigurationRequest{Key: "AuthorizationKey", Value: "00112233445566778899AABBCCDDEEFF"}
		var response ocpp16.ChangeConfigurationResponse
		if err := r.command(r.ctx, "CP-1", change, &response); err != nil || response.Status != ocpp16.ConfigurationStatusAccepted {
			t.Fatalf("got %v, %v", response.Status, err)
		}
		time.Sleep(5 * time.Second)
		handshakes, password := r.logins()
		if handshakes != 2 {
			t.Errorf("%d connections, want 2", handshakes)
		}
		if want := "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"; password != want {
			t.Errorf("logged in with %q, want %q", password, want)
		}
	})
}

func TestVariables201(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		asked := &ocpp21.GetVariablesRequest{GetVariableData: []ocpp21.GetVariableData{
			{Component: ocpp21.Component{Name: "SampledDataCtrlr"}, Variable: ocpp21.Variable{Name: "TxUpdatedInterval"}},
			{Component: ocpp21.Component{Name: "Connector", EVSE: &ocpp21.EVSE{ID: 1, ConnectorID: new(1)}}, Variable: ocpp21.Variable{Name: "AvailabilityState"}},
			{Component: ocpp21.Component{Name: "SecurityCtrlr"}, Variable: ocpp21.Variable{Name: "BasicAuthPassword"}},
			{Component: ocpp21.Component{Name: "SampledDataCtrlr"}, Variable: ocpp21.Variable{Name: "Nonsense"}},
			{Component: ocpp21.Component{Name: "Nonsense"}, Variable: ocpp21.Variable{Name: "TxUpdatedInterval"}},
		}}
		var got ocpp21.GetVariablesResponse
		if err := r.command(r.ctx, "CP-1", asked, &got); err != nil {
			t.Fatal(err)
		}
		want := []struct {
			status ocpp21.GetVariableStatus
			value  string
		}{
			{ocpp21.GetVariableStatusAccepted, "10"},
			{ocpp21.GetVariableStatusAccepted, "Available"},
			{ocpp21.GetVariableStatusRejected, ""}, // B06.FR.09 write only
			{ocpp21.GetVariableStatusUnknownVariable, ""},
			{ocpp21.GetVariableStatusUnknownComponent, ""},
		}
		for i, result := range got.GetVariableResult {
			value := ""
			if result.AttributeValue != nil {
				value = *result.AttributeValue
			}
			if result.AttributeStatus != want[i].status || value != want[i].value {
				t.Errorf("%s.%s: got %v %q, want %v %q", result.Component.Name, result.Variable.Name,
					result.AttributeStatus, value, want[i].status, want[i].value)
			}
		}
		set := &ocpp21.SetVariablesRequest{SetVariableData: []ocpp21.SetVariableData{
			{Component: ocpp21.Component{Name: "SampledDataCtrlr"}, Variable: ocpp21.Variable{Name: "TxUpdatedInterval"}, AttributeValue: "60"},
			{Component: ocpp21.Component{Name: "SampledDataCtrlr"}, Variable: ocpp21.Variable{Name: "TxUpdatedInterval"}, AttributeValue: "soon"},
			{Component: ocpp21.Component{Name: "Nonsense"}, Variable: ocpp21.Variable{Name: "TxUpdatedInterval"}, AttributeValue: "60"},
		}}
		var setTo ocpp21.SetVariablesResponse
		if err := r.command(r.ctx, "CP-1", set, &setTo); err != nil {
			t.Fatal(err)
		}
		statuses := []ocpp21.SetVariableStatus{
			ocpp21.SetVariableStatusAccepted, ocpp21.SetVariableStatusRejected, ocpp21.SetVariableStatusUnknownComponent,
		}
		for i, result := range setTo.SetVariableResult {
			if result.AttributeStatus != statuses[i] {
				t.Errorf("set %d: got %v, want %v", i, result.AttributeStatus, statuses[i])
			}
		}
	})
}

func TestBaseReportComesInPages(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		var response ocpp21.GetBaseReportResponse
		ask := &ocpp21.GetBaseReportRequest{RequestID: 7, ReportBase: ocpp21.ReportBaseFullInventory}
		if err := r.command(r.ctx, "CP-1", ask, &response); err != nil || response.Status != ocpp21.GenericDeviceModelStatusAccepted {
			t.Fatalf("B07: %v, %v", response.Status, err)
		}
		synctest.Wait()
		pages := of[*ocpp21.NotifyReportRequest](r.csms)
		if len(pages) < 2 {
			t.Fatalf("%d pages, want several", len(pages))
		}
		for i, page := range pages {
			more := page.TBC != nil && *page.TBC
			if page.RequestID != 7 || page.SeqNo != i || more != (i < len(pages)-1) {
				t.Errorf("B07.FR.10 page %d: requestId %d, seqNo %d, tbc %v", i, page.RequestID, page.SeqNo, more)
			}
		}
	})
}

func TestTriggerMessage(t *testing.T) {
	onRig(t, on16, func(t *testing.T, r rig) {
		tests := []struct {
			message ocpp16.MessageTrigger
			want    ocpp16.TriggerMessageStatus
			count   func() int
		}{
			{ocpp16.MessageTriggerHeartbeat, ocpp16.TriggerMessageStatusAccepted, func() int { return len(of[*ocpp16.HeartbeatRequest](r.csms)) }},
			{ocpp16.MessageTriggerStatusNotification, ocpp16.TriggerMessageStatusAccepted, func() int { return len(of[*ocpp16.StatusNotificationRequest](r.csms)) - 1 }},
			{ocpp16.MessageTriggerMeterValues, ocpp16.TriggerMessageStatusAccepted, func() int { return len(of[*ocpp16.MeterValuesRequest](r.csms)) }},
			{ocpp16.MessageTriggerBootNotification, ocpp16.TriggerMessageStatusAccepted, func() int { return len(of[*ocpp16.BootNotificationRequest](r.csms)) - 1 }},
			{ocpp16.MessageTriggerDiagnosticsStatusNotification, ocpp16.TriggerMessageStatusAccepted, func() int { return len(of[*ocpp16.DiagnosticsStatusNotificationRequest](r.csms)) }},
			{ocpp16.MessageTriggerFirmwareStatusNotification, ocpp16.TriggerMessageStatusAccepted, func() int { return len(of[*ocpp16.FirmwareStatusNotificationRequest](r.csms)) }},
		}
		for _, tt := range tests {
			var response ocpp16.TriggerMessageResponse
			if err := r.command(r.ctx, "CP-1", &ocpp16.TriggerMessageRequest{RequestedMessage: tt.message}, &response); err != nil || response.Status != tt.want {
				t.Errorf("%s: got %v, %v, want %v", tt.message, response.Status, err, tt.want)
			}
			synctest.Wait()
			if got := tt.count(); got != 1 {
				t.Errorf("%s came %d times, want once", tt.message, got)
			}
		}
	})
}

func TestRefusedCommands(t *testing.T) {
	tests := []struct {
		name    string
		config  sim.Config
		action  string
		payload string
		want    ocppj.ErrorCode
	}{
		{"unknown action", on16, "MakeCoffee", `{}`, ocppj.NotImplemented},
		{"unknown action", on201, "MakeCoffee", `{}`, ocppj.NotImplemented},
		{"action of stations", on16, "StartTransaction", `{}`, ocppj.NotSupported},
		{"action it does not have", on201, "PublishFirmware", `{}`, ocppj.NotSupported},
		{"action it does not have", on21, "SetDERControl", `{}`, ocppj.NotSupported},
		{"action of 2.1", on201, "UsePriorityCharging", `{}`, ocppj.NotImplemented},
		{"field of 2.1", on201, "Reset", `{"type":"ImmediateAndResume"}`, ocppj.PropertyConstraintViolation},
		{"errata 5.1 missing field", on16, "ChangeConfiguration", `{"key":"x"}`, ocppj.OccurenceConstraintViolation},
		{"missing field", on201, "Reset", `{}`, ocppj.OccurrenceConstraintViolation},
		{"wrong type", on201, "Reset", `{"type":7}`, ocppj.TypeConstraintViolation},
	}
	for _, tt := range tests {
		t.Run(tt.name+"/"+tt.config.Version.String(), func(t *testing.T) {
			onRig(t, tt.config, func(t *testing.T, r rig) {
				err := r.commandRaw(r.ctx, "CP-1", tt.action, []byte(tt.payload), nil)
				var failure *ocppj.CallError
				if !errors.As(err, &failure) || failure.Code != tt.want {
					t.Errorf("got %v, want %s", err, tt.want)
				}
			})
		})
	}
}

func TestTransactionStatusTellsOfTheQueue(t *testing.T) {
	on2(t, nil, func(t *testing.T, r rig) {
		go func() { _ = r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: time.Minute}) }()
		time.Sleep(15 * time.Second)
		synctest.Wait()
		id := r.station.Truth()[0].TransactionID
		ask := func(id *string) ocpp21.GetTransactionStatusResponse {
			var response ocpp21.GetTransactionStatusResponse
			if err := r.command(r.ctx, "CP-1", &ocpp21.GetTransactionStatusRequest{TransactionID: id}, &response); err != nil {
				t.Fatal(err)
			}
			return response
		}
		if got := ask(&id); got.MessagesInQueue || !*got.OngoingIndicator {
			t.Errorf("E14.FR.03 while it runs: got %+v", got)
		}
		if got := ask(new("nonsense")); got.MessagesInQueue || *got.OngoingIndicator {
			t.Errorf("E14.FR.01 unknown: got %+v", got)
		}
		if got := ask(nil); got.MessagesInQueue || got.OngoingIndicator != nil {
			t.Errorf("E14.FR.06 without an id: got %+v", got)
		}
	})
}

func clear2(r rig) error {
	return r.command(r.ctx, "CP-1", &ocpp21.ClearCacheRequest{}, &ocpp21.ClearCacheResponse{})
}

func TestClearedCacheForgetsTokens(t *testing.T) {
	for _, tt := range []struct {
		config sim.Config
		clear  func(r rig) error
	}{
		{on16, func(r rig) error {
			return r.command(r.ctx, "CP-1", &ocpp16.ClearCacheRequest{}, &ocpp16.ClearCacheResponse{})
		}},
		{on201, clear2},
		{on21, clear2},
	} {
		t.Run(tt.config.Version.String(), func(t *testing.T) {
			tt.config.Backoff.Wait = time.Hour
			onRig(t, tt.config, func(t *testing.T, r rig) {
				visit := sim.Visit{Token: card, Car: car, Stay: time.Minute}
				if err := r.station.Charge(r.ctx, visit); err != nil {
					t.Fatal(err)
				}
				if err := tt.clear(r); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				r.setDown(true)
				synctest.Wait()
				if err := r.station.Charge(r.ctx, visit); !errors.Is(err, sim.ErrRefused) {
					t.Errorf("offline with an empty cache: got %v, want %v", err, sim.ErrRefused)
				}
			})
		})
	}
}

func TestChangeAvailability16(t *testing.T) {
	config := on16
	config.Hardware = sim.AC22()
	onRig(t, config, func(t *testing.T, r rig) {
		tests := []struct {
			connector int
			to        ocpp16.AvailabilityType
			want      ocpp16.AvailabilityStatus
			reports   int // StatusNotifications that follow
		}{
			{2, ocpp16.AvailabilityTypeInoperative, ocpp16.AvailabilityStatusAccepted, 1},
			{2, ocpp16.AvailabilityTypeInoperative, ocpp16.AvailabilityStatusAccepted, 0},
			{3, ocpp16.AvailabilityTypeInoperative, ocpp16.AvailabilityStatusRejected, 0},
			{0, ocpp16.AvailabilityTypeInoperative, ocpp16.AvailabilityStatusAccepted, 1},
			{0, ocpp16.AvailabilityTypeOperative, ocpp16.AvailabilityStatusAccepted, 2},
		}
		synctest.Wait()
		for i, tt := range tests {
			before := len(of[*ocpp16.StatusNotificationRequest](r.csms))
			var response ocpp16.ChangeAvailabilityResponse
			request := &ocpp16.ChangeAvailabilityRequest{ConnectorID: tt.connector, Type: tt.to}
			if err := r.command(r.ctx, "CP-1", request, &response); err != nil || response.Status != tt.want {
				t.Errorf("5.2 step %d: got %v, %v, want %v", i, response.Status, err, tt.want)
			}
			synctest.Wait()
			if got := len(of[*ocpp16.StatusNotificationRequest](r.csms)) - before; got != tt.reports {
				t.Errorf("5.2 step %d: %d reports, want %d", i, got, tt.reports)
			}
		}
	})
}
