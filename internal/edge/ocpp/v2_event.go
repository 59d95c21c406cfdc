package ocpp

import (
	"context"
	"strings"

	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// event2 takes in what a 2.x station tells of its variables: the state of its
// connectors as status, all else as what happened. Source: N07.FR.03, N08.FR.02.
func event2(ctx context.Context, x *exchange, q *ocpp21.NotifyEventRequest) (schema.Message, error) {
	var happened []device.Happening
	for i := range q.EventData {
		e := &q.EventData[i]
		r, ok := x.availability(e)
		if !ok {
			happened = append(happened, x.happening(e))
			continue
		}
		if err := x.owner.Status(ctx, r); err != nil {
			return nil, err
		}
	}
	if len(happened) == 0 {
		return nil, nil
	}
	return nil, x.owner.Happened(ctx, happened)
}

// severityUnknown is the severity of an event without one: 2.0.1 has none.
const severityUnknown = -1

func (x *exchange) happening(e *ocpp21.EventData) device.Happening {
	h := device.Happening{
		Name: name2(&e.Component, &e.Variable), EventID: e.EventID, OccurredAt: moment(e.Timestamp), ReceivedAt: x.at,
		Trigger: word(e.Trigger), Kind: word(e.EventNotificationType), Value: e.ActualValue, Cause: value(e.Cause),
		TechCode: value(e.TechCode), TechInfo: value(e.TechInfo), Cleared: value(e.Cleared),
		TransactionID: value(e.TransactionID), MonitorID: value(e.VariableMonitoringID), Severity: severityUnknown,
	}
	if e.Severity != nil {
		h.Severity = *e.Severity
	}
	return h
}

// availability reads the state of a connector, an EVSE or the station from an
// event, which 2.x allows in place of StatusNotification.
// Source: OCPP 2.0.1 part 2, G01.FR.03.
func (x *exchange) availability(e *ocpp21.EventData) (station.StatusReport, bool) {
	r := station.StatusReport{OccurredAt: moment(e.Timestamp), ReceivedAt: x.at, Status: station.ParseStatus(e.ActualValue)}
	if !strings.EqualFold(e.Variable.Name, "AvailabilityState") || r.Status == station.Unknown {
		return r, false
	}
	evse := value(e.Component.EVSE)
	switch e.Component.Name {
	case "Connector":
		r.EVSE, r.Connector = evse.ID, value(evse.ConnectorID)
		return r, r.EVSE > 0 && r.Connector > 0
	case "EVSE":
		r.EVSE = evse.ID
		return r, r.EVSE > 0
	case "ChargingStation":
		return r, true
	}
	return r, false
}
