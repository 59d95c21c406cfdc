package client

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Organisation owns stations, tokens and sessions.
type Organisation struct {
	ID       string `json:"id"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	Country  string `json:"country"`
	Currency string `json:"currency"`
	TimeZone string `json:"time_zone"`
}

// Organisations lists those that the key may see.
func (c *Client) Organisations(ctx context.Context, q Query) (Page[Organisation], error) {
	return list[Organisation](ctx, c, "/organisations", q)
}

// CreateOrganisation makes one.
func (c *Client) CreateOrganisation(ctx context.Context, o Organisation) (Organisation, error) {
	return create[Organisation](ctx, c, "/organisations", map[string]any{
		"slug": o.Slug, "name": o.Name, "country": o.Country, "currency": o.Currency, "time_zone": o.TimeZone,
	})
}

// Site is a place where stations stand.
type Site struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	City     string `json:"city"`
	Country  string `json:"country"`
	TimeZone string `json:"time_zone"`
}

// Sites lists sites.
func (c *Client) Sites(ctx context.Context, q Query) (Page[Site], error) {
	return list[Site](ctx, c, "/sites", q)
}

// CreateSite makes a site; fields are as the API has them.
func (c *Client) CreateSite(ctx context.Context, fields map[string]any) (Site, error) {
	return create[Site](ctx, c, "/sites", fields)
}

// Token is what a driver identifies with.
type Token struct {
	ID        string    `json:"id"`
	UID       string    `json:"uid"`
	Type      string    `json:"type"`
	Status    string    `json:"status"`
	GroupID   string    `json:"group_id"`
	Label     string    `json:"label"`
	ExpiresAt time.Time `json:"expires_at"`
	SeenAt    time.Time `json:"seen_at"`
}

// Tokens lists tokens.
func (c *Client) Tokens(ctx context.Context, q Query) (Page[Token], error) {
	return list[Token](ctx, c, "/tokens", q)
}

// CreateToken makes a token, or adopts one that is unknown; fields are as the
// API has them.
func (c *Client) CreateToken(ctx context.Context, fields map[string]any) (Token, error) {
	return create[Token](ctx, c, "/tokens", fields)
}

// UpdateToken changes a token.
func (c *Client) UpdateToken(ctx context.Context, id string, patch map[string]any) (Token, error) {
	return update[Token](ctx, c, at("/tokens/", id), patch)
}

// DeleteToken removes a token.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	return remove(ctx, c, at("/tokens/", id))
}

// Session is a charge.
type Session struct {
	ID            string    `json:"id"`
	StationID     string    `json:"station_id"`
	EVSEID        int       `json:"evse_id"`
	ConnectorID   int       `json:"connector_id"`
	TransactionID string    `json:"transaction_id"`
	TokenUID      string    `json:"token_uid"`
	Status        string    `json:"status"`
	ChargingState string    `json:"charging_state"`
	StartedAt     time.Time `json:"started_at"`
	EndedAt       time.Time `json:"ended_at"`
	ReceivedAt    time.Time `json:"start_received_at"` // when the server heard of it first
	EnergyWh      int64     `json:"energy_wh"`
	PowerW        int64     `json:"power_w"`
	StopReason    string    `json:"stop_reason"`
	EndedBy       string    `json:"ended_by"` // station, evidence, replacement; "": runs
	Evidence      string    `json:"evidence"`
}

// Sessions lists sessions.
func (c *Client) Sessions(ctx context.Context, q Query) (Page[Session], error) {
	return list[Session](ctx, c, "/sessions", q)
}

// Session returns one.
func (c *Client) Session(ctx context.Context, id string) (Session, error) {
	return get[Session](ctx, c, at("/sessions/", id))
}

// MeterFrame is one message with samples.
type MeterFrame struct {
	Number     int64     `json:"number"`
	Source     string    `json:"source"` // meter_values, start, update, end
	SeqNo      *int64    `json:"seq_no"` // nil: the version has none
	OccurredAt time.Time `json:"occurred_at"`
	ReceivedAt time.Time `json:"received_at"`
	Samples    []Sample  `json:"samples"`
}

// Sample is one measured value, its digits as sent.
type Sample struct {
	At        time.Time `json:"at"`
	Value     string    `json:"value"`
	Unit      string    `json:"unit"`
	Measurand string    `json:"measurand"`
	Context   string    `json:"context"`
	Phase     string    `json:"phase"`
	Signed    *Signed   `json:"signed_value"`
}

// Signed is a signed reading, byte for byte as the station sent it.
type Signed struct {
	Data           string `json:"data"`
	SigningMethod  string `json:"signing_method"`
	EncodingMethod string `json:"encoding_method"`
	PublicKey      string `json:"public_key"`
}

// MeterValues lists a session's samples.
func (c *Client) MeterValues(ctx context.Context, session string, q Query) (Page[MeterFrame], error) {
	return list[MeterFrame](ctx, c, at("/sessions/", session, "/meter-values"), q)
}

// Command is something asked of a station.
type Command struct {
	ID        string         `json:"id"`
	StationID string         `json:"station_id"`
	Type      string         `json:"type"`
	State     string         `json:"state"`
	Finished  bool           `json:"finished"`
	Action    string         `json:"action"`
	Result    jsontext.Value `json:"result"`
	Error     *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"error"`
	CreatedAt  time.Time `json:"created_at"`
	FinishedAt time.Time `json:"finished_at"`
}

// Command asks something of a station and waits up to wait for what becomes of
// it; fields are as the API has them.
func (c *Client) Command(ctx context.Context, station string, fields map[string]any, wait time.Duration) (Command, error) {
	r := request{method: http.MethodPost, path: prefix + at("/stations/", station, "/commands"), in: fields}.once()
	if wait > 0 {
		r.header.Set("Prefer", "wait="+strconv.Itoa(int(wait.Seconds())))
	}
	var made Command
	_, err := c.do(ctx, r, &made)
	return made, err
}

// Commands lists commands.
func (c *Client) Commands(ctx context.Context, q Query) (Page[Command], error) {
	return list[Command](ctx, c, "/commands", q)
}

// Key is a new API key.
type Key struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
	Secret string   `json:"secret"`
}

// CreateKey makes an API key; fields are as the API has them.
func (c *Client) CreateKey(ctx context.Context, fields map[string]any) (Key, error) {
	return create[Key](ctx, c, "/api-keys", fields)
}
