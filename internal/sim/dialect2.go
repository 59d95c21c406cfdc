package sim

import (
	"fmt"
	"time"

	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect2 speaks OCPP 2.0.1 and 2.1. Every EVSE has one connector, with the id 1.
//
// What 2.0.1 can say, 2.1 says with the same words, so there is one text for both: it
// is written and read in the types of 2.1, and a 2.0.1 station leaves out what is
// new. What comes in is judged by the schema of the station's own version first.
type dialect2 struct {
	s        *Station
	monitors []*monitor
	monitor  int // the last id given to one
	events   int // sent so far, for their ids
	displays []ocpp21.MessageInfo
}

// v21 says whether the station may use what is new in 2.1.
func (d *dialect2) v21() bool { return d.s.config.Version == ocppj.V21 }

// judge says what is wrong with a payload by the schema of 2.0.1, if that is what the
// station speaks. Find is NewRequest or NewResponse of that version.
func (d *dialect2) judge(find func(string) (schema.Message, bool), action string, payload []byte) schema.Violations {
	older, ok := find(action)
	if d.v21() || !ok {
		return nil
	}
	return schema.Decode(payload, older)
}

func (d *dialect2) boot(why bootReason) schema.Message {
	c := d.s.config
	return &ocpp21.BootNotificationRequest{
		Reason: ocpp21.BootReason(why),
		ChargingStation: ocpp21.ChargingStation{
			VendorName:      c.Hardware.Vendor,
			Model:           c.Hardware.Model,
			SerialNumber:    &c.Serial,
			FirmwareVersion: &c.Firmware,
		},
	}
}

func (*dialect2) registered(response schema.Message) registered {
	r := response.(*ocpp21.BootNotificationResponse)
	return registered{registration(r.Status), time.Duration(r.Interval) * time.Second, r.CurrentTime}
}

func (*dialect2) heartbeat() schema.Message { return &ocpp21.HeartbeatRequest{} }

func (*dialect2) timeOf(response schema.Message) schema.Timestamp {
	return response.(*ocpp21.HeartbeatResponse).CurrentTime
}

func (*dialect2) statusOf(e *evse) string { return string(connectorStatus(e)) }

func connectorStatus(e *evse) ocpp21.ConnectorStatus {
	switch state := e.state(); state {
	case available, unavailable, reserved, faulted:
		return ocpp21.ConnectorStatus(state)
	default:
		return ocpp21.ConnectorStatusOccupied
	}
}

// status is a StatusNotification, or the event that 2.x offers in its place: G01.FR.03.
func (d *dialect2) status(e *evse) schema.Message {
	now := schema.TimestampOf(d.s.time())
	if d.s.config.Quirks.StatusByEvent {
		event := d.event(connectorOf(e), "AvailabilityState", string(connectorStatus(e)))
		event.Trigger, event.EventNotificationType = ocpp21.EventTriggerDelta, ocpp21.EventNotificationHardWiredNotification
		return &ocpp21.NotifyEventRequest{GeneratedAt: now, EventData: []ocpp21.EventData{event}}
	}
	return &ocpp21.StatusNotificationRequest{
		Timestamp:       now,
		ConnectorStatus: connectorStatus(e),
		EVSEID:          e.id,
		ConnectorID:     1,
	}
}

func (d *dialect2) meterValues(e *evse, r Reading, context string) schema.Message {
	return &ocpp21.MeterValuesRequest{EVSEID: e.id, MeterValue: d.readings(r, context)}
}

func (*dialect2) authorize(token Token) schema.Message {
	return &ocpp21.AuthorizeRequest{IDToken: idToken(token)}
}

func idToken(t Token) ocpp21.IDToken { return ocpp21.IDToken{IDToken: t.UID, Type: t.Type} }

func (d *dialect2) authorized(response schema.Message) verdict {
	info := response.(*ocpp21.AuthorizeResponse).IDTokenInfo
	if m := info.PersonalMessage; m != nil {
		d.s.show(Shown{What: ShownPrice, Text: m.Content})
	}
	return verdict2(info)
}

func verdict2(info ocpp21.IDTokenInfo) verdict {
	v := verdict{accepted: info.Status == ocpp21.AuthorizationStatusAccepted, expires: timeOf(info.CacheExpiryDateTime)}
	if info.GroupIDToken != nil {
		v.group = info.GroupIDToken.IDToken
	}
	return v
}

func (d *dialect2) transaction(e *evse, h happening) (schema.Message, func() bool) {
	session := e.tx.session
	event := &ocpp21.TransactionEventRequest{
		EventType:     ocpp21.TransactionEvent(h.event),
		Timestamp:     schema.TimestampOf(h.at),
		TriggerReason: ocpp21.TriggerReason(h.trigger),
		SeqNo:         h.seqNo,
		TransactionInfo: ocpp21.Transaction{
			TransactionID: e.tx.id,
			ChargingState: new(chargingState(h.phase)),
		},
	}
	if h.offline {
		event.Offline = new(true)
	}
	if h.event == started || h.token != nil {
		event.EVSE = &ocpp21.EVSE{ID: e.id, ConnectorID: new(1)}
	}
	if h.token != nil {
		event.IDToken = new(idToken(*h.token))
		if session.ReservationID != 0 && h.event != ended {
			event.ReservationID = &session.ReservationID
		}
	}
	if h.reading != nil {
		event.MeterValue = d.readings(*h.reading, h.context)
		if signed := d.s.sign(e, h); signed != nil {
			signed.attach(event.MeterValue)
		}
	}
	if h.trigger == "RemoteStart" {
		event.TransactionInfo.RemoteStartID = &session.RemoteStartID
	}
	if h.event == ended {
		event.TransactionInfo.StoppedReason = new(reason2(h.why))
	}
	return event, nil
}

func chargingState(p phase) ocpp21.ChargingState {
	switch p {
	case charging, suspendedEV, suspendedEVSE:
		return ocpp21.ChargingState(p)
	default:
		return ocpp21.ChargingStateEVConnected
	}
}

func reason2(why ending) ocpp21.Reason {
	switch why {
	case endLocal, endRemote, endDeauthorized, endReset, endTimeout, endPowerLoss:
		return ocpp21.Reason(why)
	default:
		return ocpp21.ReasonOther
	}
}

func (*dialect2) learn(_ *transaction, response schema.Message) *verdict {
	if info := response.(*ocpp21.TransactionEventResponse).IDTokenInfo; info != nil {
		return new(verdict2(*info))
	}
	return nil
}

func (d *dialect2) resumed() string {
	if d.v21() {
		return string(ocpp21.TriggerReasonTxResumed)
	}
	return string(ocpp21.TriggerReasonChargingStateChanged)
}

// readings writes a reading; nothing when there is nothing to be sampled, for a meter
// value without a sample is none.
func (d *dialect2) readings(r Reading, context string) []ocpp21.MeterValue {
	location := ocpp21.LocationOutlet
	if d.s.config.Hardware.DC() {
		location = ocpp21.LocationCable
	}
	at := ocpp21.MeterValue{Timestamp: schema.TimestampOf(r.At)}
	for _, q := range r.quantities(d.s.measurands(context), d.s.config.Quirks.KiloWattHours) {
		sample := ocpp21.SampledValue{
			Value:         q.value,
			Context:       new(ocpp21.ReadingContext(context)),
			Measurand:     new(ocpp21.Measurand(q.measurand)),
			Location:      &location,
			UnitOfMeasure: &ocpp21.UnitOfMeasure{Unit: new(q.unit)},
		}
		if q.phase != "" {
			sample.Phase = new(ocpp21.Phase(q.phase))
		}
		at.SampledValue = append(at.SampledValue, sample)
	}
	if len(at.SampledValue) == 0 {
		return nil
	}
	return []ocpp21.MeterValue{at}
}

func (*dialect2) reservationUpdate(id int, why string) schema.Message {
	return &ocpp21.ReservationStatusUpdateRequest{ReservationID: id, ReservationUpdateStatus: ocpp21.ReservationUpdateStatus(why)}
}

func (*dialect2) firmwareStatus(u *update) schema.Message {
	status := &ocpp21.FirmwareStatusNotificationRequest{Status: ocpp21.FirmwareStatus(u.status)}
	if u.status != "Idle" {
		status.RequestID = &u.requestID
	}
	return status
}

func (*dialect2) logStatus(u *upload) schema.Message {
	status := &ocpp21.LogStatusNotificationRequest{Status: ocpp21.UploadLogStatus(u.status)}
	if u.status != "Idle" {
		status.RequestID = &u.requestID
	}
	return status
}

func (*dialect2) response(action string) (schema.Message, bool) { return ocpp21.NewResponse(action) }

func (d *dialect2) read(action string, payload []byte) (schema.Message, error) {
	if violations := d.judge(ocpp201.NewResponse, action, payload); violations != nil {
		return nil, fmt.Errorf("%s: response: %w", action, violations)
	}
	response, _ := ocpp21.NewResponse(action) // it has asked for it
	if violations := schema.Decode(payload, response); violations != nil {
		return nil, fmt.Errorf("%s: response: %w", action, violations)
	}
	return response, nil
}
