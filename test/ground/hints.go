package ground

import "sync"

// Hints are those of a node without neighbours: what it is told, all who watch hear,
// whatever the subject. The zero value is ready; its methods are safe for concurrent use.
type Hints struct {
	mu    sync.Mutex
	woken []chan struct{}
}

// Notify implements [consume.Hints].
func (h *Hints) Notify(string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.woken {
		select {
		case w <- struct{}{}:
		default:
		}
	}
	return nil
}

// Watch implements [consume.Hints].
func (h *Hints) Watch(string) (<-chan struct{}, func(), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := make(chan struct{}, 1)
	h.woken = append(h.woken, w)
	return w, func() {}, nil
}
