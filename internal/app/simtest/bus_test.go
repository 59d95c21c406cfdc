package simtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// askTerm is how long a question to another node waits for its answer.
const askTerm = 2 * time.Minute

// bus carries the messages between the nodes. Each waits until the driver
// delivers it, late, in another order or not at all.
type bus struct {
	mu     sync.Mutex
	nodes  []*node
	posts  []*post
	serial int
}

// post is a message on its way.
type post struct {
	serial  int
	from    *node
	to      ident.NodeID
	kind    string
	station ident.StationID
	body    []byte
	answer  chan reply // nil: nobody waits
	key     string     // of a notice, to all nodes
}

type reply struct {
	body []byte
	err  error
}

// add puts a message on its way; one of a node that is dead is none.
func (b *bus) add(p *post) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.from.dead.Load() {
		return
	}
	b.serial++
	p.serial = b.serial
	b.posts = append(b.posts, p)
}

// waiting returns the messages on their way, oldest first.
func (b *bus) waiting() []*post {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := slices.Clone(b.posts)
	slices.SortStableFunc(found, func(a, c *post) int {
		switch {
		case a.name() < c.name():
			return -1
		case a.name() > c.name():
			return 1
		}
		return a.serial - c.serial
	})
	return found
}

// name is the same in every run.
func (p *post) name() string { return p.from.name + " " + p.kind }

func (b *bus) take(p *post) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.posts, p); i >= 0 {
		b.posts = slices.Delete(b.posts, i, i+1)
	}
}

// lose drops a message. Who asked is told after a while, by his own clock.
func (b *bus) lose(p *post) { b.take(p) }

// target returns the node that a message is for, nil when it is gone.
func (b *bus) target(p *post) *node {
	for _, n := range b.nodes {
		if n.id == p.to && !n.dead.Load() {
			return n
		}
	}
	return nil
}

// deliver hands a message over.
func (b *bus) deliver(p *post) {
	b.take(p)
	if p.answer == nil && p.key != "" {
		for _, n := range b.nodes {
			n.link.wake(p.key)
		}
		return
	}
	n := b.target(p)
	if n == nil {
		if p.answer != nil {
			p.answer <- reply{err: fault.New(fault.Unavailable, "node_unreachable", "node", string(p.to))}
		}
		return
	}
	go func() {
		body, err := n.fleet.Handle(n.ctx, p.kind, p.station, p.body)
		if p.answer != nil {
			p.answer <- reply{body, err}
		}
	}()
}

// link is one node's end of the bus. It implements [fleet.Bus].
type link struct {
	node *node
	bus  *bus

	mu      sync.Mutex
	watches map[string][]chan struct{}
}

// Ask implements [fleet.Bus].
func (l *link) Ask(ctx context.Context, to ident.NodeID, kind string, id ident.StationID, body []byte) ([]byte, error) {
	if to == l.node.id {
		return l.node.fleet.Handle(ctx, kind, id, body)
	}
	p := &post{from: l.node, to: to, kind: kind, station: id, body: body, answer: make(chan reply, 1)}
	l.bus.add(p)
	select {
	case r := <-p.answer:
		return r.body, r.err
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.TimedOut, "node_timed_out")
	case <-l.node.clock.After(askTerm):
		return nil, fault.New(fault.TimedOut, "node_timed_out")
	}
}

// Tell implements [fleet.Bus].
func (l *link) Tell(to ident.NodeID, kind string, id ident.StationID, body []byte) error {
	l.bus.add(&post{from: l.node, to: to, kind: kind, station: id, body: body})
	return nil
}

// Notify implements [fleet.Bus].
func (l *link) Notify(key string) error {
	l.wake(key)
	l.bus.add(&post{from: l.node, kind: "notice", key: key})
	return nil
}

// Watch implements [fleet.Bus].
func (l *link) Watch(key string) (<-chan struct{}, func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	woken := make(chan struct{}, 1)
	if l.watches == nil {
		l.watches = map[string][]chan struct{}{}
	}
	l.watches[key] = append(l.watches[key], woken)
	return woken, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.watches[key] = slices.DeleteFunc(l.watches[key], func(c chan struct{}) bool { return c == woken })
	}, nil
}

func (l *link) wake(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.watches[key] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
