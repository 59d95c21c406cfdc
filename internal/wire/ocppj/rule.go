package ocppj

import (
	"fmt"

	"pylon/internal/wire/schema"
)

// CodeOf returns the error code for a payload that breaks the rule, spelled as
// the version has it.
//
// The tables of the specifications leave room. A missing field and a list of
// the wrong length are occurrences; a field that the schema does not know is
// against the structure of the message, for which 1.6 has FormationViolation and
// 2.x ProtocolError; a value of the right type that is not allowed is a property.
//
// Source: OCPP-J 1.6 table 7 with errata 5.1 and 5.2; OCPP 2.0.1 part 4 table 8,
// 2.1 part 4 table 9.
func CodeOf(v Version, rule schema.Rule) ErrorCode {
	return codeOf(v, rule).In(v)
}

func codeOf(v Version, rule schema.Rule) ErrorCode {
	switch rule {
	case schema.RuleSyntax:
		return FormatViolation
	case schema.RuleType:
		return TypeConstraintViolation
	case schema.RuleRequired, schema.RuleItems:
		return OccurrenceConstraintViolation
	case schema.RuleEnum, schema.RuleLength, schema.RuleRange, schema.RuleFormat:
		return PropertyConstraintViolation
	case schema.RuleUnknown:
		if v == V16 {
			return FormationViolation
		}
		return ProtocolError
	}
	panic(fmt.Sprintf("ocppj: no code for %v", rule))
}

// Refusal returns the error that answers a payload with violations, of which
// there is at least one: the code of the first, and all of them in words.
func Refusal(v Version, violations schema.Violations) *CallError {
	return &CallError{Code: CodeOf(v, violations[0].Rule), Description: violations.Error()}
}
