// Package command holds what is asked of stations: a row with a deadline that
// travels to the station's owner, to the station, and back as a result.
package command

import (
	"time"

	"pylon/internal/domain/device"
	"pylon/internal/domain/lease"
	"pylon/internal/kernel/ident"
)

// Type is what is asked, whatever the OCPP version.
type Type string

// The types, and the OCPP actions that they become (1.6 / 2.x).
const (
	Start              Type = "start_session"       // RemoteStartTransaction / RequestStartTransaction
	Stop               Type = "stop_session"        // RemoteStopTransaction / RequestStopTransaction
	Unlock             Type = "unlock_connector"    // UnlockConnector
	Reset              Type = "reset"               // Reset
	ChangeAvailability Type = "change_availability" // ChangeAvailability
	Trigger            Type = "trigger_message"     // TriggerMessage (ExtendedTriggerMessage where 1.6 needs it)
	ClearCache         Type = "clear_cache"         // ClearCache
	SetPassword        Type = "set_password"        // ChangeConfiguration AuthorizationKey / SetVariables BasicAuthPassword
	ReadVariables      Type = "read_variables"      // GetConfiguration / GetVariables
	WriteVariables     Type = "write_variables"     // ChangeConfiguration (one key) / SetVariables
	ReportVariables    Type = "report_variables"    // GetConfiguration of all keys / GetBaseReport; GetReport when variables are named
	ReportMonitors     Type = "report_monitors"     // 2.x GetMonitoringReport
	SetMonitors        Type = "set_monitors"        // 2.x SetVariableMonitoring
	ClearMonitors      Type = "clear_monitors"      // 2.x ClearVariableMonitoring
	Raw                Type = "ocpp"                // any action, the payload as given
)

// State is how far a command has come.
type State string

// The states. Queued, Sent and Accepted are open; the others are final.
const (
	Queued    State = "queued"
	Sent      State = "sent"
	Accepted  State = "accepted" // the station said yes; Observed follows when its effect is seen
	Rejected  State = "rejected" // the station said no, or answered with an error
	Observed  State = "observed"
	TimedOut  State = "timed_out"
	Cancelled State = "cancelled"
)

// Final reports whether nothing can follow. Accepted is final for a command
// whose effect cannot be seen; see [Command.Finished].
func (s State) Final() bool {
	return s == Rejected || s == Observed || s == TimedOut || s == Cancelled
}

// Command is one thing asked of one station.
type Command struct {
	ID           ident.CommandID
	Organisation ident.OrganisationID
	Station      ident.StationID
	Type         Type
	Input        Input
	Action       string // the OCPP action, once sent or given
	Payload      []byte // the OCPP request as sent, without secrets
	State        State
	Wait         bool      // stays queued while the station is offline, until the deadline
	Deadline     time.Time // past it the command is timed out and never sent
	Result       []byte    // the station's answer as JSON, without secrets; nil: none
	ErrorCode    string    // OCPP error code, or station_offline, station_closed …
	ErrorDetail  string
	By           ident.KeyID
	CreatedAt    time.Time
	SentAt       time.Time
	FinishedAt   time.Time
	Version      int64
}

// Finished reports whether the command will not change any more.
func (c Command) Finished() bool { return !c.FinishedAt.IsZero() }

// Input is what the caller asked, by type; fields that a type does not use are
// zero.
type Input struct {
	EVSE          int              `json:"evse_id,omitzero"`
	Connector     int              `json:"connector_id,omitzero"`
	TokenUID      string           `json:"-"`                 // Start; kept as Token
	TokenType     string           `json:"-"`                 // Start
	Token         ident.TokenID    `json:"token_id,omitzero"` // Start
	Session       ident.SessionID  `json:"session_id,omitzero"`
	TransactionID string           `json:"transaction_id,omitzero"` // Stop
	RemoteStartID int              `json:"remote_start_id,omitzero"`
	Hard          bool             `json:"hard,omitzero"`        // Reset: immediately
	Operative     bool             `json:"operative,omitzero"`   // ChangeAvailability
	Message       string           `json:"message,omitzero"`     // Trigger: the OCPP message name
	Secret        string           `json:"-"`                    // SetPassword: never stored
	Variables     []device.Setting `json:"variables,omitzero"`   // ReadVariables, WriteVariables, ReportVariables: without values where none is set
	Scope         device.Scope     `json:"scope,omitzero"`       // ReportVariables: full, configuration, summary
	Monitors      []device.Monitor `json:"monitors,omitzero"`    // SetMonitors
	MonitorIDs    []int            `json:"monitor_ids,omitzero"` // ClearMonitors
	RequestID     int              `json:"request_id,omitzero"`  // ReportVariables, ReportMonitors: ties the reports to the request
	Unasked       bool             `json:"unasked,omitzero"`     // Pylon thought of it by itself: never sent when it may not, nor a reset while somebody charges
	Under         lease.Grant      `json:"under,omitzero"`       // the lease of the leader that orders this; once a later holder has ordered anything, it is not sent
	Action        string           `json:"ocpp_action,omitzero"` // Raw
	Body          []byte           `json:"-"`                    // Raw: in Payload, secrets removed
}
