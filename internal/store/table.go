package store

import (
	"strconv"
	"strings"
)

// table says how values of type T are rows.
type table[T any] struct {
	name    string
	key     int // how many columns from the first are the key
	fixed   int // how many from the first never change, the key among them
	columns columns[T]
}

// columns appends the columns of a row.
type columns[T any] func(to []column, row *T) []column

// names returns the columns' names in order.
func (t table[T]) names() []string {
	row := t.columns(nil, new(T))
	names := make([]string, len(row))
	for i, c := range row {
		names[i] = c.name
	}
	return names
}

// list returns the columns for a SELECT, each behind the table's alias.
func (t table[T]) list(alias string) string {
	return alias + "." + strings.Join(t.names(), ", "+alias+".")
}

// insert returns INSERT of a whole row; its arguments are the row's values.
func (t table[T]) insert() string {
	names := t.names()
	return numbered("INSERT INTO " + t.name + " (" + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(names)-1) + ")")
}

// upsert returns INSERT of a row that takes the place of one with its key.
func (t table[T]) upsert() string {
	names := t.names()
	return t.insert() + " ON CONFLICT (" + strings.Join(names[:t.key], ", ") + ") DO UPDATE SET " + assign(names[t.fixed:], excluded)
}

// update returns UPDATE of what may change. Its arguments are those of
// [alter]: the values, those of extra assignments (each ? in them is one), the
// key and, when there is a guard, what must stand in that column.
func (t table[T]) update(guard string, extra ...string) string {
	names := t.names()
	set := append([]string{assign(names[t.fixed:], asked)}, extra...)
	where := names[:t.key:t.key]
	if guard != "" {
		where = append(where, guard)
	}
	return numbered("UPDATE " + t.name + " SET " + strings.Join(set, ", ") +
		" WHERE " + strings.ReplaceAll(assign(where, asked), ",", " AND"))
}

// keyOfUpdate returns which argument of an update without extra assignments is
// the first column of the key, from 1.
func (t table[T]) keyOfUpdate() int { return len(t.names()) - t.fixed + 1 }

// assign returns name = value for each name.
func assign(names []string, value func(name string) string) string {
	set := make([]string, len(names))
	for i, name := range names {
		set[i] = name + " = " + value(name)
	}
	return strings.Join(set, ", ")
}

func asked(string) string { return "?" }

// numbered writes $1, $2 … for the question marks of a text.
func numbered(sql string) string {
	parts := strings.Split(sql, "?")
	for i := range parts[1:] {
		parts[i] += "$" + strconv.Itoa(i+1)
	}
	return strings.Join(parts, "")
}

func excluded(name string) string { return "excluded." + name }
