package rest_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pylon/internal/client"
	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/domain/lease"
)

func TestJobIsAResource(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	th.socket.answers(yes())
	key := w.first.key
	w.expect(201, key, "POST", "/api/v1/stations", `{"station_id":"AWAY"}`)
	stream := w.listen(t, key, "?topics=jobs", "")
	w.run(w.carryOut)
	body := `{"command":{"type":"trigger_message","message":"Heartbeat","timeout_s":20},"stations":["CP-main","AWAY"],"offline":"skip","concurrency":5}`
	w.refused(400, "idempotency_key_required", key, "POST", "/api/v1/jobs", body)
	made := w.expect(201, key, "POST", "/api/v1/jobs", body, "Idempotency-Key", "one")
	at := made.Header.Get("Location")
	job := made.object(t)
	for name, want := range map[string]any{
		"kind": "trigger_message", "state": "queued", "finished": false, "offline": "skip", "concurrency": 5.0, "timeout_s": 20.0, "per_minute": nil, "filter": nil,
	} {
		if job[name] != want {
			t.Errorf("%s is %v, want %v", name, job[name], want)
		}
	}
	again := w.expect(201, key, "POST", "/api/v1/jobs", body, "Idempotency-Key", "one")
	if again.Header.Get("Idempotent-Replayed") != "true" || again.Header.Get("Location") != at {
		t.Errorf("again: %s", again.body)
	}
	for what := ""; what != "job.finished"; {
		e, ok := stream.block()
		if !ok {
			t.Fatal("the stream has ended")
		}
		if e.data.Subject == job["id"] {
			what = e.name
		}
	}
	done := w.expect(200, key, "GET", at, "")
	counts, _ := done.member(t, "targets").(map[string]any)
	if done.member(t, "state") != "completed" || counts["total"] != 2.0 || counts["succeeded"] != 1.0 || counts["skipped"] != 1.0 {
		t.Errorf("ended as %s", done.body)
	}
	if got := w.expect(200, key, "GET", at+"/targets", "").ids(t, "station_id"); got != "CP-main AWAY" {
		t.Errorf("targets: %s", got)
	}
	skipped := w.expect(200, key, "GET", at+"/targets?state=skipped,failed", "")
	if got := skipped.ids(t, "station_id"); got != "AWAY" {
		t.Errorf("skipped: %s", skipped.body)
	}
	again = w.expect(201, key, "POST", "/api/v1/jobs", `{"retry_of":"`+job["id"].(string)+`","retry_states":["skipped"]}`, "Idempotency-Key", "two")
	if again.member(t, "retry_of") != job["id"] || again.member(t, "kind") != "trigger_message" {
		t.Errorf("retried as %s", again.body)
	}
	cancelled := w.expect(200, key, "POST", again.Header.Get("Location")+"/cancel", "")
	if cancelled.member(t, "state") != "cancelled" {
		t.Errorf("cancelled as %s", cancelled.body)
	}
	w.refused(409, "job_ended", key, "POST", at+"/cancel", "")
	if got := w.expect(200, key, "GET", "/api/v1/jobs?kind=trigger_message&state=completed", "").ids(t, "id"); got != job["id"] {
		t.Errorf("list: %s", got)
	}
}

func TestJobIsTriedDry(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	key := w.first.key
	w.expect(201, key, "POST", "/api/v1/stations", `{"station_id":"AWAY"}`)
	before := w.expect(200, key, "GET", "/api/v1/jobs", "").ids(t, "id")
	got := w.expect(200, key, "POST", "/api/v1/jobs?dry_run=true", `{"command":{"type":"reset"},"filter":{"vendor":"*"}}`, "Idempotency-Key", "dry")
	stations, _ := got.member(t, "stations").([]any)
	if got.member(t, "total") != 2.0 || got.member(t, "online") != 1.0 || len(stations) != 2 || got.Header.Get("Location") != "" {
		t.Errorf("got %s", got.body)
	}
	if after := w.expect(200, key, "GET", "/api/v1/jobs", "").ids(t, "id"); after != before {
		t.Errorf("made %s", after)
	}
	one := w.expect(200, key, "POST", "/api/v1/jobs?dry_run=true", `{"command":{"type":"reset"},"filter":{"vendor":"mak*","ocpp_version":"1.6"}}`, "Idempotency-Key", "dry-2")
	if one.member(t, "total") != 1.0 {
		t.Errorf("filtered: %s", one.body)
	}
}

