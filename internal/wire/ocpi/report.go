package ocpi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/wire/schema"
)

// The codes of the rules, as they stand in the fields of an error.
const (
	ruleSyntax   = "syntax"
	ruleType     = "type"
	ruleRequired = "required"
	ruleLength   = "length"
	ruleFormat   = "format"
	ruleEnum     = "enumeration"
	ruleRange    = "range"
	ruleItems    = "items"
)

// Report collects the rules that an object breaks. Its methods check one field each, by the name
// that it has in JSON; an optional field without a value breaks none.
type Report struct {
	strict bool   // the object is ours
	at     string // pointer of the object under check
	fields []fault.Field
}

// maxFields bounds a report: who reads it needs the first few, and a hostile object shall not buy memory with mistakes.
const maxFields = 16

// Err returns what was found, nil when nothing was.
func (r *Report) Err() error {
	if len(r.fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Code: "invalid_input", Fields: r.fields}
}

// Strict reports whether the object is ours, so that it keeps every rule.
func (r *Report) Strict() bool { return r.strict }

// Break notes that a field breaks a rule; the object itself does under the name "".
func (r *Report) Break(name, code, detail string) {
	pointer := r.at
	if name != "" {
		pointer += "/" + name
	}
	if len(r.fields) < maxFields {
		r.fields = append(r.fields, fault.Field{Pointer: clip(pointer), Code: code, Detail: detail})
	}
}

// maxPointer bounds a pointer; the longest that names a field of ours is a quarter of it.
const maxPointer = 256

// clip shortens a pointer that a partner has made up.
func clip(pointer string) string {
	if len(pointer) <= maxPointer {
		return pointer
	}
	return strings.ToValidUTF8(pointer[:maxPointer], "") + "…"
}

// Require notes a field without a value.
func (r *Report) Require(name string, there bool) {
	if !there {
		r.Break(name, ruleRequired, "is required")
	}
}

// CiString checks a required text of at most so many printable ASCII characters.
func (r *Report) CiString(name, s string, most int) {
	r.Require(name, s != "")
	r.OptionalCiString(name, s, most)
}

// OptionalCiString is [Report.CiString] of an optional field.
func (r *Report) OptionalCiString(name, s string, most int) {
	r.length(name, s, most)
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) {
		r.Break(name, ruleFormat, "must have printable ASCII characters only")
	}
}

// String checks a required text of at most so many printable characters. A partner's
// may have line breaks: people read them, and nothing depends on it.
func (r *Report) String(name, s string, most int) {
	r.Require(name, s != "")
	r.OptionalString(name, s, most)
}

// OptionalString is [Report.String] of an optional field.
func (r *Report) OptionalString(name, s string, most int) {
	r.length(name, s, most)
	if r.strict && strings.ContainsFunc(s, unicode.IsControl) {
		r.Break(name, ruleFormat, "must have printable characters only")
	}
}

// Data checks required bytes, which are as they are.
func (r *Report) Data(name, s string, most int) {
	r.Require(name, s != "")
	r.length(name, s, most)
}

func (r *Report) length(name, s string, most int) {
	if len(s) > most && utf8.RuneCountInString(s) > most {
		r.Break(name, ruleLength, fmt.Sprintf("must not have more than %d characters", most))
	}
}

// maxURL is the longest URL, in characters: OCPI's types, URL.
const maxURL = 255

// URL checks an optional URL.
func (r *Report) URL(name, s string, most int) {
	r.length(name, s, most)
	if s == "" {
		return
	}
	if scheme, rest, found := strings.Cut(s, "://"); !found || scheme == "" || rest == "" || strings.ContainsFunc(s, unicode.IsSpace) {
		r.Break(name, ruleFormat, "must be a URL")
	}
}

// Number checks a required number.
func (r *Report) Number(name string, d *decimal.Decimal) {
	r.Require(name, d != nil)
	r.OptionalNumber(name, d)
}

// digits is how many digits a number has after the point, at most: OCPI's types, number.
const digits = 4

