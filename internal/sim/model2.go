package sim

import (
	"slices"
	"strconv"
	"strings"

	"pylon/internal/kernel/decimal"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// deviceModel returns all variables of the station as they are now: its settings,
// and what its EVSEs are.
func (d *dialect2) deviceModel() []ocpp21.ReportData {
	model := d.controllers()
	c := d.s.config
	station := ocpp21.Component{Name: "ChargingStation"}
	model = append(model,
		variable(station, "VendorName", ocpp21.DataString, c.Hardware.Vendor),
		variable(station, "Model", ocpp21.DataString, c.Hardware.Model),
		variable(station, "SerialNumber", ocpp21.DataString, c.Serial),
		variable(station, "FirmwareVersion", ocpp21.DataString, c.Firmware),
		variable(station, "SupplyPhases", ocpp21.DataInteger, "3"),
		variable(station, "AvailabilityState", ocpp21.DataOptionList, d.availability()),
		variable(station, "Available", ocpp21.DataBoolean, "true"),
		variable(ocpp21.Component{Name: "ClockCtrlr"}, "DateTime", ocpp21.DataDateTime, string(schema.TimestampOf(d.s.time()))),
	)
	for _, e := range d.s.evses {
		model = append(model, d.evseVariables(e)...)
	}
	return model
}

// controllers returns the settings.
func (d *dialect2) controllers() []ocpp21.ReportData {
	var model []ocpp21.ReportData
	for i, l := range book(d.s.config) {
		if l.component == "" {
			continue
		}
		data := variable(ocpp21.Component{Name: l.component}, l.variable, ocpp21.Data(l.kind), d.s.settings.text(entry(i)))
		attribute, kind := &data.VariableAttribute[0], data.VariableCharacteristics
		attribute.Mutability = new(ocpp21.Mutability(l.access))
		if l.access == writeOnly {
			attribute.Value = nil
		}
		if l.instance != "" {
			data.Variable.Instance = new(l.instance)
		}
		if l.unit != "" {
			kind.Unit = new(l.unit)
		}
		if l.kind == integer && l.most > 0 {
			kind.MaxLimit = new(decimal.FromInt(int64(l.most), 0))
		}
		if l.choice != nil {
			kind.ValuesList = new(strings.Join(l.choice, ","))
		}
		model = append(model, data)
	}
	return model
}

func (d *dialect2) evseVariables(e *evse) []ocpp21.ReportData {
	hardware := d.s.config.Hardware
	component, connector := evseOf(e), connectorOf(e)
	draw, _ := d.s.draw(e, d.s.clock.Now())
	power := variable(component, "Power", ocpp21.DataDecimal, strconv.FormatInt(int64(draw.Power), 10))
	power.VariableCharacteristics.Unit = new("W")
	power.VariableCharacteristics.MaxLimit = new(decimal.FromInt(int64(hardware.MaxPower), 0))
	power.VariableCharacteristics.SupportsMonitoring = true
	state := variable(connector, "AvailabilityState", ocpp21.DataOptionList, string(connectorStatus(e)))
	state.VariableCharacteristics.SupportsMonitoring = true
	state.VariableCharacteristics.ValuesList = new("Available,Occupied,Reserved,Unavailable,Faulted")
	variables := []ocpp21.ReportData{
		variable(component, "AvailabilityState", ocpp21.DataOptionList, string(connectorStatus(e))),
		variable(component, "Available", ocpp21.DataBoolean, "true"),
		variable(component, "SupplyPhases", ocpp21.DataInteger, strconv.Itoa(hardware.Phases)),
		power,
		state,
		variable(connector, "Available", ocpp21.DataBoolean, "true"),
		variable(connector, "SupplyPhases", ocpp21.DataInteger, strconv.Itoa(hardware.Phases)),
		variable(connector, "ConnectorType", ocpp21.DataString, hardware.Connector),
	}
	if signer := e.meter.signer; signer != nil {
		variables = append(variables, variable(ocpp21.Component{Name: "FiscalMetering", EVSE: component.EVSE}, "PublicKey", ocpp21.DataString, signer.sent))
	}
	return variables
}

func evseOf(e *evse) ocpp21.Component {
	return ocpp21.Component{Name: "EVSE", EVSE: &ocpp21.EVSE{ID: e.id}}
}

func connectorOf(e *evse) ocpp21.Component {
	return ocpp21.Component{Name: "Connector", EVSE: &ocpp21.EVSE{ID: e.id, ConnectorID: new(1)}}
}

// availability is that of the station as a whole.
func (d *dialect2) availability() string {
	for _, e := range d.s.evses {
		if e.operative {
			return string(ocpp21.ConnectorStatusAvailable)
		}
	}
	return string(ocpp21.ConnectorStatusUnavailable)
}

// variable returns a variable that is read only.
func variable(c ocpp21.Component, name string, kind ocpp21.Data, value string) ocpp21.ReportData {
	return ocpp21.ReportData{
		Component:               c,
		Variable:                ocpp21.Variable{Name: name},
		VariableAttribute:       []ocpp21.VariableAttribute{{Value: &value, Mutability: new(ocpp21.MutabilityReadOnly)}},
		VariableCharacteristics: &ocpp21.VariableCharacteristics{DataType: kind},
	}
}

func (d *dialect2) getVariables(r *ocpp21.GetVariablesRequest) Reply {
	model := d.deviceModel()
	response := &ocpp21.GetVariablesResponse{}
	for _, asked := range r.GetVariableData {
		result := ocpp21.GetVariableResult{Component: asked.Component, Variable: asked.Variable, AttributeType: asked.AttributeType}
		result.AttributeStatus, result.AttributeValue = readFrom(model, asked)
		response.GetVariableResult = append(response.GetVariableResult, result)
	}
	return Reply{Message: response}
}

func readFrom(model []ocpp21.ReportData, asked ocpp21.GetVariableData) (ocpp21.GetVariableStatus, *string) {
	has := find(model, asked.Component, asked.Variable)
	switch {
	case has == nil && knows(model, asked.Component):
		return ocpp21.GetVariableStatusUnknownVariable, nil
	case has == nil:
		return ocpp21.GetVariableStatusUnknownComponent, nil
	case asked.AttributeType != nil && *asked.AttributeType != ocpp21.AttributeActual:
		return ocpp21.GetVariableStatusNotSupportedAttributeType, nil
	case has.VariableAttribute[0].Value == nil: // write only
		return ocpp21.GetVariableStatusRejected, nil
	}
	return ocpp21.GetVariableStatusAccepted, has.VariableAttribute[0].Value
}

// find returns the variable of a component; without an instance, any will do.
func find(model []ocpp21.ReportData, c ocpp21.Component, v ocpp21.Variable) *ocpp21.ReportData {
	at := slices.IndexFunc(model, func(has ocpp21.ReportData) bool {
		return sameComponent(has.Component, c) && sameVariable(has.Variable, v)
	})
	if at < 0 {
		return nil
	}
	return &model[at]
}

func knows(model []ocpp21.ReportData, c ocpp21.Component) bool {
	return slices.ContainsFunc(model, func(has ocpp21.ReportData) bool { return sameComponent(has.Component, c) })
}

func sameVariable(has, asked ocpp21.Variable) bool {
	return strings.EqualFold(has.Name, asked.Name) && (asked.Instance == nil || strings.EqualFold(value(has.Instance), *asked.Instance))
}

func sameComponent(a, b ocpp21.Component) bool {
	if a.EVSE == nil || b.EVSE == nil {
		return strings.EqualFold(a.Name, b.Name) && a.EVSE == b.EVSE
	}
	return strings.EqualFold(a.Name, b.Name) && a.EVSE.ID == b.EVSE.ID && value(a.EVSE.ConnectorID) == value(b.EVSE.ConnectorID)
}

func (d *dialect2) setVariables(r *ocpp21.SetVariablesRequest) Reply {
	model := d.deviceModel()
	reply := Reply{}
	response := &ocpp21.SetVariablesResponse{}
	for _, asked := range r.SetVariableData {
		status, then := d.setVariable(model, asked)
		if then != nil {
			reply.Then = then
		}
		response.SetVariableResult = append(response.SetVariableResult, ocpp21.SetVariableResult{
			AttributeStatus: status,
			AttributeType:   asked.AttributeType,
			Component:       asked.Component,
			Variable:        asked.Variable,
		})
	}
	reply.Message = response
	return reply
}

func (d *dialect2) setVariable(model []ocpp21.ReportData, asked ocpp21.SetVariableData) (ocpp21.SetVariableStatus, func()) {
	switch {
	case !knows(model, asked.Component):
		return ocpp21.SetVariableStatusUnknownComponent, nil
	case find(model, asked.Component, asked.Variable) == nil:
		return ocpp21.SetVariableStatusUnknownVariable, nil
	case asked.AttributeType != nil && *asked.AttributeType != ocpp21.AttributeActual:
		return ocpp21.SetVariableStatusNotSupportedAttributeType, nil
	case d.s.lasting(DeafCommands):
		return ocpp21.SetVariableStatusAccepted, nil
	}
	at, l, ok := d.s.byVariable(asked.Component.Name, asked.Variable.Name, value(asked.Variable.Instance))
	if !ok { // what it is built of
		return ocpp21.SetVariableStatusRejected, nil
	}
	switch taken, reboot := d.s.settings.set(at, l, asked.AttributeValue); {
	case !taken:
		return ocpp21.SetVariableStatusRejected, nil
	case reboot:
		return ocpp21.SetVariableStatusRebootRequired, nil
	}
	return ocpp21.SetVariableStatusAccepted, d.s.applied(at)
}

// getBaseReport reports the device model, or the part that can be configured, or the
// state of what can charge. Source: OCPP 2.x B07.
func (d *dialect2) getBaseReport(r *ocpp21.GetBaseReportRequest) Reply {
	keep := func(ocpp21.ReportData) bool { return true }
	switch r.ReportBase {
	case ocpp21.ReportBaseConfigurationInventory:
		keep = func(v ocpp21.ReportData) bool { return *v.VariableAttribute[0].Mutability != ocpp21.MutabilityReadOnly }
	case ocpp21.ReportBaseSummaryInventory:
		keep = func(v ocpp21.ReportData) bool {
			return slices.Contains([]string{"AvailabilityState", "Available", "Problem"}, v.Variable.Name)
		}
	case ocpp21.ReportBaseFullInventory:
	}
	return Reply{Message: &ocpp21.GetBaseReportResponse{Status: ocpp21.GenericDeviceModelStatusAccepted}, Then: d.report(r.RequestID, keep)}
}

// getReport reports the variables asked for. Source: OCPP 2.x B08.
func (d *dialect2) getReport(r *ocpp21.GetReportRequest) Reply {
	model := d.deviceModel()
	keep := func(v ocpp21.ReportData) bool {
		return chosen(r.ComponentVariable, v.Component, v.Variable) && d.meets(model, v.Component, r.ComponentCriteria)
	}
	if !slices.ContainsFunc(model, keep) {
		return Reply{Message: &ocpp21.GetReportResponse{Status: ocpp21.GenericDeviceModelStatusEmptyResultSet}}
	}
	return Reply{Message: &ocpp21.GetReportResponse{Status: ocpp21.GenericDeviceModelStatusAccepted}, Then: d.report(r.RequestID, keep)}
}

// chosen says whether a list names a variable; an empty one names all. A component
// without an EVSE in the list is that component everywhere: B08.FR.21.
func chosen(list []ocpp21.ComponentVariable, c ocpp21.Component, v ocpp21.Variable) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(asked ocpp21.ComponentVariable) bool {
		has := c
		if asked.Component.EVSE == nil {
			has.EVSE = nil
		}
		return sameComponent(has, asked.Component) && (asked.Variable == nil || sameVariable(v, *asked.Variable))
	})
}

