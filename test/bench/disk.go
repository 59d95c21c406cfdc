package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"pylon/internal/sim/load"
	"pylon/internal/store"
	"pylon/internal/store/framelog"
)

const (
	// sampleEvery is how far apart the readings are by the stations' clocks: an
	// hour of charging has 360.
	sampleEvery = 10 * time.Second
	// packAfter is more than frames stay rows before they are packed into blocks.
	packAfter = 3 * time.Hour
	// packTimes bounds how often the store is asked to pack; once does more than
	// we have.
	packTimes = 5
)

// measureDisk tells what a meter sample takes once its session has ended. Stations
// send an hour of readings, as after an hour without network, so that times,
// registers and noise are those of real sessions.
func measureDisk(ctx context.Context, l *lab) (rows []row, err error) {
	l.say("disk: twice %d sessions of %d readings", l.charges, l.size.readings)
	b, err := l.furnished(ctx, "disk", 2*l.charges)
	if err != nil {
		return nil, err
	}
	// What loose rows took is free for the next ones, and a database that has seen no
	// others yet has nothing to put there: the second half tells what stays.
	_, first, err := l.half(ctx, b, 0)
	if err != nil {
		return nil, err
	}
	samples, second, err := l.half(ctx, b, l.charges)
	if err != nil {
		return nil, err
	}
	each := func(bytes int64) string { return number(float64(bytes) / float64(samples)) }
	return []row{{
		figure: figure{name: "bytes on disk per meter sample", unit: "B", target: 8, stretch: 3, steady: true},
		value:  float64(second.series-first.series) / float64(samples),
		detail: fmt.Sprintf("%d sessions of both versions, %d readings each, %s samples, after as many others: growth of the pages of the series and its index, after compaction; "+
			"with the room of rows that were not packed yet %s B a sample at first; the whole database has grown by %s B a sample (sessions, events and all), the frame log by %s B",
			l.charges, l.size.readings, number(float64(samples)), each(first.series), each(second.all-first.all), each(second.frames-first.frames)),
	}}, nil
}

// taken is what a database has on the disk, in bytes.
type taken struct{ series, frames, all int64 }

// half runs the sessions of as many stations, from the one with a number on, and
// packs them.
func (l *lab) half(ctx context.Context, b base, from int) (samples int, t taken, err error) {
	if samples, err = l.charge(ctx, b, from); err != nil {
		return 0, t, err
	}
	if err := l.pack(ctx, b); err != nil {
		return 0, t, err
	}
	if t.series, err = l.pages(ctx, b, seriesTables); err != nil {
		return 0, t, err
	}
	if t.frames, err = l.frameLog(ctx, b); err != nil {
		return 0, t, err
	}
	t.all, err = l.pages(ctx, b, "%")
	return samples, t, err
}

// charge runs the sessions of as many stations on a server, from the one with a
// number on, and returns how many samples they had.
func (l *lab) charge(ctx context.Context, b base, from int) (samples int, err error) {
	s, err := l.start(ctx, b)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	configs := l.stations(s, from+l.charges, both)[from:]
	begin := l.clock.Now().Add(-sampleEvery * time.Duration(l.size.readings+10))
	for i := range configs {
		at := begin
		configs[i].Time = func() time.Time {
			at = at.Add(sampleEvery)
			return at
		}
	}
	stations, err := l.bring(ctx, configs, (*load.Station).Boot)
	if err != nil {
		return 0, err
	}
	defer leave(stations)
	for _, s := range stations {
		samples += s.Samples() * l.size.readings
	}
	tally := load.Each(l.clock, stations, func(s *load.Station) error {
		err := beginSession(s)
		for i := 0; i < l.size.readings && err == nil; i++ {
			err = s.Reading()
		}
		return errors.Join(err, s.Stop(), s.Free())
	})
	if tally.Failed > 0 {
		return 0, tally.First
	}
	return samples, nil
}

// pack does what the server does when the sessions are some hours old.
func (l *lab) pack(ctx context.Context, b base) error {
	return l.withStore(ctx, b, func(ctx context.Context, db *store.Store) error {
		for range packTimes {
			if err := db.Compact(ctx, l.clock.Now().Add(packAfter)); err != nil {
				return err
			}
		}
		return nil
	})
}

// seriesTables are what holds the samples.
const seriesTables = "meter_%"

// pages returns the bytes in pages of tables like a pattern and of their indexes.
// No server runs on the base.
func (l *lab) pages(ctx context.Context, b base, tables string) (bytes int64, err error) {
	if b.name != "" {
		return l.relations(ctx, b, "n.nspname = 'public' AND c.relname LIKE '"+tables+"'")
	}
	db, err := sql.Open("sqlite", "file:"+b.file()+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const query = `SELECT coalesce(sum(d.pgsize), 0) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name WHERE s.tbl_name LIKE $1`
	err = db.QueryRowContext(ctx, query, tables).Scan(&bytes)
	return bytes, err
}

// relations returns the bytes of PostgreSQL tables, their indexes and what is kept
// beside them included.
func (l *lab) relations(ctx context.Context, b base, which string) (int64, error) {
	if err := l.postgres.Tell(b.name, "VACUUM"); err != nil { // gives back what dead rows took
		return 0, err
	}
	return l.postgres.Number(ctx, b.name, `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND `+which)
}

// frameLog returns what the log of OCPP frames takes: a file of its own on
// SQLite, tables on PostgreSQL.
func (l *lab) frameLog(ctx context.Context, b base) (int64, error) {
	if b.name != "" {
		return l.relations(ctx, b, "n.nspname = '"+framelog.PostgresSchema+"'")
	}
	return fileSize(filepath.Join(b.folder, "frames.db")), nil
}
