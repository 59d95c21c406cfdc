// Package cluster carries messages between the nodes of Pylon, over NATS: to
// the node that holds a station's socket, and the news of what was committed to
// every screen. One node alone has the server inside its process, without a
// port; many connect to a NATS cluster. What runs is the same code.
//
// Nothing here is a fact. A message may be lost, and each kind says what makes
// good for it: an Ask fails and its asker knows that he does not know; a Tell and
// a Notify are hints at rows that are read anyway; a subscriber of events whose
// feed may have a gap finds its channel closed and reads the rows. Nothing waits
// in a queue for a server that is away: old hints are worse than none.
//
// The subjects, of which the last part is an identifier:
//
//	pylon.node.<node>            messages to a node
//	pylon.events.<organisation>  what was committed
//	pylon.command.<command>      a command has moved
//	pylon.gap                    a node was away: what it published may be lost
//
// Which node owns a station is a row of the database, so there is one
// subscription per node and none per station. Messages carry secrets of stations;
// between machines the connection is TLS with credentials, see [Options].
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	nodeSubject    = "pylon.node."
	eventsSubject  = "pylon.events."
	commandSubject = "pylon.command."
	gapSubject     = "pylon.gap"
)

const (
	payloadMax  = 1 << 20                // of a NATS message; the server's own default, so clusters have it, too
	openWait    = 5 * time.Second        // for the server at the start
	reconnect   = 250 * time.Millisecond // between attempts, and as much again by chance
	pingEvery   = 5 * time.Second        // two pings unanswered: the connection is dead
	pingsUnseen = 2
	closeWait   = 5 * time.Second // for handlers that are still at work

	// writeWait is how long the server may take nothing of what we send before the
	// connection is given up: whoever publishes waits for it, and commits behind him.
	writeWait = 2 * time.Second
)

// Options say to what a node connects and as whom. Where subjects need permission,
// a node publishes and reads pylon.> and _INBOX.>.
type Options struct {
	// URL of the cluster: nats:// or tls://, several with commas between, with
	// user and password or a token where that is the way of authentication. ""
	// runs the server in this process, for this node alone.
	URL string

	CredentialsFile string // JWT and seed of a user; "" for none
	RootCAFile      string // PEM; "" trusts the machine's roots
	CertificateFile string // PEM, with KeyFile, where the server asks for one
	KeyFile         string

	Node ident.NodeID
	Log  *slog.Logger // nil: none
}

// Bus is a node's place in the cluster. Its methods are safe for concurrent use.
type Bus struct {
	node     ident.NodeID
	log      *slog.Logger
	server   *server.Server // nil when it is elsewhere
	conn     *nats.Conn
	feed     feed
	watchers watchers
	desk     desk
	close    func() error // once

	mu   sync.Mutex
	line line
}

// line is the connection from one break to the next: its context ends with it.
type line struct {
	ctx context.Context
	cut context.CancelFunc
}

// Open connects, and starts the server when there is no URL. A cluster that does
// not answer is [fault.Unavailable]; later, Bus connects again by itself for ever.
func Open(ctx context.Context, o Options) (*Bus, error) {
	if o.URL != "" {
		return connect(ctx, o, nil)
	}
	s, err := startServer(o.Node)
	if err != nil {
		return nil, err
	}
	b, err := connect(ctx, o, s)
	if err != nil {
		stopServer(s)
		return nil, err
	}
	b.server = s
	return b, nil
}

// connect opens a bus on a server in this process, or else at the URL.
func connect(ctx context.Context, o Options, s *server.Server) (*Bus, error) {
	if _, err := subject(nodeSubject, string(o.Node)); err != nil {
		return nil, fmt.Errorf("node %q: %w", o.Node, err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Bus{node: o.Node, log: o.Log}
	b.feed.topics, b.feed.last = map[ident.OrganisationID]*topic{}, map[ident.OrganisationID]event.Position{}
	b.watchers.watches = map[string][]chan struct{}{}
	b.desk.life, b.desk.end = context.WithCancel(context.WithoutCancel(ctx))
	b.close = sync.OnceValue(b.shut)
	b.renewLine()

	options, err := b.options(o, s)
	if err != nil {
		return nil, err
	}
	if b.conn, err = nats.Connect(o.URL, options...); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "cluster_unreachable")
	}
	for subject, handle := range map[string]nats.MsgHandler{commandSubject + "*": b.moved, gapSubject: b.gap} {
		if _, err = b.conn.Subscribe(subject, handle); err != nil {
			break
		}
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, openWait)
		defer cancel()
		err = b.conn.FlushWithContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(fault.Wrap(err, fault.Unavailable, "cluster_unreachable"), b.Close())
	}
	return b, nil
}

