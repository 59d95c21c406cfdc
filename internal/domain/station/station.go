// Package station holds charging stations, their EVSEs and connectors, their
// connection, and the decisions about them: may it connect, may it take part,
// what does its status mean.
package station

import (
	"time"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/ident"
)

// Registration is whether a station takes part. It is the station's, not the
// connection's.
type Registration string

// The registrations.
const (
	Accepted Registration = "accepted"
	Pending  Registration = "pending"  // its socket stays open; we may read and set it
	Rejected Registration = "rejected" // we send it nothing
)

// Version is the OCPP version that a station spoke last.
type Version string

// The versions, as the contract spells them.
const (
	OCPP16  Version = "1.6"
	OCPP201 Version = "2.0.1"
	OCPP21  Version = "2.1"
)

// Station is what the operator set and what the station said of itself.
type Station struct {
	ID              ident.StationID
	Organisation    ident.OrganisationID
	Site            ident.SiteID // "" when not placed yet
	Identity        ident.Identity
	Name            string
	Registration    Registration
	Automation      bool // off: Pylon sends nothing by itself
	SecurityProfile int  // 0 to 3, the least that is accepted
	Secrets         []Secret
	OCPP            Version // "" until it connected
	Vendor          string
	Model           string
	Serial          string
	Firmware        string
	ICCID           string
	IMSI            string
	MeterType       string
	MeterSerial     string
	BootReason      string
	BootedAt        time.Time
	Quirks          Quirks
	Template        ident.TemplateID
	LastTransaction int64 // 1.6 transaction ids: the last that was given, 0 to 2^31-1, never reused
	CreatedAt       time.Time
	Version         int64 // counts changes of what the operator sees and sets: the ETag
}

// Secret is a Basic password that the station may log in with. During a change
// there are two, see [Station.Secrets].
type Secret struct {
	Salt  []byte    `json:"salt"`
	Hash  []byte    `json:"hash"`           // SHA-256 over salt and password; two forms of a 1.6 key hash alike
	State string    `json:"state"`          // current, or pending: sent to the station, not confirmed yet
	At    time.Time `json:"at"`             // since when
	Hex   bool      `json:"hex,omitzero"`   // the password is a 1.6 key given as hex: bytes and hex text are both right
	Until time.Time `json:"until,omitzero"` // zero: for ever
}

// Quirks are switches for what a make of station does its own way. They come
// from template rows, chosen at boot by vendor, model and firmware.
type Quirks struct {
	Lenient          *bool  `json:"lenient,omitzero"`           // apply messages whose meaning is clear although they break the schema; nil: on for 1.6, off for 2.x
	SharedEVSE       bool   `json:"shared_evse,omitzero"`       // 1.6: connectors are outlets of one EVSE
	Subprotocol      string `json:"subprotocol,omitzero"`       // pins the version that we choose
	MeterUnit        string `json:"meter_unit,omitzero"`        // unit of registers that name none
	ReversedTags     bool   `json:"reversed_tags,omitzero"`     // idTags come with their bytes reversed
	Phases           int    `json:"phases,omitzero"`            // 1 or 3; 0 unknown
	MaxCurrentMA     int64  `json:"max_current_ma,omitzero"`    // rating per phase; 0 unknown
	HeartbeatSeconds int    `json:"heartbeat_seconds,omitzero"` // interval that we answer; 0: ours

	// Outlets are what connectors are, where the station does not say it, or says it wrong.
	Outlets []Outlet `json:"outlets,omitzero"`
}

// IsLenient reports whether messages that break the schema but whose meaning
// is clear are applied, for a station that speaks v.
func (q Quirks) IsLenient(v Version) bool {
	if q.Lenient != nil {
		return *q.Lenient
	}
	return v == OCPP16
}

// Template is a row of quirks and settings for the stations that match it. The most
// specific match wins: more pattern characters without '*'.
type Template struct {
	ID           ident.TemplateID
	Organisation ident.OrganisationID // "" for those that come with Pylon
	Vendor       string               // patterns with '*'
	Model        string
	Firmware     string
	Quirks       Quirks
	Settings     []device.Setting // what its stations shall have; what an operator desires of one goes before
	Reboot       device.Reboot    // whether they may be reset for that
	Version      int64
}

// Link is the station's connection: who owns it and since when. It changes
// with every connection, the station does not.
type Link struct {
	Station     ident.StationID
	Epoch       int64        // counts owners; a write under an older one is refused
	Node        ident.NodeID // the owner; "" when offline
	Online      bool
	Since       time.Time // of Online
	OCPP        Version
	Profile     int       // the security profile of the connection
	LastSeen    time.Time // written in bulk, at most once a minute
	RemoteAddr  string
	CloseReason string // why the last connection ended
}

// Connector is the state of one connector. In OCPP 1.6, connector n is EVSE n,
// connector 1, unless its quirks say that connectors share an EVSE.
type Connector struct {
	Station     ident.StationID
	EVSE        int
	Connector   int // 0: the EVSE itself
	Status      Status
	Since       time.Time // of Status, by our best knowledge of the time
	ReportedAt  time.Time // when we last heard it
	TakenAt     time.Time // since when a car or driver has it; zero: it is free, or nobody knows
	ErrorCode   string    // OCPP 1.6; "" when none
	Info        string
	VendorID    string
	VendorError string
	Version     int64
}

// Status is what a connector does, in the words of the contract: the union of
// OCPP 1.6's nine and 2.x's five.
type Status string

