package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"pylon/internal/kernel/clock"
)

// How long anyone waits for PostgreSQL, and it for us. A node that is frozen in
// the middle of a transaction holds the rows that it has touched; the server
// ends its session after idleMax, and whoever waits for a row is still waiting
// then.
const (
	connectMax   = 5 * time.Second
	idleMax      = 3 * time.Second  // in a transaction, without a word from us: we are between two writes to a socket
	lockMax      = 10 * time.Second // for a row that another transaction holds: three times as long
	statementMax = 30 * time.Second // of reading too; a list takes milliseconds
	answerSlack  = 2 * time.Second  // more, until we stop waiting for a server that does not end it itself
	unheardMax   = 10 * time.Second // that what we send stays without an acknowledgement: the way is broken
)

// How often others are looked after while they migrate, and for how long: a
// migration may rewrite a table.
const (
	migrationLook  = 250 * time.Millisecond
	migrationLooks = 4 * 60 * 30 // half an hour of them
)

func postgresDialect() dialect {
	return dialect{
		goose: goose.DialectPostgres, lock: migrationLock, begin: "BEGIN", preparing: 3,
		connect: connectPostgres, open: openPipeline, text: func(sql string) string { return sql }, schema: bytewise, guard: guardByLocking, trouble: postgresTrouble, stale: ended,
	}
}

// connectPostgres returns the way to the database that o names.
func connectPostgres(o Options, u use) (driver.Connector, error) {
	config, err := postgresConfig(o, u)
	if err != nil {
		return nil, err
	}
	if u != forReads {
		return stdlib.GetConnector(*config), nil
	}
	return stdlib.GetConnector(*config, stdlib.OptionAfterConnect(alongIndexes)), nil
}

// byIndex are settings that have every query planned once, and along its index, which each
// has (the tests see to it). Without statistics, as after an import, PostgreSQL takes a table
// of a hundred thousand rows for a small one, and would rather walk along it. A database
// that does not know one of them has a planner of its own.
var byIndex = []string{
	"SET plan_cache_mode = force_generic_plan",
	"SET enable_seqscan = off",
	"SET enable_hashjoin = off",
	"SET enable_mergejoin = off",
	"SET jit = off",
}

func alongIndexes(ctx context.Context, conn *pgx.Conn) error {
	return settle(ctx, conn.PgConn(), byIndex)
}

// settle sets what the database knows of settings.
func settle(ctx context.Context, conn *pgconn.PgConn, settings []string) error {
	for _, text := range settings {
		_, err := conn.Exec(ctx, text).ReadAll()
		if _, refused := errors.AsType[*pgconn.PgError](err); err != nil && !refused {
			return err
		}
	}
	return nil
}

// postgresConfig is how we connect. What the URL says itself stays.
func postgresConfig(o Options, u use) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, err // it has taken the password out
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectMax
	}
	settings := map[string]string{"application_name": "pylon " + string(o.Node), "default_transaction_isolation": "read committed"}
	if u != forMigrations {
		settings["idle_in_transaction_session_timeout"] = milliseconds(idleMax)
		settings["lock_timeout"] = milliseconds(lockMax)
		settings["statement_timeout"] = milliseconds(statementMax)
	}
	if u == forReads {
		settings["default_transaction_read_only"] = "on"
	}
	for name, value := range settings {
		if _, said := config.RuntimeParams[name]; !said {
			config.RuntimeParams[name] = value
		}
	}
	term := time.Duration(0)
	if ms, err := strconv.Atoi(config.RuntimeParams["statement_timeout"]); err == nil && ms > 0 {
		term = time.Duration(ms)*time.Millisecond + answerSlack
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialPostgres(ctx, network, address, term)
	}
	return config, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// tcpUserTimeout is TCP_USER_TIMEOUT of Linux, see tcp(7); package syscall does
// not name it.
const tcpUserTimeout = 18

