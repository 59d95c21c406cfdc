package framelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Filter chooses among a station's entries. Fields that are zero choose all.
type Filter struct {
	From       time.Time // the first time that is wanted
	To         time.Time // the first time that is not
	Directions []Direction
	Actions    []string
	Text       string // in the frame or the note; upper and lower case of ASCII are the same
	Newest     bool   // newest first
}

// matches reports whether the filter chooses the record.
func (f *Filter) matches(r *Record) bool {
	return (f.From.IsZero() || !r.At.Before(f.From)) &&
		(f.To.IsZero() || r.At.Before(f.To)) &&
		(len(f.Directions) == 0 || slices.Contains(f.Directions, r.Direction)) &&
		(len(f.Actions) == 0 || slices.Contains(f.Actions, r.Action)) &&
		(f.Text == "" || contains(r.Data, f.Text) || contains([]byte(r.Note), f.Text))
}

// contains reports whether text stands in data, whatever the case of its ASCII
// letters.
func contains(data []byte, text string) bool {
	first := lower(text[0])
	for at := range len(data) - len(text) + 1 {
		if lower(data[at]) == first && same(data[at:at+len(text)], text) {
			return true
		}
	}
	return false
}

func same(data []byte, text string) bool {
	for i := range data {
		if lower(data[i]) != lower(text[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Query returns a page of a station's entries in the order in which they were
// appended, or against it. A page that had to search much may be short, even
// empty, and still have a Next. Sort is not used: Newest decides. A cursor that
// is none is [fault.Invalid]; it belongs to the order it came from.
func (l *Log) Query(ctx context.Context, station ident.StationID, f Filter, q page.Query) (page.Result[Record], error) {
	ctx, cancel := context.WithTimeout(ctx, searchMax)
	defer cancel()
	s, err := newSearch(station, f, q)
	if err != nil {
		return page.Result[Record]{}, err
	}
	p, err := l.look(ctx)
	if err != nil {
		return page.Result[Record]{}, fmt.Errorf("search frames of %s: %w", station, err)
	}
	defer p.close()
	s.codec = l.codec
	if err := s.run(ctx, p); err != nil {
		return page.Result[Record]{}, fmt.Errorf("search frames of %s: %w", station, err)
	}
	return s.result(), nil
}

// picture is the log at one moment.
type picture struct {
	disk        *disk
	conn        *sql.Conn
	tx          *sql.Tx
	ahead, span int64 // the most that a Seq in a run is later than its frame's time, and than the run's first
	memory      [][]Record
}

// look takes a picture of the log. No frame moves from memory to disk while it
// does; what is appended later is not in it.
func (l *Log) look(ctx context.Context) (*picture, error) {
	conn, err := l.disk.reader.Conn(ctx) // may wait for other searches, so before the lock
	if err != nil {
		return nil, err
	}
	p := &picture{disk: l.disk, conn: conn}
	l.view.Lock()
	defer l.view.Unlock()
	if p.tx, err = conn.BeginTx(ctx, l.disk.still); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	// The first read is what fixes the transaction's view.
	if err := p.tx.QueryRowContext(ctx, `SELECT COALESCE((SELECT MAX(ahead_us) FROM merged_blocks), 0),
		COALESCE((SELECT MAX(last_seq - run) FROM merged_blocks), 0)`).Scan(&p.ahead, &p.span); err != nil {
		p.close()
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.memory.batches {
		if len(b.records) > 0 {
			p.memory = append(p.memory, b.records)
		}
	}
	return p, nil
}

// close lets the picture go. It has read only: there is nothing to fail.
func (p *picture) close() {
	_ = p.tx.Rollback()
	_ = p.conn.Close()
}
