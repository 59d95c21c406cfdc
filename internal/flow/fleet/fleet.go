// Package fleet is a node's side of its stations. It owns the state of each
// connected station, lets one thing happen to it at a time, makes what the
// domain decides durable before anyone is answered, and sends the commands
// that wait for it.
//
// Guarantees: a method of [Owner] that returns nil has committed what it
// changed; the state in memory never runs ahead of the database; a node whose
// station has moved on cannot write for it.
package fleet

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Options are what a Fleet is made of; all but Heartbeat are needed.
type Options struct {
	Store     Store
	Bus       Bus
	Clock     clock.Clock
	Log       *slog.Logger
	Node      ident.NodeID
	Heartbeat time.Duration // answered to stations without a quirk; 0: [DefaultHeartbeat]
}

// DefaultHeartbeat is the interval that stations are told: any frame counts as
// life and we ping, so it only keeps idle middleboxes from closing.
const DefaultHeartbeat = 5 * time.Minute

// Fleet is the stations that this node owns. Its methods are safe for
// concurrent use.
type Fleet struct {
	store     Store
	bus       Bus
	clock     clock.Clock
	log       *slog.Logger
	node      ident.NodeID
	heartbeat time.Duration
	began     time.Time // until then all its stations were away: we were

	organisations memo[ident.OrganisationID, account.Organisation]
	sites         memo[ident.SiteID, site.Site]
	templates     memo[ident.OrganisationID, []station.Template]

	strangers  strangers
	edition    edition // of templates
	unfinished unfinished

	mu   sync.Mutex
	live map[ident.StationID]*Owner
}

// New returns a Fleet that owns nothing yet.
func New(o Options) *Fleet {
	if o.Heartbeat == 0 {
		o.Heartbeat = DefaultHeartbeat
	}
	f := &Fleet{
		store: o.Store, bus: o.Bus, clock: o.Clock, log: o.Log, node: o.Node, heartbeat: o.Heartbeat, began: o.Clock.Now(),
		live: make(map[ident.StationID]*Owner),
	}
	f.organisations = newMemo(o.Clock, func(ctx context.Context, id ident.OrganisationID) (account.Organisation, error) {
		return o.Store.Organisation(ctx, string(id))
	})
	f.sites = newMemo(o.Clock, func(ctx context.Context, id ident.SiteID) (site.Site, error) {
		return o.Store.Site(ctx, "", id)
	})
	f.templates = newMemo(o.Clock, o.Store.Templates)
	return f
}

// Claim makes this node the owner of station id through connection c. It takes
// the next epoch first and loads then, so that nothing an older connection
// commits is missed. An older connection of this node is closed.
func (f *Fleet) Claim(ctx context.Context, id ident.StationID, c Connection, h Hello) (*Owner, error) {
	link, err := f.store.TakeEpoch(ctx, id, f.node, station.Link{
		Station: id, Node: f.node, Online: true, Since: h.At, OCPP: h.OCPP, Profile: h.Profile, LastSeen: h.At, RemoteAddr: h.RemoteAddr,
	})
	if err != nil {
		return nil, err
	}
	o := &Owner{fleet: f, id: id, epoch: link.Epoch, conn: c, turn: make(chan struct{}, 1), stale: true}
	o.seen.Store(h.At.UnixMicro())
	older, ok := f.enter(o)
	if !ok {
		return nil, errSuperseded
	}
	if older != nil && older.conn != c {
		older.conn.Close("superseded")
	}
	if err := o.connected(ctx, h); err != nil {
		o.Release(ctx, "not_claimed") // its row says online since the epoch was taken
		return nil, err
	}
	return o, nil
}

// enter puts o among the live stations and returns whom it replaces, nil when
// nobody; false when a third connection was quicker.
func (f *Fleet) enter(o *Owner) (older *Owner, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	older = f.live[o.id]
	if older != nil && older.epoch > o.epoch {
		return nil, false
	}
	f.live[o.id] = o
	return older, true
}

// owner returns the live owner of a station of this node, nil when there is
// none.
func (f *Fleet) owner(id ident.StationID) *Owner {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.live[id]
}

// forget takes o off the live stations, unless a newer owner stands there.
func (f *Fleet) forget(o *Owner) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live[o.id] == o {
		delete(f.live, o.id)
	}
}

// owners returns the live owners, in no order.
func (f *Fleet) owners() []*Owner {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*Owner, 0, len(f.live))
	for _, o := range f.live {
		all = append(all, o)
	}
	return all
}

// Online returns how many stations this node owns.
func (f *Fleet) Online() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.live)
}

// place is where a station stands, as far as bills are concerned: a station
// without a site, or whose site was just deleted, is where its organisation is.
func (f *Fleet) place(ctx context.Context, st *station.Station) (site.Site, error) {
	if st.Site != "" {
		at, err := f.sites.get(ctx, st.Site)
		if !fault.Is(err, fault.NotFound) {
			return at, err
		}
	}
	org, err := f.organisations.get(ctx, st.Organisation)
	return site.Site{TimeZone: org.TimeZone, Country: org.Country}, err
}
