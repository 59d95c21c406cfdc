package store

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// placeholder is $1, $2 … in a text.
var placeholder = regexp.MustCompile(`\$(\d+)`)

// forMany returns the text that does for rows of arguments what text does for
// one row: its parameters are arrays of the given types, one element for each
// row. Where text tells how many rows it hit, the new one returns the numbers,
// from 1, of the rows of arguments that did, before what it returns itself.
//
// It knows the texts that [table] makes and others of their form:
//
//	INSERT INTO t (…) VALUES (…) [ON CONFLICT …]
//	UPDATE t SET … WHERE … [RETURNING …]
//	SELECT 1 FROM t WHERE … [FOR SHARE]
//
// Of rows of arguments that are about the same row of the table, one is taken.
func forMany(text string, types []string) (string, error) {
	names, arrays := make([]string, len(types)), make([]string, len(types))
	for i, t := range types {
		n := strconv.Itoa(i + 1)
		names[i], arrays[i] = "a"+n, "$"+n+"::"+t+"[]"
	}
	rows := "unnest(" + strings.Join(arrays, ", ") + ")"
	alone := rows + " AS many (" + strings.Join(names, ", ") + ")"
	counted := rows + " WITH ORDINALITY AS many (" + strings.Join(names, ", ") + ", ord)"
	text = placeholder.ReplaceAllString(strings.Join(strings.Fields(text), " "), "many.a$1")

	switch before, after, found := strings.Cut(text, " WHERE "); {
	case strings.HasPrefix(text, "INSERT "):
		into, values, ok := strings.Cut(text, " VALUES (")
		end := strings.LastIndex(values, ")")
		values, conflict, _ := strings.Cut(values, " ON CONFLICT ")
		if conflict != "" {
			end, conflict = strings.LastIndex(values, ")"), " ON CONFLICT "+conflict
		}
		if ok && end >= 0 {
			return into + " SELECT " + values[:end] + " FROM " + alone + conflict, nil
		}
	case strings.HasPrefix(text, "UPDATE ") && found:
		condition, returning, more := strings.Cut(after, " RETURNING ")
		if more {
			returning = ", " + returning
		}
		return before + " FROM " + counted + " WHERE " + condition + " RETURNING many.ord" + returning, nil
	case strings.HasPrefix(text, "SELECT 1 FROM ") && found:
		return "SELECT many.ord FROM " + counted + ", " + strings.TrimPrefix(before, "SELECT 1 FROM ") + " WHERE " + after, nil
	}
	return "", fmt.Errorf("no way to do for many: %s", text)
}
