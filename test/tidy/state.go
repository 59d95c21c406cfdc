package tidy

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// named returns the name under which a file imports a package, "" when it does not.
func (f *File) named(pkg string) string {
	for _, spec := range f.Syntax.Imports {
		if unquoted, err := strconv.Unquote(spec.Path.Value); err != nil || unquoted != pkg {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return pkg[strings.LastIndex(pkg, "/")+1:]
	}
	return ""
}

// selects returns the name that an expression takes from the package which the
// file knows as pkg: of time.Now, "Now". "" for every other expression.
func selects(node ast.Node, pkg string) string {
	selector, ok := node.(*ast.SelectorExpr)
	if !ok || pkg == "" {
		return ""
	}
	if x, ok := selector.X.(*ast.Ident); ok && x.Name == pkg {
		return selector.Sel.Name
	}
	return ""
}

// checkWallClock leaves the clock to kernel/clock. Product code gets the time as an
// argument or from a Clock. Tests do too; they read the clock for a deadline of a
// socket or a context, and sleep only in packages whose tests run in synctest
// bubbles, where it takes no time.
func checkWallClock(_ House, t *Tree, report report) {
	bubbles := map[string]bool{}
	for f := range t.Go {
		if f.named("testing/synctest") != "" {
			bubbles[f.Dir()] = true
		}
	}
	for f := range t.Go {
		if within(f.Dir(), "internal/kernel/clock") || f.Generated || f.Test && bubbles[f.Dir()] {
			continue
		}
		forbidden := []string{"Now", "Since", "Until", "Sleep", "Tick"}
		if f.Product() {
			forbidden = append(forbidden, "After")
		}
		clock := f.named("time")
		ast.Inspect(f.Syntax, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok && !f.Product() {
				return !setsDeadline(call)
			}
			if name := selects(node, clock); slices.Contains(forbidden, name) {
				report(f.Path, t.line(node.Pos()), "time.%s; take the time as an argument or from a clock.Clock", name)
			}
			return true
		})
	}
}

// setsDeadline reports whether a call gives a socket or a context its deadline.
func setsDeadline(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch selector.Sel.Name {
	case "SetDeadline", "SetReadDeadline", "SetWriteDeadline", "WithDeadline", "WriteControl":
		return true
	}
	return false
}

// checkPrints keeps product code from talking past its caller: output goes to a
// writer that was given, news to the logger. Commands and generators may print.
func checkPrints(_ House, t *Tree, report report) {
	for f := range t.Product {
		if f.Syntax.Name.Name == "main" {
			continue
		}
		print, machine, log := f.named("fmt"), f.named("os"), f.named("log")
		ast.Inspect(f.Syntax, func(node ast.Node) bool {
			said := ""
			if name := selects(node, print); strings.HasPrefix(name, "Print") {
				said = "fmt." + name
			}
			if name := selects(node, machine); name == "Stdout" || name == "Stderr" {
				said = "os." + name
			}
			if name := selects(node, log); name != "" {
				said = "log." + name
			}
			if call, ok := node.(*ast.CallExpr); ok {
				if fn, ok := call.Fun.(*ast.Ident); ok && (fn.Name == "println" || fn.Name == "print") {
					said = fn.Name
				}
			}
			if said != "" {
				report(f.Path, t.line(node.Pos()), "%s; write to what the caller gave, or log", said)
			}
			return true
		})
	}
}

// checkInits refuses work that nobody called for.
func checkInits(_ House, t *Tree, report report) {
	for f := range t.Go {
		for _, decl := range f.Syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				report(f.Path, t.line(fn.Pos()), "init runs before anybody asked; do it in New or main")
			}
		}
	}
}

