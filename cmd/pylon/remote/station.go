package remote

import (
	"context"
	"strings"

	"pylon/internal/client"
)

// Station is the noun.
type Station struct {
	Connection `embed:""`

	List     stationList     `cmd:"" help:"List stations." example:"pylon station list --connection offline -o csv"`
	Get      stationGet      `cmd:"" help:"Show stations."`
	Create   stationCreate   `cmd:"" help:"Make a station." example:"pylon station create CP-7 --password-stdin < password"`
	Update   stationUpdate   `cmd:"" help:"Change a station."`
	Delete   stationDelete   `cmd:"" help:"Delete stations."`
	Start    stationStart    `cmd:"" help:"Start a session." example:"pylon station start CP-7 --token 04A1B2C3 --evse 1"`
	Stop     stationStop     `cmd:"" help:"Stop a session."`
	Reset    stationReset    `cmd:"" help:"Restart stations."`
	Unlock   stationUnlock   `cmd:"" help:"Unlock a connector."`
	Enable   stationEnable   `cmd:"" help:"Put stations, EVSEs or connectors into service."`
	Disable  stationDisable  `cmd:"" help:"Take stations, EVSEs or connectors out of service."`
	Trigger  stationTrigger  `cmd:"" help:"Have stations send a message." example:"pylon station trigger CP-7 StatusNotification"`
	Password stationPassword `cmd:"" help:"Give a station a new password over its connection, from standard input."`
	Config   stationConfig   `cmd:"" help:"Configuration keys and device model: read, set, compare."`
	Findings stationFindings `cmd:"" help:"What the station reported and what does not fit."`
	History  stationHistory  `cmd:"" help:"Past statuses of its connectors and connection."`
}

type stationList struct {
	Watch
	Status       string `help:"A connector has this status; several with commas."`
	Connection   string `enum:",online,offline" default:"" help:"Stations with a connection, or without."`
	Site         string `placeholder:"ID" help:"Of this site."`
	Registration string `help:"accepted, pending or rejected."`
	Search       string `placeholder:"TEXT" help:"Part of identity, name, maker, model or serial number."`
	Sort         string `help:"As the API has it."`
	Limit        int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *stationList) Run(ctx context.Context, c *Connection) error {
	return l.repeat(ctx, c, func(ctx context.Context) error {
		return c.list(ctx, "/stations", query(
			"status", l.Status, "connection", l.Connection, "site_id", l.Site, "registration", l.Registration, "q", l.Search, "sort", l.Sort,
		), l.Limit, []column{
			{"STATION", "station_id", nil},
			{"NAME", "name", nil},
			{"LINK", "connection.status", nil},
			{"CONNECTORS", "evses", statuses},
			{"OCPP", "ocpp_version", nil},
			{"MAKER", "vendor", nil},
			{"MODEL", "model", nil},
			{"FIRMWARE", "firmware", nil},
			{"LAST SEEN", "connection.last_seen_at", when},
		})
	})
}

type stationGet struct {
	Watch
	Station []string `arg:"" help:"Stations, by OCPP identity or id."`
}

// Run shows.
func (g *stationGet) Run(ctx context.Context, c *Connection) error {
	return g.repeat(ctx, c, func(ctx context.Context) error { return c.show(ctx, g.Station, below("/stations/")) })
}

// stationFields are what an operator sets on a station.
type stationFields struct {
	Name            *string `help:"For people."`
	Site            *string `placeholder:"ID" help:"Where it stands; '' for nowhere."`
	Registration    *string `help:"accepted, pending or rejected."`
	SecurityProfile *int    `name:"security-profile" help:"The least that is accepted, 0 to 3."`
	Automation      *string `help:"on, or off: Pylon sends it nothing by itself."`
	PasswordStdin   bool    `name:"password-stdin" help:"Read the password from standard input."`
}

