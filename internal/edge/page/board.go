package page

import (
	"bytes"
	"cmp"
	"context"
	"html/template"
	"slices"
	"strings"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// What fits on a screen; a network that is larger has its console.
const (
	stationsShown = 60
	sessionsShown = 24
	eventsShown   = 14
	eventsRead    = 200    // the last of each stream, among which meter readings are not shown
	namesMax      = 10_000 // identities remembered for the list of events
)

// board is the page's content, drawn.
type board struct {
	Version  string
	Name     string // of the organisation
	Drawn    time.Time
	Sections []section
}

// section is a part of the page that is replaced when it changes.
type section struct {
	ID   string
	HTML template.HTML
}

// tile is a station on the board.
type tile struct {
	Identity   ident.Identity
	Name       string
	Glyph      string
	Word       string
	Since      time.Time
	Connectors []chip
	More       int // connectors that do not fit
}

// chip is a connector of a tile.
type chip struct {
	Label string
	Glyph string
	Word  string
}

// row is a running session.
type row struct {
	Station  ident.Identity
	EVSE     int
	Glyph    string
	Word     string
	Since    time.Time
	PowerW   int64
	EnergyWh int64
	TopW     int64 // the highest power on the board, for the bar
}

// line is one event.
type line struct {
	At    time.Time
	Glyph string
	Text  string
}

// freshFor is how long a board is shown again without looking: what a burst of
// readers costs.
const freshFor = time.Second

// current returns a board that is at most [freshFor] old.
func (s *Server) current(ctx context.Context) (*board, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.board != nil && s.clock.Steady().Sub(s.drawn) < freshFor {
		return s.board, nil
	}
	return s.drawLocked(ctx)
}

// draw draws the board anew.
func (s *Server) draw(ctx context.Context) (*board, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drawLocked(ctx)
}

func (s *Server) drawLocked(ctx context.Context) (*board, error) {
	began := s.clock.Steady()
	b, err := s.look(ctx)
	if err == nil {
		s.board, s.drawn = b, began
	}
	return b, err
}

// look reads what the board shows and renders its sections.
func (s *Server) look(ctx context.Context) (*board, error) {
	org, err := s.store.FirstOrganisation(ctx)
	if fault.Is(err, fault.NotFound) {
		return &board{Version: s.version, Name: "Pylon", Drawn: s.clock.Now()}, nil
	}
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	totals, err := s.store.Totals(ctx, org.ID, midnight(now, org.TimeZone))
	if err != nil {
		return nil, err
	}
	stations, err := s.store.Stations(ctx, org.ID, station.Filter{}, page.Query{Limit: stationsShown, Sort: "station_id"})
	if err != nil {
		return nil, err
	}
	sessions, err := s.store.Sessions(ctx, org.ID, session.Filter{Status: []session.Status{session.Pending, session.Active}},
		page.Query{Limit: sessionsShown, Sort: "-started_at"})
	if err != nil {
		return nil, err
	}
	news, err := s.news(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	b := &board{Version: s.version, Name: org.Name, Drawn: now}
	return b, s.fill(b, []part{
		{"totals", glance{totals.Stations, totals.Online, totals.Sessions, int64(totals.Power), int64(totals.EnergyToday)}},
		{"stations", tilesOf(stations.Items, sessions.Items, totals.Stations)},
		{"sessions", rowsOf(sessions.Items, totals.Sessions)},
		{"events", news},
	})
}

// glance is the network in four numbers.
type glance struct {
	Stations, Online, Sessions int
	PowerW, EnergyWh           int64
}

// part is a section with what it shows.
type part struct {
	id   string
	data any
}

// fill renders the sections of a board.
func (s *Server) fill(b *board, parts []part) error {
	for _, p := range parts {
		var text bytes.Buffer
		if err := s.pages.ExecuteTemplate(&text, p.id, p.data); err != nil {
			return err
		}
		b.Sections = append(b.Sections, section{p.id, template.HTML(text.String())}) //nolint:gosec // html/template has escaped it
	}
	return nil
}

// midnight returns when today began in a time zone, UTC's when there is no
// such zone.
func midnight(now time.Time, zone string) time.Time {
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	year, month, day := now.In(place).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, place).UTC()
}

// tiles are the stations of the board.
type tiles struct {
	Shown []tile
	More  int
}

// chipsShown is how many connectors a tile has room for.
const chipsShown = 4

// socket is a place where a car charges.
type socket struct {
	station ident.StationID
	evse    int
}

// tilesOf draws stations. What an OCPP 2.x connector calls occupied, its
// session knows better.
func tilesOf(stations []station.Detail, sessions []session.View, all int) tiles {
	out := tiles{More: max(0, all-len(stations))}
	running := map[socket]session.ChargingState{}
	for _, v := range sessions {
		running[socket{v.Station, v.EVSE}] = v.ChargingState
	}
	for _, d := range stations {
		t := tile{Identity: d.Identity, Name: d.Name, Since: d.Since, Glyph: "offline", Word: "Offline"}
		if d.Online {
			t.Glyph, t.Word, t.Since = "available", "Online", time.Time{}
		}
		for _, c := range d.Connectors {
			if c.EVSE == 0 || c.Connector == 0 {
				continue
			}
			glyph, word := statusWords(c.Status)
			if state, ok := running[socket{d.ID, c.EVSE}]; ok && c.Status == station.Occupied {
				glyph, word = stateWords(state)
			}
			if !d.Online {
				glyph = "offline" // what it said last; nobody knows what it does now
			}
			if d.Online && (t.Word == "Online" || weight(glyph) > weight(t.Glyph)) {
				t.Glyph, t.Word, t.Since = glyph, word, c.Since
			}
			if len(t.Connectors) == chipsShown {
				t.More++
				continue
			}
			t.Connectors = append(t.Connectors, chip{Label: place(c.EVSE, c.Connector), Glyph: glyph, Word: word})
		}
		out.Shown = append(out.Shown, t)
	}
	return out
}

// rowsPlus are the sessions of the board.
type rowsPlus struct {
	Shown []row
	More  int
}

func rowsOf(sessions []session.View, all int) rowsPlus {
	out := rowsPlus{More: max(0, all-len(sessions))}
	top := int64(1)
	for _, v := range sessions {
		top = max(top, int64(v.PowerW))
	}
	for _, v := range sessions {
		glyph, word := stateWords(v.ChargingState)
		out.Shown = append(out.Shown, row{
			Station: v.Identity, EVSE: v.EVSE, Glyph: glyph, Word: word, Since: v.StartedAt,
			PowerW: int64(v.PowerW), EnergyWh: int64(v.Energy.WattHours()), TopW: top,
		})
	}
	return out
}

// news returns the last events as lines, the youngest first.
func (s *Server) news(ctx context.Context, org ident.OrganisationID) ([]line, error) {
	streams, err := s.store.Streams(ctx)
	if err != nil {
		return nil, err
	}
	from := make([]event.Position, len(streams))
	for i, of := range streams {
		from[i] = event.Position{Stream: of.Name, Number: max(of.Pruned, of.Head-eventsRead)}
	}
	found, err := s.store.EventsAfter(ctx, org, from, eventsRead*max(1, len(from)))
	if fault.CodeOf(err) == "events_pruned" {
		return nil, nil // in this moment: the next board has what is left
	}
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(e event.Recorded) bool { return e.Type == event.SessionUpdated })
	slices.SortFunc(found, func(a, b event.Recorded) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Number, a.Number))
	})
	var lines []line
	for _, e := range found[:min(len(found), eventsShown)] {
		glyph, text := eventWords(e)
		name := s.name(ctx, org, e.Station)
		lines = append(lines, line{At: e.At, Glyph: glyph, Text: strings.TrimSpace(name + " " + text)})
	}
	return lines, nil
}

// name returns the OCPP identity of a station, which never changes. The
// caller holds s.mu.
func (s *Server) name(ctx context.Context, org ident.OrganisationID, id ident.StationID) string {
	name, known := s.names[id]
	if known || id == "" {
		return name
	}
	d, err := s.store.Station(ctx, org, string(id))
	if err != nil {
		return "A station"
	}
	if len(s.names) >= namesMax {
		clear(s.names)
	}
	s.names[id] = string(d.Identity)
	return s.names[id]
}
