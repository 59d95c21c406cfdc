package session

import (
	"time"

	"pylon/internal/domain/station"
)

// Evidence is what shows that a session is over although its station has not
// said so.
type Evidence string

// The kinds of evidence.
const (
	NoEvidence     Evidence = ""
	ConnectorFree  Evidence = "connector_free"   // its connector is free, and no stop has come
	Rebooted       Evidence = "boot"             // the station booted and has not gone on with it
	NextStart      Evidence = "next_start"       // another transaction began in its place
	DeviceReplaced Evidence = "station_replaced" // another device answers under the station's identity
	StationGone    Evidence = "station_gone"     // the station is out of reach for days
)

const (
	// StopGrace is how long a stop may take to come once there is evidence. A
	// station that gets no answer repeats it after 60 s, 120 s and 180 s and
	// then gives up (OCPP 2.0.1 E13, 1.6 section 3.7.1).
	StopGrace = 15 * time.Minute

	// settleGrace is what a station that has just connected gets to send its
	// queue.
	settleGrace = 5 * time.Minute

	// unsettledMax ends the wait for a station that never stays connected for
	// settleGrace.
	unsettledMax = 24 * time.Hour

	// GoneAfter is how long a station may be away before its sessions end
	// without it: a site without power over a long weekend comes back. Until
	// then the driver's token counts as in use and he gets no bill.
	GoneAfter = 3 * 24 * time.Hour

	// SilentAfter is how long a session may charge without a reading: two of
	// the longest usual interval, a quarter of an hour, and some.
	SilentAfter = 40 * time.Minute

	// lookAgain is when a session is looked at although nothing is due.
	lookAgain = time.Hour
)

// Scene is what evidence is weighed by.
type Scene struct {
	Station    station.Station
	Link       station.Link // LastSeen: of any sign of life
	Connectors []station.Connector
	Changed    []station.Connector // of them, those that have just changed
	Now        time.Time
	NewDevice  bool // another device has just answered under the station's identity
}

// Weigh says what becomes of a station's open sessions by what is known beside
// their own messages, and when to look again. It is asked after a boot and a
// status, and now and then.
//
// A 1.6 session follows its connector. A session whose connector is free, or
// whose station booted after the last word about it, gets the finding
// StopMissing: its stop is probably on its way. When none has come for
// [StopGrace] and the connector is free, the session is closed. Time alone closes
// nothing while the station is there: a car that is full stays plugged in over
// night, and that is one session without a word for hours. Only a station
// that is away for [GoneAfter], or has not said a word of the session for as
// long since it booted, will not go on with it.
//
// The end is fair: it is the moment in which the connector became free, when
// the station saw that; else the last moment of which it told anything. The
// energy is that of the registers that were heard.
// What depends on time is derived from rows, so a restart forgets nothing.
func Weigh(c Scene, open []Session) (Outcome, time.Time) {
	var out Outcome
	next := c.Now.Add(lookAgain)
	for i := range open {
		d := decision{before: open[i], s: open[i]}
		d.k.Station, d.k.Connectors, d.r.ReceivedAt = c.Station, c.Connectors, c.Now
		d.followConnectors(&c)
		if at := d.weigh(&c); at.Before(next) {
			next = at
		}
		if d.s == d.before {
			continue
		}
		d.s.Version++
		out.Progress = d.s.Progress(d.before)
		out.Events = tell(out.Events, &d.before, &d.s, c.Now)
		out.Tokens = uses(out.Tokens, &d.before, &d.s)
		out.Changed = append(out.Changed, d.s)
		out.Segments = append(out.Segments, d.out.Segments...)
		out.Findings = append(out.Findings, d.out.Findings...)
		out.Resolved = append(out.Resolved, d.out.Resolved...)
	}
	out.Progress = out.Progress && len(out.Changed) == 1
	return out, next
}

