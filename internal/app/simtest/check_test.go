package simtest

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the nodes' own driver, for looks past their store

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/page"
)

// commandLag is how long after its deadline a command may be open: what an owner
// and then the sweep of some node get to end it.
const commandLag = 30 * time.Second

// inspect holds what the database says against what the stations know, and
// returns the sessions as a text.
func (w *world) inspect() string {
	db := w.read()
	defer db.Close()
	if which := w.behind(); which != "" { // it was not, a moment ago
		w.wrong("%s", which)
	}
	var said strings.Builder
	for i, s := range w.chargers {
		said.WriteString(w.inspectStation(db, i, s))
		w.inspectLink(i, s)
		w.inspectIntervals(i, s)
		for id, times := range s.asked {
			if times > 1 {
				w.wrong("%s was asked %d times for %s", s.name, times, id)
			}
		}
	}
	w.inspectCounters(db)
	w.inspectLetters(db)
	w.inspectBills(db)
	w.inspectCommands(db)
	w.inspectEvents(db)
	return said.String()
}

// rows calls f for each row of a query.
func rows(db *sql.DB, text string, args []any, f func(scan func(...any) error) error) {
	found, err := db.QueryContext(context.Background(), text, args...)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	defer found.Close()
	for found.Next() {
		if err := f(found.Scan); err != nil {
			panic(err)
		}
	}
	if err := found.Err(); err != nil {
		panic(err)
	}
}

// claim is a session as the database has it.
type claim struct {
	id, transaction, status, uid string
	evse, frames, energy         int64
	over                         bool
}

func (w *world) inspectStation(db *sql.DB, i int, s *charger) string {
	var claims []claim
	rows(db, `SELECT s.id, s.transaction_id, s.status, COALESCE(t.uid, ''), s.evse, p.frames, p.energy_mwh, s.ended_at IS NOT NULL
		FROM sessions s JOIN progress p ON p.station = s.station AND p.session = s.id LEFT JOIN tokens t ON t.id = s.token
		WHERE s.station = $1 ORDER BY s.transaction_id, s.id`, []any{string(stationID(i))}, func(scan func(...any) error) error {
		var c claim
		defer func() { claims = append(claims, c) }()
		return scan(&c.id, &c.transaction, &c.status, &c.uid, &c.evse, &c.frames, &c.energy, &c.over)
	})
	if len(claims) != len(s.charges) {
		w.wrong("%s (%s): got %d sessions, want %d", s.name, s.protocol, len(claims), len(s.charges))
	}
	var said strings.Builder
	for _, c := range claims {
		fmt.Fprintf(&said, "%s %s %s %s %d %d %d\n", s.name, c.transaction, c.status, c.uid, c.evse, c.frames, c.energy)
	}
	for _, c := range s.charges {
		at := slices.IndexFunc(claims, func(x claim) bool { return x.transaction == c.id })
		if at < 0 {
			w.wrong("%s (%s): transaction %q is lost", s.name, s.protocol, c.id)
			continue
		}
		w.compare(i, c, &claims[at])
	}
	return said.String()
}

// compare holds a session against the charge that it was.
func (w *world) compare(i int, c *charge, got *claim) {
	s := w.chargers[i]
	name := fmt.Sprintf("%s (%s): transaction %s", s.name, s.protocol, c.id)
	if !got.over {
		w.wrong("%s runs on in the books", name)
	}
	if got.evse != int64(c.plug.id) || got.uid != c.uid {
		w.wrong("%s: got EVSE %d and token %s, want %d and %s", name, got.evse, got.uid, c.plug.id, c.uid)
	}
	if want := "completed"; got.status != want && !restricted(c.uid) {
		w.wrong("%s: got status %s, want %s", name, got.status, want)
	}
	if want := (c.end - c.begin) * 1000; got.energy != want {
		w.wrong("%s: got %d mWh, want %d%s", name, got.energy, want, w.history(i, got))
	}
	if want := int64(len(c.events)); got.frames != want {
		w.wrong("%s: got %d frames, want %d", name, got.frames, want)
	}
	var want, read []string
	for _, p := range c.events {
		want = append(want, fmt.Sprint(p.reading))
	}
	for _, f := range w.frames(i, got) {
		for k := range f.Samples {
			read = append(read, f.Samples[k].Value.String())
		}
	}
	slices.Sort(want)
	slices.Sort(read)
	if !slices.Equal(read, want) {
		w.wrong("%s: got the readings %v, want %v", name, read, want)
	}
}

