package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// hardCases returns those below root.
func hardCases(t *testing.T, root string) []HardCase {
	t.Helper()
	cases, err := CollectHardCases(root)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestHardCasesAreCurrent(t *testing.T) {
	committed, err := os.ReadFile(filepath.Join(repository, hardCasesPage))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, HardCasesPage(hardCases(t, repository))) {
		t.Errorf("%s: not what the conversations and tests say; run `make conformance`", hardCasesPage)
	}
}

// TestHardCasesAreWhole makes sure that each case is explained and held in each
// protocol that can have it.
func TestHardCasesAreWhole(t *testing.T) {
	only2 := map[string]bool{"sequence_gap": true} // 1.6 has no numbers
	for _, c := range hardCases(t, repository) {
		if c.Title == "" || c.Pylon == "" {
			t.Errorf("%s: it does not say what it is and what Pylon does", c.Slug)
		}
		if c.Conversations["1.6"] == "" && !only2[c.Slug] {
			t.Errorf("%s: no conversation in 1.6", c.Slug)
		}
		if c.Conversations["2.0.1"] == "" {
			t.Errorf("%s: no conversation in 2.0.1", c.Slug)
		}
	}
}

func TestHardCasesPage(t *testing.T) {
	root := t.TempDir()
	files := map[string]string{
		"testdata/v16_a_leap.txtar":  "A leap | of a meter\n\nIn the field: it leaps.\nPylon: leaves\nit out.\n-- given --\nPylon: not this\n",
		"testdata/v201_a_leap.txtar": "A leap | of a meter\n\nPylon: leaves it out.\n-- given --\n",
		"testdata/v21_b_1.txtar":     "B\n\nPylon: b.\n-- given --\n",
		"x_test.go":                  "package x\n\nfunc TestALeap() {}\n\nfunc TestOther() {}\n",
	}
	for name, text := range files {
		file := filepath.Join(root, hardCasesDir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := `# Hard cases: what goes wrong in the field, and what Pylon does

Written by ` + "`make conformance`" + ` from the conversations and tests in [test/hardcases](../../test/hardcases). Cases: 2.

| case | what Pylon does | conversations | simulated |
|---|---|---|---|
| A leap \| of a meter | Leaves it out. | [1.6](../../test/hardcases/testdata/v16_a_leap.txtar), [2.0.1](../../test/hardcases/testdata/v201_a_leap.txtar) | [TestALeap](../../test/hardcases/x_test.go) |
| B | B. | [2.1](../../test/hardcases/testdata/v21_b_1.txtar) |  |
`
	if got := string(HardCasesPage(hardCases(t, root))); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	other := filepath.Join(root, hardCasesDir, "testdata", "v16_b_1.txtar")
	if err := os.WriteFile(other, []byte("Another B\n\nPylon: b.\n-- given --\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := CollectHardCases(root); err == nil {
		t.Error("two titles of one case: no error")
	}
}
