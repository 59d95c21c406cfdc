package fleet

import (
	"context"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// arrival is a station between the commit that names this node as its owner and
// the moment at which its owner can be spoken to. The row alone would say that
// nobody is there, and whoever then wrote under the row's epoch would write
// behind the back of the owner that comes.
type arrival struct {
	claims int           // under way; a station may hurry more than one socket here
	over   chan struct{} // closed when all have ended
}

// arrive notes that a claim of a station is under way, until over is called.
func (f *Fleet) arrive(id ident.StationID) (over func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.arriving[id]
	if a == nil {
		a = &arrival{over: make(chan struct{})}
		f.arriving[id] = a
	}
	a.claims++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if a.claims--; a.claims == 0 {
			delete(f.arriving, id)
			close(a.over)
		}
	}
}

// present returns the owner of a station of this node, nil when there is none. A
// station that arrives is waited for.
func (f *Fleet) present(ctx context.Context, id ident.StationID) (*Owner, error) {
	f.mu.Lock()
	o, a := f.live[id], f.arriving[id]
	f.mu.Unlock()
	if o != nil || a == nil {
		return o, nil
	}
	select {
	case <-a.over:
		return f.owner(id), nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.TimedOut, "station_busy")
	}
}
