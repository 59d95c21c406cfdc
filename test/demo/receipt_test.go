package demo

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pylon/test/program"
)

// bill is a bill as the API lists it.
type bill struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Number     string `json:"number"`
	SessionID  string `json:"session_id"`
	TotalMinor int64  `json:"total_minor"`
}

// awaitReceipt waits until a session has ended in a receipt that costs something
// and that a person can open, and looks whether the books are even.
func awaitReceipt(t *testing.T, s *program.Server, data string) {
	t.Helper()
	var receipt bill
	program.Await(t, "a receipt", waitMax, func() bool {
		var page struct {
			Data []bill `json:"data"`
		}
		s.Get(t, "/api/v1/bills?kind=receipt", &page)
		for _, b := range page.Data {
			if b.TotalMinor > 0 {
				receipt = b
				return true
			}
		}
		return false
	})
	var tab struct {
		State  string `json:"state"`
		BillID string `json:"bill_id"`
	}
	s.Get(t, "/api/v1/sessions/"+receipt.SessionID+"/tab", &tab)
	if tab.State != "billed" || tab.BillID == "" {
		t.Errorf("the tab of %s: %+v", receipt.SessionID, tab)
	}
	var told struct {
		Charges []struct {
			Steps []struct {
				Text string `json:"text"`
			} `json:"steps"`
		} `json:"charges"`
	}
	s.Get(t, "/api/v1/bills/"+receipt.ID, &told)
	if len(told.Charges) != 1 || len(told.Charges[0].Steps) < 3 || told.Charges[0].Steps[0].Text == "" {
		t.Errorf("receipt %s does not say how it came about: %+v", receipt.Number, told)
	}
	answer, err := s.Do(t.Context(), program.Request{Method: http.MethodGet, Path: "/api/v1/bills/" + receipt.ID + "/document?format=html"})
	if err != nil || answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), receipt.Number) {
		t.Errorf("receipt %s: got status %d, %v: %.200s", receipt.Number, answer.Status, err, answer.Body)
	}
	folder := filepath.Join(data, "receipts")
	program.Await(t, "the page with receipts", waitMax, func() bool {
		list, err := os.ReadFile(filepath.Join(folder, "index.html"))
		return err == nil && strings.Contains(string(list), `href="`+receipt.Number+`.html"`) && strings.Contains(string(list), "the difference is 0.00 EUR")
	})
	for suffix, begins := range map[string]string{".html": "<!doctype html>", ".pdf": "%PDF-"} {
		file, err := os.ReadFile(filepath.Join(folder, receipt.Number+suffix))
		if err != nil || !strings.HasPrefix(strings.ToLower(string(file)), strings.ToLower(begins)) {
			t.Errorf("%s%s: %v, %.40q", receipt.Number, suffix, err, file)
		}
	}
	checkBooks(t, s)
}

// checkBooks looks whether the debits are the credits, and whether nothing was
// given up, or held but for what the simulated faults make doubtful.
func checkBooks(t *testing.T, s *program.Server) {
	t.Helper()
	var trial struct {
		Totals []struct {
			Unit        string `json:"unit"`
			DebitMinor  int64  `json:"debit_minor"`
			CreditMinor int64  `json:"credit_minor"`
		} `json:"totals"`
	}
	s.Get(t, "/api/v1/ledger/trial-balance", &trial)
	if len(trial.Totals) != 1 || trial.Totals[0].Unit != "EUR" || trial.Totals[0].DebitMinor <= 0 || trial.Totals[0].DebitMinor != trial.Totals[0].CreditMinor {
		t.Errorf("trial balance: %+v, want debits and credits that are the same", trial.Totals)
	}
	for _, path := range []string{"/api/v1/dead-letters", "/api/v1/findings?code=bill_held"} {
		var page struct {
			Data []struct {
				Code   string `json:"code"`
				Detail string `json:"detail"`
			} `json:"data"`
		}
		s.Get(t, path, &page)
		for _, f := range page.Data {
			if f.Code != "bill_held" || !strings.HasPrefix(f.Detail, "review: ") {
				t.Errorf("%s: %+v", path, f)
			}
		}
	}
}
