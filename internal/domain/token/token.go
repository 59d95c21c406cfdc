// Package token holds what drivers identify with, and decides whether it may
// charge. The uid of a token stands in its own row and nowhere else.
package token

import (
	"strings"
	"time"

	"pylon/internal/kernel/ident"
)

// Status is what the operator set.
type Status string

// The statuses. Unknown is a token that was presented but that nobody has
// created: it is listed so that an operator can adopt a card by tapping it.
const (
	Accepted Status = "accepted"
	Blocked  Status = "blocked"
	Expired  Status = "expired"
	Invalid  Status = "invalid"
	Unknown  Status = "unknown"
)

// Token is an RFID card, an app's or a contract's identifier. Its uid is unique
// in the organisation whatever its type, compared without case.
type Token struct {
	ID           ident.TokenID
	Organisation ident.OrganisationID
	UID          string // as first given
	Type         string // OCPP 2.x IdTokenEnumType: ISO14443, eMAID, Central …; "" when 1.6 did not say
	Status       Status
	Group        string           // uid of the group (1.6 parentIdTag); "" when none
	Label        string           // printed on the card, shown to operators
	Customer     ident.CustomerID // who pays for what it charges; "": nobody said
	CostCentre   string           // of the customer: his invoices are broken down by it
	ValidFrom    time.Time        // zero: always
	ExpiresAt    time.Time        // zero: never
	MaxSessions  int              // sessions at a time; 0: any number
	Running      int              // sessions now; changes with them, under Version
	SeenAt       time.Time        // last presented
	SeenStation  ident.StationID
	CreatedAt    time.Time
	Version      int64
}

// Key returns uid in the form in which it is compared: upper case, without
// surrounding space.
func Key(uid string) string { return strings.ToUpper(strings.TrimSpace(uid)) }

// Presented is a token as a station presents it.
type Presented struct {
	UID  string
	Type string // "" for 1.6
}

// Verdict is the status that a station is told, in OCPP 2.x words; the 1.6
// adapter folds them to its five.
type Verdict string

// The verdicts that Pylon gives.
const (
	VerdictAccepted     Verdict = "Accepted"
	VerdictBlocked      Verdict = "Blocked"
	VerdictConcurrentTx Verdict = "ConcurrentTx"
	VerdictExpired      Verdict = "Expired"
	VerdictInvalid      Verdict = "Invalid"
	VerdictUnknown      Verdict = "Unknown"
)

// Decision is a verdict with its reason.
type Decision struct {
	Verdict   Verdict
	Reason    string // stable code: token_blocked, token_not_yet_valid …; "" when accepted
	Token     ident.TokenID
	Group     string    // uid of the group, answered as groupIdToken or parentIdTag
	ExpiresAt time.Time // zero: the station may keep the answer as long as it likes
}

// OK reports whether the driver may charge.
func (d Decision) OK() bool { return d.Verdict == VerdictAccepted }
