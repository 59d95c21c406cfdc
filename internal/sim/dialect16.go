package sim

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect16 speaks OCPP 1.6. EVSE n is its connector n.
type dialect16 struct{ s *Station }

func (d dialect16) boot(bootReason) (request, response schema.Message) {
	hardware := d.s.config.Hardware
	return &ocpp16.BootNotificationRequest{
		ChargePointVendor:       hardware.Vendor,
		ChargePointModel:        hardware.Model,
		ChargePointSerialNumber: new(d.s.serialNumber()),
		FirmwareVersion:         new(firmwareVersion),
	}, &ocpp16.BootNotificationResponse{}
}

func (dialect16) registration(response schema.Message) (registration, time.Duration) {
	r := response.(*ocpp16.BootNotificationResponse)
	return registration(r.Status), time.Duration(r.Interval) * time.Second
}

func (dialect16) heartbeat() (request, response schema.Message) {
	return &ocpp16.HeartbeatRequest{}, &ocpp16.HeartbeatResponse{}
}

func (dialect16) statusOf(e *evse) string { return string(e.state()) }

func (d dialect16) status(e *evse) (request, response schema.Message) {
	return &ocpp16.StatusNotificationRequest{
		ConnectorID: e.id,
		ErrorCode:   ocpp16.ChargePointErrorCodeNoError,
		Status:      ocpp16.ChargePointStatus(e.state()),
		Timestamp:   new(schema.TimestampOf(d.s.clock.Now())),
	}, &ocpp16.StatusNotificationResponse{}
}

func (d dialect16) meterValues(e *evse, r Reading) (request, response schema.Message) {
	return &ocpp16.MeterValuesRequest{
		ConnectorID: e.id,
		MeterValue:  []ocpp16.MeterValue{d.meterValue(r, contextTrigger)},
	}, &ocpp16.MeterValuesResponse{}
}

func (dialect16) authorize(token Token) (request, response schema.Message) {
	return &ocpp16.AuthorizeRequest{IDTag: token.UID}, &ocpp16.AuthorizeResponse{}
}

func (dialect16) authorized(response schema.Message) bool {
	return response.(*ocpp16.AuthorizeResponse).IDTagInfo.Status == ocpp16.AuthorizationStatusAccepted
}

func (dialect16) name(*transaction, string) {} // the server does

func (d dialect16) transaction(e *evse, h happening) (request, response func() schema.Message) {
	tx := e.tx
	switch {
	case h.event == started:
		start := &ocpp16.StartTransactionRequest{
			ConnectorID: e.id,
			IDTag:       tx.token.UID,
			MeterStart:  int(h.reading.Register),
			Timestamp:   schema.TimestampOf(h.at),
		}
		return func() schema.Message { return start },
			func() schema.Message { return &ocpp16.StartTransactionResponse{} }
	case h.event == ended:
		stop := &ocpp16.StopTransactionRequest{
			MeterStop: int(h.reading.Register),
			Timestamp: schema.TimestampOf(h.at),
			Reason:    new(reason16(h.why)),
		}
		if h.token != nil {
			stop.IDTag = &h.token.UID
		}
		return func() schema.Message {
			stop.TransactionID = tx.number
			return ifStarted(tx, stop)
		}, func() schema.Message { return &ocpp16.StopTransactionResponse{} }
	case h.reading != nil:
		values := &ocpp16.MeterValuesRequest{ConnectorID: e.id, MeterValue: []ocpp16.MeterValue{d.meterValue(*h.reading, h.context)}}
		return func() schema.Message {
			values.TransactionID = &tx.number
			return ifStarted(tx, values)
		}, func() schema.Message { return &ocpp16.MeterValuesResponse{} }
	}
	return nil, nil
}

// ifStarted returns the message, and none when the server knows nothing of the
// transaction, because it refused its start for good.
func ifStarted(tx *transaction, m schema.Message) schema.Message {
	if tx.number == 0 {
		return nil
	}
	return m
}

