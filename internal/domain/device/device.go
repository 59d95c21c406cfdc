// Package device holds what stations are made of and how they are set up: the
// variables of the OCPP 2.x device model and the configuration keys of OCPP 1.6
// in one form, their monitors, what is desired of them, and where a station
// differs from that.
package device

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
)

// Name names a variable. A key of OCPP 1.6 has the Variable alone, no Component,
// and stands at the station (EVSE 0). Names are compared without case.
// Source: OCPP 2.0.1 part 1 section 4; 1.6 section 9.
type Name struct {
	EVSE             int    `json:"evse_id,omitzero"` // 0: the station
	Connector        int    `json:"connector_id,omitzero"`
	Component        string `json:"component,omitzero"`
	Instance         string `json:"instance,omitzero"` // of the component
	Variable         string `json:"variable"`
	VariableInstance string `json:"variable_instance,omitzero"`
}

// Attribute is which of a variable's values is meant.
type Attribute string

// The attributes, as OCPP spells them. A 1.6 key has Actual only.
const (
	Actual Attribute = "Actual"
	Target Attribute = "Target"
	MinSet Attribute = "MinSet"
	MaxSet Attribute = "MaxSet"
)

// Mutability says who may do what with a value, as OCPP spells it.
type Mutability string

// The mutabilities; "" is ReadWrite.
const (
	ReadOnly  Mutability = "ReadOnly"
	WriteOnly Mutability = "WriteOnly"
	ReadWrite Mutability = "ReadWrite"
)

// Value is one attribute of a variable.
type Value struct {
	Attribute  Attribute  `json:"attribute"`
	Text       *string    `json:"value"` // nil: the station did not say, or it is write only
	Mutability Mutability `json:"mutability,omitzero"`
	Persistent bool       `json:"persistent,omitzero"`
	Constant   bool       `json:"constant,omitzero"`
}

// Characteristics say what values a variable may have.
type Characteristics struct {
	DataType           string           `json:"data_type,omitzero"` // as OCPP spells it; "" for 1.6
	Unit               string           `json:"unit,omitzero"`
	MinLimit           *decimal.Decimal `json:"min_limit,omitzero"`
	MaxLimit           *decimal.Decimal `json:"max_limit,omitzero"`
	MaxElements        int              `json:"max_elements,omitzero"` // 2.1
	ValuesList         string           `json:"values_list,omitzero"`
	SupportsMonitoring bool             `json:"supports_monitoring,omitzero"`
}

// Variable is a variable with what is known of it.
type Variable struct {
	Name
	Values []Value `json:"values"`
	Characteristics
}

// Scope is how much of a station a report is about.
type Scope string

// The scopes. What a whole inventory does not name is no more.
const (
	ScopeFull          Scope = "full"          // 2.x FullInventory; 1.6 all keys
	ScopeConfiguration Scope = "configuration" // 2.x ConfigurationInventory: what can be set
	ScopeSummary       Scope = "summary"       // 2.x SummaryInventory: what is wrong now
	ScopeSome          Scope = "some"          // single variables
)

// Part is one message of a station's report about itself.
type Part struct {
	RequestID  int // 2.x: of the request that it answers; 0 for 1.6
	SeqNo      int // from 0
	More       bool
	Scope      Scope // ScopeSome when the station's message does not say; the owner knows what was asked
	OccurredAt time.Time
	ReceivedAt time.Time
	Variables  []Variable
	Unknown    []string // 1.6: keys that were asked for and that the station does not have
}

// Setting is a value that somebody wants.
type Setting struct {
	Name
	Attribute Attribute `json:"attribute,omitzero"` // "" is Actual
	Value     string    `json:"value"`
}

// Status is what a station answers about one variable that was read or set, the
// words of all versions together.
type Status string

// The statuses.
const (
	StatusAccepted       Status = "accepted"
	StatusRejected       Status = "rejected"
	StatusUnknown        Status = "unknown"       // UnknownComponent, UnknownVariable; 1.6 unknownKey
	StatusNotSupported   Status = "not_supported" // the attribute, or 1.6 NotSupported
	StatusRebootRequired Status = "reboot_required"
)

// Result is a station's answer about one variable.
type Result struct {
	Name
	Attribute  Attribute  `json:"attribute"`
	Status     Status     `json:"status"`
	Text       *string    `json:"value,omitzero"` // that was read; nil for one that was set
	Mutability Mutability `json:"mutability,omitzero"`
	Detail     string     `json:"detail,omitzero"` // reasonCode and additionalInfo
}

// Monitor watches a variable in the station. Source: OCPP 2.0.1 part 2, N.
type Monitor struct {
	Name
	ID          int             `json:"id"`   // the station's; 0 for one that is to be made
	Type        string          `json:"type"` // UpperThreshold, LowerThreshold, Delta, Periodic, PeriodicClockAligned, …
	Value       decimal.Decimal `json:"value"`
	Severity    int             `json:"severity"` // 0 danger … 9 debug
	Transaction bool            `json:"transaction,omitzero"`
	Origin      string          `json:"origin,omitzero"` // 2.1 eventNotificationType: HardWiredMonitor …; "" when not said
}

// MonitorPart is one message of a station's report about its monitors.
type MonitorPart struct {
	RequestID  int
	SeqNo      int
	More       bool
	OccurredAt time.Time
	ReceivedAt time.Time
	Monitors   []Monitor
}

// MonitorResult is a station's answer about a monitor that was set or cleared.
type MonitorResult struct {
	Monitor
	Status string `json:"status"` // as OCPP spells it
	Detail string `json:"detail,omitzero"`
}

// Happening is one entry of a 2.x NotifyEvent: a monitor that was triggered, or
// what the station tells by itself.
type Happening struct {
	ID ident.HappeningID `json:"-"` // ours; the edge leaves it empty
	Name
	EventID       int       `json:"event_id"`
	OccurredAt    time.Time `json:"occurred_at"`
	ReceivedAt    time.Time `json:"received_at"`
	Trigger       string    `json:"trigger"` // Alerting, Delta, Periodic
	Kind          string    `json:"kind"`    // eventNotificationType
	Value         string    `json:"value"`
	Cause         int       `json:"cause,omitzero"` // eventId of what led to it; 0: none
	TechCode      string    `json:"tech_code,omitzero"`
	TechInfo      string    `json:"tech_info,omitzero"`
	Cleared       bool      `json:"cleared,omitzero"`
	TransactionID string    `json:"transaction_id,omitzero"`
	MonitorID     int       `json:"monitor_id,omitzero"`
	Severity      int       `json:"severity"` // 2.1; -1 when not said
}
