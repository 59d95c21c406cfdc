// Package metering judges signed meter readings: whether they are what the meter said,
// whether those of a session belong together with none missing between them, and what energy
// and time may be billed because of it. It knows no format: who reads one hands over [Value]s.
//
// What it holds a session against is what OCMF asks of who checks it (S.A.F.E. e.V., OCMF 1.3:
// pagination, table 7, and the section on signing and verification), and German law on
// weights and measures behind it: end minus begin, both signed, and nothing else.
package metering

import (
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/kernel/decimal"
)

// Verdict says what came of checking.
type Verdict string

// The verdicts.
const (
	Verified      Verdict = "verified"
	Failed        Verdict = "failed"         // it was checked and is not right
	NotVerifiable Verdict = "not_verifiable" // it could not be checked
)

// Value is one signed data set, as it came and as it was read.
type Value struct {
	Carried meter.SignedValue // byte for byte
	Context string            // of the sample that carried it, as OCPP spells it
	Format  string            // OCMF, or the name of another that is not read; "": not known
	Verdict Verdict
	Code    Code   // why it is not verified; "" when it is
	Detail  string // of Code, in technical words
	Key     Key    // that it was checked with; zero when there was none
	Set     *Set   // nil when it could not be read
}

// Key is a public key.
type Key struct {
	DER   string // SubjectPublicKeyInfo in upper-case hex: the same text for the same key
	Known bool   // it is known for the EVSE; else it came with the value, which proves little
}

// Set is what a data set says.
type Set struct {
	Signed   string // exactly what is signed: sets with the same are one that came twice
	Page     Page
	Gateway  Device // what signed; empty when that is the meter
	Meter    Device
	User     User
	Tariff   string    // as shown to an ad-hoc customer
	Readings []Reading // in the order of the set; one at least
}

// Device is a meter or what signs for it. What is not known is "".
type Device struct{ Vendor, Model, Serial, Version string }

// Page is the place of a set in the stream of its device.
type Page struct {
	Fiscal bool // outside transactions: these are counted by themselves
	Number uint64
}

// User is who charged, by the device's account.
type User struct {
	Assigned bool
	Level    string // how sure it is, in OCMF's words
	Type     string
	ID       string
}

// Reading is one reading of one register.
type Reading struct {
	At       time.Time
	Clock    Clock
	Reason   Reason
	Value    *decimal.Decimal // with the digits that were signed; nil when only an error is told
	Register string           // OBIS code
	Unit     string
	Errors   string // E: energy is not good for billing; t: time is not
	Status   string // G: the meter is well
}

// Clock says how good a time is.
type Clock string

// The clocks.
const (
	Unsynchronised Clock = "unsynchronised"
	Informative    Clock = "informative"
	Synchronised   Clock = "synchronised"
	Relative       Clock = "relative" // the time since the begin is measured as the law wants it
)

// Reason says why a reading was taken.
type Reason string

// The reasons.
const (
	Outside   Reason = "" // of transactions
	Begin     Reason = "begin"
	During    Reason = "during"
	Exception Reason = "exception" // energy or time are lost from here on
	End       Reason = "end"
)
