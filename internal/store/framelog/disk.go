package framelog

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"pylon/internal/kernel/ident"
)

// disk is the database: one connection that writes, some that read. Its texts
// are the same for SQLite and PostgreSQL; what differs are its fields.
type disk struct {
	node           ident.NodeID // under whose name frames are written; "" on SQLite, where one process goes on after another
	writer, reader *sql.DB

	holds string         // whether stations of a fresh block holds the bytes $1
	still *sql.TxOptions // of a transaction that sees one moment of the database
	size  func(ctx context.Context, db *sql.DB, enough int64) (int64, error)
}

// readers bounds concurrent searches; each may unpack some mebibytes.
const readers = 4

// openDisk opens the database that the options name.
func openDisk(ctx context.Context, o Options) (*disk, error) {
	if o.URL != "" {
		d, err := openPostgres(ctx, o.URL, o.Node)
		if err != nil {
			return nil, fmt.Errorf("frame log: %w", err)
		}
		return d, nil
	}
	d, err := openSQLite(ctx, o.Path)
	if err != nil {
		return nil, fmt.Errorf("frame log %s: %w", o.Path, err)
	}
	return d, nil
}

func (d *disk) close() error { return errors.Join(d.reader.Close(), d.writer.Close()) }

// freshBlock describes a fresh block without its data.
type freshBlock struct {
	first, last int64 // Seq
	firstUS     int64 // the earliest time
	frames, raw int
	stations    []uint32 // fingerprints, sorted; only of one that is being written
}