// weigh looks at one session, and returns when to look again.
func (d *decision) weigh(c *Scene) time.Time {
	s := &d.s
	v := s.doubt(c.Station.BootedAt, d.connector())
	d.keepFreed(&v, c.Link.Since)
	if !v.boot.Equal(s.aside().Booted) && !v.boot.IsZero() {
		s.setAside().Booted = v.boot
	}
	if c.NewDevice {
		v.kind = DeviceReplaced
	}
	if v.kind == NoEvidence {
		d.resolve(s, station.StopMissing)
	} else {
		d.raise(s, station.StopMissing, v.kind.words()+"; its stop is missing")
	}
	due := v.due(c, s)
	if !due.After(c.Now) {
		if v.kind == NoEvidence {
			v.kind = StationGone
		}
		d.closeFrom(s, v.kind, v.end(c.Now, s))
		return c.Now.Add(lookAgain)
	}
	if v.kind != NoEvidence { // it may be over, so its meter may be silent
		return due
	}
	return earlier(due, d.listen(c))
}

// listen raises a finding about a session that charges without a reading while
// its station is there, and returns when to look again.
func (d *decision) listen(c *Scene) time.Time {
	s := &d.s
	if s.ChargingState != StateCharging || !c.Link.Online || s.Noted.Open(station.MeterSilent) {
		return c.Now.Add(lookAgain)
	}
	read := later(later(s.StartReceivedAt, s.ReadAt), later(s.StateSince, c.Link.Since))
	due := read.Add(SilentAfter)
	if due.After(c.Now) {
		return due
	}
	if c.Link.LastSeen.After(read) {
		d.raise(s, station.MeterSilent, "it charges, and no reading has come since "+read.UTC().Format(time.RFC3339))
	}
	return c.Now.Add(SilentAfter)
}

// swapMin is how long a connector must be free for another car to have come: a
// plug that is loose is free for a moment.
const swapMin = 30 * time.Second

// Freed is when a session's connector became free, by our best knowledge, and
// when we were told. It outlives that the next car comes, and that the station
// goes.
type Freed struct {
	At   time.Time `json:"at,omitzero"`
	Told time.Time `json:"told,omitzero"`
	Live bool      `json:"live,omitzero"` // the station was connected when it became so: that is the moment
}

// alive is the last moment at which the session is known to have run.
func (s *Session) alive() time.Time { return later(s.AliveAt, s.StartedAt) }

// freed is since when the session's connector is known to have become free,
// zero when it is not, or the session was heard of since.
func (s *Session) freed() time.Time {
	if s.Aside == nil || !s.Aside.Freed.Told.After(s.alive()) {
		return time.Time{}
	}
	return s.Aside.Freed.At
}

// keepFreed remembers that the connector is free, and forgets it when it was so
// for a moment only.
func (d *decision) keepFreed(v *verdict, onlineSince time.Time) {
	s, c := &d.s, d.connector()
	known := s.freed()
	switch {
	case v.seen && known.IsZero():
		s.setAside().Freed = Freed{At: v.free, Told: c.ReportedAt, Live: !onlineSince.After(v.free)}
	case known.IsZero() || c == nil || c.Status.Free():
	case c.Since.Sub(known) < swapMin:
		s.setAside().Freed = Freed{}
		*v = s.doubt(d.k.Station.BootedAt, c)
	}
}

// verdict is what there is against a session's going on.
type verdict struct {
	kind Evidence
	free time.Time // since when its connector is free, by our best knowledge; zero: it is not
	seen bool      // the station itself saw it becoming free
	boot time.Time // the first boot after which nothing was heard of it; zero: none
}

// doubt returns what speaks against the session's going on: the station's last
// boot, and its connector, nil when unknown. What was told before the last word
// about the session is no evidence, nor is a connector that was free before
// the session began: its driver has yet to plug in.
func (s *Session) doubt(bootedAt time.Time, c *station.Connector) verdict {
	var v verdict
	alive := s.alive()
	if bootedAt.After(alive) {
		v.kind, v.boot = Rebooted, bootedAt
		if first := s.aside().Booted; first.After(alive) {
			v.boot = first // a station that boots again and again puts nothing off
		}
	}
	if freed := s.freed(); !freed.IsZero() {
		return verdict{kind: ConnectorFree, free: freed, seen: true}
	}
	if c == nil || !c.Status.Free() || !c.ReportedAt.After(alive) {
		return v
	}
	since := c.Since
	if s.ClockNow > ClockTolerance { // a clock that is behind
		since = since.Add(s.ClockNow)
	}
	if since.After(c.ReportedAt) {
		since = c.ReportedAt
	}
	switch {
	case !v.boot.IsZero():
		v.free = later(since, v.boot)
	case since.After(s.StartedAt) && since.After(alive.Add(-ClockTolerance)):
		v.kind, v.free, v.seen = ConnectorFree, since, true
	}
	return v
}