// The statuses.
const (
	Unknown       Status = "unknown" // never reported
	Available     Status = "available"
	Occupied      Status = "occupied" // 2.x
	Preparing     Status = "preparing"
	Charging      Status = "charging"
	SuspendedEV   Status = "suspended_ev"
	SuspendedEVSE Status = "suspended_evse"
	Finishing     Status = "finishing"
	Reserved      Status = "reserved"
	Unavailable   Status = "unavailable"
	Faulted       Status = "faulted"
)

// Interval is one stretch of a connector's history. EVSE 0 is the station as a
// whole; connector 0 of EVSE 0 with status online/offline is its connection.
type Interval struct {
	Station   ident.StationID
	EVSE      int
	Connector int
	Status    Status
	ErrorCode string
	From      time.Time
	To        time.Time // zero: still so
}

// Statuses of the connection in the history (EVSE 0, connector 0).
const (
	Online  Status = "online"
	Offline Status = "offline"
)

// Detail is a station with everything that a reader wants to see of it.
type Detail struct {
	Station
	Link
	Connectors []Connector // by EVSE, connector
	Asked      bool        // it has commands that have not finished; false where nobody looked
}

// Finding is something that a station reported and that we could not apply, or
// that contradicts what we know. Findings are committed, shown to people, and
// resolved by what explains them.
type Finding struct {
	ID           ident.FindingID
	Organisation ident.OrganisationID
	Station      ident.StationID
	Session      ident.SessionID // "" when none
	Code         FindingCode
	Detail       string // for people, no uids
	Action       string // OCPP action; "" when none
	Raw          []byte // the frame's payload as received, without secrets; nil when the code says it all
	At           time.Time
	ResolvedAt   time.Time // zero: open
}

// Resolution says that what a finding tells of has been explained.
type Resolution struct {
	Finding ident.FindingID // this one; "": the one that the others name
	Station ident.StationID
	Session ident.SessionID // "": those about the station itself
	Code    FindingCode
	At      time.Time // zero: it is as before, the finding is open again
}

// ResolutionNotice is the data of finding.resolved.
type ResolutionNotice struct {
	Session ident.SessionID `json:"session_id,omitzero"`
	Code    FindingCode     `json:"code"`
}

// FindingCode names a kind of finding; public and stable.
type FindingCode string

// The kinds.
const (
	MessageInvalid      FindingCode = "message_invalid"       // a transaction message that breaks its schema, refused
	MessageTolerated    FindingCode = "message_tolerated"     // … applied all the same
	TransactionUnknown  FindingCode = "transaction_unknown"   // a stop, meter values or an end for a transaction that we do not know
	TransactionReplaced FindingCode = "transaction_replaced"  // a start while an older one never ended
	SequenceRestarted   FindingCode = "sequence_restarted"    // seqNo repeats with other content, or starts again
	SequenceGap         FindingCode = "sequence_gap"          // seqNo skipped numbers
	EventAfterEnd       FindingCode = "event_after_end"       // a message after the end of its transaction
	MeterBackwards      FindingCode = "meter_backwards"       // a register fell
	ClockWrong          FindingCode = "clock_wrong"           // the station's time is far from ours
	EVSEUnreported      FindingCode = "evse_unreported"       // a transaction without EVSE, or on one that was never reported
	TokenNotAccepted    FindingCode = "token_not_accepted"    // the station charges although we refused, or without a token
	FrameDropped        FindingCode = "frame_dropped"         // over a limit, garbage, answers to nothing
	TokensTooMany       FindingCode = "tokens_too_many"       // more unknown tokens than a station may bring; the rest are not listed
	TransactionsInOne   FindingCode = "transactions_parallel" // two transactions on one EVSE
	StopMissing         FindingCode = "stop_missing"          // boot, or a free connector, while a session runs: its stop is still to come
	ClosedFromEvidence  FindingCode = "closed_from_evidence"  // a session that could not end by itself was ended by us; the station's own word resolves it
	MeterReset          FindingCode = "meter_reset"           // a register began again near zero
	MeterJumped         FindingCode = "meter_jumped"          // more energy than the EVSE can deliver in that time
	MeterSilent         FindingCode = "meter_silent"          // a running session without readings
	ClockChanged        FindingCode = "clock_changed"         // the station's clock was set while a session ran
	StationReplaced     FindingCode = "station_replaced"      // another device answers under the same identity
	StatusStorm         FindingCode = "status_storm"          // a connector that changes its status without end
	TokenReversed       FindingCode = "token_reversed"        // an unknown card that is known with its bytes reversed
	TokensDiffer        FindingCode = "tokens_differ"         // two tokens for one transaction
	EnergyUnaccounted   FindingCode = "energy_unaccounted"    // a register that moved while no session ran
	CommandIgnored      FindingCode = "command_ignored"       // accepted, and then nothing happened
	SettingRefused      FindingCode = "setting_refused"       // the station does not take a value that is desired of it
	SettingDrifted      FindingCode = "setting_drifted"       // a value that was set is another one now
	EventFailed         FindingCode = "event_failed"          // a part of Pylon gave up an event of the station, or of the organisation: a dead letter
	LedgerBroken        FindingCode = "ledger_broken"         // a row of the books is not as it was written; its detail says which
	BillHeld            FindingCode = "bill_held"             // no bill can be made of the session; its detail says why
	MeterUnproven       FindingCode = "meter_unproven"        // signed readings of a session are not what the meter said, or some are missing between them; its detail says which
	DeviceAlert         FindingCode = "device_alert"          // a monitor of severity 0 to 3 was triggered; its clearing resolves it
)
