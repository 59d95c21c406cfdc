package store

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// frameRow is a frame that is a row still.
type frameRow struct {
	place, blocked int64
	number         int64
	body           []byte
	frame          meter.Frame
}

// chainText walks back from a session's last frame to the one that is in a block.
const chainText = `WITH RECURSIVE chain (place, previous, number, body, blocked) AS (
	SELECT f.place, f.previous, f.number, f.body, p.blocked_frame
	FROM progress p JOIN meter_frames f ON f.place = p.last_frame
	WHERE p.station = $1 AND p.session = $2 AND p.last_frame <> p.blocked_frame
	UNION ALL
	SELECT f.place, f.previous, f.number, f.body, c.blocked
	FROM chain c JOIN meter_frames f ON f.place = c.previous
	WHERE c.previous <> c.blocked
) SELECT place, blocked, number, body FROM chain`

// chain returns the frames of a series that are rows, oldest first.
func (s *Store) chain(ctx context.Context, id ident.StationID, ses ident.SessionID) ([]frameRow, error) {
	rows, err := all(ctx, s, chainText, func(to []column, r *frameRow) []column {
		return append(to, number("place", &r.place), number("blocked", &r.blocked), number("number", &r.number), blob("body", &r.body))
	}, string(id), string(ses))
	if err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	for i := range rows {
		r := &rows[i]
		if r.frame, err = meter.ParseFrame(r.body); err != nil {
			return nil, fmt.Errorf("frame %d of session %q of %s: %w", r.number, ses, id, err)
		}
		r.frame.Station, r.frame.Session, r.frame.Number = id, ses, r.number
	}
	return rows, nil
}

// stretch is a part of a series by the numbers of its frames.
type stretch struct {
	station  ident.StationID
	session  ident.SessionID
	from, to int64 // both included
}

// frames calls use with the frames of a stretch, by number, until it returns
// false. Rows are read before blocks: what becomes a block in between is seen
// twice and told once.
func (s *Store) frames(ctx context.Context, of stretch, use func(*meter.Frame) bool) error {
	rows, err := s.chain(ctx, of.station, of.session)
	if err != nil {
		return err
	}
	packed, err := all(ctx, s, blocks.from()+`WHERE t.station = $1 AND t.session = $2 AND t.last_number >= $3 AND t.first_number <= $4
		ORDER BY t.first_number`, blocks.columns, string(of.station), string(of.session), of.from, of.to)
	if err != nil {
		return err
	}
	last := of.from - 1
	tell := func(f *meter.Frame) bool {
		if f.Number <= last {
			return true
		}
		last = f.Number
		return f.Number <= of.to && use(f)
	}
	for i := range packed {
		frames, err := s.packer.open(&packed[i])
		if err != nil {
			return err
		}
		for k := range frames {
			if !tell(&frames[k]) {
				return nil
			}
		}
	}
	for i := range rows {
		if !tell(&rows[i].frame) {
			return nil
		}
	}
	return nil
}

// Frames returns the frames of a session in the order in which they came.
func (s *Store) Frames(ctx context.Context, id ident.StationID, ses ident.SessionID, q page.Query) (page.Result[meter.Frame], error) {
	return s.framePage(ctx, stretch{id, ses, math.MinInt64 + 1, math.MaxInt64}, q, func(*meter.Frame) bool { return true })
}

// StationFrames returns the frames outside sessions that came in [from, to), of
// one EVSE; EVSE 0 is the station's own meter. A zero to is no end.
func (s *Store) StationFrames(ctx context.Context, id ident.StationID, evse int, from, to time.Time, q page.Query) (page.Result[meter.Frame], error) {
	of := stretch{station: id, from: from.UnixMicro(), to: math.MaxInt64}
	if !to.IsZero() {
		of.to = to.UnixMicro() - 1
	}
	return s.framePage(ctx, of, q, func(f *meter.Frame) bool { return f.EVSE == evse })
}

// framePage returns one page of a stretch. Its cursor is the last number.
func (s *Store) framePage(ctx context.Context, of stretch, q page.Query, want func(*meter.Frame) bool) (page.Result[meter.Frame], error) {
	var result page.Result[meter.Frame]
	if q.Sort != "" {
		return result, errSort(q.Sort)
	}
	seal := cursorSeal("frames", string(of.station), string(of.session))
	if q.Cursor != "" {
		at, err := openCursor(q.Cursor, seal)
		if err != nil {
			return result, err
		}
		of.from = max(of.from, at.number+1)
	}
	err := s.frames(ctx, of, func(f *meter.Frame) bool {
		if !want(f) {
			return true
		}
		if len(result.Items) == q.Size() {
			result.Next = cursor{number: result.Items[q.Size()-1].Number}.sealed(seal)
			return false
		}
		result.Items = append(result.Items, *f)
		return true
	})
	return result, err
}

// FrameBySeq returns the newest frame of a session with a seqNo. One that has
// come into a block has lost the end of its digest; ask by the digest first.
func (s *Store) FrameBySeq(ctx context.Context, id ident.StationID, ses ident.SessionID, seqNo int64) (meter.Frame, error) {
	return s.frameThat(ctx, id, ses, func(f *meter.Frame) bool { return f.SeqNo == seqNo })
}

// FrameByDigest returns the newest frame of a session with a digest, of which
// [meter.BlockDigest] bytes tell.
func (s *Store) FrameByDigest(ctx context.Context, id ident.StationID, ses ident.SessionID, digest []byte) (meter.Frame, error) {
	some := digest[:min(len(digest), meter.BlockDigest)]
	f, err := s.frameThat(ctx, id, ses, func(f *meter.Frame) bool { return len(some) > 0 && bytes.HasPrefix(f.Digest, some) })
	if err == nil {
		f.Digest = digest
	}
	return f, err
}

// frameThat looks through all frames of a session: a few microseconds for each
// row, less for each frame in a block. It is for reports that may be repeats.
func (s *Store) frameThat(ctx context.Context, id ident.StationID, ses ident.SessionID, is func(*meter.Frame) bool) (meter.Frame, error) {
	var found *meter.Frame
	err := s.frames(ctx, stretch{id, ses, math.MinInt64 + 1, math.MaxInt64}, func(f *meter.Frame) bool {
		if is(f) {
			found = f
		}
		return true
	})
	if err == nil && found == nil {
		err = errNotFound
	}
	if err != nil {
		return meter.Frame{}, err
	}
	return *found, nil
}
