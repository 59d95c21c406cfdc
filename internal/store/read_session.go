package store

import (
	"context"
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/session"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// sessionColumns are what a session is and how far it has come.
func sessionColumns(to []column, s *session.Session) []column {
	return progress.columns(sessions.columns(to, s), s)
}

func sessionFields() string { return sessions.list("s") + ", " + progress.list("p") }

const sessionJoin = "sessions s JOIN progress p ON p.station = s.station AND p.session = s.id"

func sessionFrom() string { return "SELECT " + sessionFields() + " FROM " + sessionJoin + " " }

// viewJoin adds what readers know a session's token and station by.
const viewJoin = sessionJoin + " LEFT JOIN tokens t ON t.id = s.token LEFT JOIN stations st ON st.id = s.station"

func viewFields() string { return sessionFields() + ", COALESCE(t.uid, ''), COALESCE(st.identity, '')" }

func viewColumns(to []column, v *session.View) []column {
	return append(sessionColumns(to, &v.Session), text("uid", &v.TokenUID), text("identity", &v.Identity))
}

// Session returns a session of org.
func (s *Store) Session(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (session.View, error) {
	v, err := one(ctx, s, "SELECT "+viewFields()+" FROM "+viewJoin+" WHERE s.id = $1", viewColumns, string(id))
	if err == nil && org != "" && v.Organisation != org {
		return session.View{}, errNotFound
	}
	return v, err
}

// Sessions lists sessions of org by "started_at", latest first.
func (s *Store) Sessions(ctx context.Context, org ident.OrganisationID, f session.Filter, q page.Query) (page.Result[session.View], error) {
	var c conditions
	if org != "" {
		c.where("s.org = ?", string(org))
	}
	among(&c, "s.status", f.Status)
	if f.Station != "" {
		c.where("s.station = ?", string(f.Station))
	}
	if f.Token != "" {
		c.where("s.token = ?", string(f.Token))
		c.where("s.token <> ''") // so says the index on tokens
	}
	if !f.From.IsZero() {
		c.where("s.started_at >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		c.where("s.started_at < ?", f.To.UnixMicro())
	}
	return listing[session.View]{
		name: "sessions", fields: viewFields(), columns: viewColumns, from: viewJoin, id: "s.id",
		sorts: map[string]order{"started_at": {by: "s.started_at", number: true}}, usual: "-started_at",
	}.page(ctx, s, q, c)
}

// SessionByTransaction returns the latest session of a station with this
// transaction id: stations that lose their memory use one again.
func (s *Store) SessionByTransaction(ctx context.Context, id ident.StationID, transaction string) (session.Session, error) {
	return one(ctx, s, sessionFrom()+"WHERE s.station = $1 AND s.transaction_id = $2 ORDER BY s.started_at DESC, s.id DESC LIMIT 1",
		sessionColumns, string(id), transaction)
}

// SessionByStartKey returns the latest session of a station with this start key.
func (s *Store) SessionByStartKey(ctx context.Context, id ident.StationID, key string) (session.Session, error) {
	return one(ctx, s, sessionFrom()+"WHERE s.station = $1 AND s.start_key = $2 AND s.start_key <> '' ORDER BY s.started_at DESC, s.id DESC LIMIT 1",
		sessionColumns, string(id), key)
}

// LastSession returns the session that ended last at a place of a station;
// connector 0 is any of the EVSE.
func (s *Store) LastSession(ctx context.Context, id ident.StationID, evse, connector int) (session.Session, error) {
	return one(ctx, s, sessionFrom()+`WHERE s.station = $1 AND s.evse = $2 AND s.evse > 0 AND s.ended_at IS NOT NULL AND ($3 = 0 OR s.connector = $4)
		ORDER BY s.started_at DESC, s.id DESC LIMIT 1`, sessionColumns, string(id), evse, connector, connector)
}

// Segments returns the stretches of a session, in order.
func (s *Store) Segments(ctx context.Context, id ident.StationID, ses ident.SessionID) ([]session.Segment, error) {
	rows, err := all(ctx, s, segments.from()+"WHERE t.station = $1 AND t.session = $2 ORDER BY t.number", segments.columns, string(id), string(ses))
	if err != nil {
		return nil, err
	}
	found := make([]session.Segment, len(rows))
	for i := range rows {
		found[i] = rows[i].row
	}
	return found, nil
}

// Totals counts what org has at the moment, and the energy of its sessions that
// began since the given time, as far as they have come.
func (s *Store) Totals(ctx context.Context, org ident.OrganisationID, since time.Time) (session.Totals, error) {
	return one(ctx, s, `SELECT
		(SELECT COUNT(*) FROM stations WHERE org = $1),
		(SELECT COUNT(*) FROM links WHERE org = $2 AND online AND node IN (SELECT node FROM nodes WHERE ended_at IS NULL)),
		o.sessions, o.power,
		(o.energy + (SELECT CAST(COALESCE(SUM(ended_energy_mwh), 0) AS BIGINT) FROM sessions WHERE org = $3 AND started_at >= $4)) / 1000
		FROM (SELECT COUNT(*) AS sessions, CAST(COALESCE(SUM(p.power_w), 0) AS BIGINT) AS power,
			CAST(COALESCE(SUM(CASE WHEN s.started_at >= $5 THEN p.energy_mwh ELSE 0 END), 0) AS BIGINT) AS energy
			FROM `+sessionJoin+` WHERE s.org = $6 AND s.status IN ('pending', 'active')) o`,
		func(to []column, t *session.Totals) []column {
			return append(to,
				number("stations", &t.Stations), number("online", &t.Online), number("sessions", &t.Sessions),
				number("power", &t.Power), number("energy", &t.EnergyToday),
			)
		}, string(org), string(org), string(org), since.UnixMicro(), since.UnixMicro(), string(org))
}

// Token returns a token of org.
func (s *Store) Token(ctx context.Context, org ident.OrganisationID, id ident.TokenID) (token.Token, error) {
	return oneOf(ctx, s, tokens, org, string(id))
}

// TokenByUID returns the token of org with a uid, compared as [token.Key] does.
func (s *Store) TokenByUID(ctx context.Context, org ident.OrganisationID, uid string) (token.Token, error) {
	return one(ctx, s, tokens.from()+"WHERE t.org = $1 AND t.uid_key = $2", tokens.columns, string(org), token.Key(uid))
}

// Tokens lists tokens of org by "created_at", latest first, or "seen_at".
func (s *Store) Tokens(ctx context.Context, org ident.OrganisationID, f token.Filter, q page.Query) (page.Result[token.Token], error) {
	c := of(org)
	among(&c, "t.status", f.Status)
	if f.Group != "" {
		c.where("t.group_key = ?", token.Key(f.Group))
	}
	if f.Customer != "" {
		c.where("t.customer = ?", string(f.Customer))
		c.where("t.customer <> ''") // so says the index on customers
	}
	if f.Query != "" {
		p := containing(f.Query)
		c.where(`(LOWER(t.uid) LIKE ? ESCAPE '\' OR LOWER(t.label) LIKE ? ESCAPE '\')`, p, p)
	}
	l := plainList("tokens", tokens, "-created_at")
	l.sorts = map[string]order{
		"created_at": {by: "t.created_at", number: true},
		"seen_at":    {by: "COALESCE(t.seen_at, 0)", number: true},
	}
	return l.page(ctx, s, q, c)
}

// Command returns a command of org.
func (s *Store) Command(ctx context.Context, org ident.OrganisationID, id ident.CommandID) (command.Command, error) {
	return oneOf(ctx, s, commands, org, string(id))
}

// Commands lists commands of org, newest first.
func (s *Store) Commands(ctx context.Context, org ident.OrganisationID, f command.Filter, q page.Query) (page.Result[command.Command], error) {
	c := of(org)
	if f.Station != "" {
		c.where("t.station = ?", string(f.Station))
	}
	among(&c, "t.state", f.State)
	return plainList("commands", commands, "-").page(ctx, s, q, c)
}

// openMax bounds the open commands that are read at once, for a station as for
// a node: what is behind them has its turn when they are done.
const openMax = 1000

// OpenCommands returns the unfinished commands of a station, oldest first.
func (s *Store) OpenCommands(ctx context.Context, id ident.StationID) ([]command.Command, error) {
	return all(ctx, s, commands.from()+"WHERE t.station = $1 AND t.finished_at IS NULL ORDER BY t.id LIMIT $2", commands.columns, string(id), openMax)
}

// OpenCommandsOfNode returns the unfinished commands of the stations that are
// connected to a node, of each station oldest first.
func (s *Store) OpenCommandsOfNode(ctx context.Context, node ident.NodeID) ([]command.Command, error) {
	return all(ctx, s, commands.from()+`JOIN links l ON l.station = t.station WHERE t.finished_at IS NULL AND l.online AND l.node = $1
		ORDER BY t.station, t.id LIMIT $2`, commands.columns, string(node), openMax)
}

// OverdueCommands returns at most limit unfinished commands whose deadline was
// before now, the oldest deadline first.
func (s *Store) OverdueCommands(ctx context.Context, now time.Time, limit int) ([]command.Command, error) {
	return all(ctx, s, commands.from()+"WHERE t.finished_at IS NULL AND t.deadline < $1 ORDER BY t.deadline LIMIT $2",
		commands.columns, now.UnixMicro(), limit)
}
