package rest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/fault"
)

// Payload is embedded in the input of an operation whose body is a T.
type Payload[T any] struct {
	Body Strict[T]
}

// broken returns what is wrong with the body, nil when nothing is.
func (p *Payload[T]) broken() error {
	if p.Body.err == nil {
		return nil
	}
	return p.Body.err
}

// Strict is a request body: judged by its schema as the OpenAPI document
// has it, then read strictly. Members that the schema does not know are
// errors.
type Strict[T any] struct {
	value T
	err   *fault.Error
}

// Schema is T's: the wrapper is not seen from outside.
func (Strict[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// read fills the body from data, or notes what is wrong with it.
func (d *Strict[T]) read(r huma.Registry, data []byte) {
	var loose any
	if err := json.Unmarshal(data, &loose); err != nil {
		d.err = malformed(err)
		return
	}
	if bytes.Contains(data, []byte(`\u0000`)) { // the only way to write one
		if at, found := zeroIn(loose, ""); found {
			d.err = fault.InvalidField(at, rulePattern, "has a zero character")
			return
		}
	}
	var result huma.ValidateResult
	huma.Validate(r, d.Schema(r), huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, loose, &result)
	if len(result.Errors) > 0 {
		d.err = &fault.Error{Kind: fault.Invalid, Code: codeInvalid, Fields: fieldsOf(result.Errors)}
		return
	}
	if err := json.Unmarshal(data, &d.value, json.RejectUnknownMembers(true)); err != nil {
		d.err = unfit(err)
	}
}

// zeroIn returns the pointer to a text of a JSON value that has a zero character:
// no name or note has one, and PostgreSQL does not take it.
func zeroIn(v any, at string) (pointer string, found bool) {
	switch v := v.(type) {
	case string:
		return at, strings.IndexByte(v, 0) >= 0
	case []any:
		for i := range v {
			if pointer, found = zeroIn(v[i], at+"/"+strconv.Itoa(i)); found {
				return pointer, true
			}
		}
	case map[string]any:
		for name, member := range v {
			if strings.IndexByte(name, 0) >= 0 {
				return at, true
			}
			below := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			if pointer, found = zeroIn(member, below); found {
				return pointer, true
			}
		}
	}
	return "", false
}

// maxFieldErrors bounds what is told of a bad request: nobody reads more.
const maxFieldErrors = 16

// fieldsOf turns what the schema complains of into our words.
func fieldsOf(errs []error) []fault.Field {
	var fields []fault.Field
	for _, err := range errs {
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok && len(fields) < maxFieldErrors {
			fields = append(fields, fieldOf(detail))
		}
	}
	return fields
}

// fieldOf turns one complaint into our words. A required member is missing
// from its parent: the pointer names the member.
func fieldOf(d *huma.ErrorDetail) fault.Field {
	code := ruleOf(d.Message)
	pointer := pointerOf(d.Location)
	if code == ruleRequired {
		var name string
		if _, err := fmt.Sscanf(d.Message, validation.MsgExpectedRequiredProperty, &name); err == nil {
			return fault.Field{Pointer: pointer + pointerOf(name), Code: code, Detail: "is required"}
		}
	}
	return fault.Field{Pointer: pointer, Code: code, Detail: d.Message}
}

// pointerOf turns the path "a.b[2].c" into the pointer "/a/b/2/c".
func pointerOf(path string) string {
	if path == "" {
		return ""
	}
	path = strings.NewReplacer("~", "~0", "/", "~1", ".", "/", "[", "/", "]", "").Replace(path)
	return "/" + strings.TrimPrefix(path, "/")
}

// The rules that a member can break, as clients see them.
const (
	ruleType     = "type"
	ruleRequired = "required"
	ruleUnknown  = "unknown_member"
	ruleEnum     = "enumeration"
	ruleLength   = "length"
	ruleRange    = "range"
	ruleItems    = "items"
	rulePattern  = "pattern"
	ruleFormat   = "format"
	ruleSyntax   = "syntax"
)

// rules tells the rule by the beginning of the schema engine's message; the
// more exact ones come first.
var rules = []struct{ message, rule string }{
	{validation.MsgUnexpectedProperty, ruleUnknown},
	{"unknown query parameter", ruleUnknown},
	{validation.MsgExpectedRequiredProperty, ruleRequired},
	{"required query parameter", ruleRequired},
	{"required header parameter", ruleRequired},
	{validation.MsgExpectedOneOf, ruleEnum},
	{validation.MsgExpectedMinimumNumber, ruleRange},
	{validation.MsgExpectedMaximumNumber, ruleRange},
	{validation.MsgExpectedMinLength, ruleLength},
	{validation.MsgExpectedMaxLength, ruleLength},
	{validation.MsgExpectedMinItems, ruleItems},
	{validation.MsgExpectedMaxItems, ruleItems},
	{validation.MsgExpectedArrayItemsUnique, ruleItems},
	{validation.MsgExpectedRFC3339DateTime, ruleFormat},
	{"invalid date/time", ruleFormat},
	{validation.MsgExpectedBePattern, rulePattern},
	{validation.MsgExpectedMatchPattern, rulePattern},
}

// ruleOf returns the rule that a message of the schema engine is about. What
// is none of the others is about the type.
func ruleOf(message string) string {
	for _, r := range rules {
		beginning, _, _ := strings.Cut(r.message, "%")
		if strings.HasPrefix(message, beginning) {
			return r.rule
		}
	}
	return ruleType
}

// malformed is the error of a body that is not JSON.
func malformed(err error) *fault.Error {
	f := fault.Field{Code: ruleSyntax, Detail: "is not JSON"}
	if at, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		f.Pointer = string(at.JSONPointer)
		f.Detail = "is not JSON at byte " + strconv.FormatInt(at.ByteOffset, 10)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			f.Detail = "stands twice"
		}
	}
	return &fault.Error{Kind: fault.Invalid, Code: codeMalformed, Fields: []fault.Field{f}, Cause: err}
}

// unfit is the error of a body that the schema lets pass and the structure
// does not: a member in other capitals, a number that is too large.
func unfit(err error) *fault.Error {
	f := fault.Field{Code: ruleType, Detail: "has a value that does not fit"}
	if at, ok := errors.AsType[*json.SemanticError](err); ok {
		f.Pointer = string(at.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			f.Code, f.Detail = ruleUnknown, validation.MsgUnexpectedProperty
		}
	}
	return &fault.Error{Kind: fault.Invalid, Code: codeInvalid, Fields: []fault.Field{f}, Cause: err}
}

// Edit is a member of a merge patch (RFC 7396): absent, null or a value.
type Edit[T any] struct {
	given bool
	null  bool
	value T // the zero value for null
}

// UnmarshalJSONFrom reads the member; null is T's zero value.
func (e *Edit[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	e.given, e.null = true, dec.PeekKind() == 'n'
	return json.UnmarshalDecode(dec, &e.value)
}

// Schema is T's, or null.
func (Edit[T]) Schema(r huma.Registry) *huma.Schema {
	schema := *r.Schema(reflect.TypeFor[T](), false, "") // a copy: a reference could not be null, and the type itself is not
	schema.Nullable = true
	return &schema
}

// IsZero reports whether the member is absent.
func (e Edit[T]) IsZero() bool { return !e.given }

// edited returns the member for a patch, through to; nil when it is absent.
func edited[T, P any](e Edit[T], to func(T) P) *P {
	if !e.given {
		return nil
	}
	p := to(e.value)
	return &p
}

// same is the edit as it is.
func same[T any](v T) T { return v }
