package sim

import (
	"slices"
	"strconv"
	"strings"

	"pylon/internal/kernel/decimal"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/schema"
)

// deviceModel returns all variables of the station as they are now: its settings,
// and what its EVSEs are. The lock is held.
func (d dialect201) deviceModel() []ocpp201.ReportData {
	var model []ocpp201.ReportData
	for _, at := range d.s.settings {
		if at.component == "" {
			continue
		}
		data := variable(ocpp201.Component{Name: at.component}, at.variable, ocpp201.Data(at.kind), at.value)
		data.VariableAttribute[0].Mutability = new(ocpp201.Mutability(at.access))
		if at.access == writeOnly {
			data.VariableAttribute[0].Value = nil
		}
		if at.instance != "" {
			data.Variable.Instance = new(at.instance)
		}
		model = append(model, data)
	}
	hardware := d.s.config.Hardware
	station := ocpp201.Component{Name: "ChargingStation"}
	model = append(model,
		variable(station, "VendorName", ocpp201.DataString, hardware.Vendor),
		variable(station, "Model", ocpp201.DataString, hardware.Model),
		variable(station, "SupplyPhases", ocpp201.DataInteger, "3"),
	)
	for _, e := range d.s.evses {
		evse := ocpp201.Component{Name: "EVSE", EVSE: &ocpp201.EVSE{ID: e.id}}
		connector := ocpp201.Component{Name: "Connector", EVSE: &ocpp201.EVSE{ID: e.id, ConnectorID: new(1)}}
		power := variable(evse, "Power", ocpp201.DataDecimal, "0")
		power.VariableCharacteristics.Unit = new("W")
		power.VariableCharacteristics.MaxLimit = new(decimal.FromInt(int64(hardware.MaxPower), 0))
		model = append(model,
			variable(evse, "AvailabilityState", ocpp201.DataOptionList, string(connectorStatus(e))),
			variable(evse, "SupplyPhases", ocpp201.DataInteger, strconv.Itoa(hardware.Phases)),
			power,
			variable(connector, "AvailabilityState", ocpp201.DataOptionList, string(connectorStatus(e))),
			variable(connector, "ConnectorType", ocpp201.DataString, hardware.Connector),
		)
	}
	return model
}

// variable returns a variable that is read only.
func variable(c ocpp201.Component, name string, kind ocpp201.Data, value string) ocpp201.ReportData {
	return ocpp201.ReportData{
		Component:               c,
		Variable:                ocpp201.Variable{Name: name},
		VariableAttribute:       []ocpp201.VariableAttribute{{Value: &value, Mutability: new(ocpp201.MutabilityReadOnly)}},
		VariableCharacteristics: &ocpp201.VariableCharacteristics{DataType: kind},
	}
}

func (d dialect201) getVariables(r *ocpp201.GetVariablesRequest) Reply {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	model := d.deviceModel()
	response := &ocpp201.GetVariablesResponse{}
	for _, asked := range r.GetVariableData {
		result := ocpp201.GetVariableResult{Component: asked.Component, Variable: asked.Variable, AttributeType: asked.AttributeType}
		result.AttributeStatus, result.AttributeValue = lookUp(model, asked)
		response.GetVariableResult = append(response.GetVariableResult, result)
	}
	return Reply{Message: response}
}

func lookUp(model []ocpp201.ReportData, asked ocpp201.GetVariableData) (ocpp201.GetVariableStatus, *string) {
	at := slices.IndexFunc(model, func(has ocpp201.ReportData) bool {
		return sameComponent(has.Component, asked.Component) && strings.EqualFold(has.Variable.Name, asked.Variable.Name)
	})
	switch {
	case at < 0 && slices.ContainsFunc(model, func(has ocpp201.ReportData) bool { return sameComponent(has.Component, asked.Component) }):
		return ocpp201.GetVariableStatusUnknownVariable, nil
	case at < 0:
		return ocpp201.GetVariableStatusUnknownComponent, nil
	case asked.AttributeType != nil && *asked.AttributeType != ocpp201.AttributeActual:
		return ocpp201.GetVariableStatusNotSupportedAttributeType, nil
	case model[at].VariableAttribute[0].Value == nil: // write only
		return ocpp201.GetVariableStatusRejected, nil
	}
	return ocpp201.GetVariableStatusAccepted, model[at].VariableAttribute[0].Value
}

