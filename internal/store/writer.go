package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"pylon/internal/domain/change"
)

// writer is the one connection that writes, with its prepared statements. It
// talks to the driver itself: what database/sql adds to each statement (locks,
// conversions, a context) makes a batch a fifth dearer. Statements that write
// several rows were tried too, and gain nothing.
// A writer is used by one goroutine.
type writer struct {
	conn     driver.Conn
	dialect  dialect
	prepared []driver.Stmt // by the statement's id; nil until it is used
	args     []driver.NamedValue
}

func openWriter(ctx context.Context, c driver.Connector, d dialect) (*writer, error) {
	conn, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{conn: conn, dialect: d}, nil
}

// close ends the connection, and with it a transaction that is open.
func (w *writer) close() error {
	errs := make([]error, 0, len(w.prepared)+1)
	for _, s := range w.prepared {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// ask runs a text and returns its first row, nil when there is none.
func (w *writer) ask(text string, args ...driver.Value) ([]driver.Value, error) {
	s, err := w.conn.Prepare(w.dialect.text(text))
	if err != nil {
		return nil, err
	}
	defer s.Close() //nolint:errcheck // what matters is the row
	return firstRow(s, w.bind(args, nil))
}

// run executes one statement of a job. One that misses its row is a [refusal].
func (w *writer) run(o *op, n *numbers) error {
	s, err := w.statement(o.stmt)
	if err != nil {
		return err
	}
	n.count(o.stmt.counts)
	args := w.bind(o.args, n)
	hit := int64(1)
	if o.stmt.reads {
		row, err := firstRow(s, args)
		if err != nil {
			return err
		}
		if row == nil {
			hit = 0
		}
		copy(o.row, row)
	} else if hit, err = exec(s, args); err != nil {
		return err
	}
	if o.miss != nil && hit != 1 {
		return refusal{o.miss}
	}
	return nil
}

// statement returns s as it is prepared on this connection.
func (w *writer) statement(s *statement) (driver.Stmt, error) {
	for len(w.prepared) <= s.id {
		w.prepared = append(w.prepared, nil)
	}
	if w.prepared[s.id] == nil {
		p, err := w.conn.Prepare(s.text)
		if err != nil {
			return nil, fmt.Errorf("prepare %q: %w", s.text, err)
		}
		w.prepared[s.id] = p
	}
	return w.prepared[s.id], nil
}

// bind returns args as the driver wants them, what the committer fills in
// filled in. The result is good until the next call.
func (w *writer) bind(args []driver.Value, n *numbers) []driver.NamedValue {
	for len(w.args) < len(args) {
		w.args = append(w.args, driver.NamedValue{Ordinal: len(w.args) + 1})
	}
	for i, v := range args {
		if f, ok := v.(fill); ok {
			v = n.of(f)
		}
		w.args[i].Value = v
	}
	return w.args[:len(args)]
}

// The driver watches a context that can end with a goroutine for each
// statement; a batch is short and ends by itself.

func exec(s driver.Stmt, args []driver.NamedValue) (hit int64, err error) {
	result, err := s.(driver.StmtExecContext).ExecContext(context.Background(), args) //nolint:forcetypeassert // every driver of this age
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func firstRow(s driver.Stmt, args []driver.NamedValue) (row []driver.Value, err error) {
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), args) //nolint:forcetypeassert // every driver of this age
	if err != nil {
		return nil, err
	}
	row = make([]driver.Value, len(rows.Columns()))
	if err = rows.Next(row); errors.Is(err, io.EOF) {
		row, err = nil, nil
	}
	return row, errors.Join(err, rows.Close())
}

// refusal is a job's own failure: it does not concern the others of its batch.
type refusal struct{ why error }

func (r refusal) Error() string { return r.why.Error() }
func (r refusal) Unwrap() error { return r.why }

// refusalOf turns an error of a statement into what its job is told; ok is
// false when the database itself is in trouble.
func (d dialect) refusalOf(err error) (_ error, ok bool) {
	if r, is := errors.AsType[refusal](err); is {
		return r.why, true
	}
	switch d.trouble(err) {
	case exists:
		return change.ErrExists, true
	case ours:
		return err, true
	}
	return err, false
}

// numbers are the committer's place in its stream, given out while a batch is
// written and kept when it has landed.
type numbers struct {
	stream, event, frame, at int64
}

// placeBits is how much of a place is the number in its stream; the rest is the
// stream. A committer that writes 10,000 frames a second needs 3 years for them.
const placeBits = 40

// placeOf returns the place of an event or a frame in its log.
func placeOf(stream, number int64) int64 { return stream<<placeBits | number }

func (n *numbers) count(c counter) {
	switch c {
	case countEvents:
		n.event++
	case countFrames:
		n.frame++
	}
}

func (n *numbers) of(f fill) int64 {
	switch f {
	case fillEvent:
		return placeOf(n.stream, n.event)
	case fillFrame:
		return placeOf(n.stream, n.frame)
	default:
		return n.at
	}
}
