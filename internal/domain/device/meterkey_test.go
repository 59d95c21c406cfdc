package device

import (
	"strings"
	"testing"
)

func TestKeyVariable(t *testing.T) {
	for name, test := range map[string]struct {
		name  Name
		value string
		want  MeterKey
	}{
		"1.6":                   {Name{Variable: "MeterPublicKey2"}, "3059", MeterKey{EVSE: 2, Key: "3059"}},
		"1.6 in brackets":       {Name{Variable: "meterPublicKey[1]"}, " 3059\n", MeterKey{EVSE: 1, Key: "3059"}},
		"2.x":                   {Name{EVSE: 3, Component: "FiscalMetering", Variable: "PublicKey"}, "3059", MeterKey{EVSE: 3, Key: "3059"}},
		"2.x, of the station":   {Name{Component: "FiscalMetering", Variable: "PublicKey"}, "3059", MeterKey{Key: "3059"}},
		"empty":                 {Name{Variable: "MeterPublicKey1"}, "", MeterKey{}},
		"without number":        {Name{Variable: "MeterPublicKey"}, "3059", MeterKey{}},
		"another key":           {Name{Variable: "CpoPublicKey1"}, "3059", MeterKey{}},
		"another component":     {Name{Component: "Meter", Variable: "MeterPublicKey1"}, "3059", MeterKey{}},
		"another of the meter":  {Name{EVSE: 1, Component: "FiscalMetering", Variable: "EnergyImport"}, "3059", MeterKey{}},
		"longer than any other": {Name{Variable: "MeterPublicKey1"}, strings.Repeat("30", 3000), MeterKey{}},
	} {
		if got, ok := KeyVariable(test.name, test.value); ok != (test.want.Key != "") || ok && got != test.want {
			t.Errorf("%s: got %+v, %t, want %+v", name, got, ok, test.want)
		}
	}
}
