package check

import (
	"time"

	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

// messages looks for every acknowledged message of a session among those that
// the CSMS has kept, where it should be exactly once.
func (j *judge) messages(t *sim.Session, c *Session) {
	for i := range t.Messages {
		m := &t.Messages[i]
		if !m.Acknowledged {
			continue
		}
		j.result.Messages++
		sent, kept := 0, 0 // that look like this one
		for k := range t.Messages {
			if other := &t.Messages[k]; same(t.Version, m, &Message{Event: other.Event, SeqNo: other.SeqNo, At: other.At}) {
				sent++
			}
		}
		for k := range c.Messages {
			if same(t.Version, m, &c.Messages[k]) {
				kept++
			}
		}
		switch {
		case kept == 0:
			j.of(t, MessageLost, "its %s of %s (number %d) was acknowledged and is not there", m.Event, stamp(m.At), m.SeqNo)
		case kept > sent:
			j.of(t, MessageDoubled, "its %s of %s (number %d) is there %d times", m.Event, stamp(m.At), m.SeqNo, kept)
		}
	}
}

// moment is how far the time in a 1.6 message may be from that of what it tells:
// samples are taken a little earlier, and no station takes two of them so close.
const moment = 500 * time.Millisecond

// same tells the messages of one transaction apart: by their number, or in 1.6,
// which has none, by their time.
func same(v ocppj.Version, sent *sim.Sent, kept *Message) bool {
	if sent.Event != kept.Event {
		return false
	}
	if v == ocppj.V16 {
		return near(sent.At, kept.At, moment)
	}
	return sent.SeqNo == kept.SeqNo
}
