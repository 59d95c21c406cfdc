package device

import (
	"strconv"
	"strings"
	"time"

	"pylon/internal/kernel/ident"
)

// MeterKey is the public key of a meter, as a station told it.
type MeterKey struct {
	Station      ident.StationID
	Organisation ident.OrganisationID
	EVSE         int    // 0: the station's own meter, or one for all EVSEs
	Serial       string // of the meter; "": not said
	Key          string // as sent
	ToldAt       time.Time
}

// Bounds of meter keys.
const (
	MeterKeyMax    = valueMax // bytes: the longest that is read
	MeterSerialMax = 100      // bytes
	MeterKeysMost  = 256      // of a station, old ones among them: a meter is replaced once in eight years
)

// KeyVariable reads a meter's key from a variable of the station; false when it is none. EVSE is the
// connector in 1.6. Source: OCA application note on signed meter values, sections 3.3.1 (MeterPublicKey
// and the connector, for 1.6) and 4.3.2 (FiscalMetering.PublicKey of an EVSE).
func KeyVariable(name Name, value string) (MeterKey, bool) {
	key := MeterKey{EVSE: name.EVSE, Key: strings.TrimSpace(value)}
	switch {
	case key.Key == "" || len(key.Key) > MeterKeyMax:
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

// MeterKeys returns the keys of meters that the station's variables tell, by EVSE; those of 1.6 by
// what place says of its connectors.
func (m Model) MeterKeys(place func(connector int) (evse, outlet int)) []MeterKey {
	var keys []MeterKey
	for i := range m {
		for j := range m[i].Variables {
			v := &m[i].Variables[j]
			text := v.actual()
			if text == nil {
				continue
			}
			key, ok := KeyVariable(v.Name, *text)
			if !ok {
				continue
			}
			if v.Component == "" {
				key.EVSE, _ = place(key.EVSE)
			}
			keys = append(keys, key)
		}
	}
	return keys
}

// Same reports whether another is the same key of the same EVSE.
func (k MeterKey) Same(other MeterKey) bool { return k.EVSE == other.EVSE && k.Key == other.Key }
