package schema

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
)

// Reader reads one JSON value, field by field, for generated code. What does not fit is put into its
// [Report] and skipped; after a syntax error it finds nothing more.
//
// It is written by hand because it is the hottest code of the gateway: one pass, no tokens, and a path
// to a field is made only when something is wrong with it.
type Reader struct {
	Report
	s      string // the payload; a substring never leaves the reader, it would keep the whole payload alive
	i      int    // the next byte to read
	broken bool   // syntax error: nothing more can be read
	judged bool   // mistakes are of no interest, so that no number of them ends the reading
}

func newReader(data []byte) *Reader {
	r := &Reader{s: string(data)}
	if !utf8.ValidString(r.s) {
		r.s = strings.ToValidUTF8(r.s, "\uFFFD")
		r.add("", RuleFormat, "must be UTF-8", true)
	}
	return r
}

// Object is the reader's place in an object.
type Object struct {
	Name  string // the field whose value comes next
	seen  uint64 // the fields there were, a bit each
	mark  int    // where the violations of the field begin
	begun bool
	shape bool // it is an object, and was read to its end
}

// Object begins to read an object. If the value is none, that is reported and Next finds no field.
func (r *Reader) Object() Object {
	if r.peek() != '{' {
		r.wrongType("must be an object")
		return Object{}
	}
	r.i++
	return Object{shape: true, mark: r.mark()}
}

// Next goes to the next field, sets o.Name and reports whether there is one.
// The value of the field must be read before Next is called again.
func (r *Reader) Next(o *Object) bool {
	if !o.shape {
		return false
	}
	if o.mark < r.mark() {
		r.under(o.mark, o.Name)
	}
	if r.broken {
		o.shape = false
		return false
	}
	c := r.peek()
	switch {
	case c == '}':
		r.i++
		return false
	case o.begun && c == ',':
		r.i++
		c = r.peek()
	case o.begun:
		r.syntax("is not JSON: comma expected")
		o.shape = false
		return false
	}
	if c != '"' {
		r.syntax("is not JSON: field name expected")
		o.shape = false
		return false
	}
	o.Name, _ = r.quoted()
	o.begun = true
	o.mark = r.mark()
	if r.peek() != ':' {
		r.syntax("is not JSON: colon expected")
		return r.Next(o)
	}
	r.i++
	return true
}

// Saw notes that field number bit, less than 64, is there. A second one of the same name is reported.
func (r *Reader) Saw(o *Object, bit uint) {
	if o.seen&(1<<bit) != 0 {
		r.add("", RuleSyntax, "stands twice", false)
	}
	o.seen |= 1 << bit
}

// Require reports the names whose bits, counted from 0, were not seen.
func (r *Reader) Require(o *Object, names ...string) {
	if all := uint64(1)<<len(names) - 1; !o.shape || o.seen&all == all {
		return
	}
	for bit, name := range names {
		if o.seen&(1<<bit) == 0 {
			r.add(name, RuleRequired, "is required", false)
		}
	}
}

// Unknown keeps a field that the schema does not know in the object into. If the schema is closed, it is reported.
func (r *Reader) Unknown(o *Object, into *jsontext.Value, closed bool) {
	value := r.raw()
	if r.broken {
		return
	}
	if closed {
		r.add("", RuleUnknown, "is not a field of this message", true)
	}
	kept := *into
	if len(kept) == 0 {
		kept = append(kept, '{')
	} else {
		kept[len(kept)-1] = ','
	}
	kept, _ = jsontext.AppendQuote(kept, o.Name) // the name is valid UTF-8, so there is no error
	kept = append(kept, ':')
	kept = append(kept, value...)
	*into = append(kept, '}')
}

// Text reads a string.
func Text[T ~string](into *T, r *Reader) {
	if s, ok := r.text(); ok {
		*into = T(strings.Clone(s))
	}
}

// Enum reads a value of an enumeration; known returns the constant of a value, so that it costs no memory.
func Enum[T ~string](into *T, r *Reader, known func(string) (T, bool)) {
	s, ok := r.text()
	if !ok {
		return
	}
	if value, ok := known(s); ok {
		*into = value
		return
	}
	*into = T(strings.Clone(s))
}

