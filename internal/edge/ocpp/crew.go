package ocpp

import (
	"context"
	"sync/atomic"
)

// crewMax bounds the goroutines that wait for the next message of any station:
// as many as are at work at once on a busy node, at 8 to 32 KiB of stack each.
const crewMax = 256

// crew are the goroutines that answer stations. A new goroutine's stack is
// too small for decoding and committing a message and is copied as it grows;
// one that has answered before has its stack already, so a few of them wait
// for the next station instead of ending.
type crew struct {
	over    <-chan struct{} // closed when nobody is to wait any more
	next    chan *conn      // to one that waits
	waiting atomic.Int32
}

func newCrew(ctx context.Context) *crew {
	return &crew{over: ctx.Done(), next: make(chan *conn)}
}

// answer has a goroutine answer what is in c's inbox; it does not wait for it.
// The caller has counted it in c.work.
func (w *crew) answer(c *conn) {
	select {
	case w.next <- c:
	default:
		go w.work(c)
	}
}

func (w *crew) work(c *conn) {
	var m message
	for c != nil {
		c.answer(&m)
		c.work.Done()
		c = nil // a station that has gone is not held
		if w.waiting.Add(1) <= crewMax {
			select {
			case c = <-w.next:
			case <-w.over:
			}
		}
		w.waiting.Add(-1)
	}
}
