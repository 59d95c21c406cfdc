package simtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
)

// disk is the database that the nodes share: a SQLite file on which one
// transaction is open at a time.
type disk struct {
	path  string
	trace *trace

	mu     sync.Mutex
	holder *gate // whose transaction is open; nil: nobody's
	away   bool  // no connection, and none of its answers
	full   bool  // nothing can be added to the file
	noRoom error // what SQLite says then
}

// busy reports whether a transaction is open.
func (d *disk) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.holder != nil
}

// outcome is what becomes of a statement that waited for the driver.
type outcome uint8

const (
	proceeds outcome = iota
	refused          // it never arrives at the database
	unheard          // it is carried out, and its answer is lost
)

// gate stands between one node's committer and the disk. What begins, ends or
// is a transaction waits at it until the driver lets it through.
type gate struct {
	disk *disk
	node string

	mu     sync.Mutex
	dead   bool
	what   string       // waits; "": nothing
	grant  chan outcome // for it
	failAt int          // the statement of the open transaction that fails; 0: none
	count  int
	wrote  strings.Builder // what the transaction did
}

// waiting is what waits at the gate; "" when nothing does.
func (g *gate) waiting() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.what
}

// let lets through what waits. failAt makes a later statement of the
// transaction fail; 0: none.
func (g *gate) let(o outcome, failAt int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.what == "" {
		return
	}
	g.what, g.failAt, g.count = "", failAt, 0
	g.grant <- o
}

// kill cuts the node off, and lets go of what waits.
func (g *gate) kill() {
	g.mu.Lock()
	g.dead = true
	g.mu.Unlock()
	g.let(refused, 0)
}

// await waits at the gate.
func (g *gate) await(what string) outcome {
	g.mu.Lock()
	if g.dead {
		g.mu.Unlock()
		return refused
	}
	g.what, g.grant = what, make(chan outcome, 1)
	grant := g.grant
	g.mu.Unlock()
	return <-grant
}

// cut reports whether the way to the database is broken, for the node or for all.
func (g *gate) cut() bool {
	g.mu.Lock()
	dead := g.dead
	g.mu.Unlock()
	g.disk.mu.Lock()
	defer g.disk.mu.Unlock()
	return dead || g.disk.away
}

// strikes counts a statement and reports whether it is the one that fails.
func (g *gate) strikes(text string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count++
	g.wrote.WriteString(verb(text))
	g.wrote.WriteByte(' ')
	return g.count == g.failAt
}

// verb is what a statement does to which table: enough to tell two runs apart.
func verb(text string) string {
	words := strings.Fields(text)
	switch {
	case len(words) > 2 && (words[0] == "INSERT" || words[0] == "DELETE"):
		return words[0][:1] + ":" + words[2]
	case len(words) > 1 && words[0] == "UPDATE":
		return "U:" + words[1]
	case len(words) > 3 && words[0] == "SELECT":
		return "S:" + words[3]
	}
	return words[0]
}

func (g *gate) did() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	did := g.wrote.String()
	g.wrote.Reset()
	return did
}

// between is [store.Options.Between].
func (g *gate) between(text string, do func() error) error {
	err := g.through(text, do)
	if err != nil {
		g.disk.trace.note("%s: %s: %v", g.node, verb(text), err)
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, g.disk.noRoom) { // the committer gives the connection up
		g.leave()
	}
	return err
}

// through runs a statement when it is time.
func (g *gate) through(text string, do func() error) error {
	switch {
	case text == "CONNECT":
		if g.cut() {
			return driver.ErrBadConn
		}
		return do()
	case strings.HasPrefix(text, "BEGIN"):
		return g.begin(do)
	case text == "COMMIT":
		return g.commit(do)
	case text == "ROLLBACK":
		defer g.leave()
		return do()
	case g.cut():
		return driver.ErrBadConn
	case !strings.HasPrefix(text, "SELECT") && !g.holds():
		if g.await("write") != proceeds {
			return driver.ErrBadConn
		}
	}
	if g.strikes(text) {
		return driver.ErrBadConn
	}
	if g.disk.isFull() && strings.HasPrefix(text, "INSERT") {
		return g.disk.noRoom
	}
	return do()
}

func (d *disk) isFull() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full
}

func (g *gate) holds() bool {
	g.disk.mu.Lock()
	defer g.disk.mu.Unlock()
	return g.disk.holder == g
}

func (g *gate) leave() {
	g.disk.mu.Lock()
	defer g.disk.mu.Unlock()
	if g.disk.holder == g {
		g.disk.holder = nil
	}
}

func (g *gate) begin(do func() error) error {
	if g.await("begin") != proceeds || g.cut() {
		return driver.ErrBadConn
	}
	if err := do(); err != nil {
		return err
	}
	g.disk.mu.Lock()
	defer g.disk.mu.Unlock()
	if g.disk.holder != nil {
		panic("simulation: two transactions at once")
	}
	g.disk.holder = g
	return nil
}

func (g *gate) commit(do func() error) error {
	how := g.await("commit")
	if how == refused || g.cut() {
		return driver.ErrBadConn
	}
	err := do()
	g.leave()
	g.disk.trace.note("%s wrote %s%v", g.node, g.did(), err)
	if how == unheard {
		return errors.Join(err, driver.ErrBadConn)
	}
	return err
}

// noRoom returns the error that SQLite has for a full disk.
func noRoom() error {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for err == nil {
		_, err = db.ExecContext(context.Background(), "PRAGMA max_page_count = 2; CREATE TABLE t (v TEXT); INSERT INTO t VALUES (zeroblob(100000)); DROP TABLE t")
	}
	return err
}
