package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// detailRow is a station as it is read: with its link, whether the node of the
// link lives, and one connector when they are joined.
type detailRow struct {
	station.Detail
	alive     bool
	connector owned[station.Connector]
	joined    bool
	charging  bool // it has open sessions; of [Store.Owned] alone
}

// detailFrom joins what a station's detail needs but its connectors.
const detailFrom = "stations t JOIN links l ON l.station = t.id LEFT JOIN nodes n ON n.node = l.node AND n.ended_at IS NULL"

func detailFields() string {
	return stations.list("t") + ", " + links.list("l") + ", l.epoch, n.node IS NOT NULL"
}

func detailColumns(to []column, d *detailRow) []column {
	to = links.columns(stations.columns(to, &d.Station), &d.Link)
	return append(to, number("epoch", &d.Epoch), flag("alive", &d.alive))
}

// detail returns the row as others see it: the connections of a dead node are
// no connections, and since when, nobody knows better than when the station
// was last heard.
func (d *detailRow) detail() station.Detail {
	if d.Online && !d.alive {
		d.Online, d.Node, d.Since, d.CloseReason = false, "", d.LastSeen, station.NodeLost
	}
	return d.Detail
}

// stationBy returns the station that a condition finds, with its connectors,
// in one query: a station has few of them.
func (s *Store) stationBy(ctx context.Context, condition string, args ...any) (station.Detail, error) {
	query := "SELECT " + detailFields() + ", c.station IS NOT NULL, " + connectors.list("c") + " FROM " + detailFrom +
		" LEFT JOIN connectors c ON c.station = t.id WHERE " + condition + " ORDER BY c.evse, c.connector"
	rows, err := all(ctx, s, query, func(to []column, d *detailRow) []column {
		to = append(detailColumns(to, d), flag("joined", &d.joined))
		return optional(connectors.columns(to, &d.connector), len(to))
	}, args...)
	if err != nil {
		return station.Detail{}, err
	}
	return detailOf(rows)
}

// ownedFields are what an owner reads beside the detail.
func ownedFields() string {
	return `EXISTS (SELECT 1 FROM sessions s WHERE s.station = t.id AND s.ended_at IS NULL),
		EXISTS (SELECT 1 FROM commands m WHERE m.station = t.id AND m.finished_at IS NULL),
		c.station IS NOT NULL, ` + connectors.list("c")
}

func ownedColumns(to []column, d *detailRow) []column {
	to = append(to, flag("charging", &d.charging), flag("asked", &d.Asked), flag("joined", &d.joined))
	return optional(connectors.columns(to, &d.connector), len(to))
}

// ownedBy is stationBy for an owner, who also wants to know what else there is to
// be read: a storm of connects asks for each station that comes.
func (s *Store) ownedBy(ctx context.Context, id ident.StationID) (d station.Detail, charging bool, err error) {
	query := "SELECT " + detailFields() + ", " + ownedFields() + " FROM " + detailFrom +
		" LEFT JOIN connectors c ON c.station = t.id WHERE t.id = $1 ORDER BY c.evse, c.connector"
	rows, err := few(ctx, s, query, func(to []column, d *detailRow) []column {
		return ownedColumns(detailColumns(to, d), d)
	}, string(id))
	if err != nil {
		return station.Detail{}, false, err
	}
	if d, err = detailOf(rows); err != nil {
		return d, false, err
	}
	return d, rows[0].charging, nil
}

// Known is [Store.Owned] for who has read the station before: when it is still in
// that version, it is not read again, for it is most of what is to be read.
func (s *Store) Known(ctx context.Context, was *station.Station) (station.Detail, []session.Session, error) {
	query := "SELECT t.version, " + links.list("l") + ", l.epoch, n.node IS NOT NULL, " + ownedFields() + " FROM " + detailFrom +
		" LEFT JOIN connectors c ON c.station = t.id WHERE t.id = $1 ORDER BY c.evse, c.connector"
	rows, err := few(ctx, s, query, func(to []column, d *detailRow) []column {
		to = links.columns(append(to, number("version", &d.Station.Version)), &d.Link)
		to = append(to, number("epoch", &d.Epoch), flag("alive", &d.alive))
		return ownedColumns(to, d)
	}, string(was.ID))
	if err != nil {
		return station.Detail{}, nil, err
	}
	d, err := detailOf(rows)
	switch {
	case err != nil:
		return d, nil, err
	case d.Station.Version != was.Version:
		return s.Owned(ctx, was.ID)
	}
	d.Station = *was
	if !rows[0].charging {
		return d, nil, nil
	}
	open, err := s.openSessions(ctx, was.ID)
	return d, open, err
}

// detailOf makes a station of its rows, one for each connector.
func detailOf(rows []detailRow) (station.Detail, error) {
	if len(rows) == 0 {
		return station.Detail{}, errNotFound
	}
	d := rows[0].detail()
	for i := range rows {
		if rows[i].joined {
			d.Connectors = append(d.Connectors, rows[i].connector.row)
		}
	}
	return d, nil
}

