// Package ident holds the identifiers of Pylon's records: a prefix that tells
// the kind and a time-sortable, unguessable rest (26 characters of Crockford's
// base 32: 48 bits of milliseconds, 10 of microseconds, 70 random bits), as in
// sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ. A typed identifier that came out of Parse or
// New is well formed.
package ident

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"pylon/internal/kernel/fault"
)

// The kinds of record that have an identifier of their own.
type (
	// OrganisationID names an organisation, the owner of everything else.
	OrganisationID string
	// SiteID names a place with stations and one or more grid connections.
	SiteID string
	// StationID names a charging station; it is not its OCPP identity, see [Identity].
	StationID string
	// TokenID names what a driver identifies with.
	TokenID string
	// SessionID names the customer's charge.
	SessionID string
	// CommandID names something asked of a station.
	CommandID string
	// JobID names work on many stations.
	JobID string
	// KeyID names an API key.
	KeyID string
	// FindingID names something that a station reported and that does not fit.
	FindingID string
	// AuditID names one line of the audit trail.
	AuditID string
	// TemplateID names quirks and settings for a make of station.
	TemplateID string
	// VariableChangeID names one line of the history of a station's variables.
	VariableChangeID string
	// HappeningID names one thing that a station told of a variable of its own.
	HappeningID string
	// DeadLetterID names an event that a consumer gave up.
	DeadLetterID string
	// TariffID names what an organisation asks for charging.
	TariffID string
	// AssignmentID names a rule that says where and for whom a tariff is.
	AssignmentID string
	// JournalID names something that happened to money.
	JournalID string
	// BillID names a document that a customer was given.
	BillID string
	// CustomerID names who pays: a person or a company.
	CustomerID string
	// PlanID names what customers subscribe to.
	PlanID string
	// SubscriptionID names a customer's subscription of a plan.
	SubscriptionID string
	// VoucherID names an amount that somebody is given to charge for.
	VoucherID string
	// RedemptionID names a customer's redemption of a voucher; it is derived.
	RedemptionID string
	// SeriesID names values over time: prices, signals.
	SeriesID string
	// HostID names who owns a site and gets a share.
	HostID string
	// StatementID names what a customer is asked for once a month.
	StatementID string
	// ReratingID names the question what past sessions cost by another tariff.
	ReratingID string
	// SettlementID names what a host is paid for a month.
	SettlementID string
	// AgreementID names what a host gets of what a site earns.
	AgreementID string
	// SupplyID names what the energy of a site costs.
	SupplyID string
	// AccountID names where amounts come from and go to; it is derived.
	AccountID string
	// NodeID names one run of one Pylon process.
	NodeID string
)

func (OrganisationID) prefix() string   { return "org_" }
func (SiteID) prefix() string           { return "sit_" }
func (StationID) prefix() string        { return "sta_" }
func (TokenID) prefix() string          { return "tok_" }
func (SessionID) prefix() string        { return "ses_" }
func (CommandID) prefix() string        { return "cmd_" }
func (JobID) prefix() string            { return "job_" }
func (KeyID) prefix() string            { return "key_" }
func (FindingID) prefix() string        { return "fnd_" }
func (AuditID) prefix() string          { return "aud_" }
func (TemplateID) prefix() string       { return "tpl_" }
func (VariableChangeID) prefix() string { return "chg_" }
func (HappeningID) prefix() string      { return "hap_" }
func (DeadLetterID) prefix() string     { return "dlt_" }
func (TariffID) prefix() string         { return "trf_" }
func (AssignmentID) prefix() string     { return "asg_" }
func (JournalID) prefix() string        { return "jnl_" }
func (BillID) prefix() string           { return "bil_" }
func (CustomerID) prefix() string       { return "cus_" }
func (PlanID) prefix() string           { return "pln_" }
func (SubscriptionID) prefix() string   { return "sub_" }
func (VoucherID) prefix() string        { return "vch_" }
func (RedemptionID) prefix() string     { return "rdm_" }
func (SeriesID) prefix() string         { return "srs_" }
func (HostID) prefix() string           { return "hst_" }
func (StatementID) prefix() string      { return "stm_" }
func (ReratingID) prefix() string       { return "rrt_" }
func (SettlementID) prefix() string     { return "stl_" }
func (AgreementID) prefix() string      { return "agr_" }
func (SupplyID) prefix() string         { return "sup_" }
func (AccountID) prefix() string        { return "acc_" }
func (NodeID) prefix() string           { return "nod_" }

// ID is any of the identifier types.
type ID interface {
	~string
	prefix() string
}

const (
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's base 32: no I, L, O, U
	bodyLen  = 26                                 // 128 bits, five a character
)

// New returns a fresh identifier whose order follows now, to the microsecond.
func New[T ID](now time.Time) T {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails: the runtime ends the process instead
	us := uint64(now.UnixMicro())
	head := us/1000<<16 | us%1000<<6 | uint64(raw[7]&63)
	binary.BigEndian.PutUint64(raw[:], head)
	var zero T
	return T(zero.prefix() + encode(raw))
}

// Derive returns the identifier of what is known by its parts alone: the same
// for the same parts, and another for all others. It says nothing of a time.
func Derive[T ID](parts ...string) T {
	var b []byte
	for _, p := range parts {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	var zero T
	sum := sha256.Sum256(append(b, zero.prefix()...))
	return T(zero.prefix() + encode([16]byte(sum[:16])))
}

// Parse returns s as an identifier of kind T, or [fault.Invalid].
func Parse[T ID](s string) (T, error) {
	var zero T
	body, ok := strings.CutPrefix(s, zero.prefix())
	if !ok || !wellFormed(body) {
		return zero, fault.New(fault.Invalid, "identifier_malformed", "expected", zero.prefix()+"…")
	}
	return T(s), nil
}

// wellFormed reports whether body could come out of encode.
func wellFormed(body string) bool {
	if len(body) != bodyLen || body[0] > '7' { // 26×5 = 130: the first two bits are zero
		return false
	}
	for i := range len(body) {
		if strings.IndexByte(alphabet, body[i]) < 0 {
			return false
		}
	}
	return true
}

// encode writes 128 bits as 26 characters, most significant first.
func encode(raw [16]byte) string {
	var out [bodyLen]byte
	var acc uint64
	bits, at := 2, 0 // 26×5 = 130: two leading zero bits keep the order
	for _, b := range raw {
		acc = acc<<8 | uint64(b)
		bits += 8
		for bits >= 5 {
			bits -= 5
			out[at] = alphabet[acc>>bits&31]
			at++
		}
	}
	return string(out[:])
}

// Identity is a station's OCPP identity: the last part of the URL at which it
// connects and the user of its HTTP Basic login, unique in its organisation.
type Identity string

// identityMax bounds an identity. OCPP 2.0.1 part 4 section 3.1.1 allows 48
// characters, 1.6 names no limit; makers stay below 64.
const identityMax = 64

// ParseIdentity returns s as an identity: 1 to 64 printable ASCII characters
// without '/', ':' (it ends the user name of HTTP Basic) and space.
func ParseIdentity(s string) (Identity, error) {
	if s == "" || len(s) > identityMax {
		return "", fault.New(fault.Invalid, "station_identity_length", "max", "64")
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '/' || c == ':' {
			return "", fault.New(fault.Invalid, "station_identity_character")
		}
	}
	return Identity(s), nil
}
