package store

import (
	"database/sql/driver"
	"fmt"

	"pylon/internal/domain/event"
)

// job is what one caller wants written, all of it or nothing: statements with
// their arguments, built in the caller's goroutine, so that the committer only
// binds and executes.
type job struct {
	ops    []op
	values []driver.Value   // the arguments of all ops
	row    []column         // memory of fields
	events []event.Recorded // their places are filled in when they are written
	done   chan error       // gets the outcome, once
	err    error            // the outcome, while the batch is not over
}

func newJob() *job { return &job{done: make(chan error, 1)} }

// reset makes a job of one that is done, keeping its memory.
func (j *job) reset() {
	clear(j.ops)
	clear(j.values)
	clear(j.row[:cap(j.row)])
	clear(j.events)
	*j = job{ops: j.ops[:0], values: j.values[:0], row: j.row[:0], events: j.events[:0], done: j.done}
}

// op is one statement of a job.
type op struct {
	stmt *statement
	args []driver.Value
	miss error          // what it means that not exactly one row was hit; nil: that is fine
	row  []driver.Value // the row of a statement that returns one goes here
}

// fill stands among the arguments for what only the committer knows.
type fill uint8

const (
	fillEvent fill = iota + 1 // the place of the event
	fillFrame                 // the place of the frame
	fillAt                    // the time of the batch, in microseconds
)

// do adds a statement that may hit any number of rows.
func (j *job) do(s *statement, args ...driver.Value) { j.must(nil, s, args...) }

// must adds a statement that hits exactly one row, or the job fails with miss.
func (j *job) must(miss error, s *statement, args ...driver.Value) {
	from := len(j.values)
	j.values = append(j.values, args...)
	j.add(op{stmt: s, miss: miss}, from)
}

// add adds o; its arguments are the values behind from.
func (j *job) add(o op, from int) {
	o.args = j.values[from:len(j.values):len(j.values)]
	j.ops = append(j.ops, o)
}

// put adds a statement that writes a row of t as a whole.
func put[T any](j *job, s *statement, t table[T], row *T) error {
	from := len(j.values)
	j.row = t.columns(j.row[:0], row)
	if err := j.fields(j.row); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	j.add(op{stmt: s}, from)
	return nil
}

// alter adds o, an [table.update] of t; o.args are those of its extra
// assignments, guard is what must stand in the column that it is guarded by.
func alter[T any](j *job, o op, t table[T], row *T, guard ...driver.Value) error {
	from := len(j.values)
	j.row = t.columns(j.row[:0], row)
	if err := j.fields(j.row[t.fixed:]); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	j.values = append(j.values, o.args...)
	if err := j.fields(j.row[:t.key]); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	j.values = append(j.values, guard...)
	j.add(o, from)
	return nil
}

// fields adds the values of columns to the arguments.
func (j *job) fields(columns []column) error {
	for _, c := range columns {
		v, err := c.value()
		if err != nil {
			return err
		}
		j.values = append(j.values, v)
	}
	return nil
}
