package fleet

import (
	"maps"
	"sync"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
)

const (
	// strangersMax bounds the unknown tokens that a station may have listed in
	// strangersTerm. Dozens of foreign cards are a plaza's busy hour; more are
	// a reader that sends noise, or somebody who fills our list.
	strangersMax  = 100
	strangersTerm = time.Hour
)

// strangers counts the unknown tokens that each station had listed lately. It
// is the node's and not an owner's, so that reconnecting is no way around it.
// The zero value has counted none.
type strangers struct {
	mu sync.Mutex
	of map[ident.StationID]strangersOf
}

// strangersOf is the present term of one station.
type strangersOf struct {
	since  time.Time
	listed int
	told   bool                         // that there are too many
	others map[station.FindingCode]bool // what else people were told once; nil: nothing
}

// lately returns what a station did in the term that runs.
func (s *strangers) lately(id ident.StationID, now time.Time) strangersOf {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.of[id]; now.Sub(of.since) < strangersTerm {
		return of
	}
	return strangersOf{since: now}
}

// noted remembers a sighting that is committed.
func (o *Owner) noted(seen *sighting) {
	if !seen.created && !seen.flood {
		return
	}
	s := &o.fleet.strangers
	of := s.lately(o.id, o.fleet.clock.Now())
	if seen.created {
		of.listed++
	}
	of.told = of.told || seen.flood
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = make(map[ident.StationID]strangersOf)
	}
	s.of[o.id] = of
}

// tell remembers that people were told of a finding of a station.
func (s *strangers) tell(id ident.StationID, code station.FindingCode, now time.Time) {
	of := s.lately(id, now)
	of.others = maps.Clone(of.others)
	if of.others == nil {
		of.others = make(map[station.FindingCode]bool)
	}
	of.others[code] = true
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = make(map[ident.StationID]strangersOf)
	}
	s.of[id] = of
}

// forget drops the terms that are over.
func (s *strangers) forget(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.of, func(_ ident.StationID, of strangersOf) bool { return now.Sub(of.since) >= strangersTerm })
}

// tooManyStrangers tells that a station brings more than are listed.
func tooManyStrangers() station.Finding {
	return station.Finding{Code: station.TokensTooMany, Detail: "more unknown tokens than a station may bring in an hour; the rest are not listed"}
}
