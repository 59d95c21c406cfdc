package ocpp

import (
	"reflect"
	"strings"
	"testing"

	"pylon/internal/domain/device"
)

func TestMeterKeys16(t *testing.T) {
	const data = `{"meters":[{"connectorId":1,"meterSerial":"MT-1","type":"SIGNATURE","publicKey":"3059"},{"connectorId":2,"meterSerial":"MT-2","type":"NONE"},{"connectorId":0,"publicKey":"30"}]}`
	keys, ours, err := meterKeys16("generalConfiguration", "setMeterConfiguration", data)
	want := []device.MeterKey{{EVSE: 1, Serial: "MT-1", Key: "3059"}, {EVSE: 0, Key: "30"}}
	if err != nil || !ours || !reflect.DeepEqual(keys, want) {
		t.Errorf("got %v, %t, %v, want %v", keys, ours, err, want)
	}
	for name, data := range map[string]string{
		"no JSON": "x", "another type": `{"meters":1}`, "negative": `{"meters":[{"connectorId":-1,"publicKey":"30"}]}`,
		"long key": `{"meters":[{"publicKey":"` + strings.Repeat("30", 3000) + `"}]}`, "long serial": `{"meters":[{"meterSerial":"` + strings.Repeat("1", 101) + `","publicKey":"30"}]}`, "many": `{"meters":[` + strings.Repeat(`{},`, metersMax) + `{}]}`,
	} {
		if keys, ours, err := meterKeys16("generalConfiguration", "setMeterConfiguration", data); err == nil || !ours {
			t.Errorf("%s: got %v, %t, want an error", name, keys, ours)
		}
	}
	if _, ours, err := meterKeys16("someone", "setMeterConfiguration", data); ours || err != nil {
		t.Errorf("of another vendor: %t, %v", ours, err)
	}
}