// frames returns what a node tells of a session's frames.
func (w *world) frames(i int, of *claim) []meter.Frame {
	found, err := w.nodes[0].books.Frames(context.Background(), stationID(i), sessionID(of.id), page.Query{Limit: page.Max})
	if err != nil {
		w.wrong("frames of %s: %v", of.id, err)
	}
	return found.Items
}

// history is what a node knows of a session, for people.
func (w *world) history(i int, of *claim) string {
	var b strings.Builder
	for _, f := range w.frames(i, of) {
		for k := range f.Samples {
			m := &f.Samples[k]
			fmt.Fprintf(&b, "\n\treceived %s: %d %s of %s: %s", f.ReceivedAt.Format(time.TimeOnly), f.Source, m.Context, f.AsSent, m.Value)
		}
	}
	found, err := w.nodes[0].books.Findings(context.Background(), "", station.FindingFilter{Station: stationID(i)}, page.Query{Limit: page.Max})
	if err != nil {
		return err.Error()
	}
	for _, f := range found.Items {
		if f.Session == sessionID(of.id) {
			fmt.Fprintf(&b, "\n\t%s at %s: %s", f.Code, f.At.Format(time.TimeOnly), f.Detail)
		}
	}
	return b.String()
}

// inspectLink holds the station's connection and connectors against what is.
func (w *world) inspectLink(i int, s *charger) {
	d, err := w.nodes[0].books.Station(context.Background(), "", string(stationID(i)))
	if err != nil {
		w.wrong("%s: %v", s.name, err)
		return
	}
	if s.line == nil {
		return
	}
	if !d.Online || d.Node != s.line.node.id {
		w.wrong("%s: got online %t at node %s, want true at %s", s.name, d.Online, d.Node, s.line.node.id)
	}
	for _, p := range s.plugs {
		if w.clocksSet() {
			break // a status that seems to be of the past is taken for a late one
		}
		at := slices.IndexFunc(d.Connectors, func(c station.Connector) bool { return c.EVSE == p.id })
		if at < 0 || !strings.EqualFold(string(d.Connectors[at].Status), p.status) {
			w.wrong("%s: connector %d of %+v is %s", s.name, p.id, d.Connectors, p.status)
		}
	}
	if o := s.line.node.owner(stationID(i)); o == nil {
		w.wrong("%s: its node has no owner for it", s.name)
	} else if got := o.Snapshot(); fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", d.Station) {
		w.wrong("%s: memory and database differ:\n%+v\n%+v", s.name, got, d.Station)
	}
}

func (w *world) clocksSet() bool {
	return w.faults["node's wall clock set"]+w.faults["station's clock set"] > 0
}

// inspectIntervals holds what the history says of now against what is, where no
// clock was set: an interval that began last holds, by whose clock ever.
func (w *world) inspectIntervals(i int, s *charger) {
	if w.clocksSet() || s.line == nil {
		return
	}
	q := page.Query{Limit: page.Max}
	last := map[string]station.Interval{}
	for {
		found, err := w.nodes[0].books.Intervals(context.Background(), stationID(i), time.Time{}, time.Time{}, q)
		if err != nil {
			w.wrong("%s: intervals: %v", s.name, err)
			return
		}
		for _, v := range found.Items {
			place := fmt.Sprintf("%d/%d", v.EVSE, v.Connector)
			if at := last[place]; !v.From.Before(at.From) {
				last[place] = v
			}
		}
		if q.Cursor = found.Next; q.Cursor == "" {
			break
		}
	}
	if v := last["0/0"]; v.Status != station.Online || !v.To.IsZero() {
		w.wrong("%s: its history says %+v of a station that is online", s.name, v)
	}
	for _, p := range s.plugs {
		if v := last[fmt.Sprintf("%d/1", p.id)]; !strings.EqualFold(string(v.Status), p.status) || !v.To.IsZero() {
			w.wrong("%s: its history says %+v of connector %d, which is %s", s.name, v, p.id, p.status)
		}
	}
}

