package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
)

// writer writes an archive, part by part.
type writer struct {
	out      counter
	packed   *zstd.Encoder
	contents Contents
	table    Table
	rows     int64
	digest   hash.Hash
	part     []byte // rows that are not written yet
}

// counter counts what goes through.
type counter struct {
	to io.Writer
	n  int64
}

// Write implements [io.Writer].
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

func newWriter(to io.Writer, m Manifest) (*writer, error) {
	w := &writer{out: counter{to: to}, contents: Contents{Manifest: m}}
	var err error
	if w.packed, err = zstd.NewWriter(&w.out, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1)); err != nil {
		return nil, fmt.Errorf("compressor: %w", err)
	}
	if err := w.write([]byte(headline)); err != nil {
		return nil, err
	}
	return w, w.json(partManifest, m)
}

func (w *writer) write(p []byte) error {
	n, err := w.packed.Write(p)
	w.contents.Unpacked += int64(n)
	return err
}

// put writes a part.
func (w *writer) put(letter byte, payload []byte) error {
	if err := w.write(binary.AppendUvarint([]byte{letter}, uint64(len(payload)))); err != nil {
		return err
	}
	return w.write(payload)
}

func (w *writer) json(letter byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if letter == partTable {
		w.digest.Write(payload)
	}
	return w.put(letter, payload)
}

// begin begins a table.
func (w *writer) begin(t Table) error {
	w.table, w.rows, w.digest = t, 0, sha256.New()
	return w.json(partTable, t)
}

// row adds a row to the table.
func (w *writer) row(values []any) (err error) {
	if w.part, err = appendRow(w.part, w.table.Columns, values); err != nil {
		return err
	}
	w.rows++
	if len(w.part) > partMax {
		return fmt.Errorf("a row has %d bytes, more than an archive takes", len(w.part))
	}
	if len(w.part) >= rowsAtOnce {
		return w.flush()
	}
	return nil
}

func (w *writer) flush() error {
	if len(w.part) == 0 {
		return nil
	}
	w.digest.Write(w.part)
	err := w.put(partRows, w.part)
	w.part = w.part[:0]
	return err
}

// end ends the table.
func (w *writer) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	c := Count{Table: w.table.Name, Rows: w.rows, SHA256: hex.EncodeToString(w.digest.Sum(nil))}
	w.contents.Tables = append(w.contents.Tables, c)
	return w.json(partTableEnd, c)
}

// close ends the archive and returns what is in it.
func (w *writer) close() (Contents, error) {
	if err := w.json(partEnd, w.contents.Tables); err != nil {
		return Contents{}, err
	}
	err := w.packed.Close()
	w.contents.Packed = w.out.n
	return w.contents, err
}
