package remote

import (
	"context"
	"strings"
	"time"

	"pylon/internal/client"
)

// Token is the noun.
type Token struct {
	Connection `embed:""`

	List    tokenList    `cmd:"" help:"List tokens." example:"pylon token list --status unknown"`
	Get     tokenGet     `cmd:"" help:"Show tokens."`
	Create  tokenCreate  `cmd:"" help:"Make a token, or adopt an unknown one." example:"pylon token create 04A1B2C3D4 --label 'Van 7'"`
	Update  tokenUpdate  `cmd:"" help:"Change a token."`
	Block   tokenBlock   `cmd:"" help:"Block tokens: nobody charges with them."`
	Unblock tokenUnblock `cmd:"" help:"Accept tokens again."`
	Delete  tokenDelete  `cmd:"" help:"Delete tokens."`
}

// findToken locates a token by its id or by what a reader reads.
func findToken(ctx context.Context, api *client.Client, name string) (string, error) {
	if strings.HasPrefix(name, "tok_") {
		return client.Path("/tokens/", name), nil
	}
	for thing, err := range api.Each(ctx, "/tokens", paged(query("q", name), 0)) {
		if err != nil {
			return "", err
		}
		var token client.Token
		if err := unmarshal(thing, &token); err != nil {
			return "", err
		}
		if strings.EqualFold(token.UID, name) {
			return client.Path("/tokens/", token.ID), nil
		}
	}
	return "", outcomeError{"there is no token " + name + "; `pylon token list` shows them", ExitNotFound}
}

type tokenList struct {
	Status   string `help:"accepted, blocked, expired, invalid or unknown; several with commas."`
	Group    string `help:"Of this group."`
	Customer string `placeholder:"ID" help:"Of this customer, cus_…"`
	Search   string `placeholder:"TEXT" help:"Part of uid or label."`
	Limit    int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *tokenList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/tokens", query("status", l.Status, "group_id", l.Group, "customer_id", l.Customer, "q", l.Search), l.Limit, []column{
		{"UID", "uid", nil},
		{"TYPE", "type", nil},
		{"STATUS", "status", nil},
		{"LABEL", "label", nil},
		{"GROUP", "group_id", nil},
		{"RUNNING", "running_sessions", nil},
		{"EXPIRES", "expires_at", when},
		{"SEEN", "seen_at", when},
		{"ID", "id", nil},
	})
}

type tokenGet struct {
	Token []string `arg:"" help:"uids or identifiers, tok_…"`
}

// Run shows.
func (g *tokenGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Token, findToken)
}

// tokenFields are what an operator sets on a token.
type tokenFields struct {
	Type        *string `help:"As OCPP 2.x spells it: ISO14443, eMAID, Central …"`
	Status      *string `help:"accepted, blocked, expired or invalid."`
	Label       *string `help:"For people."`
	Group       *string `help:"Tokens of a group stop each other's sessions."`
	Customer    *string `placeholder:"ID" help:"Who pays for what it charges: his identifier, cus_…; '' for nobody."`
	CostCentre  *string `name:"cost-centre" help:"Of the customer: his invoices are broken down by it."`
	ExpiresAt   *string `name:"expires-at" placeholder:"TIME" help:"RFC 3339; '' for never."`
	MaxSessions *int    `name:"max-sessions" help:"How many at a time; 0 for any."`
}

func (f tokenFields) body() map[string]any {
	body := fields("type", f.Type, "status", f.Status, "label", f.Label, "group_id", f.Group, "customer_id", f.Customer, "cost_centre", f.CostCentre, "expires_at", f.ExpiresAt, "max_sessions", f.MaxSessions)
	if f.ExpiresAt != nil && *f.ExpiresAt == "" {
		body["expires_at"] = nil
	}
	return body
}

type tokenCreate struct {
	FromFile
	UID string `arg:"" optional:"" name:"uid" help:"What the reader reads, the contract's id …"`
	tokenFields
}

// Run makes it.
func (n *tokenCreate) Run(ctx context.Context, c *Connection) error {
	if (n.File == "") == (n.UID == "") {
		return usage("give the token's uid, or --file")
	}
	if n.File != "" {
		return n.create(ctx, c, "/tokens")
	}
	body := n.body()
	body["uid"] = n.UID
	if n.Type == nil {
		body["type"] = "ISO14443"
	}
	return c.create(ctx, "/tokens", body)
}

type tokenUpdate struct {
	Token []string `arg:"" help:"uids or identifiers, tok_…"`
	tokenFields
}

// Run changes it.
func (u *tokenUpdate) Run(ctx context.Context, c *Connection) error {
	return c.update(ctx, u.Token, findToken, u.body())
}

type tokenBlock struct {
	Token []string `arg:"" help:"uids or identifiers, tok_…"`
}

// Run blocks.
func (b *tokenBlock) Run(ctx context.Context, c *Connection) error {
	return c.update(ctx, b.Token, findToken, map[string]any{"status": "blocked"})
}

