package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// How SQLite is opened.
const (
	busyTimeout = "5000"     // ms; another process (a backup, a shell) holds the lock
	writerCache = "-65536"   // KiB: the pages of the sessions of ten thousand stations
	readerCache = "-2048"    // KiB, for each of the readers: the inner pages of the indexes; the system has the rest
	walKeep     = "67108864" // bytes; a long reader lets the log grow, and it shrinks again
)

func sqliteDialect() dialect {
	return dialect{
		goose: goose.DialectSQLite3, alone: true, begin: "BEGIN IMMEDIATE", preparing: 1,
		brief:   true,
		connect: connectSQLite, open: openSerial, text: questionMarks, schema: rowNumbers, guard: guardByReading, trouble: sqliteTrouble, stale: func(error) bool { return false },
	}
}

func connectSQLite(o Options, u use) (driver.Connector, error) {
	sync := o.Synchronous
	switch sync {
	case "":
		sync = "full"
	case "full", "off":
	default:
		return nil, fmt.Errorf("synchronous %q: full or off", sync)
	}
	pragmas := []string{
		"busy_timeout(" + busyTimeout + ")", "journal_mode(wal)", "synchronous(" + sync + ")",
		"journal_size_limit(" + walKeep + ")", "temp_store(memory)",
	}
	query := url.Values{"_dqs": {"0"}}
	if u != forReads {
		query.Set("_txlock", "immediate")
		pragmas = append(pragmas, "cache_size("+writerCache+")")
	} else {
		query.Set("_query_only", "1")
		pragmas = append(pragmas, "cache_size("+readerCache+")")
	}
	query["_pragma"] = pragmas
	return sqlite.NewConnector("file:" + (&url.URL{Path: o.Path}).EscapedPath() + "?" + query.Encode())
}

// questionMarks writes ? for $1, $2 … where each stands once and in order, as
// in nearly all statements: a parameter with a name costs the driver a look-up
// every time it is bound, a fifth of a microsecond. Other texts stay.
func questionMarks(sql string) string {
	parts := strings.Split(sql, "$")
	for i := 1; i < len(parts); i++ {
		digits := len(parts[i]) - len(strings.TrimLeft(parts[i], "0123456789"))
		if parts[i][:digits] != strconv.Itoa(i) {
			return sql
		}
		parts[i] = "?" + parts[i][digits:]
	}
	return strings.Join(parts, "")
}

// rowNumbers makes a key of one BIGINT the number of its row, which SQLite does
// only when the type is called INTEGER. Else the key would be an index beside
// the table: another page to write for each commit.
func rowNumbers(sql string) string {
	return strings.ReplaceAll(sql, "BIGINT NOT NULL PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY")
}

// guardByReading is a guard for a database with one writer: from BEGIN
// IMMEDIATE on nobody else writes, so a row that is read as expected stays so.
// Elsewhere a guard must be an UPDATE of column to itself that hits its row.
func guardByReading(table, _, where string) (text string, reads bool) {
	return "SELECT 1 FROM " + table + " WHERE " + where, true
}

func sqliteTrouble(err error) trouble {
	if errors.Is(err, driver.ErrBadConn) {
		return away
	}
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return ours
	}
	switch failure.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return exists
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_ABORT:
		return away
	}
	return ours
}
