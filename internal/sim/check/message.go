package check

import (
	"slices"
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
			if !same(t.Version, m, &c.Messages[k]) {
				continue
			}
			kept++
			if k := &c.Messages[k]; m.Measured && k.Measured && k.Register != m.Register && sent == 1 {
				j.of(t, MessageDiffers, "its %s of %s (number %d) said %d Wh, the CSMS has %d Wh", m.Event, stamp(m.At), m.SeqNo, m.Register, k.Register)
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

// madeUp looks for messages that the CSMS has kept and nobody sent.
func (j *judge) madeUp(t *sim.Session, c *Session) {
	for i := range c.Messages {
		kept := &c.Messages[i]
		if !slices.ContainsFunc(t.Messages, func(m sim.Sent) bool { return same(t.Version, &m, kept) }) {
			j.of(t, MessageMadeUp, "the CSMS has its %s of %s (number %d), which was never sent", kept.Event, stamp(kept.At), kept.SeqNo)
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
