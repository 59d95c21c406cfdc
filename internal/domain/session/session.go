// Package session holds the customer's charge from the first sign of a
// transaction to its end, in one model for OCPP 1.6 and 2.x, and decides what
// each report of a station changes in it.
package session

import (
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// Status is where a session is in its life.
type Status string

// The statuses.
const (
	Pending   Status = "pending" // the transaction runs, nobody is authorised yet (TxStartPoint before Authorized)
	Active    Status = "active"
	Completed Status = "completed"
	Failed    Status = "failed" // ended without anybody authorised, or refused
)

// Open reports whether the session has not ended.
func (s Status) Open() bool { return s == Pending || s == Active }

// Method is how a session was authorised.
type Method string

// The methods.
const (
	MethodNone      Method = ""           // not yet
	MethodToken     Method = "token"      // a token presented at the station
	MethodRemote    Method = "remote"     // we started it
	MethodGroup     Method = "group"      // another token of the same group
	MethodNoneGiven Method = "none_given" // the station started by itself: free vending, button, no token
)

// EndedBy says whose word a session's end is.
type EndedBy string

// Who ends sessions.
const (
	ByStation     EndedBy = "station"     // its own word; it holds against all others
	ByEvidence    EndedBy = "evidence"    // ours: it could no longer end by itself, see [Weigh]
	ByReplacement EndedBy = "replacement" // ours: another transaction began in its place
)

// Session is one transaction as the customer sees it.
type Session struct {
	ID            ident.SessionID
	Organisation  ident.OrganisationID
	Site          ident.SiteID
	Station       ident.StationID
	EVSE          int // 0: the station never said
	Connector     int // 0: the station never said
	TransactionID string
	Status        Status

	// How it was authorised.
	Token         ident.TokenID // who charges; while nobody may, who was refused; "" when no row tells
	Method        Method
	Group         string        // uid of the group that was answered; a group is no person
	Answer        token.Verdict // what we answered to the token, "" while none
	ReservationID int64         // -1: none
	RemoteStartID int64         // -1: none
	StoppedBy     ident.TokenID // the token that ended it, when the station said one
	TokenAt       time.Time     // when Token was presented, by the station's clock; zero: it was not

	// When. *At are by the station's clock, corrected by ClockOffset when that
	// is over [ClockTolerance]; *AsSent are the station's words.
	StartedAt       time.Time
	StartedAsSent   string // "" until the start itself is heard
	StartReceivedAt time.Time
	EndedAt         time.Time // zero: runs
	EndedAsSent     string    // "" until the station itself says that it ended
	EndReceivedAt   time.Time
	ClockOffset     time.Duration // our clock minus the station's at the start, 0 for offline messages
	ClockNow        time.Duration // the same at present, where it has changed by more than ClockTolerance
	EndedBy         EndedBy       // "" while it runs
	Evidence        Evidence      // what showed that it is over, when not the station's own word; "" otherwise
	TimeZone        string        // of the site, IANA
	Country         string

	// How much. Energy is always register minus register.
	Begin         Register
	Last          Register
	Energy        unit.MilliWattHour
	PowerW        unit.Watt // last sample; 0 when none
	PowerAt       time.Time
	StateOfCharge unit.Permille // last sample; -1 when none

	// Where it stands.
	ChargingState ChargingState
	StateSince    time.Time
	StateCause    Cause
	StateTrigger  string    // what made the state begin, as the station said
	SegmentNo     int       // of the segment that the state is
	StopReason    string    // as the station spells it; "" while it runs
	LastSeqNo     int64     // highest seqNo; -1: none (1.6)
	Frames        int64     // frames received, counts meter.Frame.Number
	Noted         Notes     // the kinds of finding that it has raised: each is raised once
	PlugIn        string    // transactions of one plug-in share it
	StartKey      string    // digest of (connector, idTag, timestamp, meterStart): tells a repeated 1.6 start
	StopKey       string    // digest of the station's own word that it ended; "" before, and when another transaction replaced it
	Tariff        string    // the tariff that applied; none yet
	LastEventAt   time.Time // the latest that the station said of it, by the station's clock
	HeardAt       time.Time // when the station said something of it last, by ours
	ReadAt        time.Time // when samples of it came last, by ours
	AliveAt       time.Time // the last moment at which it is known to have run: of what was queued when that happened, by our clock
	ToldAt        time.Time // of the last event about it, by our clock; not stored: whoever loads it tells anew
	Aside         *Aside    // what few sessions have; nil: nothing
	Version       int64
}

// Aside is what few sessions have. It is never changed in place, so that
// sessions can be copied and compared.
type Aside struct {
	Step       Step      `json:"step,omitzero"`         // where the register left its course
	After      Register  `json:"after,omitzero"`        // where the register stood when it was read next, after the end
	FirstSeqNo int64     `json:"first_seq_no,omitzero"` // the lowest number of its events that was heard
	Freed      Freed     `json:"freed,omitzero"`        // its connector became free, and it was not heard of again
	Booted     time.Time `json:"booted,omitzero"`       // the first boot after which it was not heard of again
}

// aside returns what there is aside, for reading.
func (s *Session) aside() *Aside {
	if s.Aside == nil {
		return new(Aside)
	}
	return s.Aside
}

// setAside returns a copy of what there is aside, which is the session's from
// now on, to be changed.
func (s *Session) setAside() *Aside {
	a := *s.aside()
	s.Aside = &a
	return &a
}

// Register is a reading of the energy register, as sent and as counted.
type Register struct {
	Known      bool               `json:"known"`
	Energy     unit.MilliWattHour `json:"energy_mwh"`
	Value      decimal.Decimal    `json:"value"` // as sent
	Unit       string             `json:"unit"`  // as sent; "" is Wh
	Multiplier int                `json:"multiplier,omitzero"`
	Context    string             `json:"context"`
	Location   string             `json:"location,omitzero"` // as sent; "" is Outlet
	At         time.Time          `json:"at"`
	AsSent     string             `json:"as_sent"`
	Order      int64              `json:"order,omitzero"` // of readings whose order does not hang on the station's clock; 0: by At
}

// ChargingState is what happens between car and station, in OCPP 2.x's words
// turned to ours; for 1.6 it is derived from the connector's status.
type ChargingState string

// The charging states.
const (
	StateUnknown       ChargingState = "unknown"
	StateIdle          ChargingState = "idle"
	StateEVConnected   ChargingState = "ev_connected"
	StateCharging      ChargingState = "charging"
	StateSuspendedEV   ChargingState = "suspended_ev"
	StateSuspendedEVSE ChargingState = "suspended_evse"
)

// Cause is who is behind a charging state.
type Cause string

// The causes.
const (
	CauseCar     Cause = "car"
	CauseStation Cause = "station"
	CauseLimit   Cause = "limit" // a limit of ours
	CauseFault   Cause = "fault"
	CauseUnknown Cause = "unknown"
)

// Segment is a stretch of a session in one charging state.
type Segment struct {
	Station ident.StationID
	Session ident.SessionID
	Number  int
	State   ChargingState
	Cause   Cause
	From    time.Time
	To      time.Time // zero: still so
	Trigger string    // what made it begin, as the station said
}

// ReportKind is the place of a report in its transaction.
type ReportKind uint8

// The kinds.
const (
	Started ReportKind = iota // 1.6 StartTransaction, 2.x Started
	Updated                   // 2.x Updated, 1.6 MeterValues with a transactionId
	Ended                     // 1.6 StopTransaction, 2.x Ended
)

// Report is what a station says about a transaction, whatever its version.
type Report struct {
	Kind          ReportKind
	Version       station.Version
	TransactionID string // "" for a 1.6 start: we give it
	EVSE          int    // 0: not said
	Connector     int    // 0: not said
	SeqNo         int64  // -1: none
	OccurredAt    time.Time
	AsSent        string
	ReceivedAt    time.Time
	Offline       bool
	Trigger       string // 2.x triggerReason, as sent
	State         ChargingState
	StopReason    string
	Token         *token.Presented // nil: none in this message
	RemoteStartID int64            // -1: none
	ReservationID int64            // -1: none
	Samples       []meter.Sample   // 1.6 meterStart and meterStop among them, with contexts Transaction.Begin and Transaction.End
	Digest        []byte           // 16 bytes over the content: tells a repeat; see [Report.Seal]
	StartKey      string           // of a 1.6 start, see [StartKey]; of a 1.6 stop without transaction, see [Report.Seal]
}
