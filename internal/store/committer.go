package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	// queueMax bounds the sets that wait: a station has one under way, so this is
	// every station of a node at once with room to spare.
	queueMax = 32768
	// batchMax bounds a commit. Beyond a few hundred sets the cost of the sync is
	// spread thin enough; more would only make the first wait for the last.
	batchMax = 256
	// batchOpsMax bounds it by statements, of which a set has four to ten: about
	// 10 ms of work.
	batchOpsMax = 4096

	// After a commit that failed the database is asked what became of it, this
	// often and with this pause, and for so long at most: a connection that is not
	// refused but swallowed takes seconds to fail, and everybody waits meanwhile. A
	// station waits about as long for its answer.
	resolveTries = 20
	resolvePause = 250 * time.Millisecond
	resolveTerm  = 10 * time.Second

	// A batch is tried this often: when jobs of it may fail halfway, which is
	// known after one or two, and when transactions of two nodes meet.
	attemptsMax    = 10
	againPause     = 5 * time.Millisecond // at most, doubled each time
	againDoublings = 6

	// guiltyMax is how often a batch is written again without those who failed.
	// Each time others may, because other nodes write; then each is on its own, and
	// nobody is refused for the neighbours that he had.
	guiltyMax = 3

	// streamTries bounds how often a new stream's number is another's already: as
	// many nodes may start at once.
	streamTries = 64
)

// committer writes what callers queue, in the order of their arrival, as many
// at a time as have arrived while the last commit was on its way.
type committer struct {
	catalogue *catalogue
	connect   func(context.Context) (writer, error)
	clock     clock.Clock
	node      ident.NodeID
	committed func([]event.Recorded)

	queue   chan *job
	closing chan struct{} // closed first: nobody starts to wait
	mu      sync.RWMutex  // held for reading while a caller queues
	closed  bool          // then this: the queue gets no more

	// Of the goroutine in run.
	w       writer  // nil: connect first
	at      numbers // as far as the last commit; its stream is 0 before there is one
	batches int64   // commits in the stream
	lost    bool    // another has ended the node's lease: nothing is written any more
	batch   []*job  // memory of collect
}

// submit queues a job and returns its outcome. ctx ends the wait for a place in
// the queue; a job that has one is written, or refused, and submit returns what
// became of it whatever ctx says.
func (c *committer) submit(ctx context.Context, j *job) error {
	if err := c.enqueue(ctx, j); err != nil {
		return err
	}
	return <-j.done
}

func (c *committer) enqueue(ctx context.Context, j *job) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return errClosed
	}
	select {
	case c.queue <- j:
		return nil
	case <-c.closing:
		return errClosed
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

// unavailable is what callers see when the database does not take their change.
func unavailable(cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "database_unavailable")
}

var (
	errClosed  = unavailable(errors.New("the store is closed"))
	errLost    = unavailable(errors.New("the lease of this node has ended"))
	errUnknown = unavailable(errors.New("nobody knows whether the commit landed"))
)

// run writes until ctx ends, then what is queued, and then refuses. It returns
// an error when somebody has ended the node's lease.
func (c *committer) run(ctx context.Context) error {
	for !c.lost {
		select {
		case j := <-c.queue:
			c.write(c.collect(j))
			continue
		case <-ctx.Done():
		}
		break
	}
	close(c.closing)
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	for len(c.queue) > 0 {
		c.write(c.collect(<-c.queue))
	}
	return c.end()
}

// collect returns j and what has arrived since, within the bounds of a batch.
func (c *committer) collect(j *job) []*job {
	c.batch = append(c.batch[:0], j)
	for ops := len(j.ops); len(c.batch) < batchMax && ops < batchOpsMax; {
		select {
		case j := <-c.queue:
			c.batch = append(c.batch, j)
			ops += len(j.ops)
		default:
			return c.batch
		}
	}
	return c.batch
}

// end gives the node's lease back and closes the connection.
func (c *committer) end() error {
	if c.lost {
		return errors.Join(errLost, c.drop())
	}
	now, node := c.clock.Now().UnixMicro(), string(c.node)
	for _, s := range []*statement{c.catalogue.endStreams, c.catalogue.endNode} {
		if err := c.once(&op{stmt: s, args: []driver.Value{now, node}}); err != nil {
			return c.away(err)
		}
	}
	return c.drop()
}

// once runs a statement by itself that may be repeated: when the connection has
// ended meanwhile, on another.
func (c *committer) once(o *op) error {
	if err := c.connected(); err != nil {
		return err
	}
	err := c.w.run(o)
	if err == nil || !c.catalogue.dialect.stale(err) {
		return err
	}
	_ = c.drop() // it has failed already
	if err := c.connected(); err != nil {
		return err
	}
	return c.w.run(o)
}
