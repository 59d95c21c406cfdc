// Package schematest has the tests that the generated packages of all OCPP versions share.
package schematest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/wire/schema"
)

// Package is a generated package under test.
type Package struct {
	Actions     func() []schema.Action
	NewRequest  func(action string) (schema.Message, bool)
	NewResponse func(action string) (schema.Message, bool)
	Corpus      string // the text of testdata/messages.txt
}

// entry is a line of the corpus: what is wrong ("valid" or "rule:path"), the type, the JSON.
type entry struct {
	verdict, name, json string
}

// create returns a new message of the type's name.
func (p Package) create(name string) (schema.Message, bool) {
	if action, ok := strings.CutSuffix(name, "Response"); ok {
		return p.NewResponse(action)
	}
	return p.NewRequest(strings.TrimSuffix(name, "Request"))
}

// Directory checks that every action has its messages and somebody who asks.
func (p Package) Directory(t *testing.T) {
	for _, a := range p.Actions() {
		request, ok := p.NewRequest(a.Name)
		if !ok || request.Action() != a.Name {
			t.Errorf("%s: no request", a.Name)
		}
		if _, ok := p.NewResponse(a.Name); ok == a.Send {
			t.Errorf("%s: got a response: %t, sent without one: %t", a.Name, ok, a.Send)
		}
		if !a.FromStation && !a.FromCSMS {
			t.Errorf("%s: nobody asks for it", a.Name)
		}
	}
	if m, ok := p.NewRequest("NoSuchAction"); ok || m != nil {
		t.Errorf("got %v for an action that does not exist", m)
	}
}

// Verdicts checks the verdict on every message of the package's corpus, and that the good ones
// survive decoding and encoding.
func (p Package) Verdicts(t *testing.T) {
	for _, e := range p.entries(t) {
		t.Run(e.name+"/"+e.verdict, func(t *testing.T) {
			m, ok := p.create(e.name)
			if !ok {
				t.Fatalf("%s: no such message", e.name)
			}
			violations := schema.Decode([]byte(e.json), m)
			if got := verdict(violations); got != e.verdict {
				t.Fatalf("got %s, want %s: %v", got, e.verdict, violations)
			}
			if violations.Tolerable() {
				p.again(t, e.name, m, violations)
			}
			if violations == nil && testing.AllocsPerRun(10, func() { var r schema.Report; m.Validate(&r) }) > 1 {
				t.Error("validation of a valid message costs more memory than its report")
			}
		})
	}
}

// Fuzz decodes what the fuzzer makes of the corpus: no panic, no more violations than a report holds, no
// tolerable verdict on what is not JSON, and nothing that changes when it is encoded and decoded again.
func (p Package) Fuzz(f *testing.F) {
	for _, e := range p.entries(f) {
		f.Add(e.name, []byte(e.json))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		m, ok := p.create(name)
		if !ok {
			return
		}
		violations := schema.Decode(data, m)
		if len(violations) > schema.MaxViolations {
			t.Fatalf("got %d violations", len(violations))
		}
		if !violations.Tolerable() {
			return
		}
		if !jsontext.Value(data).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("accepted what is not JSON: %q", data)
		}
		p.again(t, name, m, violations)
	})
}

// again encodes m, decodes the result and demands the same once more.
func (p Package) again(t *testing.T, name string, m schema.Message, violations schema.Violations) {
	t.Helper()
	first, err := schema.Encode(m)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	second, _ := p.create(name)
	repeated := schema.Decode(first, second)
	if violations == nil && repeated != nil || !repeated.Tolerable() {
		t.Fatalf("encoded %s: %v", first, repeated)
	}
	got, err := schema.Encode(second)
	if err != nil {
		t.Fatalf("encode again: %v", err)
	}
	if !bytes.Equal(got, first) {
		t.Fatalf("got  %s\nwant %s", got, first)
	}
}

func (p Package) entries(t testing.TB) []entry {
	t.Helper()
	var entries []entry
	for i, line := range strings.Split(strings.TrimSpace(p.Corpus), "\n") {
		parts := strings.SplitN(line, " ", 3)
		if len(parts) != 3 {
			t.Fatalf("messages.txt:%d: want verdict, type and JSON", i+1)
		}
		entries = append(entries, entry{parts[0], parts[1], parts[2]})
	}
	return entries
}

// verdict is the first violation in the words of the corpus.
func verdict(violations schema.Violations) string {
	if len(violations) == 0 {
		return "valid"
	}
	return fmt.Sprintf("%s:%s", strings.ReplaceAll(violations[0].Rule.String(), " ", "-"), violations[0].Path)
}
