package sim

import (
	"context"
	"time"

	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect201 speaks OCPP 2.0.1. Every EVSE has one connector, with the id 1.
type dialect201 struct{ s *Station }

func (d dialect201) boot(why bootReason) (request, response schema.Message) {
	hardware := d.s.config.Hardware
	return &ocpp201.BootNotificationRequest{
		Reason: ocpp201.BootReason(why),
		ChargingStation: ocpp201.ChargingStation{
			VendorName:      hardware.Vendor,
			Model:           hardware.Model,
			SerialNumber:    new(d.s.serialNumber()),
			FirmwareVersion: new(firmwareVersion),
		},
	}, &ocpp201.BootNotificationResponse{}
}

func (dialect201) registration(response schema.Message) (registration, time.Duration) {
	r := response.(*ocpp201.BootNotificationResponse)
	return registration(r.Status), time.Duration(r.Interval) * time.Second
}

func (dialect201) heartbeat() (request, response schema.Message) {
	return &ocpp201.HeartbeatRequest{}, &ocpp201.HeartbeatResponse{}
}

func (dialect201) statusOf(e *evse) string { return string(connectorStatus(e)) }

func connectorStatus(e *evse) ocpp201.ConnectorStatus {
	switch e.state() {
	case available:
		return ocpp201.ConnectorStatusAvailable
	case unavailable:
		return ocpp201.ConnectorStatusUnavailable
	default:
		return ocpp201.ConnectorStatusOccupied
	}
}

func (d dialect201) status(e *evse) (request, response schema.Message) {
	return &ocpp201.StatusNotificationRequest{
		Timestamp:       schema.TimestampOf(d.s.clock.Now()),
		ConnectorStatus: connectorStatus(e),
		EVSEID:          e.id,
		ConnectorID:     1,
	}, &ocpp201.StatusNotificationResponse{}
}

func (d dialect201) meterValues(e *evse, r Reading) (request, response schema.Message) {
	return &ocpp201.MeterValuesRequest{
		EVSEID:     e.id,
		MeterValue: []ocpp201.MeterValue{d.meterValue(r, contextTrigger)},
	}, &ocpp201.MeterValuesResponse{}
}

func (dialect201) authorize(token Token) (request, response schema.Message) {
	return &ocpp201.AuthorizeRequest{IDToken: idToken(token)}, &ocpp201.AuthorizeResponse{}
}

func idToken(t Token) ocpp201.IDToken {
	return ocpp201.IDToken{IDToken: t.UID, Type: ocpp201.IDTokenType(t.Type)}
}

func (dialect201) authorized(response schema.Message) bool {
	return response.(*ocpp201.AuthorizeResponse).IDTokenInfo.Status == ocpp201.AuthorizationStatusAccepted
}

func (dialect201) name(tx *transaction, id string) { tx.session.TransactionID = id }

func (d dialect201) transaction(e *evse, h happening) (request, response func() schema.Message) {
	session := e.tx.session
	event := &ocpp201.TransactionEventRequest{
		EventType:     ocpp201.TransactionEvent(h.event),
		Timestamp:     schema.TimestampOf(h.at),
		TriggerReason: ocpp201.TriggerReason(h.trigger),
		SeqNo:         h.seqNo,
		TransactionInfo: ocpp201.Transaction{
			TransactionID: session.TransactionID,
			ChargingState: new(chargingState(h.phase)),
		},
	}
	if h.offline {
		event.Offline = new(true)
	}
	if h.event == started || h.token != nil {
		event.EVSE = &ocpp201.EVSE{ID: e.id, ConnectorID: new(1)}
	}
	if h.token != nil {
		event.IDToken = new(idToken(*h.token))
	}
	if h.reading != nil {
		event.MeterValue = []ocpp201.MeterValue{d.meterValue(*h.reading, h.context)}
	}
	if h.trigger == "RemoteStart" {
		event.TransactionInfo.RemoteStartID = new(e.visit.remoteStartID)
	}
	if h.event == ended {
		event.TransactionInfo.StoppedReason = new(reason201(h.why))
	}
	return func() schema.Message { return event },
		func() schema.Message { return &ocpp201.TransactionEventResponse{} }
}

func chargingState(p phase) ocpp201.ChargingState {
	switch p {
	case charging:
		return ocpp201.ChargingStateCharging
	case suspendedEV:
		return ocpp201.ChargingStateSuspendedEV
	default:
		return ocpp201.ChargingStateEVConnected
	}
}

func reason201(why ending) ocpp201.Reason {
	switch why {
	case endLocal, endRemote, endDeauthorized, endReset:
		return ocpp201.Reason(why)
	default:
		return ocpp201.ReasonOther
	}
}

func (dialect201) learn(_ *transaction, response schema.Message) *bool {
	if info := response.(*ocpp201.TransactionEventResponse).IDTokenInfo; info != nil {
		return new(info.Status == ocpp201.AuthorizationStatusAccepted)
	}
	return nil
}

func (d dialect201) meterValue(r Reading, context string) ocpp201.MeterValue {
	location := ocpp201.LocationOutlet
	if d.s.config.Hardware.DC() {
		location = ocpp201.LocationCable
	}
	value := ocpp201.MeterValue{Timestamp: schema.TimestampOf(r.At)}
	for _, q := range r.quantities(d.s.measurands(context)) {
		sample := ocpp201.SampledValue{
			Value:         q.value,
			Context:       new(ocpp201.ReadingContext(context)),
			Measurand:     new(ocpp201.Measurand(q.measurand)),
			Location:      &location,
			UnitOfMeasure: &ocpp201.UnitOfMeasure{Unit: new(q.unit)},
		}
		if q.phase != "" {
			sample.Phase = new(ocpp201.Phase(q.phase))
		}
		value.SampledValue = append(value.SampledValue, sample)
	}
	return value
}

func (d dialect201) handle(ctx context.Context, action string, payload []byte) (Reply, *ocppj.CallError) {
	switch action {
	case ocpp201.ActionRequestStartTransaction:
		return answer(ocppj.V201, payload, func(r *ocpp201.RequestStartTransactionRequest) Reply { return d.requestStart(ctx, r) })
	case ocpp201.ActionRequestStopTransaction:
		return answer(ocppj.V201, payload, d.requestStop)
	case ocpp201.ActionReset:
		return answer(ocppj.V201, payload, func(r *ocpp201.ResetRequest) Reply { return d.reset(ctx, r) })
	case ocpp201.ActionTriggerMessage:
		return answer(ocppj.V201, payload, d.triggerMessage)
	case ocpp201.ActionChangeAvailability:
		return answer(ocppj.V201, payload, d.changeAvailability)
	case ocpp201.ActionUnlockConnector:
		return answer(ocppj.V201, payload, d.unlock)
	case ocpp201.ActionGetVariables:
		return answer(ocppj.V201, payload, d.getVariables)
	case ocpp201.ActionSetVariables:
		return answer(ocppj.V201, payload, d.setVariables)
	case ocpp201.ActionGetBaseReport:
		return answer(ocppj.V201, payload, d.getBaseReport)
	case ocpp201.ActionGetTransactionStatus:
		return answer(ocppj.V201, payload, d.getTransactionStatus)
	case ocpp201.ActionCostUpdated:
		return answer(ocppj.V201, payload, func(*ocpp201.CostUpdatedRequest) Reply {
			return Reply{Message: &ocpp201.CostUpdatedResponse{}}
		})
	case ocpp201.ActionClearCache:
		return answer(ocppj.V201, payload, func(*ocpp201.ClearCacheRequest) Reply {
			return Reply{Message: &ocpp201.ClearCacheResponse{Status: ocpp201.ClearCacheStatusAccepted}, Then: d.s.forget}
		})
	case ocpp201.ActionGetLocalListVersion:
		return answer(ocppj.V201, payload, func(*ocpp201.GetLocalListVersionRequest) Reply {
			return Reply{Message: &ocpp201.GetLocalListVersionResponse{VersionNumber: 0}} // 0: there is no list
		})
	case ocpp201.ActionDataTransfer:
		return answer(ocppj.V201, payload, func(*ocpp201.DataTransferRequest) Reply {
			return Reply{Message: &ocpp201.DataTransferResponse{Status: ocpp201.DataTransferStatusUnknownVendorId}}
		})
	}
	_, known := ocpp201.NewRequest(action)
	return Reply{}, unknownAction(known, action)
}

func (d dialect201) requestStart(ctx context.Context, r *ocpp201.RequestStartTransactionRequest) Reply {
	evseID := 0
	if r.EVSEID != nil {
		evseID = *r.EVSEID
	}
	token := Token{UID: r.IDToken.IDToken, Type: string(r.IDToken.Type)}
	accepted, then := d.s.remoteStart(ctx, evseID, grant{token: token, remoteStartID: r.RemoteStartID})
	return Reply{Message: &ocpp201.RequestStartTransactionResponse{Status: startStop201(accepted)}, Then: then}
}

func (d dialect201) requestStop(r *ocpp201.RequestStopTransactionRequest) Reply {
	accepted, then := d.s.remoteStop(func(tx *transaction) bool { return tx.session.TransactionID == r.TransactionID })
	return Reply{Message: &ocpp201.RequestStopTransactionResponse{Status: startStop201(accepted)}, Then: then}
}

func startStop201(accepted bool) ocpp201.RequestStartStopStatus {
	if accepted {
		return ocpp201.RequestStartStopStatusAccepted
	}
	return ocpp201.RequestStartStopStatusRejected
}

func (d dialect201) reset(ctx context.Context, r *ocpp201.ResetRequest) Reply {
	if r.EVSEID != nil { // these stations restart as a whole
		return Reply{Message: &ocpp201.ResetResponse{Status: ocpp201.ResetStatusRejected}}
	}
	result, then := d.s.reset(ctx, endReset, r.Type == ocpp201.ResetOnIdle)
	status := ocpp201.ResetStatusAccepted
	if result == scheduled {
		status = ocpp201.ResetStatusScheduled
	}
	return Reply{Message: &ocpp201.ResetResponse{Status: status}, Then: then}
}

func (d dialect201) triggerMessage(r *ocpp201.TriggerMessageRequest) Reply {
	status, then := ocpp201.TriggerMessageStatusAccepted, func() {}
	evseID := 0
	if r.EVSE != nil {
		evseID = r.EVSE.ID
	}
	switch {
	case evseID < 0 || evseID > d.s.config.Hardware.EVSEs:
		status = ocpp201.TriggerMessageStatusRejected
	case r.RequestedMessage == ocpp201.MessageTriggerBootNotification:
		then = d.s.triggerBoot()
	case r.RequestedMessage == ocpp201.MessageTriggerHeartbeat:
		then = d.s.triggerHeartbeat()
	case r.RequestedMessage == ocpp201.MessageTriggerStatusNotification:
		then = d.s.triggerStatus(evseID)
	case r.RequestedMessage == ocpp201.MessageTriggerMeterValues, r.RequestedMessage == ocpp201.MessageTriggerTransactionEvent:
		then = d.s.sampleNow(evseID)
	default:
		status = ocpp201.TriggerMessageStatusNotImplemented
	}
	return Reply{Message: &ocpp201.TriggerMessageResponse{Status: status}, Then: then}
}

func (d dialect201) changeAvailability(r *ocpp201.ChangeAvailabilityRequest) Reply {
	evseID := 0
	if r.EVSE != nil {
		evseID = r.EVSE.ID
	}
	outcome, then := d.s.changeAvailability(evseID, r.OperationalStatus == ocpp201.OperationalStatusOperative)
	status := ocpp201.ChangeAvailabilityStatusRejected
	switch outcome {
	case done:
		status = ocpp201.ChangeAvailabilityStatusAccepted
	case scheduled:
		status = ocpp201.ChangeAvailabilityStatusScheduled
	case rejected:
	}
	return Reply{Message: &ocpp201.ChangeAvailabilityResponse{Status: status}, Then: then}
}

// unlock opens the lock, but not during a transaction: F05.FR.02.
func (d dialect201) unlock(r *ocpp201.UnlockConnectorRequest) Reply {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	status := ocpp201.UnlockStatusUnlocked
	switch e := d.s.evse(r.EVSEID); {
	case e == nil || r.ConnectorID != 1:
		status = ocpp201.UnlockStatusUnknownConnector
	case e.tx != nil:
		status = ocpp201.UnlockStatusOngoingAuthorizedTransaction
	}
	return Reply{Message: &ocpp201.UnlockConnectorResponse{Status: status}}
}

func (d dialect201) getTransactionStatus(r *ocpp201.GetTransactionStatusRequest) Reply {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	response := &ocpp201.GetTransactionStatusResponse{}
	for _, p := range d.s.outbox.parcels {
		if p.kept && (r.TransactionID == nil || p.about.TransactionID == *r.TransactionID) {
			response.MessagesInQueue = true
		}
	}
	if r.TransactionID != nil {
		response.OngoingIndicator = new(d.s.running(*r.TransactionID))
	}
	return Reply{Message: response}
}