// Optional reads a value into a new T.
func Optional[T any](r *Reader, into **T, read func(*T, *Reader)) {
	value := new(T)
	read(value, r)
	*into = value
}

// OptionalEnum is [Enum] into a new T.
func OptionalEnum[T ~string](r *Reader, into **T, known func(string) (T, bool)) {
	value := new(T)
	Enum(value, r, known)
	*into = value
}

// List reads an array; an empty one is not nil.
func List[T any](r *Reader, into *[]T, read func(*T, *Reader)) {
	if r.peek() != '[' {
		r.wrongType("must be an array")
		return
	}
	r.i++
	list := []T{}
	for !r.broken {
		c := r.peek()
		switch {
		case c == ']':
			r.i++
			*into = list
			return
		case len(list) > 0 && c == ',':
			r.i++
			c = r.peek()
		case len(list) > 0:
			r.syntax("is not JSON: comma expected")
			return
		}
		if c == ']' {
			r.syntax("is not JSON: item expected")
			return
		}
		if r.hopeless && !r.judged && len(r.violations) == MaxViolations {
			r.broken = true // enough is known, and a long list of mistakes shall not buy memory
			return
		}
		if len(list) == 1 {
			list = slices.Grow(list, 3) // one meter value with four samples is what most lists are
		}
		var item T
		list = append(list, item)
		mark := r.mark()
		read(&list[len(list)-1], r)
		r.underItem(mark, len(list)-1)
	}
}

// Int reads an integer; 1.0 and 1e3 are integers too, as in JSON Schema.
func Int(into *int, r *Reader) {
	s, ok := r.number("must be an integer")
	if !ok {
		return
	}
	if n, ok := smallInt(s); ok {
		*into = n
		return
	}
	d, err := decimal.Parse(s)
	if err != nil {
		r.add("", RuleRange, "has too many digits", false)
		return
	}
	n, exact, err := d.Scaled(0)
	switch {
	case err != nil:
		r.add("", RuleRange, "has too many digits", false)
	case !exact:
		r.add("", RuleType, "must be an integer", false)
	default:
		*into = int(n)
	}
}

