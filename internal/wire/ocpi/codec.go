// Package ocpi is what the structures of all versions of OCPI share: how an object is read and
// written, the rules for its fields, and those of its parts that are the same in every version. What a version
// has of its own is in ocpi221 and ocpi230, file by file named after OCPI's modules.
//
// An object that partners send is taken when its meaning is clear: see [Decode]. One that we send
// keeps every rule: see [Check]. Fields and values that we do not know are kept and written again.
package ocpi

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/fault"
)

// MaxObject is the largest object that is read, in bytes: a tariff with a price for every quarter of an hour
// of a month has 700 kB, a CDR with a period for every ten seconds of a day 2 MB.
const MaxObject = 4 << 20

// Object is a structure of OCPI.
type Object interface {
	// Check reports the rules that the object breaks.
	Check(r *Report)
}

// Decode fills into, which points to a new object, from JSON, and checks it as what a
// partner sent: what is missing, of another type, too long, or not to be understood is
// [fault.Invalid] with the fields and their rules. Tolerated are numbers with more than four digits after
// the point, times that name a zone other than UTC, unknown fields, values of enumerations
// that nothing depends on, and what the version's package says.
// null is no value. The object keeps no reference to data.
func Decode(data []byte, into Object) error {
	if len(data) > MaxObject {
		return fault.InvalidField("", "length", fmt.Sprintf("must not have more than %d bytes", MaxObject))
	}
	if err := json.Unmarshal(data, into); err != nil {
		return misread(err)
	}
	return Understand(into)
}

// Understand holds an object against the rules that what a partner sends must keep.
func Understand(o Object) error {
	r := Report{}
	o.Check(&r)
	return r.Err()
}

// Check holds an object that we are about to send against all rules: [fault.Invalid] with the
// fields and their rules.
func Check(o Object) error {
	r := Report{strict: true}
	o.Check(&r)
	return r.Err()
}

// Encode returns the JSON of an object, the fields that we do not know included. It
// checks nothing: what a partner sent is written as it came. Only a text that is not Unicode is an error.
func Encode(o Object) ([]byte, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", o, err)
	}
	return data, nil
}

// misread returns what the JSON decoder found, with the field.
func misread(err error) error {
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		return fault.InvalidField(clip(string(wrong.JSONPointer)), ruleType, "must be "+noun(wrong.GoType))
	}
	if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		detail := "is not JSON"
		if errors.Is(wrong.Err, jsontext.ErrDuplicateName) {
			detail = "stands twice"
		}
		return fault.InvalidField(clip(string(wrong.JSONPointer)), ruleSyntax, detail)
	}
	return fault.InvalidField("", ruleSyntax, "is not JSON")
}

// noun names what a type is in JSON.
func noun(t reflect.Type) string {
	if t == nil {
		return "another value"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int64:
		return "an integer"
	case reflect.Slice:
		return "an array"
	}
	if t.Name() == "Decimal" {
		return "a number of at most 64 digits"
	}
	return "an object"
}
