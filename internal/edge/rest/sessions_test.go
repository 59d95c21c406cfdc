package rest_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
)

func TestSession(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	got := w.expect(200, w.first.key, "GET", "/api/v1/sessions/"+string(th.session), "")
	for name, want := range map[string]any{
		"id": string(th.session), "station_id": "CP-main", "station": string(th.station.Station.ID), "site_id": th.site,
		"evse_id": 1.0, "connector_id": 1.0, "transaction_id": "1", "token_uid": "uid-main", "token_id": string(th.token.ID),
		"status": "active", "started_at": "2026-03-01T08:00:02.000Z", "ended_at": nil, "stop_reason": nil, "energy_wh": 251.0, // 250.5, half up
		"state_of_charge_permille": nil, "reservation_id": nil, "authorised_by": "token", "verdict": "Accepted",
	} {
		if value := got.member(t, name); value != want {
			t.Errorf("%s is %v, want %v", name, value, want)
		}
	}
	begin := got.member(t, "begin_register").(map[string]any)
	last := got.member(t, "last_register").(map[string]any)
	if begin["value"] != "1000" || last["value"] != "1250.50" || last["energy_mwh"] != 1_250_500.0 {
		t.Errorf("registers %v, %v", begin, last)
	}
	w.expect(304, w.first.key, "GET", "/api/v1/sessions/"+string(th.session), "", "If-None-Match", got.Header.Get("ETag"))

	_, err := th.owner.Report(t.Context(), session.Report{
		Kind: session.Ended, Version: station.OCPP16, TransactionID: "1", SeqNo: -1, OccurredAt: at(600), ReceivedAt: at(601), StopReason: "Local",
		RemoteStartID: -1, ReservationID: -1, Digest: []byte("aaaaaaaaaaaaaaaa"), Samples: []meter.Sample{w.sample(600, "2000", meter.ContextEnd)},
	})
	w.must(err)
	got = w.expect(200, w.first.key, "GET", "/api/v1/sessions/"+string(th.session), "", "If-None-Match", got.Header.Get("ETag"))
	if got.member(t, "status") != "completed" || got.member(t, "ended_at") != "2026-03-01T08:10:00.000Z" ||
		got.member(t, "energy_wh") != 1000.0 || got.member(t, "stop_reason") != "Local" {
		t.Errorf("got %s", got.body)
	}
}

func TestSessionsAreFiltered(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	w.expect(201, w.first.key, "POST", "/api/v1/tokens", `{"uid":"SECOND","type":"Central"}`)
	answer, err := th.owner.Report(t.Context(), session.Report{
		Kind: session.Started, Version: station.OCPP16, EVSE: 2, Connector: 1, SeqNo: -1, OccurredAt: at(100), ReceivedAt: at(100),
		Token: &token.Presented{UID: "second"}, RemoteStartID: -1, ReservationID: -1, StartKey: "second", Digest: []byte("bbbbbbbbbbbbbbbb"),
		Samples: []meter.Sample{w.sample(100, "5", meter.ContextBegin)},
	})
	w.must(err)
	_, err = th.owner.Report(t.Context(), session.Report{
		Kind: session.Ended, Version: station.OCPP16, TransactionID: answer.TransactionID, SeqNo: -1, OccurredAt: at(200), ReceivedAt: at(200),
		RemoteStartID: -1, ReservationID: -1, Digest: []byte("cccccccccccccccc"), Samples: []meter.Sample{w.sample(200, "6", meter.ContextEnd)},
	})
	w.must(err)
	early, late := string(th.session), string(answer.Session)
	tests := map[string]string{
		"":                                   late + " " + early,
		"?sort=-started_at":                  late + " " + early,
		"?sort=started_at":                   early + " " + late,
		"?status=active":                     early,
		"?status=completed,failed":           late,
		"?station_id=CP-main&status=pending": "",
		"?station_id=" + string(th.station.Station.ID) + "&limit=1": late,
		"?station_id=CP-9":                                               "",
		"?token_uid=second":                                              late,
		"?token_uid=UID-MAIN":                                            early,
		"?token_uid=nobody":                                              "",
		"?from=2026-03-01T08:01:00Z":                                     late,
		"?to=2026-03-01T08:01:00Z":                                       early,
		"?started_at[gte]=2026-03-01T08:01:00Z":                          late,
		"?started_at%5Blt%5D=2026-03-01T09:01:00%2B01:00":                early,
		"?from=2026-03-01T07:00:00Z&started_at[lt]=2026-03-01T08:00:02Z": "",
	}
	for query, want := range tests {
		if got := w.expect(200, w.first.key, "GET", "/api/v1/sessions"+query, "").ids(t, "id"); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	// Another organisation's names find nothing and tell nothing.
	for _, query := range []string{"?station_id=" + string(th.station.Station.ID), "?token_uid=uid-main"} {
		if got := w.expect(200, w.other.key, "GET", "/api/v1/sessions"+query, "").ids(t, "id"); got != "" {
			t.Errorf("%s: another sees %q", query, got)
		}
	}
}

func TestSessionSeries(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/sessions/" + string(th.session)
	frames := w.expect(200, w.first.key, "GET", path+"/meter-values", "").member(t, "data").([]any)
	if len(frames) != 2 {
		t.Fatalf("%d frames, want 2", len(frames))
	}
	first, second := frames[0].(map[string]any), frames[1].(map[string]any)
	if first["source"] != "start" || second["source"] != "meter_values" || first["number"].(float64) >= second["number"].(float64) {
		t.Errorf("frames %v, %v", first, second)
	}
	sample := second["samples"].([]any)[0].(map[string]any)
	for name, want := range map[string]any{
		"value": "1250.50", "unit": "Wh", "measurand": "Energy.Active.Import.Register", "at": "2026-03-01T08:01:02.000Z", "signed_value": nil,
	} {
		if sample[name] != want {
			t.Errorf("%s is %v, want %v", name, sample[name], want)
		}
	}
	page := w.expect(200, w.first.key, "GET", path+"/meter-values?limit=1", "")
	next := w.expect(200, w.first.key, "GET", path+"/meter-values?limit=1&cursor="+page.member(t, "next_cursor").(string), "")
	if got := next.member(t, "data").([]any)[0].(map[string]any)["source"]; got != "meter_values" {
		t.Errorf("the second page has %v", got)
	}
	segments := w.expect(200, w.first.key, "GET", path+"/segments", "")
	if list := segments.member(t, "data").([]any); len(list) == 0 || !strings.Contains(string(segments.body), `"cause":`) {
		t.Errorf("segments: %s", segments.body)
	}
}
