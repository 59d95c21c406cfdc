package rest_test

import (
	"testing"

	"pylon/internal/domain/account"
)

func TestLedgerIsRead(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	key := w.keyWith(account.LedgerRead)
	trial := w.expect(200, key, "GET", "/api/v1/ledger/trial-balance", "")
	total := trial.member(t, "totals").([]any)[0].(map[string]any)
	if total["unit"] != "EUR" || total["debit_minor"] != 1290.0 || total["credit_minor"] != 1290.0 || len(trial.member(t, "classes").([]any)) != 6 {
		t.Errorf("trial balance: %s", trial.body)
	}
	one := w.expect(200, key, "GET", "/api/v1/ledger/journals/"+string(th.journal), "")
	lines := one.member(t, "transfers").([]any)
	if len(lines) != 2 || one.member(t, "template") != "bill_issued" || one.member(t, "number") != 7.0 || one.member(t, "series") != "2026" || len(one.member(t, "hash").(string)) != 64 {
		t.Errorf("journal: %s", one.body)
	}
	if first := lines[0].(map[string]any); first["debit_account_id"] != string(th.account) || first["amount_minor"] != 1000.0 {
		t.Errorf("transfer: %v", first)
	}
	if a := w.expect(200, key, "GET", "/api/v1/ledger/accounts/"+string(th.account), ""); a.member(t, "balance_minor") != 1190.0 || a.member(t, "owner") != "drv_a" || a.member(t, "side") != "asset" {
		t.Errorf("account: %s", a.body)
	}
	if next := w.expect(200, key, "GET", "/api/v1/ledger/series", "").member(t, "data").([]any)[0].(map[string]any); next["next_number"] != "R-0008" {
		t.Errorf("series: %v", next)
	}
	for path, want := range map[string]int{
		"/ledger/accounts": 6, "/ledger/accounts?class=energy": 1, "/ledger/accounts?owner=drv_a": 1, "/ledger/accounts?owner=DE:19": 1,
		"/ledger/accounts/" + string(th.account) + "/entries": 2, "/ledger/accounts/" + string(th.account) + "/entries?limit=1": 1,
		"/ledger/journals": 3, "/ledger/journals?template=bill_issued": 1, "/ledger/journals?template=captured": 0, "/ledger/journals?source_type=bill&source_id=x": 0,
	} {
		if got := len(w.expect(200, key, "GET", "/api/v1"+path, "").member(t, "data").([]any)); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
	w.refused(404, "not_found", key, "GET", "/api/v1/ledger/accounts/acc_01JD3K6X5M8Q2V7T9WBNCRFHYZ", "")
	w.refused(404, "not_found", key, "GET", "/api/v1/ledger/journals/x", "")
}
