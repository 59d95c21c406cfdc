package framelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// mergeRaw and mergeFrames bound what a merge holds in memory at once: unpacked
	// data and as many records of 200 bytes.
	mergeRaw    = 16 << 20
	mergeFrames = 1 << 16

	// blockRaw is what a merged block unpacks to: all that a search reads for one
	// station and one run. Half of it takes 7 % more of the disk, twice as much 4 % less.
	blockRaw = 128 << 10
)

// flush writes what is in memory.
func (l *Log) flush(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	for current := true; ; current = false {
		l.mu.Lock()
		b := l.memory.take(current)
		l.mu.Unlock()
		if b == nil {
			return nil
		}
		if err := l.write(ctx, b); err != nil {
			return err
		}
	}
}

// write makes a batch a fresh block and lets it go from memory, or keeps it.
func (l *Log) write(ctx context.Context, b *batch) error {
	sorted := make([]*Record, len(b.records))
	fresh := freshBlock{first: b.records[0].Seq, firstUS: math.MaxInt64, frames: len(b.records)}
	for i := range b.records {
		r := &b.records[i]
		sorted[i] = r
		fresh.last, fresh.firstUS = r.Seq, min(fresh.firstUS, r.At.UnixMicro())
	}
	slices.SortFunc(sorted, byStation)
	fresh.stations = fingerprints(sorted)
	raw := l.packer.pack(sorted)
	fresh.raw = len(raw)
	data := l.codec.compress(nil, raw)

	err := l.change(ctx, func(tx *sql.Tx) error { return addFresh(ctx, tx, fresh, data) }, func() {
		l.fresh = append(l.fresh, fresh)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.memory.release(true)
		l.stats.Written += int64(fresh.frames)
		for _, note := range l.memory.notes() {
			l.append(note)
		}
	})
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.memory.release(false)
	}
	return err
}

// change does the change in one transaction and, when that has landed, what
// follows from it in memory. A reader sees both or nothing.
func (l *Log) change(ctx context.Context, change func(*sql.Tx) error, landed func()) error {
	tx, err := l.disk.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("frame log: %w", err)
	}
	if err := change(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	l.view.Lock()
	defer l.view.Unlock()
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("frame log: %w", err)
	}
	landed()
	return nil
}

// fingerprints returns those of the stations of the records, sorted.
func fingerprints(sorted []*Record) []uint32 {
	var prints []uint32
	for i, r := range sorted {
		if i == 0 || r.Station != sorted[i-1].Station {
			prints = append(prints, fingerprint(r.Station))
		}
	}
	slices.Sort(prints)
	return slices.Compact(prints)
}

// mergeIfDue merges fresh blocks that are many or old.
func (l *Log) mergeIfDue(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	for {
		n := mergeable(l.fresh, l.clock.Now())
		if n == 0 {
			return nil
		}
		if err := l.merge(ctx, l.fresh[:n]); err != nil {
			return err
		}
	}
}

// mergeable returns how many of the fresh blocks, oldest first, shall become a
// run now.
func mergeable(fresh []freshBlock, now time.Time) int {
	raw, frames := 0, 0
	for i, f := range fresh {
		raw += f.raw
		frames += f.frames
		if raw >= mergeRaw || frames >= mergeFrames {
			return i + 1
		}
	}
	if len(fresh) > 0 && now.Sub(time.UnixMicro(fresh[0].first)) >= mergeAfter {
		return len(fresh)
	}
	return 0
}

// merge makes a run of fresh blocks. One that is damaged is kept as it is, as a
// run of its own: somebody may mend it, and a search has to say that something
// is missing.
func (l *Log) merge(ctx context.Context, fresh []freshBlock) error {
	frames := 0
	for _, f := range fresh {
		frames += f.frames
	}
	records := make([]Record, 0, frames)
	merged := 0
	var damaged []byte
	for _, f := range fresh {
		data, err := readFresh(ctx, l.disk.reader, f.first)
		if err != nil {
			return err
		}
		more, err := l.codec.unpackAll(records, data)
		if err != nil {
			damaged = data
			break
		}
		records = more
		merged++
	}
	if merged == 0 {
		return l.keepDamaged(ctx, fresh[0], damaged)
	}
	sorted := make([]*Record, len(records))
	for i := range records {
		sorted[i] = &records[i]
	}
	slices.SortFunc(sorted, byStation)
	return l.change(ctx, func(tx *sql.Tx) error {
		for part, rest := 0, sorted; len(rest) > 0; part++ {
			n := cut(rest)
			if err := l.addPart(ctx, tx, mergedBlock{run: fresh[0].first, part: part}, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return dropFresh(ctx, tx, fresh[merged-1].first)
	}, func() { l.fresh = l.fresh[merged:] })
}

// cut returns how many records make the next block.
func cut(records []*Record) int {
	size := 0
	for i, r := range records {
		size += r.size()
		if size >= blockRaw {
			return i + 1
		}
	}
	return len(records)
}

// addPart writes records as a block of a run.
func (l *Log) addPart(ctx context.Context, tx *sql.Tx, m mergedBlock, records []*Record) error {
	m.firstStation, m.lastStation, m.frames = records[0].Station, records[len(records)-1].Station, len(records)
	m.lastUS = math.MinInt64
	for _, r := range records {
		at := r.At.UnixMicro()
		m.last, m.lastUS, m.aheadUS = max(m.last, r.Seq), max(m.lastUS, at), max(m.aheadUS, r.Seq-at)
	}
	return addMerged(ctx, tx, m, l.codec.compress(nil, l.packer.pack(records)))
}

// keepDamaged makes a damaged fresh block a run that every search comes across.
func (l *Log) keepDamaged(ctx context.Context, f freshBlock, data []byte) error {
	m := mergedBlock{run: f.first, lastStation: "~", last: f.last, lastUS: f.last, frames: f.frames}
	return l.change(ctx, func(tx *sql.Tx) error {
		return errors.Join(addMerged(ctx, tx, m, data), dropFresh(ctx, tx, f.first))
	}, func() {
		l.fresh = l.fresh[1:]
		l.mu.Lock()
		defer l.mu.Unlock()
		l.stats.Damaged++
	})
}

// Prune removes frames that are older than the retention, and the oldest while
// the log takes more room than it may. It goes by whole blocks: a frame may stay
// some time longer than it must.
func (l *Log) Prune(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	before := l.clock.Now().Add(-l.retention).UnixMicro()
	for n := int64(expiredStep); n == expiredStep; {
		var err error
		if n, err = l.disk.dropOlder(ctx, before); err != nil {
			return fmt.Errorf("prune frame log: %w", err)
		}
	}
	for n := int64(surplusStep); n == surplusStep; {
		size, err := l.disk.size(ctx)
		if err == nil && size <= l.sizeMax {
			return nil
		}
		if err == nil {
			n, err = l.disk.dropOldest(ctx)
		}
		if err != nil {
			return fmt.Errorf("prune frame log: %w", err)
		}
	}
	return nil
}
