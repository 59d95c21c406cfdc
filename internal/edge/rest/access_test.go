package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"pylon/internal/domain/account"
)

func TestOrganisations(t *testing.T) {
	w := newWorld(t, options{})
	const path = "/api/v1/organisations"
	w.refused(403, "operator_only", w.other.key, "POST", path, `{"slug":"new","name":"New","country":"BE","currency":"EUR","time_zone":"Europe/Brussels"}`)
	w.refused(422, "invalid_input", w.first.key, "POST", path, `{"slug":"New One","name":"New","country":"BE","currency":"EUR","time_zone":"Europe/Brussels"}`)
	w.refused(422, "invalid_input", w.first.key, "POST", path, `{"slug":"new","name":"New","country":"BE","currency":"EUR","time_zone":"Europe/Atlantis"}`)
	made := w.expect(201, w.first.key, "POST", path, `{"slug":"new","name":"New","country":"BE","currency":"EUR","time_zone":"Europe/Brussels"}`)
	w.refused(409, "organisation_exists", w.first.key, "POST", path, `{"slug":"new","name":"New","country":"BE","currency":"EUR","time_zone":"Europe/Brussels"}`)
	if got := w.expect(200, w.first.key, "GET", path, "").ids(t, "slug"); got != "main other new" {
		t.Errorf("the operator sees %s", got)
	}
	if got := w.expect(200, w.other.key, "GET", path, "").ids(t, "slug"); got != "other" {
		t.Errorf("another sees %s", got)
	}
	w.expect(200, w.other.key, "GET", path+"/other", "")
	w.refused(404, "organisation_not_found", w.other.key, "GET", path+"/main", "")

	at := made.Header.Get("Location")
	w.refused(428, "if_match_required", w.first.key, "PATCH", at, `{"name":"Newer"}`)
	got := w.expect(200, w.first.key, "PATCH", at, `{"name":"Newer"}`, "If-Match", made.Header.Get("ETag"))
	if got.member(t, "name") != "Newer" || got.Header.Get("ETag") != `"2"` {
		t.Errorf("got %s %s", got.Header.Get("ETag"), got.body)
	}
	w.refused(412, "version_moved", w.first.key, "PATCH", at, `{"name":"Older"}`, "If-Match", made.Header.Get("ETag"))
	w.refused(422, "invalid_input", w.first.key, "PATCH", at, `{"slug":"newer"}`, "If-Match", "*")
	w.refused(422, "invalid_input", w.first.key, "PATCH", at, `{"name":null}`, "If-Match", "*")
}

