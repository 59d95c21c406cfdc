package remote

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"pylon/internal/client"
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

// deep reports whether things hold more than one list of their own, or lists of what
// holds lists: too much for the lines of one table.
func (c chapter) deep() bool {
	for _, thing := range c.things {
		_, inner := split("", thing)
		if len(inner) > 1 || len(inner) == 1 && (inner[0].told() || slices.ContainsFunc(inner[0].things, func(n *yaml.Node) bool {
			_, more := split("", n)
			return len(more) > 0
		})) {
			return true
		}
	}
	return false
}

// told reports whether things say themselves, in words, what they are: then the
// words are enough for people.
func (c chapter) told() bool {
	return !slices.ContainsFunc(c.things, func(n *yaml.Node) bool { return word(n, "text") == "" })
}

// word returns a member of a thing, "" when it has none of that name.
func word(n *yaml.Node, name string) string {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return n.Content[i+1].Value
			}
		}
	}
	return ""
}

// humane writes what is counted in small units, so that it is exact, in those that
// people use: minor units of a currency, which is the thing's own or that around it,
// and mWh.
func humane(n *yaml.Node, currency string) {
	if _, ok := client.Amount(0, word(n, "unit")); ok { // what the books count, which may be kWh elsewhere
		currency = word(n, "unit")
	}
	currency = first(word(n, "currency"), currency)
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 0 {
			humane(child, currency)
			continue
		}
		name := n.Content[i-1]
		count, err := strconv.ParseInt(child.Value, 10, 64)
		if of, ok := strings.CutSuffix(name.Value, "_minor"); ok && err == nil {
			if amount, ok := client.Amount(count, currency); ok {
				name.Value, child.Value = of, amount
			}
		} else if of, ok := strings.CutSuffix(name.Value, "_mwh"); ok && err == nil {
			name.Value, child.Value = of+"_kwh", strconv.FormatFloat(float64(count)/1_000_000, 'f', 3, 64)
		}
		humane(child, currency)
	}
}

// writeSheet shows people a thing: its values, name by name, and below them the
// lists that it holds. What is empty is left out.
func writeSheet(out io.Writer, text []byte) error {
	doc, err := parsed(text)
	if err != nil {
		return err
	}
	humane(doc, "")
	var b strings.Builder
	if err := writeThing(&b, "", doc); err != nil {
		return err
	}
	_, err = io.WriteString(out, strings.TrimPrefix(b.String(), "\n")) // where there are lists only
	return err
}

func writeThing(out io.Writer, path string, thing *yaml.Node) error {
	values, chapters := split("", thing)
	var rows [][]string
	for _, v := range values {
		rows = append(rows, []string{v.path, v.value})
	}
	if err := writeTable(out, rows); err != nil {
		return err
	}
	for _, c := range chapters {
		if err := c.write(out, strings.TrimPrefix(path+" "+c.path, " ")); err != nil {
			return err
		}
	}
	return nil
}

// write shows things in words when they have such, else as a table, or one after the
// other when they hold too much for that.
func (c chapter) write(out io.Writer, path string) error {
	if c.deep() {
		for i, thing := range c.things {
			heading := path + " " + strconv.Itoa(i+1)
			if _, err := fmt.Fprintf(out, "\n%s\n", clean(heading)); err != nil {
				return err
			}
			if err := writeThing(out, heading, thing); err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := fmt.Fprintf(out, "\n%s\n", clean(path)); err != nil {
		return err
	}
	if c.told() {
		for _, thing := range c.things {
			if _, err := fmt.Fprintln(out, clean(word(thing, "text"))); err != nil {
				return err
			}
		}
		return nil
	}
	rows := grid(c.lines())
	for i := range rows[0] {
		rows[0][i] = strings.ToUpper(strings.NewReplacer(".", " ", "_", " ").Replace(rows[0][i]))
	}
	return writeTable(out, rows)
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
