// Package check holds what a CSMS says against what simulated stations really
// did: no session lost, doubled, invented or different, no acknowledged message
// lost or doubled, and no finding without a cause.
//
// It is pure: the truth comes from the simulator, the claim from whoever asked
// the CSMS. Where the truth cannot reach the CSMS, because a fault swallowed it,
// a claim is held against what is fair: a session that never got its stop may be
// closed from evidence, but not with more energy than the car got.
package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/sim"
)

// Truth is what really happened.
type Truth struct {
	Sessions []sim.Session
	Faults   []sim.Injected
	// At is when the claim was made, by the true clock.
	At time.Time
	// Quiet is since when every station is online and every EVSE free, by the true
	// clock; zero when that is not so.
	Quiet time.Time
	// Slack is how long a message may take to arrive, by the true clock: where
	// that runs fast, much more than in reality.
	Slack time.Duration
	// OwnTime: the clock of all stations is another than the CSMS's, which
	// therefore tells times otherwise and finds their clocks wrong.
	OwnTime bool
	// Stepped: the CSMS's clock was set while it ran. What it concludes from the order
	// of times may be wrong then; what it tells of sessions may not.
	Stepped bool
	// Connections are those of each station, as far as somebody has noted them: while
	// a station is away, nothing is seen of what it was asked.
	Connections map[string][]sim.Connection
	// BootsAlways are the stations that boot with every connection: one that they lose
	// in mid-session looks like its end until they go on.
	BootsAlways map[string]bool
}

// Claim is what a CSMS says of the same time.
type Claim struct {
	Sessions []Session
	Findings []Finding
}

// Session is one session as a CSMS tells it.
type Session struct {
	ID            string
	Station       string
	EVSE          int
	TransactionID string
	Token         string // uid; "" when it knows none
	Status        Status
	Began, Ended  time.Time // zero: it runs
	Energy        unit.WattHour
	Reason        string // why it ended, in OCPP's words
	Messages      []Message
}

// Status is how a CSMS counts a session.
type Status string

// The statuses.
const (
	Pending   Status = "pending" // nobody is authorised yet
	Active    Status = "active"
	Completed Status = "completed"
	Failed    Status = "failed" // ended without anybody authorised
)

// Open says whether the session goes on.
func (s Status) Open() bool { return s == Pending || s == Active }

// Message is a message about a session that a CSMS has kept.
type Message struct {
	Event    string // Started, Updated or Ended
	SeqNo    int    // -1 when the version has none
	At       time.Time
	Register unit.WattHour // in it, as far as Measured
	Measured bool
}

// Finding is something that a CSMS noticed about a station.
type Finding struct {
	Station  string
	Session  string // id; "" when it is about none
	Code     string
	Detail   string
	At       time.Time
	Resolved bool
}

// Kind says what is wrong.
type Kind string

// The kinds of discrepancy.
const (
	Lost           Kind = "lost"            // a session that the CSMS does not know
	Doubled        Kind = "doubled"         // one that it has twice
	Invented       Kind = "invented"        // one that never was
	Differs        Kind = "differs"         // one that it tells otherwise
	Unended        Kind = "unended"         // one that is over and runs on in its books
	MessageLost    Kind = "message_lost"    // a message that it acknowledged and does not have
	MessageDoubled Kind = "message_doubled" // one that it has twice
	MessageMadeUp  Kind = "message_made_up" // one that was never sent
	MessageDiffers Kind = "message_differs" // one with another register in it
	Uncaused       Kind = "uncaused"        // a finding for which there is no reason
)

// Discrepancy is one thing that the CSMS says otherwise than it was.
type Discrepancy struct {
	Kind    Kind   `json:"kind"`
	Station string `json:"station"`
	Text    string `json:"text"` // one sentence
}

// Explained is a finding with its cause.
type Explained struct {
	Finding
	Cause string // what went wrong; "" when nothing did
}

// Result is what a comparison comes to.
type Result struct {
	Matched       int // sessions that are in the truth and in the claim
	Messages      int // acknowledged messages that were looked for
	Discrepancies []Discrepancy
	Findings      []Explained
}

// Compare holds a claim against the truth.
func Compare(t Truth, c Claim) Result {
	j := judge{truth: t, faults: map[string][]sim.Injected{}}
	for _, f := range t.Faults {
		j.faults[f.Station] = append(j.faults[f.Station], f)
	}
	pairs := j.match(c.Sessions)
	for _, p := range pairs {
		j.result.Matched++
		j.session(p.truth, p.claim)
		j.messages(p.truth, p.claim)
		j.madeUp(p.truth, p.claim)
	}
	for _, f := range c.Findings {
		j.finding(f)
	}
	slices.SortStableFunc(j.result.Discrepancies, func(a, b Discrepancy) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Station, b.Station))
	})
	return j.result
}

// judge is a comparison under way.
type judge struct {
	truth  Truth
	faults map[string][]sim.Injected // by station
	result Result
}

// pair is a session as it was and as the CSMS tells it.
type pair struct {
	truth *sim.Session
	claim *Session
}

func (j *judge) say(kind Kind, station, format string, args ...any) {
	text := station + " " + fmt.Sprintf(format, args...)
	j.result.Discrepancies = append(j.result.Discrepancies, Discrepancy{Kind: kind, Station: station, Text: text})
}

// of says what is wrong with a session, and what went wrong while it ran.
func (j *judge) of(t *sim.Session, kind Kind, format string, args ...any) {
	j.say(kind, t.Station, "%s: %s%s", name(t), fmt.Sprintf(format, args...), j.history(t))
}

// name tells people which session is meant.
func name(s *sim.Session) string {
	id := s.TransactionID
	if id == "" {
		id = "without id"
	}
	return fmt.Sprintf("transaction %s (OCPP %s, EVSE %d, began %s)", id, s.Version, s.EVSE, stamp(s.TrueBegan))
}

// history tells people what went wrong at a station until a session was over.
func (j *judge) history(s *sim.Session) string {
	var b strings.Builder
	for i := range j.faults[s.Station] {
		if f := &j.faults[s.Station][i]; j.met(s, f) {
			fmt.Fprintf(&b, "; %s at %s", f.Fault, stamp(f.From))
		}
	}
	return b.String()
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// struck returns the first fault of one of the kinds that a session met; nil when
// it met none. What struck the whole station struck every session that it fell
// into; of kinds that leave something behind, an earlier one counts too.
func (j *judge) struck(s *sim.Session, kinds ...sim.Fault) *sim.Injected {
	all := j.faults[s.Station]
	for i := range all {
		f := &all[i]
		if slices.Contains(kinds, f.Fault) && j.met(s, f) {
			return f
		}
	}
	return nil
}

func (j *judge) met(s *sim.Session, f *sim.Injected) bool {
	if f.TransactionID != "" && f.TransactionID == s.TransactionID {
		return true
	}
	if f.EVSE != 0 && f.EVSE != s.EVSE {
		return false
	}
	over := s.TrueEnded
	if s.Running() {
		over = j.truth.At
	}
	ends := f.To
	if ends.IsZero() {
		ends = j.truth.At // it lasts, or waits for its chance
	}
	return !f.From.After(over.Add(j.truth.Slack)) && !ends.Add(j.truth.Slack).Before(s.TrueBegan)
}
