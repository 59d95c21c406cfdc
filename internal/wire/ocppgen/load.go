package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// node is the part of JSON Schema that the OCPP schemas use. What they use beyond it (title, comment,
// description, javaType, default) says nothing about the wire.
type node struct {
	Ref                  string           `json:"$ref"`
	Type                 string           `json:"type"`
	Format               string           `json:"format"`
	Enum                 []string         `json:"enum"`
	MaxLength            *int             `json:"maxLength"`
	Minimum              *float64         `json:"minimum"`
	Maximum              *float64         `json:"maximum"`
	MultipleOf           *float64         `json:"multipleOf"`
	Items                *node            `json:"items"`
	MinItems             *int             `json:"minItems"`
	MaxItems             *int             `json:"maxItems"`
	Properties           properties       `json:"properties"`
	Required             []string         `json:"required"`
	AdditionalProperties *bool            `json:"additionalProperties"`
	Definitions          map[string]*node `json:"definitions"`

	// Rest catches keywords nobody taught the generator: they are an error, not a gap in the validation.
	Rest map[string]jsontext.Value `json:",embed"`
}

// silent are the keywords that change nothing on the wire. The items of additionalItems are never
// reached, because items is always one schema for all of them.
func silent(keyword string) bool {
	return slices.Contains([]string{
		"$schema", "id", "$id", "title", "comment", "description", "javaType", "default", "additionalItems",
	}, keyword)
}

// property is one field of an object schema.
type property struct {
	name string
	node *node
}

// properties keeps the order of the schema, so that the generated structures read like it.
type properties []property

// UnmarshalJSONFrom reads an object of schemas.
func (ps *properties) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		p := property{name: name.String(), node: new(node)}
		if err := json.UnmarshalDecode(dec, p.node); err != nil {
			return err
		}
		*ps = append(*ps, p)
	}
	_, err := dec.ReadToken()
	return err
}

// load reads the schemas of a version into a model.
func load(v version, root string) (*model, error) {
	m := &model{version: v, enums: map[string]*enum{}, classes: map[string]*class{}}
	for _, folder := range v.folders {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.json"))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: no schemas", filepath.Join(root, folder))
		}
		slices.Sort(files)
		for _, file := range files {
			if err := m.loadFile(file); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return m, m.finish()
}

func (m *model) loadFile(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	root := new(node)
	data = []byte(strings.TrimPrefix(string(data), "\uFEFF"))
	if err := json.Unmarshal(data, root); err != nil {
		return err
	}
	name := strings.TrimSuffix(filepath.Base(file), ".json")
	action, response := strings.CutSuffix(name, "Response")
	action = strings.TrimSuffix(action, "Request")
	l := loader{model: m, file: name, definitions: root.Definitions}
	c, err := l.class(name, root)
	if err != nil {
		return err
	}
	// The name of an action is a word of OCPP and stays as it is: GetInstalledCertificateIdsRequest.
	c.action, c.name = action, action+"Request"
	if response {
		c.name = action + "Response"
	}
	m.messages = append(m.messages, c)
	return nil
}

// loader turns the schema of one file into structures of the model.
type loader struct {
	model       *model
	file        string
	definitions map[string]*node
}

// class makes a structure of an object schema. path is where the schema stands, for the names of 1.6.
func (l loader) class(path string, n *node) (*class, error) {
	if err := n.understood(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c := &class{open: n.AdditionalProperties == nil}
	for _, p := range n.Properties {
		f, err := l.field(path+"."+p.name, p.node)
		if err != nil {
			return nil, err
		}
		f.json, f.name = p.name, goName(p.name)
		if f.name == "Action" {
			f.name = f.typ // every message has a method Action
		}
		f.required = slices.Contains(n.Required, p.name)
		c.fields = append(c.fields, f)
	}
	for _, name := range n.Required {
		if !slices.ContainsFunc(c.fields, func(f field) bool { return f.json == name }) {
			return nil, fmt.Errorf("%s: required field %s has no schema", path, name)
		}
	}
	slices.SortStableFunc(c.fields, func(a, b field) int { return a.rank() - b.rank() })
	return c, nil
}

// field makes a field, without its name, of a schema.
func (l loader) field(path string, n *node) (field, error) {
	f := field{node: n}
	if n.Type == "array" {
		if err := n.understood(); err != nil {
			return field{}, fmt.Errorf("%s: %w", path, err)
		}
		f.list, f.minItems, f.maxItems = true, n.MinItems, n.MaxItems
		n = n.Items
	}
	name := l.model.version.inline[path]
	if definition, ok := strings.CutPrefix(n.Ref, "#/definitions/"); ok {
		if n = l.definitions[definition]; n == nil {
			return field{}, fmt.Errorf("%s: no definition %s", path, definition)
		}
		name = definition
	}
	if err := n.understood(); err != nil {
		return field{}, fmt.Errorf("%s: %w", path, err)
	}
	f.node = n
	var err error
	switch {
	case n.Enum != nil:
		f.kind = kindEnum
		f.typ, err = l.model.addEnum(l.file, path, name, n.Enum)
	case n.Type == "object":
		f.kind = kindObject
		f.typ, err = l.object(path, name, n)
	default:
		f.kind, f.typ, err = scalar(n)
	}
	if err != nil {
		return field{}, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (l loader) object(path, name string, n *node) (string, error) {
	if name == "" {
		return "", fmt.Errorf("the object has no name in the generator's table")
	}
	c, err := l.class(path, n)
	if err != nil {
		return "", err
	}
	c.name = goName(strings.TrimSuffix(name, "Type"))
	if known := l.model.classes[c.name]; known != nil && known.shape() != c.shape() {
		return "", fmt.Errorf("%s is defined twice, differently", c.name)
	}
	l.model.classes[c.name] = c
	return c.name, nil
}

// scalar returns the kind and the Go type of a schema that is no enumeration, object or array.
func scalar(n *node) (kind, string, error) {
	switch {
	case n.Type == "string" && n.Format == "date-time":
		return kindTime, "schema.Timestamp", nil
	case n.Type == "string" && n.Format == "uri":
		return kindURI, "string", nil
	case n.Type == "string" && n.Format == "":
		return kindText, "string", nil
	case n.Type == "integer":
		return kindInt, "int", nil
	case n.Type == "number":
		return kindDecimal, "decimal.Decimal", nil
	case n.Type == "boolean":
		return kindBool, "bool", nil
	case n.Type == "" && n.Ref == "":
		return kindAny, "jsontext.Value", nil
	}
	return 0, "", fmt.Errorf("no Go type for type %q, format %q", n.Type, n.Format)
}

// understood refuses keywords and values the generator would silently get wrong.
func (n *node) understood() error {
	for _, keyword := range slices.Sorted(maps.Keys(n.Rest)) {
		if !silent(keyword) {
			return fmt.Errorf("keyword %s is not understood", keyword)
		}
	}
	if n.AdditionalProperties != nil && *n.AdditionalProperties {
		return fmt.Errorf("additionalProperties is true")
	}
	if n.MultipleOf != nil && *n.MultipleOf != 0.1 {
		return fmt.Errorf("multipleOf %v is not understood", *n.MultipleOf)
	}
	for _, bound := range []*float64{n.Minimum, n.Maximum} {
		if bound != nil && *bound != float64(int(*bound)) {
			return fmt.Errorf("bound %v is not an integer", *bound)
		}
	}
	return nil
}
