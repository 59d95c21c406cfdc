package framelog

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	_ "modernc.org/sqlite" // the driver

	"pylon/internal/kernel/ident"
)

//go:embed schema.sql
var schema string

// disk is the database: one connection that writes, some that read.
type disk struct {
	writer, reader *sql.DB
}

// readers bounds concurrent searches; each may unpack some mebibytes.
const readers = 4

// openDisk opens the file and makes its tables.
//
// synchronous=NORMAL: a commit waits for no fsync, which only a checkpoint does.
// An fsync a second would make the facts' own wait behind it on the same disk,
// and save some seconds of evidence when the power goes; the file stays whole
// either way.
func openDisk(ctx context.Context, path string) (*disk, error) {
	file, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("frame log %s: %w", path, err)
	}
	dsn := (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=journal_size_limit(16777216)"
	writer, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("frame log %s: %w", path, err)
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("frame log %s: %w", path, err), writer.Close())
	}
	reader.SetMaxOpenConns(readers)
	d := &disk{writer, reader}
	if _, err := writer.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("frame log %s: %w", path, err), d.close())
	}
	return d, nil
}

func (d *disk) close() error { return errors.Join(d.reader.Close(), d.writer.Close()) }

// freshBlock describes a fresh block without its data.
type freshBlock struct {
	first, last int64 // Seq
	firstUS     int64 // the earliest time
	frames, raw int
	stations    []uint32 // fingerprints, sorted
}

// has reports whether the block may have frames of the station.
func (f *freshBlock) has(station uint32) bool {
	_, found := slices.BinarySearch(f.stations, station)
	return found
}

// load returns the fresh blocks, oldest first, and the latest Seq on the disk.
func (d *disk) load(ctx context.Context) (fresh []freshBlock, last int64, err error) {
	if err := d.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(last_seq), 0) FROM merged_blocks
		WHERE run = (SELECT MAX(run) FROM merged_blocks)`).Scan(&last); err != nil {
		return nil, 0, fmt.Errorf("latest merged block: %w", err)
	}
	rows, err := d.reader.QueryContext(ctx, `SELECT first_seq, last_seq, first_us, frames, raw_bytes, stations
		FROM fresh_blocks ORDER BY first_seq`)
	if err != nil {
		return nil, 0, fmt.Errorf("fresh blocks: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var f freshBlock
		var stations []byte
		if err := rows.Scan(&f.first, &f.last, &f.firstUS, &f.frames, &f.raw, &stations); err != nil {
			return nil, 0, fmt.Errorf("fresh blocks: %w", err)
		}
		for ; len(stations) >= 4; stations = stations[4:] {
			f.stations = append(f.stations, binary.BigEndian.Uint32(stations))
		}
		fresh = append(fresh, f)
		last = max(last, f.last)
	}
	return fresh, last, rows.Err()
}

// addFresh writes a fresh block. One that is there already is the same: a commit
// of which nobody knew whether it had landed.
func addFresh(ctx context.Context, tx *sql.Tx, f freshBlock, data []byte) error {
	stations := make([]byte, 0, 4*len(f.stations))
	for _, s := range f.stations {
		stations = binary.BigEndian.AppendUint32(stations, s)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO fresh_blocks
		(first_seq, last_seq, first_us, frames, raw_bytes, stations, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (first_seq) DO NOTHING`, f.first, f.last, f.firstUS, f.frames, f.raw, stations, data)
	if err != nil {
		return fmt.Errorf("fresh block %d: %w", f.first, err)
	}
	return nil
}

// reads is a transaction, or the pool that reads.
type reads interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readFresh returns the data of a fresh block.
func readFresh(ctx context.Context, from reads, first int64) (data []byte, err error) {
	err = from.QueryRowContext(ctx, `SELECT data FROM fresh_blocks WHERE first_seq = $1`, first).Scan(&data)
	if err != nil {
		return nil, fmt.Errorf("fresh block %d: %w", first, err)
	}
	return data, nil
}

// dropFresh removes the fresh blocks up to and including last.
func dropFresh(ctx context.Context, tx *sql.Tx, last int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM fresh_blocks WHERE first_seq <= $1`, last); err != nil {
		return fmt.Errorf("fresh blocks to %d: %w", last, err)
	}
	return nil
}

// mergedBlock describes a merged block.
type mergedBlock struct {
	run                       int64
	part                      int
	firstStation, lastStation ident.StationID
	last, lastUS, aheadUS     int64
	frames                    int
}

// addMerged writes a merged block.
func addMerged(ctx context.Context, tx *sql.Tx, m mergedBlock, data []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO merged_blocks
		(run, part, first_station, last_station, last_seq, last_us, ahead_us, frames, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		m.run, m.part, string(m.firstStation), string(m.lastStation), m.last, m.lastUS, m.aheadUS, m.frames, data)
	if err != nil {
		return fmt.Errorf("merged block %d/%d: %w", m.run, m.part, err)
	}
	return nil
}

// The merged blocks that may have frames of station $1 with a Seq from $2 to $3,
// in the order of time or against it. The run that begins before $2 may reach
// behind it.
const (
	findMerged = `SELECT run, last_seq, data FROM merged_blocks
		WHERE run >= COALESCE((SELECT MAX(run) FROM merged_blocks WHERE run <= $2), $2) AND run <= $3
		AND first_station <= $1 AND last_station >= $1 `
	findOldest = findMerged + `ORDER BY run, part`
	findNewest = findMerged + `ORDER BY run DESC, part DESC`
)

// How many blocks go in one transaction: of the expired as many as take some
// milliseconds, of those for which there is no room few at a time.
const (
	expiredStep = 256
	surplusStep = 16
)

// dropOlder removes some merged blocks all of whose frames are older than
// before, and returns how many.
func (d *disk) dropOlder(ctx context.Context, before int64) (int64, error) {
	result, err := d.writer.ExecContext(ctx, `DELETE FROM merged_blocks WHERE (run, part) IN (
		SELECT run, part FROM merged_blocks WHERE last_us < $1 ORDER BY last_us LIMIT $2)`, before, expiredStep)
	if err != nil {
		return 0, fmt.Errorf("blocks before %d: %w", before, err)
	}
	return result.RowsAffected()
}

// dropOldest removes some merged blocks, the oldest first, and returns how many.
func (d *disk) dropOldest(ctx context.Context) (int64, error) {
	result, err := d.writer.ExecContext(ctx, `DELETE FROM merged_blocks WHERE (run, part) IN (
		SELECT run, part FROM merged_blocks ORDER BY run, part LIMIT $1)`, surplusStep)
	if err != nil {
		return 0, fmt.Errorf("oldest blocks: %w", err)
	}
	return result.RowsAffected()
}

// size returns how many bytes of the file are in use. Free pages are used again
// and not given back.
func (d *disk) size(ctx context.Context) (int64, error) {
	var pages, free, bytes int64
	err := d.reader.QueryRowContext(ctx, `SELECT page_count, freelist_count, page_size
		FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`).Scan(&pages, &free, &bytes)
	if err != nil {
		return 0, fmt.Errorf("size of the frame log: %w", err)
	}
	return (pages - free) * bytes, nil
}
