package station

import (
	"time"

	"pylon/internal/domain/event"
)

const (
	// stormMax is how many changes of its status in stormTerm make a connector's
	// a storm. A whole charge, with a car that cannot make up its mind, has ten.
	stormMax  = 20
	stormTerm = time.Minute

	// stormEvery is how often the history follows a connector in a storm.
	stormEvery = 5 * time.Second
)

// Storm counts how often one connector changes its status. In a storm its
// status is kept up to date, but goes into the history, into sessions and to
// others only now and then: a broken contact must not cost more than a busy
// station. The zero value has counted nothing.
type Storm struct {
	since   time.Time // of the term that is counted
	changes int
	until   time.Time // when a storm is over, unless there are more
	wrote   time.Time
	held    bool // the present status is not in the history yet
}

// Change counts a change. tell says whether it is to be told of at once.
func (s Storm) Change(now time.Time) (next Storm, tell bool) {
	if now.Sub(s.since) >= stormTerm {
		s.since, s.changes = now, 0
	}
	if s.changes++; s.changes > stormMax {
		s.until = now.Add(stormTerm)
	}
	if s.Rages(now) && now.Sub(s.wrote) < stormEvery {
		s.held = true
		return s, false
	}
	s.wrote, s.held = now, false
	return s, true
}

// Rages reports whether it is a storm.
func (s Storm) Rages(now time.Time) bool { return now.Before(s.until) }

// Raged reports whether it was a storm at any time.
func (s Storm) Raged() bool { return !s.until.IsZero() }

// Calm returns the storm at a later time, whether the status that was held back
// is to be told of now, and when to ask again; zero when there is nothing left
// to count.
func (s Storm) Calm(now time.Time) (next Storm, tell bool, again time.Time) {
	if s.held && now.Sub(s.wrote) >= stormEvery {
		s.wrote, s.held, tell = now, false, true
	}
	switch {
	case s.held:
		again = s.wrote.Add(stormEvery)
	case s.Rages(now):
		again = s.until
	case now.Sub(s.since) < stormTerm:
		again = s.since.Add(stormTerm)
	}
	return s, tell, again
}

// Told returns the history and the event of a status that was held back.
func Told(st Station, c Connector, at time.Time) (Interval, event.Event) {
	return c.interval(time.Time{}), c.changed(st, at)
}
