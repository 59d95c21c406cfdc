package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"pylon/internal/kernel/ident"
)

// A node's lease is its row in nodes. It lives until somebody ends it: the node
// itself when it stops, or another that has watched its beat stand still. With
// it end its event stream, into which the node cannot write any more, and the
// connections of its stations: a station is online while its link names a node
// whose lease lives, so a dead node costs one row.

// Lease is one node as others see it.
type Lease struct {
	Node ident.NodeID
	Beat int64 // grows while the node lives
}

// takeLease enters the node. Where the database belongs to one process, the
// others are gone, whatever their rows say.
func takeLease(ctx context.Context, d dialect, db *sql.DB, o Options) error {
	now := o.Clock.Now().UnixMicro()
	if d.alone {
		for _, table := range []string{"streams", "nodes"} {
			if _, err := db.ExecContext(ctx, "UPDATE "+table+" SET ended_at = $1 WHERE ended_at IS NULL AND node <> $2", now, string(o.Node)); err != nil {
				return fmt.Errorf("end other leases: %w", err)
			}
		}
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO nodes (node, beat, started_at) VALUES ($1, 0, $2)", string(o.Node), now); err != nil {
		return fmt.Errorf("take the lease of %s: %w", o.Node, err)
	}
	return nil
}

// Beat shows others that node lives. It is Unavailable when its lease has ended.
func (s *Store) Beat(ctx context.Context, node ident.NodeID) error {
	j := newJob()
	j.must(errLost, s.catalogue.beat, string(node))
	return s.committer.submit(ctx, j)
}

// Leases returns the nodes whose lease lives.
func (s *Store) Leases(ctx context.Context) ([]Lease, error) {
	return all(ctx, s, "SELECT node, beat FROM nodes WHERE ended_at IS NULL ORDER BY node", func(to []column, l *Lease) []column {
		return append(to, text("node", &l.Node), number("beat", &l.Beat))
	})
}

// EndLease ends the lease of a node that is dead: its stations are offline from
// now on, until they connect elsewhere, and what it may still try to write is
// refused. Ending it again changes nothing.
func (s *Store) EndLease(ctx context.Context, node ident.NodeID) error {
	now := s.options.Clock.Now().UnixMicro()
	j := newJob()
	j.do(s.catalogue.endStreams, now, string(node))
	j.do(s.catalogue.endNode, now, string(node))
	return s.committer.submit(ctx, j)
}

// Watch tells dead nodes from living ones by whether their beat moves, on the
// watcher's own clock: the wall clocks of two machines are never compared. The
// zero value has seen nothing.
type Watch struct {
	seen map[ident.NodeID]sight
}

type sight struct {
	beat  int64
	since time.Time
}

// LeaseTerm is how long a beat may stand still: seven of the fleet's beats, so
// that a slow disk or a pause of the process is no death.
const LeaseTerm = 15 * time.Second

// Dead returns the nodes whose beat has been the same for [LeaseTerm].
func (w *Watch) Dead(now time.Time, leases []Lease) []ident.NodeID {
	seen := make(map[ident.NodeID]sight, len(leases))
	var dead []ident.NodeID
	for _, l := range leases {
		before, known := w.seen[l.Node]
		if !known || before.beat != l.Beat {
			before = sight{l.Beat, now}
		}
		if now.Sub(before.since) >= LeaseTerm {
			dead = append(dead, l.Node)
		}
		seen[l.Node] = before
	}
	w.seen = seen
	return dead
}