func (dialect16) learn(tx *transaction, response schema.Message) *bool {
	switch r := response.(type) {
	case *ocpp16.StartTransactionResponse:
		tx.number = r.TransactionID
		tx.session.TransactionID = strconv.Itoa(r.TransactionID)
		return new(r.IDTagInfo.Status == ocpp16.AuthorizationStatusAccepted)
	case *ocpp16.StopTransactionResponse:
		if r.IDTagInfo != nil {
			return new(r.IDTagInfo.Status == ocpp16.AuthorizationStatusAccepted)
		}
	}
	return nil
}

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
	default:
		return ocpp16.ReasonLocal
	}
}

func (d dialect16) meterValue(r Reading, context string) ocpp16.MeterValue {
	location := ocpp16.LocationOutlet
	if d.s.config.Hardware.DC() {
		location = ocpp16.LocationCable
	}
	value := ocpp16.MeterValue{Timestamp: schema.TimestampOf(r.At)}
	for _, q := range r.quantities(d.s.measurands(context)) {
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
		value.SampledValue = append(value.SampledValue, sample)
	}
	return value
}

func (d dialect16) handle(ctx context.Context, action string, payload []byte) (Reply, *ocppj.CallError) {
	switch action {
	case ocpp16.ActionRemoteStartTransaction:
		return answer(ocppj.V16, payload, func(r *ocpp16.RemoteStartTransactionRequest) Reply { return d.remoteStart(ctx, r) })
	case ocpp16.ActionRemoteStopTransaction:
		return answer(ocppj.V16, payload, d.remoteStop)
	case ocpp16.ActionReset:
		return answer(ocppj.V16, payload, func(r *ocpp16.ResetRequest) Reply { return d.reset(ctx, r) })
	case ocpp16.ActionTriggerMessage:
		return answer(ocppj.V16, payload, d.triggerMessage)
	case ocpp16.ActionChangeAvailability:
		return answer(ocppj.V16, payload, d.changeAvailability)
	case ocpp16.ActionUnlockConnector:
		return answer(ocppj.V16, payload, d.unlock)
	case ocpp16.ActionGetConfiguration:
		return answer(ocppj.V16, payload, d.getConfiguration)
	case ocpp16.ActionChangeConfiguration:
		return answer(ocppj.V16, payload, d.changeConfiguration)
	case ocpp16.ActionClearCache:
		return answer(ocppj.V16, payload, func(*ocpp16.ClearCacheRequest) Reply {
			return Reply{Message: &ocpp16.ClearCacheResponse{Status: ocpp16.ClearCacheStatusAccepted}, Then: d.s.forget}
		})
	case ocpp16.ActionGetLocalListVersion:
		return answer(ocppj.V16, payload, func(*ocpp16.GetLocalListVersionRequest) Reply {
			return Reply{Message: &ocpp16.GetLocalListVersionResponse{ListVersion: -1}} // -1: there is no list
		})
	case ocpp16.ActionDataTransfer:
		return answer(ocppj.V16, payload, func(*ocpp16.DataTransferRequest) Reply {
			return Reply{Message: &ocpp16.DataTransferResponse{Status: ocpp16.DataTransferStatusUnknownVendorId}}
		})
	}
	_, known := ocpp16.NewRequest(action)
	return Reply{}, unknownAction(known, action)
}

func (d dialect16) remoteStart(ctx context.Context, r *ocpp16.RemoteStartTransactionRequest) Reply {
	connector := 0
	if r.ConnectorID != nil {
		connector = *r.ConnectorID
	}
	accepted, then := d.s.remoteStart(ctx, connector, grant{token: Token{UID: r.IDTag}})
	return Reply{Message: &ocpp16.RemoteStartTransactionResponse{Status: startStop16(accepted)}, Then: then}
}

func (d dialect16) remoteStop(r *ocpp16.RemoteStopTransactionRequest) Reply {
	accepted, then := d.s.remoteStop(func(tx *transaction) bool { return tx.number == r.TransactionID })
	return Reply{Message: &ocpp16.RemoteStopTransactionResponse{Status: startStop16(accepted)}, Then: then}
}

func startStop16(accepted bool) ocpp16.RemoteStartStopStatus {
	if accepted {
		return ocpp16.RemoteStartStopStatusAccepted
	}
	return ocpp16.RemoteStartStopStatusRejected
}

