package rest_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/plan"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
)

// owned is what a customer has beyond the tariffs.
type owned struct {
	plan         ident.PlanID
	subscription ident.SubscriptionID
	voucher      ident.VoucherID
}

func (w *world) owns(of tenant, id ident.CustomerID) owned {
	w.t.Helper()
	p, err := w.admin.CreatePlan(w.t.Context(), of.by, admin.NewPlan{Name: "Home", Terms: plan.Terms{Fee: plan.Fee{Amount: 990, VAT: decimal.FromInt(19, 0)}}}, nil)
	w.must(err)
	s, err := w.admin.Subscribe(w.t.Context(), of.by, admin.NewSubscription{Customer: id, Plan: p.ID}, nil)
	w.must(err)
	v, err := w.admin.CreateVouchers(w.t.Context(), of.by, admin.NewVouchers{Value: plan.Value{Energy: 1_000_000}}, nil)
	w.must(err)
	_, err = w.admin.RedeemVoucher(w.t.Context(), of.by, id, v[0].Code, nil)
	w.must(err)
	return owned{p.ID, s.ID, v[0].ID}
}

// aPlan has something of everything that a plan may have.
const aPlan = `{"name":"Home 50","currency":"EUR","valid_from":"2026-01-01T00:00:00.000Z","terms":{"fee":{"amount_minor":990,"tax_percent":"19","tax_included":true},` +
	`"discount":{"of":["TIME"],"percent":"10"},"allowance":{"kwh":"50.5","overage":"0.55"},` +
	`"loyalty":{"months":3,"tiers":[{"kwh":"300","percent":"5"},{"kwh":"300","sessions":9,"percent":"7.5"}]},` +
	`"points":{"per_kwh":"1","per_currency_unit":"0.5","rewards":[{"name":"5 euros","points":500,"amount_minor":500}]}}}`

func TestPlanLife(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	const path = "/api/v1/plans"
	made := w.expect(201, key, "POST", path, aPlan)
	_, terms, _ := strings.Cut(aPlan, `"terms":`)
	if !strings.Contains(string(made.body), `"terms":`+strings.TrimSuffix(terms, "}")) {
		t.Errorf("got %s", made.body)
	}
	where := made.Header.Get("Location")
	if read := w.expect(200, key, "GET", where, ""); string(read.body) != string(made.body) {
		t.Errorf("got %s, want %s", read.body, made.body)
	}
	for _, spoilt := range []struct{ old, new, pointer string }{
		{`"50.5"`, `"0.1234567"`, "/terms/allowance/kwh"},
		{`"50.5"`, `"1e30"`, "/terms/allowance/kwh"},
		{`"percent":"10"`, `"percent":"101"`, "/terms/discount/percent"},
		{`"Home 50"`, `""`, "/name"},
		{`"EUR"`, `"EURO"`, "/currency"},
		{`"months":3`, `"months":0`, "/terms/loyalty/months"},
		{`"fee"`, `"colour":1,"fee"`, "/terms/colour"},
	} {
		got := w.refused(422, "invalid_input", key, "POST", path, strings.Replace(aPlan, spoilt.old, spoilt.new, 1))
		if !strings.Contains(string(got.body), `"pointer":"`+spoilt.pointer+`"`) {
			t.Errorf("%s: got %s", spoilt.new, got.body)
		}
	}
	w.refused(428, "if_match_required", key, "PATCH", where, `{"name":"Home"}`)
	closed := w.expect(200, key, "PATCH", where, `{"name":"Home","valid_until":"2026-02-01T00:00:00Z"}`, "If-Match", made.Header.Get("ETag"))
	customer := w.expect(201, key, "POST", "/api/v1/customers", `{}`).member(t, "id").(string)
	w.refused(409, "plan_closed", key, "POST", "/api/v1/subscriptions", `{"customer_id":"`+customer+`","plan_id":"`+closed.member(t, "id").(string)+`"}`)
	w.expect(204, key, "DELETE", where, "", "If-Match", "*")
}

