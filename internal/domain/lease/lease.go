// Package lease is about rights that one node has at a time. Such a right is a
// row with an epoch, which grows with each holder, and a beat, which grows while
// the holder lives. Who watches judges by whether the beat moves, on his own
// steady clock: the wall clocks of two machines are never compared. What the
// holder writes names the epoch, so that one who slept through his end writes
// nothing.
package lease

import (
	"time"

	"pylon/internal/kernel/ident"
)

// Name is what a lease is for: "jobs", "consume/usage/17".
type Name string

// Lease is a right as its row has it. The zero Lease, but for its name, is one
// that nobody ever had.
type Lease struct {
	Name   Name
	Holder ident.NodeID // "": nobody, it was given back
	Epoch  int64        // 1 is the first holder's
	Beat   int64        // grows with each sign of life and with each holder
	Orphan bool         // the holder's node is known to be dead
}

// OfStream is the lease of a consumer's work on one stream of events.
func OfStream(consumer, stream string) Name { return Name("consume/" + consumer + "/" + stream) }

// Free reports whether anybody may take the lease without watching it first.
func (l Lease) Free() bool { return l.Holder == "" || l.Orphan }

// Grant is one holder's turn. The zero Grant is none: it guards nothing.
type Grant struct {
	Name  Name  `json:"name"`
	Epoch int64 `json:"epoch"`
}

const (
	// Term is how long a beat may stand still: seven beats, so that a slow disk or
	// a pause of the process is no death.
	Term = 15 * time.Second
	// Beat is how often a holder shows that it lives, and how often others look.
	Beat = 2 * time.Second
	// Stride is how much time one look can count. A watcher that slept itself, or
	// whose machine did, has seen nothing in that time: it must look again before
	// it calls anybody dead.
	Stride = 2 * Beat
)

// Sign is a beat as it was seen.
type Sign[K comparable] struct {
	Of   K
	Beat int64 // grows while its sender lives
}

// Watch tells the dead from the living. The zero value has seen nothing. It is
// not safe for concurrent use.
type Watch[K comparable] struct {
	looked time.Time
	seen   map[K]sight
}

type sight struct {
	beat  int64
	still time.Duration // how long we have seen it stand still
}

// Dead returns whose beat has stood still for [Term], in the order of signs,
// which are all there are. now is a steady moment, see [clock.Clock]; should it
// step all the same, a step back counts nothing and one forward at most a
// [Stride].
func (w *Watch[K]) Dead(now time.Time, signs []Sign[K]) []K {
	passed := min(max(now.Sub(w.looked), 0), Stride)
	w.looked = now
	seen := make(map[K]sight, len(signs))
	var dead []K
	for _, s := range signs {
		at, known := w.seen[s.Of]
		if known && at.beat == s.Beat {
			at.still += passed
		} else {
			at = sight{beat: s.Beat}
		}
		if at.still >= Term {
			dead = append(dead, s.Of)
		}
		seen[s.Of] = at
	}
	w.seen = seen
	return dead
}
