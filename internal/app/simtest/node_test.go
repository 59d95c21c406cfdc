package simtest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/edge/ocpp"
	"pylon/internal/edge/signed"
	"pylon/internal/flow/admin"
	"pylon/internal/flow/billing"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/fleet"
	"pylon/internal/flow/jobs"
	"pylon/internal/flow/leases"
	"pylon/internal/flow/usage"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// upkeepEvery is how often the database is looked after, as in package app.
const upkeepEvery = 10 * time.Second

// node is one run of one Pylon: what package app makes of the parts, without
// listeners, pages and the bus of NATS.
type node struct {
	world *world
	name  string
	id    ident.NodeID

	clock   *nodeClock
	log     *slog.Logger
	gate    *gate
	books   *books
	link    *link
	fleet   *fleet.Fleet
	jobs    *jobs.Service
	leases  *leases.Leases
	follow  *consume.Service
	gateway *ocpp.Gateway
	owners  owners
	heads   heads

	stages [3]stage        // store, what works for stations, gateway: the order in which they begin
	ctx    context.Context // of the second
	parted atomic.Bool     // parts may end
	dead   atomic.Bool     // killed, or gone
	ended  atomic.Bool     // nothing of it runs any more
	lost   atomic.Bool     // its committer found that the lease has ended

	// Of the driver.
	frozen  time.Time // until then nothing of it moves
	leaving bool      // it was told to stop
	lines   []*line   // that stations ever had to it
}

// stage is parts of a node that begin and end together.
type stage struct {
	ctx   context.Context
	stop  context.CancelFunc
	parts sync.WaitGroup
}

// open starts a node on the disk. Nothing may move meanwhile, and no
// transaction be open.
func (w *world) open(name string, step time.Duration) *node {
	c := &nodeClock{line: w.line, name: name, step: step}
	n := &node{world: w, name: name, clock: c, id: ident.New[ident.NodeID](c.Now())}
	n.gate = &gate{disk: w.disk, node: name}
	for i := range n.stages {
		n.stages[i].ctx, n.stages[i].stop = context.WithCancel(context.Background())
	}
	n.ctx = n.stages[1].ctx
	n.link = &link{node: n, bus: w.bus}
	opened, err := store.Open(n.ctx, store.Options{
		Path: w.disk.path, Synchronous: "off", Clock: c, Node: n.id, Shared: true, Readers: 1, Between: n.gate.between, OnCommitted: n.committed,
	})
	if err != nil {
		panic(err)
	}
	n.books = &books{Store: opened, node: n}
	n.log = slog.New(&journal{node: n})
	log := n.log
	n.fleet = fleet.New(fleet.Options{Store: n.books, Bus: n.link, Clock: c, Log: log, Node: n.id})
	n.jobs = jobs.New(n.books, n.fleet, c, log)
	n.leases = leases.New(n.books, c, log, n.id)
	n.follow = consume.New(consume.Options{
		Store: n.books, Leases: n, Hints: n.link, Clock: c, Log: log, Consumers: n.followers(),
	})
	n.owners.fleet, n.owners.books = n.fleet, n.books
	n.gateway = ocpp.New(ocpp.Options{
		Directory: directory{n.books, admin.New(n.books, n.fleet, c)}, Fleet: &n.owners, FrameLog: n.world,
		Clock: c, Log: log, Metrics: ocpp.NewMetrics(nil),
	})
	n.start()
	w.bus.nodes = append(w.bus.nodes, n)
	return n
}

// followers are who follow the event log.
func (n *node) followers() []consume.Consumer {
	return []consume.Consumer{
		usage.New(n.books),
		billing.New(billing.Options{Store: n.books, Clock: n.clock, Raters: [2]billing.Rater{swift.Explain, plain.Rate}, Signed: signed.Values}),
	}
}

// start runs the parts. Each has set its timers before the next begins.
func (n *node) start() {
	part := func(of int, name string, run func(context.Context) error) {
		s := &n.stages[of]
		s.parts.Go(func() {
			if err := run(s.ctx); !n.parted.Load() {
				n.lost.Store(true)
				n.world.trace.note("%s %s ended: %v", n.name, name, err)
			}
		})
		n.world.settle()
	}
	part(0, "store", n.books.Run)
	part(1, "fleet", n.fleet.Run)
	part(1, "trim", func(ctx context.Context) error { return n.upkeep(ctx, n.books.Trim) })
	part(1, "news", n.follow.Tell)
	part(1, "consumers", n.follow.Run)
	under := func(name lease.Name, work leases.Work) {
		part(1, string(name), func(ctx context.Context) error { return n.leases.Hold(ctx, name, work) })
	}
	under("fleet", n.fleet.Work)
	under("jobs", n.jobs.Run)
	under("compaction", func(ctx context.Context, _ lease.Grant) error { return n.upkeep(ctx, n.books.Compact) })
	part(2, "gateway", n.gateway.Run)
}

