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
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Options are what a Fleet is made of; all but Heartbeat and Costs are needed.
type Options struct {
	Store     Store
	Bus       Bus
	Clock     clock.Clock
	Log       *slog.Logger
	Node      ident.NodeID
	Heartbeat time.Duration // answered to stations without a quirk; 0: [DefaultHeartbeat]
	Costs     Costs         // tells what sessions cost; nil: nobody does
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
	costs     Costs     // nil: nobody tells what sessions cost
	began     time.Time // by the steady clock; until then all its stations were away: we were

	organisations memo[ident.OrganisationID, account.Organisation]
	sites         memo[ident.SiteID, site.Site]
	templates     memo[ident.OrganisationID, []station.Template]

	neighbours lease.Watch[ident.NodeID] // of the loop that watches them alone
	leaders    leaders
	strangers  strangers
	edition    edition // of templates
	unfinished unfinished

	mu       sync.Mutex
	arriving map[ident.StationID]*arrival
	live     map[ident.StationID]*Owner
	row      []*Owner // the same, each at its place: quicker to walk than a map, and in an order that can be repeated
}

// New returns a Fleet that owns nothing yet.
func New(o Options) *Fleet {
	if o.Heartbeat == 0 {
		o.Heartbeat = DefaultHeartbeat
	}
	f := &Fleet{
		store: o.Store, bus: o.Bus, clock: o.Clock, log: o.Log, node: o.Node, heartbeat: o.Heartbeat, costs: o.Costs, began: o.Clock.Steady(),
		arriving: make(map[ident.StationID]*arrival),
		live:     make(map[ident.StationID]*Owner),
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
// the next epoch first, in one commit with the news that the station is online,
// and loads then, so that nothing an older connection commits is missed. An older
// connection of this node is closed.
func (f *Fleet) Claim(ctx context.Context, id ident.StationID, c Connection, h Hello) (*Owner, error) {
	defer f.arrive(id)()
	st, epoch, err := f.connect(ctx, id, h)
	if err != nil {
		return nil, err
	}
	o := &Owner{fleet: f, id: id, epoch: epoch, conn: c, turn: make(chan struct{}, 1), stale: true}
	o.become(st)
	o.seen.Store(h.At.UnixMicro())
	o.seenRow.Store(h.At.UnixMicro()) // the link says so
	older, ok := f.enter(o)
	if !ok {
		return nil, errSuperseded
	}
	if older != nil && older.conn != c {
		older.conn.Close("superseded")
	}
	if err := o.begin(ctx, h); err != nil {
		o.Release(ctx, "not_claimed") // its row says online since the epoch was taken
		return nil, err
	}
	return o, nil
}

// connect takes the next epoch of a station and writes, in the same commit, that
// it is online now. It returns the station as it is then.
func (f *Fleet) connect(ctx context.Context, id ident.StationID, h Hello) (*station.Station, int64, error) {
	was := h.Known
	for range decisionTries {
		if was == nil {
			found, err := f.store.Station(ctx, "", string(id))
			if err != nil {
				return nil, 0, err
			}
			st := found.Station // a copy: the rest of what was read goes
			was = &st
		}
		set, st := f.arrival(was, h)
		err := f.store.Commit(ctx, set)
		if err == nil {
			return st, set.Takes.Epoch, nil
		}
		if !errors.Is(err, change.ErrStale) {
			return nil, 0, err
		}
		was = nil // it has moved since
	}
	return nil, 0, fault.New(fault.Unavailable, "too_much_contention", "station", string(id))
}

// arrival is the change that a station's connection begins with, and the station
// as it is after it: it speaks the version that was agreed on.
func (f *Fleet) arrival(st *station.Station, h Hello) (*change.Set, *station.Station) {
	link := station.Link{
		Station: st.ID, Node: f.node, Online: true, Since: h.At, OCPP: h.OCPP, Profile: h.Profile, LastSeen: h.At, RemoteAddr: h.RemoteAddr,
	}
	connected := station.LinkEvent(link, event.StationConnected)
	connected.Organisation, connected.Site = st.Organisation, st.Site
	set := &change.Set{
		Owner: change.Owner{Organisation: st.Organisation, Station: st.ID}, Takes: &link,
		Intervals: station.Connected(st.ID, link), Events: []event.Event{connected},
	}
	if st.OCPP == h.OCPP {
		set.Reads = []change.Read{{Kind: change.KindStation, ID: string(st.ID), Version: st.Version}}
		return set, st
	}
	next := *st
	next.OCPP = h.OCPP
	next.Version++
	set.Stations = []station.Station{next}
	return set, &next
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
	if older != nil {
		o.place = older.place
		f.row[o.place] = o
	} else {
		o.place = len(f.row)
		f.row = append(f.row, o)
	}
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
	if f.live[o.id] != o {
		return
	}
	delete(f.live, o.id)
	last := len(f.row) - 1
	f.row[o.place] = f.row[last]
	f.row[o.place].place = o.place
	f.row[last] = nil
	f.row = f.row[:last]
}

// owners returns the live owners.
func (f *Fleet) owners() []*Owner {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.row)
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
