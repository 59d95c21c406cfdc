package device_test

import (
	"errors"
	"testing"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/fault"
)

func TestSame(t *testing.T) {
	for _, c := range []struct {
		name, a, b, kind string
		want             bool
	}{
		{"alike", "x", "x", "", true},
		{"spaces around", " x", "x ", "", true},
		{"true in another case", "true", "True", "", true},
		{"true and false", "true", "false", "boolean", false},
		{"integers", "060", "60", "integer", true},
		{"decimals", "8.10", "8.1", "decimal", true},
		{"decimals that differ", "8.1", "8.11", "decimal", false},
		{"a string that looks like a number", "060", "60", "string", false},
		{"words in another case", "Foo", "foo", "", false},
		{"an option in another case", "Foo", "foo", "OptionList", true},
		{"members in another order", "a,b", "b, a", "MemberList", true},
		{"members that differ", "a,b", "a,c", "MemberList", false},
		{"a sequence in another order", "a,b", "b,a", "SequenceList", false},
		{"a sequence with spaces", "a,b", "a, b", "SequenceList", true},
		{"1.6 9.1 a list with spaces", "Energy,Power", "Energy, Power", "", true},
		{"1.6 9.1 a list in another order", "Energy,Power", "Power,Energy", "", false},
		{"empty and something", "", "0", "integer", false},
		{"sign", "+5", "5", "integer", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				if got := device.Same(c.a, c.b, device.Characteristics{DataType: c.kind}); got != c.want {
					t.Errorf("%q and %q as %q: got %t, want %t", c.a, c.b, c.kind, got, c.want)
				}
				c.a, c.b = c.b, c.a
			}
		})
	}
}

func TestKey(t *testing.T) {
	for want, n := range map[string]device.Name{
		"heartbeatinterval":            {Variable: "HeartbeatInterval"},
		"ocppcommctrlr.retrybackoff":   {Component: "OCPPCommCtrlr", Variable: "RetryBackOff", EVSE: 2},
		"#1 connector:x.power:maximum": {Component: "Connector", Instance: "X", Variable: "Power", VariableInstance: "Maximum", Connector: 1},
	} {
		if got := n.Key(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCheckSettings(t *testing.T) {
	ok := device.Setting{Name: device.Name{Variable: "HeartbeatInterval"}, Value: "60"}
	for _, c := range []struct {
		name, code string
		all        []device.Setting
	}{
		{"fine", "", []device.Setting{ok}},
		{"no name", "required", []device.Setting{{Value: "60"}}},
		{"a secret", "secret", []device.Setting{{Name: device.Name{Variable: "BasicAuthPassword"}}}},
		{"twice", "duplicate", []device.Setting{ok, {Name: device.Name{Variable: "heartbeatinterval"}, Attribute: device.Actual}}},
		{"another attribute", "", []device.Setting{ok, {Name: ok.Name, Attribute: device.MaxSet}}},
		{"no attribute", "unknown_value", []device.Setting{{Name: ok.Name, Attribute: "Best"}}},
		{"an EVSE below the first", "out_of_range", []device.Setting{{Name: device.Name{EVSE: -1, Variable: "x"}}}},
		{"too many", "too_many", make([]device.Setting, 501)},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := device.CheckSettings("/set", c.all)
			got := ""
			if e, ok := errors.AsType[*fault.Error](err); ok && len(e.Fields) == 1 {
				got = e.Fields[0].Code
			}
			if got != c.code {
				t.Errorf("got %q, want %q", got, c.code)
			}
		})
	}
}
