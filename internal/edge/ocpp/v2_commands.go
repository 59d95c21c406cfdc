package ocpp

import (
	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/schema"
)

// action2 is what a command becomes in 2.x.
func action2(c *command.Command) string {
	switch c.Type {
	case command.Start:
		return ocpp201.ActionRequestStartTransaction
	case command.Stop:
		return ocpp201.ActionRequestStopTransaction
	case command.Unlock:
		return ocpp201.ActionUnlockConnector
	case command.Reset:
		return ocpp201.ActionReset
	case command.ChangeAvailability:
		return ocpp201.ActionChangeAvailability
	case command.Trigger:
		return ocpp201.ActionTriggerMessage
	case command.ClearCache:
		return ocpp201.ActionClearCache
	case command.SetPassword:
		return ocpp201.ActionSetVariables
	case command.Raw:
		return c.Input.Action
	}
	return actionDevice2(c)
}

// compose2 makes the request of a command that is not raw. What leaves is
// checked against the schema of the station's own version.
func compose2(c *command.Command, st *station.Station) (schema.Message, error) {
	in := &c.Input
	switch c.Type {
	case command.Start:
		return &ocpp201.RequestStartTransactionRequest{
			IDToken: token2(in, st), RemoteStartID: in.RemoteStartID, EVSEID: optional(in.EVSE),
		}, nil
	case command.Stop:
		return &ocpp201.RequestStopTransactionRequest{TransactionID: in.TransactionID}, nil
	case command.Unlock:
		return &ocpp201.UnlockConnectorRequest{EVSEID: in.EVSE, ConnectorID: max(in.Connector, 1)}, nil // an EVSE has a first connector
	case command.Reset:
		kind := ocpp201.ResetOnIdle
		if in.Hard {
			kind = ocpp201.ResetImmediate
		}
		return &ocpp201.ResetRequest{Type: kind, EVSEID: optional(in.EVSE)}, nil
	case command.ChangeAvailability:
		status := ocpp201.OperationalStatusInoperative
		if in.Operative {
			status = ocpp201.OperationalStatusOperative
		}
		return &ocpp201.ChangeAvailabilityRequest{OperationalStatus: status, EVSE: evse2(in)}, nil
	case command.Trigger:
		return &ocpp201.TriggerMessageRequest{RequestedMessage: ocpp201.MessageTrigger(in.Message), EVSE: evse2(in)}, nil
	case command.ClearCache:
		return &ocpp201.ClearCacheRequest{}, nil
	case command.SetPassword:
		return password2(in.Secret, st.OCPP)
	}
	return composeDevice2(c)
}

// token2 is the token of a remote start. One that Pylon was never told the
// type of is Central: we give it out.
func token2(in *command.Input, st *station.Station) ocpp201.IDToken {
	t := ocpp201.IDToken{IDToken: in.TokenUID, Type: ocpp201.IDTokenType(in.TokenType)}
	switch t.Type {
	case "":
		t.Type = ocpp201.IDTokenTypeCentral
	case ocpp201.IDTokenTypeISO14443, ocpp201.IDTokenTypeISO15693:
		t.IDToken = st.Quirks.UID(in.TokenUID) // back into the order that its reader has
	}
	return t
}

func evse2(in *command.Input) *ocpp201.EVSE {
	if in.EVSE == 0 {
		return nil
	}
	return &ocpp201.EVSE{ID: in.EVSE, ConnectorID: optional(in.Connector)}
}

func password2(password string, v station.Version) (schema.Message, error) {
	if err := station.CheckPassword(v, password); err != nil {
		return nil, err
	}
	return &ocpp201.SetVariablesRequest{SetVariableData: []ocpp201.SetVariableData{{
		AttributeValue: password,
		Component:      ocpp201.Component{Name: "SecurityCtrlr"},
		Variable:       ocpp201.Variable{Name: variablePassword},
	}}}, nil
}
