package sim

import (
	"strconv"
	"time"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/schema"
)

// dialect16 speaks OCPP 1.6. EVSE n is its connector n.
type dialect16 struct{ s *Station }

func (d dialect16) boot(bootReason) schema.Message {
	c := d.s.config
	return &ocpp16.BootNotificationRequest{
		ChargePointVendor:       c.Hardware.Vendor,
		ChargePointModel:        c.Hardware.Model,
		ChargePointSerialNumber: &c.Serial,
		FirmwareVersion:         &c.Firmware,
	}
}

func (dialect16) registered(response schema.Message) registered {
	r := response.(*ocpp16.BootNotificationResponse)
	return registered{registration(r.Status), time.Duration(r.Interval) * time.Second, r.CurrentTime}
}

func (dialect16) heartbeat() schema.Message { return &ocpp16.HeartbeatRequest{} }

func (dialect16) timeOf(response schema.Message) schema.Timestamp {
	return response.(*ocpp16.HeartbeatResponse).CurrentTime
}

func (dialect16) statusOf(e *evse) string { return string(e.state()) }

func (d dialect16) status(e *evse) schema.Message {
	code := ocpp16.ChargePointErrorCodeNoError
	switch state := e.state(); {
	case state == faulted && e.flapping:
		code = ocpp16.ChargePointErrorCodeGroundFailure
	case state == faulted:
		code = ocpp16.ChargePointErrorCodeConnectorLockFailure
	}
	return &ocpp16.StatusNotificationRequest{
		ConnectorID: e.id,
		ErrorCode:   code,
		Status:      ocpp16.ChargePointStatus(e.state()),
		Timestamp:   new(schema.TimestampOf(d.s.time())),
	}
}

func (d dialect16) meterValues(e *evse, r Reading, context string) schema.Message {
	values := &ocpp16.MeterValuesRequest{ConnectorID: e.id, MeterValue: d.readings(context, r)}
	if e.tx != nil && e.tx.number != 0 {
		values.TransactionID = &e.tx.number
	}
	return values
}

func (dialect16) authorize(token Token) schema.Message {
	return &ocpp16.AuthorizeRequest{IDTag: token.UID}
}

func (dialect16) authorized(response schema.Message) verdict {
	return verdict16(response.(*ocpp16.AuthorizeResponse).IDTagInfo)
}

func verdict16(info ocpp16.IDTagInfo) verdict {
	return verdict{
		accepted: info.Status == ocpp16.AuthorizationStatusAccepted,
		expires:  timeOf(info.ExpiryDate),
		group:    value(info.ParentIDTag),
	}
}

func (d dialect16) transaction(e *evse, h happening) (schema.Message, func() bool) {
	tx := e.tx
	switch {
	case h.event == started:
		start := &ocpp16.StartTransactionRequest{
			ConnectorID: e.id,
			IDTag:       tx.token.UID,
			MeterStart:  int(h.register),
			Timestamp:   schema.TimestampOf(h.at),
		}
		if id := tx.session.ReservationID; id != 0 {
			start.ReservationID = &id
		}
		tx.keep(d.s.sign(e, h))
		return start, nil
	case h.event == ended:
		tx.keep(d.s.sign(e, h))
		stop := &ocpp16.StopTransactionRequest{
			MeterStop:       int(h.register),
			Timestamp:       schema.TimestampOf(h.at),
			Reason:          new(reason16(h.why)),
			TransactionData: d.readings(contextPeriodic, tx.samples...),
		}
		for _, r := range tx.signed {
			stop.TransactionData = append(stop.TransactionData, r.value16(d.location()))
		}
		if h.token != nil {
			stop.IDTag = &h.token.UID
		}
		return stop, func() bool { stop.TransactionID = tx.number; return tx.number != 0 }
	case h.reading == nil:
		return nil, nil
	case d.s.config.Quirks.SamplesAtStop && h.context == contextPeriodic:
		tx.samples = append(tx.samples, *h.reading)
		return nil, nil
	}
	values := &ocpp16.MeterValuesRequest{ConnectorID: e.id, MeterValue: d.readings(h.context, *h.reading)}
	return values, func() bool { values.TransactionID = &tx.number; return tx.number != 0 }
}

