package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/meter"
	"pylon/internal/kernel/ident"
)

const (
	// rowsFor is how long frames stay rows. An hour of frames makes a block that
	// compresses well and is quick to read as rows until then.
	rowsFor = time.Hour
	// blockFrames bounds a block, so that one frame of a long session is found
	// without opening all of it.
	blockFrames = 1024
	// seriesMax bounds the sessions of one call: at 2 ms each a few seconds.
	seriesMax = 2048
	// dropMax is how many rows go at a time: a few ms of the committer's time.
	dropMax = 1000
	// dropsMax bounds the times of one call.
	dropsMax = 256
	// eventsFor is how long events are kept. Who was away for longer reads the
	// rows anew.
	eventsFor = 7 * 24 * time.Hour
	// eventsHeld is how long they are kept for a consumer that has not come to
	// them: one that is down is repaired by then, and one that the program does
	// not have any more holds them no longer.
	eventsHeld = 30 * 24 * time.Hour
	// answersFor is how long a request may be repeated and get the same answer.
	answersFor = 48 * time.Hour
)

// Compact makes blocks of frames that have been rows for an hour, drops the
// rows that are in blocks, and drops events and kept answers past their time.
// The work of one call is bounded; call it every minute or so. A session whose
// next frame arrives while its block is made waits for the next call.
//
// One node of all calls it, and every node [Store.Trim]. Should two do so, each
// step of the slower one is refused or changes nothing.
func (s *Store) Compact(ctx context.Context, now time.Time) error {
	const others = "NOT IN (SELECT stream FROM streams WHERE ended_at IS NULL AND node <> $2)"
	return errors.Join(s.compactFrames(ctx, now), s.dropFrames(ctx, now, others), s.pruneEvents(ctx, now), s.dropAnswers(ctx, now))
}

// Trim drops the rows that are in blocks from this node's own stream, which no
// other node shortens while it is written.
func (s *Store) Trim(ctx context.Context, now time.Time) error {
	return s.dropFrames(ctx, now, "IN (SELECT stream FROM streams WHERE ended_at IS NULL AND node = $2)")
}

// series is a session, or a station's frames outside sessions.
type series struct {
	station ident.StationID
	session ident.SessionID
	org     ident.OrganisationID
}

func (s *Store) compactFrames(ctx context.Context, now time.Time) error {
	due, err := all(ctx, s, `SELECT station, session, org FROM progress
		WHERE pending_since > 0 AND pending_since <= $1 ORDER BY pending_since LIMIT $2`, func(to []column, v *series) []column {
		return append(to, text("station", &v.station), text("session", &v.session), text("org", &v.org))
	}, now.Add(-rowsFor).UnixMicro(), seriesMax)
	if err != nil {
		return err
	}
	for _, of := range due {
		err := s.compactSeries(ctx, of)
		if err != nil && !errors.Is(err, change.ErrStale) {
			return fmt.Errorf("compact session %q of %s: %w", of.session, of.station, err)
		}
	}
	return nil
}

// compactSeries turns all rows of a series into blocks.
func (s *Store) compactSeries(ctx context.Context, of series) error {
	rows, err := s.chain(ctx, of.station, of.session)
	if err != nil || len(rows) == 0 {
		return err
	}
	j := newJob()
	for i := 0; i < len(rows); i += blockFrames {
		part := rows[i:min(i+blockFrames, len(rows))]
		frames := make([]meter.Frame, len(part))
		for k := range part {
			frames[k] = part[k].frame
		}
		b := s.packer.pack(of.org, frames)
		if err := put(j, s.catalogue.insertBlock, blocks, &b); err != nil {
			return err
		}
	}
	newest := rows[len(rows)-1]
	j.must(change.ErrStale, s.catalogue.blocked, string(of.station), string(of.session), newest.place, newest.blocked)
	return s.committer.submit(ctx, j)
}

