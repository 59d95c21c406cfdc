package rest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"pylon/internal/client"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/edge/document"
	"pylon/internal/edge/rest"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// press returns what writes bills.
func (w *world) press() rest.Press {
	w.t.Helper()
	p, err := document.New()
	w.must(err)
	return p
}

func (w *world) decimal(text string) decimal.Decimal {
	w.t.Helper()
	d, err := decimal.Parse(text)
	w.must(err)
	return d
}

// settled is what a session comes to that took ten kilowatt-hours at 0.50 and 19 %.
func (w *world) settled(of tenant, th things) billing.Outcome {
	w.t.Helper()
	vat, price, half, ten := w.decimal("19"), w.decimal("0.50"), exact.Int(5), exact.Int(10)
	answer := rating.Answer{
		Billed:  rating.Billed{Energy: ten},
		Lines:   []rating.Line{{Kind: rating.FromTariff, Phase: rating.InSession, Dimension: rating.Energy, Quantity: ten, Price: &price, VAT: &vat, Sum: rating.Sum{Excl: &half}}},
		Invoice: &rating.Invoice{Currency: "EUR", Lines: []int64{500}, Taxes: []rating.Tax{{Rate: vat, Taxable: 500, Tax: 95}}, Net: 500, Tax: 95, Total: 595},
		Steps:   []rating.Step{{Code: "reading", Values: []string{"at", "2026-03-01T08:00:02Z", "kwh", "1", "role", "BEGIN"}}},
	}
	tab := billing.Tab{Session: th.session, Station: th.station.Station.ID, Organisation: of.org.ID, Snapshot: "abc", State: billing.TabOpen}
	out, err := billing.Settle(tab, &billing.Facts{
		Now: at(700), Profile: billing.Profile{Organisation: of.org.ID, Issuer: billing.Party{Name: "Operator <b>"}, Language: "de"},
		Debtor: string(th.token.ID), Country: "DE",
		Charge: billing.Charge{
			Session: string(th.session), Site: "Harbour", Station: string(th.station.Identity), EVSE: "1", Zone: "Europe/Berlin",
			Start: at(2), End: at(600), Begin: 1_000_000, Finish: 11_000_000, Energy: 10_000_000, Transaction: "17",
			Signed: []billing.SignedReading{{Nature: "begin", At: at(2), Energy: 1_000_000, Format: "OCMF", Data: `OCMF|{"PG":"T1"}|{"SD":"30"}`, PublicKey: "3059", Verdict: "failed"}},
		},
	}, &billing.Rated{Question: &rating.Question{Tariff: rating.Tariff{Currency: "EUR"}}, Answer: &answer, Other: &answer}, nil)
	w.must(err)
	out.Tab.Version = 1
	return out
}

// billed gives a session a bill that the thing's journal posts.
func (w *world) billed(of tenant, th things) ident.BillID {
	w.t.Helper()
	out := w.settled(of, th)
	out.Bills[0].Journal = th.journal
	w.must(w.store.Commit(w.t.Context(), &change.Set{Tabs: []billing.Tab{*out.Tab}, Bills: out.Bills}))
	return out.Bills[0].ID
}

// corrected gives a session that has a bill a credit note and another bill, which
// have numbers.
func (w *world) corrected(of tenant, th things) (note, bill billing.Bill) {
	w.t.Helper()
	out := w.settled(of, th)
	profile := billing.Profile{Organisation: of.org.ID}
	receipts, notes := profile.Series(billing.Receipt, at(0)), profile.Series(billing.CreditNote, at(0))
	w.must(w.store.Commit(w.t.Context(), &change.Set{Series: []ledger.Series{receipts, notes}}))
	bill = out.Bills[0]
	bill.Revision, out.Journals[0].Revision = 2, 2
	note = bill
	note.ID, note.Credits, note.Document.Kind = ident.New[ident.BillID](at(701)), th.bill, billing.CreditNote
	note.Document.Credits = billing.Reference{Number: "B2026-0000001", IssuedAt: at(700)}
	back := out.Journals[0].Reverse(at(701), ledger.CreditNote)
	back.Series = notes.ID()
	note.Journal = back.ID
	w.must(w.store.Commit(w.t.Context(), &change.Set{Bills: []billing.Bill{bill}, Journals: out.Journals}))
	w.must(w.store.Commit(w.t.Context(), &change.Set{Bills: []billing.Bill{note}, Journals: []ledger.Journal{back}}))
	return note, bill
}

