package rest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/station"
)

// object returns the body as an object.
func (r reply) object(t testing.TB) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(r.body, &object); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return object
}

// ids returns the values of a member of a list's things.
func (r reply) ids(t testing.TB, name string) string {
	t.Helper()
	var all []string
	for _, item := range r.member(t, "data").([]any) {
		all = append(all, item.(map[string]any)[name].(string))
	}
	return strings.Join(all, " ")
}

// fields returns what a problem says of the members of a body: pointer and rule.
func (r reply) fields(t testing.TB) []string {
	t.Helper()
	var all []string
	errs, _ := r.member(t, "errors").([]any)
	for _, e := range errs {
		field, _ := e.(map[string]any)
		all = append(all, fmt.Sprint(field["pointer"], " ", field["code"]))
	}
	return all
}

func TestStationIsMadeOnce(t *testing.T) {
	w := newWorld(t, options{})
	made := w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-1","password":"0123456789abcdef"}`)
	got := made.object(t)
	for name, want := range map[string]any{
		"station_id": "CP-1", "registration": "accepted", "automation": "on", "security_profile": 1.0, "has_password": true,
		"ocpp_version": nil, "site_id": nil,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if strings.Contains(string(made.body), "0123456789abcdef") {
		t.Errorf("the password is in the answer: %s", made.body)
	}
	if connection := got["connection"].(map[string]any); connection["status"] != "offline" {
		t.Errorf("connection: %v", connection)
	}
	read := w.expect(200, w.first.key, "GET", made.Header.Get("Location"), "")
	if string(read.body) != string(made.body) || read.Header.Get("ETag") != made.Header.Get("ETag") {
		t.Errorf("made %s %s\nread %s %s", made.Header.Get("ETag"), made.body, read.Header.Get("ETag"), read.body)
	}
	w.refused(409, "station_exists", w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-1"}`)
	w.expect(201, w.other.key, "POST", "/api/v1/stations", `{"station_id":"CP-1"}`) // an organisation of its own
	open := w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-2"}`)
	if got := open.member(t, "security_profile"); got != 0.0 {
		t.Errorf("a station without a password has profile %v", got)
	}
}

func TestStationIsFoundByEitherName(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	byID := w.expect(200, w.first.key, "GET", "/api/v1/stations/"+string(th.station.Station.ID), "")
	byIdentity := w.expect(200, w.first.key, "GET", "/api/v1/stations/CP-main", "")
	if string(byID.body) != string(byIdentity.body) {
		t.Errorf("by id %s\nby identity %s", byID.body, byIdentity.body)
	}
	got := byID.object(t)
	if got["ocpp_version"] != "1.6" || got["vendor"] != "Maker" || got["connection"].(map[string]any)["status"] != "online" {
		t.Errorf("got %s", byID.body)
	}
	connector := got["evses"].([]any)[0].(map[string]any)["connectors"].([]any)[0].(map[string]any)
	if connector["id"] != 1.0 || connector["since"] == nil || connector["reported_at"] == nil {
		t.Errorf("connector: %v", connector)
	}
	if _, shown := got["remote_addr"]; shown {
		t.Error("where the station connects from is shown")
	}
}

func TestStationIsPatched(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/stations/CP-main"
	tests := []struct {
		name  string
		patch string
		want  map[string]any
	}{
		{"name", `{"name":"Right"}`, map[string]any{"name": "Right", "site_id": th.site}},
		{"nothing", `{}`, map[string]any{"name": "Right"}},
		{"off its site", `{"site_id":null}`, map[string]any{"site_id": nil}},
		{"on a site", `{"site_id":"` + th.site + `"}`, map[string]any{"site_id": th.site}},
		{"automation", `{"automation":"off"}`, map[string]any{"automation": "off"}},
		{"password", `{"password":"0123456789abcdef"}`, map[string]any{"has_password": true}},
		{"no password", `{"password":null}`, map[string]any{"has_password": false}},
		{"registration", `{"registration":"pending"}`, map[string]any{"registration": "pending"}},
		{"profile", `{"security_profile":0}`, map[string]any{"security_profile": 0.0}},
	}
	for _, tt := range tests {
		got := w.expect(200, w.first.key, "PATCH", path, tt.patch).object(t)
		for name, want := range tt.want {
			if got[name] != want {
				t.Errorf("%s: %s is %v, want %v", tt.name, name, got[name], want)
			}
		}
	}
	for name, patch := range map[string]string{
		"unknown member": `{"colour":"red"}`, "identity never changes": `{"station_id":"CP-2"}`, "null": `{"registration":null}`,
		"value": `{"automation":"maybe"}`, "profile 4": `{"security_profile":4}`, "profile null": `{"security_profile":null}`,
		"another's site": `{"site_id":"sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ"}`,
	} {
		if got := w.refused(422, "invalid_input", w.first.key, "PATCH", path, patch); len(got.member(t, "errors").([]any)) == 0 {
			t.Errorf("%s: no errors: %s", name, got.body)
		}
	}
}

func TestStationVersions(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/stations/CP-main"
	seen := w.expect(200, w.first.key, "GET", path, "").Header.Get("ETag")
	w.expect(304, w.first.key, "GET", path, "", "If-None-Match", `"1", `+seen)

	// What the station says changes the representation, and nobody's work.
	w.must(th.owner.Status(t.Context(), station.StatusReport{EVSE: 1, Connector: 1, Status: station.Charging, ReceivedAt: at(80)}))
	w.expect(200, w.first.key, "GET", path, "", "If-None-Match", seen)
	w.expect(200, w.first.key, "PATCH", path, `{"name":"Right"}`, "If-Match", seen)

	// Somebody else's change does.
	w.refused(412, "version_moved", w.first.key, "PATCH", path, `{"name":"Wrong"}`, "If-Match", seen)
	w.refused(412, "version_moved", w.first.key, "DELETE", path, "", "If-Match", seen)
	w.refused(412, "etag_malformed", w.first.key, "PATCH", path, `{"name":"Wrong"}`, "If-Match", "7")
	w.expect(200, w.first.key, "PATCH", path, `{"name":"Last"}`) // not needed
	if got := w.expect(200, w.first.key, "GET", path, "").member(t, "name"); got != "Last" {
		t.Errorf("name is %v", got)
	}
}

func TestStationIsRemoved(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/stations/CP-main"
	got := w.refused(409, "station_in_session", w.first.key, "DELETE", path, "")
	if !strings.Contains(string(got.body), string(th.session)) {
		t.Errorf("the session is not named: %s", got.body)
	}
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-2"}`)
	created := w.expect(200, w.first.key, "GET", "/api/v1/stations/CP-2", "")
	w.expect(204, w.first.key, "DELETE", "/api/v1/stations/CP-2", "", "If-Match", created.Header.Get("ETag"))
	w.refused(404, "not_found", w.first.key, "GET", "/api/v1/stations/CP-2", "")
	w.refused(404, "not_found", w.first.key, "DELETE", "/api/v1/stations/CP-2", "")
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-2"}`) // the name is free again
}

func TestStationsAreFiltered(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"Z-1","name":"Depot","registration":"pending"}`)
	tests := map[string]string{
		"":                      "CP-main Z-1",
		"?sort=-station_id":     "Z-1 CP-main",
		"?connection=online":    "CP-main",
		"?connection=offline":   "Z-1",
		"?registration=pending": "Z-1",
		"?site_id=" + th.site:   "CP-main",
		"?site_id=sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ": "",
		"?status=preparing,faulted":               "CP-main",
		"?status=faulted":                         "",
		"?q=depo":                                 "Z-1",
		"?q=cp-":                                  "CP-main",
		"?q=%25":                                  "",
		"?connection=online&registration=pending":   "",
		"?status=preparing&connection=online&q=one": "CP-main",
	}
	for _, query := range slices.Sorted(maps.Keys(tests)) {
		if got := w.expect(200, w.first.key, "GET", "/api/v1/stations"+query, "").ids(t, "station_id"); got != tests[query] {
			t.Errorf("%s: got %q, want %q", query, got, tests[query])
		}
	}
}

func TestStationRecords(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	w.frames.add(th.station.Station.ID, station.LogEntry{At: at(9), Direction: station.FromStation, Kind: "call", Frame: []byte("[2,\"bro")})
	w.frames.add(th.station.Station.ID, station.LogEntry{At: at(9), Direction: station.Note, Kind: "closed", Frame: []byte("the station went away")})
	path := "/api/v1/stations/CP-main"

	entries := w.expect(200, w.first.key, "GET", path+"/log", "").member(t, "data").([]any)
	want := []map[string]any{
		{"direction": "in", "kind": "call", "action": "BootNotification", "message_id": "1", "text": nil},
		{"direction": "in", "frame": nil, "text": `[2,"bro`},
		{"direction": "note", "kind": "closed", "frame": nil, "text": "the station went away"},
	}
	for i, entry := range want {
		for name, value := range entry {
			if got := entries[i].(map[string]any)[name]; got != value {
				t.Errorf("log entry %d: %s is %v, want %v", i, name, got, value)
			}
		}
	}
	if got := w.expect(200, w.first.key, "GET", path+"/log?action=BootNotification", ""); len(got.member(t, "data").([]any)) != 1 {
		t.Errorf("log by action: %s", got.body)
	}

	finding := w.expect(200, w.first.key, "GET", path+"/findings?open=true", "").member(t, "data").([]any)[0].(map[string]any)
	if finding["code"] != "transaction_unknown" || finding["resolved_at"] != nil {
		t.Errorf("finding: %v", finding)
	}

	frame := w.expect(200, w.first.key, "GET", path+"/meter-values", "").member(t, "data").([]any)[0].(map[string]any)
	sample := frame["samples"].([]any)[0].(map[string]any)
	if sample["value"] != "77" || sample["context"] != "Sample.Clock" || frame["seq_no"] != nil {
		t.Errorf("frame: %v", frame)
	}

	history := w.expect(200, w.first.key, "GET", path+"/status-history", "").member(t, "data").([]any)
	seen := map[any]bool{}
	for _, interval := range history {
		seen[interval.(map[string]any)["status"]] = true
	}
	if !seen["online"] || !seen["preparing"] {
		t.Errorf("history: %v", history)
	}
}
