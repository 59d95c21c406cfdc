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
	l.say("disk: %d sessions of %d readings", l.charges, l.size.readings)
	data, err := l.furnished(ctx, "disk", l.charges)
	if err != nil {
		return nil, err
	}
	file, frames := filepath.Join(data, databaseFile), filepath.Join(data, "frames.db")
	before := fileSize(file)
	samples, err := l.charge(ctx, data)
	if err != nil {
		return nil, err
	}
	loose, err := pages(ctx, file, seriesTables)
	if err != nil {
		return nil, err
	}
	if err := l.pack(ctx, data); err != nil {
		return nil, err
	}
	series, err := pages(ctx, file, seriesTables)
	if err != nil {
		return nil, err
	}
	all, err := pages(ctx, file, "")
	if err != nil {
		return nil, err
	}
	each := func(bytes int64) string { return number(float64(bytes) / float64(samples)) }
	return []row{{
		figure: figure{name: "bytes on disk per meter sample", unit: "B", target: 8, stretch: 3, steady: true},
		value:  float64(series) / float64(samples),
		detail: fmt.Sprintf("%d sessions of both versions, %d readings each, %s samples: pages of the series and its index, after compaction; %s B a sample before it; "+
			"the whole database has grown by %s B a sample (sessions, events and all), its file by %s B, the frame log has %s B",
			l.charges, l.size.readings, number(float64(samples)), each(loose), each(all-before), each(fileSize(file)-before), each(fileSize(frames))),
	}}, nil
}

// charge runs the sessions on a server, and returns how many samples they had.
func (l *lab) charge(ctx context.Context, data string) (samples int, err error) {
	s, err := l.start(ctx, data)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	configs := l.stations(s, l.charges, both)
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
func (l *lab) pack(ctx context.Context, data string) error {
	return l.withStore(ctx, data, func(ctx context.Context, db *store.Store) error {
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

// pages returns the bytes in pages of tables like a pattern and of their indexes,
// of all tables for "". The database must not be open elsewhere.
func pages(ctx context.Context, file, tables string) (bytes int64, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const query = `SELECT coalesce(sum(d.pgsize), 0) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name WHERE s.tbl_name LIKE $1`
	if tables == "" {
		tables = "%"
	}
	err = db.QueryRowContext(ctx, query, tables).Scan(&bytes)
	return bytes, err
}
