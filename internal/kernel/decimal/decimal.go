// Package decimal holds decimal numbers exactly as somebody wrote them.
//
// A meter reading "12.50" and a limit of 8.1 must survive the way from the wire to the
// database and back digit by digit, so a [Decimal] is its text. Arithmetic is not done here:
// [Decimal.Scaled] turns the number into an integer of the unit the caller wants.
package decimal

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// MaxLength is the longest text that is taken, in bytes: no meter prints more, and
	// every operation here works in a buffer of this size on the stack.
	MaxLength = 64
	// MaxExponent bounds the exponent in both directions: 10^18 is what an int64 can hold.
	MaxExponent = 18
)

var (
	// ErrSyntax says that a text is not a decimal number.
	ErrSyntax = errors.New("not a decimal number")
	// ErrRange says that a number is longer or larger than this package, or the caller's unit, holds.
	ErrRange = errors.New("decimal number out of range")
)

// Decimal is a decimal number as written. The zero value is the number 0.
// Two Decimals are == when their texts are: 1.0 and 1 are not, though [Decimal.Cmp] calls them equal.
type Decimal struct {
	text string // valid by construction; empty for the zero value
}

// Parse reads a number in JSON's grammar; a leading '+', which some meters print, is kept too.
// NaN, Infinity, spaces and the empty text are [ErrSyntax]; more than [MaxLength] bytes
// or an exponent beyond [MaxExponent] are [ErrRange].
func Parse(text string) (Decimal, error) {
	if len(text) > MaxLength {
		return Decimal{}, fmt.Errorf("%w: more than %d characters", ErrRange, MaxLength)
	}
	if !plain(text) {
		if _, err := split(text); err != nil {
			return Decimal{}, err
		}
	}
	return Decimal{text: text}, nil
}

// FromInt returns value / 10^scale with scale digits after the point: FromInt(1250, 2) is 12.50.
// A negative scale is written as an exponent. It panics when scale is beyond [MaxExponent]:
// scales are constants of our own code.
func FromInt(value int64, scale int) Decimal {
	if scale < -MaxExponent || scale > MaxExponent {
		panic(fmt.Sprintf("decimal: scale %d is beyond %d", scale, MaxExponent))
	}
	text := strconv.FormatInt(value, 10)
	switch {
	case scale < 0:
		return Decimal{text: text + "e" + strconv.Itoa(-scale)}
	case scale == 0:
		return Decimal{text: text}
	}
	digits, negative := strings.CutPrefix(text, "-")
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if negative {
		text = "-" + text
	}
	return Decimal{text: text}
}

// String returns the number as it was written.
func (d Decimal) String() string {
	if d.text == "" {
		return "0"
	}
	return d.text
}

// Scaled returns the number times 10^exp as an integer: with exp 3, kW become W.
// What is left of the point's right is rounded half away from zero, and exact is false.
// A result that does not fit is [ErrRange].
func (d Decimal) Scaled(exp int) (value int64, exact bool, err error) {
	p := d.parts()
	digits, exact := p.digits[:p.n], true
	up := false
	shift := p.exponent + exp
	switch {
	case p.n == 0:
		return 0, true, nil
	case shift < 0:
		keep := max(p.n+shift, 0)
		exact = false // trailing zeros are gone from parts, so what is dropped counts
		up = p.n+shift >= 0 && digits[keep] >= '5'
		digits = digits[:keep]
	case p.n+shift > maxDigits:
		return 0, false, fmt.Errorf("%w: %s times 10^%d", ErrRange, d, exp)
	}
	if len(digits) > maxDigits {
		return 0, false, fmt.Errorf("%w: %s times 10^%d", ErrRange, d, exp)
	}
	var magnitude uint64
	for _, digit := range digits {
		magnitude = magnitude*10 + uint64(digit-'0')
	}
	for range shift {
		magnitude *= 10
	}
	if up {
		magnitude++
	}
	if value, ok := signed(magnitude, p.negative); ok {
		return value, exact, nil
	}
	return 0, false, fmt.Errorf("%w: %s times 10^%d", ErrRange, d, exp)
}

// maxDigits is the length of the largest int64; 19 nines still fit a uint64.
const maxDigits = 19

// signed applies the sign and says whether the result is an int64.
func signed(magnitude uint64, negative bool) (int64, bool) {
	switch {
	case !negative && magnitude <= math.MaxInt64:
		return int64(magnitude), true
	case negative && magnitude < 1<<63:
		return -int64(magnitude), true //nolint:gosec // below 2^63, see the case
	case negative && magnitude == 1<<63:
		return math.MinInt64, true
	}
	return 0, false
}

// Sign returns -1, 0 or +1. Zero is 0 however it is written.
//
// There is no IsZero on purpose: JSON's omitzero would ask it and drop an optional
// field that somebody set to 0.
func (d Decimal) Sign() int {
	p := d.parts()
	return p.sign()
}

