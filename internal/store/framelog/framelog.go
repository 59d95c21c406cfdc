// Package framelog keeps what stations and Pylon said to each other: every OCPP
// frame of both directions, and notes about the connection, for people who
// search for the reason of something. It is evidence. No code decides from it.
//
// Append costs the caller a copy in memory and never waits. A goroutine writes
// behind it: once a second, or when a mebibyte has gathered, everything goes
// into one compressed block: of a SQLite file of its own, or of tables of their
// own in the PostgreSQL database that all nodes share. A crash of the process
// costs what was in memory, at most its last second; a loss of power costs what
// the machine had not yet written back, some seconds more, and never the file.
// While the database is away or does not keep up, the oldest frames in memory
// give way and a note on their station says how many.
//
// Blocks as they come hold a second of the whole network. Later they are merged
// and cut by station, so that a search over one station reads little of the
// others'. Query sees all three, memory, fresh and merged blocks, as one list:
// each frame once, however the list grows and moves between its pages.
//
// Nodes that share a database write each their own blocks. A query on any of
// them finds the frames of all, of another node those that it has written: it is
// at most about a second behind. Each node merges its own blocks. Those that a
// dead node has left are merged by whoever finds them: the transaction that adds
// a run removes its fresh blocks, and is given up when they are not all there.
//
// Whoever appends has taken the secrets out.
package framelog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
)

// Direction says which way a frame went.
type Direction = station.Direction

// The directions.
const (
	In   = station.FromStation
	Out  = station.ToStation
	Note = station.Note // no frame: what happened to the connection or to the log
)

// The types of the notes that the log writes itself.
const (
	TypeLost    = "frames_lost"   // frames that were never written; Note says how many
	TypeDamaged = "block_damaged" // frames of this time cannot be read from the disk any more
)

// Entry is a frame, or a note.
type Entry struct {
	Station      ident.StationID
	Organisation ident.OrganisationID
	At           time.Time // by our clock; kept to the microsecond
	Direction    Direction
	Type         string // call, result, error …; of a note, what happened
	Action       string // of an answer, that of its call
	MessageID    string
	Data         []byte // the frame as it was on the wire, secrets removed; any bytes
	Note         string
}

// Record is an entry in the log.
type Record struct {
	// Seq is the entry's place. Within what a node writes it grows from each entry
	// to the next; it is At in microseconds, or more where two entries share one or
	// the clock went back. Frames of several nodes are in the order of their clocks.
	Seq int64
	Entry
}

// Options say where the log is and how much it keeps.
type Options struct {
	Path      string        // of the SQLite file, when there is no URL
	URL       string        // of the PostgreSQL database: postgres://…
	Node      ident.NodeID  // this run of this process; needed with a URL
	Clock     clock.Clock   // for the rhythm of writing and the age of what is kept
	Retention time.Duration // older frames go; 0 is [RetentionDefault]
	SizeMax   int64         // bytes on disk of all nodes, beyond which the oldest frames go; 0 is [SizeMaxDefault]
	Log       *slog.Logger  // nil: none
}

// What is kept unless somebody says otherwise. A month reaches behind the bill
// that a driver disputes; 20 GiB hold it for the frames of 1,000 stations in use.
const (
	RetentionDefault = 31 * 24 * time.Hour
	SizeMaxDefault   = 20 << 30
)

const (
	flushEvery = time.Second // what a crash may cost
	pruneEvery = time.Minute // an expired frame stays a merge and a minute longer
	mergeAfter = time.Hour   // the age at which even few fresh blocks are merged

	// leftAfter is the age at which fresh blocks of another node are taken for a dead
	// node's. Too early does no harm, it only makes two nodes do the same work.
	leftAfter = mergeAfter + 15*time.Minute

	// writeMax and searchMax bound what waits for a database that does not answer.
	writeMax  = 10 * time.Second
	searchMax = 30 * time.Second
)

// Log is the frame log of one node. Its methods are safe for concurrent use.
type Log struct {
	clock     clock.Clock
	logger    *slog.Logger
	retention time.Duration
	sizeMax   int64
	disk      *disk
	codec     *codec
	full      chan struct{} // a batch is full: write now

	// writing is held by who changes the database.
	writing sync.Mutex
	packer  packer

	// view is held while frames move from memory to disk, and while a reader
	// takes its picture of both: it sees each frame in exactly one of them.
	view  sync.Mutex
	fresh []freshBlock // the node's own, oldest first

	mu     sync.Mutex
	memory memory
	stats  Stats
}

// Stats counts what the log has done since it was opened.
type Stats struct {
	Appended int64
	Written  int64
	Lost     int64 // appended and neither written nor in memory
	Damaged  int64 // fresh blocks found unreadable
	Buffered int   // bytes in memory
}

// Open opens the log, and makes its tables when there are none. The caller runs
// [Log.Run] and closes the log after it.
func Open(ctx context.Context, o Options) (*Log, error) {
	if o.Retention == 0 {
		o.Retention = RetentionDefault
	}
	if o.SizeMax == 0 {
		o.SizeMax = SizeMaxDefault
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	d, err := openDisk(ctx, o)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	l := &Log{
		clock: o.Clock, logger: o.Log, retention: o.Retention, sizeMax: o.SizeMax,
		disk: d, codec: c, full: make(chan struct{}, 1),
	}
	var last int64
	if l.fresh, last, err = d.load(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.memory = newMemory(last)
	return l, nil
}

// Close closes the database. What is in memory is lost: end [Log.Run] first.
func (l *Log) Close() error {
	if err := errors.Join(l.disk.close(), l.codec.close()); err != nil {
		return fmt.Errorf("close frame log: %w", err)
	}
	return nil
}

// Run writes, merges and prunes until ctx ends; then it writes what is left and
// returns. A disk that fails is tried again every second.
func (l *Log) Run(ctx context.Context) error {
	ticks, stop := l.clock.Ticker(flushEvery)
	defer stop()
	health := health{logger: l.logger}
	pruned := l.clock.Steady()
	for {
		select {
		case <-ctx.Done():
			return l.flush(context.WithoutCancel(ctx))
		case <-l.full:
			if health.failing {
				continue // the next tick tries again
			}
		case <-ticks:
		}
		err := l.flush(ctx)
		if err == nil {
			err = l.mergeIfDue(ctx)
		}
		if now := l.clock.Steady(); err == nil && now.Sub(pruned) >= pruneEvery {
			pruned = now
			err = errors.Join(l.mergeLeft(ctx), l.Prune(ctx))
		}
		if ctx.Err() == nil {
			health.report(err)
		}
	}
}

// health tells the logger when writing begins to fail and when it works again,
// and not every second in between.
type health struct {
	logger  *slog.Logger
	failing bool
}

func (h *health) report(err error) {
	if failing := err != nil; failing != h.failing {
		h.failing = failing
		if failing {
			h.logger.Error("frame log cannot be written", "error", err)
		} else {
			h.logger.Info("frame log is written again")
		}
	}
}

// Stats returns the counts so far.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Buffered = l.memory.cost
	return s
}
