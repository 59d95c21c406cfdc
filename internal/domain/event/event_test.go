package event_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"
)

// Types are public: each is a noun and a past verb, and no two are the same.
func TestTypes(t *testing.T) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	form, names := regexp.MustCompile(`^[a-z]+(_[a-z]+)?\.([a-z]+_)?([a-z]+(ed|en)|held|paid)$`), map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("%s is no literal", spec.Names[0])
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !form.MatchString(text) {
			t.Errorf("%s: %q is no noun.past_verb", spec.Names[0], text)
		}
		if other, twice := names[text]; twice {
			t.Errorf("%q is %s and %s", text, other, spec.Names[0])
		}
		names[text] = spec.Names[0].Name
		return true
	})
	if len(names) == 0 {
		t.Error("no types found")
	}
}
