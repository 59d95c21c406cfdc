package ocpp

import (
	"context"
	"strings"

	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// answers21 is what 2.1 stations are answered to what is new in 2.1.
func answers21() answers {
	return answers{
		ocpp21.ActionBatterySwap:               on(noted[*ocpp21.BatterySwapRequest]),
		ocpp21.ActionClosePeriodicEventStream:  on(noted[*ocpp21.ClosePeriodicEventStreamRequest]),
		ocpp21.ActionGetCertificateChainStatus: on(chainStatus21),
		ocpp21.ActionNotifyDERAlarm:            on(gridAlarm21),
		ocpp21.ActionNotifyDERStartStop:        on(noted[*ocpp21.NotifyDERStartStopRequest]),
		ocpp21.ActionNotifyPriorityCharging:    on(noted[*ocpp21.NotifyPriorityChargingRequest]),
		ocpp21.ActionNotifySettlement:          on(settlement21),
		ocpp21.ActionOpenPeriodicEventStream:   on(openStream21),
		ocpp21.ActionPullDynamicScheduleUpdate: on(pullSchedule21),
		ocpp21.ActionReportDERControl:          on(noted[*ocpp21.ReportDERControlRequest]),
		ocpp21.ActionVatNumberValidation:       on(vatNumber21),
	}
}

// declined21 says why a request is declined.
func declined21(reason, info string) *ocpp21.StatusInfo {
	return &ocpp21.StatusInfo{ReasonCode: reason, AdditionalInfo: &info}
}

// openStream21 declines periodic streams: their values name no variable and
// can be lost. The station sends events instead, which are kept.
// Source: N11.FR.05, N11.FR.07.
func openStream21(context.Context, *exchange, *ocpp21.OpenPeriodicEventStreamRequest) (schema.Message, error) {
	return &ocpp21.OpenPeriodicEventStreamResponse{
		Status: ocpp21.GenericStatusRejected, StatusInfo: declined21("UnsupportedRequest", "NotifyEvent is taken instead"),
	}, nil
}

// pullSchedule21 knows no dynamic profile. Source: K28.FR.12.
func pullSchedule21(context.Context, *exchange, *ocpp21.PullDynamicScheduleUpdateRequest) (schema.Message, error) {
	return &ocpp21.PullDynamicScheduleUpdateResponse{
		Status: ocpp21.ChargingProfileStatusRejected, StatusInfo: declined21("InvalidProfile", "no such dynamic profile"),
	}, nil
}

// vatNumber21 has no registry to ask. Source: C18.FR.09, C18.FR.10.
func vatNumber21(_ context.Context, _ *exchange, q *ocpp21.VatNumberValidationRequest) (schema.Message, error) {
	return &ocpp21.VatNumberValidationResponse{
		VATNumber: q.VATNumber, EVSEID: q.EVSEID,
		Status: ocpp21.GenericStatusRejected, StatusInfo: declined21("UnsupportedRequest", "numbers are not checked"),
	}, nil
}

// chainStatus21 asks no OCSP responder and reads no revocation list. Its
// answer is not to be kept: the next update is due at once.
// Source: M07.FR.02, M07.FR.05.
func chainStatus21(_ context.Context, x *exchange, q *ocpp21.GetCertificateChainStatusRequest) (schema.Message, error) {
	response := new(ocpp21.GetCertificateChainStatusResponse)
	for i := range q.CertificateStatusRequests {
		asked := &q.CertificateStatusRequests[i]
		response.CertificateStatus = append(response.CertificateStatus, ocpp21.CertificateStatus{
			CertificateHashData: asked.CertificateHashData, Source: asked.Source,
			Status: ocpp21.CertificateStatusTypeFailed, NextUpdate: schema.TimestampOf(x.at),
		})
	}
	return response, nil
}

// gridAlarm21 tells people that a station charges differently because of the
// grid, and of the end of that. Source: R05.
func gridAlarm21(ctx context.Context, x *exchange, q *ocpp21.NotifyDERAlarmRequest) (schema.Message, error) {
	text := word(q.ControlType)
	if q.GridEventFault != nil {
		text += ": " + word(*q.GridEventFault)
	}
	if value(q.AlarmEnded) {
		text += " ended"
	}
	return nil, x.owner.Alert(ctx, alertGrid, text, moment(q.Timestamp))
}

// settlement21 tells people how a payment at the station's terminal ended. The
// amount and the reference stay in the frame log. Source: C20, C21, C22.
func settlement21(ctx context.Context, x *exchange, q *ocpp21.NotifySettlementRequest) (schema.Message, error) {
	parts := []string{word(q.Status)}
	if id := value(q.TransactionID); id != "" {
		parts = append(parts, "transaction "+id)
	}
	if info := value(q.StatusInfo); info != "" {
		parts = append(parts, info)
	}
	err := x.owner.Alert(ctx, alertPayment, strings.Join(parts, ", "), moment(q.SettlementTime))
	return new(ocpp21.NotifySettlementResponse), err
}
