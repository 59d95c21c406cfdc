package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
)

// nervous is a writer in whose batches one job after the other fails.
type nervous struct{ writer }

func (nervous) write(batch []*job, _ *numbers, _ func(numbers) []op) error {
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

// hasty is a clock on which time passes when somebody waits, or when a test says.
type hasty struct {
	clock.System
	passed time.Duration
}

func (h *hasty) Steady() time.Time { return time.Unix(0, 0).Add(h.passed) }

func (h *hasty) After(d time.Duration) <-chan time.Time {
	h.passed += d
	rung := make(chan time.Time, 1)
	rung <- h.Steady()
	return rung
}

// What became of a commit is asked until the database answers, but not for long:
// everybody waits behind it.
func TestDoubtHasAnEnd(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes time.Duration // a connection, to fail
		want  int           // of them
	}{
		{"connections are refused", 0, resolveTries},
		{"connections are swallowed", connectMax, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clk, tries := new(hasty), 0
			c := &committer{catalogue: newCatalogue(sqliteDialect(), packer{}), clock: clk, at: numbers{stream: 1}}
			c.connect = func(context.Context) (writer, error) {
				tries++
				clk.passed += tt.takes
				return nil, errors.New("away")
			}
			if err := c.resolve(errors.New("lost")); !errors.Is(err, errUnknown) || c.at.stream != 0 {
				t.Errorf("got %v in stream %d, want %v and a new stream", err, c.at.stream, errUnknown)
			}
			if tries != tt.want {
				t.Errorf("got %d connections, want %d", tries, tt.want)
			}
		})
	}
}
