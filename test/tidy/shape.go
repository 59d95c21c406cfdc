package tidy

import (
	"bytes"
	"go/ast"
	"go/format"
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

// checkFuncLengths keeps functions to a screen. What a test lists as data does not
// count: a table is read line by line, not held in the head.
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
			n := t.line(fn.Body.Rbrace) - t.line(fn.Body.Lbrace) - 1
			if f.Test {
				n -= t.dataLines(fn.Body)
			}
			if n > h.FuncLines {
				report(f.Path, t.line(fn.Pos()), "%s has %d lines; a function has at most %d", fn.Name.Name, n, h.FuncLines)
			}
		}
	}
}

// dataLines counts the lines that composite literals span beyond their first, the
// outermost only.
func (t *Tree) dataLines(body *ast.BlockStmt) int {
	n := 0
	ast.Inspect(body, func(node ast.Node) bool {
		lit, ok := node.(*ast.CompositeLit)
		if ok {
			n += t.line(lit.Rbrace) - t.line(lit.Lbrace)
		}
		return !ok
	})
	return n
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
