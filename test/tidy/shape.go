package tidy

import (
	"bytes"
	"go/ast"
	"go/format"
	"maps"
	"path"
	"regexp"
	"strings"
)

// checkPackageComments wants one comment per package that says what it provides
// and what it guarantees; a command's says what the command does.
func checkPackageComments(_ House, t *Tree, report report) {
	type pkg struct{ dir, name string }
	commented := map[pkg]bool{}
	first := map[pkg]*File{}
	for f := range t.Go {
		p := pkg{f.Dir(), strings.TrimSuffix(f.Syntax.Name.Name, "_test")}
		if first[p] == nil || first[p].Test && !f.Test {
			first[p] = f
		}
		doc := f.Syntax.Doc.Text()
		commented[p] = commented[p] || strings.HasPrefix(doc, "Package ") || p.name == "main" && doc != ""
	}
	for p, f := range first {
		if !commented[p] {
			report(f.Path, t.line(f.Syntax.Package), "package %s has no comment that begins with \"Package %s\"", p.name, p.name)
		}
	}
}

// leftover finds what somebody meant to come back to. The words are put together
// here so that this file is none.
var leftover = regexp.MustCompile(`\b(FIX` + `ME|XX` + `X|TO` + `DO)\b`)

// checkLeftovers refuses notes to oneself: what is open is written where others
// look for open things. In Go only comments count.
func checkLeftovers(_ House, t *Tree, report report) {
	for _, f := range t.Files {
		if f.Generated || path.Ext(f.Path) == ".md" {
			continue
		}
		if f.Syntax == nil {
			for number, line := range f.lines {
				if word := leftover.FindString(line); word != "" {
					report(f.Path, number, "%s is left", word)
				}
			}
			continue
		}
		for _, group := range f.Syntax.Comments {
			for _, c := range group.List {
				if word := leftover.FindString(c.Text); word != "" {
					report(f.Path, t.line(c.Pos()), "%s is left", word)
				}
			}
		}
	}
}

// checkFileLengths keeps files to what one reads in a sitting. Data and texts for
// people may be long.
func checkFileLengths(h House, t *Tree, report report) {
	for _, f := range t.Files {
		switch path.Ext(f.Path) {
		case ".go", ".py", ".mjs", ".js", ".ts", ".svelte", ".css":
		default:
			continue
		}
		if n := bytes.Count(f.Text, []byte("\n")); n >= h.FileLines && !f.Generated {
			report(f.Path, 1, "%d lines; a file has fewer than %d", n, h.FileLines)
		}
	}
}

// checkFuncLengths keeps functions to a screen. In tests a subtest is a function of
// its own, and what is listed as data does not count: a table is read line by line,
// not held in the head.
func checkFuncLengths(h House, t *Tree, report report) {
	for f := range t.Go {
		if f.Generated {
			continue
		}
		for _, decl := range f.Syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			for body, lines := range t.bodies(f, fn.Body) {
				if lines > h.FuncLines {
					name := fn.Name.Name
					if body != fn.Body {
						name = "a subtest of " + name
					}
					report(f.Path, t.line(body.Lbrace), "%s has %d lines; a function has at most %d", name, lines, h.FuncLines)
				}
			}
		}
	}
}

// bodies returns how many lines a function has between its braces, and of a test's
// function how many each of its subtests has.
func (t *Tree) bodies(f *File, body *ast.BlockStmt) map[*ast.BlockStmt]int {
	counts := map[*ast.BlockStmt]int{}
	counts[body] = t.line(body.Rbrace) - t.line(body.Lbrace) - 1
	if !f.Test {
		return counts
	}
	ast.Inspect(body, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CompositeLit:
			counts[body] -= t.line(node.Rbrace) - t.line(node.Lbrace)
			return false
		case *ast.CallExpr:
			subtest := subtestOf(node)
			if subtest == nil {
				return true
			}
			counts[body] -= t.line(subtest.Rbrace) - t.line(subtest.Lbrace)
			maps.Copy(counts, t.bodies(f, subtest))
			return false
		}
		return true
	})
	return counts
}

// subtestOf returns the body of the function that a call of t.Run runs, or nil.
func subtestOf(call *ast.CallExpr) *ast.BlockStmt {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Run" || len(call.Args) != 2 {
		return nil
	}
	if subtest, ok := call.Args[1].(*ast.FuncLit); ok {
		return subtest.Body
	}
	return nil
}

// checkFormat wants Go as gofmt writes it.
func checkFormat(_ House, t *Tree, report report) {
	for f := range t.Go {
		want, err := format.Source(f.Text)
		if err != nil || bytes.Equal(f.Text, want) {
			continue
		}
		line := 1
		for i := range min(len(want), len(f.Text)) {
			if want[i] != f.Text[i] {
				break
			}
			if want[i] == '\n' {
				line++
			}
		}
		report(f.Path, line, "not formatted; run gofmt")
	}
}
