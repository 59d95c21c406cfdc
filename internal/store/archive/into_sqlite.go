package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pylon/internal/store"
	"pylon/internal/store/framelog"
)

// unfinished is what the names of files end with that are being filled.
const unfinished = ".restoring"

// sqliteTarget fills two files under other names, which get their own when they
// are whole: first that of the frames, then that of the facts, without which
// there is no database.
type sqliteTarget struct {
	folder        string
	facts, frames *sql.DB
	tx            *sql.Tx
	insert        *sql.Stmt
	table         Table
}

func openSQLiteTarget(folder string) (target, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	t := &sqliteTarget{folder: folder}
	for _, name := range []string{factsFile, framesFile} {
		path := filepath.Join(folder, name)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, ErrNotEmpty), err)
		}
	}
	var err error
	if t.facts, err = t.file(factsFile); err != nil {
		return nil, errors.Join(err, t.close())
	}
	if t.frames, err = t.file(framesFile); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// path returns where a file is filled.
func (t *sqliteTarget) path(name string) string { return filepath.Join(t.folder, name+unfinished) }

// file makes an empty file, in the place of one that was left when a restore was
// killed. Nothing in it needs to survive a crash before it is whole.
func (t *sqliteTarget) file(name string) (*sql.DB, error) {
	path := t.path(name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return openFile(path, "_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-65536)&_pragma=temp_store(memory)")
}

func (t *sqliteTarget) make(ctx context.Context, schema int64) ([]Table, error) {
	if err := store.Migrate(ctx, t.facts, "", schema); err != nil {
		return nil, err
	}
	if _, err := t.frames.ExecContext(ctx, framelog.Schema("")); err != nil {
		return nil, fmt.Errorf("frame log: %w", err)
	}
	all, err := tablesOf(ctx, t.facts)
	if err != nil {
		return nil, err
	}
	frames, err := tablesOf(ctx, t.frames)
	for _, f := range frames {
		f.Frames = true
		all = append(all, f)
	}
	return all, err
}

func (t *sqliteTarget) begin(ctx context.Context, table Table) (err error) {
	db := t.facts
	if table.Frames {
		db = t.frames
	}
	t.table = table
	if t.tx, err = db.BeginTx(context.WithoutCancel(ctx), nil); err != nil {
		return err
	}
	values := strings.Repeat(", ?", len(table.Columns))[2:]
	t.insert, err = t.tx.PrepareContext(ctx, `INSERT INTO "`+table.Name+`" (`+columnList(table)+") VALUES ("+values+")")
	return err
}

func (t *sqliteTarget) row(row []any) error {
	_, err := t.insert.Exec(row...) //nolint:noctx // one that can end costs the driver a goroutine for each row
	return err
}

func (t *sqliteTarget) end(ctx context.Context) (rows int64, err error) {
	if err := t.insert.Close(); err != nil {
		return 0, err
	}
	if err := t.tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM "`+t.table.Name+`"`).Scan(&rows); err != nil {
		return 0, err
	}
	return rows, t.tx.Commit()
}

func (t *sqliteTarget) finish(ctx context.Context, schema int64, now time.Time) error {
	if err := store.Migrate(ctx, t.facts, "", schema); err != nil {
		return err
	}
	if err := store.Retire(ctx, t.facts, now); err != nil {
		return err
	}
	if err := errors.Join(t.facts.Close(), t.frames.Close()); err != nil {
		return err
	}
	for _, name := range []string{framesFile, factsFile} {
		if err := sync(t.path(name)); err != nil {
			return err
		}
	}
	for _, name := range []string{framesFile, factsFile} {
		if err := os.Rename(t.path(name), filepath.Join(t.folder, name)); err != nil {
			return err
		}
	}
	return sync(t.folder)
}

// sync waits until a file or folder is on the disk.
func sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// close closes the files and removes those that still have their other name.
func (t *sqliteTarget) close() error {
	var errs []error
	for _, db := range []*sql.DB{t.facts, t.frames} {
		if db != nil {
			if t.tx != nil {
				_ = t.tx.Rollback() // or it has landed
			}
			errs = append(errs, db.Close())
		}
	}
	for _, name := range []string{factsFile, framesFile} {
		if err := os.Remove(t.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
