package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"

	"pylon/internal/domain/event"
)

// write makes a batch durable and tells each job what became of it.
func (c *committer) write(batch []*job) {
	err := c.attempt(batch, false)
	if errors.Is(err, errGuilty) {
		err = c.attempt(batch, true)
	}
	for _, j := range batch {
		if j.err == nil {
			j.err = err
		}
	}
	news := c.news(batch)
	for _, j := range batch {
		j.done <- j.err
	}
	if len(news) > 0 && c.committed != nil {
		c.committed(news)
	}
}

// news returns the events of the jobs that landed, in order.
func (c *committer) news(batch []*job) []event.Recorded {
	var news []event.Recorded
	for _, j := range batch {
		if j.err == nil && len(j.events) > 0 {
			if news == nil {
				news = make([]event.Recorded, 0, len(batch))
			}
			news = append(news, j.events...)
		}
	}
	return news
}

// errGuilty says that a job failed halfway: the batch is to be written again
// with each job on its own.
var errGuilty = errors.New("a job failed halfway")

// attempt writes the batch in one transaction. With each job in a savepoint of
// its own, when careful, any may fail without the others; without, which is
// cheaper, only one that has changed nothing yet. A job's own failure is left
// in its err; what is returned concerns all that have none.
func (c *committer) attempt(batch []*job, careful bool) error {
	if err := c.ready(); err != nil {
		return err
	}
	n := c.at
	n.at = max(n.at, c.clock.Now().UnixMicro())
	if err := c.tell(c.catalogue.begin); err != nil {
		return c.away(err)
	}
	landing := false
	for _, j := range batch {
		before := n
		err := c.perform(j, &n, careful)
		if err != nil {
			return c.abandon(err)
		}
		if j.err != nil {
			n = before
		}
		landing = landing || j.err == nil
	}
	if !landing {
		return c.abandon(nil)
	}
	return c.land(n)
}

// perform writes one job, or leaves in its err why it is refused. An error
// says that the transaction cannot go on.
func (c *committer) perform(j *job, n *numbers, careful bool) error {
	j.err = nil
	if careful {
		if err := c.tell(c.catalogue.savepoint); err != nil {
			return err
		}
	}
	first := n.event
	touched, err := c.execute(j, n)
	if err == nil {
		for i := range j.events {
			j.events[i].Stream, j.events[i].Number = strconv.FormatInt(n.stream, 10), first+1+int64(i)
		}
		if careful {
			return c.tell(c.catalogue.release)
		}
		return nil
	}
	why, refused := c.catalogue.dialect.refusalOf(err)
	switch {
	case !refused:
		return err
	case careful:
		j.err = why
		return errors.Join(c.tell(c.catalogue.rollbackTo), c.tell(c.catalogue.release))
	case touched:
		return errGuilty
	}
	j.err = why
	return nil
}

// execute runs a job's statements. touched says whether anything was changed.
func (c *committer) execute(j *job, n *numbers) (touched bool, err error) {
	for i := range j.ops {
		o := &j.ops[i]
		if err := c.w.run(o, n); err != nil {
			missed := errors.As(err, new(refusal)) // else a statement failed, and some databases end the transaction then
			return touched || !missed, err
		}
		touched = touched || !o.stmt.inert
	}
	return touched, nil
}

// land commits, with the mark by which one can tell later that it has.
func (c *committer) land(n numbers) error {
	mark := op{
		stmt: c.catalogue.mark, miss: errLost,
		args: []driver.Value{n.event, c.batches + 1, n.stream, c.batches},
	}
	if err := c.w.run(&mark, nil); err != nil {
		c.lost = errors.Is(err, errLost)
		return c.abandon(err)
	}
	if err := c.tell(c.catalogue.commit); err != nil {
		if err := c.resolve(err); err != nil {
			return err
		}
	}
	c.at = n
	c.batches++
	return nil
}

// resolve finds out what became of a commit that returned an error. nil says
// that it landed all the same.
func (c *committer) resolve(cause error) error {
	for range resolveTries {
		_ = c.drop() // it has failed already
		landed, err := c.landed()
		switch {
		case err != nil:
		case landed:
			return nil
		default:
			return unavailable(cause)
		}
		<-c.clock.After(resolvePause)
	}
	// What is written from here on goes to another stream: in this one somebody
	// may find, later, the numbers that we would give again.
	c.at, c.batches = numbers{at: c.at.at}, 0
	return errors.Join(errUnknown, cause)
}

// landed reports whether the batch after the last known one is in the database.
func (c *committer) landed() (bool, error) {
	w, err := c.connect(context.Background())
	if err != nil {
		return false, err
	}
	c.w = w
	row, err := w.ask("SELECT batches FROM streams WHERE stream = $1", c.at.stream)
	if err != nil {
		return false, err
	}
	return row != nil && row[0] == c.batches+1, nil
}

// abandon rolls back and returns what cause means for the jobs of the batch.
func (c *committer) abandon(cause error) error {
	err := c.tell(c.catalogue.rollback)
	switch {
	case cause != nil && !errors.Is(cause, errGuilty) && !errors.Is(cause, errLost):
		return c.away(cause)
	case err != nil: // whatever is open ends with the connection
		_ = c.drop()
	}
	return cause
}

// away gives the connection up.
func (c *committer) away(cause error) error {
	_ = c.drop() // it has failed already
	return unavailable(cause)
}

func (c *committer) drop() error {
	if c.w == nil {
		return nil
	}
	w := c.w
	c.w = nil
	return w.close()
}

func (c *committer) tell(s *statement) error { return c.w.run(&op{stmt: s}, nil) }

// ready sees to it that there is a connection, and a stream to write.
func (c *committer) ready() error {
	if c.lost {
		return errLost
	}
	if c.w == nil {
		w, err := c.connect(context.Background())
		if err != nil {
			return unavailable(err)
		}
		c.w = w
	}
	if c.at.stream != 0 {
		return nil
	}
	row, err := c.w.ask(`INSERT INTO streams (stream, node, head, batches, pruned, started_at)
		SELECT COALESCE((SELECT MAX(stream) FROM streams), 0) + 1, node, 0, 0, 0, $1 FROM nodes WHERE node = $2 AND ended_at IS NULL
		RETURNING stream`, c.clock.Now().UnixMicro(), string(c.node))
	switch {
	case err != nil:
		return c.away(fmt.Errorf("open a stream: %w", err))
	case row == nil:
		c.lost = true
		return errLost
	}
	c.at.stream, _ = row[0].(int64)
	c.at.event, c.at.frame, c.batches = 0, 0, 0
	return nil
}