type tokenUnblock struct {
	Token []string `arg:"" help:"uids or identifiers, tok_…"`
}

// Run unblocks.
func (u *tokenUnblock) Run(ctx context.Context, c *Connection) error {
	return c.update(ctx, u.Token, findToken, map[string]any{"status": "accepted"})
}

type tokenDelete struct {
	Token []string `arg:"" help:"uids or identifiers, tok_…"`
	Yes   bool     `short:"y" help:"Do not ask."`
}

// Run deletes.
func (d *tokenDelete) Run(ctx context.Context, c *Connection) error {
	return c.remove(ctx, d.Token, d.Yes, findToken)
}

// Session is the noun.
type Session struct {
	Connection `embed:""`

	List  sessionList  `cmd:"" help:"List sessions, the newest first." example:"pylon session list --status active --watch"`
	Get   sessionGet   `cmd:"" help:"Show sessions."`
	Stop  sessionStop  `cmd:"" help:"Stop a session."`
	Meter sessionMeter `cmd:"" help:"What the meter said in a session, digit for digit."`
}

type sessionList struct {
	Watch
	Status  string `help:"pending, active, completed or failed; several with commas."`
	Station string `placeholder:"ID" help:"At this station."`
	Token   string `placeholder:"UID" help:"With this token."`
	From    string `placeholder:"TIME" help:"Started at or after: RFC 3339, a date (UTC), or so long ago, such as 24h."`
	To      string `placeholder:"TIME" help:"Started before, in the same words."`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *sessionList) Run(ctx context.Context, c *Connection) error {
	return l.repeat(ctx, c, func(ctx context.Context) error {
		api, err := c.open()
		if err != nil {
			return err
		}
		return c.list(ctx, "/sessions", query(
			"status", l.Status, "station_id", l.Station, "token_uid", l.Token,
			"from", moment(l.From, api.Now()), "to", moment(l.To, api.Now()), "sort", "-started_at",
		), l.Limit, []column{
			{"SESSION", "id", nil},
			{"STATION", "station_id", nil},
			{"EVSE", "evse_id", nil},
			{"STATUS", "status", nil},
			{"STATE", "charging_state", nil},
			{"TOKEN", "token_uid", nil},
			{"STARTED", "started_at", when},
			{"ENDED", "ended_at", when},
			{"KWH", "energy_wh", kilo},
			{"KW", "power_w", kilo},
			{"REASON", "stop_reason", nil},
		})
	})
}

// moment reads a time: a date is its beginning in UTC, a duration is so long
// before now. What is neither is left to the API.
func moment(text string, now time.Time) string {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at.Format(time.RFC3339)
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago).UTC().Format(time.RFC3339)
	}
	return text
}

type sessionGet struct {
	Watch
	Session []string `arg:"" help:"Identifiers, ses_…"`
}

// Run shows.
func (g *sessionGet) Run(ctx context.Context, c *Connection) error {
	return g.repeat(ctx, c, func(ctx context.Context) error { return c.show(ctx, g.Session, below("/sessions/")) })
}

type sessionStop struct {
	Asking
	Session string `arg:"" help:"Identifier, ses_…"`
}

// Run stops it, at whichever station it runs.
func (s *sessionStop) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	of, err := api.Session(ctx, s.Session)
	if err != nil {
		return err
	}
	return c.ask(ctx, []string{of.StationID}, s.Asking, map[string]any{"type": "stop_session", "session_id": of.ID})
}

type sessionMeter struct {
	Session string `arg:"" help:"Identifier, ses_…"`
	Limit   int    `default:"0" help:"At most so many messages; 0 for all."`
}

// Run lists.
func (m *sessionMeter) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, client.Path("/sessions/", m.Session, "/meter-values"), nil, m.Limit, []column{
		{"NUMBER", "number", nil}, {"RECEIVED", "received_at", when}, {"SOURCE", "source", nil}, {"SAMPLES", "samples", samples},
	})
}

// Site is the noun.
type Site struct {
	Connection `embed:""`

	List   siteList   `cmd:"" help:"List sites."`
	Create siteCreate `cmd:"" help:"Make a site." example:"pylon site create 'Market Square' --city Freiburg --time-zone Europe/Berlin"`
}

type siteList struct {
	Limit int `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *siteList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/sites", nil, l.Limit, []column{
		{"ID", "id", nil}, {"NAME", "name", nil}, {"CITY", "city", nil}, {"COUNTRY", "country", nil}, {"TIME ZONE", "time_zone", nil},
	})
}

type siteCreate struct {
	Name     string  `arg:"" help:"For people."`
	Address  *string `help:"Street and number."`
	City     *string `help:"City."`
	Country  *string `help:"ISO 3166, two letters."`
	TimeZone *string `name:"time-zone" help:"IANA name, such as Europe/Berlin."`
}

// Run makes it.
func (n *siteCreate) Run(ctx context.Context, c *Connection) error {
	return c.create(ctx, "/sites", fields("name", &n.Name, "address", n.Address, "city", n.City, "country", n.Country, "time_zone", n.TimeZone))
}
