package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// pipeline writes to PostgreSQL, which is a process of its own: what costs there
// is each message and each statement, much more than each row. So the jobs of a
// batch are not run one after the other. All their statements with the same text
// become one, with arrays for arguments, and all of those are on their way
// before the first has an answer. A batch takes two round trips, whatever its
// size: everything with the mark, and, when all answers are as they must be,
// COMMIT.
//
// That is right as long as jobs do not meet. A job that touches what another
// touches, and one that has failed this way, are run at the end of the
// transaction, one after the other, each in a savepoint.
type pipeline struct {
	*catalogue
	conn     *pgconn.PgConn
	between  between
	prepared []*prepared // by the statement's id; nil until it is used
	flight   flight
	touched  map[string]bool // rows of the jobs in flight, and whether one changes them
	later    []*job          // to be run by themselves; memory of write
}

// prepared is a statement as it is known on this connection.
type prepared struct {
	*statement
	many  bool     // its arguments are arrays
	types []uint32 // of the arguments, or of the elements of the arrays
	as    *pgconn.StatementDescription
}

func openPipeline(ctx context.Context, c *catalogue, o Options) (writer, error) {
	config, err := postgresConfig(o, forWrites)
	if err != nil {
		return nil, err
	}
	conn, err := pgconn.ConnectConfig(ctx, &config.Config)
	if err != nil {
		return nil, err
	}
	w := &pipeline{catalogue: c, conn: conn, between: o.Between, touched: map[string]bool{}}
	if err := settle(ctx, w.conn, slices.Concat(byIndex, ofTheWriter)); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// ofTheWriter are settings for the writer alone, beside [byIndex]. A database that does not
// know one of them does without. Whoever has switched off that a commit waits for the
// disk did not mean Pylon.
var ofTheWriter = []string{
	"SET transaction_timeout = 60000", // from PostgreSQL 17 on: for a node that freezes with half a flight on its way
	"SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
}

// close ends the connection, and with it a transaction that is open.
func (w *pipeline) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return w.conn.Close(ctx)
}

// write implements [writer].
func (w *pipeline) write(batch []*job, n *numbers, last func(numbers) []op) error {
	later := w.part(batch)
	w.flight.clear()
	err := w.queue(w.catalogue.begin)
	if err == nil {
		err = w.meet(batch, n)
	}
	for _, j := range batch {
		if err == nil && !j.alone {
			j.place(n)
			err = w.add(j, n, false)
		}
	}
	if err == nil && len(later) == 0 {
		for _, o := range last(*n) {
			err = errors.Join(err, w.addOp(nil, &o, nil, lastWave))
		}
	}
	if err == nil {
		err = w.fly()
	}
	if err != nil {
		return w.blame(batch, err)
	}
	landing := len(later) < len(batch)
	for _, j := range later {
		if err := w.perform(j, n); err != nil {
			return err
		}
		landing = landing || j.err == nil
	}
	if len(later) == 0 || !landing {
		return nil
	}
	for _, o := range last(*n) {
		if err := w.run(&o); err != nil {
			return err
		}
	}
	return nil
}

// part marks the jobs that meet another of the batch and returns all that are
// to be run by themselves.
func (w *pipeline) part(batch []*job) []*job {
	clear(w.touched)
	w.later = w.later[:0]
	for _, j := range batch {
		j.alone = j.alone || w.meets(j)
		if j.alone {
			w.later = append(w.later, j)
			continue
		}
		for _, t := range j.rows {
			w.touched[t.id] = w.touched[t.id] || t.changes
		}
	}
	return w.later
}

// meets reports whether a job touches what a job in flight touches, and one of
// them changes it.
func (w *pipeline) meets(j *job) bool {
	for _, t := range j.rows {
		if changed, touched := w.touched[t.id]; touched && (changed || t.changes) {
			return true
		}
	}
	return false
}

// blame marks the jobs that may be why a flight failed: those that missed, or
// all, when a statement that was theirs together failed.
func (w *pipeline) blame(batch []*job, err error) error {
	if errors.Is(err, errMissed) {
		for _, g := range w.flight.groups {
			for _, m := range g.members {
				switch {
				case m.hit || m.op.miss == nil:
				case m.job == nil: // the mark
					return refusal{m.op.miss}
				default:
					m.job.alone = true
				}
			}
		}
		return errGuilty
	}
	switch w.dialect.trouble(err) {
	case again:
		return errAgain
	case away:
		return err
	}
	for _, j := range batch {
		j.alone = true
	}
	return errGuilty
}

// perform writes one job by itself, statement by statement, or leaves in its err
// why it is refused. An error says that the transaction cannot go on.
func (w *pipeline) perform(j *job, n *numbers) error {
	before := *n
	w.flight.clear()
	err := w.queue(w.savepoint)
	if err == nil {
		err = w.draw([]*job{j}, true)
	}
	if err == nil {
		j.place(n)
		err = w.add(j, n, true)
	}
	if err == nil {
		err = w.fly()
	}
	if err == nil {
		return w.tell(w.release)
	}
	why, refused := w.dialect.refusalOf(err)
	if miss := w.flight.firstMiss(); refused && miss != nil { // before whatever failed behind it
		why = miss
	}
	if !refused {
		if w.dialect.trouble(err) == again {
			return errAgain
		}
		return err
	}
	j.err, *n = why, before
	if err := w.tell(w.rollbackTo); err != nil {
		return err
	}
	return w.tell(w.release)
}

