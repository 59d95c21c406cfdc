package station

import (
	"encoding/hex"
	"strings"

	"pylon/internal/kernel/fault"
)

// The lengths of a Basic password. A 1.6 key has 16 to 20 bytes; a 2.x
// password has at least 16 characters.
// Source: OCPP 2.0.1 and 2.1 part 2, A00.FR.205; the security white paper for
// 1.6, section 7.2.
const (
	passwordMin   = 16
	password201   = 40
	password21    = 64
	keyMin        = 16
	keyMax        = 20
	generatedSize = keyMax // 40 hex digits: a key for 1.6, a password for 2.x
)

// PasswordBytes is how many random bytes [GeneratePassword] takes.
const PasswordBytes = generatedSize

// GeneratePassword turns [PasswordBytes] random bytes into a password that
// stations of every version can be given: 40 hex digits.
func GeneratePassword(random []byte) string {
	if len(random) != generatedSize {
		panic("station: a password is generated from 20 random bytes")
	}
	return hex.EncodeToString(random)
}

// CheckPassword says which rule of version v the password breaks, as
// [fault.Invalid] about /password. For "", a station that has not connected
// yet, it is enough that one version can use it.
func CheckPassword(v Version, password string) error {
	switch v {
	case OCPP16:
		return check16(password)
	case OCPP201:
		return check2x(password, password201)
	case OCPP21:
		return check2x(password, password21)
	default:
		if check16(password) == nil {
			return nil
		}
		return check2x(password, password21) // the widest of 2.x
	}
}

// check16 takes 32 to 40 hex digits, or 16 to 20 printable characters that are
// the key's bytes themselves.
func check16(password string) error {
	n := len(password)
	switch {
	case n < keyMin:
		return broken("too_short", "an OCPP 1.6 key has at least 16 bytes")
	case n > 2*keyMax:
		return broken("too_long", "an OCPP 1.6 key has at most 20 bytes, 40 hex digits")
	case n <= keyMax && !printable(password):
		return broken("character_not_allowed", "printable ASCII, or hex digits")
	case n > keyMax && keyOf(password) == nil:
		return broken("not_hex", "an OCPP 1.6 key of more than 20 characters is 32 to 40 hex digits, two for each byte")
	}
	return nil
}

// check2x takes 16 to longest characters of OCPP's passwordString.
func check2x(password string, longest int) error {
	switch {
	case len(password) < passwordMin:
		return broken("too_short", "a password has at least 16 characters")
	case len(password) > longest && longest == password201:
		return broken("too_long", "an OCPP 2.0.1 password has at most 40 characters")
	case len(password) > longest:
		return broken("too_long", "a password has at most 64 characters")
	}
	for i := range len(password) {
		if !passwordChar(password[i]) {
			return broken("character_not_allowed", "letters, digits and * - _ = : + | @ .")
		}
	}
	return nil
}

func broken(code, detail string) error { return fault.InvalidField("/password", code, detail) }

// passwordChar reports whether c belongs to OCPP 2.x's passwordString.
func passwordChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("*-_=:+|@.", c) >= 0
}

func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// keyOf returns the bytes of a 1.6 key that is written as 32 to 40 hex digits
// of either case, nil when text is something else.
func keyOf(text string) []byte {
	if len(text) < 2*keyMin || len(text) > 2*keyMax {
		return nil
	}
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil
	}
	return key
}