func TestBill(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	_, second := w.corrected(w.first, th)
	got := w.expect(200, w.first.key, "GET", "/api/v1/bills/"+string(second.ID), "")
	for name, want := range map[string]any{
		"id": string(second.ID), "kind": "receipt", "number": "B2026-0000001", "session_id": string(th.session), "revision": 2.0, "credits_bill_id": nil,
		"debtor": string(th.token.ID), "country": "DE", "issued_at": "2026-03-01T08:11:40.000Z", "currency": "EUR", "net_minor": 500.0, "tax_minor": 95.0,
		"total_minor": 595.0, "due_at": nil, "language": "de", "customer": nil, "credits": nil, "relief": nil, "lines_gross": false,
		"station": string(th.station.Station.ID),
	} {
		if value := got.member(t, name); value != want {
			t.Errorf("%s is %v, want %v", name, value, want)
		}
	}
	for _, want := range []string{
		`"lines":[{"charge":0,"item":"energy","name":null,"cost_centre":null,"quantity":"10","unit":"kWh","price":"0.50","tax_percent":"19","amount_minor":500}]`,
		`"taxes":[{"rate_percent":"19","taxable_minor":500,"tax_minor":95}]`, `"paid":[]`,
		`"begin_register_mwh":1000000,"end_register_mwh":11000000,"energy_mwh":10000000`,
		`{"code":"reading","values":[{"name":"at","value":"2026-03-01T08:00:02Z"},{"name":"kwh","value":"1"},{"name":"role","value":"BEGIN"}],"text":"`,
		`"issuer":{"name":"Operator <b>"}`, `"signed_readings":[{"nature":"begin"`,
	} {
		if !strings.Contains(string(got.body), want) {
			t.Errorf("got %s, want %s in it", got.body, want)
		}
	}
	again := w.expect(200, w.first.key, "GET", "/api/v1/bills/"+string(second.ID), "")
	if string(again.body) != string(got.body) {
		t.Error("a bill is told in two ways")
	}
	w.expect(304, w.first.key, "GET", "/api/v1/bills/"+string(second.ID), "", "If-None-Match", got.Header.Get("ETag"))
}

