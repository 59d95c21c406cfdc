package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
)

// invoiced makes a customer with a statement whose invoice is a bill.
func (w *world) invoiced(of tenant, bill ident.BillID) (ident.CustomerID, ident.StatementID) {
	w.t.Helper()
	c, err := w.admin.CreateCustomer(w.t.Context(), of.by, admin.CustomerPatch{
		Reference: new("K-" + of.org.Slug), Party: &billing.Party{Name: "Fleet " + of.org.Slug}, Settlement: new(customer.Monthly),
	}, nil)
	w.must(err)
	st := customer.Statement{
		ID: ident.New[ident.StatementID](at(91)), Organisation: of.org.ID, Account: customer.Account{Customer: c.ID, Currency: "EUR", Country: "DE"},
		Month: "2026-03", State: customer.Issued, Bills: 1, Total: 1190, Invoice: bill, CreatedAt: at(91), IssuedAt: at(92), Version: 2,
	}
	first := st
	first.State, first.Invoice, first.Version = customer.Open, "", 1
	w.must(w.store.Commit(w.t.Context(), &change.Set{Statements: []customer.Statement{first}}))
	w.must(w.store.Commit(w.t.Context(), &change.Set{Statements: []customer.Statement{st}}))
	return c.ID, st.ID
}

func TestCustomers(t *testing.T) {
	w := newWorld(t, options{})
	const path = "/api/v1/customers"
	made := w.expect(201, w.first.key, "POST", path, `{"reference":"K-1","settlement":"monthly","due_days":14,"groups":["vans"],"party":{"name":"Fleet <1>","country":"DE"}}`)
	got := made.object(t)
	where, tag := made.Header.Get("Location"), made.Header.Get("ETag")
	if got["reference"] != "K-1" || got["settlement"] != "monthly" || got["due_days"] != 14.0 || got["contract"] != nil || !strings.Contains(string(made.body), `"groups":["vans"]`) {
		t.Errorf("made %s", made.body)
	}
	w.refused(409, "customer_exists", w.first.key, "POST", path, `{"reference":"K-1"}`)
	w.expect(201, w.other.key, "POST", path, `{"reference":"K-1"}`)
	second := w.expect(201, w.first.key, "POST", path, `{"party":{"name":"Ada"}}`).member(t, "id").(string)
	for _, body := range []string{`{"settlement":"monthly"}`, `{"settlement":"cash"}`, `{"due_days":366}`, `{"party":{"name":"x","country":"de"}}`, `{"groups":[""]}`, `{"colour":1}`} {
		w.refused(422, "invalid_input", w.first.key, "POST", path, body)
	}
	for query, want := range map[string]string{"?reference=K-1": "K-1", "?settlement=monthly": "K-1", "?q=fLEET": "K-1", "?q=nobody": ""} {
		if got := w.expect(200, w.first.key, "GET", path+query, "").ids(t, "reference"); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	w.refused(428, "if_match_required", w.first.key, "PATCH", where, `{"due_days":30}`)
	w.refused(409, "customer_exists", w.first.key, "PATCH", path+"/"+second, `{"reference":"K-1"}`, "If-Match", "*")
	w.refused(422, "invalid_input", w.first.key, "PATCH", where, `{"party":null}`, "If-Match", tag)
	patched := w.expect(200, w.first.key, "PATCH", where, `{"due_days":30,"reference":null,"groups":null}`, "If-Match", tag).object(t)
	if patched["due_days"] != 30.0 || patched["reference"] != nil || patched["settlement"] != "monthly" {
		t.Errorf("patched %v", patched)
	}
	w.refused(412, "version_moved", w.first.key, "PATCH", where, `{"due_days":3}`, "If-Match", tag)
	forgotten := w.expect(200, w.first.key, "PATCH", where, `{"party":null,"settlement":"receipt"}`, "If-Match", "*")
	if strings.Contains(string(forgotten.body), "Fleet") {
		t.Errorf("he is remembered: %s", forgotten.body)
	}
	if trail := w.expect(200, w.first.key, "GET", "/api/v1/audit", ""); strings.Contains(string(trail.body), "Fleet") || strings.Contains(string(trail.body), "K-1") {
		t.Errorf("the audit trail names him: %s", trail.body)
	}
	w.expect(204, w.first.key, "DELETE", where, "", "If-Match", "*")
}

// A customer stays while anything names him.
func TestCustomerIsKept(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	made := w.expect(201, w.first.key, "POST", "/api/v1/customers", `{"settlement":"monthly","party":{"name":"Fleet"}}`)
	who, where, card := made.member(t, "id").(string), made.Header.Get("Location"), "/api/v1/tokens/"+string(th.token.ID)
	w.refused(422, "invalid_input", w.first.key, "PATCH", card, `{"customer_id":"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ"}`)
	got := w.expect(200, w.first.key, "PATCH", card, `{"customer_id":"`+who+`","cost_centre":"4711"}`).object(t)
	if got["customer_id"] != who || got["cost_centre"] != "4711" {
		t.Errorf("got %v", got)
	}
	if got := w.expect(200, w.first.key, "GET", "/api/v1/tokens?customer_id="+who, "").ids(t, "id"); got != string(th.token.ID) {
		t.Errorf("his tokens: %q", got)
	}
	w.refused(409, "customer_in_use", w.first.key, "DELETE", where, "", "If-Match", "*")
	w.expect(200, w.first.key, "PATCH", card, `{"customer_id":null,"cost_centre":null}`)
	w.must(w.store.Commit(t.Context(), &change.Set{Bills: []billing.Bill{{
		ID: ident.New[ident.BillID](at(95)), Organisation: w.first.org.ID, Session: "ses_x", Revision: 1, Debtor: who, Monthly: true, Statement: th.statement,
		Document: billing.Document{Kind: billing.Receipt, IssuedAt: at(95), Currency: "EUR"},
	}}}))
	bills := w.expect(200, w.first.key, "GET", "/api/v1/bills?customer_id="+who+"&statement_id="+string(th.statement), "")
	if got := bills.ids(t, "customer_id"); got != who || !strings.Contains(string(bills.body), `"statement_id":"`+string(th.statement)) {
		t.Errorf("his bills: %s", bills.body)
	}
	w.refused(409, "customer_billed", w.first.key, "DELETE", where, "", "If-Match", "*")
}

func TestStatements(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	const path = "/api/v1/statements"
	where := path + "/" + string(th.statement)
	got := w.expect(200, w.first.key, "GET", where, "").object(t)
	if got["customer_id"] != string(th.customer) || got["month"] != "2026-03" || got["state"] != "issued" || got["total_minor"] != 1190.0 || got["invoice_id"] != string(th.bill) {
		t.Errorf("got %v", got)
	}
	for query, want := range map[string]string{
		"": "2026-03", "?customer_id=" + string(th.customer): "2026-03", "?month=2026-04": "", "?state=open": "", "?state=issued&month=2026-03": "2026-03",
	} {
		if got := w.expect(200, w.first.key, "GET", path+query, "").ids(t, "month"); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	for format, media := range map[string]string{"html": "text/html; charset=utf-8", "pdf": "application/pdf"} {
		if file := w.expect(200, w.first.key, "GET", where+"/document?format="+format, ""); file.Header.Get("Content-Type") != media || len(file.body) == 0 {
			t.Errorf("%s: got %s, %d bytes", format, file.Header.Get("Content-Type"), len(file.body))
		}
	}
	of := `{"customer_id":"` + string(th.customer) + `","month":"`
	w.refused(409, "statement_exists", w.first.key, "POST", path, of+`2026-03"}`)
	w.refused(409, "statement_empty", w.first.key, "POST", path, of+`2026-04"}`)
	w.refused(409, "month_not_over", w.first.key, "POST", path, of+`2999-01"}`)
	w.refused(422, "invalid_input", w.first.key, "POST", path, of+`2026-13"}`)
	w.refused(422, "invalid_input", w.other.key, "POST", path, of+`2026-04"}`)
	w.refused(409, "statement_empty", w.first.key, "POST", path+"/preview", of+`2026-04"}`)
	w.due(w.first, th.customer)
	seen := w.expect(http.StatusOK, w.first.key, "POST", path+"/preview", of+`2026-04"}`).object(t)
	if seen["bills"] != 1.0 || seen["sessions"] != 1.0 || seen["total_minor"] != 595.0 || seen["net_minor"] != 500.0 {
		t.Errorf("preview: %v", seen)
	}
	made := w.expect(201, w.first.key, "POST", path, of+`2026-04"}`, "Idempotency-Key", "one")
	again := w.expect(201, w.first.key, "POST", path, of+`2026-04"}`, "Idempotency-Key", "one")
	if string(made.body) != string(again.body) || made.member(t, "state") != "open" {
		t.Errorf("made %s, then %s", made.body, again.body)
	}
	w.refused(409, "statement_open", w.first.key, "GET", made.Header.Get("Location")+"/document", "")
}

// due gives a customer a bill of April that waits for a statement.
func (w *world) due(of tenant, who ident.CustomerID) {
	w.t.Helper()
	b := w.settled(of, things{session: "ses_due"}).Bills[0]
	b.Debtor, b.Monthly, b.Journal = string(who), true, ""
	w.must(w.store.Commit(w.t.Context(), &change.Set{Bills: []billing.Bill{b}}))
}
