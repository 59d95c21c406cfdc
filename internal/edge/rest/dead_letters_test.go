package rest_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
)

func TestDeadLetterIsTriedAgain(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/dead-letters"
	list := w.expect(200, w.first.key, "GET", path+"?open=true", "")
	item := list.member(t, "data").([]any)[0].(map[string]any)
	if got := item["event"].(map[string]any); got["type"] != "session.completed" || got["station_id"] != "CP-main" || got["subject"] != string(th.session) {
		t.Errorf("event: %v", got)
	}
	if item["code"] != "internal" || item["settled_at"] != nil || strings.Contains(string(list.body), "not for callers") {
		t.Errorf("got %s", list.body)
	}
	w.end(th)
	again := path + "/" + string(th.letter) + "/retry"
	w.refused(403, "scope_missing", w.keyWith(account.EventsRead), "POST", again, "")
	stream := w.listen(t, w.first.key, "?topics=dead-letters", "")
	settled := w.expect(200, w.keyWith(account.EventsWrite), "POST", again, "")
	if settled.member(t, "settled_at") == nil {
		t.Errorf("got %s", settled.body)
	}
	if e := stream.next(); e.name != "event.settled" || e.data.Subject != string(th.letter) {
		t.Errorf("the stream has %+v", e)
	}
	if same := w.expect(200, w.first.key, "POST", again, ""); string(same.body) != string(settled.body) {
		t.Errorf("again: got %s, want %s", same.body, settled.body)
	}
	if got := len(w.expect(200, w.first.key, "GET", path+"?open=true", "").member(t, "data").([]any)); got != 0 {
		t.Errorf("open: got %d, want none", got)
	}
	// It was the consumer that was asked: the session counts.
	usage := w.expect(200, w.first.key, "GET", "/api/v1/usage?to=2026-03-01&station_id=CP-main", "")
	if day := usage.member(t, "data").([]any)[0].(map[string]any); day["sessions"] != 1.0 {
		t.Errorf("usage: %v", day)
	}
}

// end ends the session of things, as its station would.
func (w *world) end(th things) {
	w.t.Helper()
	v, err := w.store.Session(w.t.Context(), th.station.Organisation, th.session)
	w.must(err)
	_, err = th.owner.Report(w.t.Context(), session.Report{
		Kind: session.Ended, Version: station.OCPP16, TransactionID: v.TransactionID, EVSE: 1, Connector: 1, SeqNo: -1,
		OccurredAt: at(600), ReceivedAt: at(600), RemoteStartID: -1, ReservationID: -1, Digest: []byte("0123456789fedcba"),
	})
	w.must(err)
}

func TestDeadLetterOfNobody(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	l := event.DeadLetter{
		ID: ident.New[ident.DeadLetterID](at(0)), Consumer: "gone", Code: "x", Tries: 5, FailedAt: at(80), Version: 1,
		Event: event.Recorded{Position: event.Position{Stream: "9", Number: 1}, JSON: []byte("{}"), Event: event.Event{
			Type: event.SessionFailed, Organisation: th.station.Organisation, Subject: "x", At: at(79),
		}},
	}
	w.must(w.store.Commit(t.Context(), &change.Set{DeadLetters: []event.DeadLetter{l}}))
	w.refused(409, "consumer_unknown", w.first.key, "POST", "/api/v1/dead-letters/"+string(l.ID)+"/retry", "")
	w.refused(404, "not_found", w.first.key, "POST", "/api/v1/dead-letters/dlt_01JD3K6X5M8Q2V7T9WBNCRFHYZ/retry", "")
}

func TestUsageByDay(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	for query, want := range map[string]int{
		"":                                  1,
		"?from=2026-03-01&to=2026-03-01":    1,
		"?from=2026-03-02":                  0,
		"?to=2026-02-28":                    0,
		"?site_id=" + th.site:               1,
		"?site_id=sit_nowhere":              0,
		"?station_id=CP-main":               1,
		"?station_id=CP-nobody":             0,
		"?station_id=CP-main&to=2026-02-01": 0,
	} {
		if got := len(w.expect(200, w.first.key, "GET", "/api/v1/usage"+query, "").member(t, "data").([]any)); got != want {
			t.Errorf("%s: got %d days, want %d", query, got, want)
		}
	}
	day := w.expect(200, w.first.key, "GET", "/api/v1/usage", "").member(t, "data").([]any)[0].(map[string]any)
	for name, want := range map[string]any{
		"date": "2026-03-01", "station_id": "CP-main", "site_id": th.site, "sessions": 2.0, "energy_wh": 1235.0, "charging_s": 3600.0,
	} {
		if day[name] != want {
			t.Errorf("%s: got %v, want %v", name, day[name], want)
		}
	}
	w.refused(422, "invalid_input", w.first.key, "GET", "/api/v1/usage?from=yesterday", "")
}
