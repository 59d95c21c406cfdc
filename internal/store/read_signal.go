package store

import (
	"context"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/device"
	"pylon/internal/domain/signal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Signal returns a series of prices or of a signal of org.
func (s *Store) Signal(ctx context.Context, org ident.OrganisationID, id ident.SeriesID) (signal.Series, error) {
	return oneOf(ctx, s, signals, org, string(id))
}

// Signals lists the series of prices and signals of org, oldest first.
func (s *Store) Signals(ctx context.Context, org ident.OrganisationID, f signal.Filter, q page.Query) (page.Result[signal.Series], error) {
	c := of(org)
	if f.Name != "" {
		c.where("t.name = ?", f.Name)
	}
	if f.Site != "" {
		c.where("t.site = ?", string(f.Site))
	}
	return plainList("series", signals, "").page(ctx, s, q, c)
}

// CountSignals returns how many series of prices and signals org has.
func (s *Store) CountSignals(ctx context.Context, org ident.OrganisationID) (int, error) {
	return one(ctx, s, "SELECT COUNT(*) FROM series WHERE org = $1", func(to []column, n *int) []column { return append(to, number("count", n)) }, string(org))
}

// SignalFor returns the series of a name that counts at a site: the site's own, or
// else the organisation's.
func (s *Store) SignalFor(ctx context.Context, org ident.OrganisationID, site ident.SiteID, name string) (signal.Series, error) {
	return one(ctx, s, signals.from()+"WHERE t.org = $1 AND t.name = $2 AND t.site IN ($3, '') ORDER BY t.site DESC", signals.columns,
		string(org), name, string(site))
}

// Points returns the points of a series that hold at some time from the first
// moment to the last, this one not included, in order, at most limit of them.
func (s *Store) Points(ctx context.Context, id ident.SeriesID, from, to time.Time, limit int) ([]signal.Point, error) {
	first := from.UnixMicro()
	return few(ctx, s, points.from()+`WHERE t.series = $1 AND t.starts_at >= COALESCE((SELECT MAX(p.starts_at) FROM series_points p WHERE p.series = $2 AND p.starts_at <= $3), $4)
		AND t.starts_at < $5 AND t.ends_at > $6 ORDER BY t.starts_at LIMIT $7`, points.columns,
		string(id), string(id), first, first, to.UnixMicro(), first, int64(limit))
}

// HasPoints reports whether anything was ever told of a series.
func (s *Store) HasPoints(ctx context.Context, id ident.SeriesID) (bool, error) {
	found, err := few(ctx, s, points.from()+"WHERE t.series = $1 ORDER BY t.starts_at DESC LIMIT 1", points.columns, string(id))
	return len(found) > 0, err
}

// ListPoints lists the points of a series that begin from the first moment to the last, this one
// not included, in order, and the one that holds at the first. A zero moment does not bound.
func (s *Store) ListPoints(ctx context.Context, id ident.SeriesID, from, to time.Time, q page.Query) (page.Result[signal.Point], error) {
	var c conditions
	c.where("t.series = ?", string(id))
	if !from.IsZero() {
		c.where("t.ends_at > ?", from.UnixMicro())
		c.where("t.starts_at >= COALESCE((SELECT MAX(p.starts_at) FROM series_points p WHERE p.series = ? AND p.starts_at <= ?), ?)",
			string(id), from.UnixMicro(), from.UnixMicro())
	}
	if !to.IsZero() {
		c.where("t.starts_at < ?", to.UnixMicro())
	}
	return listing[signal.Point]{
		name: "points", fields: points.list("t"), columns: points.columns, from: "series_points t", id: "t.series",
		sorts: map[string]order{"starts_at": {by: "t.starts_at", number: true}}, usual: "starts_at",
	}.page(ctx, s, q, c)
}

// MeterKeys returns the keys that the meters of a station have had, as far as it
// told them, the youngest first.
func (s *Store) MeterKeys(ctx context.Context, id ident.StationID) ([]device.MeterKey, error) {
	return few(ctx, s, meterKeys.from()+"WHERE t.station = $1 ORDER BY t.told_at DESC, t.evse, t.digest", meterKeys.columns, string(id))
}

// HeldFor returns tabs of org that are held for a reason, by session, those
// behind one, at most limit of them.
func (s *Store) HeldFor(
	ctx context.Context, org ident.OrganisationID, reason string, after ident.SessionID, limit int,
) ([]billing.Tab, error) {
	return few(ctx, s, tabs.from()+"WHERE t.org = $1 AND t.reason = $2 AND t.state = 'held' AND t.session > $3 ORDER BY t.session LIMIT $4", tabs.columns,
		string(org), reason, string(after), int64(limit))
}

// HeldAt returns tabs of sessions at a station that are held, by session, those
// behind one, at most limit of them.
func (s *Store) HeldAt(ctx context.Context, id ident.StationID, after ident.SessionID, limit int) ([]billing.Tab, error) {
	return few(ctx, s, tabs.from()+"WHERE t.station = $1 AND t.state = 'held' AND t.session > $2 ORDER BY t.session LIMIT $3", tabs.columns,
		string(id), string(after), int64(limit))
}
