package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"pylon/internal/domain/event"
)

// write makes a batch durable and tells each job what became of it.
func (c *committer) write(batch []*job) {
	err := c.attempt(batch)
	for try := 1; try < attemptsMax && (errors.Is(err, errGuilty) || errors.Is(err, errAgain)); try++ {
		switch {
		case errors.Is(err, errAgain): // a random pause, or the two meet again
			<-c.clock.After(rand.N(againPause << min(try, againDoublings)))
		case try >= guiltyMax:
			for _, j := range batch {
				j.alone = true
			}
		}
		err = c.attempt(batch)
	}
	if errors.Is(err, errGuilty) || errors.Is(err, errAgain) {
		err = unavailable(err)
	}
	for _, j := range batch {
		if j.err == nil {
			j.err = err
		}
		c.lost = c.lost || errors.Is(j.err, errLost) // a beat knows, even when the stream was opened behind the back of whoever ended the lease
	}
	news := c.news(batch)
	for _, j := range batch {
		j.done <- j.err
	}
	if len(news) > 0 && c.committed != nil {
		c.committed(news)
	}
}

// news returns the events of the jobs that landed, in the order of their places,
// which is not always that of the batch: jobs that meet others are written after
// them. Told in another order, an event would look as if it had been told before,
// and nobody would miss it.
func (c *committer) news(batch []*job) []event.Recorded {
	landed := make([]*job, 0, len(batch))
	count := 0
	for _, j := range batch {
		if j.err == nil && len(j.events) > 0 {
			j.landed()
			landed = append(landed, j)
			count += len(j.events)
		}
	}
	if count == 0 {
		return nil
	}
	slices.SortStableFunc(landed, func(a, b *job) int { return cmp.Compare(a.first(), b.first()) })
	news := make([]event.Recorded, 0, count)
	for _, j := range landed {
		news = append(news, j.events...)
	}
	return news
}

// attempt writes the batch in one transaction. A job's own failure is left in
// its err; what is returned concerns all that have none.
func (c *committer) attempt(batch []*job) error {
	if err := c.ready(); err != nil {
		return err
	}
	for _, j := range batch {
		j.err = nil
	}
	n := c.at
	n.at = max(n.at, c.clock.Now().UnixMicro())
	if err := c.w.write(batch, &n, c.mark); err != nil {
		return c.abandon(err)
	}
	if !slices.ContainsFunc(batch, func(j *job) bool { return j.err == nil }) {
		return c.abandon(nil)
	}
	if err := c.w.commit(); err != nil {
		if errors.Is(err, errAgain) {
			return c.abandon(err)
		}
		if err := c.resolve(err); err != nil {
			return err
		}
	} else {
		c.batches++
	}
	c.at = n
	return nil
}

// mark is what a batch leaves in its stream, so that one can tell later whether
// it has landed, and how far the chain of its journals reaches.
func (c *committer) mark(n numbers) []op {
	mark := op{stmt: c.catalogue.mark, miss: errLost, args: []driver.Value{n.event, c.batches + 1, n.stream, c.batches}}
	if n.journal == c.at.journal {
		return []op{mark}
	}
	return []op{mark, c.catalogue.chained(n)}
}

// resolve finds out what became of a commit that returned an error. nil says
// that it landed all the same.
func (c *committer) resolve(cause error) error {
	began := c.clock.Steady()
	for try := 0; try < resolveTries && c.clock.Steady().Sub(began) < resolveTerm; try++ {
		_ = c.drop() // it has failed already
		landed, err := c.fence()
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

// fence reports whether the batch in doubt is in the database, and sees to it
// that it does not come later. Looking is not enough: the server may not have
// come to the COMMIT yet, or not to the end of the connection. The lost
// transaction has changed the stream's row, so a change to that row waits until
// it has ended, one way or the other. A batch adds one to the count, a fence
// two, however often it is tried: an odd difference is a batch that landed.
func (c *committer) fence() (landed bool, err error) {
	if err := c.connected(); err != nil {
		return false, err
	}
	count := []driver.Value{nil}
	if err := c.w.run(&op{stmt: c.catalogue.fence, args: []driver.Value{c.at.stream}, miss: errLost, row: count}); err != nil {
		return false, err
	}
	now, _ := count[0].(int64)
	landed = (now-c.batches)%2 != 0
	c.batches = now
	return landed, nil
}

// abandon rolls back and returns what cause means for the jobs of the batch.
func (c *committer) abandon(cause error) error {
	c.lost = c.lost || errors.Is(cause, errLost)
	if cause != nil && c.catalogue.dialect.stale(cause) { // before COMMIT: nothing has landed
		_ = c.drop() // it has failed already
		return errAgain
	}
	if cause != nil && !errors.Is(cause, errGuilty) && !errors.Is(cause, errAgain) && !errors.Is(cause, errLost) {
		return c.away(cause)
	}
	if err := c.w.rollback(); err != nil { // whatever is open ends with the connection
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

// connected sees to it that there is a connection.
func (c *committer) connected() error {
	if c.w != nil {
		return nil
	}
	w, err := c.connect(context.Background())
	if err != nil {
		return unavailable(err)
	}
	c.w = w
	return nil
}

// ready sees to it that there is a connection, and a stream to write.
func (c *committer) ready() error {
	if c.lost {
		return errLost
	}
	if err := c.connected(); err != nil {
		return err
	}
	var err error
	for range streamTries {
		if c.at.stream != 0 {
			return nil
		}
		if err = c.openStream(); err == nil || c.lost {
			return err
		}
		if _, refused := c.catalogue.dialect.refusalOf(err); !refused && !errors.Is(err, errAgain) {
			break
		}
	}
	return c.away(fmt.Errorf("open a stream: %w", err))
}

// openStream begins the next stream. Another node that does so at the same time
// may be quicker: then the number exists.
func (c *committer) openStream() error {
	number := []driver.Value{nil}
	err := c.w.run(&op{
		stmt: c.catalogue.openStream, args: []driver.Value{c.clock.Now().UnixMicro(), string(c.node)}, miss: errLost, row: number,
	})
	if err != nil {
		c.lost = errors.Is(err, errLost)
		return err
	}
	c.at.stream, _ = number[0].(int64)
	c.at = numbers{stream: c.at.stream, at: c.at.at}
	c.batches = 0
	return nil
}
