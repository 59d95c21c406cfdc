package store

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
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
	alone  bool             // it may fail halfway: run it where that can be undone
	rows   []touch          // rows that other jobs may be about, too
	taken  [1]driver.Value  // the epoch, of a job that takes one

	postings []journalRow // in the order in which they are chained
	begins   []op         // series that begin, if they are not there: before the draws
	draws    []*draw      // numbers of documents, drawn before the rest
	part     driver.Value // which part of hot balances is moved
}

// take adds that link is its station's connection from now on, under the next
// epoch.
func (p *planner) take(link *station.Link) error {
	return alter(p.job, op{stmt: p.takeLink, miss: errNotFound, row: p.taken[:]}, links, link)
}

// epoch is the one that the job has taken; 0: none.
func (j *job) epoch() int64 {
	epoch, _ := j.taken[0].(int64)
	return epoch
}

// landed brings the job's events up to what only the database knew.
func (j *job) landed() {
	for i := range j.events {
		if e := &j.events[i]; e.Version == 0 {
			e.Version = j.epoch()
		}
	}
}

// first returns the number of the job's first event; 0 when all are only live.
func (j *job) first() int64 {
	for i := range j.events {
		if !j.events[i].Live {
			return j.events[i].Number
		}
	}
	return 0
}

// touch is a row that a job changes, or reads and relies on, by its identifier.
// Of two jobs in one batch that touch the same row, unless both only read it,
// the second is run by itself after the first.
type touch struct {
	id      string
	changes bool
}

// changes says that the job changes a row.
func (j *job) changes(id string) { j.rows = append(j.rows, touch{id, true}) }

// reads says that the job relies on a row.
func (j *job) reads(id string) { j.rows = append(j.rows, touch{id, false}) }

// place gives the job's journals and events their places behind n, all events
// but the live ones.
func (j *job) place(n *numbers) {
	j.seal(n)
	if len(j.events) == 0 {
		return
	}
	stream, next := strconv.FormatInt(n.stream, 10), n.event+1
	for i := range j.events {
		if e := &j.events[i]; !e.Live {
			e.Stream, e.Number = stream, next
			next++
		}
	}
}

func newJob() *job { return &job{done: make(chan error, 1)} }

// reset makes a job of one that is done, keeping its memory.
func (j *job) reset() {
	clear(j.ops)
	clear(j.values)
	clear(j.row[:cap(j.row)])
	clear(j.events)
	clear(j.rows)
	*j = job{ops: j.ops[:0], values: j.values[:0], row: j.row[:0], events: j.events[:0], rows: j.rows[:0], done: j.done}
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
	for i, v := range j.values[from:] {
		if text, ok := v.(string); ok && !storable(text) {
			j.values[from+i] = Cleaned(text)
		}
	}
	o.args = j.values[from:len(j.values):len(j.values)]
	j.ops = append(j.ops, o)
}

// put adds a statement that writes a row of t as a whole.
func put[T any](j *job, s *statement, t table[T], row *T) error {
	j.row = t.columns(j.row[:0], row)
	return putRow(j, s, t)
}

// putAll does so with each of rows.
func putAll[T any](j *job, s *statement, t table[T], rows []T) error {
	for i := range rows {
		if err := put(j, s, t, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// putRow is put for a row whose columns are in j.row.
func putRow[T any](j *job, s *statement, t table[T]) error {
	from := len(j.values)
	if err := j.fields(j.row); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	j.add(op{stmt: s}, from)
	return nil
}

// alter adds o, an [table.update] of t; o.args are those of its extra
// assignments, guard is what must stand in the column that it is guarded by.
func alter[T any](j *job, o op, t table[T], row *T, guard ...driver.Value) error {
	j.row = t.columns(j.row[:0], row)
	return alterRow(j, o, t, guard...)
}

// alterRow is alter for a row whose columns are in j.row.
func alterRow[T any](j *job, o op, t table[T], guard ...driver.Value) error {
	from := len(j.values)
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

// storable reports whether every database takes a text as it is: PostgreSQL
// keeps only UTF-8 without NUL.
func storable(text string) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}

// Cleaned returns a text with U+FFFD for each byte that no database keeps: what
// a station sends wrong must not keep its message from being stored.
func Cleaned(text string) string {
	if storable(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
