package session

import (
	"strconv"
	"time"

	"pylon/internal/domain/station"
)

// place notes where the session is, as soon as the station says so, and lets
// it take the place of an older one there.
func (d *decision) place() {
	s, r := &d.s, &d.r
	if s.Connector == 0 && (s.EVSE == 0 || s.EVSE == r.EVSE) {
		s.Connector = r.Connector
	}
	if s.EVSE == 0 && r.EVSE != 0 {
		s.EVSE = r.EVSE
		if !d.reported(r.EVSE) {
			d.raise(s, station.EVSEUnreported, "EVSE "+strconv.Itoa(r.EVSE)+" was never reported")
		} else {
			d.resolve(s, station.EVSEUnreported)
		}
	}
	if s.EVSE != d.before.EVSE {
		d.replace()
	}
	if s.PlugIn == "" || s.PlugIn == string(s.ID) {
		s.PlugIn = d.plugIn()
	}
}

// reported reports whether the station has told the status of an EVSE.
func (d *decision) reported(evse int) bool {
	for i := range d.k.Connectors {
		if d.k.Connectors[i].EVSE == evse {
			return true
		}
	}
	return false
}

// plugIn returns what the transactions of one plug-in share: the moment since
// which their connector has not been free. Until the station reports that it is
// taken, a session is a plug-in of its own; so is one of the past, told out of a
// queue, when the connector was taken later: by somebody else, perhaps.
func (d *decision) plugIn() string {
	c := d.connector()
	if c == nil || c.TakenAt.IsZero() || c.TakenAt.After(d.at) && d.r.ReceivedAt.Sub(d.at) > ClockTolerance {
		return string(d.s.ID)
	}
	place := string(c.Station) + "/" + strconv.Itoa(c.EVSE) + "/" + strconv.Itoa(c.Connector)
	return place + "@" + strconv.FormatInt(c.TakenAt.UnixMilli(), 10)
}

// connector returns the session's connector; where the station names only the
// EVSE, its taken one, or the one that was taken last. Nil when nothing was
// reported of it.
func (d *decision) connector() *station.Connector { return d.connectorOf(&d.s) }

func (d *decision) connectorOf(s *Session) *station.Connector {
	var best *station.Connector
	for i := range d.k.Connectors {
		c := &d.k.Connectors[i]
		if s.EVSE == 0 || c.EVSE != s.EVSE || s.Connector != 0 && c.Connector != s.Connector {
			continue
		}
		if best == nil || best.TakenAt.IsZero() && (!c.TakenAt.IsZero() || c.Since.After(best.Since)) {
			best = c
		}
	}
	return best
}

// replace ends what runs in the place where the session turns out to be. There
// is one transaction at an EVSE at a time (2.x E01.FR.14; in 1.6 at a
// connector), so the other has ended, and its stop is lost or still to come: it
// is closed with what is known. It runs beside the session when it is said to
// have done something since, and perhaps when the session's own start was never
// heard. It came after the session when that has ended by then.
func (d *decision) replace() {
	over := d.s.EndedAt
	if d.r.Kind == Ended {
		over = d.at
	}
	for i := range d.k.Open {
		o := d.k.Open[i]
		if o.ID == d.s.ID || o.EVSE != d.s.EVSE || d.r.Version == station.OCPP16 && o.Connector != d.s.Connector {
			continue
		}
		if !over.IsZero() && !over.After(o.StartedAt) {
			continue
		}
		if d.s.StartedAsSent == "" || o.LastEventAt.After(d.r.OccurredAt) {
			d.raise(&d.s, station.TransactionsInOne, "transaction "+o.TransactionID+" runs in the same place")
			continue
		}
		before := o
		end := o.lastSeen(d.at)
		if v := o.doubt(time.Time{}, d.connectorOf(&o)); v.seen && v.free.Before(d.at) {
			end = later(end, v.free)
		}
		d.closeFrom(&o, NextStart, end)
		o.Version++
		d.out.Events = tell(d.out.Events, &before, &o, d.r.ReceivedAt)
		d.out.Tokens = uses(d.out.Tokens, &before, &o)
		d.older = append(d.older, o)
	}
}

// lastSeen is the last moment before now of which the station said something
// about the session.
func (s *Session) lastSeen(now time.Time) time.Time {
	seen := later(s.StartedAt, s.StateSince)
	for _, t := range [...]time.Time{s.Last.At, s.PowerAt} {
		if !t.After(now) {
			seen = later(seen, t)
		}
	}
	return seen
}
