package rest_test

import (
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
)

// yes is a station's answer that ends a command.
func yes() fleet.Answered {
	return fleet.Answered{
		State: command.Accepted, Final: true, Result: []byte(`{"status":"Accepted"}`), Verbatim: []byte(`{"status":"Accepted"}`), At: clock.System{}.Now(),
	}
}

func TestCommandIsAResource(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	th.socket.answers(yes())
	path := "/api/v1/stations/CP-main/commands"
	w.refused(400, "idempotency_key_required", w.first.key, "POST", path, `{"type":"clear_cache"}`)
	w.refused(400, "idempotency_key_malformed", w.first.key, "POST", path, `{"type":"clear_cache"}`, "Idempotency-Key", "a b")
	made := w.expect(202, w.first.key, "POST", path, `{"type":"clear_cache"}`, "Idempotency-Key", "one")
	if made.member(t, "state") != "queued" || made.member(t, "station_id") != "CP-main" || made.member(t, "finished") != false {
		t.Errorf("made as %s", made.body)
	}
	at := made.Header.Get("Location")
	done := w.expect(200, w.first.key, "GET", at, "", "Prefer", "wait=10")
	if done.member(t, "finished") != true || done.member(t, "state") != "accepted" || done.member(t, "result").(map[string]any)["status"] != "Accepted" {
		t.Errorf("ended as %s", done.body)
	}
	list := w.expect(200, w.first.key, "GET", path+"?limit=1", "")
	if got := list.ids(t, "id"); !strings.HasSuffix(at, got) {
		t.Errorf("the list begins with %s, want %s", got, at)
	}
	id := at[strings.LastIndex(at, "/")+1:]
	if got := w.expect(200, w.first.key, "GET", "/api/v1/commands?state=accepted&station_id=CP-main", "").ids(t, "id"); !strings.Contains(got, id) {
		t.Errorf("accepted: %s", got)
	}
	if got := w.expect(200, w.first.key, "GET", "/api/v1/commands?station_id=CP-9", "").ids(t, "id"); got != "" {
		t.Errorf("of a station that is not there: %s", got)
	}
}

func TestCommandWaitsForItsResult(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/stations/CP-main/commands"
	late := w.expect(202, w.first.key, "POST", path, `{"type":"clear_cache"}`, "Idempotency-Key", "slow", "Prefer", "wait=1")
	if late.member(t, "finished") != false || late.Header.Get("Preference-Applied") != "wait=1" {
		t.Errorf("%q %s", late.Header.Get("Preference-Applied"), late.body)
	}
	th.socket.answers(yes())
	done := w.expect(200, w.first.key, "POST", path, `{"type":"trigger_message","message":"Heartbeat"}`, "Idempotency-Key", "quick", "Prefer", "wait=10")
	if done.member(t, "state") != "accepted" {
		t.Errorf("got %s", done.body)
	}
	w.refused(400, "prefer_malformed", w.first.key, "POST", path, `{"type":"clear_cache"}`, "Idempotency-Key", "odd", "Prefer", "wait=soon")
	// Who may ask may learn what became of it.
	only := w.keyWith(account.CommandsWrite)
	w.expect(200, only, "POST", path, `{"type":"clear_cache"}`, "Idempotency-Key", "only", "Prefer", "wait=10")
}

