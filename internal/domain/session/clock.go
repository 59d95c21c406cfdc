package session

import (
	"time"

	"pylon/internal/domain/station"
)

const (
	// ClockTolerance is how far a station's clock may be from ours before its
	// times are corrected. Within it lies a message that was sent again after
	// the usual waits (OCPP 2.0.1 E13, 1.6 section 3.7.1: 60 s and 120 s).
	ClockTolerance = 5 * time.Minute

	// queueMax is the oldest that a queued report may be. A station may be out
	// of reach for a winter; what claims to be older comes from a clock that
	// lost its battery.
	queueMax = 365 * 24 * time.Hour

	// A queue is sent as fast as it is answered. Two reports that came a minute
	// apart, and happened just as far apart, were sent as they happened.
	paceMin    = time.Minute
	paceJitter = 5 * time.Second
)

// readClock finds out by how much the times of the report are to be corrected.
//
// A queued report of a session that began under a wrong clock is corrected like
// its start, or like the last that was not queued when it comes after that,
// where this gives a time that can be. Otherwise clearly wrong is a time in the
// future, one older than any queue, and one in the past of a message that was
// not queued: then it happened when we received it, or as much before as the
// station's wrong clock says in its own measure. So each side of a clock
// that is set in the middle is corrected by its own offset. OCPP 2.x marks what
// was queued; of 1.6, where nothing is marked, the past is believed unless the
// station was connected then, or the reports keep pace with our own clock.
func (d *decision) readClock() {
	r, s := &d.r, &d.s
	offset := r.ReceivedAt.Sub(r.OccurredAt)
	near := offset.Abs() <= ClockTolerance
	d.live = !d.queued()
	d.at = r.OccurredAt
	known := d.knownOffset()
	switch {
	case near:
	case known.Abs() > ClockTolerance && (!d.live || (offset-known).Abs() <= ClockTolerance) && d.possible(r.OccurredAt.Add(known)):
		d.shift = known
		d.at = r.OccurredAt.Add(d.shift)
	case offset < 0 || offset > queueMax || d.live:
		d.shift, d.at = offset, r.ReceivedAt
		d.raise(s, station.ClockWrong, "the station's time differs from ours by "+offset.Round(time.Second).String())
	}
	switch {
	case d.born && (d.shift != 0 || near && !r.Offline):
		s.ClockOffset, s.ClockNow = offset, offset
	case !d.born && d.live:
		d.watchClock(offset)
		d.restart(offset)
	}
}

// restart corrects a start that was believed to be out of a queue when the
// session turns out to go on, as it happens, under a clock that is as wrong as
// the start's. The states until now were of times that nobody knows.
func (d *decision) restart(offset time.Duration) {
	s := &d.s
	believed := s.ClockOffset == 0 && s.StartedAsSent != ""
	if !believed || d.shift == 0 || (s.StartReceivedAt.Sub(s.StartedAt)-offset).Abs() > ClockTolerance {
		return
	}
	s.ClockOffset = offset
	began := earlier(s.StartedAt.Add(offset), d.at)
	for _, t := range [...]*time.Time{&s.StartedAt, &s.StateSince, &s.Begin.At, &s.Last.At, &s.PowerAt} {
		if !t.IsZero() && t.Before(began) { // else it is by our clock
			*t = earlier(t.Add(offset), d.at)
		}
	}
	from := s.StartedAt
	for n := 1; n < s.SegmentNo; n++ {
		d.put(Segment{Station: s.Station, Session: s.ID, Number: n, State: StateUnknown, Cause: CauseUnknown, From: from, To: s.StateSince})
		from = s.StateSince
	}
	d.put(s.segment())
}

// watchClock notes how a clock changes while the session runs: set at once, or
// running too fast or slow.
func (d *decision) watchClock(offset time.Duration) {
	s, was := &d.s, &d.before
	if offset.Abs() <= ClockTolerance {
		d.resolve(s, station.ClockWrong)
	}
	if (offset - s.ClockNow).Abs() <= ClockTolerance {
		return
	}
	s.ClockNow = offset
	lived := d.r.ReceivedAt.Sub(was.HeardAt)
	set := d.r.OccurredAt.Sub(was.LastEventAt) - lived
	timely := (was.HeardAt.Sub(was.LastEventAt) - was.ClockNow).Abs() <= ClockTolerance // what we heard last was not queued
	if timely && set.Abs() > ClockTolerance {
		d.raise(s, station.ClockChanged, "the station's clock was set by "+set.Round(time.Second).String()+" while it ran")
	}
}

// knownOffset is by how much the station's clock stood wrong when the report
// was made, as far as other reports of the session tell.
func (d *decision) knownOffset() time.Duration {
	s, r := &d.before, &d.r
	if r.SeqNo >= 0 && r.SeqNo < s.LastSeqNo || r.SeqNo < 0 && r.OccurredAt.Before(s.LastEventAt) {
		return s.ClockOffset
	}
	return s.ClockNow
}

// drainTerm is how long a 1.6 station that connected may go on with what it kept,
// old statuses of some makes among it: its flash holds some thousand messages, and
// it sends several a second.
const drainTerm = 30 * time.Minute

// queued reports whether the report may have waited in the station. One of OCPP
// 2.x that forgot to say so is known by a clock that was right before, and by
// having happened before the station connected.
func (d *decision) queued() bool {
	past := d.r.OccurredAt.Before(d.k.OnlineSince) && !d.paced() && !d.setBack()
	if d.r.Version != station.OCPP16 {
		return d.r.Offline || past && !d.born && !d.before.HeardAt.IsZero() && d.before.ClockNow.Abs() <= ClockTolerance
	}
	return d.k.OnlineSince.IsZero() || past && !d.behind()
}

// behind reports whether the station's statuses are as late as the report,
// though it has had time to send what it kept.
func (d *decision) behind() bool {
	late := d.r.ReceivedAt.Sub(d.r.OccurredAt)
	return d.r.ReceivedAt.Sub(d.k.OnlineSince) > drainTerm &&
		d.k.StatusLate > ClockTolerance && (late-d.k.StatusLate).Abs() <= ClockTolerance
}

// paced reports whether the report came as long after the one before it as it
// happened after that, by a clock of which nothing is known yet.
func (d *decision) paced() bool {
	was := &d.before
	came := d.r.ReceivedAt.Sub(was.HeardAt)
	return !d.born && was.ClockNow == 0 && came >= paceMin && (came-d.r.OccurredAt.Sub(was.LastEventAt)).Abs() <= paceJitter
}

// setBack reports whether the report can be of the past only by a clock that
// was right and is set back: its number says that it happened after all others,
// or it is of before its own session, whose start was not queued.
func (d *decision) setBack() bool {
	r, was := &d.r, &d.before
	at := r.OccurredAt.Add(ClockTolerance)
	switch {
	case d.born || was.StartedAsSent == "" || was.ClockOffset.Abs() > ClockTolerance: // it was never right
		return false
	case r.SeqNo >= 0 && r.SeqNo > was.LastSeqNo:
		return at.Before(was.LastEventAt)
	}
	return was.StartReceivedAt.Sub(was.StartedAt).Abs() <= ClockTolerance && at.Before(was.StartedAt)
}

// possible reports whether something of the session can have happened at t.
func (d *decision) possible(t time.Time) bool {
	return !t.Before(d.s.StartedAt) && !t.After(d.r.ReceivedAt)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
