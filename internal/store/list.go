package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// A list is read page by page behind a key: the value that it is sorted by and
// the identifier that makes it unique. What is added or removed meanwhile
// neither repeats nor hides the rest.

// listing is a list that callers can page through.
type listing[T any] struct {
	name    string
	fields  string // of SELECT, as columns reads them
	columns columns[T]
	from    string // tables and joins
	id      string // makes the sort unique
	sorts   map[string]order
	usual   string // the sort when the caller names none
}

// order is a way to sort: by a text or by a number that is never NULL.
type order struct {
	by     string
	number bool
}

// conditions collects what rows must fulfil. Only texts of this package go into
// it; what callers ask for are arguments.
type conditions struct {
	texts []string
	args  []any
	asked string // what the caller asked, when the texts do not always say it in the same way
}

// where adds a condition; each ? in it is one of args.
func (c *conditions) where(text string, args ...any) {
	c.texts = append(c.texts, text)
	c.args = append(c.args, args...)
}

// clause returns the conditions as a query has them, "" when there are none.
func (c *conditions) clause() string {
	if len(c.texts) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(c.texts, " AND ")
}

// among adds the condition that column is one of values, unless there are none.
func among[S ~string](c *conditions, column string, values []S) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = string(v)
	}
	c.where(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

// containing returns the pattern for LIKE ? ESCAPE '\' of texts, in lower case,
// that have part in them.
func containing(part string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(part)) + "%"
}

func errSort(sort string) error { return fault.New(fault.Invalid, "sort_unknown", "sort", sort) }

// page returns the page that q asks for.
func (l listing[T]) page(ctx context.Context, s *Store, q page.Query, c conditions) (page.Result[T], error) {
	var result page.Result[T]
	sort := q.Sort
	if sort == "" {
		sort = l.usual
	}
	name, descending := strings.CutPrefix(sort, "-")
	by, ok := l.sorts[name]
	if !ok {
		return result, errSort(q.Sort)
	}
	if c.asked == "" {
		c.asked = fmt.Sprintf("%q %q", c.texts, c.args)
	}
	seal := cursorSeal(l.name, sort, c.asked)
	direction, compare := "ASC", ">"
	if descending {
		direction, compare = "DESC", "<"
	}
	if q.Cursor != "" {
		at, err := openCursor(q.Cursor, seal)
		if err != nil {
			return result, err
		}
		if by.by == l.id {
			c.where(l.id+" "+compare+" ?", at.id)
		} else {
			c.where("("+by.by+", "+l.id+") "+compare+" (?, ?)", at.key(by), at.id)
		}
	}
	sorted := by.by + " " + direction
	if by.by != l.id {
		sorted += ", " + l.id + " " + direction
	}
	query := numbered("SELECT " + l.fields + ", " + by.by + ", " + l.id + " FROM " + l.from + " " + c.clause() + " ORDER BY " + sorted + " LIMIT ?")
	var last cursor
	var row []column
	err := s.each(ctx, query, append(c.args, q.Size()+1), func(scan func(...any) error) error {
		if len(result.Items) == q.Size() {
			result.Next = last.sealed(seal)
			return nil
		}
		key := text("key", &last.text)
		if by.number {
			key = number("key", &last.number)
		}
		result.Items = append(result.Items, *new(T))
		row = append(l.columns(row[:0], &result.Items[len(result.Items)-1]), key, text("id", &last.id))
		return scan(destinations(nil, row)...)
	})
	return result, err
}

// cursor is a place in a list, behind the row with this key.
type cursor struct {
	text   string
	number int64
	id     string
}

func (c cursor) key(by order) any {
	if by.number {
		return c.number
	}
	return c.text
}

// sealSize is enough to tell a cursor of this list from all others; it keeps
// nobody from making one, who could then only read what he may read anyway.
const sealSize = 8

// cursorSeal returns a digest of what a cursor belongs to: list, sort, filters.
func cursorSeal(of ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	return sum[:]
}

// sealed returns the cursor as callers see it.
func (c cursor) sealed(seal []byte) string {
	b := binary.AppendVarint(nil, c.number)
	b = binary.AppendUvarint(b, uint64(len(c.text)))
	b = append(append(b, c.text...), c.id...)
	return base64.RawURLEncoding.EncodeToString(append(check(b, seal), b...))
}

func check(body, seal []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{}, seal...), body...))
	return sum[:sealSize]
}

// openCursor reads a cursor of the list with this seal, or returns Invalid.
func openCursor(text string, seal []byte) (cursor, error) {
	malformed := fault.New(fault.Invalid, "cursor_malformed")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < sealSize || string(check(b[sealSize:], seal)) != string(b[:sealSize]) {
		return cursor{}, malformed
	}
	b = b[sealSize:]
	n, used := binary.Varint(b)
	if used <= 0 {
		return cursor{}, malformed
	}
	b = b[used:]
	size, used := binary.Uvarint(b)
	if used <= 0 || size > uint64(len(b)-used) { //nolint:gosec // a length
		return cursor{}, malformed
	}
	b = b[used:]
	return cursor{number: n, text: string(b[:size]), id: string(b[size:])}, nil
}