func TestSites(t *testing.T) {
	w := newWorld(t, options{})
	const path = "/api/v1/sites"
	made := w.expect(201, w.first.key, "POST", path, `{"name":"Harbour","latitude":"51.2277","longitude":"6.7735"}`)
	if made.member(t, "country") != "DE" || made.member(t, "time_zone") != "Europe/Berlin" {
		t.Errorf("not the organisation's country and zone: %s", made.body)
	}
	for name, body := range map[string]string{
		"no name": `{"city":"Bonn"}`, "country": `{"name":"a","country":"de"}`, "latitude": `{"name":"a","latitude":"91"}`,
		"longitude": `{"name":"a","longitude":"east"}`, "zone": `{"name":"a","time_zone":"Local"}`,
	} {
		if got := w.refused(422, "invalid_input", w.first.key, "POST", path, body); got.member(t, "errors") == nil {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	at := made.Header.Get("Location")
	w.refused(428, "if_match_required", w.first.key, "PATCH", at, `{"city":"Bonn"}`)
	w.refused(428, "if_match_required", w.first.key, "DELETE", at, "")
	got := w.expect(200, w.first.key, "PATCH", at, `{"city":"Bonn","latitude":null}`, "If-Match", made.Header.Get("ETag"))
	if got.member(t, "city") != "Bonn" || got.member(t, "latitude") != "" || got.member(t, "longitude") != "6.7735" {
		t.Errorf("got %s", got.body)
	}
	id, _ := got.member(t, "id").(string)
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-1","site_id":"`+id+`"}`)
	w.refused(409, "site_in_use", w.first.key, "DELETE", at, "", "If-Match", got.Header.Get("ETag"))
	w.expect(200, w.first.key, "PATCH", "/api/v1/stations/CP-1", `{"site_id":null}`)
	w.refused(412, "version_moved", w.first.key, "DELETE", at, "", "If-Match", made.Header.Get("ETag"))
	w.expect(204, w.first.key, "DELETE", at, "", "If-Match", got.Header.Get("ETag"))
	w.refused(404, "not_found", w.first.key, "GET", at, "")
}

func TestKeys(t *testing.T) {
	w := newWorld(t, options{})
	const path = "/api/v1/api-keys"
	made := w.expect(201, w.first.key, "POST", path, `{"name":"export","scopes":["keys:write","sessions:read"]}`)
	secret, _ := made.member(t, "secret").(string)
	if hint, _ := made.member(t, "hint").(string); !strings.HasSuffix(secret, hint) || len(hint) != 4 || len(secret) < 30 {
		t.Errorf("secret %q, hint %q", secret, hint)
	}
	read := w.expect(200, w.first.key, "GET", made.Header.Get("Location"), "")
	if strings.Contains(string(read.body), secret) {
		t.Errorf("the secret is shown again: %s", read.body)
	}
	w.expect(200, secret, "GET", "/api/v1/sessions", "")
	w.refused(403, "scope_missing", secret, "GET", "/api/v1/stations", "")

	// A key gives no more than it has.
	w.expect(201, secret, "POST", path, `{"name":"less","scopes":["sessions:read"]}`)
	for _, scope := range []string{"*", "stations:read", "sites:write"} {
		w.refused(403, "scope_beyond_own", secret, "POST", path, `{"name":"more","scopes":["`+scope+`"]}`)
	}
	w.refused(422, "invalid_input", w.first.key, "POST", path, `{"name":"odd","scopes":["stations:paint"]}`)
	w.refused(422, "invalid_input", w.first.key, "POST", path, `{"name":"none","scopes":[]}`)
	w.refused(422, "invalid_input", w.first.key, "POST", path, `{"name":"old","scopes":["*"],"expires_at":"2020-01-01T00:00:00Z"}`)

	// For another organisation only the operator makes keys.
	theirs := w.expect(201, w.first.key, "POST", path, `{"name":"theirs","scopes":["*"],"organisation_id":"`+string(w.other.org.ID)+`"}`)
	if theirs.member(t, "organisation_id") != string(w.other.org.ID) {
		t.Errorf("got %s", theirs.body)
	}
	w.refused(404, "organisation_not_found", w.other.key, "POST", path, `{"name":"ours","scopes":["*"],"organisation_id":"`+string(w.first.org.ID)+`"}`)

	at := made.Header.Get("Location")
	w.refused(428, "if_match_required", w.first.key, "DELETE", at, "")
	w.expect(200, w.first.key, "PATCH", at, `{"name":"nightly export"}`, "If-Match", "*")
	w.refused(409, "key_is_own", secret, "DELETE", at, "", "If-Match", "*")
	w.expect(204, w.first.key, "DELETE", at, "", "If-Match", "*")
	w.refused(401, "key_expired", secret, "GET", "/api/v1/sessions", "")
	if got := w.expect(200, w.first.key, "GET", at, ""); got.member(t, "revoked_at") == nil {
		t.Errorf("got %s", got.body)
	}
}

func TestMe(t *testing.T) {
	w := newWorld(t, options{})
	key := w.keyWith(account.SitesRead, account.StationsWrite)
	got := w.expect(200, key, "GET", "/api/v1/me", "").object(t)
	if got["organisation_id"] != string(w.first.org.ID) || got["name"] != "scoped" || got["operator"] != true || len(got["scopes"].([]any)) != 2 {
		t.Errorf("got %v", got)
	}
}

func TestEveryChangeIsAudited(t *testing.T) {
	w := newWorld(t, options{})
	changes := []struct{ action, method, path, body string }{
		{"station.create", "POST", "/api/v1/stations", `{"station_id":"CP-1","password":"0123456789abcdef"}`},
		{"station.update", "PATCH", "/api/v1/stations/CP-1", `{"password":"fedcba9876543210"}`},
		{"token.create", "POST", "/api/v1/tokens", `{"uid":"04SECRETUID","type":"ISO14443","label":"Alice"}`},
		{"site.create", "POST", "/api/v1/sites", `{"name":"Harbour"}`},
		{"key.create", "POST", "/api/v1/api-keys", `{"name":"export","scopes":["sites:read"]}`},
		{"station.delete", "DELETE", "/api/v1/stations/CP-1", ""},
	}
	for _, c := range changes {
		if got := w.do(w.first.key, c.method, c.path, c.body); got.StatusCode >= 300 {
			t.Fatalf("%s: %d %s", c.action, got.StatusCode, got.body)
		}
		trail := w.expect(200, w.first.key, "GET", "/api/v1/audit?limit=1", "")
		line := trail.member(t, "data").([]any)[0].(map[string]any)
		if line["action"] != c.action || line["key_id"] == nil || line["name"] != "owner" || line["subject"] == "" {
			t.Errorf("%s: the trail ends with %v", c.action, line)
		}
	}
	trail := string(w.expect(200, w.first.key, "GET", "/api/v1/audit", "").body)
	for _, secret := range []string{"0123456789abcdef", "fedcba9876543210", "04SECRETUID", "Alice", "pylon_"} {
		if strings.Contains(trail, secret) {
			t.Errorf("the trail has %s", secret)
		}
	}
}

// One organisation takes no other's live streams, whatever keys it has, and
// gives back its own.
func TestStreamsOfAnOrganisationAreBounded(t *testing.T) {
	w := newWorld(t, options{})
	var open []*listener
	for range 250 {
		open = append(open, w.listen(t, w.first.key, "", ""))
	}
	w.refused(503, "too_many_streams", w.keyWith(account.EventsRead), "GET", "/api/v1/events", "")
	w.listen(t, w.other.key, "", "")
	open[0].close()
	for ctx := t.Context(); ctx.Err() == nil; {
		q, err := http.NewRequestWithContext(ctx, "GET", w.http.URL+"/api/v1/events", nil)
		w.must(err)
		q.Header.Set("Authorization", "Bearer "+w.first.key)
		answer, err := http.DefaultClient.Do(q)
		w.must(err)
		_ = answer.Body.Close()
		if answer.StatusCode == 200 {
			return
		}
	}
}
