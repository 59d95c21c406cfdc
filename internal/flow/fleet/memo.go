package fleet

import (
	"context"
	"sync"
	"time"

	"pylon/internal/kernel/clock"
)

// memoTerm is how long rows that rarely change (organisations, sites,
// templates) are taken from memory. A storm of connects reads each once; an
// operator's change is seen within the term.
const memoTerm = 5 * time.Second

// memo remembers what look returned for a key, for memoTerm.
type memo[K comparable, V any] struct {
	clock clock.Clock
	look  func(context.Context, K) (V, error)
	mu    *sync.Mutex
	known map[K]remembered[V]
}

type remembered[V any] struct {
	value V
	until time.Time // by the steady clock
}

func newMemo[K comparable, V any](c clock.Clock, look func(context.Context, K) (V, error)) memo[K, V] {
	return memo[K, V]{clock: c, look: look, mu: new(sync.Mutex), known: make(map[K]remembered[V])}
}

// get returns the value of key, at most memoTerm old. Errors are not kept.
func (m memo[K, V]) get(ctx context.Context, key K) (V, error) {
	now := m.clock.Steady()
	m.mu.Lock()
	r, ok := m.known[key]
	m.mu.Unlock()
	if ok && now.Before(r.until) {
		return r.value, nil
	}
	v, err := m.look(ctx, key)
	if err != nil {
		return v, err
	}
	m.mu.Lock()
	m.known[key] = remembered[V]{v, now.Add(memoTerm)}
	m.mu.Unlock()
	return v, nil
}