func TestBillsAreFiltered(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	note, second := w.corrected(w.first, th)
	first, last, back := string(th.bill), string(second.ID), string(note.ID)
	all := back + " " + last + " " + first
	if last < first { // two of one moment
		all = back + " " + first + " " + last
	}
	tests := map[string]string{
		"": all, "?session_id=" + string(th.session): all, "?debtor=" + string(th.token.ID): all,
		"?kind=credit_note": back, "?kind=invoice": "", "?debtor=nobody": "", "?session_id=nothing%27--": "", "?limit=1": back,
		"?session_id=" + string(th.session) + "&kind=credit_note": back,
	}
	for query, want := range tests {
		if got := w.expect(200, w.first.key, "GET", "/api/v1/bills"+query, "").ids(t, "id"); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	path, seen := "/api/v1/bills?limit=1", []string{}
	for path != "" {
		page := w.expect(200, w.first.key, "GET", path, "")
		seen = append(seen, page.ids(t, "id"))
		path = strings.TrimSuffix(strings.TrimPrefix(page.Header.Get("Link"), "<"), `>; rel="next"`)
	}
	if got := strings.Join(seen, " "); got != all {
		t.Errorf("page by page: got %q, want %q", got, all)
	}
	cursor := w.expect(200, w.first.key, "GET", "/api/v1/bills?limit=1", "").member(t, "next_cursor").(string)
	w.refused(422, "cursor_malformed", w.other.key, "GET", "/api/v1/bills?limit=1&cursor="+cursor, "")
	w.refused(422, "invalid_input", w.first.key, "GET", "/api/v1/bills?kind=gift", "")
}

// What is no bill of the caller's is not found, whatever it is called.
func TestBillsOfOthersAreNotFound(t *testing.T) {
	w := newWorld(t, options{})
	th, other := w.fill(w.first), w.fill(w.other)
	for _, id := range []string{string(other.bill), string(th.session), "bil_", "x", "..%2f..", "%27%20OR%201=1--", "bil_01JD3K6X5M8Q2V7T9WBNCRFHYZ"} {
		w.refused(404, "not_found", w.first.key, "GET", "/api/v1/bills/"+id, "")
		w.refused(404, "not_found", w.first.key, "GET", "/api/v1/bills/"+id+"/document?format=pdf", "")
	}
	w.refused(404, "not_found", w.first.key, "GET", "/api/v1/sessions/"+string(other.session)+"/tab", "")
	if got := w.expect(200, w.first.key, "GET", "/api/v1/bills?session_id="+string(other.session), "").ids(t, "id"); got != "" {
		t.Errorf("another's session has %s", got)
	}
}

func TestBillFiles(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	_, second := w.corrected(w.first, th)
	path := "/api/v1/bills/" + string(second.ID) + "/document"
	policy := w.press().Policy()
	tests := []struct {
		name, query, accept string
		media, file, begins string
	}{
		{"nothing said", "", "", "text/html; charset=utf-8", `inline; filename="B2026-0000001.html"`, "<!doctype html>"},
		{"a browser", "", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8", `inline; filename="B2026-0000001.html"`, "<!doctype html>"},
		{"PDF by name", "?format=pdf", "text/html", "application/pdf", `inline; filename="B2026-0000001.pdf"`, "%PDF-"},
		{"PDF by type", "", "application/pdf", "application/pdf", `inline; filename="B2026-0000001.pdf"`, "%PDF-"},
		{"PDF liked more", "", "text/html;q=0.5, application/pdf;q=0.501", "application/pdf", `inline; filename="B2026-0000001.pdf"`, "%PDF-"},
		{"the exact word counts", "", "*/*;q=0.1, text/*;q=0, application/*;q=0.2, application/xml;q=0", "application/pdf", `inline; filename="B2026-0000001.pdf"`, "%PDF-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.expect(200, w.first.key, "GET", path+tt.query, "", "Accept", tt.accept)
			if h := got.Header; h.Get("Content-Type") != tt.media || h.Get("Content-Disposition") != tt.file || !strings.HasPrefix(strings.ToLower(string(got.body)), strings.ToLower(tt.begins)) {
				t.Errorf("got %q, %q, %.40q", h.Get("Content-Type"), h.Get("Content-Disposition"), got.body)
			}
			digest := sha256.Sum256(got.body)
			if tag := got.Header.Get("ETag"); tag != `"`+hex.EncodeToString(digest[:16])+`"` {
				t.Errorf("ETag is %q", tag)
			}
			again := w.expect(200, w.first.key, "GET", path+tt.query, "", "Accept", tt.accept)
			if string(again.body) != string(got.body) {
				t.Error("the same bill gives other bytes")
			}
			if left := w.expect(http.StatusNotModified, w.first.key, "GET", path+tt.query, "", "Accept", tt.accept, "If-None-Match", got.Header.Get("ETag")); len(left.body) != 0 {
				t.Errorf("not modified, and yet %.40q", left.body)
			}
			want := policy
			if tt.media == "application/pdf" {
				want = "default-src 'none'; frame-ancestors 'none'"
			}
			if h := got.Header; h.Get("Content-Security-Policy") != want || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("headers: %v", h)
			}
		})
	}
	page := w.expect(200, w.first.key, "GET", path, "")
	if text := string(page.body); strings.Contains(text, "Operator <b>") || !strings.Contains(text, "Operator &lt;b&gt;") {
		t.Error("an issuer's name is markup")
	}
	w.refused(406, "format_unavailable", w.first.key, "GET", path, "", "Accept", "image/png, text/html;q=0")
	w.refused(406, "format_unavailable", w.first.key, "GET", path, "", "Accept", "text/html;q=2, */*;q=nothing")
	w.refused(422, "invalid_input", w.first.key, "GET", path+"?format=docx", "")
	refusal := w.refused(409, "e_invoice_refused", w.first.key, "GET", path+"?format=ubl", "")
	if detail, _ := refusal.member(t, "detail").(string); !strings.Contains(detail, "BR-") && !strings.Contains(detail, "PEPPOL-") {
		t.Errorf("the refusal names no rule: %s", detail)
	}
	w.expectEInvoice(second)
	unnumbered := second
	unnumbered.ID, unnumbered.Journal, unnumbered.Revision = ident.New[ident.BillID](at(702)), "", 3
	w.must(w.store.Commit(t.Context(), &change.Set{Bills: []billing.Bill{unnumbered}}))
	got := w.expect(200, w.first.key, "GET", "/api/v1/bills/"+string(unnumbered.ID)+"/document", "")
	if name := got.Header.Get("Content-Disposition"); name != `inline; filename="`+string(unnumbered.ID)+`.html"` {
		t.Errorf("a bill of nothing is called %s", name)
	}
}

