package device_test

import (
	"fmt"
	"strings"
	"testing"

	"pylon/internal/domain/device"
)

// TestWhatAStationMayFill: a station can make us keep, and write, so much and
// no more, whatever it reports.
func TestWhatAStationMayFill(t *testing.T) {
	count := func(m device.Model) (documents, variables, monitors, bytes int) {
		for i := range m {
			variables, monitors = variables+len(m[i].Variables), monitors+len(m[i].Monitors)
			for _, v := range m[i].Variables {
				bytes += len(*v.Values[0].Text) + len(v.ValuesList)
			}
		}
		return len(m), variables, monitors, bytes
	}
	t.Run("EVSEs", func(t *testing.T) {
		var all []device.Variable
		var watches []device.Monitor
		for i := range 1000 {
			n := device.Name{EVSE: 1000 - i, Component: "A", Variable: "One"}
			all = append(all, variable(n, "1"))
			watches = append(watches, device.Monitor{Name: device.Name{EVSE: 2000 + i, Component: "A", Variable: "One"}, ID: i})
		}
		got := device.Merge(nil, part(all...), device.ByReport)
		if documents, _, _, _ := count(got.Model); documents != 256 || len(got.Dropped) == 0 {
			t.Errorf("got %d documents, dropped %q", documents, got.Dropped)
		}
		if documents, _, _, _ := count(device.Watching(nil, watches, true).Model); documents != 256 {
			t.Errorf("monitors: got %d documents", documents)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		var all []device.Variable
		for i := range 1000 {
			v := variable(name("A", fmt.Sprintf("V%04d", i)), strings.Repeat("x", 2500))
			v.ValuesList = strings.Repeat("y", 2600)
			all = append(all, v)
		}
		got := device.Merge(nil, part(all...), device.ByReport)
		if _, variables, _, bytes := count(got.Model); bytes > 1<<20 || variables != (1<<20)/2506 || len(got.Dropped) == 0 {
			t.Errorf("got %d variables of %d bytes, dropped %q", variables, bytes, got.Dropped)
		}
	})
	t.Run("monitors", func(t *testing.T) {
		var m device.Model
		for evse := range 4 {
			var watches []device.Monitor
			for i := range 400 {
				watches = append(watches, device.Monitor{Name: device.Name{EVSE: evse, Component: "A", Variable: "One"}, ID: evse*400 + i})
			}
			m = device.Watching(m, watches, false).Model
		}
		if _, _, monitors, _ := count(m); monitors != device.MonitorsMax {
			t.Errorf("got %d monitors", monitors)
		}
	})
	t.Run("names of a report", func(t *testing.T) {
		seen := make(device.Seen)
		for i := range 5000 {
			seen.Add(part(variable(name("A", fmt.Sprint(i)), "1")))
		}
		if len(seen) != 4000 {
			t.Errorf("got %d names", len(seen))
		}
	})
	t.Run("entries of the index", func(t *testing.T) {
		var all []device.Variable
		for i := range 600 {
			all = append(all, variable(name(fmt.Sprintf("Part%d", i), "Problem"), "true"))
		}
		if got := len(device.Index(whole(all...), nil)); got != 500 {
			t.Errorf("got %d entries", got)
		}
	})
}

// TestTheSameAgainIsNotWritten: a station that says every second what is known
// does not make us write it every second.
func TestTheSameAgainIsNotWritten(t *testing.T) {
	one := name("A", "One")
	m := device.Merge(whole(variable(one, "1")), part(variable(one, "2")), device.ByReport).Model
	if got := device.Merge(m, part(variable(one, "2")), device.ByEvent); len(got.Written) != 0 {
		t.Errorf("written: %v", got.Written)
	}
	later := part(variable(one, "2"))
	later.ReceivedAt = at(3)
	if got := device.Merge(m, later, device.ByEvent); len(got.Written) != 1 || !got.Model[0].ReportedAt.Equal(at(3)) {
		t.Errorf("a minute later: %+v", got)
	}
}

// TestBatches: a message has no more variables and bytes than the station says
// that it takes.
func TestBatches(t *testing.T) {
	limits := func(items, bytes string) device.Model {
		limit := func(n string) device.Name {
			return device.Name{Component: "DeviceDataCtrlr", Variable: n, VariableInstance: "SetVariables"}
		}
		return device.Checked(whole(variable(limit("ItemsPerMessage"), items), variable(limit("BytesPerMessage"), bytes)), "1.0", at(0)).Model
	}
	var rows []device.Desired
	names := make(device.Seen)
	for i := range 60 {
		n := device.Name{EVSE: 1, Connector: 1, Component: "A", Instance: strings.Repeat("i", 50), Variable: fmt.Sprintf("V%02d", i), VariableInstance: strings.Repeat("j", 50)}
		rows = append(rows, desired(n, strings.Repeat(`"`, 50), device.Pending))
		names.Add(part(variable(n, "")))
	}
	for _, c := range []struct {
		name         string
		items, bytes string
		keys         bool
		want         int
	}{
		{"B05.FR.11 ItemsPerMessage", "7", "65000", false, 7},
		{"more than we send", "1000", "65000", false, 50},
		{"nonsense", "many", "-1", false, 10},
		{"BytesPerMessage", "50", "2000", false, 5},
		{"less than one takes", "50", "10", false, 1},
		{"1.6 5.3 one key", "7", "65000", true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := device.Known{Now: at(1), Keys: c.keys, Firmware: "1.0", Device: device.Device{Model: limits(c.items, c.bytes), Desired: rows}}
			k.Survey.Had(names)
			if got := device.Next(k); got.Kind != device.StepWrite || len(got.Settings) != c.want {
				t.Errorf("got step %d of %d variables, want %d", got.Kind, len(got.Settings), c.want)
			}
		})
	}
	t.Run("B06.FR.05 ItemsPerMessage of what is read", func(t *testing.T) {
		limit := device.Name{Component: "DeviceDataCtrlr", Variable: "ItemsPerMessage", VariableInstance: "GetVariables"}
		m := device.Checked(whole(variable(limit, "4")), "1.0", at(0)).Model
		got := device.Next(device.Known{Now: at(1), Firmware: "1.0", Device: device.Device{Model: m, Desired: rows}})
		if got.Kind != device.StepRead || len(got.Settings) != 4 {
			t.Errorf("got step %d of %d variables, want 4", got.Kind, len(got.Settings))
		}
	})
}
