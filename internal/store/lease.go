package store

import (
	"context"
	"database/sql"
	"fmt"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/report"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// A node's lease is its row in nodes. It lives until somebody ends it: the node
// itself when it stops, or another that has watched its beat stand still. With
// it end its event stream, into which the node cannot write any more, the
// connections of its stations (a station is online while its link names a node
// whose lease lives, so a dead node costs one row) and the leases of single
// tasks that it held, which are the rows of leases.

// takeLease enters the node. Where the database belongs to one process, the
// others are gone, whatever their rows say.
func takeLease(ctx context.Context, d dialect, db *sql.DB, o Options) error {
	now := o.Clock.Now().UnixMicro()
	if d.alone && !o.Shared {
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

// Beat shows others that node, which is this one, lives. It is Unavailable when
// its lease has ended, and then nothing more is written.
func (s *Store) Beat(ctx context.Context, node ident.NodeID) error {
	j := newJob()
	j.must(errLost, s.catalogue.beat, string(node))
	return s.committer.submit(ctx, j)
}

// Leases returns the beats of the nodes whose lease lives.
func (s *Store) Leases(ctx context.Context) ([]lease.Sign[ident.NodeID], error) {
	return all(ctx, s, "SELECT node, beat FROM nodes WHERE ended_at IS NULL ORDER BY node", func(to []column, l *lease.Sign[ident.NodeID]) []column {
		return append(to, text("node", &l.Of), number("beat", &l.Beat))
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

// LostLinks returns at most limit links that are online at a node whose lease
// has ended: what nobody has written down yet.
func (s *Store) LostLinks(ctx context.Context, limit int) ([]station.Link, error) {
	return all(ctx, s, "SELECT "+links.list("l")+", l.epoch FROM nodes n CROSS JOIN links l WHERE l.node = n.node AND l.online AND n.ended_at IS NOT NULL LIMIT $1",
		func(to []column, l *station.Link) []column {
			return append(links.columns(to, l), number("epoch", &l.Epoch))
		}, limit)
}

// leaseStatements are the ways to write leases of tasks, cursors and what
// consumers make.
type leaseStatements struct {
	leaseGuard                        *statement
	newLease, nextLease               *statement
	beatLease, dropLease              *statement
	cursors                           versioned[event.Cursor]
	deadLetters                       versioned[event.DeadLetter]
	usage                             versioned[report.Day]
	forgetCursors, forgetStreamLeases *statement
}

func (c *catalogue) addLeases() {
	c.leaseGuard = c.guard("leases", "epoch", "name = $1 AND epoch = $2")
	c.newLease = c.add("INSERT INTO leases (name, holder, epoch, beat) VALUES ($1, $2, 1, 1)")
	c.nextLease = c.add("UPDATE leases SET holder = $1, epoch = epoch + 1, beat = beat + 1 WHERE name = $2 AND epoch = $3 AND beat = $4")
	c.beatLease = c.add("UPDATE leases SET beat = beat + 1 WHERE name = $1 AND epoch = $2 AND holder <> ''")
	c.dropLease = c.add("UPDATE leases SET holder = '' WHERE name = $1 AND epoch = $2")
	c.forgetCursors = c.add("DELETE FROM cursors WHERE stream = $1 AND NOT EXISTS (SELECT 1 FROM streams WHERE stream = $2)")
	c.forgetStreamLeases = c.add("DELETE FROM leases WHERE name LIKE $1 AND NOT EXISTS (SELECT 1 FROM streams WHERE stream = $2)")
}

// addConsumers adds what consumers of events make.
func (c *catalogue) addConsumers() {
	c.cursors = versions(c, cursors)
	c.deadLetters = versions(c, deadLetters)
	c.usage = versions(c, usageDays)
}

// under adds the guard of the lease under which the set is written.
func (p *planner) under() {
	if g := p.set.Under; g != (lease.Grant{}) {
		p.must(change.ErrLeaseLost, p.leaseGuard, string(g.Name), g.Epoch)
	}
}

// Lease returns a lease as it stands; one that nobody ever had has epoch 0.
func (s *Store) Lease(ctx context.Context, name lease.Name) (lease.Lease, error) {
	l, err := one(ctx, s, "SELECT l.holder, l.epoch, l.beat, n.node IS NULL FROM leases l LEFT JOIN nodes n ON n.node = l.holder AND n.ended_at IS NULL WHERE l.name = $1",
		func(to []column, l *lease.Lease) []column {
			return append(to, text("holder", &l.Holder), number("epoch", &l.Epoch), number("beat", &l.Beat), flag("orphan", &l.Orphan))
		}, string(name))
	l.Name = name
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return l, err
}

// TakeLease makes node the next holder of a lease that stands as l says. When
// it has moved since, be it by one beat, it is [change.ErrLeaseLost].
func (s *Store) TakeLease(ctx context.Context, l lease.Lease, node ident.NodeID) (lease.Grant, error) {
	j := newJob()
	if l.Epoch == 0 {
		j.do(s.catalogue.newLease, string(l.Name), string(node))
	} else {
		j.must(change.ErrLeaseLost, s.catalogue.nextLease, string(node), string(l.Name), l.Epoch, l.Beat)
	}
	err := s.committer.submit(ctx, j)
	if fault.CodeOf(err) == fault.CodeOf(change.ErrExists) {
		err = change.ErrLeaseLost // another was the first
	}
	return lease.Grant{Name: l.Name, Epoch: l.Epoch + 1}, err
}

// BeatLease shows others that the holder lives; [change.ErrLeaseLost] when
// there is another by now.
func (s *Store) BeatLease(ctx context.Context, g lease.Grant) error {
	j := newJob()
	j.must(change.ErrLeaseLost, s.catalogue.beatLease, string(g.Name), g.Epoch)
	return s.committer.submit(ctx, j)
}

// DropLease gives a lease back. One that is another's by now stays his.
func (s *Store) DropLease(ctx context.Context, g lease.Grant) error {
	j := newJob()
	j.do(s.catalogue.dropLease, string(g.Name), g.Epoch)
	return s.committer.submit(ctx, j)
}

// streamOf is the stream of a position, as a number.
func streamOf(name string, p *event.Position) column { return column{name, streamCell{p}} }
