package rest_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
)

func TestRawCall(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/stations/CP-main/ocpp/"

	// The answer comes as the station sent it, members and spaces and all.
	said := yes()
	said.Verbatim = []byte(`{ "status":"Accepted" ,"vendorExtra":1.10}`)
	th.socket.answers(said)
	got := w.expect(200, w.first.key, "POST", path+"ClearCache", " { }\n")
	if string(got.body) != string(said.Verbatim) || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %s", got.Header.Get("Content-Type"), got.body)
	}

	// The request goes out as given but for the spaces between its members.
	w.expect(200, w.first.key, "POST", path+"ChangeConfiguration", "{ \"value\" : \"1 0\",\n \"key\":\"MeterValueSampleInterval\" }")
	th.socket.mu.Lock()
	sent := string(th.socket.asked[len(th.socket.asked)-1].Input.Body)
	th.socket.mu.Unlock()
	if want := `{"value":"1 0","key":"MeterValueSampleInterval"}`; sent != want {
		t.Errorf("sent %s, want %s", sent, want)
	}
	w.expect(200, w.first.key, "POST", path+"ClearCache", "") // nothing to say
	w.expect(200, w.first.key, "POST", "/api/v1/stations/"+string(th.station.Station.ID)+"/ocpp/ClearCache", "{}")
}

func TestRawCallThatTheStationRefuses(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	th.socket.answers(fleet.Answered{
		State: command.Rejected, Final: true, ErrorCode: "NotSupported", ErrorDetail: "no such thing", Details: []byte(`{"a":1.0}`), At: clock.System{}.Now(),
	})
	got := w.refused(502, "station_error", w.first.key, "POST", "/api/v1/stations/CP-main/ocpp/ClearCache", "{}")
	if !strings.Contains(string(got.body), `"ocpp_error":{"code":"NotSupported","description":"no such thing","details":{"a":1.0}}`) {
		t.Errorf("got %s", got.body)
	}
	if detail, _ := got.member(t, "detail").(string); !strings.Contains(detail, "NotSupported: no such thing") {
		t.Errorf("detail: %s", detail)
	}
	th.socket.answers(fleet.Answered{State: command.TimedOut, Final: true, ErrorCode: "no_answer", At: clock.System{}.Now()})
	late := w.refused(504, "station_timeout", w.first.key, "POST", "/api/v1/stations/CP-main/ocpp/ClearCache", "{}")
	if late.member(t, "retryable") != false {
		t.Error("what became of it is not known, and yet it may be repeated")
	}
}

func TestRawCallBreaksItsSchema(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	path := "/api/v1/stations/CP-main/ocpp/"
	tests := []struct {
		name    string
		action  string
		body    string
		status  int
		code    string
		pointer string
		rule    string
	}{
		{"required", "Reset", `{}`, 422, "ocpp_schema_violated", "/type", "required"},
		{"enumeration", "Reset", `{"type":"Gentle"}`, 422, "ocpp_schema_violated", "/type", "enumeration"},
		{"unknown", "Reset", `{"type":"Hard","why":"x"}`, 422, "ocpp_schema_violated", "/why", "unknown_member"},
		{"too long", "RemoteStartTransaction", `{"idTag":"123456789012345678901"}`, 422, "ocpp_schema_violated", "/idTag", "length"},
		{
			"inside a list", "SendLocalList", `{"listVersion":1,"updateType":"Full","localAuthorizationList":[{"idTag":"1"},{}]}`,
			422, "ocpp_schema_violated", "/localAuthorizationList/1/idTag", "required",
		},
		{"no such action", "Explode", `{}`, 422, "ocpp_action_unknown", "", ""},
		{"of another version", "SetVariables", `{}`, 422, "ocpp_action_unknown", "", ""},
		{"only stations ask it", "BootNotification", `{}`, 422, "ocpp_action_unknown", "", ""},
		{"not JSON", "Reset", `{"type":`, 400, "malformed_json", "/type", "syntax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.refused(tt.status, tt.code, w.first.key, "POST", path+tt.action, tt.body)
			errs, _ := got.member(t, "errors").([]any)
			if tt.rule == "" {
				return
			}
			if len(errs) != 1 || errs[0].(map[string]any)["pointer"] != tt.pointer || errs[0].(map[string]any)["code"] != tt.rule {
				t.Errorf("errors: %v", errs)
			}
		})
	}
}

func TestRawCallWithoutAStation(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"NEW"}`)
	w.refused(409, "station_offline", w.first.key, "POST", "/api/v1/stations/NEW/ocpp/Reset", `{"type":"Hard"}`)
	w.refused(404, "not_found", w.first.key, "POST", "/api/v1/stations/NOBODY/ocpp/Reset", `{"type":"Hard"}`)
	th.owner.Release(t.Context(), "gone")
	got := w.refused(409, "station_offline", w.first.key, "POST", "/api/v1/stations/CP-main/ocpp/Reset", `{"type":"Hard"}`)
	if detail, _ := got.member(t, "detail").(string); !strings.Contains(detail, "CP-main") {
		t.Errorf("detail: %s", detail)
	}
}

// Before any boot, the version is the connection's.
func TestRawCallBeforeAnyBoot(t *testing.T) {
	w := newWorld(t, options{})
	made, err := w.admin.CreateStation(t.Context(), w.first.by, newStation("FRESH"), nil)
	w.must(err)
	_, s := w.connect(made.Station.ID)
	s.answers(yes())
	w.expect(200, w.first.key, "POST", "/api/v1/stations/FRESH/ocpp/ClearCache", `{}`)
	w.refused(422, "ocpp_action_unknown", w.first.key, "POST", "/api/v1/stations/FRESH/ocpp/SetVariables", `{}`)
	if d, err := w.store.Station(t.Context(), w.first.org.ID, "FRESH"); err != nil || d.Link.OCPP != station.OCPP16 {
		t.Errorf("link %v, %v", d.Link, err)
	}
}
