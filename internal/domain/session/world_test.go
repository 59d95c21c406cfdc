package session

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// at is noon and some minutes.
func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// failer is what a world needs of a test; both testing.TB and rapid.T have it.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// world is a station's side of the database: it gives decisions what they may
// know and keeps what comes out of them, as the owner of a station does.
type world struct {
	failer
	station     station.Station
	connectors  []station.Connector
	onlineSince time.Time
	statusLate  time.Duration
	verdicts    map[string]token.Decision // by uid; others are unknown
	remote      *RemoteStart              // of the next report
	left        *Session                  // that ended last where the next report begins one

	sessions []Session // in the order of their birth
	frames   []meter.Frame
	segments map[ident.SessionID]map[int]Segment
	findings []station.Finding
	events   []event.Event
	running  map[ident.TokenID]int
	last     Outcome
}

func newWorld(t failer) *world {
	accepted := func(id, group string) token.Decision {
		return token.Decision{Verdict: token.VerdictAccepted, Token: ident.TokenID("tok_" + id), Group: group}
	}
	return &world{
		failer:  t,
		station: station.Station{ID: "sta_1", Organisation: "org_1", Site: "sit_1", Version: 1},
		connectors: []station.Connector{
			{Station: "sta_1", EVSE: 1, Connector: 1, Status: station.Occupied, TakenAt: at(-1)},
			{Station: "sta_1", EVSE: 2, Connector: 1, Status: station.Available},
		},
		verdicts: map[string]token.Decision{
			"A": accepted("A", ""), "B": accepted("B", ""), "G1": accepted("G1", "FLEET"), "G2": accepted("G2", "fleet"),
			"BAD": {Verdict: token.VerdictBlocked, Reason: token.ReasonBlocked, Token: "tok_BAD"},
		},
		segments: map[ident.SessionID]map[int]Segment{},
		running:  map[ident.TokenID]int{},
	}
}

// know gathers what the decision about r may depend on.
func (w *world) know(r *Report) Known {
	k := Known{
		Station: w.station, Connectors: w.connectors, OnlineSince: w.onlineSince, StatusLate: w.statusLate, Remote: w.remote,
		Site:  site.Site{ID: "sit_1", TimeZone: "Europe/Berlin", Country: "DE"},
		Left:  w.left,
		NewID: ident.SessionID("ses_" + strconv.Itoa(len(w.sessions)+1)),
	}
	var of *Session
	for i := range w.sessions {
		s := &w.sessions[i]
		is := r.TransactionID != "" && s.TransactionID == r.TransactionID || r.StartKey != "" && s.StartKey == r.StartKey
		if s.Status.Open() {
			k.Open = append(k.Open, *s)
		} else if is {
			k.Prior = s
		}
		if is {
			of = s
		}
	}
	if of != nil {
		k.PriorFrame = w.priorFrame(of.ID, r)
	}
	if r.Token != nil {
		k.Verdict = token.Decision{Verdict: token.VerdictUnknown, Reason: token.ReasonUnknown}
		if v, ok := w.verdicts[r.Token.UID]; ok {
			k.Verdict = v
		}
		if r.Token.Type == token.NoAuthorization {
			k.Verdict = token.Decision{Verdict: token.VerdictAccepted}
		}
	}
	return k
}

// priorFrame is the frame with the report's digest, else the newest with its
// number.
func (w *world) priorFrame(of ident.SessionID, r *Report) *meter.Frame {
	var found *meter.Frame
	for i := range w.frames {
		f := &w.frames[i]
		if f.Session != of {
			continue
		}
		if len(r.Digest) > 0 && bytes.Equal(f.Digest, r.Digest) {
			return f
		}
		if r.SeqNo >= 0 && f.SeqNo == r.SeqNo {
			found = f
		}
	}
	return found
}

// scene is the station, connected for long by OCPP v, at a minute.
func (w *world) scene(v station.Version, minute int) Scene {
	return Scene{
		Station: w.station, Connectors: w.connectors, Now: at(minute),
		Link: station.Link{Online: true, OCPP: v, Since: at(-10_000), LastSeen: at(minute)},
	}
}

// open returns the sessions that run.
func (w *world) open() (all []Session) {
	for _, s := range w.sessions {
		if s.Status.Open() {
			all = append(all, s)
		}
	}
	return all
}

// weigh lets time and what else is known decide about the open sessions.
func (w *world) weigh(c Scene) (next time.Time) {
	w.Helper()
	out, next := Weigh(c, w.open())
	w.keep(out)
	w.check()
	return next
}

// report lets the station say something and keeps what comes of it.
func (w *world) report(r Report) Answer {
	w.Helper()
	r = r.Seal()
	out := Decide(w.know(&r), r)
	w.remote = nil
	w.keep(out)
	w.check()
	return out.Answer
}

func (w *world) reports(all ...Report) {
	w.Helper()
	for _, r := range all {
		w.report(r)
	}
}