func TestJobIsRefused(t *testing.T) {
	w := newWorld(t, options{})
	w.fill(w.first)
	for _, tt := range []struct {
		name, body string
		fields     []string
	}{
		{"nothing to do", `{"stations":["CP-main"]}`, []string{"/command required"}},
		{"two things", `{"command":{"type":"reset"},"desired":{"reboot":"never"},"stations":["CP-main"]}`, []string{"/command required"}},
		{"for nobody", `{"command":{"type":"reset"}}`, []string{"/stations required"}},
		{"for an unknown station", `{"command":{"type":"reset"},"stations":["CP-main","CP-8","CP-9"]}`, []string{"/stations/1 station_unknown", "/stations/2 station_unknown"}},
		{"for none that matches", `{"command":{"type":"reset"},"filter":{"vendor":"x"}}`, []string{"/filter no_station"}},
		{"a start", `{"command":{"type":"start_session","token_uid":"A"},"filter":{"vendor":"*"}}`, []string{"/command/type not_allowed"}},
		{"a broken command", `{"command":{"type":"trigger_message"},"filter":{"vendor":"*"}}`, []string{"/command/message required"}},
		{"a command without availability", `{"command":{"type":"change_availability"},"filter":{"vendor":"*"}}`, []string{"/command/operative required"}},
		{"a command that waits", `{"command":{"type":"reset","wait_for_station":true},"filter":{"vendor":"*"}}`, []string{"/command/wait_for_station not_allowed"}},
		{"a write without value", `{"command":{"type":"write_variables","variables":[{"variable":"A"}]},"filter":{"vendor":"*"}}`, []string{"/command/variables/0/value required"}},
		{"an unknown member below", `{"command":{"type":"read_variables","variables":[{"key":"A"}]},"filter":{"vendor":"*"}}`, []string{"/command/variables/0/key unknown_member"}},
		{"a secret", `{"desired":{"set":[{"variable":"AuthorizationKey","value":"x"}]},"filter":{"vendor":"*"}}`, []string{"/desired/set/0/variable secret"}},
		{"no change", `{"desired":{},"filter":{"vendor":"*"}}`, []string{"/desired required"}},
		{"too fast", `{"command":{"type":"reset"},"filter":{"vendor":"*"},"concurrency":501}`, []string{"/concurrency range"}},
		{"a retry of no job", `{"retry_of":"job_1"}`, []string{"/retry_of identifier_malformed"}},
		{"a retry of another's", `{"retry_of":"job_01JD3K6X5M8Q2V7T9WBNCRFHYZ"}`, []string{"/retry_of job_unknown"}},
		{"a retry with stations", `{"retry_of":"job_01JD3K6X5M8Q2V7T9WBNCRFHYZ","stations":["CP-main"]}`, []string{"/retry_of not_allowed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := w.refused(422, "invalid_input", w.first.key, "POST", "/api/v1/jobs", tt.body, "Idempotency-Key", "k")
			if fields := got.fields(t); !slices.Equal(fields, tt.fields) {
				t.Errorf("got %q, want %q", fields, tt.fields)
			}
		})
	}
	mayAsk := w.keyWith(account.CommandsWrite)
	w.refused(403, "scope_missing", mayAsk, "POST", "/api/v1/jobs", `{"desired":{"reboot":"never"},"filter":{"vendor":"*"}}`, "Idempotency-Key", "k")
}

func TestJobsByClient(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	th.socket.answers(yes())
	w.run(w.carryOut)
	c := w.client(w.first.key)
	ctx := t.Context()
	order := map[string]any{"command": map[string]any{"type": "reset"}, "filter": map[string]any{"vendor": "Maker"}}
	preview, err := c.PreviewJob(ctx, order)
	w.must(err)
	if preview.Total != 1 || preview.Stations[0].StationID != "CP-main" {
		t.Errorf("preview: got %+v", preview)
	}
	made, err := c.CreateJob(ctx, order)
	w.must(err)
	done, err := c.AwaitJob(ctx, made.ID)
	w.must(err)
	if done.State != "completed" || done.Targets.Succeeded != 1 || done.Kind != string(command.Reset) {
		t.Errorf("got %+v", done)
	}
	targets, err := c.JobTargets(ctx, made.ID, client.Query{"state": "succeeded"})
	w.must(err)
	if len(targets.Data) != 1 || targets.Data[0].StationID != "CP-main" || targets.Data[0].CommandID == "" {
		t.Errorf("targets: got %+v", targets)
	}
	if _, err := c.CancelJob(ctx, made.ID); !client.Is(err, "job_ended") {
		t.Errorf("cancel: got %v", err)
	}
	all, err := c.Jobs(ctx, nil)
	w.must(err)
	if len(all.Data) != 2 {
		t.Errorf("list: got %d", len(all.Data))
	}
}

// TestDevicesAndJobsOfOthers: who has a key of another organisation finds, and
// changes, nothing.
func TestDevicesAndJobsOfOthers(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	made := w.expect(201, w.first.key, "POST", "/api/v1/jobs", `{"command":{"type":"clear_cache"},"stations":["CP-main"]}`, "Idempotency-Key", "k")
	job := "/api/v1/jobs/" + made.member(t, "id").(string)
	station := "/api/v1/stations/" + string(th.station.Station.ID)
	for _, path := range []string{"/variables", "/variables/history", "/monitors", "/device-events", "/desired"} {
		w.refused(404, "not_found", w.other.key, "GET", station+path, "")
	}
	w.refused(404, "not_found", w.other.key, "PATCH", station+"/desired", `{"reboot":"never"}`)
	for _, path := range []string{"", "/targets"} {
		w.refused(404, "not_found", w.other.key, "GET", job+path, "")
	}
	w.refused(404, "not_found", w.other.key, "POST", job+"/cancel", "")
	for _, path := range []string{"/jobs", "/desired", "/desired?station_id=CP-main", "/variables?variable=OCPPCommCtrlr.HeartbeatInterval"} {
		if got := w.expect(200, w.other.key, "GET", "/api/v1"+path, ""); !strings.Contains(string(got.body), `"data":[]`) {
			t.Errorf("%s: got %s", path, got.body)
		}
	}
	w.refused(422, "invalid_input", w.other.key, "POST", "/api/v1/jobs", `{"command":{"type":"clear_cache"},"stations":["`+string(th.station.Station.ID)+`"]}`, "Idempotency-Key", "k2")
}

// carryOut runs jobs, alone.
func (w *world) carryOut(ctx context.Context) error { return w.jobs.Run(ctx, lease.Grant{}) }
