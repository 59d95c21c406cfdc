package ledger

import (
	"time"

	"pylon/internal/kernel/ident"
)

// Filter chooses journals; zero fields do not choose.
type Filter struct {
	Template Template
	Source   Source // its type, or both
}

// AccountFilter chooses accounts; zero fields do not choose.
type AccountFilter struct {
	Class Class
	Owner string
}

// Entry is a line of an account's statement.
type Entry struct {
	Journal  ident.JournalID
	Index    int64 // of the line in the journal
	Template Template
	Source   Source
	PostedAt time.Time
	Other    ident.AccountID // where it came from, or went to
	Amount   int64           // a debit is positive, a credit negative
}

// Check is what a day's verification has come to.
type Check struct {
	Day                           string // in UTC, as in ISO 8601
	At                            time.Time
	Journals, Transfers, Accounts int64
	Breaches                      int64 // 0: the books are as they were written
}

// Sum is the balances of a class and a unit together.
type Sum struct {
	Class    Class
	Unit     Unit
	Accounts int64
	Balance  int64 // debits less credits; those of all classes of a unit add up to nothing
}
