package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is the root of the project, seen from here.
const repository = "../.."

// TestPagesAreCurrent compares the committed pages with what the tests say now.
func TestPagesAreCurrent(t *testing.T) {
	proofs := collect(t, repository)
	for _, v := range versions {
		committed, err := os.ReadFile(filepath.Join(repository, v.page()))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(committed, Page(v, proofs)) {
			t.Errorf("%s: not what the tests say; run `make conformance`", v.page())
		}
	}
}

// TestRequirementsExist looks each number up in the documents of its version, so
// that a slip of the pen proves nothing.
func TestRequirementsExist(t *testing.T) {
	known := map[version]string{}
	for _, v := range versions {
		known[v] = documents(t, v)
	}
	number := regexp.MustCompile(`^(?:` + numberPattern + `)$`)
	for _, p := range collect(t, repository) {
		if number.MatchString(p.Requirement) && !strings.Contains(known[p.Version], p.Requirement) {
			t.Errorf("%s: %s: OCPP %s has no %s", p.File, p.Test, p.Version, p.Requirement)
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, file string
		want       []Proof
	}{
		{
			"B01.FR.10 a pending station may only boot", "internal/edge/ocpp/boot_test.go",
			[]Proof{{Version: "2.0.1", Requirement: "B01.FR.10", Title: "a pending station may only boot"}},
		},
		{"B01.FR.10, B02.FR.09 and B03.FR.07: refused", "a_test.go", []Proof{
			{Version: "2.0.1", Requirement: "B01.FR.10", Title: "refused"},
			{Version: "2.0.1", Requirement: "B02.FR.09", Title: "refused"},
			{Version: "2.0.1", Requirement: "B03.FR.07", Title: "refused"},
		}},
		{"C01.FR.07 with its group (C01.FR.06, C09.FR.09)", "a_test.go", []Proof{
			{Version: "2.0.1", Requirement: "C01.FR.07", Title: "with its group"},
			{Version: "2.0.1", Requirement: "C01.FR.06", Title: "with its group"},
			{Version: "2.0.1", Requirement: "C09.FR.09", Title: "with its group"},
		}},
		{"A00.FR.205 2.1 just too long", "a_test.go", []Proof{{Version: "2.1", Requirement: "A00.FR.205", Title: "just too long"}}},
		{"2.x E02.FR.05", "a_test.go", []Proof{
			{Version: "2.0.1", Requirement: "E02.FR.05"}, {Version: "2.1", Requirement: "E02.FR.05"},
		}},
		{"TC_E_31_CSMS", "internal/wire/ocpp21/a_test.go", []Proof{{Version: "2.1", Requirement: "TC_E_31_CSMS"}}},
		{
			"1.6 3.7.1 a stop is tried again", "a_test.go",
			[]Proof{{Version: "1.6", Requirement: "3.7.1", Title: "a stop is tried again"}},
		},
		{
			"1.6 J errata 5.1: FormationViolation", "a_test.go",
			[]Proof{{Version: "1.6", Requirement: "J errata 5.1", Title: "FormationViolation"}},
		},
		{"1.6 A00.FR.206", "a_test.go", []Proof{{Version: "1.6", Requirement: "A00.FR.206"}}},
		{name: "1.6 stations are lenient", file: "a_test.go"},
		{name: "3.7.1 of which version", file: "a_test.go"},
		{name: "B01.FR.10x is no number", file: "a_test.go"},
		{name: "as B01.FR.10 says, in the middle", file: "a_test.go"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Parse(tt.name, tt.file); !slices.Equal(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestPage(t *testing.T) {
	source := `package p

import "testing"

var cases = []struct{ name string }{{"B10.FR.2 a|b"}, {"B9.FR.1 not a number"}}

func TestBoot(t *testing.T) {
	t.Run("B10.FR.10", nil)
	t.Run("B02.FR.01 second", nil)
	t.Run("B02.FR.01 first [of all]", nil)
	t.Run("B02.FR.01 first [of all]", nil)
	t.Run("2.1 B02.FR.01 elsewhere", nil)
}
`
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "p_test.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	want := `# OCPP 2.0.1: what the tests show

Written by ` + "`make conformance`" + ` from the names of the tests. Requirements shown: 3.

| requirement | tests |
|---|---|
| B02.FR.01 | [TestBoot](../../p_test.go): first \[of all\]; second |
| B10.FR.2 | [cases](../../p_test.go): a\|b |
| B10.FR.10 | [TestBoot](../../p_test.go) |
`
	if got := string(Page("2.0.1", collect(t, root))); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// collect returns what the tests below root prove.
func collect(t *testing.T, root string) []Proof {
	t.Helper()
	proofs, err := Collect(root)
	if err != nil {
		t.Fatal(err)
	}
	return proofs
}

// documents returns the text of a version's documents.
func documents(t *testing.T, v version) string {
	t.Helper()
	shared := os.Getenv("PYLON_SHARED")
	if shared == "" {
		shared = filepath.Join(repository, "..", "shared")
	}
	names, err := filepath.Glob(filepath.Join(shared, "spec", "ocpp", string(v), "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s: no documents of OCPP %s", shared, v)
		}
		t.Skipf("%s: no documents of OCPP %s; PYLON_SHARED names the folder that has them", shared, v)
	}
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