// keep applies an outcome; it refuses what a database would refuse.
func (w *world) keep(out Outcome) {
	w.Helper()
	w.last = out
	for i, s := range out.Changed {
		j := slices.IndexFunc(w.sessions, func(o Session) bool { return o.ID == s.ID })
		switch {
		case j < 0 && s.Version != 1:
			w.Fatalf("a new session has version %d", s.Version)
		case j < 0:
			w.sessions = append(w.sessions, s)
			continue
		case w.sessions[j].Version != s.Version-1:
			w.Fatalf("version %d follows %d", s.Version, w.sessions[j].Version)
		case i == 0 && out.Progress && !s.Progress(w.sessions[j]):
			w.Fatalf("more than progress: %+v\nbefore %+v", s, w.sessions[j])
		}
		w.sessions[j] = s
	}
	for _, g := range out.Segments {
		if w.segments[g.Session] == nil {
			w.segments[g.Session] = map[int]Segment{}
		}
		w.segments[g.Session][g.Number] = g
	}
	if out.Frame != nil {
		w.frames = append(w.frames, *out.Frame)
	}
	w.findings = append(w.findings, out.Findings...)
	for _, r := range out.Resolved {
		w.settle(r)
	}
	w.events = append(w.events, out.Events...)
	for _, use := range out.Tokens {
		w.running[use.Token] += use.Delta
	}
	if out.LastTransaction != 0 {
		w.station.LastTransaction = out.LastTransaction
	}
}

// settle resolves, or opens anew, the finding that r is about: there is exactly
// one.
func (w *world) settle(r station.Resolution) {
	w.Helper()
	about := 0
	for i := range w.findings {
		f := &w.findings[i]
		if f.Session != r.Session || f.Code != r.Code {
			continue
		}
		about++
		if f.ResolvedAt.IsZero() == r.At.IsZero() {
			w.Fatalf("%s of %s is already as %+v says", f.Code, f.Session, r)
		}
		f.ResolvedAt = r.At
	}
	if about != 1 {
		w.Fatalf("%d findings are meant by %+v", about, r)
	}
}

// unresolved returns the kinds of finding that nothing has resolved.
func (w *world) unresolved() string {
	var all []string
	for _, f := range w.findings {
		if f.ResolvedAt.IsZero() {
			all = append(all, string(f.Code))
		}
	}
	return strings.Join(all, " ")
}

// check wants what holds at any time.
func (w *world) check() {
	w.Helper()
	counts := map[ident.TokenID]int{}
	for i := range w.sessions {
		s := &w.sessions[i]
		counts[s.counts()]++
		if !s.EndedAt.IsZero() && s.EndedAt.Before(s.StartedAt) {
			w.Fatalf("%s ended %s before it began %s", s.ID, s.EndedAt, s.StartedAt)
		}
		if s.ChargingState == "" || s.StateCause == "" || s.PlugIn == "" {
			w.Fatalf("%s has state %q, cause %q, plug-in %q", s.ID, s.ChargingState, s.StateCause, s.PlugIn)
		}
		if s.EndedAt.IsZero() != s.Status.Open() {
			w.Fatalf("%s is %s and ended %s", s.ID, s.Status, s.EndedAt)
		}
		if energy := s.counted(); s.Energy != energy || energy < 0 {
			w.Fatalf("%s has energy %d, its registers say %d", s.ID, s.Energy, energy)
		}
		w.checkSegments(s)
	}
	delete(counts, "")
	for id, n := range w.running {
		if n != counts[id] {
			w.Fatalf("%s: %d sessions counted, %d run", id, n, counts[id])
		}
	}
	for id := range counts {
		if w.running[id] == 0 {
			w.Fatalf("%s runs and is not counted", id)
		}
	}
}

// checkSegments wants a session's segments to tile its time.
func (w *world) checkSegments(s *Session) {
	w.Helper()
	all := w.history(s.ID)
	from := s.StartedAt
	for i, g := range all {
		if !g.From.Equal(from) {
			w.Fatalf("%s: segment %d begins %s, want %s: %+v", s.ID, g.Number, g.From, from, all)
		}
		if g.To.IsZero() && i < len(all)-1 {
			w.Fatalf("%s: segment %d is open before the last: %+v", s.ID, g.Number, all)
		}
		from = g.To
	}
	if len(all) == 0 {
		from = s.StartedAt // a session born with its end, of no length
	}
	if !from.Equal(s.EndedAt) {
		w.Fatalf("%s: segments end %s, want %s: %+v", s.ID, from, s.EndedAt, all)
	}
}

// history returns a session's segments by their time, as they are told.
func (w *world) history(id ident.SessionID) []Segment {
	var all []Segment
	for _, g := range w.segments[id] {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b Segment) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return a.Number - b.Number
	})
	for i := range w.sessions {
		if s := &w.sessions[i]; s.ID == id {
			return s.Told(all)
		}
	}
	return all
}

// story writes a session's segments as "ev_connected 0-5 car, charging 5- car".
func (w *world) story(id ident.SessionID) string {
	var words []string
	for _, g := range w.history(id) {
		to := ""
		if !g.To.IsZero() {
			to = fmt.Sprint(g.To.Sub(noon).Minutes())
		}
		words = append(words, fmt.Sprintf("%s %v-%s %s", g.State, g.From.Sub(noon).Minutes(), to, g.Cause))
	}
	return strings.Join(words, ", ")
}

