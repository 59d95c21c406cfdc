package cluster

import (
	"encoding/binary"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"pylon/internal/domain/event"
	"pylon/internal/kernel/ident"
)

const (
	subscribersMax = 10_000    // of a node: screens, each with a connection of its own
	behindMax      = 4_096     // events that one may be behind: some group commits of its organisation
	packetMax      = 256 << 10 // bytes of events in one message
)

// previousHeader is a header of messages with events: the number of the event
// before the first of them, of the same organisation in the same stream. A
// release that does not know it does without.
const previousHeader = "Pylon-Previous"

// feed is the live feed on this node.
type feed struct {
	mu     sync.Mutex
	last   map[ident.OrganisationID]event.Position // of what this node has published; as many as have had news
	topics map[ident.OrganisationID]*topic
	size   int  // subscribers
	closed bool // no more subscribers
}

// topic is the feed of one organisation while somebody reads it here.
type topic struct {
	remote      *nats.Subscription // to what other nodes publish
	subscribers map[*subscriber]struct{}
}

// Publish shows events to the subscribers of their organisations, on this node
// and all others. It does not wait. Their JSON is not changed after it. Those of a
// stream are published in order, all of them.
//
// What does not leave because the server is away is told as a gap when it is
// back, so an error here has nobody to go to.
func (b *Bus) Publish(events []event.Recorded) {
	for len(events) > 0 {
		org := events[0].Organisation
		n := 1
		for n < len(events) && events[n].Organisation == org {
			n++
		}
		b.publish(org, events[:n])
		events = events[n:]
	}
}

// publish shows events of one organisation.
func (b *Bus) publish(org ident.OrganisationID, events []event.Recorded) {
	to, err := subject(eventsSubject, string(org))
	if err != nil {
		b.log.Error("event without an organisation", "type", string(events[0].Type))
		return
	}
	events = b.feed.chain(org, events)
	b.feed.deliver(org, events)
	var packet *nats.Msg
	for i := range events {
		if packet == nil {
			packet = &nats.Msg{Subject: to, Header: nats.Header{}, Data: append(make([]byte, 0, 512), formatVersion)}
			packet.Header[previousHeader] = []string{strconv.FormatInt(events[i].Previous, 10)}
		}
		packet.Data = appendEvent(packet.Data, &events[i])
		if len(packet.Data) >= packetMax || i == len(events)-1 {
			_ = b.conn.PublishMsg(packet)
			packet = nil
		}
	}
}

// chain returns events that this node publishes with what came before each, and
// notes the last.
func (f *feed) chain(org ident.OrganisationID, events []event.Recorded) []event.Recorded {
	f.mu.Lock()
	defer f.mu.Unlock()
	chained := slices.Clone(events)
	f.last[org] = link(chained, f.last[org])
	return chained
}

// link writes into events what came before each, before the first of them last,
// and returns the last of all. What is only live is no part of it; before it
// stands what does not have to have come.
func link(events []event.Recorded, last event.Position) event.Position {
	for i := range events {
		e := &events[i]
		if last.Stream == e.Stream || e.Live {
			e.Previous = last.Number
		}
		if !e.Live {
			last = e.Position
		}
	}
	return last
}

// Subscribe returns the events of an organisation that are published from now on
// on any node; between two streams, and after a failure, not in order, and
// perhaps twice. Their Data is nil, JSON has it. A message may be lost on its way
// between nodes: then the next event's Previous is one that did not come.
//
// The channel is closed when the subscriber is too far behind, when something may
// be missing, when there are too many subscribers, and by cancel, which may be
// called more than once. Who is still interested subscribes again and then reads
// the rows. One case shows nobody: a node that dies between a commit and its
// publishing; who must know everything looks at the rows now and then.
func (b *Bus) Subscribe(org ident.OrganisationID) (events <-chan event.Recorded, cancel func()) {
	s := &subscriber{events: make(chan event.Recorded), wake: make(chan struct{}, 1), over: make(chan struct{})}
	to, err := subject(eventsSubject, string(org))
	if err == nil {
		err = b.feed.join(org, s, func() (*nats.Subscription, error) {
			return b.conn.Subscribe(to, func(m *nats.Msg) { b.arrived(org, m) })
		})
	}
	if err != nil {
		close(s.events)
		return s.events, func() {}
	}
	go s.pump()
	// After this the server knows that we listen. If it is away, its return closes
	// the channel.
	if b.conn.IsConnected() {
		_ = b.conn.FlushTimeout(openWait)
	}
	return s.events, func() { b.feed.leave(org, s) }
}

