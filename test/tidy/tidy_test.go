package tidy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository is where the tests run, seen from here.
const repository = "../.."

// TestHouse holds this repository against each rule.
func TestHouse(t *testing.T) {
	tree := load(t, repository)
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, finding := range rule.Check(Pylon(), tree) {
				t.Error(finding)
			}
		})
	}
}

// TestRules shows that each rule finds what is wrong in its sample, where it is
// wrong, and nothing else. A rule without a sample fails.
func TestRules(t *testing.T) {
	small := House{
		FileLines:   12,
		FuncLines:   5,
		DomainOrder: []string{"event", "station", "session"},
		Globals: map[string]string{
			"internal/excused.pool": "the sample says so",
			"internal/excused.gone": "nobody took it out",
		},
		Money:   []string{"internal/kernel/money", "internal/domain/...", "internal/edge/rest", "internal/gone/..."},
		Floats:  map[string]string{"internal/edge/rest/metrics.go": "the sample says so", "internal/edge/rest/gone.go": "nobody took it out"},
		Modules: []string{"github.com/go-json-experiment/json"},
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			sample := filepath.Join("testdata", rule.Name)
			want, err := os.ReadFile(filepath.Join(sample, "want.txt"))
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, finding := range rule.Check(small, load(t, sample)) {
				got.WriteString(finding.String() + "\n")
			}
			if got.String() != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", &got, want)
			}
			if len(want) == 0 {
				t.Error("the sample breaks nothing")
			}
		})
	}
}

// TestSeal shows that sealing adds what is new, keeps what is there, and that a
// sealed migration may not change.
func TestSeal(t *testing.T) {
	root := t.TempDir()
	write(t, root, "go.mod", "module pylon\n")
	write(t, root, sealPath, "")
	write(t, root, "internal/store/migrations/0001_a.sql", "CREATE TABLE a (id TEXT);\n")
	seal(t, root, "internal/store/migrations/0001_a.sql")
	seal(t, root)
	write(t, root, "internal/store/migrations/0002_b.sql", "CREATE TABLE b (id TEXT);\n")
	seal(t, root, "internal/store/migrations/0002_b.sql")
	if got := findings(t, root, "migration"); got != "" {
		t.Errorf("sealed: got %q, want nothing", got)
	}

	write(t, root, "internal/store/migrations/0001_a.sql", "CREATE TABLE a (id BIGINT);\n")
	seal(t, root)
	if got, want := findings(t, root, "migration"), "0001_a.sql:1: migration: a migration never changes"; !strings.Contains(got, want) {
		t.Errorf("changed: got %q, want %q in it", got, want)
	}
}

// load reads a tree.
func load(t *testing.T, root string) *Tree {
	t.Helper()
	tree, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Files) == 0 {
		t.Fatalf("%s: no files", root)
	}
	return tree
}

// write puts a file below root.
func write(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// seal seals the migrations below root and checks which were new.
func seal(t *testing.T, root string, want ...string) {
	t.Helper()
	sealed, err := Seal(root)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(sealed, " "), strings.Join(want, " "); got != want {
		t.Errorf("sealed: got %q, want %q", got, want)
	}
}

// findings returns what one rule finds below root.
func findings(t *testing.T, root, name string) string {
	t.Helper()
	var all strings.Builder
	for _, rule := range Rules() {
		if rule.Name != name {
			continue
		}
		for _, finding := range rule.Check(Pylon(), load(t, root)) {
			all.WriteString(finding.String() + "\n")
		}
	}
	return all.String()
}
