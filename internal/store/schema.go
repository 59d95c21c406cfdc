package store

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// Migrate brings the tables of a database that nobody else uses up to a version
// of the schema: those of an archive, before its rows are put in, and then those
// of this program. The database is SQLite unless databaseURL says otherwise.
func Migrate(ctx context.Context, db *sql.DB, databaseURL string, version int64) error {
	d := sqliteDialect()
	if databaseURL != "" {
		d = postgresDialect()
	}
	p, err := provider(d, db)
	if err != nil {
		return err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrate to %d: %w", version, err)
	}
	return nil
}

// SchemaVersion returns the version of the tables of this program: the number of
// its last migration.
func SchemaVersion() (newest int64, err error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		digits, _, _ := strings.Cut(path.Base(f.Name()), "_")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", f.Name(), err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}

// Retire ends what lived in a database that was copied: the nodes and their
// streams of events. Leases are free for the next.
func Retire(ctx context.Context, db *sql.DB, now time.Time) error {
	for _, text := range []string{
		"UPDATE nodes SET ended_at = $1 WHERE ended_at IS NULL",
		"UPDATE streams SET ended_at = $1 WHERE ended_at IS NULL",
	} {
		if _, err := db.ExecContext(ctx, text, now.UnixMicro()); err != nil {
			return fmt.Errorf("end the leases of before: %w", err)
		}
	}
	if _, err := db.ExecContext(ctx, "UPDATE leases SET holder = ''"); err != nil {
		return fmt.Errorf("free the leases of before: %w", err)
	}
	return nil
}
