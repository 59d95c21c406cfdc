package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// version is a version of OCPP as its documents write it.
type version string

// versions are those that Pylon speaks.
var versions = []version{"1.6", "2.0.1", "2.1"}

// page returns the path of the version's page from the repository's root.
func (v version) page() string { return "docs/conformance/ocpp-" + string(v) + ".md" }

// Proof is a test that shows one requirement.
type Proof struct {
	Version     version
	Requirement string // "B01.FR.10", "TC_E_31_CSMS", "3.7.1", "J errata 5.1"
	Title       string // what the test says beside the number; may be empty
	Test        string // the Go function or table that names it
	File        string // from the repository's root, with slashes
}

const (
	// numberPattern is a number that says by itself what it is: a requirement of
	// OCPP 2.x or of the 1.6 security extension, or a certification test case.
	numberPattern = `[A-Z]\d{2}\.FR\.\d+|TC_[A-Z]+_\d+_(?:CSMS|CS)`
	// sectionPattern is a section of a document: "3.7.1" of the specification,
	// "J 4.2.3" of the one on JSON, "errata 5.1" and "J errata 3.2" of their errata.
	sectionPattern = `(?:J )?(?:errata )?\d+(?:\.\d+)+`
)

var (
	label    = regexp.MustCompile(`^(?:(1\.6|2\.0\.1|2\.1|2\.x) (?:(` + numberPattern + `)|(` + sectionPattern + `))|(` + numberPattern + `))`)
	number   = regexp.MustCompile(`\b(?:` + numberPattern + `)\b`)
	listed   = regexp.MustCompile(`^(?:(?:, |/| and )(?:` + numberPattern + `))+| \((?:(?:, )?(?:` + numberPattern + `))+\)$`)
	scope    = regexp.MustCompile(`^ (1\.6|2\.0\.1|2\.1|2\.x)\b`)
	boundary = regexp.MustCompile(`^(?:[\s:,;/]|$)`)
)

// Collect reads the test sources below root and returns what their names prove, in
// the order of files and lines.
func Collect(root string) ([]Proof, error) {
	var proofs []Proof
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case entry.IsDir() && skipped(rel):
			return fs.SkipDir
		case strings.HasSuffix(rel, "_test.go"):
			found, err := collectFile(name, rel)
			proofs = append(proofs, found...)
			return err
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("collect tests: %w", err)
	}
	return proofs, nil
}

// skipped reports whether a folder holds no tests of ours that count: samples,
// what was installed, and this generator's own examples.
func skipped(dir string) bool {
	base := path.Base(dir)
	return base == "testdata" || base == "node_modules" || base != "." && strings.HasPrefix(base, ".") || dir == "test/conformance"
}

// collectFile returns what the names in one test source prove.
func collectFile(name, rel string) ([]Proof, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var proofs []Proof
	for _, decl := range file.Decls {
		test := declared(decl)
		ast.Inspect(decl, func(node ast.Node) bool {
			lit, ok := node.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				return true
			}
			for _, p := range Parse(text, rel) {
				p.Test, p.File = test, rel
				if strings.Contains(text, "%") { // what the test says when it fails is no name
					p.Title = ""
				}
				proofs = append(proofs, p)
			}
			return true
		})
	}
	return proofs, nil
}

// declared returns the name of a function or of the first variable of a declaration.
func declared(decl ast.Decl) string {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return decl.Name.Name
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			if spec, ok := spec.(*ast.ValueSpec); ok {
				return spec.Names[0].Name
			}
		}
	}
	return ""
}

// Parse returns the requirements of a test whose name begins with one; nil for any
// other text. The version may stand before the number or after it. A number without
// one belongs to the version whose package the file tests, and to 2.0.1 elsewhere.
func Parse(name, file string) []Proof {
	match := label.FindStringSubmatch(name)
	if match == nil {
		return nil
	}
	rest, written := name[len(match[0]):], match[1]
	if !boundary.MatchString(rest) {
		return nil
	}
	numbers := append([]string{match[2] + match[3] + match[4]}, number.FindAllString(rest, -1)...)
	title := listed.ReplaceAllString(rest, "")
	if after := scope.FindStringSubmatch(title); after != nil && written == "" {
		written, title = after[1], title[len(after[0]):]
	}
	var proofs []Proof
	for _, v := range versionsOf(written, file) {
		for _, n := range numbers {
			proofs = append(proofs, Proof{Version: v, Requirement: n, Title: strings.Trim(title, " :,;/")})
		}
	}
	return proofs
}

// versionsOf returns the versions that a label means, written out or by its file.
func versionsOf(written, file string) []version {
	switch {
	case written == "2.x":
		return []version{"2.0.1", "2.1"}
	case written != "":
		return []version{version(written)}
	}
	folders := strings.Split(path.Dir(file), "/")
	switch {
	case slices.Contains(folders, "ocpp16"):
		return []version{"1.6"}
	case slices.Contains(folders, "ocpp21"):
		return []version{"2.1"}
	}
	return []version{"2.0.1"}
}
