package store

import (
	"slices"
	"testing"

	"pylon/internal/kernel/clock"
)

// nervous is a writer in whose batches one job after the other fails.
type nervous struct{ writer }

func (nervous) write(batch []*job, _ *numbers, _ func(numbers) op) error {
	i := slices.IndexFunc(batch, func(j *job) bool { return !j.alone })
	if i < 0 {
		return nil
	}
	batch[i].alone = true
	return errGuilty
}

func (nervous) commit() error   { return nil }
func (nervous) rollback() error { return nil }

// A batch in which others fail each time is written in the end: each on its own.
func TestNobodyPaysForHisNeighbours(t *testing.T) {
	c := &committer{catalogue: newCatalogue(sqliteDialect(), packer{}), clock: clock.System{}, w: nervous{}, at: numbers{stream: 1}}
	batch := make([]*job, 2*attemptsMax)
	for i := range batch {
		batch[i] = newJob()
	}
	c.write(batch)
	for i, j := range batch {
		if err := <-j.done; err != nil {
			t.Errorf("job %d: %v", i, err)
		}
	}
}
