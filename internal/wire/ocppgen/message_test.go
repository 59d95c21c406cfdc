package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/wire/schema"
)

// tree is a message as the test builds it: JSON with the schema of every value beside it, so that a
// mutation knows what it breaks.
type tree struct {
	node    *node
	file    loader
	members []member // of an object
	items   []*tree  // of an array
	literal string   // of everything else
}

type member struct {
	name     string
	required bool
	value    *tree
}

// author writes random messages.
type author struct {
	*rand.Rand
	full float64 // how likely an optional field is
}

// message writes a valid message of a schema.
func (a author) message(l loader, n *node) *tree { return a.value(l, n, 0) }

func (a author) value(l loader, n *node, depth int) *tree {
	if definition, ok := strings.CutPrefix(n.Ref, "#/definitions/"); ok {
		n = l.definitions[definition]
	}
	t := &tree{node: n, file: l}
	switch {
	case n.Type == "object":
		for _, p := range n.Properties {
			required := strings.Contains(" "+strings.Join(n.Required, " ")+" ", " "+p.name+" ")
			if required || a.Float64() < a.full/float64(1+depth) {
				t.members = append(t.members, member{p.name, required, a.value(l, p.node, depth+1)})
			}
		}
		a.Shuffle(len(t.members), func(i, j int) { t.members[i], t.members[j] = t.members[j], t.members[i] })
	case n.Type == "array":
		low, high := 0, 3
		if n.MinItems != nil {
			low = *n.MinItems
		}
		if n.MaxItems != nil {
			high = min(*n.MaxItems, low+2)
		}
		for range low + a.IntN(max(high-low, 0)+1) {
			t.items = append(t.items, a.value(l, n.Items, depth+1))
		}
	default:
		t.literal = a.scalar(n)
	}
	return t
}

func (a author) scalar(n *node) string {
	switch {
	case n.Enum != nil:
		return a.quote(n.Enum[a.IntN(len(n.Enum))])
	case n.Format == "date-time":
		return a.quote(a.pick("2026-03-04T10:15:30Z", "2024-02-29T23:59:59.123456789Z", "2026-03-04t10:15:30.5z",
			"2026-03-04T10:15:30+01:00", "2026-03-04T10:15:30.000-11:30", "2016-12-31T23:59:60Z"))
	case n.Format == "uri":
		return a.quote(a.pick("https://example.org/f.bin", "ftp://u:p@10.0.0.1:21/logs/", "file:/tmp/a"))
	case n.Type == "string":
		limit := 30
		if n.MaxLength != nil {
			limit = *n.MaxLength
		}
		length := a.IntN(min(limit, 40) + 1)
		if limit < 300 && a.IntN(4) == 0 {
			length = limit // the boundary
		}
		return a.quote(a.text(length))
	case n.Type == "integer":
		return a.integer(n)
	case n.Type == "number":
		return a.number(n)
	case n.Type == "boolean":
		return a.pick("true", "false")
	default:
		return a.pick(`null`, `"text"`, `{"a":[1,2,{"b":null}]}`, `[1.50,true]`, `-0.0`)
	}
}

func (a author) pick(choices ...string) string { return choices[a.IntN(len(choices))] }

