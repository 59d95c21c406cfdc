package tidy

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Two rules need more than the text of the source: that no number on its way to
// money is a float, and that amounts of two currencies do not meet behind the
// back of package money. The types are the compiler's own: `go list` tells where
// it has kept them.

// typed is a package with its types, product code only.
type typed struct {
	files []*File
	info  *types.Info
}

// listed is what `go list` says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	Error                   *struct{ Err string }
}

// known are the types of the packages that a rule has asked for.
type known struct {
	dirs     []string
	packages []typed
	err      error
}

// typed returns the packages in the folders, and below those that end in /... .
// A folder that the tree does not have is left out here.
func (t *Tree) typed(dirs []string) ([]typed, error) {
	if t.known == nil || !slices.Equal(t.known.dirs, dirs) {
		packages, err := t.readTypes(dirs)
		t.known = &known{dirs, packages, err}
	}
	return t.known.packages, t.known.err
}

func (t *Tree) readTypes(dirs []string) ([]typed, error) {
	var patterns []string
	for _, dir := range dirs {
		if t.names[strings.TrimSuffix(dir, "/...")] {
			patterns = append(patterns, "./"+dir)
		}
	}
	if len(patterns) == 0 {
		return nil, nil
	}
	all, err := t.list(patterns)
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string, len(all))
	for _, l := range all {
		exports[l.ImportPath] = l.Export
	}
	from := importer.ForCompiler(t.set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var found []typed
	for _, l := range all {
		if dir, mine := ours(l.ImportPath); mine && covers(dirs, dir) {
			p, err := t.check(l, dir, from)
			if err != nil {
				return nil, err
			}
			found = append(found, p)
		}
	}
	return found, nil
}

// covers reports whether one of the patterns is about a folder.
func covers(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		above, all := strings.CutSuffix(p, "/...")
		return dir == above || all && within(dir, above)
	})
}

// list asks for packages and everything that they import, compiled.
func (t *Tree) list(patterns []string) ([]listed, error) {
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Error"}, patterns...)...)
	cmd.Dir = t.root
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &said)
	}
	var all []listed
	for decoder := jsontext.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := json.UnmarshalDecode(decoder, &l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, l)
	}
}

// check finds the types of a package's product code.
func (t *Tree) check(l listed, dir string, from types.Importer) (typed, error) {
	p := typed{info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}, Uses: map[*ast.Ident]types.Object{},
	}}
	var syntax []*ast.File
	for _, name := range l.GoFiles {
		if f := t.find(filepath.ToSlash(filepath.Join(dir, name))); f != nil {
			p.files, syntax = append(p.files, f), append(syntax, f.Syntax)
		}
	}
	_, err := (&types.Config{Importer: from}).Check(l.ImportPath, t.set, syntax, p.info)
	return p, err
}

// checkMoneyFloats keeps floating point out of everything that a number passes on
// its way to money: no expression there has such a type, and no JSON is read into
// what takes any number, which makes it a float. Files in [House.Floats] may.
func checkMoneyFloats(h House, t *Tree, report report) {
	packages, err := t.typed(h.Money)
	if err != nil {
		report("go.mod", 1, "%v", err)
		return
	}
	excused := map[string]bool{}
	for _, p := range packages {
		for _, f := range p.files {
			told := map[int]bool{}
			p.floats(f, func(at ast.Node, what string) {
				line := t.line(at.Pos())
				if key, may := h.excuse(f.Path); may {
					excused[key] = true
				} else if !told[line] {
					told[line] = true
					report(f.Path, line, "%s; on its way to money a number is an integer, a decimal or exact", what)
				}
			})
		}
	}
	for _, dir := range h.Money {
		if !t.names[strings.TrimSuffix(dir, "/...")] {
			report("test/tidy/house.go", 1, "%s is on the way to money and not there", dir)
		}
	}
	for key := range h.Floats {
		if !excused[key] {
			report("test/tidy/house.go", 1, "%s is excused and has no floats", key)
		}
	}
}

// excuse returns the key under which a file's floats are excused: its own, or that of a
// folder above.
func (h House) excuse(file string) (key string, may bool) {
	for key := range h.Floats {
		if file == key || covers([]string{key}, path.Dir(file)) {
			return key, true
		}
	}
	return "", false
}