// arrived takes events that another node published.
func (b *Bus) arrived(org ident.OrganisationID, m *nats.Msg) {
	events, err := parseEvents(org, m.Data)
	if err != nil {
		b.log.Warn("events of another release", "bytes", len(m.Data))
		b.lookAgain()
		return
	}
	previous, _ := strconv.ParseInt(m.Header.Get(previousHeader), 10, 64) // 0: another release, which does not say
	if i := slices.IndexFunc(events, func(e event.Recorded) bool { return !e.Live }); i >= 0 {
		link(events, event.Position{Stream: events[i].Stream, Number: previous})
	}
	b.feed.deliver(org, events)
}

// join adds a subscriber. The first of an organisation listens to other nodes.
func (f *feed) join(org ident.OrganisationID, s *subscriber, listen func() (*nats.Subscription, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.size == subscribersMax {
		return errTooMany
	}
	t := f.topics[org]
	if t == nil {
		remote, err := listen()
		if err != nil {
			return err
		}
		t = &topic{remote: remote, subscribers: map[*subscriber]struct{}{}}
		f.topics[org] = t
	}
	t.subscribers[s] = struct{}{}
	f.size++
	return nil
}

// leave ends a subscriber.
func (f *feed) leave(org ident.OrganisationID, s *subscriber) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.topics[org]; t != nil {
		f.drop(org, t, s)
	}
}

// drop ends a subscriber of a topic, and the topic with its last; f.mu is held.
func (f *feed) drop(org ident.OrganisationID, t *topic, s *subscriber) {
	if _, there := t.subscribers[s]; !there {
		return
	}
	close(s.over)
	delete(t.subscribers, s)
	f.size--
	if len(t.subscribers) == 0 {
		delete(f.topics, org)
		_ = t.remote.Unsubscribe() // fails only on a closed connection, which has none
	}
}

// deliver hands events to the subscribers of their organisation.
func (f *feed) deliver(org ident.OrganisationID, events []event.Recorded) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.topics[org]
	if t == nil {
		return
	}
	for s := range t.subscribers {
		if !s.push(events) {
			f.drop(org, t, s)
		}
	}
}

// reset ends all subscribers.
func (f *feed) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for org, t := range f.topics {
		for s := range t.subscribers {
			f.drop(org, t, s)
		}
	}
}

// shut ends all subscribers and takes no more.
func (f *feed) shut() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.reset()
}

// subscriber is one reader of the feed.
type subscriber struct {
	events chan event.Recorded
	wake   chan struct{}
	over   chan struct{} // closed: it gets nothing more

	mu      sync.Mutex
	pending []event.Recorded
}

// push queues events; false when the subscriber is too far behind.
func (s *subscriber) push(events []event.Recorded) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending)+len(events) > behindMax {
		return false
	}
	for _, e := range events {
		e.Data = nil
		s.pending = append(s.pending, e)
	}
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
	return true
}

// pump moves events from the queue to the reader until the subscriber is over.
func (s *subscriber) pump() {
	defer close(s.events)
	for {
		select {
		case <-s.wake:
		case <-s.over:
			return
		}
		s.mu.Lock()
		events := s.pending
		s.pending = nil
		s.mu.Unlock()
		for _, e := range events {
			select {
			case s.events <- e:
			case <-s.over:
				return
			}
		}
	}
}

// appendEvent writes an event behind b, without its organisation, which is the
// subject.
func appendEvent(b []byte, e *event.Recorded) []byte {
	b = appendText(b, e.Stream)
	b = binary.AppendVarint(b, e.Number)
	b = appendText(b, string(e.Type))
	b = appendText(b, string(e.Site))
	b = appendText(b, string(e.Station))
	b = appendText(b, e.Subject)
	b = binary.AppendVarint(b, e.Version)
	b = binary.AppendVarint(b, e.At.UnixMicro())
	return append(binary.AppendUvarint(b, uint64(len(e.JSON))), e.JSON...)
}

// parseEvents reads what appendEvent wrote behind a version. Their JSON aliases
// b.
func parseEvents(org ident.OrganisationID, b []byte) ([]event.Recorded, error) {
	r := reader{b: b}
	r.version()
	var events []event.Recorded
	for len(r.b) > 0 {
		var e event.Recorded
		e.Organisation = org
		e.Stream = r.text()
		e.Number = r.number()
		e.Type = event.Type(r.text())
		e.Site = ident.SiteID(r.text())
		e.Station = ident.StationID(r.text())
		e.Subject = r.text()
		e.Version = r.number()
		e.At = time.UnixMicro(r.number()).UTC()
		e.JSON = r.bytes()
		e.Live = e.Stream == ""
		events = append(events, e)
	}
	if r.bad {
		return nil, errMalformed
	}
	return events, nil
}
