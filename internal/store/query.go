package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	stmt, err := s.statementFor(ctx, text) //nolint:sqlclosecheck // stays prepared
	if err != nil {
		return s.readError(err)
	}
	rows, err := stmt.QueryContext(ctx, args...)
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
	err := s.each(ctx, text, args, func(scan func(...any) error) error {
		found = append(found, *new(T))
		row = columns(row[:0], &found[len(found)-1])
		return scan(destinations(row)...)
	})
	return found, err
}

// one returns the first row of a query, or NotFound.
func one[T any](ctx context.Context, s *Store, text string, columns columns[T], args ...any) (T, error) {
	found, err := all(ctx, s, text, columns, args...)
	if err != nil || len(found) == 0 {
		var none T
		if err == nil {
			err = errNotFound
		}
		return none, err
	}
	return found[0], nil
}

var errNotFound = fault.New(fault.NotFound, "not_found")

func destinations(columns []column) []any {
	d := make([]any, len(columns))
	for i, c := range columns {
		d[i] = c.cell
	}
	return d
}

// from is the usual SELECT of a table's rows, up to its conditions.
func (t table[T]) from() string { return "SELECT " + t.list("t") + " FROM " + t.name + " t " }
