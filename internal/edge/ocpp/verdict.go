package ocpp

import (
	"maps"
	"sync"
	"time"
)

// verdict names something that a station does and should not, and that has a
// defined consequence: the label of a counter and the type of a note.
type verdict string

// The verdicts and their consequences.
const (
	verdictBinary  verdict = "binary_frame"      // OCPP-J is text: closed, 1003
	verdictBroken  verdict = "websocket_error"   // against RFC 6455: closed, 1002
	verdictTooLong verdict = "frame_too_long"    // closed, 1009; a finding, for a transaction may be in it
	verdictGarbage verdict = "garbage"           // answered as the version wants; closed when nothing else comes
	verdictStray   verdict = "unexpected_answer" // no call waits for it: ignored
	verdictLate    verdict = "late_answer"       // its call has timed out: ignored
	verdictFlood   verdict = "flood"             // reading slows down to what the station has credit for
	verdictHasty   verdict = "too_many_calls"    // reading waits until the inbox has room
	verdictSlow    verdict = "slow_reader"       // what we write is not taken: closed
	verdictSilent  verdict = "silent"            // no sign of life after a ping: closed
	verdictAway    verdict = "database_away"     // no answer in time: closed without one
	verdictSend    verdict = "send_ignored"      // 2.1 SEND that we have no use for
)

// noteTerm is how often one kind of note is written for a station: a flood
// must not flood the log.
const noteTerm = time.Minute

// findingTerm is how often one kind of finding is committed for a station.
const findingTerm = 24 * time.Hour

// verdict counts what the station did and writes it into its log.
func (c *conn) verdict(v verdict, words string) {
	c.gateway.Metrics.verdict(v)
	if c.seat.once.every("note "+string(v), c.gateway.Clock.Now(), noteTerm) {
		c.note(string(v), words)
	}
}

// report has a finding committed about what the station did.
func (c *conn) report(v verdict) {
	now := c.gateway.Clock.Now()
	if c.seat.once.every("finding "+string(v), now, findingTerm) {
		c.enqueue(message{finding: v, at: now})
	}
}

// onceMax bounds what a station is remembered for.
const onceMax = 128

// once remembers what was done lately. The zero value remembers nothing.
type once struct {
	mu   sync.Mutex
	done map[string]time.Time
}

// knows reports whether key was done within term.
func (o *once) knows(key string, now time.Time, term time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	at, known := o.done[key]
	return known && now.Sub(at) < term
}

// every reports true, and remembers it, when key was not done within term.
// While too much is remembered nothing is new.
func (o *once) every(key string, now time.Time, term time.Duration) bool {
	if o.knows(key, now, term) {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fullLocked(now) {
		return false
	}
	if o.done == nil {
		o.done = make(map[string]time.Time)
	}
	o.done[key] = now
	return true
}

// full reports whether too much is remembered for anything to be new.
func (o *once) full(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fullLocked(now)
}

func (o *once) fullLocked(now time.Time) bool {
	if len(o.done) >= onceMax {
		maps.DeleteFunc(o.done, func(_ string, at time.Time) bool { return now.Sub(at) >= findingTerm })
	}
	return len(o.done) >= onceMax
}