func (f stationFields) body(to Terminal) (map[string]any, error) {
	body := fields("name", f.Name, "site_id", f.Site, "registration", f.Registration,
		"security_profile", f.SecurityProfile, "automation", f.Automation)
	if f.PasswordStdin {
		password, err := to.readSecret("the password")
		if err != nil {
			return nil, err
		}
		body["password"] = password
	}
	return body, nil
}

type stationCreate struct {
	FromFile
	Station string `arg:"" optional:"" help:"OCPP identity: the last part of the URL that it connects to."`
	stationFields
}

// Run makes it.
func (n *stationCreate) Run(ctx context.Context, c *Connection) error {
	if (n.File == "") == (n.Station == "") {
		return usage("give the station's identity, or --file")
	}
	if n.File != "" {
		return n.create(ctx, c, "/stations")
	}
	body, err := n.body(c.terminal)
	if err != nil {
		return err
	}
	body["station_id"] = n.Station
	return c.create(ctx, "/stations", body)
}

type stationUpdate struct {
	Station []string `arg:"" help:"OCPP identities or ids."`
	stationFields
}

// Run changes it.
func (u *stationUpdate) Run(ctx context.Context, c *Connection) error {
	body, err := u.body(c.terminal)
	if err != nil {
		return err
	}
	return c.update(ctx, u.Station, below("/stations/"), body)
}

type stationDelete struct {
	Station []string `arg:"" help:"OCPP identities or ids."`
	Yes     bool     `short:"y" help:"Do not ask."`
}

// Run deletes.
func (d *stationDelete) Run(ctx context.Context, c *Connection) error {
	return c.remove(ctx, d.Station, d.Yes, below("/stations/"))
}

type stationStart struct {
	Asking
	Station   string `arg:"" help:"OCPP identity or id."`
	Token     string `required:"" placeholder:"UID" help:"uid of the token that is charged."`
	EVSE      *int   `name:"evse" help:"Where; the station chooses when not said."`
	Connector *int   `help:"Of the EVSE."`
}

// Run starts.
func (s *stationStart) Run(ctx context.Context, c *Connection) error {
	body := fields("evse_id", s.EVSE, "connector_id", s.Connector, "token_uid", &s.Token)
	body["type"] = "start_session"
	return c.ask(ctx, []string{s.Station}, s.Asking, body)
}

type stationStop struct {
	Asking
	Station     string  `arg:"" help:"OCPP identity or id."`
	Session     *string `xor:"what" placeholder:"ID" help:"The session, ses_…; by default the only one that runs."`
	Transaction *string `xor:"what" placeholder:"ID" help:"Or the station's transaction."`
}

// Run stops.
func (s *stationStop) Run(ctx context.Context, c *Connection) error {
	if s.Session == nil && s.Transaction == nil {
		only, err := c.onlySession(ctx, s.Station)
		if err != nil {
			return err
		}
		s.Session = &only
	}
	body := fields("session_id", s.Session, "transaction_id", s.Transaction)
	body["type"] = "stop_session"
	return c.ask(ctx, []string{s.Station}, s.Asking, body)
}

// onlySession returns the session that runs at a station, if it is one.
func (c *Connection) onlySession(ctx context.Context, station string) (string, error) {
	api, err := c.open()
	if err != nil {
		return "", err
	}
	of, err := api.Station(ctx, station) // who asks may know it by its id
	if err != nil {
		return "", err
	}
	var running []string
	for thing, err := range api.Each(ctx, "/sessions", query("station_id", of.StationID, "status", "active")) {
		if err != nil {
			return "", err
		}
		running = append(running, idOf(thing))
	}
	switch len(running) {
	case 0:
		return "", outcomeError{"no session runs at " + of.StationID, ExitNotFound}
	case 1:
		return running[0], nil
	}
	return "", usage("%d sessions run at %s; say which with --session: %s", len(running), of.StationID, strings.Join(running, ", "))
}

type stationReset struct {
	Asking
	Station []string `arg:"" help:"OCPP identities or ids."`
	Hard    bool     `help:"At once, whoever charges."`
	EVSE    *int     `name:"evse" help:"Only this EVSE (OCPP 2.x)."`
}

