// Package account holds organisations, the keys of their programs, what a
// caller may do (roles as scopes) and the audit trail.
package account

import (
	"strings"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Organisation owns stations, tokens, sessions and money. Everything in Pylon
// belongs to exactly one.
type Organisation struct {
	ID        ident.OrganisationID
	Slug      string // unique, in the URL of its stations: /ocpp/{slug}/{station}
	Name      string
	Country   string // ISO 3166-1 alpha-2
	Currency  string // ISO 4217
	TimeZone  string // IANA; of sites that name none
	CreatedAt time.Time
	Version   int64
	First     bool // the operator of this installation: /ocpp/{station} is its own, for ever
}

// Scope is one thing that a key may do.
type Scope string

// The scopes. Write includes read of the same noun.
const (
	All                Scope = "*" // every scope, and those to come
	OrganisationsRead  Scope = "organisations:read"
	OrganisationsWrite Scope = "organisations:write"
	SitesRead          Scope = "sites:read"
	SitesWrite         Scope = "sites:write"
	StationsRead       Scope = "stations:read"
	StationsWrite      Scope = "stations:write"
	TokensRead         Scope = "tokens:read"
	TokensWrite        Scope = "tokens:write"
	SessionsRead       Scope = "sessions:read"
	TariffsRead        Scope = "tariffs:read"
	TariffsWrite       Scope = "tariffs:write"
	SeriesRead         Scope = "series:read"
	SeriesWrite        Scope = "series:write" // prices and signals over time
	CommandsRead       Scope = "commands:read"
	CommandsWrite      Scope = "commands:write"
	EventsRead         Scope = "events:read"
	EventsWrite        Scope = "events:write" // trying again what a consumer gave up
	LedgerRead         Scope = "ledger:read"  // accounts, journals, balances
	BillsRead          Scope = "bills:read"   // what customers were given, and what sessions owe
	BillsWrite         Scope = "bills:write"  // how the organisation bills
	HostsRead          Scope = "hosts:read"   // hosts, agreements, settlements, what energy costs and what is left
	HostsWrite         Scope = "hosts:write"
	CDRsRead           Scope = "cdrs:read"      // what partners are told of charges, token uids included
	CustomersRead      Scope = "customers:read" // who pays: names and addresses
	CustomersWrite     Scope = "customers:write"
	PlansRead          Scope = "plans:read" // what customers may subscribe to
	PlansWrite         Scope = "plans:write"
	SubscriptionsRead  Scope = "subscriptions:read" // customers' plans, points and what they have left
	SubscriptionsWrite Scope = "subscriptions:write"
	VouchersRead       Scope = "vouchers:read"
	VouchersWrite      Scope = "vouchers:write" // making and redeeming them: they are money
	BillsCorrect       Scope = "bills:correct"  // taking bills back and issuing others, many at once
	KeysRead           Scope = "keys:read"
	KeysWrite          Scope = "keys:write"
	LogRead            Scope = "log:read"   // the station's frame log: holds driver tokens
	OCPPWrite          Scope = "ocpp:write" // any OCPP request to a station
)

// Scopes lists every scope that a key can be given by name, All included.
func Scopes() []Scope {
	return []Scope{
		All, OrganisationsRead, OrganisationsWrite, SitesRead, SitesWrite, StationsRead, StationsWrite,
		TokensRead, TokensWrite, SessionsRead, TariffsRead, TariffsWrite, SeriesRead, SeriesWrite, CommandsRead, CommandsWrite, EventsRead, EventsWrite, LedgerRead, BillsRead, BillsWrite, HostsRead, HostsWrite, CDRsRead, CustomersRead, CustomersWrite, PlansRead, PlansWrite, SubscriptionsRead, SubscriptionsWrite, VouchersRead, VouchersWrite, BillsCorrect, KeysRead, KeysWrite, LogRead, OCPPWrite,
	}
}

// Key is a program's credential. Only its hash is kept.
type Key struct {
	ID           ident.KeyID
	Organisation ident.OrganisationID
	Name         string
	Hash         [32]byte // SHA-256 of the secret: secrets are random, so a slow hash buys nothing
	Hint         string   // last four characters of the secret
	Scopes       []Scope
	ExpiresAt    time.Time // zero: never
	RevokedAt    time.Time // zero: in force
	CreatedAt    time.Time
	LastUsedAt   time.Time // written in bulk, may be a minute old
	Version      int64
}

// InForce reports whether the key may be used at now.
func (k Key) InForce(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Actor is who asks. Every service method takes one.
type Actor struct {
	Organisation ident.OrganisationID
	Key          ident.KeyID // "" for Pylon itself
	Name         string      // of the key, or of the part of Pylon
	Scopes       []Scope
	Operator     bool // of the first organisation: may make others
}

// System is Pylon itself, acting for organisation org in the named part.
func System(org ident.OrganisationID, part string) Actor {
	return Actor{Organisation: org, Name: part, Scopes: []Scope{All}}
}

// Can returns nil when the actor has the scope, else [fault.Forbidden].
func (a Actor) Can(want Scope) error {
	for _, has := range a.Scopes {
		if has == All || has == want || includes(has, want) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "scope_missing", "scope", string(want))
}

// includes reports whether has is the write scope of the noun that want reads.
func includes(has, want Scope) bool {
	written, writes := strings.CutSuffix(string(has), ":write")
	read, reads := strings.CutSuffix(string(want), ":read")
	return writes && reads && written == read
}

// Audit is one line of the audit trail: who changed what. It names no person
// but by identifier.
type Audit struct {
	ID           ident.AuditID
	Organisation ident.OrganisationID
	By           ident.KeyID // "" for Pylon itself
	ByName       string
	Action       string // station.update, command.create …
	Subject      string
	At           time.Time
	Detail       string // JSON object of what changed; secrets never
}
