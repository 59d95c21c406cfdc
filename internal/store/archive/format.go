package archive

import (
	"time"
)

// An archive is one zstd stream. What it unpacks to begins with a line of text,
// [headline], and goes on with parts: a letter, the length as a varint, so many
// bytes. They come in this order:
//
//	M  the manifest, JSON
//	T  a table: its name and columns, JSON
//	R  rows of that table, one behind the other; as often as needed
//	E  the end of that table: rows and digest, JSON
//	…  more tables
//	Z  the end: rows and digest of every table again, JSON
//
// A row is its values in the order of the columns: NULL is the byte 0; any other
// value is 1 and then, of a BIGINT a varint (zigzag), of a TEXT or BYTEA its
// length as a varint and its bytes, of a BOOLEAN 0 or 1.
//
// The digest of a table is the SHA-256 of the bytes of its T and R parts. zstd
// has sums of its own, too.
const headline = "pylon backup 1\n"

// The letters of the parts.
const (
	partManifest = 'M'
	partTable    = 'T'
	partRows     = 'R'
	partTableEnd = 'E'
	partEnd      = 'Z'
)

const (
	// rowsAtOnce is when an R part is full: enough to compress well, little to hold.
	rowsAtOnce = 256 << 10

	// partMax bounds a part that is read: a row of the largest value that we store,
	// a block of a mebibyte, many times over.
	partMax = 64 << 20

	// jsonMax bounds the parts that are JSON: a table has dozens of columns, a
	// database dozens of tables.
	jsonMax = 1 << 20

	tablesMax  = 1000
	columnsMax = 1000

	// An archive may unpack to growthMax times its size and growthFree more. Rows of
	// events repeat each other and reach 50; a bomb wants tens of thousands.
	growthMax  = 1000
	growthFree = 64 << 20

	// window is what the decompressor holds, and refuses to hold more than.
	window = 4 << 20
)

// Manifest says what an archive is.
type Manifest struct {
	Program  string    `json:"program"`  // version of Pylon that made it
	Schema   int64     `json:"schema"`   // version of the tables
	TakenAt  time.Time `json:"taken_at"` // the moment that it shows, or shortly before
	Database string    `json:"database"` // sqlite or postgresql
	Frames   bool      `json:"frames"`   // whether the frame log is in it
}

// Kind is the type of a column, as the migrations spell it.
type Kind string

// The kinds.
const (
	BigInt  Kind = "BIGINT"
	Text    Kind = "TEXT"
	Bytea   Kind = "BYTEA"
	Boolean Kind = "BOOLEAN"
)

// Column is a column of a table.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
}

// Table is a table of an archive or of a database.
type Table struct {
	Name    string   `json:"name"`
	Frames  bool     `json:"frames,omitzero"` // it belongs to the frame log
	Columns []Column `json:"columns"`
}

// Count is what an archive says of a table behind its rows.
type Count struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Contents is what an archive holds.
type Contents struct {
	Manifest Manifest
	Tables   []Count // in the order of the archive
	Unpacked int64   // bytes
	Packed   int64   // bytes
}

// Rows returns how many rows all tables have.
func (c *Contents) Rows() (n int64) {
	for _, t := range c.Tables {
		n += t.Rows
	}
	return n
}
