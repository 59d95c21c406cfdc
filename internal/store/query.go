package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pylon/internal/kernel/fault"
)

// statementFor returns text as a prepared statement. There are as many as the
// methods of this package, the combinations of their filters and their orders
// make, a few hundred at most: callers put nothing of their own into a text.
func (s *Store) statementFor(ctx context.Context, text string) (*sql.Stmt, error) {
	if known, ok := s.prepared.Load(text); ok {
		return known.(*sql.Stmt), nil //nolint:forcetypeassert // nothing else is in the map
	}
	fresh, err := s.readers.PrepareContext(ctx, s.dialect.text(text))
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	known, loaded := s.prepared.LoadOrStore(text, fresh)
	if loaded {
		_ = fresh.Close() //nolint:sqlclosecheck // another was quicker
	}
	return known.(*sql.Stmt), nil //nolint:forcetypeassert // nothing else is in the map
}

// each calls f with the destinations of every row of a query.
func (s *Store) each(ctx context.Context, text string, args []any, f func(scan func(...any) error) error) error {
	for i, a := range args {
		if text, ok := a.(string); ok && !storable(text) {
			args[i] = Cleaned(text) // as it would have been written
		}
	}
	rows, err := s.query(ctx, text, args)
	if err != nil {
		return s.readError(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return s.readError(rows.Err())
}

// query asks the database. When it has been away, the connections that are kept
// are dead, and each says so once.
func (s *Store) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	for try := 0; ; try++ {
		stmt, err := s.statementFor(ctx, text) //nolint:sqlclosecheck // stays prepared
		var rows *sql.Rows
		if err == nil {
			rows, err = stmt.QueryContext(ctx, args...)
		}
		if err == nil || try == s.options.Readers || !s.dialect.stale(err) {
			return rows, err
		}
	}
}

// readError gives an error of the database its kind.
func (s *Store) readError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || s.dialect.trouble(err) != away {
		return err
	}
	return unavailable(err)
}

// all returns the rows of a query as values of T.
func all[T any](ctx context.Context, s *Store, text string, columns columns[T], args ...any) ([]T, error) {
	var found []T
	var row []column
	var to []any
	err := s.each(ctx, text, args, func(scan func(...any) error) error {
		found = append(found, *new(T))
		row = columns(row[:0], &found[len(found)-1])
		to = destinations(to[:0], row)
		return scan(to...)
	})
	return found, err
}

// few is all for a question about one thing, whose rows are few: see
// [dialect.brief].
func few[T any](ctx context.Context, s *Store, text string, columns columns[T], args ...any) ([]T, error) {
	if s.dialect.brief {
		ctx = context.WithoutCancel(ctx)
	}
	return all(ctx, s, text, columns, args...)
}

// one returns the first row of a query, or NotFound.
func one[T any](ctx context.Context, s *Store, text string, columns columns[T], args ...any) (T, error) {
	found, err := few(ctx, s, text, columns, args...)
	if err != nil || len(found) == 0 {
		var none T
		if err == nil {
			err = errNotFound
		}
		return none, err
	}
	return found[0], nil
}

// askedMost is how many things one query asks for: few texts to prepare, and many
// questions less.
const askedMost = 64

// askedFor returns rows for keys of some texts each, as many at a time as a query
// takes. text is the query of those with a key among few, whose columns are column1, column2 ….
func askedFor[T any](ctx context.Context, s *Store, keys [][]string, text func(few string) string, columns columns[T]) ([]T, error) {
	var found []T
	for lot := range slices.Chunk(keys, askedMost) {
		args := make([]any, 0, askedMost*len(lot[0]))
		for i := range askedMost {
			for k := range lot[0] {
				if i < len(lot) {
					args = append(args, lot[i][k])
				} else {
					args = append(args, "") // the key of nothing
				}
			}
		}
		row := "(?" + strings.Repeat(", ?", len(lot[0])-1) + ")"
		some, err := all(ctx, s, numbered(text("(VALUES "+row+strings.Repeat(", "+row, askedMost-1)+") AS few")), columns, args...)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

func keysOf[S ~string](ids []S) [][]string {
	named := make([][]string, len(ids))
	for i, id := range ids {
		named[i] = []string{string(id)}
	}
	return named
}

var errNotFound = fault.New(fault.NotFound, "not_found")

// destinations appends where the columns of a row go.
func destinations(to []any, columns []column) []any {
	to = slices.Grow(to, len(columns))
	for _, c := range columns {
		to = append(to, c.cell)
	}
	return to
}

// from is the usual SELECT of a table's rows, up to its conditions.
func (t table[T]) from() string { return "SELECT " + t.list("t") + " FROM " + t.name + " t " }