func (a author) text(length int) string {
	alphabet := []rune(`abcdefghij ABC 0123456789 -_./:"\` + "äß€漢😀\u2028\n\x7f")
	text := make([]rune, length)
	for i := range text {
		text[i] = alphabet[a.IntN(len(alphabet))]
	}
	return string(text)
}

// quote writes a text as JSON, sometimes with escapes that are not needed.
func (a author) quote(text string) string {
	if a.IntN(8) == 0 {
		var b strings.Builder
		for _, c := range text {
			if c > 0xFFFF {
				b.WriteRune(c)
			} else {
				fmt.Fprintf(&b, `\u%04x`, c)
			}
		}
		return `"` + b.String() + `"`
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

func (a author) integer(n *node) string {
	low, high := -1000, 1000
	if n.Minimum != nil {
		low = int(*n.Minimum)
	}
	if n.Maximum != nil {
		high = int(*n.Maximum)
	}
	value := low + a.IntN(high-low+1)
	switch a.IntN(6) {
	case 0:
		value = low
	case 1:
		value = high
	case 2:
		return strconv.Itoa(value) + ".0"
	}
	return strconv.Itoa(value)
}

func (a author) number(n *node) string {
	switch {
	case n.MultipleOf != nil:
		return a.pick("8.1", "0.3", "16", "-1.10", "12e1", "4.35e1", "1234567.7")
	case n.Minimum != nil:
		return a.pick("0", "0.0", "99.99", "100", "1e2", "1.50")
	case n.Maximum != nil:
		return a.pick("0", "-0.1", "-1e3", "-12.50")
	default:
		return a.pick("0", "12345.678", "-12.50", "1e3", "1E-3", "230.10", "0.1")
	}
}

// json writes the message, with white space here and there.
func (a author) json(t *tree) []byte {
	var b strings.Builder
	a.write(&b, t)
	return []byte(b.String())
}

// compact writes the message on one line without white space of its own.
func (a author) compact(t *tree) []byte {
	value := jsontext.Value(a.json(t))
	if err := value.Compact(jsontext.PreserveRawStrings(false)); err != nil {
		panic(err)
	}
	return value
}

func (a author) write(b *strings.Builder, t *tree) {
	space := func() {
		if a.IntN(20) == 0 {
			b.WriteString(a.pick(" ", "\n", "\t", " \r\n "))
		}
	}
	space()
	switch {
	case t.literal != "":
		b.WriteString(t.literal)
	case t.node.Type == "array":
		b.WriteString("[")
		for i, item := range t.items {
			if i > 0 {
				b.WriteString(",")
			}
			a.write(b, item)
		}
		space()
		b.WriteString("]")
	default:
		b.WriteString("{")
		for i, m := range t.members {
			if i > 0 {
				b.WriteString(",")
			}
			space()
			b.WriteString(a.quote(m.name))
			space()
			b.WriteString(":")
			a.write(b, m.value)
		}
		space()
		b.WriteString("}")
	}
	space()
}

// mutation is one way to break, or not to break, a message.
type mutation struct {
	path  string
	rule  schema.Rule // 0: the message stays valid
	apply func()
}

// mutations lists what can be done to a message.
func (a author) mutations(t *tree) []mutation {
	var list []mutation
	a.collect(t, "", &list)
	return list
}

func (a author) collect(t *tree, path string, list *[]mutation) {
	replace := func(rule schema.Rule, literal string) {
		*list = append(*list, mutation{path, rule, func() { t.literal = literal }})
	}
	n := t.node
	if n.Type != "" {
		replace(schema.RuleType, "null")
		replace(schema.RuleType, a.wrongType(n.Type))
	}
	switch {
	case n.Type == "object":
		a.collectObject(t, path, list)
	case n.Type == "array":
		a.collectArray(t, path, list)
	case n.Enum != nil:
		replace(schema.RuleEnum, `"NoSuchValue"`)
		replace(schema.RuleEnum, `""`)
		replace(schema.RuleEnum, a.quote(strings.ToLower(n.Enum[0])+" "))
	case n.Format == "date-time":
		for _, bad := range []string{
			"2026-03-04T10:15:30", "2026-02-29T10:15:30Z", "2026-03-04 10:15:30Z", "2026-03-04T10:15:30+0100", "now", "",
			"2026-03-04T24:00:00Z", "2026-03-04T10:15:60Z", "2026-03-04T10:15:30.Z", "2026-03-04T10:15:30+24:00", "2026-03-04T10:15:30,5Z",
		} {
			replace(schema.RuleFormat, a.quote(bad))
		}
	case n.Format == "uri":
		replace(schema.RuleFormat, `"/relative"`)
		replace(schema.RuleFormat, `""`)
	case n.MaxLength != nil:
		replace(schema.RuleLength, a.quote(a.text(*n.MaxLength+1)))
		replace(0, a.quote(strings.Repeat("漢", *n.MaxLength)))
	}
	if n.Minimum != nil {
		replace(schema.RuleRange, strconv.Itoa(int(*n.Minimum)-1))
		if n.Type == "number" {
			replace(schema.RuleRange, "-0.01")
		}
	}
	if n.Maximum != nil {
		replace(schema.RuleRange, strconv.Itoa(int(*n.Maximum)+1))
	}
	if n.MultipleOf != nil {
		replace(schema.RuleRange, a.pick("8.15", "0.01", "1e-2"))
	}
	if n.Type == "integer" {
		replace(schema.RuleType, "1.5")
	}
}

func (a author) wrongType(typ string) string {
	choices := map[string]string{"object": "{}", "array": "[]", "string": `"1"`, "integer": "1", "number": "1", "boolean": "true"}
	delete(choices, typ)
	if typ == "number" {
		delete(choices, "integer")
	}
	if typ == "integer" {
		delete(choices, "number")
	}
	var literals []string
	for _, name := range []string{"object", "array", "string", "integer", "number", "boolean"} {
		if literal, ok := choices[name]; ok {
			literals = append(literals, literal)
		}
	}
	return a.pick(literals...)
}

func (a author) collectObject(t *tree, path string, list *[]mutation) {
	prefix := path
	if prefix != "" {
		prefix += "."
	}
	unknown := schema.RuleUnknown
	if t.node.AdditionalProperties == nil && len(t.node.Properties) > 0 {
		unknown = 0
	}
	*list = append(*list, mutation{prefix + "vendorExtra", unknown, func() {
		t.members = append(t.members, member{name: "vendorExtra", value: &tree{literal: `{"a":[1.50,null]}`}})
	}})
	for i, m := range t.members {
		if m.required {
			*list = append(*list, mutation{prefix + m.name, schema.RuleRequired, func() {
				t.members = append(t.members[:i:i], t.members[i+1:]...)
			}})
		}
		a.collect(m.value, prefix+m.name, list)
	}
}

func (a author) collectArray(t *tree, path string, list *[]mutation) {
	if low := t.node.MinItems; low != nil && *low > 0 {
		*list = append(*list, mutation{path, schema.RuleItems, func() { t.items = t.items[:*low-1] }})
	}
	if high := t.node.MaxItems; high != nil && *high < 2000 {
		*list = append(*list, mutation{path, schema.RuleItems, func() {
			plain := author{a.Rand, 0}
			for len(t.items) <= *high {
				t.items = append(t.items, plain.value(t.file, t.node.Items, 9))
			}
		}})
	}
	for i, item := range t.items {
		a.collect(item, path+"["+strconv.Itoa(i)+"]", list)
	}
}
