package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pylon/internal/client"
)

// Doctor is the noun that is its own verb.
type Doctor struct {
	Connection `embed:""`

	Station string `arg:"" optional:"" help:"Look at this station, too: OCPP identity or id."`
}

// The outcomes of a check.
const (
	well    = "ok"
	warning = "warning"
	broken  = "broken"
)

// diagnosis is the outcome of one check.
type diagnosis struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitzero"`
}

// examination gathers diagnoses.
type examination struct {
	api   *client.Client
	where known
	found []diagnosis
}

func (e *examination) note(check, status, detail, fix string) {
	e.found = append(e.found, diagnosis{check, status, detail, fix})
}

// Run examines, from the wire up: what hides behind something broken is not
// looked at. It fails when something is broken.
func (d *Doctor) Run(ctx context.Context, c *Connection) error {
	where, err := c.where()
	if err != nil {
		return err
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	e := &examination{api: api, where: where}
	steps := []func(context.Context) bool{e.reach, e.ready, e.login, e.network}
	if d.Station != "" {
		steps = append(steps, func(ctx context.Context) bool { return e.station(ctx, d.Station) })
	}
	for _, step := range steps {
		if !step(ctx) {
			break
		}
	}
	return c.diagnoses(e.found)
}

// diagnoses shows what was found.
func (c *Connection) diagnoses(found []diagnosis) error {
	rows, ill, code := make([]any, len(found)), 0, ExitOK
	for i, f := range found {
		rows[i] = f
		if f.Status == broken {
			ill++
			code = max(code, codeOf(f.Check))
		}
	}
	signs := map[string]string{well: "✓", warning: "!", broken: "✗"}
	err := c.rows(values(rows), []column{
		{"", "status", func(v any) string { return signs[text(v)] }}, {"CHECK", "check", nil}, {"FOUND", "detail", nil}, {"DO", "fix", nil},
	})
	if err == nil && ill > 0 {
		err = outcomeError{fmt.Sprintf("%d of %d checks found something broken", ill, len(found)), code}
	}
	return err
}

// codeOf is the exit code of a check that finds something broken.
func codeOf(check string) int {
	switch check {
	case checkServer, checkReady:
		return ExitUnavailable
	case checkKey:
		return ExitAuth
	}
	return ExitError
}

// The checks whose failures have exit codes of their own.
const (
	checkServer = "server"
	checkReady  = "ready"
	checkKey    = "key"
)

// dialTerm is how long a server may take to be reached.
const dialTerm = 5 * time.Second

// certificateWarning is how long before its end a certificate is worth a word.
const certificateWarning = 21 * 24 * time.Hour

// reach opens a connection, with TLS when the server's address says so.
func (e *examination) reach(ctx context.Context) bool {
	at, err := url.Parse(e.where.Server)
	if err != nil {
		e.note(checkServer, broken, err.Error(), "give --server as http://host:port or https://host")
		return false
	}
	host := at.Host
	if at.Port() == "" {
		host = net.JoinHostPort(at.Hostname(), map[string]string{"http": "80", "https": "443"}[at.Scheme])
	}
	ctx, cancel := context.WithTimeout(ctx, dialTerm)
	defer cancel()
	if at.Scheme != "https" {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
		if err != nil {
			e.note(checkServer, broken, err.Error(), "is `pylon serve` running there? --server and PYLON_SERVER say where I look")
			return false
		}
		conn.Close()
		e.note(checkServer, well, host+" answers", "")
		if ip := net.ParseIP(at.Hostname()); at.Hostname() != "localhost" && !ip.IsLoopback() {
			e.note("encryption", warning, "none: the key and all that stations say can be read on the way", "serve TLS (pylon serve --help) and use https://")
		}
		return true
	}
	conn, err := new(tls.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		fix := "is it running there, and does it listen with TLS? --server and PYLON_SERVER say where I look"
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			fix = "its certificate must name this host and come from an authority that this machine trusts; SSL_CERT_FILE names others"
		}
		e.note(checkServer, broken, err.Error(), fix)
		return false
	}
	defer conn.Close()
	secured, ok := conn.(*tls.Conn)
	if !ok || len(secured.ConnectionState().PeerCertificates) == 0 {
		e.note("certificate", broken, "the server showed none", "")
		return false
	}
	until := secured.ConnectionState().PeerCertificates[0].NotAfter
	if left := until.Sub(e.api.Now()); left < certificateWarning {
		e.note("certificate", warning, "ends "+until.UTC().Format(time.RFC3339), "renew it: stations will refuse to connect")
	} else {
		e.note("certificate", well, "good until "+until.UTC().Format(time.DateOnly), "")
	}
	return true
}

// ready asks the server how it is.
func (e *examination) ready(ctx context.Context) bool {
	says, err := e.api.Ready(ctx)
	if err != nil {
		e.note(checkReady, broken, brieflyOf(err), "look at the server's log: its database may be away")
		return false
	}
	var at struct {
		Version  string   `json:"version"`
		Warnings []string `json:"warnings"`
	}
	if unmarshal([]byte(says), &at) == nil && at.Version != "" {
		says = "version " + at.Version
	}
	e.note(checkReady, well, says, "")
	for _, w := range at.Warnings {
		e.note("nodes", warning, w, "docs/operate/nodes.md")
	}
	return true
}

