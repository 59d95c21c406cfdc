package app

import (
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
	Listen      string   `help:"Address of the API, the pages and the stations, host:port (serve: :8080, demo: 127.0.0.1:8080)."`
	TLSListen   string   `name:"tls-listen" help:"Address of the same over TLS, for security profile 2; needs tls-cert and tls-key." group:"TLS"`
	TLSCert     string   `name:"tls-cert" type:"path" help:"Certificate chain, PEM; read again when the file changes." group:"TLS"`
	TLSKey      string   `name:"tls-key" type:"path" help:"Private key, PEM." group:"TLS"`
	Data        string   `type:"path" help:"Folder of the databases (serve: ./data, demo: a temporary one)."`
	DatabaseURL string   `name:"database-url" help:"postgres://… instead of SQLite in the data folder." group:"Several nodes"`
	NATSURL     string   `name:"nats-url" help:"nats://… instead of the NATS server in this process." group:"Several nodes"`
	Role        []string `default:"all" help:"What this node starts: gateway, api, worker, all." group:"Several nodes"`

	UnknownStations   string `name:"unknown-stations" default:"refuse" enum:"refuse,pending,accept" help:"What becomes of a station nobody created." group:"Stations"`
	RegistrationToken string `name:"registration-token" help:"The Basic password that unknown stations must bring." group:"Stations"`
	BootstrapAPIKey   string `name:"bootstrap-api-key" hidden:"" help:"Owner key of an empty database; better by environment."`
	PublicPage        bool   `name:"public-page" help:"Show the status page at / without a key, on any address."`

	FrameRetention    time.Duration `name:"frame-retention" default:"2160h" help:"How long OCPP frames are kept." group:"Stations"`
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

// Check reports what is wrong with c, naming the key.
func (c *Config) Check() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen: %q is not host:port: %w", c.Listen, err)
	}
	if (c.TLSListen == "") != (c.TLSCert == "") || (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("tls-listen, tls-cert and tls-key: all three or none")
	}
	if c.DatabaseURL != "" {
		return fmt.Errorf("database-url: PostgreSQL is not supported yet; leave it out for SQLite in the data folder")
	}
	if c.NATSURL != "" {
		if _, err := url.Parse(c.NATSURL); err != nil {
			return fmt.Errorf("nats-url: %w", err)
		}
	}
	for _, r := range c.Role {
		if !slices.Contains([]string{"gateway", "api", "worker", "all"}, r) {
			return fmt.Errorf("role: %q is none of gateway, api, worker, all", r)
		}
	}
	if n := len(c.BootstrapAPIKey); n > 0 && n < bootstrapMin {
		return fmt.Errorf("bootstrap-api-key: %d characters are too few, %d at least", n, bootstrapMin)
	}
	if c.FrameRetention < retentionMin { // or a number without its unit, which is nanoseconds
		return fmt.Errorf("frame-retention: %s is too short, %s at least", c.FrameRetention, retentionMin)
	}
	return nil
}

// Has reports whether the node starts the named role.
func (c *Config) Has(role string) bool {
	return slices.Contains(c.Role, "all") || slices.Contains(c.Role, role)
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
