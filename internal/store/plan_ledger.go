package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"slices"
	"strconv"
	"strings"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Journals are appended under the next number of the committer's stream, each
// with a hash over the one before it, and balances move by what they come to. A
// balance that everybody moves is a row for each committer, so jobs of one batch
// are all that meet there: what they make of it is added up before it is
// written. A balance with a limit is another matter: whoever may not spend must
// be refused by himself, so two jobs that move it are written one after the
// other. The statement looks at the limit, which tells who is refused; the check
// of the table holds it, whatever the statement says.

// ledgerStatements are the ways to write the books.
type ledgerStatements struct {
	insertSeries, drawNumbers     *statement
	insertJournal, insertTransfer *statement
	ensureAccount, moveBalance    *statement
	takeBalance                   *statement
	chainHead, insertCheck        *statement
}

func (c *catalogue) addLedger() {
	c.insertSeries = c.bulk(documentSeries.insert() + " ON CONFLICT (series) DO NOTHING")
	c.insertSeries.key = 1
	c.drawNumbers = c.bulk("UPDATE document_series SET next = next + $1 WHERE series = $2 RETURNING next")
	c.drawNumbers.key, c.drawNumbers.reads = 2, true
	c.takeBalance = c.bulk("UPDATE accounts SET least = least WHERE account = $1 AND shard = $2")
	c.takeBalance.key = 1
	c.insertJournal = c.bulk(journals.insert())
	c.insertTransfer = c.bulk(transfers.insert())
	c.ensureAccount = c.bulk(`INSERT INTO accounts (account, shard, org, class, owner, unit, least, most, balance)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) ON CONFLICT (account, shard) DO NOTHING`)
	c.ensureAccount.key = 1
	c.moveBalance = c.bulk("UPDATE accounts SET balance = balance + $1 WHERE account = $2 AND shard = $3 AND balance + $4 BETWEEN least AND most")
	c.moveBalance.key, c.moveBalance.sums = 2, []int{1, 4}
	c.chainHead = c.add(chains.upsert())
	c.insertCheck = c.bulk(checks.insert())
}

// draw is the number of a document that a job draws from its series.
type draw struct {
	series string
	number int64
}

// errSeries says that a document is of a series that has not begun.
var errSeries = fault.New(fault.NotFound, "series_unknown")

// books adds series that begin, journals, and what they make of balances.
func (p *planner) books() error {
	s := p.set
	for i := range s.Series {
		series := s.Series[i]
		if err := series.Validate(); err != nil {
			return fault.Below("/series/"+strconv.Itoa(i), err)
		}
		series.Next = series.First
		if err := put(p.job, p.insertSeries, documentSeries, &series); err != nil {
			return err
		}
		last := len(p.ops) - 1 // its turn comes before all others, see draw
		p.begins, p.ops = append(p.begins, p.ops[last]), p.ops[:last]
	}
	for i := range s.Checks {
		if err := put(p.job, p.insertCheck, checks, &s.Checks[i]); err != nil {
			return err
		}
	}
	if len(s.Journals) == 0 {
		return nil
	}
	p.postings = make([]journalRow, len(s.Journals))
	for i := range s.Journals {
		if err := s.Journals[i].Validate(); err != nil {
			return fault.Below("/journals/"+strconv.Itoa(i), err)
		}
		if err := p.post(&s.Journals[i], &p.postings[i]); err != nil {
			return err
		}
	}
	return p.balances()
}

// post adds a journal and its transfers.
func (p *planner) post(j *ledger.Journal, row *journalRow) error {
	row.Record = j.Record()
	row.digest = row.Record.Digest()
	if j.Series != "" {
		row.drawn = &draw{series: string(j.Series)}
		p.draws = append(p.draws, row.drawn)
	}
	p.changes(strings.Join([]string{j.Source.Type, j.Source.ID, string(j.Template), strconv.FormatInt(j.Revision, 10)}, " "))
	if err := put(p.job, p.insertJournal, journals, row); err != nil {
		return err
	}
	for _, l := range row.Lines {
		if err := put(p.job, p.insertTransfer, transfers, &lineRow{j.Organisation, l}); err != nil {
			return err
		}
	}
	return nil
}

// balances adds what the set's journals make of balances, accounts in the order
// of their identifiers.
func (p *planner) balances() error {
	moves := map[ident.AccountID]*ledger.Change{}
	var order []ident.AccountID
	for i := range p.set.Journals {
		for _, c := range p.set.Journals[i].Changes() {
			id := c.Account.ID()
			if known := moves[id]; known != nil {
				known.Amount += c.Amount
				continue
			}
			moves[id] = &c
			order = append(order, id)
		}
	}
	slices.Sort(order)
	for _, id := range order {
		a := moves[id].Account
		least, most := a.Class.Limits()
		p.do(p.ensureAccount, string(id), p.shard(a.Class), string(a.Organisation), string(a.Class), a.Owner, string(a.Unit), least, most)
	}
	for _, id := range order {
		m := moves[id]
		if m.Account.Class.Limited() {
			p.changes(string(id))
		}
		p.must(change.ErrLimit, p.moveBalance, m.Amount, string(id), p.shard(m.Account.Class), m.Amount)
	}
	return nil
}

// shard is the part of a balance that is moved: where there are several, the
// committer's own.
func (p *planner) shard(c ledger.Class) driver.Value {
	if c.Hot() {
		return late{&p.part}
	}
	return int64(0)
}

// seal gives the job's journals their places behind n, and their hashes. The
// numbers of their documents are drawn by then.
func (j *job) seal(n *numbers) {
	if len(j.postings) == 0 {
		return
	}
	j.part = n.stream % ledger.Shards
	for i := range j.postings {
		row := &j.postings[i]
		var document int64
		if row.drawn != nil {
			document = row.drawn.number
		}
		n.journal++
		n.chain = ledger.Link(n.chain, ledger.Place{Stream: n.stream, Number: n.journal}, document, row.digest)
		row.place, row.number, row.hash = placeOf(n.stream, n.journal), document, bytes.Clone(n.chain[:])
	}
}

// chained is what a batch leaves of the journals up to n.
func (c *catalogue) chained(n numbers) op {
	return op{stmt: c.chainHead, args: []driver.Value{n.stream, n.journal, bytes.Clone(n.chain[:])}}
}

// posted tells the caller what the commit knew of his journals.
func (j *job) posted(set *change.Set) {
	for i := range j.postings {
		if d := j.postings[i].drawn; d != nil {
			set.Journals[i].Number = d.number
		}
	}
}

// repeated returns what it means that a row of set exists already:
// [change.ErrPosted] when all its journals are in the books as they are.
func (s *Store) repeated(ctx context.Context, set *change.Set) error {
	for i := range set.Journals {
		j := &set.Journals[i]
		known, err := s.journalOf(ctx, j)
		if fault.Is(err, fault.NotFound) {
			return change.ErrExists
		}
		if err != nil {
			return err
		}
		if again := j.Record(); !known.Same(&again) {
			return change.ErrExists
		}
	}
	return change.ErrPosted
}
