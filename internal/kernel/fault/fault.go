// Package fault holds the kinds of error that an edge must tell apart. An error
// carries a kind, a stable public code and named values; its text for people
// comes from a catalogue at the edge. The zero kind is Internal, whose text
// never leaves the process.
package fault

import (
	"errors"
	"strings"
)

// Kind is what an edge decides by: a status of HTTP, OCPP or OCPI.
type Kind uint8

// The kinds. Each edge has one exhaustive switch over them.
const (
	Internal       Kind = iota // our own failure; its text stays inside
	Invalid                    // the input breaks a rule; Fields says which
	Unauthorised               // nobody we know
	Forbidden                  // known, but not allowed
	NotFound                   // no such thing, or not for this organisation
	Conflict                   // the thing exists already, or its state forbids it
	Stale                      // what the decision read has changed since
	Precondition               // the caller must name the version that he changes
	Exhausted                  // a limit is reached; later it may work
	Unavailable                // something that we need is away; later it may work
	TimedOut                   // no answer by the deadline
	UpstreamFailed             // the other side answered with an error
)

// Field is one broken rule of an input.
type Field struct {
	Pointer string // RFC 6901, into the input
	Code    string // stable
	Detail  string // names the rule in words
}

// Error is an error with a kind.
type Error struct {
	Kind   Kind
	Code   string   // stable, lower_snake
	Values []string // name, value, name, value …
	Fields []Field
	Cause  error // for our logs only
}

// New returns an error of kind k; values are name, value pairs.
func New(k Kind, code string, values ...string) *Error {
	return &Error{Kind: k, Code: code, Values: values}
}

// Wrap is New with a cause for our logs.
func Wrap(cause error, k Kind, code string, values ...string) *Error {
	return &Error{Kind: k, Code: code, Values: values, Cause: cause}
}

// InvalidField returns an Invalid error about one field.
func InvalidField(pointer, code, detail string) *Error {
	return &Error{Kind: Invalid, Code: "invalid_input", Fields: []Field{{pointer, code, detail}}}
}

// Below returns err with the pointers of its fields below the member at
// pointer. An error without fields stays as it is.
func Below(pointer string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	moved := *e
	moved.Fields = make([]Field, len(e.Fields))
	for i, f := range e.Fields {
		moved.Fields[i] = Field{pointer + f.Pointer, f.Code, f.Detail}
	}
	return &moved
}

// Error returns code and values, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	for i := 0; i+1 < len(e.Values); i += 2 {
		b.WriteString(" " + e.Values[i] + "=" + e.Values[i+1])
	}
	for _, f := range e.Fields {
		b.WriteString(" " + f.Pointer + ": " + f.Detail)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the first [Error] in err's chain, Internal when
// there is none. KindOf(nil) is Internal too: ask only about errors.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err has kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// CodeOf returns the public code of err, "internal" when it has none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return "internal"
}
