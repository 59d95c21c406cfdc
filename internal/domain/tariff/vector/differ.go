package vector

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
)

// Differ names every point in which an answer is not the one that is wanted:
// none, when it is. The order of lines does not matter.
func Differ(got, want *Answer) []string {
	gotParts, wantParts := parts(got), parts(want)
	var found []string
	for _, p := range wantParts {
		if other := find(gotParts, p.name); other != p.text {
			found = append(found, fmt.Sprintf("%s: got %s, want %s", p.name, other, p.text))
		}
	}
	for _, p := range gotParts {
		if find(wantParts, p.name) == nothing {
			found = append(found, fmt.Sprintf("%s: got %s, want none", p.name, p.text))
		}
	}
	return found
}

// part is a part of an answer that is right or wrong by itself.
type part struct{ name, text string }

// nothing stands for a part that is not there.
const nothing = "none"

func find(all []part, name string) string {
	if i := slices.IndexFunc(all, func(p part) bool { return p.name == name }); i >= 0 {
		return all[i].text
	}
	return nothing
}

func parts(a *Answer) []part {
	all := []part{
		{"billed", text(a.Billed)},
		{"subtotals", text(a.Subtotals)},
		{"before_limits", text(a.BeforeLimits)},
		{"limits_applied", text(a.Limits)},
		{"total", text(a.Total)},
		{"total_exact", text(a.TotalExact)},
		{"number of lines", text(len(a.Lines))}, // two of one kind would pass as one
	}
	var amounts []int64
	if a.Invoice != nil {
		sums := *a.Invoice
		amounts, sums.Lines = sums.Lines, nil // told beside the lines that they are of
		all = append(all, part{"invoice_minor", text(sums)})
	}
	for i, l := range a.Lines {
		line := text(l)
		if i < len(amounts) {
			line = fmt.Sprintf("%s, on the invoice %d", line, amounts[i])
		}
		all = append(all, part{fmt.Sprintf("line %s %s %d", l.Phase, l.Dimension, l.Element), line})
	}
	return all
}

// text writes a part of an answer. Texts and numbers always can be written.
func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("vector: %T is not written: %v", v, err))
	}
	return string(out)
}
