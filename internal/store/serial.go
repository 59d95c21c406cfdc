package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// serial writes one statement after the other, as is best where the database is
// a part of the process. It talks to the driver itself: what database/sql adds
// to each statement (locks, conversions, a context) makes a batch a fifth
// dearer. Statements that write several rows were tried too, and gain nothing.
type serial struct {
	*catalogue
	conn     driver.Conn
	between  between
	prepared []driver.Stmt // by the statement's id; nil until it is used
	args     []driver.NamedValue
}

func openSerial(ctx context.Context, c *catalogue, o Options) (writer, error) {
	connector, err := c.dialect.connect(o, forWrites)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &serial{catalogue: c, conn: conn, between: o.Between}, nil
}

// close ends the connection, and with it a transaction that is open.
func (w *serial) close() error {
	errs := make([]error, 0, len(w.prepared)+1)
	for _, s := range w.prepared {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// write implements [writer]. A job that is marked is run in a savepoint of its
// own, so that it may fail without the others; the rest is run without, which is
// cheaper, and may only fail before it has changed anything.
func (w *serial) write(batch []*job, n *numbers, last func(numbers) []op) error {
	if err := w.tell(w.begin); err != nil {
		return err
	}
	landing := false
	for _, j := range batch {
		before := *n
		err := w.perform(j, n)
		if errors.Is(err, errGuilty) { // who else will, is not known
			for _, j := range batch {
				j.alone = true
			}
		}
		if err != nil {
			return err
		}
		if j.err != nil {
			*n = before
		}
		landing = landing || j.err == nil
	}
	if !landing {
		return nil
	}
	for _, o := range last(*n) {
		if err := w.execute(&o, nil); err != nil {
			return err
		}
	}
	return nil
}

// perform writes one job, or leaves in its err why it is refused. An error
// says that the transaction cannot go on.
func (w *serial) perform(j *job, n *numbers) error {
	if j.alone {
		if err := w.tell(w.savepoint); err != nil {
			return err
		}
	}
	touched, err := len(j.begins)+len(j.draws) > 0, w.draw(j, n)
	if err == nil {
		j.place(n)
		var changed bool
		changed, err = w.all(j, n)
		touched = touched || changed
	}
	if err == nil {
		if j.alone {
			return w.tell(w.release)
		}
		return nil
	}
	why, refused := w.dialect.refusalOf(err)
	switch {
	case !refused:
		return err
	case j.alone:
		j.err = why
		return errors.Join(w.tell(w.rollbackTo), w.tell(w.release))
	case touched:
		return errGuilty
	}
	j.err = why
	return nil
}

// all runs a job's statements. touched says whether anything was changed.
func (w *serial) all(j *job, n *numbers) (touched bool, err error) {
	for i := range j.ops {
		o := &j.ops[i]
		if err := w.execute(o, n); err != nil {
			missed := errors.As(err, new(refusal)) // else a statement failed, and some databases end the transaction then
			return touched || !missed, err
		}
		touched = touched || !o.stmt.inert
	}
	return touched, nil
}

func (w *serial) commit() error   { return w.tell(w.catalogue.commit) }
func (w *serial) rollback() error { return w.tell(w.catalogue.rollback) }

func (w *serial) run(o *op) error { return w.execute(o, nil) }

func (w *serial) tell(s *statement) error { return w.execute(&op{stmt: s}, nil) }

// execute runs one statement. One that misses its row is a [refusal].
func (w *serial) execute(o *op, n *numbers) error {
	s, err := w.statement(o.stmt)
	if err != nil {
		return err
	}
	n.count(o.stmt.counts)
	args := w.bind(o.args, n)
	if w.between == nil {
		return step(s, o, args)
	}
	return w.between(o.stmt.text, func() error { return step(s, o, args) })
}

// step runs a prepared statement.
func step(s driver.Stmt, o *op, args []driver.NamedValue) error {
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
	} else {
		var err error
		if hit, err = exec(s, args); err != nil {
			return err
		}
	}
	if o.miss != nil && hit != 1 {
		return refusal{o.miss}
	}
	return nil
}

// statement returns s as it is prepared on this connection.
func (w *serial) statement(s *statement) (driver.Stmt, error) {
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
func (w *serial) bind(args []driver.Value, n *numbers) []driver.NamedValue {
	for len(w.args) < len(args) {
		w.args = append(w.args, driver.NamedValue{Ordinal: len(w.args) + 1})
	}
	for i, v := range args {
		switch of := v.(type) {
		case fill:
			v = n.of(of)
		case late:
			v = *of.of
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
