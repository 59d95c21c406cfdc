package rest_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
)

func TestTokenIsMadeOnce(t *testing.T) {
	w := newWorld(t, options{})
	const path = "/api/v1/tokens"
	made := w.expect(201, w.first.key, "POST", path, `{"uid":"04A2b3","type":"ISO14443"}`)
	got := made.object(t)
	if got["uid"] != "04A2b3" || got["type"] != "ISO14443" || got["status"] != "accepted" || got["expires_at"] != nil || got["group_id"] != nil {
		t.Errorf("got %s", made.body)
	}
	w.refused(409, "token_exists", w.first.key, "POST", path, `{"uid":"04a2B3","type":"Central"}`)
	w.expect(201, w.other.key, "POST", path, `{"uid":"04A2B3","type":"ISO14443"}`)
	full := w.expect(201, w.first.key, "POST", path,
		`{"uid":"DE-8AA-C12345","type":"eMAID","status":"blocked","group_id":"FLEET","expires_at":"2030-01-01T00:00:00+01:00","max_sessions":2}`)
	got = full.object(t)
	if got["status"] != "blocked" || got["group_id"] != "FLEET" || got["expires_at"] != "2029-12-31T23:00:00.000Z" || got["max_sessions"] != 2.0 {
		t.Errorf("got %s", full.body)
	}
	for name, body := range map[string]string{
		"no type": `{"uid":"1"}`, "no uid": `{"type":"Central"}`, "status": `{"uid":"1","type":"Central","status":"unknown"}`,
		"expiry": `{"uid":"1","type":"Central","expires_at":"soon"}`, "member": `{"uid":"1","type":"Central","colour":"red"}`,
		"validity": `{"uid":"1","type":"Central","valid_from":"2030-01-02T00:00:00Z","expires_at":"2030-01-01T00:00:00Z"}`,
	} {
		if got := w.refused(422, "invalid_input", w.first.key, "POST", path, body); got.member(t, "errors") == nil {
			t.Errorf("%s: %s", name, got.body)
		}
	}
}

// An operator adopts a card by tapping it.
func TestUnknownTokenIsAdopted(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	_, err := th.owner.Authorize(t.Context(), token.Presented{UID: "04NEW"}, fleet.Place{EVSE: 1, Connector: 1})
	w.must(err)
	list := w.expect(200, w.first.key, "GET", "/api/v1/tokens?status=unknown", "")
	unknown := list.member(t, "data").([]any)[0].(map[string]any)
	if unknown["uid"] != "04NEW" || unknown["type"] != nil || unknown["seen_at"] == nil || unknown["seen_station"] != string(th.station.Station.ID) {
		t.Errorf("listed as %v", unknown)
	}
	adopted := w.expect(201, w.first.key, "POST", "/api/v1/tokens", `{"uid":"04new","type":"ISO14443","label":"Card 9"}`).object(t)
	if adopted["id"] != unknown["id"] || adopted["status"] != "accepted" || adopted["type"] != "ISO14443" || adopted["seen_at"] != unknown["seen_at"] {
		t.Errorf("adopted as %v", adopted)
	}
	w.refused(409, "token_exists", w.first.key, "POST", "/api/v1/tokens", `{"uid":"04NEW","type":"ISO14443"}`)
	decision, err := th.owner.Authorize(t.Context(), token.Presented{UID: "04NEW"}, fleet.Place{EVSE: 1, Connector: 1})
	w.must(err)
	if !decision.OK() {
		t.Errorf("the adopted card is refused: %+v", decision)
	}
}

func TestTokenIsPatchedAndRemoved(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/tokens/" + string(th.token.ID)
	seen := w.expect(200, w.first.key, "GET", path, "").Header.Get("ETag")
	got := w.expect(200, w.first.key, "PATCH", path, `{"status":"blocked","group_id":"FLEET","expires_at":"2030-01-01T00:00:00Z"}`, "If-Match", seen).object(t)
	if got["status"] != "blocked" || got["group_id"] != "FLEET" || got["expires_at"] != "2030-01-01T00:00:00.000Z" || got["type"] != "ISO14443" {
		t.Errorf("got %v", got)
	}
	w.refused(412, "version_moved", w.first.key, "PATCH", path, `{"status":"accepted"}`, "If-Match", seen)
	got = w.expect(200, w.first.key, "PATCH", path, `{"group_id":null,"expires_at":null}`).object(t)
	if got["group_id"] != nil || got["expires_at"] != nil || got["status"] != "blocked" {
		t.Errorf("got %v", got)
	}
	for _, patch := range []string{`{"status":"unknown"}`, `{"status":null}`, `{"type":null}`, `{"uid":"2"}`, `{"max_sessions":-1}`} {
		w.refused(422, "invalid_input", w.first.key, "PATCH", path, patch)
	}
	w.refused(409, "token_in_use", w.first.key, "DELETE", path, "")
	spare := w.expect(201, w.first.key, "POST", "/api/v1/tokens", `{"uid":"SPARE","type":"Central"}`).Header.Get("Location")
	w.expect(204, w.first.key, "DELETE", spare, "")
	w.refused(404, "not_found", w.first.key, "GET", spare, "")
}

func TestTokensAreFiltered(t *testing.T) {
	w := newWorld(t, options{})
	for _, body := range []string{
		`{"uid":"A1","type":"Central","label":"Depot"}`, `{"uid":"B2","type":"Central","status":"blocked"}`, `{"uid":"C3","type":"Central","group_id":"Fleet"}`,
	} {
		w.expect(201, w.first.key, "POST", "/api/v1/tokens", body)
	}
	tests := map[string]string{
		"?sort=created_at":               "A1 B2 C3",
		"":                               "C3 B2 A1",
		"?status=blocked,expired":        "B2",
		"?group_id=FLEET":                "C3",
		"?q=depo":                        "A1",
		"?q=b":                           "B2",
		"?status=accepted&sort=-seen_at": "",
	}
	for query, want := range tests {
		got := w.expect(200, w.first.key, "GET", "/api/v1/tokens"+query, "").ids(t, "uid")
		if strings.Contains(query, "seen_at") {
			if len(strings.Fields(got)) != 2 {
				t.Errorf("%s: got %q", query, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}
