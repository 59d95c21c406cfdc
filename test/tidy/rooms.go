package tidy

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// room is a part of the house and the parts it may know, itself not included
// unless it says so.
type room struct {
	dir   string
	knows []string
}

// rooms is the import table. Edges stand apart: see [mayImport].
var rooms = []room{
	{"internal/kernel", []string{"internal/kernel"}},
	{"internal/wire", []string{"internal/kernel", "internal/wire"}},
	{"internal/domain", []string{"internal/kernel", "internal/domain"}},
	{"internal/flow", []string{"internal/kernel", "internal/domain", "internal/flow"}},
	{"internal/store", []string{"internal/kernel", "internal/domain", "internal/store"}},
	{"internal/cluster", []string{"internal/kernel", "internal/domain", "internal/cluster"}},
	{"internal/edge", []string{"internal/kernel", "internal/wire", "internal/domain", "internal/flow", "web"}},
	{"internal/client", []string{"internal/kernel", "internal/client"}},
	{"internal/sim/powerlab", []string{"internal/kernel", "internal/domain/power", "internal/sim"}}, // it judges decisions, not messages
	{"internal/sim", []string{"internal/kernel", "internal/wire", "internal/sim"}},
	{"internal/app", []string{"internal", "web"}},
	{"cmd", []string{"internal/app", "internal/sim", "internal/client", "cmd"}},
	{"web", nil},
	{"test", []string{"internal", "test", "web"}},
}

// roomOf returns the room of a package; false when the house has none for it.
func roomOf(dir string) (room, bool) {
	for _, r := range rooms {
		if within(dir, r.dir) {
			return r, true
		}
	}
	return room{}, false
}

// mayImport reports whether the import table lets package from import package to.
// An edge knows its own packages and no other edge.
func mayImport(from, to string) bool {
	r, ok := roomOf(from)
	if !ok {
		return false
	}
	if r.dir == "internal/edge" && within(to, "internal/edge") {
		return edgeOf(from) == edgeOf(to)
	}
	return slices.ContainsFunc(r.knows, func(dir string) bool { return within(to, dir) })
}

// edgeOf returns the folder of the edge that a package belongs to.
func edgeOf(dir string) string {
	parts := strings.SplitN(dir, "/", 4)
	return strings.Join(parts[:min(3, len(parts))], "/")
}

// imports calls f for each import of a file.
func (t *Tree) imports(file *File, f func(path string, line int)) {
	for _, spec := range file.Syntax.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			f(path, t.line(spec.Pos()))
		}
	}
}

// ours returns the folder of one of our own packages.
func ours(path string) (dir string, ok bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// outside reports whether a file belongs to an external test, which may know all.
func (f *File) outside() bool {
	return f.Test && strings.HasSuffix(f.Syntax.Name.Name, "_test")
}

// checkImportTable holds imports of our own packages against the table, and
// refuses packages in places that the house does not have.
func checkImportTable(_ House, t *Tree, report report) {
	for f := range t.Go {
		if f.outside() {
			continue
		}
		if _, ok := roomOf(f.Dir()); !ok {
			report(f.Path, t.line(f.Syntax.Package), "the house has no room %s", f.Dir())
			continue
		}
		t.imports(f, func(path string, line int) {
			if dir, ok := ours(path); ok && !mayImport(f.Dir(), dir) {
				report(f.Path, line, "%s may not import %s", f.Dir(), dir)
			}
		})
	}
}

// inner are the rooms that touch nothing but values.
var inner = []string{"internal/kernel", "internal/wire", "internal/domain"}

// outerPackages are what the inner rooms leave to others: the network, the
// machine, the database, the log.
var outerPackages = []string{"net", "net/http", "os", "database/sql", "log", "syscall", "unsafe"}

// checkInnerImports keeps the world out of the inner rooms: of their product code
// only, and not of their generators.
func checkInnerImports(h House, t *Tree, report report) {
	for f := range t.Product {
		if !slices.ContainsFunc(inner, func(dir string) bool { return within(f.Path, dir) }) || f.Syntax.Name.Name == "main" {
			continue
		}
		t.imports(f, func(path string, line int) {
			switch {
			case path == "net" || slices.ContainsFunc(outerPackages[1:], func(outer string) bool { return within(path, outer) }):
				report(f.Path, line, "%s belongs to the edges of the house", path)
			case thirdParty(path) && !slices.ContainsFunc(h.Modules, func(m string) bool { return within(path, m) }):
				report(f.Path, line, "%s is not among the modules that the inner rooms use", path)
			}
		})
	}
}

// thirdParty reports whether an import comes from another module.
func thirdParty(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}

// checkDomainOrder lets a domain package import only those listed before it.
func checkDomainOrder(h House, t *Tree, report report) {
	place := func(dir string) int {
		name, _, _ := strings.Cut(strings.TrimPrefix(dir, "internal/domain/"), "/")
		return slices.Index(h.DomainOrder, name)
	}
	for f := range t.Go {
		if !within(f.Dir(), "internal/domain") || f.outside() {
			continue
		}
		own := place(f.Dir())
		if own < 0 {
			report(f.Path, t.line(f.Syntax.Package), "%s has no place in the order of the domain", f.Dir())
			continue
		}
		t.imports(f, func(path string, line int) {
			dir, ok := ours(path)
			if ok && within(dir, "internal/domain") && place(dir) > own {
				report(f.Path, line, "%s comes after %s in the domain", dir, f.Dir())
			}
		})
	}
}

// checkPlainJSON keeps the old decoder, which takes anything and loses digits, out
// of what ships.
func checkPlainJSON(_ House, t *Tree, report report) {
	for f := range t.Product {
		t.imports(f, func(path string, line int) {
			if path == "encoding/json" {
				report(f.Path, line, "use github.com/go-json-experiment/json")
			}
		})
	}
}

// vagueNames say nothing about what a package provides.
var vagueNames = []string{
	"util", "utils", "common", "helper", "helpers", "model", "models", "type", "types", "misc", "base", "shared", "lib",
}

// checkPackageNames refuses packages named for nothing.
func checkPackageNames(_ House, t *Tree, report report) {
	for f := range t.Go {
		name := strings.TrimSuffix(f.Syntax.Name.Name, "_test")
		if slices.Contains(vagueNames, name) || slices.Contains(vagueNames, path.Base(f.Dir())) {
			report(f.Path, t.line(f.Syntax.Package), "a package is named for what it provides, not %q", name)
		}
	}
}
