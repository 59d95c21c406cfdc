package rating_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The raters know the standard library and the kernel only: neither one another nor anything else that
// could make both wrong in the same way.
func TestRatersShareTheKernelOnly(t *testing.T) {
	for _, name := range []string{"plain", "swift"} {
		dir := filepath.Join("..", "..", "internal", "domain", "tariff", name)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, entry := range entries {
			if entry.IsDir() || !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, entry.Name()), nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			read++
			for _, spec := range file.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				first, _, _ := strings.Cut(path, "/")
				if strings.Contains(first, ".") || first == "pylon" && !strings.HasPrefix(path, "pylon/internal/kernel/") {
					t.Errorf("%s/%s imports %s", name, entry.Name(), path)
				}
			}
		}
		if read == 0 {
			t.Errorf("%s has no code", dir)
		}
	}
}
