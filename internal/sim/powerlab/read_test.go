package powerlab_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"pylon/internal/kernel/fault"
	"pylon/internal/sim/powerlab"
)

// tiny is a snapshot: a root over one panel, an outlet at each.
const tiny = `{"schema": "evload-snapshot/1", "name": "tiny", "nodes": {"parent": [-1, 0], "cap_a": [10, 4]},
	"leaves": {"node": [0, 1], "ub_a": [32, 32], "weight": [1, 2]}, "expected_a": [6, 4]}`

// broken is a file with one of its parts changed, and what is told of it.
type broken struct{ name, old, new, pointer, code string }

func TestReadRefuses(t *testing.T) {
	for _, c := range []broken{
		{"no JSON", `{"schema"`, `{schema`, "", "syntax"},
		{"more than one value", `{"schema"`, `{} {"schema"`, "", "syntax"},
		{"a schema of the future", "scenario/1", "scenario/2", "/schema", "unknown_value"},
		{"no schema", `"schema"`, `"scheme"`, "/schema", "unknown_value"},
		{"a member twice", `"name": "small"`, `"name": "small", "name": "large"`, "/name", "duplicate"},
		{"a text for a number", `"steps": 4`, `"steps": "4"`, "/time/steps", "type"},
		{"half a step", `"steps": 4`, `"steps": 4.5`, "/time/steps", "type"},
		{"no steps", `"steps": 4`, `"steps": 0`, "/time/steps", "out_of_range"},
		{"more steps than fit", `"steps": 4`, `"steps": 1000001`, "/time/steps", "out_of_range"},
		{"steps of no length", `3600`, `0`, "/time/step_s", "out_of_range"},
		{"steps that go back", `3600`, `-1`, "/time/step_s", "out_of_range"},
		{"a number without end", `3600`, `1e400`, "/time/step_s", "type"},
		{"no number", `3600`, `NaN`, "/time/step_s", "syntax"},
		{"no number, as a text", `3600`, `"NaN"`, "/time/step_s", "type"},

		{"no EVSEs", `"evses"`, `"evse"`, "/network/evses", "length"},
		{"an EVSE without a name", `"id": "A"`, `"id": ""`, "/network/evses/0/id", "required"},
		{"an EVSE twice", `"id": "A"`, `"id": "B/1"`, "/network/evses/1/id", "duplicate"},
		{"an EVSE of no current", `"max_a": 8`, `"max_a": 0`, "/network/evses/0/max_a", "out_of_range"},
		{"an EVSE without power", `"volts_per_amp_kw": 1}]`, `"volts": 1}]`, "/network/evses/1/volts_per_amp_kw", "out_of_range"},
		{"a constraint without a name", `"name": "fuse"`, `"title": "fuse"`, "/network/constraints/0/name", "required"},
		{"a constraint twice", `"name": "line"`, `"name": "fuse"`, "/network/constraints/1/name", "duplicate"},
		{"no limit", `"limit_a": 20`, `"limit": 20`, "/network/constraints/1/limit_a", "required"},
		{"a limit below nothing", `"limit_a": 20`, `"limit_a": -1`, "/network/constraints/1/limit_a", "out_of_range"},
		{"a limit above all", `"limit_a": 20`, `"limit_a": 1.1e9`, "/network/constraints/1/limit_a", "out_of_range"},
		{"a factor of an EVSE that is not there", `"A": [1, 0]`, `"C~/": [1, 0]`, "/network/constraints/0/coef/C~0~1", "unknown_value"},
		{"a factor of three numbers", `"A": [1, 0]`, `"A": [1, 0, 0]`, "/network/constraints/0/coef/A", "type"},
		{"a factor of one number", `"A": [1, 0]`, `"A": [1]`, "/network/constraints/0/coef/A", "type"},
		{"a factor above all", `"A": [0.5, 0.5]`, `"A": [0.5, -2e9]`, "/network/constraints/1/coef/A", "out_of_range"},
		{"a turned factor in a sum", `"A": [1, 0]`, `"A": [1, 0.1]`, "/network/constraints/0/coef/A", "no_phasor"},
		{"what is taken off a sum", `"B/1": [1, 0]`, `"B/1": [-1, 0]`, "/network/constraints/0/coef/B~11", "no_phasor"},

		{"an override of nothing", `"constraint": "fuse"`, `"constraint": "fuses"`, "/limit_overrides/0/constraint", "unknown_value"},
		{"an override that begins nowhere", `"from": 1`, `"begin": 1`, "/limit_overrides/0/from", "required"},
		{"an override before the first step", `"from": 1`, `"from": -1`, "/limit_overrides/0/from", "out_of_range"},
		{"an override of no step", `"to": 2`, `"to": 1`, "/limit_overrides/0/to", "order"},
		{"an override behind the last step", `"to": 2`, `"to": 5`, "/limit_overrides/0/to", "out_of_range"},
		{"an override without a limit", `"limit_a": 4`, `"limit_a": null`, "/limit_overrides/0/limit_a", "required"},

		{"a session without a name", `"id": "one", `, ``, "/sessions/1/id", "required"},
		{"a session twice", `"id": "one"`, `"id": "two"`, "/sessions/1/id", "duplicate"},
		{"a session nowhere", `"evse": "A"`, `"evse": "D"`, "/sessions/1/evse", "unknown_value"},
		{"a session that never comes", `"arrival": 0, `, ``, "/sessions/1/arrival", "required"},
		{"a session before the first step", `"arrival": 0`, `"arrival": -1`, "/sessions/1/arrival", "out_of_range"},
		{"a session that ends before it begins", `"departure": 2`, `"departure": 0`, "/sessions/1/departure", "order"},
		{"a session behind the last step", `"departure": 2`, `"departure": 5`, "/sessions/1/departure", "out_of_range"},
		{"a session that wants nothing", `"energy_kwh": 9`, `"energy_kwh": 0`, "/sessions/1/energy_kwh", "out_of_range"},
		{"a session that can nothing", `"max_kw": 22`, `"max_kw": -22`, "/sessions/1/max_kw", "out_of_range"},
		{"a session that counts for nothing", `"weight": 2`, `"weight": 0`, "/sessions/0/weight", "out_of_range"},
		{"two sessions at an EVSE", `"evse": "A"`, `"evse": "B/1"`, "/sessions/0/arrival", "overlap"},

		{"a price too few", `[0.5, 0.25, `, `[0.5, `, "/signals/price_per_kwh", "length"},
		{"no prices", `"price_per_kwh"`, `"price"`, "/signals/price_per_kwh", "length"},
		{"a price too high", `-0.125`, `1e10`, "/signals/price_per_kwh/2", "out_of_range"},
		{"a sun too many", `0, 9]`, `0, 9, 0]`, "/signals/solar_kw", "length"},
		{"a sun that takes", `[0, 1, 0, 9]`, `[0, -1, 0, 9]`, "/signals/solar_kw/1", "out_of_range"},
		{"a negative demand charge", `"demand_charge_per_kw": 2`, `"demand_charge_per_kw": -2`, "/signals/demand_charge_per_kw", "out_of_range"},
		{"a negative penalty", `penalty_per_kwh": 10`, `penalty_per_kwh": -1`, "/signals/unmet_energy_penalty_per_kwh", "out_of_range"},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, small) })
	}
}

