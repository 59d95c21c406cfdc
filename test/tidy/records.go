package tidy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// checkGenerators wants every package that generates code named in the Makefile's
// generate target, so that one command writes all of it anew.
func checkGenerators(_ House, t *Tree, report report) {
	var recipe []string
	if makefile := t.find("Makefile"); makefile != nil {
		inside := false
		for _, line := range makefile.lines {
			inside = strings.HasPrefix(line, "generate:") || inside && strings.HasPrefix(line, "\t")
			if inside {
				recipe = append(recipe, strings.Fields(line)...)
			}
		}
	}
	for f := range t.Go {
		for number, line := range f.lines {
			if strings.HasPrefix(line, "//go:generate ") && !slices.Contains(recipe, "./"+f.Dir()) {
				report(f.Path, number, "./%s is not in the Makefile's generate target", f.Dir())
			}
		}
	}
}

// sealPath holds the digests of the migrations, one `sha256  path` a line, as the
// sha256sum program reads and writes them.
const sealPath = "test/tidy/migrations.sum"

// migration reports whether a file is one of the database's steps.
func (f *File) migration() bool {
	return path.Ext(f.Path) == ".sql" && path.Base(f.Dir()) == "migrations"
}

// digest returns the SHA-256 of the file in hex.
func (f *File) digest() string {
	sum := sha256.Sum256(f.Text)
	return hex.EncodeToString(sum[:])
}

// seals returns the recorded digest of each migration and the line it stands on.
func (t *Tree) seals() (digests map[string]string, lines map[string]int) {
	digests, lines = map[string]string{}, map[string]int{}
	sums := t.find(sealPath)
	if sums == nil {
		return digests, lines
	}
	for number, line := range sums.lines {
		if digest, name, ok := strings.Cut(line, "  "); ok {
			digests[name], lines[name] = digest, number
		}
	}
	return digests, lines
}

// checkMigrations refuses a migration that changed after somebody may have run it,
// one that vanished, and one that nobody sealed.
func checkMigrations(_ House, t *Tree, report report) {
	digests, lines := t.seals()
	for _, f := range t.Files {
		if !f.migration() {
			continue
		}
		switch digest, sealed := digests[f.Path]; {
		case !sealed:
			report(f.Path, 1, "a new migration; seal it with `make seal-migrations`")
		case digest != f.digest():
			report(f.Path, 1, "a migration never changes once it is sealed; add another that goes on from here")
		}
		delete(digests, f.Path)
	}
	for name := range digests {
		report(sealPath, lines[name], "%s is gone; a migration stays", name)
	}
}

// Seal appends the digests of new migrations below root to the record and returns
// their paths. It changes no line that is there.
func Seal(root string) ([]string, error) {
	t, err := Load(root)
	if err != nil {
		return nil, err
	}
	digests, _ := t.seals()
	record, err := os.OpenFile(filepath.Join(root, sealPath), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("seal migrations: %w", err)
	}
	defer record.Close()
	var sealed []string
	for _, f := range t.Files {
		if _, known := digests[f.Path]; known || !f.migration() {
			continue
		}
		if _, err := fmt.Fprintf(record, "%s  %s\n", f.digest(), f.Path); err != nil {
			return sealed, fmt.Errorf("seal %s: %w", f.Path, err)
		}
		sealed = append(sealed, f.Path)
	}
	return sealed, record.Close()
}

// requirement is a line of go.mod that names a module we import ourselves.
var requirement = regexp.MustCompile(`^(?:require )?\s*([a-z0-9.-]+\.[a-z]+/\S+) v\S+(.*)$`)

// checkDecisionRecords wants a record in docs/adr that names each module we
// depend on and so says why.
func checkDecisionRecords(_ House, t *Tree, report report) {
	var records strings.Builder
	for _, f := range t.Files {
		if within(f.Path, "docs/adr") {
			records.Write(f.Text)
		}
	}
	mod := t.find("go.mod")
	if mod == nil {
		return
	}
	for number, line := range mod.lines {
		match := requirement.FindStringSubmatch(line)
		if match == nil || strings.Contains(match[2], "// indirect") {
			continue
		}
		if !strings.Contains(records.String(), "`"+match[1]+"`") {
			report(mod.Path, number, "no record in docs/adr names `%s`", match[1])
		}
	}
}

// proof is a test as documents name it: `internal/store.TestPosting`.
var proof = regexp.MustCompile("`([a-z0-9_/]+)\\.(Test\\w+)`")

// checkProofs wants every test there that a document names as a proof.
func checkProofs(_ House, t *Tree, report report) {
	tests := map[string]bool{}
	for f := range t.Go {
		if !f.Test {
			continue
		}
		for _, decl := range f.Syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				tests[f.Dir()+"."+fn.Name.Name] = true
			}
		}
	}
	for _, f := range t.Files {
		if path.Ext(f.Path) != ".md" {
			continue
		}
		for number, line := range f.lines {
			for _, match := range proof.FindAllStringSubmatch(line, -1) {
				if name := match[1] + "." + match[2]; !tests[name] {
					report(f.Path, number, "there is no test %s", name)
				}
			}
		}
	}
}

// link is a link of Markdown, to anything.
var link = regexp.MustCompile(`\]\(([^()\s]+)\)`)

// checkDocLinks wants every link between our own documents and files to arrive.
func checkDocLinks(_ House, t *Tree, report report) {
	for _, f := range t.Files {
		if path.Ext(f.Path) != ".md" {
			continue
		}
		for number, line := range f.lines {
			for _, match := range link.FindAllStringSubmatch(line, -1) {
				target, _, _ := strings.Cut(match[1], "#")
				if target == "" || strings.Contains(target, ":") {
					continue
				}
				if !t.names[path.Join(f.Dir(), target)] {
					report(f.Path, number, "%s is not there", target)
				}
			}
		}
	}
}