func (w *pipeline) rollback() error { return w.tell(w.catalogue.rollback) }

// commit implements [writer]. A transaction that something is wrong with is
// rolled back by COMMIT, without an error.
func (w *pipeline) commit() error {
	if err := w.tell(w.catalogue.commit); err != nil {
		return err
	}
	if tag := w.flight.groups[0].tag; tag != "COMMIT" {
		return fmt.Errorf("COMMIT came to %s", tag)
	}
	return nil
}

// run implements [writer].
func (w *pipeline) run(o *op) error {
	w.flight.clear()
	err := w.addOp(nil, o, nil, 0)
	if err == nil {
		err = w.fly()
	}
	switch {
	case errors.Is(err, errMissed):
		return refusal{o.miss}
	case err != nil && w.dialect.trouble(err) == again:
		return errAgain
	}
	return err
}

func (w *pipeline) tell(s *statement) error { return w.run(&op{stmt: s}) }

// queue puts a statement without arguments before all others of the flight.
func (w *pipeline) queue(s *statement) error { return w.addOp(nil, &op{stmt: s}, nil, firstWave) }

// add puts a job's statements into the flight. In a wave, statements follow each
// other by their ids, which is the order in which nearly all jobs have them; one
// that comes earlier than the one before it belongs to the next wave. In turn,
// each is a wave of its own.
func (w *pipeline) add(j *job, n *numbers, inTurn bool) error {
	wave, before := 0, -1
	for i := range j.ops {
		o := &j.ops[i]
		if inTurn || o.stmt.id < before {
			wave++
		}
		before = o.stmt.id
		if err := w.addOp(j, o, n, wave); err != nil {
			return err
		}
	}
	return nil
}

// addOp puts one statement into a wave of the flight.
func (w *pipeline) addOp(j *job, o *op, n *numbers, wave int) error {
	p, err := w.statement(o.stmt)
	if err != nil {
		return err
	}
	n.count(o.stmt.counts)
	return w.flight.group(p, wave).add(member{job: j, op: o}, n)
}

// statement returns s as it is prepared on this connection. What the types of
// its arguments are, the database says.
func (w *pipeline) statement(s *statement) (*prepared, error) {
	for len(w.prepared) <= s.id {
		w.prepared = append(w.prepared, nil)
	}
	if w.prepared[s.id] != nil {
		return w.prepared[s.id], nil
	}
	name, nameOne := "s"+strconv.Itoa(s.id), ""
	if !s.bulk {
		nameOne = name
	}
	one, err := w.prepare(nameOne, s.text)
	if err != nil {
		return nil, err
	}
	p := &prepared{statement: s, many: s.bulk, types: one.ParamOIDs, as: one}
	if s.bulk {
		if p.as, err = w.prepareMany(name, one); err != nil {
			return nil, err
		}
	}
	w.prepared[s.id] = p
	return p, nil
}

func (w *pipeline) prepare(name, text string) (*pgconn.StatementDescription, error) {
	described, err := w.conn.Prepare(context.Background(), name, text, nil)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	return described, nil
}

// prepareMany prepares what does for many what the statement one does for one.
func (w *pipeline) prepareMany(name string, one *pgconn.StatementDescription) (*pgconn.StatementDescription, error) {
	types := make([]string, len(one.ParamOIDs))
	for i, oid := range one.ParamOIDs {
		if types[i] = typeName(oid); types[i] == "" {
			return nil, fmt.Errorf("%q: argument %d has a type of no column: %d", one.SQL, i+1, oid)
		}
	}
	text, err := forMany(one.SQL, types)
	if err != nil {
		return nil, err
	}
	return w.prepare(name, text)
}

// fly sends what is in the flight and takes the answers. errMissed says that all
// were given, and not all were hits.
func (w *pipeline) fly() error {
	groups := w.flight.sorted()
	if len(groups) == 0 { // BEGIN went before, and all are to be run by themselves
		return nil
	}
	for _, g := range groups {
		if err := g.arrange(); err != nil {
			return err
		}
	}
	p := w.conn.StartPipeline(context.Background()) // the connection has deadlines, see [patient]
	last := len(groups) - 1
	for _, g := range groups[:last] {
		if err := w.between.do(g.stmt.text, func() error { g.send(p); return nil }); err != nil {
			return err // the connection is of no use any more
		}
	}
	return w.between.do(groups[last].stmt.text, func() error {
		groups[last].send(p)
		if err := p.Sync(); err != nil {
			return err
		}
		return receive(p, groups)
	})
}

// receive takes the answers to a flight.
func receive(p *pgconn.Pipeline, groups []*group) error {
	missed := false
	for _, g := range groups {
		if err := g.receive(p); err != nil {
			if closed := p.Close(); closed != nil && !errors.As(closed, new(*pgconn.PgError)) {
				return closed
			}
			return err
		}
		missed = missed || g.missed()
	}
	if err := p.Close(); err != nil {
		return err
	}
	if missed {
		return errMissed
	}
	return nil
}