// load returns the node's fresh blocks, oldest first, and its latest Seq.
func (d *disk) load(ctx context.Context) (fresh []freshBlock, last int64, err error) {
	if err := d.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(last_seq), 0) FROM merged_blocks WHERE node = $1`,
		string(d.node)).Scan(&last); err != nil {
		return nil, 0, fmt.Errorf("latest merged block: %w", err)
	}
	if fresh, err = d.freshOf(ctx, d.node, math.MaxInt64); err != nil {
		return nil, 0, err
	}
	for _, f := range fresh {
		last = max(last, f.last)
	}
	return fresh, last, nil
}

// freshOf returns a node's fresh blocks that begin before a Seq, oldest first.
func (d *disk) freshOf(ctx context.Context, node ident.NodeID, before int64) ([]freshBlock, error) {
	rows, err := d.reader.QueryContext(ctx, `SELECT first_seq, last_seq, first_us, frames, raw_bytes
		FROM fresh_blocks WHERE node = $1 AND first_seq < $2 ORDER BY first_seq`, string(node), before)
	if err != nil {
		return nil, fmt.Errorf("fresh blocks: %w", err)
	}
	defer rows.Close()
	var fresh []freshBlock
	for rows.Next() {
		var f freshBlock
		if err := rows.Scan(&f.first, &f.last, &f.firstUS, &f.frames, &f.raw); err != nil {
			return nil, fmt.Errorf("fresh blocks: %w", err)
		}
		fresh = append(fresh, f)
	}
	return fresh, rows.Err()
}

// leftBehind returns the other nodes that have fresh blocks from before a Seq.
func (d *disk) leftBehind(ctx context.Context, before int64) ([]ident.NodeID, error) {
	rows, err := d.reader.QueryContext(ctx, `SELECT DISTINCT node FROM fresh_blocks WHERE node <> $1 AND first_seq < $2`, string(d.node), before)
	if err != nil {
		return nil, fmt.Errorf("fresh blocks of others: %w", err)
	}
	defer rows.Close()
	var nodes []ident.NodeID
	for rows.Next() {
		var node string
		if err := rows.Scan(&node); err != nil {
			return nil, fmt.Errorf("fresh blocks of others: %w", err)
		}
		nodes = append(nodes, ident.NodeID(node))
	}
	return nodes, rows.Err()
}

// addFresh writes a fresh block of the node. One that is there already is the
// same: a commit of which nobody knew whether it had landed.
func (d *disk) addFresh(ctx context.Context, tx *sql.Tx, f freshBlock, data []byte) error {
	stations := make([]byte, 0, 4*len(f.stations))
	for _, s := range f.stations {
		stations = binary.BigEndian.AppendUint32(stations, s)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO fresh_blocks
		(node, first_seq, last_seq, first_us, frames, raw_bytes, stations, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		string(d.node), f.first, f.last, f.firstUS, f.frames, f.raw, stations, data)
	if err != nil {
		return fmt.Errorf("fresh block %d: %w", f.first, err)
	}
	return nil
}

// errMoved says that fresh blocks are not there any more: another node has
// merged them, or a commit landed of which nobody knew.
var errMoved = errors.New("merged meanwhile")

// reads is a transaction, or the pool that reads.
type reads interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readFresh returns the data of a fresh block, or errMoved.
func readFresh(ctx context.Context, from reads, node ident.NodeID, first int64) (data []byte, err error) {
	err = from.QueryRowContext(ctx, `SELECT data FROM fresh_blocks WHERE node = $1 AND first_seq = $2`, string(node), first).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		err = errMoved
	}
	if err != nil {
		return nil, fmt.Errorf("fresh block %d: %w", first, err)
	}
	return data, nil
}

// dropFresh removes these fresh blocks, all that the node has up to the last of
// them, or returns errMoved when they are not there as they were seen.
func dropFresh(ctx context.Context, tx *sql.Tx, node ident.NodeID, fresh []freshBlock) error {
	result, err := tx.ExecContext(ctx, `DELETE FROM fresh_blocks WHERE node = $1 AND first_seq >= $2 AND first_seq <= $3`,
		string(node), fresh[0].first, fresh[len(fresh)-1].first)
	if err != nil {
		return fmt.Errorf("fresh blocks to %d: %w", fresh[len(fresh)-1].first, err)
	}
	if n, err := result.RowsAffected(); err != nil || n != int64(len(fresh)) {
		return errors.Join(errMoved, err)
	}
	return nil
}

// mergedBlock describes a merged block.
type mergedBlock struct {
	node                      ident.NodeID
	run                       int64
	part                      int
	firstStation, lastStation ident.StationID
	last, lastUS, aheadUS     int64
	frames                    int
}

// addMerged writes a merged block.
func addMerged(ctx context.Context, tx *sql.Tx, m mergedBlock, data []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO merged_blocks
		(node, run, part, first_station, last_station, last_seq, last_us, ahead_us, frames, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, string(m.node),
		m.run, m.part, string(m.firstStation), string(m.lastStation), m.last, m.lastUS, m.aheadUS, m.frames, data)
	if err != nil {
		return fmt.Errorf("merged block %d/%d: %w", m.run, m.part, err)
	}
	return nil
}

// How many blocks go in one transaction: of the expired as many as take some
// milliseconds, of those for which there is no room few at a time.
const (
	expiredStep = 256
	surplusStep = 16
)

// dropOlder removes some merged blocks all of whose frames are older than
// before, and returns how many.
func (d *disk) dropOlder(ctx context.Context, before int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, writeMax)
	defer cancel()
	result, err := d.writer.ExecContext(ctx, `DELETE FROM merged_blocks WHERE (run, part, node) IN (
		SELECT run, part, node FROM merged_blocks WHERE last_us < $1 ORDER BY last_us LIMIT $2)`, before, expiredStep)
	if err != nil {
		return 0, fmt.Errorf("blocks before %d: %w", before, err)
	}
	return result.RowsAffected()
}

// dropOldest removes some merged blocks, the oldest first, and returns how many
// bytes of data went with them; none when there is nothing more to remove.
func (d *disk) dropOldest(ctx context.Context) (bytes int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeMax)
	defer cancel()
	rows, err := d.writer.QueryContext(ctx, `DELETE FROM merged_blocks WHERE (run, part, node) IN (
		SELECT run, part, node FROM merged_blocks ORDER BY run, part, node LIMIT $1) RETURNING length(data)`, surplusStep)
	if err != nil {
		return 0, fmt.Errorf("oldest blocks: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return 0, fmt.Errorf("oldest blocks: %w", err)
		}
		bytes += n
	}
	return bytes, rows.Err()
}
