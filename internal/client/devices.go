package client

import (
	"context"
	"time"
)

// VariableName names a variable of a station's device model, or a configuration
// key of OCPP 1.6, which has no component.
type VariableName struct {
	EVSEID           int    `json:"evse_id,omitzero"`
	ConnectorID      int    `json:"connector_id,omitzero"`
	Component        string `json:"component,omitzero"`
	Instance         string `json:"instance,omitzero"`
	Variable         string `json:"variable"`
	VariableInstance string `json:"variable_instance,omitzero"`
}

// Name is the name as the API's filters take it, without its EVSE.
func (n VariableName) Name() string {
	part := func(name, instance string) string {
		if instance == "" {
			return name
		}
		return name + ":" + instance
	}
	if n.Component == "" {
		return part(n.Variable, n.VariableInstance)
	}
	return part(n.Component, n.Instance) + "." + part(n.Variable, n.VariableInstance)
}

// Variable is a variable as the station last reported it.
type Variable struct {
	VariableName
	Attributes      []VariableAttribute `json:"attributes"`
	Characteristics struct {
		DataType   string `json:"data_type"`
		Unit       string `json:"unit"`
		MinLimit   string `json:"min_limit"`
		MaxLimit   string `json:"max_limit"`
		ValuesList string `json:"values_list"`
	} `json:"characteristics"`
	ReportedAt time.Time `json:"reported_at"`
}

// VariableAttribute is one of a variable's values.
type VariableAttribute struct {
	Attribute  string        `json:"attribute"`
	Value      *string       `json:"value"` // nil: not said, or not to be read
	Mutability string        `json:"mutability"`
	Desired    *DesiredValue `json:"desired"`
}

// DesiredValue is what a variable shall be, and how that stands.
type DesiredValue struct {
	Wanted    string    `json:"desired_value"`
	State     string    `json:"state"` // unknown, in_sync, pending, drifted, refused, reboot_required, absent
	Detail    string    `json:"detail"`
	Since     time.Time `json:"since"`
	Origin    string    `json:"origin"` // operator, template
	FindingID string    `json:"finding_id"`
}

// DesiredItem is a desired value with the name of its variable.
type DesiredItem struct {
	VariableName
	Attribute string `json:"attribute"`
	DesiredValue
}

// Desired is what is desired of a station.
type Desired struct {
	Reboot string        `json:"reboot"` // never, idle, template
	Values []DesiredItem `json:"values"`
}

// StationDesired is a desired value with its station.
type StationDesired struct {
	StationID string `json:"station_id"`
	Station   string `json:"station"`
	DesiredItem
}

// VariableChange is one line of a variable's history.
type VariableChange struct {
	VariableName
	Attribute  string    `json:"attribute"`
	Old        *string   `json:"old"`
	New        *string   `json:"new"`
	How        string    `json:"how"` // report, read, set, event
	ReceivedAt time.Time `json:"received_at"`
}

// Monitor watches a variable in the station.
type Monitor struct {
	VariableName
	ID       int    `json:"id"`
	Type     string `json:"type"`
	Value    string `json:"value"`
	Severity int    `json:"severity"`
}

// DeviceEvent is what a station told of a variable by itself.
type DeviceEvent struct {
	VariableName
	EventID    int       `json:"event_id"`
	Value      string    `json:"value"`
	Trigger    string    `json:"trigger"`
	Cleared    bool      `json:"cleared"`
	MonitorID  int       `json:"monitor_id"`
	ReceivedAt time.Time `json:"received_at"`
}

// FoundVariable is a variable that a station, or one of its EVSEs, has.
type FoundVariable struct {
	StationID string `json:"station_id"`
	Station   string `json:"station"`
	EVSEID    int    `json:"evse_id"`
	Value     string `json:"value"`
}

// Variables lists what a station reported of itself.
func (c *Client) Variables(ctx context.Context, station string, q Query) (Page[Variable], error) {
	return list[Variable](ctx, c, at("/stations/", station, "/variables"), q)
}

// VariableHistory lists how a station's variables changed.
func (c *Client) VariableHistory(ctx context.Context, station string, q Query) (Page[VariableChange], error) {
	return list[VariableChange](ctx, c, at("/stations/", station, "/variables/history"), q)
}

// Monitors lists a station's monitors.
func (c *Client) Monitors(ctx context.Context, station string, q Query) (Page[Monitor], error) {
	return list[Monitor](ctx, c, at("/stations/", station, "/monitors"), q)
}

// DeviceEvents lists what a station told of its variables.
func (c *Client) DeviceEvents(ctx context.Context, station string, q Query) (Page[DeviceEvent], error) {
	return list[DeviceEvent](ctx, c, at("/stations/", station, "/device-events"), q)
}

// FindVariable lists the stations that have a variable; the query names it.
func (c *Client) FindVariable(ctx context.Context, q Query) (Page[FoundVariable], error) {
	return list[FoundVariable](ctx, c, "/variables", q)
}

// Desired returns what is desired of a station.
func (c *Client) Desired(ctx context.Context, station string) (Desired, error) {
	return get[Desired](ctx, c, at("/stations/", station, "/desired"))
}

// ChangeDesired changes what is desired of a station; the members of change are
// as the API has them: set, remove, reboot.
func (c *Client) ChangeDesired(ctx context.Context, station string, change map[string]any) (Desired, error) {
	return update[Desired](ctx, c, at("/stations/", station, "/desired"), change)
}

// DesiredAcross lists what is desired of stations; state=drifted finds those
// that went another way.
func (c *Client) DesiredAcross(ctx context.Context, q Query) (Page[StationDesired], error) {
	return list[StationDesired](ctx, c, "/desired", q)
}

// AllFindings lists what stations reported and what does not fit.
func (c *Client) AllFindings(ctx context.Context, q Query) (Page[Finding], error) {
	return list[Finding](ctx, c, "/findings", q)
}
