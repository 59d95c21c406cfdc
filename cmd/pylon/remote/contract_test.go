package remote_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/cmd/pylon/remote"
)

// contract is the part of the API's description that tests need.
type contract struct {
	Paths map[string]struct {
		Get *struct {
			Parameters []struct{ Name, In string }
			Responses  map[string]struct {
				Content map[string]struct{ Schema schema }
			}
		}
	}
	Components struct{ Schemas map[string]schema }
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Enum       []any
	Items      *schema
	Properties map[string]schema
}

func readContract(t *testing.T) contract {
	t.Helper()
	text, err := os.ReadFile("../../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var c contract
	if err := json.Unmarshal(text, &c, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	return c
}

// example makes a thing of a schema, nothing left out.
func (c contract) example(s schema) any {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		s = c.Components.Schemas[name]
	}
	kind, ok := s.Type.(string)
	if kinds, several := s.Type.([]any); several && !ok {
		kind, _ = kinds[0].(string)
	}
	switch kind {
	case "object":
		thing := map[string]any{}
		for name, of := range s.Properties {
			thing[name] = c.example(of)
		}
		return thing
	case "array":
		return []any{c.example(*s.Items)}
	case "integer", "number":
		return 7
	case "boolean":
		return true
	}
	switch {
	case s.Format == "date-time":
		return "2026-01-02T03:04:05Z"
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	return "text"
}

// ServeHTTP answers a GET with an example of what the contract promises, and
// refuses what it does not know.
func (c contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for path, item := range c.Paths {
		if item.Get == nil || !matches(path, r.URL.Path) {
			continue
		}
		known := func(name string) bool {
			for _, p := range item.Get.Parameters {
				if p.In == "query" && p.Name == name {
					return true
				}
			}
			return false
		}
		for name := range r.URL.Query() {
			if !known(name) {
				w.WriteHeader(http.StatusUnprocessableEntity)
				fmt.Fprintf(w, `{"code":"test","title":"%s has no parameter %s"}`, path, name)
				return
			}
		}
		answer, _ := c.example(item.Get.Responses["200"].Content["application/json"].Schema).(map[string]any)
		if _, list := answer["next_cursor"]; list {
			answer["next_cursor"] = ""
		}
		text, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(w, "%s", text)
		return
	}
	http.NotFound(w, r)
}

func matches(template, path string) bool {
	parts, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(parts, got, func(a, b string) bool { return a == b || strings.HasPrefix(a, "{") })
}

// A column that shows what the API does not say is always empty.
func TestColumnsAreTheContracts(t *testing.T) {
	s := httptest.NewServer(readContract(t))
	defer s.Close()
	for _, args := range [][]string{
		{"station", "list", "--status", "faulted", "--connection", "online", "--site", "s", "--registration", "accepted", "--search", "x", "--sort", "station_id"},
		{"station", "findings", "CP-1"},
		{"station", "findings", "CP-1", "--all"},
		{"station", "history", "CP-1"},
		{"station", "config", "list", "CP-1", "--search", "x", "--desired"},
		{"station", "config", "history", "CP-1"},
		{"token", "list", "--status", "blocked", "--group", "g", "--search", "x"},
		{"session", "list", "--status", "active", "--station", "CP-1", "--token", "x", "--from", "t", "--to", "t"},
		{"session", "meter", "ses_1"},
		{"site", "list"},
		{"command", "list", "--station", "CP-1", "--state", "sent"},
		{"job", "list"},
		{"job", "targets", "job_1", "--state", "failed"},
		{"tariff", "list"},
		{"tariff", "editions", "trf_1"},
		{"tariff", "notices", "trf_1", "--ad-hoc", "--nevi", "--certified-clock", "--power", "150", "--country", "DE", "--zone", "Europe/Berlin"},
		{"assignment", "list", "--tariff", "trf_1"},
		{"bill", "list", "--session", "ses_1", "--debtor", "tok_1", "--kind", "receipt"},
		{"finding", "list", "--code", "x", "--station", "CP-1", "--session", "ses_1"},
	} {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			code, out, said := invoke(t, "", map[string]string{"PYLON_SERVER": s.URL, "PYLON_API_KEY": "k"}, append(args, "-o", "csv")...)
			if code != remote.ExitOK {
				t.Fatalf("%q: exit code %d: %s", args, code, said)
			}
			rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
			if err != nil || len(rows) != 2 {
				t.Fatalf("%q: got %q (%v), want titles and a row", args, out, err)
			}
			for i, cell := range rows[1] {
				if cell == "" {
					t.Errorf("%q: column %q is empty", args, rows[0][i])
				}
			}
		})
	}
}