func sameComponent(a, b ocpp201.Component) bool {
	if a.EVSE == nil || b.EVSE == nil {
		return strings.EqualFold(a.Name, b.Name) && a.EVSE == b.EVSE
	}
	connector := func(e *ocpp201.EVSE) int {
		if e.ConnectorID == nil {
			return 0
		}
		return *e.ConnectorID
	}
	return strings.EqualFold(a.Name, b.Name) && a.EVSE.ID == b.EVSE.ID && connector(a.EVSE) == connector(b.EVSE)
}

func (d dialect201) setVariables(r *ocpp201.SetVariablesRequest) Reply {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	reply := Reply{}
	response := &ocpp201.SetVariablesResponse{}
	for _, asked := range r.SetVariableData {
		status := ocpp201.SetVariableStatusAccepted
		at := d.s.settings.byVariable(asked.Component.Name, asked.Variable.Name)
		switch {
		case at == nil && !d.knowsComponent(asked.Component):
			status = ocpp201.SetVariableStatusUnknownComponent
		case at == nil:
			status = ocpp201.SetVariableStatusUnknownVariable
		case asked.AttributeType != nil && *asked.AttributeType != ocpp201.AttributeActual:
			status = ocpp201.SetVariableStatusNotSupportedAttributeType
		case !at.set(asked.AttributeValue):
			status = ocpp201.SetVariableStatusRejected
		case at.key == keyPassword:
			reply.Then = d.s.Drop // and connect with the new one
		}
		response.SetVariableResult = append(response.SetVariableResult, ocpp201.SetVariableResult{
			AttributeStatus: status,
			AttributeType:   asked.AttributeType,
			Component:       asked.Component,
			Variable:        asked.Variable,
		})
	}
	reply.Message = response
	return reply
}

func (d dialect201) knowsComponent(c ocpp201.Component) bool {
	return slices.ContainsFunc(d.deviceModel(), func(has ocpp201.ReportData) bool { return sameComponent(has.Component, c) })
}

// getBaseReport reports the device model in pages. Of the inventories this
// station has the full one and the configuration.
func (d dialect201) getBaseReport(r *ocpp201.GetBaseReportRequest) Reply {
	if r.ReportBase == ocpp201.ReportBaseSummaryInventory {
		return Reply{Message: &ocpp201.GetBaseReportResponse{Status: ocpp201.GenericDeviceModelStatusNotSupported}}
	}
	send := d.s.trigger(func() []*parcel {
		model := d.deviceModel()
		if r.ReportBase == ocpp201.ReportBaseConfigurationInventory {
			model = slices.DeleteFunc(model, func(v ocpp201.ReportData) bool {
				return *v.VariableAttribute[0].Mutability == ocpp201.MutabilityReadOnly
			})
		}
		return d.reportPages(r.RequestID, model)
	})
	return Reply{Message: &ocpp201.GetBaseReportResponse{Status: ocpp201.GenericDeviceModelStatusAccepted}, Then: send}
}

func (d dialect201) reportPages(requestID int, model []ocpp201.ReportData) []*parcel {
	var pages []*parcel
	now := schema.TimestampOf(d.s.clock.Now())
	for page := range slices.Chunk(model, reportItemsMax) {
		request := &ocpp201.NotifyReportRequest{RequestID: requestID, GeneratedAt: now, SeqNo: len(pages), ReportData: page}
		if (len(pages)+1)*reportItemsMax < len(model) {
			request.TBC = new(true)
		}
		pages = append(pages, &parcel{
			request:  func() schema.Message { return request },
			response: func() schema.Message { return &ocpp201.NotifyReportResponse{} },
		})
	}
	return pages
}