// smallInt reads up to 18 digits, which is all but every integer in OCPP.
func smallInt(s string) (int, bool) {
	digits := strings.TrimPrefix(s, "-")
	if len(digits) > 18 {
		return 0, false
	}
	n := 0
	for i := range len(digits) {
		c := digits[i] - '0'
		if c >= 10 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	if len(digits) < len(s) {
		n = -n
	}
	return n, true
}

// Decimal reads a number, keeping its digits.
func Decimal(into *decimal.Decimal, r *Reader) {
	s, ok := r.number("must be a number")
	if !ok {
		return
	}
	d, err := decimal.Parse(strings.Clone(s))
	if err != nil {
		r.add("", RuleRange, "has too many digits", false)
		return
	}
	*into = d
}

// Bool reads true or false.
func Bool(into *bool, r *Reader) {
	r.peek()
	rest := r.s[r.i:]
	switch {
	case strings.HasPrefix(rest, "true"):
		r.i += len("true")
		*into = true
	case strings.HasPrefix(rest, "false"):
		r.i += len("false")
		*into = false
	default:
		r.wrongType("must be true or false")
	}
}

// Any keeps a value of any type as it is.
func Any(into *jsontext.Value, r *Reader) {
	if value := r.raw(); !r.broken {
		*into = value
	}
}

// end reports what follows the value.
func (r *Reader) end() {
	if !r.broken && r.peek() != 0 {
		r.syntax("is not JSON: more than one value")
	}
}

// peek skips white space and returns the next byte, 0 at the end.
func (r *Reader) peek() byte {
	if r.i < len(r.s) && r.s[r.i] > ' ' {
		return r.s[r.i] // nearly always: stations send compact JSON
	}
	return r.skip()
}

func (r *Reader) skip() byte {
	for ; r.i < len(r.s); r.i++ {
		switch c := r.s[r.i]; c {
		case ' ', '\t', '\n', '\r':
		case 0:
			r.syntax("is not JSON: zero byte") // 0 is what the end looks like
			return 0
		default:
			return c
		}
	}
	return 0
}

// syntax ends the reading: the rest cannot be trusted.
func (r *Reader) syntax(detail string) {
	if !r.broken {
		r.add("", RuleSyntax, detail, false)
	}
	r.broken = true
	r.i = len(r.s)
}

// wrongType reports the value that comes next and skips it.
func (r *Reader) wrongType(detail string) {
	if r.raw(); !r.broken {
		r.add("", RuleType, detail, false)
	}
}

// raw reads any value. This is for what is rare (data for vendors, mistakes), so the general decoder does it.
func (r *Reader) raw() jsontext.Value {
	if r.broken {
		return nil
	}
	r.peek()
	dec := jsontext.NewDecoder(bytes.NewBufferString(r.s[r.i:]), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	value, err := dec.ReadValue()
	if err != nil {
		r.syntax("is not JSON")
		return nil
	}
	r.i += int(dec.InputOffset())
	return value.Clone()
}

// text reads a string. The result aliases the payload.
func (r *Reader) text() (string, bool) {
	if r.peek() != '"' {
		r.wrongType("must be a string")
		return "", false
	}
	return r.quoted()
}

// quoted reads a string whose opening quote comes next.
func (r *Reader) quoted() (string, bool) {
	start := r.i + 1
	for i := start; i < len(r.s); i++ {
		c := r.s[i]
		if c == '"' {
			r.i = i + 1
			return r.s[start:i], true
		}
		if c == '\\' {
			return r.escaped(start, i)
		}
		if c < ' ' {
			r.syntax("is not JSON: control character in a text")
			return "", false
		}
	}
	r.syntax("is not JSON: text without end")
	return "", false
}

// escaped reads a string with escapes, the first of them at i.
func (r *Reader) escaped(start, i int) (string, bool) {
	for ; i < len(r.s) && r.s[i] != '"'; i++ {
		if r.s[i] == '\\' {
			i++
		}
	}
	if i >= len(r.s) {
		r.syntax("is not JSON: text without end")
		return "", false
	}
	r.i = i + 1
	literal := r.s[start-1 : r.i]
	// The decoder, unlike AppendUnquote, can be told to replace half a surrogate pair and go on.
	dec := jsontext.NewDecoder(bytes.NewBufferString(literal), jsontext.AllowInvalidUTF8(true))
	token, err := dec.ReadToken()
	if err != nil {
		r.syntax("is not JSON: bad escape in a text")
		return "", false
	}
	return r.withoutZeros(token.String()), true
}

// withoutZeros returns a text that a database takes. Stations pad texts as C does:
// what they pad with goes, and a zero character amid a text shows that it was there.
func (r *Reader) withoutZeros(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return s
	}
	r.add("", RuleFormat, "must not have zero characters", true)
	return strings.ReplaceAll(strings.TrimRight(s, "\x00"), "\x00", "\uFFFD")
}

// number reads a number. The result aliases the payload.
func (r *Reader) number(expected string) (string, bool) {
	c := r.peek()
	if c != '-' && c-'0' >= 10 {
		r.wrongType(expected)
		return "", false
	}
	start, i := r.i, r.i
	if c == '-' {
		i++
	}
	whole := i
	i = digits(r.s, i)
	ok := i > whole && (r.s[whole] != '0' || i == whole+1)
	if i < len(r.s) && r.s[i] == '.' {
		fraction := i + 1
		i = digits(r.s, fraction)
		ok = ok && i > fraction
	}
	if i < len(r.s) && r.s[i]|0x20 == 'e' {
		i++
		if i < len(r.s) && (r.s[i] == '-' || r.s[i] == '+') {
			i++
		}
		exponent := i
		i = digits(r.s, exponent)
		ok = ok && i > exponent
	}
	if !ok {
		r.syntax("is not JSON: bad number")
		return "", false
	}
	r.i = i
	return r.s[start:i], true
}

// digits returns the index of the first byte from i on that is no digit.
func digits(s string, i int) int {
	for i < len(s) && s[i]-'0' < 10 {
		i++
	}
	return i
}
