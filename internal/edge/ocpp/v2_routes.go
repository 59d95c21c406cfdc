package ocpp

import (
	"context"

	"pylon/internal/domain/station"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect201 is OCPP 2.0.1.
func dialect201(m *Metrics) *dialect {
	d := &dialect{
		version: ocppj.V201, name: station.OCPP201,
		request: ocpp201.NewRequest, reply: ocpp201.NewResponse,
		actions: action2, compose: compose2, show: show2,
		asks: asks2, heard: ocpp21.NewResponse, learn: learn2,
	}
	routes := answers2()
	for action, r := range deviceAnswers2() {
		routes[action] = judgedBy(ocpp201.NewRequest, action, r)
	}
	d.table(m, ocpp201.Actions(), routes)
	return d
}

// answers2 is what 2.x stations are answered. What Pylon has no use for yet
// and what wants no decision is taken note of in the frame log and answered;
// what wants one that Pylon cannot make is declined.
func answers2() answers {
	return answers{
		ocpp201.ActionAuthorize:                         on(authorize2),
		ocpp201.ActionBootNotification:                  on(boot2),
		ocpp201.ActionClearedChargingLimit:              on(noted[*ocpp201.ClearedChargingLimitRequest]),
		ocpp201.ActionDataTransfer:                      on(transfer2),
		ocpp201.ActionFirmwareStatusNotification:        on(firmwareStatus2),
		ocpp201.ActionGet15118EVCertificate:             on(certificate2),
		ocpp201.ActionGetCertificateStatus:              on(certificateStatus2),
		ocpp201.ActionHeartbeat:                         on(heartbeat2),
		ocpp201.ActionLogStatusNotification:             on(logStatus2),
		ocpp201.ActionMeterValues:                       charges(on(meterValues2)),
		ocpp201.ActionNotifyChargingLimit:               on(noted[*ocpp201.NotifyChargingLimitRequest]),
		ocpp201.ActionNotifyCustomerInformation:         on(noted[*ocpp201.NotifyCustomerInformationRequest]),
		ocpp201.ActionNotifyDisplayMessages:             on(noted[*ocpp201.NotifyDisplayMessagesRequest]),
		ocpp201.ActionNotifyEVChargingNeeds:             on(chargingNeeds2),
		ocpp201.ActionNotifyEVChargingSchedule:          on(chargingSchedule2),
		ocpp201.ActionPublishFirmwareStatusNotification: on(publishStatus2),
		ocpp201.ActionReportChargingProfiles:            on(noted[*ocpp201.ReportChargingProfilesRequest]),
		ocpp201.ActionReservationStatusUpdate:           on(noted[*ocpp201.ReservationStatusUpdateRequest]),
		ocpp201.ActionSecurityEventNotification:         on(securityEvent2),
		ocpp201.ActionSignCertificate:                   on(signCertificate2),
		ocpp201.ActionStatusNotification:                on(status2),
		ocpp201.ActionTransactionEvent:                  charges(on(transactionEvent2)),
	}
}

// noted answers what only goes into the frame log.
func noted[P schema.Message](context.Context, *exchange, P) (schema.Message, error) { return nil, nil }

func boot2(ctx context.Context, x *exchange, q *ocpp201.BootNotificationRequest) (schema.Message, error) {
	modem := value(q.ChargingStation.Modem)
	a, err := x.owner.Boot(ctx, station.BootReport{
		At: x.at, OCPP: x.dialect.name, Reason: string(q.Reason),
		Vendor: q.ChargingStation.VendorName, Model: q.ChargingStation.Model,
		Serial: value(q.ChargingStation.SerialNumber), Firmware: value(q.ChargingStation.FirmwareVersion),
		ICCID: value(modem.ICCID), IMSI: value(modem.IMSI),
	})
	if err != nil {
		return nil, err
	}
	return &ocpp201.BootNotificationResponse{
		Status:      ocpp201.RegistrationStatus(registrationWord(a.Registration)),
		CurrentTime: schema.TimestampOf(a.At),
		Interval:    seconds(a.Interval),
	}, nil
}

func heartbeat2(_ context.Context, x *exchange, _ *ocpp201.HeartbeatRequest) (schema.Message, error) {
	return &ocpp201.HeartbeatResponse{CurrentTime: schema.TimestampOf(x.gateway.Clock.Now())}, nil
}

func status2(ctx context.Context, x *exchange, q *ocpp201.StatusNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Status(ctx, station.StatusReport{
		EVSE: q.EVSEID, Connector: q.ConnectorID, Status: station.ParseStatus(string(q.ConnectorStatus)),
		OccurredAt: moment(q.Timestamp), ReceivedAt: x.at,
	})
}

// transfer2 knows no vendor's messages.
func transfer2(context.Context, *exchange, *ocpp201.DataTransferRequest) (schema.Message, error) {
	return &ocpp201.DataTransferResponse{Status: ocpp201.DataTransferStatusUnknownVendorId}, nil
}

// signCertificate2 has no certificate authority to ask.
func signCertificate2(context.Context, *exchange, *ocpp201.SignCertificateRequest) (schema.Message, error) {
	return &ocpp201.SignCertificateResponse{Status: ocpp201.GenericStatusRejected}, nil
}

// certificate2 has no contract certificate pool to ask.
func certificate2(context.Context, *exchange, *ocpp201.Get15118EVCertificateRequest) (schema.Message, error) {
	return &ocpp201.Get15118EVCertificateResponse{Status: ocpp201.ISO15118EVCertificateStatusFailed}, nil
}

// certificateStatus2 asks no OCSP responder.
func certificateStatus2(context.Context, *exchange, *ocpp201.GetCertificateStatusRequest) (schema.Message, error) {
	return &ocpp201.GetCertificateStatusResponse{Status: ocpp201.GetCertificateStatusFailed}, nil
}

// chargingNeeds2 makes no schedules for cars, so the station charges by its
// limits alone. Source: K15.FR.05.
func chargingNeeds2(context.Context, *exchange, *ocpp201.NotifyEVChargingNeedsRequest) (schema.Message, error) {
	return &ocpp201.NotifyEVChargingNeedsResponse{Status: ocpp201.NotifyEVChargingNeedsStatusRejected}, nil
}

// chargingSchedule2 takes note of what a car means to do.
func chargingSchedule2(context.Context, *exchange, *ocpp201.NotifyEVChargingScheduleRequest) (schema.Message, error) {
	return &ocpp201.NotifyEVChargingScheduleResponse{Status: ocpp201.GenericStatusAccepted}, nil
}

func logStatus2(ctx context.Context, x *exchange, q *ocpp201.LogStatusNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertLog, string(q.Status), x.at)
}

func firmwareStatus2(ctx context.Context, x *exchange, q *ocpp201.FirmwareStatusNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertFirmware, string(q.Status), x.at)
}

func publishStatus2(ctx context.Context, x *exchange, q *ocpp201.PublishFirmwareStatusNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertFirmware, string(q.Status), x.at)
}

func securityEvent2(ctx context.Context, x *exchange, q *ocpp201.SecurityEventNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertSecurity, securityEvent(q.Type, value(q.TechInfo)), moment(q.Timestamp))
}