// checkFloats keeps quantities exact: the kernel and the domain count in integers
// and decimals.
func checkFloats(h House, t *Tree, report report) {
	for f := range t.Product {
		if !within(f.Path, "internal/kernel") && !within(f.Path, "internal/domain") {
			continue
		}
		if _, may := h.excuse(f.Path); may {
			continue
		}
		ast.Inspect(f.Syntax, func(node ast.Node) bool {
			if id, ok := node.(*ast.Ident); ok && (id.Name == "float64" || id.Name == "float32") {
				report(f.Path, t.line(id.Pos()), "%s; a quantity is an integer with a unit, or a decimal", id.Name)
			}
			return true
		})
	}
}

// checkGlobals refuses variables that a package could change behind its callers.
// What never changes may stand: sentinel errors, embedded files, compiled patterns,
// and tables that no function writes to. Everything else needs its reason in
// [House.Globals].
func checkGlobals(h House, t *Tree, report report) {
	written := map[string]map[string]bool{}
	for f := range t.Product {
		if written[f.Dir()] == nil {
			written[f.Dir()] = map[string]bool{}
		}
		writes(f.Syntax, written[f.Dir()])
	}
	excused := map[string]bool{}
	for f := range t.Product {
		for name, spec := range globals(f.Syntax) {
			key := f.Dir() + "." + name.Name
			if _, ok := h.Globals[key]; ok {
				excused[key] = true
				continue
			}
			if !constantLike(f, name, spec) || written[f.Dir()][name.Name] {
				report(f.Path, t.line(name.Pos()), "%s can change under its readers; make it a value that somebody owns", name.Name)
			}
		}
	}
	for key := range h.Globals {
		if !excused[key] {
			report("test/tidy/house.go", 1, "%s is excused but does not exist", key)
		}
	}
}

// globals yields the package-level variables of a file with the value each is
// declared with, nil where there is none; embedded files and blanks left out.
func globals(file *ast.File) func(yield func(*ast.Ident, ast.Expr) bool) {
	return func(yield func(*ast.Ident, ast.Expr) bool) {
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR || embeds(gen.Doc) {
				continue
			}
			for _, s := range gen.Specs {
				spec := s.(*ast.ValueSpec)
				for i, name := range spec.Names {
					var value ast.Expr
					if i < len(spec.Values) {
						value = spec.Values[i]
					}
					if name.Name != "_" && !embeds(spec.Doc) && !yield(name, value) {
						return
					}
				}
			}
		}
	}
}

// embeds reports whether a declaration is filled by the compiler.
func embeds(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool {
		return strings.HasPrefix(c.Text, "//go:embed ")
	})
}

// constantLike reports whether a variable's value is one that Go would have as a
// constant if it could.
func constantLike(f *File, name *ast.Ident, value ast.Expr) bool {
	sentinel := strings.HasPrefix(name.Name, "Err") || strings.HasPrefix(name.Name, "err")
	switch value := value.(type) {
	case *ast.SelectorExpr:
		return sentinel
	case *ast.CompositeLit:
		return selects(value.Type, f.named("sync")) == "" && selects(value.Type, f.named("sync/atomic")) == ""
	case *ast.CallExpr:
		if _, conversion := value.Fun.(*ast.ArrayType); conversion {
			return true
		}
		compiled := selects(value.Fun, f.named("regexp")) == "MustCompile" || selects(value.Fun, f.named("strings")) == "NewReplacer"
		return sentinel || compiled
	}
	return false
}

// writes collects the names that a file's functions assign to, take the address
// of, or empty. It goes by name alone: a local of the same name counts too, which
// errs on the safe side.
func writes(file *ast.File, names map[string]bool) {
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.AssignStmt:
			if node.Tok != token.DEFINE {
				for _, target := range node.Lhs {
					names[root(target)] = true
				}
			}
		case *ast.IncDecStmt:
			names[root(node.X)] = true
		case *ast.UnaryExpr:
			if node.Op == token.AND {
				names[root(node.X)] = true
			}
		case *ast.CallExpr:
			if fn, ok := node.Fun.(*ast.Ident); ok && (fn.Name == "delete" || fn.Name == "clear") {
				names[root(node.Args[0])] = true
			}
		}
		return true
	})
}

// root returns the variable that an expression reaches into: of m[k].f, "m".
func root(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return ""
}
