package fleet

import (
	"sync"

	"pylon/internal/domain/command"
	"pylon/internal/domain/lease"
	"pylon/internal/kernel/fault"
)

// leaders are the highest epochs of leases under which somebody has ordered
// something of this node's stations: what an older holder ordered, who may have
// slept since, is not sent any more.
type leaders struct {
	mu    sync.Mutex
	known map[lease.Name]int64
}

// note remembers a command's lease.
func (l *leaders) note(g lease.Grant) {
	if g == (lease.Grant{}) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = make(map[lease.Name]int64) // as many as there are kinds of leader
	}
	l.known[g.Name] = max(l.known[g.Name], g.Epoch)
}

// outdated refuses a command of a leader who has been followed by another.
func (l *leaders) outdated(c *command.Command) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.Input.Under.Epoch < l.known[c.Input.Under.Name] {
		return fault.New(fault.Conflict, codeOutdated, "lease", string(c.Input.Under.Name))
	}
	return nil
}
