package command

import (
	"strconv"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/fault"
)

// Bounds of what one command asks about variables. Stations take fewer at a
// time (ItemsPerMessage); which, is theirs to say.
const (
	variablesMax = 500
	monitorsMax  = 100
	severityMax  = 9 // source: OCPP 2.0.1 part 2, MonitoringData: 0 danger … 9 debug
)

// checkVariables judges the commands about variables.
func checkVariables(of Type, in Input) error {
	all := in.Variables
	switch {
	case len(all) == 0 && of != ReportVariables && of != ReportMonitors:
		return fault.InvalidField("/variables", "required", "names the variables, or the configuration keys")
	case len(all) > variablesMax:
		return fault.InvalidField("/variables", "too_many", "has at most "+strconv.Itoa(variablesMax)+" of them")
	case of == WriteVariables:
		return device.CheckSettings("/variables", all)
	}
	for i, v := range all {
		at := "/variables/" + strconv.Itoa(i)
		switch {
		case v.Variable == "" && (v.Component == "" || of == ReadVariables): // a report may be about a whole component
			return fault.InvalidField(at+"/variable", "required", "names the variable or the configuration key")
		case v.EVSE < 0 || v.Connector < 0:
			return fault.InvalidField(at+"/evse_id", "out_of_range", "must not be negative")
		case v.Secret():
			return fault.InvalidField(at+"/variable", "secret", "is a secret: it is neither read nor kept")
		}
	}
	switch in.Scope {
	case "", device.ScopeFull, device.ScopeConfiguration, device.ScopeSummary:
		return nil
	case device.ScopeSome:
	}
	return fault.InvalidField("/scope", "unknown_value", "is full, configuration or summary")
}

// checkMonitors judges the commands that make and clear monitors.
func checkMonitors(of Type, in Input) error {
	if of == ClearMonitors {
		if n := len(in.MonitorIDs); n == 0 || n > monitorsMax {
			return fault.InvalidField("/monitor_ids", "items", "has 1 to "+strconv.Itoa(monitorsMax)+" of them")
		}
		return nil
	}
	if n := len(in.Monitors); n == 0 || n > monitorsMax {
		return fault.InvalidField("/monitors", "items", "has 1 to "+strconv.Itoa(monitorsMax)+" of them")
	}
	for i, m := range in.Monitors {
		at := "/monitors/" + strconv.Itoa(i)
		switch {
		case m.Variable == "" || m.Component == "":
			return fault.InvalidField(at+"/variable", "required", "component and variable say what is watched")
		case m.Type == "":
			return fault.InvalidField(at+"/type", "required", "says how it is watched")
		case m.Severity < 0 || m.Severity > severityMax:
			return fault.InvalidField(at+"/severity", "out_of_range", "must be between 0 and 9")
		}
	}
	return nil
}
