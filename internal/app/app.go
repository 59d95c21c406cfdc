// Package app makes a node out of its parts: it is the only package that knows
// them all. Open prepares everything and starts nothing that outlives it but
// the listeners; Run serves until it is told to stop, and gives things up in
// the order in which they depend on one another.
package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"pylon/internal/cluster"
	"pylon/internal/domain/event"
	"pylon/internal/edge/document"
	"pylon/internal/edge/ocpp"
	"pylon/internal/edge/page"
	"pylon/internal/edge/rest"
	"pylon/internal/flow/admin"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/fleet"
	"pylon/internal/flow/jobs"
	"pylon/internal/flow/leases"
	"pylon/internal/flow/rerating"
	"pylon/internal/flow/running"
	"pylon/internal/flow/settlements"
	"pylon/internal/flow/statements"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
	"pylon/internal/store/framelog"
)

// Node is one Pylon process.
type Node struct {
	config  Config
	log     *slog.Logger
	clock   clock.Clock
	id      ident.NodeID
	figures *prometheus.Registry

	folder      string   // of the databases
	lock        *os.File // held while the folder is ours
	store       *store.Store
	frames      *framelog.Log
	bus         *cluster.Bus
	costs       *running.Service
	fleet       *fleet.Fleet
	admin       *admin.Service
	jobs        *jobs.Service
	reratings   *rerating.Service
	statements  *statements.Service
	settlements *settlements.Service
	leases      *leases.Leases
	consumers   *consume.Service
	press       *document.Press
	gateway     *ocpp.Gateway
	api         *rest.Server
	page        *page.Server

	certificates *ocpp.Certificates // nil without TLS
	listener     net.Listener
	secure       net.Listener  // nil without TLS
	ready        chan struct{} // closed once requests are answered

	draining atomic.Bool
	drainCtx context.Context // ends when nobody is waited for any more
	endDrain func()
	deaf     atomic.Pointer[[]ident.NodeID] // living nodes that messages do not reach
}

// stopTerm is what requests in progress get to finish when the node stops.
const stopTerm = 10 * time.Second

// Open prepares a node: folder, databases, first organisation, listeners. What
// it logs goes to logs. The caller calls Run or, after an error of his own,
// Close.
func Open(ctx context.Context, c Config, logs io.Writer) (*Node, error) {
	return OpenAt(ctx, clock.System{}, c, logs)
}

// OpenAt is [Open] on a clock of the caller's: a test lets months pass.
func OpenAt(ctx context.Context, clk clock.Clock, c Config, logs io.Writer) (*Node, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	n := &Node{config: c, clock: clk, log: newLogger(c, logs), figures: prometheus.NewRegistry(), ready: make(chan struct{})}
	n.drainCtx, n.endDrain = context.WithCancel(context.WithoutCancel(ctx))
	n.id = ident.New[ident.NodeID](n.clock.Now())
	n.figures.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, step := range []func(context.Context) error{n.openFolder, n.openBus, n.openStore, n.openFrames, n.assemble, n.listen} {
		if err := step(ctx); err != nil {
			n.Close()
			return nil, err
		}
	}
	return n, nil
}

func (n *Node) openBus(ctx context.Context) (err error) {
	c := &n.config
	n.bus, err = cluster.Open(ctx, cluster.Options{
		URL: c.NATSURL, CredentialsFile: c.NATSCredentials, RootCAFile: c.NATSCA, CertificateFile: c.NATSCert, KeyFile: c.NATSKey,
		Node: n.id, Log: n.log,
	})
	return err
}

func (n *Node) openStore(ctx context.Context) (err error) {
	n.store, err = store.Open(ctx, store.Options{
		Path: filepath.Join(n.folder, "pylon.db"), URL: n.config.DatabaseURL, Synchronous: n.config.SQLiteSynchronous, Clock: n.clock, Node: n.id,
		OnCommitted: n.committed,
	})
	return err
}

// committed tells of what a commit has made known: screens, and those who follow
// the log when it has grown.
func (n *Node) committed(events []event.Recorded) {
	n.bus.Publish(events)
	if slices.ContainsFunc(events, func(e event.Recorded) bool { return !e.Live }) {
		n.consumers.Committed()
	}
}

func (n *Node) openFrames(ctx context.Context) (err error) {
	n.frames, err = framelog.Open(ctx, framelog.Options{
		Path: filepath.Join(n.folder, "frames.db"), URL: n.config.DatabaseURL, Node: n.id,
		Retention: n.config.FrameRetention, SizeMax: n.config.FrameLog << 30, Clock: n.clock, Log: n.log,
	})
	return err
}

// Addr returns where the node listens, for a configuration that left the port
// to the system.
func (n *Node) Addr() string { return n.listener.Addr().String() }

// URL returns where a browser on this machine finds the node.
func (n *Node) URL() string {
	host, port, err := net.SplitHostPort(n.Addr())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return "http://" + net.JoinHostPort("localhost", port)
	}
	return "http://" + n.Addr()
}

// Run serves until ctx ends, and then stops from the outside in: it lets go of its
// stations (see [Config.Drain] and [Node.Hurry]), then of the listeners, then of
// what works for them, the committer last. It returns nil when it was told to
// stop, whatever was cut short by that.
func (n *Node) Run(ctx context.Context) error {
	defer n.Close()
	return within(ctx, []func(context.Context) error{n.store.Run, n.frames.Run}, func(ctx context.Context) error {
		if err := n.first(ctx); err != nil {
			return err
		}
		return within(ctx, n.tasks(), func(ctx context.Context) error {
			return within(ctx, n.edges(), n.serve)
		})
	})
}

// within runs body while the parts run, and stops the parts when body has
// ended. A part that ends early takes body down with it.
func within(ctx context.Context, parts []func(context.Context) error, body func(context.Context) error) error {
	partsCtx, stopParts := context.WithCancel(context.WithoutCancel(ctx))
	defer stopParts()
	bodyCtx, stopBody := context.WithCancelCause(ctx)
	defer stopBody(nil)
	var group errgroup.Group
	for _, part := range parts {
		group.Go(func() error {
			err := part(partsCtx)
			if partsCtx.Err() == nil {
				stopBody(errPartEnded)
			}
			return err
		})
	}
	err := body(bodyCtx)
	if errors.Is(context.Cause(bodyCtx), errPartEnded) {
		err = errors.Join(err, errPartEnded)
	}
	stopParts()
	return errors.Join(err, group.Wait())
}

var errPartEnded = errors.New("a part of the node ended before it was told to")

// Close gives up what Open took. Run does it by itself.
func (n *Node) Close() {
	n.Hurry()
	for _, l := range []net.Listener{n.listener, n.secure} {
		if l != nil {
			_ = l.Close() // the server has closed it already, or nobody connected
		}
	}
	var errs []error
	if n.frames != nil {
		errs = append(errs, n.frames.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	if n.bus != nil {
		errs = append(errs, n.bus.Close())
	}
	if n.lock != nil {
		errs = append(errs, n.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		n.log.Warn("not closed cleanly", "error", err)
	}
}
