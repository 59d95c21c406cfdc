package store_test

import "sync"

// broken stands between the committer and its database. Before each statement,
// hook gets its text and what would run it: it may run it or not, and return
// whatever it likes.
type broken struct {
	mu      sync.Mutex
	hook    func(text string, run func() error) error
	connect func() error // before a connection is made; nil: go on
}

func (b *broken) set(hook func(text string, run func() error) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hook = hook
}

func (b *broken) setConnect(connect func() error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connect = connect
}

// between is for [store.Options].
func (b *broken) between(text string, run func() error) error {
	b.mu.Lock()
	hook, connect := b.hook, b.connect
	b.mu.Unlock()
	switch {
	case text == "CONNECT" && connect != nil:
		if err := connect(); err != nil {
			return err
		}
	case text != "CONNECT" && hook != nil:
		return hook(text, run)
	}
	return run()
}