// options are those of the connection.
func (b *Bus) options(o Options, s *server.Server) ([]nats.Option, error) {
	options := []nats.Option{
		nats.Name("pylon " + string(o.Node)),
		nats.NoEcho(), // what stays on the node does not come back
		nats.ReconnectBufSize(-1),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(reconnect),
		nats.ReconnectJitter(reconnect, reconnect),
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(pingsUnseen),
		nats.Timeout(openWait),
		nats.FlusherTimeout(writeWait),
		nats.DisconnectErrHandler(b.disconnected),
		nats.ReconnectHandler(b.reconnected),
		nats.ErrorHandler(b.failed),
	}
	if s != nil {
		return append(options, nats.InProcessServer(s)), nil
	}
	for i, one := range strings.Split(o.URL, ",") {
		if _, err := url.Parse(strings.TrimSpace(one)); err != nil {
			return nil, fmt.Errorf("NATS URL %d is malformed", i+1) // without its text: it may hold a password
		}
	}
	if o.CredentialsFile != "" {
		options = append(options, nats.UserCredentials(o.CredentialsFile))
	}
	if o.RootCAFile != "" {
		options = append(options, nats.RootCAs(o.RootCAFile))
	}
	if o.CertificateFile != "" || o.KeyFile != "" {
		options = append(options, nats.ClientCert(o.CertificateFile, o.KeyFile))
	}
	return options, nil
}

// Connected reports whether messages reach other nodes now.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// Close ends the handlers and their messages' contexts, closes the channels of
// all subscribers, and disconnects. More calls return what the first did.
func (b *Bus) Close() error { return b.close() }

func (b *Bus) shut() error {
	err := b.desk.shut()
	if b.conn.IsConnected() {
		_ = b.conn.FlushTimeout(closeWait) // the last answers, which may be lost like all others
	}
	b.conn.Close()
	b.mu.Lock()
	b.line.cut()
	b.mu.Unlock()
	b.feed.shut()
	if b.server != nil {
		stopServer(b.server)
	}
	if err != nil {
		return fmt.Errorf("close cluster connection: %w", err)
	}
	return nil
}

// disconnected fails at once those who wait for an answer over this line.
func (b *Bus) disconnected(_ *nats.Conn, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line.cut()
	if err != nil {
		b.log.Warn("cluster connection lost", "error", err)
	}
}

// reconnected lets everybody look at the rows: we have missed what others
// published, and they have missed us.
func (b *Bus) reconnected(conn *nats.Conn) {
	b.renewLine()
	b.log.Info("cluster connection is back", "server", conn.ConnectedServerName())
	b.lookAgain()
	if err := conn.Publish(gapSubject, nil); err != nil {
		b.log.Warn("cluster connection lost again", "error", err)
	}
}

// failed hears what happens outside of any call.
func (b *Bus) failed(_ *nats.Conn, _ *nats.Subscription, err error) {
	b.log.Error("cluster connection", "error", err)
	if errors.Is(err, nats.ErrSlowConsumer) {
		b.lookAgain()
	}
}

// gap hears that another node was away.
func (b *Bus) gap(*nats.Msg) { b.lookAgain() }

// lookAgain closes the feeds, which may have a gap, and wakes all who watch.
func (b *Bus) lookAgain() {
	b.feed.reset()
	b.watchers.wakeAll()
}

func (b *Bus) renewLine() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line.cut != nil {
		b.line.cut()
	}
	b.line.ctx, b.line.cut = context.WithCancel(context.Background())
}

// openLine returns the connection as it is now.
func (b *Bus) openLine() context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.line.ctx
}

// subject returns the subject for an identifier, or [fault.Invalid] for what
// would be no part of a subject.
func subject(prefix, id string) (string, error) {
	for i := range len(id) {
		c := id[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", fault.New(fault.Invalid, "identifier_malformed")
		}
	}
	if id == "" {
		return "", fault.New(fault.Invalid, "identifier_malformed")
	}
	return prefix + id, nil
}

// startServer runs a NATS server that only this process reaches.
func startServer(node ident.NodeID) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: string(node), DontListen: true, NoSigs: true, NoLog: true, NoSystemAccount: true, MaxPayload: payloadMax,
	})
	if err != nil {
		return nil, fmt.Errorf("NATS server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(openWait) {
		stopServer(s)
		return nil, errors.New("NATS server: not ready in time")
	}
	return s, nil
}

func stopServer(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}