func (d dialect16) reset(ctx context.Context, r *ocpp16.ResetRequest) Reply {
	why := endSoftReset
	if r.Type == ocpp16.ResetTypeHard {
		why = endHardReset
	}
	_, then := d.s.reset(ctx, why, false)
	return Reply{Message: &ocpp16.ResetResponse{Status: ocpp16.ResetStatusAccepted}, Then: then}
}

func (d dialect16) triggerMessage(r *ocpp16.TriggerMessageRequest) Reply {
	status, then := ocpp16.TriggerMessageStatusAccepted, func() {}
	connector := 0
	if r.ConnectorID != nil {
		connector = *r.ConnectorID
	}
	switch {
	case connector < 0 || connector > d.s.config.Hardware.EVSEs:
		status = ocpp16.TriggerMessageStatusRejected
	case r.RequestedMessage == ocpp16.MessageTriggerBootNotification:
		then = d.s.triggerBoot()
	case r.RequestedMessage == ocpp16.MessageTriggerHeartbeat:
		then = d.s.triggerHeartbeat()
	case r.RequestedMessage == ocpp16.MessageTriggerStatusNotification:
		then = d.s.triggerStatus(connector)
	case r.RequestedMessage == ocpp16.MessageTriggerMeterValues:
		then = d.s.sampleNow(connector)
	default:
		status = ocpp16.TriggerMessageStatusNotImplemented
	}
	return Reply{Message: &ocpp16.TriggerMessageResponse{Status: status}, Then: then}
}

func (d dialect16) changeAvailability(r *ocpp16.ChangeAvailabilityRequest) Reply {
	outcome, then := d.s.changeAvailability(r.ConnectorID, r.Type == ocpp16.AvailabilityTypeOperative)
	status := ocpp16.AvailabilityStatusRejected
	switch outcome {
	case done:
		status = ocpp16.AvailabilityStatusAccepted
	case scheduled:
		status = ocpp16.AvailabilityStatusScheduled
	case rejected:
	}
	return Reply{Message: &ocpp16.ChangeAvailabilityResponse{Status: status}, Then: then}
}

// unlock ends the transaction, as 1.6 has it, and opens the lock.
func (d dialect16) unlock(r *ocpp16.UnlockConnectorRequest) Reply {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	e := d.s.evse(r.ConnectorID)
	if e == nil {
		return Reply{Message: &ocpp16.UnlockConnectorResponse{Status: ocpp16.UnlockStatusNotSupported}}
	}
	reply := Reply{Message: &ocpp16.UnlockConnectorResponse{Status: ocpp16.UnlockStatusUnlocked}}
	if e.tx != nil {
		v := e.visit
		reply.Then = func() { v.end(endUnlock) }
	}
	return reply
}

func (d dialect16) getConfiguration(r *ocpp16.GetConfigurationRequest) Reply {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	response := &ocpp16.GetConfigurationResponse{}
	list := func(at *setting) {
		if at.key == "" || at.access == writeOnly {
			return
		}
		response.ConfigurationKey = append(response.ConfigurationKey,
			ocpp16.KeyValue{Key: at.key, Readonly: at.access == readOnly, Value: new(at.value)})
	}
	if len(r.Key) == 0 {
		for i := range d.s.settings {
			list(&d.s.settings[i])
		}
		return Reply{Message: response}
	}
	for _, key := range r.Key {
		if at := d.s.settings.byKey(key); at != nil {
			list(at)
		} else {
			response.UnknownKey = append(response.UnknownKey, key)
		}
	}
	return Reply{Message: response}
}

func (d dialect16) changeConfiguration(r *ocpp16.ChangeConfigurationRequest) Reply {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	at := d.s.settings.byKey(r.Key)
	status, value := ocpp16.ConfigurationStatusAccepted, r.Value
	if r.Key == keyPassword { // sent as hex, security white paper A00.FR.205
		if raw, err := hex.DecodeString(value); err == nil {
			value = string(raw)
		}
	}
	switch {
	case at == nil:
		status = ocpp16.ConfigurationStatusNotSupported
	case !at.set(value):
		status = ocpp16.ConfigurationStatusRejected
	case at.key == keyPassword:
		return Reply{Message: &ocpp16.ChangeConfigurationResponse{Status: status}, Then: d.s.Drop}
	}
	return Reply{Message: &ocpp16.ChangeConfigurationResponse{Status: status}}
}
