package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"pylon/internal/wire/schema"
)

// Limits of an outbox.
const (
	passingMax = 64   // messages that are of no use later; more is a server that does not answer
	keptMax    = 5000 // a day of samples offline; a station's flash holds some thousand
)

// parcel is a message on its way to the server.
type parcel struct {
	message schema.Message
	// ready is called when the message is about to be sent, to fill in what earlier
	// answers told; false means that there is nothing left to say. It may be nil.
	ready func() bool
	// waits says whether something else must be answered first. It may be nil.
	waits func() bool
	// settled is called once, with what Call returned, or ErrClosed when the
	// parcel was dropped; without the station's lock. It may be nil.
	settled func(response schema.Message, err error)

	about *Session // of which this is a message; nil for others
	place int      // its index in there

	kept      bool // until it was answered: the message is about a transaction
	triggered bool // the server asked for it, so it may go before the server has accepted the station
	held      bool // a fault keeps it back
	refusals  int
	after     time.Time // not to be sent before
}

func (p *parcel) settle(response schema.Message, err error) {
	if p.settled != nil {
		p.settled(response, err)
	}
}

// note changes what the truth says about the message. The station's lock is held.
func (p *parcel) note(change func(*Sent)) {
	if p.about != nil {
		change(&p.about.Messages[p.place])
	}
}

// discard notes that the message will never be heard.
func (p *parcel) discard() {
	p.note(func(m *Sent) {
		m.Discarded = true
		p.about.Unstoppable = p.about.Unstoppable || m.Event == ended
	})
}

// outbox is the station's queue: in the order of what happened, but that a
// transaction message which waits for its next try lets others pass. The
// station's lock guards it.
type outbox struct {
	parcels []*parcel
	wake    chan struct{} // holds a token when something was put in
}

// put appends a parcel. It returns the one that must give way, which the caller
// settles.
func (o *outbox) put(p *parcel) (dropped *parcel) {
	limit := passingMax
	if p.kept {
		limit = keptMax
	}
	if o.count(p.kept) >= limit {
		if p.kept {
			return p // the oldest are about money as well, and come first
		}
		dropped = o.oldestPassing()
		o.remove(dropped)
	}
	o.parcels = append(o.parcels, p)
	o.ring()
	return dropped
}

// ring wakes the one who sends.
func (o *outbox) ring() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) count(kept bool) int {
	n := 0
	for _, p := range o.parcels {
		if p.kept == kept {
			n++
		}
	}
	return n
}

func (o *outbox) oldestPassing() *parcel {
	return o.parcels[slices.IndexFunc(o.parcels, func(p *parcel) bool { return !p.kept })]
}

// next returns the parcel to be sent now, which stays in the box, or how long
// until there is one; zero when only a new one can be. A station that was not
// accepted yet sends what it was asked for and nothing else.
func (o *outbox) next(now time.Time, accepted bool) (*parcel, time.Duration) {
	var wait time.Duration
	for _, p := range o.parcels {
		switch {
		case !accepted && !p.triggered:
		case p.held, p.waits != nil && p.waits():
		case p.kept && wait > 0:
			// One about a transaction waits: those behind it keep their order.
		case p.after.After(now):
			wait = p.after.Sub(now)
		default:
			return p, 0
		}
	}
	return nil, wait
}

func (o *outbox) remove(p *parcel) {
	if i := slices.Index(o.parcels, p); i >= 0 {
		o.parcels = slices.Delete(o.parcels, i, i+1)
	}
}

// shuffle brings what is kept out of its order, and reports whether there was
// anything to bring out of order.
func (o *outbox) shuffle(r *rand.Rand) bool {
	var places []int
	for i, p := range o.parcels {
		if p.kept {
			places = append(places, i)
		}
	}
	swap := func(i, j int) {
		a, b := places[i], places[j]
		o.parcels[a], o.parcels[b] = o.parcels[b], o.parcels[a]
	}
	before := slices.Clone(o.parcels)
	if r.Shuffle(len(places), swap); len(places) > 1 && slices.Equal(o.parcels, before) {
		swap(0, len(places)-1)
	}
	return len(places) > 1
}

// release lets go what was held back.
func (o *outbox) release() {
	for _, p := range o.parcels {
		p.held = false
	}
	o.ring()
}

// drop takes out the parcels that are of no use any more, and returns them.
func (o *outbox) drop(useless func(*parcel) bool) []*parcel {
	var dropped []*parcel
	o.parcels = slices.DeleteFunc(o.parcels, func(p *parcel) bool {
		out := useless(p)
		if out {
			dropped = append(dropped, p)
		}
		return out
	})
	return dropped
}