// due returns when the session is to be closed unless something is heard.
func (v *verdict) due(c *Scene, s *Session) time.Time {
	switch {
	case v.kind == DeviceReplaced:
		return c.Now
	case !c.Link.Online:
		return c.Link.Since.Add(GoneAfter)
	case v.free.IsZero() && v.boot.IsZero():
		return c.Now.Add(lookAgain)
	case v.free.IsZero(): // a car is there: it may yet go on
		return later(v.boot, s.HeardAt).Add(GoneAfter)
	}
	due := later(v.free, s.HeardAt).Add(StopGrace)
	settled := c.Link.Since.Add(settleGrace)
	if latest := due.Add(unsettledMax); settled.After(latest) {
		settled = latest
	}
	return later(due, settled)
}

// end is the fair end of a session that is closed: when its connector came to
// Finishing, which in 1.6 says that it had stopped; when that became free, if
// the station was there and saw it; else the last that it told.
func (v *verdict) end(now time.Time, s *Session) time.Time {
	if v.seen && s.aside().Freed.Live && s.StateTrigger != string(station.Finishing) {
		return later(v.free, s.StartedAt)
	}
	return s.lastSeen(now)
}

// words tells people what the evidence is.
func (e Evidence) words() string {
	switch e {
	case ConnectorFree:
		return "its connector is free"
	case Rebooted:
		return "the station booted and has not gone on with it"
	case NextStart:
		return "another transaction began in its place before it ended"
	case DeviceReplaced:
		return "another device answers under the station's identity"
	case StationGone:
		return "the station is out of reach"
	case NoEvidence:
	}
	return ""
}

// closeFrom ends s, which can no longer end by itself, at the given time. The
// station's own word, should it come, takes the place of all this.
func (d *decision) closeFrom(s *Session, kind Evidence, at time.Time) {
	s.EndedAt, s.EndReceivedAt, s.PowerW = at, d.r.ReceivedAt, 0
	s.EndedBy, s.Evidence, s.StopReason = ByEvidence, kind, StopLost
	code := station.ClosedFromEvidence
	if kind == NextStart {
		s.EndedBy, s.StopReason, code = ByReplacement, StopReplaced, station.TransactionReplaced
	}
	s.Status = s.settled()
	d.raise(s, code, kind.words()+"; ended by its last reading")
	d.put(s.segment())
}

// reopen lets a session go on that we had closed, because the station says
// that it runs. Nothing else may have begun in its place.
func (d *decision) reopen() {
	s := &d.s
	s.EndedAt, s.EndReceivedAt, s.EndedBy, s.Evidence, s.StopReason = time.Time{}, time.Time{}, "", NoEvidence, ""
	d.resolve(s, station.ClosedFromEvidence)
}

// next returns the session that came where s is: one that runs, or ran after it.
// Nil: none.
func (d *decision) next() *Session {
	for i := range d.k.Open {
		if o := &d.k.Open[i]; o.ID != d.s.ID && o.EVSE == d.s.EVSE && (o.Connector == d.s.Connector || d.r.Version != station.OCPP16) {
			return o
		}
	}
	if left := d.k.Left; left != nil && left.EVSE == d.s.EVSE && left.StartedAt.After(d.s.StartedAt) {
		return left
	}
	return nil
}

// explain resolves what the report explains: a stop that was missing has come,
// or the session goes on.
func (d *decision) explain() {
	s := &d.s
	if s.EndedBy == ByStation {
		d.resolve(s, station.StopMissing, station.ClosedFromEvidence, station.TransactionReplaced, station.MeterSilent)
		return
	}
	if s.Noted.Open(station.StopMissing) && s.EndedAt.IsZero() {
		if v := s.doubt(d.k.Station.BootedAt, d.connector()); v.kind == NoEvidence {
			d.resolve(s, station.StopMissing)
		}
	}
}
