package store

import (
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
		p.check, p.share, p.expect, p.rows, p.stationRows, p.newSessions, p.frames, p.knownSessions, p.history, p.deviceRows, p.consumed, p.records, p.news,
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

// share names the rows that jobs of other callers may be about as well.
func (p *planner) share() error {
	s := p.set
	if s.Owner.Station != "" {
		p.changes(string(s.Owner.Station))
	}
	for i := range s.Reads {
		p.reads(s.Reads[i].ID)
	}
	for i := range s.Tokens {
		p.changes(string(s.Tokens[i].ID))
	}
	for i := range s.Commands {
		p.changes(string(s.Commands[i].ID))
	}
	for i := range s.Jobs {
		p.changes(string(s.Jobs[i].ID))
	}
	for i := range s.Organisations {
		p.changes(string(s.Organisations[i].ID))
	}
	for i := range s.Keys {
		p.changes(string(s.Keys[i].ID))
	}
	for i := range s.Sites {
		p.changes(string(s.Sites[i].ID))
	}
	for i := range s.Templates {
		p.changes(string(s.Templates[i].ID))
	}
	for i := range s.Stations {
		p.changes(string(s.Stations[i].ID))
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
	for i := range s.Tokens {
		if err := write(p, p.tokens, tokens, &s.Tokens[i], s.Tokens[i].Version); err != nil {
			return err
		}
	}
	for i := range s.Commands {
		if err := write(p, p.commands, commands, &s.Commands[i], s.Commands[i].Version); err != nil {
			return err
		}
	}
	if err := p.jobRows(); err != nil {
		return err
	}
	for i := range s.Organisations {
		if err := write(p, p.organisations, organisations, &s.Organisations[i], s.Organisations[i].Version); err != nil {
			return err
		}
	}
	for i := range s.Keys {
		if err := write(p, p.keys, keys, &s.Keys[i], s.Keys[i].Version); err != nil {
			return err
		}
	}
	for i := range s.Sites {
		if err := write(p, p.sites, sites, &s.Sites[i], s.Sites[i].Version); err != nil {
			return err
		}
	}
	for i := range s.Templates {
		if err := write(p, p.templates, templates, &s.Templates[i], s.Templates[i].Version); err != nil {
			return err
		}
	}
	return p.removed()
}

// write adds a row with a version: a new one, or one that has been there.
func write[T any](p *planner, v versioned, t table[T], row *T, version int64) error {
	switch {
	case version < 1:
		return fmt.Errorf("%s: version %d", t.name, version)
	case version == 1:
		return put(p.job, v.insert, t, row)
	}
	return alter(p.job, op{stmt: v.update, miss: change.ErrStale}, t, row, version-1)
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
	for i := range s.Stations {
		st := &s.Stations[i]
		if err := write(p, p.stations, stations, st, st.Version); err != nil {
			return err
		}
		if st.Version == 1 {
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
		c := owned[station.Connector]{s.Owner.Organisation, s.Connectors[i]}
		if err := write(p, p.connectors, connectors, &c, c.row.Version); err != nil {
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
	return write(p, p.progress, progress, s, s.Version)
}

// history adds what has happened, of which the last piece may go on.
func (p *planner) history() error {
	s := p.set
	for i := range s.Intervals {
		if err := put(p.job, p.putInterval, intervals, &owned[station.Interval]{s.Owner.Organisation, s.Intervals[i]}); err != nil {
			return err
		}
	}
	for i := range s.Segments {
		if err := put(p.job, p.putSegment, segments, &owned[session.Segment]{s.Owner.Organisation, s.Segments[i]}); err != nil {
			return err
		}
	}
	return nil
}

// records adds findings and what explains them, the audit trail and the answer to a request.
func (p *planner) records() error {
	s := p.set
	for i := range s.Findings {
		if err := put(p.job, p.putFinding, findings, &s.Findings[i]); err != nil {
			return err
		}
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
	for i := range s.Audits {
		if err := put(p.job, p.insertAudit, audits, &s.Audits[i]); err != nil {
			return err
		}
	}
	if s.Idempotency != nil {
		return put(p.job, p.insertIdempotency, idempotency, s.Idempotency)
	}
	return nil
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