// expectEInvoice gets a bill between companies, whose addresses are known, as a
// file for programs.
func (w *world) expectEInvoice(like billing.Bill) {
	w.t.Helper()
	like.ID, like.Revision = ident.New[ident.BillID](at(703)), 4
	d := &like.Document
	d.Kind, d.BuyerReference, d.DueAt = billing.Invoice, "PO-1", at(86_400)
	d.Issuer = billing.Party{Name: "Operator", Street: "A 1", PostalCode: "20457", City: "Hamburg", Country: "DE", TaxID: "DE123456789", Endpoint: "0088:4012345000009", IBAN: "DE89370400440532013000"}
	d.Customer = billing.Party{Name: "Fleet", Street: "B 1", PostalCode: "10115", City: "Berlin", Country: "DE", TaxID: "DE987654321", Endpoint: "0088:4098765000003"}
	w.must(w.store.Commit(w.t.Context(), &change.Set{Bills: []billing.Bill{like}}))
	for _, query := range []string{"?format=ubl", ""} {
		got := w.expect(200, w.first.key, "GET", "/api/v1/bills/"+string(like.ID)+"/document"+query, "", "Accept", "application/xml")
		if h := got.Header; h.Get("Content-Type") != "application/xml" || h.Get("Content-Disposition") != `attachment; filename="B2026-0000001.xml"` ||
			h.Get("Content-Security-Policy") != "default-src 'none'; frame-ancestors 'none'" || !strings.Contains(string(got.body), "<cbc:ID>B2026-0000001</cbc:ID>") {
			w.t.Errorf("got %v, %.300s", h, got.body)
		}
	}
}

func TestTab(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/sessions/" + string(th.session) + "/tab"
	got := w.expect(200, w.first.key, "GET", path, "")
	for name, want := range map[string]any{
		"session_id": string(th.session), "state": "billed", "reason": nil, "finding_id": nil, "snapshot": "abc", "revision": 1.0, "bill_id": string(th.bill),
	} {
		if value := got.member(t, name); value != want {
			t.Errorf("%s is %v, want %v", name, value, want)
		}
	}
	held := w.settled(w.first, th).Tab
	held.State, held.Reason, held.Bill, held.Finding, held.Version = billing.TabHeld, billing.HeldRaters, "", th.finding, 2
	held.ChangedAt = at(800).Add(time.Millisecond)
	w.must(w.store.Commit(t.Context(), &change.Set{Tabs: []billing.Tab{*held}}))
	got = w.expect(200, w.first.key, "GET", path, "", "If-None-Match", got.Header.Get("ETag"))
	if got.member(t, "state") != "held" || got.member(t, "reason") != "raters_differ" || got.member(t, "bill_id") != nil || got.member(t, "finding_id") != string(th.finding) {
		t.Errorf("held: %s", got.body)
	}
	w.expect(201, w.first.key, "POST", "/api/v1/stations", `{"station_id":"CP-9"}`)
	w.refused(404, "not_found", w.first.key, "GET", "/api/v1/sessions/"+string(ident.New[ident.SessionID](at(1)))+"/tab", "")
}

