// Package schema is what the generated messages of all OCPP versions share: a reader that turns JSON
// into their structures, the rules they check, and the report of what broke them.
//
// [Decode] reads and checks in one call. It judges a message exactly as a JSON schema engine with the
// official schemas does, with these deliberate exceptions:
//
//   - A field that stands twice in an object is refused: nobody can say which one was meant.
//   - Integers beyond 64 bits and numbers longer than package decimal takes are out of range.
//   - A text has no zero characters, which databases do not take. That is tolerable: those at the end are left
//     out, others are U+FFFD.
//   - A URI needs a scheme and no spaces; more is not looked at.
//   - OCPP 1.6 allows limits one digit after the point ("multipleOf": 0.1). That is checked on the decimal
//     digits, so 8.1 passes and 8.15 does not, whatever a binary float makes of them.
package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// Rule is the kind of rule that a message broke.
type Rule uint8

// The rules. Each protocol version maps them to its own error codes.
const (
	RuleSyntax   Rule = iota + 1 // not JSON, or a field twice
	RuleType                     // another JSON type than the schema asks for, null included
	RuleRequired                 // a required field is missing
	RuleEnum                     // not a value of the enumeration
	RuleLength                   // a text with too many characters
	RuleRange                    // a number too small, too large or too fine
	RuleItems                    // a list with too few or too many items
	RuleUnknown                  // a field the schema does not know
	RuleFormat                   // a text that is not a date-time, a URI or Unicode
)

// String returns the name of the rule: "type", "required", …
func (r Rule) String() string {
	switch r {
	case RuleSyntax:
		return "syntax"
	case RuleType:
		return "type"
	case RuleRequired:
		return "required"
	case RuleEnum:
		return "enumeration"
	case RuleLength:
		return "length"
	case RuleRange:
		return "range"
	case RuleItems:
		return "items"
	case RuleUnknown:
		return "unknown field"
	case RuleFormat:
		return "format"
	default:
		return "rule " + strconv.Itoa(int(r))
	}
}

// Violation is one broken rule. It quotes no values: they may be somebody's token.
type Violation struct {
	Path   string // the field, "meterValue[0].sampledValue[1].unit"; empty for the message itself
	Rule   Rule
	Detail string // the rule in words: "must not have more than 20 characters"
	// Tolerable says that the meaning is clear all the same: an unknown field, a text too long, an unknown
	// value of an optional enumeration, a time without zone, a limit that is too fine.
	Tolerable bool
}

// Error names the field and the rule.
func (v Violation) Error() string {
	if v.Path == "" {
		return "message " + v.Detail + " (" + v.Rule.String() + ")"
	}
	return v.Path + " " + v.Detail + " (" + v.Rule.String() + ")"
}

// Violations are the rules a message broke, in the order they were found; at most [MaxViolations].
type Violations []Violation

// MaxViolations bounds a report: who reads an answer needs the first few, and a
// hostile message shall not buy memory with mistakes.
const MaxViolations = 16

// Error names every field and rule, separated by "; ".
func (vs Violations) Error() string {
	texts := make([]string, len(vs))
	for i, v := range vs {
		texts[i] = v.Error()
	}
	return strings.Join(texts, "; ")
}

// Tolerable reports whether the message can be understood in spite of all violations.
// It is true of none.
func (vs Violations) Tolerable() bool {
	for _, v := range vs {
		if !v.Tolerable {
			return false
		}
	}
	return true
}

// Report collects violations. The zero value is ready, and costs nothing until something is wrong.
type Report struct {
	violations Violations
	hopeless   bool // a violation that is not tolerable was found
}

// Violations returns what was found, in the order it was found; nil when nothing was.
func (r *Report) Violations() Violations { return r.violations }

// add notes a violation of the field name; those who called put their own names before it.
// The last place is kept for one that is not tolerable, so that Tolerable stays true to the message.
func (r *Report) add(name string, rule Rule, detail string, tolerable bool) {
	r.hopeless = r.hopeless || !tolerable
	if limit := MaxViolations - 1; len(r.violations) < limit || len(r.violations) == limit && !tolerable {
		r.violations = append(r.violations, Violation{Path: clip(name), Rule: rule, Detail: detail, Tolerable: tolerable})
	}
}

// mark is where a field's violations will begin.
func (r *Report) mark() int { return len(r.violations) }

// under puts name before the path of every violation since mark.
func (r *Report) under(mark int, name string) {
	for i := mark; i < len(r.violations); i++ {
		r.violations[i].Path = join(clip(name), r.violations[i].Path)
	}
}

// underItem puts an index before the path of every violation since mark.
func (r *Report) underItem(mark, index int) {
	if mark < len(r.violations) {
		r.under(mark, "["+strconv.Itoa(index)+"]")
	}
}

func join(parent, child string) string {
	if child == "" || child[0] == '[' {
		return parent + child
	}
	return parent + "." + child
}

// maxName bounds a field name in a path; no name in any schema is half as long.
const maxName = 64

func clip(name string) string {
	if len(name) <= maxName {
		return strings.Clone(name) // it may be part of a payload, which a report shall not keep alive
	}
	return strings.ToValidUTF8(name[:maxName], "") + "…"
}

func plural(n int, noun string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
