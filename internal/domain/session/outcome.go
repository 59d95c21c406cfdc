package session

import (
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/ident"
)

// Known is all that the decision about a report may depend on.
type Known struct {
	Station    station.Station
	Site       site.Site // when the station is not placed: only TimeZone and Country, the organisation's
	Connectors []station.Connector
	Open       []Session      // the station's open sessions
	Prior      *Session       // the session of the report's transaction or start key when it is not among Open: it has ended
	PriorFrame *meter.Frame   // the frame of that transaction with the report's digest, else the newest with its seqNo, when there is one
	Verdict    token.Decision // on Report.Token; zero when the report has none
	Remote     *RemoteStart   // the remote start that this report answers, when there is one
	NewID      ident.SessionID

	// Left is the last ended session at the report's EVSE, when the report may
	// begin another there, or is about one that we had closed: where that left
	// the register, and whether another has been there since. Nil: none.
	Left *Session

	// OnlineSince is when the station connected. It tells a wrong clock from a
	// queue: what happened after it was not queued. Zero: not told.
	OnlineSince time.Time

	// StatusLate is by how much the last status of this connection was older than
	// its arrival. OCPP 1.6 queues transactions alone, so it tells how far the
	// station's clock is behind. 0: nothing is told.
	StatusLate time.Duration
}

// RemoteStart is a start that we asked the station for and that it accepted.
type RemoteStart struct {
	ID    int64 // 2.x remoteStartId; 1.6 stations do not repeat it
	Token ident.TokenID
}

// Outcome is what a report changes.
type Outcome struct {
	Changed         []Session // new and changed sessions, each with its new Version: the report's own first, then those that it replaced
	Progress        bool      // of Changed[0], only what [Session.Progress] names differs
	Segments        []Segment
	Frame           *meter.Frame      // nil for a repeat; without a session the caller numbers it
	Findings        []station.Finding // ID, Organisation and Station are filled in by the caller
	Resolved        []station.Resolution
	Events          []event.Event // Organisation, Site, Station are set
	Tokens          []TokenUse
	LastTransaction int64 // the station's counter after a 1.6 start; 0: unchanged
	Answer          Answer
}

// TokenUse says that a token has one session more or less.
type TokenUse struct {
	Token ident.TokenID
	Delta int
}

// Answer is what the station is told.
type Answer struct {
	TransactionID string // 1.6: the id that we gave; 2.x: the station's
	Session       ident.SessionID
	Token         *token.Decision // nil when the report carried no token
	Repeat        bool
}

// Notice is the data of a session event.
type Notice struct {
	ID            ident.SessionID `json:"id"`
	Status        Status          `json:"status"`
	EVSE          int             `json:"evse_id"`
	Connector     int             `json:"connector_id"`
	TransactionID string          `json:"transaction_id"`
	EnergyWh      int64           `json:"energy_wh"`
	PowerW        int64           `json:"power_w"`
	StateOfCharge int64           `json:"state_of_charge_permille,omitzero"`
	ChargingState ChargingState   `json:"charging_state"`
	StopReason    string          `json:"stop_reason,omitzero"`
}

// View is a session with what readers know its token and station by.
type View struct {
	Session
	TokenUID string         // "" when it has no token
	Identity ident.Identity // of the station
}