// meets says whether a component meets one of the criteria; one without the variable
// is taken to be active, available and enabled, and to have no problem: B08.FR.05 to 15.
func (d *dialect2) meets(model []ocpp21.ReportData, c ocpp21.Component, criteria []ocpp21.ComponentCriterion) bool {
	return len(criteria) == 0 || slices.ContainsFunc(criteria, func(wanted ocpp21.ComponentCriterion) bool {
		has := find(model, c, ocpp21.Variable{Name: string(wanted)})
		if has == nil {
			return wanted != ocpp21.ComponentCriterionProblem
		}
		return value(has.VariableAttribute[0].Value) == "true"
	})
}

// report returns what sends the variables that are kept, in pages.
func (d *dialect2) report(requestID int, keep func(ocpp21.ReportData) bool) func() {
	return d.s.trigger(func() []*parcel {
		model := slices.DeleteFunc(d.deviceModel(), func(v ocpp21.ReportData) bool { return !keep(v) })
		now := schema.TimestampOf(d.s.time())
		return pages(model, func(seqNo int, page []ocpp21.ReportData, more *bool) schema.Message {
			return &ocpp21.NotifyReportRequest{RequestID: requestID, GeneratedAt: now, SeqNo: seqNo, ReportData: page, TBC: more}
		})
	})
}

// pages cuts a list into messages.
func pages[T any](list []T, write func(seqNo int, page []T, more *bool) schema.Message) []*parcel {
	var out []*parcel
	for page := range slices.Chunk(list, reportItemsMax) {
		var more *bool
		if (len(out)+1)*reportItemsMax < len(list) {
			more = new(true)
		}
		out = append(out, &parcel{message: write(len(out), page, more)})
	}
	return out
}
