package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// source is where a requirement is shown: a function or table of a file.
type source struct{ file, test string }

// Page returns the page of one version: a line per requirement, with the tests
// that show it. The same tests give the same bytes.
func Page(v version, proofs []Proof) []byte {
	shown := map[string]map[source][]string{} // requirement, where, titles
	for _, p := range proofs {
		if p.Version != v {
			continue
		}
		if shown[p.Requirement] == nil {
			shown[p.Requirement] = map[source][]string{}
		}
		at := source{p.File, p.Test}
		shown[p.Requirement][at] = append(shown[p.Requirement][at], p.Title)
	}

	var page bytes.Buffer
	fmt.Fprintf(&page, "# OCPP %s: what the tests show\n\n", v)
	fmt.Fprintf(&page, "Written by `make conformance` from the names of the tests. Requirements shown: %d.\n\n", len(shown))
	page.WriteString("| requirement | tests |\n|---|---|\n")
	for _, number := range slices.SortedFunc(maps.Keys(shown), compareNumbers) {
		var cells []string
		for at, titles := range shown[number] {
			cells = append(cells, cell(at, titles))
		}
		slices.Sort(cells)
		fmt.Fprintf(&page, "| %s | %s |\n", number, strings.Join(cells, "<br>"))
	}
	return page.Bytes()
}

// cell links to a test and says what it shows of one requirement.
func cell(at source, titles []string) string {
	slices.Sort(titles)
	titles = slices.DeleteFunc(slices.Compact(titles), func(title string) bool { return title == "" })
	link := fmt.Sprintf("[%s](../../%s)", at.test, at.file)
	if len(titles) == 0 {
		return link
	}
	return link + ": " + markdown.Replace(strings.Join(titles, "; "))
}

// markdown keeps a title from meaning something in a table.
var markdown = strings.NewReplacer("|", `\|`, "[", `\[`, "]", `\]`, "<", "&lt;", "`", "'")

// compareNumbers orders requirements as their documents do: digits by value, the
// rest as text.
func compareNumbers(a, b string) int {
	return slices.CompareFunc(pieces(a), pieces(b), func(x, y string) int {
		m, errX := strconv.Atoi(x)
		n, errY := strconv.Atoi(y)
		if errX == nil && errY == nil {
			return cmp.Compare(m, n)
		}
		return cmp.Compare(x, y)
	})
}

// pieces cuts a text into runs of digits and runs of everything else.
func pieces(s string) []string {
	var cut []string
	digits := false
	for i, r := range s {
		isDigit := '0' <= r && r <= '9'
		if i == 0 || isDigit != digits {
			cut = append(cut, "")
		}
		digits = isDigit
		cut[len(cut)-1] += string(r)
	}
	return cut
}
