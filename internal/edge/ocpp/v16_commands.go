package ocpp

import (
	"encoding/hex"
	"strconv"

	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/schema"
)

// action16 is what a command becomes in 1.6.
func action16(c *command.Command) string {
	switch c.Type {
	case command.Start:
		return ocpp16.ActionRemoteStartTransaction
	case command.Stop:
		return ocpp16.ActionRemoteStopTransaction
	case command.Unlock:
		return ocpp16.ActionUnlockConnector
	case command.Reset:
		return ocpp16.ActionReset
	case command.ChangeAvailability:
		return ocpp16.ActionChangeAvailability
	case command.Trigger:
		if ocpp16.MessageTrigger(c.Input.Message).Valid() {
			return ocpp16.ActionTriggerMessage
		}
		return ocpp16.ActionExtendedTriggerMessage // logs and certificates came with the security extension
	case command.ClearCache:
		return ocpp16.ActionClearCache
	case command.SetPassword, command.WriteVariables:
		return ocpp16.ActionChangeConfiguration
	case command.ReadVariables, command.ReportVariables:
		return ocpp16.ActionGetConfiguration
	case command.Raw:
		return c.Input.Action
	}
	return ""
}

// compose16 makes the request of a command that is not raw.
func compose16(c *command.Command, st *station.Station) (schema.Message, error) {
	in := &c.Input
	connector := st.Quirks.Connector16(in.EVSE, in.Connector)
	switch c.Type {
	case command.Start:
		return &ocpp16.RemoteStartTransactionRequest{IDTag: st.Quirks.UID(in.TokenUID), ConnectorID: optional(connector)}, nil
	case command.Stop:
		id, err := strconv.Atoi(in.TransactionID)
		if err != nil {
			return nil, fault.New(fault.Invalid, "transaction_unknown", "transaction_id", in.TransactionID)
		}
		return &ocpp16.RemoteStopTransactionRequest{TransactionID: id}, nil
	case command.Unlock:
		return &ocpp16.UnlockConnectorRequest{ConnectorID: connector}, nil
	case command.Reset:
		if in.Hard {
			return &ocpp16.ResetRequest{Type: ocpp16.ResetTypeHard}, nil
		}
		return &ocpp16.ResetRequest{Type: ocpp16.ResetTypeSoft}, nil
	case command.ChangeAvailability:
		kind := ocpp16.AvailabilityTypeInoperative
		if in.Operative {
			kind = ocpp16.AvailabilityTypeOperative
		}
		return &ocpp16.ChangeAvailabilityRequest{ConnectorID: connector, Type: kind}, nil
	case command.Trigger:
		if m := ocpp16.MessageTrigger(in.Message); m.Valid() {
			return &ocpp16.TriggerMessageRequest{RequestedMessage: m, ConnectorID: optional(connector)}, nil
		}
		return &ocpp16.ExtendedTriggerMessageRequest{
			RequestedMessage: ocpp16.ExtendedMessageTrigger(in.Message), ConnectorID: optional(connector),
		}, nil
	case command.ClearCache:
		return &ocpp16.ClearCacheRequest{}, nil
	case command.SetPassword:
		key, err := key16(in.Secret)
		return &ocpp16.ChangeConfigurationRequest{Key: keyPassword16, Value: key}, err
	}
	return composeDevice16(c)
}

// keyHexMin is the length of the shortest key in hex; a shorter password is
// the key's bytes themselves.
const keyHexMin = 32

// key16 returns a password as 1.6 sets it: in hex.
// Source: security white paper for 1.6, A00.FR.205 and section 7.2.
func key16(password string) (string, error) {
	if err := station.CheckPassword(station.OCPP16, password); err != nil {
		return "", err
	}
	if len(password) >= keyHexMin {
		return password, nil
	}
	return hex.EncodeToString([]byte(password)), nil
}
