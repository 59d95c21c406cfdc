package session

import (
	"encoding/hex"
	"strconv"
	"time"

	"pylon/internal/domain/meter"
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
	late    bool          // what it tells of lies after that end
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
	d.late = d.over && !d.inTime(d.at)
	if d.late {
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
		}
	}
	if s.EVSE != d.before.EVSE && s.Status.Open() && r.Kind != Ended {
		d.replace()
	}
	if s.PlugIn == "" || s.PlugIn == string(s.ID) && !r.Offline {
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
// taken, a session is a plug-in of its own.
func (d *decision) plugIn() string {
	if c := d.connector(); c != nil && !c.TakenAt.IsZero() {
		place := string(c.Station) + "/" + strconv.Itoa(c.EVSE) + "/" + strconv.Itoa(c.Connector)
		return place + "@" + strconv.FormatInt(c.TakenAt.UnixMilli(), 10)
	}
	return string(d.s.ID)
}

// connector returns the session's connector; where the station names only the
// EVSE, its taken one. Nil when nothing was reported of it.
func (d *decision) connector() *station.Connector {
	var any *station.Connector
	for i := range d.k.Connectors {
		c := &d.k.Connectors[i]
		if d.s.EVSE == 0 || c.EVSE != d.s.EVSE || d.s.Connector != 0 && c.Connector != d.s.Connector {
			continue
		}
		if any == nil || any.TakenAt.IsZero() {
			any = c
		}
	}
	return any
}

// sequence watches the numbers that OCPP 2.x gives to events: each one more
// than the last. Which of a gap's numbers come later changes nothing: their
// reports are applied when they do.
func (d *decision) sequence() {
	seq := d.r.SeqNo
	if seq < 0 {
		return
	}
	last := d.before.LastSeqNo
	switch {
	case d.k.PriorFrame != nil && !d.born && d.k.PriorFrame.SeqNo == seq:
		d.raise(&d.s, station.SequenceRestarted, "seqNo "+strconv.FormatInt(seq, 10)+" came again with other content")
	case !d.born && last >= 0 && seq > last+1:
		d.raise(&d.s, station.SequenceGap, "seqNo "+strconv.FormatInt(seq, 10)+" came after "+strconv.FormatInt(last, 10))
	}
	d.s.LastSeqNo = max(d.s.LastSeqNo, seq)
}

// end closes the session by the station's own word. An end is never before the
// start, nor before what the station said of it last.
func (d *decision) end() {
	s, r := &d.s, &d.r
	if d.over { // it has ended already: the first end holds
		return
	}
	s.EndedAt = later(d.at, later(s.StartedAt, s.StateSince))
	s.EndedAsSent, s.EndReceivedAt = r.AsSent, r.ReceivedAt
	if s.StopKey = hex.EncodeToString(r.Digest); s.StopKey == "" {
		s.StopKey = "at " + strconv.FormatInt(r.OccurredAt.UnixMicro(), 10)
	}
	if s.StopReason = r.StopReason; s.StopReason == "" {
		s.StopReason = StoppedLocally
	}
	s.PowerW = 0
	if s.Method == MethodNone && s.Token == "" && s.Answer == "" {
		s.Method = MethodNoneGiven
	}
	if s.EVSE == 0 {
		d.raise(s, station.EVSEUnreported, "the station never said on which EVSE")
	}
	d.close()
}

// Stop reasons that the station did not say.
const (
	StoppedLocally = "Local"    // what a stop without a reason means (2.0.1 E06.FR.09, 1.6 section 4.10)
	StopReplaced   = "Replaced" // ours: another transaction began in its place, and its stop never came
)

// settled returns the status that the session has, by its end and by whether
// anybody was accepted.
func (s *Session) settled() Status {
	switch running := s.EndedAt.IsZero(); {
	case running && s.accepted():
		return Active
	case running:
		return Pending
	case s.accepted():
		return Completed
	}
	return Failed
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
	s.Frames++
	s.Version++
	d.out.Frame = d.frame()
	d.out.Changed = append(append(make([]Session, 0, 1+len(d.older)), *s), d.older...)
	d.out.Progress = !d.born && s.Status.Open() && s.Progress(d.before)
	d.out.Events = tell(d.out.Events, &d.before, s, r.ReceivedAt)
	d.out.Tokens = uses(d.out.Tokens, &d.before, s)
	d.out.Answer = Answer{TransactionID: s.TransactionID, Session: s.ID}
	if r.Token != nil {
		verdict := d.k.Verdict
		d.out.Answer.Token = &verdict
	}
}

// frame is the report as it is kept.
func (d *decision) frame() *meter.Frame {
	r := &d.r
	f := &meter.Frame{
		Station: d.k.Station.ID, Session: d.s.ID, Number: d.s.Frames, EVSE: r.EVSE, Connector: r.Connector, Source: r.source(),
		SeqNo: r.SeqNo, Digest: r.Digest, ReceivedAt: r.ReceivedAt, OccurredAt: r.OccurredAt, AsSent: r.AsSent,
		Offline: r.Offline, Samples: r.Samples,
	}
	if r.Token != nil {
		f.Answer = string(d.k.Verdict.Verdict)
	}
	return f
}

func (r *Report) source() meter.Source {
	switch {
	case r.Kind == Started:
		return meter.SourceStart
	case r.Kind == Ended:
		return meter.SourceEnd
	case r.Version == station.OCPP16:
		return meter.SourceMeterValues
	}
	return meter.SourceUpdate
}
