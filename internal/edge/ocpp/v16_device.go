package ocpp

import (
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/schema"
)

// composeDevice16 makes the request of a command about configuration keys.
func composeDevice16(c *command.Command) (schema.Message, error) {
	switch c.Type {
	case command.ReadVariables, command.ReportVariables:
		q := new(ocpp16.GetConfigurationRequest) // without keys it asks for all
		for _, v := range c.Input.Variables {
			q.Key = append(q.Key, v.Variable)
		}
		return q, nil
	case command.WriteVariables:
		if len(c.Input.Variables) != 1 {
			return nil, fault.InvalidField("/variables", "out_of_range", "names one key: OCPP 1.6 sets one at a time")
		}
		v := &c.Input.Variables[0]
		return &ocpp16.ChangeConfigurationRequest{Key: v.Variable, Value: v.Value}, nil
	}
	return nil, fault.New(fault.Invalid, "command_unknown", "type", string(c.Type))
}

// asks16 says in our words what a call asks about configuration keys; "" when
// it is about something else.
func asks16(action string, payload []byte) (means command.Type, in command.Input) {
	switch action {
	case ocpp16.ActionGetConfiguration:
		var q ocpp16.GetConfigurationRequest
		schema.Read(payload, &q)
		for _, key := range q.Key {
			in.Variables = append(in.Variables, device.Setting{Name: device.Name{Variable: key}})
		}
		if len(q.Key) == 0 {
			return command.ReportVariables, command.Input{Scope: device.ScopeFull}
		}
		return command.ReadVariables, in
	case ocpp16.ActionChangeConfiguration:
		var q ocpp16.ChangeConfigurationRequest
		schema.Read(payload, &q)
		in.Variables = []device.Setting{{Name: device.Name{Variable: q.Key}, Value: q.Value}}
		return command.WriteVariables, in
	}
	return "", in
}

// learn16 takes the news out of an answer.
func learn16(o *order, answer schema.Message, at time.Time) (n news) {
	switch a := answer.(type) {
	case *ocpp16.GetConfigurationResponse:
		scope := device.ScopeSome
		if o.means == command.ReportVariables {
			scope = device.ScopeFull
		}
		var variables []device.Variable
		for i := range a.ConfigurationKey {
			k := &a.ConfigurationKey[i]
			n.variables = append(n.variables, resultOfKey(k))
			variables = append(variables, variableOfKey(k))
		}
		for _, key := range a.UnknownKey {
			name := device.Name{Variable: key}
			n.variables = append(n.variables, device.Result{Name: name, Attribute: device.Actual, Status: device.StatusUnknown})
		}
		n.read(scope, variables, at).Unknown = a.UnknownKey
	case *ocpp16.ChangeConfigurationResponse:
		for _, v := range o.input.Variables { // which is one
			n.variables = append(n.variables, device.Result{Name: v.Name, Attribute: device.Actual, Status: keyStatus(a.Status)})
		}
	}
	return n
}

func resultOfKey(k *ocpp16.KeyValue) device.Result {
	return device.Result{
		Name: device.Name{Variable: k.Key}, Attribute: device.Actual, Status: device.StatusAccepted,
		Text: k.Value, Mutability: mutability16(k),
	}
}

func variableOfKey(k *ocpp16.KeyValue) device.Variable {
	return device.Variable{
		Name:   device.Name{Variable: k.Key},
		Values: []device.Value{{Attribute: device.Actual, Text: k.Value, Mutability: mutability16(k)}},
	}
}

func mutability16(k *ocpp16.KeyValue) device.Mutability {
	if k.Readonly {
		return device.ReadOnly
	}
	return device.ReadWrite
}

func keyStatus(s ocpp16.ConfigurationStatus) device.Status {
	switch s {
	case ocpp16.ConfigurationStatusAccepted:
		return device.StatusAccepted
	case ocpp16.ConfigurationStatusRebootRequired:
		return device.StatusRebootRequired
	case ocpp16.ConfigurationStatusNotSupported:
		return device.StatusNotSupported
	default: // its schema allows but one more
		return device.StatusRejected
	}
}