// Cmp compares the values: -1 when d is the smaller, 0 when they are equal, +1 when d is the larger.
func (d Decimal) Cmp(other Decimal) int {
	a, b := d.parts(), other.parts()
	return a.cmp(&b)
}

// CmpInt is [Decimal.Cmp] with an integer. It costs no memory.
func (d Decimal) CmpInt(n int64) int {
	a, b := d.parts(), parts{negative: n < 0}
	digits := bytes.TrimPrefix(strconv.AppendInt(b.digits[:0], n, 10), []byte("-"))
	b.n = copy(b.digits[:], digits)
	b.trim()
	return a.cmp(&b)
}

func compare(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// MarshalJSONTo writes the number as a JSON number, digits kept.
func (d Decimal) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteValue(jsontext.Value(strings.TrimPrefix(d.String(), "+")))
}

// UnmarshalJSONFrom reads a JSON number. A string, or null, is [ErrSyntax].
func (d *Decimal) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	parsed, err := Parse(string(value))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// parts is a number taken apart: digits × 10^exponent, without zeros at either end.
// Zero has no digits.
type parts struct {
	digits   [MaxLength]byte
	n        int
	exponent int
	negative bool
}

func (d Decimal) parts() parts {
	if d.text == "" {
		return parts{}
	}
	p, err := split(d.text)
	if err != nil {
		panic(fmt.Sprintf("decimal: %q was never parsed", d.text))
	}
	return p
}

// plain reports whether text is an optional minus and up to 18 digits with at most one point
// inside: what nearly every meter sends. Anything else needs split.
func plain(text string) bool {
	i := 0
	if i < len(text) && text[i] == '-' {
		i++
	}
	whole := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i == whole || text[whole] == '0' && i > whole+1 {
		return false
	}
	if i == len(text) {
		return true
	}
	if text[i] != '.' {
		return false
	}
	fraction := i + 1
	for i = fraction; i < len(text) && isDigit(text[i]); i++ {
	}
	return i == len(text) && i > fraction
}

// split takes a text of at most MaxLength bytes apart, checking the grammar.
func split(text string) (parts, error) {
	var p parts
	rest := text
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		p.negative = rest[0] == '-'
		rest = rest[1:]
	}
	whole, rest := run(rest)
	if whole == "" || whole[0] == '0' && len(whole) > 1 {
		return parts{}, fmt.Errorf("%w: %q", ErrSyntax, text)
	}
	fraction := ""
	if rest != "" && rest[0] == '.' {
		if fraction, rest = run(rest[1:]); fraction == "" {
			return parts{}, fmt.Errorf("%w: %q", ErrSyntax, text)
		}
	}
	if rest != "" {
		exponent, err := parseExponent(rest)
		if err != nil {
			return parts{}, fmt.Errorf("%w: %q", err, text)
		}
		p.exponent = exponent
	}
	p.exponent -= len(fraction)
	p.n = copy(p.digits[:], strings.TrimLeft(whole, "0"))
	if p.n == 0 {
		fraction = strings.TrimLeft(fraction, "0")
	}
	p.n += copy(p.digits[p.n:], fraction)
	p.trim()
	return p, nil
}

// trim takes the zeros off the end.
func (p *parts) trim() {
	for p.n > 0 && p.digits[p.n-1] == '0' {
		p.n--
		p.exponent++
	}
}

func (p *parts) sign() int {
	switch {
	case p.n == 0:
		return 0
	case p.negative:
		return -1
	}
	return 1
}

func (p *parts) cmp(other *parts) int {
	if a, b := p.sign(), other.sign(); a != b || a == 0 {
		return compare(a, b)
	}
	order := compare(p.n+p.exponent, other.n+other.exponent) // where the first digit stands
	if order == 0 {
		order = bytes.Compare(p.digits[:p.n], other.digits[:other.n])
	}
	if p.negative {
		return -order
	}
	return order
}

// parseExponent reads "e5", "E+5" or "e-5".
func parseExponent(text string) (int, error) {
	if text[0] != 'e' && text[0] != 'E' {
		return 0, ErrSyntax
	}
	text = text[1:]
	negative := false
	if text != "" && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		text = text[1:]
	}
	digits, rest := run(text)
	if digits == "" || rest != "" {
		return 0, ErrSyntax
	}
	value := 0
	for _, digit := range []byte(digits) {
		if value = value*10 + int(digit-'0'); value > MaxExponent {
			return 0, ErrRange
		}
	}
	if negative {
		value = -value
	}
	return value, nil
}

// run cuts the digits off the front of text.
func run(text string) (digits, rest string) {
	i := 0
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return text[:i], text[i:]
}

func isDigit(c byte) bool { return c-'0' < 10 }