// committed is [store.Options.OnCommitted].
func (n *node) committed(events []event.Recorded) {
	n.heads.see(events)
	n.follow.Committed()
}

// Hold implements [consume.Leases]: workers that are employed at once begin one
// after the other.
func (n *node) Hold(ctx context.Context, name lease.Name, work leases.Work) error {
	if err := n.books.enter("hold " + string(name)); err != nil {
		return err
	}
	return n.leases.Hold(ctx, name, work)
}

// upkeep calls do now and then until ctx ends.
func (n *node) upkeep(ctx context.Context, do func(context.Context, time.Time) error) error {
	ticks, stop := n.clock.Ticker(upkeepEvery)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticks:
			if ctx.Err() != nil {
				return nil
			}
			_ = do(ctx, now.UTC()) // while the database is away it comes again
		}
	}
}

// kill ends the node as a crash does: what it has in memory is gone, and nothing
// that is left of it reaches anybody.
func (n *node) kill() {
	n.books.close()
	for _, l := range n.lines {
		l.sever()
	}
	n.parted.Store(true)
	n.gate.kill()
	n.clock.kill()
	for i := range n.stages {
		n.stages[i].stop()
	}
	n.world.settle()
	for i := range n.stages {
		n.stages[i].parts.Wait()
	}
	_ = n.books.Close() // its readers, of nothing
	n.ended.Store(true)
}

// leave has the node stop as it does when it is told to: stations first, the
// committer last. The driver goes on meanwhile.
func (n *node) leave() {
	n.leaving = true
	n.parted.Store(true)
	go func() {
		for i := range slices.Backward(n.stages[:]) {
			n.stages[i].stop()
			n.stages[i].parts.Wait()
		}
		_ = n.books.Close() // nobody reads any more
		n.ended.Store(true)
	}()
}

// heads follows the events that a node tells of.
type heads struct {
	mu     sync.Mutex
	stream map[string]int64
	gaps   []string
}

// see takes in what was committed.
func (h *heads) see(news []event.Recorded) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stream == nil {
		h.stream = map[string]int64{}
	}
	for i := range news {
		e := &news[i]
		if e.Live { // of no stream
			continue
		}
		if e.Number != h.stream[e.Stream]+1 {
			h.gaps = append(h.gaps, e.Stream)
		}
		h.stream[e.Stream] = e.Number
	}
}

// directory is what package app gives the gateway.
type directory struct {
	*books
	admin *admin.Service
}

// Register implements [ocpp.Directory].
func (d directory) Register(ctx context.Context, n ocpp.Newcomer) (station.Station, error) {
	return d.admin.Welcome(ctx, admin.Newcomer(n))
}

// owners gives the gateway its owners, and remembers them.
type owners struct {
	fleet *fleet.Fleet
	books *books

	mu  sync.Mutex
	now map[ident.StationID]*fleet.Owner
}

// Claim implements [ocpp.Fleet].
func (o *owners) Claim(ctx context.Context, id ident.StationID, c fleet.Connection, h fleet.Hello) (ocpp.Owner, error) {
	owner, err := o.fleet.Claim(ctx, id, c, h)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now == nil {
		o.now = map[ident.StationID]*fleet.Owner{}
	}
	o.now[id] = owner
	return owned{owner, o.books, string(id)}, nil
}

// owned is an owner at which what a socket's callers do waits for the driver:
// they and its reader may want their turn at the same moment.
type owned struct {
	ocpp.Owner
	books *books
	name  string
}

// CommandSent is [fleet.Owner.CommandSent].
func (o owned) CommandSent(ctx context.Context, id ident.CommandID, s fleet.Sent) error {
	if err := o.books.enter(o.name + " is sent " + s.Action); err != nil {
		return err
	}
	return o.Owner.CommandSent(ctx, id, s)
}

// CommandAnswered is [fleet.Owner.CommandAnswered].
func (o owned) CommandAnswered(ctx context.Context, id ident.CommandID, a fleet.Answered) error {
	if err := o.books.enter(o.name + " answers " + string(a.State)); err != nil {
		return err
	}
	return o.Owner.CommandAnswered(ctx, id, a)
}

// owner returns who spoke last for a station at the node.
func (n *node) owner(id ident.StationID) *fleet.Owner {
	n.owners.mu.Lock()
	defer n.owners.mu.Unlock()
	return n.owners.now[id]
}

// journal puts what nodes log into the trace.
type journal struct {
	node *node
}

// Enabled implements [slog.Handler].
func (*journal) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle implements [slog.Handler].
func (j *journal) Handle(_ context.Context, r slog.Record) error {
	if j.node.dead.Load() {
		return nil // nobody reads what it says any more
	}
	text := j.node.name + " logs " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	j.node.world.trace.note("%s", text)
	return nil
}

// WithAttrs implements [slog.Handler].
func (j *journal) WithAttrs([]slog.Attr) slog.Handler { return j }

// WithGroup implements [slog.Handler].
func (j *journal) WithGroup(string) slog.Handler { return j }
