package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date, while no other node does. Migrations go
// forward only.
func migrate(ctx context.Context, d dialect, db *sql.DB) error {
	var options []goose.ProviderOption
	if d.lock != nil {
		l, err := d.lock()
		if err != nil {
			return fmt.Errorf("migrations: %w", err)
		}
		options = append(options, goose.WithLocker(l))
	}
	p, err := provider(d, db, options...)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// provider returns who runs the migrations on a database.
func provider(d dialect, db *sql.DB, options ...goose.ProviderOption) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(d.goose, db, spelt{files, d.schema}, append(options, goose.WithVerbose(false))...)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return p, nil
}

// spelt are files as one database spells them.
type spelt struct {
	fs.FS
	spell func(string) string
}

// Open returns the file name, spelt anew when it is SQL.
func (s spelt) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return f, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	return speltFile{strings.NewReader(s.spell(string(text))), info}, err
}

type speltFile struct {
	*strings.Reader
	info fs.FileInfo
}

func (f speltFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (speltFile) Close() error                 { return nil }