// dropFrames drops rows that are in blocks from the old end of each stream that
// is among those, a condition in which $2 is this node.
func (s *Store) dropFrames(ctx context.Context, now time.Time, those string) error {
	for from, drops := int64(0), 0; drops < dropsMax; drops++ {
		oldest, err := s.firstNumber(ctx, "SELECT COALESCE(MIN(place), 0) FROM meter_frames WHERE place >= $1 AND place >> 40 "+those, from, string(s.options.Node))
		if err != nil || oldest == 0 {
			return err
		}
		j := newJob()
		j.do(s.catalogue.dropFrames, oldest-1, oldest-1+dropMax, now.UnixMicro())
		if err := s.committer.submit(ctx, j); err != nil {
			return err
		}
		left, err := s.firstNumber(ctx, "SELECT COUNT(*) FROM meter_frames WHERE place = $1", oldest)
		if err != nil {
			return err
		}
		if from = oldest; left > 0 { // still needed: what follows in this stream is younger
			from = placeOf(oldest>>placeBits+1, 0)
		}
	}
	return nil
}

// firstNumber returns the only number of a query.
func (s *Store) firstNumber(ctx context.Context, text string, args ...any) (int64, error) {
	n, err := one(ctx, s, text, func(to []column, n *int64) []column { return append(to, number("n", n)) }, args...)
	return n, err
}

// streamState is a row of streams.
type streamState struct {
	number             int64
	node               ident.NodeID
	head, pruned       int64
	startedAt, endedAt time.Time
}

func (s *Store) streams(ctx context.Context) ([]streamState, error) {
	return all(ctx, s, "SELECT stream, node, head, pruned, started_at, ended_at FROM streams ORDER BY stream", func(to []column, v *streamState) []column {
		return append(to,
			number("stream", &v.number), text("node", &v.node), number("head", &v.head), number("pruned", &v.pruned),
			when("started_at", &v.startedAt), when("ended_at", &v.endedAt),
		)
	})
}

// pruneEvents drops old events, and streams that have ended and are empty.
func (s *Store) pruneEvents(ctx context.Context, now time.Time) error {
	old, ancient := now.Add(-eventsFor), now.Add(-eventsHeld)
	all, err := s.streams(ctx)
	if err != nil {
		return err
	}
	for _, of := range all {
		slowest, err := s.firstNumber(ctx, "SELECT COALESCE(MIN(number), $1) FROM cursors WHERE stream = $2", of.head, of.number)
		if err != nil {
			return err
		}
		for range dropsMax {
			upTo := min(of.pruned+dropMax, of.head)
			if upTo == of.pruned {
				break
			}
			at, err := s.firstNumber(ctx, "SELECT at FROM events WHERE place = $1", placeOf(of.number, upTo))
			if err != nil {
				return fmt.Errorf("event %d of stream %d: %w", upTo, of.number, err)
			}
			if at >= old.UnixMicro() || upTo > slowest && at >= ancient.UnixMicro() {
				break
			}
			j := newJob()
			j.do(s.catalogue.dropEvents, placeOf(of.number, of.pruned), placeOf(of.number, upTo))
			j.do(s.catalogue.prunedEvents, upTo, of.number, upTo)
			if err := s.committer.submit(ctx, j); err != nil {
				return err
			}
			of.pruned = upTo
		}
		if of.pruned == of.head && !of.endedAt.IsZero() && of.endedAt.Before(old) {
			j := newJob()
			j.do(s.catalogue.dropStream, of.number, old.UnixMicro())
			j.do(s.catalogue.forgetCursors, of.number, of.number)
			j.do(s.catalogue.forgetStreamLeases, string(lease.OfStream("%", strconv.FormatInt(of.number, 10))), of.number)
			if err := s.committer.submit(ctx, j); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropAnswers forgets answers that nobody will ask for again.
func (s *Store) dropAnswers(ctx context.Context, now time.Time) error {
	j := newJob()
	j.do(s.catalogue.dropIdempotency, now.Add(-answersFor).UnixMicro())
	return s.committer.submit(ctx, j)
}
