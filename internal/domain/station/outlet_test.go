package station

import (
	"testing"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/decimal"
)

// reported is a station with two EVSEs, the second with two connectors.
func reported() device.Model {
	variable := func(n device.Name, value string) device.Variable {
		return device.Variable{Name: n, Values: []device.Value{{Attribute: device.Actual, Text: &value}}}
	}
	power := func(evse int, most int64, unit string) device.Variable {
		v := variable(device.Name{EVSE: evse, Component: "EVSE", Variable: "Power"}, "0")
		v.MaxLimit, v.Unit = new(decimal.FromInt(most, 0)), unit
		return v
	}
	return device.Model{
		{EVSE: 1, Variables: []device.Variable{power(1, 22_080, "W"), variable(device.Name{EVSE: 1, Connector: 1, Component: "Connector", Variable: "ConnectorType"}, "sType2")}},
		{EVSE: 2, Variables: []device.Variable{
			power(2, 150, "kW"),
			variable(device.Name{EVSE: 2, Connector: 1, Component: "Connector", Variable: "ConnectorType"}, "cCCS2"),
			variable(device.Name{EVSE: 2, Connector: 2, Component: "Connector", Variable: "ConnectorType"}, "cG105"),
		}},
	}
}

func TestOutlet(t *testing.T) {
	for _, c := range []struct {
		name            string
		quirks          Quirks
		model           device.Model
		evse, connector int
		want            Outlet
	}{
		{"nobody says", Quirks{}, nil, 1, 1, Outlet{EVSE: 1, Connector: 1}},
		{"reported", Quirks{}, reported(), 2, 1, Outlet{2, 1, "IEC_62196_T2_COMBO", 150_000}},
		{"reported, of two connectors", Quirks{}, reported(), 2, 2, Outlet{2, 2, "CHADEMO", 150_000}},
		{"which of two is not known", Quirks{}, reported(), 2, 0, Outlet{EVSE: 2, MaxPower: 150_000}},
		{"the only one", Quirks{}, reported(), 1, 0, Outlet{EVSE: 1, Type: "IEC_62196_T2", MaxPower: 22_080}},
		{"no EVSE", Quirks{}, reported(), 0, 0, Outlet{}},
		{"1.6, of its template", Quirks{Outlets: []Outlet{{Type: "IEC_62196_T2", MaxPower: 11_000}}}, nil, 1, 1, Outlet{1, 1, "IEC_62196_T2", 11_000}},
		{"the nearest goes first", Quirks{Outlets: []Outlet{{Type: "A"}, {EVSE: 1, Type: "B"}, {EVSE: 1, Connector: 1, MaxPower: 7}}}, reported(), 1, 1, Outlet{1, 1, "B", 7}},
		{"of another EVSE", Quirks{Outlets: []Outlet{{EVSE: 2, Type: "A"}}}, nil, 1, 1, Outlet{EVSE: 1, Connector: 1}},
		{"set goes before reported", Quirks{Outlets: []Outlet{{Type: "A"}}}, reported(), 1, 1, Outlet{1, 1, "A", 22_080}},
		{"rating of the phases", Quirks{Phases: 3, MaxCurrentMA: 16_000}, nil, 1, 1, Outlet{EVSE: 1, Connector: 1, MaxPower: 11_040}},
	} {
		if got := c.quirks.Outlet(c.model, c.evse, c.connector); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestConnectorWord(t *testing.T) {
	for ocpp, want := range map[string]string{
		"cCCS2": "IEC_62196_T2_COMBO", "ccs": "", "CTYPE2": "IEC_62196_T2", " sType2 ": "IEC_62196_T2", "cNACS-CCS1": "SAE_J3400", "Unknown": "", "": "",
		"IEC_62196_T2": "IEC_62196_T2", "CHADEMO": "CHADEMO", "Pan": "",
	} {
		if got := ConnectorWord(ocpp); got != want {
			t.Errorf("%s: got %q, want %q", ocpp, got, want)
		}
	}
}

func TestOutletRules(t *testing.T) {
	many := make([]Outlet, 65)
	for i := range many {
		many[i] = Outlet{EVSE: i, Type: "A"}
	}
	for _, c := range []struct {
		name string
		all  []Outlet
		ok   bool
	}{
		{"none", nil, true},
		{"two", []Outlet{{Type: "IEC_62196_T2"}, {EVSE: 1, MaxPower: 11_000}}, true},
		{"says nothing", []Outlet{{EVSE: 1}}, false},
		{"the same twice", []Outlet{{Type: "A"}, {Type: "B"}}, false},
		{"a type in words", []Outlet{{Type: "Type 2"}}, false},
		{"negative", []Outlet{{EVSE: -1, Type: "A"}}, false},
		{"a power station", []Outlet{{MaxPower: powerMax + 1}}, false},
		{"64", many[:64], true},
		{"65", many, false},
	} {
		if err := (Quirks{Outlets: c.all}).Check(); (err == nil) != c.ok {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
