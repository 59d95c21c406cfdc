package peers

// version is what the two versions of OCPP call the same things.
type version struct {
	number, subprotocol string
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