func TestSubscriptionLife(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	offered := w.expect(201, key, "POST", "/api/v1/plans", strings.Replace(aPlan, `"valid_from":"2026-01-01T00:00:00.000Z",`, "", 1))
	plan, _ := offered.member(t, "id").(string)
	customer := w.expect(201, key, "POST", "/api/v1/customers", `{}`).member(t, "id").(string)
	const path = "/api/v1/subscriptions"
	body := `{"customer_id":"` + customer + `","plan_id":"` + plan + `"}`
	made := w.expect(201, key, "POST", path, body)
	if made.member(t, "state") != "active" || made.member(t, "due_at") == nil {
		t.Errorf("got %s", made.body)
	}
	where := made.Header.Get("Location")
	w.refused(409, "subscription_overlaps", key, "POST", path, body)
	w.refused(422, "invalid_input", key, "POST", path, `{"customer_id":"`+customer+`","plan_id":"`+plan+`","valid_from":"2026-01-01T00:00:00Z"}`)
	w.refused(422, "invalid_input", key, "POST", path, `{"customer_id":"cus_x","plan_id":"`+plan+`"}`)
	w.refused(409, "plan_subscribed", key, "DELETE", offered.Header.Get("Location"), "", "If-Match", "*")
	w.refused(409, "customer_subscribed", key, "DELETE", "/api/v1/customers/"+customer, "", "If-Match", "*")
	w.refused(409, "subscription_not_paused", key, "POST", where+"/resume", `{}`, "If-Match", "*")
	w.refused(428, "if_match_required", key, "POST", where+"/pause", `{}`)
	paused := w.expect(200, key, "POST", where+"/pause", `{}`, "If-Match", made.Header.Get("ETag"))
	if paused.member(t, "state") != "paused" {
		t.Errorf("got %s", paused.body)
	}
	w.refused(409, "subscription_paused", key, "POST", where+"/pause", `{}`, "If-Match", "*")
	w.refused(412, "version_moved", key, "POST", where+"/resume", `{}`, "If-Match", made.Header.Get("ETag"))
	if resumed := w.expect(200, key, "POST", where+"/resume", `{"at":"2099-01-01T00:00:00Z"}`, "If-Match", "*"); resumed.member(t, "state") != "paused" {
		t.Errorf("got %s", resumed.body)
	}
	ended := w.expect(200, key, "POST", where+"/end", `{}`, "If-Match", "*")
	until, _ := ended.member(t, "valid_until").(string)
	if until == "" || ended.member(t, "next_month") == nil {
		t.Errorf("got %s", ended.body)
	}
	w.expect(201, key, "POST", path, `{"customer_id":"`+customer+`","plan_id":"`+plan+`","valid_from":"`+until+`"}`)
	w.refused(409, "subscription_overlaps", key, "POST", where+"/end", `{"at":"2099-01-01T00:00:00Z"}`, "If-Match", "*")
	if listed := w.expect(200, key, "GET", path+"?customer_id="+customer+"&plan_id="+plan, ""); strings.Count(string(listed.body), `"customer_id"`) != 2 {
		t.Errorf("got %s", listed.body)
	}
}