// Run resets.
func (r *stationReset) Run(ctx context.Context, c *Connection) error {
	body := fields("evse_id", r.EVSE, "hard", &r.Hard)
	body["type"] = "reset"
	return c.ask(ctx, r.Station, r.Asking, body)
}

type stationUnlock struct {
	Asking
	Station   string `arg:"" help:"OCPP identity or id."`
	EVSE      int    `name:"evse" default:"1" help:"Whose connector."`
	Connector *int   `help:"Of the EVSE."`
}

// Run unlocks.
func (u *stationUnlock) Run(ctx context.Context, c *Connection) error {
	body := fields("evse_id", &u.EVSE, "connector_id", u.Connector)
	body["type"] = "unlock_connector"
	return c.ask(ctx, []string{u.Station}, u.Asking, body)
}

// availability is what enable and disable share.
type availability struct {
	Asking
	Station   []string `arg:"" help:"OCPP identities or ids."`
	EVSE      *int     `name:"evse" help:"Only this EVSE."`
	Connector *int     `help:"Only this connector of the EVSE."`
}

func (a *availability) change(ctx context.Context, c *Connection, operative bool) error {
	body := fields("evse_id", a.EVSE, "connector_id", a.Connector, "operative", &operative)
	body["type"] = "change_availability"
	return c.ask(ctx, a.Station, a.Asking, body)
}

type stationEnable struct{ availability }

// Run puts them into service.
func (e *stationEnable) Run(ctx context.Context, c *Connection) error { return e.change(ctx, c, true) }

type stationDisable struct{ availability }

// Run takes them out of service.
func (d *stationDisable) Run(ctx context.Context, c *Connection) error {
	return d.change(ctx, c, false)
}

type stationTrigger struct {
	Asking
	Station   string `arg:"" help:"OCPP identity or id."`
	Message   string `arg:"" help:"OCPP message, such as StatusNotification, MeterValues, BootNotification."`
	EVSE      *int   `name:"evse" help:"About this EVSE."`
	Connector *int   `help:"About this connector of the EVSE."`
}

// Run triggers.
func (t *stationTrigger) Run(ctx context.Context, c *Connection) error {
	body := fields("evse_id", t.EVSE, "connector_id", t.Connector, "message", &t.Message)
	body["type"] = "trigger_message"
	return c.ask(ctx, []string{t.Station}, t.Asking, body)
}

type stationPassword struct {
	Asking
	Station string `arg:"" help:"OCPP identity or id."`
}

// Run sets it.
func (p *stationPassword) Run(ctx context.Context, c *Connection) error {
	password, err := c.terminal.readSecret("the password")
	if err != nil {
		return err
	}
	return c.ask(ctx, []string{p.Station}, p.Asking, map[string]any{"type": "set_password", "password": password})
}

type stationFindings struct {
	Station string `arg:"" help:"OCPP identity or id."`
	All     bool   `help:"Those, too, that have been resolved."`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

func findingColumns() []column {
	return []column{{"AT", "at", when}, {"CODE", "code", nil}, {"DETAIL", "detail", nil}, {"SESSION", "session_id", nil}, {"RESOLVED", "resolved_at", when}}
}

// Run lists.
func (f *stationFindings) Run(ctx context.Context, c *Connection) error {
	open := "true"
	if f.All {
		open = ""
	}
	return c.list(ctx, client.Path("/stations/", f.Station, "/findings"), query("open", open), f.Limit, findingColumns())
}

type stationHistory struct {
	Station string `arg:"" help:"OCPP identity or id."`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (h *stationHistory) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, client.Path("/stations/", h.Station, "/status-history"), nil, h.Limit, []column{
		{"FROM", "from", when},
		{"TO", "to", when},
		{"EVSE", "evse_id", number},
		{"CONNECTOR", "connector_id", number},
		{"STATUS", "status", nil},
		{"ERROR", "error_code", nil},
	})
}
