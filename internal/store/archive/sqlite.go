package archive

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// openFile opens a SQLite file with one connection.
func openFile(path, query string) (*sql.DB, error) {
	file, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String()+"?_pragma=busy_timeout(5000)&"+query)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// sqliteSnapshot is a read transaction on each of the files: in WAL mode it sees
// the same moment for as long as it is open, and nobody waits for it. Meanwhile
// the log of changes cannot begin again at its start, and grows.
type sqliteSnapshot struct {
	facts, frames *sqliteFile // frames may be nil
}

type sqliteFile struct {
	db   *sql.DB
	conn *sql.Conn
}

func openSQLiteSnapshot(ctx context.Context, folder string, frames bool) (snapshot, error) {
	s := &sqliteSnapshot{}
	var err error
	if s.facts, err = beginReading(ctx, filepath.Join(folder, factsFile)); err != nil {
		return nil, err
	}
	if !frames {
		return s, nil
	}
	s.frames, err = beginReading(ctx, filepath.Join(folder, framesFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func beginReading(ctx context.Context, path string) (*sqliteFile, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("no database to back up: %w", err)
	}
	db, err := openFile(path, "mode=rw&_query_only=1")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, "BEGIN")
	}
	if err == nil {
		var tables int // the first read is what fixes the moment
		err = conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema").Scan(&tables)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return &sqliteFile{db, conn}, nil
}

func (f *sqliteFile) close() error {
	_ = f.conn.Close() // it has read only
	return f.db.Close()
}

func (*sqliteSnapshot) name() string { return sqliteName }

func (s *sqliteSnapshot) close() error {
	err := s.facts.close()
	if s.frames != nil {
		err = errors.Join(err, s.frames.close())
	}
	return err
}

func (s *sqliteSnapshot) schema(ctx context.Context) (version int64, err error) {
	if err := s.facts.conn.QueryRowContext(ctx, versionText).Scan(&version); err != nil {
		return 0, fmt.Errorf("%s is no database of Pylon: %w", factsFile, err)
	}
	return version, nil
}

func (s *sqliteSnapshot) tables(ctx context.Context) ([]Table, error) {
	all, err := tablesOf(ctx, s.facts.conn)
	if err != nil || s.frames == nil {
		return all, err
	}
	frames, err := tablesOf(ctx, s.frames.conn)
	for _, t := range frames {
		t.Frames = true
		all = append(all, t)
	}
	return all, err
}

// tablesOf returns the tables of a file, by name.
func tablesOf(ctx context.Context, from interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
},
) ([]Table, error) {
	rows, err := from.QueryContext(ctx, `SELECT t.name, c.name, c.type FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY t.name, c.cid`)
	if err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	defer rows.Close()
	var tables []Table
	for rows.Next() {
		var table, column, kind string
		if err := rows.Scan(&table, &column, &kind); err != nil {
			return nil, fmt.Errorf("tables: %w", err)
		}
		if kind == "INTEGER" { // how a BIGINT is spelt that is the number of its row
			kind = string(BigInt)
		}
		if tables, err = addColumn(tables, table, Column{column, Kind(kind)}); err != nil {
			return nil, err
		}
	}
	return tables, rows.Err()
}

// addColumn adds a column to its table, which is the last or a new one.
func addColumn(tables []Table, table string, c Column) ([]Table, error) {
	if !ours(table) {
		return tables, nil
	}
	switch c.Kind {
	case BigInt, Text, Bytea, Boolean:
	default:
		return nil, fmt.Errorf("column %s of table %s is %s: no type that Pylon uses", c.Name, table, c.Kind)
	}
	if len(tables) == 0 || tables[len(tables)-1].Name != table {
		tables = append(tables, Table{Name: table})
	}
	last := &tables[len(tables)-1]
	last.Columns = append(last.Columns, c)
	return tables, nil
}

// rows reads a table through the driver itself, which costs half of what it
// costs through [sql.Rows].
func (s *sqliteSnapshot) rows(ctx context.Context, t Table, each func([]any) error) error {
	file := s.facts
	if t.Frames {
		file = s.frames
	}
	return file.conn.Raw(func(c any) error {
		rows, err := c.(driver.QueryerContext).QueryContext(ctx, "SELECT "+columnList(t)+` FROM "`+t.Name+`"`, nil) //nolint:forcetypeassert // the driver is known
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // it has read only
		values, row := make([]driver.Value, len(t.Columns)), make([]any, len(t.Columns))
		for {
			if err := rows.Next(values); err != nil {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}
			for i, v := range values {
				row[i] = v
			}
			if err := each(row); err != nil {
				return err
			}
		}
	})
}

// columnList returns the names of a table's columns.
func columnList(t Table) string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = `"` + c.Name + `"`
	}
	return strings.Join(names, ", ")
}
