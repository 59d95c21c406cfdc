package check

import (
	"strings"
	"time"

	"pylon/internal/sim"
)

// match finds the claim of each true session, and says which are lost, doubled or
// invented. A session is the same by its station and its transaction; one whose
// transaction id the station never learned, by its EVSE and its begin.
func (j *judge) match(claims []Session) []pair {
	type key struct{ station, transaction string }
	byID := map[key][]*Session{}
	for i := range claims {
		c := &claims[i]
		k := key{c.Station, c.TransactionID}
		byID[k] = append(byID[k], c)
	}
	taken := map[*Session]bool{}
	var pairs []pair
	var nameless []*sim.Session
	for i := range j.truth.Sessions {
		t := &j.truth.Sessions[i]
		if t.TransactionID == "" {
			nameless = append(nameless, t)
			continue
		}
		found := byID[key{t.Station, t.TransactionID}]
		if len(found) == 0 {
			j.lost(t)
			continue
		}
		for _, c := range found {
			taken[c] = true
		}
		if len(found) > 1 {
			j.of(t, Doubled, "the CSMS has it %d times", len(found))
		}
		pairs = append(pairs, pair{t, found[0]})
	}
	for _, t := range nameless {
		if c := j.nearest(t, claims, taken); c != nil {
			taken[c] = true
			pairs = append(pairs, pair{t, c})
		} else {
			j.lost(t)
		}
	}
	for i := range claims {
		if c := &claims[i]; !taken[c] && !j.foretold(c) {
			j.say(Invented, c.Station, "session %s (transaction %s, EVSE %d, began %s) never was", c.ID, c.TransactionID, c.EVSE, stamp(c.Began))
		}
	}
	return pairs
}

// lost says that a session is lost, if the CSMS ever acknowledged some of it.
func (j *judge) lost(t *sim.Session) {
	for i := range t.Messages {
		if t.Messages[i].Acknowledged {
			j.of(t, Lost, "the CSMS does not know it, though it acknowledged its %s", t.Messages[i].Event)
			return
		}
	}
}

// nearest finds the claim of a session without an id: of its EVSE, begun when it
// began by either clock.
func (j *judge) nearest(t *sim.Session, claims []Session, taken map[*Session]bool) *Session {
	for i := range claims {
		c := &claims[i]
		if !taken[c] && c.Station == t.Station && (c.EVSE == t.EVSE || c.EVSE == 0) &&
			(near(c.Began, t.Began, j.truth.Slack) || near(c.Began, t.TrueBegan, j.truth.Slack)) {
			return c
		}
	}
	return nil
}

// foretold says whether a session that never was comes from what a station said
// all the same: a stop of a transaction that nobody began.
func (j *judge) foretold(c *Session) bool {
	for _, f := range j.faults[c.Station] {
		if f.Fault != sim.UnknownStop {
			continue
		}
		if f.TransactionID != "" && strings.EqualFold(f.TransactionID, c.TransactionID) || near(c.Began, f.From, clockTolerance) {
			return true
		}
	}
	return false
}

func near(a, b time.Time, by time.Duration) bool { return a.Sub(b).Abs() <= by }
