package framelog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// scanMax is what one page may unpack before it ends short: a tenth of a second.
const scanMax = 64 << 20

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
	steps := []func(context.Context, *picture) error{s.searchMerged, s.searchFresh, s.searchMemory}
	if f.Newest {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(ctx, p); err != nil {
			return page.Result[Record]{}, fmt.Errorf("search frames of %s: %w", station, err)
		}
		if s.done {
			break
		}
	}
	return s.result(), nil
}

// picture is the log at one moment.
type picture struct {
	conn   *sql.Conn
	tx     *sql.Tx
	ahead  int64 // the most that a Seq on the disk is later than its frame's time
	fresh  []freshBlock
	memory [][]Record
}

// look takes a picture of the log. No frame moves from memory to disk while it
// does; what is appended later is not in it.
func (l *Log) look(ctx context.Context) (*picture, error) {
	conn, err := l.disk.reader.Conn(ctx) // may wait for other searches, so before the lock
	if err != nil {
		return nil, err
	}
	p := &picture{conn: conn}
	l.view.Lock()
	defer l.view.Unlock()
	if p.tx, err = conn.BeginTx(ctx, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	// The first read is what fixes the transaction's view.
	if err := p.tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(ahead_us), 0) FROM merged_blocks`).Scan(&p.ahead); err != nil {
		p.close()
		return nil, err
	}
	p.fresh = l.fresh
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.memory.batches {
		p.memory = append(p.memory, b.records)
	}
	return p, nil
}

// close lets the picture go. It has read only: there is nothing to fail.
func (p *picture) close() {
	_ = p.tx.Rollback()
	_ = p.conn.Close()
}

// search is a query on its way.
type search struct {
	station   ident.StationID
	filter    Filter
	low, high int64 // Seq, both exclusive
	limit     int
	codec     *codec

	found   []Record
	spent   int   // bytes unpacked
	entered int64 // the first Seq of the run that was entered last
	next    int64 // where the next page begins
	done    bool
}

func newSearch(station ident.StationID, f Filter, q page.Query) (*search, error) {
	s := &search{station: station, filter: f, low: math.MinInt64, high: math.MaxInt64, limit: q.Size()}
	if !f.From.IsZero() {
		s.low = f.From.UnixMicro() - 1 // no Seq is earlier than its frame's time
	}
	if q.Cursor == "" {
		return s, nil
	}
	at, err := strconv.ParseInt(q.Cursor, 36, 64)
	if err != nil {
		return nil, fault.InvalidField("/cursor", "cursor_malformed", "a cursor comes from the page before")
	}
	if f.Newest {
		s.high = at
	} else {
		s.low = max(s.low, at)
	}
	return s, nil
}

// result returns the page.
func (s *search) result() page.Result[Record] {
	switch {
	case len(s.found) > s.limit:
		s.found = s.found[:s.limit]
		s.next = s.found[s.limit-1].Seq
	case !s.done:
		return page.Result[Record]{Items: s.found}
	}
	return page.Result[Record]{Items: s.found, Next: cursorAt(s.next)}
}

// cursorAt returns the cursor behind the record with that Seq.
func cursorAt(seq int64) string { return strconv.FormatInt(seq, 36) }

// take keeps what fits of records, which are by Seq, until there is one more
// than the page has.
func (s *search) take(records []Record) {
	for i := range records {
		r := &records[i]
		if s.filter.Newest {
			r = &records[len(records)-1-i]
		}
		if r.Station != s.station || r.Seq <= s.low || r.Seq >= s.high || !s.filter.matches(r) {
			continue
		}
		kept := *r
		kept.Data = bytes.Clone(r.Data)
		s.found = append(s.found, kept)
		if s.done = len(s.found) > s.limit; s.done {
			return
		}
	}
}

// enter begins a run or fresh block whose first Seq this is, unless the page has
// unpacked enough: then the next one goes on here.
func (s *search) enter(first int64) {
	if s.spent < scanMax {
		s.entered = first
		return
	}
	s.done, s.next = true, first-1
	if s.filter.Newest {
		s.next = s.entered
	}
}

// unpack takes the station's records from a block. One that cannot be read
// stands for itself by a note at last, its latest Seq.
func (s *search) unpack(data []byte, last int64) {
	b, size, err := s.codec.open(data)
	s.spent += size
	var records []Record
	if g := b.find(s.station); err == nil && g != nil {
		records, err = b.records(nil, g)
	}
	if err != nil {
		records = []Record{{Seq: last, Entry: Entry{
			Station: s.station, At: time.UnixMicro(last).UTC(), Direction: Note, Type: TypeDamaged, Note: err.Error(),
		}}}
	}
	s.take(records)
}

func (s *search) searchMemory(_ context.Context, p *picture) error {
	batches := p.memory
	if s.filter.Newest {
		slices.Reverse(batches)
	}
	for _, records := range batches {
		if !s.done {
			s.take(records)
		}
	}
	return nil
}

func (s *search) searchFresh(ctx context.Context, p *picture) error {
	print := fingerprint(s.station)
	for i := range p.fresh {
		f := &p.fresh[i]
		if s.filter.Newest {
			f = &p.fresh[len(p.fresh)-1-i]
		}
		late := !s.filter.To.IsZero() && f.firstUS >= s.filter.To.UnixMicro()
		if late || f.last <= s.low || f.first >= s.high || !f.has(print) {
			continue
		}
		if s.enter(f.first); s.done {
			return nil
		}
		data, err := readFresh(ctx, p.tx, f.first)
		if err != nil {
			return err
		}
		if s.unpack(data, f.last); s.done {
			return nil
		}
	}
	return nil
}

func (s *search) searchMerged(ctx context.Context, p *picture) error {
	high := s.high
	if !s.filter.To.IsZero() {
		high = min(high, s.filter.To.UnixMicro()+p.ahead)
	}
	text := findOldest
	if s.filter.Newest {
		text = findNewest
	}
	rows, err := p.tx.QueryContext(ctx, text, string(s.station), s.low, high)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var run, last int64
		var data sql.RawBytes
		if err := rows.Scan(&run, &last, &data); err != nil {
			return err
		}
		if run != s.entered {
			s.enter(run)
		}
		if !s.done {
			s.unpack(data, last)
		}
		if s.done {
			return nil
		}
	}
	return rows.Err()
}
