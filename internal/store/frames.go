package store

import (
	"database/sql/driver"

	"pylon/internal/domain/change"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
)

// Meter frames are a log. A frame is appended at the end of meter_frames, at a
// place that only grows, and its row names the place of the frame before it of
// the same session; progress.last_frame is where that chain begins. So a frame
// costs no look-up structure of its own: of all that a commit writes, only the
// session's row in progress stands somewhere in the middle of the file. An
// index by session would cost as much again as everything else together.
//
// After an hour the frames of a session become one row of meter_blocks, see
// compact.go. From then on its chain ends at progress.blocked_frame, and the
// rows behind that are left to be dropped from the log's old end, many at a
// time. progress.pending_since is the time of a session's oldest frame that is
// in no block; what is older than the least of them all is in some block.
//
// Frames outside sessions are the chain of session '' of their station.

// frames adds the set's frames, each behind the one before of its session.
func (p *planner) frames() error {
	for i := range p.set.Frames {
		f := &p.set.Frames[i]
		if f.Session == "" {
			none := session.Session{Station: f.Station, Organisation: p.set.Owner.Organisation}
			if err := put(p.job, p.ensureSeries, progress, &none); err != nil {
				return err
			}
		}
		station, id := string(f.Station), string(f.Session)
		p.do(p.insertFrame, fillFrame, station, id, fillAt, station, id, f.Number, string(p.set.Owner.Organisation), meter.AppendFrame(nil, f))
		s := p.known(f.Session)
		if s == nil || p.more(i) {
			p.must(change.ErrStale, p.updateTail, fillFrame, fillAt, fillAt, station, id)
			continue
		}
		o := op{stmt: p.progressTail, miss: change.ErrStale, args: []driver.Value{fillFrame, fillAt, fillAt}}
		if err := alter(p.job, o, progress, s, s.Version-1); err != nil {
			return err
		}
	}
	return nil
}

// more reports whether the set has more frames of the same session as frame i.
func (p *planner) more(i int) bool {
	for _, f := range p.set.Frames[i+1:] {
		if f.Session == p.set.Frames[i].Session {
			return true
		}
	}
	return false
}