func (dialect16) learn(tx *transaction, response schema.Message) *verdict {
	switch r := response.(type) {
	case *ocpp16.StartTransactionResponse:
		tx.number = r.TransactionID
		tx.session.TransactionID = strconv.Itoa(r.TransactionID)
		return new(verdict16(r.IDTagInfo))
	case *ocpp16.StopTransactionResponse:
		if r.IDTagInfo != nil {
			return new(verdict16(*r.IDTagInfo))
		}
	}
	return nil
}

func (dialect16) resumed() string { return "" } // 1.6 does not say

func reason16(why ending) ocpp16.Reason {
	switch why {
	case endRemote:
		return ocpp16.ReasonRemote
	case endDeauthorized:
		return ocpp16.ReasonDeAuthorized
	case endHardReset, endReset:
		return ocpp16.ReasonHardReset
	case endSoftReset:
		return ocpp16.ReasonSoftReset
	case endUnlock:
		return ocpp16.ReasonUnlockCommand
	case endPowerLoss:
		return ocpp16.ReasonPowerLoss
	case endForgotten, endTimeout:
		return ocpp16.ReasonOther
	default:
		return ocpp16.ReasonLocal
	}
}

// location says where the meter sits.
func (d dialect16) location() ocpp16.Location {
	if d.s.config.Hardware.DC() {
		return ocpp16.LocationCable
	}
	return ocpp16.LocationOutlet
}

// readings writes readings of one context.
func (d dialect16) readings(context string, readings ...Reading) []ocpp16.MeterValue {
	location := d.location()
	var values []ocpp16.MeterValue
	for _, r := range readings {
		at := ocpp16.MeterValue{Timestamp: schema.TimestampOf(r.At), SampledValue: []ocpp16.SampledValue{}}
		for _, q := range r.quantities(d.s.measurands(context), d.s.config.Quirks.KiloWattHours) {
			sample := ocpp16.SampledValue{
				Value:     q.value.String(),
				Context:   new(ocpp16.ReadingContext(context)),
				Measurand: new(ocpp16.Measurand(q.measurand)),
				Location:  &location,
				Unit:      new(ocpp16.UnitOfMeasure(q.unit)),
			}
			if q.phase != "" {
				sample.Phase = new(ocpp16.Phase(q.phase))
			}
			at.SampledValue = append(at.SampledValue, sample)
		}
		values = append(values, at)
	}
	return values
}

func (dialect16) reservationUpdate(int, string) schema.Message { return nil }

func (dialect16) firmwareStatus(u *update) schema.Message {
	if !u.signed {
		return &ocpp16.FirmwareStatusNotificationRequest{Status: ocpp16.FirmwareStatus(u.status)}
	}
	status := &ocpp16.SignedFirmwareStatusNotificationRequest{Status: ocpp16.SignedFirmwareStatus(u.status)}
	if u.status != "Idle" {
		status.RequestID = &u.requestID
	}
	return status
}

func (dialect16) logStatus(u *upload) schema.Message {
	if u.diagnostics {
		return &ocpp16.DiagnosticsStatusNotificationRequest{Status: ocpp16.DiagnosticsStatus(u.status)}
	}
	status := &ocpp16.LogStatusNotificationRequest{Status: ocpp16.UploadLogStatus(u.status)}
	if u.status != "Idle" {
		status.RequestID = &u.requestID
	}
	return status
}

func (dialect16) pull(int) *parcel { return nil }

func (dialect16) watch() {} // 1.6 monitors nothing

func (dialect16) response(action string) (schema.Message, bool) { return ocpp16.NewResponse(action) }

func (dialect16) read(action string, payload []byte) (schema.Message, error) {
	response, _ := ocpp16.NewResponse(action) // it has asked for it
	if violations := schema.Decode(payload, response); violations != nil {
		return nil, violations
	}
	return response, nil
}
