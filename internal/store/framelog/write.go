package framelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"pylon/internal/kernel/ident"
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

	err := l.change(ctx, func(ctx context.Context, tx *sql.Tx) error { return l.disk.addFresh(ctx, tx, fresh, data) }, func() {
		fresh.stations = nil
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
func (l *Log) change(ctx context.Context, change func(context.Context, *sql.Tx) error, landed func()) error {
	ctx, cancel := context.WithTimeout(ctx, writeMax)
	defer cancel()
	tx, err := l.disk.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("frame log: %w", err)
	}
	if err := change(ctx, tx); err != nil {
		_ = tx.Rollback() // or the connection is gone, and the transaction with it
		return err
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

// mergeIfDue merges the node's fresh blocks when they are many or old.
func (l *Log) mergeIfDue(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	for {
		n := mergeable(l.fresh, l.clock.Now())
		if n == 0 {
			return nil
		}
		_, err := l.merge(ctx, l.disk.node, l.fresh[:n])
		if errors.Is(err, errMoved) { // a merge landed of which nobody knew
			return l.reload(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// reload looks anew which fresh blocks the node has.
func (l *Log) reload(ctx context.Context) error {
	fresh, err := l.disk.freshOf(ctx, l.disk.node, math.MaxInt64)
	if err == nil {
		l.fresh = fresh
	}
	return err
}

// mergeLeft merges fresh blocks that nodes have left which are dead by now. When
// another node is quicker, that is as good.
func (l *Log) mergeLeft(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	now := l.clock.Now() // once: what is old by it is all merged, whoever sets the clock meanwhile
	before := now.Add(-leftAfter).UnixMicro()
	nodes, err := l.disk.leftBehind(ctx, before)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		fresh, err := l.disk.freshOf(ctx, node, before)
		for n := 0; err == nil && len(fresh) > 0; fresh = fresh[n:] {
			n, err = l.merge(ctx, node, fresh[:mergeable(fresh, now)])
		}
		if err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	return nil
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

// merge makes a run of fresh blocks of a node, the first of them or all, and
// returns how many. A block that is damaged is kept as it is, as a run of its own: somebody may
// mend it, and a search has to say that something is missing.
func (l *Log) merge(ctx context.Context, node ident.NodeID, fresh []freshBlock) (merged int, err error) {
	records, merged, damaged, err := l.readMergeable(ctx, node, fresh)
	if err != nil {
		return 0, err
	}
	if merged == 0 {
		return 1, l.keepDamaged(ctx, node, fresh[0], damaged)
	}
	sorted := make([]*Record, len(records))
	for i := range records {
		sorted[i] = &records[i]
	}
	slices.SortFunc(sorted, byStation)
	return merged, l.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := dropFresh(ctx, tx, node, fresh[:merged]); err != nil {
			return err
		}
		for part, rest := 0, sorted; len(rest) > 0; part++ {
			n := cut(rest)
			if err := l.addPart(ctx, tx, mergedBlock{node: node, run: fresh[0].first, part: part}, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	}, func() { l.merged(node, merged) })
}

// readMergeable returns the records of the first blocks, how many blocks that
// are, and the data of the one that stopped it, which is damaged.
func (l *Log) readMergeable(ctx context.Context, node ident.NodeID, fresh []freshBlock) (records []Record, merged int, damaged []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, searchMax)
	defer cancel()
	frames := 0
	for _, f := range fresh {
		frames += f.frames
	}
	records = make([]Record, 0, frames)
	for i, f := range fresh {
		data, err := readFresh(ctx, l.disk.reader, node, f.first)
		if err != nil {
			return nil, 0, nil, err
		}
		more, err := l.codec.unpackAll(records, data)
		if err != nil {
			return records, i, data, nil // the block is damaged: it is kept, and every search finds it
		}
		records = more
	}
	return records, len(fresh), nil, nil
}

// merged notes that the first fresh blocks of a node are in a run.
func (l *Log) merged(node ident.NodeID, blocks int) {
	if node == l.disk.node {
		l.fresh = l.fresh[blocks:]
	}
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
func (l *Log) keepDamaged(ctx context.Context, node ident.NodeID, f freshBlock, data []byte) error {
	m := mergedBlock{node: node, run: f.first, lastStation: "~", last: f.last, lastUS: f.last, frames: f.frames}
	return l.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := dropFresh(ctx, tx, node, []freshBlock{f}); err != nil {
			return err
		}
		return addMerged(ctx, tx, m, data)
	}, func() {
		l.merged(node, 1)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.stats.Damaged++
	})
}

// Prune removes frames that are older than the retention, and the oldest while
// the log takes more room than it may: of all nodes, whichever does it. It goes
// by whole blocks: a frame may stay some time longer than it must.
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
	for {
		size, err := l.disk.size(ctx, l.disk.reader, l.sizeMax)
		if err == nil && size <= l.sizeMax {
			return nil
		}
		for freed := int64(0); err == nil && size > l.sizeMax; size -= freed {
			if freed, err = l.disk.dropOldest(ctx); err == nil && freed == 0 {
				return nil // what is left is not merged yet
			}
		}
		if err != nil {
			return fmt.Errorf("prune frame log: %w", err)
		}
	}
}
