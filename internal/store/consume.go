package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/report"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

var cursors = table[event.Cursor]{"cursors", 2, 2, func(to []column, c *event.Cursor) []column {
	return append(to,
		text("consumer", &c.Consumer),
		streamOf("stream", &c.Position),
		number("number", &c.Number),
		number("tries", &c.Tries),
		number("version", &c.Version),
	)
}}

var deadLetters = table[event.DeadLetter]{"dead_letters", 1, 11, func(to []column, l *event.DeadLetter) []column {
	e := &l.Event
	return append(to,
		text("id", &l.ID),
		text("consumer", &l.Consumer),
		place("place", &e.Position),
		text("org", &e.Organisation),
		text("type", &e.Type),
		text("site", &e.Site),
		text("station", &e.Station),
		text("subject", &e.Subject),
		number("subject_version", &e.Version),
		always("at", &e.At),
		raw("data", &e.JSON),
		text("code", &l.Code),
		text("error", &l.Error),
		number("tries", &l.Tries),
		always("failed_at", &l.FailedAt),
		when("settled_at", &l.SettledAt),
		text("finding", &l.Finding),
		number("version", &l.Version),
	)
}}

var usageDays = table[report.Day]{"usage_days", 1, 5, func(to []column, d *report.Day) []column {
	return append(to,
		derived("id", string(d.Date)+"/"+string(d.Station)+"/"+string(d.Site)),
		text("org", &d.Organisation),
		text("station", &d.Station),
		text("site", &d.Site),
		text("day", &d.Date),
		number("sessions", &d.Sessions),
		number("energy_mwh", &d.Energy),
		lasting("charging_us", &d.Charging),
		number("version", &d.Version),
	)
}}

// consumed adds what a consumer makes of events, and how far it has come.
func (p *planner) consumed() error {
	return errors.Join(
		writeAll(p, &p.cursors, p.set.Cursors),
		writeAll(p, &p.deadLetters, p.set.DeadLetters),
		writeAll(p, &p.usage, p.set.Usage),
	)
}

// Streams returns every stream that there is, oldest first.
func (s *Store) Streams(ctx context.Context) ([]event.Stream, error) {
	states, err := s.streams(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]event.Stream, len(states))
	for i, of := range states {
		found[i] = event.Stream{Name: strconv.FormatInt(of.number, 10), Head: of.head, Pruned: of.pruned, Ended: !of.endedAt.IsZero()}
	}
	return found, nil
}

// StreamAfter returns the events of all organisations behind a position, at
// most limit of them, and the stream as it was just before: when it has ended,
// and they reach its head, nothing follows.
func (s *Store) StreamAfter(ctx context.Context, after event.Position, limit int) (event.Stream, []event.Recorded, error) {
	name, err := strconv.ParseInt(after.Stream, 10, 64)
	if err != nil {
		return event.Stream{}, nil, fmt.Errorf("stream %q: %w", after.Stream, err)
	}
	of, err := one(ctx, s, "SELECT head, pruned, ended_at IS NOT NULL FROM streams WHERE stream = $1", func(to []column, v *event.Stream) []column {
		return append(to, number("head", &v.Head), number("pruned", &v.Pruned), flag("ended", &v.Ended))
	}, name)
	of.Name = after.Stream
	if err != nil || after.Number >= of.Head {
		return of, nil, err
	}
	from := max(after.Number, of.Pruned)
	found, err := s.eventsOf(ctx, "", name, from, min(from+int64(limit), of.Head), limit)
	return of, found, err
}

// Cursors returns how far a consumer has come, by stream.
func (s *Store) Cursors(ctx context.Context, consumer string) ([]event.Cursor, error) {
	return all(ctx, s, cursors.from()+"WHERE t.consumer = $1 ORDER BY t.stream", cursors.columns, consumer)
}

// Cursor returns how far a consumer has come in a stream. NotFound: it has not
// begun.
func (s *Store) Cursor(ctx context.Context, consumer, stream string) (event.Cursor, error) {
	name, err := strconv.ParseInt(stream, 10, 64)
	if err != nil {
		return event.Cursor{}, fmt.Errorf("stream %q: %w", stream, err)
	}
	return one(ctx, s, cursors.from()+"WHERE t.consumer = $1 AND t.stream = $2", cursors.columns, consumer, name)
}

// DeadLetter returns one of org.
func (s *Store) DeadLetter(ctx context.Context, org ident.OrganisationID, id ident.DeadLetterID) (event.DeadLetter, error) {
	return oneOf(ctx, s, deadLetters, org, string(id))
}

// DeadLetters lists those of org, newest first; with open only those that still
// lie there.
func (s *Store) DeadLetters(ctx context.Context, org ident.OrganisationID, open bool, q page.Query) (page.Result[event.DeadLetter], error) {
	c := of(org)
	if open {
		c.where("t.settled_at IS NULL")
	}
	return plainList("dead letters", deadLetters, "-").page(ctx, s, q, c)
}

// UsageOf returns a station's rows of one day.
func (s *Store) UsageOf(ctx context.Context, id ident.StationID, day report.Date) ([]report.Day, error) {
	return all(ctx, s, usageDays.from()+"WHERE t.station = $1 AND t.day = $2 ORDER BY t.id", usageDays.columns, string(id), string(day))
}

// Usage lists days of org, the youngest first.
func (s *Store) Usage(ctx context.Context, org ident.OrganisationID, f report.Filter, q page.Query) (page.Result[report.Day], error) {
	c := of(org)
	if f.From != "" {
		c.where("t.id >= ?", string(f.From))
	}
	if f.To != "" {
		c.where("t.id < ?", string(f.To.Add(1)))
	}
	if f.Station != "" {
		c.where("t.station = ?", string(f.Station))
	}
	if f.Site != "" {
		c.where("t.site = ?", string(f.Site))
	}
	return plainList("usage", usageDays, "-").page(ctx, s, q, c)
}

// Charges returns what a station's sessions came to that began in [from, to)
// and have ended, in no order: with one, SQLite walks the sessions of the whole
// organisation.
func (s *Store) Charges(ctx context.Context, org ident.OrganisationID, id ident.StationID, from, to time.Time) ([]report.Charge, error) {
	return all(ctx, s, `SELECT s.site, s.started_at, s.time_zone, s.ended_energy_mwh,
		(SELECT CAST(COALESCE(SUM(g.to_at - g.from_at), 0) AS BIGINT) FROM segments g WHERE g.station = s.station AND g.session = s.id AND g.state = $1 AND g.to_at IS NOT NULL)
		FROM sessions s WHERE s.org = $2 AND s.station = $3 AND s.ended_at IS NOT NULL AND s.started_at >= $4 AND s.started_at < $5`,
		func(to []column, c *report.Charge) []column {
			return append(to,
				text("site", &c.Site), always("started_at", &c.StartedAt), text("time_zone", &c.TimeZone),
				number("energy", &c.Energy), lasting("charging", &c.Charging),
			)
		}, string(session.StateCharging), string(org), string(id), from.UnixMicro(), to.UnixMicro())
}

// streamCell is the stream of a position as a number.
type streamCell struct{ p *event.Position }

func (c streamCell) value() (driver.Value, error) { return strconv.ParseInt(c.p.Stream, 10, 64) }

func (c streamCell) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "a stream")
	}
	c.p.Stream = strconv.FormatInt(v, 10)
	return nil
}
