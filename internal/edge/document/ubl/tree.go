package ubl

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
)

// node is an element of an e-invoice, with its usual prefix: cbc:ID.
type node struct {
	name       string
	attributes map[string]string
	text       string
	children   []*node
	parent     *node
}

// Limits of what is read: a statement of 100,000 sessions has some ten million elements.
const (
	depthMost    = 32
	elementsMost = 50_000_000
)

var errSyntax = errors.New("not an e-invoice in UBL")

// parse reads XML into its elements. Namespaces become their usual prefixes; an
// element of another namespace has the prefix "?:".
func parse(data []byte) (*node, error) {
	dec := xml.NewDecoder(bytes.NewReader(data))
	root := &node{}
	at, depth, elements := root, 0, 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errSyntax, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth, elements = depth+1, elements+1; depth > depthMost || elements > elementsMost {
				return nil, fmt.Errorf("%w: too deep or too long", errSyntax)
			}
			child := &node{name: prefixed(token.Name), attributes: map[string]string{}, parent: at}
			for _, a := range token.Attr {
				child.attributes[a.Name.Local] = a.Value
			}
			at.children = append(at.children, child)
			at = child
		case xml.EndElement:
			at, depth = at.parent, depth-1
		case xml.CharData:
			at.text += string(token)
		}
	}
	if len(root.children) != 1 {
		return nil, fmt.Errorf("%w: no root", errSyntax)
	}
	return root.children[0], nil
}

// prefixed names an element with the prefix of its namespace.
func prefixed(name xml.Name) string {
	switch name.Space {
	case oasis + "CommonBasicComponents-2":
		return "cbc:" + name.Local
	case oasis + "CommonAggregateComponents-2":
		return "cac:" + name.Local
	case oasis + name.Local + "-2":
		return name.Local
	}
	return "?:" + name.Local
}

// all returns the elements at a path below n: names with slashes between; the
// empty path is n itself.
func (n *node) all(path string) []*node {
	if path == "" {
		return []*node{n}
	}
	step, rest, _ := strings.Cut(path, "/")
	var found []*node
	for _, child := range n.children {
		if child.name == step {
			found = append(found, child.all(rest)...)
		}
	}
	return found
}

// first returns the first element at a path, or nil.
func (n *node) first(path string) *node {
	if found := n.all(path); len(found) > 0 {
		return found[0]
	}
	return nil
}

// has reports whether there is an element at a path with something in it.
func (n *node) has(path string) bool { return n.value(path) != "" }

// value returns the text of the first element at a path, "" when there is none.
// Elements with children count as something.
func (n *node) value(path string) string {
	found := n.first(path)
	if found == nil {
		return ""
	}
	if text := strings.TrimSpace(found.text); text != "" || len(found.children) == 0 {
		return text
	}
	return "…"
}

// number returns the number at a path, 0 when there is none.
func (n *node) number(path string) exact.Number {
	d, err := decimal.Parse(n.value(path))
	if err != nil {
		return exact.Number{}
	}
	return exact.Of(d)
}

// sum adds up the numbers at a path.
func (n *node) sum(path string) (sum exact.Number) {
	for _, found := range n.all(path) {
		sum = sum.Add(found.number(""))
	}
	return sum
}

// where names the place of an element.
func (n *node) where() string {
	if n.parent == nil || n.parent.name == "" {
		return "/" + n.name
	}
	place := 0
	for _, sibling := range n.parent.children {
		if sibling.name == n.name {
			place++
		}
		if sibling == n {
			break
		}
	}
	return fmt.Sprintf("%s/%s[%d]", n.parent.where(), n.name, place)
}

// walk calls f for n and all that is in it.
func (n *node) walk(f func(*node)) {
	f(n)
	for _, child := range n.children {
		child.walk(f)
	}
}