// Station returns a station of org by its id or its OCPP identity.
func (s *Store) Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error) {
	mine, args := "", []any{ref}
	if org != "" {
		mine, args = " AND t.org = $2", append(args, string(org))
	}
	if _, err := ident.Parse[ident.StationID](ref); err == nil {
		d, err := s.stationBy(ctx, "t.id = $1"+mine, args...)
		if !fault.Is(err, fault.NotFound) {
			return d, err
		}
	}
	return s.stationBy(ctx, "t.identity = $1"+mine, args...)
}

// Owned returns a station with its connectors and its open sessions, oldest
// first: what its owner keeps in memory.
// Of commands it tells whether there are any: most stations come back without.
func (s *Store) Owned(ctx context.Context, id ident.StationID) (station.Detail, []session.Session, error) {
	d, charging, err := s.ownedBy(ctx, id)
	if err != nil || !charging {
		return d, nil, err
	}
	open, err := s.openSessions(ctx, id)
	return d, open, err
}

// openSessions returns those of a station, oldest first.
func (s *Store) openSessions(ctx context.Context, id ident.StationID) ([]session.Session, error) {
	return few(ctx, s, sessionFrom()+"WHERE s.station = $1 AND s.ended_at IS NULL ORDER BY s.started_at, s.id", sessionColumns, string(id))
}

// GoneLinks returns links of stations that have been away since before and have
// open sessions: only their station and epoch. Those of a dead node are away
// since it died.
func (s *Store) GoneLinks(ctx context.Context, before time.Time, limit int) ([]station.Link, error) {
	const charging = " AND EXISTS (SELECT 1 FROM sessions s WHERE s.station = l.station AND s.ended_at IS NULL) "
	columns := func(to []column, l *station.Link) []column {
		return append(to, text("station", &l.Station), number("epoch", &l.Epoch))
	}
	gone, err := all(ctx, s, "SELECT l.station, l.epoch FROM links l WHERE NOT l.online AND l.since < $1"+charging+"ORDER BY l.since LIMIT $2",
		columns, before.UnixMicro(), limit)
	if err != nil {
		return nil, err
	}
	orphans, err := all(ctx, s, "SELECT l.station, l.epoch FROM nodes n CROSS JOIN links l WHERE l.node = n.node AND l.online AND n.ended_at < $1"+charging+"LIMIT $2",
		columns, before.UnixMicro(), limit)
	return append(gone, orphans...), err
}

// StationByIdentity returns a station of an organisation, which is the first one
// when slug is "".
func (s *Store) StationByIdentity(ctx context.Context, slug string, id ident.Identity) (station.Station, error) {
	which, args := "is_first", []any{string(id)}
	if slug != "" {
		which, args = "slug = $2", append(args, slug)
	}
	return one(ctx, s, stations.from()+"WHERE t.identity = $1 AND t.org = (SELECT org FROM organisations WHERE "+which+")", stations.columns, args...)
}

// Stations lists stations of org, by "station_id" (the usual order) or "created_at".
func (s *Store) Stations(ctx context.Context, org ident.OrganisationID, f station.Filter, q page.Query) (page.Result[station.Detail], error) {
	c, err := s.stationsThat(ctx, org, f)
	if err != nil {
		return page.Result[station.Detail]{}, err
	}
	found, err := listing[detailRow]{
		name: "stations", fields: detailFields(), columns: detailColumns, from: detailFrom, id: "t.id",
		sorts: map[string]order{"station_id": {by: "t.identity"}, "created_at": {by: "t.created_at", number: true}}, usual: "station_id",
	}.page(ctx, s, q, c)
	if err != nil {
		return page.Result[station.Detail]{}, err
	}
	ids := make([]ident.StationID, len(found.Items))
	for i := range found.Items {
		ids[i] = found.Items[i].Station.ID
	}
	have, err := s.connectorsOf(ctx, ids)
	if err != nil {
		return page.Result[station.Detail]{}, err
	}
	result := page.Result[station.Detail]{Next: found.Next}
	for i := range found.Items {
		d := found.Items[i].detail()
		d.Connectors = have[d.Station.ID]
		result.Items = append(result.Items, d)
	}
	return result, nil
}

