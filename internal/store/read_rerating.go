package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Rerating returns a re-rating of org.
func (s *Store) Rerating(ctx context.Context, org ident.OrganisationID, id ident.ReratingID) (rerating.Rerating, error) {
	return oneOf(ctx, s, reratings, org, string(id))
}

// Reratings lists the re-ratings of org, newest first.
func (s *Store) Reratings(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[rerating.Rerating], error) {
	return plainList("reratings", reratings, "-").page(ctx, s, q, of(org))
}

// OpenReratings returns at most limit re-ratings that have not ended, oldest first:
// of each organisation one, so that none keeps another waiting.
func (s *Store) OpenReratings(ctx context.Context, limit int) ([]ident.ReratingID, error) {
	return all(ctx, s, "SELECT o.id FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY org ORDER BY id) AS place FROM reratings t WHERE ended_at IS NULL) AS o "+
		"WHERE o.place = 1 ORDER BY o.id LIMIT $1", reratingID, limit)
}

// CountOpenReratings counts the re-ratings of org that have not ended.
func (s *Store) CountOpenReratings(ctx context.Context, org ident.OrganisationID) (int64, error) {
	return one(ctx, s, "SELECT COUNT(*) FROM reratings WHERE org = $1 AND ended_at IS NULL", func(to []column, n *int64) []column { return append(to, number("n", n)) }, string(org))
}

// OldReratings returns at most limit re-ratings that ended before a time and whose
// differences are still kept.
func (s *Store) OldReratings(ctx context.Context, before time.Time, limit int) ([]rerating.Rerating, error) {
	return all(ctx, s, reratings.from()+"WHERE NOT t.forgotten AND t.ended_at < $1 ORDER BY t.ended_at LIMIT $2", reratings.columns, before.UnixMicro(), limit)
}

func reratingID(to []column, id *ident.ReratingID) []column { return append(to, text("id", id)) }

// ReratingCustomers lists what each who pays would owe, by his name in the books
// and the currency.
func (s *Store) ReratingCustomers(ctx context.Context, id ident.ReratingID, q page.Query) (page.Result[rerating.CustomerSum], error) {
	var c conditions
	c.where("t.rerating = ?", string(id))
	return plainList("rerating_customers", reratingCustomers, "").page(ctx, s, q, c)
}

// Differences lists what a re-rating found of sessions, by their identifiers.
func (s *Store) Differences(ctx context.Context, id ident.ReratingID, f rerating.Filter, q page.Query) (page.Result[rerating.Difference], error) {
	var c conditions
	c.where("t.rerating = ?", string(id))
	if f.Debtor != "" {
		c.where("t.debtor = ?", f.Debtor)
	}
	if f.Outcome != "" {
		c.where("t.outcome = ?", string(f.Outcome))
	}
	return listing[rerating.Difference]{
		name: "rerating_differences", fields: differences.list("t"), columns: differences.columns, from: "rerating_differences t", id: "t.session",
		sorts: map[string]order{"": {by: "t.session"}},
	}.page(ctx, s, q, c)
}

// DifferencesAfter returns at most limit differences of a re-rating that have an
// outcome, "" for any, behind a session, by session.
func (s *Store) DifferencesAfter(
	ctx context.Context, id ident.ReratingID, outcome rerating.Outcome, after ident.SessionID, limit int,
) ([]rerating.Difference, error) {
	which, args := "", []any{string(id), string(after)}
	if outcome != "" {
		which, args = " AND t.outcome = $3", append(args, string(outcome))
	}
	args = append(args, limit)
	return all(ctx, s, differences.from()+"WHERE t.rerating = $1 AND t.session > $2"+which+" ORDER BY t.session LIMIT $"+strconv.Itoa(len(args)), differences.columns, args...)
}

// chosenSessions is the condition of a choice, as far as rows of sessions tell.
func chosenSessions(org ident.OrganisationID, of *rerating.Choice, after rerating.Place) conditions {
	var c conditions
	c.where("s.org = ?", string(org))
	if after.EndedAt.Before(of.From) {
		after = rerating.Place{EndedAt: of.From} // no session is before ""
	}
	c.where("(s.ended_at, s.id) > (?, ?)", after.EndedAt.UnixMicro(), string(after.Session))
	c.where("s.ended_at < ?", of.Until.UnixMicro())
	for _, is := range []struct{ column, value string }{{"s.site", string(of.Site)}, {"s.station", string(of.Station)}, {"s.token", string(of.Token)}} {
		if is.value != "" {
			c.where(is.column+" = ?", is.value)
		}
	}
	return c
}

func (c *conditions) text() string { return " WHERE " + strings.Join(c.texts, " AND ") }

// EndedSessions returns at most limit sessions of org that have ended, behind a
// place, by their ends. Who pays for them and what priced them is not looked at.
func (s *Store) EndedSessions(
	ctx context.Context, org ident.OrganisationID, of rerating.Choice, after rerating.Place, limit int,
) ([]session.View, error) {
	c := chosenSessions(org, &of, after)
	text := "SELECT " + viewFields() + " FROM " + viewJoin + c.text() + " ORDER BY s.ended_at, s.id LIMIT ?"
	return all(ctx, s, numbered(text), viewColumns, append(c.args, limit)...)
}

// CountEnded counts the sessions that [Store.EndedSessions] returns.
func (s *Store) CountEnded(ctx context.Context, org ident.OrganisationID, of rerating.Choice) (int64, error) {
	c := chosenSessions(org, &of, rerating.Place{})
	return one(ctx, s, numbered("SELECT COUNT(*) FROM sessions s"+c.text()), func(to []column, n *int64) []column { return append(to, number("n", n)) }, c.args...)
}

