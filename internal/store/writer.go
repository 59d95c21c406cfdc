package store

import (
	"errors"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
)

// writer is the one connection that writes, in the way that suits its database.
// It is used by one goroutine.
type writer interface {
	// write begins a transaction and runs in it what the jobs of a batch change,
	// and then, when any of them may land, what last makes of the numbers that
	// were given out. A refused job has its reason in err.
	//
	// Whatever is returned but nil, nothing of it may be committed: with
	// [errGuilty] the writer has marked jobs to be run on their own and asks for
	// another attempt, with errAgain it met another transaction.
	write(batch []*job, n *numbers, last func(numbers) []op) error
	commit() error
	rollback() error
	// run executes one statement by itself. One that misses its row is a [refusal].
	run(o *op) error
	// close ends the connection, and with it a transaction that is open.
	close() error
}

var (
	// errGuilty says that a job failed halfway: the batch is to be written again
	// with those that may have on their own, where they can be undone.
	errGuilty = errors.New("a job failed halfway")
	// errAgain says that the database could not bring two transactions in an
	// order, and undid this one.
	errAgain = errors.New("another transaction was in the way")
)

// refusal is a job's own failure: it does not concern the others of its batch.
type refusal struct{ why error }

func (r refusal) Error() string { return r.why.Error() }
func (r refusal) Unwrap() error { return r.why }

// refusalOf turns an error of a statement into what its job is told; ok is
// false when the database itself is in trouble.
func (d dialect) refusalOf(err error) (_ error, ok bool) {
	if r, is := errors.AsType[refusal](err); is {
		return r.why, true
	}
	switch d.trouble(err) {
	case exists:
		return change.ErrExists, true
	case ours:
		return err, true
	}
	return err, false
}

// between stands between a writer and its database in tests of failures: it gets
// "CONNECT", or the text of a statement, and what would do it.
type between func(text string, do func() error) error

// do does it, or lets b decide.
func (b between) do(text string, do func() error) error {
	if b == nil {
		return do()
	}
	return b(text, do)
}

// numbers are the committer's place in its stream, given out while a batch is
// written and kept when it has landed.
type numbers struct {
	stream, event, frame, at int64

	journal int64       // of the stream's chain, the last
	chain   ledger.Hash // its
}

// placeBits is how much of a place is the number in its stream; the rest is the
// stream. A committer that writes 10,000 frames a second needs 3 years for them.
const placeBits = 40

// placeOf returns the place of an event or a frame in its log.
func placeOf(stream, number int64) int64 { return stream<<placeBits | number }

func (n *numbers) count(c counter) {
	switch c {
	case countEvents:
		n.event++
	case countFrames:
		n.frame++
	}
}

func (n *numbers) of(f fill) int64 {
	switch f {
	case fillEvent:
		return placeOf(n.stream, n.event)
	case fillFrame:
		return placeOf(n.stream, n.frame)
	default:
		return n.at
	}
}
