package ocpp

import (
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// actionDevice2 is what a command about variables and monitors becomes.
func actionDevice2(c *command.Command) string {
	switch c.Type {
	case command.ReadVariables:
		return ocpp201.ActionGetVariables
	case command.WriteVariables:
		return ocpp201.ActionSetVariables
	case command.ReportVariables:
		if len(c.Input.Variables) > 0 {
			return ocpp201.ActionGetReport
		}
		return ocpp201.ActionGetBaseReport
	case command.ReportMonitors:
		return ocpp201.ActionGetMonitoringReport
	case command.SetMonitors:
		return ocpp201.ActionSetVariableMonitoring
	case command.ClearMonitors:
		return ocpp201.ActionClearVariableMonitoring
	}
	return ""
}

// composeDevice2 makes the request of such a command.
func composeDevice2(c *command.Command) (schema.Message, error) {
	in := &c.Input
	switch c.Type {
	case command.ReadVariables:
		q := new(ocpp201.GetVariablesRequest)
		for _, v := range in.Variables {
			q.GetVariableData = append(q.GetVariableData, ocpp201.GetVariableData{
				Component: component2(&v.Name), Variable: *variableName2(&v.Name), AttributeType: optional(ocpp201.Attribute(v.Attribute)),
			})
		}
		return q, nil
	case command.WriteVariables:
		q := new(ocpp201.SetVariablesRequest)
		for _, v := range in.Variables {
			q.SetVariableData = append(q.SetVariableData, ocpp201.SetVariableData{
				AttributeValue: v.Value, Component: component2(&v.Name), Variable: *variableName2(&v.Name),
				AttributeType: optional(ocpp201.Attribute(v.Attribute)),
			})
		}
		return q, nil
	case command.ReportVariables:
		if len(in.Variables) > 0 {
			return &ocpp201.GetReportRequest{RequestID: in.RequestID, ComponentVariable: named2(in.Variables)}, nil
		}
		return &ocpp201.GetBaseReportRequest{RequestID: in.RequestID, ReportBase: base2(in.Scope)}, nil
	case command.ReportMonitors:
		return &ocpp201.GetMonitoringReportRequest{RequestID: in.RequestID, ComponentVariable: named2(in.Variables)}, nil
	case command.SetMonitors:
		return monitoring2(in.Monitors), nil
	case command.ClearMonitors:
		return &ocpp201.ClearVariableMonitoringRequest{ID: in.MonitorIDs}, nil
	}
	return nil, fault.New(fault.Invalid, "command_unknown", "type", string(c.Type))
}

// base2 is the base report of a scope: the full one when none is named.
func base2(s device.Scope) ocpp201.ReportBase {
	switch s {
	case device.ScopeConfiguration:
		return ocpp201.ReportBaseConfigurationInventory
	case device.ScopeSummary:
		return ocpp201.ReportBaseSummaryInventory
	default:
		return ocpp201.ReportBaseFullInventory
	}
}

func monitoring2(monitors []device.Monitor) *ocpp201.SetVariableMonitoringRequest {
	q := new(ocpp201.SetVariableMonitoringRequest)
	for _, m := range monitors {
		q.SetMonitoringData = append(q.SetMonitoringData, ocpp201.SetMonitoringData{
			Value: m.Value, Type: ocpp201.Monitor(m.Type), Severity: m.Severity, Component: component2(&m.Name),
			Variable: *variableName2(&m.Name), ID: optional(m.ID), Transaction: optional(m.Transaction),
		})
	}
	return q
}

// named2 is what a report is limited to. Without a variable it is the whole
// component. Source: B08.FR.20, N02.FR.16.
func named2(settings []device.Setting) []ocpp201.ComponentVariable {
	var list []ocpp201.ComponentVariable
	for _, s := range settings {
		cv := ocpp201.ComponentVariable{Component: component2(&s.Name)}
		if s.Variable != "" {
			cv.Variable = variableName2(&s.Name)
		}
		list = append(list, cv)
	}
	return list
}

func component2(n *device.Name) ocpp201.Component {
	c := ocpp201.Component{Name: n.Component, Instance: optional(n.Instance)}
	if n.EVSE > 0 {
		c.EVSE = &ocpp201.EVSE{ID: n.EVSE, ConnectorID: optional(n.Connector)}
	}
	return c
}

func variableName2(n *device.Name) *ocpp201.Variable {
	return &ocpp201.Variable{Name: n.Variable, Instance: optional(n.VariableInstance)}
}

// asks2 says in our words what a call asks about variables and monitors; ""
// when it is about something else.
func asks2(action string, payload []byte) (means command.Type, in command.Input) {
	request, ok := ocpp21.NewRequest(action)
	if !ok {
		return "", in
	}
	schema.Read(payload, request)
	switch q := request.(type) {
	case *ocpp21.GetVariablesRequest:
		for _, d := range q.GetVariableData {
			in.Variables = append(in.Variables, setting2(&d.Component, &d.Variable, d.AttributeType))
		}
		return command.ReadVariables, in
	case *ocpp21.SetVariablesRequest:
		for _, d := range q.SetVariableData {
			s := setting2(&d.Component, &d.Variable, d.AttributeType)
			s.Value = d.AttributeValue
			in.Variables = append(in.Variables, s)
		}
		return command.WriteVariables, in
	case *ocpp21.GetBaseReportRequest:
		return command.ReportVariables, command.Input{RequestID: q.RequestID, Scope: scope2(q.ReportBase)}
	case *ocpp21.GetReportRequest:
		return command.ReportVariables, command.Input{
			RequestID: q.RequestID, Scope: device.ScopeSome, Variables: settings2(q.ComponentVariable),
		}
	case *ocpp21.GetMonitoringReportRequest:
		in = command.Input{RequestID: q.RequestID, Variables: settings2(q.ComponentVariable)}
		if len(q.MonitoringCriteria) > 0 {
			in.Scope = device.ScopeSome
		}
		return command.ReportMonitors, in
	case *ocpp21.SetVariableMonitoringRequest:
		for _, d := range q.SetMonitoringData {
			in.Monitors = append(in.Monitors, device.Monitor{
				Name: name2(&d.Component, &d.Variable), ID: value(d.ID), Type: string(d.Type), Value: d.Value,
				Severity: d.Severity, Transaction: value(d.Transaction),
			})
		}
		return command.SetMonitors, in
	case *ocpp21.ClearVariableMonitoringRequest:
		return command.ClearMonitors, command.Input{MonitorIDs: q.ID}
	}
	return "", in
}

func setting2(c *ocpp21.Component, v *ocpp21.Variable, a *ocpp21.Attribute) device.Setting {
	return device.Setting{Name: name2(c, v), Attribute: device.Attribute(value(a))}
}

func settings2(list []ocpp21.ComponentVariable) []device.Setting {
	var all []device.Setting
	for i := range list {
		v := value(list[i].Variable)
		all = append(all, setting2(&list[i].Component, &v, nil))
	}
	return all
}

func scope2(b ocpp21.ReportBase) device.Scope {
	switch b {
	case ocpp21.ReportBaseConfigurationInventory:
		return device.ScopeConfiguration
	case ocpp21.ReportBaseSummaryInventory:
		return device.ScopeSummary
	default: // its schema allows but one more
		return device.ScopeFull
	}
}

// learn2 takes the news out of an answer.
func learn2(o *order, answer schema.Message, at time.Time) (n news) {
	switch a := answer.(type) {
	case *ocpp21.GetVariablesResponse:
		n.wasRead(a.GetVariableResult, at)
	case *ocpp21.SetVariablesResponse:
		for i := range a.SetVariableResult {
			r := &a.SetVariableResult[i]
			n.variables = append(n.variables, device.Result{
				Name: name2(&r.Component, &r.Variable), Attribute: attribute2(r.AttributeType),
				Status: variableStatus(string(r.AttributeStatus)), Detail: detail2(r.AttributeStatusInfo),
			})
		}
	case *ocpp21.SetVariableMonitoringResponse:
		for i := range a.SetMonitoringResult {
			r := &a.SetMonitoringResult[i]
			n.monitors = append(n.monitors, device.MonitorResult{
				Monitor: o.monitor(r), Status: word(r.Status), Detail: detail2(r.StatusInfo),
			})
		}
	case *ocpp21.ClearVariableMonitoringResponse:
		for _, r := range a.ClearMonitoringResult {
			n.monitors = append(n.monitors, device.MonitorResult{
				Monitor: device.Monitor{ID: r.ID}, Status: word(r.Status), Detail: detail2(r.StatusInfo),
			})
		}
	case *ocpp21.GetBaseReportResponse:
		n.nothing(o, a.Status, at)
	case *ocpp21.GetReportResponse:
		n.nothing(o, a.Status, at)
	case *ocpp21.GetMonitoringReportResponse:
		if a.Status == ocpp21.GenericDeviceModelStatusEmptyResultSet {
			n.watch = &device.MonitorPart{RequestID: o.input.RequestID, OccurredAt: at, ReceivedAt: at}
		}
	}
	return n
}

// nothing notes that a report has no parts. Source: B08.FR.15.
func (n *news) nothing(o *order, s ocpp21.GenericDeviceModelStatus, at time.Time) {
	if s == ocpp21.GenericDeviceModelStatusEmptyResultSet {
		n.read(device.ScopeSome, nil, at).RequestID = o.input.RequestID
	}
}

// wasRead takes in variables one by one. What the answer does not say of them
// (mutability, characteristics) is not there. Source: B06.
func (n *news) wasRead(results []ocpp21.GetVariableResult, now time.Time) {
	var variables []device.Variable
	at := make(map[device.Name]int) // where a variable is: it may have several attributes
	for i := range results {
		r := &results[i]
		result := device.Result{
			Name: name2(&r.Component, &r.Variable), Attribute: attribute2(r.AttributeType),
			Status: variableStatus(string(r.AttributeStatus)), Detail: detail2(r.AttributeStatusInfo),
		}
		if result.Status == device.StatusAccepted {
			result.Text = r.AttributeValue
			place, known := at[result.Name]
			if !known {
				place = len(variables)
				at[result.Name] = place
				variables = append(variables, device.Variable{Name: result.Name})
			}
			values := &variables[place].Values
			*values = append(*values, device.Value{Attribute: result.Attribute, Text: result.Text})
		}
		n.variables = append(n.variables, result)
	}
	if len(variables) > 0 {
		n.read(device.ScopeSome, variables, now)
	}
}

// monitor is the monitor that a result is about: what was asked, with the
// station's id. There is one of each type and severity on a variable.
// Source: N04.FR.02, N04.FR.10.
func (o *order) monitor(r *ocpp21.SetMonitoringResult) device.Monitor {
	m := device.Monitor{
		Name: name2(&r.Component, &r.Variable), ID: value(r.ID), Type: word(r.Type), Severity: r.Severity,
	}
	for _, asked := range o.input.Monitors {
		if asked.Name == m.Name && asked.Type == m.Type && asked.Severity == m.Severity {
			m.Value, m.Transaction = asked.Value, asked.Transaction
		}
	}
	return m
}

// variableStatus is what a station answers about a variable, in our words.
func variableStatus(s string) device.Status {
	switch s {
	case "Accepted":
		return device.StatusAccepted
	case "UnknownComponent", "UnknownVariable":
		return device.StatusUnknown
	case "NotSupportedAttributeType":
		return device.StatusNotSupported
	case "RebootRequired":
		return device.StatusRebootRequired
	default: // Rejected; the schemas allow no more
		return device.StatusRejected
	}
}

// detail2 is why a station said no, in its words.
func detail2(s *ocpp21.StatusInfo) string {
	info := value(s)
	if more := value(info.AdditionalInfo); more != "" {
		return info.ReasonCode + ": " + more
	}
	return info.ReasonCode
}
