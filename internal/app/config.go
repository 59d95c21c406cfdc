package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config is everything that a node can be told from outside. Each field is a
// flag, an environment variable (PYLON_ and the flag in upper case with
// underscores) and a key of pylon.toml, in this order of precedence.
type Config struct {
	Listen    string `help:"Address of the API, the pages and the stations, host:port (serve: :8080, demo: 127.0.0.1:8080)."`
	TLSListen string `name:"tls-listen" help:"Address of the same over TLS, for security profile 2; needs tls-cert and tls-key." group:"TLS"`
	TLSCert   string `name:"tls-cert" type:"path" help:"Certificate chain, PEM; read again when the file changes." group:"TLS"`
	TLSKey    string `name:"tls-key" type:"path" help:"Private key, PEM." group:"TLS"`
	Data      string `type:"path" help:"Folder of the databases (serve: ./data, demo: a temporary one)."`

	DatabaseURL     string        `name:"database-url" help:"postgres://… instead of SQLite in the data folder." group:"Several nodes"`
	NATSURL         string        `name:"nats-url" help:"nats://… or tls://…, several with commas between, instead of the NATS server in this process." group:"Several nodes"`
	NATSCredentials string        `name:"nats-credentials" type:"path" help:"File with the JWT and seed of a NATS user." group:"Several nodes"`
	NATSCA          string        `name:"nats-ca" type:"path" help:"Authority of the NATS servers, PEM; the machine's when left out." group:"Several nodes"`
	NATSCert        string        `name:"nats-cert" type:"path" help:"Our certificate for NATS, PEM; needs nats-key." group:"Several nodes"`
	NATSKey         string        `name:"nats-key" type:"path" help:"Its private key, PEM." group:"Several nodes"`
	Role            []string      `default:"all" help:"What this node starts: gateway (stations), api, worker, all." group:"Several nodes"`
	Drain           time.Duration `default:"20s" help:"How long the node lets its stations go, one after the other, when it is told to stop; 0s: all at once." group:"Several nodes"`

	UnknownStations   string `name:"unknown-stations" default:"refuse" enum:"refuse,pending,accept" help:"What becomes of a station nobody created." group:"Stations"`
	RegistrationToken string `name:"registration-token" help:"The Basic password that unknown stations must bring." group:"Stations"`
	BootstrapAPIKey   string `name:"bootstrap-api-key" hidden:"" help:"Owner key of an empty database; better by environment."`
	ReceiptURL        string `name:"receipt-url" help:"Where drivers find the receipt of a session, https://…/{session}; stations that show costs show it, too." group:"Stations"`
	PublicPage        bool   `name:"public-page" help:"Show the status page at / without a key, on any address."`

	FrameRetention    time.Duration `name:"frame-retention" default:"2160h" help:"How long OCPP frames are kept." group:"Stations"`
	FrameLog          int64         `name:"frame-log" default:"20" help:"How much disk they may take, of all nodes together, in GiB; beyond it the oldest go." group:"Stations"`
	SQLiteSynchronous string        `name:"sqlite-synchronous" default:"full" enum:"full,off" hidden:"" help:"off: for tests of our own tests; loses data on a crash."`
	DebugListen       string        `name:"debug-listen" hidden:"" help:"Loopback address of Go's profiler."`
	LogLevel          string        `name:"log-level" default:"info" enum:"debug,info,warn,error" help:"Least level that is logged." group:"Log"`
	LogFormat         string        `name:"log-format" default:"json" enum:"json,text" help:"How log lines look." group:"Log"`
}

// bootstrapMin is the shortest owner key that is taken: what can be guessed
// opens everything.
const bootstrapMin = 12

// retentionMin is the shortest time that frames are kept: what happened is
// looked up after it was noticed.
const retentionMin = time.Hour

// frameLogMax is the largest log of frames, in GiB: a year of a million stations
// has room in it, and its size in bytes in an integer.
const frameLogMax = 1 << 20

// Check reports what is wrong with c, naming the key.
func (c *Config) Check() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen: %q is not host:port: %w", c.Listen, err)
	}
	if (c.TLSListen == "") != (c.TLSCert == "") || (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("tls-listen, tls-cert and tls-key: all three or none")
	}
	if err := c.checkNodes(); err != nil {
		return err
	}
	if n := len(c.BootstrapAPIKey); n > 0 && n < bootstrapMin {
		return fmt.Errorf("bootstrap-api-key: %d characters are too few, %d at least", n, bootstrapMin)
	}
	if c.ReceiptURL != "" && (!isURL(c.ReceiptURL, "https", "http") || !strings.Contains(c.ReceiptURL, "{session}")) {
		return fmt.Errorf("receipt-url: it is no https://… with {session} in it")
	}
	if c.FrameRetention < retentionMin { // or a number without its unit, which is nanoseconds
		return fmt.Errorf("frame-retention: %s is too short, %s at least", c.FrameRetention, retentionMin)
	}
	if c.FrameLog < 1 || c.FrameLog > frameLogMax {
		return fmt.Errorf("frame-log: %d GiB is not between 1 and %d", c.FrameLog, frameLogMax)
	}
	return nil
}

// The roles of a node; see [Config.Has].
const (
	roleGateway = "gateway" // the sockets of stations
	roleAPI     = "api"     // the API and the pages
	roleWorker  = "worker"  // what is done for all nodes: jobs, consumers, upkeep of the database
	roleAll     = "all"
)

// drainMax is the longest drain: what stops a node (systemd, an orchestrator)
// kills what does not end within some minutes.
const drainMax = 10 * time.Minute

// checkNodes checks what makes several nodes one network. What is wrong is said
// without the text of a URL, which may hold a password.
func (c *Config) checkNodes() error {
	if c.DatabaseURL != "" && !isURL(c.DatabaseURL, "postgres", "postgresql") {
		return errors.New("database-url: it is no postgres://user@host:port/database")
	}
	for i, server := range strings.Split(c.NATSURL, ",") {
		if c.NATSURL != "" && !isURL(strings.TrimSpace(server), "nats", "tls") {
			return fmt.Errorf("nats-url: server %d is no nats://host:port or tls://host:port", i+1)
		}
	}
	if c.NATSURL == "" && c.NATSCredentials+c.NATSCA+c.NATSCert+c.NATSKey != "" {
		return errors.New("nats-credentials, nats-ca, nats-cert, nats-key: they need nats-url")
	}
	if (c.NATSCert == "") != (c.NATSKey == "") {
		return errors.New("nats-cert and nats-key: both or none")
	}
	if len(c.Role) == 0 {
		return errors.New("role: at least one of gateway, api, worker, all")
	}
	for _, r := range c.Role {
		if !slices.Contains([]string{roleGateway, roleAPI, roleWorker, roleAll}, r) {
			return fmt.Errorf("role: %q is none of gateway, api, worker, all", r)
		}
	}
	if c.Drain < 0 || c.Drain > drainMax {
		return fmt.Errorf("drain: %s is not between 0s and %s", c.Drain, drainMax)
	}
	return nil
}

// isURL reports whether text is a URL of one of the schemes that names a host, or
// says in its query where the socket is.
func isURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && slices.Contains(schemes, u.Scheme) && (u.Host != "" || u.Query().Has("host"))
}

// Has reports whether the node starts the named role.
func (c *Config) Has(role string) bool {
	return slices.Contains(c.Role, roleAll) || slices.Contains(c.Role, role)
}

// Loopback reports whether only this machine can reach the node, on any of its
// addresses.
func (c *Config) Loopback() bool {
	return loopback(c.Listen) && (c.TLSListen == "" || loopback(c.TLSListen))
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
