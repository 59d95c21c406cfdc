package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestVerdict(t *testing.T) {
	less := figure{target: 10, stretch: 5}
	more := figure{target: 8000, stretch: 12_000, more: true}
	for _, c := range []struct {
		name string
		row  row
		want string
	}{
		{"less: on the stretch", row{figure: less, value: 5}, "reaches the stretch"},
		{"less: above it", row{figure: less, value: 5.01}, "meets the target"},
		{"less: on the target", row{figure: less, value: 10}, "meets the target"},
		{"less: above it", row{figure: less, value: 10.01}, "misses the target"},
		{"more: on the stretch", row{figure: more, value: 12_000}, "reaches the stretch"},
		{"more: below it", row{figure: more, value: 11_999}, "meets the target"},
		{"more: on the target", row{figure: more, value: 8000}, "meets the target"},
		{"more: below it", row{figure: more, value: 7999}, "misses the target"},
		{"missed, others at work", row{figure: less, value: 11, others: 11}, "misses the target, on a busy machine (others: 11 %)"},
		{"missed, others at work all the same", row{figure: figure{target: 10, stretch: 5, steady: true}, value: 11, others: 50}, "misses the target"},
		{"missed, others at rest", row{figure: less, value: 11, others: 10}, "misses the target"},
		{"met, others at work", row{figure: less, value: 6, others: 50}, "meets the target"},
		{"for itself", row{figure: figure{}, value: 1}, "has no target"},
		{"no stretch", row{figure: figure{target: 10}, value: 1}, "meets the target"},
		{"broken, however good", row{figure: less, value: 1, broken: "3 boots unanswered"}, "fails: 3 boots unanswered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.row.verdict(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		value float64
		want  string
	}{
		{0.0684, "0.068"},
		{1.234, "1.23"},
		{12.34, "12.3"},
		{123.4, "123"},
		{999.4, "999"},
		{1000, "1,000"},
		{12345.6, "12,346"},
		{1234567, "1,234,567"},
	} {
		if got := number(c.value); got != c.want {
			t.Errorf("%v: got %s, want %s", c.value, got, c.want)
		}
	}
}

func TestReportHasEveryRow(t *testing.T) {
	start := figure{name: "start", unit: "s", target: 0.3, stretch: 0.1}
	rate := figure{name: "rate", unit: "/s", target: 8000, stretch: 12_000, more: true}
	r := report{
		quick: true, databases: []string{onSQLite, onPostgres},
		rows: []row{
			{figure: start, value: 0.2, detail: "median of 5", database: onSQLite},
			{figure: rate, value: 9000, detail: "20 s", database: onSQLite},
			{figure: start, value: 0.4, detail: "median of 3", database: onPostgres},
		},
		hot: []heat{{name: "rate, SQLite", ours: []functionCPU{{"store.Commit", 12.34}}, flat: []functionCPU{{"runtime.memmove", 3}, {"main.f", 1}}}},
	}
	var text strings.Builder
	r.text(&text)
	for form, got := range map[string]string{"text": text.String(), "markdown": string(r.markdown())} {
		for _, want := range []string{
			"SQLite", "PostgreSQL", "0.200 s", "0.400 s", "0.3 s", "meets the target", "misses the target", "9,000 /s", "12,000 /s",
			"median of 5", "median of 3", "quick run", "store.Commit", "12.3", "runtime.memmove",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got\n%s\nwithout %q", form, got, want)
			}
		}
	}
	got, want := r.lines(), [][]string{
		{"start", "0.3 s", "0.1 s", "0.200 s", "meets the target", "0.400 s", "misses the target"},
		{"rate", "8,000 /s", "12,000 /s", "9,000 /s", "meets the target", "", ""},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
