package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// hardCasesDir holds what goes wrong in the field: conversations, and tests with
	// the simulator.
	hardCasesDir = "test/hardcases"
	// hardCasesPage lists the cases.
	hardCasesPage = "docs/conformance/hard-cases.md"
)

// HardCase is something that goes wrong in the field, and what shows that Pylon
// copes with it.
type HardCase struct {
	Slug          string // "meter_reset": of its conversations, and of its test
	Title         string
	Pylon         string            // what Pylon does
	Conversations map[string]string // by version of OCPP, files from the repository's root
	Test          string            // that holds a simulated station against it; "" when none does
	TestFile      string
}

// CollectHardCases reads the conversations and the tests below root, ordered by
// slug. Conversations of one case that differ in their title are an error.
func CollectHardCases(root string) ([]HardCase, error) {
	files, err := filepath.Glob(filepath.Join(root, hardCasesDir, "testdata", "*.txtar"))
	if err != nil {
		return nil, err
	}
	var cases []HardCase
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		base := path.Base(filepath.ToSlash(file))
		spoken, slug, _ := strings.Cut(strings.TrimSuffix(base, ".txtar"), "_")
		title, does := explanation(string(text))
		at := slices.IndexFunc(cases, func(c HardCase) bool { return c.Slug == slug })
		if at < 0 {
			cases = append(cases, HardCase{Slug: slug, Title: title, Pylon: does, Conversations: map[string]string{}})
			at = len(cases) - 1
		}
		if cases[at].Title != title {
			return nil, fmt.Errorf("%s: its title is %q, that of the case is %q", base, title, cases[at].Title)
		}
		cases[at].Conversations[spokenVersion(spoken)] = hardCasesDir + "/testdata/" + base
	}
	slices.SortFunc(cases, func(a, b HardCase) int { return strings.Compare(a.Slug, b.Slug) })
	return cases, addSimulated(root, cases)
}

// explanation returns a conversation's first line, and the paragraph of its
// comment that says what Pylon does.
func explanation(text string) (title, does string) {
	comment, _, _ := strings.Cut(text, "\n-- ")
	title, _, _ = strings.Cut(comment, "\n")
	_, does, _ = strings.Cut(comment, "\nPylon: ")
	does = strings.Join(strings.Fields(does), " ")
	if does != "" {
		does = strings.ToUpper(does[:1]) + does[1:]
	}
	return title, does
}

// spokenVersion turns "v201" into "2.0.1".
func spokenVersion(name string) string {
	return strings.Join(strings.Split(strings.TrimPrefix(name, "v"), ""), ".")
}

// addSimulated finds the tests that are named after the cases.
func addSimulated(root string, cases []HardCase) error {
	files, err := filepath.Glob(filepath.Join(root, hardCasesDir, "*_test.go"))
	if err != nil {
		return err
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for i := range cases {
				if f.Name.Name == testName(cases[i].Slug) {
					cases[i].Test, cases[i].TestFile = f.Name.Name, hardCasesDir+"/"+filepath.Base(name)
				}
			}
		}
	}
	return nil
}

// testName turns "meter_reset" into "TestMeterReset".
func testName(slug string) string {
	words := strings.Split(slug, "_")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:min(1, len(w))]) + w[min(1, len(w)):]
	}
	return "Test" + strings.Join(words, "")
}

// HardCasesPage returns the table of the cases. The same cases give the same bytes.
func HardCasesPage(cases []HardCase) []byte {
	var page bytes.Buffer
	page.WriteString("# Hard cases: what goes wrong in the field, and what Pylon does\n\n")
	fmt.Fprintf(&page, "Written by `make conformance` from the conversations and tests in [%s](../../%s). Cases: %d.\n\n", hardCasesDir, hardCasesDir, len(cases))
	page.WriteString("| case | what Pylon does | conversations | simulated |\n|---|---|---|---|\n")
	for _, c := range cases {
		var conversations []string
		for v, file := range c.Conversations {
			conversations = append(conversations, fmt.Sprintf("[%s](../../%s)", v, file))
		}
		slices.Sort(conversations)
		simulated := ""
		if c.Test != "" {
			simulated = fmt.Sprintf("[%s](../../%s)", c.Test, c.TestFile)
		}
		fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", markdown.Replace(c.Title), markdown.Replace(c.Pylon), strings.Join(conversations, ", "), simulated)
	}
	return page.Bytes()
}