func TestVoucherLife(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	const path = "/api/v1/vouchers"
	customer := w.expect(201, key, "POST", "/api/v1/customers", `{}`).member(t, "id").(string)
	made := w.expect(201, key, "POST", path, `{"value":{"amount_minor":2000,"currency":"EUR"}}`, "Idempotency-Key", "one")
	code, _ := made.member(t, "code").(string)
	if again := w.expect(201, key, "POST", path, `{"value":{"amount_minor":2000,"currency":"EUR"}}`, "Idempotency-Key", "one"); again.member(t, "code") != nil || again.member(t, "id") != made.member(t, "id") {
		t.Errorf("repeated: got %s", again.body)
	}
	redeem := func(code string) string { return `{"customer_id":"` + customer + `","code":"` + code + `"}` }
	typed := strings.ToLower(strings.ReplaceAll(code, "-", " "))
	if found := w.expect(200, key, "POST", path+"/lookup", `{"code":"`+typed+`"}`); found.member(t, "id") != made.member(t, "id") || strings.Contains(string(found.body), code) {
		t.Errorf("looked up: got %s", found.body)
	}
	w.refused(422, "invalid_input", w.other.key, "POST", path+"/lookup", `{"code":"`+code+`"}`)
	w.refused(422, "invalid_input", key, "POST", path+"/redeem", redeem("3F7K-9QWE-RT5M-7K2M"))
	w.expect(201, key, "POST", path+"/redeem", redeem(typed))
	w.refused(409, "voucher_used_up", key, "POST", path+"/redeem", redeem(code))
	chosen := w.expect(201, key, "POST", path, `{"name":"Summer","code":"summer-26","holders_max":5,"value":{"percent":"10","sessions_max":1}}`)
	if chosen.member(t, "hint") != nil {
		t.Errorf("the end of a short code: %s", chosen.body)
	}
	w.refused(409, "voucher_exists", key, "POST", path, `{"code":"SUMMER26","value":{"kwh":"1"}}`)
	w.expect(201, key, "POST", path+"/redeem", redeem("Summer26"))
	w.refused(409, "voucher_redeemed", key, "POST", path+"/redeem", redeem("Summer26"))
	w.expect(200, key, "PATCH", chosen.Header.Get("Location"), `{"valid_until":"2026-01-01T00:00:00Z"}`, "If-Match", "*")
	w.refused(409, "voucher_expired", key, "POST", path+"/redeem", redeem("Summer26"))
	for _, value := range []string{`{}`, `{"amount_minor":1}`, `{"kwh":"1","percent":"1"}`, `{"percent":"0"}`, `{"kwh":"-1"}`} {
		w.refused(422, "invalid_input", key, "POST", path, `{"value":`+value+`}`)
	}
	batch := w.expect(201, key, "POST", "/api/v1/voucher-batches", `{"batch":"fair 2026","count":3,"value":{"kwh":"20"}}`)
	if strings.Count(string(batch.body), `"code":"`) != 3 {
		t.Errorf("got %s", batch.body)
	}
	listed := w.expect(200, key, "GET", batch.Header.Get("Location"), "")
	if strings.Count(string(listed.body), `"batch":"fair 2026"`) != 3 || strings.Contains(string(listed.body), `"code"`) {
		t.Errorf("got %s", listed.body)
	}
	if strings.Contains(w.logs.String(), code) {
		t.Error("the log has a code")
	}
}

func TestBenefits(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	customer := w.expect(201, key, "POST", "/api/v1/customers", `{}`).member(t, "id").(string)
	path := "/api/v1/customers/" + customer
	if bare := w.expect(200, key, "GET", path+"/benefits", ""); bare.member(t, "plan") != nil || bare.member(t, "points") != 0.0 {
		t.Errorf("got %s", bare.body)
	}
	w.refused(409, "subscription_missing", key, "POST", path+"/rewards", `{"reward":"5 euros"}`)
	offered := w.expect(201, key, "POST", "/api/v1/plans", aPlan).member(t, "id").(string)
	sub := w.expect(201, key, "POST", "/api/v1/subscriptions", `{"customer_id":"`+customer+`","plan_id":"`+offered+`"}`)
	w.refused(409, "balance_insufficient", key, "POST", path+"/rewards", `{"reward":"5 euros"}`)
	w.refused(422, "invalid_input", key, "POST", path+"/rewards", `{"reward":"a car"}`)
	book := ledger.Book{Organisation: w.first.org.ID, Unit: ledger.Points}
	earned := ledger.Post(at(1), ledger.PointsEarned, ledger.Source{Type: "points", ID: "ses_1"}, book.EarnPoints(customer, offered, 700))
	w.must(w.store.Commit(t.Context(), &change.Set{Journals: []ledger.Journal{earned}}))
	w.expect(201, key, "POST", path+"/rewards", `{"reward":"5 euros"}`)
	w.refused(409, "balance_insufficient", key, "POST", path+"/rewards", `{"reward":"5 euros"}`)
	got := w.expect(200, key, "GET", path+"/benefits", "")
	text := string(got.body)
	if got.member(t, "points") != 200.0 || !strings.Contains(text, `"left":{"amount_minor":500,"currency":"EUR"}`) || !strings.Contains(text, string(sub.member(t, "id").(string))) ||
		!strings.Contains(text, `"usage":{"kwh":"0","sessions":0}`) || !strings.Contains(text, `"left_kwh":"`) {
		t.Errorf("got %s", text)
	}
}