func TestBillingProfile(t *testing.T) {
	w := newWorld(t, options{})
	const path = "/api/v1/billing-profile"
	unsaid := w.expect(200, w.other.key, "GET", path, "")
	const rules = `"review":["clock_changed","meter_backwards","meter_jumped","closed_from_evidence","transaction_replaced","transactions_parallel"],"short":{"below_s":60,"kwh":"0"}}`
	if got := string(unsaid.body); got != `{"issuer":{"name":"Other","country":"NL"},"language":"en",`+rules {
		t.Errorf("unsaid: %s", got)
	}
	const body = `{"issuer":{"name":"Autre SA","tax_id":"FR1","iban":"DE89370400440532013000"},"language":"fr"}`
	w.refused(428, "if_match_required", w.other.key, "PUT", path, body)
	w.refused(412, "version_moved", w.other.key, "PUT", path, body, "If-Match", `"2"`)
	set := w.expect(200, w.other.key, "PUT", path, body, "If-Match", unsaid.Header.Get("ETag"))
	whole := strings.TrimSuffix(body, "}") + "," + rules
	if string(set.body) != whole {
		t.Errorf("set: %s", set.body)
	}
	w.refused(412, "version_moved", w.other.key, "PUT", path, body, "If-Match", unsaid.Header.Get("ETag"))
	got := w.expect(200, w.other.key, "GET", path, "")
	if string(got.body) != whole || got.Header.Get("ETag") != set.Header.Get("ETag") {
		t.Errorf("then: %s, %s", got.body, got.Header.Get("ETag"))
	}
	_, err := w.client(w.other.key).Replace(t.Context(), "/billing-profile", unsaid.Header.Get("ETag"), map[string]any{"issuer": map[string]any{"name": "B"}, "language": "nl"})
	if !client.Is(err, "version_moved") {
		t.Errorf("a client that is late: got %v", err)
	}
	again, err := w.client(w.other.key).Replace(t.Context(), "/billing-profile", set.Header.Get("ETag"), []byte(body))
	if err != nil || string(again) != whole {
		t.Errorf("a client: got %s, %v", again, err)
	}
	const own = `{"issuer":{"name":"Autre SA"},"language":"fr","review":[],"short":{"below_s":0,"kwh":"0"}}`
	if said := w.expect(200, w.other.key, "PUT", path, own, "If-Match", "*"); string(said.body) != own {
		t.Errorf("rules of its own: %s", said.body)
	}
	if own := w.expect(200, w.first.key, "GET", path, ""); strings.Contains(string(own.body), "Autre") {
		t.Errorf("another organisation has it: %s", own.body)
	}
	for wrong, pointer := range map[string]string{
		`{"issuer":{"name":"A"}}`: "/language", `{"issuer":{"name":""},"language":"de"}`: "/issuer/name", `{"issuer":{"name":"A"},"language":"tlh"}`: "/language",
		`{"issuer":{"name":"A","iban":"DE00370400440532013000"},"language":"de"}`: "/issuer/iban", `{"issuer":{"name":"A","logo":"x"},"language":"de"}`: "/issuer/logo",
		`{"issuer":{"name":"A","country":"de"},"language":"de"}`: "/issuer/country", `{"issuer":null,"language":"de"}`: "/issuer",
		`{"issuer":{"name":"A"},"language":"de","review":["meter_jumped","frame_dropped"]}`: "/review/1", `{"issuer":{"name":"A"},"language":"de","short":{"below_s":60,"kwh":"-1"}}`: "/short/kwh",
	} {
		problem := w.refused(422, "invalid_input", w.other.key, "PUT", path, wrong, "If-Match", "*")
		errs, _ := problem.member(t, "errors").([]any)
		if len(errs) == 0 || errs[0].(map[string]any)["pointer"] != pointer {
			t.Errorf("%s: got %s, want %s", wrong, problem.body, pointer)
		}
	}
	reader := w.keyWith("bills:read")
	w.expect(200, reader, "GET", path, "")
	w.refused(403, "scope_missing", reader, "PUT", path, body, "If-Match", "*")
}
