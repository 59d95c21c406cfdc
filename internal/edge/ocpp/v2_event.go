package ocpp

import (
	"context"
	"fmt"
	"strings"

	"pylon/internal/domain/station"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/schema"
)

// alertsMax bounds what one message of events tells people.
const alertsMax = 8

// event2 takes in what a 2.x station says of its parts: the state of its
// connectors, and alerts. The device model is kept by nobody yet.
func event2(ctx context.Context, x *exchange, q *ocpp201.NotifyEventRequest) (schema.Message, error) {
	var alerts []string
	for i := range q.EventData {
		e := &q.EventData[i]
		if r, ok := x.availability(e); ok {
			if err := x.owner.Status(ctx, r); err != nil {
				return nil, err
			}
			continue
		}
		if e.Trigger == ocpp201.EventTriggerAlerting && len(alerts) < alertsMax {
			alerts = append(alerts, fmt.Sprintf("%s.%s is %s", e.Component.Name, e.Variable.Name, e.ActualValue))
		}
	}
	if len(alerts) == 0 {
		return nil, nil
	}
	text := redact([]byte(strings.Join(alerts, "; "))) // no JSON: withheld when it speaks of passwords
	return nil, x.owner.Alert(ctx, alertDevice, string(text), moment(q.GeneratedAt))
}

// availability reads the state of a connector, an EVSE or the station from an
// event, which 2.x allows in place of StatusNotification.
// Source: OCPP 2.0.1 part 2, G01.FR.03.
func (x *exchange) availability(e *ocpp201.EventData) (station.StatusReport, bool) {
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
