package rerating

import (
	"context"
	"sync"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// desk is the database as settling sees it for a chunk of sessions: what belongs
// to them is read for all at once, what many share is read once. It is as old as
// the chunk: what has changed since is refused by the commit.
type desk struct {
	Store
	mine     map[ident.SessionID]bool // the sessions of the chunk
	tabs     map[ident.SessionID]billing.Tab
	bills    map[ident.BillID]billing.Bill
	uses     map[ident.SessionID][]plan.Use
	segments map[ident.SessionID][]session.Segment
	frames   map[ident.SessionID][]meter.Frame

	stations  memo[string, station.Detail]
	sites     memo[ident.SiteID, site.Site]
	tokens    memo[ident.TokenID, token.Token]
	customers memo[ident.CustomerID, customer.Customer]
	profiles  memo[ident.OrganisationID, billing.Profile]
	series    memo[ident.OrganisationID, []ledger.Series]
	snapshots memo[string, []byte]
	tariffs   memo[ident.TariffID, tariff.Tariff]
}

// spread puts on a desk what belongs to sessions, whose tabs are known.
func (s *Service) spread(ctx context.Context, views []session.View, tabs []billing.Tab) (*desk, error) {
	d := &desk{Store: s.Store, mine: map[ident.SessionID]bool{}, tabs: map[ident.SessionID]billing.Tab{}, bills: map[ident.BillID]billing.Bill{}}
	var standing []ident.BillID
	for _, t := range tabs {
		d.tabs[t.Session] = t
		if t.Bill != "" {
			standing = append(standing, t.Bill)
		}
	}
	bills, err := s.Store.BillsOf(ctx, standing)
	if err != nil {
		return nil, err
	}
	for _, b := range bills {
		d.bills[b.ID] = b
	}
	refs, ids := make([]session.Ref, len(views)), make([]ident.SessionID, len(views))
	for i := range views {
		refs[i], ids[i] = session.Ref{Station: views[i].Station, Session: views[i].ID}, views[i].ID
		d.mine[views[i].ID] = true
	}
	if d.uses, err = s.Store.UsesOf(ctx, ids); err != nil {
		return nil, err
	}
	if d.segments, err = s.Store.SegmentsOf(ctx, refs); err != nil {
		return nil, err
	}
	d.frames, err = s.Store.FramesOf(ctx, refs, rating.ReadingsMost)
	return d, err
}

// Uses are of a session of the chunk, or of another.
func (d *desk) Uses(ctx context.Context, ses ident.SessionID) ([]plan.Use, error) {
	if !d.mine[ses] {
		return d.Store.Uses(ctx, ses)
	}
	return d.uses[ses], nil
}

// Segments are of a session of the chunk, or of another.
func (d *desk) Segments(ctx context.Context, at ident.StationID, ses ident.SessionID) ([]session.Segment, error) {
	if !d.mine[ses] {
		return d.Store.Segments(ctx, at, ses)
	}
	return d.segments[ses], nil
}

// AllFrames are of a session of the chunk, or of another.
func (d *desk) AllFrames(ctx context.Context, at ident.StationID, ses ident.SessionID, limit int) ([]meter.Frame, error) {
	if !d.mine[ses] {
		return d.Store.AllFrames(ctx, at, ses, limit)
	}
	frames := d.frames[ses]
	return frames[:min(len(frames), limit)], nil
}

// Bill is one that stands, or another.
func (d *desk) Bill(ctx context.Context, org ident.OrganisationID, id ident.BillID) (billing.Bill, error) {
	if b, ok := d.bills[id]; ok {
		return b, nil
	}
	return d.Store.Bill(ctx, org, id)
}

// Station is read once.
func (d *desk) Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error) {
	return d.stations.of(ref, func() (station.Detail, error) { return d.Store.Station(ctx, org, ref) })
}

// Site is read once.
func (d *desk) Site(ctx context.Context, org ident.OrganisationID, id ident.SiteID) (site.Site, error) {
	return d.sites.of(id, func() (site.Site, error) { return d.Store.Site(ctx, org, id) })
}

// Token is read once.
func (d *desk) Token(ctx context.Context, org ident.OrganisationID, id ident.TokenID) (token.Token, error) {
	return d.tokens.of(id, func() (token.Token, error) { return d.Store.Token(ctx, org, id) })
}

// Customer is read once.
func (d *desk) Customer(ctx context.Context, org ident.OrganisationID, id ident.CustomerID) (customer.Customer, error) {
	return d.customers.of(id, func() (customer.Customer, error) { return d.Store.Customer(ctx, org, id) })
}

// Profile is read once.
func (d *desk) Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error) {
	return d.profiles.of(org, func() (billing.Profile, error) { return d.Store.Profile(ctx, org) })
}

// Series are read once: those that begin meanwhile are in the set.
func (d *desk) Series(ctx context.Context, org ident.OrganisationID) ([]ledger.Series, error) {
	return d.series.of(org, func() ([]ledger.Series, error) { return d.Store.Series(ctx, org) })
}

// Snapshot is read once.
func (d *desk) Snapshot(ctx context.Context, hash string) ([]byte, error) {
	return d.snapshots.of(hash, func() ([]byte, error) { return d.Store.Snapshot(ctx, hash) })
}

// Tariff is read once.
func (d *desk) Tariff(ctx context.Context, org ident.OrganisationID, id ident.TariffID) (tariff.Tariff, error) {
	return d.tariffs.of(id, func() (tariff.Tariff, error) { return d.Store.Tariff(ctx, org, id) })
}

// memo keeps what was read, and that nothing was found. The zero memo is empty.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]V
	none  map[K]error
}

// of returns what is known under a key, or what read returns for it.
func (m *memo[K, V]) of(key K, read func() (V, error)) (V, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, known := m.known[key]
	if err := m.none[key]; known || err != nil {
		return v, err
	}
	v, err := read()
	switch {
	case err == nil:
		if m.known == nil {
			m.known = map[K]V{}
		}
		m.known[key] = v
	case fault.Is(err, fault.NotFound):
		if m.none == nil {
			m.none = map[K]error{}
		}
		m.none[key] = err
	}
	return v, err
}
