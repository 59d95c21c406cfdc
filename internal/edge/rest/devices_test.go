package rest_test

import (
	"fmt"
	"slices"
	"testing"

	"pylon/internal/client"
	"pylon/internal/domain/device"
)

func TestVariablesAreListed(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	key, path := w.first.key, "/api/v1/stations/CP-main/variables"
	for _, tt := range []struct{ query, want string }{
		{"", "HeartbeatInterval Power"},
		{"?evse_id=1", "Power"},
		{"?evse_id=0", "HeartbeatInterval"},
		{"?evse_id=0,1", "HeartbeatInterval Power"},
		{"?component=ocppcommctrlr", "HeartbeatInterval"},
		{"?variable=power", "Power"},
		{"?desired=true", "HeartbeatInterval"},
		{"?q=heartb", "HeartbeatInterval"},
		{"?q=23000", "Power"},
		{"?q=nothing", ""},
	} {
		if got := w.expect(200, key, "GET", path+tt.query, "").ids(t, "variable"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.query, got, tt.want)
		}
	}
	first := w.expect(200, key, "GET", path+"?limit=1", "")
	next, _ := first.member(t, "next_cursor").(string)
	if got := w.expect(200, key, "GET", path+"?limit=1&cursor="+next, ""); got.ids(t, "variable") != "Power" || got.member(t, "next_cursor") != nil {
		t.Errorf("second page: got %s", got.body)
	}
	w.refused(422, "cursor_malformed", key, "GET", path+"?cursor=x", "")
	v := first.member(t, "data").([]any)[0].(map[string]any)
	a := v["attributes"].([]any)[0].(map[string]any)
	d, _ := a["desired"].(map[string]any)
	if v["component"] != "OCPPCommCtrlr" || a["value"] != "600" || a["mutability"] != "ReadWrite" || d["desired_value"] != "120" || d["origin"] != "operator" {
		t.Errorf("got %s", first.body)
	}
	if got := fmt.Sprint(v["characteristics"].(map[string]any)["unit"], v["reported_at"]); got != "s2026-03-01T08:01:13.000Z" {
		t.Errorf("got %s: %s", got, first.body)
	}
}

func TestDeviceRecords(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	key, station := w.first.key, "/api/v1/stations/CP-main"
	history := w.expect(200, key, "GET", station+"/variables/history?variable=ocppcommctrlr.heartbeatinterval", "")
	latest := history.member(t, "data").([]any)[0].(map[string]any)
	if latest["old"] != "300" || latest["new"] != "600" || latest["how"] == "" {
		t.Errorf("history: got %s", history.body)
	}
	monitors := w.expect(200, key, "GET", station+"/monitors", "")
	m := monitors.member(t, "data").([]any)[0].(map[string]any)
	if m["id"] != 7.0 || m["value"] != "22000" || m["type"] != "UpperThreshold" || m["evse_id"] != 1.0 {
		t.Errorf("monitors: got %s", monitors.body)
	}
	events := w.expect(200, key, "GET", station+"/device-events", "")
	e := events.member(t, "data").([]any)[0].(map[string]any)
	if e["value"] != "23000" || e["monitor_id"] != 7.0 || e["severity"] != nil || e["cleared"] != false {
		t.Errorf("events: got %s", events.body)
	}
}

