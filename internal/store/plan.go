package store

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
)

// planner turns a set into a job. What may be refused comes first: a job that
// is refused before it has changed anything costs its batch nothing.
type planner struct {
	*catalogue
	*job
	set *change.Set
}

// plan makes j, which is empty, the job of set.
func (c *catalogue) plan(set *change.Set, j *job) error {
	p := planner{c, j, set}
	for _, part := range []func() error{
		p.check, p.share, p.expect, p.rows, p.stationRows, p.newSessions, p.frames, p.knownSessions, p.history, p.deviceRows, p.consumed, p.series, p.customers, p.offered, p.bills, p.rerated, p.earnings, p.books, p.records, p.news,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// check refuses rows of a station that the set does not own, which the domain
// never asks for.
func (p *planner) check() error {
	s, owner := p.set, p.set.Owner
	var err error
	of := func(what string, id ident.StationID) {
		if err == nil && (id != owner.Station || owner.Organisation == "") {
			err = fmt.Errorf("%s of station %q: the change owns %q of organisation %q", what, id, owner.Station, owner.Organisation)
		}
	}
	for i := range s.Links {
		of("link", s.Links[i].Station)
	}
	if s.Takes != nil {
		of("link", s.Takes.Station)
	}
	for i := range s.Connectors {
		of("connector", s.Connectors[i].Station)
	}
	for i := range s.Intervals {
		of("interval", s.Intervals[i].Station)
	}
	for i := range s.Progress {
		of("session", s.Progress[i].Station)
	}
	for i := range s.Segments {
		of("segment", s.Segments[i].Station)
	}
	for i := range s.Frames {
		of("frame", s.Frames[i].Station)
	}
	for i := range s.Resolved {
		if s.Resolved[i].Finding == "" {
			of("resolution", s.Resolved[i].Station)
		}
	}
	return err
}

// share names the rows that jobs of other callers may be about as well, but for
// those that [write] names.
func (p *planner) share() error {
	s := p.set
	if s.Owner.Station != "" {
		p.changes(string(s.Owner.Station))
	}
	for i := range s.Reads {
		p.reads(s.Reads[i].ID)
	}
	for i := range s.Sessions {
		p.changes(string(s.Sessions[i].ID))
	}
	for i := range s.Progress {
		p.changes(string(s.Progress[i].ID))
	}
	for i := range s.Removed {
		p.changes(s.Removed[i].ID)
	}
	return nil
}

// expect adds the guards.
func (p *planner) expect() error {
	if o := p.set.Owner; o.Station != "" && p.set.Takes == nil {
		p.must(change.ErrSuperseded, p.owner, string(o.Station), o.Epoch)
	}
	p.under()
	for _, r := range p.set.Reads {
		guard := p.guards[r.Kind]
		if guard == nil {
			return fmt.Errorf("read of kind %d: no such rows", r.Kind)
		}
		if r.Kind == change.KindSession { // found by its station, which is found by its id
			p.must(change.ErrStale, guard, r.ID, r.ID, r.Version)
			continue
		}
		p.must(change.ErrStale, guard, r.ID, r.Version)
	}
	return nil
}

// rows adds what belongs to no station. Tokens stand first: they are what
// stations share, so it is they that move.
func (p *planner) rows() error {
	s := p.set
	return errors.Join(
		writeAll(p, &p.tokens, s.Tokens),
		writeAll(p, &p.commands, s.Commands),
		writeAll(p, &p.targets, s.Targets),
		writeAll(p, &p.jobs, s.Jobs),
		writeAll(p, &p.organisations, s.Organisations),
		writeAll(p, &p.keys, s.Keys),
		writeAll(p, &p.sites, s.Sites),
		writeAll(p, &p.templates, s.Templates),
		writeAll(p, &p.tariffs, s.Tariffs),
		putAll(p.job, p.insertEdition, editions, s.Editions),
		writeAll(p, &p.assignments, s.Assignments),
		p.removed(),
	)
}

// writeAll adds rows with a version.
func writeAll[T any](p *planner, v *versioned[T], rows []T) error {
	for i := range rows {
		if err := write(p, v, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// write adds a row with a version: a new one, or one that has been there.
func write[T any](p *planner, v *versioned[T], row *T) error {
	p.row = v.of.columns(p.row[:0], row)
	if v.shared {
		id, _ := p.row[0].value() // a text, of which none fails
		p.changes(id.(string))    //nolint:forcetypeassert // see [kinds]
	}
	value, _ := p.row[v.version].value() // likewise a number
	version, _ := value.(int64)
	switch {
	case version < 1:
		return fmt.Errorf("%s: version %d", v.of.name, version)
	case version == 1:
		return putRow(p.job, v.insert, v.of)
	}
	return alterRow(p.job, op{stmt: v.update, miss: change.ErrStale}, v.of, version-1)
}

// removed adds removals. A station takes its link, its connectors and what it
// is made of with it; what happened there stays.
func (p *planner) removed() error {
	for _, r := range p.set.Removed {
		s := p.removals[r.Kind]
		if s == nil {
			return fmt.Errorf("removal of kind %d: such rows stay", r.Kind)
		}
		p.must(change.ErrStale, s, r.ID, r.Version)
		if r.Kind == change.KindStation {
			p.do(p.removeLink, r.ID)
			p.do(p.removeConnectors, r.ID)
			p.removeDevice(r.ID)
		}
	}
	return nil
}

// stationRows adds stations, how they are connected, and their connectors.
func (p *planner) stationRows() error {
	s := p.set
	if err := writeAll(p, &p.stations, s.Stations); err != nil {
		return err
	}
	for i := range s.Stations {
		if st := &s.Stations[i]; st.Version == 1 {
			p.do(p.insertLink, string(st.ID), string(st.Organisation))
		}
	}
	if s.Takes != nil {
		if err := p.take(s.Takes); err != nil {
			return err
		}
	}
	for i := range s.Links {
		if err := alter(p.job, op{stmt: p.updateLink, miss: change.ErrSuperseded}, links, &s.Links[i], s.Owner.Epoch); err != nil {
			return err
		}
	}
	for i := range s.Connectors {
		if err := write(p, &p.connectors, &owned[station.Connector]{s.Owner.Organisation, s.Connectors[i]}); err != nil {
			return err
		}
	}
	return nil
}

// newSessions adds sessions that begin; their frames need the row.
func (p *planner) newSessions() error {
	for i := range p.set.Sessions {
		s := &p.set.Sessions[i]
		if s.Version != 1 {
			continue
		}
		if err := put(p.job, p.insertSession, sessions, s); err != nil {
			return err
		}
		if err := put(p.job, p.progress.insert, progress, s); err != nil {
			return err
		}
	}
	return nil
}

// known returns the session as the set changes it, nil when it is new or not
// of the set.
func (p *planner) known(id ident.SessionID) *session.Session {
	for _, of := range [][]session.Session{p.set.Progress, p.set.Sessions} {
		for i := range of {
			if of[i].ID == id && of[i].Version > 1 {
				return &of[i]
			}
		}
	}
	return nil
}

// knownSessions adds sessions that go on, except what [planner.frames] has
// written of them.
func (p *planner) knownSessions() error {
	for i := range p.set.Progress {
		if err := p.goOn(&p.set.Progress[i]); err != nil {
			return err
		}
	}
	for i := range p.set.Sessions {
		s := &p.set.Sessions[i]
		if s.Version == 1 {
			continue
		}
		if err := p.goOn(s); err != nil {
			return err
		}
		if err := alter(p.job, op{stmt: p.updateSession, miss: change.ErrStale}, sessions, s); err != nil {
			return err
		}
	}
	return nil
}

// goOn adds a session's progress, when no frame of it has done so.
func (p *planner) goOn(s *session.Session) error {
	for i := range p.set.Frames {
		if p.set.Frames[i].Session == s.ID {
			return nil
		}
	}
	return write(p, &p.progress, s)
}

// history adds what has happened, of which the last piece may go on.
func (p *planner) history() error {
	return errors.Join(
		putOwned(p, p.putInterval, intervals, p.set.Intervals),
		putOwned(p, p.putSegment, segments, p.set.Segments),
	)
}

// putOwned adds a statement for each of the rows, which are of the set's owner.
func putOwned[T any](p *planner, s *statement, t table[owned[T]], rows []T) error {
	for _, row := range rows {
		if err := put(p.job, s, t, &owned[T]{p.set.Owner.Organisation, row}); err != nil {
			return err
		}
	}
	return nil
}

// records adds findings and what explains them, the audit trail and the answer to a request.
func (p *planner) records() error {
	s := p.set
	if err := putAll(p.job, p.putFinding, findings, s.Findings); err != nil {
		return err
	}
	for _, r := range s.Resolved { // perhaps one that is new
		station, session, code := string(r.Station), string(r.Session), string(r.Code)
		switch {
		case r.Finding != "":
			p.do(p.resolve, micros(r.At), string(r.Finding))
		case r.At.IsZero():
			p.do(p.openAgain, station, session, code)
		default:
			p.do(p.explain, micros(r.At), station, session, code)
		}
	}
	if err := putAll(p.job, p.insertAudit, audits, s.Audits); err != nil || s.Idempotency == nil {
		return err
	}
	return put(p.job, p.insertIdempotency, idempotency, s.Idempotency)
}

// news adds the events. Those that are only live are told and not written.
func (p *planner) news() error {
	for _, e := range p.set.Events {
		data, err := json.Marshal(e.Data, jsontext.AllowInvalidUTF8(true)) // as in [docCell]
		if err != nil {
			return fmt.Errorf("event %s of %s: %w", e.Type, e.Subject, err)
		}
		p.job.events = append(p.job.events, event.Recorded{Event: e, JSON: data})
		if e.Live {
			continue
		}
		insert := p.insertEvent
		if p.set.Takes != nil && e.Version == 0 {
			insert = p.insertArrival
		}
		from := len(p.values)
		if err := put(p.job, insert, events, &p.job.events[len(p.job.events)-1]); err != nil {
			return err
		}
		if insert == p.insertArrival {
			p.values[from+p.versionOfEvents] = string(e.Station)
		}
	}
	return nil
}
