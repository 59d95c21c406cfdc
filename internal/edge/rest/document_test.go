package rest_test

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/edge/rest"
)

// apiDocument is what the tests read of the OpenAPI document.
type apiDocument struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]apiMethod `json:"paths"`
	Components struct {
		Schemas   map[string]apiSchema `json:"schemas"`
		Responses map[string]struct {
			Content map[string]apiMedia `json:"content"`
		} `json:"responses"`
	} `json:"components"`
}

type apiMethod struct {
	OperationID string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Tags        []string              `json:"tags"`
	Security    []map[string][]string `json:"security"`
	Parameters  []struct {
		Name     string    `json:"name"`
		In       string    `json:"in"`
		Required bool      `json:"required"`
		Schema   apiSchema `json:"schema"`
	} `json:"parameters"`
	RequestBody *struct {
		Content map[string]apiMedia `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Ref     string              `json:"$ref"`
		Content map[string]apiMedia `json:"content"`
	} `json:"responses"`
}

type apiMedia struct {
	Schema  apiSchema `json:"schema"`
	Example any       `json:"example"`
}

type apiSchema struct {
	Ref                  string               `json:"$ref"`
	Type                 any                  `json:"type"`
	Format               string               `json:"format"`
	Description          string               `json:"description"`
	Examples             []any                `json:"examples"`
	Properties           map[string]apiSchema `json:"properties"`
	AdditionalProperties any                  `json:"additionalProperties"`
}

// scope returns the scope that an operation needs, "" when any key will do.
func (m apiMethod) scope(t testing.TB) string {
	t.Helper()
	if len(m.Security) != 1 {
		t.Fatalf("%s: %d security requirements", m.OperationID, len(m.Security))
	}
	for _, scopes := range m.Security[0] {
		if len(scopes) > 1 {
			t.Fatalf("%s needs %d scopes", m.OperationID, len(scopes))
		}
		return strings.Join(scopes, "")
	}
	return ""
}

func theDocument(t testing.TB) apiDocument {
	t.Helper()
	raw, err := rest.Document()
	if err != nil {
		t.Fatal(err)
	}
	var d apiDocument
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// operations calls f for every operation of the document.
func operations(t *testing.T, f func(t *testing.T, method, path string, op apiMethod)) {
	t.Helper()
	d := theDocument(t)
	n := 0
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			n++
			op := d.Paths[path][method]
			t.Run(op.OperationID, func(t *testing.T) { f(t, strings.ToUpper(method), path, op) })
		}
	}
	if n < 40 {
		t.Errorf("the document has %d operations", n)
	}
}

func TestDocumentIsCommitted(t *testing.T) {
	want, err := rest.Document()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/openapi.json is not what the code does; run `make generate`, and read the difference")
	}
}

func TestDocumentIsServed(t *testing.T) {
	w := newWorld(t, options{})
	got := w.expect(200, "", "GET", "/api/v1/openapi.json", "")
	want, err := rest.Document()
	w.must(err)
	if !bytes.Equal(got.body, want) {
		t.Error("another document is served")
	}
}

func TestEveryOperationIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	operations(t, func(t *testing.T, method, path string, op apiMethod) {
		if op.OperationID == "" || seen[op.OperationID] {
			t.Errorf("%s %s: operation id %q is missing or stands twice", method, path, op.OperationID)
		}
		seen[op.OperationID] = true
		if op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("summary %q, tags %v", op.Summary, op.Tags)
		}
		if op.RequestBody != nil {
			body := op.RequestBody.Content["application/json"]
			named := strings.HasPrefix(body.Schema.Ref, "#/components/schemas/")
			if !named && op.OperationID != "call-ocpp" || body.Example == nil {
				t.Errorf("request: schema %q, example %v", body.Schema.Ref, body.Example)
			}
		}
		for _, status := range []int{401, 403, 422, 429, 500} {
			if want := "#/components/responses/Problem" + strconv.Itoa(status); op.Responses[strconv.Itoa(status)].Ref != want {
				t.Errorf("no problem %d", status)
			}
		}
		if _, ok := op.Responses["404"]; ok != strings.Contains(path, "{") {
			t.Errorf("404: %v", ok)
		}
		for status, r := range op.Responses {
			for media, content := range r.Content {
				told := strings.HasSuffix(media, "json") || media == "text/event-stream"                              // a file is its type's
				if told && content.Schema.Ref == "" && op.OperationID != "call-ocpp" && op.OperationID != "get-cdr" { // the bodies of others' standards
					t.Errorf("%s %s has a schema without a name", status, media)
				}
			}
		}
	})
}

func TestEverySchemaIsKnownAndUsed(t *testing.T) {
	raw, err := rest.Document()
	if err != nil {
		t.Fatal(err)
	}
	d := theDocument(t)
	for name := range d.Components.Schemas {
		if !bytes.Contains(raw, []byte(`"#/components/schemas/`+name+`"`)) {
			t.Errorf("schema %s is not used", name)
		}
	}
	for part := range strings.SplitSeq(string(raw), `"#/components/schemas/`) {
		name, _, _ := strings.Cut(part, `"`)
		if _, ok := d.Components.Schemas[name]; !ok && !strings.HasPrefix(part, "{") {
			t.Errorf("schema %s does not exist", name)
		}
	}
	if got := d.Components.Responses["Problem404"].Content["application/problem+json"].Schema.Ref; got != "#/components/schemas/Problem" {
		t.Errorf("problems have schema %q", got)
	}
}

// Requests are closed, answers are open: clients bear what they do not know.
func TestOnlyRequestsAreClosed(t *testing.T) {
	for name, schema := range theDocument(t).Components.Schemas {
		asked := strings.HasPrefix(name, "New") || strings.HasSuffix(name, "Patch")
		if closed := schema.AdditionalProperties == false; closed != asked {
			t.Errorf("%s: closed %v, asked %v", name, closed, asked)
		}
	}
}

// Quantities carry their unit and are integers; what has digits is a text.
func TestNoFloats(t *testing.T) {
	for name, schema := range theDocument(t).Components.Schemas {
		for member, s := range schema.Properties {
			if s.Type == "number" || s.Format == "double" || s.Format == "float" {
				t.Errorf("%s.%s is a float", name, member)
			}
			if strings.ToLower(member) != member || strings.Contains(member, "-") {
				t.Errorf("%s.%s is not snake_case", name, member)
			}
		}
	}
}
