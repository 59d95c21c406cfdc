package device_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/decimal"
)

func at(minutes int) time.Time {
	return time.Date(2026, 1, 2, 3, minutes, 0, 0, time.UTC)
}

func name(component, variable string) device.Name {
	return device.Name{Component: component, Variable: variable}
}

func variable(n device.Name, text string) device.Variable {
	return device.Variable{Name: n, Values: []device.Value{{Attribute: device.Actual, Text: &text}}}
}

func part(variables ...device.Variable) device.Part {
	return device.Part{OccurredAt: at(1), ReceivedAt: at(2), Variables: variables}
}

// whole is the model of a station that was read as a whole.
func whole(variables ...device.Variable) device.Model {
	m := device.Merge(nil, part(variables...), device.ByReport).Model
	seen := make(device.Seen)
	seen.Add(part(variables...))
	return device.Complete(m, seen, "1.0", at(0)).Model
}

func TestMerge(t *testing.T) {
	one := name("A", "One")
	secret := device.Variable{Name: name("B", "Key"), Values: []device.Value{{Attribute: device.Actual, Text: new("s"), Mutability: device.WriteOnly}}}
	for _, c := range []struct {
		name    string
		was     device.Model
		part    device.Part
		want    string // Actual of A.One
		changes int
		dropped int
	}{
		{"the first report is no change", nil, part(variable(one, "1")), "1", 0, 0},
		{"the same again", whole(variable(one, "1")), part(variable(one, "1")), "1", 0, 0},
		{"another value", whole(variable(one, "1")), part(variable(one, "2")), "2", 1, 0},
		{"in another case", whole(variable(one, "1")), part(variable(name("a", "ONE"), "2")), "2", 1, 0},
		{"a variable more", whole(variable(one, "1")), part(variable(name("A", "Two"), "2")), "1", 1, 0},
		{"an EVSE more", whole(variable(one, "1")), part(variable(device.Name{EVSE: 3, Component: "A", Variable: "One"}, "2")), "1", 1, 0},
		{"nothing is removed", whole(variable(one, "1"), variable(name("A", "Two"), "2")), part(), "1", 0, 0},
		{"a value that is too long", whole(variable(one, "1")), part(variable(name("A", "Two"), strings.Repeat("x", 2501))), "1", 0, 1},
		{"the longest value", whole(variable(one, "1")), part(variable(name("A", "Two"), strings.Repeat("x", 2500))), "1", 1, 0},
		{"a name that is too long", whole(variable(one, "1")), part(variable(name("A", strings.Repeat("x", 201)), "2")), "1", 0, 1},
		{"no name", whole(variable(one, "1")), part(variable(name("A", ""), "2")), "1", 0, 1},
		{"a secret by its name", whole(variable(one, "1")), part(variable(device.Name{Variable: "AuthorizationKey"}, "x")), "1", 0, 0},
		{"B06.FR.09 a write only value", whole(variable(one, "1")), part(secret), "1", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := device.Merge(c.was, c.part, device.ByReport)
			if text := got.Model.Text(one); text != c.want {
				t.Errorf("A.One: got %q, want %q", text, c.want)
			}
			if len(got.Changes) != c.changes || len(got.Dropped) != c.dropped {
				t.Errorf("got %d changes, dropped %q; want %d, %d", len(got.Changes), got.Dropped, c.changes, c.dropped)
			}
			for _, n := range []device.Name{{Variable: "AuthorizationKey"}, name("B", "Key")} {
				if text := got.Model.Text(n); text != "" {
					t.Errorf("%s: kept %q", n, text)
				}
			}
		})
	}
}

func TestVariablesPerStation(t *testing.T) {
	var all []device.Variable
	for i := range 4001 {
		all = append(all, variable(device.Name{EVSE: i % 3, Variable: "v" + decimal.FromInt(int64(i), 0).String()}, "1"))
	}
	got := device.Merge(nil, part(all...), device.ByReport)
	n := 0
	for _, d := range got.Model {
		n += len(d.Variables)
	}
	if n != 4000 || len(got.Dropped) != 1 {
		t.Errorf("kept %d variables, dropped %q", n, got.Dropped)
	}
}

func variables(t *rapid.T) []device.Variable {
	letters := rapid.SampledFrom([]string{"a", "A", "b", "Power", "power"})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) device.Variable {
		n := device.Name{EVSE: rapid.IntRange(0, 2).Draw(t, "evse"), Component: letters.Draw(t, "component"), Variable: letters.Draw(t, "variable")}
		return variable(n, rapid.StringN(0, 8, 16).Draw(t, "value"))
	}), 0, 12).Draw(t, "variables")
}

// TestMergeProperties: merging twice is merging once; parts in any order of
// different variables come to the same; what is complete has what was named
// and no more; a model is never changed.
func TestMergeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was := whole(variables(t)...)
		before := device.Merge(was, device.Part{}, device.ByReport).Model
		p := part(variables(t)...)
		once := device.Merge(was, p, device.ByReport)
		if !reflect.DeepEqual(was, before) {
			t.Fatal("the model that was is changed")
		}
		if twice := device.Merge(once.Model, p, device.ByReport); lasting(p.Variables) && len(twice.Changes) > 0 {
			t.Fatalf("the second time: %v", twice.Changes)
		}
		seen := make(device.Seen)
		seen.Add(p)
		left := device.Complete(once.Model, seen, "2", at(3)).Model
		n := 0
		for _, d := range left {
			n += len(d.Variables)
			if !slices.IsSortedFunc(d.Variables, func(a, b device.Variable) int { return a.Compare(b.Name) }) {
				t.Fatalf("not in order: %v", d.Variables)
			}
		}
		if n != len(seen) {
			t.Fatalf("%d variables are left of %d that were named", n, len(seen))
		}
	})
}

// lasting reports whether each variable is named once: else the values change
// every time.
func lasting(all []device.Variable) bool {
	seen := make(device.Seen)
	for _, v := range all {
		if seen.Has(v.Name) {
			return false
		}
		seen.Add(part(v))
	}
	return true
}

func TestBody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, d := range whole(variables(t)...) {
			d.Monitors = []device.Monitor{{Name: name("A", "One"), ID: 3, Type: "Delta", Value: decimal.FromInt(15, 1), Severity: 9}}
			text, err := device.AppendBody(nil, &d)
			if err != nil {
				t.Fatal(err)
			}
			back := device.Document{EVSE: d.EVSE}
			if err := device.ParseBody(text, &back); err != nil {
				t.Fatal(err)
			}
			if len(d.Variables) == 0 {
				d.Variables, back.Variables = nil, nil
			}
			if !reflect.DeepEqual(back.Variables, d.Variables) || !reflect.DeepEqual(back.Monitors, d.Monitors) {
				t.Fatalf("got %+v, want %+v", back, d)
			}
		}
	})
}

func FuzzParseBody(f *testing.F) {
	d := whole(variable(name("A", "One"), "1"))[0]
	text, err := device.AppendBody(nil, &d)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"variables":[{"variable":"b"},{"variable":"a"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d device.Document
		if device.ParseBody(text, &d) != nil {
			return
		}
		again, err := device.AppendBody(nil, &d)
		if err != nil {
			t.Fatal(err)
		}
		var back device.Document
		if err := device.ParseBody(again, &back); err != nil || len(back.Variables) != len(d.Variables) {
			t.Fatalf("%v: %d variables of %d came back", err, len(back.Variables), len(d.Variables))
		}
	})
}
