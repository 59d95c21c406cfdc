package rest_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/station"
)

const templatesPath = "/api/v1/station-templates"

func TestTemplateLife(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	made := w.expect(201, key, "POST", templatesPath, `{"vendor":"ACME*","model":"One","quirks":{"lenient":false,"phases":3}}`)
	path := made.Header.Get("Location")
	read := w.expect(200, key, "GET", path, "")
	if string(read.body) != string(made.body) || read.Header.Get("ETag") != made.Header.Get("ETag") {
		t.Errorf("made %s %s\nread %s %s", made.Header.Get("ETag"), made.body, read.Header.Get("ETag"), read.body)
	}
	if got, want := shown(t, made), `{"desired":[],"firmware":"","model":"One","quirks":{"lenient":false,"phases":3},"reboot":"idle","vendor":"ACME*"}`; got != want {
		t.Errorf("made: got %s, want %s", got, want)
	}
	tests := []struct{ name, patch, want string }{
		{"nothing", `{}`, `{"desired":[],"firmware":"","model":"One","quirks":{"lenient":false,"phases":3},"reboot":"idle","vendor":"ACME*"}`},
		{"quirks are given whole", `{"quirks":{"heartbeat_seconds":60}}`, `{"desired":[],"firmware":"","model":"One","quirks":{"heartbeat_seconds":60},"reboot":"idle","vendor":"ACME*"}`},
		{"any model", `{"model":null,"firmware":"1.*"}`, `{"desired":[],"firmware":"1.*","model":"","quirks":{"heartbeat_seconds":60},"reboot":"idle","vendor":"ACME*"}`},
		{"no quirks", `{"quirks":null}`, `{"desired":[],"firmware":"1.*","model":"","quirks":{},"reboot":"idle","vendor":"ACME*"}`},
		{
			"desired values", `{"desired":[{"variable":"HeartbeatInterval","value":"60"}],"reboot":"never"}`,
			`{"desired":[{"value":"60","variable":"HeartbeatInterval"}],"firmware":"1.*","model":"","quirks":{},"reboot":"never","vendor":"ACME*"}`,
		},
		{"none", `{"desired":null,"reboot":null}`, `{"desired":[],"firmware":"1.*","model":"","quirks":{},"reboot":"idle","vendor":"ACME*"}`},
	}
	tag := read.Header.Get("ETag")
	for _, tt := range tests {
		got := w.expect(200, key, "PATCH", path, tt.patch, "If-Match", tag)
		if shown := shown(t, got); shown != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, shown, tt.want)
		}
		tag = got.Header.Get("ETag")
	}
	for _, method := range []string{"PATCH", "DELETE"} {
		body := strings.Repeat("{}", len(method)%2) // PATCH has one
		w.refused(428, "if_match_required", key, method, path, body)
		w.refused(412, "version_moved", key, method, path, body, "If-Match", read.Header.Get("ETag"))
	}
	w.expect(204, key, "DELETE", path, "", "If-Match", tag)
	w.refused(404, "not_found", key, "GET", path, "")
	w.refused(404, "not_found", key, "GET", templatesPath+"/ACME", "")
}

