// Package consume lets parts of the program follow the event log.
//
// Guarantees: each consumer is shown every event that it began before it was
// pruned, of each stream in order, and of two streams in none. What it makes of
// events and its place in the log are one commit, which names the lease of the
// worker and the place as it was: whatever happens to workers, nodes and commits,
// the change is made once. The consumer itself may be asked again about the same
// events, so it looks at the rows and not at what it remembers. An event that it
// cannot take does not stop it for long: after [triesMax] it becomes a dead
// letter, and the others of its stream go on.
package consume

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
)

// Consumer follows the log.
type Consumer struct {
	// Name is its own for ever: its places in the log are kept under it. Letters
	// and dashes.
	Name string
	// Decide returns what events of one stream, in order, change; nil when they
	// change nothing. It may read what it likes and writes nothing. An error of
	// kind Unavailable, or one after the end of ctx, is tried again for ever; any
	// other counts against the event.
	Decide func(ctx context.Context, events []event.Recorded) (*change.Set, error)
}

// Store is what consume needs of the database. Look-ups that find nothing return
// an error of kind NotFound.
type Store interface {
	Commit(ctx context.Context, set *change.Set) error
	Streams(ctx context.Context) ([]event.Stream, error)
	StreamAfter(ctx context.Context, after event.Position, limit int) (event.Stream, []event.Recorded, error)
	Cursors(ctx context.Context, consumer string) ([]event.Cursor, error)
	Cursor(ctx context.Context, consumer, stream string) (event.Cursor, error)
	DeadLetter(ctx context.Context, org ident.OrganisationID, id ident.DeadLetterID) (event.DeadLetter, error)
}

// Leases gives one worker at a time the right to follow a stream.
type Leases interface {
	Hold(ctx context.Context, name lease.Name, work leases.Work) error
}

// Hints carries the hint that there is news to all nodes. A lost one costs
// [lookEvery].
type Hints interface {
	Notify(key string) error
	Watch(key string) (woken <-chan struct{}, cancel func(), err error)
}

// Options are what a Service is made of; all are needed.
type Options struct {
	Store     Store
	Leases    Leases
	Hints     Hints
	Clock     clock.Clock
	Log       *slog.Logger
	Consumers []Consumer
}

// Service runs the consumers. Its methods are safe for concurrent use.
type Service struct {
	Options
	news chan struct{} // this node has committed events

	mu      sync.Mutex
	workers map[lease.Name]*worker // at work or waiting for their lease
}

// New returns a Service that follows nothing yet.
func New(o Options) *Service {
	return &Service{Options: o, news: make(chan struct{}, 1), workers: map[lease.Name]*worker{}}
}

const (
	// lookEvery is how often the log is looked at without a hint, for events and
	// for streams.
	lookEvery = 2 * time.Second
	// hintEvery is how often this node tells that it has committed events: often
	// enough for whoever watches a screen, and next to nothing for the bus.
	hintEvery = 100 * time.Millisecond
	// newsKey is what those who wait for events watch.
	newsKey = "news"
)

// Committed notes that this node has committed events. It does not wait.
func (s *Service) Committed() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// Tell tells all nodes when this one has committed events, until ctx ends. Every
// node runs it, whether it follows the log or not.
func (s *Service) Tell(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.news:
		}
		if err := s.Hints.Notify(newsKey); err != nil {
			s.Log.Debug("hint of news lost", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.Clock.After(hintEvery):
		}
	}
}

// Run follows the log until ctx ends, as far as other nodes do not: for each
// consumer and stream there is one worker in all.
func (s *Service) Run(ctx context.Context) error {
	woken, cancel, err := s.Hints.Watch(newsKey)
	if err != nil {
		s.Log.Warn("no hints of news", "error", err)
	} else {
		defer cancel()
	}
	var working sync.WaitGroup
	defer working.Wait()
	ticks, stop := s.Clock.Ticker(lookEvery)
	defer stop()
	for {
		if err := s.employ(ctx, &working); err != nil && ctx.Err() == nil {
			s.Log.Warn("streams not found", "error", err)
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return nil
			case <-woken:
				s.wake()
			case <-ticks:
				waiting = false
			}
		}
	}
}

// employ sees to it that each consumer has a worker for each stream that it is
// not done with.
func (s *Service) employ(ctx context.Context, working *sync.WaitGroup) error {
	streams, err := s.Store.Streams(ctx)
	if err != nil {
		return err
	}
	for i := range s.Consumers {
		c := &s.Consumers[i]
		cursors, err := s.Store.Cursors(ctx, c.Name)
		if err != nil {
			return err
		}
		at := make(map[string]int64, len(cursors))
		for _, cursor := range cursors {
			at[cursor.Stream] = cursor.Number
		}
		for _, of := range streams {
			if came, begun := at[of.Name]; of.Ended && (begun && came >= of.Head || of.Pruned == of.Head) {
				continue // there is nothing left in it
			}
			if w := s.enter(c, of.Name); w != nil {
				working.Go(func() {
					defer s.leave(w)
					if err := s.Leases.Hold(ctx, w.name, w.follow); err != nil && ctx.Err() == nil {
						s.Log.Error("consumer", "consumer", c.Name, "stream", of.Name, "error", err)
					}
				})
			}
		}
	}
	return nil
}

// enter returns a new worker, nil when there is one already.
func (s *Service) enter(c *Consumer, stream string) *worker {
	name := lease.OfStream(c.Name, stream)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.workers[name] != nil {
		return nil
	}
	w := &worker{Service: s, consumer: c, stream: stream, name: name, wake: make(chan struct{}, 1)}
	s.workers[name] = w
	return w
}

func (s *Service) leave(w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.workers, w.name)
}

// wake lets all workers look.
func (s *Service) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.workers {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}
