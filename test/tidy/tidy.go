// Package tidy holds the house rules that can be read off the source: which room
// may know which, how long things get, where the clock is read, what may not
// change any more. Each rule has a bad sample below testdata, so a rule that
// finds nothing has been seen to find something.
//
// It reads files, parses Go and changes nothing. The rules about money ask the
// compiler for types.
package tidy

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// module is the path of our own Go module.
const module = "pylon"

// Finding is one place where the house breaks one of its rules.
type Finding struct {
	Path   string // from the root of the tree, with slashes
	Line   int    // from 1
	Rule   string
	Detail string // what is wrong, and where it is not plain, what to do instead
}

// String is the form that editors and terminals jump to.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.Path, f.Line, f.Rule, f.Detail)
}

// Rule is one rule of the house.
type Rule struct {
	Name  string
	check func(House, *Tree, report)
}

// report takes a finding of the rule that runs.
type report func(path string, line int, format string, args ...any)

// Rules returns every rule.
func Rules() []Rule {
	return []Rule{
		{"import-table", checkImportTable},
		{"inner-import", checkInnerImports},
		{"domain-order", checkDomainOrder},
		{"plain-json", checkPlainJSON},
		{"package-name", checkPackageNames},
		{"package-comment", checkPackageComments},
		{"leftover", checkLeftovers},
		{"file-length", checkFileLengths},
		{"func-length", checkFuncLengths},
		{"format", checkFormat},
		{"wall-clock", checkWallClock},
		{"print", checkPrints},
		{"init", checkInits},
		{"global", checkGlobals},
		{"float", checkFloats},
		{"money-float", checkMoneyFloats},
		{"currency", checkCurrencies},
		{"generate", checkGenerators},
		{"migration", checkMigrations},
		{"decision-record", checkDecisionRecords},
		{"doc-link", checkDocLinks},
		{"proof", checkProofs},
	}
}

// Check returns what the tree does against the rule, in the order of the files.
func (r Rule) Check(h House, t *Tree) []Finding {
	var found []Finding
	r.check(h, t, func(path string, line int, format string, args ...any) {
		found = append(found, Finding{Path: path, Line: line, Rule: r.Name, Detail: fmt.Sprintf(format, args...)})
	})
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line))
	})
	return found
}

// Tree is the source below one folder, read once.
type Tree struct {
	Files []*File         // sorted by path
	root  string          // where it lies
	names map[string]bool // every file and folder, of whatever kind
	known *known          // the types of packages, once a rule has asked
	set   *token.FileSet
}

// File is one text file of a tree.
type File struct {
	Path      string // from the root of the tree, with slashes
	Text      []byte
	Syntax    *ast.File // nil unless it is Go
	Test      bool      // a Go test file
	Generated bool      // says so in its first lines
}

// Dir returns the folder of the file: of a Go file, its package's path without
// the module.
func (f *File) Dir() string { return path.Dir(f.Path) }

// Product reports whether the file is Go code that ships.
func (f *File) Product() bool {
	return f.Syntax != nil && !f.Test && (within(f.Path, "internal") || within(f.Path, "cmd"))
}

// fileMax bounds what is read of the tree: a larger file is no source.
const fileMax = 4 << 20

// kinds are the endings of what the rules read.
var kinds = []string{".go", ".mod", ".md", ".sql", ".sum", ".py", ".mjs", ".js", ".ts", ".svelte", ".css", ".yml", ""}

// Load reads the source below root: what people write, not what is built,
// downloaded or kept as a sample. A Go file that does not parse is an error.
func Load(root string) (*Tree, error) {
	t := &Tree{root: root, names: map[string]bool{}, set: token.NewFileSet()}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if entry.IsDir() && name != root && foreign(entry.Name()) {
			return fs.SkipDir
		}
		rel = filepath.ToSlash(rel)
		t.names[rel] = true
		if entry.Type().IsRegular() && slices.Contains(kinds, filepath.Ext(name)) && !sample(rel) {
			return t.read(name, rel)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", root, err)
	}
	slices.SortFunc(t.Files, func(a, b *File) int { return cmp.Compare(a.Path, b.Path) }) // a folder's come before those that begin like it
	return t, nil
}

// foreign reports whether a folder holds what is not ours to judge.
func foreign(dir string) bool {
	switch dir {
	case "node_modules", "bin", "dist", "data":
		return true
	}
	return strings.HasPrefix(dir, ".") && dir != ".ci"
}

// sample reports whether a file is a test's sample: documents may link to it, and
// no rule reads it.
func sample(path string) bool { return slices.Contains(strings.Split(path, "/"), "testdata") }

// read adds the file name to the tree, at path.
func (t *Tree) read(name, path string) error {
	info, err := os.Stat(name)
	if err != nil || info.Size() > fileMax {
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	f := &File{Path: path, Text: text}
	if filepath.Ext(name) == ".go" {
		f.Syntax, err = parser.ParseFile(t.set, f.Path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f.Test = strings.HasSuffix(name, "_test.go")
		f.Generated = ast.IsGenerated(f.Syntax)
	}
	t.Files = append(t.Files, f)
	return nil
}

// Go yields the Go files.
func (t *Tree) Go(yield func(*File) bool) {
	for _, f := range t.Files {
		if f.Syntax != nil && !yield(f) {
			return
		}
	}
}

// Product yields the Go files that ship.
func (t *Tree) Product(yield func(*File) bool) {
	for _, f := range t.Files {
		if f.Product() && !yield(f) {
			return
		}
	}
}

// find returns the file at the path, or nil.
func (t *Tree) find(path string) *File {
	i, ok := slices.BinarySearchFunc(t.Files, path, func(f *File, path string) int { return cmp.Compare(f.Path, path) })
	if !ok {
		return nil
	}
	return t.Files[i]
}

// line returns the line of a position.
func (t *Tree) line(pos token.Pos) int { return t.set.Position(pos).Line }

// lines yields the lines of a file with their numbers, from 1.
func (f *File) lines(yield func(int, string) bool) {
	number := 0
	for line := range bytes.Lines(f.Text) {
		number++
		if !yield(number, strings.TrimRight(string(line), "\r\n")) {
			return
		}
	}
}

// within reports whether a path is dir or lies below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}
