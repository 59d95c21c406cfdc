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
	events []event.Recorded // their places are filled in when they are written
	done   chan error       // gets the outcome, once
	err    error            // the outcome, while the batch is not over
}

func newJob() *job { return &job{ops: make([]op, 0, usualOps), done: make(chan error, 1)} }

// usualOps is room for what a message in a session changes.
const usualOps = 6

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
func (j *job) do(s *statement, args ...driver.Value) { j.ops = append(j.ops, op{stmt: s, args: args}) }

// must adds a statement that hits exactly one row, or the job fails with miss.
func (j *job) must(miss error, s *statement, args ...driver.Value) {
	j.ops = append(j.ops, op{stmt: s, args: args, miss: miss})
}

// put adds a statement that writes a row of t as a whole.
func put[T any](j *job, s *statement, t table[T], row *T) error {
	args, err := t.args(row)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	j.do(s, args...)
	return nil
}
