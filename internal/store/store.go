// Package store keeps Pylon's truth in a database: rows in the state that a
// decision gave them, the log of events, meter frames.
//
// One committer writes. Callers hand it a [change.Set] and wait; it writes what
// has arrived in one transaction and wakes them. What [Store.Commit] returns is
// what happened: nil, all of the set is on the disk; [change.ErrStale],
// [change.ErrSuperseded], [change.ErrExists], nothing of it is in the database;
// an error of kind Unavailable, nothing was written or, rarely, nobody knows
// (the database went away in the middle of a commit and did not come back in
// time): read before you decide again. A set is never half written.
//
// Every other method reads what is committed, through connections of its own
// that wait for no writer. Look-ups that find nothing return kind NotFound; an
// organisation of "" is any.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Options are what a Store is made of; Clock and Node are needed, and either
// Path or URL.
type Options struct {
	Path        string // of the SQLite file; its folder exists
	URL         string // of a PostgreSQL database, "postgres://…"; "" is SQLite at Path
	Synchronous string // of SQLite: "full" ("" is that: on the disk before anyone is answered), or "off" to see what is lost then
	Clock       clock.Clock
	Node        ident.NodeID // this run of this process

	// OnCommitted gets the events of each commit, in the order of their stream and
	// with the live ones in between, after their callers have been woken. It holds up the next commit.
	OnCommitted func([]event.Recorded)

	// Shared leaves the leases of other nodes alone where the database belongs to
	// one process: a simulation runs several nodes of one SQLite file in one.
	Shared bool

	// Readers bounds the connections that read; 0 is readersMax.
	Readers int

	// Between stands between the committer and the database, for tests of
	// failures: it gets "CONNECT", or the text of a statement, and what would do
	// it, and returns what is to have come of it.
	Between func(text string, do func() error) error
}

// readersMax bounds the connections that read: reads are CPU, of which more
// goroutines than processors get no more, and a few may wait for the disk.
const readersMax = 8

// pooledMax bounds the arguments of a job whose memory is used again: a message
// of a station has fewer than a hundred.
const pooledMax = 1024

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	dialect   dialect
	options   Options
	catalogue *catalogue
	committer *committer
	packer    packer
	readers   *sql.DB
	jobs      sync.Pool // of *job, empty
	prepared  sync.Map  // text → *sql.Stmt; as many as there are texts, see query.go
}

// Open opens the database, makes it if there is none, brings its tables up to
// date and takes a lease for the node. Nothing is written before [Store.Run].
// A SQLite database belongs to one process: the leases of all others end here.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := open(ctx, o)
	if err != nil && o.URL == "" {
		err = fmt.Errorf("open %s: %w", o.Path, err)
	}
	return s, err
}

func open(ctx context.Context, o Options) (*Store, error) {
	d, err := dialectOf(o)
	if err != nil {
		return nil, err
	}
	migrations, err := d.connect(o, forMigrations)
	if err != nil {
		return nil, err
	}
	reads, err := d.connect(o, forReads)
	if err != nil {
		return nil, err
	}
	if err := prepareDatabase(ctx, d, migrations, o); err != nil {
		return nil, err
	}
	p, err := newPacker()
	if err != nil {
		return nil, err
	}
	if o.Readers == 0 {
		o.Readers = readersMax
	}
	s := &Store{dialect: d, options: o, catalogue: newCatalogue(d, p), packer: p, jobs: sync.Pool{New: func() any { return newJob() }}, readers: sql.OpenDB(reads)}
	s.readers.SetMaxOpenConns(o.Readers)
	s.readers.SetMaxIdleConns(o.Readers)
	s.committer = &committer{
		catalogue: s.catalogue, clock: o.Clock, node: o.Node, committed: o.OnCommitted,
		connect: func(ctx context.Context) (w writer, err error) {
			err = between(o.Between).do("CONNECT", func() error {
				w, err = d.open(ctx, s.catalogue, o)
				return err
			})
			return w, err
		},
		queue: make(chan *job, queueMax), closing: make(chan struct{}),
	}
	return s, nil
}

// prepareDatabase does what must be done before anyone writes or reads.
func prepareDatabase(ctx context.Context, d dialect, c driver.Connector, o Options) error {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(d.preparing)
	if err := migrate(ctx, d, db); err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(takeLease(ctx, d, db, o), db.Close())
}

// Run writes what callers hand in. When ctx ends it writes what is queued,
// gives the node's lease back and returns nil. It returns an error when another
// process has ended the lease; this one is to stop then.
func (s *Store) Run(ctx context.Context) error { return s.committer.run(ctx) }

// Close ends the readers. Call it after Run has returned.
func (s *Store) Close() error { return s.readers.Close() }

// Commit makes set durable, or returns why not; see the package comment. The
// end of ctx keeps a set from being queued; once it is, Commit returns what
// became of it, whatever ctx says.
func (s *Store) Commit(ctx context.Context, set *change.Set) error {
	j := s.jobs.Get().(*job) //nolint:forcetypeassert // nothing else is in the pool
	err := s.catalogue.plan(set, j)
	if err == nil && len(j.ops)+len(j.begins) > 0 {
		err = s.committer.submit(ctx, j)
	}
	if err == nil && set.Takes != nil {
		set.Takes.Epoch = j.epoch()
	}
	switch {
	case err == nil:
		j.posted(set)
	case len(set.Journals) > 0 && fault.CodeOf(err) == fault.CodeOf(change.ErrExists):
		err = s.repeated(ctx, set)
	}
	if cap(j.values) <= pooledMax {
		j.reset()
		s.jobs.Put(j)
	}
	return err
}

// Waiting returns how many sets wait for the committer, of at most queueMax.
func (s *Store) Waiting() int { return len(s.committer.queue) }