func keysOfSessions(of []session.Ref) [][]string {
	named := make([][]string, len(of))
	for i, r := range of {
		named[i] = []string{string(r.Station), string(r.Session)}
	}
	return named
}

// SessionsOf returns sessions of org, as many as are there.
func (s *Store) SessionsOf(ctx context.Context, org ident.OrganisationID, ids []ident.SessionID) ([]session.View, error) {
	found, err := askedFor(ctx, s, keysOf(ids), func(few string) string {
		return "SELECT " + viewFields() + " FROM " + few + " CROSS JOIN " + viewJoin + " WHERE s.id = few.column1"
	}, viewColumns)
	return slices.DeleteFunc(found, func(v session.View) bool { return v.Organisation != org }), err
}

// TabsOf returns the tabs of sessions, as many as have one.
func (s *Store) TabsOf(ctx context.Context, ids []ident.SessionID) ([]billing.Tab, error) {
	return askedFor(ctx, s, keysOf(ids), func(few string) string {
		return "SELECT " + tabs.list("t") + " FROM " + few + " CROSS JOIN tabs t WHERE t.session = few.column1"
	}, tabs.columns)
}

// BillsOf returns bills with their numbers, as many as are there.
func (s *Store) BillsOf(ctx context.Context, ids []ident.BillID) ([]billing.Bill, error) {
	found, err := askedFor(ctx, s, keysOf(ids), func(few string) string {
		return "SELECT " + billFields() + " FROM " + few + " CROSS JOIN " + billFrom + " WHERE t.id = few.column1"
	}, s.billColumns)
	all := make([]billing.Bill, len(found))
	for i := range found {
		all[i] = found[i].bill()
	}
	return all, err
}

// DifferencesOf returns what a re-rating has found of sessions, as many as it has
// looked at.
func (s *Store) DifferencesOf(ctx context.Context, id ident.ReratingID, ids []ident.SessionID) ([]rerating.Difference, error) {
	named := make([][]string, len(ids))
	for i, ses := range ids {
		named[i] = []string{string(id), string(ses)}
	}
	return askedFor(ctx, s, named, func(few string) string {
		return "SELECT " + differences.list("t") + " FROM " + few + " CROSS JOIN rerating_differences t WHERE t.rerating = few.column1 AND t.session = few.column2"
	}, differences.columns)
}

// UsesOf returns what sessions used, of each as [Store.Uses] does.
func (s *Store) UsesOf(ctx context.Context, ids []ident.SessionID) (map[ident.SessionID][]plan.Use, error) {
	rows, err := askedFor(ctx, s, keysOf(ids), func(few string) string {
		return "SELECT " + uses.list("t") + " FROM " + few + " CROSS JOIN " + uses.name + " t WHERE t.session = few.column1 ORDER BY t.source"
	}, uses.columns)
	found := make(map[ident.SessionID][]plan.Use, len(ids))
	for _, u := range rows {
		found[u.Session] = append(found[u.Session], u)
	}
	return found, err
}

// SegmentsOf returns the stretches of sessions, of each in order.
func (s *Store) SegmentsOf(ctx context.Context, of []session.Ref) (map[ident.SessionID][]session.Segment, error) {
	rows, err := askedFor(ctx, s, keysOfSessions(of), func(few string) string {
		return "SELECT " + segments.list("t") + " FROM " + few + " CROSS JOIN segments t WHERE t.station = few.column1 AND t.session = few.column2 ORDER BY t.number"
	}, segments.columns)
	found := make(map[ident.SessionID][]session.Segment, len(of))
	for i := range rows {
		g := &rows[i].row
		found[g.Session] = append(found[g.Session], *g)
	}
	return found, err
}

// FramesOf returns the frames of sessions, of each in order and at most limit.
// Those of a session that ended long ago are in blocks, and cost no question of their own.
func (s *Store) FramesOf(ctx context.Context, of []session.Ref, limit int) (map[ident.SessionID][]meter.Frame, error) {
	loose, err := askedFor(ctx, s, keysOfSessions(of), func(few string) string {
		return "SELECT p.station, p.session FROM " + few +
			" CROSS JOIN progress p WHERE p.station = few.column1 AND p.session = few.column2 AND p.last_frame <> p.blocked_frame"
	}, func(to []column, r *session.Ref) []column {
		return append(to, text("station", &r.Station), text("session", &r.Session))
	})
	if err != nil {
		return nil, err
	}
	found := make(map[ident.SessionID][]meter.Frame, len(of))
	for _, r := range loose {
		if found[r.Session], err = s.AllFrames(ctx, r.Station, r.Session, limit); err != nil {
			return nil, err
		}
	}
	of = slices.DeleteFunc(slices.Clone(of), func(r session.Ref) bool { return slices.Contains(loose, r) })
	packed, err := askedFor(ctx, s, keysOfSessions(of), func(few string) string {
		return "SELECT " + blocks.list("t") + " FROM " + few + " CROSS JOIN meter_blocks t WHERE t.station = few.column1 AND t.session = few.column2 ORDER BY t.first_number"
	}, blocks.columns)
	if err != nil {
		return nil, err
	}
	for i := range packed {
		frames, err := s.packer.open(&packed[i])
		if err != nil {
			return nil, err
		}
		have := found[packed[i].session]
		for k := range frames {
			if n := len(have); n < limit && (n == 0 || frames[k].Number > have[n-1].Number) {
				have = append(have, frames[k])
			}
		}
		found[packed[i].session] = have
	}
	return found, nil
}
