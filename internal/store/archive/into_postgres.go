package archive

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"pylon/internal/store"
	"pylon/internal/store/framelog"
)

// restoreSchema is where tables are filled. At the end they move to where they
// belong, all in one transaction.
const restoreSchema = "pylon_restoring"

// postgresTarget fills tables in a schema that nobody looks at.
type postgresTarget struct {
	conn   *pgx.Conn
	db     *sql.DB // for the migrations
	url    string
	home   string   // the schema of the facts
	frames []string // the tables of the frame log

	table  Table
	copied chan error // what became of the COPY
	rows   int64      // that it took
	into   *io.PipeWriter
	buffer []byte
}

func openPostgresTarget(ctx context.Context, databaseURL string) (target, error) {
	config, err := postgresConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	t := &postgresTarget{url: databaseURL}
	if t.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, err
	}
	if err := t.prepare(ctx); err != nil {
		return nil, errors.Join(err, t.conn.Close(ctx))
	}
	hidden := config.Copy()
	hidden.RuntimeParams["search_path"] = restoreSchema
	t.db = stdlib.OpenDB(*hidden)
	return t, nil
}

// prepare finds the database empty and makes the schema, in the place of one that
// was left when a restore was killed.
func (t *postgresTarget) prepare(ctx context.Context) error {
	var facts, frames bool
	err := t.conn.QueryRow(ctx, `SELECT COALESCE(current_schema(), ''), to_regclass($1) IS NOT NULL,
		EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = $2)`, versionTable, framelog.PostgresSchema).Scan(&t.home, &facts, &frames)
	switch {
	case err != nil:
		return err
	case facts, frames:
		return ErrNotEmpty
	case t.home == "":
		return errors.New("the database has no schema to restore into: its search_path names none that exists")
	}
	_, err = t.conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+restoreSchema+" CASCADE; CREATE SCHEMA "+restoreSchema+"; SET search_path = "+restoreSchema)
	return err
}

func (t *postgresTarget) make(ctx context.Context, schema int64) ([]Table, error) {
	if err := store.Migrate(ctx, t.db, t.url, schema); err != nil {
		return nil, err
	}
	all, err := tablesIn(ctx, t.conn, "")
	if err != nil {
		return nil, err
	}
	facts := len(all)
	if _, err := t.conn.Exec(ctx, framelog.Schema(t.url)); err != nil {
		return nil, fmt.Errorf("frame log: %w", err)
	}
	both, err := tablesIn(ctx, t.conn, "")
	for _, table := range both {
		if !slices.ContainsFunc(all[:facts], func(f Table) bool { return f.Name == table.Name }) {
			table.Frames = true
			t.frames = append(t.frames, table.Name)
			all = append(all, table)
		}
	}
	return all, err
}

// The binary format of COPY: a beginning, of each row the number of its values
// and of each value its length and its bytes, and an end.
const (
	copyBegin = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	copyEnd   = "\xff\xff"
)

func (t *postgresTarget) begin(ctx context.Context, table Table) error {
	from, into := io.Pipe()
	t.table, t.into, t.copied, t.buffer = table, into, make(chan error, 1), append(t.buffer[:0], copyBegin...)
	text := "COPY " + pgx.Identifier{table.Name}.Sanitize() + " (" + columnList(table) + ") FROM STDIN (FORMAT binary)"
	go func(done chan<- error) {
		tag, err := t.conn.PgConn().CopyFrom(ctx, from, text)
		t.rows = tag.RowsAffected()
		if failure, ok := errors.AsType[*pgconn.PgError](err); ok && failure.Where != "" {
			err = fmt.Errorf("%w (%s)", err, failure.Where)
		}
		_ = from.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // who still writes learns why
		done <- err
	}(t.copied)
	return nil
}

func (t *postgresTarget) row(row []any) error {
	b := binary.BigEndian.AppendUint16(t.buffer, uint16(len(row))) //nolint:gosec // columnsMax
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, "\xff\xff\xff\xff"...)
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 8), uint64(v)) //nolint:gosec // two's complement
		case bool:
			if b = append(b, 0, 0, 0, 1, 0); v {
				b[len(b)-1] = 1
			}
		case string:
			v = store.Cleaned(v)                                               // an older file of SQLite may have what PostgreSQL does not take
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...) //nolint:gosec // partMax
		case []byte:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...) //nolint:gosec // partMax
		}
	}
	t.buffer = b
	if len(t.buffer) < rowsAtOnce {
		return nil
	}
	return t.flush()
}

func (t *postgresTarget) flush() error {
	_, err := t.into.Write(t.buffer)
	t.buffer = t.buffer[:0]
	return err
}

func (t *postgresTarget) end(context.Context) (rows int64, err error) {
	t.buffer = append(t.buffer, copyEnd...)
	err = t.flush()
	_ = t.into.Close() // a pipe in memory
	t.into = nil
	if failed := <-t.copied; failed != nil {
		return 0, failed
	}
	return t.rows, err
}

func (t *postgresTarget) finish(ctx context.Context, schema int64, now time.Time) error {
	if err := store.Migrate(ctx, t.db, t.url, schema); err != nil {
		return err
	}
	if err := store.Retire(ctx, t.db, now); err != nil {
		return err
	}
	tx, err := t.conn.Begin(ctx)
	if err != nil {
		return err
	}
	if err := t.publish(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	return tx.Commit(ctx)
}

// publish moves the tables to where they belong.
func (t *postgresTarget) publish(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+framelog.PostgresSchema); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 ORDER BY table_name", restoreSchema)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		home := t.home
		if slices.Contains(t.frames, name) {
			home = framelog.PostgresSchema
		}
		_, err := tx.Exec(ctx, "ALTER TABLE "+pgx.Identifier{restoreSchema, name}.Sanitize()+" SET SCHEMA "+pgx.Identifier{home}.Sanitize())
		if failure, ok := errors.AsType[*pgconn.PgError](err); ok && failure.Code == "42P07" { // duplicate_table
			return fmt.Errorf("table %s was made meanwhile: %w", name, ErrNotEmpty)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	_, err = tx.Exec(ctx, "DROP SCHEMA "+restoreSchema)
	return err
}

// close ends the connections and drops the schema if it is still there.
func (t *postgresTarget) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), connectMax)
	defer cancel()
	if t.into != nil { // in the middle of a table
		_ = t.into.CloseWithError(errors.New("given up"))
		<-t.copied //nolint:errcheck // that it was given up
	}
	err := t.db.Close()
	if t.conn.IsClosed() { // the end of the context has ended it, perhaps in the middle of a COPY
		var failed error
		if t.conn, failed = pgx.ConnectConfig(ctx, t.conn.Config()); failed != nil {
			return errors.Join(err, fmt.Errorf("the schema %s stays until the next restore: %w", restoreSchema, failed))
		}
	}
	_, dropped := t.conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+restoreSchema+" CASCADE")
	return errors.Join(err, dropped, t.conn.Close(ctx))
}
