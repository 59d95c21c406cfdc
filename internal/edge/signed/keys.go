package signed

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/device"
	"pylon/internal/wire/ocmf"
)

// MeterKey is the public key of an EVSE's meter, as a station told it.
type MeterKey struct {
	EVSE   int    // in 1.6 the connector; 0: the whole station
	Serial string // of the meter; "": not said
	Key    string // as sent
}

// metersMax is how many meters one message may tell of: more than a station has connectors.
const metersMax = 64

// Transfer reads the message in which many 1.6 stations tell the keys of their meters after a
// boot, a DataTransfer: data is JSON, a list of meters. It reports false for a transfer of something
// else. Source: has·to·be, "Signed meter values and public key".
func Transfer(vendor, message, data string) (keys []MeterKey, ours bool, err error) {
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
		case len(m.Key) > ocmf.KeyMax:
			return nil, true, fmt.Errorf("meters[%d].publicKey: longer than %d bytes", i, ocmf.KeyMax)
		default:
			keys = append(keys, MeterKey{m.Connector, m.Serial, m.Key})
		}
	}
	return keys, true, nil
}

// KeyVariable reads a meter's key from a variable of the station; false when it is none. Source: OCA
// application note on signed meter values, sections 3.3.1 (MeterPublicKey and the connector, for 1.6) and
// 4.3.2 (FiscalMetering.PublicKey of an EVSE).
func KeyVariable(name device.Name, value string) (MeterKey, bool) {
	key := MeterKey{EVSE: name.EVSE, Key: strings.TrimSpace(value)}
	switch {
	case key.Key == "" || len(key.Key) > ocmf.KeyMax:
		return MeterKey{}, false
	case strings.EqualFold(name.Component, "FiscalMetering"):
		return key, strings.EqualFold(name.Variable, "PublicKey")
	case name.Component != "":
		return MeterKey{}, false
	}
	const prefix = "meterpublickey"
	number, ok := strings.CutPrefix(strings.ToLower(name.Variable), prefix)
	connector, err := strconv.Atoi(strings.Trim(number, "[]"))
	key.EVSE = connector
	return key, ok && err == nil && connector >= 0
}
