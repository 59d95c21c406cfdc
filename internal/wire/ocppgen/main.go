// Command ocppgen writes the Go packages of the OCPP versions from the official JSON schemas: structures, enumerations,
// decoders and validation.
//
// It is run by go generate in internal/wire/ocpp16, ocpp201 and ocpp21. The schemas are not part of this repository;
// PYLON_SHARED, or -shared, names the folder that has them below spec/ocpp. The output depends on the
// schemas alone. No text of the specification goes into it, only names and numbers.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	shared := flag.String("shared", "", "folder with spec/ocpp (default $PYLON_SHARED)")
	out := flag.String("out", ".", "folder of the package; its name says which version is written")
	pkg := flag.String("package", os.Getenv("GOPACKAGE"), "ocpp16, ocpp201 or ocpp21")
	flag.Parse()
	if err := run(*pkg, *shared, *out); err != nil {
		fmt.Fprintln(os.Stderr, "ocppgen:", err)
		os.Exit(1)
	}
}

// run writes the package pkg into the folder out and removes files an older generator left there.
func run(pkg, shared, out string) error {
	if shared == "" {
		shared = os.Getenv("PYLON_SHARED")
	}
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared") // beside the repository
	}
	files, err := generate(pkg, shared)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(out, "*"+suffix))
	if err != nil {
		return err
	}
	for _, path := range old {
		if !slices.ContainsFunc(files, func(f file) bool { return f.name == filepath.Base(path) }) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(out, f.name), f.content, 0o644); err != nil { //nolint:gosec // source code is for everybody to read
			return err
		}
	}
	return nil
}

// suffix marks generated files.
const suffix = "_gen.go"

// file is a generated file.
type file struct {
	name    string
	content []byte
}

// generate returns the files of a package.
func generate(pkg, shared string) ([]file, error) {
	v, err := versionOf(pkg)
	if err != nil {
		return nil, err
	}
	m, err := load(v, filepath.Join(shared, "spec", "ocpp"))
	if err != nil {
		return nil, err
	}
	var files []file
	for _, part := range []struct {
		name string
		emit func(*strings.Builder, *model)
	}{
		{"actions", emitActions},
		{"messages", func(b *strings.Builder, m *model) { emitStructures(b, m, m.messages) }},
		{"classes", func(b *strings.Builder, m *model) { emitStructures(b, m, m.sortedClasses()) }},
		{"enums", emitEnums},
		{"read", emitReaders},
		{"validate", emitValidators},
	} {
		var b strings.Builder
		part.emit(&b, m)
		content, err := source(v, b.String())
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", part.name, suffix, err)
		}
		files = append(files, file{part.name + suffix, content})
	}
	return files, nil
}
