package station

import (
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/kernel/ident"
)

// Connected returns the history of a connection that begins: online from the
// link's Since. What was before ends with it, because of intervals that
// overlap the one that began last holds.
func Connected(id ident.StationID, l Link) []Interval {
	return []Interval{{Station: id, Status: Online, From: l.Since}}
}

// Disconnected returns the history of a connection, l as it was while it was
// up, that ends at now: online until then, offline from then on.
func Disconnected(l Link, now time.Time) []Interval {
	if now.Before(l.Since) {
		now = l.Since
	}
	gone := Interval{Station: l.Station, Status: Offline, From: now}
	if !now.After(l.Since) { // it was up for no time: its interval is taken over
		return []Interval{gone}
	}
	return []Interval{{Station: l.Station, Status: Online, From: l.Since, To: now}, gone}
}

// Lapsed is [Disconnected] for a connection that nobody saw end, because its
// node died: it lasted until the station was heard last.
func Lapsed(l Link) []Interval { return Disconnected(l, later(l.Since, l.LastSeen)) }

// NodeLost is why a connection ended whose node died.
const NodeLost = "node_lost"

// Lapse returns the link as it is after a connection that nobody saw end.
func (l Link) Lapse() Link {
	l.Online, l.Node, l.Since, l.CloseReason = false, "", later(l.Since, l.LastSeen), NodeLost
	return l
}

// LinkEvent returns the event that the connection l has begun or ended.
func LinkEvent(l Link, kind event.Type) event.Event {
	data := LinkNotice{Status: string(Offline), Since: stamp(l.Since), OCPP: l.OCPP, Reason: l.CloseReason}
	if kind == event.StationConnected {
		data.Status, data.Reason = string(Online), ""
	}
	return event.Event{Type: kind, Station: l.Station, Subject: string(l.Station) + "/link", Version: l.Epoch, At: l.Since, Data: data}
}

// AlertNotice is the data of station.alerted.
type AlertNotice struct {
	Kind   string `json:"kind"`            // finding, security, firmware, diagnostics
	Code   string `json:"code,omitzero"`   // of a finding
	Detail string `json:"detail,omitzero"` // for people, no uids
}

// Sight is what can be said of a connector now.
type Sight struct {
	Status Status
	Live   bool          // the station is online: it would have told of a change
	AsOf   time.Time     // the last moment at which Status was known to hold; zero: never
	Age    time.Duration // of AsOf; 0 when live
}

// Look tells the truth about a connector of a station that may be silent. A
// station that is online tells of changes, so what it said last still holds.
// What an offline one said last is shown with its age: nobody knows what has
// happened since the station was heard.
func Look(c Connector, l Link, now time.Time) Sight {
	switch {
	case c.Status == "" || c.ReportedAt.IsZero():
		return Sight{Status: Unknown, Live: l.Online}
	case l.Online:
		return Sight{Status: c.Status, Live: true, AsOf: now}
	}
	heard := later(c.ReportedAt, l.LastSeen)
	return Sight{Status: c.Status, AsOf: heard, Age: max(0, now.Sub(heard))}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
