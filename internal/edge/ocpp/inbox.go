package ocpp

import (
	"time"

	"pylon/internal/wire/ocppj"
)

// message is a frame that is to be answered, or at least remembered.
type message struct {
	buffer  *buffer // what frame aliases
	frame   ocppj.Frame
	refused *ocppj.FrameError // why the frame cannot be read; nil: frame is it
	finding verdict           // no frame, but something to be committed
	at      time.Time
}

// inbox is what a station has sent and not got answered.
type inbox struct {
	queue   []message
	size    int           // bytes in it
	working bool          // a goroutine answers
	room    chan struct{} // made by who waits for room; closed when there is some
}

// size returns the bytes that the message holds.
func (m *message) size() int {
	if m.buffer == nil {
		return 0
	}
	return cap(m.buffer.bytes)
}

// hasRoom reports whether another message may come in. One alone always may.
func (i *inbox) hasRoom(m *message) bool {
	return len(i.queue) == 0 || len(i.queue) < inboxMax && i.size+m.size() <= inboxSize
}

// enqueue hands a message to the goroutine that answers, and starts it when
// there is none. It waits while the inbox is full: what a station sends beyond
// it stays in the socket.
func (c *conn) enqueue(m message) {
	for {
		c.mu.Lock()
		switch {
		case c.closing:
			c.mu.Unlock()
			c.recycle(&m)
			return
		case c.inbox.hasRoom(&m):
			c.inbox.queue = append(c.inbox.queue, m)
			c.inbox.size += m.size()
			if !c.inbox.working {
				c.inbox.working = true
				c.work.Add(1)
				c.gateway.crew.answer(c)
			}
			c.mu.Unlock()
			return
		}
		room := make(chan struct{})
		c.inbox.room = room
		c.mu.Unlock()
		c.verdict(verdictHasty, "too many calls at once; reading waits")
		select {
		case <-room:
		case <-c.done:
		}
	}
}

// dequeue returns the oldest message; false when there is none, or when we end
// the socket: then the goroutine that answers is over.
func (c *conn) dequeue() (message, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inbox.queue) == 0 || c.closing && c.why.ours {
		c.inbox.working = false
		c.drop()
		if cap(c.inbox.queue) > 1 {
			c.inbox.queue = nil // an idle station keeps one place
		}
		c.showLocked()
		return message{}, false
	}
	m := c.inbox.queue[0]
	c.inbox.size -= m.size()
	rest := copy(c.inbox.queue, c.inbox.queue[1:])
	c.inbox.queue[rest] = message{}
	c.inbox.queue = c.inbox.queue[:rest]
	if c.inbox.room != nil {
		close(c.inbox.room)
		c.inbox.room = nil
	}
	return m, true
}

// recycle gives back the buffer of a message that is done with.
func (c *conn) recycle(m *message) {
	if m.buffer != nil {
		c.gateway.buffers.put(m.buffer)
		m.buffer = nil
	}
}

// priceOfCall is what the station pays for the call it sends now: little when
// it has waited for its last answer, and the call makes us little work.
func (c *conn) priceOfCall(action string) time.Duration {
	hasty := c.unanswered.Add(1) > 1
	switch {
	case action == "NotifyEvent", action == "NotifyReport", action == "NotifyMonitoringReport":
		return priceNews
	case hasty:
		return priceHasty
	}
	return priceFrame
}

// answer answers what is in the inbox, in order, until it is empty. m is the
// caller's memory for one message, and empty again afterwards.
func (c *conn) answer(m *message) {
	if !c.claimed() {
		c.drain()
		return
	}
	for {
		var ok bool
		if *m, ok = c.dequeue(); !ok {
			c.partAtRest()
			return
		}
		c.busy.Store(int64(c.gateway.age()))
		c.serve(m)
		c.busy.Store(0)
		c.recycle(m)
	}
}

// drain ends the goroutine that answers without one.
func (c *conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inbox.working = false
	c.drop()
	c.inbox.queue = nil
}

// drop forgets what is in the inbox. c.mu is held.
func (c *conn) drop() {
	for i := range c.inbox.queue {
		c.recycle(&c.inbox.queue[i])
		c.inbox.queue[i] = message{}
	}
	c.inbox.queue, c.inbox.size = c.inbox.queue[:0], 0
}
