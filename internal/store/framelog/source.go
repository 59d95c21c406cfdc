package framelog

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"pylon/internal/kernel/ident"
)

// source is where chunks come from, in the order of the search.
type source struct {
	chunks []chunk                                // the next ones
	more   func(context.Context) ([]chunk, error) // those behind them; nil: there are no more
}

// fill looks up more chunks when there are none at hand.
func (s *source) fill(ctx context.Context) (err error) {
	if len(s.chunks) == 0 && s.more != nil {
		s.chunks, err = s.more(ctx)
		if len(s.chunks) == 0 {
			s.more = nil
		}
	}
	return err
}

// sources returns all that a picture has.
func (s *search) sources(ctx context.Context, p *picture) ([]*source, error) {
	fresh, err := s.fresh(ctx, p)
	if err != nil {
		return nil, err
	}
	return []*source{s.merged(p), {chunks: fresh}, {chunks: s.memory(p)}}, nil
}

// memory returns a chunk for each batch in memory.
func (s *search) memory(p *picture) []chunk {
	var chunks []chunk
	for _, records := range p.memory {
		chunks = append(chunks, chunk{
			first: records[0].Seq, last: records[len(records)-1].Seq, node: p.disk.node,
			read: func(context.Context, *chunk) ([]Record, error) { return records, nil },
		})
	}
	if s.filter.Newest {
		slices.Reverse(chunks)
	}
	return chunks
}

// fresh returns the fresh blocks of all nodes that may have frames of the
// station. They are some hundreds at most.
func (s *search) fresh(ctx context.Context, p *picture) ([]chunk, error) {
	order := "first_seq, node"
	if s.filter.Newest {
		order = "last_seq DESC, node DESC"
	}
	to := int64(math.MaxInt64)
	if !s.filter.To.IsZero() {
		to = s.filter.To.UnixMicro()
	}
	rows, err := p.tx.QueryContext(ctx, `SELECT node, first_seq, last_seq FROM fresh_blocks
		WHERE `+p.disk.holds+` AND last_seq > $2 AND first_seq < $3 AND first_us < $4 ORDER BY `+order,
		binary.BigEndian.AppendUint32(nil, fingerprint(s.station)), s.low, s.high, to)
	if err != nil {
		return nil, fmt.Errorf("fresh blocks: %w", err)
	}
	read := func(ctx context.Context, c *chunk) ([]Record, error) {
		data, err := readFresh(ctx, p.tx, c.node, c.first)
		if err != nil {
			return nil, err
		}
		return s.unpack(data, c.last), nil
	}
	return chunksOf(rows, func(c *chunk) error {
		c.read = read
		return rows.Scan(&c.node, &c.first, &c.last)
	})
}

// chunksOf returns the chunks that rows describe.
func chunksOf(rows *sql.Rows, scan func(*chunk) error) ([]chunk, error) {
	defer rows.Close()
	var chunks []chunk
	for rows.Next() {
		var c chunk
		if err := scan(&c); err != nil {
			return nil, err
		}
		chunks = append(chunks, c)
	}
	return chunks, rows.Err()
}

// A place in the order of merged blocks.
type place struct {
	first, last int64
	part        int
	node        ident.NodeID
}

// The merged blocks that may have frames of station $1 with a Seq between $2 and
// $3, behind the place from $4 on.
const (
	findMerged = `SELECT node, run, part, last_seq FROM merged_blocks
		WHERE first_station <= $1 AND last_station >= $1 AND last_seq > $2 AND run < $3 `
	findOldest = findMerged + `AND (run, part, node) > ($4, $5, $6) ORDER BY run, part, node LIMIT $7`
	findNewest = findMerged + `AND (last_seq, run, part, node) < ($4, $5, $6, $7) ORDER BY last_seq DESC, run DESC, part DESC, node DESC LIMIT $8`
)

// merged returns the source of the merged blocks. A run that begins before what
// is searched may reach into it, by no more than the longest run of all.
func (s *search) merged(p *picture) *source {
	high := s.high
	if !s.filter.To.IsZero() {
		high = min(high, s.filter.To.UnixMicro()+p.ahead)
	}
	at := place{first: max(s.low, math.MinInt64+p.span) - p.span, part: -1}
	if s.filter.Newest {
		at = place{last: min(high, math.MaxInt64-p.span) + p.span}
	}
	read := func(ctx context.Context, c *chunk) ([]Record, error) {
		var data []byte
		err := p.tx.QueryRowContext(ctx, `SELECT data FROM merged_blocks WHERE run = $1 AND part = $2 AND node = $3`,
			c.first, c.part, string(c.node)).Scan(&data)
		if err != nil {
			return nil, fmt.Errorf("merged block %d/%d: %w", c.first, c.part, err)
		}
		return s.unpack(data, c.last), nil
	}
	return &source{more: func(ctx context.Context) ([]chunk, error) {
		text, args := findOldest, []any{string(s.station), s.low, high, at.first, at.part, string(at.node), chunksAtOnce}
		if s.filter.Newest {
			text, args = findNewest, []any{string(s.station), s.low, high, at.last, at.first, at.part, string(at.node), chunksAtOnce}
		}
		rows, err := p.tx.QueryContext(ctx, text, args...)
		if err != nil {
			return nil, fmt.Errorf("merged blocks: %w", err)
		}
		return chunksOf(rows, func(c *chunk) error {
			c.read = read
			err := rows.Scan(&c.node, &c.first, &c.part, &c.last)
			at = place{c.first, c.last, c.part, c.node}
			return err
		})
	}}
}