// OptionalNumber is [Report.Number] of an optional field.
func (r *Report) OptionalNumber(name string, d *decimal.Decimal) {
	if d == nil || !r.strict {
		return
	}
	if _, exact, err := d.Scaled(digits); err != nil || !exact {
		r.Break(name, ruleRange, "must have at most 4 digits after the point, and not more than 14 before it")
	}
}

// Integer checks an optional integer that is not negative.
func (r *Report) Integer(name string, n *int64) {
	const most = 1<<31 - 1 // seconds, watt-hours, versions: what others hold in 32 bits
	if n != nil && (*n < 0 || *n > most) {
		r.Break(name, ruleRange, fmt.Sprintf("must be between 0 and %d", most))
	}
}

// Time checks a required time.
func (r *Report) Time(name string, t DateTime) {
	r.Require(name, t != "")
	r.OptionalTime(name, t)
}

// OptionalTime is [Report.Time] of an optional field.
func (r *Report) OptionalTime(name string, t DateTime) {
	if t == "" {
		return
	}
	if _, err := t.Time(); err != nil || r.strict && !t.plain() {
		r.Break(name, ruleFormat, "must be a time in UTC, such as 2015-06-29T20:39:09Z")
	}
}

// Currency checks a required code of ISO 4217.
func (r *Report) Currency(name, code string) {
	r.Require(name, code != "")
	if _, err := money.ParseCurrency(code); code != "" && err != nil {
		r.Break(name, ruleEnum, "must be the code of a currency in ISO 4217")
	}
}

// OneOf checks a value that must be one of its enumeration, whoever sends it: nobody
// could tell what another one means. An optional one may be "".
func (r *Report) OneOf(name, s string, values ...string) {
	if s != "" && !slices.Contains(values, s) {
		r.Break(name, ruleEnum, "must be one of "+strings.Join(values, ", "))
	}
}

// Listed checks a value of an enumeration that nothing depends on: ours must be one of it, a
// partner's may be any.
func (r *Report) Listed(name, s string, values ...string) {
	if r.strict {
		r.OneOf(name, s, values...)
		return
	}
	r.Open(name, s)
}

// Open checks a value of an open enumeration: any word.
func (r *Report) Open(name, s string) {
	const most = 255 // OCPI names no limit; no word is half as long
	r.OptionalCiString(name, s, most)
}

// Items checks that a list of n has not more than so many items.
func (r *Report) Items(name string, n, most int) {
	if n > most {
		r.Break(name, ruleItems, fmt.Sprintf("must not have more than %d items", most))
	}
}

// Within checks a part, if it is there.
func Within[T any](r *Report, name string, part *T, check func(*T, *Report)) {
	if part != nil {
		r.below(name, func() { check(part, r) })
	}
}

// Each checks the items of a list, which are not more than most.
func Each[T any](r *Report, name string, list []T, most int, check func(*T, *Report)) {
	r.Items(name, len(list), most)
	for i := range list[:min(len(list), most)] {
		r.below(name+"/"+strconv.Itoa(i), func() { check(&list[i], r) })
	}
}

// below runs a check of what is at a name.
func (r *Report) below(name string, check func()) {
	outer := r.at
	r.at += "/" + name
	check()
	r.at = outer
}

// DateTime is a time as it is written; "" is none.
type DateTime string

// DateTimeOf writes a time in UTC, to the millisecond. The zero time is none.
func DateTimeOf(t time.Time) DateTime {
	if t.IsZero() {
		return ""
	}
	return DateTime(t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z"))
}

// Time reads the time, in UTC: without a zone it is UTC, another zone is reckoned with. None is
// the zero time.
func (t DateTime) Time() (time.Time, error) {
	if t == "" {
		return time.Time{}, nil
	}
	at, err := schema.Timestamp(t).Time()
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q: %w", clip(string(t)), err)
	}
	return at, nil
}

// Moment returns the time of a DateTime that was checked. It panics for another.
func (t DateTime) Moment() time.Time {
	at, err := t.Time()
	if err != nil {
		panic("ocpi: a time that was not checked")
	}
	return at
}

// plain reports whether the time is written as OCPI wants it: UTC, at most 25 characters.
func (t DateTime) plain() bool {
	const most = 25
	at, err := time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSuffix(string(t), "Z"))
	return err == nil && !at.IsZero() && len(t) <= most
}
