package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// printHelp writes the help of a command: what it does, how it is used most, and
// then everything that it takes. It implements [kong.HelpPrinter].
func printHelp(_ kong.HelpOptions, k *kong.Context) error {
	node := k.Selected()
	if node == nil {
		node = k.Model.Node
	}
	p := &pages{}
	p.text(node.Help)
	p.examples(node)
	p.b.WriteString("\nUsage:\n  " + usageOf(node) + "\n")
	p.commands(node)
	p.arguments(node)
	p.flags(node)
	if len(node.Children) > 0 {
		p.b.WriteString("\nMore: " + node.FullPath() + " COMMAND --help\n")
	}
	_, err := io.WriteString(k.Stdout, p.b.String())
	return err
}

const (
	pageWidth = 100 // columns of a page
	nameWidth = 30  // of the names on its left; a longer one has a line of its own
)

// pages are what is written so far.
type pages struct{ b strings.Builder }

func (p *pages) title(s string) { p.b.WriteString("\n" + s + ":\n") }

// text writes s in lines that fit.
func (p *pages) text(s string) {
	for _, line := range wrapped(s, pageWidth) {
		p.b.WriteString(line + "\n")
	}
}

// entry is a name and what stands beside it.
type entry struct{ name, help string }

// entries writes them as two columns.
func (p *pages) entries(all []entry) {
	width := 0
	for _, e := range all {
		if n := utf8.RuneCountInString(e.name); n <= nameWidth {
			width = max(width, n)
		}
	}
	margin := strings.Repeat(" ", width+4)
	for _, e := range all {
		left := fmt.Sprintf("  %-*s  ", width, e.name)
		if utf8.RuneCountInString(e.name) > width {
			left += "\n" + margin
		}
		body := strings.Join(wrapped(e.help, pageWidth-len(margin)), "\n"+margin)
		p.b.WriteString(strings.TrimRight(left+body, " ") + "\n")
	}
}

// examplesMax is how many examples of its verbs a noun shows.
const examplesMax = 4

// examples writes those of the command itself; a noun's are its verbs'.
func (p *pages) examples(node *kong.Node) {
	var lines []string
	if node.Parent == nil {
		lines = []string{"pylon demo", "pylon station list", "pylon ocpp tail CP-7", "pylon doctor CP-7"}
	}
	if node.Tag != nil {
		lines = append(lines, node.Tag.GetAll("example")...)
	}
	if len(lines) == 0 {
		for _, child := range node.Leaves(true) {
			if example := child.Tag.Get("example"); example != "" && len(lines) < examplesMax {
				lines = append(lines, example)
			}
		}
	}
	if len(lines) > 0 {
		p.title("Examples")
		p.b.WriteString("  " + strings.Join(lines, "\n  ") + "\n")
	}
}

// usageOf is the shape of a command.
func usageOf(node *kong.Node) string {
	parts := []string{node.FullPath()}
	if len(node.Children) > 0 {
		parts = append(parts, "COMMAND")
	}
	for _, a := range node.Positional {
		parts = append(parts, a.Summary())
	}
	for _, f := range node.Flags {
		if f.Required {
			parts = append(parts, "--"+f.Name+"="+placeholder(f))
		}
	}
	return strings.Join(append(parts, "[flags]"), " ")
}

// commands writes the commands below, in the groups that they are in.
func (p *pages) commands(node *kong.Node) {
	var titles []string
	groups := map[string][]entry{}
	for _, child := range node.Children {
		if child.Hidden {
			continue
		}
		title := "Commands"
		if child.Group != nil {
			title = child.Group.Title
		}
		if groups[title] == nil {
			titles = append(titles, title)
		}
		words := []string{child.Name}
		for _, a := range child.Positional {
			words = append(words, a.Summary())
		}
		groups[title] = append(groups[title], entry{strings.Join(words, " "), child.Help})
	}
	for _, title := range titles {
		p.title(title)
		p.entries(groups[title])
	}
}

func (p *pages) arguments(node *kong.Node) {
	var all []entry
	for _, a := range node.Positional {
		all = append(all, entry{a.Summary(), a.Help})
	}
	if len(all) > 0 {
		p.title("Arguments")
		p.entries(all)
	}
}

// flags writes those of the command, then those that it shares with others,
// each group under its title.
func (p *pages) flags(node *kong.Node) {
	var titles []string
	groups := map[string][]entry{}
	for at := node; at != nil; at = at.Parent {
		for _, f := range at.Flags {
			if f.Name == "help" || !shown(f, node) {
				continue
			}
			title := "Flags"
			if f.Group != nil {
				title = f.Group.Title
			}
			if groups[title] == nil {
				titles = append(titles, title)
			}
			help := f.Help
			if words := values(f); words != nil && !strings.Contains(help, f.Enum) {
				help += " One of " + strings.Join(words, ", ") + "."
			}
			groups[title] = append(groups[title], entry{flagName(f), help})
		}
	}
	for _, title := range titles {
		p.title(title)
		p.entries(groups[title])
	}
}

// shown reports whether a command tells of a flag: that of the configuration
// file is for servers.
func shown(f *kong.Flag, node *kong.Node) bool {
	return !f.Hidden && (f.Name != "config" || node.Parent == nil || isServer(node))
}

func flagName(f *kong.Flag) string {
	name := "    --" + f.Name
	if f.Short != 0 {
		name = "-" + string(f.Short) + ", --" + f.Name
	}
	if f.Tag.Negatable != "" {
		name = strings.Replace(name, "--", "--[no-]", 1)
	}
	if value := placeholder(f); value != "" {
		name += "=" + value
	}
	return name
}

// placeholder stands for a flag's value: what the flag says, its default, or the
// kind of value; "" for a switch.
func placeholder(f *kong.Flag) string {
	switch {
	case f.IsBool():
		return ""
	case f.Tag.PlaceHolder != "":
		return f.Tag.PlaceHolder
	case f.Default != "" && f.Default != "0":
		return f.Default
	}
	kind := f.Target.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.Kind() == reflect.Int {
		return "N"
	}
	return "TEXT"
}

// wrapped breaks s into lines of at most width characters, between words.
func wrapped(s string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// misuse explains an error of the command line and shows the shape of the
// command that was begun.
func misuse(err error, k *kong.Context) string {
	node := k.Model.Node
	if selected := k.Selected(); selected != nil {
		node = selected
	}
	for _, at := range k.Path { // the deepest that was named
		if at.Command != nil {
			node = at.Command
		}
	}
	said := err.Error()
	if len(node.Children) > 0 && strings.HasPrefix(said, "expected ") {
		var names []string
		for _, child := range node.Children {
			if !child.Hidden {
				names = append(names, child.Name)
			}
		}
		said = "expected one of " + strings.Join(names, ", ")
	}
	return said + "\n  usage: " + usageOf(node) + "\n  → " + node.FullPath() + " --help says more"
}
