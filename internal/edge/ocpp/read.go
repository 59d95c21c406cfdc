package ocpp

import (
	"io"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/wire/ocppj"
)

// read takes in what the station sends, until the socket ends. It never waits
// for the database, so that a pong, an answer to our call and a close are seen
// at once; only a station that sends more than it may is made to wait.
func (c *conn) read() {
	defer c.socket.abort()
	c.socket.handle(c.onPing, c.onPong, c.gateway.Limits.Frame)
	c.socket.meter(c.onIdle)
	garbage := 0
	for {
		text, incoming, err := c.socket.next()
		if err != nil {
			c.lost(err)
			return
		}
		at := c.gateway.Clock.Now()
		switch {
		case c.isClosing():
			_, _ = io.Copy(io.Discard, incoming) // an error of it is the next read's
			continue
		case !text:
			c.alive(at)
			c.verdict(verdictBinary, "OCPP frames are text")
			c.close(endedBinary)
			continue
		}
		c.alive(at)
		b := c.gateway.buffers.get()
		if err := c.gateway.buffers.fill(b, incoming, c.gateway.Limits.Frame, c.done); err != nil {
			c.gateway.buffers.put(b)
			c.lost(err)
			continue // the next read fails, or drops what follows
		}
		c.speakOnce()
		c.pay(priceOf(len(b.bytes)))
		if c.receive(b, at) {
			garbage = 0
		} else if garbage++; garbage >= garbageMax {
			c.close(endedGarbage)
		}
	}
}

// lost ends the socket for an error of reading.
func (c *conn) lost(err error) {
	why := endOf(err)
	if !c.isClosing() {
		switch why {
		case endedTooLong:
			c.verdict(verdictTooLong, "longer than a frame may be")
			c.report(verdictTooLong)
		case endedBroken:
			c.verdict(verdictBroken, err.Error())
		}
	}
	c.close(why)
	if !why.abrupt {
		c.socket.drain(clock.Deadline(c.gateway.Clock, farewellTerm))
	}
}

// speakOnce gives a socket the seat at its first frame.
func (c *conn) speakOnce() {
	select {
	case <-c.ready:
	default:
		c.gateway.speak(c)
	}
}

// alive notes a sign of life.
func (c *conn) alive(at time.Time) {
	c.heard.Store(int64(c.gateway.age()))
	c.pinged.Store(0)
	select {
	case <-c.ready:
		c.owner.Seen(at)
	default:
	}
}

func (c *conn) onPong(string) error {
	now := c.gateway.Clock.Now()
	c.alive(now)
	c.pay(priceOdd)
	return nil
}

// onIdle has the station pay for what came in and is no message.
func (c *conn) onIdle(n int) {
	c.pay(time.Duration(n>>10) * priceOdd)
}

func (c *conn) onPing(data string) error {
	now := c.gateway.Clock.Now()
	c.alive(now)
	c.pay(priceOdd)
	return c.socket.pong(data, clock.Deadline(c.gateway.Clock, c.gateway.Limits.Write))
}

// receive takes in one message and reports whether it could be read. The
// buffer is given back when the message has been answered.
func (c *conn) receive(b *buffer, at time.Time) bool {
	frame, refused := c.parse(b)
	if refused != nil {
		c.logGarbage(b.bytes, refused, at)
		if refused.Type == ocppj.TypeCallResult || refused.Type == ocppj.TypeCallError {
			c.deliver(refused.ID, reply{malformed: refused}) // unreadable, it is an answer all the same
		}
		c.pay(priceOdd)
		c.enqueue(message{buffer: b, refused: refused, at: at})
		return refused.Fault == ocppj.FaultTypeUnknown // what a later version may say is no garbage
	}
	switch frame.Type {
	case ocppj.TypeCall, ocppj.TypeSend:
		c.logFrame(station.FromStation, frame.Type, frame.Action, frame.ID, b.bytes, at)
		c.pay(c.priceOfCall(frame.Action))
		c.enqueue(message{buffer: b, frame: frame, at: at})
		return true
	case ocppj.TypeCallResult, ocppj.TypeCallError:
		action, due := c.answered(frame)
		c.logFrame(station.FromStation, frame.Type, action, frame.ID, b.bytes, at)
		if due {
			c.pay(priceFrame)
		} else {
			c.stray(frame.ID)
		}
	case ocppj.TypeCallResultError:
		c.logFrame(station.FromStation, frame.Type, "", frame.ID, b.bytes, at)
		c.pay(priceOdd)
	}
	c.gateway.buffers.put(b)
	return true
}

// answered hands an answer to the call that waits for it, and returns its
// action; false when there is none.
func (c *conn) answered(frame ocppj.Frame) (action string, due bool) {
	if frame.Type == ocppj.TypeCallError {
		failure := frame.Err()
		failure.Details = failure.Details.Clone()
		return c.deliver(frame.ID, reply{failure: failure})
	}
	return c.deliver(frame.ID, reply{payload: append([]byte(nil), frame.Payload...)})
}

// stray deals with an answer that no call waits for: it is ignored.
func (c *conn) stray(id string) {
	if c.wasLate(id) {
		c.verdict(verdictLate, "the answer came after its time")
		return
	}
	c.verdict(verdictStray, "no call waits for this answer")
	c.report(verdictStray)
	c.pay(priceOdd)
}

// pay makes the station wait when it has spent its credit. Nothing is read
// meanwhile, so its messages pile up on its own side of the network.
func (c *conn) pay(price time.Duration) {
	if price == 0 {
		return
	}
	wait := c.seat.credit.spend(c.gateway.Clock.Steady(), price, c.gateway.Limits.Credit) // else a wall clock set back would close it for as long
	if wait == 0 {
		return
	}
	c.verdict(verdictFlood, "more than a station may send; reading slows down")
	select {
	case <-c.gateway.Clock.After(wait):
	case <-c.done:
	}
}
