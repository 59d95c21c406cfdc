package ocppj

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrorCode is the code of a CALLERROR or CALLRESULTERROR. One that came from
// outside may be any text.
type ErrorCode string

// The codes of 2.x, which Pylon speaks inside, and the two that 1.6 spells in
// its own way.
const (
	FormatViolation               ErrorCode = "FormatViolation"
	GenericError                  ErrorCode = "GenericError"
	InternalError                 ErrorCode = "InternalError"
	MessageTypeNotSupported       ErrorCode = "MessageTypeNotSupported"
	NotImplemented                ErrorCode = "NotImplemented"
	NotSupported                  ErrorCode = "NotSupported"
	OccurrenceConstraintViolation ErrorCode = "OccurrenceConstraintViolation"
	PropertyConstraintViolation   ErrorCode = "PropertyConstraintViolation"
	ProtocolError                 ErrorCode = "ProtocolError"
	RPCFrameworkError             ErrorCode = "RpcFrameworkError"
	SecurityError                 ErrorCode = "SecurityError"
	TypeConstraintViolation       ErrorCode = "TypeConstraintViolation"

	FormationViolation           ErrorCode = "FormationViolation"           // 1.6, errata 5.2
	OccurenceConstraintViolation ErrorCode = "OccurenceConstraintViolation" // 1.6, errata 5.1
)

// In returns the code as the version has it: what 1.6 spells otherwise in its
// spelling, what it does not have as the nearest that it has. The code of a
// CALLERROR is always sent this way.
func (c ErrorCode) In(v Version) ErrorCode {
	switch {
	case v == V16:
		switch c {
		case FormatViolation, RPCFrameworkError:
			return FormationViolation
		case OccurrenceConstraintViolation:
			return OccurenceConstraintViolation
		case MessageTypeNotSupported:
			return NotSupported
		}
	case c == FormationViolation:
		return FormatViolation
	case c == OccurenceConstraintViolation:
		return OccurrenceConstraintViolation
	}
	return c
}

// descriptionMax is the length of an error description in characters, part 4
// section 4.2.3.
const descriptionMax = 255

// CallError is the failure of a call as the other side reported it, or as we
// report it. Details is a JSON object; none is sent as {}.
type CallError struct {
	Code        ErrorCode
	Description string
	Details     jsontext.Value
}

// Error implements error: the code, and the description cut to 255 characters.
func (e *CallError) Error() string {
	if e.Description == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + cut(e.Description, descriptionMax)
}

// cut returns the first limit characters of s.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := 0
	for range limit {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
		if end == len(s) {
			break
		}
	}
	return s[:end]
}