func TestCommandIsRefused(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"AWAY"}`)
	path := "/api/v1/stations/CP-main/commands"
	tests := []struct {
		name    string
		path    string
		body    string
		status  int
		code    string
		pointer string
	}{
		{"offline", "/api/v1/stations/AWAY/commands", `{"type":"clear_cache"}`, 409, "station_offline", ""},
		{"unknown station", "/api/v1/stations/CP-9/commands", `{"type":"clear_cache"}`, 404, "not_found", ""},
		{"unknown type", path, `{"type":"explode"}`, 422, "invalid_input", "/type"},
		{"no type", path, `{}`, 422, "invalid_input", "/type"},
		{"no token", path, `{"type":"start_session","evse_id":1}`, 422, "invalid_input", "/token_uid"},
		{"unknown token", path, `{"type":"start_session","evse_id":1,"token_uid":"nobody"}`, 422, "invalid_input", "/token_uid"},
		{"no session", path, `{"type":"stop_session"}`, 422, "invalid_input", "/session_id"},
		{"malformed session", path, `{"type":"stop_session","session_id":"x"}`, 422, "invalid_input", "/session_id"},
		{"another's session", path, `{"type":"stop_session","session_id":"ses_01JD3K6X5M8Q2V7T9WBNCRFHYZ"}`, 422, "invalid_input", "/session_id"},
		{"no availability", path, `{"type":"change_availability","evse_id":1}`, 422, "invalid_input", "/operative"},
		{"too long", path, `{"type":"clear_cache","timeout_s":604801}`, 422, "invalid_input", "/timeout_s"},
		{"unknown member", path, `{"type":"clear_cache","colour":"red"}`, 422, "invalid_input", "/colour"},
		{"unknown OCPP action", path, `{"type":"ocpp","action":"Explode"}`, 422, "ocpp_action_unknown", ""},
		{"OCPP schema", path, `{"type":"ocpp","action":"Reset","payload":{"type":"Gentle"}}`, 422, "ocpp_schema_violated", "/payload/type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.refused(tt.status, tt.code, w.first.key, "POST", tt.path, tt.body, "Idempotency-Key", strings.ReplaceAll(t.Name(), " ", "_"))
			if tt.pointer == "" {
				return
			}
			if errs, _ := got.member(t, "errors").([]any); len(errs) == 0 || errs[0].(map[string]any)["pointer"] != tt.pointer {
				t.Errorf("errors: %v, want %s", errs, tt.pointer)
			}
		})
	}
	_ = th
	raw := w.keyWith(account.CommandsWrite)
	w.refused(403, "scope_missing", raw, "POST", path, `{"type":"ocpp","action":"ClearCache","payload":{}}`, "Idempotency-Key", "raw")
}

func TestCommandIsCancelled(t *testing.T) {
	w := newWorld(t, options{})
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"AWAY"}`)
	path := "/api/v1/stations/AWAY/commands"
	for _, how := range []struct{ method, suffix string }{{"DELETE", ""}, {"POST", "/cancel"}} {
		made := w.expect(202, w.first.key, "POST", path, `{"type":"reset","wait_for_station":true,"timeout_s":3600}`, "Idempotency-Key", how.method)
		at := made.Header.Get("Location") + how.suffix
		got := w.expect(200, w.first.key, how.method, at, "")
		if got.member(t, "state") != "cancelled" || got.member(t, "finished") != true || got.member(t, "wait_for_station") != true {
			t.Errorf("%s: got %s", how.method, got.body)
		}
		w.refused(409, "command_sent", w.first.key, how.method, at, "")
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	made := w.expect(202, w.first.key, "POST", "/api/v1/stations/CP-main/commands",
		`{"type":"set_password","password":"0123456789abcdef"}`, "Idempotency-Key", "secret")
	replayed := w.expect(202, w.first.key, "POST", "/api/v1/stations/CP-main/commands",
		`{"type":"set_password","password":"0123456789abcdef"}`, "Idempotency-Key", "secret")
	read := w.expect(200, w.first.key, "GET", made.Header.Get("Location"), "")
	for _, r := range []reply{made, replayed, read} {
		if strings.Contains(string(r.body), "0123456789abcdef") {
			t.Errorf("shown in %s", r.body)
		}
	}
	for range 100 { // until the station's turn came
		th.socket.mu.Lock()
		asked := th.socket.asked
		th.socket.mu.Unlock()
		if len(asked) > 0 && asked[len(asked)-1].Type == command.SetPassword {
			if got := asked[len(asked)-1].Input.Secret; got != "0123456789abcdef" {
				t.Errorf("the station is sent %q", got)
			}
			return
		}
		<-clock.System{}.After(10 * time.Millisecond)
	}
	t.Error("the station was not asked")
}
