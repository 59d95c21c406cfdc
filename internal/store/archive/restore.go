package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"pylon/internal/store"
)

// target is an empty database that is being filled where nobody sees it.
type target interface {
	// make makes the tables as a version of the schema has them, and those of the
	// frame log, and returns them all.
	make(ctx context.Context, schema int64) ([]Table, error)

	// begin, row and end put rows into a table; end returns how many there are.
	begin(ctx context.Context, t Table) error
	row(row []any) error
	end(ctx context.Context) (rows int64, err error)

	// finish brings the tables up to a version, ends what lived in them, and makes
	// everything visible.
	finish(ctx context.Context, schema int64, now time.Time) error

	// close lets go, and removes what is not finished.
	close() error
}

// RestoreOptions say where an archive goes.
type RestoreOptions struct {
	To  Place // an empty database: no file of SQLite in the folder, no table of Pylon on PostgreSQL
	Now time.Time
}

// ErrNotEmpty says that there is a database already.
var ErrNotEmpty = errors.New("there is a database already: restore goes into an empty one only")

// Restore puts what an archive holds into an empty database; see the package
// comment. An archive of an older Pylon gets the tables of today, that of a newer
// one is refused.
func Restore(ctx context.Context, from io.Reader, o RestoreOptions) (contents Contents, err error) {
	var to target
	if o.To.DatabaseURL != "" {
		to, err = openPostgresTarget(ctx, o.To.DatabaseURL)
	} else {
		to, err = openSQLiteTarget(o.To.Folder)
	}
	if err != nil {
		return Contents{}, err
	}
	contents, err = restore(ctx, from, to, o)
	return contents, errors.Join(err, to.close())
}

func restore(ctx context.Context, from io.Reader, to target, o RestoreOptions) (Contents, error) {
	newest, err := store.SchemaVersion()
	if err != nil {
		return Contents{}, err
	}
	f := &filler{ctx: ctx, to: to, newest: newest}
	contents, err := Read(from, f)
	if err != nil {
		return Contents{}, err
	}
	if err := f.missing(contents); err != nil {
		return Contents{}, err
	}
	return contents, to.finish(ctx, newest, o.Now)
}

// filler is the [Sink] that fills a target. It believes nothing that an archive
// says about tables: they are those that the migrations make.
type filler struct {
	ctx    context.Context //nolint:containedctx // of the call that the filler lives in
	to     target
	newest int64
	known  []Table
	rows   int64
	table  Table
}

// Manifest implements [Sink].
func (f *filler) Manifest(m Manifest) (err error) {
	if m.Schema > f.newest {
		return fmt.Errorf("Pylon %s made this archive, with tables of version %d; this one knows them up to %d: use a newer Pylon", m.Program, m.Schema, f.newest) //nolint:staticcheck // a name
	}
	if m.Schema < 1 {
		return fmt.Errorf("%w: tables of version %d", ErrDamaged, m.Schema)
	}
	f.known, err = f.to.make(f.ctx, m.Schema)
	return err
}

// Table implements [Sink].
func (f *filler) Table(t Table) error {
	i := slices.IndexFunc(f.known, func(k Table) bool { return k.Name == t.Name && k.Frames == t.Frames })
	if i < 0 {
		return fmt.Errorf("%w: it has a table %.100q, which Pylon has not", ErrDamaged, t.Name)
	}
	for n, c := range t.Columns {
		if !slices.Contains(f.known[i].Columns, c) || slices.Contains(t.Columns[:n], c) {
			return fmt.Errorf("%w: its table %s has a column %.100q, which Pylon has not", ErrDamaged, t.Name, c.Name)
		}
	}
	f.table, f.rows = t, 0
	if err := f.to.begin(f.ctx, t); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	return nil
}

// Row implements [Sink].
func (f *filler) Row(row []any) error {
	const look = 1024 // rows between looks at the context
	if f.rows++; f.rows%look == 0 && f.ctx.Err() != nil {
		return f.ctx.Err()
	}
	return f.to.row(row)
}

// TableEnd implements [Sink].
func (f *filler) TableEnd(rows int64) error {
	got, err := f.to.end(f.ctx)
	if err != nil {
		return fmt.Errorf("table %s: %w", f.table.Name, err)
	}
	if got != rows {
		return fmt.Errorf("table %s: %d rows are in the database, and %d in the archive", f.table.Name, got, rows)
	}
	f.known = slices.DeleteFunc(f.known, func(k Table) bool { return k.Name == f.table.Name })
	return ctxErr(f.ctx)
}

func ctxErr(ctx context.Context) error { return context.Cause(ctx) }

// missing returns an error when the archive had not all tables of the facts.
func (f *filler) missing(c Contents) error {
	for _, t := range f.known {
		if !t.Frames {
			return fmt.Errorf("%w: it has %d tables, and no %s", ErrDamaged, len(c.Tables), t.Name)
		}
	}
	return nil
}