// codes returns the findings so far.
func (w *world) codes() string {
	var all []string
	for _, f := range w.findings {
		all = append(all, string(f.Code))
	}
	return strings.Join(all, " ")
}

// told returns the types of the events of the last report.
func (w *world) told() string {
	var all []string
	for _, e := range w.last.Events {
		what := strings.TrimPrefix(string(e.Type), "session.")
		if e.Live {
			what = "live"
		}
		all = append(all, what)
	}
	return strings.Join(all, " ")
}

// only returns the single session of the world.
func (w *world) only() Session {
	w.Helper()
	if len(w.sessions) != 1 {
		w.Fatalf("%d sessions: %+v", len(w.sessions), w.sessions)
	}
	return w.sessions[0]
}

// with changes a report.
type with func(*Report)

// event2 is an OCPP 2.0.1 TransactionEvent of transaction T1.
func event2(kind ReportKind, seq, minute int, changes ...with) Report {
	r := Report{
		Kind: kind, Version: station.OCPP201, TransactionID: "T1", SeqNo: int64(seq), State: StateUnknown,
		OccurredAt: at(minute), AsSent: at(minute).Format(time.RFC3339), ReceivedAt: at(minute),
		RemoteStartID: -1, ReservationID: -1,
	}
	if kind == Started {
		r.EVSE, r.Connector = 1, 1
	}
	for _, f := range changes {
		f(&r)
	}
	return r
}

func transaction(id string) with { return func(r *Report) { r.TransactionID = id } }
func evse(n int) with            { return func(r *Report) { r.EVSE, r.Connector = n, min(n, 1) } }
func trigger(reason string) with { return func(r *Report) { r.Trigger = reason } }
func in(s ChargingState) with    { return func(r *Report) { r.State = s } }
func because(reason string) with { return func(r *Report) { r.StopReason = reason } }
func offline(r *Report)          { r.Offline = true }
func received(minute int) with   { return func(r *Report) { r.ReceivedAt = at(minute) } }
func by(uid string) with {
	return func(r *Report) { r.Token = &token.Presented{UID: uid, Type: "ISO14443"} }
}

// after makes the report that much later.
func after(d time.Duration) with {
	return func(r *Report) {
		r.OccurredAt, r.ReceivedAt = r.OccurredAt.Add(d), r.ReceivedAt.Add(d)
		r.AsSent = r.OccurredAt.Format(time.RFC3339Nano)
	}
}

// sample adds a sample taken when the report occurred.
func sample(m meter.Sample) with {
	return func(r *Report) {
		if m.At.IsZero() {
			m.At, m.AtAsSent = r.OccurredAt, r.AsSent
		}
		r.Samples = append(slices.Clone(r.Samples), m)
	}
}

// wh adds a reading of the register in Wh, with the context that its place in
// the transaction asks for.
func wh(n int64) with {
	return func(r *Report) {
		context := meter.ContextPeriodic
		switch r.Kind {
		case Started:
			context = meter.ContextBegin
		case Ended:
			context = meter.ContextEnd
		case Updated:
		}
		sample(meter.Sample{Measurand: meter.EnergyImportRegister, Context: context, Value: decimal.FromInt(n, 0), Unit: "Wh"})(r)
	}
}

func watts(n int64) with {
	return sample(meter.Sample{Measurand: meter.PowerImport, Value: decimal.FromInt(n, 0), Unit: "W"})
}

// start16 is an OCPP 1.6 StartTransaction on a connector, with the register in
// Wh.
func start16(connector, minute int, idTag string, meterStart int64, changes ...with) Report {
	r := Report{
		Kind: Started, Version: station.OCPP16, EVSE: connector, Connector: 1, SeqNo: -1, State: StateUnknown,
		OccurredAt: at(minute), AsSent: at(minute).Format(time.RFC3339), ReceivedAt: at(minute),
		RemoteStartID: -1, ReservationID: -1, Token: &token.Presented{UID: idTag},
		StartKey: StartKey(connector, idTag, at(minute), meterStart),
	}
	wh(meterStart)(&r)
	for _, f := range changes {
		f(&r)
	}
	return r
}

// values16 is an OCPP 1.6 MeterValues with the register in Wh.
func values16(id string, connector, minute int, register int64, changes ...with) Report {
	r := start16(connector, minute, "", 0)
	r.Kind, r.TransactionID, r.Token, r.StartKey, r.Samples = Updated, id, nil, "", nil
	wh(register)(&r)
	for _, f := range changes {
		f(&r)
	}
	return r
}

// stop16 is an OCPP 1.6 StopTransaction.
func stop16(id string, minute int, meterStop int64, changes ...with) Report {
	r := start16(0, minute, "", 0)
	r.Kind, r.TransactionID, r.Connector, r.Token, r.StartKey, r.Samples = Ended, id, 0, nil, "", nil
	wh(meterStop)(&r)
	for _, f := range changes {
		f(&r)
	}
	return r
}

var _ failer = testing.TB(nil)
