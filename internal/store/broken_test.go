package store_test

import (
	"context"
	"database/sql/driver"
	"sync"
)

// broken stands between the committer and its database. Before each statement,
// hook gets its text and what would run it: it may run it or not, and return
// whatever it likes.
type broken struct {
	mu      sync.Mutex
	hook    func(text string, run func() error) error
	connect func() error // before a connection is made; nil: go on
}

func (b *broken) set(hook func(text string, run func() error) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hook = hook
}

func (b *broken) setConnect(connect func() error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connect = connect
}

func (b *broken) wrap(c driver.Connector) driver.Connector { return brokenConnector{c, b} }

type brokenConnector struct {
	driver.Connector
	*broken
}

func (c brokenConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c.mu.Lock()
	connect := c.connect
	c.mu.Unlock()
	if connect != nil {
		if err := connect(); err != nil {
			return nil, err
		}
	}
	conn, err := c.Connector.Connect(ctx)
	return brokenConn{conn, c.broken}, err
}

type brokenConn struct {
	driver.Conn
	*broken
}

func (c brokenConn) Prepare(text string) (driver.Stmt, error) {
	s, err := c.Conn.Prepare(text)
	return brokenStmt{s, text, c.broken}, err
}

type brokenStmt struct {
	driver.Stmt
	text string
	*broken
}

func (s brokenStmt) through(run func() error) error {
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook == nil {
		return run()
	}
	return hook(s.text, run)
}

func (s brokenStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (result driver.Result, err error) {
	err = s.through(func() (err error) {
		result, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
		return err
	})
	return result, err
}

func (s brokenStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = s.through(func() (err error) {
		rows, err = s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
		return err
	})
	return rows, err
}
