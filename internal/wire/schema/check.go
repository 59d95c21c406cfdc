package schema

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"pylon/internal/kernel/decimal"
)

// NoMin and NoMax stand for a bound that a schema does not set.
const (
	NoMin = math.MinInt
	NoMax = math.MaxInt
)

// Text checks that s has at most limit characters.
func (r *Report) Text(name, s string, limit int) {
	if len(s) > limit && utf8.RuneCountInString(s) > limit {
		r.add(name, RuleLength, "must not have more than "+plural(limit, "character"), true)
	}
}

// Time checks that t is an RFC 3339 time. What [Timestamp.Time] understands all the same is tolerable.
func (r *Report) Time(name string, t Timestamp) {
	parsed, ok := scanTimestamp(string(t))
	if ok && parsed.strict {
		return
	}
	r.add(name, RuleFormat, "must be a date and time as in RFC 3339", ok)
}

// URI checks that s has a scheme and nothing that cannot stand in a URI.
func (r *Report) URI(name, s string) {
	if !isURI(s) {
		r.add(name, RuleFormat, "must be a URI", false)
	}
}

// isURI is less than RFC 3986 asks for: an address is used by those who fetch from it, and they look closer.
func isURI(s string) bool {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || scheme == "" || strings.ContainsFunc(rest, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return false
	}
	for i := range len(scheme) {
		c := scheme[i] | 0x20
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(scheme[i]))) {
			return false
		}
	}
	return true
}

// Enum notes a value that its enumeration does not have. In an optional field that is tolerable.
func (r *Report) Enum(name string, valid, optional bool) {
	if !valid {
		r.add(name, RuleEnum, "must be a value of its enumeration", optional)
	}
}

// Int checks low <= n <= high.
func (r *Report) Int(name string, n, low, high int) {
	if n < low || n > high {
		r.add(name, RuleRange, bounds(low, high), false)
	}
}

// Decimal checks low <= d <= high.
func (r *Report) Decimal(name string, d decimal.Decimal, low, high int) {
	if low != NoMin && d.CmpInt(int64(low)) < 0 || high != NoMax && d.CmpInt(int64(high)) > 0 {
		r.add(name, RuleRange, bounds(low, high), false)
	}
}

// Tenths checks that d has at most one digit after the point that counts.
func (r *Report) Tenths(name string, d decimal.Decimal) {
	if _, exact, err := d.Scaled(1); err == nil && !exact {
		r.add(name, RuleRange, "must be a multiple of 0.1", true)
	}
}

func bounds(low, high int) string {
	switch {
	case low == NoMin:
		return fmt.Sprintf("must be at most %d", high)
	case high == NoMax:
		return fmt.Sprintf("must be at least %d", low)
	}
	return fmt.Sprintf("must be between %d and %d", low, high)
}

// Items checks that a list of n items has at least low and at most high.
func (r *Report) Items(name string, n, low, high int) {
	switch {
	case n < low:
		r.add(name, RuleItems, "must have at least "+plural(low, "item"), false)
	case n > high:
		r.add(name, RuleItems, "must have at most "+plural(high, "item"), false)
	}
}

// Within checks a nested object, if it is there.
func Within[T any](r *Report, name string, object *T, validate func(*T, *Report)) {
	if object == nil {
		return
	}
	mark := r.mark()
	validate(object, r)
	r.under(mark, name)
}

// Each checks the items of a list.
func Each[T any](r *Report, name string, list []T, validate func(*T, *Report)) {
	for i := range list {
		mark := r.mark()
		validate(&list[i], r)
		if mark < r.mark() {
			r.underItem(mark, i)
			r.under(mark, name)
		}
	}
}
