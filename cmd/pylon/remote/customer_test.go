package remote_test

import (
	"slices"
	"strings"
	"testing"

	"pylon/cmd/pylon/remote"
)

func TestCustomerCommands(t *testing.T) {
	const ada = `{"id":"cus_1","reference":"K-1","party":{"name":"Ada","city":"Bern","phone":"1"}}`
	tests := []struct {
		name string
		args []string
		code int
		want string // the request that changes something; "": none
	}{
		{
			"create",
			[]string{"create", "Ada", "--reference", "K-1", "--settlement", "monthly", "--due-days", "14", "--groups", "a,b", "--country", "CH"},
			remote.ExitOK,
			`POST /customers {"due_days":14,"groups":["a","b"],"party":{"country":"CH","name":"Ada"},"reference":"K-1","settlement":"monthly"}`,
		},
		{"create nobody", []string{"create"}, remote.ExitUsage, ""},
		{"update", []string{"update", "cus_1", "--due-days", "30"}, remote.ExitOK, `PATCH /customers/cus_1 {"due_days":30}`},
		{"update by reference", []string{"update", "K-1", "--groups", ""}, remote.ExitOK, `PATCH /customers/cus_1 {"groups":[]}`},
		{"move", []string{"update", "cus_1", "--city", "Basel"}, remote.ExitOK, `PATCH /customers/cus_1 {"party":{"city":"Basel","name":"Ada","phone":"1"}}`},
		{"update nothing", []string{"update", "cus_1"}, remote.ExitUsage, ""},
		{"forget", []string{"forget", "cus_1", "--yes"}, remote.ExitOK, `PATCH /customers/cus_1 {"buyer_reference":null,"party":null,"reference":null,"settlement":"receipt"}`},
		{"forget without a word", []string{"forget", "cus_1"}, remote.ExitUsage, ""},
		{"delete", []string{"delete", "cus_1", "--yes"}, remote.ExitOK, `DELETE /customers/cus_1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, map[string]string{
				"GET /customers": `{"data":[` + ada + `],"next_cursor":null}`, "GET /customers/cus_1": ada, "POST /customers": "201 " + ada,
				"PATCH /customers/cus_1": ada, "DELETE /customers/cus_1": "204 ",
			})
			code, _, said := s.invoke(t, "", append([]string{"customer"}, tt.args...)...)
			if code != tt.code {
				t.Fatalf("exit code %d, want %d: %s", code, tt.code, said)
			}
			changing := slices.DeleteFunc(slices.Clone(s.asked), func(line string) bool { return strings.HasPrefix(line, "GET ") })
			if got := strings.Join(changing, "\n"); strings.TrimSpace(got) != tt.want {
				t.Errorf("asked %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStatementCommands(t *testing.T) {
	const answer = `{"id":"stm_1","month":"2026-05"}`
	s := newServer(t, map[string]string{
		"GET /customers": `{"data":[{"id":"cus_1"}],"next_cursor":null}`, "GET /statements": `{"data":[` + answer + `],"next_cursor":null}`,
		"POST /statements": "201 " + answer, "POST /statements/preview": answer, "GET /statements/stm_1/document": "200 <p>an invoice",
	})
	for _, args := range [][]string{
		{"list", "--customer", "K-1", "--month", "2026-05"}, {"preview", "K-1", "2026-05"}, {"create", "cus_1", "2026-05", "--currency", "SEK"}, {"document", "stm_1"},
	} {
		if code, out, said := s.invoke(t, "", append([]string{"statement"}, args...)...); code != remote.ExitOK || out == "" {
			t.Errorf("%v: exit code %d, %q, %s", args, code, out, said)
		}
	}
	for _, want := range []string{
		"GET /statements?customer_id=cus_1&limit=51&month=2026-05", `POST /statements/preview {"customer_id":"cus_1","month":"2026-05"}`,
		`POST /statements {"currency":"SEK","customer_id":"cus_1","month":"2026-05"}`, "GET /statements/stm_1/document?format=html",
	} {
		if !slices.ContainsFunc(s.asked, func(line string) bool { return strings.TrimSpace(line) == want }) {
			t.Errorf("did not ask %q but %q", want, s.asked)
		}
	}
}
