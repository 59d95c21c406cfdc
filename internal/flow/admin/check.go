package admin

import (
	"time"
	"unicode"
	"unicode/utf8"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
)

// Limits of what people write; each is well above what is ever needed and
// keeps a row small.
const (
	nameMax    = 200
	addressMax = 300
	slugMax    = 63  // a DNS label: the slug may become a host name
	uidMax     = 255 // OCPP 2.1 IdTokenType.idToken; 1.6 has 20, 2.0.1 has 36
	typeMax    = 20  // OCPP 2.1 IdTokenType.type
)

// text refuses a text that is longer than limit characters, has control
// characters, or is empty when it must not be.
func text(pointer, s string, limit int, required bool) error {
	switch {
	case required && s == "":
		return fault.InvalidField(pointer, "required", "must not be empty")
	case utf8.RuneCountInString(s) > limit:
		return fault.InvalidField(pointer, "length", "is too long")
	}
	for _, c := range s {
		if unicode.IsControl(c) || c == unicode.ReplacementChar {
			return fault.InvalidField(pointer, "character", "must not have control characters")
		}
	}
	return nil
}

// slug refuses what cannot stand in the URL at which stations connect.
func slug(pointer, s string) error {
	if s == "" || len(s) > slugMax {
		return fault.InvalidField(pointer, "length", "must have 1 to 63 characters")
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && (c != '-' || i == 0 || i == len(s)-1) {
			return fault.InvalidField(pointer, "pattern", "must be lower-case letters, digits and inner hyphens")
		}
	}
	return nil
}

// upper refuses what is not n capital letters, as country and currency codes
// are.
func upper(pointer, s string, n int) error {
	if len(s) != n {
		return fault.InvalidField(pointer, "length", "has the wrong length")
	}
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return fault.InvalidField(pointer, "pattern", "must be capital letters")
		}
	}
	return nil
}

// zone refuses what is no time zone of the IANA database.
func zone(pointer, s string) error {
	if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" {
		return fault.InvalidField(pointer, "time_zone_unknown", "must be a name of the IANA time zone database")
	}
	return nil
}

// degrees refuses what is not a decimal number of degrees within ±limit; ""
// is an unknown place.
func degrees(pointer, s string, limit int64) error {
	if s == "" {
		return nil
	}
	d, err := decimal.Parse(s)
	if err != nil || d.Cmp(decimal.FromInt(limit, 0)) > 0 || d.Cmp(decimal.FromInt(-limit, 0)) < 0 {
		return fault.InvalidField(pointer, "range", "must be decimal degrees")
	}
	return nil
}

// first returns the first error there is. The order of the checks is the order
// in which a form would show them.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
