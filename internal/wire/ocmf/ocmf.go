// Package ocmf reads signed meter readings in the Open Charge Metering Format and
// verifies their signatures. It changes nothing: what was signed stays as it was sent,
// byte for byte, and numbers keep their digits.
//
// Source: S.A.F.E. e.V., OCMF 1.0 to 1.3, tables 1 to 24 (github.com/SAFE-eV/
// OCMF-Open-Charge-Metering-Format). Where devices in the field differ from the text and the meaning is
// plain, they are read: numbers as strings, white space in keys, signatures without DER.
package ocmf

import (
	"fmt"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
)

const (
	// MaxLength is the longest record that is read, in bytes: OCPP 2.1 carries 32,768
	// characters of signed data, files somewhat more.
	MaxLength = 64 << 10
	// ReadingsMax is how many readings a record may have: a week of quarter-hours.
	ReadingsMax = 700

	header    = "OCMF"
	separator = "|" // which no section may contain
	sections  = 3
)

// Record is one signed data set.
type Record struct {
	Payload   string // exactly what is signed
	Signature Signature

	Version    string // FV
	Gateway    Device // GI, GS, GV: what signs; Vendor is empty, Model holds GI
	Meter      Device // MV, MM, MS, MF
	Page       Page   // PG
	User       User
	Tariff     string // TT
	Controller string // CF: firmware of the charge controller
	Loss       *Loss  // LC
	Point      Point
	Readings   []Reading // RD, with what each has from the one before it; one at least
}

// Device is a meter or a gateway. What was not sent is "".
type Device struct{ Vendor, Model, Serial, Version string }

// Page is a record's place in the stream of its device's records.
type Page struct {
	Context Context
	Number  uint64 // rises by one from record to record of a context
}

// Context is what a counter of pages counts.
type Context byte

// The contexts.
const (
	Transaction Context = 'T'
	Fiscal      Context = 'F' // readings outside transactions
)

// String returns the page as OCMF writes it.
func (p Page) String() string { return fmt.Sprintf("%c%d", p.Context, p.Number) }

// User says who charged, and how sure the device was of it. Level, flags and type keep
// OCMF's words.
type User struct {
	Assigned bool     // IS
	Level    string   // IL
	Flags    []string // IF
	Type     string   // IT
	ID       string   // ID
}

// Loss describes a cable whose losses the meter takes off.
type Loss struct {
	Name       string           // LN
	Number     *decimal.Decimal // LI
	Resistance *decimal.Decimal // LR
	Unit       string           // LU: mOhm or uOhm
}

// Point names a charging point.
type Point struct{ Type, ID string } // CT: EVSEID or CBIDC; CI

// Reading is one reading of one register.
type Reading struct {
	At       time.Time // TM; keeps the zone that was sent
	AsSent   string
	Clock    Clock
	Reason   Reason           // TX; 0 outside transactions
	Value    *decimal.Decimal // RV; nil when only an error is told
	Register string           // RI: an OBIS code
	Unit     string           // RU
	Current  string           // RT: AC or DC
	Loss     *decimal.Decimal // CL, since the transaction began, in Unit
	Errors   string           // EF: what of it is no longer good for billing
	Status   Status           // ST
}

// Clock says how good the time of a reading is.
type Clock byte

// The clocks.
const (
	ClockUnknown      Clock = 'U'
	ClockInformative  Clock = 'I'
	ClockSynchronised Clock = 'S'
	ClockRelative     Clock = 'R' // what has passed since the begin is measured as the law wants it
)

// Reason says why a reading was taken.
type Reason byte

// The reasons.
const (
	Begin       Reason = 'B'
	Charging    Reason = 'C'
	Exception   Reason = 'X' // from here on energy or time are no longer good for billing
	End         Reason = 'E'
	EndLocal    Reason = 'L'
	EndRemote   Reason = 'R'
	EndAborted  Reason = 'A'
	EndPowerCut Reason = 'P'
	Suspended   Reason = 'S'
	TariffAhead Reason = 'T' // the tariff changes
)

const reasons = "BCXELRAPST"

// Status is the state of the meter at a reading.
type Status byte

// StatusGood is the only status of a reading that can be billed; the others are
// N, T, D, R, M, X, I, O, S, E and F.
const StatusGood Status = 'G'

const statuses = "NGTDRMXIOSEF"

// Signature is a record's last section.
type Signature struct {
	Method   string // SA; "" when not sent: [DefaultMethod]
	Encoding string // SE; "" when not sent: hex
	Type     string // SM; "" when not sent: application/x-der
	Data     string // SD
}

// Error says which field breaks which rule.
type Error struct {
	Field string // as OCMF names it, with the reading: RD[1].TM; "" for the record as a whole
	Rule  string
}

// Error returns field and rule.
func (e *Error) Error() string {
	if e.Field == "" {
		return "OCMF: " + e.Rule
	}
	return "OCMF: " + e.Field + ": " + e.Rule
}

// Parse reads a record. White space around it does not count. Its errors are [*Error]. A
// record that parses may be signed wrongly, or by anyone: see [Record.Verify].
func Parse(text string) (*Record, error) {
	if len(text) > MaxLength {
		return nil, &Error{Rule: fmt.Sprintf("longer than %d bytes", MaxLength)}
	}
	parts := strings.Split(strings.TrimSpace(text), separator)
	if parts[0] != header {
		return nil, &Error{Rule: "does not begin with " + header + separator}
	}
	if len(parts) != sections {
		return nil, &Error{Rule: fmt.Sprintf("%d sections between bars, not %d", len(parts), sections)}
	}
	r := &Record{Payload: parts[1]}
	if err := r.readPayload(); err != nil {
		return nil, err
	}
	if err := r.Signature.read(parts[2]); err != nil {
		return nil, err
	}
	return r, nil
}