// shown is a template in one spelling, without its id.
func shown(t *testing.T, r reply) string {
	t.Helper()
	object := r.object(t)
	if id, _ := object["id"].(string); !strings.HasPrefix(id, "tpl_") {
		t.Errorf("id is %v", object["id"])
	}
	delete(object, "id")
	text, err := json.Marshal(object, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestQuirksAreChecked(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	tpl := w.expect(201, w.first.key, "POST", templatesPath, `{"vendor":"*","quirks":{}}`).Header.Get("Location")
	quirks := []struct{ name, quirks, pointer, rule string }{
		{"an unknown member", `{"colour":"red"}`, "/quirks/colour", "unknown_member"},
		{"other capitals", `{"Phases":3}`, "/quirks/Phases", "unknown_member"},
		{"no object", `7`, "/quirks", "type"},
		{"a switch", `{"lenient":"on"}`, "/quirks/lenient", "type"},
		{"a fraction", `{"phases":1.5}`, "/quirks/phases", "type"},
		{"phases", `{"phases":2}`, "/quirks/phases", "unknown_value"},
		{"subprotocol", `{"subprotocol":"ocpp1.5"}`, "/quirks/subprotocol", "unknown_value"},
		{"meter unit", `{"meter_unit":"MWh"}`, "/quirks/meter_unit", "unknown_value"},
		{"current", `{"max_current_ma":10000001}`, "/quirks/max_current_ma", "out_of_range"},
		{"heartbeat", `{"heartbeat_seconds":86401}`, "/quirks/heartbeat_seconds", "out_of_range"},
	}
	places := []struct{ method, path, before string }{
		{"POST", templatesPath, `{"vendor":"ACME","quirks":`},
		{"PATCH", tpl, `{"quirks":`},
		{"POST", "/api/v1/stations", `{"station_id":"CP-9","quirks":`},
		{"PATCH", "/api/v1/stations/CP-main", `{"quirks":`},
	}
	for _, tt := range quirks {
		for _, at := range places {
			t.Run(tt.name+" at "+at.method+" "+at.path, func(t *testing.T) {
				got := w.refused(422, "invalid_input", w.first.key, at.method, at.path, at.before+tt.quirks+"}", "If-Match", "*")
				first, _ := got.member(t, "errors").([]any)[0].(map[string]any)
				if first["pointer"] != tt.pointer || first["code"] != tt.rule {
					t.Errorf("errors: %s, want %s %s", got.body, tt.pointer, tt.rule)
				}
			})
		}
	}
	w.refused(404, "not_found", w.first.key, "GET", "/api/v1/stations/CP-9", "")
}

func TestStationQuirksAreSetAndReset(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	template := w.expect(201, key, "POST", templatesPath, `{"vendor":"maker","quirks":{"lenient":true,"phases":3}}`).member(t, "id")
	made := w.expect(201, key, "POST", "/api/v1/stations",
		`{"station_id":"CP-1","quirks":{"lenient":false,"shared_evse":true,"subprotocol":"ocpp1.6","meter_unit":"kWh","reversed_tags":true,"phases":1,"max_current_ma":16000,"heartbeat_seconds":60}}`)
	w.expect(201, key, "POST", "/api/v1/stations", `{"station_id":"CP-2","quirks":null}`)
	d, err := w.store.Station(t.Context(), w.first.org.ID, "CP-1")
	w.must(err)
	owner, _ := w.connect(d.Station.ID)
	expect := func(when, quirks string, template any) {
		t.Helper()
		got := w.expect(200, key, "GET", "/api/v1/stations/CP-1", "").object(t)
		text, err := json.Marshal(got["quirks"], json.Deterministic(true))
		w.must(err)
		if string(text) != quirks || got["template_id"] != template {
			t.Errorf("%s: got %s of %v, want %s of %v", when, text, got["template_id"], quirks, template)
		}
	}
	boot := func() {
		t.Helper()
		_, err := owner.Boot(t.Context(), station.BootReport{At: at(0), OCPP: station.OCPP16, Vendor: "Maker", Model: "One"})
		w.must(err)
	}
	const own = `{"heartbeat_seconds":60,"lenient":false,"max_current_ma":16000,"meter_unit":"kWh","phases":1,"reversed_tags":true,"shared_evse":true,"subprotocol":"ocpp1.6"}`
	if made.member(t, "template_id") != nil {
		t.Errorf("made: %s", made.body)
	}
	expect("made", own, nil)
	boot()
	expect("booted", own, nil)
	for _, reset := range []string{`{}`, `null`} {
		w.expect(200, key, "PATCH", "/api/v1/stations/CP-1", `{"quirks":`+reset+`}`)
		expect("reset by "+reset, `{}`, nil)
		boot()
		expect("booted after a reset", `{"lenient":true,"phases":3}`, template)
		w.expect(200, key, "PATCH", "/api/v1/stations/CP-1", `{"quirks":{"phases":1}}`)
		expect("set", `{"phases":1}`, nil)
	}
}

func TestDesiredOfATemplateIsChecked(t *testing.T) {
	w := newWorld(t, options{})
	tests := []struct{ name, desired, pointer, rule string }{
		{"without a value", `[{"variable":"A"}]`, "/desired/0/value", "required"},
		{"without a name", `[{"variable":"A","value":"1"},{"value":"1"}]`, "/desired/1/variable", "required"},
		{"a secret", `[{"variable":"AuthorizationKey","value":"1"}]`, "/desired/0/variable", "secret"},
		{"an unknown member", `[{"key":"A","value":"1"}]`, "/desired/0/key", "unknown_member"},
		{"twice", `[{"variable":"A","value":"1"},{"variable":"a","value":"2"}]`, "/desired/1", "duplicate"},
	}
	for _, tt := range tests {
		got := w.refused(422, "invalid_input", w.first.key, "POST", templatesPath, `{"vendor":"*","desired":`+tt.desired+`}`)
		if fields := got.fields(t); len(fields) != 1 || fields[0] != tt.pointer+" "+tt.rule {
			t.Errorf("%s: got %v, want %s %s", tt.name, fields, tt.pointer, tt.rule)
		}
	}
}
