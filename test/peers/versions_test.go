package peers

import "slices"

// version is what the versions of OCPP call the same things.
type version struct {
	number, subprotocol string
	asks                [][]string // steps before the station is ready: what it asks, and the facts of the answer
	exchanges           []exchange // commands that ask and set
	start               exchange
	stop                func(transactionID string) exchange
	reset               exchange
}

// exchange is a command to a station and the response it has to give.
type exchange struct {
	action, request, response string
	then                      []string // the step that follows and its facts, nil for none
}

const accepted = `{"status":"Accepted"}`

var ocpp16 = version{
	number:      "1.6",
	subprotocol: "ocpp1.6",
	exchanges: []exchange{
		{
			action: "GetConfiguration", request: `{"key":["HeartbeatInterval","NoSuchKey"]}`,
			response: `{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"300"}],"unknownKey":["NoSuchKey"]}`,
		},
		{action: "ChangeConfiguration", request: `{"key":"HeartbeatInterval","value":"120"}`, response: accepted},
		{action: "ChangeConfiguration", request: `{"key":"NoSuchKey","value":"1"}`, response: `{"status":"NotSupported"}`},
		{
			action: "GetConfiguration", request: `{"key":["HeartbeatInterval"]}`,
			response: `{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"120"}],"unknownKey":[]}`,
		},
		{
			action: "TriggerMessage", request: `{"requestedMessage":"StatusNotification","connectorId":1}`,
			response: accepted, then: []string{"triggered", "message", "StatusNotification"},
		},
	},
	start: exchange{
		action: "RemoteStartTransaction", request: `{"idTag":"` + goodToken + `","connectorId":1}`,
		response: accepted, then: []string{"started", "status", "Accepted"},
	},
	stop: func(id string) exchange {
		return exchange{
			action: "RemoteStopTransaction", request: `{"transactionId":` + id + `}`,
			response: accepted, then: []string{"stopped", "transaction_id", id},
		}
	},
	reset: exchange{action: "Reset", request: `{"type":"Soft"}`, response: accepted, then: []string{"done"}},
}

// Two variables, one of which the stations have.
const (
	heartbeat = `"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}`
	noSuch    = `"component":{"name":"NoSuchCtrlr"},"variable":{"name":"Interval"}`
)

var ocpp201 = version{
	number:      "2.0.1",
	subprotocol: "ocpp2.0.1",
	exchanges: []exchange{
		{
			action: "GetVariables", request: `{"getVariableData":[{` + heartbeat + `}]}`,
			response: `{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"300",` + heartbeat + `}]}`,
		},
		{
			action: "SetVariables",
			request: `{"setVariableData":[{"attributeValue":"120",` + heartbeat + `},` +
				`{"attributeValue":"1",` + noSuch + `}]}`,
			response: `{"setVariableResult":[{"attributeStatus":"Accepted",` + heartbeat + `},` +
				`{"attributeStatus":"UnknownVariable",` + noSuch + `}]}`,
		},
		{
			action: "GetVariables", request: `{"getVariableData":[{` + heartbeat + `}]}`,
			response: `{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"120",` + heartbeat + `}]}`,
		},
		{
			action: "GetBaseReport", request: `{"requestId":77,"reportBase":"FullInventory"}`,
			response: accepted, then: []string{"reported", "request_id", "77"},
		},
		{
			action: "TriggerMessage", request: `{"requestedMessage":"StatusNotification","evse":{"id":1,"connectorId":1}}`,
			response: accepted, then: []string{"triggered", "message", "StatusNotification"},
		},
	},
	start: exchange{
		action:   "RequestStartTransaction",
		request:  `{"idToken":{"idToken":"` + goodToken + `","type":"ISO14443"},"remoteStartId":41,"evseId":1}`,
		response: accepted, then: []string{"started", "status", "Accepted"},
	},
	stop: func(id string) exchange {
		return exchange{
			action: "RequestStopTransaction", request: `{"transactionId":"` + id + `"}`,
			response: accepted, then: []string{"stopped", "transaction_id", id},
		}
	},
	reset: exchange{action: "Reset", request: `{"type":"OnIdle"}`, response: accepted, then: []string{"done"}},
}

// ocpp21 is 2.0.1 with what 2.1 has added.
func ocpp21() version {
	v := ocpp201
	v.number, v.subprotocol = "2.1", "ocpp2.1"
	v.asks = [][]string{
		{"asked", "what", "stream", "status", "Rejected"},
		{"asked", "what", "schedule", "status", "Rejected"},
		{"asked", "what", "vat number", "status", "Rejected", "evse_id", "1"},
	}
	monitor := `"type":"Delta","severity":8,"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Power"}`
	v.exchanges = append(slices.Clone(v.exchanges),
		exchange{
			action: "SetVariableMonitoring", request: `{"setMonitoringData":[{"value":1.5,` + monitor + `}]}`,
			response: `{"setMonitoringResult":[{"id":1,"status":"Accepted",` + monitor + `}]}`,
		},
		exchange{action: "NotifyWebPaymentStarted", request: `{"evseId":1,"timeout":30}`, response: `{}`},
	)
	return v
}