// dialPostgres connects so that a server that has vanished is noticed: by
// probes while nothing is on its way, by [unheardMax] while something is. One
// that is there and says nothing has term for an answer, 0 is any time.
func dialPostgres(ctx context.Context, network, address string, term time.Duration) (net.Conn, error) {
	d := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
		Control: func(network, _ string, raw syscall.RawConn) error {
			if network == "unix" {
				return nil
			}
			return raw.Control(func(fd uintptr) { // where the system has no such option, the probes must do
				_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unheardMax.Milliseconds()))
			})
		},
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil || term == 0 {
		return conn, err
	}
	return &patient{Conn: conn, term: term}, nil
}

// patient is a connection on which each read has a deadline, unless the driver
// sets one itself. It costs a tenth of what a context with a deadline does.
type patient struct {
	net.Conn
	term time.Duration

	mu   sync.Mutex
	told bool // the driver has set a deadline
}

func (c *patient) Read(b []byte) (int, error) {
	if err := c.wait(); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *patient) wait() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told {
		return nil
	}
	return c.SetReadDeadline(clock.System{}.Now().Add(c.term))
}

// SetDeadline is what the driver does when a context ends, and takes back with
// the zero time.
func (c *patient) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = !t.IsZero()
	return c.Conn.SetDeadline(t)
}

// migrationLock is a row of a table: it holds on every database that speaks
// PostgreSQL's protocol, and ends by itself when its holder dies.
func migrationLock() (lock.Locker, error) {
	return lock.NewPostgresTableLocker(
		lock.WithTableName("migration_lock"), lock.WithTableLockTimeout(migrationLook, migrationLooks), lock.WithTableLogger(slog.New(slog.DiscardHandler)),
	)
}

var textType = regexp.MustCompile(`\bTEXT\b`)

// bytewise makes texts sort and compare by their bytes, as on SQLite, whatever
// the order of the database is.
func bytewise(sql string) string { return textType.ReplaceAllString(sql, `TEXT COLLATE "C"`) }

// guardByLocking is a guard that holds at READ COMMITTED: it waits for whoever
// is changing the row, looks at what he leaves, and keeps it so until we commit.
// Others may guard the same row meanwhile. Unlike an UPDATE of a column to
// itself it makes no new version of the row.
func guardByLocking(table, _, where string) (text string, reads bool) {
	return "SELECT 1 FROM " + table + " WHERE " + where + " FOR SHARE", true
}

// postgresTrouble reads the class of an error, see appendix A of PostgreSQL's
// manual.
func postgresTrouble(err error) trouble {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return troubleOnTheWay(err)
	}
	switch failure.Code {
	case "23505": // unique_violation
		return exists
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return again
	case "55P03", // lock_not_available: somebody holds a row for longer than lockMax
		"25P03", "25P04", "25006": // idle_in_transaction_session_timeout, transaction_timeout, a server that only reads
		return away
	}
	switch failure.Code[:2] {
	case "08", "53", "57", "58", "XX": // connection, resources, intervention (a timeout among them), system, internal
		return away
	}
	return ours
}

// ended reports whether the server has ended the connection, or nobody took it
// up again after the server went: asking on another may help.
func ended(err error) bool {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch failure.Code {
		case "57P01", "57P02", "57P05", "25P03": // shut down, crashed, idle for too long, outside of a transaction or in one
			return true
		}
		return false
	}
	if _, refused := errors.AsType[*pgconn.ConnectError](err); refused {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || pgconn.SafeToRetry(err)
}

// troubleOnTheWay tells errors of the connection from those of our own.
func troubleOnTheWay(err error) trouble {
	if _, ok := errors.AsType[net.Error](err); ok {
		return away
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return away
	}
	for _, end := range []error{driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, end) {
			return away
		}
	}
	if pgconn.SafeToRetry(err) { // a connection that was closed before we asked
		return away
	}
	return ours
}

// dialectOf returns the dialect that o asks for.
func dialectOf(o Options) (dialect, error) {
	switch {
	case o.URL == "" && o.Path == "":
		return dialect{}, fmt.Errorf("no database: neither a path nor a URL")
	case o.URL == "":
		return sqliteDialect(), nil
	}
	return postgresDialect(), nil
}
