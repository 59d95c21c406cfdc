package ocpp

import (
	"context"

	"pylon/internal/domain/station"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect16 is OCPP 1.6 with the security extension. Its words (charge point,
// idTag) end here.
func dialect16(m *Metrics) *dialect {
	d := &dialect{
		version: ocppj.V16, name: station.OCPP16,
		request: ocpp16.NewRequest, reply: ocpp16.NewResponse,
		actions: action16, compose: compose16, show: show16,
		asks: asks16, heard: ocpp16.NewResponse, learn: learn16,
	}
	d.table(m, ocpp16.Actions(), answers{
		ocpp16.ActionAuthorize:                        on(authorize16),
		ocpp16.ActionBootNotification:                 on(boot16),
		ocpp16.ActionDataTransfer:                     on(transfer16),
		ocpp16.ActionDiagnosticsStatusNotification:    on(diagnosticsStatus16),
		ocpp16.ActionFirmwareStatusNotification:       on(firmwareStatus16),
		ocpp16.ActionHeartbeat:                        on(heartbeat16),
		ocpp16.ActionLogStatusNotification:            on(logStatus16),
		ocpp16.ActionMeterValues:                      charges(on(meterValues16)),
		ocpp16.ActionSecurityEventNotification:        on(securityEvent16),
		ocpp16.ActionSignCertificate:                  on(signCertificate16),
		ocpp16.ActionSignedFirmwareStatusNotification: on(signedFirmwareStatus16),
		ocpp16.ActionStartTransaction:                 charges(on(start16)),
		ocpp16.ActionStatusNotification:               on(status16),
		ocpp16.ActionStopTransaction:                  charges(on(stop16)),
	})
	return d
}

func boot16(ctx context.Context, x *exchange, q *ocpp16.BootNotificationRequest) (schema.Message, error) {
	a, err := x.owner.Boot(ctx, station.BootReport{
		At: x.at, OCPP: station.OCPP16,
		Vendor: q.ChargePointVendor, Model: q.ChargePointModel,
		Serial:   first(value(q.ChargePointSerialNumber), value(q.ChargeBoxSerialNumber)), // the latter is the older name
		Firmware: value(q.FirmwareVersion), ICCID: value(q.ICCID), IMSI: value(q.IMSI),
		MeterType: value(q.MeterType), MeterSerial: value(q.MeterSerialNumber),
	})
	if err != nil {
		return nil, err
	}
	return &ocpp16.BootNotificationResponse{
		Status:      ocpp16.RegistrationStatus(registrationWord(a.Registration)),
		CurrentTime: schema.TimestampOf(a.At),
		Interval:    seconds(a.Interval),
	}, nil
}

func heartbeat16(_ context.Context, x *exchange, _ *ocpp16.HeartbeatRequest) (schema.Message, error) {
	return &ocpp16.HeartbeatResponse{CurrentTime: schema.TimestampOf(x.gateway.Clock.Now())}, nil
}

func status16(ctx context.Context, x *exchange, q *ocpp16.StatusNotificationRequest) (schema.Message, error) {
	r := station.StatusReport{
		Status: station.ParseStatus(string(q.Status)), ReceivedAt: x.at, Info: value(q.Info),
		VendorID: value(q.VendorID), VendorError: value(q.VendorErrorCode),
	}
	r.EVSE, r.Connector = x.station.Quirks.Place(q.ConnectorID)
	if q.ErrorCode != ocpp16.ChargePointErrorCodeNoError {
		r.ErrorCode = string(q.ErrorCode)
	}
	if q.Timestamp != nil {
		r.OccurredAt = moment(*q.Timestamp)
	}
	return nil, x.owner.Status(ctx, r)
}

// signCertificate16 has no certificate authority to ask.
func signCertificate16(context.Context, *exchange, *ocpp16.SignCertificateRequest) (schema.Message, error) {
	return &ocpp16.SignCertificateResponse{Status: ocpp16.GenericStatusRejected}, nil
}

func diagnosticsStatus16(ctx context.Context, x *exchange, q *ocpp16.DiagnosticsStatusNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertLog, string(q.Status), x.at)
}

func logStatus16(ctx context.Context, x *exchange, q *ocpp16.LogStatusNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertLog, string(q.Status), x.at)
}

func firmwareStatus16(ctx context.Context, x *exchange, q *ocpp16.FirmwareStatusNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertFirmware, string(q.Status), x.at)
}

func signedFirmwareStatus16(ctx context.Context, x *exchange, q *ocpp16.SignedFirmwareStatusNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertFirmware, string(q.Status), x.at)
}

func securityEvent16(ctx context.Context, x *exchange, q *ocpp16.SecurityEventNotificationRequest) (schema.Message, error) {
	return nil, x.owner.Alert(ctx, alertSecurity, securityEvent(q.Type, value(q.TechInfo)), moment(q.Timestamp))
}