// inspectCounters holds how often tokens are in use against the open sessions.
func (w *world) inspectCounters(db *sql.DB) {
	rows(db, `SELECT t.uid, t.running, (SELECT COUNT(*) FROM sessions s WHERE s.token = t.id AND s.status = 'active') FROM tokens t`, nil,
		func(scan func(...any) error) error {
			var uid string
			var got, want int
			err := scan(&uid, &got, &want)
			if got != want {
				w.wrong("token %s: got %d running, want %d", uid, got, want)
			}
			return err
		})
}

// behind says which station's days a consumer of the events has not counted as
// its sessions are; "" when there is none.
func (w *world) behind() (which string) {
	db := w.read()
	defer db.Close()
	rows(db, `SELECT t.identity, COALESCE((SELECT SUM(u.sessions) FROM usage_days u WHERE u.station = t.id), 0),
		COALESCE((SELECT SUM(u.energy_mwh) FROM usage_days u WHERE u.station = t.id), 0),
		(SELECT COUNT(*) FROM sessions s WHERE s.station = t.id AND s.ended_at IS NOT NULL),
		COALESCE((SELECT SUM(s.ended_energy_mwh) FROM sessions s WHERE s.station = t.id AND s.ended_at IS NOT NULL), 0) FROM stations t`, nil,
		func(scan func(...any) error) error {
			var name string
			var sessions, energy, wantSessions, wantEnergy int64
			err := scan(&name, &sessions, &energy, &wantSessions, &wantEnergy)
			if sessions != wantSessions || energy != wantEnergy {
				which = fmt.Sprintf("%s: got %d sessions and %d mWh in its days, want %d and %d", name, sessions, energy, wantSessions, wantEnergy)
			}
			return err
		})
	return which
}

// inspectLetters looks for events that a consumer gave up.
func (w *world) inspectLetters(db *sql.DB) {
	rows(db, "SELECT consumer, error FROM dead_letters", nil, func(scan func(...any) error) error {
		var consumer, why string
		err := scan(&consumer, &why)
		w.wrong("%s gave an event up: %s", consumer, why)
		return err
	})
}

// read opens the database beside the nodes.
func (w *world) read() *sql.DB {
	db, err := sql.Open("sqlite", "file:"+w.disk.path+"?_query_only=1")
	if err != nil {
		panic(err)
	}
	return db
}

// inspectCommands looks for commands that were lost or never ended.
func (w *world) inspectCommands(db *sql.DB) {
	late := clock.System{}.Now().Add(-commandLag).UnixMicro()
	there := map[string]bool{}
	rows(db, "SELECT id, type, state, deadline < $1 AND finished_at IS NULL FROM commands", []any{late}, func(scan func(...any) error) error {
		var id, kind, state string
		var stuck bool
		err := scan(&id, &kind, &state, &stuck)
		if stuck {
			w.wrong("command %s (%s) is %s for ever", id, kind, state)
		}
		there[id] = true
		return err
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.commands {
		if !there[string(id)] {
			w.wrong("command %s is lost", id)
		}
	}
}

// inspectEvents looks for gaps in the streams, and for what is told twice.
func (w *world) inspectEvents(db *sql.DB) {
	rows(db, `SELECT s.stream, s.head, s.pruned, COUNT(e.place), COALESCE(MIN(e.place) & 1099511627775, s.pruned + 1), COALESCE(MAX(e.place) & 1099511627775, s.pruned)
		FROM streams s LEFT JOIN events e ON e.place >> 40 = s.stream GROUP BY s.stream, s.head, s.pruned`, nil, func(scan func(...any) error) error {
		var stream, head, pruned, count, first, last int64
		err := scan(&stream, &head, &pruned, &count, &first, &last)
		if count != head-pruned || first != pruned+1 || last != head {
			w.wrong("stream %d: got events %d to %d, %d of them, want %d to %d", stream, first, last, count, pruned+1, head)
		}
		return err
	})
	rows(db, `SELECT type, subject, version, COUNT(*) FROM events WHERE version > 0 GROUP BY type, subject, version HAVING COUNT(*) > 1`, nil,
		func(scan func(...any) error) error {
			var kind, subject string
			var version, count int
			err := scan(&kind, &subject, &version, &count)
			w.wrong("%s of %s in version %d was told %d times", kind, subject, version, count)
			return err
		})
	for _, n := range w.nodes {
		if len(n.heads.gaps) > 0 {
			w.wrong("%s told events of %v with a gap", n.name, n.heads.gaps)
		}
	}
}
