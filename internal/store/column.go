package store

import (
	"bytes"
	"database/sql/driver"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/event"
)

// column is a field of a Go value under its name in the database: what is
// written of it, and where what is read goes. The list of a row's columns is
// the only place that knows both sides.
type column struct {
	name string
	cell
}

// cell converts one field. Scan makes it a [sql.Scanner].
type cell interface {
	value() (driver.Value, error)
	Scan(src any) error
}

// text is a TEXT of any string type.
func text[S ~string](name string, p *S) column { return column{name, textCell[S]{p}} }

// number is a BIGINT of any integer type.
func number[N integer](name string, p *N) column { return column{name, numberCell[N]{p}} }

// flag is a BOOLEAN.
func flag(name string, p *bool) column { return column{name, flagCell{p}} }

// when is a time, in microseconds; the zero time is NULL.
func when(name string, p *time.Time) column { return column{name, timeCell{p}} }

// always is a time that is never NULL: the zero time is the first of year 1,
// so that it sorts before all others.
func always(name string, p *time.Time) column { return column{name, alwaysCell{timeCell{p}}} }

// lasting is a duration, in microseconds.
func lasting(name string, p *time.Duration) column { return column{name, durationCell{p}} }

// blob is a BYTEA; nil is NULL.
func blob(name string, p *[]byte) column { return column{name, blobCell{p}} }

// digest is the hash of a row, a BYTEA of 32 bytes.
func digest(p *[32]byte) column { return column{"hash", digestCell{p}} }

// doc is a value as JSON.
func doc[T any](name string, p *T) column { return column{name, docCell[T]{p}} }

// place is where an event stands, as one number: see [placeOf].
func place(name string, p *event.Position) column { return column{name, placeCell{p}} }

// raw is JSON that somebody has written already.
func raw(name string, p *[]byte) column { return column{name, rawCell{p}} }

// derived is made of other fields, so that it can be searched: it is written
// and never read.
func derived(name string, value driver.Value) column { return column{name, derivedCell{value}} }

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

type (
	textCell[S ~string]   struct{ p *S }
	numberCell[N integer] struct{ p *N }
	flagCell              struct{ p *bool }
	timeCell              struct{ p *time.Time }
	alwaysCell            struct{ timeCell }
	placeCell             struct{ p *event.Position }
	rawCell               struct{ p *[]byte }
	durationCell          struct{ p *time.Duration }
	blobCell              struct{ p *[]byte }
	digestCell            struct{ p *[32]byte }
	docCell[T any]        struct{ p *T }
	derivedCell           struct{ v driver.Value }
)

func (c textCell[S]) value() (driver.Value, error)   { return string(*c.p), nil }
func (c numberCell[N]) value() (driver.Value, error) { return int64(*c.p), nil }
func (c flagCell) value() (driver.Value, error)      { return *c.p, nil }
func (c timeCell) value() (driver.Value, error)      { return micros(*c.p), nil }
func (c durationCell) value() (driver.Value, error)  { return c.p.Microseconds(), nil }
func (c digestCell) value() (driver.Value, error)    { return c.p[:], nil }
func (c derivedCell) value() (driver.Value, error)   { return c.v, nil }

func (c rawCell) value() (driver.Value, error)    { return string(*c.p), nil }
func (c alwaysCell) value() (driver.Value, error) { return c.p.UnixMicro(), nil }

func (c placeCell) value() (driver.Value, error) {
	if *c.p == (event.Position{}) {
		return fillEvent, nil
	}
	stream, err := strconv.ParseInt(c.p.Stream, 10, 64)
	return placeOf(stream, c.p.Number), err
}

func (c blobCell) value() (driver.Value, error) {
	if *c.p == nil {
		return nil, nil
	}
	return *c.p, nil
}

func (c docCell[T]) value() (driver.Value, error) {
	text, err := json.Marshal(c.p, jsontext.AllowInvalidUTF8(true)) // what is invalid becomes U+FFFD, as in texts
	return string(text), err
}

// micros returns a time as the database keeps it.
func micros(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// fromMicros returns a time that the database kept.
func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

func (c textCell[S]) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*c.p = S(v)
	case []byte:
		*c.p = S(v)
	default:
		return unexpected(src, "text")
	}
	return nil
}

func (c numberCell[N]) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "a number")
	}
	*c.p = N(v)
	return nil
}

func (c flagCell) Scan(src any) error {
	switch v := src.(type) {
	case bool:
		*c.p = v
	case int64: // SQLite has no truth values of its own
		*c.p = v != 0
	default:
		return unexpected(src, "a truth value")
	}
	return nil
}

func (c timeCell) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*c.p = time.Time{}
	case int64:
		*c.p = fromMicros(v)
	default:
		return unexpected(src, "a time")
	}
	return nil
}

func (c durationCell) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "a duration")
	}
	*c.p = time.Duration(v) * time.Microsecond
	return nil
}

func (c blobCell) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*c.p = nil
	case []byte:
		*c.p = bytes.Clone(v) // the driver may use its memory again
	default:
		return unexpected(src, "bytes")
	}
	return nil
}

func (c digestCell) Scan(src any) error {
	v, ok := src.([]byte)
	if !ok || len(v) != len(c.p) {
		return unexpected(src, "a digest")
	}
	copy(c.p[:], v)
	return nil
}

func (c docCell[T]) Scan(src any) error {
	switch v := src.(type) {
	case string:
		if v == "[]" {
			return nil // an empty list comes back as it went: nil
		}
		return json.Unmarshal([]byte(v), c.p)
	case []byte:
		return c.Scan(string(v))
	}
	return unexpected(src, "JSON")
}

func (c placeCell) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "a place")
	}
	*c.p = event.Position{Stream: strconv.FormatInt(v>>placeBits, 10), Number: v & (1<<placeBits - 1)}
	return nil
}

func (c rawCell) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*c.p = []byte(v)
	case []byte:
		*c.p = bytes.Clone(v)
	default:
		return unexpected(src, "JSON")
	}
	return nil
}

func (derivedCell) Scan(any) error { return nil }

// optional makes the columns behind from those of a row that may not be there:
// then they keep what they have.
func optional(all []column, from int) []column {
	for i := range all[from:] {
		all[from+i].cell = optionalCell{all[from+i].cell}
	}
	return all
}

type optionalCell struct{ cell }

func (c optionalCell) Scan(src any) error {
	if src == nil {
		return nil
	}
	return c.cell.Scan(src)
}

func unexpected(src any, want string) error {
	return fmt.Errorf("database gave %T where %s is due", src, want)
}