func TestReadRefusesSnapshot(t *testing.T) {
	for _, c := range []broken{
		{"no nodes", `"parent": [-1, 0]`, `"parent": []`, "/nodes/parent", "length"},
		{"no root", `[-1, 0]`, `[0, 0]`, "/nodes/parent/0", "order"},
		{"two roots", `[-1, 0]`, `[-1, -1]`, "/nodes/parent/1", "order"},
		{"a node below itself", `[-1, 0]`, `[-1, 1]`, "/nodes/parent/1", "order"},
		{"a node below none", `[-1, 0]`, `[-1, -2]`, "/nodes/parent/1", "order"},
		{"a limit too few", `[10, 4]`, `[10]`, "/nodes/cap_a", "length"},
		{"a limit below nothing", `[10, 4]`, `[10, -4]`, "/nodes/cap_a/1", "out_of_range"},
		{"no leaves", `"node": [0, 1]`, `"node": []`, "/leaves/node", "length"},
		{"a leaf of no node", `"node": [0, 1]`, `"node": [0, 2]`, "/leaves/node/1", "unknown_value"},
		{"a leaf above all nodes", `"node": [0, 1]`, `"node": [-1, 1]`, "/leaves/node/0", "unknown_value"},
		{"a maximum too many", `[32, 32]`, `[32, 32, 32]`, "/leaves/ub_a", "length"},
		{"a maximum below nothing", `[32, 32]`, `[32, -1]`, "/leaves/ub_a/1", "out_of_range"},
		{"a weight of nothing", `[1, 2]`, `[1, 0]`, "/leaves/weight/1", "out_of_range"},
		{"an expectation too few", `[6, 4]`, `[6]`, "/expected_a", "length"},
		{"a tree that is a chain", `[-1, 0]`, "[-1" + chain(40) + "]", "/nodes/parent/32", "too_deep"},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, tiny) })
	}
}

// chain is nodes each below the one before.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",%d", i)
	}
	return b.String()
}

func (c broken) check(t *testing.T, whole string) {
	t.Helper()
	if strings.Count(whole, c.old) == 0 {
		t.Fatalf("the file has no %s", c.old)
	}
	_, err := powerlab.Read(strings.NewReader(strings.Replace(whole, c.old, c.new, 1)))
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Pointer != c.pointer || e.Fields[0].Code != c.code || e.Fields[0].Detail == "" {
		t.Errorf("got %v, want %s at %s", err, c.code, c.pointer)
	}
}

// endless is a file without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestReadHasAnEnd(t *testing.T) {
	if _, err := powerlab.Read(endless{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("got %v", err)
	}
}

// Whatever is read can be played, and what cannot be read is told with its place.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(tiny))
	for _, name := range []string{"testdata/eu3p-s1.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := powerlab.Read(strings.NewReader(string(text)))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v", err)
			}
			return
		}
		if s := got.Scenario; s != nil {
			if err := s.Limits.Check(); err != nil {
				t.Errorf("limits: %v", err)
			}
			for _, one := range s.Sessions {
				if one.Arrival < 0 || one.Departure <= one.Arrival || one.Departure > s.Steps || !(one.Max > 0) || !(one.Energy > 0) {
					t.Errorf("session %+v of %d steps", one, s.Steps)
				}
			}
		}
	})
}