func TestStationsAreFoundByVariable(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"OTHER"}`)
	for _, tt := range []struct{ query, want string }{
		{"?variable=OCPPCommCtrlr.HeartbeatInterval", "CP-main"},
		{"?variable=ocppcommctrlr.heartbeatinterval&value=600", "CP-main"},
		{"?variable=OCPPCommCtrlr.HeartbeatInterval&value=300", ""},
		{"?variable=Nothing", ""},
	} {
		if got := w.expect(200, w.first.key, "GET", "/api/v1/stations"+tt.query, "").ids(t, "station_id"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.query, got, tt.want)
		}
	}
	got := w.expect(200, w.first.key, "GET", "/api/v1/variables?variable=OCPPCommCtrlr.HeartbeatInterval&value=600", "")
	if got.ids(t, "station_id") != "CP-main" || got.ids(t, "value") != "600" {
		t.Errorf("found: %s", got.body)
	}
}

func TestDesiredIsChanged(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	key, path := w.first.key, "/api/v1/stations/CP-main/desired"
	was := w.expect(200, key, "GET", path, "")
	tag := was.Header.Get("ETag")
	got := w.expect(200, key, "PATCH", path, `{"set":[{"variable":"MeterValueSampleInterval","value":"60"}],"remove":[{"component":"OCPPCommCtrlr","variable":"HeartbeatInterval"}],"reboot":"never"}`, "If-Match", tag)
	values := got.member(t, "values").([]any)
	if len(values) != 1 || values[0].(map[string]any)["variable"] != "MeterValueSampleInterval" || got.member(t, "reboot") != "never" {
		t.Errorf("got %s", got.body)
	}
	w.refused(412, "version_moved", key, "PATCH", path, `{"reboot":"idle"}`, "If-Match", tag)
	if got := w.expect(200, key, "PATCH", path, `{"reboot":"template"}`).member(t, "reboot"); got != "template" {
		t.Errorf("reboot: got %v", got)
	}
	for _, tt := range []struct{ body, field string }{
		{`{"set":[{"variable":"A"}]}`, "/set/0/value required"},
		{`{"set":[{"value":"1"}]}`, "/set/0/variable required"},
		{`{"set":[{"component":"SecurityCtrlr","variable":"BasicAuthPassword","value":"x"}]}`, "/set/0/variable secret"},
		{`{"set":[{"variable":"A","value":"1","attribute":"Best"}]}`, "/set/0/attribute enumeration"},
		{`{"reboot":"always"}`, "/reboot enumeration"},
		{`{"set":[{"name":"A","value":"1"}]}`, "/set/0/name unknown_member"},
	} {
		got := w.refused(422, "invalid_input", key, "PATCH", path, tt.body)
		if fields := got.fields(t); !slices.Equal(fields, []string{tt.field}) {
			t.Errorf("%s: got %q, want %s", tt.body, fields, tt.field)
		}
	}
	list := func(query string) string {
		return w.expect(200, key, "GET", "/api/v1/desired"+query, "").ids(t, "variable")
	}
	value := "900"
	w.must(th.owner.Inventory(t.Context(), device.Part{Scope: device.ScopeSome, OccurredAt: at(80), ReceivedAt: at(80), Variables: []device.Variable{
		{Name: device.Name{Variable: "MeterValueSampleInterval"}, Values: []device.Value{{Attribute: device.Actual, Text: &value}}},
	}}))
	state := w.expect(200, key, "GET", "/api/v1/desired", "").ids(t, "state")
	for _, tt := range []struct{ query, want string }{
		{"", "MeterValueSampleInterval"},
		{"?state=" + state, "MeterValueSampleInterval"},
		{"?state=in_sync", ""},
		{"?station_id=CP-main", "MeterValueSampleInterval"},
		{"?station_id=CP-9", ""},
		{"?variable=metervaluesampleinterval", "MeterValueSampleInterval"},
		{"?variable=heartbeatinterval", ""},
	} {
		if got := list(tt.query); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.query, got, tt.want)
		}
	}
}

func TestFindingsAreListed(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	for _, tt := range []struct {
		query string
		want  string
	}{
		{"?code=transaction_unknown", "transaction_unknown"},
		{"?code=transaction_unknown,clock_wrong&open=true&station_id=CP-main", "transaction_unknown"},
		{"?code=transaction_unknown&station_id=" + string(th.station.Station.ID), "transaction_unknown"},
		{"?station_id=CP-9", ""},
		{"?code=clock_changed", ""},
		{"?session_id=" + string(th.session) + "&code=transaction_unknown", ""},
	} {
		if got := w.expect(200, w.first.key, "GET", "/api/v1/findings"+tt.query, "").ids(t, "code"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.query, got, tt.want)
		}
	}
	found := w.expect(200, w.first.key, "GET", "/api/v1/findings?code=transaction_unknown", "")
	if found.ids(t, "station_id") != "CP-main" {
		t.Errorf("got %s", found.body)
	}
}

func TestCommandsAboutVariables(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	th.socket.answers(yes())
	path := "/api/v1/stations/CP-main/commands"
	for i, body := range []string{
		`{"type":"read_variables","variables":[{"variable":"HeartbeatInterval"}]}`,
		`{"type":"write_variables","variables":[{"variable":"HeartbeatInterval","value":"60"}]}`,
		`{"type":"report_variables"}`,
		`{"type":"report_variables","scope":"summary"}`,
		`{"type":"report_monitors"}`,
		`{"type":"set_monitors","monitors":[{"component":"EVSE","variable":"Power","evse_id":1,"type":"UpperThreshold","value":"22000.5","severity":5}]}`,
		`{"type":"clear_monitors","monitor_ids":[1,2]}`,
	} {
		made := w.expect(202, w.first.key, "POST", path, body, "Idempotency-Key", fmt.Sprint("key-", i))
		w.expect(200, w.first.key, "GET", made.Header.Get("Location"), "")
	}
	for _, tt := range []struct{ body, field string }{
		{`{"type":"read_variables"}`, "/variables required"},
		{`{"type":"read_variables","variables":[{"component":"EVSE"}]}`, "/variables/0/variable required"},
		{`{"type":"write_variables","variables":[{"variable":"A"}]}`, "/variables/0/value required"},
		{`{"type":"write_variables","variables":[{"variable":"AuthorizationKey","value":"x"}]}`, "/variables/0/variable secret"},
		{`{"type":"report_variables","scope":"some"}`, "/scope enumeration"},
		{`{"type":"set_monitors","monitors":[{"component":"EVSE","variable":"Power","type":"Delta","value":"many","severity":5}]}`, "/monitors/0/value not_decimal"},
		{`{"type":"set_monitors"}`, "/monitors items"},
		{`{"type":"clear_monitors"}`, "/monitor_ids items"},
	} {
		got := w.refused(422, "invalid_input", w.first.key, "POST", path, tt.body, "Idempotency-Key", "refused")
		if fields := got.fields(t); !slices.Equal(fields, []string{tt.field}) {
			t.Errorf("%s: got %q, want %s", tt.body, fields, tt.field)
		}
	}
	wrote := w.expect(200, w.first.key, "POST", path, `{"type":"write_variables","variables":[{"variable":"A","value":""}]}`, "Idempotency-Key", "w", "Prefer", "wait=10")
	input, _ := wrote.member(t, "input").(map[string]any)
	if got := fmt.Sprint(input["variables"]); got != "[map[value: variable:A]]" {
		t.Errorf("input: got %s", got)
	}
}

func TestDevicesByClient(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	c := w.client(w.first.key)
	ctx := t.Context()
	variables, err := c.Variables(ctx, "CP-main", client.Query{"q": "heartbeat"})
	w.must(err)
	if len(variables.Data) != 1 || variables.Data[0].Name() != "OCPPCommCtrlr.HeartbeatInterval" || *variables.Data[0].Attributes[0].Value != "600" {
		t.Errorf("variables: got %+v", variables)
	}
	desired, err := c.ChangeDesired(ctx, "CP-main", map[string]any{"set": []any{map[string]any{"variable": "A", "value": "1"}}})
	w.must(err)
	if len(desired.Values) != 2 {
		t.Errorf("desired: got %+v", desired)
	}
	if again, err := c.Desired(ctx, "CP-main"); err != nil || len(again.Values) != 2 {
		t.Errorf("again: got %+v, %v", again, err)
	}
	all, err := c.DesiredAcross(ctx, client.Query{"station_id": "CP-main"})
	w.must(err)
	if len(all.Data) != 2 || all.Data[0].StationID != "CP-main" {
		t.Errorf("across: got %+v", all)
	}
	for name, n := range map[string]func() (int, error){
		"history":  func() (int, error) { p, err := c.VariableHistory(ctx, "CP-main", nil); return len(p.Data), err },
		"monitors": func() (int, error) { p, err := c.Monitors(ctx, "CP-main", nil); return len(p.Data), err },
		"events":   func() (int, error) { p, err := c.DeviceEvents(ctx, "CP-main", nil); return len(p.Data), err },
		"findings": func() (int, error) {
			p, err := c.AllFindings(ctx, client.Query{"open": "true"})
			return len(p.Data), err
		},
		"search": func() (int, error) {
			p, err := c.FindVariable(ctx, client.Query{"variable": "OCPPCommCtrlr.HeartbeatInterval"})
			return len(p.Data), err
		},
	} {
		if got, err := n(); err != nil || got == 0 {
			t.Errorf("%s: got %d, %v", name, got, err)
		}
	}
}
