package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the budgets.
type figure struct {
	name    string
	unit    string
	target  float64
	stretch float64
	more    bool // more is better
	steady  bool // what else the machine does has no influence
}

// row is what was measured of a figure.
type row struct {
	figure
	value  float64
	broken string // what went wrong that the number does not tell; "" when nothing did
	detail string // how it came about
	others int    // per cent of the machine that other programs had meanwhile
}

// ratio is the measured value in targets.
func (r row) ratio() float64 { return r.value / r.target }

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
	case reaches(r.stretch):
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

// goal writes a target: as it stands in the budget.
func goal(v float64) string {
	if v >= 1000 {
		return number(v)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// report is what a run has found.
type report struct {
	machine  machine
	at       time.Time
	quick    bool
	profiled bool
	rows     []row
}

// remarks are what a reader must know of the whole.
func (r *report) remarks() []string {
	remarks := []string{
		"Measured " + r.at.Format(time.DateOnly) + " on " + r.machine.String() + ".",
		"Server and load generator share the machine; CPU figures are the server's alone, user and system time.",
		"Ratio is measured to target.",
	}
	if r.quick {
		remarks = append(remarks, "A quick run: fewer stations, shorter windows. It shows that everything works, not how well.")
	}
	if r.profiled {
		remarks = append(remarks, "Profiled: CPU figures are a few per cent too high.")
	}
	return remarks
}

func (r *report) header() []string {
	return []string{"figure", "measured", "target", "stretch", "ratio", "verdict"}
}

func (r *report) cells(row row) []string {
	unit := ""
	if row.unit != "" {
		unit = " " + row.unit
	}
	return []string{
		row.name, number(row.value) + unit, goal(row.target) + unit, goal(row.stretch) + unit,
		strconv.FormatFloat(row.ratio(), 'f', 2, 64), row.verdict(),
	}
}

// text writes the table for a terminal; what is behind the figures follows it.
func (r *report) text(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(r.header(), "\t"))
	for _, row := range r.rows {
		fmt.Fprintln(table, strings.Join(r.cells(row), "\t"))
	}
	_ = table.Flush() // as the errors of all writing to a terminal
	fmt.Fprintln(w)
	for _, row := range r.rows {
		fmt.Fprintf(w, "%s: %s\n", row.name, row.detail)
	}
	fmt.Fprintln(w)
	for _, remark := range r.remarks() {
		fmt.Fprintln(w, remark)
	}
}

// markdown returns the table as a document.
func (r *report) markdown() []byte {
	var b bytes.Buffer
	b.WriteString("# Benchmarks\n\nThe whole server against its budgets. Made by `go run ./test/bench -out docs/bench.md`; do not edit.\n\n")
	b.WriteString("| " + strings.Join(r.header(), " | ") + " |\n|" + strings.Repeat("---|", len(r.header())) + "\n")
	for _, row := range r.rows {
		b.WriteString("| " + strings.Join(r.cells(row), " | ") + " |\n")
	}
	b.WriteString("\n")
	for _, remark := range r.remarks() {
		b.WriteString(remark + " ")
	}
	b.WriteString("\n\nHow the figures came about:\n\n")
	for _, row := range r.rows {
		b.WriteString("- **" + row.name + "**: " + row.detail + "\n")
	}
	return b.Bytes()
}
