package remote

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pair is a value and the path of names that leads to it, with dots between.
type pair struct{ path, value string }

// chapter is a list of things inside a thing.
type chapter struct {
	path   string
	things []*yaml.Node
}

// split takes a thing apart: its values in their order, and the lists of things
// in it. What is empty is in neither.
func split(path string, n *yaml.Node) (values []pair, chapters []chapter) {
	switch n.Kind {
	case yaml.DocumentNode:
		return split(path, n.Content[0])
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, c := split(strings.TrimPrefix(path+"."+n.Content[i].Value, "."), n.Content[i+1])
			values, chapters = append(values, v...), append(chapters, c...)
		}
	case yaml.SequenceNode:
		var words []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return nil, []chapter{{path, n.Content}}
			}
			words = append(words, item.Value)
		}
		if len(words) > 0 {
			values = []pair{{path, strings.Join(words, ", ")}}
		}
	case yaml.ScalarNode:
		if n.Tag != "!!null" && n.Value != "" {
			values = []pair{{path, n.Value}}
		}
	}
	return values, chapters
}

// lines returns the things of a chapter as lines of a table; a thing that holds
// things has a line for each of them.
func (c chapter) lines() [][]pair {
	var all [][]pair
	for _, thing := range c.things {
		values, inner := split("", thing)
		if len(inner) == 0 {
			all = append(all, values)
		}
		for _, in := range inner {
			for _, line := range in.lines() {
				whole := slices.Clone(values)
				for _, p := range line {
					whole = append(whole, pair{strings.TrimSuffix(in.path+"."+p.path, "."), p.value})
				}
				all = append(all, whole)
			}
		}
	}
	return all
}

// writeSheet shows people a thing: its values, name by name, and below them the
// lists that it holds, as tables. What is empty is left out.
func writeSheet(out io.Writer, text []byte) error {
	doc, err := parsed(text)
	if err != nil {
		return err
	}
	values, chapters := split("", doc)
	var rows [][]string
	for _, v := range values {
		rows = append(rows, []string{v.path, v.value})
	}
	if err := writeTable(out, rows); err != nil {
		return err
	}
	for _, c := range chapters {
		if _, err := fmt.Fprintf(out, "\n%s\n", clean(c.path)); err != nil {
			return err
		}
		rows := grid(c.lines())
		for i := range rows[0] {
			rows[0][i] = strings.ToUpper(strings.NewReplacer(".", " ", "_", " ").Replace(rows[0][i]))
		}
		if err := writeTable(out, rows); err != nil {
			return err
		}
	}
	return nil
}

// grid lines values up under their paths, which stand in the first row in the
// order in which they come up.
func grid(lines [][]pair) [][]string {
	var paths []string
	place := map[string]int{}
	for _, line := range lines {
		for _, p := range line {
			if _, known := place[p.path]; !known {
				place[p.path] = len(paths)
				paths = append(paths, p.path)
			}
		}
	}
	rows := [][]string{paths}
	for _, line := range lines {
		row := make([]string, len(paths))
		for _, p := range line {
			row[place[p.path]] = p.value
		}
		rows = append(rows, row)
	}
	return rows
}
