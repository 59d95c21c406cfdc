package store

import (
	"database/sql/driver"
	"slices"

	"pylon/internal/domain/ledger"
)

// Numbers of documents are drawn in the transaction that posts the documents,
// before anything else of their job, so that what names a number knows it. A
// transaction that is rolled back has drawn none: numbers have no gaps. It holds
// the series until it ends; with one draw for a whole batch other nodes do not
// wait for long.

// draw begins a job's series and draws its numbers, one after the other.
func (w *serial) draw(j *job, n *numbers) error {
	for i := range j.begins {
		if err := w.execute(&j.begins[i], n); err != nil {
			return err
		}
	}
	for _, d := range j.draws {
		o, next := w.catalogue.drawing(d.series, 1)
		if err := w.execute(&o, n); err != nil {
			return err
		}
		d.number = next[0].(int64) - 1 //nolint:forcetypeassert // a BIGINT
	}
	return nil
}

// drawing is the statement that draws so many numbers of a series; next gets the
// one behind them.
func (c *catalogue) drawing(series string, count int64) (o op, next []driver.Value) {
	next = []driver.Value{nil}
	return op{stmt: c.drawNumbers, args: []driver.Value{count, series}, miss: errSeries, row: next}, next
}

// draw begins the series and draws the numbers of those jobs that are run by
// themselves, or that are not, all of one series at once. It sends what is in the flight along, unless
// there is nothing to send.
func (w *pipeline) draw(jobs []*job, alone bool) error {
	var series []string // in the order of their first draws
	draws, drawers := map[string][]*draw{}, map[string]*job{}
	for _, j := range jobs {
		for i := range j.begins {
			if j.alone != alone {
				break
			}
			if err := w.addOp(j, &j.begins[i], nil, 0); err != nil {
				return err
			}
		}
		for _, d := range j.draws {
			if drawers[d.series] == nil {
				series, drawers[d.series] = append(series, d.series), j
			}
			if j.alone == alone { // else its turn comes later; the row is taken now, see meet
				draws[d.series] = append(draws[d.series], d)
			}
		}
	}
	next := make([][]driver.Value, len(series))
	for i, name := range series {
		var o op
		if o, next[i] = w.catalogue.drawing(name, int64(len(draws[name]))); len(draws[name]) == 0 {
			o.miss = nil // whoever draws later learns it
		}
		if err := w.addOp(drawers[name], &o, nil, 0); err != nil {
			return err
		}
	}
	if len(w.flight.groups) < 2 { // BEGIN, or SAVEPOINT
		return nil
	}
	if err := w.fly(); err != nil {
		return err
	}
	for i, name := range series {
		after, _ := next[i][0].(int64)
		for at, d := range draws[name] {
			d.number = after - int64(len(draws[name])-at)
		}
	}
	w.flight.clear()
	return nil
}

// meet begins a transaction with what jobs of other nodes take as well: the
// series, and, when jobs are to be run by themselves, one after the other, the
// balances that any job of the batch moves. All nodes take them in one order, so
// that they do not wait for each other in a circle, of which each costs a second.
func (w *pipeline) meet(batch []*job, n *numbers) error {
	if slices.ContainsFunc(w.later, func(j *job) bool { return len(j.postings) > 0 }) {
		for _, j := range batch {
			j.part = n.stream % ledger.Shards
			for i := range j.ops {
				o := &j.ops[i]
				if o.stmt != w.catalogue.moveBalance {
					continue
				}
				if err := w.addOp(nil, &op{stmt: w.takeBalance, args: o.args[1:3]}, nil, 0); err != nil {
					return err
				}
			}
		}
	}
	return w.draw(batch, false)
}
