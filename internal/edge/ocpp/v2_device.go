package ocpp

import (
	"context"

	"pylon/internal/domain/device"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// deviceAnswers2 are the messages in which 2.x stations tell of their
// variables. They are read as 2.1 has them.
func deviceAnswers2() answers {
	return answers{
		ocpp21.ActionNotifyEvent:            unveiled(on(event2)),
		ocpp21.ActionNotifyMonitoringReport: on(monitors2),
		ocpp21.ActionNotifyReport:           unveiled(on(report2)),
	}
}

// report2 takes in a part of a report, asked for or not. Which base it is a
// report of the message does not say. Source: B07, B08.
func report2(ctx context.Context, x *exchange, q *ocpp21.NotifyReportRequest) (schema.Message, error) {
	p := device.Part{
		RequestID: q.RequestID, SeqNo: q.SeqNo, More: value(q.TBC), Scope: device.ScopeSome,
		OccurredAt: moment(q.GeneratedAt), ReceivedAt: x.at,
	}
	for i := range q.ReportData {
		p.Variables = append(p.Variables, variable2(&q.ReportData[i]))
	}
	return nil, x.owner.Inventory(ctx, p)
}

func variable2(d *ocpp21.ReportData) device.Variable {
	v := device.Variable{Name: name2(&d.Component, &d.Variable)}
	for i := range d.VariableAttribute {
		a := &d.VariableAttribute[i]
		v.Values = append(v.Values, device.Value{
			Attribute: attribute2(a.Type), Text: a.Value, Mutability: device.Mutability(value(a.Mutability)),
			Persistent: value(a.Persistent), Constant: value(a.Constant),
		})
	}
	if c := d.VariableCharacteristics; c != nil {
		v.Characteristics = device.Characteristics{
			DataType: string(c.DataType), Unit: value(c.Unit), MinLimit: c.MinLimit, MaxLimit: c.MaxLimit,
			MaxElements: value(c.MaxElements), ValuesList: value(c.ValuesList), SupportsMonitoring: c.SupportsMonitoring,
		}
	}
	return v
}

// name2 is where in the station a variable is.
func name2(c *ocpp21.Component, v *ocpp21.Variable) device.Name {
	evse := value(c.EVSE)
	return device.Name{
		EVSE: evse.ID, Connector: value(evse.ConnectorID), Component: c.Name, Instance: value(c.Instance),
		Variable: v.Name, VariableInstance: value(v.Instance),
	}
}

// attribute2 is which value is meant: the actual one when it is not said.
func attribute2(a *ocpp21.Attribute) device.Attribute {
	return device.Attribute(first(string(value(a)), string(device.Actual)))
}

// monitors2 takes in a part of a report of monitors. Source: N02.
func monitors2(ctx context.Context, x *exchange, q *ocpp21.NotifyMonitoringReportRequest) (schema.Message, error) {
	p := device.MonitorPart{
		RequestID: q.RequestID, SeqNo: q.SeqNo, More: value(q.TBC), OccurredAt: moment(q.GeneratedAt), ReceivedAt: x.at,
	}
	for i := range q.Monitor {
		d := &q.Monitor[i]
		name := name2(&d.Component, &d.Variable)
		for _, m := range d.VariableMonitoring {
			p.Monitors = append(p.Monitors, device.Monitor{
				Name: name, ID: m.ID, Type: word(m.Type), Value: m.Value, Severity: m.Severity,
				Transaction: m.Transaction, Origin: word(m.EventNotificationType),
			})
		}
	}
	return nil, x.owner.Monitors(ctx, p)
}
