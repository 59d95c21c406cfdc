package store

import (
	"context"
	"database/sql/driver"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// dialect is all in which one database differs from another. Everything else
// is the same text for both.
//
// Tables are what CREATE TABLE makes without further words: on SQLite that is
// a table in the order of arrival, and the primary key an index beside it.
// WITHOUT ROWID would save that index, but it would scatter new frames and
// events over the file, and a page that is written costs more than a look-up.
type dialect struct {
	goose goose.Dialect
	lock  func() (lock.Locker, error) // keeps others from migrating at the same time; nil: there are none
	alone bool                        // the database belongs to one process at a time
	begin string                      // starts a transaction that writes
	brief bool                        // the answer about one thing comes at once or never: to be able to give it up is not worth the goroutines that the libraries start for it

	preparing int // connections that prepare the database: one writes, others keep the lock meanwhile

	connect func(o Options, u use) (driver.Connector, error)
	open    func(ctx context.Context, c *catalogue, o Options) (writer, error)
	text    func(string) string // a statement in the database's own spelling
	schema  func(string) string // a migration
	guard   func(table, column, where string) (text string, reads bool)
	trouble func(error) trouble
	stale   func(error) bool // the connection had ended before it was asked
}

// use is what a connection is for.
type use uint8

const (
	forReads use = iota
	forWrites
	forMigrations // which may take long
)

// trouble is what an error of the database means.
type trouble uint8

const (
	ours   trouble = iota // the statement or its arguments are wrong
	exists                // a row breaks a uniqueness
	again                 // two transactions met, and this one is to be tried again
	away                  // the database, or the way to it
)
