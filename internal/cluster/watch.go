package cluster

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"pylon/internal/kernel/fault"
)

// watchesMax is how many wait at once on a node: each is a request that is open.
const watchesMax = 10_000

// errTooMany says that a node has no room for one more who listens.
var errTooMany = fault.New(fault.Exhausted, "too_many_listeners")

// watchers are those who wait for something to move. One standing subscription
// serves them all: one per key would reach the other servers of a cluster only
// after the watcher has read the row.
type watchers struct {
	mu      sync.Mutex
	watches map[string][]chan struct{}
	size    int
}

// Notify wakes those who watch the key, a command's identifier, on every node. It
// is a hint and may be lost.
func (b *Bus) Notify(key string) error {
	to, err := subject(commandSubject, key)
	if err != nil {
		return fmt.Errorf("notify %q: %w", key, err)
	}
	b.watchers.wake(key)
	if err := b.conn.Publish(to, nil); err != nil {
		return fault.Wrap(err, fault.Unavailable, "cluster_unreachable")
	}
	return nil
}

// Watch returns a channel that gets a value after a Notify of the key, and when
// one may have been lost; several that nobody has seen yet are one. Who watches
// first and then reads misses nothing but what is lost, so he reads now and then,
// too. Too many who watch are [fault.Exhausted].
func (b *Bus) Watch(key string) (woken <-chan struct{}, cancel func(), err error) {
	if _, err := subject(commandSubject, key); err != nil {
		return nil, nil, fmt.Errorf("watch %q: %w", key, err)
	}
	w := &b.watchers
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.size == watchesMax {
		return nil, nil, errTooMany
	}
	watch := make(chan struct{}, 1)
	w.watches[key] = append(w.watches[key], watch)
	w.size++
	return watch, func() { w.leave(key, watch) }, nil
}

// moved hears a Notify of another node.
func (b *Bus) moved(m *nats.Msg) {
	b.watchers.wake(strings.TrimPrefix(m.Subject, commandSubject))
}

func (w *watchers) leave(key string, watch chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.Index(w.watches[key], watch)
	if at < 0 {
		return
	}
	w.size--
	if left := slices.Delete(w.watches[key], at, at+1); len(left) > 0 {
		w.watches[key] = left
	} else {
		delete(w.watches, key)
	}
}

func (w *watchers) wake(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wake(w.watches[key])
}

func (w *watchers) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, watches := range w.watches {
		wake(watches)
	}
}

func wake(watches []chan struct{}) {
	for _, watch := range watches {
		select {
		case watch <- struct{}{}:
		default: // it has not seen the last one yet
		}
	}
}
