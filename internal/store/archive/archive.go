// Package archive copies a whole installation into one file, and such a file
// into an empty database: SQLite and PostgreSQL alike, from either to either.
//
// [Write] runs beside a server that works. What it writes is one moment: every
// commit that was acknowledged before it began is in the archive, and of every
// other commit all or nothing. The facts and the frame log of PostgreSQL are the
// same moment; the files of SQLite are two, the log's a little later.
//
// [Restore] makes what it has read visible at its end, at once, after every
// count and digest has been found right; before, and after an error, the
// database is as empty as it was. What lived when the archive was made (nodes,
// streams of events, leases) has ended in what is restored.
//
// Both hold some mebibytes in memory, however much there is. An archive has what
// the database has: hashes of passwords and keys, and the tokens of drivers.
package archive

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Place is a database: a SQLite installation's folder or a PostgreSQL URL.
type Place struct {
	Folder      string
	DatabaseURL string // "" is SQLite in the folder
}

// The files of a SQLite installation.
const (
	factsFile  = "pylon.db"
	framesFile = "frames.db"
)

// The databases, as a manifest names them.
const (
	sqliteName   = "sqlite"
	postgresName = "postgresql"
)

// Options say what is written.
type Options struct {
	From    Place
	Frames  bool      // with the frame log
	Program string    // version of this program
	Now     time.Time // for the manifest
}

// snapshot is a database at one moment.
type snapshot interface {
	name() string
	schema(context.Context) (int64, error)
	tables(context.Context) ([]Table, error)
	rows(ctx context.Context, t Table, each func([]any) error) error
	close() error
}

// Write writes an archive of a database to a stream.
func Write(ctx context.Context, to io.Writer, o Options) (contents Contents, err error) {
	var s snapshot
	if o.From.DatabaseURL != "" {
		s, err = openPostgresSnapshot(ctx, o.From.DatabaseURL, o.Frames)
	} else {
		s, err = openSQLiteSnapshot(ctx, o.From.Folder, o.Frames)
	}
	if err != nil {
		return Contents{}, err
	}
	contents, err = write(ctx, to, s, o)
	if closed := s.close(); err == nil {
		err = closed
	}
	return contents, err
}

func write(ctx context.Context, to io.Writer, s snapshot, o Options) (Contents, error) {
	version, err := s.schema(ctx)
	if err != nil {
		return Contents{}, err
	}
	w, err := newWriter(to, Manifest{Program: o.Program, Schema: version, TakenAt: o.Now.UTC(), Database: s.name(), Frames: o.Frames})
	if err != nil {
		return Contents{}, err
	}
	tables, err := s.tables(ctx)
	if err != nil {
		return Contents{}, err
	}
	for _, t := range tables {
		err := w.begin(t)
		if err == nil {
			err = s.rows(ctx, t, w.row)
		}
		if err == nil {
			err = w.end()
		}
		if err != nil {
			return Contents{}, fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return w.close()
}

// ours reports whether a table of a database is one that an archive holds:
// those that keep the versions of the schema are made by the migrations.
func ours(table string) bool {
	return table != versionTable && table != "migration_lock"
}

// versionTable is where the migrations keep which of them were applied.
const versionTable = "goose_db_version"

const versionText = "SELECT COALESCE(MAX(version_id), 0) FROM " + versionTable + " WHERE is_applied"
