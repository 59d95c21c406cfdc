package session

import (
	"time"

	"pylon/internal/domain/station"
)

// Decide says what a report of a station changes. It never refuses one: what
// stations really do is applied as well as it can be, and what does not fit is
// a finding beside it. What it decides depends on its arguments alone.
//
// One transaction is one session, in whatever order and however often its
// reports come: the start, the registers and who was accepted are gathered so
// that the order does not matter, and what was heard before changes nothing
// and gets the first answer.
// Source: OCPP 2.0.1 part 2, chapters E and J; 1.6 sections 3.7, 4.7, 4.8 and
// 4.10 with the errata.
func Decide(k Known, r Report) Outcome {
	r = r.normal()
	d := decision{k: k, r: r}
	if r.ofStation() {
		return Outcome{Frame: d.frame()}
	}
	switch s := d.locate(); {
	case s == nil && r.stray():
		return Outcome{Frame: d.frame()}
	case s == nil:
		d.begin()
	default:
		d.before, d.s = *s, *s
		if d.repeated() {
			return d.again()
		}
		d.resume()
	}
	d.place()
	d.sequence()
	d.authorise()
	d.measure()
	d.account()
	d.follow()
	if r.Kind == Ended {
		d.end()
	}
	d.finish()
	return d.out
}

// decision is a report on its way to an outcome.
type decision struct {
	k       Known
	r       Report
	before  Session       // as we knew it; zero when it is born
	s       Session       // as it becomes
	born    bool          // there was no session yet
	byKey   bool          // the session was found by the key of its start
	guessed bool          // the session was found by what fits a 1.6 report of an unknown transaction
	over    bool          // the station itself had ended it before
	live    bool          // the report did not wait in the station
	shift   time.Duration // added to the station's times
	at      time.Time     // when it happened, corrected
	power   bool          // the report says what power flows
	older   []Session     // others that the session replaced
	out     Outcome
}

// resume takes up a session that we know.
func (d *decision) resume() {
	d.over = d.s.StopKey != ""
	d.readClock()
	if d.guessed && (d.r.Kind == Ended || d.r.TransactionID != "") {
		d.raise(&d.s, station.TransactionUnknown, "it was told of under a transaction that nobody knows")
	}
	if d.guessed && d.r.StartKey != "" { // the answer to its start never arrived, so that will not come again; the stop may
		d.s.StartKey = d.r.StartKey
	}
	if d.over && !d.inTime(d.at) {
		d.raise(&d.s, station.EventAfterEnd, "a message about the time after its end")
	}
	heard := d.s.StartedAsSent != ""
	switch {
	case d.r.Kind == Started && heard:
		d.raise(&d.s, station.SequenceRestarted, "it was started twice")
	case d.r.Kind == Started:
		d.hearStart()
	}
	if !heard {
		d.reachBack()
	}
}

// inTime reports whether something at t belongs before the end of a session
// that has ended: by the number that the station gave to it, else by its time.
func (d *decision) inTime(t time.Time) bool {
	return d.r.SeqNo >= 0 && d.r.SeqNo < d.before.LastSeqNo || !t.After(d.s.EndedAt)
}

// finish counts the report, keeps it as a frame and tells who wants to know.
func (d *decision) finish() {
	s, r := &d.s, &d.r
	s.Status = s.settled()
	refused := s.Answer != "" && s.Energy > d.before.Energy
	unpaid := !s.EndedAt.IsZero() && s.Energy > 0
	if !s.accepted() && (refused || unpaid) {
		d.raise(s, station.TokenNotAccepted, "energy was delivered without an accepted token")
	}
	s.LastEventAt = later(s.LastEventAt, r.OccurredAt)
	s.HeardAt = later(s.HeardAt, r.ReceivedAt)
	if s.AliveAt = later(s.AliveAt, d.at); d.live {
		s.AliveAt = later(s.AliveAt, r.ReceivedAt)
	}
	d.explain()
	s.Frames++
	s.Version++
	d.out.Frame = d.frame()
	d.out.Events = tell(d.out.Events, &d.before, s, r.ReceivedAt)
	d.out.Changed = append(append(make([]Session, 0, 1+len(d.older)), *s), d.older...)
	d.out.Progress = !d.born && s.Progress(d.before)
	d.out.Tokens = uses(d.out.Tokens, &d.before, s)
	d.out.Answer = Answer{TransactionID: s.TransactionID, Session: s.ID}
	if r.Token != nil {
		verdict := d.k.Verdict
		d.out.Answer.Token = &verdict
	}
}
