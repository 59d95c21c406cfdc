package ocpp

import (
	"crypto/sha256"
	"strings"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/wire/schema"
)

// Kinds of [Owner.Alert].
const (
	alertSecurity = "security_event"
	alertFirmware = "firmware_status"
	alertLog      = "log_status" // of diagnostics, too
	alertGrid     = "grid_event"
	alertPayment  = "payment_settlement"
)

// securityEvent is what people read of a security event.
func securityEvent(kind, info string) string {
	if info == "" {
		return kind
	}
	return kind + ": " + info
}

// registrationWord is how every version spells a registration.
func registrationWord(r station.Registration) string {
	switch r { //exhaustive:enforce
	case station.Accepted:
		return "Accepted"
	case station.Pending:
		return "Pending"
	case station.Rejected:
		return "Rejected"
	}
	panic("ocpp: no word for registration " + string(r))
}

// wordMax is longer than any word of an enumeration.
const wordMax = 64

// word returns a word of an enumeration, as far as words go: what is tolerated
// may be none.
func word[T ~string](w T) string {
	text := string(w)
	if len(text) > wordMax {
		text = strings.ToValidUTF8(text[:wordMax], "")
	}
	return text
}

// value returns what an optional field holds, its zero value when it is not
// there.
func value[T any](field *T) T {
	if field == nil {
		var zero T
		return zero
	}
	return *field
}

// optional returns an optional field with v in it, none for the zero value.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// moment returns the time of a valid timestamp.
func moment(t schema.Timestamp) time.Time {
	at, err := t.Time()
	if err != nil {
		return time.Time{} // only of a message that was not checked
	}
	return at
}

// seconds rounds down.
func seconds(d time.Duration) int { return int(d / time.Second) }

// digestSize is enough to tell a repeat among the samples of one station.
const digestSize = 16

// digest tells whether two payloads of samples outside transactions are the
// same. What tells repeats of transaction messages apart, the domain decides.
func digest(payload []byte) []byte {
	sum := sha256.Sum256(payload)
	return sum[:digestSize]
}
