package framelog

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

//go:embed schema.sql
var schema string

// openSQLite opens the file and makes its tables.
//
// synchronous=NORMAL: a commit waits for no fsync, which only a checkpoint does.
// An fsync a second would make the facts' own wait behind it on the same disk,
// and save some seconds of evidence when the power goes; the file stays whole
// either way.
func openSQLite(ctx context.Context, path string) (*disk, error) {
	file, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=journal_size_limit(16777216)"
	writer, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(readers)
	d := &disk{writer: writer, reader: reader, holds: "instr(stations, $1) > 0", size: sizeSQLite}
	if err := makeSQLite(ctx, writer); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// makeSQLite makes the tables. Those of a file from before there were several
// nodes get the column that names them.
func makeSQLite(ctx context.Context, db *sql.DB) error {
	for _, table := range []string{"fresh_blocks", "merged_blocks"} {
		var columns, nodes int
		err := db.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(*) FILTER (WHERE name = 'node') FROM pragma_table_info($1)`, table).Scan(&columns, &nodes)
		if err == nil && columns > 0 && nodes == 0 {
			_, err = db.ExecContext(ctx, "ALTER TABLE "+table+" ADD COLUMN node TEXT NOT NULL DEFAULT ''; DROP INDEX IF EXISTS merged_blocks_by_place")
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	_, err := db.ExecContext(ctx, Schema(""))
	return err
}

// Schema returns the statements that make the log's tables where they are
// missing, in the words of the database at a URL; "" is SQLite, whose own order
// of texts is by bytes.
func Schema(databaseURL string) string {
	if databaseURL == "" {
		return strings.ReplaceAll(schema, ` COLLATE "C"`, "")
	}
	return schema
}

// sizeSQLite returns how many bytes of the file are in use. Free pages are used
// again and not given back.
func sizeSQLite(ctx context.Context, db *sql.DB, _ int64) (int64, error) {
	var pages, free, bytes int64
	err := db.QueryRowContext(ctx, `SELECT page_count, freelist_count, page_size
		FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`).Scan(&pages, &free, &bytes)
	return (pages - free) * bytes, err
}
