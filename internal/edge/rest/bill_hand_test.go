package rest_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
)

// A request that is repeated under its key makes one credit note and gets one answer.
func TestTakeBack(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	tab, err := w.store.Tab(t.Context(), th.session)
	w.must(err)
	tab.Snapshot, tab.Version = "", tab.Version+1
	w.must(w.store.Commit(t.Context(), &change.Set{Tabs: []billing.Tab{tab}}))
	path := "/api/v1/bills/" + string(th.bill) + "/take-back"
	const body = `{"reason":"Charged with a colleague's card"}`
	reader := w.keyWith("bills:read")
	w.refused(403, "scope_missing", reader, "POST", path, body)
	w.refused(404, "not_found", w.other.key, "POST", path, body)
	w.refused(422, "invalid_input", w.first.key, "POST", path, `{"reason":""}`)
	w.refused(422, "invalid_input", w.first.key, "POST", path, `{"reason":"`+strings.Repeat("x", 201)+`"}`)
	got := w.expect(200, w.first.key, "POST", path, body, "Idempotency-Key", "k1")
	if got.member(t, "state") != "free" || got.member(t, "reason") != "taken_back" || got.member(t, "bill_id") != nil || got.Header.Get("ETag") == "" {
		t.Errorf("got %s", got.body)
	}
	again := w.expect(200, w.first.key, "POST", path, body, "Idempotency-Key", "k1")
	if string(again.body) != string(got.body) || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("repeated: got %s, %v", again.body, again.Header)
	}
	w.refused(409, "bill_not_standing", w.first.key, "POST", path, body, "Idempotency-Key", "k2")
	notes := w.expect(200, w.first.key, "GET", "/api/v1/bills?kind=credit_note&session_id="+string(th.session), "")
	if n := len(notes.member(t, "data").([]any)); n != 1 {
		t.Fatalf("got %d credit notes, want one", n)
	}
	newest := strings.Fields(notes.ids(t, "id"))[0]
	if detail := w.expect(200, w.first.key, "GET", "/api/v1/bills/"+newest, ""); detail.member(t, "reason") != "Charged with a colleague's card" {
		t.Errorf("the credit note: %s", detail.body)
	}
	page := w.expect(200, w.first.key, "GET", "/api/v1/bills/"+newest+"/document?format=html", "")
	if !strings.Contains(string(page.body), "Charged with a colleague") {
		t.Error("the page does not say why")
	}
}

func TestRelease(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/sessions/" + string(th.session) + "/tab"
	w.refused(409, "tab_not_waiting", w.first.key, "POST", path+"/release", "")
	w.refused(403, "scope_missing", w.keyWith("bills:read"), "POST", path+"/release", "")
	w.refused(404, "not_found", w.other.key, "POST", path+"/release", "")
	tab, err := w.store.Tab(t.Context(), th.session)
	w.must(err)
	tab.State, tab.Reason, tab.Snapshot, tab.Version = billing.TabFree, billing.TakenBack, "", tab.Version+1
	tab.Bill = ""
	w.must(w.store.Commit(t.Context(), &change.Set{Tabs: []billing.Tab{tab}}))
	got := w.expect(200, w.first.key, "POST", path+"/release", "")
	if got.member(t, "state") != "open" || got.member(t, "reason") != nil {
		t.Errorf("it runs, and is billed in the end: got %s", got.body)
	}
}