// stationsThat turns a filter into conditions.
func (s *Store) stationsThat(ctx context.Context, org ident.OrganisationID, f station.Filter) (conditions, error) {
	var c, status, online, variable conditions
	c.asked = fmt.Sprintf("%q %q %q %q %t %t %q %q %t %q", org, f.Status, f.Site, f.Registration, f.Online != nil, f.Online != nil && *f.Online,
		f.Query, f.Variable, f.Value != nil, orEmpty(f.Value))
	few := false
	if among(&status, "c.status", f.Status); len(f.Status) > 0 {
		var err error
		if few, err = s.narrow(ctx, &c, "connectors c", status, org); err != nil {
			return c, err
		}
	}
	if f.Online != nil && *f.Online {
		online.where("c.online AND c.node IN (SELECT node FROM nodes WHERE ended_at IS NULL)")
		fewer, err := s.narrow(ctx, &c, "links c", online, org)
		if err != nil {
			return c, err
		}
		few = few || fewer
	}
	if f.Variable != "" {
		variable.where("c.variable_key = ?", f.Variable)
		if f.Value != nil {
			variable.where("c.value = ?", *f.Value)
		}
		fewer, err := s.narrow(ctx, &c, "device_index c", variable, org)
		if err != nil {
			return c, err
		}
		few = few || fewer
	}
	if !few && org != "" { // the few are of org, and the list of its stations must not seem the better way
		c.where("t.org = ?", string(org))
	}
	if f.Online != nil && !*f.Online {
		c.where("NOT (l.online AND n.node IS NOT NULL)")
	}
	if f.Site != "" {
		c.where("t.site = ?", string(f.Site))
	}
	if f.Registration != "" {
		c.where("t.registration = ?", string(f.Registration))
	}
	if f.Query != "" {
		c.where(`t.search LIKE ? ESCAPE '\'`, containing(f.Query))
	}
	return c, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// fewRows is where it pays to fetch and sort what a filter finds rather than to
// walk along the list until enough of it was met.
const fewRows = 1000

// narrow adds the condition that a station has a row c in another table that
// fulfils what is asked, in the way that suits the number of such rows. few
// says that the condition finds few stations, of org only.
func (s *Store) narrow(ctx context.Context, to *conditions, from string, asked conditions, org ident.OrganisationID) (few bool, err error) {
	mine := asked
	mine.where("c.org = ?", string(org))
	all := strings.Join(mine.texts, " AND ")
	n, err := s.firstNumber(ctx, numbered("SELECT COUNT(*) FROM (SELECT 1 FROM "+from+" WHERE "+all+" LIMIT ?) AS few"), append(slices.Clone(mine.args), fewRows)...)
	switch {
	case err != nil:
	case n < fewRows && org != "":
		to.where("t.id IN (SELECT c.station FROM "+from+" WHERE "+all+")", mine.args...)
		return true, nil
	default:
		to.where("EXISTS (SELECT 1 FROM "+from+" WHERE c.station = t.id AND "+all+")", mine.args...)
	}
	return false, err
}

// connectorsOf returns the connectors of stations, each station's in their order. A
// page of stations asks for them together: one by one, most of its time is the way to
// the database and back.
func (s *Store) connectorsOf(ctx context.Context, ids []ident.StationID) (map[ident.StationID][]station.Connector, error) {
	rows, err := askedFor(ctx, s, keysOf(ids), func(few string) string {
		return "SELECT " + connectors.list("t") + " FROM " + few + " CROSS JOIN connectors t WHERE t.station = few.column1 ORDER BY t.station, t.evse, t.connector"
	}, connectors.columns)
	found := make(map[ident.StationID][]station.Connector, len(ids))
	for i := range rows {
		c := rows[i].row
		found[c.Station] = append(found[c.Station], c)
	}
	return found, err
}

// Intervals lists what a station's connectors, and its connection, did at any
// time in [from, to), latest beginning first. A zero to is no end.
func (s *Store) Intervals(ctx context.Context, id ident.StationID, from, to time.Time, q page.Query) (page.Result[station.Interval], error) {
	var c conditions
	c.where("t.station = ?", string(id))
	if !from.IsZero() {
		c.where("(t.to_at IS NULL OR t.to_at > ?)", from.UnixMicro())
	}
	if !to.IsZero() {
		c.where("t.from_at < ?", to.UnixMicro())
	}
	found, err := listing[owned[station.Interval]]{
		name: "intervals", fields: intervals.list("t"), columns: intervals.columns, from: "intervals t",
		id:    "CAST(t.evse * 1000 + t.connector AS TEXT)", // unique with the beginning
		sorts: map[string]order{"from": {by: "t.from_at", number: true}}, usual: "-from",
	}.page(ctx, s, q, c)
	result := page.Result[station.Interval]{Next: found.Next}
	for i := range found.Items {
		result.Items = append(result.Items, found.Items[i].row)
	}
	return result, err
}

// Finding returns a finding of org.
func (s *Store) Finding(ctx context.Context, org ident.OrganisationID, id ident.FindingID) (station.Finding, error) {
	return oneOf(ctx, s, findings, org, string(id))
}

// Findings lists findings of org, newest first.
func (s *Store) Findings(ctx context.Context, org ident.OrganisationID, f station.FindingFilter, q page.Query) (page.Result[station.Finding], error) {
	c := of(org)
	if f.Station != "" {
		c.where("t.station = ?", string(f.Station))
	}
	if f.Session != "" {
		c.where("t.session = ?", string(f.Session))
	}
	among(&c, "t.code", f.Code)
	if f.Open {
		c.where("t.resolved_at IS NULL")
	}
	return plainList("findings", findings, "-").page(ctx, s, q, c)
}
