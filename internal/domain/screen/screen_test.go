package screen_test

import (
	"slices"
	"testing"

	"pylon/internal/domain/device"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
)

// model has variables of the controller, as "Variable" or "Variable[instance]", and
// keys of 1.6, with their values.
func model(values map[string]string) device.Model {
	var p device.Part
	for name, text := range values {
		n := device.Name{Component: "TariffCostCtrlr", Variable: name}
		switch at := slices.Index([]byte(name), '['); {
		case at > 0:
			n.Variable, n.VariableInstance = name[:at], name[at+1:len(name)-1]
		case name == "CustomDisplayCostAndPrice" || name == "NumberOfDecimalsForCostValues":
			n.Component = ""
		}
		p.Variables = append(p.Variables, device.Variable{Name: n, Values: []device.Value{{Attribute: device.Actual, Text: &text}}})
	}
	return device.Merge(nil, p, device.ByReport).Model
}

// A station shows what it says that it shows, and nothing else.
func TestDisplayOf(t *testing.T) {
	for _, c := range []struct {
		name    string
		version station.Version
		has     map[string]string
		want    screen.Display
	}{
		{"1.6 without a screen", station.OCPP16, nil, screen.Display{Places: 3}},
		{"1.6 with one that is off", station.OCPP16, map[string]string{"CustomDisplayCostAndPrice": "false"}, screen.Display{Places: 3}},
		{"1.6 with one", station.OCPP16, map[string]string{"CustomDisplayCostAndPrice": "True", "NumberOfDecimalsForCostValues": "4"}, screen.Display{Cost: true, Tariff: true, Prices: true, Places: 4}},
		{"1.6 with strange digits", station.OCPP16, map[string]string{"CustomDisplayCostAndPrice": "true", "NumberOfDecimalsForCostValues": "-1"}, screen.Display{Cost: true, Tariff: true, Prices: true}},
		{"1.6 takes no variables of 2.x", station.OCPP16, map[string]string{"Enabled[Cost]": "true"}, screen.Display{Places: 3}},
		{"2.0.1 without", station.OCPP201, nil, screen.Display{Places: 3}},
		{"2.0.1 enabled", station.OCPP201, map[string]string{"Enabled[Cost]": "true", "Enabled[Tariff]": "true", "Currency": "EUR"}, screen.Display{Cost: true, Tariff: true, Places: 3, Currency: "EUR"}},
		{"2.0.1 available, and off", station.OCPP201, map[string]string{"Available[Cost]": "true", "Enabled[Cost]": "false", "Available[Tariff]": "true"}, screen.Display{Tariff: true, Places: 3}},
		{"2.0.1 with fallback messages alone", station.OCPP201, map[string]string{"TotalCostFallbackMessage": "", "TariffFallbackMessage": ""}, screen.Display{Places: 3}},
		{"2.1 that shows what it is told", station.OCPP21, map[string]string{"Enabled[Cost]": "false", "Available[Cost]": "false"}, screen.Display{Cost: true, Places: 3}},
		{"2.1 that reckons by itself", station.OCPP21, map[string]string{"Enabled[Cost]": "true", "TotalCostFallbackMessage[en]": ""}, screen.Display{Places: 3}},
		{"2.1 with fallback messages", station.OCPP21, map[string]string{"TotalCostFallbackMessage[en]": "", "TariffFallbackMessage[en]": ""}, screen.Display{Cost: true, Tariff: true, Places: 3}},
		{"2.1 without", station.OCPP21, map[string]string{"Currency": "EUR"}, screen.Display{Places: 3, Currency: "EUR"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := screen.DisplayOf(model(c.has), c.version); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// Amounts have the digits that a screen takes, and none that the currency has not.
func TestAmount(t *testing.T) {
	for _, c := range []struct {
		places   int
		minor    int64
		currency money.Currency
		want     string
	}{
		{3, 1234, "EUR", "12.34"},
		{2, 1234, "EUR", "12.34"},
		{1, 1235, "EUR", "12.4"},
		{0, 1250, "EUR", "13"},
		{3, 1234, "JPY", "1234"},
		{2, 12345, "KWD", "12.35"},
		{3, 12345, "KWD", "12.345"},
	} {
		if got := (screen.Display{Places: c.places}).Amount(c.minor, c.currency).String(); got != c.want {
			t.Errorf("%d of %s with %d digits: got %s, want %s", c.minor, c.currency, c.places, got, c.want)
		}
	}
}

// A screen takes amounts of its own currency; one that names none takes any.
func TestTakes(t *testing.T) {
	for own, want := range map[string]bool{"": true, "EUR": true, "eur": true, "USD": false} {
		if got := (screen.Display{Currency: own}).Takes("EUR"); got != want {
			t.Errorf("%q: got %t, want %t", own, got, want)
		}
	}
}

// A screen is told again when what it shows has changed.
func TestSame(t *testing.T) {
	one, two := decimal.FromInt(100, 2), decimal.FromInt(200, 2)
	base := screen.Shown{Kind: screen.Running, Cost: one, Register: 1, Prices: screen.Prices{Energy: &one}}
	for name, c := range map[string]struct {
		change func(*screen.Shown)
		want   bool
	}{
		"nothing":       {func(*screen.Shown) {}, true},
		"the register":  {func(x *screen.Shown) { x.Register = 2 }, true},
		"the cost":      {func(x *screen.Shown) { x.Cost = two }, false},
		"the state":     {func(x *screen.Shown) { x.Idle = true }, false},
		"the end":       {func(x *screen.Shown) { x.Kind = screen.Final }, false},
		"a price":       {func(x *screen.Shown) { x.Prices.Energy = &two }, false},
		"no price":      {func(x *screen.Shown) { x.Prices.Energy = nil }, false},
		"another price": {func(x *screen.Shown) { x.Prices.Time = &two }, false},
	} {
		other := base
		c.change(&other)
		if got := other.Same(&base); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}