// floats calls found for every expression of a file that is a float, or makes one.
func (p *typed) floats(f *File, found func(at ast.Node, what string)) {
	ast.Inspect(f.Syntax, func(node ast.Node) bool {
		if id, ok := node.(*ast.Ident); ok {
			if object := p.info.Defs[id]; object != nil && floats(object.Type()) {
				found(id, id.Name+" is of type "+object.Type().String())
			}
		}
		if e, ok := node.(ast.Expr); ok {
			if is := p.info.Types[e]; is.Type != nil && floats(is.Type) {
				found(e, types.ExprString(e)+" is of type "+is.Type.String())
			}
		}
		if call, ok := node.(*ast.CallExpr); ok && p.decodes(call) {
			for _, arg := range call.Args {
				if target, ok := p.info.Types[arg].Type.(*types.Pointer); ok && loose(target, nil) {
					found(call, "JSON is read into "+target.String()+", which takes a number as a float64")
				}
			}
		}
		return true
	})
}

// floats reports whether a value of a type is a floating point number; of several
// values, whether one is.
func floats(t types.Type) bool {
	if several, ok := t.(*types.Tuple); ok {
		for v := range several.Variables() {
			if floats(v.Type()) {
				return true
			}
		}
		return false
	}
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsFloat|types.IsComplex) != 0
}

// decodes reports whether a call reads JSON into one of its arguments.
func (p *typed) decodes(call *ast.CallExpr) bool {
	name := call.Fun
	if indexed, ok := name.(*ast.IndexExpr); ok {
		name = indexed.X
	}
	selector, ok := name.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	fn, ok := p.info.Uses[selector.Sel].(*types.Func)
	return ok && fn.Pkg() != nil && strings.HasSuffix(fn.Pkg().Path(), "/json") && strings.HasPrefix(fn.Name(), "Unmarshal")
}

// loose reports whether a type has room for whatever comes: an empty interface in
// it, at any depth.
func loose(t types.Type, seen []types.Type) bool {
	if slices.ContainsFunc(seen, func(s types.Type) bool { return types.Identical(s, t) }) {
		return false
	}
	seen = append(seen, t)
	if _, given := types.Unalias(t).(*types.TypeParam); given {
		return false // whoever names the type is looked at
	}
	switch t := t.Underlying().(type) {
	case *types.Interface:
		return t.Empty()
	case *types.Pointer:
		return loose(t.Elem(), seen)
	case *types.Slice:
		return loose(t.Elem(), seen)
	case *types.Array:
		return loose(t.Elem(), seen)
	case *types.Map:
		return loose(t.Elem(), seen)
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() && loose(field.Type(), seen) {
				return true
			}
		}
	}
	return false
}

// moneyPackage is where amounts are reckoned with.
const moneyPackage = "internal/kernel/money"

// checkCurrencies keeps amounts of two currencies apart: outside of package money
// nobody adds up, takes away or compares the minor units of two amounts, for these
// know no currency.
func checkCurrencies(h House, t *Tree, report report) {
	packages, err := t.typed(h.Money)
	if err != nil {
		report("go.mod", 1, "%v", err)
		return
	}
	for _, p := range packages {
		for _, f := range p.files {
			if within(f.Path, moneyPackage) {
				continue
			}
			ast.Inspect(f.Syntax, func(node ast.Node) bool {
				if e := p.mixes(node); e != nil {
					report(f.Path, t.line(e.Pos()), "%s loses its currency; use the methods of the amount", types.ExprString(e))
				}
				return true
			})
		}
	}
}

// mixes returns the minor units of an amount that meet those of another, nil when
// none do.
func (p *typed) mixes(node ast.Node) ast.Expr {
	switch node := node.(type) {
	case *ast.BinaryExpr:
		if p.minor(node.X) && p.minor(node.Y) {
			return node.X
		}
	case *ast.AssignStmt:
		if node.Tok != token.ASSIGN && node.Tok != token.DEFINE && p.minor(node.Lhs[0]) && p.minor(node.Rhs[0]) {
			return node.Lhs[0]
		}
	}
	return nil
}

// minor reports whether an expression is the minor units of an amount.
func (p *typed) minor(e ast.Expr) bool {
	selector, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	selection := p.info.Selections[selector]
	if selection == nil || selector.Sel.Name != "Minor" || selection.Obj().Pkg() == nil {
		return false
	}
	return selection.Obj().Pkg().Path() == module+"/"+moneyPackage
}
