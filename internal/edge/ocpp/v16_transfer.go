package ocpp

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/schema"
)

// transfer16 takes in the keys of meters, and knows no other message of a vendor.
func transfer16(ctx context.Context, x *exchange, q *ocpp16.DataTransferRequest) (schema.Message, error) {
	keys, ours, err := meterKeys16(q.VendorID, value(q.MessageID), value(q.Data))
	switch {
	case !ours:
		return &ocpp16.DataTransferResponse{Status: ocpp16.DataTransferStatusUnknownVendorId}, nil
	case err != nil:
		return &ocpp16.DataTransferResponse{Status: ocpp16.DataTransferStatusRejected, Data: new(err.Error())}, nil //nolint:nilerr // the station is told
	}
	for i := range keys {
		keys[i].EVSE, _ = x.station.Quirks.Place(keys[i].EVSE)
	}
	err = x.owner.MeterKeys(ctx, keys)
	if fault.Is(err, fault.Exhausted) {
		return &ocpp16.DataTransferResponse{Status: ocpp16.DataTransferStatusRejected, Data: new("too many keys")}, nil
	}
	return &ocpp16.DataTransferResponse{Status: ocpp16.DataTransferStatusAccepted}, err
}

// metersMax is how many meters one message may tell of: more than a station has connectors.
const metersMax = 64

// meterKeys16 reads the message in which many 1.6 stations tell the keys of their meters after a
// boot: data is JSON, a list of meters. EVSE is the connector. It reports false for a
// transfer of something else. Source: has·to·be, "Signed meter values and public key".
func meterKeys16(vendor, message, data string) (keys []device.MeterKey, ours bool, err error) {
	if vendor != "generalConfiguration" || message != "setMeterConfiguration" {
		return nil, false, nil
	}
	var in struct {
		Meters []struct {
			Connector int    `json:"connectorId"`
			Serial    string `json:"meterSerial"`
			Kind      string `json:"type"`
			Key       string `json:"publicKey"`
		} `json:"meters"`
	}
	if err := json.Unmarshal([]byte(data), &in); err != nil {
		return nil, true, fmt.Errorf("meters: %w", err)
	}
	if len(in.Meters) > metersMax {
		return nil, true, fmt.Errorf("meters: more than %d", metersMax)
	}
	for i, m := range in.Meters {
		switch {
		case m.Connector < 0:
			return nil, true, fmt.Errorf("meters[%d].connectorId: is negative", i)
		case m.Key == "": // a meter that does not sign
		case len(m.Key) > device.MeterKeyMax:
			return nil, true, fmt.Errorf("meters[%d].publicKey: longer than %d bytes", i, device.MeterKeyMax)
		case len(m.Serial) > device.MeterSerialMax:
			return nil, true, fmt.Errorf("meters[%d].meterSerial: longer than %d bytes", i, device.MeterSerialMax)
		default:
			keys = append(keys, device.MeterKey{EVSE: m.Connector, Serial: m.Serial, Key: m.Key})
		}
	}
	return keys, true, nil
}
