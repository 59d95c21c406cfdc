package client

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Station is a charging station.
type Station struct {
	ID              string     `json:"id"`
	StationID       string     `json:"station_id"`
	Name            string     `json:"name"`
	SiteID          string     `json:"site_id"`
	Registration    string     `json:"registration"`
	Automation      string     `json:"automation"`
	SecurityProfile int        `json:"security_profile"`
	OCPPVersion     string     `json:"ocpp_version"`
	Vendor          string     `json:"vendor"`
	Model           string     `json:"model"`
	Firmware        string     `json:"firmware"`
	Connection      Connection `json:"connection"`
	EVSEs           []EVSE     `json:"evses"`
}

// Connection is how a station is connected.
type Connection struct {
	Status     string    `json:"status"` // online, offline
	Since      time.Time `json:"since"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

// EVSE is a place where one car charges.
type EVSE struct {
	ID         int         `json:"id"`
	Connectors []Connector `json:"connectors"`
}

// Connector is an outlet.
type Connector struct {
	ID         int       `json:"id"`
	Status     string    `json:"status"`
	Since      time.Time `json:"since"`
	ReportedAt time.Time `json:"reported_at"`
	ErrorCode  string    `json:"error_code"`
}

// Stations lists stations.
func (c *Client) Stations(ctx context.Context, q Query) (Page[Station], error) {
	return list[Station](ctx, c, "/stations", q)
}

// Station returns one, by id or OCPP identity.
func (c *Client) Station(ctx context.Context, ref string) (Station, error) {
	return get[Station](ctx, c, at("/stations/", ref))
}

// CreateStation makes a station; fields are as the API has them.
func (c *Client) CreateStation(ctx context.Context, fields map[string]any) (Station, error) {
	return create[Station](ctx, c, "/stations", fields)
}

// UpdateStation changes a station.
func (c *Client) UpdateStation(ctx context.Context, ref string, patch map[string]any) (Station, error) {
	return update[Station](ctx, c, at("/stations/", ref), patch)
}

// DeleteStation removes a station.
func (c *Client) DeleteStation(ctx context.Context, ref string) error {
	return remove(ctx, c, at("/stations/", ref))
}

// OCPP sends an OCPP request to a station and returns its answer. The
// station's CALLERROR is a [*Problem] with OCPP.
func (c *Client) OCPP(ctx context.Context, station, action string, body []byte) (jsontext.Value, error) {
	var answer []byte
	r := request{method: http.MethodPost, path: prefix + at("/stations/", station, "/ocpp/", action), in: body}
	_, err := c.do(ctx, r, &answer)
	return answer, err
}

// LogEntry is a frame that was exchanged with a station, or a note.
type LogEntry struct {
	At        time.Time      `json:"at"`
	Direction string         `json:"direction"`
	Kind      string         `json:"kind"`
	MessageID string         `json:"message_id"`
	Action    string         `json:"action"`
	Frame     jsontext.Value `json:"frame"`
	Text      string         `json:"text"`
}

// Log lists the frames exchanged with a station.
func (c *Client) Log(ctx context.Context, station string, q Query) (Page[LogEntry], error) {
	return list[LogEntry](ctx, c, at("/stations/", station, "/log"), q)
}

// Interval is a stretch of a connector's, or the connection's, history.
type Interval struct {
	EVSEID      int       `json:"evse_id"`
	ConnectorID int       `json:"connector_id"`
	Status      string    `json:"status"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
}

// StatusHistory lists a station's past statuses.
func (c *Client) StatusHistory(ctx context.Context, station string, q Query) (Page[Interval], error) {
	return list[Interval](ctx, c, at("/stations/", station, "/status-history"), q)
}

// Finding is something that a station reported and that does not fit.
type Finding struct {
	ID         string    `json:"id"`
	StationID  string    `json:"station_id"`
	SessionID  string    `json:"session_id"`
	Code       string    `json:"code"`
	Detail     string    `json:"detail"`
	Action     string    `json:"action"`
	At         time.Time `json:"at"`
	ResolvedAt time.Time `json:"resolved_at"` // zero: open
}

// ResolveFinding puts a finding away by hand.
func (c *Client) ResolveFinding(ctx context.Context, id string) (Finding, error) {
	var f Finding
	_, err := c.do(ctx, request{method: http.MethodPost, path: prefix + at("/findings/", id, "/resolve")}, &f)
	return f, err
}

// Findings lists a station's findings.
func (c *Client) Findings(ctx context.Context, station string, q Query) (Page[Finding], error) {
	return list[Finding](ctx, c, at("/stations/", station, "/findings"), q)
}
