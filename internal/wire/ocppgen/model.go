package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// model is what is generated for one version.
type model struct {
	version  version
	enums    map[string]*enum  // by Go name
	classes  map[string]*class // by Go name
	messages []*class
}

// enum is an enumeration.
type enum struct {
	name   string
	values []string // in the schema's order
}

// class is a structure: a message or a part of messages.
type class struct {
	name   string
	action string // of a message
	open   bool   // fields beyond the schema are allowed
	fields []field
}

type kind int

const (
	kindText kind = iota
	kindURI
	kindTime
	kindEnum
	kindInt
	kindDecimal
	kindBool
	kindObject
	kindAny
)

// field is a field of a class.
type field struct {
	json, name         string
	required, list     bool
	kind               kind
	typ                string // Go type of the value, or of an item
	minItems, maxItems *int
	node               *node // the schema of the value, or of an item
}

// rank sorts the fields of a class: required ones first (their presence is a prefix of bits), customData last.
func (f field) rank() int {
	switch {
	case f.required:
		return 0
	case f.json == "customData":
		return 2
	default:
		return 1
	}
}

// goType is the type of the Go field.
func (f field) goType() string {
	switch {
	case f.list:
		return "[]" + f.typ
	case f.required || f.kind == kindAny:
		return f.typ
	default:
		return "*" + f.typ
	}
}

// shape is what must be equal when two files define the same class.
func (c *class) shape() string {
	var b strings.Builder
	for _, f := range c.fields {
		fmt.Fprint(&b, f.json, f.goType(), f.required, number(f.minItems), number(f.maxItems), number(f.node.MaxLength),
			number(f.node.Minimum), number(f.node.Maximum), f.node.MultipleOf != nil, f.node.Format, "\n")
	}
	return fmt.Sprint(b.String(), c.open)
}

func number[N any](n *N) string {
	if n == nil {
		return " none"
	}
	return fmt.Sprint(" ", *n)
}

// addEnum adds an enumeration and returns its Go name.
func (m *model) addEnum(file, path, name string, values []string) (string, error) {
	if special := m.version.renamed[file+"#"+name]; special != "" {
		name = special
	}
	if name == "" {
		name = m.version.fieldEnums[path[strings.LastIndexByte(path, '.')+1:]]
	}
	if name == "" {
		return "", fmt.Errorf("the enumeration has no name in the generator's table")
	}
	bare := goName(strings.TrimSuffix(strings.TrimSuffix(name, "Type"), "Enum"))
	if slices.Contains(m.version.typeEnums, bare) {
		bare += "Type"
	}
	if known := m.enums[bare]; known != nil && !slices.Equal(known.values, values) {
		return "", fmt.Errorf("%s is defined twice, differently", bare)
	}
	m.enums[bare] = &enum{name: bare, values: values}
	return bare, nil
}

// constant is the Go name of a value of the enumeration.
func (e *enum) constant(value string) string {
	var b strings.Builder
	b.WriteString(e.name)
	for _, word := range strings.FieldsFunc(value, func(c rune) bool { return c == '.' || c == '-' || c == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// finish checks that no two things have one name, and every message a direction.
func (m *model) finish() error {
	names := map[string]string{}
	claim := func(name, what string) error {
		if other, taken := names[name]; taken {
			return fmt.Errorf("%s: both %s and %s", name, other, what)
		}
		names[name] = what
		return nil
	}
	for _, e := range m.sortedEnums() {
		if err := claim(e.name, "an enumeration"); err != nil {
			return err
		}
		for _, value := range e.values {
			if err := claim(e.constant(value), "a value of "+e.name); err != nil {
				return err
			}
		}
	}
	for _, c := range slices.Concat(m.sortedClasses(), m.messages) {
		if err := claim(c.name, "a structure"); err != nil {
			return err
		}
		if len(c.fields) > 63 {
			return fmt.Errorf("%s: more fields than the reader has bits", c.name)
		}
	}
	slices.SortFunc(m.messages, func(a, b *class) int { return strings.Compare(a.name, b.name) })
	for _, name := range m.version.fromStation {
		if !slices.Contains(m.actions(), name) {
			return fmt.Errorf("action %s has no schema", name)
		}
	}
	return nil
}

func (m *model) sortedEnums() []*enum {
	return slices.SortedFunc(maps.Values(m.enums), func(a, b *enum) int { return strings.Compare(a.name, b.name) })
}

func (m *model) sortedClasses() []*class {
	return slices.SortedFunc(maps.Values(m.classes), func(a, b *class) int { return strings.Compare(a.name, b.name) })
}

// actions returns the names of all actions, sorted.
func (m *model) actions() []string {
	var names []string
	for _, c := range m.messages {
		names = append(names, c.action)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// has reports whether there is a message of that Go name.
func (m *model) has(name string) bool {
	return slices.ContainsFunc(m.messages, func(c *class) bool { return c.name == name })
}
