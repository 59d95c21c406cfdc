package meter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// writer appends the parts of an encoding to a buffer.
type writer struct{ buf []byte }

func (w *writer) uint(v uint64) { w.buf = binary.AppendUvarint(w.buf, v) }
func (w *writer) int(v int64)   { w.buf = binary.AppendVarint(w.buf, v) }

func (w *writer) bool(v bool) {
	if v {
		w.buf = append(w.buf, 1)
		return
	}
	w.buf = append(w.buf, 0)
}

func (w *writer) text(s string) {
	w.uint(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

// blob writes bytes; nil is not the same as none.
func (w *writer) blob(b []byte) {
	if b == nil {
		w.uint(0)
		return
	}
	w.uint(uint64(len(b)) + 1)
	w.buf = append(w.buf, b...)
}

// word writes a text that OCPP often uses as its number in [words].
func (w *writer) word(s string) {
	for i := range words {
		if words[i] == s {
			w.uint(uint64(i) + 1)
			return
		}
	}
	w.uint(0)
	w.text(s)
}

// stamp writes a time as its distance to another, and the way it was sent.
func (w *writer) stamp(s stamp, base int64) {
	w.uint(uint64(s.form))
	switch s.form {
	case formLiteral:
		w.text(s.literal)
	case formOffset:
		w.int(int64(s.offset))
		w.uint(uint64(s.fraction))
	}
	w.int(s.at - base)
}

// errDamaged says that data was not written by this package.
var errDamaged = errors.New("damaged")

// reader takes an encoding apart. After a failure it returns zeros; end tells.
type reader struct {
	data   []byte
	failed bool
}

func (r *reader) fail() { r.failed, r.data = true, nil }

// end says whether all was read and nothing failed.
func (r *reader) end(what string) error {
	if r.failed || len(r.data) > 0 {
		return fmt.Errorf("%s: %w", what, errDamaged)
	}
	return nil
}

func (r *reader) byte() byte {
	if len(r.data) == 0 {
		r.fail()
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

func (r *reader) bool() bool { return r.byte() != 0 }

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

// ints reads n numbers.
func (r *reader) ints(n int) []int64 {
	of := make([]int64, n)
	for i := range of {
		of[i] = r.int()
	}
	return of
}

// count reads a number of things that take at least size bytes each, so that
// damaged data asks for no more memory than it has itself.
func (r *reader) count(size int) int {
	n := r.uint()
	if n > uint64(len(r.data)/size) { //nolint:gosec // a length
		r.fail()
		return 0
	}
	return int(n) //nolint:gosec // bounded by the length of the data
}

func (r *reader) take(n int) []byte {
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

func (r *reader) text() string { return string(r.take(r.count(1))) }

func (r *reader) blob() []byte {
	n := r.uint()
	if n == 0 || n-1 > uint64(len(r.data)) {
		if n > 0 {
			r.fail()
		}
		return nil
	}
	return append([]byte{}, r.take(int(n-1))...) //nolint:gosec // bounded by the length of the data
}

func (r *reader) word() string {
	n := r.uint()
	switch {
	case n == 0:
		return r.text()
	case n > uint64(len(words)):
		r.fail()
		return ""
	}
	return words[n-1]
}

func (r *reader) stamp(base int64) stamp {
	s := stamp{form: form(r.byte())}
	switch {
	case s.form == formLiteral:
		s.literal = r.text()
	case s.form == formOffset:
		s.offset = int32(r.int()) //nolint:gosec // written from an int32
		s.fraction = r.byte()
	}
	s.at = base + r.int()
	if !s.valid() {
		r.fail()
		return stamp{}
	}
	return s
}

// micro is the time that a number of microseconds since 1970 stands for.
func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// stamp is a time and the words in which it was sent. Nearly all stations send
// what can be written again from the time: RFC 3339.
type stamp struct {
	at       int64 // microseconds since 1970
	form     form
	fraction uint8  // digits of the second's fraction; formOffset only, else part of the form
	offset   int32  // minutes east; formOffset only
	literal  string // formLiteral only
}

// form is how a time was written.
type form uint8

// The forms. Of RFC 3339 in UTC with a Z and n digits of a second's fraction,
// it is formZulu+n.
const (
	formNone    form = iota // nothing was sent
	formLiteral             // some other way
	formZulu
	formOffset = formZulu + maxFraction + 1 // RFC 3339 with an offset
)

const (
	maxFraction = 9       // digits of a nanosecond
	maxOffset   = 24 * 60 // minutes; time zones are within 14 h
)

// stampOf finds the form in which text says at.
func stampOf(at time.Time, text string) stamp {
	s := stamp{at: at.UnixMicro()}
	if text == "" {
		return s
	}
	s.read(text)
	var buf [len("2006-01-02T15:04:05.999999999+00:00") + 8]byte
	if s.form != formLiteral && string(s.append(buf[:0])) == text {
		return s
	}
	return stamp{at: s.at, form: formLiteral, literal: text}
}

// read takes the form from the shape of text; formLiteral when it has another.
func (s *stamp) read(text string) {
	s.form = formLiteral
	const seconds = len("2006-01-02T15:04:05")
	if len(text) <= seconds {
		return
	}
	rest, fraction := text[seconds:], 0
	if rest[0] == '.' {
		for fraction+1 < len(rest) && rest[fraction+1]-'0' < 10 {
			fraction++
		}
		rest = rest[fraction+1:]
	}
	switch {
	case fraction > maxFraction:
	case rest == "Z":
		s.form = formZulu + form(fraction)
	case len(rest) == len("+00:00") && (rest[0] == '+' || rest[0] == '-'):
		minutes := int32(rest[1]-'0')*600 + int32(rest[2]-'0')*60 + int32(rest[4]-'0')*10 + int32(rest[5]-'0')
		if minutes < 0 || minutes > maxOffset {
			return
		}
		if rest[0] == '-' {
			minutes = -minutes
		}
		s.form, s.fraction, s.offset = formOffset, uint8(fraction), minutes
	}
}

// valid reports whether s can be written; damaged data may say anything.
func (s stamp) valid() bool {
	return s.form <= formOffset && s.fraction <= maxFraction && s.offset >= -maxOffset && s.offset <= maxOffset
}

func (s stamp) time() time.Time { return micro(s.at) }

// text returns the words in which the time was sent.
func (s stamp) text() string {
	switch s.form {
	case formNone:
		return ""
	case formLiteral:
		return s.literal
	}
	return string(s.append(nil))
}

// append writes the time in its form, which is one of RFC 3339's.
func (s stamp) append(dst []byte) []byte {
	t, fraction := s.time(), s.fraction
	if s.form == formOffset {
		t = t.In(time.FixedZone("", int(s.offset)*60))
	} else {
		fraction = uint8(s.form - formZulu)
	}
	dst = t.AppendFormat(dst, "2006-01-02T15:04:05")
	if fraction > 0 {
		dst = appendFraction(append(dst, '.'), t.Nanosecond(), int(fraction))
	}
	if s.form == formOffset {
		return t.AppendFormat(dst, "-07:00")
	}
	return append(dst, 'Z')
}

// appendFraction writes the first digits of a nanosecond.
func appendFraction(dst []byte, nanos, digits int) []byte {
	for unit := 100_000_000; digits > 0; digits-- {
		dst = append(dst, byte('0'+nanos/unit%10))
		unit /= 10
	}
	return dst
}