// brieflyOf is an error in one line.
func brieflyOf(err error) string {
	p, ok := errors.AsType[*client.Problem](err)
	if !ok {
		return err.Error()
	}
	return strings.TrimSuffix(p.Title+": "+p.Detail, ": ")
}

// clockWarning is how far clocks may differ before times are hard to compare.
const clockWarning = 5 * time.Second

// login tries the key and compares the clocks.
func (e *examination) login(ctx context.Context) bool {
	if e.where.Key == "" {
		e.note(checkKey, broken, "there is none", "set PYLON_API_KEY, or `pylon context set NAME --server URL < keyfile`")
		return false
	}
	var me struct {
		Name string `json:"name"`
	}
	header, err := e.api.Call(ctx, http.MethodGet, "/me", nil, &me)
	if err != nil {
		e.note(checkKey, broken, brieflyOf(err), "set PYLON_API_KEY to one that the server knows: `pylon context list` shows where keys are known")
		return false
	}
	e.note(checkKey, well, first(me.Name, "accepted"), "")
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		if off := e.api.Now().Sub(at); off.Abs() > clockWarning {
			e.note("clock", warning, "this machine differs from the server by "+off.Round(time.Second).String(), "set both by NTP")
		}
	}
	return true
}

// network counts stations and what is wrong with them.
func (e *examination) network(ctx context.Context) bool {
	total, offline, faulted, pending := 0, 0, 0, 0
	for s, err := range client.All(ctx, e.api.Stations, client.Query{"limit": "500"}) {
		if err != nil {
			e.note("stations", broken, brieflyOf(err), "")
			return false
		}
		total++
		if s.Connection.Status != "online" {
			offline++
		}
		if s.Registration == "pending" {
			pending++
		}
		for _, evse := range s.EVSEs {
			for _, connector := range evse.Connectors {
				if connector.Status == "faulted" {
					faulted++
				}
			}
		}
	}
	e.note("stations", well, strconv.Itoa(total)+" known", "")
	if offline > 0 {
		e.note("offline", warning, fmt.Sprintf("%d of %d stations", offline, total), "pylon station list --connection offline; pylon doctor STATION")
	}
	if faulted > 0 {
		e.note("faults", warning, strconv.Itoa(faulted)+" connectors", "pylon station list --status faulted")
	}
	if pending > 0 {
		e.note("pending", warning, strconv.Itoa(pending)+" stations wait to be accepted", "pylon station update STATION --registration accepted")
	}
	return true
}

// notesShown is how many of the newest notes about a connection are shown.
const notesShown = 3

// station looks at one station: how it is connected, what it is not allowed,
// what does not fit.
func (e *examination) station(ctx context.Context, ref string) bool {
	s, err := e.api.Station(ctx, ref)
	if err != nil {
		e.note(ref, broken, brieflyOf(err), "stations are known by the last part of the URL that they connect to; `pylon station create`")
		return false
	}
	switch {
	case s.Connection.Status == "online":
		e.note("connection", well, fmt.Sprintf("online since %s, OCPP %s", s.Connection.Since.Format(time.RFC3339), s.OCPPVersion), "")
	case s.OCPPVersion == "":
		e.note("connection", broken, "it has never connected", "it connects to ws(s)://HOST/ocpp/"+url.PathEscape(s.StationID))
	default:
		e.note("connection", broken, "offline since "+s.Connection.Since.Format(time.RFC3339), "look at its power and its network")
	}
	if s.Registration != "accepted" {
		e.note("registration", broken, "it is "+s.Registration, "pylon station update "+s.StationID+" --registration accepted")
	}
	if s.Automation == "off" {
		e.note("automation", warning, "off: Pylon sends it nothing by itself", "pylon station update "+s.StationID+" --automation on")
	}
	shown := 0
	for entry, err := range client.All(ctx, func(ctx context.Context, q client.Query) (client.Page[client.LogEntry], error) {
		return e.api.Log(ctx, ref, q)
	}, client.Query{"direction": "note", "limit": strconv.Itoa(notesShown)}) {
		if err != nil || shown == notesShown {
			break // a key may do without the log
		}
		if entry.Kind == "connected" {
			continue // the link row says so
		}
		e.note("log", warning, entry.At.UTC().Format(time.RFC3339)+" "+entry.Kind+" "+entry.Text, "")
		shown++
	}
	for _, evse := range s.EVSEs {
		for _, connector := range evse.Connectors {
			if connector.Status == "faulted" || connector.Status == "unavailable" {
				e.note(fmt.Sprintf("connector %d/%d", evse.ID, connector.ID), broken, first(connector.ErrorCode, connector.Status)+" since "+connector.Since.Format(time.RFC3339), "")
			}
		}
	}
	return true
}
