package rest

import (
	"strconv"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
)

// VariableName names a variable of a station's device model, or a configuration
// key of OCPP 1.6. What a name has not is left out.
type VariableName struct {
	EVSEID           int    `json:"evse_id,omitzero" minimum:"0" maximum:"65535" doc:"Left out: the station"`
	ConnectorID      int    `json:"connector_id,omitzero" minimum:"0" maximum:"65535"`
	Component        string `json:"component,omitzero" maxLength:"200" example:"OCPPCommCtrlr" doc:"Left out: a configuration key of OCPP 1.6"`
	Instance         string `json:"instance,omitzero" maxLength:"200" doc:"Of the component"`
	Variable         string `json:"variable,omitzero" maxLength:"200" example:"HeartbeatInterval" doc:"The variable, or the key; left out: the whole component, where that is possible"`
	VariableInstance string `json:"variable_instance,omitzero" maxLength:"200"`
}

// Setting is one attribute of a variable, with a value where one is meant.
type Setting struct {
	VariableName
	Attribute string  `json:"attribute,omitzero" enum:"Actual,Target,MinSet,MaxSet" doc:"Actual when left out"`
	Value     *string `json:"value,omitzero" nullable:"false" maxLength:"2500" example:"300" doc:"Always a text, as OCPP has it"`
}

// NewSetting is a setting in a request, closed where [Setting] is open.
type NewSetting Setting

// Monitor watches a variable in the station.
type Monitor struct {
	VariableName
	ID          int    `json:"id,omitzero" minimum:"0" doc:"The station's; left out of one that is to be made"`
	Type        string `json:"type" maxLength:"50" example:"UpperThreshold" doc:"As OCPP spells it"`
	Value       string `json:"value" maxLength:"50" example:"22000" doc:"Decimal"`
	Severity    int    `json:"severity" minimum:"0" maximum:"9" doc:"0: danger … 9: debug"`
	Transaction bool   `json:"transaction,omitzero" doc:"Only while a transaction runs"`
	Origin      string `json:"origin,omitzero" example:"HardWiredMonitor" doc:"As OCPP 2.1 spells it"`
}

// NewMonitor is a monitor that is to be made or changed.
type NewMonitor Monitor

func (n VariableName) domain() device.Name {
	return device.Name{
		EVSE: n.EVSEID, Connector: n.ConnectorID, Component: n.Component, Instance: n.Instance,
		Variable: n.Variable, VariableInstance: n.VariableInstance,
	}
}

func viewName(n device.Name) VariableName {
	return VariableName{
		EVSEID: n.EVSE, ConnectorID: n.Connector, Component: n.Component, Instance: n.Instance,
		Variable: n.Variable, VariableInstance: n.VariableInstance,
	}
}

func (n NewSetting) domain() device.Setting {
	return device.Setting{Name: n.VariableName.domain(), Attribute: device.Attribute(n.Attribute), Value: or(n.Value)}
}

// values reads settings that must have a value each.
func values(pointer string, all []NewSetting) ([]device.Setting, error) {
	for i, n := range all {
		if n.Value == nil {
			return nil, fault.InvalidField(pointer+"/"+strconv.Itoa(i)+"/value", ruleRequired, "is what the variable shall have; empty is a value")
		}
	}
	return names(all), nil
}

// names reads settings of which only the name matters.
func names(all []NewSetting) []device.Setting {
	var out []device.Setting
	for _, n := range all {
		out = append(out, n.domain())
	}
	return out
}

// viewSettings shows settings; with values when they mean something.
func viewSettings(all []device.Setting, valued bool) []Setting {
	var out []Setting
	for _, s := range all {
		view := Setting{VariableName: viewName(s.Name), Attribute: string(s.Attribute)}
		if valued {
			view.Value = &s.Value
		}
		out = append(out, view)
	}
	return out
}

// monitors reads monitors that are to be made.
func monitors(all []NewMonitor) ([]device.Monitor, error) {
	var out []device.Monitor
	for i, n := range all {
		value, err := decimal.Parse(n.Value)
		if err != nil {
			return nil, fault.InvalidField("/monitors/"+strconv.Itoa(i)+"/value", "not_decimal", "is no decimal number")
		}
		out = append(out, device.Monitor{
			Name: n.VariableName.domain(),
			ID:   n.ID, Type: n.Type, Value: value, Severity: n.Severity, Transaction: n.Transaction,
		})
	}
	return out, nil
}

func viewMonitor(m device.Monitor) Monitor {
	return Monitor{
		VariableName: viewName(m.Name), ID: m.ID, Type: m.Type, Value: m.Value.String(), Severity: m.Severity,
		Transaction: m.Transaction, Origin: m.Origin,
	}
}

// DesiredChange is what changes of what is desired of a station.
type DesiredChange struct {
	Set    []Setting `json:"set,omitzero"`
	Remove []Setting `json:"remove,omitzero"`
	Reboot *string   `json:"reboot,omitzero"`
}

// DesiredPatch changes what is desired of a station.
type DesiredPatch struct {
	Set    []NewSetting `json:"set,omitzero" maxItems:"500" doc:"Values that the station shall have from now on; what was desired of the same variables before goes"`
	Remove []NewSetting `json:"remove,omitzero" maxItems:"500" doc:"Variables of which nothing is desired any more but what the template says; their values stay as they are"`
	Reboot *string      `json:"reboot,omitzero" nullable:"false" enum:"never,idle,template" doc:"Whether Pylon may reset the station when a value needs it: never, when no session runs (idle), or as its template says"`
}

// rebootTemplate is how the API spells the empty policy.
const rebootTemplate = "template"

func (p DesiredPatch) domain() (device.Wishes, error) {
	set, err := values("/set", p.Set)
	w := device.Wishes{Set: set, Remove: names(p.Remove)}
	if p.Reboot != nil {
		w.Reboot = new(device.Reboot(*p.Reboot))
		if *p.Reboot == rebootTemplate {
			*w.Reboot = ""
		}
	}
	return w, err
}

func viewDesiredChange(w device.Wishes) DesiredChange {
	out := DesiredChange{Set: viewSettings(w.Set, true), Remove: viewSettings(w.Remove, false)}
	if w.Reboot != nil {
		out.Reboot = new(viewReboot(*w.Reboot))
	}
	return out
}

func viewReboot(r device.Reboot) string {
	if r == "" {
		return rebootTemplate
	}
	return string(r)
}
