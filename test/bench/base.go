package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"pylon/internal/kernel/ident"
	"pylon/internal/store"
	"pylon/test/postgres"
)

// The databases that a run can measure.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgres"
)

// titles are the databases as the table names them.
var titles = map[string]string{onSQLite: "SQLite", onPostgres: "PostgreSQL"}

// base is where one server keeps its data.
type base struct {
	folder string // of SQLite's files
	name   string // of the PostgreSQL database; "" on SQLite
	url    string // of it
}

// flags tell a server where its data is.
func (b base) flags() []string {
	if b.url != "" {
		return []string{"--database-url", b.url}
	}
	return []string{"--data", b.folder}
}

// file is the SQLite database.
func (b base) file() string { return filepath.Join(b.folder, "pylon.db") }

// newBase returns an empty base on the database that is measured.
func (l *lab) newBase(name string) (b base, err error) {
	if b.folder, err = l.folder(name); err != nil || l.database == onSQLite {
		return b, err
	}
	b.name = fmt.Sprintf("%s_%d", strings.ReplaceAll(name, "-", "_"), len(l.bases))
	l.bases = append(l.bases, b)
	b.url, err = l.postgres.Create(b.name)
	return b, err
}

// dropBases gives back what the bases of a measurement take on the disk. Files of
// SQLite go with the folder of the run.
func (l *lab) dropBases() error {
	var errs []error
	for _, b := range l.bases[l.dropped:] {
		errs = append(errs, l.postgres.Drop(b.name))
	}
	l.dropped = len(l.bases)
	return errors.Join(errs...)
}

// furnished returns a new base with an organisation, the owner's key, and so
// many stations and cards, written straight into the database: through the API a
// hundred thousand would take minutes.
func (l *lab) furnished(ctx context.Context, name string, stations int) (base, error) {
	b, err := l.newBase(name)
	if err != nil {
		return b, err
	}
	return b, l.withStore(ctx, b, func(ctx context.Context, db *store.Store) error { return l.furnish(ctx, db, stations) })
}

// withStore works on a base that no server runs on.
func (l *lab) withStore(ctx context.Context, b base, work func(context.Context, *store.Store) error) error {
	db, err := store.Open(ctx, store.Options{
		Path: b.file(), URL: b.url, Synchronous: "off", Clock: l.clock, Node: ident.New[ident.NodeID](l.clock.Now()),
	})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- db.Run(running) }()
	err = work(ctx, db)
	stop()
	return errors.Join(err, <-ended, db.Close())
}

// use has all that follows measured on a database.
func (l *lab) use(database string) (err error) {
	l.database = database
	if database == onPostgres && l.postgres == nil {
		l.postgres, err = postgres.Launch(postgres.Options{})
	}
	return err
}
