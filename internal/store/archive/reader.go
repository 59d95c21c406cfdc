package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
)

// Sink takes what an archive holds, in the order of the archive. An error of one
// of its methods ends the reading.
type Sink interface {
	Manifest(Manifest) error
	Table(Table) error   // the rows of this table follow
	Row(row []any) error // nil, int64, string, []byte or bool; the slice and bytes are used again
	TableEnd(rows int64) error
}

// Read hands all of an archive to a sink, and holds its counts and digests
// against what it read. Without an error everything was there, and as it was
// written; before, the sink cannot know.
func Read(from io.Reader, to Sink) (Contents, error) {
	r := &reader{source: source{from: from}}
	unpacked, err := zstd.NewReader(&r.source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window), zstd.WithDecoderLowmem(true))
	if err != nil {
		return Contents{}, fmt.Errorf("decompressor: %w", err)
	}
	defer unpacked.Close()
	r.in = bufio.NewReaderSize(unpacked, 64<<10)
	if err := r.all(to); err != nil {
		return Contents{}, err
	}
	r.contents.Packed = r.source.n
	return r.contents, nil
}

// ErrDamaged says that an archive is none, or not whole, or not as it was
// written.
var ErrDamaged = errors.New("the archive is damaged")

// source counts what is read.
type source struct {
	from io.Reader
	n    int64
	err  error
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// reader reads an archive.
type reader struct {
	source   source
	in       *bufio.Reader
	contents Contents
	payload  []byte
}

// damaged says what is wrong with the archive, or that it could not be read.
func (r *reader) damaged(format string, args ...any) error {
	if r.source.err != nil {
		return fmt.Errorf("read the archive: %w", r.source.err)
	}
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// all reads from the first byte to the last.
func (r *reader) all(to Sink) error {
	if err := r.headline(); err != nil {
		return err
	}
	if err := r.json(partManifest, &r.contents.Manifest); err != nil {
		return err
	}
	if err := to.Manifest(r.contents.Manifest); err != nil {
		return err
	}
	letter, err := r.part()
	for ; err == nil && letter == partTable; letter, err = r.part() {
		if err := r.table(to); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if letter != partEnd {
		return r.damaged("a part %q where a table or the end should be", letter)
	}
	var counts []Count
	if err := json.Unmarshal(r.payload, &counts); err != nil || !slices.Equal(counts, r.contents.Tables) {
		return r.damaged("its end does not tell what is in it")
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return r.damaged("something comes behind its end")
	}
	return nil
}

func (r *reader) headline() error {
	line := make([]byte, len(headline))
	if _, err := io.ReadFull(r.in, line); err != nil {
		return r.damaged("no backup of Pylon begins like this")
	}
	if string(line) != headline {
		if string(line[:len(headline)-2]) == headline[:len(headline)-2] {
			return fmt.Errorf("a newer Pylon made this archive: its format is %s", line[len(headline)-2:len(headline)-1])
		}
		return r.damaged("no backup of Pylon begins like this")
	}
	r.contents.Unpacked = int64(len(line))
	return nil
}

// part reads the next part into payload and returns its letter.
func (r *reader) part() (letter byte, err error) {
	letter, err = r.in.ReadByte()
	if err != nil {
		return 0, r.damaged("it ends in the middle: %v", err)
	}
	size, err := binary.ReadUvarint(r.in)
	if err != nil {
		return 0, r.damaged("it ends in the middle: %v", err)
	}
	limit := uint64(jsonMax)
	if letter == partRows {
		limit = partMax
	}
	if size > limit {
		return 0, r.damaged("a part %q of %d bytes, at most %d", letter, size, limit)
	}
	r.contents.Unpacked += int64(size) + 2 //nolint:gosec // at most partMax
	if r.contents.Unpacked > growthFree+growthMax*r.source.n {
		return 0, r.damaged("it unpacks to more than %d times its size", growthMax)
	}
	return letter, r.fill(int(size)) //nolint:gosec // as above
}

// fill reads so many bytes into payload, which grows with what is there and not
// with what is promised.
func (r *reader) fill(size int) error {
	const step = 1 << 20
	r.payload = r.payload[:0]
	for len(r.payload) < size {
		at := len(r.payload)
		n := min(size-at, step)
		r.payload = slices.Grow(r.payload, n)[:at+n]
		if _, err := io.ReadFull(r.in, r.payload[at:]); err != nil {
			return r.damaged("it ends in the middle: %v", err)
		}
	}
	return nil
}

// json reads a part that must come now.
func (r *reader) json(want byte, v any) error {
	letter, err := r.part()
	if err != nil {
		return err
	}
	if letter != want {
		return r.damaged("a part %q where %q should be", letter, want)
	}
	if err := json.Unmarshal(r.payload, v); err != nil {
		return r.damaged("part %q: %v", want, err)
	}
	return nil
}

// table reads a table, whose T part is in payload.
func (r *reader) table(to Sink) error {
	var t Table
	if err := json.Unmarshal(r.payload, &t); err != nil {
		return r.damaged("a table: %v", err)
	}
	if len(t.Columns) == 0 || len(t.Columns) > columnsMax || len(r.contents.Tables) == tablesMax {
		return r.damaged("table %.100q has %d columns and stands behind %d others", t.Name, len(t.Columns), len(r.contents.Tables))
	}
	digest := sha256.New()
	digest.Write(r.payload)
	if err := to.Table(t); err != nil {
		return err
	}
	var rows int64
	values := make([]any, len(t.Columns))
	letter, err := r.part()
	for ; err == nil && letter == partRows; letter, err = r.part() {
		digest.Write(r.payload)
		for rest := r.payload; len(rest) > 0; rows++ {
			if rest, err = parseRow(rest, t.Columns, values); err != nil {
				return r.damaged("table %s, row %d: %v", t.Name, rows+1, err)
			}
			if err := to.Row(values); err != nil {
				return fmt.Errorf("table %s, row %d: %w", t.Name, rows+1, err)
			}
		}
	}
	if err != nil {
		return err
	}
	var said Count
	if letter != partTableEnd || json.Unmarshal(r.payload, &said) != nil {
		return r.damaged("table %s has no end", t.Name)
	}
	got := Count{Table: t.Name, Rows: rows, SHA256: hex.EncodeToString(digest.Sum(nil))}
	if said != got {
		return r.damaged("table %s: %d rows with the digest %s, and not %d with %s as when it was written", t.Name, rows, got.SHA256, said.Rows, said.SHA256)
	}
	r.contents.Tables = append(r.contents.Tables, got)
	return to.TableEnd(rows)
}

// Verify reads an archive to its end, see [Read].
func Verify(from io.Reader) (Contents, error) { return Read(from, nowhere{}) }

// nowhere takes everything.
type nowhere struct{}

func (nowhere) Manifest(Manifest) error { return nil }
func (nowhere) Table(Table) error       { return nil }
func (nowhere) Row([]any) error         { return nil }
func (nowhere) TableEnd(int64) error    { return nil }
