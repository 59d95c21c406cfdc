package billing

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pylon/internal/kernel/fault"
)

// Limits of what a party says of itself; each is well above what is ever needed
// and keeps a document small.
const (
	nameMax     = 200
	addressMax  = 300
	registerMax = 50 // a tax id has 15 characters, an entry of a register a court and a number
	phoneMax    = 50 // E.164 has 15 digits, which people write with room between
	mailMax     = 254
	ibanMin     = 15
	ibanMax     = 34 // ISO 13616
)

// Check returns the first thing that is wrong with a party, as [fault.Invalid]. It
// may have no name: whoever needs one asks for it.
func (p *Party) Check() error {
	return cmp.Or(
		Text("/name", p.Name, nameMax),
		Text("/street", p.Street, addressMax),
		Text("/postal_code", p.PostalCode, nameMax),
		Text("/city", p.City, nameMax),
		country("/country", p.Country),
		Text("/tax_id", p.TaxID, registerMax),
		Text("/registration", p.Registration, registerMax),
		endpoint("/endpoint", p.Endpoint),
		Text("/mail", p.Mail, mailMax),
		Text("/phone", p.Phone, phoneMax),
		iban("/iban", p.IBAN),
	)
}

// Text refuses a text that is longer than limit characters or has control
// characters, as [fault.Invalid].
func Text(pointer, s string, limit int) error {
	if utf8.RuneCountInString(s) > limit {
		return fault.InvalidField(pointer, "length", "is too long")
	}
	if strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) || c == unicode.ReplacementChar }) {
		return fault.InvalidField(pointer, "character", "must not have control characters")
	}
	return nil
}

// Spoken refuses a language that no document is written in, as [fault.Invalid].
func Spoken(pointer, language string) error {
	if !slices.Contains(Languages(), language) {
		return fault.InvalidField(pointer, "enumeration", "must be one of "+strings.Join(Languages(), ", "))
	}
	return nil
}

// country refuses what is no code of ISO 3166-1 alpha-2; "" is not known.
func country(pointer, s string) error {
	if s == "" || len(s) == 2 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return nil
	}
	return fault.InvalidField(pointer, "pattern", "must be two capital letters")
}

// endpoint refuses what no e-invoice can be sent to: it is scheme:id, and the
// scheme has four digits (ISO 6523).
func endpoint(pointer, s string) error {
	scheme, id, _ := strings.Cut(s, ":")
	if s != "" && (len(scheme) != 4 || strings.Trim(scheme, "0123456789") != "" || id == "") {
		return fault.InvalidField(pointer, "pattern", "must be a scheme of four digits, a colon and an identifier")
	}
	return Text(pointer, s, nameMax)
}

// iban refuses an account number whose check digits (ISO 7064, modulo 97) are
// wrong: money would go astray.
func iban(pointer, s string) error {
	if s == "" {
		return nil
	}
	wrong := fault.InvalidField(pointer, "pattern", "must be an IBAN without spaces")
	if len(s) < ibanMin || len(s) > ibanMax {
		return wrong
	}
	var digits strings.Builder
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= '0' && c <= '9':
			digits.WriteRune(c)
		case c >= 'A' && c <= 'Z':
			digits.WriteByte('1' + byte(c-'A')/10)
			digits.WriteByte('0' + byte(c-'A')%10)
		default:
			return wrong
		}
	}
	n, ok := new(big.Int).SetString(digits.String(), 10)
	if !ok || n.Mod(n, big.NewInt(97)).Int64() != 1 {
		return wrong
	}
	return nil
}
