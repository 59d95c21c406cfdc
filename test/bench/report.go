package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the budgets.
type figure struct {
	name    string
	unit    string
	target  float64 // 0: it has none, and is told for itself
	stretch float64 // 0: none
	more    bool    // more is better
	steady  bool    // what else the machine does has no influence
}

// row is what was measured of a figure.
type row struct {
	figure
	value  float64
	broken string // what went wrong that the number does not tell; "" when nothing did
	detail string // how it came about
	others int    // per cent of the machine that other programs had meanwhile

	database string // it was measured on
}

// verdict says in words how the value stands to the budget.
func (r row) verdict() string {
	reaches := func(goal float64) bool {
		if r.more {
			return r.value >= goal
		}
		return r.value <= goal
	}
	switch {
	case r.broken != "":
		return "fails: " + r.broken
	case r.target == 0:
		return "has no target"
	case r.stretch != 0 && reaches(r.stretch):
		return "reaches the stretch"
	case reaches(r.target):
		return "meets the target"
	case r.others > busyFrom && !r.steady:
		return fmt.Sprintf("misses the target, on a busy machine (others: %d %%)", r.others)
	}
	return "misses the target"
}

// busyFrom is the share of the machine, in per cent, from which other programs are
// worth a word when a target is missed.
const busyFrom = 10

// number writes a value with three digits that count, thousands apart.
func number(v float64) string {
	switch {
	case v >= 1000:
		digits := strconv.FormatFloat(v, 'f', 0, 64)
		for at := len(digits) - 3; at > 0; at -= 3 {
			digits = digits[:at] + "," + digits[at:]
		}
		return digits
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// goal writes a target with its unit: as it stands in the budget.
func (f *figure) goal(v float64) string {
	switch {
	case v == 0:
		return ""
	case v >= 1000:
		return number(v) + f.unitOf()
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + f.unitOf()
}

// report is what a run has found.
type report struct {
	book
	machine   machine
	at        time.Time
	quick     bool
	databases []string
	rows      []row
	hot       []heat
}

// remarks are what a reader must know of the whole.
func (r *report) remarks() []string {
	remarks := []string{
		"Measured " + r.at.Format(time.DateOnly) + " on " + r.machine.String() + ".",
		r.shared,
	}
	if r.quick {
		remarks = append(remarks, "A quick run: less of everything. It shows that everything works, not how well.")
	}
	return remarks
}

func (r *report) header() []string {
	header := []string{"figure", "target"}
	if r.stretches() {
		header = append(header, "stretch")
	}
	for _, database := range r.databases {
		header = append(header, titles[database], "verdict")
	}
	return header
}

// stretches reports whether there are goals beyond targets.
func (r *report) stretches() bool {
	return slices.ContainsFunc(r.rows, func(row row) bool { return row.stretch != 0 })
}

// lines are the table: a line for each figure, with its row on each database.
// What is not measured on one, such as the database's CPU, leaves it empty.
func (r *report) lines() [][]string {
	var lines [][]string
	told := map[string]bool{}
	for _, first := range r.rows {
		if told[first.name] {
			continue
		}
		told[first.name] = true
		line := []string{first.name, first.goal(first.target)}
		if r.stretches() {
			line = append(line, first.goal(first.stretch))
		}
		for _, database := range r.databases {
			value, verdict := "", ""
			for _, row := range r.rows {
				if row.name == first.name && row.database == database {
					value, verdict = number(row.value)+row.unitOf(), row.verdict()
				}
			}
			line = append(line, value, verdict)
		}
		lines = append(lines, line)
	}
	return lines
}

// unitOf is the unit behind a value.
func (f *figure) unitOf() string {
	if f.unit == "" {
		return ""
	}
	return " " + f.unit
}

// text writes the table for a terminal; what is behind the figures follows it.
func (r *report) text(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(r.header(), "\t"))
	for _, line := range r.lines() {
		fmt.Fprintln(table, strings.Join(line, "\t"))
	}
	_ = table.Flush() // as the errors of all writing to a terminal
	fmt.Fprintln(w)
	for _, row := range r.rows {
		fmt.Fprintf(w, "%s, %s: %s\n", row.name, titles[row.database], row.detail)
	}
	fmt.Fprintln(w)
	for _, h := range r.hot {
		fmt.Fprintf(w, "%s: functions of ours with what they call: %s\n", h.name, shares(h.ours))
		fmt.Fprintf(w, "%s: by themselves: %s\n", h.name, shares(h.flat))
	}
	fmt.Fprintln(w)
	for _, remark := range r.remarks() {
		fmt.Fprintln(w, remark)
	}
}

// shares lists functions with their per cent.
func shares(of []functionCPU) string {
	all := make([]string, len(of))
	for i, f := range of {
		all[i] = fmt.Sprintf("%s %s", f.name, strconv.FormatFloat(f.share, 'f', 1, 64))
	}
	return strings.Join(all, ", ")
}

// markdown returns the table as a document.
func (r *report) markdown() []byte {
	var b bytes.Buffer
	b.WriteString("# " + r.title + "\n\n" + r.about + "\n\n")
	b.WriteString("| " + strings.Join(r.header(), " | ") + " |\n|" + strings.Repeat("---|", len(r.header())) + "\n")
	for _, line := range r.lines() {
		b.WriteString("| " + strings.Join(line, " | ") + " |\n")
	}
	b.WriteString("\n" + strings.Join(r.remarks(), " ") + "\n\nHow the figures came about:\n\n")
	for _, row := range r.rows {
		b.WriteString("- **" + row.name + "**, " + titles[row.database] + ": " + row.detail + "\n")
	}
	if len(r.hot) > 0 {
		b.WriteString("\n## Where the CPU goes\n\nPer cent of the server's CPU, from a profile taken beside each measurement. " +
			"The first column has functions of ours with all that they call, one within the other; the second any functions, by themselves.\n")
	}
	for _, h := range r.hot {
		b.WriteString("\n### " + h.name + "\n\n| ours, with what they call | % | by themselves | % |\n|---|---|---|---|\n")
		for i := range max(len(h.ours), len(h.flat)) {
			b.WriteString("| " + cell(h.ours, i) + " | " + cell(h.flat, i) + " |\n")
		}
	}
	return b.Bytes()
}

// cell is one function of a list in two cells of a table; both are empty behind
// its end.
func cell(of []functionCPU, i int) string {
	if i >= len(of) {
		return " | "
	}
	return fmt.Sprintf("`%s` | %.1f", of[i].name, of[i].share)
}
